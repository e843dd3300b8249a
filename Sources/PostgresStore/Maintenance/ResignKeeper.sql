-- ResignKeeper
select pg_advisory_unlock(1213154885, 1)
