-- name: recent_messages :many
-- p95: 5ms
-- param id: select id from bots limit 100
select * from messages where bot_id = :id order by created_at desc limit 50;

-- name: by_text
-- p95: 1ms
-- set t = 'hello 500'
select count(*) from messages where text = :t;

-- name: bots_enabled$
select * from bots where is_enabled = 1 and name <> ';' -- done
