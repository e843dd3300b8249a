-- AnyOpenRun
select run_id
from holdfast.run
limit 1
