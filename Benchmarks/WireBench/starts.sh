#!/bin/sh
# run.start on 64 connections and single-row commits of pgbench's 64 clients, in turn, against one PostgreSQL.
#
#   Benchmarks/PostgresBench/with-cluster.sh Benchmarks/WireBench/starts.sh HOLDFAST WIREBENCH [SECONDS [ROUNDS]]
#
# HOLDFAST and WIREBENCH are release builds.
set -eu
holdfast="$1"; wirebench="$2"; seconds="${3:-5}"; rounds="${4:-3}"
port="${PORT:-7471}"
database="host=$PGHOST user=$PGUSER dbname=$PGDATABASE"
folder="$(mktemp -d /tmp/holdfast-starts-XXXXXX)"
: > "$folder/log"
"$holdfast" serve --canary --database "$database" --migrate --listen "127.0.0.1:$port" 2> "$folder/log" &
node=$!
trap 'kill $node 2>/dev/null; wait $node || true; rm -rf "$folder"' EXIT
until grep -q '"message":"serving"' "$folder/log"; do kill -0 $node; sleep 0.2; done
token="$("$holdfast" token create --kind admin --database "$database" --json |
    sed -n 's/.*"token" *: *"\(hf_[^"]*\)".*/\1/p')"
psql -q -c 'create table public.bench_commit (id bigint generated always as identity primary key,
    client int not null, payload text not null)'
echo "insert into public.bench_commit (client, payload) values (:client_id, repeat('x', 100));" > "$folder/insert.sql"
for round in $(seq "$rounds"); do
    "$wirebench" start "$port" "$token" "$node" "$seconds"
    pgbench -n -M prepared -c 64 -j 2 -T "$seconds" -f "$folder/insert.sql" 2>/dev/null |
        sed -n 's/^tps = \([0-9]*\).*/pgbench, 64 clients: \1 commits\/s/p; s/^latency average = \(.*\)/  latency \1/p'
done
