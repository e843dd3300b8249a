-- PlaceEvents
--   $1 most rows
-- Runs after EventTurn, as a statement of its own: its snapshot must be younger than the lock.
-- event_id is the order in which events were told, and an event told because of another has the higher one.
with unplaced as (
    select event_id, sum(size) over (order by event_id) as place
    from holdfast.event
    where position is null
    order by event_id
    limit $1
)
update holdfast.event
set position = unplaced.place + (select coalesce(max(position), 0) from holdfast.event)
from unplaced
where event.event_id = unplaced.event_id;
