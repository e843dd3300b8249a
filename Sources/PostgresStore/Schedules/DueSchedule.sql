-- DueSchedule: locks one schedule that is due, or that waited for a run which has ended
--   $1 now, $2 workflows that can be started here, $3 schedules to leave out
-- Nodes skip each other's rows instead of queueing; a row that another one moved on meanwhile is looked at again.
select name, workflow, input, cron, time_zone, every_ms, anchor_at, missed, overlap, next_at, last_fired_at,
    waiting_since, created_at
from holdfast.schedule as s
where workflow = any ($2::text[])
    and name <> all ($3::text[])
    and (
        next_at <= $1
        or waiting_since is not null and not exists (
            select
            from holdfast.run as r
            where r.workflow = s.workflow and r.business_key = 'schedule:' || s.name)
    )
order by next_at
limit 1
for update skip locked
