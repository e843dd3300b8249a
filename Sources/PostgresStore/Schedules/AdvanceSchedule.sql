-- AdvanceSchedule: after its runs were started, in the same transaction
--   $1 name, $2 next moment as it was, $3 next moment, $4 moment of the newest run, $5 moment that waits
update holdfast.schedule
set next_at       = $3,
    last_fired_at = $4,
    waiting_since = $5
where name = $1 and next_at = $2
