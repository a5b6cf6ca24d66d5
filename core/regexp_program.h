/* Inside of regular expressions: the program that regexp_parse.c makes of a pattern and regexp.c runs. */
#ifndef DBVITALS_CORE_REGEXP_PROGRAM_H
#define DBVITALS_CORE_REGEXP_PROGRAM_H

#include <stdint.h>

#include "core/regexp.h"

enum {
    MAX_PATTERN = 4000,
    MAX_CODE = 1000,
    MAX_RANGES = 1000,
    MAX_COST = 4000,
    MAX_DEPTH = 200,
    MAX_REPEAT = 255
};

enum op { OP_CHAR, OP_ANY, OP_SET, OP_SPLIT, OP_JUMP, OP_START, OP_END, OP_WORD_EDGE, OP_MATCH };
struct instruction {
    enum op op;
    bool negated; /* OP_SET */
    /* OP_CHAR: the character in lower case. OP_SET: first range, number of ranges. OP_SPLIT: both ways,
     * OP_JUMP: the way, relative to this instruction, so that a piece of the program can be moved and copied.
     */
    int a, b;
};
struct range {
    uint32_t from, to;
};

struct regexp {
    struct instruction code[MAX_CODE];
    int n_code;
    struct range *ranges;
    int n_ranges;
    bool first[256]; /* bytes that can begin a match; all, if it can be empty */
    /* The threads at one place of the text: */
    struct threads {
        int n;
        int at[MAX_CODE];
    } lists[2];
    int seen[MAX_CODE]; /* the place at which an instruction was added last */
    int stack[MAX_CODE * 2];
};

/* Appends PATTERN's program, without OP_MATCH. */
bool regexp_parse(struct regexp *r, const char *pattern, struct err *err);
bool regexp_emit(struct regexp *r, struct instruction i, struct err *err);
/* C in lower case. */
uint32_t regexp_lower(uint32_t c);

#endif
