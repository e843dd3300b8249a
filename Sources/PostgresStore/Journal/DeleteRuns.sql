-- DeleteRuns
--   $1 runs
delete from holdfast.run
where run_id = any ($1::uuid[])
