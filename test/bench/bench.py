#!/usr/bin/python3
"""Speed and recall of vector indexes in PostgreSQL, several extensions side by side in one run.

usage: bench.py sweep    --data DIR --side NAME=EXTENSION:PG_CONFIG ... [--ef-construction 64 200] --out FILE.jsonl
       bench.py mix      --data DIR --side ...   pgbench: point search, and 95 searches to 5 inserts
       bench.py overhead --data DIR --side ...   what a prepared query costs beside the search itself
       bench.py report   FILE.jsonl ... [--plot FILE.svg]

A side is an extension installed in the PostgreSQL of that pg_config, for instance ours=vectordb:pg_config. Each gets a
private cluster; every point is measured on one side and then the next, in rounds, and the medians are kept."""
import argparse
import contextlib
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import datasets
import report
from sides import Side

HERE = os.path.dirname(os.path.abspath(__file__))
OPERATORS = {"l2": "<->", "ip": "<#>", "cosine": "<=>", "l1": "<+>"}
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


class Benchmark:
    """The loaded sides and the file that results are appended to, one JSON object a line."""

    def __init__(self, options):
        self.options = options
        self.dataset = datasets.Dataset(options.data, options.rows)
        self.stack = contextlib.ExitStack()
        self.sides = []

    def __enter__(self):
        try:
            folder = self.stack.enter_context(tempfile.TemporaryDirectory())
            self.queries = os.path.join(folder, "queries.bin")
            self.dataset.write_queries(self.queries, self.options.k)
            for side in self.options.side:
                name, rest = side.split("=", 1)
                extension, pg_config = rest.split(":", 1)
                settings = [f"shared_buffers = {self.options.shared_buffers}", "jit = off", "max_wal_size = 16GB",
                            "checkpoint_timeout = 1h"]
                self.sides.append(self.stack.enter_context(Side(name, extension, pg_config, settings)))
            for side in self.sides:
                self.emit(kind="load", side=side.name, extension=side.extension, version=side.version(),
                          load_s=side.load(self.dataset, self.options.type))
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *error):
        return self.stack.__exit__(*error)

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

    def indexes(self):
        """Settings of the indexes to build."""
        if self.options.index == "hnsw":
            return [f"m = {self.options.m}, ef_construction = {effort}" for effort in self.options.ef_construction]
        return [f"lists = {lists}" for lists in self.options.lists]

    def knob(self):
        """What trades speed for recall, and its values."""
        if self.options.index == "hnsw":
            return "hnsw.ef_search", self.options.ef_search
        return "ivfflat.probes", self.options.probes

    def build(self, index):
        """Builds the index on every side, alternating; keeps the median build of each."""
        options = self.options
        definition = f"USING {options.index} (v {options.type}_{options.metric}_ops) WITH ({index})"
        settings = [f"maintenance_work_mem = '{options.maintenance_work_mem}'",
                    f"max_parallel_maintenance_workers = {options.workers}"]
        runs = {side.name: [] for side in self.sides}
        for _ in range(options.builds):
            for side in self.sides:
                runs[side.name].append(side.build(definition, settings))
        for side in self.sides:
            side.require_index(self.statement(), SETUP, self.dataset.query[0])
            side.warm()
            self.emit(kind="build", side=side.name, index=index, workers=options.workers, builds=options.builds, **median_of(runs[side.name]))

    def client(self, side, statement, setup, wire="binary", seconds=None, queries=None):
        options = self.options
        ran = subprocess.run([search_client(), side.conninfo, statement, queries or self.queries, str(options.clients),
                              str(seconds or options.seconds), wire, setup], capture_output=True, text=True)
        if ran.returncode:
            raise SystemExit(f"{side.name}: {ran.stderr}")
        return json.loads(ran.stdout)

    def sweep(self):
        knob, values = self.knob()
        for index in self.indexes():
            self.build(index)
            for value in values:
                runs = {side.name: [] for side in self.sides}
                for _ in range(self.options.rounds):
                    for side in self.sides:
                        runs[side.name].append(
                            self.client(side, self.statement(), f"{SETUP}; SET {knob} = {value}"))
                for side in self.sides:
                    self.emit(kind="point", side=side.name, index=index, knob=knob, value=value, k=self.options.k, clients=self.options.clients,
                              **median_of(runs[side.name]))

    def mix(self):
        """pgbench with the query vectors in a table of the server: searches alone, then with inserts among them."""
        self.build(self.indexes()[0])
        folder = os.path.join(HERE, "pgbench")
        for side in self.sides:
            with side.connect() as connection:
                connection.execute("CREATE SEQUENCE new_id START 1000000000")
        for name, scripts in (("search", ["search.sql@1"]), ("mix 95:5", ["search.sql@95", "insert.sql@5"])):
            for side in self.sides:
                with tempfile.TemporaryDirectory() as logs:
                    command = [os.path.join(side.bindir, "pgbench"), "-n", "-M", "prepared", "-l", "-c",
                               str(self.options.clients), "-T", str(int(self.options.seconds)), "-D",
                               f"queries={len(self.dataset.query)}", "-D", f"k={self.options.k}"]
                    for script in scripts:
                        command += ["-f", os.path.join(folder, script)]
                    environment = dict(os.environ, PGHOST=side.directory, PGPORT="5432", PGUSER="postgres",
                                       PGDATABASE="postgres", PGOPTIONS="-c enable_seqscan=off -c jit=off")
                    subprocess.run(command, cwd=logs, env=environment, check=True, stdout=subprocess.DEVNULL)
                    self.emit(kind="pgbench", side=side.name, workload=name, clients=self.options.clients,
                              **report.pgbench_log(logs, scripts))

    def overhead(self):
        """Times statements that each add one part of a prepared search, down to a search of ten rows."""
        self.build(self.indexes()[0])
        k, operator = self.options.k, OPERATORS[self.options.metric]
        tiny = f"SELECT id FROM tiny ORDER BY v {operator} $1::vector LIMIT {k}"
        statements = [
            ("round trip with the same bytes", "SELECT 1 WHERE $1::bytea IS NOT NULL", "binary"),
            ("look-up by primary key", "SELECT id FROM item WHERE id = octet_length($1::bytea)", "binary"),
            ("vector read, binary", "SELECT vector_dims($1::vector)", "binary"),
            ("vector read, text", "SELECT vector_dims($1::vector)", "text"),
            (f"index search among {k} rows, binary", tiny, "binary"),
            (f"index search among {k} rows, text", tiny, "text"),
            ("index search of the whole table, binary", self.statement(), "binary"),
        ]
        for side in self.sides:
            with side.connect() as connection:
                connection.execute(f"CREATE TABLE tiny AS SELECT * FROM item WHERE id < {k}")
                connection.execute(f"CREATE INDEX tiny_v ON tiny USING {self.options.index} (v vector_{self.options.metric}_ops)")
                connection.execute("VACUUM (ANALYZE, FREEZE) tiny")
        for name, statement, wire in statements:
            runs = {side.name: [] for side in self.sides}
            for _ in range(self.options.rounds):
                for side in self.sides:
                    runs[side.name].append(self.client(side, statement, SETUP, wire))
            for side in self.sides:
                self.emit(kind="overhead", side=side.name, part=name, p50_us=median_of(runs[side.name])["p50_us"])


def machine():
    model = "unknown processor"
    with contextlib.suppress(OSError, StopIteration), open("/proc/cpuinfo") as cpuinfo:
        model = next(line.split(":", 1)[1].strip() for line in cpuinfo if line.startswith("model name"))
    return {"kind": "machine", "processor": model, "architecture": platform.machine(), "cores": os.cpu_count(),
            "date": time.strftime("%Y-%m-%d", time.gmtime())}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("sweep", "mix", "overhead"):
        command = commands.add_parser(name)
        command.add_argument("--data", required=True, help="directory as datasets.py describes it")
        command.add_argument("--rows", type=int, help="only the first so many")
        command.add_argument("--side", action="append", required=True, metavar="NAME=EXTENSION:PG_CONFIG")
        command.add_argument("--metric", choices=OPERATORS, default="l2")
        command.add_argument("--type", choices=("vector", "halfvec"), default="vector", help="of the column")
        command.add_argument("--index", choices=("hnsw", "ivfflat"), default="hnsw")
        command.add_argument("--lists", type=int, nargs="+", default=[100], help="of ivfflat")
        command.add_argument("--probes", type=int, nargs="+", default=[1, 2, 5, 10, 20, 30, 40, 60, 100])
        command.add_argument("--m", type=int, default=16)
        command.add_argument("--ef-construction", type=int, nargs="+", default=[64])
        command.add_argument("--ef-search", type=int, nargs="+", default=[10, 20, 40, 80, 120, 200, 400])
        command.add_argument("--k", type=int, default=10)
        command.add_argument("--clients", type=int, default=1)
        command.add_argument("--seconds", type=float, default=3, help="of every measurement")
        command.add_argument("--rounds", type=int, default=3, help="measurements of a point on each side")
        command.add_argument("--builds", type=int, default=1, help="builds of an index on each side")
        command.add_argument("--workers", type=int, default=1, help="parallel workers of a build")
        command.add_argument("--shared-buffers", default="2GB")
        command.add_argument("--maintenance-work-mem", default="4GB")
        command.add_argument("--out", help="file to append the JSON lines to")
    command = commands.add_parser("report")
    command.add_argument("files", nargs="+")
    command.add_argument("--plot", help="SVG file for recall against queries per second")
    return parser.parse_args()


def main():
    options = arguments()
    if options.command == "report":
        records = report.read(options.files)
        report.print_tables(records, sys.stdout)
        if options.plot:
            report.plot(records, options.plot)
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit("interrupted"))  # so that the clusters are stopped
    with Benchmark(options) as benchmark:
        benchmark.emit(**machine())
        getattr(benchmark, options.command)()


if __name__ == "__main__":
    main()
