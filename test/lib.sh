# Shell functions shared by the scripts under test/: to be sourced by one that has set `top`, the project's root.
# shellcheck shell=bash disable=SC2154

die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# The account that servers and TAP tests run as: PostgreSQL refuses root.
server_account() {
    if [ "$(id -u)" -ne 0 ]; then
        id -un
    elif id postgres >/dev/null 2>&1; then
        echo postgres
    else
        echo nobody
    fi
}

as_server() {
    if [ "$(id -u)" -eq 0 ]; then
        runuser -u "$(server_account)" -- "$@"
    else
        "$@"
    fi
}

# A new private directory that the server account owns. Short, because a socket's path must fit 107 bytes.
make_server_dir() {
    local dir
    dir=$(mktemp -d "${TMPDIR:-/tmp}/vectordb.XXXXXX")
    [ "$(id -u)" -ne 0 ] || chown "$(server_account)" "$dir"
    echo "$dir"
}

pg_bin() { "${PG_CONFIG:-pg_config}" --bindir; }

# `make` for the chosen PostgreSQL; everything it says goes to the log, shown only when it fails.
quiet_make() {
    local log
    log=$(mktemp)
    if ! make -C "$top" -j"$(nproc)" PG_CONFIG="${PG_CONFIG:-pg_config}" "$@" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

# Installs the built extension and its alias, which tests want too, through sudo where the directory asks for it.
install_extension() {
    local libdir
    libdir=$("${PG_CONFIG:-pg_config}" --pkglibdir)
    if [ -w "$libdir" ]; then
        quiet_make install-vector-alias
    elif sudo -n true 2>/dev/null; then
        sudo make -C "$top" PG_CONFIG="${PG_CONFIG:-pg_config}" install-vector-alias >/dev/null
    else
        die "cannot write to $libdir: run as root, or set PG_CONFIG to a PostgreSQL of your own"
    fi
}
