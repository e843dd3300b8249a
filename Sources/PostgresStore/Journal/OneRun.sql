-- OneRun
--   $1 run
select run_id, workflow, version, state, null::smallint as outcome, queue, business_key, parent,
    null::timestamptz as closed_at, reason
from holdfast.run
where run_id = $1
union all
select run_id, workflow, version, null, outcome, queue, business_key, parent, closed_at, null
from holdfast.run_closed
where run_id = $1
limit 1
