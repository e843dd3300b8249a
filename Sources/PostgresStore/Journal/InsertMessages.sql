-- InsertMessages
--   $1 slots, $2 runs, $3 kinds, $4 bodies
insert into holdfast.inbox (slot, run_id, kind, body)
select *
from unnest($1::integer[], $2::uuid[], $3::text[], $4::text[])
