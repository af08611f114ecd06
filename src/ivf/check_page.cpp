// First half of the check: everything that one page shows by itself.  What needs other pages is
// noted down for the second half.  Trusts the geometry, never the page.
#include <cmath>

#include "ivf/check.h"
#include "quant/space.h"

namespace vdb::ivf {

namespace {

constexpr double kNormTolerance = 1e-3; // relative; of squared lengths

bool all_zero(const void *page, uint32_t page_size)
{
    const auto *words = static_cast<const uint64_t *>(page);
    for (uint32_t i = 0; i < page_size / sizeof(uint64_t); i++)
        if (words[i] != 0)
            return false;
    return true;
}

bool padding_clear(const VdbSpace &space, const void *value)
{
    uint32_t used = space.dims % 8;
    return used == 0 || (static_cast<const uint8_t *>(value)[space.dims / 8] & 0xFF >> used) == 0;
}

struct PageCheck {
    VdbIvfCheck &c;
    VdbBlock block;
    const void *page;
    BlockInfo &info;

    void metapage()
    {
        if (block != VDB_IVF_META_BLOCK)
            c.report(block, -1, "metapage in this block");
    }

    void directory()
    {
        uint32_t count;
        if (vdb_ivf_directory_span(page, &c.g, &info.owner, &count) != VDB_OK)
            c.report(block, -1, "directory: impossible number of lists");
        else
            info.count = static_cast<uint16_t>(count);
    }

    void centroids()
    {
        uint32_t count;
        if (vdb_ivf_centroids_span(page, &c.g, &info.owner, &count) != VDB_OK) {
            c.report(block, -1, "centroids: impossible number of them");
            return;
        }
        info.count = static_cast<uint16_t>(count);
        for (uint32_t i = 0; i < count; i++)
            if (const char *problem = value_problem(c, centroid_at(page, c.g, i)))
                c.report(block, static_cast<int32_t>(info.owner + i), "centroid: %s", problem);
    }

    void data()
    {
        VdbIvfData data;
        if (vdb_ivf_data_read(page, &c.g, VDB_IVF_NO_LIST, &data) != VDB_OK) {
            c.report(block, -1, "data: impossible number of entries or form of them");
            info.owner = kNoOrdinal;
            return;
        }
        info.owner = ordinal_of(c, data.list_id);
        info.count = static_cast<uint16_t>(data.count);
        info.next_room = data.next_room;
        if (info.owner == kNoOrdinal)
            return;
        c.fed_live = c.live(info.owner);
        if (vdb_ivf_coded(&c.g)) {
            check_codes(c, block, page);
            return;
        }
        for (uint32_t i = 0; i < data.count; i++)
            entry(i);
    }

    void values()
    {
        VdbIvfValues values;
        if (vdb_ivf_values_read(page, &c.g, VDB_IVF_NO_LIST, &values) != VDB_OK) {
            c.report(block, -1, "values: impossible number of them");
            info.owner = kNoOrdinal;
            return;
        }
        info.owner = ordinal_of(c, values.list_id);
        info.count = static_cast<uint16_t>(values.count);
        info.next_room = values.room;
        if (info.owner != kNoOrdinal)
            check_values(c, block, page);
    }

    void entry(uint32_t i)
    {
        auto item = static_cast<int32_t>(i);
        VdbTid tid = tids_of(page, c.g)[i];
        if (!tid_ok(c, tid, c.fed_live))
            c.report(block, item, "entry: heap tid (%u,%u) is invalid",
                     static_cast<VdbBlock>(tid.block_hi) << 16 | tid.block_lo, tid.offset);
        if (const char *problem = value_problem(c, value_at(page, c.g, i)))
            c.report(block, item, "entry: %s", problem);
        else if (c.g.norms_offset != 0)
            norm(i);
    }

    void norm(uint32_t i)
    {
        double norm = vdb::norm_of(c.g.space, value_at(page, c.g, i), c.g.space.dims);
        double stored = norms_of(page, c.g)[i];
        if (!(std::fabs(stored - norm) <= kNormTolerance * norm))
            c.report(block, static_cast<int32_t>(i), "entry: norm is %g instead of %g", stored,
                     norm);
    }

    void run()
    {
        const PageTrailer *t = trailer(page, c.g);
        if (t->page_id != VDB_IVF_PAGE_ID) {
            c.report(block, -1, "page id is %04x instead of %04x", t->page_id, VDB_IVF_PAGE_ID);
            return;
        }
        if (t->kind < VDB_IVF_PAGE_META || t->kind > last_kind(c.g)) {
            c.report(block, -1, "unknown kind of page %u", t->kind);
            return;
        }
        info.kind = static_cast<uint8_t>(t->kind);
        info.next = t->next;
        c.counts.pages[t->kind]++;
        if (t->kind == VDB_IVF_PAGE_META)
            metapage();
        else if (t->kind == VDB_IVF_PAGE_DIRECTORY)
            directory();
        else if (t->kind == VDB_IVF_PAGE_CENTROIDS)
            centroids();
        else if (t->kind == VDB_IVF_PAGE_DATA)
            data();
        else if (t->kind == VDB_IVF_PAGE_VALUES)
            values();
    }
};

} // namespace

bool tid_ok(const VdbIvfCheck &c, VdbTid tid, bool live)
{
    VdbBlock block = static_cast<VdbBlock>(tid.block_hi) << 16 | tid.block_lo;
    // A line pointer is 4 bytes, so no heap page has more offsets.
    return tid.offset >= 1 && tid.offset <= c.g.page_size / 4 &&
           (!live || c.heap_blocks == VDB_NO_BLOCK || block < c.heap_blocks);
}

const char *value_problem(const VdbIvfCheck &c, const void *value)
{
    const VdbSpace &space = c.g.space;
    if (space.storage == VDB_STORAGE_BIT)
        return padding_clear(space, value) ? nullptr : "bits beyond the last are set";
    double norm = vdb::norm_of(space, value, space.dims);
    if (!std::isfinite(norm))
        return "an element is not finite";
    if (space.metric == VDB_METRIC_COSINE && space.storage == VDB_STORAGE_FLOAT32 && norm != 0 &&
        std::fabs(norm - 1) > kNormTolerance)
        return "not of unit length";
    return nullptr;
}

} // namespace vdb::ivf

using namespace vdb::ivf;

void vdb_ivf_check_feed(VdbIvfCheck *check, VdbBlock block, const void *page) noexcept
{
    check->fed = block;
    check->fed_live = false;
    check->rest = VDB_NO_BLOCK;
    if (block >= check->blocks)
        return;
    BlockInfo &info = check->by_block[block];
    info = {VDB_NO_BLOCK, VDB_IVF_NOT_LISTED, kNoOrdinal, info.user, info.tids, 0, 0, false, false};
    if (all_zero(page, check->g.page_size)) {
        check->counts.pages[0]++;
        if (block == VDB_IVF_META_BLOCK)
            check->report(block, -1, "block 0 is not a metapage");
        return;
    }
    PageCheck{*check, block, page, info}.run();
}

VdbBlock vdb_ivf_check_rest(const VdbIvfCheck *check) noexcept
{
    return check->rest;
}

void vdb_ivf_check_feed_rest(VdbIvfCheck *check, const void *page, const void *rest) noexcept
{
    uint32_t joined[kLargestPage / sizeof(uint32_t)];
    if (check->rest != VDB_NO_BLOCK)
        check_split_value(*check, check->fed, {page, rest, joined});
}

uint32_t vdb_ivf_check_page_tids(const VdbIvfCheck *check, const void *page, VdbTid *out) noexcept
{
    if (!check->fed_live)
        return 0;
    uint32_t n = 0;
    for (uint32_t i = 0; i < check->by_block[check->fed].count; i++)
        if (tid_ok(*check, tids_of(page, check->g)[i], true))
            out[n++] = tids_of(page, check->g)[i];
    return n;
}
