"""SQLAlchemy's ORM with the column types of pgvector-python, through psycopg 3 and asyncpg."""
import asyncio

import numpy
import pytest
from pgvector.sqlalchemy import BIT, HALFVEC, SPARSEVEC, VECTOR, avg
from sqlalchemy import Index, Integer, MetaData, Table, create_engine, delete, func, inspect, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

from columns import TYPE_OF, attributes, for_orm
from exact import CATEGORIES, DIMS, K, QUERIES, ROWS, as_stored, recall, vectors

# Attribute, its method of ordering, the class and the operator of the index that serves it.
ORDERS = [
    ("dense", "l2_distance", "vector_l2_ops", "<->"),
    ("dense", "max_inner_product", "vector_ip_ops", "<#>"),
    ("dense", "cosine_distance", "vector_cosine_ops", "<=>"),
    ("dense", "l1_distance", "vector_l1_ops", "<+>"),
    ("half", "l2_distance", "halfvec_l2_ops", "<->"),
    ("sparse", "l2_distance", "sparsevec_l2_ops", "<->"),
    ("sparse", "cosine_distance", "sparsevec_cosine_ops", "<=>"),
    ("bits", "hamming_distance", "bit_hamming_ops", "<~>"),
    ("bits", "jaccard_distance", "bit_jaccard_ops", "<%>"),
]


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "sqlalchemy_item"
    id = mapped_column(Integer, primary_key=True)
    category = mapped_column(Integer)
    dense = mapped_column(VECTOR(DIMS))
    half = mapped_column(HALFVEC(DIMS))
    sparse = mapped_column(SPARSEVEC(DIMS))
    bits = mapped_column(BIT(DIMS))
    __table_args__ = tuple(
        Index(f"sqlalchemy_{opclass}", column, postgresql_using="hnsw", postgresql_ops={column: opclass},
              postgresql_with={"m": 16, "ef_construction": 64}) for column, _, opclass, _ in ORDERS)


# Indexes of the vectors in half precision, and of their signs.
HALVES, SIGNS = func.cast(Item.dense, HALFVEC(DIMS)), func.cast(func.binary_quantize(Item.dense), BIT(DIMS))
for expression, class_of_it in ((HALVES, "halfvec_ip_ops"), (SIGNS, "bit_hamming_ops")):
    Index(f"sqlalchemy_expression_{class_of_it}", expression.label("it"), postgresql_using="hnsw",
          postgresql_ops={"it": class_of_it})


def item(key, values):
    return Item(**attributes(key, values))


class Sync:
    def __init__(self):
        self.engine = create_engine("postgresql+psycopg://")

    def call(self, work):
        """Runs `work` on a session, and commits."""
        with Session(self.engine) as session, session.begin():
            return work(session)


class Async:
    """The same session behind SQLAlchemy's bridge to asyncpg."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.engine = create_async_engine("postgresql+asyncpg://")

    def call(self, work):
        async def run():
            async with AsyncSession(self.engine) as session, session.begin():
                return await session.run_sync(work)
        return self.loop.run_until_complete(run())


@pytest.fixture(scope="module", params=[Sync, Async], ids=["psycopg", "asyncpg"])
def database(request):
    """A database with the table, its indexes, its rows; and what these rows are."""
    it = request.param()
    it.call(lambda session: Base.metadata.create_all(session.connection()))
    it.rows = dict(enumerate(vectors(1, ROWS), 1))
    it.call(lambda session: session.add_all(item(key, values) for key, values in it.rows.items()))
    yield it
    it.call(lambda session: Base.metadata.drop_all(session.connection()))


def check(database, order, condition=None, chosen=lambda key: True):
    column, method, _, operator = order
    rows = {key: as_stored(TYPE_OF[column], values) for key, values in database.rows.items() if chosen(key)}
    shares = []
    for values in vectors(7, QUERIES):
        distance = getattr(getattr(Item, column), method)(for_orm(column, values))
        query = select(Item.id, distance).order_by(distance).limit(K)
        if condition is not None:
            query = query.where(condition)
        answer = database.call(lambda session: session.execute(query).all())
        shares.append(recall(answer, rows, as_stored(TYPE_OF[column], values), operator))
    assert numpy.mean(shares) > .95


def scans(database, index):
    """How often the index was read."""
    database.call(lambda session: session.execute(text("SELECT pg_stat_force_next_flush()")))
    query = text("SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = :name")
    return database.call(lambda session: session.scalar(query, {"name": f"sqlalchemy_{index}"}))


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order[2])
def test_search(database, order):
    check(database, order)
    check(database, order, Item.category == 2, lambda key: key % CATEGORIES == 2)
    assert scans(database, order[2]) >= 2 * QUERIES


def test_values_come_back(database):
    def compare(session):
        for one in session.scalars(select(Item).limit(20)):
            values = database.rows[one.id]
            numpy.testing.assert_array_equal(one.dense, values)
            numpy.testing.assert_array_equal(one.half, values)
            numpy.testing.assert_array_equal(one.sparse.to_numpy(), as_stored("sparsevec", values))
            bits = one.bits if isinstance(one.bits, str) else one.bits.as_string().replace(" ", "")
            assert bits == for_orm("bits", values)
    database.call(compare)


def test_average(database):
    truth = numpy.array(list(database.rows.values())).mean(0)
    for attribute in (Item.dense, Item.half):
        numpy.testing.assert_allclose(database.call(lambda session: session.scalar(select(avg(attribute)))), truth,
                                      atol=1e-3)


def test_changes(database):
    """Of objects by the unit of work, and of many rows by one statement."""
    moved = dict(zip(range(1, ROWS, 7), vectors(3, ROWS)))

    def change(session):
        for one in session.scalars(select(Item).where(Item.id.in_(moved))):
            for column in TYPE_OF:
                setattr(one, column, for_orm(column, moved[one.id]))
        session.execute(update(Item).where(Item.id.in_(moved)).values(half=Item.dense))
        session.execute(delete(Item).where(Item.id % 3 == 0))
        session.add(item(1000, moved[1]))
    database.call(change)
    database.rows = {key: values for key, values in {**database.rows, **moved, 1000: moved[1]}.items()
                     if key % 3 != 0}
    for order in ORDERS:
        check(database, order)


def test_expression_indexes(database):
    """The signs find many, of which the exact distance keeps the nearest."""
    rows = {key: numpy.array(values) for key, values in database.rows.items()}
    for values in map(numpy.array, vectors(7, QUERIES)):
        product = HALVES.max_inner_product(values)
        query = select(Item.id, product).order_by(product).limit(K)
        answer = database.call(lambda session: session.execute(query).all())
        assert recall(answer, rows, values, "<#>") >= .9
        hamming = SIGNS.hamming_distance(func.binary_quantize(func.cast(values, VECTOR(DIMS))))
        nearby = select(Item.id, Item.dense.l2_distance(values).label("distance")).order_by(hamming).limit(len(rows))
        query = select(nearby.subquery()).order_by("distance").limit(K)
        answer = database.call(lambda session: session.execute(query).all())
        assert recall(answer, rows, values, "<->") == 1
    assert scans(database, "expression_halfvec_ip_ops") >= QUERIES
    assert scans(database, "expression_bit_hamming_ops") >= QUERIES


def test_rollback_and_error(database):
    def wrong(session):
        session.add(item(1001, database.rows[1]))
        session.flush()
        session.add(Item(id=1002, dense=[1, 2, 3]))
    with pytest.raises(DBAPIError, match=f"expected {DIMS} dimensions, not 3"):
        database.call(wrong)
    assert database.call(lambda session: session.get(Item, 1001)) is None
    check(database, ORDERS[0])


def test_reflection(database):
    """As a migration tool compares a model with the database."""
    def reflect(session):
        table = Table("sqlalchemy_item", MetaData(), autoload_with=session.connection())
        return table, inspect(session.connection()).get_indexes("sqlalchemy_item")
    table, indexes = database.call(reflect)
    assert isinstance(table.c.dense.type, VECTOR) and isinstance(table.c.half.type, HALFVEC)
    assert isinstance(table.c.sparse.type, SPARSEVEC)
    assert {index["name"] for index in indexes} == {index.name for index in Item.__table__.indexes}
    assert all(index["dialect_options"]["postgresql_using"] == "hnsw" for index in indexes)
