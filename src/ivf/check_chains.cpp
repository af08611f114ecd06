// Second half of the check: chains of pages, and what the metapage counts.
#include <algorithm>
#include <bit>

#include "ivf/check.h"

namespace vdb::ivf {

namespace {

constexpr uint64_t kPagesPerCall = 8192;

// Whether a chain may go on to that block: a page of that kind that no chain has met yet.
bool claim(VdbIvfCheck &c, VdbBlock from, VdbBlock block, VdbIvfPageKind kind, const char *what)
{
    if (block >= c.blocks) {
        c.report(from, -1, "%s: chain leads to block %u, outside", what, block);
        return false;
    }
    BlockInfo &info = c.by_block[block];
    if (info.kind != kind) {
        c.report(block, -1, "%s: chain leads to a page of kind %u", what, info.kind);
        return false;
    }
    if (info.chained) {
        c.report(block, -1, "%s: chain comes here twice", what);
        return false;
    }
    info.chained = true;
    return true;
}

// --- lists ---

struct ListCheck {
    VdbIvfCheck &c;
    uint32_t ordinal;
    const VdbIvfList &list;

    int32_t item() const { return static_cast<int32_t>(ordinal); }

    bool owns(VdbBlock block) const { return c.by_block[block].owner == ordinal; }

    // Counts the entries of the chain; *pages says how far it goes.
    uint64_t chain(uint32_t *pages)
    {
        uint64_t entries = 0;
        VdbBlock last = VDB_NO_BLOCK;
        for (VdbBlock b = list.first; b != VDB_NO_BLOCK; b = c.by_block[b].next) {
            if (!claim(c, last, b, VDB_IVF_PAGE_DATA, "list"))
                return entries;
            if (!owns(b)) {
                c.report(b, -1, "list: page in the chain of list %u is another's", ordinal);
                return entries;
            }
            if (*pages < list.run && b != list.first + *pages)
                c.report(b, -1, "list: page %u of %u in a row is not in its place", *pages,
                         list.run);
            entries += c.by_block[b].count;
            ++*pages;
            last = b;
        }
        if (*pages != list.pages)
            c.report(VDB_NO_BLOCK, item(), "list: %u pages instead of %u", *pages, list.pages);
        if (last != list.last && *pages > 0)
            c.report(VDB_NO_BLOCK, item(), "list: ends with block %u instead of %u", last,
                     list.last);
        return entries;
    }

    void rooms()
    {
        for (VdbBlock b = list.room; b != VDB_NO_BLOCK; b = c.by_block[b].next_room) {
            if (b >= c.blocks || !owns(b) || c.by_block[b].kind != VDB_IVF_PAGE_DATA) {
                c.report(VDB_NO_BLOCK, item(), "list: block %u with room is none of its pages", b);
                return;
            }
            if (c.by_block[b].in_room) {
                c.report(b, -1, "list: chain of pages with room comes here twice");
                return;
            }
            c.by_block[b].in_room = true;
            if (c.by_block[b].next_room == VDB_IVF_NOT_LISTED) {
                c.report(b, -1, "list: chain of pages with room breaks off");
                return;
            }
        }
    }

    // The older value pages with room again.
    void value_rooms()
    {
        if (list.values >= c.blocks)
            return;
        for (VdbBlock b = c.by_block[list.values].next_room; b != VDB_NO_BLOCK;
             b = c.by_block[b].next_room) {
            if (b >= c.blocks || !owns(b) || c.by_block[b].kind != VDB_IVF_PAGE_VALUES ||
                b == list.values) {
                c.report(VDB_NO_BLOCK, item(),
                         "list: block %u with room is none of its older value pages", b);
                return;
            }
            if (c.by_block[b].in_room) {
                c.report(b, -1, "list: chain of value pages with room comes here twice");
                return;
            }
            c.by_block[b].in_room = true;
        }
    }

    // Value pages; counts what they hold.
    uint64_t values(uint32_t *pages)
    {
        uint64_t count = 0;
        VdbBlock from = VDB_NO_BLOCK;
        for (VdbBlock b = list.values; b != VDB_NO_BLOCK; b = c.by_block[b].next) {
            if (!claim(c, from, b, VDB_IVF_PAGE_VALUES, "values"))
                return count;
            if (!owns(b)) {
                c.report(b, -1, "values: page in the chain of list %u is another's", ordinal);
                return count;
            }
            count += c.by_block[b].count;
            ++*pages;
            from = b;
        }
        return count;
    }

    // Returns the pages walked.
    uint32_t run()
    {
        uint32_t pages = 0;
        if (list.state == VDB_IVF_LIST_FREE || !valid_state(list.state))
            return 0;
        uint64_t entries = chain(&pages);
        uint32_t data_pages = pages;
        uint64_t kept = values(&pages);
        if (list.state == VDB_IVF_LIST_RETIRED) {
            c.counts.hidden_entries += entries;
            return pages;
        }
        rooms();
        value_rooms();
        c.chain_pages += data_pages;
        if (std::min<uint32_t>(pages - data_pages, VDB_IVF_MOST_VALUE_PAGES) != list.value_pages)
            c.report(VDB_NO_BLOCK, static_cast<int32_t>(ordinal),
                     "list: has %u value pages, its entry says %u", pages - data_pages,
                     list.value_pages);
        if (c.pending(ordinal)) {
            c.counts.hidden_entries += entries;
            return pages;
        }
        c.counts.heap_tids += entries;
        c.counts.values += kept;
        c.counts.free_entries += uint64_t{data_pages} * c.g.capacity - entries;
        c.counts.empty_lists += entries == 0;
        c.counts.largest_list = std::max(c.counts.largest_list, entries);
        return pages;
    }
};

bool step_lists(VdbIvfCheck &c)
{
    for (uint64_t walked = 0; walked < kPagesPerCall && c.cursor < c.ordinals; c.cursor++) {
        auto ordinal = static_cast<uint32_t>(c.cursor);
        walked += 1 + ListCheck{c, ordinal, c.lists[ordinal]}.run();
    }
    return c.cursor < c.ordinals;
}

// --- the other chains ---

void check_free(VdbIvfCheck &c)
{
    VdbBlock from = VDB_IVF_META_BLOCK;
    for (VdbBlock b = c.meta.free_page; b != VDB_NO_BLOCK; b = c.by_block[b].next) {
        if (!claim(c, from, b, VDB_IVF_PAGE_FREE, "free pages"))
            return;
        from = b;
    }
}

// Chain of the directory or of the centroids: in order of ordinals, every page but the last full.
void check_span_chain(VdbIvfCheck &c, VdbIvfPageKind kind, VdbBlock first, VdbBlock last)
{
    bool centroids = kind == VDB_IVF_PAGE_CENTROIDS;
    const char *what = centroids ? "centroids" : "directory";
    uint32_t per_page = centroids ? c.g.centroids_per_page : c.g.lists_per_page;
    VdbBlock from = VDB_NO_BLOCK;
    uint64_t expected = 0;
    for (VdbBlock b = first; b != VDB_NO_BLOCK; b = c.by_block[b].next) {
        if (!claim(c, from == VDB_NO_BLOCK ? VDB_IVF_META_BLOCK : from, b, kind, what))
            return;
        const BlockInfo &info = c.by_block[b];
        if (info.owner != expected)
            c.report(b, -1, "%s: page begins with list %u", what, info.owner);
        if (info.next != VDB_NO_BLOCK && info.count != per_page)
            c.report(b, -1, "%s: page has %u instead of %u but is not the last", what, info.count,
                     per_page);
        expected = uint64_t{info.owner} + info.count;
        from = b;
    }
    if (expected < c.meta.ordinals)
        c.report(from, -1, "%s: ends after %u of %u lists", what, static_cast<uint32_t>(expected),
                 c.meta.ordinals);
    if (from != last)
        c.report(VDB_IVF_META_BLOCK, -1, "%s: ends with block %u instead of %u", what, from, last);
}

void check_counts(VdbIvfCheck &c)
{
    if (c.ordinals == c.meta.ordinals && c.counts.lists != c.meta.lists)
        c.report(VDB_IVF_META_BLOCK, -1, "metapage counts %u live lists instead of %u",
                 c.meta.lists, static_cast<uint32_t>(c.counts.lists));
    if (c.chain_pages != c.meta.data_pages)
        c.report(VDB_IVF_META_BLOCK, -1, "metapage counts %u pages of lists instead of %u",
                 c.meta.data_pages, static_cast<uint32_t>(c.chain_pages));
}

// --- pages in no chain ---

// What entries say of the block's slots, and what the block does.
void check_slots(VdbIvfCheck &c, VdbBlock block)
{
    const BlockInfo &info = c.by_block[block];
    if (info.user != kNoOrdinal && (info.kind != VDB_IVF_PAGE_VALUES || info.owner != info.user)) {
        c.report(block, -1, "entries of list %u have values here, which is none of its value pages",
                 info.user);
        return;
    }
    bool live = info.kind == VDB_IVF_PAGE_VALUES && info.owner != kNoOrdinal && c.live(info.owner);
    bool same = live; // every slot in use is named, and the other way round
    for (uint32_t i = 0; i < c.slot_words; i++) {
        size_t word = size_t{block} * c.slot_words + i;
        uint64_t missing = c.named[word] & ~c.used[word];
        same &= c.named[word] == c.used[word];
        if (missing != 0)
            c.report(block, static_cast<int32_t>(i * 64 + std::countr_zero(missing)),
                     "values: an entry's value is missing");
        if (live)
            c.counts.lost_values += std::popcount(c.used[word] & ~c.named[word]);
    }
    if (same && info.tids != 0)
        c.report(block, -1, "values: an entry's value is another row's");
}

void check_block(VdbIvfCheck &c, VdbBlock block)
{
    const BlockInfo &info = c.by_block[block];
    check_slots(c, block);
    if (info.kind == 0 || info.kind == VDB_IVF_PAGE_META)
        return;
    if (info.kind == VDB_IVF_PAGE_DATA && info.owner != kNoOrdinal) {
        if (!info.chained)
            c.report(block, -1, "data: page is not in the chain of its list %u", info.owner);
        else if (info.next_room != VDB_IVF_NOT_LISTED && !info.in_room &&
                 c.lists[info.owner].state == VDB_IVF_LIST_LIVE)
            c.report(block, -1, "data: page leads to block %u with room but is not on that chain",
                     info.next_room);
        return;
    }
    if (info.kind == VDB_IVF_PAGE_VALUES && info.owner != kNoOrdinal) {
        if (!info.chained)
            c.report(block, -1, "values: page is not in the chain of its list %u", info.owner);
        return;
    }
    c.counts.lost_pages += !info.chained;
}

bool step_blocks(VdbIvfCheck &c)
{
    uint64_t end = std::min<uint64_t>(c.blocks, c.cursor + kPagesPerCall);
    for (; c.cursor < end; c.cursor++)
        check_block(c, static_cast<VdbBlock>(c.cursor));
    return c.cursor < c.blocks;
}

void check_chains(VdbIvfCheck &c)
{
    check_span_chain(c, VDB_IVF_PAGE_DIRECTORY, c.meta.first_directory, c.meta.last_directory);
    check_span_chain(c, VDB_IVF_PAGE_CENTROIDS, c.meta.first_centroids, c.meta.last_centroids);
    check_free(c);
    check_counts(c);
}

} // namespace

} // namespace vdb::ivf

using namespace vdb::ivf;

bool vdb_ivf_check_finish(VdbIvfCheck *check) noexcept
{
    switch (check->phase) {
    case 0:
        if (step_lists(*check))
            return true;
        check_chains(*check);
        break;
    case 1:
        if (step_blocks(*check))
            return true;
        break;
    default:
        return false;
    }
    check->cursor = 0;
    check->phase++;
    return true;
}
