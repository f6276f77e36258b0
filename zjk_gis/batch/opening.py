"""Files opened to be read in batches, from any row on: text, Parquet, GeoPackages and shapefiles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyproj import CRS

from zjk_gis.batch.arrow import ArrowSource
from zjk_gis.batch.hive import fits_hive, hive_values
from zjk_gis.batch.parquet_reader import ParquetReader
from zjk_gis.batch.sources import PARQUET, TEXT, Source, parts_of
from zjk_gis.batch.text import TextSource
from zjk_gis.errors import GeometryError, InputError
from zjk_gis.io.geopackage import geopackage_layers
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
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

    from zjk_gis.io.vector.gdal import Vector

__all__ = ["open_source"]


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
    only: Mapping[str, Sequence[str]] | None = None,
) -> Source:
    """Open a file, or a folder of parts, to read it in batches.

    Parameters
    ----------
    path : str or path
        A .csv, .tsv or .txt file (also as .gz or .zst), .parquet, .gpkg or .shp; or a folder of text files
        or Parquet files of the same columns, taken in the order of their names. Of Parquet it may have
        folders as Hive has them, ``month=2026-05``, which are columns of text then.
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
    only : mapping of str to sequence of str, optional
        The values that rows of Parquet must have in some columns to be taken; folders and row groups that
        have none of them are not read.

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
    only = {} if only is None else only
    if only and ending_of(files[0]) not in PARQUET:
        raise InputError(tr("{file}: only= is for Parquet; leave it out, or convert the file", file=files[0]))
    options: dict[str, Any] = {"lon": lon, "lat": lat, "crs": crs, "time": time, "batch_rows": batch_rows}
    options["datum"] = None if datum is None else parse_datum(datum)
    if ending_of(files[0]) in TEXT:
        return TextSource(files, **options)
    if ending_of(files[0]) in PARQUET:
        hive = [
            hive_values(file.relative_to(path).as_posix()) if file != Path(path) else {} for file in files
        ]
        return _open_parquet(files, hive, only, **options)
    return _open_layer(files[0], tz=tz, **options)


def _open_parquet(
    files: Sequence[Path],
    hive: Sequence[Mapping[str, str]],
    only: Mapping[str, Sequence[str]],
    **options: Any,
) -> ArrowSource:
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
    wanted = [at for at, told in enumerate(hive) if fits_hive(told, only)]
    if not wanted:
        raise InputError(tr("{file}: no part has the values asked for by only=", file=files[0].parent))
    files, hive = [files[at] for at in wanted], [hive[at] for at in wanted]
    reader = ParquetReader(files, options["batch_rows"], hive, only)
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
