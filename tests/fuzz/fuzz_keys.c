/* Any bytes as keys: in any pieces, with waits in between, only whole and sensible keys come out. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"
#include "tui/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct key *key)
{
    switch (key->kind) {
    case KEY_CHAR:
        if (utf8_width(key->code) < 0)
            abort();
        break;
    case KEY_NAMED:
        if ((int)key->name < 0 || key->name >= N_NAMED)
            abort();
        break;
    case KEY_MOUSE:
        if (key->row < 0 || key->column < 0 || key->mouse > MOUSE_WHEEL_DOWN)
            abort();
        break;
    case KEY_PASTE:
        if (!utf8_valid(key->text, strlen(key->text)) || strlen(key->text) > 64 * 1024)
            abort();
        break;
    case KEY_RESIZE: /* not a matter of bytes */
        abort();
    }
}

static void count_q(void *ctx, const struct key *key)
{
    int *n = ctx;
    check(key);
    if (key->kind == KEY_CHAR && key->code == 'q' && !key->alt && !key->control)
        ++*n;
}

/* The first byte tells the terminal, the sizes of the pieces, and whether the waits run out between them.
 * After all of it an ordinary key must come through. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    static const char *const terms[] = {"xterm-256color", "linux", "screen-256color", "vt100"};
    int n_q = 0;
    struct input *in = input_new(terms[data[0] >> 6], count_q, &n_q, NULL);
    assert(in != NULL);
    size_t piece = 1 + (data[0] & 0x0F);
    bool waits = data[0] & 0x10;
    for (size_t at = 1; at < size; at += piece) {
        input_feed(in, (const char *)data + at, size - at < piece ? size - at : piece);
        if (waits && input_wait_s(in) > 0)
            input_wait_over(in);
    }
    if (input_wait_s(in) > 0)
        input_wait_over(in);
    if (input_wait_s(in) != 0)
        abort();
    int before = n_q;
    input_feed(in, "q", 1);
    if (n_q != before + 1)
        abort();
    input_free(in);
    return 0;
}
