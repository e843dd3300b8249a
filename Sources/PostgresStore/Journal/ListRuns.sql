-- ListRuns: newest first
--   $1 workflow, $2 business key, $3 no older than this id, $4 older than this id, $5 states of open runs,
--   $6 outcomes of closed runs, $7 most rows; null stands for any
(
    select run_id, workflow, version, state, null::smallint as outcome, queue, business_key, parent,
        null::timestamptz as closed_at, reason
    from holdfast.run
    where ($1::text is null or workflow = $1)
        and ($2::text is null or business_key = $2)
        and ($3::uuid is null or run_id >= $3)
        and ($4::uuid is null or run_id < $4)
        and ($5::smallint[] is null or state = any ($5))
    order by run_id desc
    limit $7
)
union all
(
    select run_id, workflow, version, null, outcome, queue, business_key, parent, closed_at, null
    from holdfast.run_closed
    where ($1::text is null or workflow = $1)
        and ($2::text is null or business_key = $2)
        and ($3::uuid is null or run_id >= $3)
        and ($4::uuid is null or run_id < $4)
        and ($6::smallint[] is null or outcome = any ($6))
    order by run_id desc
    limit $7
)
order by run_id desc
limit $7
