-- InsertClosed
--   $1 days, $2 runs, $3 workflows, $4 versions, $5 outcomes, $6 queues, $7 business keys, $8 parents, $9 times,
--   $10 error types
insert into holdfast.run_closed
    (closed_day, run_id, workflow, version, outcome, queue, business_key, parent, closed_at, error_type)
select *
from unnest(
    $1::date[], $2::uuid[], $3::text[], $4::integer[], $5::smallint[], $6::text[], $7::text[], $8::uuid[],
    $9::timestamptz[], $10::text[])
