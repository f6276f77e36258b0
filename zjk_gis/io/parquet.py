"""Parquet files, of tables or of layers: whole numbers stay whole, columns of one name are told apart."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from zjk_gis._optional import need
from zjk_gis.errors import FileError
from zjk_gis.io.binary_shapes import PLAIN_BYTES, lies_too_deep
from zjk_gis.io.paths import blamed_on
from zjk_gis.io.tables.layout import unique_names
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa

    from zjk_gis.read_report import ReadReport

__all__ = ["distinct_schema", "read_parquet"]


def read_parquet(source: Path, report: ReadReport) -> pd.DataFrame:
    """Read a table, or a layer where the file says that it is one; the report is told renamed columns."""
    parquet = need("pyarrow.parquet", extra="parquet", purpose="read a .parquet file")
    with blamed_on(source):
        schema = parquet.read_schema(source)
        opened: Any = source
        if len(set(schema.names)) < len(schema.names):  # which neither pandas nor GeoPandas reads
            opened = _with_names(parquet, source, distinct_schema(schema, source, report))
        described = (schema.metadata or {}).get(b"geo")
        if described is None:
            return _with_whole_numbers(pd.read_parquet(opened), parquet, opened).reset_index(drop=True)
        for name in json.loads(described)["columns"]:
            for value in _large_values(parquet.read_table(opened, columns=[name])[name]):
                if lies_too_deep(value):
                    raise FileError(
                        tr(
                            "{source}: has collections that lie too deep in each other; it is damaged",
                            source=source,
                        )
                    )
        frame = _with_whole_numbers(gpd.read_parquet(opened), parquet, opened)
        return frame.reset_index(drop=True)


def distinct_schema(schema: pa.Schema, source: Path, report: ReadReport) -> pa.Schema:
    """Give the columns of a Parquet file that bear a name again another; the report is told."""
    names = unique_names(schema.names, source, report)
    if names == schema.names:
        return schema
    pyarrow = need("pyarrow", extra="parquet", purpose="read a .parquet file")
    told = {old: new for old, new in zip(schema.names, names, strict=True) if old != new}
    report.renamed |= told
    about = {key: value for key, value in (schema.metadata or {}).items() if key != b"pandas"}
    fields = [each.with_name(name) for each, name in zip(schema, names, strict=True)]
    return pyarrow.schema(fields, metadata=about)


def _with_whole_numbers(frame: pd.DataFrame, parquet: Any, opened: Any) -> pd.DataFrame:
    """Read again the whole numbers of which pandas makes floats because some are missing."""
    from pyarrow import types

    kinds = {field.name: field.type for field in parquet.read_schema(opened)}
    for name in frame.columns:
        if name in kinds and types.is_integer(kinds[name]) and frame[name].dtype == "float64":
            numbers = parquet.read_table(opened, columns=[name])[name].to_pylist()
            dtype = "UInt64" if types.is_uint64(kinds[name]) else "Int64"
            frame[name] = pd.Series(numbers, index=frame.index, dtype=dtype)
    return frame


def _with_names(parquet: Any, source: Path, schema: pa.Schema) -> io.BytesIO:
    """Return a Parquet file with other names of its columns."""
    with parquet.ParquetFile(source) as content:
        table = content.read()
    made = io.BytesIO()
    parquet.write_table(type(table).from_arrays(table.columns, schema=schema), made)
    return made


def _large_values(column: pa.ChunkedArray) -> Iterator[bytes]:
    """Yield the binary values that are large enough to be checked."""
    from pyarrow import compute, types

    if types.is_binary(column.type) or types.is_large_binary(column.type):
        large = column.filter(compute.greater(compute.binary_length(column), PLAIN_BYTES))
        for chunk in large.chunks:
            for value in chunk:
                yield value.as_py()
