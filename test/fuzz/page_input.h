// Pages of any bytes, as the input has them, the metapage first; and whether it is believed.  The
// same for every access method: `Format` says what its pages have in common.
#pragma once

#include <vector>

#include "core/types.h"
#include "fuzz.h"

namespace vdb::fuzz {

// A Format has the types Page, MetaPage and Trailer (where the page goes on, kind, page_id), and
// the constants kHeader (bytes before a page's content), kMetaKind and kPageId.
template <class Format> struct PageInput {
    using Page = typename Format::Page;
    using Trailer = typename Format::Trailer;

    static Page meta(Input &in)
    {
        Page page = content(in, sizeof(typename Format::MetaPage));
        stamp(page, {VDB_NO_BLOCK, Format::kMetaKind, Format::kPageId});
        return page;
    }
    // Appends up to `most` pages of any kind, that go on anywhere.
    static void pages(Input &in, uint32_t most, std::vector<Page> &to)
    {
        for (uint32_t n = in.number<uint8_t>() % (most + 1); n > 0; n--) {
            auto kind = static_cast<uint16_t>(in.number<uint8_t>() % 8);
            auto next = static_cast<uint32_t>(int32_t{in.number<int8_t>()});
            to.push_back(content(in, in.number<uint16_t>() % (kMostContent + 1)));
            stamp(to.back(), {next, kind, Format::kPageId});
        }
    }

    // What the two functions above read.
    static void seed_meta(Seed &seed, const Page &page)
    {
        seed.append(bytes(page) + Format::kHeader, sizeof(typename Format::MetaPage));
    }
    static void seed_page(Seed &seed, const Page &page, uint16_t length = kMostContent)
    {
        Trailer tail;
        std::memcpy(&tail, bytes(page) + kTrailerAt, sizeof(tail));
        seed.number<uint8_t>(static_cast<uint8_t>(tail.kind)).number<int8_t>(-1).number(length);
        seed.append(bytes(page) + Format::kHeader, length);
    }

  private:
    static constexpr size_t kTrailerAt = sizeof(Page) - sizeof(Trailer);
    static constexpr uint16_t kMostContent = kTrailerAt - Format::kHeader;

    static const char *bytes(const Page &page) { return reinterpret_cast<const char *>(&page); }
    static Page content(Input &in, size_t length)
    {
        Page page;
        std::memset(&page, 0, sizeof(page));
        in.copy(reinterpret_cast<char *>(&page) + Format::kHeader, length);
        return page;
    }
    static void stamp(Page &page, const Trailer &tail)
    {
        std::memcpy(reinterpret_cast<char *>(&page) + kTrailerAt, &tail, sizeof(tail));
    }
};

// What a metapage says is all believed, or nothing of it.
inline bool believed(VdbStatus reader, VdbStatus checker, const char *problem)
{
    expect((reader == VDB_OK) == (checker == VDB_OK), "reader and checker agree on a metapage");
    expect((checker == VDB_OK) == (problem == nullptr), "the checker says what is wrong");
    return reader == VDB_OK;
}

} // namespace vdb::fuzz
