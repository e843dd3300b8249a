-- RunOfKey
--   $1 workflow, $2 business key
select run_id
from holdfast.run
where workflow = $1 and business_key = $2
