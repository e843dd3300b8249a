-- TakeOver
--   $1 dead incarnation, $2 heir
select first_slot, last_slot
from holdfast.take_over($1, $2)
