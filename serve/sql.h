/* The SELECTs behind the endpoints. The names of their columns are promises: docs/http.md and
 * docs/openapi.json tell them. */
#ifndef DBVITALS_SERVE_SQL_H
#define DBVITALS_SERVE_SQL_H

/* One object: the state of everything in a word, and why. 503 when nothing watched answers. */
#define SQL_HEALTH                                                                                           \
    "with t as (select count(*) as n, sum(state = 'up') as up from targets),"                                \
    " a as (select count(*) filter (where level = 3) as critical,"                                           \
    "  count(*) filter (where level = 2) as warning,"                                                        \
    "  count(*) filter (where level >= 2 and (acked_by is not null or silenced_by is not null)) as known"    \
    "  from alerts where state in ('firing', 'kept')),"                                                      \
    " p as (select name, max_size, in_use, idle, waiting, size, utilization from pools"                      \
    "  order by utilization desc limit 1)"                                                                   \
    "select case when coalesce(t.up, 0) = 0 then 503 else 200 end as status, json_object("                   \
    " 'status', case when coalesce(t.up, 0) = 0 then 'unhealthy'"                                            \
    "  when t.up < t.n or a.critical > 0 then 'degraded' else 'healthy' end,"                                \
    " 'connection', json(case when t.up = t.n and t.n > 0 then 'true' else 'false' end),"                    \
    " 'pool', (select json_object('name', name, 'size', max_size, 'checked_in', max(0, max_size - in_use), "  \
    "   'checked_out', in_use,"                                                                              \
    "   'overflow', max(0, size - max_size), 'total_connections', size, 'waiting', waiting,"                 \
    "   'utilization', utilization) from p),"                                                                \
    " 'alerts', json_object('critical', a.critical, 'warning', a.warning, 'known', a.known),"                \
    " 'targets', (select json_group_array(json_object('name', name, 'kind', kind, 'state', state,"           \
    "   'role', role, 'version', version, 'rtt_ms', rtt_ms, 'data_age_s', data_age_s, 'error', error))"      \
    "  from targets)) as document from t, a"

/* One object a target: what it does and how fast, over the last minute. */
#define SQL_PERFORMANCE                                                                                      \
    "select json_object('targets', coalesce((select json_group_array(json_object('target', s.target,"        \
    " 'window_s', s.span_s, 'transactions_per_s', s.xact_per_s, 'rollback_ratio', s.rollback_ratio,"         \
    " 'hit_ratio', s.hit_ratio, 'connections', s.connections, 'connections_ratio', s.connections_ratio,"     \
    " 'active', s.active, 'waiting', s.waiting, 'idle_in_transaction', s.idle_in_xact,"                      \
    " 'longest_transaction_s', s.longest_xact_s, 'longest_query_s', s.longest_query_s,"                      \
    " 'deadlocks', s.deadlocks_delta, 'query_mean_ms', q.mean_ms, 'query_p95_ms_estimate', q.p95_ms,"        \
    " 'queries_per_s', q.calls_per_s)) from server('1m') s left join"                                        \
    " (select target, sum(total_exec_ms_delta) / nullif(sum(calls_delta), 0) as mean_ms,"                    \
    "  sum(calls_per_s) as calls_per_s, mix_quantile(0.95, calls_delta, mean_ms, stddev_ms) as p95_ms"       \
    "  from statements('1m') where toplevel group by target) q on q.target = s.target), json_array()))"      \
    " as document, 200 as status"

/* One object a target: does it answer, in which role, what threatens it. */
#define SQL_DATABASE_HEALTH                                                                                  \
    "select case when coalesce(sum(state = 'up'), 0) = 0 then 503 else 200 end as status,"                   \
    " json_object('status', case when coalesce(sum(state = 'up'), 0) = 0 then 'unhealthy'"                   \
    "  when sum(state = 'up') < count(*) then 'degraded' else 'healthy' end,"                                \
    " 'databases', json_group_array(json_object('target', name, 'state', state, 'kind', kind, 'role', role," \
    " 'version', version, 'uptime_s', uptime_s, 'rtt_ms', rtt_ms, 'data_age_s', data_age_s, 'error', error," \
    " 'alerts', (select count(*) from alerts a where a.target = t.name and a.state in ('firing', 'kept')"    \
    "   and a.level >= 2)))) as document from targets t"

#define SQL_DATABASE_METRICS                                                                                 \
    "select target, datname as database, numbackends as connections, xact_per_s as transactions_per_s,"      \
    " xact_commit as commits_total, xact_rollback as rollbacks_total, rollback_ratio, hit_ratio,"            \
    " blks_hit as blocks_hit_total, blks_read as blocks_read_total, tup_returned as rows_returned_total,"    \
    " tup_fetched as rows_fetched_total, tup_inserted as rows_inserted_total,"                               \
    " tup_updated as rows_updated_total, tup_deleted as rows_deleted_total, deadlocks as deadlocks_total,"   \
    " temp_files as temp_files_total, temp_bytes as temp_bytes_total, frozen_age, span_s as window_s, age_s" \
    " from databases('1m') where datname is not null order by target, datname"

#define SQL_CACHE_STATS                                                                                      \
    "select target, kind, name, hits as hits_total, misses as misses_total, hits_per_s, misses_per_s,"       \
    " hit_ratio, used_bytes, max_bytes, evictions as evictions_total, ttl_s, span_s as window_s, age_s"      \
    " from caches('1m') order by target, kind, name"

#define SQL_CONNECTIONS                                                                                      \
    "select target, kind, name, size, max_size, in_use, idle, waiting, utilization, max_wait_ms,"            \
    " avg_wait_ms, timeouts as timeouts_total, age_s from pools order by utilization desc"

#define SQL_QUERY_ANALYSIS                                                                                   \
    "select target, cast(queryid as text) as queryid, datname as database, usename as user,"                 \
    " calls_delta as calls, calls_per_s, total_exec_ms_delta as total_ms, share, mean_ms,"                   \
    " p95_ms as p95_ms_estimate, p99_ms as p99_ms_estimate, max_ms as max_ms_since_reset, rows_per_call,"    \
    " hit_ratio, query, span_s as window_s, age_s from statements('5m')"                                     \
    " where toplevel and calls_delta > 0 order by total_exec_ms_delta desc limit 50"

#define SQL_ALERTS                                                                                           \
    "select alert_id as id, rule, target, alert_key as key, state, severity, rising, value, value_text,"     \
    " threshold, title, summary, action, runbook as runbook_url, evidence, active_at, fired_at, "            \
    "resolved_at,"                                                                                           \
    " changed_at, since_s, held_s, occurrences, transitions, acked_by, ack_comment, acked_at, ack_until,"    \
    " silenced_by, silenced_until, inhibited_by, flapping, no_data, reason from alerts"                      \
    " order by level desc, changed_at"

#endif
