-- InsertEvents
--   $1 types, $2 audiences (JSON arrays of text), $3 data
insert into holdfast.event (type, at, audiences, data)
select type, clock_timestamp(), array(select jsonb_array_elements_text(audiences)), data
from unnest($1::text[], $2::jsonb[], $3::jsonb[]) as told (type, audiences, data)
