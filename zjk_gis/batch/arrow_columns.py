"""Columns of Arrow as the library needs them: coordinates, points, days, whatever type they came in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from zjk_gis._optional import need
from zjk_gis.batch.columns import as_csv, csv_cell
from zjk_gis.errors import MissingColumnError
from zjk_gis.io.binary_shapes import shapes_of_wkb
from zjk_gis.io.tables.cells import (
    Cells,
    Numbers,
    Places,
    Why,
    days_of_cells,
    numbers_of_cells,
    places_of,
)
from zjk_gis.io.tables.scan import loops_for
from zjk_gis.layers.headings import rejects_headings
from zjk_gis.layers.labels import label
from zjk_gis.layers.shapes import point_coordinates
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa
    from numpy.typing import NDArray

    from zjk_gis.layers.columns.times import TimeOrder
    from zjk_gis.layers.labels import Language

__all__ = [
    "as_places",
    "as_series",
    "days_in",
    "places_in",
    "rejected_header",
    "rejected_rows",
    "stripped",
]

_POINT_BYTES = 21


def places_in(batch: pa.RecordBatch, *columns: str) -> Places:
    """Read the positions of rows from a column of points, or from one of x and one of y.

    Examples
    --------
    >>> import pyarrow as pa
    >>> places = places_in(pa.record_batch({"lon": [114.9, None], "lat": ["40.8", "x"]}), "lon", "lat")
    >>> places.x.tolist(), [Why(why).word for why in places.why]
    ([114.9, nan], ['usable', 'not_a_number'])
    """
    found = [stripped(batch.column(name)) for name in columns]
    return as_places(*found) if len(found) == 1 else places_of(*map(as_numbers, found))


def days_in(column: pa.Array, order: TimeOrder) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Read the days of times, and tell where something else than a date stands."""
    from pyarrow import types

    column = stripped(column)
    if types.is_large_string(column.type):
        return days_of_cells(as_cells(column), order)
    return order.days(as_series(column))


def rejected_header(names: Iterable[str], headings: Language) -> bytes:
    """Return the line of names above rows that are set aside."""
    return b",".join(map(csv_cell, [*rejects_headings(headings), *names])) + b"\r\n"


def rejected_rows(
    batch: pa.RecordBatch, why: NDArray[np.uint8], before: int, *, geometry: str | None, lang: Language
) -> bytes:
    """Write the rows that have a reason as lines of text, behind their number and the reason.

    Parameters
    ----------
    batch : RecordBatch
    why : ndarray of uint8
    before : int
        How many rows of the file stand before these.
    geometry : str or None
        The column of points, which become well-known text.
    lang : {"zh", "en"}
    """
    pyarrow = need("pyarrow", extra="parquet", purpose="work in batches")
    out = np.flatnonzero(why)
    reasons = [label(Why(reason).word, lang) for reason in why[out].tolist()]
    told = [pyarrow.array(before + out + 1), pyarrow.array(reasons, pyarrow.string())]
    rows = batch.take(pyarrow.array(out))
    columns = [
        as_wkt(column) if name == geometry else column
        for name, column in zip(rows.schema.names, rows.columns, strict=True)
    ]
    names = [str(at) for at in range(len(columns) + 2)]
    return as_csv(pyarrow.record_batch([*told, *columns], names=names))


def stripped(column: pa.Array) -> pa.Array:
    """Take off what stands between a column and its values: extension types, dictionaries, kinds of text."""
    from pyarrow import types

    if isinstance(column.type, need("pyarrow", extra="parquet", purpose="work in batches").ExtensionType):
        column = column.storage
    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if types.is_string(column.type) or types.is_string_view(column.type):
        column = column.cast("large_string")
    return column


def as_series(column: pa.Array) -> pd.Series:
    """Return a column as pandas has it; days as times."""
    from pyarrow import types

    if types.is_date(column.type):
        column = column.cast("timestamp[ms]")
    return pd.Series(column.to_pandas())


def as_cells(column: pa.Array) -> Cells:
    """Look at a column of text as cells of one long text; a missing one is empty."""
    offsets = np.frombuffer(column.buffers()[1], dtype=np.int64)[
        column.offset : column.offset + len(column) + 1
    ]
    content = column.buffers()[2]
    loops = loops_for(0 if content is None else content.size)
    text = loops.text(b"" if content is None else content.to_pybytes() if content.size < 1 << 19 else content)
    left, right = offsets[:-1].copy(), offsets[1:].copy()
    missing = column.is_null().to_numpy(zero_copy_only=False)
    right[missing] = left[missing]
    return Cells(text, left, right, loops)


def as_numbers(column: pa.Array) -> Numbers:
    from pyarrow import types

    if types.is_large_string(column.type):
        return numbers_of_cells(as_cells(column))
    if not (types.is_floating(column.type) or types.is_integer(column.type) or types.is_decimal(column.type)):
        raise MissingColumnError(
            tr("a column of {type} cannot be coordinates; name another with lon= or lat=", type=column.type)
        )
    values = column.cast("float64", safe=False).fill_null(np.nan).to_numpy(zero_copy_only=False)
    wrong = np.isinf(values)
    return Numbers(np.where(wrong, np.nan, values), np.isnan(values), wrong)


def as_places(column: pa.Array) -> Places:
    """Read points from well-known binary, or from columns of x and y."""
    from pyarrow import types

    if types.is_struct(column.type):
        east, north = (as_numbers(part) for part in column.flatten()[:2])
        return places_of(east, north)
    column = column.cast("large_binary")
    offsets = np.frombuffer(column.buffers()[1], dtype=np.int64)[
        column.offset : column.offset + len(column) + 1
    ]
    content = column.buffers()[2]
    data = np.frombuffer(b"" if content is None else content, dtype=np.uint8)
    missing = column.is_null().to_numpy(zero_copy_only=False)
    usual = (np.diff(offsets) == _POINT_BYTES) & ~missing
    if usual.all() and len(column):
        bytes_ = data[offsets[0] : offsets[-1]].reshape(-1, _POINT_BYTES)
    else:
        bytes_ = data[offsets[:-1][usual][:, None] + np.arange(_POINT_BYTES)]
    xy = np.full((len(column), 2), np.nan)
    xy[usual] = np.ascontiguousarray(bytes_[:, 5:]).view("<f8")
    plain = np.zeros(len(column), dtype=bool)
    plain[usual] = (bytes_[:, :5] == (1, 1, 0, 0, 0)).all(axis=1)
    why = np.zeros(len(column), dtype=np.uint8)
    rest = np.flatnonzero(~plain & ~missing)
    if len(rest):
        shapes = shapes_of_wkb([column[row].as_py() for row in rest.tolist()], on_invalid="ignore")
        xy[rest] = np.column_stack(point_coordinates(shapes))
        why[rest[shapely.get_type_id(shapes) != shapely.GeometryType.POINT]] = Why.NO_POINT
    x, y = np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1])
    why[(why == 0) & (np.isinf(x) | np.isinf(y))] = Why.NOT_A_NUMBER
    why[(why == 0) & (np.isnan(x) | np.isnan(y))] = Why.MISSING
    return Places(x, y, why).without(why > 0, None)


def as_wkt(column: pa.Array) -> pa.Array:
    pyarrow = need("pyarrow", extra="parquet", purpose="work in batches")
    column = stripped(column)
    if pyarrow.types.is_struct(column.type):
        return column
    shapes = shapes_of_wkb(column.to_pylist(), on_invalid="ignore")
    return pyarrow.array(shapely.to_wkt(shapes, rounding_precision=9).tolist(), pyarrow.string())
