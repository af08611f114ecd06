// ivf pages of any bytes, the metapage among them: whatever geometry a metapage is accepted with,
// nothing that reads pages by it leaves them.
#include "ivf_steps.h"
#include "page_input.h"

namespace vdb::fuzz {

namespace {

struct Format {
    using Page = ivf::test::Page;
    using MetaPage = ivf::MetaPage;
    using Trailer = ivf::PageTrailer;
    static constexpr uint32_t kHeader = ivf::kPageHeaderSize;
    static constexpr uint16_t kMetaKind = VDB_IVF_PAGE_META, kPageId = VDB_IVF_PAGE_ID;
};
using Pages = PageInput<Format>;
constexpr uint32_t kMostPages = 5; // beside the metapage

bool read_geometry(const Page &meta, VdbIvfGeometry *g)
{
    uint32_t lists;
    uint64_t seed;
    const char *problem = nullptr;
    VdbIvfGeometry checked;
    VdbStatus status = vdb_ivf_meta_geometry(&meta, sizeof(meta), g, &lists, &seed);
    VdbStatus check = vdb_ivf_check_geometry(&meta, sizeof(meta), &checked, &problem);
    if (!believed(status, check, problem))
        return false;
    expect(g->capacity > 0 && g->centroids_per_page > 0, "there is room on pages");
    for (int kind = VDB_IVF_PAGE_META; kind <= VDB_IVF_PAGE_LAST; kind++)
        expect(vdb_ivf_page_end(&meta, g, static_cast<VdbIvfPageKind>(kind)) <=
                   sizeof(meta) - sizeof(ivf::PageTrailer),
               "pages end before their trailers");
    return true;
}

// An image's metapage and first pages.
Seed seed_of(const Image &image)
{
    Seed seed;
    auto n = static_cast<uint8_t>(std::min<size_t>(image.pages.size() - 1, kMostPages));
    Pages::seed_meta(seed, image.pages[0]);
    seed.number(n);
    for (VdbBlock b = 1; b <= n; b++)
        Pages::seed_page(seed, image.pages[b], 2000);
    for (uint8_t step : {0, 1, 4, 2, 0, 3})
        seed.number(step).number<uint8_t>(3).number<uint8_t>(5).number<uint8_t>(2);
    return seed;
}

} // namespace

void run(Input in)
{
    Page meta = Pages::meta(in);
    VdbIvfGeometry g;
    if (!read_geometry(meta, &g))
        return;
    Image image(g);
    image.pages = {meta};
    Pages::pages(in, kMostPages, image.pages);
    Index index(image);
    steps(index, in);
}

std::vector<Seed> seeds()
{
    using namespace ivf::test;
    std::vector<Seed> all;
    for (VdbSpace space : {floats(5), halves(300, VDB_METRIC_COSINE), bits(64)})
        all.push_back(seed_of(build(random_values(space, 40), 2)));
    for (uint32_t kept : all_kept())
        for (VdbMetric metric : coded_metrics())
            all.push_back(seed_of(
                build(random_values(floats(64, metric), 20), 2, coded_geometry(64, kept, metric))));
    return all;
}

} // namespace vdb::fuzz
