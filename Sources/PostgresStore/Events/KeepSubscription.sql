-- KeepSubscription
--   $1 principal, $2 name, $3 types, $4 position, $5 now
insert into holdfast.event_subscription (principal, name, types, position, updated_at)
values ($1, $2, $3, $4, $5)
on conflict (principal, name) do update
    set types      = excluded.types,
        position   = excluded.position,
        updated_at = excluded.updated_at;
