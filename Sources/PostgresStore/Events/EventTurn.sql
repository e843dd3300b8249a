-- EventTurn
-- True for the one transaction at a time that may give out places; the others find them given out.
select pg_try_advisory_xact_lock(7420103) as is_mine;
