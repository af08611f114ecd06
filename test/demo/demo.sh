#!/bin/bash
# The demonstration: builds and installs the extension, starts a private PostgreSQL on a Unix socket, searches a
# dictionary by meaning through an hnsw index with plain SQL, measures what it shows, and leaves nothing running.
# usage: demo.sh          PG_CONFIG chooses the PostgreSQL
set -Eeuo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$top/test/lib.sh"
k=10                # neighbours per query
shown="73 49 18 93 397 328" # held-out entries to look up: a bird, a mood, a cake, a wind, a planet, a panic

if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]; then
    bold=$'\e[1m' dim=$'\e[2m' accent=$'\e[36m' plain=$'\e[0m'
else
    bold='' dim='' accent='' plain=''
fi
title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
row() { printf '  %s%-30s%s %s\n' "$dim" "$1" "$plain" "$2"; }
code() { sed "s/^/    $accent/; s/\$/$plain/"; }

sql() { "$(pg_bin)/psql" -XAtq -v ON_ERROR_STOP=1 "$@"; }
now_ms() { date +%s%3N; }
seconds() { printf '%d.%02d s' $(($1 / 1000)) $(($1 % 1000 / 10)); }
per_cent() { printf '%d.%d %%' $(($1 / 10)) $(($1 % 10)); }

finish() {
    local status=$?
    trap - EXIT
    [ -z "${cluster:-}" ] || "$top/test/cluster.sh" stop "$cluster"
    [ "$status" -eq 0 ] || printf '\nThe demonstration ended early (status %d).\n' "$status" >&2
    exit "$status"
}

prepare() {
    local settings
    "$top/test/install-deps.sh" build
    quiet_make all
    install_extension
    cluster=$(make_server_dir)
    settings=$(CLUSTER_CONF="shared_buffers = 256MB
maintenance_work_mem = 256MB
statement_timeout = 120s
jit = off" "$top/test/cluster.sh" start "$cluster")
    eval "$settings"
}

load() {
    local started
    sql -c "CREATE EXTENSION vectordb"
    started=$(now_ms)
    for set in base query; do
        [ $set = base ] && table=entry || table=held_out
        sql -c "CREATE TABLE $table (id integer PRIMARY KEY, pos text, domain text, words text, gloss text,
                                     meaning vector(384))"
        perl "$top/test/data/wordnet.pl" $set | sql -c "\\copy $table FROM STDIN (FORMAT binary)"
        sql -c "VACUUM (ANALYZE, FREEZE) $table"
    done
    title "A dictionary, searched by meaning"
    row "$(sql -c "SELECT 'PostgreSQL ' || split_part(current_setting('server_version'), ' ', 1)")" \
        "vectordb $(sql -c "SELECT extversion FROM pg_extension WHERE extname = 'vectordb'")"
    row "dictionary entries" "$(sql -c "SELECT to_char(count(*), 'FM999,999') FROM entry") with 384 dimensions each, loaded in $(seconds $(($(now_ms) - started)))"
    row "held out as queries" "$(sql -c 'SELECT count(*) FROM held_out')"
}

build_index() {
    local started definition='CREATE INDEX entry_meaning ON entry USING hnsw (meaning vector_l2_ops)'
    title "The index"
    echo "$definition;" | code
    started=$(now_ms)
    sql -c "$definition"
    row "built in" "$(seconds $(($(now_ms) - started)))"
    row "size" "$(sql -c "SELECT pg_size_pretty(pg_relation_size('entry_meaning')) || ', ' ||
        round(pg_relation_size('entry_meaning') / (count(*) * 384 * 4.0), 2) || ' times the raw vectors' FROM entry")"
    row "checked" "$(sql -c "SELECT count(*) || ' faults found by vectordb_index_check' FROM vectordb_index_check('entry_meaning')")"
}

# The nearest four entries to held-out entry $1 that satisfy the WHERE clause $2.
nearest() {
    sql -c "SELECT '    ' || to_char(distance, 'FM0.00') || '  ' ||
                   rpad(left(split_part(words, ',', 1), 24), 25) || left(gloss, 62)
            FROM (SELECT words, gloss, meaning <-> (SELECT meaning FROM held_out WHERE id = $1) AS distance
                  FROM entry $2 ORDER BY distance LIMIT 4) AS n"
}

name_held_out() {
    sql -c "SELECT E'\n  $bold' || split_part(words, ',', 1) || E'$plain  $dim' || left(gloss, 88) || E'$plain'
            FROM held_out WHERE id = $1"
}

look_up() {
    local id
    title "Nearest meanings of entries that are not in the table"
    echo 'SELECT words, gloss FROM entry ORDER BY meaning <-> $1 LIMIT 4;' | code
    for id in $shown; do
        name_held_out "$id"
        nearest "$id" ''
    done
    title "The same with a WHERE clause: what does a wind do?"
    echo "SELECT words, gloss FROM entry WHERE pos = 'verb' ORDER BY meaning <-> \$1 LIMIT 4;" | code
    name_held_out 93
    nearest 93 "WHERE pos = 'verb'"
}

explain() {
    local plan
    title "How PostgreSQL runs it"
    plan=$(sql -c "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, SUMMARY OFF)
                   SELECT words, gloss FROM entry
                   ORDER BY meaning <-> (SELECT meaning FROM held_out WHERE id = 73) LIMIT 4")
    code <<<"$plan"
    grep -q 'Index Scan using entry_meaning' <<<"$plan" || die "the planner did not choose the index"
}

# The k nearest ids of every held-out entry, as table $1.
answers() {
    echo "CREATE TABLE $1 AS SELECT q.id AS query, n.id FROM held_out q CROSS JOIN LATERAL
          (SELECT id FROM entry ORDER BY meaning <-> q.meaning LIMIT $k) n;"
}

measure_recall() {
    local ef
    title "Recall@$k over all held-out entries, against an exact scan in the same server"
    sql -c "SET enable_indexscan = off" -c "$(answers exact)"
    for ef in 20 40 100; do
        sql -c "SET hnsw.ef_search = $ef" -c "SET enable_seqscan = off" -c "$(answers "approximate_$ef")"
        row "hnsw.ef_search = $ef" "$(per_cent "$(sql -c "SELECT round(1000.0 * count(*) / (SELECT count(*) FROM exact))
            FROM approximate_$ef JOIN exact USING (query, id)")")"
    done
}

# p50 and p99 in microseconds of one prepared statement run $1 times by pgbench, one client; settings from PGOPTIONS.
latency() {
    local log sorted
    log=$(mktemp -d "$cluster/latency.XXXXXX")
    cat >"$log/script.sql" <<EOF
\\set q random(1, 461)
SELECT id FROM entry ORDER BY meaning <-> (SELECT meaning FROM held_out WHERE id = :q) LIMIT $k;
EOF
    (cd "$log" && "$(pg_bin)/pgbench" -n -M prepared -t "$1" -l -f script.sql >/dev/null 2>pgbench.err) ||
        { cat "$log/pgbench.err" >&2; return 1; }
    sorted=$(cut -d' ' -f3 "$log"/pgbench_log.* | sort -n)
    echo "$(sed -n "$((($1 + 1) / 2))p" <<<"$sorted") $(sed -n "$((($1 * 99 + 99) / 100))p" <<<"$sorted")"
}

measure_latency() {
    local p50 p99
    title "Latency of one query, prepared, one client, the query vector looked up by key"
    PGOPTIONS='-c enable_indexscan=off' latency 20 >/dev/null # warm
    read -r p50 p99 <<<"$(PGOPTIONS='-c hnsw.ef_search=40' latency 3000)"
    row "hnsw index (ef_search = 40)" "$(printf 'p50 %d µs   p99 %d µs' "$p50" "$p99")"
    read -r p50 p99 <<<"$(PGOPTIONS='-c enable_indexscan=off' latency 100)"
    row "exact scan" "$(printf 'p50 %d µs   p99 %d µs' "$p50" "$p99")"
}

trap finish EXIT
trap 'exit 130' INT TERM HUP
prepare
load
build_index
look_up
explain
measure_recall
measure_latency
printf '\n%sEverything above was plain SQL; the server is stopped and its files are removed.%s\n' "$dim" "$plain"
