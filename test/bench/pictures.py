"""Draws the records of bench.py: recall against throughput, latency, a query's microseconds, phases of builds."""
import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "vectordb"  # the same records give the same file
matplotlib.rcParams["svg.fonttype"] = "none"  # text stays text: smaller files
from matplotlib import pyplot, ticker  # noqa: E402  (after the choice of the backend)

import report  # noqa: E402

PLAIN = ticker.FuncFormatter(lambda value, _: f"{value:,.0f}" if f"{value:e}"[0] in "1235" else "")
PARTS = ("round trip", "vector read", "plan, scan set-up, rows", "search")


def _save(figure, prefix, name):
    figure.tight_layout()
    figure.savefig(prefix + name, metadata={"Date": None})
    pyplot.close(figure)


def _panels(count, height=4):
    """Axes of so many panels, three a row; those that are left over stay empty."""
    columns = min(count, 3)
    rows = -(-count // columns)
    figure, axes = pyplot.subplots(rows, columns, figsize=(5.5 * columns, height * rows), squeeze=False)
    for axis in list(axes.flat)[count:]:
        axis.set_axis_off()
    return figure, axes


def recall_qps(compared, prefix):
    """One panel a data set with its queries, one line a side and index."""
    chosen = {key: sides for key, sides in compared.items() if key.clients == 1 and not key.memory_limit}
    pinned = {key._replace(cpu=None) for key in chosen if key.cpu is not None}
    chosen = {key: sides for key, sides in chosen.items() if key.cpu is not None or key not in pinned}
    figure, axes = _panels(len(chosen))
    for axis, (key, sides) in zip(axes.flat, chosen.items()):
        named = report.labels(sides)
        for side, points in sides.items():
            line = sorted((point["recall"], point["qps"]) for point in points)
            axis.plot(*zip(*line), marker="o", markersize=3, label=named[side])
        axis.set_yscale("log")
        axis.yaxis.set_major_formatter(PLAIN)
        axis.yaxis.set_minor_formatter(PLAIN)
        axis.set_title(report.title(key), fontsize=9)
        axis.set_xlabel("recall@10")
        axis.set_ylabel("queries per second")
        axis.set_xlim(left=.85, right=1)
        axis.grid(True, which="both", alpha=.3)
        axis.legend(fontsize=8)
    _save(figure, prefix, "recall_qps.svg")


def latency(compared, prefix, recall=.98):
    """Percentiles at a recall, one panel a comparison, grouped by side."""
    chosen = {}
    for key, sides in compared.items():
        able = {side: points for side, points in sides.items() if report.at_recall(points, recall, "p999_us")}
        if able and not key.memory_limit:
            chosen[key] = able
    if not chosen:
        return
    figure, axes = _panels(len(chosen))
    for axis, (key, sides) in zip(axes.flat, chosen.items()):
        for i, (label, quantity) in enumerate((("p50", "p50_us"), ("p99", "p99_us"), ("p99.9", "p999_us"))):
            values = [report.at_recall(points, recall, quantity) or 0 for points in sides.values()]
            bars = axis.bar([x + .27 * i for x in range(len(sides))], values, .25, label=label)
            axis.bar_label(bars, fmt="%.0f", fontsize=7)
        axis.set_xticks([x + .27 for x in range(len(sides))], report.labels(sides).values(), fontsize=8)
        axis.set_yscale("log")
        axis.set_ylabel(f"µs at recall {recall}")
        axis.set_title(report.title(key), fontsize=9)
        axis.legend(fontsize=8)
    _save(figure, prefix, "latency.svg")


def query_time(records, prefix):
    """A stacked bar of one prepared query: differences of the statements that each add a part."""
    parts = {(record["data"], record["side"], record["part"]): record["p50_us"]
             for record in records if record["kind"] == "overhead"}
    bars = []
    for data, side in dict.fromkeys(key[:2] for key in parts):
        for wire in ("binary", "text"):
            steps = [value for key, value in parts.items() if key[:2] == (data, side) and
                     (key[2].startswith("round trip") or
                      key[2].endswith(", " + wire))]
            bars.append((f"{side}, {data}, {wire}", [after - before for before, after in zip([0, *steps], steps)]))
    if not bars:
        return
    figure, axis = pyplot.subplots(figsize=(9, 1 + .5 * len(bars)))
    left = [0.0] * len(bars)
    for i, part in enumerate(PARTS):
        widths = [steps[i] for _, steps in bars]
        axis.barh([label for label, _ in bars], widths, left=left, label=part)
        left = [start + width for start, width in zip(left, widths)]
    axis.set_xlabel("µs at the client, p50")
    axis.invert_yaxis()
    axis.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    _save(figure, prefix, "query_time.svg")


def build_phases(records, prefix):
    """A stacked bar of each build, by what pg_stat_progress_create_index told; not of one that tells no phases."""
    builds = [build for build in report.builds(records).values() if len(build.get("phases") or ()) > 2]
    if not builds:
        return
    figure, axis = pyplot.subplots(figsize=(9, 1.5 + .5 * len(builds)))
    axis.set_prop_cycle(color=pyplot.get_cmap("tab20").colors)
    names = [f"{build['data']}, {build['type']}, {build.get('maintenance_work_mem')}" for build in builds]
    left = [0.0] * len(builds)
    for phase in dict.fromkeys(phase for build in builds for phase in build["phases"]):
        widths = [1e6 * build["phases"].get(phase, 0) / build["rows"] for build in builds]
        axis.barh(range(len(builds)), widths, left=left, label=phase)
        left = [start + width for start, width in zip(left, widths)]
    axis.set_yticks(range(len(builds)), names)
    axis.set_xlabel("µs a row, by the clock")
    axis.invert_yaxis()
    axis.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    _save(figure, prefix, "build_phases.svg")


def draw(runs, prefix):
    """Every picture that the records have something for, as SVG files whose paths begin with the prefix. What several runs have, the first of them shows."""
    compared = {}
    for records in runs:
        for key, sides in report.comparisons(records).items():
            for side, points in sides.items():
                compared.setdefault(key, {}).setdefault(side, points)
    compared = {key: sides for key, sides in compared.items() if len(sides) > 1}
    if compared:
        recall_qps(compared, prefix)
        latency(compared, prefix)
    records = [record for run in reversed(runs) for record in run]
    query_time(records, prefix)
    build_phases(records, prefix)
