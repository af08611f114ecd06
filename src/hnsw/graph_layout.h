// Which cell and which slice of a vector comes where in the file of a bulk build.
#pragma once

#include "hnsw/build_region.h"
#include "hnsw/page_format.h"

namespace vdb::hnsw {

// A node's cells are, in this order: one per upper level, then those with heap tids, of which
// `extra` are not in the slot.
uint32_t cells_of(const VdbHnswGeometry &g, uint32_t level, uint32_t extra);

// Goes over the nodes in the order of the file and counts what does not lie on their pages.
struct LayoutTally {
    uint64_t spilled; // cells of the nodes before
    uint64_t slices;  // and their vector pages
    uint64_t on_page; // cells that the nodes before on this page would have there

    // Begins a page if this node does.
    void look_at(const VdbHnswGeometry &g, uint32_t place)
    {
        on_page = vdb_hnsw_node_slot(&g, place) == 0 ? 0 : on_page;
    }
    // Counts the node looked at.  False: there are too many.
    bool count(const VdbHnswGeometry &g, uint32_t cells, uint32_t units);
};

VdbStatus make_layout(const VdbHnswGeometry &g, const LayoutTally &all, uint32_t nodes,
                      VdbHnswBuildLayout *layout);

// The i-th of a node's cells that found no room on its page, and the i-th slice of its vector.
void fill_spilled_cell(const BuildRegion *r, VdbHnswBuildLayout *layout, VdbNode node, uint32_t i,
                       CellHeader *cell);
// The one cell page that is partly filled is on the free list.
void close_cell_page(const VdbHnswBuildLayout &layout, const VdbHnswGeometry &g, VdbBlock block,
                     void *page);
void fill_slice(const BuildRegion *r, BuildScratch *scratch, VdbNode node, uint32_t i, void *page);

} // namespace vdb::hnsw
