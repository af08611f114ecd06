#!/usr/bin/python3
"""Data sets for the benchmarks: a directory with base.npy (or base.f16.npy), query.npy (or query.f16.npy) and gt.npy.

usage: datasets.py synthetic ROWS DIMENSIONS DIR [--queries 1000] [--seed 20261121]
       datasets.py neighbours DIR          computes gt.npy, the exact 100 nearest rows of each query by L2
       datasets.py keywords DIR TEXTS      keyword.npy and keyword_gt.npy: queries unlike the rows, out of the words that
                                           TEXTS (.tsv.gz: row number, ..., words separated by ", ", gloss) has for each row

The synthetic vectors have the shape of learned embeddings: points around 2,000 cluster centres of uneven weight in a
128-dimensional latent space, pushed through a fixed random two-layer network, a little noise, unit length. The same
arguments give the same bytes. The queries are drawn first, so that sets of one seed share them whatever their size."""
import argparse
import collections
import functools
import gzip
import os
import struct

import numpy as np

LATENT, CLUSTERS = 128, 2000
SPREAD = 1.25  # deviation inside a cluster over that between the centres: how hard the set is
NOISE = .05
CHUNK = 50_000  # rows at a time; part of the recipe, as it orders the random draws


def _path(directory, stem):
    for name in (f"{stem}.npy", f"{stem}.f16.npy"):
        if os.path.exists(os.path.join(directory, name)):
            return os.path.join(directory, name)
    raise SystemExit(f"{directory} holds no {stem}.npy")


class Dataset:
    """base: n x d (memory-mapped), query: q x d float32, neighbours: q x 100 exact row numbers, rest: the rows of
    base.npy that follow those asked for."""

    def __init__(self, directory, rows=None, queries=("query", "gt")):
        self.name = os.path.basename(os.path.abspath(directory))
        self.base = np.load(_path(directory, "base"), mmap_mode="r")
        self.query = np.load(_path(directory, queries[0])).astype(np.float32)
        self.dimensions = self.base.shape[1]
        self.base, self.rest = np.split(self.base, [rows or len(self.base)])
        self._known_neighbours = os.path.join(directory, queries[1] + ".npy")

    @functools.cached_property
    def neighbours(self):
        return exact_neighbours(self.base, self.query) if len(self.rest) else np.load(self._known_neighbours)

    def rows(self, chunk=10_000):
        """Yields (first row number, float32 rows)."""
        for first in range(0, len(self.base), chunk):
            yield first, np.asarray(self.base[first:first + chunk], np.float32)

    def write_queries(self, path, k):
        """The file that search_client reads."""
        with open(path, "wb") as out:
            out.write(struct.pack("<4I", len(self.query), self.dimensions, k, 0))
            out.write(self.query.astype("<f4").tobytes())
            out.write(np.ascontiguousarray(self.neighbours[:, :k]).astype("<i4").tobytes())


def exact_neighbours(base, query, k=100):
    """Row numbers of the k nearest rows by L2, nearest first; ties by row number."""
    k = min(k, len(base))
    best_distance = np.full((len(query), 0), 0, np.float32)
    best_row = np.zeros((len(query), 0), np.int32)
    for first in range(0, len(base), CHUNK):
        rows = np.asarray(base[first:first + CHUNK], np.float32)
        distance = np.einsum("ij,ij->i", rows, rows)[None, :] - 2 * query @ rows.T
        numbers = np.broadcast_to(np.arange(first, first + len(rows), dtype=np.int32), distance.shape)
        distance = np.concatenate([best_distance, distance], 1)
        numbers = np.concatenate([best_row, numbers], 1)
        keep = np.argpartition(distance, min(k, distance.shape[1] - 1), axis=1)[:, :k]
        distance, numbers = np.take_along_axis(distance, keep, 1), np.take_along_axis(numbers, keep, 1)
        order = np.lexsort((numbers, distance), axis=1)
        best_distance, best_row = np.take_along_axis(distance, order, 1), np.take_along_axis(numbers, order, 1)
    return best_row


def write_synthetic(rows, dimensions, directory, queries, seed):
    os.makedirs(directory, exist_ok=True)
    random = np.random.default_rng(seed)
    centres = random.standard_normal((CLUSTERS, LATENT), dtype=np.float32)
    weights = 1 / np.arange(1, CLUSTERS + 1) ** .7
    weights /= weights.sum()
    inner = random.standard_normal((LATENT, 4 * LATENT), dtype=np.float32) / np.float32(np.sqrt(LATENT))
    outer = random.standard_normal((4 * LATENT, dimensions), dtype=np.float32) / np.float32(np.sqrt(4 * LATENT))

    def draw(count):
        cluster = random.choice(CLUSTERS, count, p=weights)
        latent = centres[cluster] + random.standard_normal((count, LATENT), dtype=np.float32) * np.float32(SPREAD)
        noise = random.standard_normal((count, dimensions), dtype=np.float32) * np.float32(NOISE)
        vectors = np.tanh(latent @ inner) @ outer + noise
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    np.save(os.path.join(directory, "query.npy"), draw(queries))
    base = np.lib.format.open_memmap(os.path.join(directory, "base.npy"), "w+", np.float32, (rows, dimensions))
    for first in range(0, rows, CHUNK):
        base[first:first + CHUNK] = draw(min(CHUNK, rows - first))


def write_neighbours(directory):
    base = np.load(_path(directory, "base"), mmap_mode="r")
    query = np.load(_path(directory, "query")).astype(np.float32)
    np.save(os.path.join(directory, "gt.npy"), exact_neighbours(base, query))


def write_keywords(directory, texts, queries=1000, senses=(5, 40), seed=20261121):
    """Queries of two random ambiguous words each: a word is the mean of the rows that it stands for. Such a query lies
    between many clusters and near to no row, as bare keywords do among sentences."""
    base = np.load(_path(directory, "base"), mmap_mode="r")
    rows = collections.defaultdict(list)
    with gzip.open(texts, "rt") as lines:
        for number, *_, words, _ in (line.rstrip("\n").split("\t") for line in lines):
            for word in words.lower().split(", "):
                rows[word].append(int(number))
    words = sorted(word for word in rows if senses[0] <= len(rows[word]) <= senses[1])
    drawn = np.random.default_rng(seed).choice(len(words), 2 * queries, replace=False)
    means = np.stack([base[rows[words[i]]].astype(np.float32).mean(0) for i in drawn])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    query = means[:queries] + means[queries:]
    query /= np.linalg.norm(query, axis=1, keepdims=True)
    np.save(os.path.join(directory, "keyword.npy"), query)
    np.save(os.path.join(directory, "keyword_gt.npy"), exact_neighbours(base, query))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    synthetic = commands.add_parser("synthetic")
    synthetic.add_argument("rows", type=int)
    synthetic.add_argument("dimensions", type=int)
    synthetic.add_argument("directory")
    synthetic.add_argument("--queries", type=int, default=1000)
    synthetic.add_argument("--seed", type=int, default=20261121)
    neighbours = commands.add_parser("neighbours")
    neighbours.add_argument("directory")
    keywords = commands.add_parser("keywords")
    keywords.add_argument("directory")
    keywords.add_argument("texts")
    options = parser.parse_args()
    if options.command == "keywords":
        return write_keywords(options.directory, options.texts)
    if options.command == "synthetic":
        write_synthetic(options.rows, options.dimensions, options.directory, options.queries, options.seed)
    return write_neighbours(options.directory)


if __name__ == "__main__":
    main()
