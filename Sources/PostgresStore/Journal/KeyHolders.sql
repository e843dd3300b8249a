-- KeyHolders: which open run has each business key
--   $1 runs that asked, $2 workflows, $3 business keys
select asked.run_id as asked, run.run_id as holder
from unnest($1::uuid[], $2::text[], $3::text[]) as asked (run_id, workflow, business_key)
join holdfast.run on run.workflow = asked.workflow and run.business_key = asked.business_key
