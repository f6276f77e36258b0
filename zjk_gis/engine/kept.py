"""Compiled code on disk: written where that is possible, read wherever it lies, missed without an error.

Numba keeps code in the first of three directories that can be written: ``NUMBA_CACHE_DIR``, ``__pycache__``
beside the module, the user's cache directory. What was compiled into an image by another user, or lies on a
disk that is read only since, it does not even look at. Here such a directory is read, too, if it comes before
the one that is written to; and a disk that is full or taken away in the middle of the work is as if nothing
could be kept, from then on.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numba.core import config
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    IndexDataCacheFile,
    InTreeCacheLocator,
    UserProvidedCacheLocator,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["KeptCode", "can_keep", "holds_any"]


class _Nowhere(InTreeCacheLocator):
    """The last resort: beside the module, though it cannot be written to."""

    @classmethod
    def from_function(cls, function: Callable[..., Any], file: str) -> _Nowhere:
        """Return one that is not tried: it will not be written to."""
        return cls(function, file)


class _Places(CompileResultCacheImpl):
    _locator_classes = [*CompileResultCacheImpl._locator_classes, _Nowhere]  # noqa: RUF012, SLF001


class KeptCode(FunctionCache):
    """What is kept of one function.

    Parameters
    ----------
    function : callable
    sources : str
        A digest of all that its code rests on; what was kept of others is not used.
    """

    _impl_class = _Places
    failed = False  # whether a disk has turned out not to take anything

    def __init__(self, function: Callable[..., Any], sources: str) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        locator = self._impl.locator
        self.is_writable = not isinstance(locator, _Nowhere)
        self._cache_file._source_stamp = (*self._cache_file._source_stamp, sources)  # noqa: SLF001
        self._before = _read_before(function, locator)

    def holds_any(self) -> bool:
        """Tell whether code of the function lies somewhere."""
        return any(_read(file._load_index) for file in self._everywhere())  # noqa: SLF001

    def _everywhere(self) -> list[Any]:
        own = self._cache_file
        about = (self._impl.filename_base, own._source_stamp)  # noqa: SLF001
        new: Any = IndexDataCacheFile
        return [own, *(new(path, *about) for path in self._before)]

    def _load_overload(self, signature: Any, target: Any) -> Any:
        key = self._index_key(signature, target.codegen())  # type: ignore[no-untyped-call]
        for file in self._everywhere():
            data = _read(partial(file.load, key))
            if data is not None:
                return self._impl.rebuild(target, data)
        return None

    def _save_overload(self, signature: Any, data: Any) -> None:
        if self.is_writable and not KeptCode.failed:
            try:
                if _read(self._cache_file._load_index) is None:  # noqa: SLF001
                    self._cache_file.flush()  # type: ignore[no-untyped-call]
                super()._save_overload(signature, data)  # type: ignore[no-untyped-call]
            except OSError:  # full, or no longer there
                KeptCode.failed = True


def can_keep(kernel: Any) -> bool:
    """Tell whether what is compiled of a kernel will be there for the next process."""
    kept = kernel._cache  # noqa: SLF001
    return isinstance(kept, KeptCode) and kept.is_writable and not KeptCode.failed


def holds_any(kernel: Any) -> bool:
    """Tell whether code of a kernel lies on disk, for whatever processor."""
    kept = kernel._cache  # noqa: SLF001
    return isinstance(kept, KeptCode) and kept.holds_any()


def _read_before(function: Callable[..., Any], locator: Any) -> list[str]:
    """Return the directories that come before the one to write to, and so could not be written to."""
    if getattr(config, "CACHE_LOCATOR_CLASSES", ""):  # somebody has said where to look
        return []
    file, found = locator._py_file, []  # noqa: SLF001
    for each in (UserProvidedCacheLocator, InTreeCacheLocator):
        if each is UserProvidedCacheLocator and not getattr(config, "CACHE_DIR", ""):
            continue
        if isinstance(locator, each) and not isinstance(locator, _Nowhere):
            break
        path: str = each(function, file).get_cache_path()  # type: ignore[no-untyped-call]
        if Path(path).is_dir():
            found.append(path)
    return found


def _read(work: Callable[[], Any]) -> Any:
    """Read from what is kept; what is damaged, as a power cut may leave it, is not there."""
    try:
        return work()
    except Exception:
        return None
