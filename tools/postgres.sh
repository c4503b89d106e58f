#!/bin/sh
# Install PostgreSQL's server for the tests, when it is missing and when this user may.
# Without it the tests that need it are skipped (and fail where CI is set).
set -eu

if command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
    exit 0
fi

if ! command -v apt-get >/dev/null; then
    echo "PostgreSQL is not installed: its tests will be skipped." >&2
    exit 0
fi

if [ "$(id -u)" = 0 ]; then
    root=""
elif sudo -n true 2>/dev/null; then
    root="sudo"
else
    echo "PostgreSQL is not installed: its tests will be skipped. To have them: sudo apt-get install postgresql" >&2
    exit 0
fi

export DEBIAN_FRONTEND=noninteractive
install() {
    $root apt-get install --yes --quiet --quiet --no-install-recommends "$1" >/dev/null
}

echo "Installing PostgreSQL for the tests"
$root apt-get update --quiet --quiet || true
install postgresql-15 2>/dev/null || install postgresql ||
    echo "PostgreSQL could not be installed: its tests will be skipped." >&2
