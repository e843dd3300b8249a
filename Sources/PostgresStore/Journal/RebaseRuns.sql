-- RebaseRuns: replay of these runs begins at a snapshot from now on
--   $1 runs, $2 the snapshots' entries
update holdfast.run
set base_seq = snapshot.seq
from unnest($1::uuid[], $2::integer[]) as snapshot (run_id, seq)
where run.run_id = snapshot.run_id
