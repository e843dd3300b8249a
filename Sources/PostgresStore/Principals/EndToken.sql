-- EndToken
--   $1 token id, $2 when it ends, $3 the token that replaces it, or null
-- An end that is set already is only ever moved forward in time to an earlier one.
update holdfast.principal_token
set ends_at     = least(ends_at, $2),
    replaced_by = coalesce($3, replaced_by)
where token_id = $1
returning token_id;
