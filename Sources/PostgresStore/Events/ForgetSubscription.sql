-- ForgetSubscription
--   $1 principal, $2 name
delete from holdfast.event_subscription
where principal = $1 and name = $2;
