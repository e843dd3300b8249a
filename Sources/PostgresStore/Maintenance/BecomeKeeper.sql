-- BecomeKeeper: whether this session may tidy up; no more than one does at a time
select pg_try_advisory_lock(1213154885, 1) as is_free
