#!/bin/bash
# The SQL tests on a server that runs under valgrind: a read of memory that was freed or never written, or of a buffer
# that nobody holds, is a finding. usage: valgrind.sh [TEST...], without names all of them
# Best with a PostgreSQL compiled with -DUSE_VALGRIND, which tells valgrind of each piece that palloc() gives out and of
# pins; any other tells of what malloc() gives out. Its data directory needs valgrind.supp of PostgreSQL's sources
# (src/tools), the list of what is harmless in PostgreSQL itself, by names that a stripped server does not tell.
# Some 30 times slower than without; valgrind knows no AVX-512, so the kernels are those for AVX2.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$top/test/lib.sh"
cd "$top"

suppressions=$("${PG_CONFIG:-pg_config}" --sharedir)/valgrind.supp
[ -f "$suppressions" ] || die "no $suppressions: please copy it from PostgreSQL's sources"
work=$(make_server_dir)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
cat >"$work/postgres" <<EOF
#!/bin/sh
exec valgrind --quiet --leak-check=no --error-limit=no --num-callers=30 --suppressions=$suppressions \
    --error-markers=FINDING,END --log-file='$work/%p.log' '$(pg_bin)/postgres' "\$@"
EOF
chmod 755 "$work/postgres"

export CLUSTER_POSTGRES=$work/postgres CLUSTER_WAIT=600
status=0
test/cluster.sh run make installcheck PG_CONFIG="${PG_CONFIG:-pg_config}" ISOLATION= ${1:+REGRESS="$*"} || status=$?
[ "$status" -eq 0 ] || head -n 200 regression.diffs 2>/dev/null || true
cat "$work"/*.log >"$work/all"
findings=$(grep -c FINDING "$work/all" || true)
[ "$findings" -eq 0 ] || { sed -n 1,400p "$work/all"; status=1; }
echo "$findings findings of valgrind"
exit "$status"
