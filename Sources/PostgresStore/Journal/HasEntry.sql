-- HasEntry
--   $1 day, $2 run, $3 entry
select exists (
    select from holdfast.journal
    where day = $1 and run_id = $2 and seq <= $3 and last_seq >= $3
) as found
