-- RevokedTokens
--   $1 since, $2 now
-- Reads principal_token_ends_at_idx; a few rows, whatever the number of tokens.
select token_id
from holdfast.principal_token
where ends_at between $1 and $2;
