-- EventsAfter
--   $1 position, $2 audiences or null for all, $3 types, $4 beginnings of types as like patterns, $5 most events
select position, type, at, audiences, data
from holdfast.event
where position > $1
  and ($2::text[] is null or audiences && $2)
  and (type = any ($3) or type like any ($4))
order by position
limit $5;
