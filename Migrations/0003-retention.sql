-- What remains of old journals when their partitions go.
-- holdfast: phase expand

-- Journals of runs that outlived the partition of their day: all days before the oldest partition that is left. Writers
-- need not know, because it is a partition like the others; readers look here when there is none of that day.
-- holdfast: allow create-partition the parent is read by nobody yet, or for a moment
create table holdfast.journal_carried partition of holdfast.journal for values from (minvalue) to ('2000-01-01');

-- Carries what is still wanted of a day's journals over and drops their partition; returns how many rows were carried,
-- or null when nothing was done because they were more than `carry_most`.
--
-- Wanted are the journals of runs that are open, and of those that are closed and still listed. Run ids sort by
-- creation, so those of the day lie between `first_run` and `next_run`, and finding the wanted ones among them costs as
-- much as there are of them. The exclusive lock waits for the commits in flight and keeps others back until the rows
-- are where their runs' next commits will look for them. Days must go in order.
create function holdfast.retire_journal(day date, first_run uuid, next_run uuid, carry_most integer) returns integer
language plpgsql volatile
set search_path = pg_catalog
as $$
declare
    leaf    text := 'journal_' || to_char(day, 'YYYYMMDD');
    wanted  text := format(
        'from holdfast.%I as j where j.day = $1 and j.run_id in ('
        'select run_id from holdfast.run where run_id >= $2 and run_id < $3 union all '
        'select run_id from holdfast.run_closed where run_id >= $2 and run_id < $3)', leaf);
    rows    integer;
begin
    execute 'select count(*) from (select ' || wanted || ' limit $4 + 1) as w'
        into rows using day, first_run, next_run, carry_most;
    if rows > carry_most then
        return null;
    end if;
    lock table only holdfast.journal in access exclusive mode;
    alter table holdfast.journal detach partition holdfast.journal_carried;
    execute 'insert into holdfast.journal_carried (day, run_id, seq, last_seq, incarnation, body) '
        'select j.day, j.run_id, j.seq, j.last_seq, j.incarnation, j.body ' || wanted
        using day, first_run, next_run;
    get diagnostics rows = row_count;
    execute format('drop table holdfast.%I', leaf);
    execute format(
        'alter table holdfast.journal attach partition holdfast.journal_carried for values from (minvalue) to (%L)',
        day + 1);
    return rows;
end
$$;

-- holdfast: down

drop function holdfast.retire_journal(date, uuid, uuid, integer);
drop table holdfast.journal_carried;
