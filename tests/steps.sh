# Measures the steps of a script: `step NAME COMMAND…` runs a command, and `print_steps`, as its EXIT trap, prints what each
# one took. Scripts that call each other write to one list (STEP_TIMES), so that the outermost prints all of them.

if [ -z "${STEP_TIMES:-}" ]; then
  STEP_TIMES=$(mktemp)
  export STEP_TIMES
  STEP_OWNER=$$
fi

# The command is no condition of anything here, so that `set -e` holds within it.
step() {
  local code
  STEP_NAME=$1 STEP_BEGAN=$EPOCHREALTIME
  shift
  echo "== $STEP_NAME"
  "$@"
  code=$?
  record_step
  return $code
}

record_step() {
  [ -n "${STEP_NAME:-}" ] || return 0
  printf '%s %s %s\n' "$STEP_BEGAN" "$EPOCHREALTIME" "$STEP_NAME" >>"$STEP_TIMES"
  STEP_NAME=
}

# Records a step that failed, and prints the list in the script that began it.
print_steps() {
  record_step
  [ "${STEP_OWNER:-}" = $$ ] || return 0
  awk '{ took = $2 - $1; $1 = $2 = ""; sub(/^ +/, ""); printf "%7.1f s  %s\n", took, $0; sum += took }
    END { if (NR) printf "%7.1f s  in all steps\n", sum }' "$STEP_TIMES"
  rm -f "$STEP_TIMES"
}
