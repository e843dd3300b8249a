-- AuditPage
--   $1, $2 the chain and sequence of the last entry that was read, $3 most entries
-- Reads the primary key in order.
select chain, sequence, at, method, entity, request_id, hash, entries
from holdfast.audit_log
where (chain, sequence) > ($1, $2)
order by chain, sequence
limit $3;
