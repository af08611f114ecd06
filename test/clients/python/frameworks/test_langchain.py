"""Both vector stores of langchain-postgres. The embedding of a text is one of exact.py's vectors, by its number."""
import asyncio

import numpy
import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_postgres import Column, PGEngine, PGVector, PGVectorStore
from langchain_postgres.v2.indexes import DistanceStrategy, HNSWIndex, HNSWQueryOptions, IVFFlatIndex, IVFFlatQueryOptions

from exact import CATEGORIES, DIMS, K, QUERIES, ROWS, recall, vectors

KNOWN = {f"text {number}": values for number, values in enumerate(vectors(1, ROWS), 1)}
KNOWN |= {f"moved {number}": values for number, values in enumerate(vectors(3, ROWS), 1)}
QUESTIONS = {f"question {number}": values for number, values in enumerate(vectors(7, QUERIES))}


class Fake(Embeddings):
    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text):
        return (KNOWN | QUESTIONS)[text]


def documents():
    return [Document(f"text {number}", id=f"00000000-0000-4000-8000-{number:012}",
                     metadata={"number": number, "category": number % CATEGORIES})
            for number in range(1, ROWS + 1)]


class Truth(dict):
    """What a store holds: number of a document and its vector."""

    def check(self, search, operator, sign=1, chosen=lambda number: True, **arguments):
        rows = {number: values for number, values in self.items() if chosen(number)}
        shares = []
        for question, values in QUESTIONS.items():
            answer = [(document.metadata["number"], sign * score)
                      for document, score in search(question, k=K, **arguments)]
            shares.append(recall(answer, rows, numpy.array(values), operator))
        assert numpy.mean(shares) > .95


def truth_of(stored):
    return Truth({document.metadata["number"]: KNOWN[document.page_content] for document in stored})


@pytest.mark.parametrize("strategy, operator", [("l2", "<->"), ("cosine", "<=>"), ("inner", "<#>")])
def test_pgvector(strategy, operator, ask, index_was_used):
    store = PGVector(Fake(), connection="postgresql+psycopg://", collection_name=strategy, embedding_length=DIMS,
                     distance_strategy=strategy, pre_delete_collection=True)
    stored = documents()
    store.add_documents(stored)
    opclass = {"<->": "vector_l2_ops", "<=>": "vector_cosine_ops", "<#>": "vector_ip_ops"}[operator]
    ask(f"CREATE INDEX langchain_{strategy} ON langchain_pg_embedding USING hnsw (embedding {opclass})")
    truth = truth_of(stored)
    truth.check(store.similarity_search_with_score, operator)
    truth.check(store.similarity_search_with_score, operator, chosen=lambda number: number % CATEGORIES in (1, 3),
                filter={"category": {"$in": [1, 3]}})
    truth.check(store.similarity_search_with_score, operator, chosen=lambda number: number < 100,
                filter={"number": {"$lt": 100}})

    store.add_documents([Document(f"moved {number}", id=document.id, metadata=document.metadata)
                         for number, document in enumerate(stored, 1) if number % 7 == 1])
    truth.update({number: KNOWN[f"moved {number}"] for number in range(1, ROWS + 1, 7)})
    store.delete([document.id for number, document in enumerate(stored, 1) if number % 3 == 0])
    truth = Truth({number: values for number, values in truth.items() if number % 3 != 0})
    truth.check(store.similarity_search_with_score, operator)
    assert len(store.max_marginal_relevance_search("question 1", k=4)) == 4
    store.delete_collection()
    store._engine.dispose()
    assert index_was_used("langchain_pg_embedding")
    ask(f"DROP INDEX langchain_{strategy}")


STRATEGIES = [(DistanceStrategy.EUCLIDEAN, "<->", 1), (DistanceStrategy.COSINE_DISTANCE, "<=>", 1),
              (DistanceStrategy.INNER_PRODUCT, "<#>", -1)]  # this one scores by the product itself
INDEXES = [(HNSWIndex, {"m": 16, "ef_construction": 64}, HNSWQueryOptions(ef_search=60)),
           (IVFFlatIndex, {"lists": 8}, IVFFlatQueryOptions(probes=8))]


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
@pytest.mark.parametrize("strategy, operator, sign", STRATEGIES, ids=["l2", "cosine", "ip"])
@pytest.mark.parametrize("index, options, query_options", INDEXES, ids=["hnsw", "ivfflat"])
def test_pgvectorstore(driver, strategy, operator, sign, index, options, query_options, ask, index_was_used):
    engine = PGEngine.from_connection_string(f"postgresql+{driver}://")
    table = f"lc_{driver}_{index.__name__}_{strategy.name}".lower()
    engine.init_vectorstore_table(table, DIMS, metadata_columns=[Column("number", "integer"),
                                                                Column("category", "integer")])
    store = PGVectorStore.create_sync(engine, Fake(), table, metadata_columns=["number", "category"],
                                      distance_strategy=strategy, index_query_options=query_options)
    stored = documents()
    store.add_documents(stored)
    store.apply_vector_index(index(distance_strategy=strategy, **options))
    assert store.is_valid_index()
    truth = truth_of(stored)
    truth.check(store.similarity_search_with_score, operator, sign)
    truth.check(store.similarity_search_with_score, operator, sign, lambda number: number % CATEGORIES == 2,
                filter={"category": 2})
    truth.check(store.similarity_search_with_score, operator, sign, lambda number: 50 <= number <= 150,
                filter={"number": {"$between": (50, 150)}})
    store.delete([document.id for document in stored[::3]])
    truth = truth_of([document for position, document in enumerate(stored) if position % 3 != 0])
    truth.check(store.similarity_search_with_score, operator, sign)
    store.reindex()
    truth.check(store.similarity_search_with_score, operator, sign)
    assert len(store.max_marginal_relevance_search("question 1", k=4)) == 4
    asyncio.run(engine.close())
    assert index_was_used(table, index.index_type)
    ask(f"DROP TABLE {table}")
