/* An entry of the ledger. The one file here that knows OpenSSL's digests. */
#include "cures/entry.h"

#include <math.h>
#include <openssl/evp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/loop.h"
#include "core/mem.h"
#include "core/text.h"

// clang-format off
static const struct entry_field fields[] = {
#define FIELD(member, type) {#member, type, offsetof(struct entry, member)}
    FIELD(id,          ENTRY_INT),
    FIELD(uid,         ENTRY_INT),
    FIELD(target,      ENTRY_TEXT),
    FIELD(action,      ENTRY_TEXT),
    FIELD(label,       ENTRY_TEXT),
    FIELD(database,    ENTRY_TEXT),
    FIELD(by,          ENTRY_TEXT),
    FIELD(state,       ENTRY_TEXT),
    FIELD(asked_at,    ENTRY_REAL),
    FIELD(began_at,    ENTRY_REAL),
    FIELD(ended_at,    ENTRY_REAL),
    FIELD(statement,   ENTRY_TEXT),
    FIELD(message,     ENTRY_TEXT),
    FIELD(keys,        ENTRY_TEXT),
    FIELD(numbers,     ENTRY_TEXT),
    FIELD(undo,        ENTRY_TEXT),
    FIELD(undo_verify, ENTRY_TEXT),
    FIELD(why_no_undo, ENTRY_TEXT),
    FIELD(undoes,      ENTRY_INT),
    FIELD(sum,         ENTRY_TEXT),
#undef FIELD
};
// clang-format on
enum { N_FIELDS = sizeof(fields) / sizeof(fields[0]) };

const struct entry_field *entry_field(int i)
{
    return i < N_FIELDS ? &fields[i] : NULL;
}

static char **text_at(const struct entry *e, int i)
{
    return fields[i].type == ENTRY_TEXT ? (char **)entry_at(e, &fields[i]) : NULL;
}

struct entry *entry_copy(const struct entry *e)
{
    struct entry *copy = mem_new(sizeof(*copy));
    *copy = *e;
    for (int i = 0; i < N_FIELDS; i++)
        if (text_at(copy, i) != NULL)
            *text_at(copy, i) = mem_dup(*text_at(e, i));
    return copy;
}

void entry_free(struct entry *e)
{
    for (int i = 0; e != NULL && i < N_FIELDS; i++)
        if (text_at(e, i) != NULL)
            free(*text_at(e, i));
    free(e);
}

void entries_free(struct entry **entries, int n)
{
    for (int i = 0; i < n; i++)
        entry_free(entries[i]);
    free(entries);
}

/* ---- The checksum ---- */

struct piece {
    const char *text;
    size_t len;
};

static char *digest(const struct piece *pieces, size_t n_pieces)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    struct text hex;
    text_init(&hex, sizeof(bytes) * 2);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;
    for (size_t i = 0; ok && i < n_pieces; i++)
        ok = EVP_DigestUpdate(ctx, pieces[i].text, pieces[i].len) == 1;
    ok = ok && EVP_DigestFinal_ex(ctx, bytes, &n) == 1;
    EVP_MD_CTX_free(ctx);
    for (unsigned i = 0; ok && i < n; i++)
        text_addf(&hex, "%02x", bytes[i]);
    return hex.len == 0 ? mem_dup("") : text_take(&hex);
}

char *entry_digest(const char *text)
{
    return digest(&(struct piece){text, strlen(text)}, 1);
}

/* Each text with the NUL that ends it, so that none runs into the next; one that is not there is no empty
 * one. */
static char *sum_of(const struct entry *e)
{
    const char *const texts[] = {e->statement, e->undo, e->database, e->undo_verify};
    enum { N_TEXTS = sizeof(texts) / sizeof(texts[0]) };
    struct piece pieces[N_TEXTS];
    for (size_t i = 0; i < N_TEXTS; i++)
        pieces[i] =
            texts[i] == NULL ? (struct piece){"\1", 1} : (struct piece){texts[i], strlen(texts[i]) + 1};
    return digest(pieces, N_TEXTS);
}

/* Positive; the clock where the system has no random numbers yet. */
static int64_t new_uid(void)
{
    int64_t uid = 0;
    if (getrandom(&uid, sizeof(uid), GRND_NONBLOCK) != sizeof(uid))
        uid = (int64_t)(loop_wall_s() * 1e6);
    return uid & INT64_MAX;
}

/* What was run: both statements where the first was not enough. */
static char *statement_of(const struct job *job)
{
    struct text both;
    text_init(&both, 1 << 17);
    text_add(&both, job->statement);
    if (job->step == JOB_GOES_ON)
        text_addf(&both, ";\n%s", job->then);
    return text_take(&both);
}

struct entry *entry_new(const struct job *job)
{
    char *statement = statement_of(job);
    const struct entry lent = {
        .uid = job->uid != 0 ? job->uid : new_uid(),
        .target = job->target,
        .action = job->action,
        .label = job->label,
        .database = job->database,
        .by = job->by,
        .state = (char *)(uintptr_t)job_state_name(job->state),
        .asked_at = job->asked_at,
        .began_at = job->began_at,
        .ended_at = job->ended_at,
        .statement = statement,
        .message = job->message,
        .keys = job->keys,
        .undo = job->undo,
        .undo_verify = job->undo_verify,
        .why_no_undo = job->why_no_undo,
        .undoes = job->undoes,
    };
    struct entry *e = entry_copy(&lent);
    free(statement);
    e->sum = sum_of(e);
    return e;
}

bool entry_is_open(const struct entry *e)
{
    return isnan(e->ended_at) && e->state != NULL && strcmp(e->state, job_state_name(JOB_RUNNING)) == 0;
}

void entry_say(struct entry *e, const char *state, const char *message)
{
    free(e->state);
    free(e->message);
    e->state = mem_dup(state);
    e->message = mem_dup(message);
}

bool entry_is_intact(const struct entry *e)
{
    char *sum = sum_of(e);
    bool same = sum[0] != '\0' && e->sum != NULL && strcmp(sum, e->sum) == 0;
    free(sum);
    return same;
}
