// The checker's memory, its problem list, the metapage and the directory.
#include "ivf/check.h"

#include <algorithm>
#include <cstdarg>

#include "core/align.h"
#include "core/problems.h"

namespace vdb::ivf {

namespace {

// Byte offsets of the arrays in the memory block.
struct Layout {
    uint32_t room;
    uint32_t slot_words;
    size_t lists, by_id, blocks, bits, end;
};

// A metapage that counts more lists than the file can hold gets memory for those.
Layout lay_out(const VdbIvfGeometry &g, const void *metapage, VdbBlock blocks)
{
    uint64_t most = uint64_t{blocks} * g.lists_per_page;
    Layout l = {};
    l.room = static_cast<uint32_t>(std::min<uint64_t>(meta_of(metapage)->ordinals, most));
    l.lists = align8(sizeof(VdbIvfCheck));
    l.by_id = l.lists + size_t{l.room} * sizeof(VdbIvfList);
    l.blocks = align8(l.by_id + size_t{l.room} * sizeof(uint32_t));
    l.bits = align8(l.blocks + size_t{blocks} * sizeof(BlockInfo));
    l.slot_words = (g.slots_per_page + 63) / 64;
    l.end = l.bits + 2 * size_t{blocks} * l.slot_words * sizeof(uint64_t);
    return l;
}

const char *metapage_problem(const void *page, uint32_t page_size, VdbIvfGeometry *out)
{
    if (vdb_ivf_page_kind(page, page_size) != VDB_IVF_PAGE_META)
        return "block 0 is not a metapage";

    const MetaPage *meta = meta_of(page);
    if (meta->magic != kMagic)
        return "metapage has a wrong magic number";
    if (meta->version != kFormatVersion)
        return "metapage has an unknown format version";
    if ((meta->features & ~kKnownFeatures) != 0)
        return "metapage asks for unknown features";
    if (meta->page_size != page_size)
        return "metapage has another page size";
    if (read_geometry(*meta, out) != VDB_OK)
        return "metapage has impossible dimensions, metric or storage";
    return nullptr;
}

void check_meta(VdbIvfCheck &c)
{
    const VdbIvfMeta &m = c.meta;
    if (m.ordinals > c.room)
        c.report(0, -1, "metapage counts %u lists, more than the file can hold", m.ordinals);
    if (m.pending_from > m.pending_to || m.pending_to > m.next_id)
        c.report(0, -1, "ids %u to %u are pending, but %u is the next", m.pending_from,
                 m.pending_to, m.next_id);
    if (m.lists == 0 && m.ordinals > 0)
        c.report(0, -1, "index has no live list");
}

void check_list(VdbIvfCheck &c, VdbBlock block, uint32_t ordinal)
{
    const VdbIvfList &list = c.lists[ordinal];
    auto item = static_cast<int32_t>(ordinal);
    if (list.state == VDB_IVF_LIST_FREE) {
        c.counts.free_ordinals++;
        return;
    }
    if (list.id == VDB_IVF_NO_LIST || list.id >= c.meta.next_id)
        c.report(block, item, "list: id %u, but %u is the next", list.id, c.meta.next_id);
    if (list.run > list.pages)
        c.report(block, item, "list: %u pages in a row but %u in all", list.run, list.pages);
    if (list.state == VDB_IVF_LIST_RETIRED)
        c.counts.retired_lists++;
    else if (c.pending(ordinal))
        c.counts.pending_lists++;
    else
        c.counts.lists++;
    c.by_id[c.known++] = ordinal;
}

// Entries beyond those that the metapage counts are of a split that was cut short.
void read_lists(VdbIvfCheck &c, const void *page)
{
    VdbBlock block = c.directory;
    uint32_t first = 0;
    uint32_t count = 0;
    if (vdb_ivf_directory_span(page, &c.g, &first, &count) != VDB_OK) {
        c.report(block, -1, "directory: not one of its pages");
    } else if (first != c.ordinals) {
        c.report(block, -1, "directory: page begins with list %u instead of %u", first, c.ordinals);
    } else {
        uint32_t want = std::min(c.room - c.ordinals, c.g.lists_per_page);
        if (count < want)
            c.report(block, -1, "directory: page has %u lists instead of %u", count, want);
        for (uint32_t i = 0; i < std::min(count, want); i++, c.ordinals++) {
            if (vdb_ivf_directory_read(page, &c.g, c.ordinals, &c.lists[c.ordinals]) == VDB_OK) {
                check_list(c, block, c.ordinals);
                continue;
            }
            c.report(block, static_cast<int32_t>(c.ordinals), "list: unknown state");
            c.lists[c.ordinals] = {};
        }
        bool more = count >= want && c.ordinals < c.room;
        VdbBlock next = vdb_ivf_page_next(page, &c.g);
        if (!more || (next > 0 && next < c.blocks)) {
            c.directory = more ? next : VDB_NO_BLOCK;
            return;
        }
        c.report(block, -1, "directory: ends after %u of %u lists", c.ordinals, c.room);
    }
    c.directory = VDB_NO_BLOCK;
}

void sort_ids(VdbIvfCheck &c)
{
    std::sort(c.by_id, c.by_id + c.known, [&c](uint32_t a, uint32_t b) {
        return c.lists[a].id != c.lists[b].id ? c.lists[a].id < c.lists[b].id : a < b;
    });
    for (uint32_t i = 1; i < c.known; i++)
        if (c.lists[c.by_id[i - 1]].id == c.lists[c.by_id[i]].id)
            c.report(VDB_NO_BLOCK, static_cast<int32_t>(c.by_id[i]), "list: has the id of list %u",
                     c.by_id[i - 1]);
}

} // namespace

uint32_t ordinal_of(const VdbIvfCheck &c, uint32_t id)
{
    uint32_t *end = c.by_id + c.known;
    uint32_t *at = std::lower_bound(c.by_id, end, id, [&c](uint32_t ordinal, uint32_t want) {
        return c.lists[ordinal].id < want;
    });
    return at < end && c.lists[*at].id == id ? *at : kNoOrdinal;
}

} // namespace vdb::ivf

using namespace vdb;
using namespace vdb::ivf;

void VdbIvfCheck::report(VdbBlock block, int32_t item, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vdb::add_problem(problems, &counts.problems, {block, item, {}}, format, args);
    va_end(args);
}

VdbStatus vdb_ivf_check_geometry(const void *metapage, uint32_t page_size, VdbIvfGeometry *out,
                                 const char **problem) noexcept
{
    *problem = metapage_problem(metapage, page_size, out);
    return *problem == nullptr ? VDB_OK : VDB_CORRUPT;
}

size_t vdb_ivf_check_size(const VdbIvfGeometry *g, const void *metapage, VdbBlock blocks) noexcept
{
    return lay_out(*g, metapage, blocks).end;
}

VdbIvfCheck *vdb_ivf_check_begin(void *memory, const VdbIvfGeometry *g, const void *metapage,
                                 VdbBlock blocks, VdbBlock heap_blocks) noexcept
{
    Layout l = lay_out(*g, metapage, blocks);
    char *base = static_cast<char *>(memory);
    auto *c = reinterpret_cast<VdbIvfCheck *>(base);
    std::memset(base, 0, sizeof(*c));
    c->g = *g;
    vdb_ivf_meta_read(metapage, &c->meta);
    c->blocks = blocks;
    c->heap_blocks = heap_blocks;
    c->room = l.room;
    c->fed = c->rest = VDB_NO_BLOCK;
    c->counts.meta = c->meta;
    c->counts.option = meta_of(metapage)->option;
    c->lists = reinterpret_cast<VdbIvfList *>(base + l.lists);
    c->by_id = reinterpret_cast<uint32_t *>(base + l.by_id);
    c->by_block = reinterpret_cast<BlockInfo *>(base + l.blocks);
    c->slot_words = l.slot_words;
    c->used = reinterpret_cast<uint64_t *>(base + l.bits);
    c->named = c->used + size_t{blocks} * l.slot_words;
    std::memset(c->by_block, 0, l.end - l.blocks);
    for (VdbBlock b = 0; b < blocks; b++)
        c->by_block[b].user = kNoOrdinal;
    check_meta(*c);

    c->directory = c->room > 0 ? c->meta.first_directory : VDB_NO_BLOCK;
    if (c->room > 0 && (c->directory == 0 || c->directory >= blocks)) {
        c->report(0, -1, "directory begins at block %u, outside", c->directory);
        c->directory = VDB_NO_BLOCK;
    }
    return c;
}

VdbBlock vdb_ivf_check_directory_next(const VdbIvfCheck *check) noexcept
{
    return check->directory;
}

void vdb_ivf_check_directory(VdbIvfCheck *check, const void *page) noexcept
{
    read_lists(*check, page);
    if (check->directory == VDB_NO_BLOCK)
        sort_ids(*check);
}

const VdbIvfCheckCounts *vdb_ivf_check_counts(const VdbIvfCheck *check) noexcept
{
    return &check->counts;
}

const VdbProblem *vdb_ivf_check_problem(const VdbIvfCheck *check, uint32_t i) noexcept
{
    return &check->problems[i];
}
