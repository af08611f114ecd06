// State of an index check, shared by its parts: what one page shows by itself (check_page.cpp,
// check_coded.cpp) and what only all pages together show (check_chains.cpp).
#pragma once

#include <type_traits>

#include "ivf/check_api.h"
#include "ivf/page_format.h"

namespace vdb::ivf {

constexpr uint32_t kNoOrdinal = UINT32_MAX;

// What is remembered of a block.
struct BlockInfo {
    VdbBlock next;
    VdbBlock next_room;
    // data, values: ordinal of its list, or kNoOrdinal; directory, centroids: first ordinal
    uint32_t owner;
    uint32_t user; // the list whose entries have their values here, or kNoOrdinal
    uint32_t tids; // of a value page: digest of its entries' tids, less that of its slots'
    uint16_t count;
    uint8_t kind; // 0 = all zero or damaged
    bool chained; // met in the chain it belongs to
    bool in_room; // met on its list's chain of pages with room
};
static_assert(sizeof(BlockInfo) == 28);

} // namespace vdb::ivf

// Lives at the start of the memory block; the arrays follow.
struct VdbIvfCheck {
    VdbIvfGeometry g;
    VdbIvfMeta meta;
    VdbBlock blocks;
    VdbBlock heap_blocks;
    uint32_t room;      // lists that the arrays hold
    uint32_t ordinals;  // lists read from the directory, <= room
    VdbBlock directory; // the page of it to read next
    uint32_t known;     // lists in by_id: all but the free ones
    uint64_t cursor;    // finish: how far the current phase has come
    uint32_t phase;
    VdbBlock fed;         // the block fed last ...
    bool fed_live;        // ... is a sound data page of a live list
    VdbBlock rest;        // where a value goes on that begins there, VDB_NO_BLOCK = nowhere
    uint64_t chain_pages; // of lists that are not retired, as far as their chains go
    VdbIvfCheckCounts counts;
    VdbProblem problems[VDB_MAX_PROBLEMS];

    VdbIvfList *lists;             // by ordinal
    uint32_t *by_id;               // ordinals in the order of their lists' ids
    vdb::ivf::BlockInfo *by_block; // by block
    uint32_t slot_words;           // of bits for the slots of a value page; 0 = there are none
    uint64_t *used;                // slot_words a block: the slots in use ...
    uint64_t *named;               // ... and those that entries of lists not retired name

    __attribute__((format(printf, 4, 5))) void report(VdbBlock block, int32_t item,
                                                      const char *format, ...);

    bool live(uint32_t ordinal) const { return vdb_ivf_list_live(&meta, &lists[ordinal]); }
    bool retired(uint32_t ordinal) const { return lists[ordinal].state == VDB_IVF_LIST_RETIRED; }
    bool pending(uint32_t ordinal) const { return vdb_ivf_list_pending(&meta, &lists[ordinal]); }
};
static_assert(std::is_trivially_destructible_v<VdbIvfCheck>);

namespace vdb::ivf {

// The ordinal of the list with that id, kNoOrdinal if there is none.
uint32_t ordinal_of(const VdbIvfCheck &check, uint32_t id);

// Rows of a list that is not live may be gone, and with them the end of the heap.
bool tid_ok(const VdbIvfCheck &check, VdbTid tid, bool live);

// The entries of a data page with codes; a value page, whose owner and bits are known already.
void check_codes(VdbIvfCheck &check, VdbBlock block, const void *page);
void check_values(VdbIvfCheck &check, VdbBlock block, const void *page);
// The value on a value page that goes on on another one.
void check_split_value(VdbIvfCheck &check, VdbBlock block, const VdbIvfValuePages &at);

// What is wrong with a value, nullptr if nothing is.
const char *value_problem(const VdbIvfCheck &check, const void *value);

} // namespace vdb::ivf
