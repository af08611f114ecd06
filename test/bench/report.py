"""Reads the JSON lines of bench.py: tables in Markdown, comparison at equal recall. Each file is a run; what several
runs have measured stands side by side, "first / second"."""
import collections
import glob
import json
import math
import os

RECALLS = (.90, .95, .98, .99)

# What is compared: points of one Comparison are of one table.
Comparison = collections.namedtuple("Comparison", "data rows dimensions metric type query clients memory_limit cpu")
DATA = Comparison._fields[:5]


def read(paths):
    """A list of records of each file."""
    runs = []
    for path in paths:
        with open(path) as lines:
            runs.append([json.loads(line) for line in lines if line.strip()])
    return runs


def pgbench_log(folder, scripts):
    """Throughput and percentiles from pgbench -l: client, transaction, microseconds, script number, seconds, ..."""
    by_script, first, last = collections.defaultdict(list), math.inf, 0
    for path in glob.glob(os.path.join(folder, "pgbench_log.*")):
        with open(path) as lines:
            for line in lines:
                _, _, latency, script, second, micros, *_ = line.split()
                ended = int(second) + int(micros) / 1e6
                first, last = min(first, ended), max(last, ended)
                by_script[int(script)].append(int(latency))
    result = {"tps": round(sum(map(len, by_script.values())) / (last - first), 1)}
    for number, latencies in sorted(by_script.items()):
        name, latencies = scripts[number].split(".")[0], sorted(latencies)
        for label, share in (("p50", .5), ("p99", .99), ("p999", .999)):
            result[f"{name}_{label}_us"] = latencies[min(len(latencies) - 1, int(share * len(latencies)))]
    return result


def at_recall(points, recall, quantity):
    """A quantity at a recall: log-linear between the neighbouring points, None outside the measured range."""
    points = sorted((point["recall"], point[quantity]) for point in points if point.get(quantity))
    for (low, before), (high, after) in zip(points, points[1:]):
        if low <= recall <= high and high > low:
            share = (recall - low) / (high - low)
            return math.exp((1 - share) * math.log(before) + share * math.log(after))
    return None


def comparisons(records):
    """{Comparison: {(side, index): points}}; a point measured again replaces the one before."""
    found = collections.defaultdict(lambda: collections.defaultdict(dict))
    for record in records:
        if record["kind"] == "point":
            key = Comparison(*(record.get(field) for field in Comparison._fields))
            found[key][record["side"], record["index"]][record["value"]] = record
    return {key: {side: list(points.values()) for side, points in sides.items()} for key, sides in found.items()}


def builds(records):
    """{(data set, side, index, maintenance_work_mem, workers): record} of what was built, not found standing."""
    return {(*(record[field] for field in DATA), record["side"], record["index"],
             record.get("maintenance_work_mem"), record["workers"]): record
            for record in records if record["kind"] == "build" and record.get("build_s")}


def title(key):
    """What was compared, in words."""
    parts = [f"{key.data}, {key.rows:,} × {key.dimensions}, {key.metric}"]
    parts += [key.type] if key.type != "vector" else []
    parts += [f"queries: {key.query}"] if key.query != "query" else []
    parts += [f"{key.clients} clients"] if key.clients > 1 else []
    parts += [f"memory limit {key.memory_limit / 1e6:,.0f} MB"] if key.memory_limit else []
    parts += ["one processor"] if key.cpu is not None else []
    return ", ".join(parts)


def labels(sides):
    """What the sides of a comparison are called: with the index where a side has several."""
    count = collections.Counter(name for name, _ in sides)
    return {(name, index): f"{name}, {index}" if count[name] > 1 else name for name, index in sides}


def _table(out, header, rows):
    print("| " + " | ".join(header) + " |", file=out)
    print("|---|" + "---:|" * (len(header) - 1), file=out)
    for row in rows:
        print("| " + " | ".join(" ".join(str(cell).split()) for cell in row) + " |", file=out)
    print(file=out)


def _number(value):
    return "–" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _side_by_side(values, form=_number):
    """Of each run; one dash where none has it."""
    return " / ".join(map(form, values)) if any(value is not None for value in values) else "–"


def _ratio(over, under):
    return over / under if over and under else None


def _merged(dictionaries):
    """The keys of all, in order."""
    return list(dict.fromkeys(key for each in dictionaries for key in each))


def _compare(per_run, quantity):
    """Rows of a table: a side each, then how much better the first one is than each other."""
    sides = _merged(per_run)
    named = labels(sides)
    columns = [(quantity, recall) for recall in RECALLS] + [("p50_us", .98), ("p99_us", .98)]
    values = {side: [[at_recall(run.get(side, []), recall, column) for run in per_run] for column, recall in columns]
              for side in sides}
    rows = [[named[side], *map(_side_by_side, values[side])] for side in sides]
    for other in sides[1:]:
        row = []
        for (column, _), ours, theirs in zip(columns, values[sides[0]], values[other]):
            pairs = zip(ours, theirs) if column == "qps" else zip(theirs, ours)
            row.append(_side_by_side([_ratio(*pair) for pair in pairs], lambda x: "–" if x is None else f"{x:.2f}×"))
        if any(cell != "–" for cell in row):
            rows.append([f"*{named[sides[0]]} better than {named[other]}*", *row])
    return rows


def print_tables(runs, out, quantity="qps", points=False):
    """Every comparison of the runs; with `points`, also what was measured at each setting."""
    compared = [comparisons(records) for records in runs]
    unit = {"qps": "queries/s", "server_cpu_us": "server µs"}[quantity]
    for key in _merged(compared):
        print(f"**{title(key)}**\n", file=out)
        per_run = [run.get(key, {}) for run in compared]
        _table(out, ["", *(f"{unit} at .{100 * recall:.0f}" for recall in RECALLS), "p50 µs at .98", "p99 µs at .98"],
               _compare(per_run, quantity))
        if points:
            _print_points(per_run, out)
    _print_builds(runs, out)
    _print_others(runs, out)


def _print_points(per_run, out):
    sides = _merged(per_run)
    rows = []
    for side, name in labels(sides).items():
        settings = [{(point["knob"], point["value"]): point for point in run.get(side, [])} for run in per_run]
        for setting in _merged(settings):
            found = [run[setting] for run in settings if setting in run]
            rows.append([name, " ".join(map(str, setting)), _side_by_side([p["recall"] for p in found], "{:.4f}".format)] +
                        [_side_by_side([p.get(key) for p in found])
                         for key in ("qps", "p50_us", "p99_us", "p999_us", "server_cpu_us")])
    _table(out, ["side", "setting", "recall@10", "queries/s", "p50 µs", "p99 µs", "p99.9 µs", "server µs"], rows)


def _print_builds(runs, out):
    per_run = [builds(records) for records in runs]
    rows = []
    for key in _merged(per_run):
        found = [run[key] for run in per_run if key in run]
        data, *_, side, index, memory, workers = key
        rows.append([data, side, index, memory or "", workers + 1] +
                    [_side_by_side([build.get(field) for build in found], form) for field, form in
                     (("build_s", _number), ("build_cpu_s", _number), ("peak_mb", _number),
                      ("index_over_raw", "{:.2f}".format))])
    if rows:
        print("**Builds**\n", file=out)
        _table(out, ["data", "side", "index", "maintenance_work_mem", "processes", "s", "processor s", "memory, MB",
                     "index over raw float32"], rows)


def _print_others(runs, out):
    """pgbench, inserts and overhead: a row each, the last record of a run counts."""
    pgbench = [{(r["workload"], r["clients"], r["data"], r["side"]): r for r in records if r["kind"] == "pgbench"}
               for records in runs]
    for workload, clients in dict.fromkeys(key[:2] for key in _merged(pgbench)):
        chosen = [{key[2:]: r for key, r in run.items() if key[:2] == (workload, clients)} for run in pgbench]
        first = next(r for run in chosen for r in run.values())
        columns = [key for key in first if key == "tps" or key.endswith("_us")]
        print(f"**pgbench, {workload}, {clients} client(s)**\n", file=out)
        _table(out, ["data", "side", *columns],
               [[*key, *(_side_by_side([run[key][column] for run in chosen if key in run]) for column in columns)]
                for key in _merged(chosen)])
    inserts = [{(r["data"], r["rows"], r["side"], r["batch"]): r for r in records if r["kind"] == "inserts"}
               for records in runs]
    if _merged(inserts):
        print("**Rows added, many a transaction**\n", file=out)
        columns = ("rows_per_s", "rows_per_server_s", "p50_ms", "most_ms")
        _table(out, ["data", "rows there", "side", "rows a batch", "rows/s", "rows a processor second", "p50 ms", "longest ms"],
               [[*key, *(_side_by_side([run[key][column] for run in inserts if key in run]) for column in columns)]
                for key in _merged(inserts)])
    overhead = [{(r["data"], r["part"], r["side"]): r["p50_us"] for r in records if r["kind"] == "overhead"}
                for records in runs]
    sides = list(dict.fromkeys(key[2] for key in _merged(overhead)))
    if sides:
        print("**One prepared query, p50 at the client, µs**\n", file=out)
        _table(out, ["data", "statement", *sides],
               [[*part, *(_side_by_side([run[*part, side] for run in overhead if (*part, side) in run])
                          for side in sides)]
                for part in dict.fromkeys(key[:2] for key in _merged(overhead))])
