-- SubscriptionsOf
--   $1 principal
select name, types, position
from holdfast.event_subscription
where principal = $1
order by name;
