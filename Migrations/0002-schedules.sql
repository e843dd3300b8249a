-- Schedules: what starts runs again and again.
-- holdfast: phase expand

create table holdfast.schedule (
    name           text        not null,
    workflow       text        not null,
    -- JSON, kept to the letter.
    input          text        not null,
    cron           text,
    time_zone      text,
    every_ms       bigint,
    -- From when a period counts.
    anchor_at      timestamptz not null,
    missed         text        not null,
    overlap        text        not null,
    -- The oldest moment that no run was started for and that was not given up. Whoever starts its run moves it on in
    -- the same commit, so each moment has one run.
    next_at        timestamptz not null,
    last_fired_at  timestamptz,
    -- The moment whose start waits until an open run of this schedule has ended.
    waiting_since  timestamptz,
    created_at     timestamptz not null,

    constraint schedule_pkey primary key (name),
    constraint schedule_has_one_cadence check ((cron is null) <> (every_ms is null)),
    constraint schedule_cron_has_zone check ((cron is null) = (time_zone is null)),
    constraint schedule_period_is_positive check (every_ms > 0),
    constraint schedule_missed_known check (missed in ('skip', 'latest', 'all')),
    constraint schedule_overlap_known check (overlap in ('allow', 'skip', 'queue')),
    constraint schedule_waits_only_in_queue check (waiting_since is null or overlap = 'queue')
);

-- For DueSchedule and NextSchedule.
create index schedule_next_at_idx on holdfast.schedule (next_at);

-- For DueSchedule and WaitingSchedules: few wait at a time.
create index schedule_waiting_idx on holdfast.schedule (name) where waiting_since is not null;

-- holdfast: down

drop table holdfast.schedule;
