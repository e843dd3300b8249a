-- DueRuns
--   $1 first slot, $2 last slot, $3 from, $4 until
select run_id, workflow, version, state, priority, queue, business_key, wake_at, deadline, parent, reason
from holdfast.run
where wake_at >= $3 and wake_at < $4 and slot between $1 and $2
