#!/usr/bin/env python3
"""Our float32 kernels against those inside the NumKong, SimSIMD and Faiss wheels, in one run.

    make unit                                   # builds build/unit/test/bench/kernels/libkernel_timer.so
    python3 -m venv build/peers && build/peers/bin/pip install numkong simsimd faiss-cpu
    build/peers/bin/python test/bench/kernels/compare_kernels.py

NumKong and SimSIMD hand out the address of the C function that they would call; Faiss exports its own.
All are called through the same loop of kernel_timer.cpp, in turns of about 50 microseconds, so that a
change of the machine's speed meets all sides alike.  Printed: median nanoseconds per call, and the ratio of
the best of the others to ours (above 1: ours is faster).  A library that is not installed is left out.
"""
import argparse
import ctypes
import importlib
import pathlib
import statistics

import numpy as np

RETURNING, STORING, PARTS = 0, 1, 2
DIMS = (96, 384, 768, 1536)
TURN_NANOSECONDS = 50_000


class TimerSet(ctypes.Structure):
    _fields_ = [("query", ctypes.c_void_p), ("vectors", ctypes.c_void_p), ("stride", ctypes.c_uint64),
                ("dims", ctypes.c_uint64), ("count", ctypes.c_int32), ("repeats", ctypes.c_int32)]


def load_timer(path):
    timer = ctypes.CDLL(str(path))
    timer.vdb_timer_run.restype = ctypes.c_double
    timer.vdb_timer_run.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(TimerSet),
                                    ctypes.POINTER(ctypes.c_double)]
    timer.vdb_timer_kernel.restype = ctypes.c_void_p
    timer.vdb_timer_kernel.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
    return timer


def own_kernels(timer, kernel):
    convention = PARTS if kernel == "cosine" else RETURNING
    found = {}
    for table in ("avx512_popcnt", "avx512", "avx2", "neon", "scalar"):
        address = timer.vdb_timer_kernel(table.encode(), kernel.encode())
        if address:
            found[f"ours {table}"] = (address, convention)
    return found


def wheel_kernels(kernel):
    """NumKong and SimSIMD: pointer_to_*() answers the function chosen for this CPU."""
    names = {"inner_product": ("pointer_to_dot",), "l2_squared": ("pointer_to_sqeuclidean",),
             "cosine": ("pointer_to_angular", "pointer_to_cosine")}.get(kernel, ())
    found = {}
    for module_name in ("numkong", "simsimd"):
        try:
            module = importlib.import_module(module_name)
        except ImportError:
            continue
        for name in names:
            if hasattr(module, name):
                found[module_name] = (getattr(module, name)("f32"), STORING)
    return found


def faiss_kernels(kernel):
    symbol = {"inner_product": "_ZN5faiss18fvec_inner_productEPKfS1_m",
              "l2_squared": "_ZN5faiss10fvec_L2sqrEPKfS1_m",
              "l1": "_ZN5faiss7fvec_L1EPKfS1_m"}.get(kernel)
    try:
        import faiss
    except ImportError:
        return {}
    library = ctypes.CDLL(str(pathlib.Path(faiss.__file__).parent / "libfaiss.so"))
    if symbol is None or not hasattr(library, symbol):
        return {}
    return {"faiss": (ctypes.cast(getattr(library, symbol), ctypes.c_void_p).value, RETURNING)}


def make_set(dims, set_bytes, offset):
    """A query and as many vectors as fill set_bytes, each `offset` bytes past a 64-byte line."""
    stride = (dims + offset // 4 + 15) // 16 * 16
    count = max(1, set_bytes // (stride * 4))
    storage = np.random.default_rng(1).standard_normal((count + 1) * stride + 32, dtype=np.float32)
    base = storage.ctypes.data + (-storage.ctypes.data) % 64 + offset
    return storage, TimerSet(base, base + stride * 4, stride, dims, count, 1)


def measure(timer, kernels, timer_set, turns):
    last = ctypes.c_double()
    times = {name: [] for name in kernels}
    repeats, answers = {}, {}
    for name, (address, convention) in kernels.items():
        timer_set.repeats = 64
        spent = timer.vdb_timer_run(address, convention, timer_set, last)
        answers[name] = last.value
        repeats[name] = max(1, int(TURN_NANOSECONDS / (spent * timer_set.count)))
    expected = next(iter(answers.values()))
    if any(abs(answer - expected) > 1e-4 * max(1, abs(expected)) for answer in answers.values()):
        raise SystemExit(f"the kernels do not compute the same: {answers}")
    for _ in range(turns):
        for name, (address, convention) in kernels.items():
            timer_set.repeats = repeats[name]
            times[name].append(timer.vdb_timer_run(address, convention, timer_set, last))
    return {name: statistics.median(values) for name, values in times.items()}


def print_table(timer, kernel, options):
    kernels = own_kernels(timer, kernel) | wheel_kernels(kernel) | faiss_kernels(kernel)
    others = [name for name in kernels if not name.startswith("ours")]
    best = next(iter(kernels))
    print(f"\n{kernel}, {options.set_kib} KiB set, vectors {options.offset} bytes past a line\n")
    print("| dims | " + " | ".join(kernels) + " | best other / ours |")
    print("|---:|" + "---:|" * (len(kernels) + 1))
    for dims in DIMS:
        storage, timer_set = make_set(dims, options.set_kib * 1024, options.offset)
        median = measure(timer, kernels, timer_set, options.turns)
        ratio = f"{min(median[name] for name in others) / median[best]:.2f}" if others else "-"
        print(f"| {dims} | " + " | ".join(f"{median[name]:.1f}" for name in kernels) + f" | {ratio} |")
        del storage


def main():
    root = pathlib.Path(__file__).resolve().parents[3]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--timer", default=root / "build/unit/test/bench/kernels/libkernel_timer.so")
    parser.add_argument("--kernels", default="inner_product,l2_squared,cosine,l1")
    parser.add_argument("--turns", type=int, default=301)
    parser.add_argument("--set-kib", type=int, default=24, help="24 stays in a 48 KiB first-level cache")
    parser.add_argument("--offset", type=int, default=8, help="8: as in a varlena; 0: line-aligned")
    options = parser.parse_args()
    timer = load_timer(options.timer)
    for kernel in options.kernels.split(","):
        print_table(timer, kernel, options)


if __name__ == "__main__":
    main()
