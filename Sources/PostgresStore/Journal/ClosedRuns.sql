-- ClosedRuns: which of these runs ended
--   $1 runs
select run_id
from holdfast.run_closed
where run_id = any ($1::uuid[])
