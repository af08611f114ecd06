#!/bin/bash
# The SQL tests on a server that runs under valgrind: a read of memory that was freed or never written, or of a buffer
# that nobody holds, is a finding. usage: valgrind.sh [TEST...], without names all of them
# Wants a PostgreSQL compiled with -DUSE_VALGRIND, as `test/versions.sh valgrind` makes one: it tells valgrind of each
# piece that palloc() gives out and of pins. Any other tells of malloc()'s blocks only, and needs no special build.
# Some 30 times slower than without; valgrind knows no AVX-512, so the kernels are those for AVX2.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$top/test/lib.sh"
cd "$top"

work=$(make_server_dir)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
suppressions=$("${PG_CONFIG:-pg_config}" --sharedir)/valgrind.supp # PostgreSQL's own, from its sources
[ -f "$suppressions" ] || { echo "no $suppressions: findings may be PostgreSQL's own"; suppressions=/dev/null; }
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
findings=$(cat "$work"/*.log | grep -c FINDING || true)
[ "$findings" -eq 0 ] || { cat "$work"/*.log | head -n 400; status=1; }
echo "$findings findings of valgrind"
exit "$status"
