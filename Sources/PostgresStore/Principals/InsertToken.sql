-- InsertToken
--   $1 id, $2 kind, $3 principal, $4 name, $5 scopes, $6 partner, $7 reporter, $8 serial, $9 customer, $10 hash,
--   $11 now, $12 when it expires
insert into holdfast.principal_token (
    token_id, kind, principal_id, name, scopes, partner_id, reporter_id, serial, customer_id, token_hash,
    created_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);
