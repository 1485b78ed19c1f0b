#!/usr/bin/env bash
# Builds the release before this one (0.1.0) for the upgrade tests, and prints the path of its binary. Prints nothing if
# the history of this clone does not hold it.
set -euo pipefail
cd "$(dirname "$0")/.."
commit=1b90790a46e12965d410f272f9305beea177b910
binary=target/release-before/passback
if [ ! -x "$binary" ]; then
  git cat-file -e "$commit^{commit}" 2>/dev/null || exit 0
  rm -rf target/release-before/src
  mkdir -p target/release-before/src
  git archive "$commit" | tar -x -C target/release-before/src
  # The same target folder, so that the dependencies that both releases share are compiled once.
  cargo build --locked --quiet --manifest-path target/release-before/src/Cargo.toml --target-dir target >&2
  cp target/debug/passback "$binary"
  rm -rf target/release-before/src
fi
echo "$PWD/$binary"
