-- HandOver
--   $1 first slot, $2 last slot, $3 giver, $4 heir
select holdfast.hand_over($1, $2, $3, $4) as handed
