-- WaitingSchedules: for each start that waits, the open run that it waits for; null when that has ended
--   $1 workflows that can be started here, $2 schedules to leave out
select r.run_id
from holdfast.schedule as s
left join holdfast.run as r on r.workflow = s.workflow and r.business_key = 'schedule:' || s.name
where s.waiting_since is not null and s.workflow = any ($1::text[]) and s.name <> all ($2::text[])
