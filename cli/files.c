/* Files of SQLite on the command line and in the config. */
#include "cli/files.h"

#include <glob.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/mem.h"
#include "core/text.h"
#include "core/utf8.h"

static const char scheme[] = "sqlite:";
enum { MOST_FILES = 1000, MOST_NAME = 63 };

const char *file_path(const char *url)
{
    if (strncmp(url, scheme, strlen(scheme)) != 0)
        return NULL;
    url += strlen(scheme);
    return strncmp(url, "//", 2) == 0 ? url + 2 : url;
}

char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path,
               *dot = strrchr(name, '.');
    struct text t;
    text_init(&t, MOST_NAME);
    utf8_mend(&t, name, dot != NULL && dot > name ? (size_t)(dot - name) : strlen(name));
    if (t.len == 0)
        text_add(&t, "sqlite");
    return text_take(&t);
}

/* What SQLite keeps beside a database is none. */
static bool is_beside(const char *path)
{
    static const char *const endings[] = {"-wal", "-shm", "-journal"};
    size_t len = strlen(path);
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
        if (len > strlen(endings[i]) && strcmp(path + len - strlen(endings[i]), endings[i]) == 0)
            return true;
    return false;
}

char **files_found(const char *url)
{
    glob_t found;
    const char *path = file_path(url);
    if (path == NULL || strpbrk(path, "*?[") == NULL || access(path, F_OK) == 0 ||
        glob(path, 0, NULL, &found) != 0)
        return NULL;
    char **urls = mem_new_array(found.gl_pathc + 1, sizeof(*urls));
    int n = 0;
    for (size_t i = 0; i < found.gl_pathc && n < MOST_FILES; i++) {
        struct text t;
        if (is_beside(found.gl_pathv[i]))
            continue;
        text_init(&t, 1 << 13);
        text_addf(&t, "%s%s", scheme, found.gl_pathv[i]);
        urls[n++] = text_take(&t);
    }
    globfree(&found);
    if (n > 0)
        return urls;
    files_free(urls);
    return NULL;
}

void files_free(char **urls)
{
    for (char **at = urls; at != NULL && *at != NULL; at++)
        free(*at);
    free(urls);
}
