-- AcknowledgeEvents
--   $1 principal, $2 name, $3 position, $4 now
update holdfast.event_subscription
set position   = greatest(position, $3),
    updated_at = $4
where principal = $1 and name = $2
returning position;
