-- LockSchedule: one schedule, held against whoever else starts its runs
--   $1 name
select name, workflow, input, cron, time_zone, every_ms, anchor_at, missed, overlap, next_at, last_fired_at,
    waiting_since, created_at
from holdfast.schedule
where name = $1
for update
