// Bulk build of an index with codes: what its pages keep of vectors and of their neighbours.
#include "hnsw/built_index.h"

using namespace vdb::hnsw;
using namespace vdb::hnsw::test;

namespace {

struct Form {
    uint32_t dims;
    VdbKept kept;
    VdbMetric metric;
};

class CodedBuild : public testing::TestWithParam<Form> {};

TEST_P(CodedBuild, PagesHoldKeptVectorsAndCodes)
{
    Form f = GetParam();
    std::vector<Row> rows = gaussian(60, f.dims);
    rows.push_back(rows[7]);
    Build build(f.dims, {.m = 4, .metric = f.metric, .kept = f.kept}, rows.size());
    ASSERT_EQ(build.add(rows), rows.size());
    Index index(build);
    const VdbHnswGeometry &g = index.g;
    VdbCodec codec = vdb_hnsw_codec(&g);
    std::vector<VdbNode> ids = index.nodes();
    ASSERT_EQ(ids.size(), 60u);
    std::vector<uint8_t> expected(vdb_code_bytes(&codec)), code(vdb_code_bytes(&codec));
    for (VdbNode id : ids) {
        const NodeHeader *node = index.node(id);
        Row row = row_as_compared(g, rows[row_of(node->heap_tid)]);
        std::vector<uint32_t> blob(g.units);
        vdb_kept_encode(f.kept, f.dims, row.data(), blob.data());
        ASSERT_EQ(index.kept_blob(id), blob);
        for (uint32_t i = 0; i < node->degree; i++) {
            VdbCodeFactors factors;
            Row other = row_as_compared(g, rows[row_of(index.node(neighbors(node)[i])->heap_tid)]);
            vdb_code_make(&codec, row.data(), other.data(), expected.data(), &factors);
            vdb_codes_get(&codec, max_degree(g), codes(node, g), i, code.data());
            ASSERT_EQ(code, expected);
            ASSERT_EQ(code_factors(node, g)[i].add, factors.add);
            ASSERT_EQ(code_factors(node, g)[i].scale, factors.scale);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(All, CodedBuild,
                         testing::Values(Form{64, VDB_KEPT_FULL, VDB_METRIC_L2},
                                         Form{100, VDB_KEPT_SQ8, VDB_METRIC_IP},
                                         Form{384, VDB_KEPT_RABITQ4, VDB_METRIC_L2},
                                         Form{1536, VDB_KEPT_HALF, VDB_METRIC_L2},
                                         Form{1536, VDB_KEPT_FULL, VDB_METRIC_L2},
                                         Form{16000, VDB_KEPT_FULL, VDB_METRIC_L2}));

} // namespace
