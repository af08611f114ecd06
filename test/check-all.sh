#!/bin/bash
# Every test of the project, or the steps named; installs what they need, goes on after a failed step, and exits
# non-zero if any failed. usage: check-all.sh [STEP]...
# STEP: build | lint | unit | unit-sanitize | unit-aarch64 | regress | tap | clients | fuzz, or, only when named: valgrind
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$top/test/lib.sh"
export PG_CONFIG=${PG_CONFIG:-pg_config}
export LC_ALL=C.UTF-8
unset MAKEFLAGS MAKELEVEL MFLAGS # a step is a command of its own, not part of the make that calls this
cd "$top"

# Warnings are errors in the Makefile itself.
step_build() { quiet_make all && install_extension && echo "built and installed for $("$PG_CONFIG" --version)"; }
step_lint() { test/lint.sh; }
step_unit() { make unit; }
step_unit-sanitize() { make unit-sanitize; }
step_unit-aarch64() { make unit-aarch64; }
# The SQL and the isolation tests, as `make installcheck` runs them.
step_regress() {
    CLUSTER_CONF='max_prepared_transactions = 5' test/cluster.sh run make installcheck PG_CONFIG="$PG_CONFIG" && return
    head -n 200 regression.diffs output_iso/regression.diffs 2>/dev/null
    return 1
}
# The tests of one file wait more than they compute, so that several files run at a time.
step_tap() { PROVE_FLAGS=${PROVE_FLAGS:-"-j$(nproc) --timer"} test/tap.sh; }
step_clients() { test/clients/run.sh; }
# The core on inputs of any bytes, for some seconds each; the long run is by hand (test/fuzz/README.md).
step_fuzz() { test/fuzz/run.sh 12; }
# Only when named: it takes hours.
step_valgrind() { test/valgrind.sh; }

declare -A limit=([build]=600 [lint]=300 [unit]=900 [unit-sanitize]=1500 [unit-aarch64]=1800 [regress]=900 [tap]=1800
    [clients]=900 [fuzz]=900 [valgrind]=14400) # seconds
declare -A packages=([build]=build [lint]="build lint" [unit]=unit [unit-sanitize]=unit [unit-aarch64]="unit unit-aarch64"
    [regress]=build [tap]="build tap" [clients]="build clients" [fuzz]="unit fuzz" [valgrind]="build valgrind")
steps=("$@")
[ ${#steps[@]} -gt 0 ] || steps=(build lint unit regress tap clients unit-sanitize fuzz unit-aarch64)

# A step runs as this script's child, so that one limit covers all it starts.
if [ -n "${CHECK_STEP:-}" ]; then
    "step_$CHECK_STEP"
    exit
fi

# The lines of a failed step's output that say what failed, few enough to be seen where only the end of a log is kept;
# what servers logged is left out, since many errors there are meant.
what_failed() {
    sed '/^--- .*\.log$/,$d' "$1" |
        grep -aE '^not ok|Failed test|^# +(got|expected):|Dubious|FAILED|\(Failed\)|ERROR: |error running|(error|Error)( [0-9]+)?:' |
        cut -c 1-300 | tail -n 25
}

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
failed=()
summary=''
for step in "${steps[@]}"; do
    [ -n "${limit[$step]:-}" ] || die "unknown step: $step"
    printf '\n==== %s\n' "$step"
    started=$SECONDS
    result=passed
    # shellcheck disable=SC2086
    if ! { test/install-deps.sh ${packages[$step]} &&
        CHECK_STEP=$step timeout --foreground -k 30 "${limit[$step]}" "$0"; } </dev/null 2>&1 | tee "$logs/$step"; then
        result=FAILED
        failed+=("$step")
    fi
    summary+=$(printf '%-14s %s  (%d s)' "$step" "$result" $((SECONDS - started)))$'\n'
    [ "$step" != build ] || [ "$result" = passed ] || break
done
printf '\n==== summary\n%s' "$summary"
for step in "${failed[@]}"; do
    printf '==== what failed in %s\n' "$step"
    what_failed "$logs/$step" || true
done
[ ${#failed[@]} -eq 0 ] || { echo "FAILED: ${failed[*]}"; exit 1; }
echo "All steps passed."
