"""What the machine can do at best, by one thread: multiply-accumulates and bytes a second."""

from pathlib import Path
from time import perf_counter_ns

import numpy as np

from edge_emotion_device.graph import read_graph
from edge_emotion_device.runtime import open_interpreter

PEAK_FILE = Path(__file__).parent / "peak.tflite"  # by benchmarks/make_peak.py
_ROUNDS, _RUNS = 15, 20
_COPIED_BYTES = 64_000_000  # more than the caches hold
_COPIES = 5


def peak_macs_per_s() -> float:
    """Int8 multiply-accumulates a second of a convolution that suits the machine.

    It is the best of short rounds: other programs can only take from it.
    """
    flatbuffer = PEAK_FILE.read_bytes()
    macs = read_graph(PEAK_FILE, flatbuffer).macs
    interpreter = open_interpreter(flatbuffer)
    fastest_ns = None
    for _ in range(_ROUNDS):
        start = perf_counter_ns()
        for _ in range(_RUNS):
            interpreter.invoke()
        taken_ns = (perf_counter_ns() - start) / _RUNS
        fastest_ns = taken_ns if fastest_ns is None else min(fastest_ns, taken_ns)
    assert fastest_ns is not None
    return 1e9 * macs / fastest_ns


def memory_bytes_per_s() -> float:
    """Bytes a second that are read and written when memory is copied; the best of some tries."""
    source = np.ones(_COPIED_BYTES, np.uint8)
    target = np.zeros_like(source)
    taken_ns = []
    for _ in range(_COPIES):
        start = perf_counter_ns()
        np.copyto(target, source)
        taken_ns.append(perf_counter_ns() - start)
    return 1e9 * 2 * _COPIED_BYTES / min(taken_ns)
