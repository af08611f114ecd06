// The mean of values, as a centroid: in double precision, so that no sum of finite values
// overflows, and the same on every machine.
#pragma once

#include "ivf/centroid.h"

namespace vdb::ivf {

// Euclidean length, where a mean needs it: under cosine.  Else 0.
float length_of(const Affinity &affinity, const void *value);

// Makes one value a centroid, in place: of unit length under cosine.  `scratch`
// holds as many doubles as a value has dimensions.
void make_centroid(const Affinity &affinity, double *scratch, void *value);

class Mean {
  public:
    // `sum` has as many elements as a value has dimensions.
    Mean(const Affinity &affinity, double *sum);

    // `length` as length_of().
    void add(const void *value, float length);

    // Leaves the target as it is where the mean has no direction and one is wanted.  REQUIRES:
    // something was added.
    void write(void *target) const;

  private:
    const Affinity &affinity_;
    double *sum_;
    uint32_t count_ = 0;
};

} // namespace vdb::ivf
