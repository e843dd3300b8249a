-- RetireJournal
--   $1 day, $2 lowest id of a run of that day, $3 of the next day, $4 most rows to carry
select holdfast.retire_journal($1, $2, $3, $4) as carried
