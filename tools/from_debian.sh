#!/bin/sh
# Install a part of the tests from Debian's packages, when it is missing and when this user may.
# Without it the tests that need it are skipped (and fail where CI is set).
#
#   tools/from_debian.sh postgresql | chromium
set -eu

case "$1" in
postgresql)
    command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && exit 0
    choices="postgresql-15 postgresql"
    ;;
chromium)
    command -v chromium >/dev/null && exit 0
    choices="chromium+fonts-dejavu-core" # on a bare machine it has no letters to draw
    ;;
*)
    echo "usage: tools/from_debian.sh postgresql | chromium" >&2
    exit 2
    ;;
esac

if ! command -v apt-get >/dev/null; then
    echo "$1 is not installed: its tests will be skipped." >&2
    exit 0
fi

if [ "$(id -u)" = 0 ]; then
    root=""
elif sudo -n true 2>/dev/null; then
    root="sudo"
else
    echo "$1 is not installed: its tests will be skipped. To have them: sudo apt-get install $1" >&2
    exit 0
fi

export DEBIAN_FRONTEND=noninteractive
echo "Installing $1 for the tests"
$root apt-get update --quiet --quiet || true
for choice in $choices; do # the first that this Debian has
    packages=$(echo "$choice" | tr + ' ')
    # shellcheck disable=SC2086
    $root apt-get install --yes --quiet --quiet --no-install-recommends $packages >/dev/null 2>&1 && exit 0
done
echo "$1 could not be installed: its tests will be skipped." >&2
