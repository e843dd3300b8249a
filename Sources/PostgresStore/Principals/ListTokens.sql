-- ListTokens
-- For operators; reads all.
select token_id, kind, principal_id, name, scopes, partner_id, reporter_id, serial, customer_id, created_at,
       expires_at, ends_at, replaced_by
from holdfast.principal_token
order by created_at, token_id;
