-- AppendAudit
--   $1 chain, $2 at, $3 method, $4 entity, $5 request id
-- Locks the end of the caller's own chain until the transaction ends; so it comes last in it.
with link as (
    insert into holdfast.audit_chain as head (chain, sequence, hash)
    values ($1, 1, holdfast.audit_hash('', $1, 1, $2, $3, $4, $5))
    on conflict (chain) do update
        set sequence = head.sequence + 1,
            hash     = holdfast.audit_hash(head.hash, $1, head.sequence + 1, $2, $3, $4, $5)
    returning chain, sequence, hash
)
insert into holdfast.audit_log (chain, sequence, at, method, entity, request_id, hash)
select chain, sequence, $2, $3, $4, $5, hash
from link;
