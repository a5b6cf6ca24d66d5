/* The one way to build a string: a buffer that grows up to a limit and whose failure sticks. */
#ifndef DBVITALS_CORE_TEXT_H
#define DBVITALS_CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* data is always NUL-terminated once something was added, and NULL before. After the limit was met, `cut` is
 * true, and further additions do nothing: check once at the end. What fits is kept, cut at a UTF-8 character. */
struct text {
    char *data;
    size_t len;
    size_t capacity;
    size_t max; /* bytes without the NUL */
    bool cut;
};

void text_init(struct text *t, size_t max);
void text_done(struct text *t);
/* The string so far, "" when empty; valid until the next addition. */
const char *text_str(const struct text *t);
/* The string as the caller's own heap memory; T is empty and usable again. */
char *text_take(struct text *t);
void text_clear(struct text *t);
void text_add(struct text *t, const char *s); /* NULL adds nothing */
void text_add_n(struct text *t, const char *s, size_t n);
void text_add_char(struct text *t, char c);
/* NAME as SQL writes an identifier that may be any text: "a ""b""". */
void text_add_identifier(struct text *t, const char *name);
void text_addf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
