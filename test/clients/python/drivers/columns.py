"""The columns of the tables that the ORMs declare, and what they want for a value of one."""
from pgvector import SparseVector

from exact import CATEGORIES, as_stored

TYPE_OF = {"dense": "vector", "half": "halfvec", "sparse": "sparsevec", "bits": "bit"}


def for_orm(column, values):
    stored = as_stored(TYPE_OF[column], values)
    if column == "bits":
        return "".join("1" if value else "0" for value in stored)
    return SparseVector(stored) if column == "sparse" else stored


def attributes(key, values):
    return {"id": key, "category": key % CATEGORIES, **{column: for_orm(column, values) for column in TYPE_OF}}
