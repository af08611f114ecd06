#!/bin/bash
# Builds the fuzz targets (README.md) and runs each for some seconds, beginning with seeds that the real build code makes
# and with what earlier runs kept; exits non-zero when one of them found something. usage: run.sh [SECONDS [TARGET...]]
# FUZZ_JOBS=N runs so many at a time; FUZZ_SEED=N changes what they try.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$top"

export ASAN_OPTIONS=${ASAN_OPTIONS:-quarantine_size_mb=16:detect_leaks=0} # the arenas of the core are no leaks
seconds=${1:-12}
shift || true
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz -j "$(nproc)" >/dev/null
targets=("$@")
[ ${#targets[@]} -gt 0 ] || for source in test/fuzz/*_fuzz.cpp; do targets+=("$(basename "$source" .cpp)"); done

# What is found stays: a later run begins with it.
run_target() {
    local target=$1 seconds=$2 dir=build/fuzz/corpus/$1 log=build/fuzz/$1.log
    mkdir -p "$dir/seeds" "$dir/kept" build/fuzz/findings
    build/fuzz/test/fuzz/"$target" --seeds="$dir/seeds"
    local longest
    longest=$(find "$dir/seeds" -type f -printf '%s\n' | sort -n | tail -1)
    build/fuzz/test/fuzz/"$target" "$dir/kept" "$dir/seeds" -max_total_time="$seconds" -seed="${FUZZ_SEED:-1}" -timeout=60 \
        -max_len=$((longest + 512)) -rss_limit_mb=3000 -print_final_stats=1 -close_fd_mask=1 -reduce_inputs=0 \
        -artifact_prefix="build/fuzz/findings/$target-" >"$log" 2>&1 || {
        tail -n 60 "$log"
        echo "$target: FOUND SOMETHING"
        return 1
    }
    awk -v target="$target" '/number_of_executed_units/ { runs = $2 } /cov: / { for (i = 1; i < NF; i++)
        { if ($i == "cov:") cov = $(i + 1); if ($i == "corp:") corpus = $(i + 1) } }
        END { printf "%-18s %10d runs, %6d edges covered, corpus %s\n", target, runs, cov, corpus }' "$log"
}
export -f run_target

printf '%s\n' "${targets[@]}" | xargs -P "${FUZZ_JOBS:-$(nproc)}" -I{} bash -c 'run_target {} '"$seconds"
