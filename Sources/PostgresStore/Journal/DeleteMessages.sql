-- DeleteMessages
--   $1 messages
delete from holdfast.inbox
where message_id = any ($1::bigint[])
