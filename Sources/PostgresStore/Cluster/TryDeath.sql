-- TryDeath
--   $1 lock class, $2 incarnation
select pg_try_advisory_xact_lock_shared($1, $2) as is_free
