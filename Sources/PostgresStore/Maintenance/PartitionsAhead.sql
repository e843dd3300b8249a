-- PartitionsAhead: how many were missing
--   $1 first day, $2 days
select holdfast.make_partitions($1, $2) as made
