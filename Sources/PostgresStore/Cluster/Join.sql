-- Join
--   $1 node, $2 build, $3 session name, $4 lease in milliseconds
insert into holdfast.incarnation (node, build, session_name, lease_until)
values ($1, $2, $3, clock_timestamp() + $4 * interval '1 millisecond')
returning incarnation_id
