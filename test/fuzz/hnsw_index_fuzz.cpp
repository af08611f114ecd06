// hnsw indexes of every form whose pages were damaged here and there, in use: scans, insertions,
// vacuum and checks answer a status or throw what the shim raises, but never crash or go on for
// ever.
#include "damage.h"
#include "hnsw_steps.h"

namespace vdb::fuzz {

namespace {

using hnsw::test::Options;

struct Form {
    uint32_t rows, dims;
    Options options;
};

Options options(VdbMetric metric, VdbStorage storage, VdbKept kept = VDB_KEPT_PLAIN)
{
    return {4, 10, metric, storage, 20, kept};
}

constexpr auto kFloats = VDB_STORAGE_FLOAT32;
const Form kForms[] = {
    {120, 3, options(VDB_METRIC_L2, kFloats)},
    {10, 5000, options(VDB_METRIC_COSINE, kFloats)}, // vectors on pages of their own
    {40, 20, options(VDB_METRIC_IP, VDB_STORAGE_HALF)},
    {40, 100, options(VDB_METRIC_JACCARD, VDB_STORAGE_BIT)},
    {40, 50, options(VDB_METRIC_L1, VDB_STORAGE_SPARSE)},
    {20, 3000, options(VDB_METRIC_L2, VDB_STORAGE_SPARSE)},
    {60, 64, options(VDB_METRIC_L2, kFloats, VDB_KEPT_SQ8)},
    {60, 70, options(VDB_METRIC_IP, VDB_STORAGE_HALF, VDB_KEPT_HALF)},
    {40, 100, options(VDB_METRIC_COSINE, kFloats, VDB_KEPT_RABITQ4)},
    {10, 3000, options(VDB_METRIC_L2, kFloats, VDB_KEPT_FULL)},
};

// An index of that form after some rows have come twice and some have gone.
Store make(const Form &form)
{
    auto rows = [&form](uint32_t seed) {
        return hnsw::test::some_rows(form.options.storage, form.rows, form.dims, seed);
    };
    Store store(rows(1), form.dims, form.options);
    std::vector<Row> more = rows(9);
    for (uint32_t i = 0; i < 20; i++)
        hnsw::test::insert(store, more[i % 4], 1000 + i);
    hnsw::test::vacuum(store, [&form](uint32_t row) { return row < form.rows / 4; });
    return store;
}

} // namespace

void run(Input in)
{
    const Store &from = made_once(kForms, make, in.number<uint8_t>());
    Pages store(from.g, from.pages);
    damage(store.pages, in);
    steps(store, in);
}

std::vector<Seed> seeds()
{
    std::vector<Seed> all;
    for (uint8_t form = 0; form < std::size(kForms); form++) {
        Seed seed;
        seed.number(form).number<uint8_t>(2);
        seed_damage(seed, 1, 24, {'\xB2', 1});                         // a node's state and level
        seed_damage(seed, 0, 24 + 40, {5, 0, 0, 0, 6, 0, 0, 0, 3, 0}); // root and entry
        for (uint8_t step : {0, 4, 1, 5, 2, 6, 3})
            seed.number(step).number<uint8_t>(3).number<uint16_t>(5);
        all.push_back(seed);
    }
    return all;
}

} // namespace vdb::fuzz
