"""Django's ORM with the fields, indexes and functions of pgvector-python; the tables are made by its migrations."""
import os

import django
import numpy
import pytest
from django.conf import settings
from django.db import DataError, connection, transaction

from columns import TYPE_OF, attributes, for_orm
from exact import CATEGORIES, DIMS, K, QUERIES, ROWS, as_stored, recall, vectors

settings.configure(
    INSTALLED_APPS=["django.contrib.postgres", "catalog"],
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PGDATABASE"],
                           "OPTIONS": {"options": "-c ivfflat.probes=8"}}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField")
django.setup()

from catalog.models import Item  # noqa: E402 (a model can be imported only after the set-up)
from django.core.management import call_command  # noqa: E402
from django.db.models import Avg, Sum  # noqa: E402
from pgvector.django import (CosineDistance, HammingDistance, JaccardDistance, L1Distance, L2Distance,  # noqa: E402
                             MaxInnerProduct)

# Index, attribute, function, operator.
ORDERS = [
    ("dense_l2", "dense", L2Distance, "<->"),
    ("dense_ip", "dense", MaxInnerProduct, "<#>"),
    ("dense_cosine", "dense", CosineDistance, "<=>"),
    ("dense_l1", "dense", L1Distance, "<+>"),
    ("half_l2", "half", L2Distance, "<->"),
    ("half_cosine", "half", CosineDistance, "<=>"),
    ("sparse_l2", "sparse", L2Distance, "<->"),
    ("bits_hamming", "bits", HammingDistance, "<~>"),
    ("bits_jaccard", "bits", JaccardDistance, "<%>"),
]


def item(key, values):
    return Item(**attributes(key, values))


@pytest.fixture(scope="module", name="rows")
def migrated():
    """A database of its own by the migrations, which create the extension too; stores rows, which it returns."""
    connection.creation.create_test_db(verbosity=0)
    call_command("makemigrations", "catalog", check=True, dry_run=True, verbosity=0)  # the model is as migrated
    rows = dict(enumerate(vectors(1, ROWS), 1))
    Item.objects.bulk_create([item(key, values) for key, values in rows.items()])
    yield rows
    call_command("migrate", "catalog", "zero", verbosity=0)  # drops the extension
    connection.creation.destroy_test_db(os.environ["PGDATABASE"], verbosity=0)


def check(rows, order, **conditions):
    _, column, function, operator = order
    rows = {key: as_stored(TYPE_OF[column], values) for key, values in rows.items()}
    shares = []
    for values in vectors(7, QUERIES):
        distance = function(column, for_orm(column, values))
        found = Item.objects.filter(**conditions).alias(distance=distance).annotate(d=distance).order_by("distance")
        answer = list(found.values_list("id", "d")[:K])
        shares.append(recall(answer, rows, as_stored(TYPE_OF[column], values), operator))
    assert numpy.mean(shares) > .95


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order[0])
def test_search(rows, order):
    check(rows, order)
    check({key: values for key, values in rows.items() if key % CATEGORIES == 2}, order, category=2)
    index, column, function, _ = order
    plan = Item.objects.order_by(function(column, for_orm(column, rows[1])))[:K].explain()
    assert f"Index Scan using {index}" in plan


def test_values_come_back(rows):
    for one in Item.objects.all()[:20]:
        numpy.testing.assert_array_equal(one.dense, rows[one.id])
        numpy.testing.assert_array_equal(one.half, rows[one.id])
        numpy.testing.assert_array_equal(one.sparse.to_numpy(), as_stored("sparsevec", rows[one.id]))
        assert one.bits == for_orm("bits", rows[one.id])


def test_aggregates(rows):
    truth = numpy.array(list(rows.values()))
    found = Item.objects.aggregate(Avg("dense"), Avg("half"), Sum("dense"))
    numpy.testing.assert_allclose(found["dense__avg"], truth.mean(0), atol=1e-5)
    numpy.testing.assert_allclose(found["half__avg"], truth.mean(0), atol=1e-3)
    numpy.testing.assert_allclose(found["dense__sum"], truth.sum(0), atol=1e-3)


def test_range(rows):
    """A condition on the distance itself."""
    found = Item.objects.alias(distance=L2Distance("dense", rows[1])).filter(distance__lt=2)
    truth = {key for key, values in rows.items() if numpy.linalg.norm(numpy.subtract(values, rows[1])) < 2}
    assert set(found.values_list("id", flat=True)) == truth


def test_changes(rows):
    moved = dict(zip(range(1, ROWS, 7), vectors(3, ROWS)))
    for one in Item.objects.filter(id__in=moved):
        for column in TYPE_OF:
            setattr(one, column, for_orm(column, moved[one.id]))
        one.save()
    rows.update(moved)
    Item.objects.filter(id__in=range(0, ROWS, 3)).delete()
    for key in range(3, ROWS, 3):
        del rows[key]
    item(1000, moved[1]).save()
    rows[1000] = moved[1]
    Item.objects.create(id=1001, category=1)  # without vectors: found by no search
    for order in ORDERS:
        check(rows, order)


def test_error_in_a_transaction(rows):
    with pytest.raises(DataError, match=f"expected {DIMS} dimensions, not 3"), transaction.atomic():
        item(1002, rows[1]).save()
        Item.objects.filter(id=1002).update(dense=[1, 2, 3])
    assert not Item.objects.filter(id=1002).exists()
    assert connection.is_usable()
