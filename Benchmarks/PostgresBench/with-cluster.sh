#!/bin/sh
# Runs a command with PGHOST, PGUSER and PGDATABASE set to a throw-away PostgreSQL of default durability, which is
# stopped and removed afterwards:
#   Benchmarks/PostgresBench/with-cluster.sh swift run -c release PostgresBench
# With SYNC_MICROSECONDS=300 the disk seems to take so much longer for each sync.
set -eu
programs=$(pg_config --bindir 2>/dev/null || true)
[ -x "$programs/initdb" ] || programs=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
folder=$(mktemp -d /tmp/hf-bench-XXXXXX)
as=""
if [ "$(id -u)" = 0 ]; then
    chown postgres "$folder"
    as="setpriv --reuid=postgres --regid=postgres --clear-groups"
fi
stop() {
    (cd / && $as "$programs/pg_ctl" -D "$folder/data" -m fast -w stop >/dev/null) || true
    rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT TERM
slow=""
if [ -n "${SYNC_MICROSECONDS:-}" ]; then
    cc -O2 -shared -fPIC -o "$folder/slow-sync.so" "$(dirname "$0")/../slow-sync.c" -ldl
    chmod 755 "$folder/slow-sync.so"
    slow="env LD_PRELOAD=$folder/slow-sync.so"
fi
(
    cd /
    $as "$programs/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --data-checksums >/dev/null
    $as $slow "$programs/pg_ctl" -D "$folder/data" -w -l "$folder/log" \
        -o "-k $folder -c listen_addresses= -c max_connections=200" start >/dev/null
)
export PGHOST="$folder" PGUSER=postgres PGDATABASE=postgres PATH="$programs:$PATH"
"$@"
