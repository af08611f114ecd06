// What every fuzz target has in common.  A target defines the two functions below; fuzz.cpp makes
// of them what libFuzzer calls.  Its input is read front to back as numbers and bytes; where it
// ends, everything reads as zero.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace vdb::fuzz {

class Input {
  public:
    Input(const uint8_t *data, size_t size) : at_(data), left_(size) {}

    bool empty() const { return left_ == 0; }
    size_t left() const { return left_; }
    template <class T> T number()
    {
        T value = {};
        copy(&value, sizeof(value));
        return value;
    }
    uint32_t below(uint32_t limit) { return number<uint16_t>() % limit; }

    // The next bytes, as far as there are any; answers how many.
    size_t copy(void *to, size_t bytes)
    {
        size_t n = bytes < left_ ? bytes : left_;
        if (n > 0)
            std::memcpy(to, at_, n);
        at_ += n;
        left_ -= n;
        return n;
    }
    std::string rest()
    {
        std::string text(reinterpret_cast<const char *>(at_), left_);
        left_ = 0;
        return text;
    }

  private:
    const uint8_t *at_;
    size_t left_;
};

// An input being made, in the same terms.
class Seed {
  public:
    std::string bytes;

    template <class T> Seed &number(T value) { return append(&value, sizeof(value)); }
    Seed &append(const void *from, size_t size)
    {
        bytes.append(static_cast<const char *>(from), size);
        return *this;
    }
};

// Ends the run: something did not hold that has to.
[[noreturn]] void fail(const char *what);

inline void expect(bool holds, const char *what)
{
    if (!holds)
        fail(what);
}

// A target: one input, and inputs to begin with.
void run(Input in);
std::vector<Seed> seeds();

} // namespace vdb::fuzz
