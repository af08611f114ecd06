"""The sides of a comparison: an installed extension in a private cluster of its own, loaded with a data set.

A side needs a cluster of its own because type, operator and access-method names are global to a database, and both
sides stand at once so that their measurements can alternate."""
import os
import re
import struct
import subprocess
import tempfile
import threading
import time

import psycopg

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
CLUSTER = os.path.join(TOP, "test", "cluster.sh")
PLAIN_STORAGE_LIMIT = 7900  # bytes; a longer vector does not fit a heap page with its row


class PeakMemory:
    """Samples the private memory of a backend and its parallel workers, and the shared segments they allocate."""

    def __init__(self, pid):
        self.pid, self.peak, self._done = pid, 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()

    def _watch(self):
        while not self._done.wait(.1):
            self.peak = max(self.peak, self._now())

    def _now(self):
        total, segments = 0, set()
        for pid in [self.pid, *self._workers()]:
            try:
                with open(f"/proc/{pid}/status") as status:
                    total += 1024 * int(re.search(r"RssAnon:\s+(\d+)", status.read())[1])
                with open(f"/proc/{pid}/maps") as maps:
                    segments.update(re.findall(r"/dev/shm/PostgreSQL\.\S+", maps.read()))
            except (OSError, TypeError):
                continue  # the worker has ended
        for segment in segments:
            try:
                total += 512 * os.stat(segment).st_blocks
            except OSError:
                continue
        return total

    def _workers(self):
        """Parallel workers are children of the postmaster that say whose they are."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline") as cmdline:
                    if f"parallel worker for PID {self.pid} " in cmdline.read().replace("\0", " ") + " ":
                        found.append(pid)
            except OSError:
                continue
        return found


class Side:
    """A name, an extension and the PostgreSQL it is installed in."""

    def __init__(self, name, extension, pg_config, settings):
        self.name, self.extension = name, extension
        self.environment = dict(os.environ, PG_CONFIG=pg_config, CLUSTER_CONF="\n".join(settings))
        self.bindir = subprocess.check_output([pg_config, "--bindir"], text=True).strip()
        self.directory = None

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="vectordb.")
        os.rmdir(self.directory)  # cluster.sh makes it, for the account that the server runs as
        subprocess.run([CLUSTER, "start", self.directory], env=self.environment, check=True, stdout=subprocess.DEVNULL)
        with self.connect() as connection:
            connection.execute(f"CREATE EXTENSION {self.extension}")
        return self

    def __exit__(self, *_):
        subprocess.run([CLUSTER, "stop", self.directory], env=self.environment, check=False)

    @property
    def conninfo(self):
        return f"host={self.directory} port=5432 user=postgres dbname=postgres"

    def connect(self):
        return psycopg.connect(self.conninfo, autocommit=True)

    def version(self):
        with self.connect() as connection:
            return connection.execute("SELECT extversion FROM pg_extension WHERE extname = %s",
                                      (self.extension,)).fetchone()[0]

    def load(self, dataset, column_type):
        """Table item (id, v): row numbers and vectors in the heap page itself where they fit. Returns the seconds that
        vectors took; another type is made of them."""
        dimensions = dataset.dimensions
        with self.connect() as connection:
            connection.execute(f"CREATE TABLE item (id int4 PRIMARY KEY, v vector({dimensions}) NOT NULL)")
            if 4 * dimensions < PLAIN_STORAGE_LIMIT:
                connection.execute("ALTER TABLE item ALTER v SET STORAGE plain")
            started = time.monotonic()
            self._copy(connection, "item", dataset.rows())
            loaded = time.monotonic() - started
            connection.execute(f"CREATE TABLE query (id int4 PRIMARY KEY, v vector({dimensions}) NOT NULL)")
            self._copy(connection, "query", [(0, dataset.query)])
            if column_type != "vector":
                connection.execute(f"ALTER TABLE item ALTER v TYPE {column_type}({dimensions})")
            connection.execute("VACUUM (ANALYZE, FREEZE) item")
            connection.execute("VACUUM (ANALYZE, FREEZE) query")
            connection.execute("CHECKPOINT")
        return round(loaded, 2)

    @staticmethod
    def _copy(connection, table, chunks):
        with connection.cursor().copy(f"COPY {table} FROM STDIN (FORMAT binary)") as copy:
            copy.write(b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0))
            for first, rows in chunks:
                size = 4 + 4 * rows.shape[1]
                wire = rows.astype(">f4")
                copy.write(b"".join(
                    struct.pack("!hiiihh", 2, 4, first + i, size, rows.shape[1], 0) + wire[i].tobytes()
                    for i in range(len(rows))))
            copy.write(struct.pack("!h", -1))

    def build(self, definition, build_settings):
        """Builds index item_v anew; returns its time, peak memory and size."""
        with self.connect() as connection:
            connection.execute("DROP INDEX IF EXISTS item_v")
            for setting in build_settings:
                connection.execute(f"SET {setting}")
            with PeakMemory(connection.info.backend_pid) as memory:
                started = time.monotonic()
                connection.execute(f"CREATE INDEX item_v ON item {definition}")
                seconds = time.monotonic() - started
            connection.execute("CHECKPOINT")
            size, raw = connection.execute(
                "SELECT pg_relation_size('item_v'), sum(vector_dims(v) * 4)::int8 FROM item").fetchone()
        return {"build_s": round(seconds, 2), "peak_mb": round(memory.peak / 1e6, 1), "index_mb": round(size / 1e6, 1),
                "index_over_raw": round(size / raw, 3)}

    def warm(self):
        """Reads table and index into shared buffers."""
        with self.connect() as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS pg_prewarm")
            connection.execute("SELECT pg_prewarm('item'), pg_prewarm('item_v'), pg_prewarm('item_pkey')")

    def require_index(self, statement, setup, query):
        """Fails unless the planner answers the statement from the index."""
        with self.connect() as connection:
            connection.execute(setup)
            literal = "'[" + ",".join(map(repr, query.tolist())) + "]'"
            plan = "\n".join(row[0] for row in connection.execute("EXPLAIN " + statement.replace("$1", literal)))
        if "item_v" not in plan:
            raise SystemExit(f"{self.name}: the plan does not use the index\n{plan}")
