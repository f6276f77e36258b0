"""The spatial index of a register of covers, kept in two files beside it."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np
import rtree

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

__all__ = ["made_index", "mark_of", "opened_index"]


def opened_index(database: sqlite3.Connection, path: Path | None) -> rtree.index.Index:
    """Open the index beside the register if it is as it was left, or make it again."""
    if path is not None:
        kept = database.execute("SELECT value FROM about WHERE key = 'index'").fetchone()
        if kept is not None and kept[0] == mark_of(path):
            return rtree.index.Index(str(path))
    return made_index(database, path)


def made_index(database: sqlite3.Connection, path: Path | None) -> rtree.index.Index:
    """Make the index of all covers, beside the register or in memory."""
    rows = database.execute("SELECT id, x, y FROM covers ORDER BY id").fetchall()
    where = [] if path is None else [str(path)]
    if not rows:
        return rtree.index.Index(*where, properties=_properties(), overwrite=True)
    table = np.array(rows, dtype=np.float64)
    ids, places = table[:, 0].astype(np.int64), np.ascontiguousarray(table[:, 1:])
    return rtree.index.Index(*where, (ids, places, places), properties=_properties(), overwrite=True)


def mark_of(path: Path) -> str:
    """Return what tells whether the files of the index beside a register are as they were left."""
    marks = []
    for part in (path.with_name(path.name + ending) for ending in (".dat", ".idx")):
        mark, size = 0, 0
        if part.exists():
            with part.open("rb") as file:
                while block := file.read(1 << 20):
                    mark, size = zlib.crc32(block, mark), size + len(block)
        marks.append(f"{size}:{mark:08x}")
    return " ".join(marks)


def _properties() -> rtree.index.Property:
    """Return how the tree is built: loaded at once, nodes are filled to the factor that is also their least.

    With the factor 0.7 that rtree has by itself, the first cover taken out of a node breaks the node up,
    which takes twenty times as long.
    """
    properties = rtree.index.Property()
    properties.fill_factor = 0.4
    properties.leaf_capacity = properties.index_capacity = 32
    properties.near_minimum_overlap_factor = 16  # must be less than the capacity
    return properties
