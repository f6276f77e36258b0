"""What a piece of work takes of this process: seconds, seconds of all processors, memory."""

from __future__ import annotations

import contextlib
import resource
import time
from pathlib import Path

__all__ = ["forget_peak", "peak", "resident", "timed"]


def timed(work):
    """Do the work; return the seconds, the CPU seconds of all threads, and what it returned."""
    start, start_cpu = time.perf_counter(), time.process_time()
    done = work()
    return time.perf_counter() - start, time.process_time() - start_cpu, done


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
