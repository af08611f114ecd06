#!/usr/bin/python3
"""Speed and recall of vector indexes in PostgreSQL, several extensions side by side in one run.

usage: bench.py sweep    --data DIR --side SIDE ... [--ef-construction 64 200] --out FILE.jsonl
       bench.py builds   --data DIR --side SIDE ...   builds alone
       bench.py mix      --data DIR --side SIDE ...   pgbench: point search, 95 searches to 5 inserts, inserts
       bench.py inserts  --data DIR --rows N --side SIDE ...   the rows after the first N, many a transaction
       bench.py overhead --data DIR --side SIDE ...   what a prepared query costs beside the search itself
       bench.py report   FILE.jsonl ... [--plots DIR] [--points] [--quantity server_cpu_us]

SIDE is one of
  NAME=EXTENSION:PG_CONFIG   an extension installed in the PostgreSQL of that pg_config, in a cluster made for the run
  NAME=EXTENSION@CONNINFO    a database that stands; its table item and index item_v are used when they are there
  NAME=run:COMMAND           a search in process: COMMAND VALUE SECONDS prints a point as one JSON object
Every point is measured on one side and then the next, in rounds, and the medians are kept."""
import argparse
import collections
import contextlib
import functools
import json
import os
import platform
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import datasets
import pictures
import report
from sides import MemoryLimit, PrivateSide, Side

HERE = os.path.dirname(os.path.abspath(__file__))
OPERATORS = {"l2": "<->", "ip": "<#>", "cosine": "<=>", "l1": "<+>"}
WORKLOADS = {"search": ["search.sql@1"], "mix 95:5": ["search.sql@95", "insert.sql@5"], "insert": ["insert.sql@1"]}
SETUP = "SET enable_seqscan = off; SET jit = off"


def search_client():
    """Path of the compiled client, built when its source is newer."""
    source, binary = os.path.join(HERE, "search_client.cpp"), os.path.join(HERE, "..", "..", "build", "search_client")
    if not os.path.exists(binary) or os.path.getmtime(binary) < os.path.getmtime(source):
        os.makedirs(os.path.dirname(binary), exist_ok=True)
        include = subprocess.check_output(["pg_config", "--includedir"], text=True).strip()
        subprocess.run(["g++", "-O2", "-std=c++20", "-Wall", "-Wextra", "-I", include, source, "-o", binary, "-lpq",
                        "-pthread"], check=True)
    return binary


def median_of(runs):
    return {key: round(statistics.median(run[key] for run in runs), 5) for key in runs[0]}


class Program:
    """A search in process, as a side that has nothing to load or build."""

    extension = definition = None

    def __init__(self, name, command):
        self.name, self.command = name, command

    def point(self, value, seconds):
        ran = subprocess.run(f"{self.command} {value} {seconds}", shell=True, check=True, capture_output=True, text=True)
        return json.loads(ran.stdout.splitlines()[-1])


def named(pairs):
    """NAME:REST options as {name: [rest, ...]}."""
    result = collections.defaultdict(list)
    for pair in pairs:
        name, rest = pair.split(":", 1)
        result[name].append(rest)
    return result


class Benchmark:
    """The loaded sides and the file that results are appended to, one JSON object a line."""

    def __init__(self, options):
        self.options = options
        self.dataset = datasets.Dataset(options.data, options.rows, options.query)
        self.definitions, self.sweeps, self.setups = map(named, (options.definition, options.sweep, options.setup))
        self.stack = contextlib.ExitStack()
        self.sides, self.programs = [], []

    def __enter__(self):
        try:
            for side in self.options.side:
                self.add(*side.split("=", 1))
            for side in self.sides:
                self.emit(kind="load", side=side.name, extension=side.extension, version=side.version(),
                          load_s=side.load(self.dataset, self.options.type))
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *error):
        return self.stack.__exit__(*error)

    def add(self, name, rest):
        """A side as the command line describes it."""
        settings = [f"shared_buffers = {self.options.shared_buffers}", "jit = off", "max_wal_size = 16GB",
                    "checkpoint_timeout = 1h", *self.options.server_setting]
        if rest.startswith("run:"):
            self.programs.append(Program(name, rest[4:]))
        elif re.match(r"\w+@", rest):
            self.sides.append(self.stack.enter_context(Side(name, *rest.split("@", 1))))
        else:
            self.sides.append(self.stack.enter_context(PrivateSide(name, *rest.split(":", 1), settings)))

    @functools.cached_property
    def queries(self):
        """The file that the client reads."""
        path = os.path.join(self.stack.enter_context(tempfile.TemporaryDirectory()), "queries.bin")
        self.dataset.write_queries(path, self.options.k)
        return path

    def emit(self, **record):
        record = {"data": self.dataset.name, "rows": len(self.dataset.base), "dimensions": self.dataset.dimensions,
                  "metric": self.options.metric, "type": self.options.type, **record}
        line = json.dumps(record)
        print(line, flush=True)
        if self.options.out:
            with open(self.options.out, "a") as out:
                out.write(line + "\n")

    def statement(self):
        cast = "" if self.options.type == "vector" else f"::{self.options.type}"
        return f"SELECT id FROM item ORDER BY v {OPERATORS[self.options.metric]} $1::vector{cast} LIMIT {self.options.k}"

    def variants(self):
        """How often the indexes are built: {side: definition} of each time. A side with fewer definitions than
        another keeps its last one."""
        options = self.options
        if options.index == "hnsw":
            common = [f"m = {options.m}, ef_construction = {effort}" for effort in options.ef_construction]
        else:
            common = [f"lists = {lists}" for lists in options.lists]
        common = [f"USING {options.index} (v {options.type}_{options.metric}_ops) WITH ({index})" for index in common]
        of_side = {side.name: self.definitions.get(side.name, common) for side in self.sides}
        for i in range(max(map(len, of_side.values()))):
            yield {name: definitions[min(i, len(definitions) - 1)] for name, definitions in of_side.items()}

    def knob(self, name):
        """What trades speed for recall on a side, and its values. "a+b=1,2" sets a and b together."""
        if name in self.sweeps:
            knob, values = self.sweeps[name][-1].split("=", 1)
            return knob, values.split(",")
        if self.options.index == "hnsw":
            return "hnsw.ef_search", self.options.ef_search
        return "ivfflat.probes", self.options.probes

    def build(self, variant):
        """Builds the index on every side, alternating; keeps the median build of each."""
        options = self.options
        settings = [f"maintenance_work_mem = '{options.maintenance_work_mem}'",
                    f"max_parallel_maintenance_workers = {options.workers}"]
        runs = {side.name: [] for side in self.sides}
        for _ in range(options.builds):
            for side in self.sides:
                runs[side.name].append(side.build(variant[side.name], settings, options.rebuild))
        for side in self.sides:
            knob, values = self.knob(side.name)
            side.require_index(self.statement(), self.session(side.name, knob, values[0]), self.dataset.query[0])
            side.warm()
            phases = [run.pop("phases", None) for run in runs[side.name]][-1]
            self.emit(kind="build", side=side.name, index=variant[side.name], workers=options.workers,
                      maintenance_work_mem=options.maintenance_work_mem, builds=options.builds, phases=phases,
                      **median_of(runs[side.name]))

    def session(self, name, knob=None, value=None):
        """The settings of a session that searches."""
        guc = [] if knob is None else [f"SET {each} = '{value}'" for each in knob.split("+")]
        return "; ".join([SETUP, *self.setups.get(name, []), *guc])

    def client(self, side, statement, setup, wire="binary", clients=1):
        ran = subprocess.run([search_client(), side.conninfo, statement, self.queries, str(clients),
                              str(self.options.seconds), wire, setup], capture_output=True, text=True)
        if ran.returncode:
            raise SystemExit(f"{side.name}: {ran.stderr}")
        return json.loads(ran.stdout)

    def limit_memory(self):
        """From here on each server has no more than so much memory, page cache included."""
        for side in self.sides:
            limit = MemoryLimit(f"vectordb-{os.getpid()}-{side.name}", self.options.memory_limit)
            self.stack.callback(limit.remove)
            limit.take(side.postmaster())

    def pin(self):
        """From here on clients and servers share one processor, so that no query waits for a halted one to wake."""
        for pid in [0, *(side.postmaster() for side in self.sides)]:
            self.stack.callback(os.sched_setaffinity, pid, os.sched_getaffinity(pid))
            os.sched_setaffinity(pid, {self.options.cpu})

    def builds(self):
        for variant in self.variants():
            self.build(variant)

    def sweep(self):
        for variant in self.variants():
            self.build(variant)
            if self.options.memory_limit:
                self.limit_memory()
            if self.options.cpu is not None:
                self.pin()
            for clients in self.options.clients:
                self.sweep_variant(variant, clients)

    def sweep_variant(self, variant, clients):
        sides = self.sides + (self.programs if clients == 1 else [])
        knobs = {side.name: self.knob(side.name) for side in sides}
        for step in range(max(len(values) for _, values in knobs.values())):
            now = [(side, *knobs[side.name]) for side in sides if step < len(knobs[side.name][1])]
            runs = {side.name: [] for side, *_ in now}
            for _ in range(self.options.rounds):
                for side, knob, values in now:
                    if self.options.memory_limit:  # no point finds what the one before it has read
                        MemoryLimit.forget(side.data_directory())
                    if isinstance(side, Program):
                        run = side.point(values[step], self.options.seconds)
                    else:
                        run = self.client(side, self.statement(), self.session(side.name, knob, values[step]),
                                          clients=clients)
                    runs[side.name].append(run)
            for side, knob, values in now:
                self.emit(kind="point", side=side.name, index=variant.get(side.name), knob=knob,
                          value=values[step], k=self.options.k, clients=clients, query=self.options.query[0],
                          memory_limit=self.options.memory_limit, cpu=self.options.cpu, **median_of(runs[side.name]))

    def mix(self):
        """pgbench with the query vectors in a table of the server: searches alone, with inserts among them, inserts."""
        self.build(next(self.variants()))
        for side in self.sides:
            with side.connect() as connection:
                connection.execute("CREATE SEQUENCE IF NOT EXISTS new_id START 1000000000")
        for name, scripts in WORKLOADS.items():
            for side in self.sides if name in self.options.workload else []:
                with tempfile.TemporaryDirectory() as logs:
                    command = ["pgbench", "-n", "-M", "prepared", "-l", "-c", str(self.options.clients[0]), "-T",
                               str(int(self.options.seconds)), "-D", f"queries={len(self.dataset.query)}", "-D",
                               f"k={self.options.k}"]
                    for script in scripts:
                        command += ["-f", os.path.join(HERE, "pgbench", script)]
                    environment = dict(os.environ, PGOPTIONS="-c enable_seqscan=off -c jit=off")
                    subprocess.run([*command, side.conninfo], cwd=logs, env=environment, check=True,
                                   stdout=subprocess.DEVNULL)
                    self.emit(kind="pgbench", side=side.name, workload=name, clients=self.options.clients[0],
                              **report.pgbench_log(logs, scripts))

    def inserts(self):
        """The rows of the data set after those that are there, in batches of one COPY each, a batch on each side in turn."""
        options, known = self.options, len(self.dataset.base)
        self.build(next(self.variants()))
        if options.cpu is not None:
            self.pin()
        at = {side: side.begin_inserts() for side in self.sides}
        took = {side: [] for side in self.sides}
        for batch in range(options.batches):
            for side, (connection, there) in at.items():
                first = there + options.batch * batch
                rows = self.dataset.rest[first - known:][:options.batch]
                if len(rows) < options.batch:
                    raise SystemExit(f"{options.data} has no {first + options.batch} rows")
                took[side].append(side.insert(connection, first, rows))
        for side, seconds in took.items():
            at[side][0].close()
            wall, server = map(sum, zip(*seconds))
            ordered = sorted(1e3 * clock for clock, _ in seconds)
            self.emit(kind="inserts", side=side.name, batch=options.batch, batches=options.batches,
                      rows_per_s=round(options.batch * options.batches / wall),
                      rows_per_server_s=round(options.batch * options.batches / server),
                      p50_ms=round(statistics.median(ordered), 2), most_ms=round(ordered[-1], 2))

    def overhead(self):
        """Times statements that each add one part of a prepared search, down to a search of ten rows."""
        variant = next(self.variants())
        self.build(variant)
        if self.options.cpu is not None:
            self.pin()
        k, operator = self.options.k, OPERATORS[self.options.metric]
        scan = "SELECT id FROM tiny WHERE id >= 0 AND {} IS NOT NULL ORDER BY id"
        search = f"SELECT id FROM {{}} ORDER BY v {operator} $1::vector LIMIT {{}}"
        replan = "; SET plan_cache_mode = force_custom_plan"
        statements = [
            ("round trip with the same bytes", "SELECT 1 WHERE $1::bytea IS NOT NULL", "binary", ""),
            ("look-up by primary key", "SELECT id FROM item WHERE id = octet_length($1::bytea)", "binary", ""),
            ("vector read, binary", "SELECT vector_dims($1::vector)", "binary", ""),
            ("vector read, text", "SELECT vector_dims($1::vector)", "text", ""),
            (f"{k} rows in order of a btree", scan.format("$1::vector"), "binary", ""),
            (f"{k} rows in order of a btree, with distances", scan.format(f"(v {operator} $1::vector)"), "binary", ""),
            (f"index search among {k} rows, first one", search.format("tiny", 1), "binary", ""),
            (f"index search among {k} rows, binary", search.format("tiny", k), "binary", ""),
            (f"index search among {k} rows, text", search.format("tiny", k), "text", ""),
            (f"index search among {k} rows, planned anew", search.format("tiny", k), "binary", replan),
            ("index search of the whole table, first one", search.format("item", 1), "binary", ""),
            ("index search of the whole table, binary", self.statement(), "binary", ""),
            ("index search of the whole table, text", self.statement(), "text", ""),
        ]
        if 4 * self.dataset.dimensions > 2000:  # smaller rows stay in the heap whatever the column's storage
            statements.append((f"index search among {k} rows, toasted", search.format("toasted", k), "binary", ""))
        for side in self.sides:
            with side.connect() as connection:
                for table, storage in (("tiny", "plain"), ("toasted", "external")):
                    connection.execute(f"DROP TABLE IF EXISTS {table}")
                    connection.execute(f"CREATE TABLE {table} (LIKE item)")
                    connection.execute(f"ALTER TABLE {table} ALTER v SET STORAGE {storage}")
                    connection.execute(f"INSERT INTO {table} SELECT * FROM item WHERE id < {k}")
                    connection.execute(f"CREATE UNIQUE INDEX ON {table} (id)")
                    connection.execute(f"CREATE INDEX ON {table} {variant[side.name]}")
                    connection.execute(f"VACUUM (ANALYZE, FREEZE) {table}")
        for name, statement, wire, setting in statements:
            runs = {side.name: [] for side in self.sides}
            for _ in range(self.options.rounds):
                for side in self.sides:
                    knob, values = self.knob(side.name)
                    session = self.session(side.name, knob, values[0])
                    runs[side.name].append(self.client(side, statement, session + setting, wire))
            for side in self.sides:
                median = median_of(runs[side.name])
                self.emit(kind="overhead", side=side.name, part=name, p50_us=median["p50_us"],
                          server_cpu_us=median["server_cpu_us"],
                          recall=median["recall"] if "whole" in name else None)


def machine():
    model = "unknown processor"
    with contextlib.suppress(OSError, StopIteration), open("/proc/cpuinfo") as cpuinfo:
        model = next(line.split(":", 1)[1].strip() for line in cpuinfo if line.startswith("model name"))
    return {"kind": "machine", "processor": model, "architecture": platform.machine(), "cores": os.cpu_count(),
            "date": time.strftime("%Y-%m-%d", time.gmtime())}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("sweep", "builds", "mix", "inserts", "overhead"):
        command = commands.add_parser(name)
        command.add_argument("--data", required=True, help="directory as datasets.py describes it")
        command.add_argument("--rows", type=int, help="only the first so many")
        command.add_argument("--side", action="append", required=True, metavar="SIDE")
        command.add_argument("--definition", action="append", default=[], metavar="NAME:SQL",
                             help="of the index of a side, from USING on; several are built one after the other")
        command.add_argument("--sweep", action="append", default=[], metavar="NAME:SETTING=VALUES",
                             help="what to sweep on a side: hnsw.ef_search=10,20; a+b=1,2 sets both")
        command.add_argument("--setup", action="append", default=[], metavar="NAME:SQL", help="for a side's sessions")
        command.add_argument("--server-setting", action="append", default=[], help="a line for postgresql.conf")
        command.add_argument("--query", nargs=2, default=["query", "gt"], metavar=("QUERIES", "NEIGHBOURS"),
                             help="stems of the .npy files of DIR")
        command.add_argument("--metric", choices=OPERATORS, default="l2")
        command.add_argument("--type", choices=("vector", "halfvec"), default="vector", help="of the column")
        command.add_argument("--index", choices=("hnsw", "ivfflat"), default="hnsw")
        command.add_argument("--lists", type=int, nargs="+", default=[100], help="of ivfflat")
        command.add_argument("--probes", type=int, nargs="+", default=[1, 2, 5, 10, 20, 30, 40, 60, 100])
        command.add_argument("--m", type=int, default=16)
        command.add_argument("--ef-construction", type=int, nargs="+", default=[64])
        command.add_argument("--ef-search", type=int, nargs="+", default=[10, 20, 40, 80, 120, 200, 400])
        command.add_argument("--k", type=int, default=10)
        command.add_argument("--clients", type=int, nargs="+", default=[1])
        command.add_argument("--seconds", type=float, default=3, help="of every measurement")
        command.add_argument("--rounds", type=int, default=3, help="measurements of a point on each side")
        command.add_argument("--builds", type=int, default=1, help="builds of an index on each side")
        command.add_argument("--rebuild", action="store_true", help="also an index that stands")
        command.add_argument("--workload", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
        command.add_argument("--batch", type=int, default=1000, help="rows that inserts adds at a time")
        command.add_argument("--batches", type=int, default=20)
        command.add_argument("--memory-limit", type=int, help="bytes for each server while it searches; needs root")
        command.add_argument("--cpu", type=int, help="the one processor for clients and servers once the index stands")
        command.add_argument("--workers", type=int, default=1, help="parallel workers of a build")
        command.add_argument("--shared-buffers", default="2GB")
        command.add_argument("--maintenance-work-mem", default="4GB")
        command.add_argument("--out", help="file to append the JSON lines to")
    command = commands.add_parser("report")
    command.add_argument("files", nargs="+")
    command.add_argument("--plots", metavar="DIR", help="where to draw the pictures")
    command.add_argument("--prefix", default="", help="of the pictures' names")
    command.add_argument("--points", action="store_true", help="also every point of the sweeps")
    command.add_argument("--quantity", choices=("qps", "server_cpu_us"), default="qps", help="to compare at equal recall")
    return parser.parse_args()


def main():
    options = arguments()
    if options.command == "report":
        runs = report.read(options.files)
        report.print_tables(runs, sys.stdout, options.quantity, options.points)
        if options.plots:
            pictures.draw(runs, os.path.join(options.plots, options.prefix))
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit("interrupted"))  # so that the clusters are stopped
    with Benchmark(options) as benchmark:
        benchmark.emit(**machine())
        getattr(benchmark, options.command)()


if __name__ == "__main__":
    main()
