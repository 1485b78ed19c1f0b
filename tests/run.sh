#!/usr/bin/env bash
# Runs the tests with everything they need: Debian packages, and a PostgreSQL of their own on a free port.
# Arguments go to the integration tests (a name to filter by).
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
need() { command -v "$1" >/dev/null 2>&1 || [ -x "$1" ] || missing+=("${@:2}"); }
need chromium chromium
need chromedriver chromium-driver
need samba samba-ad-dc
[ -d /usr/share/samba/setup ] || missing+=(samba-ad-provision)
/usr/bin/python3 -c 'import samba.samdb' 2>/dev/null || missing+=(python3-samba)
need kinit krb5-user
need openssl openssl
need ip iproute2
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing+=(postgresql)
need cc build-essential
need npm npm
need node nodejs
if [ ${#missing[@]} -gt 0 ]; then
  echo "The tests need these Debian packages: ${missing[*]}"
  if [ "$(id -u)" -ne 0 ]; then
    echo "Install them as root (apt-get install ${missing[*]}), or run this as root." >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  # Packages of servers must not start them: the tests start their own.
  policy=/usr/sbin/policy-rc.d
  made_policy=
  if [ ! -e $policy ]; then printf '#!/bin/sh\nexit 101\n' >$policy; chmod +x $policy; made_policy=1; fi
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  [ -z "$made_policy" ] || rm -f $policy
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "The tests start a domain controller on ports 88, 389 and 636 of a loopback address, which needs root." >&2
  exit 1
fi

# axe, the OpenID provider and Microsoft's libraries, as their lock files name them.
[ -e tests/a11y/node_modules/axe-core/axe.min.js ] || (cd tests/a11y && npm ci --silent)
[ -e tests/openid/node_modules/oidc-provider/package.json ] && [ -e tests/openid/node_modules/@azure/msal-node/package.json ] || (cd tests/openid && npm ci --silent)

bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
data=$(mktemp -d)
chown postgres "$data"
port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
as_postgres() { (cd / && su postgres -s /bin/sh -c "$1"); }
stop() {
  as_postgres "$bin/pg_ctl -D $data/db -m immediate stop" >/dev/null 2>&1 || true
  rm -rf "$data"
}
trap stop EXIT
as_postgres "$bin/initdb -D $data/db -A trust -E UTF8" >/dev/null
as_postgres "$bin/pg_ctl -D $data/db -l $data/log -w -o '-p $port -k $data -c listen_addresses=127.0.0.1 -c max_connections=300' start" >/dev/null
export TEST_DATABASE_URL="postgres://postgres@127.0.0.1:$port/postgres"

PASSBACK_RELEASE_BEFORE="$(tests/release-before.sh)"
export PASSBACK_RELEASE_BEFORE

export INSTA_UPDATE="${INSTA_UPDATE:-no}"
# One more than there are cores: most of the time a test waits for somebody else.
export RUST_TEST_THREADS="${RUST_TEST_THREADS:-$(($(nproc) + 1))}"
if [ $# -gt 0 ]; then
  cargo test --locked -p passback --features test-hooks --test it -- "$@"
else
  cargo test --locked --workspace --features test-hooks
fi
