"""Work on many points, done in chunks by as many threads as there are processors."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["CHUNK", "CHUNK_AT_HAND", "all_of", "alone", "count", "each_of", "in_chunks", "is_alone"]

CHUNK = 1 << 17  # points: long enough to make the hand-over nothing, short enough to share out evenly
CHUNK_AT_HAND = 1 << 15  # points: what is worked out of them on the way stays in the processor

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_ALONE: ContextVar[bool] = ContextVar("is_alone", default=False)


@contextmanager
def alone() -> Iterator[None]:
    """Let work be done by the thread that asks for it, as where others already use every processor.

    Examples
    --------
    >>> with alone():
    ...     count()
    1
    """
    before = _ALONE.set(True)
    try:
        yield
    finally:
        _ALONE.reset(before)


def is_alone() -> bool:
    """Tell whether the caller's thread is to do all work by itself, see `alone`."""
    return _ALONE.get()


def count() -> int:
    """Return how many threads share the work: ``ZJK_GIS_THREADS``, or the processors this process may use."""
    if is_alone():
        return 1
    asked = os.environ.get("ZJK_GIS_THREADS", "")
    if asked.isdigit() and int(asked) > 0:
        return int(asked)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def each_of(work: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[_Result]:
    """Do the work for every item, some at a time, and hand out the results in the order of the items."""
    listed = list(items)
    threads = min(count(), len(listed))
    if threads <= 1:
        yield from map(work, listed)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(work, listed)


def all_of(work: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
    """Do the work for every item, some at a time, and return the results in the order of the items."""
    return list(each_of(work, items))


def in_chunks(work: Callable[[slice], _Result], size: int, *, chunk: int = CHUNK) -> list[_Result]:
    """Do the work for slices that together cover `size` points, and return the results in their order.

    Examples
    --------
    >>> in_chunks(lambda part: part.stop - part.start, 10, chunk=4)
    [4, 4, 2]
    """
    return all_of(work, [slice(start, min(start + chunk, size)) for start in range(0, size, chunk)])
