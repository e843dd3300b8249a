-- ForgetCarried: journals that outlived their day's partition and are wanted by nobody any more
delete from holdfast.journal_carried
where run_id in (
    select c.run_id
    from (select distinct run_id from holdfast.journal_carried) as c
    where not exists (select from holdfast.run as r where r.run_id = c.run_id)
        and not exists (select from holdfast.run_closed as r where r.run_id = c.run_id)
)
