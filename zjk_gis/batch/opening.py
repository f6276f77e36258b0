"""Files opened to be read in batches, from any row on: text, Parquet, GeoPackages and shapefiles."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from pyproj import CRS

from zjk_gis._optional import need
from zjk_gis.batch.arrow import ArrowSource
from zjk_gis.batch.row_groups import passable_groups
from zjk_gis.batch.sources import PARQUET, TEXT, Source, parts_of
from zjk_gis.batch.text import TextSource
from zjk_gis.errors import GeometryError, InputError
from zjk_gis.io.geopackage import geopackage_layers
from zjk_gis.io.parquet import distinct_schema
from zjk_gis.io.paths import blamed_on, check_content, ending_of, format_of
from zjk_gis.io.tables.text import BATCH_ROWS
from zjk_gis.io.vector.opening import layer_of, open_vector
from zjk_gis.layers.catalogue import spec_of
from zjk_gis.layers.columns.coordinates import SAMPLE_ROWS
from zjk_gis.layers.columns.datum_words import parse_datum
from zjk_gis.layers.columns.times import BEIJING
from zjk_gis.read_report import ReadReport
from zjk_gis.words import tr

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from zjk_gis.batch.row_groups import RowGroup
    from zjk_gis.io.vector.gdal import Vector

__all__ = ["open_source"]

_GROUP_BATCHES = 8  # a million rows, as pyarrow makes its row groups


def open_source(
    path: str | os.PathLike[str],
    *,
    lon: str | None = None,
    lat: str | None = None,
    crs: Any = None,
    datum: str | None = None,
    time: str = "occurred_at",
    tz: str = BEIJING,
    batch_rows: int = BATCH_ROWS,
) -> Source:
    """Open a file, or a folder of parts, to read it in batches.

    Parameters
    ----------
    path : str or path
        A .csv, .tsv or .txt file (also as .gz or .zst), .parquet, .gpkg or .shp; or a folder of text files
        or Parquet files of the same columns, taken in the order of their names.
    lon, lat : str, optional
        The columns of coordinates; by default the geometry or those of the usual names.
    crs : optional
        The system of the coordinates, where the file does not say.
    datum : str, optional
        The datum of the positions, as for `zjk_gis.read_layer`; by default what the file says itself.
    time : str, default "occurred_at"
        The column with the time of each row, by this name or one of its Chinese ones.
    tz : str, default "Asia/Shanghai"
        On whose clock the times of a layer are put that have a zone.
    batch_rows : int
        About how many rows a batch has.

    Returns
    -------
    Source

    Raises
    ------
    FileError
        If there is no such file or it is damaged.
    InputError
        If the ending is unknown, or no coordinates are recognised.
    CRSError
        If the system of the coordinates is not known.
    """
    if batch_rows < 1:
        raise InputError(tr("batch_rows must be at least 1, not {batch_rows!r}", batch_rows=batch_rows))
    files = parts_of(path)
    options: dict[str, Any] = {"lon": lon, "lat": lat, "crs": crs, "time": time, "batch_rows": batch_rows}
    options["datum"] = None if datum is None else parse_datum(datum)
    if ending_of(files[0]) in TEXT:
        return TextSource(files, **options)
    if ending_of(files[0]) in PARQUET:
        return _open_parquet(files, **options)
    return _open_layer(files[0], tz=tz, **options)


def _open_parquet(files: Sequence[Path], **options: Any) -> ArrowSource:
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
        return _told(ArrowSource(files, reader, geometry=None, own=None, **options), reader.remarks)
    with blamed_on(files[0]):
        about = json.loads(described)
        geometry = str(about["primary_column"])
        column = about["columns"][geometry]
        own = CRS.from_user_input(column["crs"]) if column.get("crs") else None
        if "crs" not in column:  # the format's default
            own = CRS.from_user_input("OGC:CRS84")
    _check_kinds(files[0], column.get("geometry_types", []))
    return _told(ArrowSource(files, reader, geometry=geometry, own=own, **options), reader.remarks)


def _open_layer(file: Path, *, tz: str = BEIJING, **options: Any) -> ArrowSource:
    """Open a GeoPackage, whose layer is the only one or the incidents, or a shapefile.

    Raises
    ------
    FileError
        If it is damaged or has no layer.
    InputError
        If it has several and none is named as incidents are.
    GeometryError
        If the geometry is something else than points.
    """
    form = format_of(file)
    check_content(file, form)
    names = geopackage_layers(file) if form.title == "GPKG" else [file.stem]
    layer = layer_of(names, spec_of("incidents"))
    if layer is None:
        listed = ", ".join(names) or "none"
        raise InputError(
            tr(
                "{file}: which of its layers holds the incidents? They are {listed}; name one 'incidents'",
                file=file,
                listed=listed,
            )
        )
    report = ReadReport()
    vector = open_vector(file, form.title, layer, None, report)
    vector.tz = tz
    report.remarks += vector.zones_said(SAMPLE_ROWS)
    _check_kinds(file, [] if vector.kind is None else [vector.kind])
    reader = _LayerReader(vector, options["batch_rows"])
    geometry = None if vector.kind is None else reader.schema.names[-1]
    source = ArrowSource([file], reader, geometry=geometry, own=vector.crs, **options)
    source.encoding = report.encoding
    return _told(source, report.remarks)


def _told(source: ArrowSource, remarks: Sequence[str]) -> ArrowSource:
    """Put what was found when a file was opened before what was found in it."""
    source.remarks[:0] = remarks
    return source


class _ParquetReader:
    def __init__(self, files: Sequence[Path], batch_rows: int) -> None:
        parquet = need("pyarrow.parquet", extra="parquet", purpose="read a .parquet file")
        self._files, self._batch_rows = files, batch_rows
        self._passed: dict[int, dict[int, RowGroup]] = {}
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
                raise InputError(
                    tr(
                        "{file}: its columns or their types are not those of {name}",
                        file=file,
                        name=files[0].name,
                    )
                )
        report = ReadReport()
        self.schema = distinct_schema(self.schema, files[0], report)
        self.remarks = report.remarks

    def pass_groups(self, template: bytes) -> None:
        parquet = need("pyarrow.parquet", extra="parquet", purpose="read a .parquet file")
        sizes = {"least": max(1, self._batch_rows // 2), "most": _GROUP_BATCHES * self._batch_rows}
        for part, file in enumerate(self._files):
            with blamed_on(file):
                self._passed[part] = passable_groups(file, parquet.read_metadata(file), template, **sizes)

    def expected(self, part: int, at: int) -> int:
        """Say about how many batches follow a row."""
        passed = self._passed.get(part, {})
        rest = self.rows[part] - at
        if not passed:
            return -(-rest // self._batch_rows)
        return -(-rest * len(passed) // sum(group.num_rows for group in passed.values()))

    def read(self, part: int, at: int) -> Iterator[pa.RecordBatch | RowGroup]:
        from pyarrow import parquet

        passed = self._passed.get(part, {})
        # Without pre_buffer a row group is read page by page: a file may be one row group of any size.
        with parquet.ParquetFile(self._files[part], pre_buffer=False, buffer_size=1 << 22) as content:
            groups = [content.metadata.row_group(at).num_rows for at in range(content.num_row_groups)]
            ends = np.cumsum(groups)
            first = int(np.searchsorted(ends, at, side="right"))
            over = at - int(ends[first - 1] if first else 0)
            while first < len(groups):
                if first in passed and not over:
                    yield passed[first]
                    first += 1
                    continue
                last = first + 1  # the next that passes, or the end
                while last < len(groups) and last not in passed:
                    last += 1
                for batch in content.iter_batches(self._batch_rows, row_groups=range(first, last)):
                    if over >= batch.num_rows:
                        over -= batch.num_rows
                        continue
                    yield type(batch).from_arrays(batch.slice(over).columns, schema=self.schema)
                    over = 0
                first = last

    def sample(self, rows: int) -> pa.RecordBatch | None:
        from pyarrow import parquet

        with parquet.ParquetFile(self._files[0], pre_buffer=False, buffer_size=1 << 22) as content:
            found = next(content.iter_batches(rows), None)
        return None if found is None else type(found).from_arrays(found.columns, schema=self.schema)


class _LayerReader:
    compression = "zstd"

    def __init__(self, vector: Vector, batch_rows: int) -> None:
        self._vector, self._batch_rows = vector, batch_rows
        self.rows = [vector.rows]
        self.schema = vector.schema()

    def pass_groups(self, template: bytes) -> None:
        pass

    def expected(self, part: int, at: int) -> int:
        return -(-(self.rows[part] - at) // self._batch_rows)

    def read(self, part: int, at: int) -> Iterator[pa.RecordBatch]:
        return self._vector.batches(at, self._batch_rows)

    def sample(self, rows: int) -> pa.RecordBatch | None:
        return next(self._vector.batches(0, rows), None)


def _check_kinds(file: Path, kinds: Sequence[str]) -> None:
    known = {kind.removesuffix(" Z").removesuffix(" M").removesuffix(" ZM") for kind in kinds}
    if known and not known & {"Point", "Unknown", "GeometryCollection"}:
        raise GeometryError(
            tr(
                "{file}: holds no points but {known}; use .representative_point() or .explode() first",
                file=file,
                known=", ".join(sorted(known)),
            )
        )
