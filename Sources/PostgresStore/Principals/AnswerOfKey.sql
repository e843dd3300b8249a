-- AnswerOfKey
--   $1 principal, $2 method, $3 key, $4 the oldest time of an answer that is still kept
select fingerprint, answer
from holdfast.idempotency_key
where principal = $1 and method = $2 and key = $3
  and created_at >= $4 and answer is not null;
