"""Parquet, GeoPackages and shapefiles: how their rows are read in batches, from any row on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from pyproj import CRS

from zjk_gis._optional import need
from zjk_gis.errors import GeometryError, InputError
from zjk_gis.io.batch_arrow import ArrowSource
from zjk_gis.io.files import read_layer
from zjk_gis.io.geopackage import geopackage_layers
from zjk_gis.io.paths import blamed_on, check_content, format_of, gdal_name
from zjk_gis.layers.times import BEIJING, time_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

__all__ = ["open_geopackage", "open_parquet", "open_shapefile"]


def open_parquet(files: Sequence[Path], **options: Any) -> ArrowSource:
    """Open Parquet or GeoParquet files of the same columns.

    Raises
    ------
    FileError
        If one is damaged.
    InputError
        If their columns differ.
    GeometryError
        If the geometry is declared to be something else than points.
    """
    reader = _ParquetReader(files, options["batch_rows"])
    described = (reader.schema.metadata or {}).get(b"geo")
    if described is None:
        return ArrowSource(files, reader, geometry=None, own=None, **options)
    with blamed_on(files[0]):
        about = json.loads(described)
        geometry = str(about["primary_column"])
        column = about["columns"][geometry]
        own = CRS.from_user_input(column["crs"]) if column.get("crs") else None
        if "crs" not in column:  # the format's default
            own = CRS.from_user_input("OGC:CRS84")
    _check_kinds(files[0], column.get("geometry_types", []))
    return ArrowSource(files, reader, geometry=geometry, own=own, **options)


def open_geopackage(file: Path, *, tz: str = BEIJING, **options: Any) -> ArrowSource:
    """Open the layer of a GeoPackage: the only one, or the incidents; its times on the clock of a zone.

    Raises
    ------
    FileError
        If it is damaged or has no layer.
    InputError
        If it has several and none is named as incidents are.
    GeometryError
        If the geometry is something else than points.
    """
    import pyogrio

    check_content(file, format_of(file))
    names = geopackage_layers(file)
    named = names if len(names) == 1 else [name for name in names if name in ("incidents", "案件")]
    if len(named) != 1:
        listed = ", ".join(names) or "none"
        message = f"{file}: which of its layers holds the incidents? They are {listed}; name one 'incidents'"
        raise InputError(message)
    with blamed_on(file):
        about = pyogrio.read_info(gdal_name(file), layer=named[0], force_feature_count=True)
        reader = _LayerReader(file, named[0], int(about["features"]), options["batch_rows"], tz)
        own = CRS.from_user_input(about["crs"]) if about["crs"] else None
    has_shapes = about["geometry_type"] is not None
    _check_kinds(file, [about["geometry_type"]] if has_shapes else [])
    geometry = reader.geometry if has_shapes else None
    source = ArrowSource([file], reader, geometry=geometry, own=own, **options)
    source.remarks[:0] = [f"{file.name}: {remark}" for remark in reader.remarks]
    return source


def open_shapefile(file: Path, **options: Any) -> ArrowSource:
    """Open a shapefile. It is read whole: the format ends at 2 GB, and its encoding shows in all its text.

    Raises
    ------
    FileError
        If it is damaged.
    GeometryError
        If it holds something else than points.
    """
    pyarrow = need("pyarrow", extra="parquet", purpose="work in batches")
    layer = read_layer(file)
    _check_kinds(file, sorted(set(layer.geom_type.dropna())))
    table = pyarrow.table(layer.to_arrow(index=False, geometry_encoding="WKB"))
    reader = _WholeReader(table, options["batch_rows"])
    source = ArrowSource([file], reader, geometry=layer.geometry.name, own=layer.crs, **options)
    source.remarks[:0] = layer.attrs["report"]["remarks"]
    return source


class _ParquetReader:
    def __init__(self, files: Sequence[Path], batch_rows: int) -> None:
        parquet = need("pyarrow.parquet", extra="parquet", purpose="read a .parquet file")
        self._files, self._batch_rows = files, batch_rows
        self.rows: list[int] = []
        self.compression = "zstd"
        for file in files:
            check_content(file, format_of(file))
            with blamed_on(file), parquet.ParquetFile(file) as content:
                schema = content.schema_arrow
                self.rows.append(content.metadata.num_rows)
                if content.metadata.num_row_groups and file == files[0]:
                    first = content.metadata.row_group(0)
                    codec = first.column(0).compression.lower() if first.num_columns else "none"
                    self.compression = codec.replace("uncompressed", "none")
            if file == files[0]:
                self.schema = schema
            elif not schema.equals(self.schema):
                message = f"{file}: its columns or their types are not those of {files[0].name}"
                raise InputError(message)

    def read(self, part: int, at: int) -> Iterator[pa.RecordBatch]:
        from pyarrow import parquet

        # Without pre_buffer a row group is read page by page: a file may be one row group of any size.
        with parquet.ParquetFile(self._files[part], pre_buffer=False, buffer_size=1 << 22) as content:
            groups = [content.metadata.row_group(at).num_rows for at in range(content.num_row_groups)]
            ends = np.cumsum(groups)
            first = int(np.searchsorted(ends, at, side="right"))
            over = at - int(ends[first - 1] if first else 0)
            for batch in content.iter_batches(self._batch_rows, row_groups=range(first, len(groups))):
                if over >= batch.num_rows:
                    over -= batch.num_rows
                    continue
                yield batch.slice(over) if over else batch
                over = 0


class _LayerReader:
    compression = "zstd"

    def __init__(self, file: Path, layer: str, rows: int, batch_rows: int, tz: str) -> None:
        self._file, self._layer, self._batch_rows, self._tz = file, layer, batch_rows, tz
        self.rows = [rows]
        self.remarks: list[str] = []
        with self._open(0) as (about, batches):
            self.geometry = str(about["geometry_name"])
            names = about["fields"].tolist()
            kinds = dict(zip(names, about["ogr_types"], strict=True))
            self._times = [name for name in names if kinds[name] == "OFTDateTime"]
            self.schema = self._told(batches.schema.empty_table()).schema
            if self._times and (first := next(batches, None)) is not None:
                for name in self._times:
                    sample = first.column(name).to_pandas().astype("str")
                    self.remarks += time_order(sample, tz=tz, name=name, whole=False).remarks

    def _open(self, at: int) -> Any:
        import pyogrio

        # GDAL calls times without a zone UTC; as text they stand as they are.
        return pyogrio.open_arrow(
            gdal_name(self._file),
            layer=self._layer,
            skip_features=at,
            batch_size=self._batch_rows,
            use_pyarrow=True,
            datetime_as_string=True,
        )

    def _told(self, rows: Any) -> Any:
        """Turn times into times, and leave out what GDAL says of the columns besides."""
        pyarrow = need("pyarrow", extra="parquet", purpose="work in batches")
        columns = [
            _times(column, self._tz) if name in self._times else column
            for name, column in zip(rows.schema.names, rows.columns, strict=True)
        ]
        schema = pyarrow.schema(
            [(name, column.type) for name, column in zip(rows.schema.names, columns, strict=True)]
        )
        return type(rows).from_arrays(columns, schema=schema)

    def read(self, part: int, at: int) -> Iterator[pa.RecordBatch]:
        with self._open(at) as (_, batches):
            yield from map(self._told, batches)


class _WholeReader:
    compression = "zstd"

    def __init__(self, table: pa.Table, batch_rows: int) -> None:
        self._table, self._batch_rows = table.replace_schema_metadata(None), batch_rows
        self.schema = self._table.schema
        self.rows = [table.num_rows]

    def read(self, part: int, at: int) -> Iterator[pa.RecordBatch]:
        return iter(self._table.slice(at).to_batches(self._batch_rows))


def _check_kinds(file: Path, kinds: Sequence[str]) -> None:
    known = {kind.removesuffix(" Z").removesuffix(" M").removesuffix(" ZM") for kind in kinds}
    if known and not known & {"Point", "Unknown", "GeometryCollection"}:
        message = (
            f"{file}: holds no points but {', '.join(sorted(known))}; use .representative_point() or "
            ".explode() first"
        )
        raise GeometryError(message)


def _times(column: pa.Array, tz: str) -> pa.Array:
    """Read the ISO text of GDAL as times: with a zone on the clock of `tz`, without one as they stand."""
    pyarrow = need("pyarrow", extra="parquet", purpose="work in batches")
    from pyarrow import compute

    zoned = compute.match_substring_regex(column, r"T.*(?:Z|[+-]\d{2}(?::?\d{2})?)$")
    plain = compute.if_else(compute.fill_null(zoned, False), None, column).cast("timestamp[ms]")
    if not compute.any(zoned).as_py():
        return plain
    aware = compute.if_else(zoned, column, None).cast(pyarrow.timestamp("ms", tz))
    return compute.coalesce(compute.local_timestamp(aware), plain)
