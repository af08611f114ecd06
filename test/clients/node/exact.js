// The rows that the tests store and the answers a search must give: the same as in ../python/exact.py.
const assert = require('node:assert');

const DIMS = 16, ROWS = 500, CATEGORIES = 5, K = 10, QUERIES = 10;

function vectors(seed, count) {
    const next = () => {
        seed = (seed * 48271) % 2147483647;
        return ((seed % 513) - 256) / 256;
    };
    return Array.from({ length: count }, () => Array.from({ length: DIMS }, next));
}

// What a column of the type keeps of the numbers: a sparse vector the large ones, a bit string the signs.
function asStored(type, values) {
    if (type === 'sparsevec') return values.map((v) => (Math.abs(v) > 0.5 ? v : 0));
    return type === 'bit' ? values.map((v) => (v > 0 ? 1 : 0)) : values;
}

const sum = (a, b, term) => a.reduce((total, value, i) => total + term(value, b[i]), 0);
const dot = (a, b) => sum(a, b, (x, y) => x * y);
const distances = {
    '<->': (a, b) => Math.sqrt(sum(a, b, (x, y) => (x - y) ** 2)),
    '<#>': (a, b) => -dot(a, b),
    '<=>': (a, b) => 1 - dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)),
    '<+>': (a, b) => sum(a, b, (x, y) => Math.abs(x - y)),
    '<~>': (a, b) => sum(a, b, (x, y) => x ^ y),
    '<%>': (a, b) => 1 - sum(a, b, (x, y) => x & y) / Math.max(sum(a, b, (x, y) => x | y), 1),
};

// The share of an answer, rows {id, distance}, that belongs to the K nearest of `rows`, a Map of id and vector. That
// as many rows came as there are, in order and with their true distances, is required of any answer.
function recall(answer, rows, query, operator) {
    const all = [...rows.values()].map((vector) => distances[operator](vector, query)).sort((a, b) => a - b);
    const truth = all.slice(0, K);
    assert.strictEqual(answer.length, truth.length);
    assert.strictEqual(new Set(answer.map((row) => row.id)).size, answer.length);
    const found = answer.map((row) => distances[operator](rows.get(row.id), query));
    answer.forEach((row, i) => {
        assert.ok(Math.abs(row.distance - found[i]) < 1e-4, `distance ${row.distance}, exactly ${found[i]}`);
        assert.ok(i === 0 || found[i] >= found[i - 1] - 1e-5, 'in order');
    });
    // By distance and not by id: equal distances may come in any order.
    return found.filter((distance) => distance <= truth.at(-1) + 1e-5).length / truth.length;
}

module.exports = { DIMS, ROWS, CATEGORIES, K, QUERIES, vectors, asStored, recall };
