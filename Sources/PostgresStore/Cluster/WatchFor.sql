-- WatchFor: how long this transaction waits for a lock
--   $1 time, with unit
select set_config('lock_timeout', $1, true)
