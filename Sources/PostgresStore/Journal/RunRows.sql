-- RunRows
--   $1 runs
select run_id, workflow, version, state, priority, queue, business_key, wake_at, deadline, parent, reason, base_seq
from holdfast.run
where run_id = any ($1::uuid[])
