/* The directory that outlives the program. */
#include "core/directory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/loop.h"
#include "core/text.h"
#include "core/when.h"

enum { MOST_PATH = 4096 };

bool directory_make(const char *path, struct err *err)
{
    struct text part;
    text_init(&part, MOST_PATH);
    bool ok = true;
    for (const char *p = path; ok && *p != '\0';) {
        size_t n = strspn(p, "/");
        n += strcspn(p + n, "/");
        text_add_n(&part, p, n);
        p += n;
        if (mkdir(text_str(&part), 0700) != 0 && errno != EEXIST)
            ok = fail(err, "cannot make the state directory %s: %s", path, strerror(errno));
    }
    text_done(&part);
    return ok;
}

char *directory_path(const char *path, const char *name)
{
    struct text t;
    text_init(&t, MOST_PATH);
    text_addf(&t, "%s/%s", path, name);
    return text_take(&t);
}

char *directory_put_aside(const char *path, const char *mark)
{
    static const char *const ends[] = {"", "-wal", "-shm"}; /* the ones beside it need not be there */
    char now[40], *aside = NULL;
    moment_format_utc(now, sizeof(now), loop_wall_s());
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct text from, to;
        text_init(&from, MOST_PATH);
        text_init(&to, MOST_PATH);
        text_addf(&from, "%s%s", path, ends[i]);
        text_addf(&to, "%s.%s-%s%s", path, mark, now, ends[i]);
        rename(text_str(&from), text_str(&to));
        text_done(&from);
        if (ends[i][0] == '\0')
            aside = text_take(&to);
        text_done(&to);
    }
    return aside;
}
