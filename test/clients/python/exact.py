"""The rows that the tests store and the answers a search must give, computed here without the server.

All numbers are multiples of 1/256 in [-1, 1]: a half-precision float holds them too, so that every type keeps them
exactly. The suites of the other languages make the same rows."""
from dataclasses import dataclass

import numpy

DIMS, ROWS, CATEGORIES, K = 16, 500, 5, 10
QUERIES = 10


def numbers(seed):
    """The "minimal standard" generator, which fits the integers of every language."""
    while True:
        seed = seed * 48271 % 2147483647
        yield (seed % 513 - 256) / 256


def vectors(seed, count):
    source = numbers(seed)
    return [[next(source) for _ in range(DIMS)] for _ in range(count)]


def as_stored(type_name, values):
    """What a column of the type keeps of the numbers: a sparse vector the large ones, a bit string the signs."""
    values = numpy.array(values, dtype=numpy.float64)
    if type_name == "sparsevec":
        return numpy.where(numpy.abs(values) > .5, values, 0)
    return values > 0 if type_name == "bit" else values


def jaccard(rows, query):
    common, either = (rows & query).sum(1), (rows | query).sum(1)
    return 1 - common / numpy.maximum(either, 1)


# The distances of all rows of a matrix to one query.
DISTANCES = {
    "<->": lambda rows, query: numpy.linalg.norm(rows - query, axis=1),
    "<#>": lambda rows, query: -rows @ query,
    "<=>": lambda rows, query: 1 - rows @ query / (numpy.linalg.norm(rows, axis=1) * numpy.linalg.norm(query)),
    "<+>": lambda rows, query: numpy.abs(rows - query).sum(1),
    "<~>": lambda rows, query: (rows != query).sum(1).astype(float),
    "<%>": jaccard,
}


@dataclass(frozen=True)
class Search:
    """One way to index a column and to order by it."""

    type_name: str
    method: str
    opclass: str
    operator: str

    def __str__(self):
        return f"{self.method}-{self.opclass}"

    def index_sql(self, table):
        options = "" if self.method == "hnsw" else " WITH (lists = 8)"
        return f"CREATE INDEX {table}_idx ON {table} USING {self.method} (embedding {self.opclass}){options}"

    @property
    def settings(self):
        """All lists are probed, so that a search of them misses nothing."""
        return [] if self.method == "hnsw" else ["SET ivfflat.probes = 8"]


DENSE = [("l2", "<->"), ("ip", "<#>"), ("cosine", "<=>"), ("l1", "<+>")]
SEARCHES = [Search(name, "hnsw", f"{name}_{metric}_ops", operator)
            for name in ("vector", "halfvec", "sparsevec") for metric, operator in DENSE]
SEARCHES += [Search("bit", "hnsw", "bit_hamming_ops", "<~>"), Search("bit", "hnsw", "bit_jaccard_ops", "<%>")]
SEARCHES += [Search(name, "ivfflat", f"{name}_{metric}_ops", operator)
             for name in ("vector", "halfvec") for metric, operator in DENSE[:3]]
SEARCHES += [Search("bit", "ivfflat", "bit_hamming_ops", "<~>")]


def recall(answer, rows, query, operator, k=K, order_tolerance=1e-5):
    """The share of `answer`, pairs of id and distance, that belongs to the k nearest of `rows`, a dict of id and
    vector. That as many rows came as there are, in order and with their true distances, is required of any answer."""
    distances = dict(zip(rows, DISTANCES[operator](numpy.array(list(rows.values())), query)))
    truth = sorted(distances.values())[:k]
    assert len(answer) == len(truth)
    assert len({key for key, _ in answer}) == len(answer)
    found = [distances[key] for key, _ in answer]
    numpy.testing.assert_allclose([d for _, d in answer], found, rtol=1e-5, atol=1e-5)
    assert numpy.all(numpy.diff(found) >= -order_tolerance)
    # By distance and not by id: equal distances may come in any order.
    return sum(d <= truth[-1] + 1e-5 for d in found) / len(truth)
