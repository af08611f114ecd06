#!/bin/bash
# Runs the TAP tests (test/t/*.pl) against the installed extension, as an account PostgreSQL accepts and in a copy of
# the tests that this account can write to. usage: tap.sh [TEST.pl ...]; PROVE_FLAGS is passed on.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$top/test/lib.sh"

pgxs_tests=$(dirname "$("${PG_CONFIG:-pg_config}" --pgxs)")/../test
work=$(make_server_dir)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
mkdir "$work/test"
cp -R "$top/test/t" "$top/test/data" "$work/test/"
[ "$(id -u)" -ne 0 ] || chown -R "$(server_account)" "$work"

tests=("$@")
[ ${#tests[@]} -gt 0 ] || tests=("$top"/test/t/*.pl)
tests=("${tests[@]##*/}")
cd "$work"
status=0
# A busy machine may take minutes to recover or to replay.
# shellcheck disable=SC2086
as_server env PG_TEST_TIMEOUT_DEFAULT="${PG_TEST_TIMEOUT_DEFAULT:-600}" PGCTLTIMEOUT="${PGCTLTIMEOUT:-600}" PATH="$(pg_bin):$PATH" HOME="$work" TESTDIR="$work" TESTDATADIR="$work/tmp_check" \
    TESTLOGDIR="$work/tmp_check/log" PG_REGRESS="$pgxs_tests/regress/pg_regress" \
    prove ${PROVE_FLAGS:-} -I "$pgxs_tests/perl" -I test/t "${tests[@]/#/test/t/}" </dev/null || status=$?

# A leaked pin or a failed assertion is a failure even where every answer was right.
if grep -rhE 'refcount leak|TRAP:' tmp_check/log 2>/dev/null; then
    status=1
fi
if [ "$status" -ne 0 ]; then
    # Each failed test by its name, and how to repeat its choices.
    (cd tmp_check/log 2>/dev/null && grep -HE '(^|\) )not ok |repeat its choices|Bail out|^[^#]* at .* line [0-9]+\.$' regress_log_* | sed 's/^regress_log_/FAILED /' | head -n 20) >&2 || true
    for log in tmp_check/log/*.log; do
        [ ! -f "$log" ] || { echo "--- ${log##*/}"; tail -n 40 "$log"; }
    done >&2
fi
exit "$status"
