-- KeepAnswer
--   $1 principal, $2 method, $3 key, $4 fingerprint, $5 answer, $6 now, $7 the oldest time of an answer still kept
insert into holdfast.idempotency_key as kept (principal, method, key, fingerprint, answer, created_at)
values ($1, $2, $3, $4, $5, $6)
on conflict (principal, method, key) do update
    set fingerprint = excluded.fingerprint,
        answer      = excluded.answer,
        created_at  = excluded.created_at
    where kept.created_at < $7;
