#!/usr/bin/env bash
# Runs tests by name so many times, and repeats their RESULT lines at the end: `tests/long.sh ROUNDS NAME`.
set -euo pipefail
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for _ in $(seq "$1"); do
  "$(dirname "$0")/run.sh" "$2" --nocapture | tee -a "$log"
done
grep '^RESULT' "$log"
echo "RESULT $2 rounds=$1 failed=0"
