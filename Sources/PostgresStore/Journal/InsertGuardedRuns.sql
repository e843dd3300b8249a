-- InsertGuardedRuns
--   $1 runs, $2 slots, $3 workflows, $4 versions, $5 states, $6 priorities, $7 queues, $8 wake times, $9 deadlines,
--   $10 parents, $11 business keys, $12 days, $13 incarnation, $14 bodies of their first entries
-- Whoever comes second waits for the first one's commit on the index and then does nothing.
with asked as (
    select *
    from unnest(
        $1::uuid[], $2::integer[], $3::text[], $4::integer[], $5::smallint[], $6::smallint[], $7::text[],
        $8::timestamptz[], $9::timestamptz[], $10::uuid[], $11::text[], $12::date[], $14::text[])
        as a (run_id, slot, workflow, version, state, priority, queue, wake_at, deadline, parent, business_key, day, body)
),
won as (
    insert into holdfast.run
        (run_id, slot, workflow, version, state, priority, queue, wake_at, deadline, parent, business_key)
    select run_id, slot, workflow, version, state, priority, queue, wake_at, deadline, parent, business_key
    from asked
    order by workflow, business_key
    on conflict (workflow, business_key) where business_key is not null do nothing
    returning run_id
)
insert into holdfast.journal (day, run_id, seq, last_seq, incarnation, body)
select asked.day, asked.run_id, 0, 0, $13, asked.body
from asked
join won using (run_id)
