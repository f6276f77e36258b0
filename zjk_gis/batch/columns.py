"""Columns of a batch in other clothes: as lines of a .csv file, as points."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis._optional import need
from zjk_gis.io.geopackage import names_apart
from zjk_gis.io.spreadsheets import guard_formula

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["as_csv", "csv_cell", "for_geopackage", "points_as_wkb"]

# What `guard_formula` puts an apostrophe before, and what it leaves.
_FORMULA = r"^'*[=+\-@\t\r]"
_NEGATIVE = r"^-(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
_POINT = np.dtype([("order", "u1"), ("kind", "<u4"), ("x", "<f8"), ("y", "<f8")])  # 21 bytes


def as_csv(batch: pa.RecordBatch, *, line_end: str = "\r\n") -> bytes:
    r"""Write rows as lines of .csv, without the line of names; no text among them is a formula.

    Missing is an empty cell, empty text a quoted one; lists and the like are JSON, bytes hexadecimal.

    Examples
    --------
    >>> import pyarrow as pa
    >>> as_csv(pa.record_batch({"code": ["007", "=1+1", None], "n": [1.5, 20.0, None]}))
    b'"007",1.5\r\n"\'=1+1",20\r\n,\r\n'
    """
    pyarrow = need("pyarrow", extra="parquet", purpose="work in batches")
    from pyarrow import csv

    columns = [_writable(column) for column in batch.columns]
    names = [str(at) for at in range(len(columns))]
    sink = pyarrow.BufferOutputStream()
    options = csv.WriteOptions(include_header=False, eol=line_end)
    csv.write_csv(pyarrow.record_batch(columns, names=names), sink, options)
    written: bytes = sink.getvalue().to_pybytes()
    return written


@cache
def _marks(delimiter: str) -> re.Pattern[str]:
    return re.compile(f'[{re.escape(delimiter)}"\n\r]')


def csv_cell(text: str, delimiter: str = ",") -> bytes:
    r"""Write text that the library made as one cell: no formula, quoted where it must be.

    Examples
    --------
    >>> csv_cell("一区,北"), csv_cell("=1+1"), csv_cell("东区")[:3].decode()
    (b'"\xe4\xb8\x80\xe5\x8c\xba,\xe5\x8c\x97"', b"'=1+1", '东')
    """
    guarded = guard_formula(text)
    if _marks(delimiter).search(guarded):
        guarded = '"' + guarded.replace('"', '""') + '"'
    return guarded.encode()


def points_as_wkb(x: NDArray[np.float64], y: NDArray[np.float64]) -> pa.Array:
    """Return points as well-known binary.

    Examples
    --------
    >>> points_as_wkb(np.array([1.0]), np.array([2.0]))[0].as_py().hex()
    '0101000000000000000000f03f0000000000000040'
    """
    pyarrow = need("pyarrow", extra="parquet", purpose="work in batches")
    points = np.empty(len(x), dtype=_POINT)
    points["order"], points["kind"], points["x"], points["y"] = 1, 1, x, y
    offsets = np.arange(0, (len(x) + 1) * _POINT.itemsize, _POINT.itemsize, dtype=np.int32)
    return pyarrow.Array.from_buffers(
        pyarrow.binary(), len(x), [None, pyarrow.py_buffer(offsets), pyarrow.py_buffer(points)]
    )


def for_geopackage(rows: Any) -> Any:
    """Return rows in types that a GeoPackage can hold: codes as their words, lists and the like as JSON.

    Of columns whose names differ by case alone the later ones get a number behind their name.
    """
    pyarrow = need("pyarrow", extra="parquet", purpose="work in batches")
    from pyarrow import types

    columns = []
    for column in rows.columns:
        kind = column.type
        if types.is_dictionary(kind):
            column = column.cast(kind.value_type)  # noqa: PLW2901 - a chunked column knows no dictionary_decode
        elif types.is_nested(kind):
            column = _json(column)  # noqa: PLW2901
        elif types.is_null(kind):
            column = column.cast(pyarrow.string())  # noqa: PLW2901
        columns.append(column)
    others = names_apart(rows.schema.names, by_case=False)
    names = [others.get(at, name) for at, name in enumerate(rows.schema.names)]
    schema = pyarrow.schema([(name, column.type) for name, column in zip(names, columns, strict=True)])
    return type(rows).from_arrays(columns, schema=schema)


def _writable(column: pa.Array) -> pa.Array:
    """Return a column in a type that a .csv file can hold."""
    from pyarrow import compute, types

    kind = column.type
    if types.is_dictionary(kind):
        return _writable(column.dictionary_decode())
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return _guarded(column.cast("large_string"))
    if types.is_boolean(kind):
        return compute.if_else(column, "True", "False")
    if _is_plain(kind):
        return column
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        return _texts(None if value is None else value.hex() for value in column.to_pylist())
    return _guarded(_json(column))


def _json(column: Any) -> pa.Array:
    return _texts(
        None if value is None else json.dumps(value, ensure_ascii=False, default=str)
        for value in column.to_pylist()
    )


def _is_plain(kind: Any) -> bool:
    from pyarrow import types

    return any(
        is_kind(kind)
        for is_kind in (
            types.is_null,
            types.is_integer,
            types.is_floating,
            types.is_decimal,
            types.is_date,
            types.is_time,
            types.is_timestamp,
        )
    )


def _guarded(texts: pa.Array) -> pa.Array:
    from pyarrow import compute

    formula = compute.match_substring_regex(texts, _FORMULA)
    if not compute.any(formula).as_py():
        return texts
    negative = compute.match_substring_regex(texts, _NEGATIVE)
    apostrophe = compute.replace_substring_regex(texts, "(?s)^", "'")
    return compute.if_else(compute.and_not(formula, negative), apostrophe, texts)


def _texts(values: Iterable[str | None]) -> pa.Array:
    pyarrow = need("pyarrow", extra="parquet", purpose="work in batches")
    return pyarrow.array(list(values), pyarrow.large_string())
