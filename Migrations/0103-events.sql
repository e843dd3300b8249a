-- The log of events, and how far each durable subscription has read it.
-- holdfast: phase expand

-- An event is written in the transaction of what it tells, without a place in the log. Places are given out afterwards,
-- by one transaction at a time, to events that are committed: so whoever has read up to a place has missed nothing
-- before it, which an order by event_id cannot promise, because a lower id may commit later.
create table holdfast.event (
    event_id   bigint      generated always as identity,
    position   bigint,
    type       text        not null,
    at         timestamptz not null,
    -- Who sees it besides admins: 'partner:P-1001', or a whole kind: 'support'.
    audiences  text[]      not null,
    data       jsonb       not null,
    -- The run that told it; null when a method did.
    run_id     uuid,
    -- How many events it stands for: one commit of the engine tells of all runs that it closed in one row, whose data
    -- are an array of so many. They have the places up to `position`, one each.
    size       integer     not null default 1,

    constraint event_pkey primary key (event_id),
    constraint event_position_unique unique (position),
    constraint event_size_positive check (size > 0)
);

-- For PlaceEvents; empty but for the events of the last moment.
create index event_unplaced_idx on holdfast.event (event_id) where position is null;

-- For EventsOfAudiences: callers that see few of the events. What only admins see is not in it.
create index event_audiences_idx on holdfast.event using gin (audiences) where audiences <> '{}';

create table holdfast.event_subscription (
    principal   text        not null,
    name        text        not null,
    types       text[]      not null,
    -- Everything up to here has been acknowledged.
    position    bigint      not null,
    updated_at  timestamptz not null,

    constraint event_subscription_pkey primary key (principal, name)
);

grant insert on holdfast.event to holdfast_tenant;
alter table holdfast.event enable row level security;
create policy event_may_be_told on holdfast.event for insert to holdfast_tenant with check (position is null);

-- holdfast: down
drop table holdfast.event_subscription;
drop table holdfast.event;
