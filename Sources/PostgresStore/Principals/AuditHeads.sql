-- AuditHeads
-- The end of every chain, as the changes themselves know it.
select chain, sequence, hash
from holdfast.audit_chain
order by chain;
