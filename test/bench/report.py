"""Reads the JSON lines of bench.py: tables in Markdown, comparison at equal recall, the plot."""
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
    points = sorted((point["recall"], point[quantity]) for point in points)
    for (low, before), (high, after) in zip(points, points[1:]):
        if low <= recall <= high and high > low:
            share = (recall - low) / (high - low)
            return math.exp((1 - share) * math.log(before) + share * math.log(after))
    return None


def _runs(records):
    """Points and builds by (data, metric, index) and then by side."""
    runs = collections.defaultdict(lambda: collections.defaultdict(lambda: {"build": None, "points": []}))
    for record in records:
        if record["kind"] not in ("build", "point"):
            continue
        key = (record["data"], record["rows"], record["dimensions"], record["metric"], record["index"])
        side = runs[key][record["side"]]
        if record["kind"] == "build":
            side["build"] = record
        else:
            side["points"].append(record)
    return runs


def _table(out, header, rows):
    print("| " + " | ".join(header) + " |", file=out)
    print("|" + "---|" * len(header), file=out)
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |", file=out)
    print(file=out)


def _number(value):
    return "–" if value is None else f"{value:,.0f}"


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

    builds = [sides[name]["build"] for name in names]
    if all(builds):
        add("build, s", [build["build_s"] for build in builds], str, True)
        add("peak memory of the build, MB", [build["peak_mb"] for build in builds], _number, True)
        add("index, MB", [build["index_mb"] for build in builds], str, True)
    for recall in RECALLS:
        add(f"queries/s at recall {recall:.2f}", [at_recall(sides[name]["points"], recall, "qps") for name in names],
            _number, False)
    for recall in RECALLS:
        add(f"server µs per query at recall {recall:.2f}",
            [at_recall(sides[name]["points"], recall, "server_cpu_us") for name in names], _number, True)
    return ["", *names, *(f"{names[0]} better than {name}" for name in names[1:])], rows


def print_tables(records, out):
    for (data, rows, dimensions, metric, index), sides in _runs(records).items():
        print(f"**{data}, {rows:,} × {dimensions}, {metric}, {index}**\n", file=out)
        _table(out, *_comparison(sides))
        points = [[point[key] for key in ("side", "value")] + [f"{point['recall']:.4f}", _number(point["qps"])] +
                  [_number(point[key]) for key in ("p50_us", "p99_us", "p999_us", "server_cpu_us")]
                  for side in sides.values() for point in side["points"]]
        knob = next(point["knob"] for side in sides.values() for point in side["points"])
        _table(out, ["side", knob, "recall@10", "queries/s", "p50 µs", "p99 µs", "p99.9 µs", "server µs"], points)
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
        _table(out, ["data", "side", "statement", "µs"], [[r["data"], r["side"], r["part"], r["p50_us"]] for r in overhead])


def plot(records, path):
    """Recall against queries per second, one panel a data set, one line a side and index."""
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "vectordb"  # the same records give the same file
    from matplotlib import pyplot, ticker

    plain = ticker.FuncFormatter(lambda value, _: f"{value:,.0f}" if f"{value:e}"[0] in "1235" else "")
    runs = _runs(records)
    panels = list(dict.fromkeys(key[:4] for key in runs))
    figure, axes = pyplot.subplots(1, len(panels), figsize=(6.5 * len(panels), 4.5), squeeze=False)
    for axis, panel in zip(axes[0], panels):
        for key, sides in runs.items():
            if key[:4] != panel:
                continue
            for name, side in sides.items():
                points = sorted((point["recall"], point["qps"]) for point in side["points"])
                colour = f"C{list(sides).index(name)}"
                style = "-" if key == [other for other in runs if other[:4] == panel][-1] else "--"
                axis.plot(*zip(*points), style, marker="o", markersize=4, color=colour,
                          label=f"{name}, {key[4]}")
        axis.set_yscale("log")
        axis.yaxis.set_major_formatter(plain)
        axis.yaxis.set_minor_formatter(plain)
        axis.set_title(f"{panel[0]}: {panel[1]:,} × {panel[2]}, {panel[3]}")
        axis.set_xlabel("recall@10")
        axis.set_ylabel("queries per second")
        axis.set_xlim(right=1)
        axis.grid(True, which="both", alpha=.3)
        axis.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
