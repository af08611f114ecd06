"""The model of test_django.py."""
from django.db import models
from pgvector.django import BitField, HalfVectorField, HnswIndex, IvfflatIndex, SparseVectorField, VectorField

from exact import DIMS


class Item(models.Model):
    category = models.IntegerField()
    dense = VectorField(dimensions=DIMS, null=True)
    half = HalfVectorField(dimensions=DIMS, null=True)
    sparse = SparseVectorField(dimensions=DIMS, null=True)
    bits = BitField(length=DIMS, null=True)

    class Meta:
        indexes = [
            HnswIndex(name="dense_l2", fields=["dense"], m=16, ef_construction=64, opclasses=["vector_l2_ops"]),
            HnswIndex(name="dense_ip", fields=["dense"], opclasses=["vector_ip_ops"]),
            HnswIndex(name="dense_cosine", fields=["dense"], opclasses=["vector_cosine_ops"]),
            HnswIndex(name="dense_l1", fields=["dense"], opclasses=["vector_l1_ops"]),
            IvfflatIndex(name="half_l2", fields=["half"], lists=8, opclasses=["halfvec_l2_ops"]),
            HnswIndex(name="half_cosine", fields=["half"], opclasses=["halfvec_cosine_ops"]),
            HnswIndex(name="sparse_l2", fields=["sparse"], opclasses=["sparsevec_l2_ops"]),
            HnswIndex(name="bits_hamming", fields=["bits"], opclasses=["bit_hamming_ops"]),
            HnswIndex(name="bits_jaccard", fields=["bits"], opclasses=["bit_jaccard_ops"]),
        ]
