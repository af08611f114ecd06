// Splitting nodes among leaders, down to leaves.
#include "hnsw/partition.h"

#include <algorithm>

#include "core/rng.h"

namespace vdb::hnsw {

namespace {

constexpr uint32_t kPrefetchAhead = 2; // vectors

// A node in the middle of others, and the squared distance within which a mean is taken.
struct Pivot {
    uint32_t place;
    float reach;
};

// Of three nodes the one that half of a sample is nearest to: not one that lies far off.
Pivot find_pivot(const BuildRegion *r, BuildWork *work, const uint32_t *places, uint32_t n)
{
    constexpr uint32_t kSample = 64;
    uint32_t step = std::max(n / kSample, 1u);
    uint32_t dims = r->geometry.space.dims;
    Pivot best = {places[n / 6], std::numeric_limits<float>::infinity()};
    for (uint32_t i = 1; i < 6; i += 2) {
        uint32_t middle = places[uint64_t{i} * n / 6];
        const float *v = aim_at(r, middle, work->direction + dims);
        float apart[2 * kSample];
        uint32_t size = 0;
        for (uint32_t j = 0; j < n; j += step)
            apart[size++] =
                ordered(work->kernels->l2_squared(v, aim_at(r, places[j], work->direction), dims));
        std::nth_element(apart, apart + size / 2, apart + size);
        if (apart[size / 2] < best.reach)
            best = {middle, apart[size / 2]};
    }
    best.reach *= 4;
    return best;
}

struct Splitter {
    BuildRegion *region;
    BuildWork *work;
    uint32_t most;
    uint32_t part;
    const uint32_t *top; // its nodes

    // Splits among leaders, or builds a leaf; `free` is memory for lists.
    void split(const uint32_t *places, uint32_t n, uint32_t fan, uint64_t seed, uint32_t *free)
    {
        if (n <= most) {
            build_leaf(region, work, places, n);
            return;
        }
        uint32_t dims = region->geometry.space.dims;
        uint32_t leaders = (n / usual_leaf_nodes(dims) + 1) * fan;
        leaders = std::min(leaders, most_leaders(dims));
        uint32_t *starts = free;
        uint32_t *lists = starts + leaders + 1;
        divide(places, n, {leaders, fan, seed}, starts);
        for (uint32_t i = 0; i < leaders; i++) {
            uint32_t size = starts[i + 1] - starts[i];
            // Where leaders do not tell the nodes apart, any leaf is as good as another.
            if (fan == 1 && size > n / 10 * 9)
                chop(lists + starts[i], size);
            else if (size > 0)
                split(lists + starts[i], size, 1, mix64(seed + i + 1), lists + n * fan);
        }
    }

    struct Cut {
        uint32_t leaders;
        uint32_t fan;
        uint64_t seed;
    };

    // Splits all nodes, and under inner product the longest quarter of them once more, and so on:
    // a long node's neighbours are the long ones in directions from where its leaves hold only the
    // nearest few.
    void split_all(const uint32_t *places, uint32_t n, uint32_t fan, uint64_t seed)
    {
        split(places, n, fan, seed, work->lists);
        if (!is_by_direction(region))
            return;
        uint32_t *longest = work->lists;
        std::copy_n(places, n, longest);
        auto norm = [this](uint32_t place) { return region->node(node_at(region, place))->norm; };
        while (n > most && take_longest(longest, n, n / 4, norm)) {
            n /= 4;
            seed = mix64(seed);
            split(longest, n, fan, seed, longest + n);
        }
    }

    // Writes the starts of the leaders' lists, and the lists behind them.
    void divide(const uint32_t *places, uint32_t n, Cut cut, uint32_t *starts)
    {
        uint32_t *lists = starts + cut.leaders + 1;
        uint32_t *assigned = lists + n * cut.fan;
        sample(cut.seed, n, cut.leaders, assigned);
        for (uint32_t i = 0; i < cut.leaders; i++)
            assigned[i] = places[assigned[i]];
        prepare_leaders(region, work, assigned, cut.leaders);
        assign(region, work, places, n, cut.fan, assigned);

        std::fill_n(starts, cut.leaders + 1, 0);
        for (uint32_t i = 0; i < n * cut.fan; i++)
            starts[assigned[i] + 1]++;
        for (uint32_t i = 0; i < cut.leaders; i++)
            starts[i + 1] += starts[i];
        for (uint32_t i = 0; i < n * cut.fan; i++)
            lists[starts[assigned[i]]++] = places[i / cut.fan];
        if (places == top)
            note_nearest(n, cut.fan, assigned);
        for (uint32_t i = cut.leaders; i > 0; i--)
            starts[i] = starts[i - 1];
        starts[0] = 0;
    }

    // The first split of a node's nearest part says in which order nodes are linked.
    void note_nearest(uint32_t n, uint32_t fan, const uint32_t *assigned)
    {
        for (uint32_t i = 0; i < n; i++) {
            BuildNode *node = region->node(node_at(region, top[i]));
            if (node->parent == part)
                node->slices = assigned[i * fan];
        }
    }

    void chop(const uint32_t *places, uint32_t n)
    {
        for (uint32_t i = 0; i < n; i += most)
            build_leaf(region, work, places + i, std::min(most, n - i));
    }
};

// Writes the nearest leaders and, where distances overflow and so there are less than `fan`, any
// others: none of them twice, or a node would meet itself in a leaf.
void name_leaders(const Near *near, uint32_t found, uint32_t fan, uint32_t *out)
{
    for (uint32_t i = 0; i < found; i++)
        out[i] = near[i].place;
    for (uint32_t other = 0; found < fan; other++)
        if (std::find(out, out + found, other) == out + found)
            out[found++] = other;
}

} // namespace

void find_centre(const BuildRegion *r, BuildWork *work, const uint32_t *places, uint32_t n)
{
    constexpr uint32_t kSample = 256;
    uint32_t dims = r->geometry.space.dims;
    uint32_t step = std::max(n / kSample, 1u), taken = 0;
    Pivot pivot = find_pivot(r, work, places, n);
    const float *middle = aim_at(r, pivot.place, work->direction + dims);
    float *centre = work->centre;
    std::fill_n(centre, dims, 0.0f);
    for (uint32_t i = 0; i < n; i += step) {
        const float *v = aim_at(r, places[i], work->direction);
        if (work->kernels->l2_squared(middle, v, dims) > pivot.reach)
            continue;
        taken++;
        for (uint32_t j = 0; j < dims; j++)
            centre[j] += v[j];
    }
    for (uint32_t j = 0; j < dims; j++)
        centre[j] = taken > 0 ? centre[j] / static_cast<float>(taken) : middle[j];
}

void sample(uint64_t seed, uint32_t n, uint32_t leaders, uint32_t *out)
{
    for (uint64_t i = 0; i < leaders; i++) {
        uint64_t begin = i * n / leaders, end = (i + 1) * n / leaders;
        out[i] = static_cast<uint32_t>(begin + mix64(seed ^ mix64(i + 1)) % (end - begin));
    }
}

void prepare_leaders(const BuildRegion *r, BuildWork *work, const uint32_t *leaders, uint32_t n)
{
    find_centre(r, work, leaders, n);
    for (uint32_t i = 0; i < n; i++)
        work->leaders.put(i, aim_at(r, leaders[i], work->direction), work->centre);
    work->leaders.close(n);
}

void assign(const BuildRegion *r, BuildWork *work, const uint32_t *places, uint32_t n, uint32_t fan,
            uint32_t *out)
{
    uint32_t columns = work->leaders.columns();
    for (uint32_t i = 0; i < n; i += VDB_BYTE_ROWS) {
        uint32_t rows = std::min<uint32_t>(VDB_BYTE_ROWS, n - i);
        for (uint32_t j = 0; j < rows; j++) {
            if (i + j + kPrefetchAhead < n)
                prefetch_at(r, places[i + j + kPrefetchAhead]);
            work->block.put(j, aim_at(r, places[i + j], work->direction), work->centre);
        }
        work->block.close(rows);
        work->block.distances(0, work->leaders, work->distances);
        for (uint32_t j = 0; j < rows; j++) {
            uint32_t found = select_nearest(work, work->distances + j * columns, columns, fan);
            name_leaders(work->near, found, fan, out + (i + j) * fan);
        }
    }
}

void build_part(BuildRegion *r, BuildWork *work, uint32_t part)
{
    const BuildPhases &p = r->phases;
    const uint32_t *places = r->part_words() + p.starts[part];
    uint32_t n = p.starts[part + 1] - p.starts[part];
    uint64_t seed = mix64(r->seed ^ mix64(uint64_t{p.level} << 32 | part));
    Splitter splitter = {r, work, most_leaf_nodes(r->geometry.space.dims), part, places};
    splitter.split_all(places, n, part < p.parts ? inner_fan(r) : whole_fan(r), seed);
}

void build_piece(BuildRegion *r, BuildWork *work, const Piece &piece)
{
    Splitter splitter = {r, work, most_leaf_nodes(r->geometry.space.dims), 0, nullptr};
    splitter.split_all(piece.places, piece.n, piece.fan, piece.seed);
}

} // namespace vdb::hnsw
