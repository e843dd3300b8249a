-- AppendCommitAudit
--   $1 chain of the lane, $2 at, $3 the changes of the commit, as a JSON array
-- Last statement of a commit: whoever holds the end of the chain waits for nothing any more.
with link as (
    insert into holdfast.audit_chain as head (chain, sequence, hash)
    values ($1, 1, holdfast.audit_hash('', $1, 1, $2, 'engine.commit', 'runs', '', $3))
    on conflict (chain) do update
        set sequence = head.sequence + 1,
            hash     = holdfast.audit_hash(
                head.hash, $1, head.sequence + 1, $2, 'engine.commit', 'runs', '', $3)
    returning chain, sequence, hash
)
insert into holdfast.audit_log (chain, sequence, at, method, entity, request_id, hash, entries)
select chain, sequence, $2, 'engine.commit', 'runs', '', hash, $3
from link;
