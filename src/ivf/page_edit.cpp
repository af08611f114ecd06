// Pure edits and readings of single ivf page images.
#include "ivf/page_api.h"

#include <algorithm>

#include "ivf/page_format.h"
#include "quant/space.h"

using namespace vdb::ivf;

namespace {

void stamp(void *page, const VdbIvfGeometry &g, VdbIvfPageKind kind, VdbBlock next)
{
    *trailer(page, g) = {next, static_cast<uint16_t>(kind), VDB_IVF_PAGE_ID};
}

uint16_t form_of(const VdbIvfGeometry &g)
{
    return vdb_ivf_coded(&g) ? kFormCodes : kFormValues;
}

uint32_t per_page(const VdbIvfGeometry &g, VdbIvfPageKind kind)
{
    return kind == VDB_IVF_PAGE_DIRECTORY ? g.lists_per_page : g.centroids_per_page;
}

VdbStatus read_span(const void *page, const VdbIvfGeometry &g, VdbIvfPageKind kind,
                    SpanHeader *span)
{
    if (!is_kind(page, g, kind))
        return VDB_CORRUPT;
    *span = *span_of(page);
    uint32_t n = per_page(g, kind);
    if (span->count > n || span->first_ordinal % n != 0 || span->first_ordinal > UINT32_MAX - n)
        return VDB_CORRUPT;
    return VDB_OK;
}

// Finds the place of an ordinal that is on the page already or comes right after the last one, and
// counts it.
VdbStatus claim(void *page, const VdbIvfGeometry &g, VdbIvfPageKind kind, uint32_t ordinal,
                uint32_t *i)
{
    SpanHeader span;
    VdbStatus status = read_span(page, g, kind, &span);
    if (status != VDB_OK)
        return status;
    if (ordinal < span.first_ordinal)
        return VDB_CORRUPT;
    *i = ordinal - span.first_ordinal;
    if (*i >= per_page(g, kind))
        return VDB_FULL;
    if (*i > span.count)
        return VDB_CORRUPT;
    span_of(page)->count = std::max(span.count, *i + 1);
    return VDB_OK;
}

bool any_used(const ValuesHeader &header)
{
    return header.lent > 0 || (header.used[0] | header.used[1] | header.used[2]) != 0;
}

} // namespace

uint32_t vdb_ivf_page_init(void *page, const VdbIvfGeometry *g, VdbIvfPageKind kind) noexcept
{
    std::memset(static_cast<char *>(page) + kPageHeaderSize, 0, g->page_size - kPageHeaderSize);
    stamp(page, *g, kind, VDB_NO_BLOCK);
    return page_lower(*g, kind);
}

VdbBlock vdb_ivf_page_next(const void *page, const VdbIvfGeometry *g) noexcept
{
    return trailer(page, *g)->next;
}

void vdb_ivf_page_set_next(void *page, const VdbIvfGeometry *g, VdbBlock next) noexcept
{
    trailer(page, *g)->next = next;
}

uint32_t vdb_ivf_page_end(const void *page, const VdbIvfGeometry *g, VdbIvfPageKind kind) noexcept
{
    if (kind == VDB_IVF_PAGE_DATA && data_of(page)->count == 0)
        return kEntriesOffset;
    if (kind == VDB_IVF_PAGE_VALUES && !any_used(*values_of(page)))
        return g->slots_offset;
    return page_lower(*g, kind);
}

uint32_t vdb_ivf_page_free(void *page, const VdbIvfGeometry *g, VdbBlock next) noexcept
{
    stamp(page, *g, VDB_IVF_PAGE_FREE, next);
    return page_lower(*g, VDB_IVF_PAGE_FREE);
}

// --- metapage ---

void vdb_ivf_meta_init(void *page, const VdbIvfGeometry *g, uint32_t lists, uint64_t seed) noexcept
{
    MetaPage *meta = meta_of(page);
    *meta = {};
    meta->magic = kMagic;
    meta->version = kFormatVersion;
    meta->features = features_of(*g);
    meta->page_size = g->page_size;
    meta->dims = g->space.dims;
    meta->metric = static_cast<uint16_t>(g->space.metric);
    meta->storage = static_cast<uint16_t>(g->source);
    meta->kept = static_cast<uint16_t>(g->kept);
    meta->code_dims = static_cast<uint16_t>(g->code_dims);
    meta->option = lists;
    meta->seed = seed;
    meta->epoch = 1;
    meta->next_id = VDB_IVF_NO_LIST + 1;
    meta->first_directory = meta->last_directory = VDB_NO_BLOCK;
    meta->first_centroids = meta->last_centroids = VDB_NO_BLOCK;
    meta->free_page = VDB_NO_BLOCK;
}

VdbStatus vdb_ivf_meta_geometry(const void *page, uint32_t page_size, VdbIvfGeometry *g,
                                uint32_t *lists, uint64_t *seed) noexcept
{
    const MetaPage *meta = meta_of(page);
    if (meta->magic != kMagic)
        return VDB_CORRUPT;
    if (meta->version != kFormatVersion || (meta->features & ~kKnownFeatures) != 0)
        return VDB_STALE;
    if (meta->page_size != page_size || read_geometry(*meta, g) != VDB_OK)
        return VDB_CORRUPT;
    if (lists != nullptr)
        *lists = meta->option;
    if (seed != nullptr)
        *seed = meta->seed;
    return VDB_OK;
}

void vdb_ivf_meta_read(const void *page, VdbIvfMeta *meta) noexcept
{
    const MetaPage *on_page = meta_of(page);
    meta->ordinals = on_page->ordinals;
    meta->lists = on_page->lists;
    meta->next_id = on_page->next_id;
    meta->pending_from = on_page->pending_from;
    meta->pending_to = on_page->pending_to;
    meta->data_pages = on_page->data_pages;
    meta->epoch = on_page->epoch;
    meta->first_directory = on_page->first_directory;
    meta->last_directory = on_page->last_directory;
    meta->first_centroids = on_page->first_centroids;
    meta->last_centroids = on_page->last_centroids;
    meta->free_page = on_page->free_page;
}

void vdb_ivf_meta_write(void *page, const VdbIvfMeta *meta) noexcept
{
    MetaPage *on_page = meta_of(page);
    on_page->ordinals = meta->ordinals;
    on_page->lists = meta->lists;
    on_page->next_id = meta->next_id;
    on_page->pending_from = meta->pending_from;
    on_page->pending_to = meta->pending_to;
    on_page->data_pages = meta->data_pages;
    on_page->epoch = meta->epoch;
    on_page->first_directory = meta->first_directory;
    on_page->last_directory = meta->last_directory;
    on_page->first_centroids = meta->first_centroids;
    on_page->last_centroids = meta->last_centroids;
    on_page->free_page = meta->free_page;
}

// --- directory ---

void vdb_ivf_directory_begin(void *page, uint32_t first_ordinal) noexcept
{
    *span_of(page) = {first_ordinal, 0};
}

VdbStatus vdb_ivf_directory_span(const void *page, const VdbIvfGeometry *g, uint32_t *first_ordinal,
                                 uint32_t *count) noexcept
{
    SpanHeader span;
    VdbStatus status = read_span(page, *g, VDB_IVF_PAGE_DIRECTORY, &span);
    if (status == VDB_OK) {
        *first_ordinal = span.first_ordinal;
        *count = span.count;
    }
    return status;
}

VdbStatus vdb_ivf_directory_read(const void *page, const VdbIvfGeometry *g, uint32_t ordinal,
                                 VdbIvfList *list) noexcept
{
    SpanHeader span;
    if (read_span(page, *g, VDB_IVF_PAGE_DIRECTORY, &span) != VDB_OK ||
        ordinal < span.first_ordinal || ordinal - span.first_ordinal >= span.count)
        return VDB_CORRUPT;
    const ListEntry *entry = list_at(page, ordinal - span.first_ordinal);
    if (!valid_state(entry->state))
        return VDB_CORRUPT;
    *list = {entry->id,         entry->state,   entry->first,
             entry->last,       entry->room,    entry->pages,
             entry->run,        entry->retired, has_values(*g) ? entry->values : VDB_NO_BLOCK,
             entry->value_pages};
    return VDB_OK;
}

VdbStatus vdb_ivf_directory_write(void *page, const VdbIvfGeometry *g, uint32_t ordinal,
                                  const VdbIvfList *list) noexcept
{
    uint32_t i;
    VdbStatus status = claim(page, *g, VDB_IVF_PAGE_DIRECTORY, ordinal, &i);
    if (status == VDB_OK)
        *list_at(page, i) = {
            list->id,
            static_cast<uint16_t>(list->state),
            static_cast<uint16_t>(std::min<uint32_t>(list->value_pages, VDB_IVF_MOST_VALUE_PAGES)),
            list->first,
            list->last,
            list->room,
            list->pages,
            list->run,
            has_values(*g) ? list->values : 0,
            list->retired};
    return status;
}

// --- centroids ---

void vdb_ivf_centroids_begin(void *page, uint32_t first_ordinal) noexcept
{
    *span_of(page) = {first_ordinal, 0};
}

VdbStatus vdb_ivf_centroids_span(const void *page, const VdbIvfGeometry *g, uint32_t *first_ordinal,
                                 uint32_t *count) noexcept
{
    SpanHeader span;
    VdbStatus status = read_span(page, *g, VDB_IVF_PAGE_CENTROIDS, &span);
    if (status == VDB_OK) {
        *first_ordinal = span.first_ordinal;
        *count = span.count;
    }
    return status;
}

const void *vdb_ivf_centroid_at(const void *page, const VdbIvfGeometry *g,
                                uint32_t ordinal) noexcept
{
    SpanHeader span;
    if (read_span(page, *g, VDB_IVF_PAGE_CENTROIDS, &span) != VDB_OK ||
        ordinal < span.first_ordinal || ordinal - span.first_ordinal >= span.count)
        return nullptr;
    return centroid_at(page, *g, ordinal - span.first_ordinal);
}

VdbStatus vdb_ivf_centroid_write(void *page, const VdbIvfGeometry *g, uint32_t ordinal,
                                 const void *centroid) noexcept
{
    uint32_t i;
    VdbStatus status = claim(page, *g, VDB_IVF_PAGE_CENTROIDS, ordinal, &i);
    if (status == VDB_OK)
        std::memcpy(centroid_at(page, *g, i), centroid, g->value_bytes);
    return status;
}

// --- data ---

void vdb_ivf_data_begin(void *page, const VdbIvfGeometry *g, uint32_t list_id) noexcept
{
    *data_of(page) = {list_id, VDB_IVF_NOT_LISTED, 0, form_of(*g), 0};
}

VdbStatus vdb_ivf_data_read(const void *page, const VdbIvfGeometry *g, uint32_t list_id,
                            VdbIvfData *data) noexcept
{
    const DataHeader *header = data_of(page);
    if (!is_kind(page, *g, VDB_IVF_PAGE_DATA) ||
        (list_id != VDB_IVF_NO_LIST && header->list_id != list_id))
        return VDB_STALE;
    if (header->count > g->capacity || header->form != form_of(*g))
        return VDB_CORRUPT;
    *data = {header->list_id, header->count, trailer(page, *g)->next, header->next_room};
    return VDB_OK;
}

void vdb_ivf_data_set_next_room(void *page, VdbBlock next_room) noexcept
{
    data_of(page)->next_room = next_room;
}

VdbStatus vdb_ivf_data_add(void *page, const VdbIvfGeometry *g, VdbTid tid,
                           const void *value) noexcept
{
    DataHeader *header = data_of(page);
    if (header->count >= g->capacity)
        return VDB_FULL;
    tids_of(page, *g)[header->count] = tid;
    void *copy = value_at(page, *g, header->count);
    std::memcpy(copy, value, g->value_bytes);
    if (g->norms_offset != 0) { // of the copy: a value may come from anywhere, at any alignment
        vdb::Space space = vdb::make_space(g->space);
        norms_of(page, *g)[header->count] = space.raw(copy, copy, space.units);
    }
    header->count++;
    return VDB_OK;
}

VdbTid vdb_ivf_data_tid(const void *page, const VdbIvfGeometry *g, uint32_t i) noexcept
{
    return tids_of(page, *g)[i];
}

const void *vdb_ivf_data_value(const void *page, const VdbIvfGeometry *g, uint32_t i) noexcept
{
    return value_at(page, *g, i);
}

// --- vacuum ---

VdbStatus vdb_ivf_data_count(const void *page, const VdbIvfGeometry *g, VdbIsDead is_dead,
                             void *state, VdbTidCount *count) noexcept
{
    VdbIvfData data;
    VdbStatus status = vdb_ivf_data_read(page, g, VDB_IVF_NO_LIST, &data);
    if (status != VDB_OK)
        return status;
    *count = {};
    for (uint32_t i = 0; i < data.count; i++)
        is_dead(tids_of(page, *g)[i], state) ? count->dead++ : count->left++;
    return VDB_OK;
}

void vdb_ivf_data_remove(void *page, const VdbIvfGeometry *g, VdbIsDead is_dead,
                         void *state) noexcept
{
    if (vdb_ivf_coded(g)) {
        remove_coded(page, *g, is_dead, state);
        return;
    }
    DataHeader *header = data_of(page);
    VdbTid *tids = tids_of(page, *g);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < header->count; i++) {
        if (is_dead(tids[i], state))
            continue;
        if (kept < i) {
            tids[kept] = tids[i];
            std::memcpy(value_at(page, *g, kept), value_at(page, *g, i), g->value_bytes);
            if (g->norms_offset != 0)
                norms_of(page, *g)[kept] = norms_of(page, *g)[i];
        }
        kept++;
    }
    header->count = static_cast<uint16_t>(kept);
}
