-- UpdateRuns
--   $1 runs, $2 states, $3 wake times, $4 reasons
update holdfast.run
set state   = changed.state,
    wake_at = changed.wake_at,
    reason  = changed.reason
from unnest($1::uuid[], $2::smallint[], $3::timestamptz[], $4::text[]) as changed (run_id, state, wake_at, reason)
where run.run_id = changed.run_id
