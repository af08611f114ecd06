#!/bin/bash
# Builds the extension and runs its SQL, isolation and TAP tests on one PostgreSQL after the other.
# usage: versions.sh [15|16|17|18|cassert]...
# 15, 17 and 18 are those of Debian releases, each in a chroot made by debootstrap; "cassert" is 15 from Debian's
# source package, built with assertions, which also fills freed memory with rubbish and counts pins and locks left
# over. No Debian release has 16: it is the one of the Python package "pgserver", with the TAP modules of 17.
# Everything fetched and built stays under VECTORDB_CACHE, so that a second run needs no network.
# Needs root, debootstrap and unshare. VERSIONS_STEPS: the steps of check-all.sh to run ("build regress tap").
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$top/test/lib.sh"

cache=${VECTORDB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vectordb}
steps=${VERSIONS_STEPS:-build regress tap}
declare -A release=([15]=bookworm [16]=trixie [17]=trixie [18]=forky [cassert]=bookworm)
prefix_16=/opt/postgresql-16
prefix_cassert=/opt/postgresql-cassert

# Where this machine's apt takes Debian from: no mirror's name is written down here.
debian_mirror() {
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(ORIGIN) $(LABEL) $(SITE)' 'Created-By: Packages' 2>/dev/null |
        awk '$1 == "Debian" && $2 == "Debian" { print $3; exit }'
}

# Runs a command in a chroot, with mounts and processes that end with it.
in_chroot() {
    local root=$1
    shift
    # shellcheck disable=SC2016
    unshare --mount --pid --fork --kill-child bash -c '
        root=$0
        mount --make-rprivate / && mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" &&
        exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
            DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 ${OMP_NUM_THREADS:+OMP_NUM_THREADS="$OMP_NUM_THREADS"} "$@"' \
        "$root" "$@"
}

# Makes the chroot of a release where there is none.
make_chroot() {
    local name=$1 root=$cache/$1 mirror script=/usr/share/debootstrap/scripts/$1
    [ ! -f "$root/etc/vectordb-ready" ] || return 0
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || die "apt on this machine knows no Debian mirror (apt-get update)"
    [ -e "$script" ] || script=/usr/share/debootstrap/scripts/sid # a release younger than this debootstrap
    rm -rf "$root"
    echo "making a chroot of $name"
    debootstrap --variant=minbase "$name" "$root" "$mirror" "$script" >"$cache/$name.log" 2>&1 ||
        { tail -n 5 "$cache/$name.log" >&2; die "debootstrap could not make $name: is there a network?"; }
    echo "deb-src $mirror $name main" >>"$root/etc/apt/sources.list"
    touch "$root/etc/vectordb-ready"
}

# 15 with assertions, from the source package.
make_cassert() {
    local root=$1
    [ ! -d "$root$prefix_cassert" ] || return 0
    echo "building PostgreSQL with assertions"
    in_chroot "$root" bash -euc "
        apt-get -q update
        apt-get -q -y install --no-install-recommends dpkg-dev gcc g++ make perl libipc-run-perl
        rm -rf /usr/src/pg $prefix_cassert.new
        mkdir /usr/src/pg
        cd /usr/src/pg
        apt-get -q source postgresql-15
        cd postgresql-15-*/
        ./configure --prefix=$prefix_cassert --enable-cassert --enable-debug --enable-tap-tests --without-readline --without-zlib
        make -s -j\$(nproc)
        make -s install DESTDIR=$prefix_cassert.new
        mv $prefix_cassert.new$prefix_cassert $prefix_cassert
        rm -rf /usr/src/pg $prefix_cassert.new" >"$cache/cassert.log" 2>&1 ||
        { tail -n 5 "$cache/cassert.log" >&2; die "could not be built ($cache/cassert.log): is there a network?"; }
}

# 16 from the wheel, which has all but the TAP modules.
make_16() {
    local root=$1 work
    [ ! -d "$root$prefix_16" ] || return 0
    echo "fetching PostgreSQL 16"
    in_chroot "$root" bash -euc '
        apt-get -q update
        apt-get -q -y install --no-install-recommends postgresql-server-dev-17 libipc-run-perl' >"$cache/16.log" 2>&1 ||
        { tail -n 5 "$cache/16.log" >&2; die "packages for 16 could not be installed: is there a network?"; }
    work=$(mktemp -d)
    python3 -m pip download -q --no-deps --only-binary :all: --platform manylinux2014_x86_64 --python-version 3.11 \
        -d "$work" pgserver==0.1.4 >>"$cache/16.log" 2>&1 && python3 -m zipfile -e "$work"/*.whl "$work" ||
        { tail -n 5 "$cache/16.log" >&2; rm -rf "$work"; die "16 could not be fetched: is there a network?"; }
    chmod +x "$work"/pgserver/pginstall/bin/* "$work"/pgserver/pginstall/lib/postgresql/pgxs/{config/install-sh,src/test/*/*}
    cp -a "$root"/usr/lib/postgresql/17/lib/pgxs/src/test/perl "$work"/pgserver/pginstall/lib/postgresql/pgxs/src/test/
    mv "$work/pgserver/pginstall" "$root$prefix_16"
    chmod -R go+rX "$root$prefix_16"
    rm -rf "$work"
}

# The files that git tracks or would track, for one version's objects to lie beside.
copy_sources() {
    local to=$1
    rm -rf "$to"
    mkdir -p "$to"
    (cd "$top" && git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
        [ ! -f "$file" ] || printf '%s\0' "$file"
    done | tar --null -T - -cf -) | tar -xf - -C "$to"
}

test_version() {
    local version=$1 root=$cache/${release[$1]} config=/usr/lib/postgresql/$1/bin/pg_config
    [ "$(id -u)" -eq 0 ] || die "chroots are for root"
    command -v debootstrap >/dev/null || die "debootstrap is not installed"
    mkdir -p "$cache"
    make_chroot "${release[$version]}"
    case $version in
    16) make_16 "$root"; config=$prefix_16/bin/pg_config ;;
    cassert) make_cassert "$root"; config=$prefix_cassert/bin/pg_config ;;
    esac
    copy_sources "$root/vectordb-$version"
    # shellcheck disable=SC2016,SC2086
    in_chroot "$root" PG_MAJOR="$version" PG_CONFIG="$config" PROVE_FLAGS="${PROVE_FLAGS:-}" \
        bash -c 'cd "$0" && exec test/check-all.sh "$@"' "/vectordb-$version" $steps
}

# One version is a child of this script, so that its failure is a row of the table and not the end.
if [ -n "${VERSIONS_CHILD:-}" ]; then
    test_version "$1"
    exit
fi

versions=("$@")
[ ${#versions[@]} -gt 0 ] || versions=(15 16 17 18 cassert)
summary=''
failed=()
for version in "${versions[@]}"; do
    [ -n "${release[$version]:-}" ] || die "unknown version: $version"
    printf '\n######## %s\n' "$version"
    started=$SECONDS
    result=passed
    VERSIONS_CHILD=1 "$0" "$version" </dev/null || { result=FAILED; failed+=("$version"); }
    summary+=$(printf '%-8s %s  (%d s)' "$version" "$result" $((SECONDS - started)))$'\n'
done
printf '\n######## versions\n%s' "$summary"
[ ${#failed[@]} -eq 0 ] || { echo "FAILED: ${failed[*]}"; exit 1; }
