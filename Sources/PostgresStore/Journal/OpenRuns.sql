-- OpenRuns
--   $1 first slot, $2 last slot, $3 after this slot, $4 after this run in it, $5 most rows
select run_id, workflow, version, state, priority, queue, business_key, wake_at, deadline, parent, reason, slot
from holdfast.run
where slot between $1 and $2 and (slot, run_id) > ($3, $4)
order by slot, run_id
limit $5
