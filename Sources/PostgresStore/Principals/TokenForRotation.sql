-- TokenForRotation
--   $1 token id, $2 now
-- Locks the row, so that two rotations at once make one new token each of the other's and not two of this one.
select kind, principal_id, name, scopes, partner_id, reporter_id, serial, customer_id, created_at, expires_at
from holdfast.principal_token
where token_id = $1
  and replaced_by is null
  and expires_at > $2
  and (ends_at is null or ends_at > $2)
for update;
