// What codes of centroids say of a query; they are made and used otherwise by ivf_api.h.
#pragma once

#include "ivf/ivf_api.h"
#include "quant/code_api.h"

namespace vdb::ivf {

// Fills out[0 .. count) with numbers that are in the order of vdb_ivf_rank_lists()' as far as codes
// tell; none is NaN.  `prepared` is made of the query.
void estimate_lists(const VdbIvfGeometry &g, const VdbIvfCentroidCodes &codes,
                    const VdbCodeQuery &prepared, const float *query, VdbIvfRanked *out);

} // namespace vdb::ivf
