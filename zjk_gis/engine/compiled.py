"""The one way to compile a function, and what a user sees of it.

Kernels become machine code at their first call, and the code is kept on disk (`kept`). Where it cannot be,
all works and is compiled again in each process. Compiling takes some seconds, and says so (`announcing`).

Compiling takes as long as there is to compile. So kernels give each other numbers of one type (a bare 0 is a
type of its own, and makes another variety of all that is called with it), and copy in loops (an assignment to
a slice brings along the words of its error).

What is kept is thrown away when **any** file of a room with kernels changes: a kernel holds the code of those
it calls, in whatever file they stand.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numba
from numba.core import event

from zjk_gis.engine.announcing import Announcer
from zjk_gis.engine.kept import KeptCode

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["KERNEL_ROOMS", "compiled", "inner", "lean"]

KERNEL_ROOMS = ("engine", "networks", "io/tables", "pipes/topology")  # where kernels stand

_Function = TypeVar("_Function", bound="Callable[..., Any]")


def compiled(function: _Function) -> _Function:
    """Compile a function of numbers and arrays, to run without the interpreter's lock."""
    return _kept(function, _nrt=True)  # said, or a kernel called by a lean one would be lean


def lean(function: _Function) -> _Function:
    """Compile a function that makes no arrays, and need not count who holds those it is given.

    Counting is an atomic operation for each array and call, which all threads wait for: in an inner loop it
    can take as long as the work.
    """
    return _kept(function, _nrt=False)


def inner(function: _Function) -> _Function:
    """Compile a lean function that only compiled ones call: Python's way in is not made, which takes time."""
    return _kept(function, _nrt=False, no_cpython_wrapper=True)


def _kept(function: _Function, **options: Any) -> _Function:
    """Compile a function, and keep its code on disk where that is possible."""
    options |= {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
    kernel: Any = numba.njit(**options)(function)
    with contextlib.suppress(RuntimeError):  # no directory to keep the code in
        kernel._cache = KeptCode(function, _SOURCES)  # noqa: SLF001
    return kernel  # type: ignore[no-any-return]


def _digest_of_sources() -> str:
    digest = hashlib.blake2b(digest_size=8)
    package = Path(__file__).parents[1]
    for path in sorted(path for room in KERNEL_ROOMS for path in (package / room).rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


_SOURCES = _digest_of_sources()
event.register("numba:compile", Announcer())  # type: ignore[no-untyped-call]
