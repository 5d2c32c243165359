#!/bin/sh
# Installs the named Debian packages without starting the services in them.
#
# Fails, and changes nothing, where there is no apt-get, or neither root's rights nor sudo without a password.
set -eu

command -v apt-get >/dev/null 2>&1 || exit 1
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null || exit 1
    exec sudo -n sh "$0" "$@"
fi

log=$(mktemp)
made=
trap 'rm -f "$log" $made' EXIT
trap 'exit 1' HUP INT TERM

# Debian asks this file before a package starts its service; 101 is "no". Where the machine has one, its answer holds.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    made=$policy
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
apt() { # quiet, unless it fails
    apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" >"$log" 2>&1 || { cat "$log" >&2 && false; }
}
apt update || true # an old list may still do
apt install --yes --no-install-recommends "$@"
