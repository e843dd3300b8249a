-- ClaimKey
--   $1 principal, $2 method, $3 key, $4 fingerprint, $5 now, $6 the oldest time of an answer that is still kept
-- Waits for a transaction that is claiming the same key. No row comes back if the key is taken.
insert into holdfast.idempotency_key as taken (principal, method, key, fingerprint, created_at)
values ($1, $2, $3, $4, $5)
on conflict (principal, method, key) do update
    set fingerprint = excluded.fingerprint,
        answer      = null,
        created_at  = excluded.created_at
    where taken.created_at < $6
returning key;
