-- PostMessage: leaves a message for a run, if it is open
--   $1 run, $2 kind, $3 body
insert into holdfast.inbox (slot, run_id, kind, body)
select slot, run_id, $2, $3
from holdfast.run
where run_id = $1
