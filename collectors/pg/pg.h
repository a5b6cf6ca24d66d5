/* The PostgreSQL shelf: what a collector file is made of, and what it may ask of the connection. */
#ifndef DBVITALS_COLLECTORS_PG_PG_H
#define DBVITALS_COLLECTORS_PG_PG_H

#include "collectors/libpq/tag.h"
#include "collectors/source.h"
#include "core/text.h"

struct pg_source; /* one target: its lanes, facts, collectors' state */
struct pg_poll;   /* one dataset being read */

/* What was found out at connect; again after each reconnect. Strings live as long as the connection. */
struct pg_facts {
    int version;              /* server_version_num */
    const char *version_text; /* "16.4" */
    const char *server_id;    /* the system identifier; "" where the role may not read it */
    const char *user, *database;
    int64_t user_oid, database_oid;
    bool standby;
    bool pooled;           /* a transaction pooler stands between */
    double started_s;      /* pg_postmaster_start_time */
    bool superuser;
    bool monitor;          /* member of pg_monitor or of what it consists of: pg_read_all_stats and pg_read_all_settings */
    int statements;        /* pg_stat_statements in this database: 108..112 for 1.8..1.12, 0 absent */
    bool statements_loaded; /* in shared_preload_libraries, as far as can be known */
    const char *statements_schema; /* quoted identifier */
    bool io_timing;        /* track_io_timing, as our connection has it: else times of reads and writes are not known */
    uint64_t role_epoch;   /* hash of server start, user and role memberships */
    int backend_pid;
    int block_size;
};

enum pg_lane { PG_FAST, PG_SLOW };
enum pg_gate { PG_BY_SERVER, PG_BY_STATEMENTS }; /* what `since` and `until` of the columns count in */

struct pg_from {
    int since; /* of the gate's version; rows stand newest first, the first with since <= version is used */
    const char *sql; /* all that follows the select list. {statements} is replaced by the extension's quoted schema */
};

struct pg_collector {
    const struct dataset *dataset;
    enum pg_lane lane;
    enum pg_gate gate;
    double timeout_s;      /* 0: 1 s on the fast lane, 10 s on the slow one */
    /* With all_databases the poll is run in every database that we may connect to, one after the other on a third connection, and the rows are
     * put together: such a dataset has a KEY column datid and a LABEL datname. pg_facts then tell which database it is. */
    bool per_database;
    const struct column_source *sources; /* of a dataset of several products, in place of those of its columns */
    const struct pg_from *from; /* ends with {0, NULL}; NULL for collectors with code of their own */
    /* Code of its own, instead of `from`: must end in pg_poll_done or pg_poll_failed, at once or after pg_run callbacks. */
    void (*start)(struct pg_poll *p);
    /* With `from`: a last touch on the filled sample, before it is delivered (may be NULL). */
    void (*finish)(struct pg_poll *p, struct sample *s);
    /* State per source: allocated on first use by pg_state, freed with the source. */
    size_t state_size;
    void (*state_done)(void *state);
    /* Also when the connection is remade: forget what belonged to the old server. */
    void (*state_reset)(void *state);
};

/* For code of its own. */
const struct pg_facts *pg_facts(const struct pg_poll *p);
const struct target_config *pg_target(const struct pg_poll *p);
void *pg_state(struct pg_poll *p);
double pg_poll_asked_mono_s(const struct pg_poll *p);
/* When a cure of ours on this server ended last; -INFINITY: none did. */
double pg_cured_mono_s(const struct pg_poll *p);
/* Transactions that our own queries took so far, on all lanes of the source. */
double pg_own_xacts(const struct pg_poll *p);

/* A query's answer; libpq's types stay behind collectors/libpq/conn. Binary values are decoded by their type: int2 int4 int8 oid xid bool
 * float4 float8 numeric timestamptz (seconds since 1970) interval (s) pg_lsn as numbers, all else as text. */
struct pg_rows;
int pg_rows_n(const struct pg_rows *r);
int pg_rows_column(const struct pg_rows *r, const char *name); /* -1 if none */
double pg_rows_real(const struct pg_rows *r, int row, int column); /* NAN for NULL and for what is infinite */
bool pg_rows_is_number(const struct pg_rows *r, int column); /* its type is one of those */
int64_t pg_rows_int(const struct pg_rows *r, int row, int column); /* INT_NONE for NULL */
/* NULL for NULL; raw bytes as the server gave them, length in *len (may be NULL), NUL-terminated. */
const char *pg_rows_text(const struct pg_rows *r, int row, int column, size_t *len);
double pg_rows_mono_s(const struct pg_rows *r); /* middle of request and answer */
double pg_rows_wall_s(const struct pg_rows *r);

/* Called with ROWS, or with rows NULL and the failure. Rows live during the call. */
typedef void pg_rows_fn(struct pg_poll *p, const struct pg_rows *rows, enum failure why, const char *text);
/* Sends SQL (one statement, $1.. parameters as text) on the lane of P's collector. Prepared by its text where there is no pooler. */
void pg_run(struct pg_poll *p, const char *sql, int n_params, const char *const *params, pg_rows_fn *fn);
/* The same for SQL of the user's: it sees the names that the user sees. */
void pg_run_own(struct pg_poll *p, const char *sql, pg_rows_fn *fn);
/* Does P read the database that the target names, not one of the others? */
bool pg_is_home(const struct pg_poll *p);
/* RUN in the pool, with CTX alone; then DONE on the loop thread, which must end the poll, unless it is over; FREE in any case. */
struct pg_work_order {
    void (*run)(void *ctx);
    void (*done)(struct pg_poll *p, void *ctx);
    void (*free)(void *ctx);
    void *ctx;
};
void pg_work(struct pg_poll *p, const struct pg_work_order *order);
/* The select list of P's dataset for this server: "expr as name, ..." of all columns that have a source here; and into a sample: columns by name.
 * Heap string, the caller frees. */
char *pg_select_list(const struct pg_poll *p);
/* One more for such a list. */
void pg_select(struct text *list, const char *source, const char *name);
/* A sample from ROWS: columns found by name, those that the version lacks marked with the reason, times set. */
struct sample *pg_sample(struct pg_poll *p, const struct pg_rows *rows);
/* For pg_run: the rows are the sample, and the end of the poll; many are decoded in slices, as below. */
void pg_sample_all(struct pg_poll *p, const struct pg_rows *rows, enum failure why, const char *text);
/* The same for many rows, decoded in slices over several turns of the loop; takes the rows, FN gets the sample in a later turn. */
void pg_sample_then(struct pg_poll *p, const struct pg_rows *rows, void (*fn)(struct pg_poll *p, struct sample *s));
void pg_poll_done(struct pg_poll *p, struct sample *s); /* takes the reference */
void pg_poll_failed(struct pg_poll *p, enum failure why, const char *text);

/* Every collector of the build list, NULL-ended (generated). */
extern const struct pg_collector *const pg_collectors[];
extern const struct product pg_product;

#endif
