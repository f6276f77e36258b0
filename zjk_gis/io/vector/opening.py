"""Opening a vector file: what is found out before its rows are read, format by format.

1. A GeoPackage's rows are counted, whatever its own catalogue says.
2. A GeoJSON is decoded, and several documents are put together.
3. A shapefile's table says how its text is encoded and its columns are named; what GDAL would stumble over is
   kept from it by a copy.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pyproj import CRS
from pyproj.exceptions import CRSError as ProjError

from zjk_gis.errors import FileError, counted
from zjk_gis.io.encoding import Encoding, decode_value
from zjk_gis.io.geopackage import geopackage_rows, quoted
from zjk_gis.io.paths import blamed_on
from zjk_gis.io.tables.stream import decode_text
from zjk_gis.io.vector.gdal import BYTEWISE, Vector, count_rows, distinct, folder_of, look_at
from zjk_gis.io.vector.geojson import one_collection
from zjk_gis.io.vector.shapefile import long_names, long_numbers, sidecar, table_of, whole_names
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zjk_gis.io.vector.dbf import Dbf
    from zjk_gis.layers.spec import LayerSpec
    from zjk_gis.read_report import ReadReport

__all__ = ["layer_of", "open_vector"]

_KNOWN_TO_GDAL = ("UTF-8", "GB18030")


def layer_of(names: Sequence[str], spec: LayerSpec | None) -> str | None:
    """Return the only layer, or the only one that bears the name of what is wanted.

    Examples
    --------
    >>> from zjk_gis.layers.catalogue import spec_of
    >>> layer_of(["路灯", "案件"], spec_of("incidents"))
    '案件'
    """
    if len(names) == 1:
        return names[0]
    named = [name for name in names if spec is not None and name in (spec.name, spec.title)]
    return named[0] if len(named) == 1 else None


def open_vector(
    source: Path,
    driver: str,
    layer: str,
    spec: LayerSpec | None,
    report: ReadReport,
    *,
    encoding: str | None = None,
) -> Vector:
    """Open one layer of a .gpkg, .shp, .geojson, .fgb or .gdb file.

    Parameters
    ----------
    source : Path
    driver : str
        GDAL's driver; no other is tried.
    layer : str
    spec : LayerSpec or None
        By which names that a shapefile cut to 10 bytes are completed.
    report : ReadReport
        Told the encoding, renamed columns and GDAL's remarks.
    encoding : str, optional
        Of a shapefile's text; by default what the text is.

    Returns
    -------
    Vector

    Raises
    ------
    FileError
        If the file is damaged.
    GeometryError
        If the layer is declared as a surface.
    """
    vector = Vector(source=source, driver=driver, report=report, layer=layer)
    if driver == "ESRI Shapefile":
        _open_shapefile(vector, spec, encoding)
        return vector
    report.encoding, report.encoding_found = "UTF-8", tr("the format's")
    if driver == "GeoJSON":
        _open_geojson(vector)  # its columns are learnt where it is read: GDAL reads it whole to know them
        return vector
    if driver == "GPKG":  # which no other driver takes for its own, once its catalogue has been read
        _count_geopackage(vector, layer, announced=look_at(vector))
        return vector
    vector.rows = count_rows(vector)
    look_at(vector)
    return vector


def _count_geopackage(vector: Vector, layer: str, *, announced: int) -> None:
    """Count the rows; where the file's own count is stale, have them read past it: there GDAL would end."""
    there, source = geopackage_rows(vector.source, layer), vector.source
    vector.rows = there
    if announced in (-1, there):  # some files do not say
        return
    vector.report.remarks.append(
        tr(
            "{name}: says that {layer} has {announced} rows, but it has {there}; all were read",
            name=source.name,
            layer=layer,
            announced=announced,
            there=there,
        )
    )
    vector.sql = f"SELECT * FROM {quoted(layer)}"  # noqa: S608 - quoted


def _open_geojson(vector: Vector) -> None:
    """Open a file that has one layer, under a name that stands inside; the path's prefix pins the driver."""
    source, report = vector.source, vector.report
    with blamed_on(source):
        content = source.read_bytes()
    text, encoding = decode_text(content, source)
    encoding.tell(report, source)
    joined = one_collection(text, source, report)
    vector.layer, vector.text = None, text if joined is None else joined
    if joined is not None or encoding.name != "UTF-8" or encoding.damaged:
        vector.path = Path(folder_of(vector), "a.geojson")
        vector.path.write_text(vector.text, encoding="utf-8", newline="")


def _open_shapefile(vector: Vector, spec: LayerSpec | None, said: str | None) -> None:
    source, report = vector.source, vector.report
    _check_length(source)
    table = table_of(source, said)
    encoding = Encoding("UTF-8", tr("no .dbf")) if table is None else table[0]
    encoding.tell(report, source)
    if table is None:
        report.remarks.append(tr("{name}: has no .dbf; there are shapes but no columns", name=source.name))
    if encoding.damaged:
        report.remarks.append(
            tr(
                "{name}: {count} names or values end or break within a character",
                name=source.name,
                count=encoding.damaged,
            )
        )
    # What is cut within a character makes pyogrio fail as UTF-8 and comes out garbled as GB 18030; and GDAL
    # does not know all encodings that Python does.
    plain = encoding.name in _KNOWN_TO_GDAL and not encoding.damaged
    vector.encoding = encoding.name if plain else BYTEWISE
    vector.bytewise = None if plain else encoding.name
    crs = _crs_of_prj(sidecar(source, ".prj"))
    digits = long_numbers(table[1]) if table is not None else {}
    blank = table is not None and table[1].has_blank_logicals()
    if blank or not _is_plain(source, crs, digits):
        made = _copy_shapefile(vector, digits)
        if blank and table is not None:
            table[1].mark_blank_logicals(made.with_suffix(".dbf"))
    vector.layer = source.stem
    vector.rows = count_rows(vector)
    if table is not None:
        vector.deleted = table[1].deleted_rows()
        if 0 <= vector.rows < table[1].rows:
            report.remarks.append(
                tr(
                    "{name}: its .dbf has {count} rows more than there are shapes; they are left out",
                    name=source.name,
                    count=table[1].rows - vector.rows,
                )
            )
    if vector.deleted and vector.rows > 0:
        vector.rows -= vector.deleted
        told = counted(vector.deleted, "row is", "rows are")
        report.remarks.append(
            tr("{name}: {told} marked as deleted and left out", name=source.name, told=told)
        )
    look_at(vector)
    vector.crs = crs
    if table is not None:
        _name_columns(vector, table[1], encoding.name, spec, digits)


def _is_plain(source: Path, crs: CRS | None, digits: dict[int, bool]) -> bool:
    """Tell whether GDAL opens a shapefile as it lies there.

    pyogrio fails over a .prj that is damaged or names its system in GBK, and GDAL finds no parts of a .Shp.
    """
    prj = sidecar(source, ".prj")
    with blamed_on(source):
        plain_prj = prj is None or (crs is not None and prj.read_bytes().isascii())
    indexed = sidecar(source, ".shx") is not None
    return plain_prj and indexed and not digits and source.suffix in (".shp", ".SHP")


def _copy_shapefile(vector: Vector, digits: dict[int, bool]) -> Path:
    """Copy what GDAL should see: no .prj, an index, and long numbers as text, whose digits it keeps."""
    source = vector.source
    made = vector.path = Path(folder_of(vector), source.stem + ".shp")
    with blamed_on(source):
        for ending in (".shp", ".shx", ".dbf"):
            part = sidecar(source, ending)
            if part is not None:
                shutil.copyfile(part, made.with_suffix(ending))
    if digits:
        with made.with_suffix(".dbf").open("r+b") as file:
            for number in digits:
                file.seek(32 + 32 * number + 11)
                file.write(b"C")
    if not made.with_suffix(".shx").exists():
        _restore_index(made, source)
        vector.report.remarks.append(
            tr("{name}: has no .shx; the order of its shapes was found again", name=source.name)
        )
    return made


def _name_columns(
    vector: Vector, table: Dbf, encoding: str, spec: LayerSpec | None, digits: dict[int, bool]
) -> None:
    """Name the columns as the table does, by position; what was cut is completed where that is certain."""
    source, report = vector.source, vector.report
    raw = [each.name for each in table.fields]
    if len(raw) != len(vector.columns):
        raise FileError(
            tr(
                "{source}: its table has {raw_count} columns, of which {columns_count} can be read",
                source=source,
                raw_count=len(raw),
                columns_count=len(vector.columns),
            )
        )
    given = [decode_value(name, encoding) for name in raw]
    names = distinct(given, vector)
    once = [name for name in raw if given.count(decode_value(name, encoding)) == 1]
    longer = whole_names(once, encoding, spec) | long_names(names)
    longer = {old: new for old, new in longer.items() if old in names and new not in names}
    report.renamed |= longer
    for number, whole in digits.items():
        if not whole:
            report.remarks.append(
                tr(
                    "{name}: numbers of {given} have more digits than numbers hold; read as text",
                    name=source.name,
                    given=given[number],
                )
            )
    vector.columns = [
        replace(
            column,
            name=longer.get(name, name),
            digits="" if at not in digits else "whole" if digits[at] else "text",
        )
        for at, (name, column) in enumerate(zip(names, vector.columns, strict=True))
    ]


def _check_length(source: Path) -> None:
    """Refuse a .shp that is shorter than it says: GDAL reads what is left, and shapes are missing."""
    with blamed_on(source), source.open("rb") as file:
        header = file.read(28)
        size = file.seek(0, os.SEEK_END)
    said = 2 * int.from_bytes(header[24:28], "big")
    if size < said:
        raise FileError(
            tr(
                "{source}: is cut off: {size:,} of {said:,} bytes are there; copy or export it again",
                source=source,
                size=size,
                said=said,
            )
        )


def _restore_index(copy: Path, source: Path) -> None:
    """Let GDAL make the .shx of a copy, which it does where it is opened so."""
    import fiona

    with (
        blamed_on(source),
        fiona.Env(SHAPE_RESTORE_SHX="YES"),
        fiona.open(copy, driver="ESRI Shapefile", enabled_drivers=["ESRI Shapefile"], encoding=BYTEWISE),
    ):
        pass


def _crs_of_prj(prj: Path | None) -> CRS | None:
    if prj is None:
        return None
    with blamed_on(prj):
        content = prj.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return CRS.from_wkt(content.decode(encoding))
        except (ProjError, UnicodeDecodeError):
            continue
    return None
