-- ForgetEvents
--   $1 the oldest time of an event that is still kept, $2 most rows to forget
-- Reads the beginning of event_position_unique: what was told first goes first, and the last place stays taken.
delete from holdfast.event
where position in (
    select position
    from (
        select position, at
        from holdfast.event
        where position is not null
        order by position
        limit $2
    ) as oldest
    where at < $1
      and position < (select max(position) from holdfast.event)
);
