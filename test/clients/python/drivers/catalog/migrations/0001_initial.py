"""As `makemigrations` wrote it, but for the first operation and the layout."""
from django.db import migrations, models
from pgvector.django import (BitField, HalfVectorField, HnswIndex, IvfflatIndex, SparseVectorField, VectorExtension,
                             VectorField)


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        VectorExtension(),
        migrations.CreateModel(
            name="Item",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("category", models.IntegerField()),
                ("dense", VectorField(dimensions=16, null=True)),
                ("half", HalfVectorField(dimensions=16, null=True)),
                ("sparse", SparseVectorField(dimensions=16, null=True)),
                ("bits", BitField(length=16, null=True)),
            ],
            options={"indexes": [
                HnswIndex(name="dense_l2", fields=["dense"], m=16, ef_construction=64, opclasses=["vector_l2_ops"]),
                HnswIndex(name="dense_ip", fields=["dense"], opclasses=["vector_ip_ops"]),
                HnswIndex(name="dense_cosine", fields=["dense"], opclasses=["vector_cosine_ops"]),
                HnswIndex(name="dense_l1", fields=["dense"], opclasses=["vector_l1_ops"]),
                IvfflatIndex(name="half_l2", fields=["half"], lists=8, opclasses=["halfvec_l2_ops"]),
                HnswIndex(name="half_cosine", fields=["half"], opclasses=["halfvec_cosine_ops"]),
                HnswIndex(name="sparse_l2", fields=["sparse"], opclasses=["sparsevec_l2_ops"]),
                HnswIndex(name="bits_hamming", fields=["bits"], opclasses=["bit_hamming_ops"]),
                HnswIndex(name="bits_jaccard", fields=["bits"], opclasses=["bit_jaccard_ops"]),
            ]},
        ),
    ]
