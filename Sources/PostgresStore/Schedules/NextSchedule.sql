-- NextSchedule: when the next one is due
--   $1 workflows that can be started here, $2 schedules to leave out
select min(next_at) as next_at
from holdfast.schedule
where workflow = any ($1::text[]) and name <> all ($2::text[])
