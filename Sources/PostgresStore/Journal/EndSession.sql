-- EndSession: ends one of this process's sessions and waits for that; whether it is gone
--   $1 the server's process, $2 how long to wait in milliseconds
select case
    when exists (
        select from pg_stat_activity where pid = $1 and application_name = current_setting('application_name')
    ) then pg_terminate_backend($1, $2)
    else true
end as is_gone
