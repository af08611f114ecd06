// ivf pages of any bytes, the metapage among them: whatever geometry a metapage is accepted with,
// nothing that reads pages by it leaves them.
#include "ivf_steps.h"

namespace vdb::fuzz {

namespace {

constexpr size_t kMetaBytes = sizeof(ivf::MetaPage);

Page read_page(Input &in, size_t bytes)
{
    Page page;
    std::memset(&page, 0, sizeof(page));
    in.copy(page.bytes + ivf::kPageHeaderSize, bytes);
    return page;
}

void stamp(Page &page, uint32_t next, uint16_t kind)
{
    ivf::PageTrailer tail = {next, kind, VDB_IVF_PAGE_ID};
    std::memcpy(page.bytes + sizeof(page) - sizeof(tail), &tail, sizeof(tail));
}

// What a metapage says is all believed, or nothing of it.
bool read_geometry(const Page &meta, VdbIvfGeometry *g)
{
    uint32_t lists;
    uint64_t seed;
    const char *problem = nullptr;
    VdbIvfGeometry checked;
    VdbStatus status = vdb_ivf_meta_geometry(&meta, sizeof(meta), g, &lists, &seed);
    VdbStatus check = vdb_ivf_check_geometry(&meta, sizeof(meta), &checked, &problem);
    expect((status == VDB_OK) == (check == VDB_OK), "reader and checker agree on a metapage");
    expect((check == VDB_OK) == (problem == nullptr), "the checker says what is wrong");
    if (status != VDB_OK)
        return false;
    expect(g->capacity > 0 && g->centroids_per_page > 0, "there is room on pages");
    for (int kind = VDB_IVF_PAGE_META; kind <= VDB_IVF_PAGE_LAST; kind++)
        expect(vdb_ivf_check_page_end(g, static_cast<VdbIvfPageKind>(kind)) <=
                   sizeof(meta) - sizeof(ivf::PageTrailer),
               "pages end before their trailers");
    return true;
}

void seed_page(Seed &seed, const Image &image, VdbBlock block)
{
    const auto *bytes = static_cast<const char *>(image.page(block));
    uint16_t length = 2000;
    ivf::PageTrailer tail;
    std::memcpy(&tail, bytes + sizeof(Page) - sizeof(tail), sizeof(tail));
    seed.number<uint8_t>(static_cast<uint8_t>(tail.kind)).number<int8_t>(-1).number(length);
    seed.append(bytes + ivf::kPageHeaderSize, length);
}

// An image's metapage and first pages.
Seed seed_of(const Image &image)
{
    Seed seed;
    auto n = static_cast<uint8_t>(std::min<size_t>(image.pages.size() - 1, 5));
    seed.append(static_cast<const char *>(image.page(0)) + ivf::kPageHeaderSize, kMetaBytes);
    seed.number(n);
    for (VdbBlock b = 1; b <= n; b++)
        seed_page(seed, image, b);
    for (uint8_t step : {0, 1, 4, 2, 0, 3})
        seed.number(step).number<uint8_t>(3).number<uint8_t>(5).number<uint8_t>(2);
    return seed;
}

} // namespace

void run(Input in)
{
    Page meta = read_page(in, kMetaBytes);
    stamp(meta, VDB_NO_BLOCK, VDB_IVF_PAGE_META);
    VdbIvfGeometry g;
    if (!read_geometry(meta, &g))
        return;
    Image image(g);
    image.pages = {meta};
    for (uint32_t n = in.number<uint8_t>() % 6; n > 0; n--) {
        auto kind = in.number<uint8_t>();
        auto next = in.number<int8_t>();
        image.pages.push_back(read_page(in, in.number<uint16_t>() % (sizeof(Page) - 32)));
        stamp(image.pages.back(), static_cast<uint32_t>(int32_t{next}), kind % 8);
    }
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
