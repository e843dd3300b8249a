-- Renew
--   $1 incarnation, $2 lease in milliseconds
select holdfast.renew($1, $2 * interval '1 millisecond') as view
