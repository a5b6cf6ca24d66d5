/* Rows on their way to the state file. */
#include "alerts/state_row.h"

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/sample.h"

/* ---- Cells and rows ---- */

struct cell cell_int(int64_t v)
{
    return (struct cell){.type = CELL_INT, .integer = v};
}

struct cell cell_real(double v)
{
    return isnan(v) ? (struct cell){.type = CELL_NULL} : (struct cell){.type = CELL_REAL, .real = v};
}

struct cell cell_text(const char *s)
{
    return s == NULL ? (struct cell){.type = CELL_NULL} : (struct cell){.type = CELL_TEXT, .text = s};
}

struct row *row_new(enum statement statement, const struct cell *cells, int n)
{
    size_t bytes = sizeof(struct row) + (size_t)n * sizeof(*cells);
    struct row *r = mem_new(bytes);
    r->statement = statement;
    r->n = n;
    for (int i = 0; i < n; i++) {
        r->cells[i] = cells[i];
        if (cells[i].type == CELL_TEXT) {
            r->cells[i].text = mem_dup(cells[i].text);
            bytes += strlen(cells[i].text) + 1;
        }
    }
    r->bytes = bytes;
    return r;
}

void row_free(struct row *r)
{
    if (r == NULL)
        return;
    for (int i = 0; i < r->n; i++)
        if (r->cells[i].type == CELL_TEXT)
            free((void *)(uintptr_t)r->cells[i].text);
    free(r);
}

static uint64_t add_cell(uint64_t hash, const struct cell *c)
{
    unsigned char type = (unsigned char)c->type; /* nothing is not 0 */
    hash = epoch_add(hash, &type, sizeof(type));
    if (c->type == CELL_TEXT)
        return epoch_add(hash, c->text, strlen(c->text) + 1);
    return epoch_add(hash, &c->integer, sizeof(c->integer));
}

uint64_t row_identity(const struct row *r)
{
    /* Put and drop of one thing replace each other, also of a message, of which there is one put only. */
    // clang-format off
    static const struct { enum statement thing; int n_key; } keys[N_STATEMENTS] = {
        [PUT_ALERT]     = {PUT_ALERT, 1},
        [DROP_ALERT]    = {PUT_ALERT, 1},
        [PUT_NUMBER]    = {PUT_NUMBER, 1},
        [PUT_NOTIFIED]  = {PUT_NOTIFIED, 2},
        [DROP_NOTIFIED] = {PUT_NOTIFIED, 2},
        [PUT_SILENCE]   = {PUT_SILENCE, 1},
        [PUT_MESSAGE]   = {PUT_MESSAGE, 1},
        [DROP_MESSAGE]  = {PUT_MESSAGE, 1},
        [RETRY_MESSAGE] = {RETRY_MESSAGE, 1},
    };
    // clang-format on
    uint64_t hash = EPOCH_START;
    int thing = (int)keys[r->statement].thing;
    if (keys[r->statement].n_key == 0)
        return 0;
    hash = epoch_add(hash, &thing, sizeof(thing));
    for (int i = 0; i < keys[r->statement].n_key; i++)
        hash = add_cell(hash, &r->cells[i]);
    return hash == 0 ? 1 : hash;
}

/* ---- Alerts ---- */

enum field_type { FIELD_TEXT, FIELD_REAL, FIELD_ENUM, FIELD_UINT32, FIELD_INT64, FIELD_BOOL };

#define STATE(member) offsetof(struct alert, state.member)
#define HELD(level) (offsetof(struct alert, state.held_s) + (level) * sizeof(double))
// clang-format off
static const struct field {
    const char *name;
    enum field_type type;
    size_t offset;
    int most; /* FIELD_ENUM: what a file says beyond it, or below 0, counts as 0 */
} fields[] = {
    [ALERT_RULE]   = {"rule",   FIELD_TEXT, offsetof(struct alert, rule)},
    [ALERT_TARGET] = {"target", FIELD_TEXT, offsetof(struct alert, target)},
    [ALERT_KEY]    = {"key",    FIELD_TEXT, offsetof(struct alert, key)},
    {"phase",           FIELD_ENUM,   STATE(phase), PHASE_KEPT},
    {"level",           FIELD_ENUM,   STATE(level), LEVEL_CRITICAL},
    {"rising",          FIELD_ENUM,   STATE(rising), LEVEL_CRITICAL},
    {"held_info_s",     FIELD_REAL,   HELD(LEVEL_INFO)},
    {"held_warning_s",  FIELD_REAL,   HELD(LEVEL_WARNING)},
    {"held_critical_s", FIELD_REAL,   HELD(LEVEL_CRITICAL)},
    {"history",         FIELD_UINT32, STATE(history)},
    {"n_history",       FIELD_ENUM,   STATE(n_history), FLAP_RESULTS - 1},
    {"flapping",        FIELD_BOOL,   STATE(flapping)},
    {"no_data_state",   FIELD_BOOL,   STATE(no_data)},
    {"transitions",     FIELD_INT64,  STATE(transitions)},
    {"active_at",       FIELD_REAL,   STATE(active_at)},
    {"fired_at",        FIELD_REAL,   STATE(fired_at)},
    {"resolved_at",     FIELD_REAL,   STATE(resolved_at)},
    {"changed_at",      FIELD_REAL,   STATE(changed_at)},
    {"value",           FIELD_REAL,   offsetof(struct alert, value)},
    {"value_text",      FIELD_TEXT,   offsetof(struct alert, value_text)},
    {"summary",         FIELD_TEXT,   offsetof(struct alert, summary)},
    {"title",           FIELD_TEXT,   offsetof(struct alert, title)},
    {"action",          FIELD_TEXT,   offsetof(struct alert, action)},
    {"threshold",       FIELD_TEXT,   offsetof(struct alert, threshold)},
    {"evidence",        FIELD_TEXT,   offsetof(struct alert, evidence)},
    {"labels",          FIELD_TEXT,   offsetof(struct alert, labels)},
    {"n_rows",          FIELD_ENUM,   offsetof(struct alert, count), INT_MAX},
    {"no_data",         FIELD_TEXT,   offsetof(struct alert, no_data)},
    {"reason",          FIELD_ENUM,   offsetof(struct alert, reason), REASON_ACKED},
    {"ack_by",          FIELD_TEXT,   offsetof(struct alert, ack.by)},
    {"ack_comment",     FIELD_TEXT,   offsetof(struct alert, ack.comment)},
    {"ack_at",          FIELD_REAL,   offsetof(struct alert, ack.at_s)},
    {"ack_until",       FIELD_REAL,   offsetof(struct alert, ack.until_s)},
    {"inhibited_by",    FIELD_TEXT,   offsetof(struct alert, inhibited_by)},
    {"snapshot",        FIELD_INT64,  offsetof(struct alert, snapshot)},
};
// clang-format on
enum { N_FIELDS = sizeof(fields) / sizeof(fields[0]) };

int alert_fields(void)
{
    return N_FIELDS;
}

static struct cell field_get(const struct field *f, const struct alert *a)
{
    const char *at = (const char *)a + f->offset;
    switch (f->type) {
    case FIELD_TEXT:
        return cell_text(*(char *const *)(const void *)at);
    case FIELD_REAL:
        return cell_real(*(const double *)(const void *)at);
    case FIELD_ENUM:
        return cell_int(*(const int *)(const void *)at);
    case FIELD_UINT32:
        return cell_int(*(const uint32_t *)(const void *)at);
    case FIELD_INT64:
        return cell_int(*(const int64_t *)(const void *)at);
    case FIELD_BOOL:
        return cell_int(*(const bool *)(const void *)at);
    }
    return cell_text(NULL);
}

uint64_t alert_hash(const struct alert *a)
{
    uint64_t hash = EPOCH_START;
    for (int i = 0; i < N_FIELDS; i++) {
        struct cell c = field_get(&fields[i], a);
        hash = add_cell(hash, &c);
    }
    return hash == 0 ? 1 : hash;
}

static void get_cells(const struct alert *a, struct cell cells[N_FIELDS + 1])
{
    cells[0] = cell_text(a->id);
    for (int i = 0; i < N_FIELDS; i++)
        cells[i + 1] = field_get(&fields[i], a);
}

struct row *row_of_alert(const struct alert *a)
{
    struct cell cells[N_FIELDS + 1];
    get_cells(a, cells);
    return row_new(PUT_ALERT, cells, N_FIELDS + 1);
}

struct row *row_of_moment(const struct alert *a, int64_t number)
{
    struct cell cells[N_FIELDS + 2];
    get_cells(a, cells);
    cells[N_FIELDS + 1] = cell_int(number);
    return row_new(PUT_MOMENT, cells, N_FIELDS + 2);
}

void alert_columns_add(struct text *out, bool with_types)
{
    text_add(out, with_types ? "id text primary key" : "id");
    for (int i = 0; i < N_FIELDS; i++)
        text_addf(out, ", %s", fields[i].name);
}

static const int64_t MOST_NUMBER = INT64_MAX / 2;

void alert_field_set(struct alert *a, int i, const struct cell *c)
{
    char *at = (char *)a + fields[i].offset;
    int64_t integer = c->type == CELL_INT ? c->integer : 0;
    switch (fields[i].type) {
    case FIELD_TEXT:
        free(*(char **)(void *)at);
        *(char **)(void *)at = c->type == CELL_TEXT ? mem_dup(c->text) : NULL;
        break;
    case FIELD_REAL:
        *(double *)(void *)at = c->type == CELL_REAL ? c->real : NAN;
        break;
    case FIELD_ENUM:
        *(int *)(void *)at = integer < 0 || integer > fields[i].most ? 0 : (int)integer;
        break;
    case FIELD_UINT32:
        *(uint32_t *)(void *)at = (uint32_t)integer;
        break;
    case FIELD_INT64:
        *(int64_t *)(void *)at = integer < 0 || integer > MOST_NUMBER ? 0 : integer; /* they are counted on */
        break;
    case FIELD_BOOL:
        *(bool *)(void *)at = integer != 0;
        break;
    }
}
