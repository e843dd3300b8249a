-- What the engine commits in groups is audited in groups: one link of a chain for each commit.
-- holdfast: phase expand

-- A chain per caller would make the starts of one caller wait for each other's commits. So each lane of a node has a
-- chain of its own, and a link says about all changes of its commit who asked for them: a JSON array of objects with
-- "at", "principal", "method", "entity" and "requestId". Null where the link is one change of the chain's caller.
alter table holdfast.audit_log add column entries text;

-- As the function of the same name, with the entries as one more part.
create function holdfast.audit_hash(
    previous bytea, chain text, sequence bigint, at timestamptz, method text, entity text, request_id text, entries text
) returns bytea
language sql immutable parallel safe
set search_path = pg_catalog
as $function$
    select sha256(previous || convert_to(
        string_agg(octet_length(part) || ':' || part, '' order by place), 'UTF8'))
    from unnest(array[
        chain, sequence::text, (extract(epoch from at) * 1000000)::bigint::text, method, entity, request_id, entries
    ]) with ordinality as parts (part, place)
$function$;

-- One row for each change, for whoever looks for one.
create view holdfast.audit_entry as
    select chain, sequence, at, chain as principal, method, entity, request_id
    from holdfast.audit_log
    where entries is null
    union all
    select audit_log.chain, audit_log.sequence, (entry ->> 'at')::timestamptz, entry ->> 'principal',
        entry ->> 'method', entry ->> 'entity', entry ->> 'requestId'
    from holdfast.audit_log
    cross join lateral jsonb_array_elements(audit_log.entries::jsonb) as entry
    where audit_log.entries is not null;

-- holdfast: down
drop view holdfast.audit_entry;
drop function holdfast.audit_hash(bytea, text, bigint, timestamptz, text, text, text, text);
alter table holdfast.audit_log drop column entries;
