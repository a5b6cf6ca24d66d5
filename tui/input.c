/* Keys from bytes: cuts the stream into whole sequences, which libtermkey understands. The one file that
 * knows libtermkey. */
#include "tui/input.h"

#include <stdlib.h>
#include <string.h>
#include <termkey.h>

#include "core/mem.h"
#include "core/text.h"
#include "core/utf8.h"

/* libtermkey only ever gets whole sequences: what it makes of half of one (Alt-[ and loose digits) would be
 * hotkeys nobody pressed. */
enum state {
    STATE_GROUND,
    STATE_ESCAPE, /* after ESC */
    STATE_UTF8,   /* `missing` continuation bytes to go */
    STATE_CSI,    /* after ESC [, up to a final byte */
    STATE_FIXED,  /* `missing` bytes to go: ESC O x, ESC [ [ A of the Linux console, ESC [ M and three of old
                     mice */
    STATE_STRING, /* OSC, DCS, SOS, PM, APC: answers of the terminal, up to BEL or ESC \; dropped */
    STATE_STRING_ESC, /* in there, after ESC */
    STATE_PASTE,      /* between ESC [ 200 ~ and ESC [ 201 ~ */
};

enum { MOST_SEQUENCE = 64, MOST_PASTE = 64 * 1024 };

/* How long a lone ESC waits for the rest of a sequence, a sequence for its end, a paste for more of it. A
 * string comes at once or it was Alt-P that looked like its start. */
static const double ESCAPE_WAIT_S = 0.05, SEQUENCE_WAIT_S = 0.5, STRING_WAIT_S = 0.1, PASTE_WAIT_S = 3;

static const char paste_end[] = "\x1b[201~";

struct input {
    TermKey *termkey;
    key_fn *fn;
    void *ctx;
    enum state state;
    char sequence[MOST_SEQUENCE]; /* so far */
    size_t len; /* goes on counting beyond MOST_SEQUENCE; such a sequence is dropped at its end */
    int missing;
    bool skipping;
    struct text paste;
    size_t paste_end_matched; /* bytes of paste_end seen at the end of the stream */
};

/* terminfo's kmous is ESC [ < for newer entries, which libtermkey's driver for terminfo takes for the mice of
 * old: left to its other driver, both kinds are read right. */
static const char *without_mouse(const char *name, const char *value, void *data)
{
    (void)data;
    return strcmp(name, "key_mouse") == 0 ? NULL : value;
}

struct input *input_new(const char *term, key_fn *fn, void *ctx, struct err *err)
{
    const int flags =
        TERMKEY_FLAG_UTF8 | TERMKEY_FLAG_CONVERTKP | TERMKEY_FLAG_NOTERMIOS | TERMKEY_FLAG_NOSTART;
    TermKey *termkey = termkey_new_abstract(term == NULL ? "" : term, flags);
    if (termkey == NULL) {
        fail(err,
             "cannot read keys: libtermkey does not know the terminal type \"%s\"; set TERM, such as "
             "xterm-256color",
             term == NULL ? "" : term);
        return NULL;
    }
    termkey_hook_terminfo_getstr(termkey, without_mouse, NULL);
    termkey_start(termkey);
    termkey_set_canonflags(termkey, TERMKEY_CANON_DELBS);
    struct input *in = mem_new(sizeof(*in));
    in->termkey = termkey;
    in->fn = fn;
    in->ctx = ctx;
    text_init(&in->paste, MOST_PASTE);
    return in;
}

void input_free(struct input *in)
{
    if (in == NULL)
        return;
    termkey_destroy(in->termkey);
    text_done(&in->paste);
    free(in);
}

// clang-format off
static const struct {
    TermKeySym sym;
    enum key_name name;
} symbols[] = {
    {TERMKEY_SYM_UP,        NAMED_UP},        {TERMKEY_SYM_DOWN,   NAMED_DOWN},
    {TERMKEY_SYM_LEFT,      NAMED_LEFT},      {TERMKEY_SYM_RIGHT,  NAMED_RIGHT},
    {TERMKEY_SYM_PAGEUP,    NAMED_PAGE_UP},   {TERMKEY_SYM_PAGEDOWN, NAMED_PAGE_DOWN},
    {TERMKEY_SYM_HOME,      NAMED_HOME},      {TERMKEY_SYM_END,    NAMED_END},
    {TERMKEY_SYM_FIND,      NAMED_HOME},      {TERMKEY_SYM_SELECT, NAMED_END}, /* ESC [ 1 ~ and ESC [ 4 ~ on a VT220 */
    {TERMKEY_SYM_ENTER,     NAMED_ENTER},     {TERMKEY_SYM_KPENTER, NAMED_ENTER},
    {TERMKEY_SYM_ESCAPE,    NAMED_ESCAPE},    {TERMKEY_SYM_TAB,    NAMED_TAB},
    {TERMKEY_SYM_BACKSPACE, NAMED_BACKSPACE}, {TERMKEY_SYM_DEL,    NAMED_BACKSPACE},
    {TERMKEY_SYM_DELETE,    NAMED_DELETE},    {TERMKEY_SYM_INSERT, NAMED_INSERT},
};
// clang-format on

static bool name_of(TermKeySym sym, enum key_name *name)
{
    for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
        if (symbols[i].sym == sym) {
            *name = symbols[i].name;
            return true;
        }
    return false;
}

static bool mouse_of(TermKey *termkey, const TermKeyKey *from, struct key *key)
{
    TermKeyMouseEvent event;
    int line, column;
    if (termkey_interpret_mouse(termkey, from, &event, &key->button, &line, &column) != TERMKEY_RES_KEY)
        return false;
    key->kind = KEY_MOUSE;
    key->row = line - 1;
    key->column = column - 1;
    bool wheel = key->button == 4 || key->button == 5;
    if (line < 1 || column < 1 || key->button > 5 || (wheel && event != TERMKEY_MOUSE_PRESS))
        return false;
    if (wheel)
        key->mouse = key->button == 4 ? MOUSE_WHEEL_UP : MOUSE_WHEEL_DOWN;
    else if (event == TERMKEY_MOUSE_PRESS)
        key->mouse = MOUSE_PRESS;
    else if (event == TERMKEY_MOUSE_DRAG)
        key->mouse = MOUSE_DRAG;
    else if (event == TERMKEY_MOUSE_RELEASE)
        key->mouse = MOUSE_RELEASE;
    else
        return false;
    return true;
}

/* False for what is no key of ours: answers of the terminal, focus, keys without a name. */
static bool key_of(TermKey *termkey, const TermKeyKey *from, struct key *key)
{
    *key = (struct key){
        .control = from->modifiers & TERMKEY_KEYMOD_CTRL,
        .alt = from->modifiers & TERMKEY_KEYMOD_ALT,
        .shift = from->modifiers & TERMKEY_KEYMOD_SHIFT,
    };
    if (from->modifiers & ~(TERMKEY_KEYMOD_CTRL | TERMKEY_KEYMOD_ALT | TERMKEY_KEYMOD_SHIFT))
        return false; /* ESC [ 12 ; 40 R is where the cursor stands, not F3 with 39 modifiers */
    switch (from->type) {
    case TERMKEY_TYPE_UNICODE:
        key->kind = KEY_CHAR;
        key->code = (uint32_t)from->code.codepoint;
        return key->code != 0xFFFD && utf8_width(key->code) >= 0;
    case TERMKEY_TYPE_FUNCTION:
        key->kind = KEY_NAMED;
        key->name = (enum key_name)(NAMED_F1 + from->code.number - 1);
        return from->code.number >= 1 && from->code.number <= 12;
    case TERMKEY_TYPE_KEYSYM:
        key->kind = KEY_NAMED;
        if (from->code.sym == TERMKEY_SYM_TAB && key->shift) {
            key->name = NAMED_BACKTAB;
            return true;
        }
        return name_of(from->code.sym, &key->name);
    case TERMKEY_TYPE_MOUSE:
        return mouse_of(termkey, from, key);
    case TERMKEY_TYPE_POSITION:
    case TERMKEY_TYPE_MODEREPORT:
    case TERMKEY_TYPE_DCS:
    case TERMKEY_TYPE_OSC:
    case TERMKEY_TYPE_UNKNOWN_CSI:
        return false;
    }
    return false;
}

/* Hands one whole sequence to libtermkey. What it does not take for whole after all is forced out of it, one
 * key at most. */
static void deliver(struct input *in)
{
    size_t len = in->len;
    in->len = 0;
    in->state = STATE_GROUND;
    if (len == 0 || len > MOST_SEQUENCE)
        return;
    termkey_push_bytes(in->termkey, in->sequence, len);
    TermKeyKey from;
    int n_keys = 0;
    while (termkey_getkey_force(in->termkey, &from) == TERMKEY_RES_KEY) {
        struct key key;
        if (n_keys++ == 0 && !in->skipping && key_of(in->termkey, &from, &key))
            in->fn(in->ctx, &key);
    }
}

static void forget(struct input *in)
{
    in->len = 0;
    in->state = STATE_GROUND;
}

static void keep(struct input *in, char byte)
{
    if (in->len < MOST_SEQUENCE)
        in->sequence[in->len] = byte;
    in->len++;
}

static bool is_sequence(const struct input *in, const char *what)
{
    return in->len == strlen(what) && memcmp(in->sequence, what, in->len) == 0;
}

static void start_escape(struct input *in)
{
    forget(in);
    keep(in, '\x1b');
    in->state = STATE_ESCAPE;
}

static void finish_paste(struct input *in)
{
    struct text mended;
    text_init(&mended, MOST_PASTE);
    utf8_mend(&mended, text_str(&in->paste), in->paste.len);
    text_clear(&in->paste);
    in->paste_end_matched = 0;
    forget(in);
    struct key key = {.kind = KEY_PASTE, .text = text_str(&mended)};
    if (!in->skipping)
        in->fn(in->ctx, &key);
    text_done(&mended);
}

/* A terminal sends the lines of a paste as if Return ended them. */
static void keep_pasted(struct input *in, char byte)
{
    text_add_char(&in->paste, byte == '\r' ? '\n' : byte);
}

static void take_pasted(struct input *in, char byte)
{
    if (byte == paste_end[in->paste_end_matched]) {
        if (++in->paste_end_matched == sizeof(paste_end) - 1)
            finish_paste(in);
        return;
    }
    for (size_t i = 0; i < in->paste_end_matched;
         i++) /* ESC stands only at its start: no other match can be under way */
        keep_pasted(in, paste_end[i]);
    in->paste_end_matched = byte == paste_end[0] ? 1 : 0;
    if (in->paste_end_matched == 0)
        keep_pasted(in, byte);
}

/* The first byte of a character, on its own or after ESC (Alt). */
static void take_character(struct input *in, char byte)
{
    unsigned char u = (unsigned char)byte;
    keep(in, byte == '\b' ? 0x7F : byte); /* Backspace is either, and Ctrl-H is no key of ours */
    if (u < 0x80) {
        deliver(in);
    } else if (u < 0xC2 || u > 0xF4) {
        forget(in);
    } else {
        in->missing = u >= 0xF0 ? 3 : u >= 0xE0 ? 2 : 1;
        in->state = STATE_UTF8;
    }
}

static void take_after_escape(struct input *in, char byte)
{
    switch (byte) {
    case '\x1b': /* twice: two Escapes, so that the key that goes back always does */
        deliver(in);
        start_escape(in);
        break;
    case '[':
        keep(in, byte);
        in->state = STATE_CSI;
        break;
    case 'O':
        keep(in, byte);
        in->missing = 1;
        in->state = STATE_FIXED;
        break;
    case ']':
    case 'P':
    case 'X':
    case '^':
    case '_':
        keep(in, byte);
        in->state = STATE_STRING;
        break;
    default:
        take_character(in, byte);
    }
}

/* Whether a whole CSI sequence may be given to libtermkey. 0.22 reads beyond its tables for sequences that
 * have a private or intermediate byte and end like a key; of those, only the mouse is a key. Numbers are few
 * and short. */
static bool is_key_csi(const struct input *in)
{
    const char *p = in->sequence + 2, *final = in->sequence + in->len - 1;
    bool mouse = *p == '<' && (*final == 'M' || *final == 'm');
    int digits = 0, semicolons = 0;
    for (p += mouse ? 1 : 0; p < final; p++) {
        bool digit = *p >= '0' && *p <= '9';
        if (!digit && *p != ';')
            return false;
        digits = digit ? digits + 1 : 0;
        semicolons += digit ? 0 : 1;
        if (digits > 6 || semicolons > 3)
            return false;
    }
    return mouse || strchr("ABCDEFHPQRSZu~", *final) != NULL;
}

static void take_csi(struct input *in, char byte)
{
    bool first = in->len == 2;
    keep(in, byte);
    if (byte < 0x40 || byte == 0x7F)
        return;
    if (first && (byte == '[' || byte == 'M')) {
        in->missing = byte == '[' ? 1 : 3;
        in->state = STATE_FIXED;
    } else if (is_sequence(in, "\x1b[200~")) {
        forget(in);
        in->state = STATE_PASTE;
    } else if (in->len <= MOST_SEQUENCE && is_key_csi(in)) { /* the end of a paste that never began is none */
        deliver(in);
    } else {
        forget(in);
    }
}

static void take_string(struct input *in, char byte)
{
    bool ended = byte == '\a' || (in->state == STATE_STRING_ESC && byte == '\\');
    keep(in, byte);
    if (ended)
        forget(in);
    else
        in->state = byte == '\x1b' ? STATE_STRING_ESC : STATE_STRING;
}

static void take(struct input *in, char byte)
{
    /* A sequence that is broken by what cannot be part of it is forgotten; the byte starts afresh. */
    bool control = (unsigned char)byte < 0x20, high = ((unsigned char)byte & 0x80) != 0;
    if ((in->state == STATE_CSI && (control || high)) || (in->state == STATE_FIXED && control) ||
        (in->state == STATE_UTF8 && ((unsigned char)byte & 0xC0) != 0x80))
        forget(in);
    switch (in->state) {
    case STATE_GROUND:
        if (byte == '\x1b')
            start_escape(in);
        else
            take_character(in, byte);
        break;
    case STATE_ESCAPE:
        take_after_escape(in, byte);
        break;
    case STATE_CSI:
        take_csi(in, byte);
        break;
    case STATE_UTF8:
    case STATE_FIXED:
        keep(in, byte);
        if (--in->missing == 0)
            deliver(in);
        break;
    case STATE_STRING:
    case STATE_STRING_ESC:
        take_string(in, byte);
        break;
    case STATE_PASTE:
        take_pasted(in, byte);
        break;
    }
}

void input_feed(struct input *in, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        take(in, bytes[i]);
}

double input_wait_s(const struct input *in)
{
    switch (in->state) {
    case STATE_GROUND:
        return 0;
    case STATE_ESCAPE:
        return ESCAPE_WAIT_S;
    case STATE_STRING:
    case STATE_STRING_ESC:
        return STRING_WAIT_S;
    case STATE_PASTE:
        return PASTE_WAIT_S;
    case STATE_UTF8:
    case STATE_CSI:
    case STATE_FIXED:
        return SEQUENCE_WAIT_S;
    }
    return 0;
}

void input_wait_over(struct input *in)
{
    bool alone = in->state == STATE_ESCAPE;
    bool alt = in->len == 2 && (in->state == STATE_STRING || in->state == STATE_FIXED); /* Alt-P, Alt-O */
    if (in->state == STATE_PASTE)
        finish_paste(in);
    else if (alone || alt)
        deliver(in);
    else
        forget(in);
}

void input_skip(struct input *in, bool on)
{
    in->skipping = on;
    if (on && in->state == STATE_ESCAPE)
        forget(in);
}
