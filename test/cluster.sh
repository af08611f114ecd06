#!/bin/bash
# A private, throw-away PostgreSQL cluster: its own data directory, Unix socket only, no TCP.
# usage: cluster.sh start DIR         start it in DIR (made if missing), print the settings for `eval`
#        cluster.sh stop DIR          stop it and remove DIR
#        cluster.sh run COMMAND...    start, run COMMAND with PGHOST and the like set, stop, remove
# PG_CONFIG chooses the PostgreSQL; CLUSTER_CONF holds more lines for postgresql.conf. CLUSTER_POSTGRES is a program to
# start instead of the server's own, CLUSTER_WAIT how many seconds to wait until it has started or stopped (60).
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$top/test/lib.sh"

start() {
    local dir=$1 bin
    bin=$(pg_bin)
    if [ ! -d "$dir" ]; then
        mkdir -p "$dir"
        [ "$(id -u)" -ne 0 ] || chown "$(server_account)" "$dir"
    fi
    cd "$dir" # the server account may not read the caller's directory
    as_server "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$dir/initdb.log" 2>&1 ||
        { cat "$dir/initdb.log" >&2; die "initdb failed"; }
    # jit: plans that tests force by enable_* = off have a cost of 1e10 and would each be compiled
    cat >>"$dir/data/postgresql.conf" <<EOF
listen_addresses = ''
unix_socket_directories = '$dir'
fsync = off
autovacuum = off
jit = off
max_wal_size = 4GB
${CLUSTER_CONF:-}
EOF
    as_server "$bin/pg_ctl" -w -t "${CLUSTER_WAIT:-60}" -s -D "$dir/data" -l "$dir/server.log" \
        ${CLUSTER_POSTGRES:+-p "$CLUSTER_POSTGRES"} start >/dev/null ||
        { cat "$dir/server.log" >&2; die "the server did not start"; }
    echo "export PGHOST='$dir' PGPORT=5432 PGUSER=postgres PGDATABASE=postgres"
}

stop() {
    local dir=$1
    cd /
    if [ -f "$dir/data/postmaster.pid" ]; then
        as_server "$(pg_bin)/pg_ctl" -w -t "${CLUSTER_WAIT:-60}" -s -D "$dir/data" -m fast stop ||
            as_server "$(pg_bin)/pg_ctl" -w -t 20 -s -D "$dir/data" -m immediate stop || true
    fi
    rm -rf "$dir"
}

run() {
    local back=$PWD settings
    run_dir=$(make_server_dir) # not local: the trap outlives this function
    trap 'stop "$run_dir"' EXIT
    trap 'exit 130' INT TERM HUP
    settings=$(start "$run_dir")
    eval "$settings"
    unset PGSERVICE PGPASSFILE PGSSLMODE PGOPTIONS
    cd "$back"
    PATH="$(pg_bin):$PATH" "$@"
}

case ${1:-} in
start | stop) [ $# -eq 2 ] || die "usage: cluster.sh $1 DIR"; "$1" "$2" ;;
run) shift; run "$@" ;;
*) die "usage: cluster.sh start DIR | stop DIR | run COMMAND..." ;;
esac
