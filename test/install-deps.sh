#!/bin/bash
# Installs the Debian packages that the named steps need; does nothing where they are all there.
# usage: install-deps.sh STEP...      STEP: build | unit | unit-aarch64 | lint | tap | clients | bench | fuzz | valgrind
# As root, or through sudo when it asks no password. The PostgreSQL is that of PG_CONFIG, or of PG_MAJOR (15).
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$top/test/lib.sh"

major=${PG_MAJOR:-15}
wanted=()
for step in "$@"; do
    case $step in
    build)
        wanted+=(gcc g++ make libsimde-dev)
        # A PostgreSQL that the developer chose needs no package.
        [ -f "$("${PG_CONFIG:-pg_config}" --pgxs 2>/dev/null)" ] && [ -x "$(pg_bin)/initdb" ] ||
            wanted+=("postgresql-$major" "postgresql-server-dev-$major")
        ;;
    unit) wanted+=(cmake g++ make libsimde-dev libgtest-dev libbenchmark-dev) ;;
    unit-aarch64) wanted+=(g++-aarch64-linux-gnu qemu-user-static googletest) ;;
    fuzz) wanted+=(clang-14 libclang-rt-14-dev) ;;
    valgrind) wanted+=(valgrind libc6-dbg) ;;
    lint) wanted+=(clang-format-14 git binutils) ;;
    tap) wanted+=(perl libipc-run-perl) ;;
    clients) # what a developer has in PATH needs no package
        python3 -c 'import ensurepip, venv' 2>/dev/null || wanted+=(python3 python3-venv)
        command -v npm >/dev/null || wanted+=(nodejs npm)
        command -v go >/dev/null || wanted+=(golang-go)
        command -v javac >/dev/null || wanted+=(default-jdk-headless)
        command -v mvn >/dev/null || wanted+=(maven)
        ;;
    bench) wanted+=(g++ libpq-dev python3 python3-numpy python3-matplotlib python3-psycopg) ;;
    *) die "unknown step: $step" ;;
    esac
done

missing=()
for package in "${wanted[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

sudo=()
if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || die "please install: ${missing[*]}"
    sudo=(sudo -n)
fi
echo "installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# RUNLEVEL=1 keeps the packages' own service from starting where no init runs.
apt_get() { "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 LC_ALL=C apt-get -q -y "$@" >"$log" 2>&1 </dev/null; }
{ apt_get update && apt_get install --no-install-recommends "${missing[@]}"; } ||
    { tail -n 30 "$log" >&2; die "apt-get could not install: ${missing[*]}"; }
