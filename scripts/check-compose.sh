#!/bin/sh
# Validates docker-compose.yml with a compose parser. No container engine is needed for that.
set -eu
# The file has no default for the password on purpose; any will do to read it.
HOLDFAST_DB_PASSWORD=${HOLDFAST_DB_PASSWORD:-validation-only}
export HOLDFAST_DB_PASSWORD
for parser in "docker compose" docker-compose podman-compose; do
    if $parser version >/dev/null 2>&1; then
        # The exit status is the verdict; the file itself is printed only on request.
        if output=$($parser --file docker-compose.yml config 2>&1); then
            echo "docker-compose.yml: accepted by $parser"
            exit 0
        fi
        echo "$output" >&2
        exit 1
    fi
done
echo "There is no compose parser to validate docker-compose.yml with: apt-get install docker-compose" >&2
exit 69
