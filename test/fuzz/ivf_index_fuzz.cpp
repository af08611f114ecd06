// ivf indexes of every form whose pages were damaged here and there, in use: scans, insertions,
// vacuum, splits and checks answer a status, but never crash or go on for ever.
#include "damage.h"
#include "ivf_steps.h"

namespace vdb::fuzz {

namespace {

struct Form {
    VdbSpace column;
    uint32_t kept;
    uint32_t rows, lists;
};

const Form kForms[] = {
    {ivf::test::floats(3), VDB_KEPT_PLAIN, 600, 8},
    {ivf::test::floats(900, VDB_METRIC_COSINE), VDB_KEPT_PLAIN, 12, 3},
    {ivf::test::halves(20, VDB_METRIC_IP), VDB_KEPT_PLAIN, 200, 4},
    {ivf::test::bits(70), VDB_KEPT_PLAIN, 200, 4},
    {ivf::test::floats(30, VDB_METRIC_L1), VDB_KEPT_PLAIN, 100, 4},
    {ivf::test::floats(64), VDB_KEPT_SQ8, 150, 3},
    {ivf::test::floats(70, VDB_METRIC_IP), VDB_KEPT_RABITQ4, 150, 40},
    {ivf::test::floats(100, VDB_METRIC_COSINE), VDB_KEPT_HALF, 100, 3},
    {ivf::test::floats(700), VDB_KEPT_FULL, 20, 2},
    {ivf::test::floats(64), VDB_IVF_KEPT_HEAP, 150, 3},
};

VdbIvfGeometry geometry_of(const Form &form)
{
    if (form.kept == VDB_KEPT_PLAIN)
        return ivf::test::geometry(form.column);
    return ivf::test::coded_geometry(form.column.dims, form.kept,
                                     static_cast<VdbMetric>(form.column.metric));
}

// An index of that form; one of its lists was retired, its pages are partly recycled.
Image make(const Form &form)
{
    VdbIvfGeometry g = geometry_of(form);
    Image image = build(ivf::test::random_values(form.column, form.rows), form.lists, g);
    if (image.meta().lists > 2) {
        image.retire(1);
        image.recycle(1, 1);
    }
    return image;
}

} // namespace

void run(Input in)
{
    Index index(made_once(kForms, make, in.number<uint8_t>()));
    damage(index.image.pages, in);
    steps(index, in);
}

std::vector<Seed> seeds()
{
    std::vector<Seed> all;
    for (uint8_t form = 0; form < std::size(kForms); form++) {
        Seed seed;
        seed.number(form).number<uint8_t>(3);
        seed_damage(seed, 1, 32 + 8, {3, 0, 0, 0, 4, 0, 0, 0});  // a list's first and last page
        seed_damage(seed, 0, 24 + 48, {9, 0, 0, 0, 5, 0, 0, 0}); // ordinals and lists
        seed_damage(seed, 3, 24 + 8, {1, 0});                    // entries of a data page
        for (uint8_t step : {0, 1, 4, 2, 0, 3})
            seed.number(step).number<uint8_t>(3).number<uint8_t>(5).number<uint8_t>(2);
        all.push_back(seed);
    }
    return all;
}

} // namespace vdb::fuzz
