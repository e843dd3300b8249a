-- PartitionDays: the days that a table has a partition of its own for, oldest first
--   $1 table
select to_date(right(c.relname, 8), 'YYYYMMDD') as day
from pg_catalog.pg_inherits as i
join pg_catalog.pg_class as c on c.oid = i.inhrelid
where i.inhparent = ('holdfast.' || $1)::regclass and c.relname ~ ('^' || $1 || '_[0-9]{8}$')
order by day
