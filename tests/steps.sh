# Measures the steps of a script: `step NAME COMMAND…` runs a command, and `print_steps` prints what each one took.
# Scripts that call each other write to one list (STEP_TIMES), so that the outermost prints all of them.

if [ -z "${STEP_TIMES:-}" ]; then
  STEP_TIMES=$(mktemp)
  export STEP_TIMES
  STEP_OWNER=$$
fi

step() {
  local name=$1 began=$EPOCHREALTIME code=0
  shift
  echo "== $name"
  "$@" || code=$?
  printf '%s %s %s\n' "$began" "$EPOCHREALTIME" "$name" >>"$STEP_TIMES"
  return $code
}

# Prints the list, in the script that began it.
print_steps() {
  [ "${STEP_OWNER:-}" = $$ ] || return 0
  awk '{ took = $2 - $1; $1 = $2 = ""; sub(/^ +/, ""); printf "%7.1f s  %s\n", took, $0; sum += took }
    END { if (NR) printf "%7.1f s  in all steps\n", sum }' "$STEP_TIMES"
  rm -f "$STEP_TIMES"
}
