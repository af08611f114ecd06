// On-disk structures of the ivf access method, all of them, and how to find them on a page.
// Knows bytes only: no search, no policy.  README.md draws the pages.
#pragma once

#include <cstdint>
#include <cstring>

#include "core/types.h"
#include "ivf/ivf_api.h"
#include "ivf/page_api.h"
#include "simd/simd_api.h"

namespace vdb::ivf {

constexpr uint32_t kPageHeaderSize = 24; // PostgreSQL's PageHeaderData, owned by the shim
constexpr uint32_t kLargestPage = 32768;
constexpr uint32_t kMagic = 0x56465649; // "IVFV"
constexpr uint32_t kFormatVersion = 1;

// Special space of every page.
struct PageTrailer {
    VdbBlock next;    // in the chain that the page belongs to, VDB_NO_BLOCK at its end
    uint16_t kind;    // VdbIvfPageKind
    uint16_t page_id; // VDB_IVF_PAGE_ID
};
static_assert(sizeof(PageTrailer) == 8);

// Feature flags: a reader refuses an index with a flag it does not know.
constexpr uint32_t kFeatureCodes = 1u << 0;        // a coded index: data pages of form 1
constexpr uint32_t kFeatureExtraColumns = 1u << 1; // reserved: entries hold further index columns
constexpr uint32_t kFeatureSlots = 1u << 2;        // a value takes more than one slot
constexpr uint32_t kFeatureValueRoom = 1u << 3;    // value pages with room again are on a chain
constexpr uint32_t kKnownFeatures = kFeatureCodes | kFeatureSlots | kFeatureValueRoom;

// Content of block 0, after the page header.  The first half never changes after CREATE INDEX.
struct MetaPage {
    uint32_t magic;
    uint32_t version;
    uint32_t features;
    uint32_t page_size;
    uint32_t dims;
    uint16_t metric;  // VdbMetric
    uint16_t storage; // VdbStorage of the column
    uint32_t option;  // the reloption `lists`, 0 = automatic
    uint16_t kept;    // with codes: VdbKept or VDB_IVF_KEPT_HEAP, else 0
    uint16_t code_dims;
    uint64_t seed; // of k-means

    uint64_t epoch;
    uint32_t ordinals;
    uint32_t lists;
    uint32_t next_id;
    uint32_t pending_from;
    uint32_t pending_to;
    uint32_t data_pages;
    VdbBlock first_directory;
    VdbBlock last_directory;
    VdbBlock first_centroids;
    VdbBlock last_centroids;
    VdbBlock free_page;
    uint32_t reserved[9];
};
static_assert(sizeof(MetaPage) == 128 && sizeof(MetaPage) % 8 == 0);

// Start of a directory or centroid page: which ordinals it holds.
struct SpanHeader {
    uint32_t first_ordinal;
    uint32_t count;
};
static_assert(sizeof(SpanHeader) == 8);

// A list in the directory.  All zero is none: its state is not valid.
struct ListEntry {
    uint32_t id;
    uint16_t state;       // VdbIvfListState
    uint16_t value_pages; // 65,535 = that many or more
    VdbBlock first;
    VdbBlock last;
    VdbBlock room;
    uint32_t pages;
    uint32_t run;
    VdbBlock values;  // newest value page; 0 without codes
    uint64_t retired; // FullTransactionId
};
static_assert(sizeof(ListEntry) == 40);

// Entries on a data page.
constexpr uint16_t kFormValues = 0;
constexpr uint16_t kFormCodes = 1;

// Start of a data page.  Then, in form 0: VdbTid tids[capacity], where the space needs them float
// norms[capacity], and the values, `stride` apart.  In form 1: the codes, VdbCodeFactors
// factors[capacity], uint16_t spreads[capacity], VdbTid tids[capacity] and, where there are value
// pages, VdbIvfPlace places[capacity].  Codes come first as kernels read a little beyond them.
struct DataHeader {
    uint32_t list_id;
    VdbBlock next_room; // VDB_IVF_NOT_LISTED = not on the room chain
    uint16_t count;     // entries in use
    uint16_t form;      // of the entries
    uint32_t reserved;
};
static_assert(sizeof(DataHeader) == 16);

static_assert(sizeof(VdbIvfPlace) == 6 && sizeof(VdbCodeFactors) == 4);

// Start of a value page.  Then the slots.  A value, which is a SlotHeader and the kept form, takes
// slots_per_value of them, one after the other, but for the one in the first slot: of that the last
// `borrowed` slots are the last ones of the next page of the chain, the older one, which has lent
// them.
struct ValuesHeader {
    uint32_t list_id;
    uint16_t lent;
    uint16_t borrowed;
    uint64_t used[3]; // slots where a value begins: slot i is bit i % 64 of used[i / 64]
    // Of a list's newest page: its first older page that has room again.  Of one of those: the next
    // of them, VDB_NO_BLOCK if it is the last.  0: none, or not one of them.
    VdbBlock next_room;
    uint32_t reserved;
};
static_assert(sizeof(ValuesHeader) == 40);
constexpr uint32_t kMostSlots = 64 * 3;

// Both are under the kept form's check.  The tid says whose value it is: an entry that was read
// before vacuum may find another's in its place.
struct SlotHeader {
    VdbTid tid;
    uint16_t reserved;
    float norm;
};
static_assert(sizeof(SlotHeader) == 12);

// A row on its way to the pages.  Then its code, up to the next multiple of 4 bytes, and the kept
// form.
struct RowHeader {
    VdbCodeFactors factors;
    uint16_t spread;
    uint16_t reserved;
    float norm;
};
static_assert(sizeof(RowHeader) == 12);

inline const RowHeader *row_header(const void *row)
{
    return static_cast<const RowHeader *>(row);
}

template <class T> T *at(void *page, uint32_t offset)
{
    return reinterpret_cast<T *>(static_cast<char *>(page) + offset);
}
template <class T> const T *at(const void *page, uint32_t offset)
{
    return reinterpret_cast<const T *>(static_cast<const char *>(page) + offset);
}

inline PageTrailer *trailer(void *page, const VdbIvfGeometry &g)
{
    return at<PageTrailer>(page, g.page_size - sizeof(PageTrailer));
}
inline const PageTrailer *trailer(const void *page, const VdbIvfGeometry &g)
{
    return trailer(const_cast<void *>(page), g);
}

inline bool is_kind(const void *page, const VdbIvfGeometry &g, VdbIvfPageKind kind)
{
    return vdb_ivf_page_kind(page, g.page_size) == static_cast<uint32_t>(kind);
}

inline MetaPage *meta_of(void *page)
{
    return at<MetaPage>(page, kPageHeaderSize);
}
inline const MetaPage *meta_of(const void *page)
{
    return at<MetaPage>(page, kPageHeaderSize);
}

inline SpanHeader *span_of(void *page)
{
    return at<SpanHeader>(page, kPageHeaderSize);
}
inline const SpanHeader *span_of(const void *page)
{
    return at<SpanHeader>(page, kPageHeaderSize);
}

constexpr uint32_t kListsOffset = kPageHeaderSize + sizeof(SpanHeader);

// i counts from the page's first ordinal.
inline ListEntry *list_at(void *page, uint32_t i)
{
    return at<ListEntry>(page, kListsOffset) + i;
}
inline const ListEntry *list_at(const void *page, uint32_t i)
{
    return at<ListEntry>(page, kListsOffset) + i;
}
inline void *centroid_at(void *page, const VdbIvfGeometry &g, uint32_t i)
{
    return at<char>(page, g.centroids_offset + i * g.stride);
}
inline const void *centroid_at(const void *page, const VdbIvfGeometry &g, uint32_t i)
{
    return at<char>(page, g.centroids_offset + i * g.stride);
}

inline DataHeader *data_of(void *page)
{
    return at<DataHeader>(page, kPageHeaderSize);
}
inline const DataHeader *data_of(const void *page)
{
    return at<DataHeader>(page, kPageHeaderSize);
}

constexpr uint32_t kEntriesOffset = kPageHeaderSize + sizeof(DataHeader);

inline VdbTid *tids_of(void *page, const VdbIvfGeometry &g)
{
    return at<VdbTid>(page, g.tids_offset);
}
inline const VdbTid *tids_of(const void *page, const VdbIvfGeometry &g)
{
    return at<VdbTid>(page, g.tids_offset);
}
inline float *norms_of(void *page, const VdbIvfGeometry &g)
{
    return at<float>(page, g.norms_offset);
}
inline const float *norms_of(const void *page, const VdbIvfGeometry &g)
{
    return at<float>(page, g.norms_offset);
}
inline void *value_at(void *page, const VdbIvfGeometry &g, uint32_t i)
{
    return at<char>(page, g.values_offset + i * g.stride);
}
inline const void *value_at(const void *page, const VdbIvfGeometry &g, uint32_t i)
{
    return at<char>(page, g.values_offset + i * g.stride);
}

inline ValuesHeader *values_of(void *page)
{
    return at<ValuesHeader>(page, kPageHeaderSize);
}
inline const ValuesHeader *values_of(const void *page)
{
    return at<ValuesHeader>(page, kPageHeaderSize);
}
inline SlotHeader *slot_at(void *page, const VdbIvfGeometry &g, uint32_t i)
{
    return at<SlotHeader>(page, g.slots_offset + i * g.slot_bytes);
}
inline const SlotHeader *slot_at(const void *page, const VdbIvfGeometry &g, uint32_t i)
{
    return at<SlotHeader>(page, g.slots_offset + i * g.slot_bytes);
}
inline bool slot_used(const void *page, uint32_t i)
{
    return (values_of(page)->used[i / 64] >> i % 64 & 1) != 0;
}

inline uint32_t code_bytes(const VdbIvfGeometry &g)
{
    return g.code_dims / 8;
}
inline bool has_values(const VdbIvfGeometry &g)
{
    return g.kept_bytes > 0;
}
// REQUIRES: has_values(g).
inline VdbKept kept_form(const VdbIvfGeometry &g)
{
    return static_cast<VdbKept>(g.kept);
}
inline uint32_t last_kind(const VdbIvfGeometry &g)
{
    return has_values(g) ? VDB_IVF_PAGE_LAST : VDB_IVF_PAGE_FREE;
}
// Of so many entries on a page with codes, how many lie packed.
inline uint32_t packed_entries(const VdbIvfGeometry &g, uint32_t count)
{
    return count == g.capacity ? count : count / VDB_CODE_BLOCK * VDB_CODE_BLOCK;
}
inline uint32_t kept_offset(const VdbIvfGeometry &g) // in a row
{
    return sizeof(RowHeader) + (code_bytes(g) + 3) / 4 * 4;
}

inline bool valid_state(uint32_t state)
{
    return state >= VDB_IVF_LIST_LIVE && state <= VDB_IVF_LIST_FREE;
}

// What a metapage says of such an index.
inline uint32_t features_of(const VdbIvfGeometry &g)
{
    return (vdb_ivf_coded(&g) ? kFeatureCodes : 0) | (g.slots_per_value > 1 ? kFeatureSlots : 0) |
           (g.value_room != 0 ? kFeatureValueRoom : 0);
}

// Bytes of a page of that kind that are in use, counted from the page's start: the shim's pd_lower.
uint32_t page_lower(const VdbIvfGeometry &g, VdbIvfPageKind kind);

// What stands beside a kept form in its slots, for its check.
uint32_t seal_of(VdbTid tid, float norm);

// vdb_ivf_data_remove() of a page with codes.
void remove_coded(void *page, const VdbIvfGeometry &g, VdbIsDead is_dead, void *state);

// The geometry that a metapage asks for, whose version and features are known.  VDB_CORRUPT: it is
// impossible.
VdbStatus read_geometry(const MetaPage &meta, VdbIvfGeometry *out);

} // namespace vdb::ivf
