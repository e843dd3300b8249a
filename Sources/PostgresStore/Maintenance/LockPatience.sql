-- LockPatience: how long this transaction waits for a lock, during which everybody else waits behind it
--   $1 time, with unit
select set_config('lock_timeout', $1, true)
