-- AwaitDeath: returns when nobody holds the session lock of an incarnation any more
--   $1 lock class, $2 incarnation
select pg_advisory_xact_lock_shared($1, $2)
