"""What is told while the engine is compiled: once a line, and where somebody watches, how far it has come."""

from __future__ import annotations

import sys
from typing import Any

from numba.core import event
from numba.core.dispatcher import Dispatcher

from zjk_gis.engine.kept import can_keep
from zjk_gis.progress import bar
from zjk_gis.words import tr

__all__ = ["Announcer"]

_LONG = 2000  # bytes of bytecode: less is compiled before a bar could be read


class Announcer(event.Listener):
    """Listens to numba compile kernels of this package; one at a time, as numba has one lock for all.

    A kernel is compiled inside of the one that calls it first. How long it takes goes by how much code is
    put together for it: its own, and that of all it calls.
    """

    def __init__(self) -> None:
        self._said = False
        self._depth = 0
        self._bar: Any = None

    def on_start(self, event: event.Event) -> None:
        """Tell that compiling begins, and open a bar for the outermost kernel."""
        kernel = event.data["dispatcher"]
        if not _is_ours(kernel):
            return
        if not self._said:
            self._said = True
            _say(kernel)
        if self._depth == 0:
            waiting = sum(_size(each) for each in _called(kernel) if not each.overloads)
            if waiting >= _LONG:
                self._bar = bar(title=tr("compiling the engine"), total=waiting)
        self._depth += 1

    def on_end(self, event: event.Event) -> None:
        """Move the bar; close it with the kernel that it was opened for."""
        kernel = event.data["dispatcher"]
        if not _is_ours(kernel):
            return
        self._depth -= 1
        if self._bar is not None and len(kernel.overloads) <= 1:  # another variety was not reckoned with
            self._bar.update(_size(kernel))
        if self._depth == 0 and self._bar is not None:
            self._bar.refresh()  # the last step is shown, however soon after the one before
            self._bar.close()
            self._bar = None


def _say(kernel: Any) -> None:
    if can_keep(kernel):
        said = tr("zjk_gis: compiling the engine, once for this machine; `zjk-gis warm` does it beforehand")
    else:
        said = tr(
            "zjk_gis: compiling the engine; it cannot be kept, so each process does it again, unless "
            "NUMBA_CACHE_DIR is a directory that can be written"
        )
    print(said, file=sys.stderr, flush=True)


def _is_ours(kernel: Any) -> bool:
    return bool(kernel.py_func.__module__.startswith("zjk_gis."))


def _called(kernel: Any) -> set[Any]:
    """Return a kernel and all that it calls, and they."""
    found, waiting = {kernel}, [kernel]
    while waiting:
        function = waiting.pop().py_func
        for name in function.__code__.co_names:
            other = function.__globals__.get(name)
            if isinstance(other, Dispatcher) and other not in found:
                found.add(other)
                waiting.append(other)
    return found


def _size(kernel: Any) -> int:
    """Return how much code is put together for a kernel."""
    return sum(len(each.py_func.__code__.co_code) for each in _called(kernel))
