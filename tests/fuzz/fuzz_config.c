/* Any bytes as a config file: read or refused with a place; what was read is shown, read again and shown the
 * same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"
#include "core/text.h"
#include "core/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static char *shown(const struct config *c)
{
    struct text t;
    text_init(&t, 1 << 22);
    config_show(c, &t);
    must(!t.cut);
    return text_take(&t);
}

static void show_and_read_again(const struct config *c)
{
    struct config again;
    struct err err = {""};
    char *first = shown(c);
    must(utf8_valid(first, strlen(first)));
    /* A masked or doubled value may grow beyond what a value may have. */
    if (!config_parse(first, strlen(first), "again", config_options, n_config_options, &again, &err)) {
        must(strstr(err.text, "too long") != NULL);
        free(first);
        return;
    }
    char *second = shown(&again);
    must(strcmp(first, second) == 0);
    free(first);
    free(second);
    config_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct config c;
    struct err err = {""};
    setenv("X", "a variable's value", 1);
    if (config_parse(text, size, "x.conf", config_options, n_config_options, &c, &err)) {
        show_and_read_again(&c);
        config_done(&c);
    } else
        must(strncmp(err.text, "x.conf:", 7) == 0 && utf8_valid(err.text, strlen(err.text)));
    if (config_parse(text, size, "x.theme", NULL, 0, &c, NULL))
        config_done(&c);
    return 0;
}
