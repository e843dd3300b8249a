-- ForgetAnswers
--   $1 the oldest time of an answer that is still kept, $2 most rows to forget
delete from holdfast.idempotency_key
where ctid = any (array(
    select ctid
    from holdfast.idempotency_key
    where created_at < $1
    order by created_at
    limit $2));
