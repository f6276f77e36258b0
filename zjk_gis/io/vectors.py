"""Reading vector files with GDAL: one driver, one encoding, nothing lost without a word."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from pyproj import CRS
from pyproj.exceptions import CRSError as ProjError

from zjk_gis.errors import FileError
from zjk_gis.io.encoding import Encoding, decode_text, decode_value
from zjk_gis.io.geopackage import geopackage_rows, quoted
from zjk_gis.io.paths import blamed_on, pinned_name
from zjk_gis.io.shapefile import (
    decode_frame,
    deleted_rows,
    long_names,
    long_numbers,
    sidecar,
    table_of,
    whole_names,
    whole_numbers,
)

if TYPE_CHECKING:
    import geopandas as gpd

    from zjk_gis.layers.spec import LayerSpec

__all__ = ["read_vector"]

_BYTEWISE = "ISO-8859-1"  # hands every byte through as one character
_LARGE = 1e15  # a float holds any whole number below


def read_vector(
    source: Path, driver: str, layer: str, spec: LayerSpec | None, report: dict[str, Any]
) -> gpd.GeoDataFrame:
    """Read one layer of a .gpkg, .shp, .geojson or .fgb file.

    Parameters
    ----------
    source : Path
    driver : str
        GDAL's driver; no other is tried.
    layer : str
    spec : LayerSpec or None
        By which names that a shapefile cut to 10 bytes are completed.
    report : dict
        Told the encoding, renamed columns and GDAL's remarks.

    Returns
    -------
    GeoDataFrame or DataFrame
        Without geometry where the layer has none.

    Raises
    ------
    FileError
        If the file is damaged.
    """
    if driver == "ESRI Shapefile":
        return _read_shapefile(source, spec, report)
    report |= {"encoding": "UTF-8", "encoding_found": "the format's"}
    if driver == "GeoJSON":
        return _read_geojson(source, report)
    if driver == "GPKG":
        return _read_geopackage(source, layer, report)
    return _read_pinned(source, driver, layer, None, report)


def _read_geopackage(source: Path, layer: str, report: dict[str, Any]) -> gpd.GeoDataFrame:
    """Read a layer; where the file's own count of rows is stale, past that count, at which GDAL would end."""
    there = geopackage_rows(source, layer)
    announced = _count_rows(pinned_name(source, "GPKG"), source, "GPKG", layer)
    if announced == there:
        return _read_pinned(source, "GPKG", layer, None, report)
    remark = f"{source.name}: says that {layer} has {announced} rows, but it has {there}; all were read"
    report["remarks"].append(remark)
    sql = f"SELECT * FROM {quoted(layer)}"  # noqa: S608 - quoted
    frame = _read_pinned(source, "GPKG", None, None, report, opened=False, sql=sql)
    if len(frame) != there:
        message = f"{source}: only {len(frame)} of the {there} rows of {layer} can be read; it is damaged"
        raise FileError(message)
    return frame


def _read_geojson(source: Path, report: dict[str, Any]) -> gpd.GeoDataFrame:
    """Read a file that has one layer, under a name that stands inside; the path's prefix pins the driver."""
    with blamed_on(source):
        content = source.read_bytes()
    text, encoding = decode_text(content, source)
    report |= {"encoding": encoding.name, "encoding_found": encoding.found}
    if encoding.name == "UTF-8":
        return _read_pinned(source, "GeoJSON", None, None, report, opened=False)
    if not encoding.sure:
        report["remarks"].append(f"{source.name}: read as {encoding.name} ({encoding.found})")
    with tempfile.TemporaryDirectory(prefix="zjk-gis-") as folder:
        copy = Path(folder, "a.geojson")
        copy.write_text(text, encoding="utf-8", newline="")
        return _read_pinned(source, "GeoJSON", None, None, report, opened=False, copy=copy)


def _read_shapefile(source: Path, spec: LayerSpec | None, report: dict[str, Any]) -> gpd.GeoDataFrame:
    _check_length(source)
    table = table_of(source)
    encoding, raw_names = (Encoding("UTF-8", "no .dbf"), ()) if table is None else table
    report |= {"encoding": encoding.name, "encoding_found": encoding.found}
    if table is None:
        report["remarks"].append(f"{source.name}: has no .dbf; there are shapes but no columns")
    if not encoding.sure:
        report["remarks"].append(f"{source.name}: read as {encoding.name} ({encoding.found})")
    if encoding.damaged:
        remark = f"{source.name}: {encoding.damaged} names or values end or break within a character"
        report["remarks"].append(remark)
    # What is cut within a character makes pyogrio fail as UTF-8 and comes out garbled as GB 18030.
    read_as = _BYTEWISE if encoding.damaged else encoding.name
    prj = sidecar(source, ".prj")
    crs = _crs_of_prj(prj)
    plain_prj = prj is None or (crs is not None and prj.read_bytes().isascii())
    indexed = sidecar(source, ".shx") is not None
    codes = long_numbers(source)
    if plain_prj and indexed and not codes and source.suffix in (".shp", ".SHP"):
        frame = _read_pinned(source, "ESRI Shapefile", source.stem, read_as, report)
    else:
        # pyogrio fails over a .prj that is damaged or names its system in GBK, so it is shown none; and GDAL
        # finds no parts of a .Shp.
        with tempfile.TemporaryDirectory() as folder:
            with blamed_on(source):
                for ending in (".shp", ".shx", ".dbf"):
                    part = sidecar(source, ending)
                    if part is not None:
                        shutil.copyfile(part, Path(folder, source.stem + ending))
            copy = Path(folder, source.stem + ".shp")
            _read_as_text(copy.with_suffix(".dbf"), codes)
            if not indexed:
                _restore_index(copy, source)
                report["remarks"].append(
                    f"{source.name}: has no .shx; the order of its shapes was found anew"
                )
            frame = _read_pinned(source, "ESRI Shapefile", source.stem, read_as, report, copy=copy)
        frame = frame.set_crs(crs, allow_override=True)
    for number in codes:
        column = frame.columns[number]
        frame[column] = whole_numbers(frame[column])
        if frame[column].dtype != "Int64":
            told = decode_value(raw_names[number], encoding.name)
            report["remarks"].append(
                f"{source.name}: numbers of {told} have more digits than numbers hold; read as text"
            )
    if encoding.damaged:
        frame = decode_frame(frame, encoding.name)
    names = whole_names(raw_names, encoding.name, spec) | long_names(map(str, frame.columns))
    report["names"] = {old: new for old, new in names.items() if old in frame and new not in frame}
    return frame.rename(columns=report["names"])


def _read_as_text(dbf: Path, columns: tuple[int, ...]) -> None:
    """Let a copied table say of columns that they hold text, whose digits GDAL leaves as they are."""
    if columns:
        with dbf.open("r+b") as file:
            for number in columns:
                file.seek(32 + 32 * number + 11)
                file.write(b"C")


def _check_length(source: Path) -> None:
    """Refuse a .shp that is shorter than it says: GDAL reads what is left, and shapes are missing."""
    with blamed_on(source), source.open("rb") as file:
        header = file.read(28)
        size = file.seek(0, os.SEEK_END)
    said = 2 * int.from_bytes(header[24:28], "big")
    if size < said:
        message = f"{source}: is cut off: {size:,} of {said:,} bytes are there; copy or export it again"
        raise FileError(message)


def _restore_index(copy: Path, source: Path) -> None:
    """Let GDAL make the .shx of a copy, which it does where it is opened so."""
    import fiona

    with (
        blamed_on(source),
        fiona.Env(SHAPE_RESTORE_SHX="YES"),
        fiona.open(copy, driver="ESRI Shapefile", enabled_drivers=["ESRI Shapefile"], encoding=_BYTEWISE),
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


def _read_pinned(
    source: Path,
    driver: str,
    layer: str | None,
    encoding: str | None,
    report: dict[str, Any],
    *,
    opened: bool = True,
    copy: Path | None = None,
    sql: str | None = None,
) -> gpd.GeoDataFrame:
    """Open a file, or the copy of it, with one driver and no other, then read it in bulk."""
    import pyogrio

    name = pinned_name(copy or source, driver)
    with blamed_on(source), warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        announced = _count_rows(name, source, driver, layer) if opened else None
        frame = pyogrio.read_dataframe(name, layer=layer, sql=sql, encoding=encoding, on_invalid="ignore")
    report["remarks"] += [f"{source.name}: {' '.join(str(warning.message).split())}" for warning in told]
    missing = 0 if announced is None else announced - len(frame)
    if missing and driver == "ESRI Shapefile" and missing == deleted_rows(copy or source):
        report["remarks"].append(f"{source.name}: {missing} rows are marked as deleted and left out")
    elif missing:
        message = (
            f"{source}: announces {announced} rows but holds {len(frame)}; it is damaged, export it again"
        )
        raise FileError(message)
    return _with_whole_numbers(frame, copy or source, driver, layer, source)


def _with_whole_numbers(
    frame: gpd.GeoDataFrame, path: Path, driver: str, layer: str | None, source: Path
) -> gpd.GeoDataFrame:
    """Read anew the whole numbers of which pyogrio makes floats because some are missing.

    Codes of 17 digits and more lose the last ones so. Fiona hands over each as it is; being slow, it is asked
    only where there are such columns. A shapefile's are seen to before it is read.
    """
    import fiona

    if driver == "ESRI Shapefile":
        return frame
    large = [
        name
        for name in frame.columns
        if frame[name].dtype == "float64" and (frame[name].abs() >= _LARGE).any()
    ]
    if not large:
        return frame
    if driver == "GeoJSON":  # whose reader can leave nothing out, and whose prefix fiona does not know
        name, options = str(path), {}
    else:
        name, options = pinned_name(path, driver), {"include_fields": large, "ignore_geometry": True}
    with (
        blamed_on(source),
        fiona.open(name, enabled_drivers=[driver], layer=layer, **options) as collection,
    ):
        whole = [name for name in large if collection.schema["properties"].get(name, "").startswith("int")]
        rows = [[row.properties[name] for name in whole] for row in collection] if whole else []
    if len(rows) != len(frame):
        return frame
    return frame.assign(
        **{
            name: pd.Series(values, index=frame.index, dtype="Int64")
            for name, values in zip(whole, zip(*rows, strict=True), strict=True)
        }
    )


def _count_rows(name: str, source: Path, driver: str, layer: str | None) -> int | None:
    """Open a file with one driver and no other, and return how many rows it announces, if it does.

    Fiona does here what pyogrio cannot: it passes GDAL the list of drivers that may be tried, and reads the
    header alone. What opens this way is then read in bulk by pyogrio, ten times as fast.
    """
    import fiona

    with (
        blamed_on(source),
        fiona.open(name, enabled_drivers=[driver], layer=layer, encoding=_BYTEWISE) as collection,
    ):
        try:
            return len(collection)
        except TypeError:  # an empty FlatGeobuf does not count
            return None
