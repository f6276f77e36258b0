"""Seconds and memory of a piece of work: of the CPU, of the clock, and the most memory it took."""

from __future__ import annotations

import contextlib
import resource
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Measured", "forget_peak", "in_turn", "least", "measured", "peak_mb", "resident_mb"]


@dataclass(frozen=True)
class Measured:
    """What some work took, and what it gave.

    Attributes
    ----------
    cpu, seconds : float
        Seconds of the CPU, of all threads, and of the clock.
    peak_mb : float
        The most memory in use above what was in use before. Work after larger work in the same process is
        measured only on Linux.
    result : object
        What the work gave.
    """

    cpu: float
    seconds: float
    peak_mb: float
    result: Any


def measured(work):
    """Do some work once and measure it."""
    before = forget_peak()
    start, start_cpu = time.perf_counter(), time.process_time()
    result = work()
    cpu, seconds = time.process_time() - start_cpu, time.perf_counter() - start
    return Measured(cpu, seconds, peak_mb() - before, result)


def least(runs):
    """Return the least of several runs: the time that the machine took nothing of."""
    runs = list(runs)
    return Measured(
        min(run.cpu for run in runs),
        min(run.seconds for run in runs),
        max(run.peak_mb for run in runs),
        runs[-1].result,
    )


def in_turn(works, rounds):
    """Do some works in turn, round after round, so that a busy minute falls on all; the least of each."""
    runs = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            runs[name].append(measured(work))
    return {name: least(each) for name, each in runs.items()}


def resident_mb():
    """Return how much memory this process has in use."""
    return _of_status("VmRSS") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def forget_peak():
    """Begin anew to measure the peak (Linux), and return what is in use."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return peak_mb()


def peak_mb():
    """Return the most memory that was in use since `forget_peak`."""
    # ru_maxrss cannot be reset, and a child inherits it.
    return _of_status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _of_status(word):
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(word + ":")), None)
