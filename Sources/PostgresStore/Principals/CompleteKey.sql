-- CompleteKey
--   $1 principal, $2 method, $3 key, $4 answer
update holdfast.idempotency_key
set answer = $4
where principal = $1 and method = $2 and key = $3;
