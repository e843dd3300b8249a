-- Tokens of callers, the answers kept for idempotency keys, and the audit log.
-- holdfast: phase expand

create schema if not exists holdfast;

-- A token is kept as its hash; what is bound to it is what its caller may see.
create table holdfast.principal_token (
    token_id      text        not null,
    kind          text        not null,
    principal_id  text        not null,
    name          text        not null,
    scopes        text[]      not null,
    partner_id    text,
    reporter_id   text,
    serial        text,
    customer_id   text,
    token_hash    bytea       not null,
    created_at    timestamptz not null,
    expires_at    timestamptz not null,
    -- From this moment on the token is refused before it expires: it was revoked, or the overlap with the token that
    -- replaced it is over.
    ends_at       timestamptz,
    replaced_by   text,

    constraint principal_token_pkey primary key (token_id),
    constraint principal_token_hash_unique unique (token_hash),
    constraint principal_token_hash_is_sha256 check (octet_length(token_hash) = 32),
    constraint principal_token_kind_known
        check (kind in ('admin', 'partner', 'reporter', 'university', 'device', 'customer', 'support')),
    constraint principal_token_partner_is_bound check (kind <> 'partner' or partner_id is not null),
    constraint principal_token_device_is_bound check (kind <> 'device' or serial is not null),
    constraint principal_token_customer_is_bound check (kind <> 'customer' or customer_id is not null),
    constraint principal_token_replacement_known
        foreign key (replaced_by) references holdfast.principal_token (token_id)
);

-- For RevokedTokens, which every node asks several times a second; most tokens never end early.
create index principal_token_ends_at_idx on holdfast.principal_token (ends_at) where ends_at is not null;

-- For the foreign key; most tokens are never replaced.
create index principal_token_replaced_by_idx on holdfast.principal_token (replaced_by) where replaced_by is not null;

create table holdfast.idempotency_key (
    principal    text        not null,
    method       text        not null,
    key          text        not null,
    fingerprint  bytea       not null,
    -- The text of the result; null within the transaction that makes it, which nobody else sees.
    answer       bytea,
    created_at   timestamptz not null,

    constraint idempotency_key_pkey primary key (principal, method, key)
);

-- For ForgetAnswers.
create index idempotency_key_created_at_idx on holdfast.idempotency_key (created_at);

-- The end of each chain of the audit log. There is one per caller, so that callers do not wait for each other.
create table holdfast.audit_chain (
    chain     text   not null,
    sequence  bigint not null,
    hash      bytea  not null,

    constraint audit_chain_pkey primary key (chain)
);

create table holdfast.audit_log (
    chain       text        not null,
    -- Counts from 1 within the chain, without a gap.
    sequence    bigint      not null,
    at          timestamptz not null,
    method      text        not null,
    entity      text        not null,
    request_id  text        not null,
    -- Of the entry and of the hash before it.
    hash        bytea       not null,

    constraint audit_log_pkey primary key (chain, sequence)
);

-- For whoever asks what happened in a period.
create index audit_log_at_idx on holdfast.audit_log (at);

-- SHA-256 over the hash before and the entry, each part behind its length, so that no two entries have the same bytes.
create function holdfast.audit_hash(
    previous bytea, chain text, sequence bigint, at timestamptz, method text, entity text, request_id text
) returns bytea
language sql immutable parallel safe
set search_path = pg_catalog
as $function$
    select sha256(previous || convert_to(
        string_agg(octet_length(part) || ':' || part, '' order by place), 'UTF8'))
    from unnest(array[
        chain, sequence::text, (extract(epoch from at) * 1000000)::bigint::text, method, entity, request_id
    ]) with ordinality as parts (part, place)
$function$;

create function holdfast.refuse_audit_change() returns trigger
language plpgsql
set search_path = pg_catalog
as $function$
begin
    raise exception 'the audit log is only ever added to';
end
$function$;

create trigger audit_log_is_append_only
    before update or delete or truncate on holdfast.audit_log
    for each statement execute function holdfast.refuse_audit_change();

-- holdfast: down
drop table holdfast.audit_log;
drop table holdfast.audit_chain;
drop table holdfast.idempotency_key;
drop table holdfast.principal_token;
drop function holdfast.refuse_audit_change();
drop function holdfast.audit_hash(bytea, text, bigint, timestamptz, text, text, text);
