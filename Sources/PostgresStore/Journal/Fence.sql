-- Fence
--   $1 incarnation
select holdfast.fence($1)
