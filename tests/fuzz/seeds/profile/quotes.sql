-- set none = null
-- name: by_id
-- param id, v: select id, v from orders order by id limit 100
select * from orders where id = :id and v = :v and :none::text is null;
-- name: seq
-- p95: 1ms
select count(*) from orders where v || 'x' = 'yx';
-- name: writes
with d as (delete from orders returning 1) select * from d;
-- name: sleeps
-- p99: 10ms
select pg_sleep(3);
-- name: sneaky
select set_config('transaction_read_only', 'off', false);
-- name: types
select 1::int, now(), '{1,2}'::int[], 'a'::aclitem is null, e'a\'b:c;' , $$ :x ; $$, array[1,2,3][1:2], '5' -- :foo
