-- LastPlace
-- Reads the end of event_position_unique.
select coalesce(max(position), 0) as position
from holdfast.event;
