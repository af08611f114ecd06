"""LlamaIndex's Postgres vector store, which searches by cosine distance."""
import asyncio

import numpy
import pytest
from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.vector_stores.types import (FilterCondition, FilterOperator, MetadataFilter, MetadataFilters,
                                                  VectorStoreQuery, VectorStoreQueryMode)
from llama_index.vector_stores.postgres import PGVectorStore

from exact import CATEGORIES, DIMS, K, QUERIES, ROWS, recall, vectors

HNSW = {"hnsw_m": 16, "hnsw_ef_construction": 64, "hnsw_ef_search": 60}


def make_store(table, **options):
    return PGVectorStore("postgresql+psycopg2://", "postgresql+asyncpg://", table, embed_dim=DIMS, use_jsonb=True,
                         initialization_fail_on_error=True, **options)


def node(number, values):
    text = f"{'even' if number % 2 == 0 else 'odd'} number {number}"
    metadata = {"number": number, "category": number % CATEGORIES, "name": f"n{number}"}
    return TextNode(id_=str(number), text=text, embedding=list(values), metadata=metadata,
                    relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=f"document {number // 10}")})


def metadata_filters(*conditions, condition=FilterCondition.AND):
    return MetadataFilters(filters=[MetadataFilter(key=key, operator=operator, value=value)
                                    for key, operator, value in conditions], condition=condition)


def check(search, rows, filters=None, **options):
    shares = []
    for values in vectors(7, QUERIES):
        result = search(VectorStoreQuery(query_embedding=values, similarity_top_k=K, filters=filters), **options)
        answer = [(int(key), 1 - similarity) for key, similarity in zip(result.ids, result.similarities)]
        assert [one.metadata["number"] for one in result.nodes] == [key for key, _ in answer]
        shares.append(recall(answer, rows, numpy.array(values), "<=>"))
    assert numpy.mean(shares) > .95


KINDS = {
    "hnsw": {"hnsw_kwargs": HNSW},
    "hnsw-halfvec": {"hnsw_kwargs": HNSW | {"hnsw_dist_method": "halfvec_cosine_ops"}, "use_halfvec": True},
    "hybrid": {"hnsw_kwargs": HNSW, "hybrid_search": True},
}


@pytest.mark.parametrize("kind", KINDS)
def test_store(kind, index_was_used):
    options = {key: dict(value) if isinstance(value, dict) else value for key, value in KINDS[kind].items()}
    store = make_store(kind.replace("-", "_"), **options)
    rows = {number: numpy.array(values) for number, values in enumerate(vectors(1, ROWS), 1)}
    store.add([node(number, values) for number, values in rows.items()])
    check(store.query, rows)
    check(store.query, {number: values for number, values in rows.items() if number % CATEGORIES == 2},
          metadata_filters(("category", FilterOperator.EQ, 2)))
    check(store.query, {number: values for number, values in rows.items() if number % CATEGORIES in (1, 3)},
          metadata_filters(("category", FilterOperator.IN, [1, 3])))
    check(store.query, {number: rows[number] for number in (5, 7, *range(400, ROWS + 1))},
          metadata_filters(("number", FilterOperator.GTE, 400), ("name", FilterOperator.EQ, "n5"),
                           ("name", FilterOperator.EQ, "n7"), condition=FilterCondition.OR))

    # A changed node is deleted and added, a document is deleted with its nodes.
    moved = dict(zip(range(1, ROWS, 7), map(numpy.array, vectors(3, ROWS))))
    store.delete_nodes([str(number) for number in moved])
    store.add([node(number, values) for number, values in moved.items()])
    rows.update(moved)
    for document in range(0, ROWS // 10, 3):
        store.delete(f"document {document}")
    rows = {number: values for number, values in rows.items() if number // 10 % 3 != 0}
    check(store.query, rows)
    if kind == "hybrid":
        check_hybrid(store, rows)
    asyncio.run(store.close())
    assert index_was_used(f"data_{kind.replace('-', '_')}")


def check_hybrid(store, rows):
    """The nearest, and beside them rows that have the words."""
    question = VectorStoreQuery(query_embedding=vectors(7, 1)[0], query_str="even", similarity_top_k=K, sparse_top_k=3,
                                mode=VectorStoreQueryMode.HYBRID)
    result = store.query(question)
    similarities = dict(zip(map(int, result.ids), result.similarities))
    nearest = {number: similarities[number] for number in list(similarities)[:K]}
    assert recall([(number, 1 - similarity) for number, similarity in nearest.items()], rows,
                  numpy.array(vectors(7, 1)[0]), "<=>") > .8
    assert K <= len(result.ids) <= K + 3
    assert all("even" in one.text for one in result.nodes[K:])


def test_mmr_and_settings_of_a_query():
    store = make_store("mmr", hnsw_kwargs=dict(HNSW))
    rows = dict(enumerate(vectors(1, ROWS), 1))
    store.add([node(number, values) for number, values in rows.items()])
    question = VectorStoreQuery(query_embedding=vectors(7, 1)[0], similarity_top_k=K, mode=VectorStoreQueryMode.MMR)
    assert len(store.query(question).ids) == K
    check(store.query, {number: numpy.array(values) for number, values in rows.items()}, hnsw_ef_search=200)
    store.clear()
    question = VectorStoreQuery(query_embedding=vectors(7, 1)[0], similarity_top_k=K)
    assert store.query(question).ids == []
    asyncio.run(store.close())


def test_async():
    """Through asyncpg, whose parameters are binary."""
    async def run():
        store = make_store("async_rows", hnsw_kwargs=dict(HNSW))
        rows = {number: numpy.array(values) for number, values in enumerate(vectors(1, ROWS), 1)}
        await store.async_add([node(number, values) for number, values in rows.items()])
        await store.adelete_nodes([str(number) for number in range(1, 100)])
        rows = {number: values for number, values in rows.items() if number >= 100}
        shares = []
        for values in vectors(7, QUERIES):
            result = await store.aquery(VectorStoreQuery(
                query_embedding=values, similarity_top_k=K, filters=metadata_filters(("category", FilterOperator.EQ, 4))))
            chosen = {number: one for number, one in rows.items() if number % CATEGORIES == 4}
            answer = [(int(key), 1 - similarity) for key, similarity in zip(result.ids, result.similarities)]
            shares.append(recall(answer, chosen, numpy.array(values), "<=>"))
        await store.close()
        return numpy.mean(shares)
    assert asyncio.run(run()) > .95
