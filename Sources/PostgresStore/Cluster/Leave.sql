-- Leave
--   $1 incarnation
select holdfast.leave($1)
