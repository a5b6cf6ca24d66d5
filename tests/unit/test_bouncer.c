/* PgBouncer's console: columns by name in each version, a bounded list of clients, peaks between polls. The
 * headers are those of PgBouncer 1.8 to 1.25, from its news and its manual. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/libpq/conn_inside.h"
#include "collectors/pgbouncer/act.h"
#include "collectors/pgbouncer/inside.h"
#include "core/mem.h"

#include <cmocka.h>

/* Rows as the console sends them: words of HEADER and of each row; "-" is an empty text. */
static struct conn_rows *rows_of(const char *header, const char *const *lines)
{
    PGresAttDesc columns[40] = {0};
    char names[1000], line[1000], *save;
    int n = 0;
    snprintf(names, sizeof(names), "%s", header);
    for (char *at = names; *at != '\0'; n++) {
        size_t len = strcspn(at, " ");
        columns[n] = (PGresAttDesc){.name = at, .format = 0, .typid = 25, .typlen = -1};
        save = at + len;
        at = save + strspn(save, " ");
        *save = '\0';
    }
    PGresult *pg = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    PQsetResultAttrs(pg, n, columns);
    for (int row = 0; lines[row] != NULL; row++) {
        snprintf(line, sizeof(line), "%s", lines[row]);
        char *at = line;
        for (int c = 0; c < n; c++) {
            size_t len = strcspn(at, " ");
            bool empty = len == 1 && *at == '-';
            char value[100];
            snprintf(value, sizeof(value), "%.*s", empty ? 0 : (int)len, at);
            for (char *v = value; *v != '\0'; v++)
                *v = *v == '_' && strchr(value, ':') != NULL ? ' ' : *v; /* 2026-11-21_18:53:41_UTC */
            PQsetvalue(pg, row, c, value, (int)strlen(value));
            at += len;
            at += strspn(at, " ");
        }
    }
    struct conn_rows *r = mem_new(sizeof(*r));
    *r = (struct conn_rows){.pg = pg, .start_s = 99.5, .end_s = 100};
    return r;
}

static const struct bouncer_collector *collector_called(const char *name)
{
    for (int i = 0; bouncer_collectors[i] != NULL; i++)
        if (strcmp(bouncer_collectors[i]->dataset->name, name) == 0)
            return bouncer_collectors[i];
    fail_msg("no dataset is called %s", name);
    return NULL;
}

static double real(const struct sample *s, int row, const char *column)
{
    int c = dataset_column(s->dataset, column);
    assert_true(c >= 0);
    return sample_has(s, c) ? sample_real(s, c, row) : NAN;
}

static const char *text(const struct sample *s, int row, const char *column)
{
    int c = dataset_column(s->dataset, column);
    assert_true(c >= 0);
    return sample_has(s, c) ? sample_text(s, c, row) : NULL;
}

static const char pools_8[] = "database user cl_active cl_waiting sv_active sv_idle sv_used sv_tested "
                              "sv_login maxwait maxwait_us pool_mode";
static const char pools_16[] = "database user cl_active cl_waiting cl_cancel_req sv_active sv_idle sv_used "
                               "sv_tested sv_login maxwait maxwait_us pool_mode";
static const char pools_18[] = "database user cl_active cl_waiting cl_active_cancel_req "
                               "cl_waiting_cancel_req sv_active sv_active_cancel sv_being_canceled sv_idle "
                               "sv_used sv_tested sv_login maxwait maxwait_us pool_mode";
static const char pools_24[] = "database user cl_active cl_waiting cl_active_cancel_req "
                               "cl_waiting_cancel_req sv_active sv_active_cancel sv_being_canceled sv_idle "
                               "sv_used sv_tested sv_login maxwait maxwait_us pool_mode load_balance_hosts";
static const char databases_8[] = "name host port database force_user pool_size reserve_pool pool_mode "
                                  "max_connections current_connections paused disabled";
static const char databases_24[] =
    "name host port database force_user pool_size min_pool_size reserve_pool_size server_lifetime pool_mode "
    "load_balance_hosts max_connections "
    "current_connections max_client_connections current_client_connections paused disabled";

/* Each version tells the same pool: 3 clients with a connection, 2 that wait for 1.25 s, 3 connections in
 * use, 1 idle, of 4 + 2. */
static void a_pool_reads_the_same_in_every_version(void **state)
{
    static const struct {
        const char *pools, *row, *databases, *database;
    } versions[] = {
        {pools_8, "shop app 3 2 3 1 0 0 0 1 250000 transaction", databases_8,
         "shop db1 5432 shop - 4 2 - 0 4 0 0"},
        {pools_16, "shop app 3 2 9 3 1 0 0 0 1 250000 transaction", databases_8,
         "shop db1 5432 shop - 4 2 - 0 4 0 0"},
        {pools_18, "shop app 3 2 0 0 2 1 0 0 1 0 0 1 250000 transaction", databases_8,
         "shop db1 5432 shop - 4 2 - 0 4 0 0"},
        {pools_24, "shop app 3 2 0 0 1 1 1 1 0 0 0 1 250000 transaction -", databases_24,
         "shop db1 5432 shop - 4 0 2 3600 - - 0 4 0 5 0 0"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        struct bouncer_source source = {.peaks = peaks_new(), .max_clients = 100};
        struct bouncer_poll poll = {.source = &source};
        struct conn_rows *rows[] = {
            rows_of(versions[i].pools, (const char *const[]){versions[i].row, NULL}),
            rows_of(versions[i].databases, (const char *const[]){versions[i].database, NULL}),
            rows_of("list items", (const char *const[]){"used_clients 6", NULL}),
        };
        struct sample *s = collector_called("pools")->make(&poll, rows);
        assert_int_equal(s->n_rows, 2);
        assert_string_equal(text(s, 0, "kind"), "pgbouncer");
        assert_string_equal(text(s, 0, "name"), "shop/app");
        assert_string_equal(text(s, 0, "pool_mode"), "transaction");
        assert_float_equal(real(s, 0, "size"), 4, 0);
        assert_float_equal(real(s, 0, "max_size"), 6, 0);
        assert_float_equal(real(s, 0, "in_use"), 3, 0);
        assert_float_equal(real(s, 0, "idle"), 1, 0);
        assert_float_equal(real(s, 0, "waiting"), 2, 0);
        assert_float_equal(real(s, 0, "clients"), 3, 0);
        assert_float_equal(real(s, 0, "max_wait_ms"), 1250, 0.001);
        assert_float_equal(real(s, 0, "utilization"), 0.5, 0.001);
        assert_float_equal(real(s, 0, "peak_waiting"), 2, 0);
        assert_string_equal(text(s, 1, "kind"), "clients");
        assert_float_equal(real(s, 1, "utilization"), 0.06, 0.001);
        sample_unref(s);
        for (int r = 0; r < 3; r++)
            conn_rows_free(rows[r]);
        peaks_free(source.peaks);
    }
}

static void what_a_version_does_not_have_is_no_value_and_says_so(void **state)
{
    static const char stats_8[] =
        "database total_xact_count total_query_count total_received total_sent total_xact_time "
        "total_query_time total_wait_time "
        "avg_xact_count avg_query_count avg_recv avg_sent avg_xact_time avg_query_time avg_wait_time";
    static const char stats_24[] =
        "database total_server_assignment_count total_xact_count total_query_count total_received total_sent "
        "total_xact_time "
        "total_query_time total_wait_time total_client_parse_count total_server_parse_count total_bind_count";
    const struct bouncer_collector *c = collector_called("bouncer_stats");
    (void)state;
    struct conn_rows *old =
        rows_of(stats_8, (const char *const[]){"shop 10 20 1000 2000 5000 4000 3000 0 0 0 0 0 0 0",
                                               "pgbouncer 1 1 0 0 0 0 0 0 0 0 0 0 0 0", NULL});
    struct conn_rows *new =
        rows_of(stats_24, (const char *const[]){"shop 7 10 20 1000 2000 5000 4000 3000 4 3 2", NULL});
    struct sample *a = bouncer_fill(c, old), *b = bouncer_fill(c, new);
    assert_int_equal(a->n_rows, 1); /* the console's own is none */
    assert_float_equal(real(a, 0, "xacts"), 10, 0);
    assert_float_equal(real(a, 0, "wait_time_ms"), 3, 0.0001);
    assert_true(isnan(real(a, 0, "assignments")));
    assert_string_equal(a->why[dataset_column(c->dataset, "assignments")],
                        "this version of PgBouncer does not tell it");
    assert_float_equal(real(b, 0, "xacts"), 10, 0);
    assert_float_equal(real(b, 0, "assignments"), 7, 0);
    assert_float_equal(real(b, 0, "parses"), 4, 0);
    sample_unref(a);
    sample_unref(b);
    conn_rows_free(old);
    conn_rows_free(new);
}

static const char clients_18[] =
    "type user database state addr port local_addr local_port connect_time request_time wait wait_us "
    "close_needed ptr link remote_pid tls application_name";

static void the_wait_of_a_client_that_has_a_connection_is_none(void **state)
{
    (void)state;
    struct conn_rows *r = rows_of(
        clients_18,
        (const char *const[]){"C app shop active 10.0.0.7 5000 10.0.0.1 6432 2026-11-21_18:53:41_UTC "
                              "2026-11-21_18:53:42_UTC 9 1 0 0xa 0xb 0 - web",
                              "C app shop waiting 10.0.0.8 5001 10.0.0.1 6432 2026-11-21_18:53:41_UTC "
                              "2026-11-21_18:53:42_UTC 3 500000 0 0xc - 0 - web",
                              NULL});
    struct sample *s = bouncer_fill(collector_called("clients"), r);
    assert_int_equal(s->n_rows, 2);
    assert_string_equal(text(s, 0, "state"), "waiting"); /* those first */
    assert_float_equal(real(s, 0, "wait_ms"), 3500, 0.001);
    assert_null(text(s, 0, "link"));
    assert_true(isnan(real(s, 1, "wait_ms")));
    assert_string_equal(text(s, 1, "link"), "0xb");
    assert_float_equal(real(s, 1, "connected"), 1795287221, 0);
    sample_unref(s);
    conn_rows_free(r);
}

static void of_ten_thousand_clients_those_that_wait_are_kept(void **state)
{
    enum { N = 10000 };
    (void)state;
    const char **lines = mem_new_array(N + 1, sizeof(*lines));
    for (int i = 0; i < N; i++)
        lines[i] = i % 500 == 499 ? "C app shop waiting unix 6432 unix 6432 2026-11-21_18:53:41_UTC "
                                    "2026-11-21_18:53:42_UTC 3 5 0 0xc - 7 - web"
                                  : "C app shop active unix 6432 unix 6432 2026-11-21_18:53:41_UTC "
                                    "2026-11-21_18:53:42_UTC 0 0 0 0xa - 7 - web";
    struct conn_rows *r = rows_of(clients_18, lines);
    struct sample *s = bouncer_fill(collector_called("clients"), r);
    int waiting = 0;
    for (int row = 0; row < s->n_rows; row++)
        waiting += strcmp(text(s, row, "state"), "waiting") == 0;
    assert_int_equal(s->n_rows, 1000);
    assert_int_equal(waiting, N / 500);
    sample_unref(s);
    conn_rows_free(r);
    free(lines);
}

static void look(struct peaks *p, double now_s, const char *row)
{
    struct conn_rows *r = rows_of(pools_18, (const char *const[]){row, NULL});
    peaks_add(p, r, now_s);
    conn_rows_free(r);
}

static void a_spike_is_remembered_for_a_minute(void **state)
{
    struct peaks *p = peaks_new();
    double waiting, wait_ms;
    (void)state;
    peaks_get(p, "shop", "app", 1000, &waiting, &wait_ms);
    assert_true(isnan(waiting)); /* nobody looked */
    look(p, 1000.2, "shop app 1 0 0 0 1 0 0 0 0 0 0 0 0 transaction");
    look(p, 1001.2, "shop app 1 7 0 0 1 0 0 0 0 0 0 0 900000 transaction");
    look(p, 1002.2, "shop app 1 0 0 0 1 0 0 0 0 0 0 0 0 transaction");
    peaks_get(p, "shop", "app", 1002.5, &waiting, &wait_ms);
    assert_float_equal(waiting, 7, 0);
    assert_float_equal(wait_ms, 900, 0.01);
    look(p, 1050.2, "shop app 1 1 0 0 1 0 0 0 0 0 0 0 1000 transaction");
    peaks_get(p, "shop", "app", 1060.9, &waiting, &wait_ms);
    assert_float_equal(waiting, 7, 0);
    peaks_get(p, "shop", "app", 1061.1, &waiting, &wait_ms);
    assert_float_equal(waiting, 1, 0);
    peaks_get(p, "shop", "app", 1120, &waiting, &wait_ms);
    assert_true(isnan(waiting));
    peaks_free(p);
}

static void a_url_has_the_consoles_port_and_database(void **state)
{
    static const struct {
        const char *url, *port, *dbname;
    } rows[] = {
        {"pgbouncer://watch@db1", "6432", "pgbouncer"},
        {"pgbouncer://watch@db1:7000/", "7000", "pgbouncer"},
        {"pgbouncer://watch@/pgbouncer?host=/run/postgresql&port=6433", "6433", "pgbouncer"},
        {"pgbouncer://", "6432", "pgbouncer"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err err = {0};
        struct conn_info *info = bouncer_url_parse(rows[i].url, &err);
        if (info == NULL)
            fail_msg("%s", err.text);
        assert_string_equal(conn_info_get(info, "port"), rows[i].port);
        assert_string_equal(conn_info_get(info, "dbname"), rows[i].dbname);
        conn_info_free(info);
    }
    struct err err = {0};
    assert_null(bouncer_url_parse("pgbouncer://u:geheim@x@h", &err));
    assert_null(strstr(err.text, "geheim"));
    assert_non_null(strstr(err.text, "PgBouncer"));
}

static void a_moment_is_read_only_in_a_zone_that_is_known(void **state)
{
    (void)state;
    assert_float_equal(bouncer_moment("2026-11-21 18:53:41 UTC"), 1795287221, 0);
    assert_true(isnan(bouncer_moment("2026-11-21 18:53:41 XYZ")));
    assert_true(isnan(bouncer_moment("2026-11-21")));
    assert_true(isnan(bouncer_moment(NULL)));
}

/* What SHOW CLIENTS and SHOW SERVERS have in each version: the same rows by other columns. `replication` came
 * with 1.23, `close_needed` with 1.9, `application_name` with 1.18, `prepared_statements` with 1.21, `id`
 * with 1.24. */
static const struct {
    const char *header;
    bool named, numbered, closes;
} sockets[] = {
    // clang-format off
    {"type user database state addr port local_addr local_port connect_time request_time wait wait_us ptr link remote_pid tls", false, false, false},
    {"type user database state addr port local_addr local_port connect_time request_time wait wait_us close_needed ptr link remote_pid tls", false, false, true},
    {"type user database state addr port local_addr local_port connect_time request_time wait wait_us close_needed ptr link remote_pid tls application_name", true, false, true},
    {"type user database state addr port local_addr local_port connect_time request_time wait wait_us close_needed ptr link remote_pid tls application_name prepared_statements", true, false, true},
    {"type user database replication state addr port local_addr local_port connect_time request_time wait wait_us close_needed ptr link remote_pid tls application_name prepared_statements", true, false, true},
    {"type user database replication state addr port local_addr local_port connect_time request_time wait wait_us close_needed ptr link remote_pid tls application_name prepared_statements id", true, true, true},
    // clang-format on
};

/* A row with the value of each column that HEADER has, in its order. */
static void row_of(const char *header, const char *state, const char *link, char *out, size_t size)
{
    const struct {
        const char *column, *value;
    } values[] = {{"type", "C"},
                  {"user", "app"},
                  {"database", "shop"},
                  {"replication", "none"},
                  {"state", state},
                  {"addr", "10.0.0.8"},
                  {"port", "5001"},
                  {"local_addr", "10.0.0.1"},
                  {"local_port", "6432"},
                  {"connect_time", "2026-11-21_18:53:41_UTC"},
                  {"request_time", "2026-11-21_18:53:42_UTC"},
                  {"wait", "3"},
                  {"wait_us", "500000"},
                  {"close_needed", "1"},
                  {"ptr", "0xc"},
                  {"link", link},
                  {"remote_pid", "77"},
                  {"tls", "-"},
                  {"application_name", "web"},
                  {"prepared_statements", "0"},
                  {"id", "17"}};
    struct text t;
    text_init(&t, size - 1);
    for (const char *at = header; *at != '\0'; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
            if (strlen(values[i].column) == len && strncmp(values[i].column, at, len) == 0)
                text_addf(&t, "%s%s", t.len > 0 ? " " : "", values[i].value);
        at += len;
    }
    snprintf(out, size, "%s", text_str(&t));
    text_done(&t);
}

static void clients_and_servers_read_the_same_in_every_version(void **state)
{
    char line[400];
    (void)state;
    for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
        row_of(sockets[i].header, "waiting", "-", line, sizeof(line));
        struct conn_rows *r = rows_of(sockets[i].header, (const char *const[]){line, NULL});
        struct sample *s = bouncer_fill(collector_called("clients"), r);
        int number = dataset_column(s->dataset, "client_no");
        assert_int_equal(s->n_rows, 1);
        assert_string_equal(text(s, 0, "id"), "0xc");
        assert_string_equal(text(s, 0, "state"), "waiting");
        assert_string_equal(text(s, 0, "datname"), "shop");
        assert_float_equal(real(s, 0, "wait_ms"), 3500, 0.001);
        assert_float_equal(real(s, 0, "connected"), 1795287221, 0);
        if (sockets[i].named)
            assert_string_equal(text(s, 0, "application_name"), "web");
        else
            assert_null(text(s, 0, "application_name"));
        assert_int_equal(sample_has(s, number), sockets[i].numbered);
        if (sockets[i].numbered)
            assert_int_equal(sample_int(s, number, 0), 17);
        sample_unref(s);
        conn_rows_free(r);
        row_of(sockets[i].header, "active", "0xd", line, sizeof(line));
        r = rows_of(sockets[i].header, (const char *const[]){line, NULL});
        s = bouncer_fill(collector_called("bouncer_servers"), r);
        assert_string_equal(text(s, 0, "link"), "0xd");
        assert_int_equal(sample_int(s, dataset_column(s->dataset, "pid"), 0), 77);
        assert_int_equal(sample_int(s, dataset_column(s->dataset, "local_port"), 0), 6432);
        assert_true(sockets[i].closes ? real(s, 0, "close_needed") == 1 : isnan(real(s, 0, "close_needed")));
        sample_unref(s);
        conn_rows_free(r);
    }
}

/* SHOW DATABASES: min_pool_size came with 1.16, the counts of clients with 1.24, which calls the reserve by
 * its full name. */
static void databases_read_the_same_in_every_version(void **state)
{
    static const struct {
        const char *header, *row;
        double clients, least;
    } versions[] = {
        {databases_8, "shop db1 5432 shop - 4 2 - 0 3 1 0", NAN, NAN},
        {"name host port database force_user pool_size min_pool_size reserve_pool pool_mode max_connections "
         "current_connections paused disabled",
         "shop db1 5432 shop - 4 1 2 - 0 3 1 0", NAN, 1},
        {databases_24, "shop db1 5432 shop - 4 1 2 3600 - - 0 3 0 5 1 0", 5, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        struct conn_rows *r = rows_of(versions[i].header, (const char *const[]){versions[i].row, NULL});
        struct sample *s = bouncer_fill(collector_called("bouncer_databases"), r);
        assert_string_equal(text(s, 0, "datname"), "shop");
        assert_string_equal(text(s, 0, "host"), "db1");
        assert_float_equal(real(s, 0, "pool_size"), 4, 0);
        assert_float_equal(real(s, 0, "reserve_size"), 2, 0);
        assert_float_equal(real(s, 0, "connections"), 3, 0);
        assert_float_equal(real(s, 0, "paused"), 1, 0);
        assert_float_equal(real(s, 0, "disabled"), 0, 0);
        assert_true(isnan(versions[i].clients) ? isnan(real(s, 0, "clients"))
                                               : real(s, 0, "clients") == versions[i].clients);
        assert_true(isnan(versions[i].least) ? isnan(real(s, 0, "min_pool_size"))
                                             : real(s, 0, "min_pool_size") == versions[i].least);
        sample_unref(s);
        conn_rows_free(r);
    }
}

/* SHOW USERS: limits of a role came one after the other. */
static void users_have_the_limits_that_their_version_tells(void **state)
{
    static const struct {
        const char *header, *row;
        double max, now, clients;
    } versions[] = {
        {"name pool_mode", "web session", NAN, NAN, NAN},
        {"name pool_mode max_user_connections current_connections", "web session 9 3", 9, 3, NAN},
        {"name pool_size reserve_pool_size pool_mode max_user_connections current_connections max_user_client_connections current_client_connections",
         "web 4 0 session 9 3 50 7", 9, 3, 7},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        struct conn_rows *r = rows_of(versions[i].header, (const char *const[]){versions[i].row, NULL});
        struct sample *s = bouncer_fill(collector_called("bouncer_users"), r);
        const struct {
            const char *column;
            double value;
        } told[] = {{"max_connections", versions[i].max}, {"connections", versions[i].now}, {"clients", versions[i].clients}};
        assert_string_equal(text(s, 0, "usename"), "web");
        assert_string_equal(text(s, 0, "pool_mode"), "session");
        for (size_t c = 0; c < sizeof(told) / sizeof(told[0]); c++) {
            double value = real(s, 0, told[c].column);
            assert_true(isnan(told[c].value) ? isnan(value) : value == told[c].value);
        }
        sample_unref(s);
        conn_rows_free(r);
    }
}

/* SHOW CONFIG: the defaults came with 1.15; SHOW STATE came with 1.19; SHOW MEM may be left out. */
static void settings_and_state_say_what_their_version_does_not_tell(void **state)
{
    struct bouncer_source source = {.max_clients = NAN};
    struct bouncer_poll poll = {.source = &source};
    (void)state;
    struct conn_rows *old =
        rows_of("key value changeable",
                (const char *const[]){"max_client_conn 500 yes", "listen_port 6432 no", NULL});
    struct conn_rows *new =
        rows_of("key value default changeable", (const char *const[]){"max_client_conn 500 100 yes", NULL});
    struct sample *a = collector_called("settings")->make(&poll, &old),
                  *b = collector_called("settings")->make(&poll, &new);
    assert_string_equal(text(a, 0, "value"), "500");
    assert_string_equal(text(a, 0, "context"), "sighup");
    assert_string_equal(text(a, 1, "context"), "postmaster");
    assert_true(isnan(real(a, 0, "changed")));
    assert_float_equal(real(b, 0, "changed"), 1, 0);
    assert_float_equal(source.max_clients, 500, 0);
    struct conn_rows *rows[] = {
        rows_of("list items", (const char *const[]){"used_clients 6", "dns_queries 2", NULL}), NULL, NULL};
    struct sample *before = collector_called("bouncer")->make(&poll, rows);
    rows[1] =
        rows_of("name size used free memtotal",
                (const char *const[]){"user_cache 392 3 47 19600", "iobuf_cache 4112 1 49 205600", NULL});
    rows[2] = rows_of("key value", (const char *const[]){"active no", "paused yes", "suspended no", NULL});
    struct sample *after = collector_called("bouncer")->make(&poll, rows);
    assert_null(text(before, 0, "state"));
    assert_true(isnan(real(before, 0, "memory_bytes")));
    assert_string_equal(text(after, 0, "state"), "paused");
    assert_float_equal(real(after, 0, "memory_bytes"), 225200, 0);
    assert_float_equal(real(after, 0, "clients"), 6, 0);
    assert_float_equal(real(after, 0, "dns_queries"), 2, 0);
    struct sample *samples[] = {a, b, before, after};
    struct conn_rows *all[] = {old, new, rows[0], rows[1], rows[2]};
    for (size_t i = 0; i < 4; i++)
        sample_unref(samples[i]);
    for (size_t i = 0; i < 5; i++)
        conn_rows_free(all[i]);
}

/* The database that a PAUSE is of, by which the one is known that is resumed when it is left. */
static void a_pause_is_known_by_its_database(void **state)
{
    static const struct {
        const char *statement, *database;
    } rows[] = {{"PAUSE", ""},
                {"PAUSE \"shop\"", "shop"},
                {"PAUSE \"a\"\"b c\"", "a\"b c"},
                {"RESUME \"shop\"", NULL},
                {"PAUSED", NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *got = bouncer_act_paused(rows[i].statement);
        if (rows[i].database == NULL)
            assert_null(got);
        else
            assert_string_equal(got, rows[i].database);
        free(got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pool_reads_the_same_in_every_version),
        cmocka_unit_test(clients_and_servers_read_the_same_in_every_version),
        cmocka_unit_test(databases_read_the_same_in_every_version),
        cmocka_unit_test(users_have_the_limits_that_their_version_tells),
        cmocka_unit_test(settings_and_state_say_what_their_version_does_not_tell),
        cmocka_unit_test(a_pause_is_known_by_its_database),
        cmocka_unit_test(what_a_version_does_not_have_is_no_value_and_says_so),
        cmocka_unit_test(the_wait_of_a_client_that_has_a_connection_is_none),
        cmocka_unit_test(of_ten_thousand_clients_those_that_wait_are_kept),
        cmocka_unit_test(a_spike_is_remembered_for_a_minute),
        cmocka_unit_test(a_url_has_the_consoles_port_and_database),
        cmocka_unit_test(a_moment_is_read_only_in_a_zone_that_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
