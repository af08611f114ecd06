"""The sides of a comparison: an installed extension in a cluster, loaded with a data set.

A side needs a cluster or at least a database of its own because type, operator and access-method names are global to a
database, and all sides stand at once so that their measurements can alternate."""
import contextlib
import glob
import os
import re
import struct
import subprocess
import tempfile
import threading
import time

import psycopg
import psycopg.sql

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
CLUSTER = os.path.join(TOP, "test", "cluster.sh")
PLAIN_STORAGE_LIMIT = 7900  # bytes; a longer vector does not fit a heap page with its row
TICK = os.sysconf("SC_CLK_TCK")


class BuildWatch:
    """Samples a backend and its parallel workers: their private memory with the shared segments they allocate, their
    processor time, and how long each phase of the build takes."""

    def __init__(self, pid, conninfo):
        self.pid, self.conninfo, self.peak, self.phases = pid, conninfo, 0, {}
        self._before, self._cpu, self._done = self._ticks(pid), {}, threading.Event()
        self._threads = [threading.Thread(target=watch, daemon=True) for watch in (self._watch, self._watch_phases)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._cpu[self.pid] = self._ticks(self.pid)
        self._done.set()
        for thread in self._threads:
            thread.join()

    @property
    def cpu_s(self):
        return (sum(self._cpu.values()) - self._before) / TICK

    def _watch(self):
        """The list of workers is asked for ten times a second, what they hold fifty times: builds may take half a second."""
        while not self._done.wait(.02):
            workers = self._workers()
            for _ in range(5):
                self.peak = max(self.peak, self._now(workers))
                if self._done.wait(.02):
                    break

    def _watch_phases(self):
        """A phase lasts from the first time it is seen to the first time that another one is."""
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            phase, since = "start", time.monotonic()
            while not self._done.wait(.02):
                row = connection.execute("SELECT phase FROM pg_stat_progress_create_index WHERE pid = %s",
                                         (self.pid,)).fetchone()
                now = time.monotonic()
                self.phases[phase] = self.phases.get(phase, 0) + now - since
                phase, since = row[0].removeprefix("building index: ") if row else phase, now

    @staticmethod
    def _ticks(pid):
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def _now(self, workers):
        total, segments = 0, set()
        for pid in [self.pid, *workers]:
            try:
                self._cpu[pid] = self._ticks(pid)
                with open(f"/proc/{pid}/status") as status:
                    total += 1024 * int(re.search(r"RssAnon:\s+(\d+)", status.read())[1])
                with open(f"/proc/{pid}/maps") as maps:
                    segments.update(re.findall(r"/dev/shm/PostgreSQL\.\S+", maps.read()))
            except (OSError, TypeError, IndexError):
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


class MemoryLimit:
    """A memory cgroup, version 1 or 2, for a server and the page cache of what it reads from then on. Needs root."""

    ROOT = "/sys/fs/cgroup"

    def __init__(self, name, limit):
        version1 = os.path.isdir(f"{self.ROOT}/memory")
        self.path = f"{self.ROOT}/memory/{name}" if version1 else f"{self.ROOT}/{name}"
        os.makedirs(self.path, exist_ok=True)
        self._write("memory.limit_in_bytes" if version1 else "memory.max", limit)

    def _write(self, name, value):
        with open(os.path.join(self.path, name), "w") as control:
            control.write(str(value))

    def take(self, postmaster):
        """Moves a postmaster and its children in."""
        children = subprocess.run(["pgrep", "-P", str(postmaster)], capture_output=True, text=True).stdout.split()
        for pid in [postmaster, *children]:
            with contextlib.suppress(ProcessLookupError):  # a backend that was about to end
                self._write("cgroup.procs", pid)

    @staticmethod
    def forget(data_directory):
        """Empties the page cache of a server's files."""
        os.sync()
        for path in glob.glob(os.path.join(data_directory, "base", "*", "*")):
            handle = os.open(path, os.O_RDONLY)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(handle)

    def remove(self):
        """Frees the server and everything it has started."""
        members = os.path.join(self.path, "cgroup.procs")
        while pids := open(members).read().split():
            for pid in pids:
                with contextlib.suppress(ProcessLookupError), \
                        open(os.path.join(os.path.dirname(self.path), "cgroup.procs"), "w") as parent:
                    parent.write(pid)
        os.rmdir(self.path)


class Side:
    """A database with an extension; __enter__ makes both ready. It may hold the table and the index already: a table
    item is taken as it is, an index item_v if its comment says that it was built by the same definition."""

    def __init__(self, name, extension, conninfo):
        self.name, self.extension, self.conninfo = name, extension, conninfo

    def __enter__(self):
        with self.connect() as connection:
            connection.execute(f"CREATE EXTENSION IF NOT EXISTS {self.extension} CASCADE")
        return self

    def __exit__(self, *_):
        pass

    def data_directory(self):
        with self.connect() as connection:
            return connection.execute("SHOW data_directory").fetchone()[0]

    def postmaster(self):
        """Its process, where it runs on this machine."""
        with open(os.path.join(self.data_directory(), "postmaster.pid")) as pid_file:
            return int(pid_file.readline())

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
            if connection.execute("SELECT to_regclass('item')").fetchone()[0]:
                return None
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
    def _wire(first, rows):
        """Rows in COPY's binary form."""
        size = 4 + 4 * rows.shape[1]
        wire = rows.astype(">f4")
        return b"".join(struct.pack("!hiiihh", 2, 4, first + i, size, rows.shape[1], 0) + wire[i].tobytes()
                        for i in range(len(rows)))

    @staticmethod
    def _copy(connection, table, chunks):
        Side._copy_wire(connection, table, (Side._wire(*chunk) for chunk in chunks))

    @staticmethod
    def _copy_wire(connection, table, pieces):
        with connection.cursor().copy(f"COPY {table} FROM STDIN (FORMAT binary)") as copy:
            copy.write(b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0))
            for piece in pieces:
                copy.write(piece)
            copy.write(struct.pack("!h", -1))

    def begin_inserts(self):
        """A connection for insert(), and how many rows there are."""
        connection = self.connect()
        return connection, connection.execute("SELECT max(id) + 1 FROM item").fetchone()[0]

    @staticmethod
    def insert(connection, first, rows):
        """Adds rows in one COPY, which is one transaction; returns its seconds by the clock and of the backend."""
        wire = Side._wire(first, rows)
        before, started = Side._server_s(connection), time.monotonic()
        Side._copy_wire(connection, "item", [wire])
        return time.monotonic() - started, Side._server_s(connection) - before

    @staticmethod
    def _server_s(connection):
        with open(f"/proc/{connection.info.backend_pid}/schedstat") as schedstat:
            return 1e-9 * int(schedstat.read().split()[0])

    def build(self, definition, build_settings, again=True):
        """Builds index item_v; returns its time, processor seconds, peak memory, size and phases. An index that
        stands by the same definition stays unless `again` is set; of that one only the size is told."""
        with self.connect() as connection:
            told = {}
            if again or self._standing(connection) != definition:
                told = self._build(connection, definition, build_settings)
            size, raw = connection.execute(
                "SELECT pg_relation_size('item_v'), sum(vector_dims(v) * 4)::int8 FROM item").fetchone()
        return {**told, "index_mb": round(size / 1e6, 1), "index_over_raw": round(size / raw, 3)}

    @staticmethod
    def _standing(connection):
        return connection.execute("SELECT obj_description(to_regclass('item_v'))").fetchone()[0]

    def _build(self, connection, definition, build_settings):
        connection.execute("DROP INDEX IF EXISTS item_v")
        for setting in build_settings:
            connection.execute(f"SET {setting}")
        with BuildWatch(connection.info.backend_pid, self.conninfo) as watch:
            started = time.monotonic()
            connection.execute(f"CREATE INDEX item_v ON item {definition}")
            seconds = time.monotonic() - started
        connection.execute(psycopg.sql.SQL("COMMENT ON INDEX item_v IS {}").format(definition))
        connection.execute("CHECKPOINT")
        return {"build_s": round(seconds, 2), "build_cpu_s": round(watch.cpu_s, 2),
                "peak_mb": round(watch.peak / 1e6, 1),
                "phases": {phase: round(took, 2) for phase, took in watch.phases.items()}}

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


class PrivateSide(Side):
    """A side in a throw-away cluster of the PostgreSQL that a pg_config tells of."""

    def __init__(self, name, extension, pg_config, settings):
        self.directory = tempfile.mkdtemp(prefix="vectordb.")
        os.rmdir(self.directory)  # cluster.sh makes it, for the account that the server runs as
        super().__init__(name, extension, f"host={self.directory} port=5432 user=postgres dbname=postgres")
        self.environment = dict(os.environ, PG_CONFIG=pg_config, CLUSTER_CONF="\n".join(settings))

    def __enter__(self):
        subprocess.run([CLUSTER, "start", self.directory], env=self.environment, check=True, stdout=subprocess.DEVNULL)
        return super().__enter__()

    def __exit__(self, *_):
        subprocess.run([CLUSTER, "stop", self.directory], env=self.environment, check=False)
