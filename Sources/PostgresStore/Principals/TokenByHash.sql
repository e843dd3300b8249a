-- TokenByHash
--   $1 hash, $2 now
select token_id, kind, principal_id, name, scopes, partner_id, reporter_id, serial, customer_id, expires_at, ends_at
from holdfast.principal_token
where token_hash = $1
  and expires_at > $2
  and (ends_at is null or ends_at > $2);
