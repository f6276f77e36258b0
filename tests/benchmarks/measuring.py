"""What a piece of work takes of this process: seconds, seconds of all processors, memory."""

from __future__ import annotations

import contextlib
import resource
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Measured", "forget_peak", "in_turn", "measured", "peak", "resident", "timed"]


@dataclass(frozen=True)
class Measured:
    """What some work took, and what it gave.

    Attributes
    ----------
    cpu, seconds : float
        Seconds of the CPU, of all threads, and of the clock.
    peak_mb : float
        The most memory in use above what was in use before. What comes after larger work in the same process
        is measured only on Linux.
    result : object
        What the work gave.
    """

    cpu: float
    seconds: float
    peak_mb: float
    result: Any


def timed(work):
    """Do the work; return the seconds, the CPU seconds of all threads, and what it returned."""
    start, start_cpu = time.perf_counter(), time.process_time()
    done = work()
    return time.perf_counter() - start, time.process_time() - start_cpu, done


def measured(work, rounds=1):
    """Do some work, perhaps several times, and return the least of all it took but the most memory."""
    return in_turn({"": work}, rounds)[""]


def in_turn(works, rounds=1):
    """Do some works in turn, round after round, so that a busy minute falls on all; the least of each."""
    least = {}
    for _ in range(rounds):
        for name, work in works.items():
            before = forget_peak()
            seconds, cpu, result = timed(work)
            taken = peak() - before
            known = least.get(name)
            if known is not None:
                seconds, cpu = min(seconds, known.seconds), min(cpu, known.cpu)
                taken = max(taken, known.peak_mb)
            least[name] = Measured(cpu, seconds, taken, result)
    return least


def resident():
    """Return how many MB are in use."""
    return _of_status("VmRSS") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def forget_peak():
    """Begin anew to measure the peak (Linux), and return what is in use."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return peak()


def peak():
    """Return how many MB were in use at most; `ru_maxrss` cannot be reset, and a child inherits it."""
    return _of_status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _of_status(word):
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(word + ":")), None)
