-- Messages
--   $1 first slot, $2 last slot, $3 after this message, $4 most rows
select message_id, run_id, kind, body
from holdfast.inbox
where slot between $1 and $2 and message_id > $3
order by message_id
limit $4
