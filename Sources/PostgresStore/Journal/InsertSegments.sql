-- InsertSegments
--   $1 days, $2 runs, $3 first entries, $4 last entries, $5 incarnation, $6 bodies
insert into holdfast.journal (day, run_id, seq, last_seq, incarnation, body)
select day, run_id, seq, last_seq, $5, body
from unnest($1::date[], $2::uuid[], $3::integer[], $4::integer[], $6::text[]) as s (day, run_id, seq, last_seq, body)
