-- EventsOfAudiences
--   $1 position, $2 types, $3 beginnings of types as like patterns, $4 most events, $5 audiences
-- Apart from EventsAfter, so that each has the plan of its own index.
-- A row may stand for many events: no more rows than hold those.
select position, size, type, at, audiences, data
from (
    select *, sum(size) over (order by position) as through
    from (
        select position, size, type, at, audiences, data
        from holdfast.event
        where position > $1
          and (type = any ($2) or type like any ($3))
          and audiences && $5
          and audiences <> '{}'
        order by position
        limit $4
    ) as next
) as page
where through - size < $4
order by position;
