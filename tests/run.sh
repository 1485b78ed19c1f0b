#!/usr/bin/env bash
# Runs the tests with everything they need: Debian packages, and a PostgreSQL of their own on a free port.
# Arguments go to the integration tests (a name to filter by).
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/steps.sh

install_packages() {
  local missing=() policy=/usr/sbin/policy-rc.d made_policy=
  need() { command -v "$1" >/dev/null 2>&1 || [ -x "$1" ] || missing+=("${@:2}"); }
  need chromium chromium
  need chromedriver chromium-driver
  need samba samba-ad-dc
  [ -d /usr/share/samba/setup ] || missing+=(samba-ad-provision)
  /usr/bin/python3 -c 'import samba.samdb' 2>/dev/null || missing+=(python3-samba)
  need kinit krb5-user
  need openssl openssl
  need ip iproute2
  need ps procps
  ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing+=(postgresql)
  need pgbouncer pgbouncer
  need cc build-essential
  need npm npm
  need node nodejs
  if [ ${#missing[@]} -gt 0 ]; then
    echo "The tests need these Debian packages: ${missing[*]}"
    if [ "$(id -u)" -ne 0 ]; then
      echo "Install them as root (apt-get install ${missing[*]}), or run this as root." >&2
      return 1
    fi
    # Packages of servers must not start them: the tests start their own.
    if [ ! -e $policy ]; then printf '#!/bin/sh\nexit 101\n' >$policy; chmod +x $policy; made_policy=1; fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    [ -z "$made_policy" ] || rm -f $policy
  fi
  if [ "$(id -u)" -ne 0 ]; then
    echo "The tests start a domain controller on ports 88, 389 and 636 of a loopback address, which needs root." >&2
    return 1
  fi
}

# axe, the OpenID provider and Microsoft's libraries, as their lock files name them.
install_node_modules() {
  [ -e tests/a11y/node_modules/axe-core/axe.min.js ] || (cd tests/a11y && npm ci --silent)
  [ -e tests/openid/node_modules/oidc-provider/package.json ] && [ -e tests/openid/node_modules/@azure/msal-node/package.json ] ||
    (cd tests/openid && npm ci --silent)
}

# The rest runs in a PID namespace: when its first process ends, even by SIGKILL, the kernel ends every other one. Its
# temporary files are in one folder.
if [ -z "${PASSBACK_TEST_FILES:-}" ]; then
  trap print_steps EXIT
  step "Debian packages" install_packages
  step "npm packages" install_node_modules
  PASSBACK_TEST_FILES=$(mktemp -d)
  export PASSBACK_TEST_FILES
  # The user `postgres` has its files below.
  chmod 755 "$PASSBACK_TEST_FILES"
  trap 'rm -rf "$PASSBACK_TEST_FILES"; print_steps' EXIT
  trap 'exit 130' INT TERM
  setpriv --pdeathsig KILL -- unshare --pid --mount-proc --fork --kill-child -- "$0" "$@"
  exit
fi
trap 'exit 130' INT TERM
trap print_steps EXIT
export TMPDIR=$PASSBACK_TEST_FILES

start_postgres() {
  local bin data=$TMPDIR/postgres port
  bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
  port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  install -d -o postgres -g postgres "$data"
  as_postgres=(setpriv --reuid postgres --regid postgres --clear-groups --pdeathsig KILL --)
  (cd / && "${as_postgres[@]}" "$bin/initdb" -D "$data/db" -A trust -E UTF8 --no-sync >/dev/null)
  # What it holds may be lost with the machine, so it need not wait for the disk.
  (cd / && exec "${as_postgres[@]}" "$bin/postgres" -D "$data/db" -p "$port" -k "$data" -c listen_addresses=127.0.0.1 \
    -c max_connections=300 -c fsync=off -c synchronous_commit=off -c full_page_writes=off) >"$data/log" 2>&1 &
  postgres=$!
  until "$bin/pg_isready" -q -h 127.0.0.1 -p "$port"; do
    kill -0 $postgres 2>/dev/null || { cat "$data/log" >&2; return 1; }
    sleep 0.1
  done
  export TEST_DATABASE_URL="postgres://postgres@127.0.0.1:$port/postgres"
}

stop_postgres() {
  kill -QUIT $postgres
  wait $postgres || true
}

# What is still running now was left behind by a test.
find_left_processes() {
  local left
  ps -eo pid,args --no-headers >"$TMPDIR/processes"
  left=$(awk -v own=$$ '$1 != own && !/ps -eo pid,args/' "$TMPDIR/processes")
  [ -z "$left" ] || { printf 'The tests left these processes:\n%s\n' "$left" >&2; return 1; }
}

build_release_before() {
  PASSBACK_RELEASE_BEFORE="$(tests/release-before.sh)"
  export PASSBACK_RELEASE_BEFORE
}

step "PostgreSQL" start_postgres
step "build of the release before" build_release_before
export INSTA_UPDATE="${INSTA_UPDATE:-no}"
# More than there are cores: most of the time a test waits for somebody else.
export RUST_TEST_THREADS="${RUST_TEST_THREADS:-$(($(nproc) * 3))}"
if [ $# -gt 0 ]; then
  packages=(-p passback --test it)
else
  packages=(--workspace)
fi
step "build of the tests" cargo test --locked "${packages[@]}" --features test-hooks --no-run
code=0
step "tests" cargo test --locked "${packages[@]}" --features test-hooks -- "$@" || code=$?
stop_postgres
find_left_processes || code=1
exit $code
