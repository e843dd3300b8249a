-- ListSchedules: by name
--   $1 after this name, $2 most rows
select name, workflow, input, cron, time_zone, every_ms, anchor_at, missed, overlap, next_at, last_fired_at,
    waiting_since, created_at
from holdfast.schedule
where name > $1
order by name
limit $2
