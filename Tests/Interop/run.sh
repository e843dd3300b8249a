#!/bin/sh
# Runs the same scenarios through nc, aiorpcX and pjrpc; pyx12 reads our acknowledgements, and the library of Standard
# Webhooks signs messages for us.
#
#   Tests/Interop/run.sh                    against a server of its own, built if need be
#   Tests/Interop/run.sh HOST PORT TOKEN    against one that is running; the token is an admin's
#
# The Python packages go into an environment below .build.
set -eu
root="$(cd "$(dirname "$0")/../.." && pwd)"
venv="$root/.build/interop"
if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import aiorpcx, jsonschema, pjrpc, pyx12, standardwebhooks' 2>/dev/null; then
    python3 -m venv "$venv"
    "$venv/bin/pip" --quiet --disable-pip-version-check install aiorpcX==0.25.0 pjrpc==2.2.0 \
        pyx12==4.0.0 standardwebhooks==1.1.0 jsonschema==4.26.0
fi

if [ $# -eq 3 ]; then
    exec "$venv/bin/python" "$root/Tests/Interop/interop.py" "$@"
fi

cd "$root"
if [ -z "${HOLDFAST_BINARY:-}" ]; then
    swift build --product holdfast
    HOLDFAST_BINARY="$(swift build --show-bin-path)/holdfast"
fi
work="$(mktemp -d)"
port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
export HOLDFAST_UNIVERSITY_WEBHOOK_SECRET="whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
"$HOLDFAST_BINARY" serve --data-dir "$work" --listen "127.0.0.1:$port" --canary >"$work/log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null; rm -rf "$work"' EXIT
for _ in $(seq 300); do
    if [ -s "$work/admin.token" ] && nc -z 127.0.0.1 "$port" 2>/dev/null; then break; fi
    kill -0 $server 2>/dev/null || { cat "$work/log"; exit 1; }
    sleep 0.1
done
university="$("$HOLDFAST_BINARY" token create --kind university --data-dir "$work")"
"$venv/bin/python" Tests/Interop/interop.py 127.0.0.1 "$port" "$(cat "$work/admin.token")" "$university" || { tail -20 "$work/log"; exit 1; }
