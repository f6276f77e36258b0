"""The file of a register of covers, and what is put into it: an SQLite database with an R*Tree.

Measured beside an rtree in two files of its own (libspatialindex, by the package `rtree`), as it was before:
300,000 covers on 40 x 40 km, seconds of processor time in one run, the same calls with the same answers:

==============================  =============  ============
..                              rtree beside   R*Tree here
==============================  =============  ============
build, on disk                  2.07           5.51
1,000 nearest                   1.15           0.49
1,000 times the nearest 10      1.36           0.57
100 areas of 1 km²              0.26           0.17
3 nearest, from 100 km away     2.48           1.40
1,000 moves, one call each      0.78           0.62
1,000 inserts, one call each    1.29           1.02
1,000 deletes, one call each    0.10           0.11
10,000 moves in one call        3.52           2.21
open again                      0.066          0.003
on disk                         128 MB         32 MB
==============================  =============  ============

Only the building takes longer, since SQLite puts in one cover at a time. Most of the time of a nearest cover
is still the making of its DataFrame (one here, two before), and of a move the checks of its place.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.crs import is_metric, title_of_crs
from zjk_gis.crs.systems import in_china
from zjk_gis.errors import CRSError, FileError, InputError, name_rows
from zjk_gis.layers.columns.coordinates import is_zero
from zjk_gis.words import tr

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray
    from pyproj import CRS

__all__ = [
    "KIND", "area_of", "as_table", "begun", "blamed", "check_metres", "check_places", "connected", "given",
    "numbers",
]  # fmt: skip

_CITY_M = 300_000.0  # Zhangjiakou reaches 290 km from north to south, so 150 km from its middle
KIND = 0x7A6A6B68  # marks the file as a register of ours
_TABLES = """
CREATE TABLE covers (id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, x REAL NOT NULL, y REAL NOT NULL);
CREATE VIRTUAL TABLE places USING rtree (id, west, east, south, north);
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


def given(
    code: str | Sequence[str], x: ArrayLike, y: ArrayLike
) -> tuple[list[str], NDArray[np.float64], NDArray[np.float64]]:
    """Read codes and coordinates: one of each, or as many of each."""
    single = isinstance(code, str) or not hasattr(code, "__iter__")
    codes: list[Any] = [code] if single else list(code)
    wrong = [i for i, each in enumerate(codes) if not isinstance(each, str) or not each.strip()]
    if wrong:
        raise InputError(
            tr("covers: codes must be text that is not blank ({rows}); fill them", rows=name_rows(wrong))
        )
    xs, ys = numbers(x, y)
    if not len(codes) == len(xs) == len(ys):
        raise InputError(
            tr(
                "covers: {codes_count} codes, {xs_count} x and {ys_count} y; give as many of each",
                codes_count=len(codes),
                xs_count=len(xs),
                ys_count=len(ys),
            )
        )
    return codes, xs, ys


def numbers(x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read coordinates, and refuse what is none."""
    try:
        xs, ys = (np.atleast_1d(np.asarray(each, dtype=np.float64)) for each in (x, y))
    except (TypeError, ValueError):
        raise InputError(tr("covers: coordinates must be numbers, in metres")) from None
    bad = (
        np.flatnonzero(~(np.isfinite(xs) & np.isfinite(ys))) if len(xs) == len(ys) else np.empty(0, np.int64)
    )
    if len(bad):
        raise InputError(
            tr("covers: coordinates are missing or infinite ({rows}); drop them", rows=name_rows(bad))
        )
    return xs, ys


def check_places(
    codes: Sequence[str],
    xs: NDArray[np.float64],
    ys: NDArray[np.float64],
    others: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    """Refuse covers that cannot be where they are said to be.

    Parameters
    ----------
    codes : sequence of str
    xs, ys : ndarray of float64
    others : tuple of ndarray of float64
        Where the covers lie that are there already and stay.

    Raises
    ------
    InputError
        If one lies at 0, 0, is given in degrees, or lies farther from the middle of all than a city reaches.
    """
    check_metres(xs, ys, codes)
    x, y = others if len(others[0]) else (xs, ys)
    if not len(x):
        return
    away = np.hypot(xs - np.median(x), ys - np.median(y))
    far = np.flatnonzero(away > _CITY_M)
    if len(far):
        first = int(far[0])
        named = ", ".join(codes[at] for at in far[:5].tolist())
        more = f" and {len(far) - 5} more" if len(far) > 5 else ""
        raise InputError(
            tr(
                "covers: {named}{more} cannot be in this city: {codes} lies {away:,.0f} km from the "
                "middle of the covers; correct its position",
                named=named,
                more=more,
                codes=codes[first],
                away=away[first] / 1000,
            )
        )


def check_metres(xs: NDArray[np.float64], ys: NDArray[np.float64], codes: Sequence[str] = ()) -> None:
    """Refuse what cannot be an easting and a northing: 0, 0, and degrees in either order.

    Raises
    ------
    InputError
    """
    for wrong, what in (
        (is_zero(xs, ys), "at 0, 0, which is not a position"),
        (
            in_china(xs, ys) | in_china(ys, xs),
            "in degrees, and the register is in metres; convert them to its crs",
        ),
    ):
        at = np.flatnonzero(wrong).tolist()
        if at:
            named = ", ".join(codes[row] for row in at[:5]) if len(codes) else f"{xs[at[0]]:g}, {ys[at[0]]:g}"
            more = f" and {len(at) - 5} more" if len(at) > 5 else ""
            raise InputError(
                tr(
                    "covers: {named}{more} {value} {what}",
                    named=named,
                    more=more,
                    value="is" if len(at) == 1 else "are",
                    what=what,
                )
            )


def as_table(rows: Sequence[tuple[str, float, float]], **more: Sequence[float]) -> pd.DataFrame:
    """Return rows of the register as a table, with more columns of numbers."""
    codes, xs, ys = zip(*rows, strict=True) if rows else ((), (), ())
    columns = {name: np.array(each, dtype=np.float64) for name, each in {"x": xs, "y": ys, **more}.items()}
    return pd.DataFrame({"code": pd.array(codes, dtype="str"), **columns})


def begun(path: str | os.PathLike[str] | None, crs: CRS) -> tuple[sqlite3.Connection, Path | None]:
    """Make the tables of a new register."""
    if not is_metric(crs):
        raise CRSError(
            tr("covers: {title_of_crs} is not in metres; convert the layer", title_of_crs=title_of_crs(crs))
        )
    place = None if path is None else Path(path).absolute()
    if place is not None and (place.exists() or not place.parent.is_dir()):
        what = (
            "is there already; CoverRegister.open opens it" if place.exists() else "the folder does not exist"
        )
        raise FileError(tr("{place}: {what}", place=place, what=what))
    with blamed(place):
        database = connected(place)
        database.executescript(f"BEGIN; {_TABLES} PRAGMA application_id = {KIND}; COMMIT;")
        database.execute("INSERT INTO about VALUES ('crs', ?)", [crs.to_wkt()])
    return database, place


def connected(place: Path | None) -> sqlite3.Connection:
    """Open the file, and hold it alone."""
    database = sqlite3.connect(":memory:" if place is None else place, isolation_level=None, timeout=0.5)
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA cache_size = -65536")
    if place is not None:  # held alone until it is closed, whatever becomes of the process
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("BEGIN IMMEDIATE")
        database.execute("COMMIT")
    return database


@contextmanager
def blamed(place: Path | None) -> Iterator[None]:
    """Say of which file it is what SQLite says."""
    try:
        yield
    except sqlite3.Error as error:
        why = "another process has it open" if "locked" in str(error) else str(error)
        raise FileError(tr("{value}: {why}", value=place or "register", why=why)) from error


def area_of(area: object) -> shapely.Geometry:
    """Return an area as a shape."""
    if isinstance(area, shapely.Geometry):
        return area
    corners: Any = np.empty(0)
    if isinstance(area, tuple | list | np.ndarray):
        with suppress(TypeError, ValueError):
            corners = np.asarray(area, dtype=np.float64).ravel()
    if len(corners) != 4 or not np.isfinite(corners).all() or (corners[:2] > corners[2:]).any():
        raise InputError(
            tr("area must be a geometry or (minx, miny, maxx, maxy), not {area!r:.100}", area=area)
        )
    box: shapely.Geometry = shapely.box(*corners.tolist())
    return box
