#!/bin/bash
# The client libraries of pgvector, as their registries publish them, against a private server with this extension.
# usage: run.sh [python|node|go|java]...   all without an argument
# Packages are kept in CLIENTS_CACHE (~/.cache/vectordb-clients) and where go and mvn keep theirs; what a run makes
# is made in a directory that it removes. PG_CONFIG chooses the PostgreSQL, which has the extension and its alias.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
. "$top/test/lib.sh"
cache=${CLIENTS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vectordb-clients}

# Runs a command that reaches a package registry; what it says is shown only when it fails.
fetch() {
    local what=$1 log=$work/fetch.log
    shift
    "$@" >"$log" 2>&1 </dev/null || {
        tail -n 40 "$log" >&2
        die "could not install $what: is the package registry reachable?"
    }
}

# A directory of the cache for what the named files and the tool's version ask for; others of that name are outdated.
cached() {
    local name=$1 version=$2 key
    shift 2
    key=$({ echo "$version" && cat "$@"; } | sha256sum | cut -c 1-16)
    find "$cache" -maxdepth 1 -name "$name-*" ! -name "$name-$key" -exec rm -rf {} +
    echo "$cache/$name-$key"
}

# Two environments: what the frameworks ask for holds pgvector-python at an older version.
prepare_python() {
    local part dir
    for part in drivers frameworks; do
        dir=$(cached "python-$part" "$(python3 -VV)" "$here/python/$part/requirements.txt")
        if [ ! -f "$dir/complete" ]; then
            rm -rf "$dir"
            python3 -m venv "$dir"
            fetch "the packages of python/$part" "$dir/bin/pip" install -r "$here/python/$part/requirements.txt"
            touch "$dir/complete"
        fi
        ln -s "$dir" "$work/python-$part"
    done
    cp -R "$here/python" "$work/python"
}

prepare_node() {
    local dir
    dir=$(cached node "$(node --version)" "$here/node/package-lock.json")
    if [ ! -f "$dir/complete" ]; then
        rm -rf "$dir"
        mkdir "$dir"
        cp "$here"/node/package*.json "$dir/"
        (cd "$dir" && fetch "the packages of node" npm ci --no-audit --no-fund)
        touch "$dir/complete"
    fi
    cp -R "$here/node" "$work/node"
    ln -s "$dir/node_modules" "$work/node/node_modules"
}

# From 1.21 on, go fetches the version that go.mod asks for by itself; an older one can fetch it as a module.
prepare_go() {
    local wanted arch module dir
    wanted=$(awk '$1 == "go" { print $2 }' "$here/go/go.mod")
    go_command=go
    if ! printf '1.21\n%s\n' "$(go env GOVERSION | sed 's/^go//')" | sort -C -V; then
        arch=$(go env GOHOSTARCH)
        module=golang.org/toolchain@v0.0.1-go$wanted.linux-$arch
        (cd "$work" && fetch "go $wanted" go mod download "$module")
        dir=$(go env GOMODCACHE)/$module
        chmod +x "$dir"/bin/* "$dir/pkg/tool/linux_$arch"/* # the module cache keeps no modes
        go_command=$dir/bin/go
        unset GOROOT
    fi
    cp -R "$here/go" "$work/go"
    (cd "$work/go" && CGO_ENABLED=0 fetch "the modules of go" "$go_command" test -count=1 -run '^$' ./...)
}

# Maven looks for what runs tests only when it runs one, so it runs the one that needs no server.
prepare_java() {
    cp -R "$here/java" "$work/java"
    (cd "$work/java" && fetch "the packages of java" mvn -B -ntp test -Dtest=ExactTest)
}

pytest() { (cd "$work/python" && PYTHONDONTWRITEBYTECODE=1 "$work/python-$1/bin/python" -m pytest "$1"); }
suite_python-drivers() { pytest drivers; }
suite_python-frameworks() { pytest frameworks; }
suite_node() { (cd "$work/node" && node --test); }
suite_go() { (cd "$work/go" && CGO_ENABLED=0 "$go_command" test -count=1 ./...); }
suite_java() { (cd "$work/java" && mvn -B -ntp -o test -DtrimStackTrace=true); }
# The lines in which each runner sums up.
declare -A closing=([python-drivers]=' (passed|failed)' [python-frameworks]=' (passed|failed)'
    [node]='^# (tests|pass|fail|skipped)' [go]='^(ok|FAIL)' [java]='Tests run: .*[0-9]$')

# Each suite in a database of its own, where it creates the extension itself.
run_suites() {
    local suite status=0
    for suite in "${suites[@]}"; do
        psql -q -X -c "CREATE DATABASE \"clients_$suite\" TEMPLATE template0"
        echo "-- $suite"
        if PGDATABASE=clients_$suite "suite_$suite" >"$work/$suite.log" 2>&1 </dev/null; then
            grep -E "${closing[$suite]}" "$work/$suite.log" | tail -n 4
        else
            tail -n 300 "$work/$suite.log"
            echo "clients: $suite FAILED"
            status=1
        fi
    done
    return "$status"
}

languages=("$@")
[ ${#languages[@]} -gt 0 ] || languages=(python node go java)
mkdir -p "$cache"
work=$(mktemp -d "${TMPDIR:-/tmp}/vectordb-clients.XXXXXX")
server=$(make_server_dir)
trap '"$top/test/cluster.sh" stop "$server"; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
exec 9>"$cache/lock"
flock 9
suites=()
go_command=
for language in "${languages[@]}"; do
    case $language in
    python) suites+=(python-drivers python-frameworks) ;;
    node | go | java) suites+=("$language") ;;
    *) die "unknown language: $language" ;;
    esac
    "prepare_$language"
done
exec 9>&-

# Tables as small as the tests' are read without an index by any planner that has the choice.
settings=$(CLUSTER_CONF=$'enable_seqscan = off\njit = off' "$top/test/cluster.sh" start "$server")
eval "$settings"
unset PGSERVICE PGPASSFILE PGSSLMODE PGOPTIONS
PATH=$(pg_bin):$PATH
run_suites
