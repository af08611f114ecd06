// libFuzzer's side of a target.  `--seeds=DIRECTORY` as the first argument writes the inputs to
// begin with and ends.
#include "fuzz.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

namespace vdb::fuzz {

void fail(const char *what)
{
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

static void write_seeds(const std::string &directory)
{
    int n = 0;
    for (const Seed &seed : seeds())
        std::ofstream(directory + "/" + std::to_string(n++), std::ios::binary) << seed.bytes;
}

} // namespace vdb::fuzz

extern "C" int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const std::string option = "--seeds=";
    // The drivers of the unit tests say by EXPECT_*() what holds whatever the pages are.
    GTEST_FLAG_SET(throw_on_failure, true);
    if (*argc > 1 && std::string((*argv)[1]).rfind(option, 0) == 0) {
        vdb::fuzz::write_seeds((*argv)[1] + option.size());
        std::exit(0);
    }
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    vdb::fuzz::run(vdb::fuzz::Input(data, size));
    return 0;
}
