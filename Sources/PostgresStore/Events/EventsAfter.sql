-- EventsAfter
--   $1 position, $2 types, $3 beginnings of types as like patterns, $4 most rows
select position, size, type, at, audiences, data
from holdfast.event
where position > $1
  and (type = any ($2) or type like any ($3))
order by position
limit $4;
