// Part of the check: what one page of a coded index shows by itself.  Which values entries name is
// noted down and compared when all pages were seen.
#include <cmath>

#include "ivf/check.h"
#include "quant/bound_api.h"

namespace vdb::ivf {

namespace {

constexpr float kNormTolerance = 2e-3F; // of vectors of unit length

bool finite(uint16_t bfloat)
{
    return std::isfinite(vdb_code_float(bfloat));
}

// A row and its slot, so that sums of them differ unless every row is where its entry says.
uint32_t digest(uint32_t slot, VdbTid tid)
{
    uint64_t all = uint64_t{tid.block_hi} << 48 | uint64_t{tid.block_lo} << 32 |
                   uint64_t{tid.offset} << 16 | slot;
    all *= 0xBF58'476D'1CE4'E5B9U;
    all = (all ^ all >> 27) * 0x94D0'49BB'1331'11EBU;
    return static_cast<uint32_t>(all >> 32);
}

// Notes down whose value the entry names.
const char *name_value(VdbIvfCheck &c, uint32_t ordinal, VdbTid tid, VdbIvfPlace place)
{
    VdbBlock block = vdb_ivf_place_block(place);
    if (block == 0 || block >= c.blocks || place.slot >= c.g.slots_per_page)
        return "value is outside";
    BlockInfo &info = c.by_block[block];
    if (info.user != kNoOrdinal && info.user != ordinal)
        return "value is on a page where another list has values";
    info.user = ordinal;
    uint64_t &word = c.named[size_t{block} * c.slot_words + place.slot / 64];
    uint64_t bit = uint64_t{1} << place.slot % 64;
    if ((word & bit) != 0)
        return "value is another entry's too";
    word |= bit;
    info.tids += digest(place.slot, tid);
    return nullptr;
}

const char *kept_problem(const VdbIvfCheck &c, const VdbIvfValue &value)
{
    VdbKept form = kept_form(c.g);
    float x[VDB_IVF_MAX_DIMS];
    double square = 0;
    if (!vdb_ivf_value_intact(&c.g, &value))
        return "not as it was written";
    vdb_kept_decode(form, c.g.space.dims, value.kept, x);
    for (uint32_t i = 0; i < c.g.space.dims; i++)
        square += double{x[i]} * x[i];
    if (!std::isfinite(square))
        return "an element is not finite";
    if (!(value.norm >= 0))
        return "its norm is none";
    if (!vdb_kept_norm_fits(c.g.space.dims, square, value.norm, vdb_kept_error(form, value.kept)))
        return "not of the length that its norm says";
    if (c.g.space.metric == VDB_METRIC_COSINE && value.norm != 0 &&
        std::fabs(value.norm - 1) > kNormTolerance)
        return "not of unit length";
    return nullptr;
}

} // namespace

void check_codes(VdbIvfCheck &c, VdbBlock block, const void *page)
{
    uint32_t owner = c.by_block[block].owner;
    VdbIvfCodes codes;
    if (vdb_ivf_codes_read(page, &c.g, VDB_IVF_NO_LIST, &codes) != VDB_OK)
        return; // reported
    for (uint32_t i = 0; i < codes.count; i++) {
        auto item = static_cast<int32_t>(i);
        VdbTid tid = codes.tids[i];
        if (!tid_ok(c, tid, c.fed_live))
            c.report(block, item, "entry: heap tid (%u,%u) is invalid",
                     static_cast<VdbBlock>(tid.block_hi) << 16 | tid.block_lo, tid.offset);
        if (!finite(codes.factors[i].add) || !finite(codes.factors[i].scale) ||
            !finite(codes.spreads[i]) || vdb_code_float(codes.spreads[i]) < 0)
            c.report(block, item, "entry: a factor of its code is not finite");
        // what a retired list's entries name may be recycled
        if (codes.places == nullptr || c.retired(owner))
            continue;
        if (const char *problem = name_value(c, owner, tid, codes.places[i]))
            c.report(block, item, "entry: %s", problem);
    }
}

void check_values(VdbIvfCheck &c, VdbBlock block, const void *page)
{
    VdbBlock rest = vdb_ivf_value_rest(page, &c.g, 0);
    bool split = slot_used(page, 0) && values_of(page)->borrowed > 0;
    uint32_t end = 0;
    if (split && (rest >= c.blocks || rest == block))
        c.report(block, 0, "value: goes on in block %u", rest);
    else
        c.rest = rest;
    for (uint32_t i = 0; i < kMostSlots; i++) {
        auto item = static_cast<int32_t>(i);
        if (!slot_used(page, i))
            continue;
        VdbIvfValue value;
        VdbIvfValuePages at = {page, nullptr, nullptr};
        bool elsewhere = split && i == 0;
        if (i < end)
            c.report(block, item, "values: slot is another value's");
        end = i + c.g.slots_per_value - (elsewhere ? values_of(page)->borrowed : 0);
        if (end > c.g.slots_per_page - values_of(page)->lent) {
            c.report(block, item, "values: slot is outside");
            continue;
        }
        c.used[size_t{block} * c.slot_words + i / 64] |= uint64_t{1} << i % 64;
        c.by_block[block].tids -= digest(i, slot_at(page, c.g, i)->tid);
        if (elsewhere || vdb_ivf_value_at(&at, &c.g, i, &value) != VDB_OK)
            continue;
        if (const char *problem = kept_problem(c, value))
            c.report(block, item, "value: %s", problem);
    }
}

void check_split_value(VdbIvfCheck &c, VdbBlock block, const VdbIvfValuePages &at)
{
    VdbIvfValue value;
    if (vdb_ivf_value_at(&at, &c.g, 0, &value) != VDB_OK)
        c.report(block, 0, "value: its end is not in block %u", c.rest);
    else if (const char *problem = kept_problem(c, value))
        c.report(block, 0, "value: %s", problem);
}

} // namespace vdb::ivf
