-- Hint
--   $1 channel
select pg_notify($1, '')
