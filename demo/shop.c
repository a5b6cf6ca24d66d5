/* The demo's database: a session service as its owners would have it, with the indexes that they forgot. */
#include "demo/parts.h"

#include "collectors/libpq/conn_plain.h"
#include "core/text.h"

struct step {
    const char *database, *progress, *sql;
    bool statements; /* only with pg_stat_statements */
};

// clang-format off
static const struct step steps[] = {
    {"postgres", "making roles and a database", /* their limits are what bursts run into */
     "create role shop_rw login connection limit 40;"
     "create role shop_report login connection limit 8;"
     "create role ingest login connection limit 6", false},
    {"postgres", "making roles and a database", "create database shop owner shop_rw", false},
    {"shop", "making roles and a database", "create extension pg_stat_statements", true},
    {"shop", "filling 240,000 sessions", /* looked up by a_addr and b_addr, indexed by neither; created_at is never asked for */
     "create table sessions (id int primary key, user_id int not null, a_addr text not null, b_addr text not null,"
     "  state text not null, created_at timestamptz not null, ended_at timestamptz, meta text not null);"
     "insert into sessions"
     "  select i, i % 20000, format('10.%s.%s.%s', i >> 16, i >> 8 & 255, i & 255), format('172.16.%s.%s', i / 250 % 250, i % 250),"
     "    case when i % 40 = 0 then 'open' else 'ended' end, now() - make_interval(secs => 240000 - i), now() - make_interval(secs => 239000 - i),"
     "    repeat('.', 60)"
     "  from generate_series(1, 240000) i;"
     "create index sessions_created_at_idx on sessions (created_at)", false},
    {"shop", "filling users and orders",
     "create table users (id int primary key, name text not null, balance bigint not null);"
     "insert into users select i, 'user ' || i, i * 7919 % 100000 from generate_series(1, 20000) i;"
     "create index users_name_idx on users (name);"
     "create index users_name_again_idx on users (name);" /* the same twice */
     "create table orders (id int primary key, user_id int not null, status text not null, updated_at timestamptz not null default now());"
     "insert into orders select i, i * 7 % 20000, 'new' from generate_series(1, 5000) i", false},
    {"shop", "filling telemetry", /* last month, this and the next; no default: what comes later is refused */
     "create table devices (id int primary key, last_seen timestamptz);"
     "insert into devices select i, now() from generate_series(1, 2000) i;"
     "create table telemetry_events (device_id int not null, at timestamptz not null default now(), value float8) partition by range (at);"
     "do $$ declare m date; begin"
     "  for k in -1..1 loop m := date_trunc('month', now()) + make_interval(months => k);"
     "    execute format('create table %I partition of telemetry_events for values from (%L) to (%L)',"
     "      'telemetry_events_' || to_char(m, 'YYYY_MM'), m, m + interval '1 month');"
     "  end loop; end $$;"
     "create index on telemetry_events (device_id, at)", false},
    {"shop", "leaving dead rows behind", /* nobody vacuums it: half of it is dead from the start, and it grows */
     "create table session_tokens (id int primary key, session_id int not null, expires_at timestamptz not null) with (autovacuum_enabled = off);"
     "insert into session_tokens select i, i, now() from generate_series(1, 60000) i;"
     "create index session_tokens_expires_at_idx on session_tokens (expires_at);"
     "update session_tokens set expires_at = now() + interval '1 h' where id % 2 = 0", false},
    {"shop", "collecting statistics",
     "grant all on all tables in schema public to shop_rw, ingest; grant select on all tables in schema public to shop_report;"
     "alter table session_tokens owner to shop_rw; alter table sessions owner to shop_rw; alter table users owner to shop_rw;"
     "alter table orders owner to shop_rw; alter table telemetry_events owner to ingest; analyze", false},
    {"shop", "collecting statistics", "select pg_stat_statements_reset()", true}, /* filling is no part of the show */
};
// clang-format on
enum { N_STEPS = sizeof(steps) / sizeof(steps[0]) };

static bool step_run(const struct step *step, const char *host, struct err *err)
{
    struct text conninfo;
    text_init(&conninfo, 512);
    text_addf(&conninfo, "host=%s port=5432 user=postgres dbname=%s application_name=demo-setup", host, step->database);
    struct conn_plain *c = conn_plain_open(text_str(&conninfo), err);
    bool good = c != NULL && conn_plain_run(c, step->sql, NULL, err);
    conn_plain_close(c);
    text_done(&conninfo);
    return good;
}

bool shop_fill(const char *host, bool statements, void (*progress)(const char *text), struct err *err)
{
    for (int i = 0; i < N_STEPS; i++) {
        if (steps[i].statements && !statements)
            continue;
        progress(steps[i].progress);
        struct err why = {0};
        if (!step_run(&steps[i], host, &why))
            return fail(err, "%s failed: %s", steps[i].progress, why.text);
    }
    return true;
}
