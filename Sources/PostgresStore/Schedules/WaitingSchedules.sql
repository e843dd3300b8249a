-- WaitingSchedules: the open runs that a start waits for
--   $1 workflows that can be started here
select r.run_id
from holdfast.schedule as s
join holdfast.run as r on r.workflow = s.workflow and r.business_key = 'schedule:' || s.name
where s.waiting_since is not null and s.workflow = any ($1::text[])
