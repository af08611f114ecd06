"""psycopg 3 (text and binary) and asyncpg with the types of pgvector-python."""
import asyncio
import itertools

import numpy
import pgvector
import pgvector.psycopg
import psycopg_pool
import pytest

from clients import CLIENTS
from exact import CATEGORIES, DIMS, K, QUERIES, ROWS, SEARCHES, as_stored, recall, vectors

serial = itertools.count()
TYPES = ["vector", "halfvec", "sparsevec", "bit"]


@pytest.fixture(scope="module", params=CLIENTS, name="client")
def connected(request):
    client = CLIENTS[request.param]()
    yield client
    client.close()


@pytest.fixture(name="table")
def fresh_table(client):
    """A name of its own for each test, because asyncpg remembers the types of a statement's parameters."""
    name = f"item_{next(serial)}"
    yield name
    client.run(f"DROP TABLE IF EXISTS {name}")
    client.run("RESET ALL")


def create(client, table, type_name):
    client.run(f"CREATE TABLE {table} (id integer PRIMARY KEY, category integer, embedding {type_name}({DIMS}))")


def fill(client, table, type_name, first=1, count=ROWS, seed=1):
    """Stores rows and returns them, as a dict of id and vector."""
    rows = {first + i: as_stored(type_name, v) for i, v in enumerate(vectors(seed, count))}
    client.run_many(f"INSERT INTO {table} (id, category, embedding) VALUES ($1, $2, $3)",
                    [(key, key % CATEGORIES, client.encode(type_name, value)) for key, value in rows.items()])
    return rows


def nearest_sql(table, operator, condition=""):
    return f"SELECT id, embedding {operator} $1 FROM {table} {condition} ORDER BY embedding {operator} $1 LIMIT {K}"


def mean_recall(client, table, search, rows):
    """Of plain and of filtered searches."""
    shares = []
    for number, values in enumerate(vectors(7, QUERIES)):
        query = as_stored(search.type_name, values)
        parameter = client.encode(search.type_name, query)
        category = number % CATEGORIES
        chosen = {key: value for key, value in rows.items() if key % CATEGORIES == category}
        answer = client.run(nearest_sql(table, search.operator), parameter)
        shares.append(recall(answer, rows, query, search.operator))
        answer = client.run(nearest_sql(table, search.operator, "WHERE category = $2"), parameter, category)
        shares.append(recall(answer, chosen, query, search.operator))
    return numpy.mean(shares)


@pytest.mark.parametrize("search", SEARCHES, ids=str)
def test_search(client, table, search):
    create(client, table, search.type_name)
    rows = fill(client, table, search.type_name)
    assert mean_recall(client, table, search, rows) == 1  # no index yet

    client.run(search.index_sql(table))
    for setting in search.settings:
        client.run(setting)
    plan = client.run("EXPLAIN " + nearest_sql(table, search.operator),
                      client.encode(search.type_name, rows[1]))
    assert any(f"Index Scan using {table}_idx" in line for line, in plan)
    assert mean_recall(client, table, search, rows) > .95

    moved = dict(zip(range(1, ROWS, 7), vectors(3, ROWS)))
    moved = {key: as_stored(search.type_name, value) for key, value in moved.items()}
    client.run_many(f"UPDATE {table} SET embedding = $2 WHERE id = $1",
                    [(key, client.encode(search.type_name, value)) for key, value in moved.items()])
    rows.update(moved)
    client.run(f"DELETE FROM {table} WHERE id % 3 = $1", 0)
    rows = {key: value for key, value in rows.items() if key % 3 != 0}
    rows.update(fill(client, table, search.type_name, first=ROWS + 1, count=50, seed=5))
    assert mean_recall(client, table, search, rows) > .95

    client.run(f"VACUUM {table}")
    assert mean_recall(client, table, search, rows) > .95
    client.run("SET enable_indexscan = off")
    client.run("SET enable_seqscan = on")
    assert mean_recall(client, table, search, rows) == 1


@pytest.mark.parametrize("type_name", TYPES)
def test_copy(client, table, type_name):
    create(client, table, type_name)
    rows = {key: as_stored(type_name, value) for key, value in enumerate(vectors(1, 20))}
    client.copy_in(table, type_name, [(key, 0, client.encode(type_name, value)) for key, value in rows.items()])
    for key, value in client.run(f"SELECT id, embedding FROM {table}"):
        numpy.testing.assert_array_equal(client.decode(type_name, value), rows[key])


EDGES = {
    "vector": numpy.float32([.1, -0., 1 / 3, 1.1754944e-38, 1e-45, -3.4028235e38, 16777217, 1e-7]),
    "halfvec": numpy.float16([.1, -0., 1 / 3, 6.104e-05, 6e-08, -65504, 2049, 1e-3]),
    "sparsevec": numpy.float32([0, .1, 0, 1e-45, -3.4028235e38, 1 / 3, 0, 1e-7]),
    "bit": numpy.array([True, False, False, True, True, True, False, True, True]),
}


@pytest.mark.parametrize("type_name", TYPES)
def test_round_trip(client, type_name):
    """Every bit of a number survives, alone, in an array, and beside a NULL."""
    value = EDGES[type_name]
    parameter = client.encode(type_name, value)
    column = f"{type_name}({len(value)})"
    (alone, null), = client.run(f"SELECT $1::{column}, NULL::{column}", parameter)
    assert null is None
    returned = client.decode(type_name, alone)
    assert returned.astype(value.dtype).tobytes() == value.tobytes()
    (equal, text), = client.run(f"SELECT $1::{column} = $2::{column}, ($1::{column})::text", parameter, parameter)
    assert equal
    (again,), = client.run(f"SELECT '{text}'::{column}")
    assert client.decode(type_name, again).astype(value.dtype).tobytes() == value.tobytes()


def test_arrays(client, table):
    client.run(f"CREATE TABLE {table} (id integer, embedding vector(3)[], short halfvec(3)[])")
    client.run(f"INSERT INTO {table} VALUES (1, ARRAY[$1::vector, $2::vector], ARRAY[$3::halfvec])",
               client.encode("vector", [1, 2, 3]), client.encode("vector", [4, 5, 6]),
               client.encode("halfvec", [7, 8, 9]))
    (vector_array, half_array), = client.run(f"SELECT embedding, short FROM {table}")
    assert [list(client.decode("vector", v)) for v in vector_array] == [[1, 2, 3], [4, 5, 6]]
    assert [list(client.decode("halfvec", v)) for v in half_array] == [[7, 8, 9]]


@pytest.mark.parametrize("type_name", ["vector", "halfvec"])
def test_aggregates(client, table, type_name):
    create(client, table, type_name)
    rows = fill(client, table, type_name, count=64)
    truth = numpy.array(list(rows.values()))
    (average, total, count), = client.run(f"SELECT avg(embedding), sum(embedding), count(*) FROM {table}")
    assert count == 64
    numpy.testing.assert_allclose(client.decode(type_name, average), truth.mean(0), atol=1e-3)
    numpy.testing.assert_allclose(client.decode(type_name, total), truth.sum(0), atol=.05)
    for category, average in client.run(f"SELECT category, avg(embedding) FROM {table} GROUP BY category"):
        members = numpy.array([value for key, value in rows.items() if key % CATEGORIES == category])
        numpy.testing.assert_allclose(client.decode(type_name, average), members.mean(0), atol=1e-3)


def test_errors(client, table):
    create(client, table, "vector")
    short = client.encode("vector", [1, 2, 3])
    assert client.sqlstate(f"INSERT INTO {table} VALUES (1, 1, $1)", short) == (
        "22000", f"expected {DIMS} dimensions, not 3")
    assert client.sqlstate("SELECT $1::vector <-> '[1,2]'", short) == ("22000", "different vector dimensions 3 and 2")
    assert client.sqlstate("SELECT 'x'::vector")[0] == "22P02"
    assert client.sqlstate("SELECT '[]'::vector") == ("22000", "vector must have at least 1 dimension")


def test_settings_of_one_transaction(client, table):
    """As applications tune a single search behind a connection pool."""
    create(client, table, "vector")
    rows = fill(client, table, "vector")
    client.run(f"CREATE INDEX ON {table} USING hnsw (embedding vector_l2_ops) WITH (m = 8, ef_construction = 40)")
    query = as_stored("vector", vectors(9, 1)[0])
    client.run("BEGIN")
    client.run("SET LOCAL hnsw.ef_search = 200")
    client.run("SET LOCAL hnsw.iterative_scan = relaxed_order")
    client.run("SET LOCAL hnsw.max_scan_tuples = 10000")
    client.run("SET LOCAL hnsw.scan_mem_multiplier = 2")
    answer = client.run(nearest_sql(table, "<->"), client.encode("vector", query))
    client.run("COMMIT")
    assert recall(answer, rows, query, "<->") == 1
    assert client.run("SHOW hnsw.ef_search") == [("40",)]


def test_async_psycopg():
    """A pool of asynchronous connections that know the types."""
    async def run():
        async def configure(connection):
            await pgvector.psycopg.register_vector_async(connection)
        async with psycopg_pool.AsyncConnectionPool("", min_size=2, configure=configure) as pool:
            async def ask(number):
                async with pool.connection() as connection:
                    cursor = await connection.execute("SELECT %s + %s, pg_sleep(.01)",
                                                      [pgvector.Vector([number, 1]), pgvector.Vector([1, 1])])
                    return (await cursor.fetchone())[0].to_list()
            return await asyncio.gather(*map(ask, range(8)))
    assert asyncio.run(run()) == [[number + 1, 2] for number in range(8)]
