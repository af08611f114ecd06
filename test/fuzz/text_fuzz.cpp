// The parsers of text, compared with the plain loops around strtof() and strtol() that they promise
// to agree with; texts end where reading on is a crash.
#include <string>

#include "core/float_list_reference.h"
#include "core/sparse_list_reference.h"
#include "fuzz.h"

namespace float_list = vdb::test::float_list;
namespace sparse_list = vdb::test::sparse_list;

namespace vdb::fuzz {

constexpr float kLargestHalf = 65519.996F;

void run(Input in)
{
    uint8_t form = in.number<uint8_t>();
    std::string text = in.rest();
    text.resize(std::min({text.find('\0'), text.size(), size_t{60000}}));
    if (form % 3 == 2) {
        expect(sparse_list::parse(text) == sparse_list::parse_plainly(text), "sparse list");
        return;
    }
    float largest = form % 3 == 0 ? FLT_MAX : kLargestHalf;
    expect(float_list::parse(text, largest) == float_list::parse_by_strtof(text, largest),
           "float list");
}

std::vector<Seed> seeds()
{
    std::vector<Seed> all;
    for (const char *text :
         {"[1,-2.5,+3e2]", " [ 0x1.8p-3 , 1e-45,nan, -inf ] ", "[65504,65519.99,65520]", "[]",
          "[3.4028235677973366e38,1.00000005960464477539062,0.1e-400]", "[1,2,3,4,5,6,7,8,9]",
          "{1:1.5,3:2}/5", "{ 9:-0 , 2147483648:1e39 }/ -7 ", "{}/1000000000", "{1:2,1:3}/4x"})
        for (uint8_t form = 0; form < 3; form++)
            all.push_back(Seed().number(form).append(text, std::strlen(text)));
    return all;
}

} // namespace vdb::fuzz
