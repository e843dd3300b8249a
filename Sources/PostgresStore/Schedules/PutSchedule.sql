-- PutSchedule: makes or replaces one
--   $1 name, $2 workflow, $3 input, $4 cron, $5 time zone, $6 period in ms, $7 missed, $8 overlap, $9 next moment, $10 now
-- One whose times stay the same goes on as if nothing had been said, so that repeating it delays nothing.
insert into holdfast.schedule as s
    (name, workflow, input, cron, time_zone, every_ms, missed, overlap, next_at, anchor_at, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
on conflict (name) do update
set workflow      = excluded.workflow,
    input         = excluded.input,
    cron          = excluded.cron,
    time_zone     = excluded.time_zone,
    every_ms      = excluded.every_ms,
    missed        = excluded.missed,
    overlap       = excluded.overlap,
    next_at       = case when (s.cron, s.time_zone, s.every_ms)
                            is not distinct from (excluded.cron, excluded.time_zone, excluded.every_ms)
                        then s.next_at else excluded.next_at end,
    anchor_at     = case when (s.cron, s.time_zone, s.every_ms)
                            is not distinct from (excluded.cron, excluded.time_zone, excluded.every_ms)
                        then s.anchor_at else excluded.anchor_at end,
    waiting_since = case when excluded.overlap = 'queue' and s.workflow = excluded.workflow
                        then s.waiting_since end
returning next_at
