"""Reads the JSON lines of bench.py: tables in Markdown, comparison at equal recall."""
import collections
import glob
import json
import math
import os

RECALLS = (.90, .95, .98, .99)


def read(paths):
    records = []
    for path in paths:
        with open(path) as lines:
            records += [json.loads(line) for line in lines if line.strip()]
    return records


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


def runs(records):
    """Points and builds of each side by what was compared: data, metric, queries, variant, clients, memory."""
    found = collections.defaultdict(lambda: collections.defaultdict(lambda: {"build": None, "points": []}))
    builds = {}
    for record in records:
        data = tuple(record[key] for key in ("data", "rows", "dimensions", "metric"))
        if record["kind"] == "build":
            builds.setdefault((data, record["side"], record["index"]), {}).update(
                (key, value) for key, value in record.items() if value is not None)
        elif record["kind"] == "point":
            key = (*data, record["query"], record["variant"], record["clients"], record["memory_limit"])
            side = found[key][record["side"]]
            side["build"] = builds.get((data, record["side"], record["index"]))
            side["points"].append(record)
    return found


def title(key):
    """What was compared, in words."""
    data, rows, dimensions, metric, query, variant, clients, memory = key
    parts = [f"{data}, {rows:,} × {dimensions}, {metric}", variant]
    parts += [f"queries: {query}"] if query != "query" else []
    parts += [f"{clients} clients"] if clients > 1 else []
    parts += [f"memory limit {memory / 1e6:,.0f} MB"] if memory else []
    return ", ".join(filter(None, parts))


def _table(out, header, rows):
    print("| " + " | ".join(header) + " |", file=out)
    print("|" + "---|" * len(header), file=out)
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |", file=out)
    print(file=out)


def _number(value):
    return "–" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _ratio(numerator, denominator):
    return f"{numerator / denominator:.2f}×" if numerator and denominator else "–"


def _comparison(sides):
    """One row a quantity, one column a side, and the first side over each other one."""
    names = list(sides)
    rows = []

    def add(label, values, form, faster_is_less):
        row = [label, *map(form, values)]
        for other in values[1:]:
            row.append(_ratio(other, values[0]) if faster_is_less else _ratio(values[0], other))
        rows.append(row)

    builds = [sides[name]["build"] or {} for name in names]
    for label, key in (("build, s", "build_s"), ("build, processor seconds", "build_cpu_s"),
                       ("peak memory of the build, MB", "peak_mb"), ("index, MB", "index_mb")):
        if builds[0].get(key):
            add(label, [build.get(key) for build in builds], _number, True)
    for label, key, faster_is_less in (("queries/s", "qps", False), ("server µs per query", "server_cpu_us", True),
                                       ("p50 µs", "p50_us", True), ("p99 µs", "p99_us", True)):
        for recall in RECALLS:
            values = [at_recall(sides[name]["points"], recall, key) for name in names]
            if any(values):
                add(f"{label} at recall {recall:.2f}", values, _number, faster_is_less)
    return ["", *names, *(f"{names[0]} better than {name}" for name in names[1:])], rows


def print_tables(records, out):
    for key, sides in runs(records).items():
        print(f"**{title(key)}**\n", file=out)
        _table(out, *_comparison(sides))
        points = [[point["side"], f"{point['knob']} {point['value']}", f"{point['recall']:.4f}", _number(point["qps"])] +
                  [_number(point.get(key)) for key in ("p50_us", "p99_us", "p999_us", "server_cpu_us")]
                  for side in sides.values() for point in side["points"]]
        _table(out, ["side", "setting", "recall@10", "queries/s", "p50 µs", "p99 µs", "p99.9 µs", "server µs"], points)
    _print_others(records, out)


def _print_others(records, out):
    pgbench = [record for record in records if record["kind"] == "pgbench"]
    for workload in dict.fromkeys(record["workload"] for record in pgbench):
        chosen = [record for record in pgbench if record["workload"] == workload]
        columns = [key for key in chosen[0] if key == "tps" or key.endswith("_us")]
        print(f"**pgbench, {workload}, {chosen[0]['clients']} client(s)**\n", file=out)
        _table(out, ["data", "side", *columns], [[r["data"], r["side"], *(_number(r[key]) for key in columns)] for r in chosen])
    overhead = [record for record in records if record["kind"] == "overhead"]
    if overhead:
        print("**One prepared query, p50 at the client**\n", file=out)
        _table(out, ["data", "side", "statement", "µs", "server µs"],
               [[r["data"], r["side"], r["part"], r["p50_us"], r["server_cpu_us"]] for r in overhead])
