-- RemoveSchedule
--   $1 name
delete from holdfast.schedule
where name = $1
