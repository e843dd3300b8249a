-- Nodes, the slots they own, the runs that are open, their journals, and the runs that are closed.
-- holdfast: phase expand

create schema if not exists holdfast;

-- One start of a server process. A number is never used again, so nothing that an old process still sends can be
-- taken for the new one's.
create table holdfast.incarnation (
    incarnation_id  bigint      generated always as identity,
    node            text        not null,
    build           text        not null,
    -- The application_name of all its connections: a take-over ends what is left of them.
    session_name    text        not null,
    state           text        not null default 'live',
    -- By the database's clock. Whoever has not renewed it by then is taken over.
    lease_until     timestamptz not null,
    started_at      timestamptz not null default now(),

    constraint incarnation_pkey primary key (incarnation_id),
    constraint incarnation_state_known check (state in ('live', 'draining', 'fenced', 'gone'))
);

-- Who owns which hash slots: together the rows cover all of them, each once.
create table holdfast.slot_range (
    first_slot  integer not null,
    last_slot   integer not null,
    owner       bigint,
    -- Grows with every change of the owner.
    epoch       bigint  not null default 0,

    constraint slot_range_pkey primary key (first_slot),
    constraint slot_range_is_range check (first_slot <= last_slot),
    constraint slot_range_owner_known foreign key (owner) references holdfast.incarnation (incarnation_id)
);

insert into holdfast.slot_range (first_slot, last_slot) values (0, 16383);

-- Open runs only. A run that begins and ends between two commits never comes here.
create table holdfast.run (
    run_id        uuid        not null,
    slot          integer     not null,
    workflow      text        not null,
    version       integer     not null,
    -- 0 queued, 1 active, 2 parked, 3 paused, 4 quarantined
    state         smallint    not null,
    priority      smallint    not null,
    queue         text,
    business_key  text,
    -- When the owner is to wake a parked run or to start a queued one.
    wake_at       timestamptz,
    deadline      timestamptz,
    parent        uuid,
    reason        text,
    -- Replay begins at this entry of the journal.
    base_seq      integer     not null default 0,

    constraint run_pkey primary key (run_id),
    constraint run_state_known check (state between 0 and 4)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

-- For OpenRuns: what a new owner of slots has to take up.
create index run_slot_idx on holdfast.run (slot, run_id);

-- For DueRuns: timers too far away to be kept in memory.
create index run_wake_idx on holdfast.run (wake_at) where wake_at is not null;

-- One open run per workflow and business key.
create unique index run_business_key_idx on holdfast.run (workflow, business_key) where business_key is not null;

-- The history of every run: one row for the entries that one commit added to it. Partitioned by the UTC day on which
-- the run was created, which its id tells; rows are only ever added, and go with their whole partition.
create table holdfast.journal (
    day          date    not null,
    run_id       uuid    not null,
    -- The first and the last entry in the body.
    seq          integer not null,
    last_seq     integer not null,
    incarnation  bigint  not null,
    -- A JSON array of entries; read it with body::jsonb.
    body         text    not null,

    constraint journal_pkey primary key (day, run_id, seq)
) partition by range (day);

-- What lists and searches need of runs that ended. Partitioned by the UTC day on which they ended.
create table holdfast.run_closed (
    closed_day    date        not null,
    run_id        uuid        not null,
    workflow      text        not null,
    version       integer     not null,
    -- 0 completed, 1 failed, 2 cancelled
    outcome       smallint    not null,
    queue         text,
    business_key  text,
    parent        uuid,
    closed_at     timestamptz not null,
    error_type    text,

    constraint run_closed_pkey primary key (run_id, closed_day),
    constraint run_closed_outcome_known check (outcome between 0 and 2)
) partition by range (closed_day);

-- For ListRuns by workflow, by what failed, and by business key.
create index run_closed_workflow_idx on holdfast.run_closed (workflow, run_id);
create index run_closed_failed_idx on holdfast.run_closed (outcome, run_id) where outcome <> 0;
create index run_closed_key_idx on holdfast.run_closed (business_key, run_id) where business_key is not null;

-- Messages for runs that lie elsewhere or are not in memory; their owner deletes them in the commit that takes them up.
create table holdfast.inbox (
    message_id  bigint  generated always as identity,
    slot        integer not null,
    run_id      uuid    not null,
    -- signal, child-ended, command, adopt
    kind        text    not null,
    body        text,

    constraint inbox_pkey primary key (message_id),
    constraint inbox_kind_known check (kind in ('signal', 'child-ended', 'command', 'adopt'))
) with (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02);

-- For Messages: what waits for an owner of slots.
create index inbox_slot_idx on holdfast.inbox (slot, message_id);

-- Raises HF001 unless the incarnation may still write. The shared lock makes a take-over wait until everything in
-- flight is committed, so the new owner reads a journal at rest. An advisory lock, because share-locking the row from
-- several connections would write to it.
create function holdfast.fence(incarnation bigint) returns void
language plpgsql volatile
set search_path = pg_catalog
as $$
begin
    perform pg_advisory_xact_lock_shared(1213154884, incarnation::integer);
    if not exists (
        select from holdfast.incarnation
        where incarnation_id = fence.incarnation and state in ('live', 'draining')
    ) then
        raise exception 'incarnation % was fenced', incarnation using errcode = 'HF001';
    end if;
end
$$;

-- Renews the lease of a live incarnation and returns, in one round trip, all that a node needs to know of the others:
-- {"now", "members": [{"id", "node", "state", "expired"}], "holdings": [{"first", "last", "owner"}], "messages": bool}.
-- Raises HF001 when the incarnation was fenced.
create function holdfast.renew(incarnation bigint, lease interval) returns jsonb
language plpgsql volatile
set search_path = pg_catalog
as $$
declare
    moment timestamptz := clock_timestamp();
begin
    update holdfast.incarnation
    set lease_until = moment + lease
    where incarnation_id = renew.incarnation and state in ('live', 'draining');
    if not found then
        raise exception 'incarnation % was fenced', incarnation using errcode = 'HF001';
    end if;
    return jsonb_build_object(
        'now', (extract(epoch from moment) * 1000000)::bigint,
        'members', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', i.incarnation_id, 'node', i.node, 'state', i.state, 'expired', i.lease_until < moment)), '[]')
            from holdfast.incarnation as i
            where i.state in ('live', 'draining')),
        'holdings', (
            select jsonb_agg(jsonb_build_object('first', r.first_slot, 'last', r.last_slot, 'owner', r.owner))
            from holdfast.slot_range as r),
        'messages', exists (
            select
            from holdfast.slot_range as r
            join holdfast.inbox as m on m.slot between r.first_slot and r.last_slot
            where r.owner = renew.incarnation));
end
$$;

-- Fences an incarnation and gives its slots to another one; returns the ranges that changed hands.
-- The order matters: what is left of its sessions ends first, because one that hangs in the middle of a commit would
-- keep its lock; then the exclusive lock waits for commits in flight; only then is it fenced.
create function holdfast.take_over(dead bigint, heir bigint)
returns table (first_slot integer, last_slot integer)
language plpgsql volatile
set search_path = pg_catalog
as $$
begin
    perform holdfast.fence(heir);
    perform pg_terminate_backend(a.pid)
    from holdfast.incarnation as i
    join pg_stat_activity as a on a.application_name = i.session_name
    where i.incarnation_id = dead and i.state in ('live', 'draining') and a.pid <> pg_backend_pid()
        -- A process that joined again since then is alive and knows that it was fenced: its sessions are its new self's.
        and not exists (
            select from holdfast.incarnation as newer
            where newer.session_name = i.session_name and newer.incarnation_id > dead);
    perform pg_advisory_xact_lock(1213154884, dead::integer);
    update holdfast.incarnation set state = 'fenced'
    where incarnation_id = dead and state in ('live', 'draining');
    return query
        update holdfast.slot_range as r
        set owner = heir, epoch = epoch + 1
        where r.owner = dead
        returning r.first_slot, r.last_slot;
end
$$;

-- Gives a part of the slots of one owner, or of nobody, to another incarnation; false, and nothing happens, when they
-- are not all the giver's any more.
create function holdfast.hand_over(first integer, last integer, giver bigint, heir bigint) returns boolean
language plpgsql volatile
set search_path = pg_catalog
as $$
declare
    held holdfast.slot_range%rowtype;
begin
    select * into held
    from holdfast.slot_range
    where first_slot <= first and last_slot >= last and owner is not distinct from giver
    for update;
    if not found then
        return false;
    end if;
    -- Whoever fences the heir waits until this is committed, and then finds the range.
    perform pg_advisory_xact_lock_shared(1213154884, heir::integer);
    if not exists (
        select from holdfast.incarnation where incarnation_id = heir and state = 'live'
    ) then
        return false;
    end if;
    delete from holdfast.slot_range where first_slot = held.first_slot;
    if held.first_slot < first then
        insert into holdfast.slot_range values (held.first_slot, first - 1, giver, held.epoch);
    end if;
    insert into holdfast.slot_range values (first, last, heir, held.epoch + 1);
    if held.last_slot > last then
        insert into holdfast.slot_range values (last + 1, held.last_slot, giver, held.epoch);
    end if;
    return true;
end
$$;

-- Ends an incarnation that stops by itself; its slots are nobody's until somebody takes them.
create function holdfast.leave(incarnation bigint) returns void
language plpgsql volatile
set search_path = pg_catalog
as $$
begin
    perform pg_advisory_xact_lock(1213154884, incarnation::integer);
    update holdfast.incarnation set state = 'gone' where incarnation_id = leave.incarnation;
    update holdfast.slot_range set owner = null, epoch = epoch + 1 where owner = leave.incarnation;
end
$$;

-- Makes the partitions of the days from `first` on, as far as they are missing; returns how many were made.
create function holdfast.make_partitions(first date, days integer) returns integer
language plpgsql volatile
set search_path = pg_catalog
as $$
declare
    made   integer := 0;
    day    date;
    parent text;
    leaf   text;
begin
    perform pg_advisory_xact_lock(1213154885, 0);
    for day in select first + n from generate_series(0, days - 1) as n loop
        foreach parent in array array['journal', 'run_closed'] loop
            leaf := parent || '_' || to_char(day, 'YYYYMMDD');
            continue when to_regclass('holdfast.' || leaf) is not null;
            execute format(
                'create table holdfast.%I partition of holdfast.%I for values from (%L) to (%L)',
                leaf, parent, day, day + 1);
            made := made + 1;
        end loop;
    end loop;
    return made;
end
$$;

-- holdfast: down

drop function holdfast.make_partitions(date, integer);
drop function holdfast.leave(bigint);
drop function holdfast.hand_over(integer, integer, bigint, bigint);
drop function holdfast.take_over(bigint, bigint);
drop function holdfast.renew(bigint, interval);
drop function holdfast.fence(bigint);
drop table holdfast.inbox;
drop table holdfast.run_closed;
drop table holdfast.journal;
drop table holdfast.run;
drop table holdfast.slot_range;
drop table holdfast.incarnation;
