// hnsw pages of any bytes, the metapage among them: whatever geometry a metapage is accepted with,
// nothing that reads pages by it leaves them.
#include "hnsw/check_api.h"
#include "hnsw_steps.h"

namespace vdb::fuzz {

namespace {

constexpr size_t kMetaBytes = sizeof(hnsw::MetaPage);

Page read_page(Input &in, size_t bytes)
{
    Page page;
    std::memset(&page, 0, sizeof(page));
    in.copy(page.bytes + hnsw::kPageHeaderSize, bytes);
    return page;
}

void stamp(Page &page, uint16_t kind)
{
    uint16_t tail[2] = {kind, VDB_HNSW_PAGE_ID};
    std::memcpy(page.bytes + kPageSize - sizeof(tail), tail, sizeof(tail));
}

// What a metapage says is all believed, or nothing of it.
bool read_geometry(const Page &meta, VdbHnswGeometry *g)
{
    uint64_t seed;
    const char *problem = nullptr;
    VdbHnswGeometry checked;
    VdbStatus status = vdb_hnsw_meta_geometry(&meta, kPageSize, g, &seed);
    VdbStatus check = vdb_hnsw_check_geometry(&meta, kPageSize, &checked, &problem);
    expect((status == VDB_OK) == (check == VDB_OK), "reader and checker agree on a metapage");
    expect((check == VDB_OK) == (problem == nullptr), "the checker says what is wrong");
    if (status != VDB_OK)
        return false;
    expect(g->slots_per_page > 0 && g->cells_per_cell_page > 0, "there is room on pages");
    for (int kind = VDB_HNSW_PAGE_META; kind <= VDB_HNSW_PAGE_VECTOR; kind++)
        expect(vdb_hnsw_check_page_end(g, static_cast<VdbHnswPageKind>(kind)) <=
                   kPageSize - sizeof(hnsw::PageTrailer),
               "pages end before their trailers");
    return true;
}

std::vector<Page> page_of(const Store &store, VdbHnswPageKind kind)
{
    for (const Page &page : store.pages)
        if (hnsw::page_kind(&page, store.g) == kind)
            return {page};
    return {};
}

// A store's metapage and its first page of each kind.
Seed seed_of(const Store &store)
{
    Seed seed;
    seed.append(store.pages[0].bytes + hnsw::kPageHeaderSize, kMetaBytes);
    seed.number<uint8_t>(3);
    for (auto kind : {VDB_HNSW_PAGE_NODE, VDB_HNSW_PAGE_CELL, VDB_HNSW_PAGE_VECTOR})
        for (const Page &page : page_of(store, kind)) {
            uint16_t bytes = kPageSize - hnsw::kPageHeaderSize - 4;
            seed.number<uint8_t>(static_cast<uint8_t>(kind)).number(bytes);
            seed.append(page.bytes + hnsw::kPageHeaderSize, bytes);
        }
    for (uint8_t step : {0, 1, 5, 2, 6, 3})
        seed.number(step).number<uint8_t>(1).number<uint16_t>(5);
    return seed;
}

} // namespace

void run(Input in)
{
    Page meta = read_page(in, kMetaBytes);
    stamp(meta, VDB_HNSW_PAGE_META);
    VdbHnswGeometry g;
    if (!read_geometry(meta, &g))
        return;
    std::vector<Page> pages = {meta};
    for (uint32_t n = in.number<uint8_t>() % 4; n > 0; n--) {
        auto kind = in.number<uint8_t>();
        pages.push_back(read_page(in, in.number<uint16_t>() % (kPageSize - 28)));
        stamp(pages.back(), kind % 8);
    }
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
