-- InsertRuns
--   $1 runs, $2 slots, $3 workflows, $4 versions, $5 states, $6 priorities, $7 queues, $8 wake times, $9 deadlines,
--   $10 parents, $11 reasons
insert into holdfast.run
    (run_id, slot, workflow, version, state, priority, queue, wake_at, deadline, parent, reason)
select *
from unnest(
    $1::uuid[], $2::integer[], $3::text[], $4::integer[], $5::smallint[], $6::smallint[], $7::text[],
    $8::timestamptz[], $9::timestamptz[], $10::uuid[], $11::text[])
