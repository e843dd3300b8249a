-- InsertEvents
--   $1 types, $2 audiences (JSON arrays of text), $3 data, $4 runs, $5 sizes
insert into holdfast.event (type, at, audiences, data, run_id, size)
select type, clock_timestamp(), array(select jsonb_array_elements_text(audiences)), data, run_id, size
from unnest($1::text[], $2::jsonb[], $3::jsonb[], $4::uuid[], $5::integer[]) as told (type, audiences, data, run_id, size)
