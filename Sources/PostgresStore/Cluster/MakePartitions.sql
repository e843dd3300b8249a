-- MakePartitions: of yesterday, for runs that were created just before midnight, to three days ahead
select holdfast.make_partitions((now() at time zone 'utc')::date - 1, 5)
