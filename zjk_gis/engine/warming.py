"""Kernels compiled before they are asked for, in processes side by side.

Compiling holds a lock that threads share and processes do not. So where nothing is kept yet, another process
compiles what answers while this one compiles what builds; `warm` does all of it at once, for a machine or an
image. Where code cannot be kept nothing of this is done.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.engine.kept import KeptCode, can_keep, holds_any
from zjk_gis.threads import count, each_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["GROUPS", "beside", "compile_and_keep", "compile_group", "is_kept", "warm"]


def _grid() -> None:
    from zjk_gis.engine.polygons.index import PolygonIndex

    PolygonIndex(np.array([shapely.box(0, 0, 1, 1)])).compile()


def _points() -> None:
    from zjk_gis.engine.polygons.grid import CompiledGrid
    from zjk_gis.engine.widths.approximate import Approximation

    x = np.zeros(1)
    nowhere = CompiledGrid(
        words=np.zeros(64, np.uint32), coords=np.zeros((2, 2)), place=(0.0, 0.0, 1.0, 1.0), nx=1, ny=1,
        n_zones=1, offsets=np.zeros(1, np.int64), members=np.zeros(0, np.int32), blocks=np.zeros((0, 5)),
        tolerance=0.0,
    )  # fmt: skip
    nowhere.locate(x, x)
    nowhere.contacts(x, x, np.ones(1))
    in_degrees = Approximation.fit(lambda x, y: (x, y), (0.0, 0.0, 1.0, 1.0), 1.0)
    if in_degrees is not None:
        in_degrees.apply(x, x)


def _discs() -> None:
    from zjk_gis.engine.polygons.discs import ChainedRings
    from zjk_gis.engine.shapes import Rings

    one = np.ones(1)
    ChainedRings(Rings.of(np.array([shapely.box(0, 0, 1, 1)]))).disc_shares(
        one, one, one, np.zeros(1, np.int64)
    )


def _lines() -> None:
    from zjk_gis.engine.segments import SegmentGrid

    street = SegmentGrid(np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([0]), np.array([0], np.int32))
    street.nearest([0.0], [0.0])
    street.within([0.0], [0.0], distance=1.0)


GROUPS: dict[str, Callable[[], None]] = {"grid": _grid, "points": _points, "lines": _lines, "discs": _discs}


def compile_group(name: str) -> None:
    """Compile the kernels of a group, or load them where they are kept, by asking them next to nothing."""
    GROUPS[name]()


def compile_and_keep(name: str) -> None:
    """Compile the kernels of a group, and end the process with an error if they could not be kept."""
    compile_group(name)
    sys.exit(1 if KeptCode.failed else 0)


def warm() -> Iterator[bool]:
    """Compile all groups, some at a time, each in a process of its own; tell of each whether it is done."""
    yield from each_of(lambda name: _started(name).wait() == 0, GROUPS)


def is_kept() -> bool:
    """Tell whether compiled code is on disk, so that the next process need not compile it."""
    from zjk_gis.engine.polygons.locate import locate_points

    return holds_any(locate_points)


@contextmanager
def beside(group: str, kernel: Any) -> Iterator[None]:
    """Let another process compile a group meanwhile, unless its kernel is there already or cannot be kept."""
    if count() == 1 or kernel.overloads or holds_any(kernel) or not can_keep(kernel):
        yield
        return
    try:
        helper = _started(group)
    except OSError:  # then it is compiled here, later
        yield
        return
    try:
        yield
        helper.wait()
    finally:
        helper.kill()  # nothing, if it has ended


def _started(group: str) -> subprocess.Popen[bytes]:
    """Start a process that compiles a group; it imports nothing from the directory it runs in.

    It ends with an error where the disk did not take what it compiled.
    """
    words = f"from zjk_gis.engine.warming import compile_and_keep; compile_and_keep({group!r})"
    silent = subprocess.DEVNULL
    command = [sys.executable, "-P", "-c", words]
    return subprocess.Popen(command, stdin=silent, stdout=silent, stderr=silent)  # noqa: S603
