"""Every exception zjk_gis raises on purpose.

::

    ZjkGisError
    ├── InputError                 what the caller gave cannot be used (also a ValueError)
    │   ├── MissingColumnError     a layer lacks a column that the question needs
    │   ├── EmptyLayerError        a layer has no rows
    │   ├── CRSError               no coordinate reference system, or one that cannot serve
    │   ├── GeometryError          rows whose geometry is missing, invalid or of the wrong kind
    │   ├── RefreshError           a guard stops the run of a city; nothing is written
    │   ├── ProblemsError          a layer has errors and is not taken in; its report lists them
    │   └── CityFileError          a city file has faults; it lists them all, each with its line
    ├── FileError                  a file cannot be read or written (also an OSError)
    ├── WorkspaceError             a workspace cannot be reached, or others changed it meanwhile
    │   └── BusyError              another run of the same city is at work
    └── MissingExtraError          an optional package is not installed (also an ImportError)

A message names the layer, the rows and what to do, so that a colleague can act on it without opening
the source. Anything else that escapes is a defect of the library.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "BusyError",
    "CRSError",
    "CityFileError",
    "EmptyLayerError",
    "FileError",
    "GeometryError",
    "InputError",
    "MissingColumnError",
    "MissingExtraError",
    "ProblemsError",
    "RefreshError",
    "WorkspaceError",
    "ZjkGisError",
    "counted",
    "name_rows",
    "records_named",
]

_IS_OF_FILE: ContextVar[bool] = ContextVar("is_of_file", default=False)


class ZjkGisError(Exception):
    """The root of every error raised on purpose."""


class InputError(ZjkGisError, ValueError):
    """What the caller gave cannot be used."""


class MissingColumnError(InputError):
    """A layer lacks a column that the question needs."""


class EmptyLayerError(InputError):
    """A layer has no rows."""


class CRSError(InputError):
    """A layer has no coordinate reference system, or one that cannot serve."""


class GeometryError(InputError):
    """Rows whose geometry is missing, invalid or of the wrong kind.

    Attributes
    ----------
    rows : DataFrame or None
        All the rows concerned where a layer is refused, of which the message names the first: ``layer``,
        ``row`` (the index label), ``code``, ``fault`` (a key such as ``crosses_itself`` or ``no_geometry``),
        ``x`` and ``y`` (where, in the layer's own coordinates).
    """

    rows: Any = None


class ProblemsError(InputError):
    """A layer has errors and is not taken in; `report` lists them all, for `write_problems`."""

    report: Any = None


class RefreshError(InputError):
    """A guard stops the run of a city before anything is written; the message lists all that is wrong."""


class CityFileError(InputError):
    """A city file has faults; `faults` lists all of them, each with ``line``, ``where`` and ``message``."""

    faults: tuple[Any, ...] = ()


class FileError(ZjkGisError, OSError):
    """A file cannot be read or written."""


class WorkspaceError(ZjkGisError):
    """A workspace cannot be reached, or others changed it meanwhile."""


class BusyError(WorkspaceError):
    """Another run of the same city is at work."""


class MissingExtraError(ZjkGisError, ImportError):
    """An optional package is not installed."""


@contextmanager
def records_named() -> Iterator[None]:
    """While a file is read, name its rows as whoever looks into it counts them: record 1 is the first.

    A table in memory is named by its index labels, which begin with 0. Also a decorator.

    Examples
    --------
    >>> with records_named():
    ...     name_rows([0, 4]), name_rows([4], is_counted=True)
    ('records 1, 5', 'row 4')
    """
    token = _IS_OF_FILE.set(True)
    try:
        yield
    finally:
        _IS_OF_FILE.reset(token)


def name_rows(labels: Iterable[object], *, most: int = 5, is_counted: bool = False) -> str:
    """Name the first few rows of a list for an error message.

    Parameters
    ----------
    labels : iterable
        Index labels of the rows concerned.
    most : int, default 5
        How many are named before the rest is only counted.
    is_counted : bool, default False
        Whether they are the numbers of rows in a sheet or file already, titles and names among them.

    Returns
    -------
    str

    Examples
    --------
    >>> name_rows([17, 88, 901])
    'rows 17, 88, 901'
    >>> name_rows(range(9), most=3)
    'rows 0, 1, 2 and 6 more'
    """
    is_of_file = _IS_OF_FILE.get() and not is_counted
    named = [str(_record(label) if is_of_file else label) for label in labels]
    rest = len(named) - most
    listed = ", ".join(named[:most])
    if is_of_file and rest > 0:
        return tr("records {rows} and {rest} more", rows=listed, rest=rest)
    if is_of_file:
        return tr("record {rows}", rows=listed) if len(named) == 1 else tr("records {rows}", rows=listed)
    if rest > 0:
        return tr("rows {rows} and {rest} more", rows=listed, rest=rest)
    return tr("row {rows}", rows=listed) if len(named) == 1 else tr("rows {rows}", rows=listed)


def _record(label: object) -> object:
    """Return which record of a file a row is, as its table is numbered from 0."""
    return int(label) + 1 if hasattr(label, "__index__") else label


def counted(count: int, one: str, many: str) -> str:
    """Say how many there are, in words that fit the number.

    Parameters
    ----------
    count : int
    one, many : str
        What follows 1, and what follows any other number.

    Returns
    -------
    str

    Examples
    --------
    >>> counted(1, "row lies", "rows lie"), counted(2000, "row lies", "rows lie")
    ('1 row lies', '2,000 rows lie')
    """
    return f"{count:,} {tr(one if count == 1 else many)}"
