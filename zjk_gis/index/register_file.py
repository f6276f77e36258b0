"""The file of a register of covers, and what is put into it."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.crs import is_metric
from zjk_gis.errors import CRSError, FileError, InputError, name_rows

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray
    from pyproj import CRS

__all__ = ["KIND", "as_table", "begun", "blamed", "connected", "given", "numbers"]

KIND = 0x7A6A6B67  # marks the file as a register of ours
_TABLES = """
CREATE TABLE covers (id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, x REAL NOT NULL, y REAL NOT NULL);
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
        message = f"covers: codes must be text that is not blank ({name_rows(wrong)}); fill them"
        raise InputError(message)
    xs, ys = numbers(x, y)
    if not len(codes) == len(xs) == len(ys):
        message = f"covers: {len(codes)} codes, {len(xs)} x and {len(ys)} y; give as many of each"
        raise InputError(message)
    return codes, xs, ys


def numbers(x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read coordinates, and refuse what is none."""
    try:
        xs, ys = (np.atleast_1d(np.asarray(each, dtype=np.float64)) for each in (x, y))
    except (TypeError, ValueError):
        message = "covers: coordinates must be numbers, in metres"
        raise InputError(message) from None
    bad = (
        np.flatnonzero(~(np.isfinite(xs) & np.isfinite(ys))) if len(xs) == len(ys) else np.empty(0, np.int64)
    )
    if len(bad):
        message = f"covers: coordinates are missing or infinite ({name_rows(bad)}); drop them"
        raise InputError(message)
    return xs, ys


def as_table(rows: Sequence[tuple[str, float, float]]) -> pd.DataFrame:
    """Return rows of the register as a table."""
    codes, xs, ys = zip(*rows, strict=True) if rows else ((), (), ())
    places = {"x": np.array(xs, dtype=np.float64), "y": np.array(ys, dtype=np.float64)}
    return pd.DataFrame({"code": pd.array(codes, dtype="str"), **places})


def begun(path: str | os.PathLike[str] | None, crs: CRS) -> tuple[sqlite3.Connection, Path | None]:
    """Make the tables of a new register."""
    if not is_metric(crs):
        message = f"covers: {crs.to_string()} is not in metres; convert the layer"
        raise CRSError(message)
    place = None if path is None else Path(path).absolute()
    if place is not None and (place.exists() or not place.parent.is_dir()):
        what = (
            "is there already; CoverRegister.open opens it" if place.exists() else "the folder does not exist"
        )
        message = f"{place}: {what}"
        raise FileError(message)
    with blamed(place):
        database = connected(place)
        database.executescript(f"BEGIN; {_TABLES} PRAGMA application_id = {KIND}; COMMIT;")
        database.execute("INSERT INTO about VALUES ('crs', ?)", [crs.to_wkt()])
    return database, place


def connected(place: Path | None) -> sqlite3.Connection:
    """Open the file, and hold it alone."""
    database = sqlite3.connect(":memory:" if place is None else place, isolation_level=None, timeout=0.5)
    database.execute("PRAGMA trusted_schema = OFF")
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
        message = f"{place or 'register'}: {why}"
        raise FileError(message) from error
