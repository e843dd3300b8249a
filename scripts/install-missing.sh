#!/bin/sh
# Installs what building and running need beyond the Swift toolchain: libpq's headers, PostgreSQL's server programs,
# pkg-config. Does nothing, and needs no rights, when they are there. More Debian packages may be named as arguments.
set -eu

missing=""
need() { missing="$missing $1"; }

command -v pkg-config >/dev/null 2>&1 || need pkg-config
if ! command -v pkg-config >/dev/null 2>&1 || ! pkg-config --exists libpq; then need libpq-dev; fi
server() {
    for folder in "${HOLDFAST_POSTGRES_BIN:-}" "$(pg_config --bindir 2>/dev/null || true)" \
        /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/local/pgsql/bin; do
        [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] && return 0
    done
    return 1
}
server || need postgresql
for package in "$@"; do
    dpkg -s "$package" >/dev/null 2>&1 || need "$package"
done
[ -n "$missing" ] || exit 0

echo "Missing:$missing"
if ! command -v apt-get >/dev/null 2>&1; then
    echo "This is no Debian. Install libpq with its headers, PostgreSQL (15 or later) and pkg-config, and call again." >&2
    exit 69
fi
install="apt-get install --yes --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
    as_root="sudo"
else
    echo "Installing them needs root. Type this, then call again:" >&2
    echo "  su -c '$install'" >&2
    exit 77
fi
echo "Installing them: $as_root $install"
$as_root apt-get update --quiet --quiet || echo "could not refresh the package lists; trying with those at hand" >&2
$as_root env DEBIAN_FRONTEND=noninteractive $install </dev/null
