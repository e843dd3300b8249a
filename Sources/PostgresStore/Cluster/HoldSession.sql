-- HoldSession: held until the connection ends
--   $1 lock class, $2 incarnation
select pg_advisory_lock($1, $2)
