/* SQL cut into pieces, as far as one must know it to find where a statement ends and where its parameters
 * stand. */
#ifndef DBVITALS_PROFILE_LEXER_H
#define DBVITALS_PROFILE_LEXER_H

#include <stddef.h>

enum piece_kind {
    PIECE_SPACE,   /* a newline is a piece of its own */
    PIECE_COMMENT, /* without the newline that ends it */
    PIECE_WORD,    /* a name, a key word, a number */
    PIECE_QUOTED,  /* '', "", E'', $tag$$tag$ */
    PIECE_PARAM,   /* :name, $1, ?1 */
    PIECE_END,     /* ; */
    PIECE_SIGN,    /* one character, or :: and := */
    PIECE_OPEN     /* a quote or a comment that does not end */
};

/* The piece of S that begins at AT < LEN; *END is where the next one begins, always behind AT. */
enum piece_kind lexer_piece(const char *s, size_t len, size_t at, size_t *end);

#endif
