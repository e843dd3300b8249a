-- Probe: waits until nothing of an incarnation is in flight, so that what is not there then will never be
--   $1 incarnation
select pg_advisory_xact_lock(1213154884, $1::integer)
