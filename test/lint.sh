#!/bin/bash
# The rules that a machine can check: formatting, the border between C and C++, what the library imports, what
# the objects of single instruction sets export. Needs a built tree (vectordb.so and its objects).
# Prints each breach and exits non-zero if there was one.
set -uo pipefail
shopt -s lastpipe # so that `... | refuse` counts in this shell
export LC_ALL=C.UTF-8
cd "$(dirname "${BASH_SOURCE[0]}")/.."

breaches=0
breach() {
    echo "lint: $1"
    breaches=$((breaches + 1))
}

# Prints the lines of standard input, if any, under the rule that they break.
refuse() {
    local found
    found=$(cat)
    [ -z "$found" ] || breach "$1"$'\n'"$found"
}

# What git tracks or would track, so that a file not added yet is checked too; one being deleted is not.
sources() {
    git ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do
        [ ! -f "$file" ] || echo "$file"
    done
}

check_format() {
    local formatter
    formatter=$(command -v clang-format-14 || command -v clang-format) || {
        breach "clang-format is not installed"
        return
    }
    sources '*.c' '*.h' '*.cpp' '*.inc' | xargs -r "$formatter" --dry-run -Werror 2>&1 |
        grep -E 'error:' | cut -d: -f1 | sort | uniq -c | refuse "files that clang-format would change (count, file)"
}

check_border() {
    sources 'src/*.cpp' 'src/*.inc' 'src/*.h' | grep -v '^src/pg/' |
        xargs -r grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"](postgres(_fe|_ext)?\.h|c\.h|fmgr\.h|(access|catalog|commands|executor|lib|miscadmin|nodes|optimizer|port|postmaster|storage|utils)[/.])' |
        refuse "the core includes a PostgreSQL header"
    sources 'src/pg/*.cpp' 'src/pg/*.inc' | refuse "C++ in src/pg"
    sources 'src/*.c' | grep -v '^src/pg/' | refuse "C outside src/pg"
    # What the shim includes from other rooms are their plain C faces.
    sources 'src/pg/*.c' 'src/pg/*.h' |
        xargs -r grep -nE '#[[:space:]]*include[[:space:]]*"(core|simd|quant|hnsw|ivf)/' |
        grep -vE '"[a-z]+/([a-z_]+_api|types)\.h"' | refuse "the shim includes a C++ header"
    sources 'src/*.c' 'src/*.h' 'src/*.cpp' 'src/*.inc' | grep -v '^src/pg/compat\.h$' |
        xargs -r grep -n 'PG_VERSION_NUM' | refuse "PG_VERSION_NUM outside src/pg/compat.h"
}

# The C++ runtime by its names: mangled symbols, the ABI's own, and the personality of exceptions.
check_imports() {
    [ -f vectordb.so ] || {
        breach "vectordb.so is missing: build first"
        return
    }
    nm -D --undefined-only vectordb.so | awk '{ print $2 }' |
        grep -E '^(_Z|__cxa_|__gxx_|__dynamic_cast|_Unwind_|__once_)' | grep -vE '^__cxa_finalize' |
        c++filt | refuse "vectordb.so imports the C++ runtime"
    readelf -d vectordb.so | grep -E 'NEEDED.*(libstdc\+\+|libgcc_s)' | refuse "vectordb.so links the C++ runtime"
    # A constructor would run code at load time, before PostgreSQL asked for anything.
    readelf -SW vectordb.so | awk '$2 == ".init_array" || $3 == ".init_array" { for (i = 1; i <= NF; i++)
        if ($i == ".init_array") print $(i + 4) }' | grep -v '^000008$' | refuse "vectordb.so has static constructors"
}

# A weak symbol in an object of a newer instruction set may be the one that the linker keeps for all.
check_instruction_sets() {
    local object
    for object in src/*/kernels_*.o; do
        [ -f "$object" ] || {
            breach "no kernel objects: build first"
            return
        }
        nm -C "$object" | awk '$2 ~ /^[WVvwu]$/' | sed "s|^|$object: |" | refuse "weak symbols"
    done
}

check_format
check_border
check_imports
check_instruction_sets

if [ "$breaches" -gt 0 ]; then
    echo "lint: $breaches rules broken"
    exit 1
fi
echo "lint: clean"
