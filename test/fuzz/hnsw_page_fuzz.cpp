// hnsw pages of any bytes, the metapage among them: whatever geometry a metapage is accepted with,
// nothing that reads pages by it leaves them.
#include "hnsw/check_api.h"
#include "hnsw_steps.h"
#include "page_input.h"

namespace vdb::fuzz {

namespace {

struct Format {
    using Page = hnsw::test::Page;
    using MetaPage = hnsw::MetaPage;
    using Trailer = hnsw::PageTrailer;
    static constexpr uint32_t kHeader = hnsw::kPageHeaderSize;
    static constexpr uint16_t kMetaKind = VDB_HNSW_PAGE_META, kPageId = VDB_HNSW_PAGE_ID;
};
using AnyPages = PageInput<Format>;

bool read_geometry(const Page &meta, VdbHnswGeometry *g)
{
    uint64_t seed;
    const char *problem = nullptr;
    VdbHnswGeometry checked;
    VdbStatus status = vdb_hnsw_meta_geometry(&meta, kPageSize, g, &seed);
    VdbStatus check = vdb_hnsw_check_geometry(&meta, kPageSize, &checked, &problem);
    if (!believed(status, check, problem))
        return false;
    expect(g->slots_per_page > 0 && g->cells_per_cell_page > 0, "there is room on pages");
    for (int kind = VDB_HNSW_PAGE_META; kind <= VDB_HNSW_PAGE_VECTOR; kind++)
        expect(vdb_hnsw_check_page_end(g, static_cast<VdbHnswPageKind>(kind)) <=
                   kPageSize - sizeof(hnsw::PageTrailer),
               "pages end before their trailers");
    return true;
}

// A store's first page of each kind.
std::vector<Page> first_pages(const Store &store)
{
    std::vector<Page> found;
    for (auto kind : {VDB_HNSW_PAGE_NODE, VDB_HNSW_PAGE_CELL, VDB_HNSW_PAGE_VECTOR})
        for (const Page &page : store.pages)
            if (hnsw::page_kind(&page, store.g) == kind) {
                found.push_back(page);
                break;
            }
    return found;
}

Seed seed_of(const Store &store)
{
    Seed seed;
    std::vector<Page> pages = first_pages(store);
    AnyPages::seed_meta(seed, store.pages[0]);
    seed.number<uint8_t>(static_cast<uint8_t>(pages.size()));
    for (const Page &page : pages)
        AnyPages::seed_page(seed, page);
    for (uint8_t step : {0, 1, 5, 2, 6, 3})
        seed.number(step).number<uint8_t>(1).number<uint16_t>(5);
    return seed;
}

} // namespace

void run(Input in)
{
    Page meta = AnyPages::meta(in);
    VdbHnswGeometry g;
    if (!read_geometry(meta, &g))
        return;
    std::vector<Page> pages = {meta};
    AnyPages::pages(in, 3, pages);
    Pages store(g, pages);
    steps(store, in);
}

std::vector<Seed> seeds()
{
    using hnsw::test::some_rows;
    struct Form {
        VdbMetric metric;
        VdbStorage storage;
        VdbKept kept;
        uint32_t dims;
    };
    std::vector<Seed> all;
    for (Form f : {Form{VDB_METRIC_L2, VDB_STORAGE_FLOAT32, VDB_KEPT_PLAIN, 5},
                   Form{VDB_METRIC_COSINE, VDB_STORAGE_HALF, VDB_KEPT_PLAIN, 9000},
                   Form{VDB_METRIC_HAMMING, VDB_STORAGE_BIT, VDB_KEPT_PLAIN, 64},
                   Form{VDB_METRIC_IP, VDB_STORAGE_SPARSE, VDB_KEPT_PLAIN, 3000},
                   Form{VDB_METRIC_L2, VDB_STORAGE_FLOAT32, VDB_KEPT_SQ8, 64},
                   Form{VDB_METRIC_COSINE, VDB_STORAGE_FLOAT32, VDB_KEPT_FULL, 3000}})
    {
        hnsw::test::Options o = {4, 10, f.metric, f.storage, 15, f.kept};
        Store store(some_rows(f.storage, 30, f.dims), f.dims, o);
        std::vector<Row> more = some_rows(f.storage, 30, f.dims, 9);
        for (uint32_t i = 0; i < 40; i++)
            hnsw::test::insert(store, more[i % 2], 1000 + i);
        all.push_back(seed_of(store));
    }
    return all;
}

} // namespace vdb::fuzz
