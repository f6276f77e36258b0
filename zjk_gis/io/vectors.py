"""Reading vector files with GDAL: one driver, one encoding, nothing lost without a word."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyproj import CRS
from pyproj.exceptions import CRSError as ProjError

from zjk_gis.errors import FileError
from zjk_gis.io.encoding import Encoding
from zjk_gis.io.paths import blamed_on, pinned_name
from zjk_gis.io.shapefile import decode_frame, long_names, sidecar, table_of, whole_names

if TYPE_CHECKING:
    import geopandas as gpd

    from zjk_gis.layers.spec import LayerSpec

__all__ = ["read_vector"]

_BYTEWISE = "ISO-8859-1"  # hands every byte through as one character


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
    # A GeoJSON has one layer, under a name that stands inside; its driver is pinned by the name's prefix.
    only = driver == "GeoJSON"
    return _read_pinned(source, driver, None if only else layer, None, report, opened=not only)


def _read_shapefile(source: Path, spec: LayerSpec | None, report: dict[str, Any]) -> gpd.GeoDataFrame:
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
    if plain_prj and source.suffix in (".shp", ".SHP"):
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
            frame = _read_pinned(source, "ESRI Shapefile", source.stem, read_as, report, copy=copy)
        frame = frame.set_crs(crs, allow_override=True)
    if encoding.damaged:
        frame = decode_frame(frame, encoding.name)
    names = whole_names(raw_names, encoding.name, spec) | long_names(map(str, frame.columns))
    report["names"] = {old: new for old, new in names.items() if old in frame and new not in frame}
    return frame.rename(columns=report["names"])


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
) -> gpd.GeoDataFrame:
    """Open a file, or the copy of it, with one driver and no other, then read it in bulk."""
    import pyogrio

    name = pinned_name(copy or source, driver)
    with blamed_on(source), warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        announced = _count_rows(name, driver, layer) if opened else None
        frame = pyogrio.read_dataframe(name, layer=layer, encoding=encoding, on_invalid="ignore")
    report["remarks"] += [f"{source.name}: {' '.join(str(warning.message).split())}" for warning in told]
    if announced is not None and announced != len(frame):
        message = (
            f"{source}: announces {announced} rows but holds {len(frame)}; it is damaged, export it again"
        )
        raise FileError(message)
    return frame


def _count_rows(name: str, driver: str, layer: str | None) -> int | None:
    """Open a file with one driver and no other, and return how many rows it announces, if it does.

    Fiona does here what pyogrio cannot: it passes GDAL the list of drivers that may be tried, and reads the
    header alone. What opens this way is then read in bulk by pyogrio, ten times as fast.
    """
    import fiona

    with fiona.open(name, enabled_drivers=[driver], layer=layer, encoding=_BYTEWISE) as collection:
        try:
            return len(collection)
        except TypeError:  # an empty FlatGeobuf does not count
            return None
