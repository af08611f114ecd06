// Builds by files: every row in the index and every node reachable, as good as a build in memory,
// whatever the memory, the number of processes, and how many rows are equal.
#include <array>
#include <functional>
#include <mutex>
#include <thread>

#include "hnsw/built_index.h"
#include "hnsw/external_api.h"

using namespace vdb::hnsw;
using namespace vdb::hnsw::test;

namespace {

// Files in memory.
class Files {
  public:
    VdbHnswStore store()
    {
        return {this,
                [](void *owner, uint32_t file, uint64_t offset, void *to, size_t bytes) {
                    Files *files = static_cast<Files *>(owner);
                    std::lock_guard lock(files->mutex_);
                    ASSERT_LE(offset + bytes, files->at(file).size());
                    std::memcpy(to, files->at(file).data() + offset, bytes);
                },
                [](void *owner, uint32_t file, uint64_t offset, const void *from, size_t bytes) {
                    Files *files = static_cast<Files *>(owner);
                    std::lock_guard lock(files->mutex_);
                    if (files->at(file).size() < offset + bytes)
                        files->at(file).resize(offset + bytes);
                    std::memcpy(files->at(file).data() + offset, from, bytes);
                }};
    }

  private:
    std::vector<char> &at(uint32_t file) { return files_.at(file); }

    std::mutex mutex_;
    std::array<std::vector<char>, 20> files_;
};

struct External {
    uint32_t dims;
    Options options;
    size_t memory_rows; // what the memory has room for, as a build in memory
    uint32_t processes = 1;

    VdbHnswGeometry g() const { return geometry(dims, options); }

    void on_all(const std::function<void(uint32_t)> &work) const
    {
        std::vector<std::thread> threads;
        for (uint32_t p = 0; p < processes; p++)
            threads.emplace_back(work, p);
        for (std::thread &t : threads)
            t.join();
    }

    // Adds what does not fit.
    void add_rest(void *region, const VdbHnswStore &store, const std::vector<Row> &rows,
                  size_t first) const
    {
        VdbHnswGeometry geometry = g();
        on_all([&](uint32_t p) {
            for (size_t i = first + p; i < rows.size(); i += processes) {
                Stored value = compared(geometry, rows[i]);
                vdb_hnsw_external_add(region, &store, p, value.data(), value.norm,
                                      tid_of(static_cast<uint32_t>(i)));
            }
        });
    }

    void link(void *region, const VdbHnswStore &store) const
    {
        VdbHnswBuildPhase phase;
        for (;;) {
            ASSERT_EQ(vdb_hnsw_external_begin_phase(region, &store, processes, &phase), VDB_OK);
            if (phase == VDB_HNSW_BUILD_LINKED)
                break;
            on_all([&](uint32_t p) {
                Memory work = memory(vdb_hnsw_external_work_size(region));
                if (vdb_hnsw_external_work_init(region, &store, p, work.get()))
                    while (vdb_hnsw_external_work(region, work.get())) {
                    }
            });
            VdbHnswBuildProgress progress = vdb_hnsw_external_progress(region);
            EXPECT_EQ(progress.done, progress.total);
        }
    }

    std::vector<Page> pages(void *region, const VdbHnswStore &store) const
    {
        VdbHnswBuildLayout layout;
        vdb_hnsw_external_finish(region, &store);
        EXPECT_EQ(vdb_hnsw_external_layout(region, &layout), VDB_OK);
        Memory work = memory(vdb_hnsw_external_render_size(region));
        vdb_hnsw_external_render_init(region, &store, work.get());
        std::vector<Page> all(layout.blocks);
        for (VdbBlock block = 0; block < layout.blocks; block++) {
            std::memset(&all[block], 0, kPageSize);
            init_page(&all[block], g(), vdb_hnsw_build_page_kind(&layout, block));
            vdb_hnsw_external_render(region, work.get(), &layout, block, &all[block]);
        }
        return all;
    }

    std::vector<Page> build(const std::vector<Row> &rows) const
    {
        Files files;
        VdbHnswStore store = files.store();
        Build start(dims, options, memory_rows);
        size_t bytes = vdb_hnsw_build_size(&start.g, memory_rows);
        size_t added = start.add(rows);
        EXPECT_LT(added, rows.size());
        EXPECT_TRUE(vdb_hnsw_external_possible(&start.g, bytes, rows.size(), processes));
        vdb_hnsw_external_begin(start.region.get(), bytes, &store, 0, processes);
        add_rest(start.region.get(), store, rows, added);
        link(start.region.get(), store);
        return pages(start.region.get(), store);
    }
};

TEST(ExternalBuild, AsGoodAsInMemory)
{
    constexpr uint32_t kDims = 100;
    std::vector<Row> rows = gaussian(5000, kDims), queries = gaussian(30, kDims, 2);
    Build whole(kDims, {}, rows.size());
    ASSERT_EQ(whole.add(rows), rows.size());
    double best = recall(Index(whole), queries, 100);
    for (size_t memory_rows : {1200, 3000})
        for (uint32_t processes : {1, 2}) {
            Index index(geometry(kDims), External{kDims, {}, memory_rows, processes}.build(rows));
            check(index, rows);
            EXPECT_GE(recall(index, queries, 100), best - .03) << memory_rows << " " << processes;
        }
}

// Parts are smaller than in memory, and random directions look alike from afar.  Without the part
// of the longest it would be .14 and .04 less.
TEST(ExternalBuild, InnerProduct)
{
    constexpr uint32_t kDims = 64;
    Options o = {.metric = VDB_METRIC_IP, .kept = VDB_KEPT_FULL};
    std::vector<Row> queries,
        rows = of_lengths(5000, kDims, std::lognormal_distribution<float>(0, .7f));
    for (const Row &query : gaussian(100, kDims, 2))
        queries.push_back(row_as_compared(geometry(kDims, o), query));
    Build whole(kDims, o, rows.size());
    ASSERT_EQ(whole.add(rows), rows.size());
    Index index(geometry(kDims, o), External{kDims, o, 1500, 2}.build(rows));
    check(index, rows);
    EXPECT_GE(recall(index, queries, 20), recall(Index(whole), queries, 20) - .04);
    EXPECT_GE(recall(index, queries, 40), recall(Index(whole), queries, 40) - .01);
}

TEST(ExternalBuild, SamePagesAgain)
{
    std::vector<Row> rows = gaussian(4000, 64);
    External external = {64, {.m = 8, .kept = VDB_KEPT_SQ8}, 1500};
    std::vector<Page> one = external.build(rows), other = external.build(rows);
    ASSERT_EQ(one.size(), other.size());
    for (size_t i = 0; i < one.size(); i++)
        ASSERT_EQ(std::memcmp(&one[i], &other[i], kPageSize), 0) << "page " << i;
}

// Equal rows are one node, of whatever process they are and however many.
TEST(ExternalBuild, EqualRows)
{
    std::vector<Row> some = gaussian(3000, 64), rows;
    for (size_t i = 0; i < 9000; i++)
        rows.push_back(some[i < 3000 ? i : i % 2 == 0 ? i % 1000 : 7]);
    for (uint32_t processes : {1, 3}) {
        Index index(geometry(64), External{64, {}, 2200, processes}.build(rows));
        check(index, rows);
        EXPECT_EQ(index.nodes().size(), some.size());
    }
}

// A slot's vector goes on in vector pages, upper lists in cell pages.
TEST(ExternalBuild, PagesOfEveryKind)
{
    std::vector<Row> rows = gaussian(600, 2500);
    Index index(geometry(2500, {.m = 4}), External{2500, {.m = 4}, 400}.build(rows));
    check(index, rows);
    std::set<uint32_t> kinds;
    for (const Page &page : index.pages)
        kinds.insert(page_kind(&page, index.g));
    EXPECT_EQ(kinds, (std::set<uint32_t>{VDB_HNSW_PAGE_META, VDB_HNSW_PAGE_NODE, VDB_HNSW_PAGE_CELL,
                                         VDB_HNSW_PAGE_VECTOR}));
}

// Parts far larger than the memory; distances that overflow.
TEST(ExternalBuild, Uneven)
{
    std::vector<Row> rows = clustered(6000, 64, 2);
    Index clusters(geometry(64), External{64, {}, 1200}.build(rows));
    check(clusters, rows);
    for (Row &row : rows)
        for (float &x : row)
            x *= 1e36f;
    Index huge(geometry(64), External{64, {}, 1200}.build(rows));
    EXPECT_EQ(huge.nodes().size(), rows.size());
}

TEST(ExternalBuild, NotInAnyMemory)
{
    VdbHnswGeometry plain = geometry(64), few = geometry(32);
    EXPECT_FALSE(vdb_hnsw_external_possible(&few, 1 << 30, 1000, 1)); // linked by insertion
    EXPECT_FALSE(vdb_hnsw_external_possible(&plain, 1 << 20, 100000, 1));
    EXPECT_TRUE(vdb_hnsw_external_possible(&plain, 16 << 20, 100000, 1));
}

// More rows came than were expected: they can be had back.
TEST(ExternalBuild, MoreThanExpected)
{
    Files files;
    VdbHnswStore store = files.store();
    VdbHnswBuildPhase phase;
    std::vector<Row> rows = gaussian(20000, 64);
    Build start(64, {}, 700);
    size_t bytes = vdb_hnsw_build_size(&start.g, 700), added = start.add(rows);
    void *region = start.region.get();
    vdb_hnsw_external_begin(region, bytes, &store, 0, 1);
    External{64, {}, 700}.add_rest(region, store, rows, added);
    EXPECT_EQ(vdb_hnsw_external_begin_phase(region, &store, 1, &phase), VDB_TOO_BIG);
    std::set<uint32_t> seen;
    Row row(64);
    VdbTid tid;
    float length;
    for (uint64_t i = 0; vdb_hnsw_external_row(region, &store, i, row.data(), &length, &tid); i++) {
        EXPECT_EQ(row, rows.at(row_of(tid)));
        seen.insert(row_of(tid));
    }
    EXPECT_EQ(seen.size(), rows.size());
}

} // namespace
