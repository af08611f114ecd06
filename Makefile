# vectordb: PGXS build of one shared library from the C shim (src/pg) and the C++ core (all other rooms).

EXTENSION = vectordb
MODULE_big = vectordb
DATA = $(wildcard sql/vectordb--*--*.sql)
DATA_built = sql/vectordb--1.0.sql
# The parts of the installation script, in their order.
SQL_PARTS = $(addprefix sql/vectordb--1.0/,$(addsuffix .sql,start vector halfvec sparsevec bit hnsw ivf support index_functions))

C_SOURCES = $(wildcard src/pg/*.c)
CXX_SOURCES = $(wildcard src/core/*.cpp src/simd/*.cpp src/quant/*.cpp src/hnsw/*.cpp src/ivf/*.cpp)
OBJS = $(C_SOURCES:.c=.o) $(CXX_SOURCES:.cpp=.o)

REGRESS = $(filter-out vectordb--%,$(notdir $(basename $(wildcard sql/*.sql))))
REGRESS_OPTS = --inputdir=. --load-extension=vectordb
ISOLATION = $(notdir $(basename $(wildcard test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test/isolation --load-extension=vectordb
EXTRA_CLEAN = $(OBJS:.o=.d) results build

PG_CONFIG ?= pg_config
PG_CPPFLAGS = -Isrc -isystem $(shell $(PG_CONFIG) --includedir-server 2>/dev/null) -MMD -MP
# Tables of options leave out what a later PostgreSQL appends to their structs.
PG_CFLAGS = -std=gnu11 -Wextra -Werror -Wno-unused-parameter -Wno-declaration-after-statement \
	-Wno-missing-field-initializers
# The core sees no PostgreSQL header, throws nothing and needs no C++ runtime library.
CORE_CXXFLAGS = -std=c++20 -O3 -g -fPIC -fno-exceptions -fno-rtti -fno-threadsafe-statics \
	-fvisibility=hidden -fno-math-errno -ffp-contract=off -Wall -Wextra -Werror -Isrc -MMD -MP

# Empty on a machine without PostgreSQL: the targets at the end install what they need.
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
override with_llvm := no
include $(PGXS)

# Instruction sets are chosen at run time, so only the object that needs one is compiled for it.
ifneq ($(filter x86_64%,$(host_cpu)),)
src/simd/kernels_avx2.o: ISA_FLAGS = -mavx2 -mfma -mf16c
src/simd/kernels_avx512.o: ISA_FLAGS = -mavx512f -mavx512bw -mavx512vl -mavx512dq -mfma
src/simd/kernels_avx512_popcnt.o: ISA_FLAGS = -mavx512f -mavx512bw -mavx512vl -mavx512dq -mfma -mavx512vpopcntdq -mavx512vnni
endif

# -O2 leaves the loops over a vector's elements scalar.
src/pg/vector.o src/pg/halfvec.o src/pg/sparsevec.o: CFLAGS += -O3

src/%.o: src/%.cpp
	$(CXX) $(CORE_CXXFLAGS) $(ISA_FLAGS) $(CXXFLAGS_EXTRA) -c -o $@ $<

-include $(wildcard $(OBJS:.o=.d))

sql/vectordb--1.0.sql: $(SQL_PARTS)
	cat $^ >$@

include sql/vector/alias.mk

.PHONY: unit unit-sanitize unit-aarch64 lint tap demo check-fast check-all

# The core alone, without a server (CMakeLists.txt).
unit:
	cmake --preset unit >/dev/null
	cmake --build --preset unit -j $(shell nproc)
	ctest --preset unit

# The same with AddressSanitizer and UndefinedBehaviorSanitizer; for 64-bit ARM by cross compiler and qemu
# (190 times slower where vectors are compared: without the builds by partition, whose kernels have tests of their own).
unit-sanitize unit-aarch64: unit-%:
	cmake --preset $* >/dev/null
	cmake --build --preset $* -j $(shell nproc)
	ctest --preset $*

lint:
	test/lint.sh

# Against the installed extension.
tap:
	PG_CONFIG='$(PG_CONFIG)' test/tap.sh

demo:
	PG_CONFIG='$(PG_CONFIG)' test/demo/demo.sh

check-fast:
	PG_CONFIG='$(PG_CONFIG)' test/check-all.sh build unit regress

check-all:
	PG_CONFIG='$(PG_CONFIG)' test/check-all.sh
