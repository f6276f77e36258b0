"""File Geodatabases: folders that GDAL opens, and what else may lie in them."""

from __future__ import annotations

import re
import shutil
import warnings
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.errors import FileError
from zjk_gis.io.paths import blamed_on, gdal_name
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "check_geodatabase",
    "copy_geodatabase",
    "geodatabase_layers",
    "geodatabase_options",
    "on_grid",
    "storable_types",
]

_PART = re.compile(
    r"a[0-9a-f]{8}\.([^.]+\.)?(gdbtable|gdbtablx|gdbindexes|spx|atx|freelist|horizon|cdf)|gdb|timestamps"
    r"|.*\.lock|thumbs\.db|desktop\.ini|\.ds_store|.*\.xml",
    re.IGNORECASE,
)
# The format rounds coordinates to a grid: where it begins and how many steps there are to a unit. That of
# other programs, a tenth of a millimetre, makes shapes with slivers invalid; 2**53 steps
# must do for any city.
_GRID = {"degrees": (-400, 1e12), "metres": (-21_000_000, 1e8)}
_INT32 = np.iinfo(np.int32)
# Whole numbers of 64 bits and milliseconds came with this version of ArcGIS.
_NEW = "ARCGIS_PRO_3_2_OR_LATER"


def check_geodatabase(source: Path) -> None:
    """Refuse a folder that is not a File Geodatabase, or holds what would be opened in its place.

    Raises
    ------
    FileError
        If its tables are missing, or there are links, folders or files of other formats in it.
    """
    with blamed_on(source):
        parts = sorted(source.iterdir())
    if not any(part.name.lower() == "a00000001.gdbtable" for part in parts):
        raise FileError(
            tr(
                "{source}: is not a File Geodatabase: its tables are missing; copy the whole folder",
                source=source,
            )
        )
    for part in parts:
        if part.is_symlink() or not part.is_file() or not _PART.fullmatch(part.name):
            what = tr("a link") if part.is_symlink() else tr("not part of a File Geodatabase")
            raise FileError(
                tr("{source}: {name!r} in it is {what}; remove it", source=source, name=part.name, what=what)
            )


def geodatabase_layers(source: Path) -> list[str]:
    """Return the layers and tables of a File Geodatabase."""
    import pyogrio

    check_geodatabase(source)
    with blamed_on(source), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # damage is told by whoever reads the layer
        return [str(name) for name in pyogrio.list_layers(gdal_name(source))[:, 0]]


def storable_types(frame: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Give every column a type that the format has; return what a person should know of it."""
    result, told = frame.copy(deep=False), []
    for name in [name for name in frame.columns if name != frame.active_geometry_name]:
        values = frame[name]
        if pd.api.types.is_bool_dtype(values.dtype):
            result[name] = values.astype("Int16") if values.isna().any() else values.astype("int16")
            told.append(tr("{name}: true and false are written as 1 and 0", name=name))
        elif isinstance(values.dtype, pd.DatetimeTZDtype):
            result[name] = values.dt.tz_convert("Asia/Shanghai").dt.tz_localize(None)
            told.append(tr("{name}: times are written as Beijing time, without zone", name=name))
        elif pd.api.types.is_integer_dtype(values.dtype) and not _is_long(values):
            result[name] = values.astype("Int32") if values.isna().any() else values.astype("int32")
    return result, told


def geodatabase_options(frame: gpd.GeoDataFrame) -> tuple[dict[str, Any], list[str]]:
    """Return how to create a layer: for old programs too, unless it has what they do not know."""
    columns = [frame[name] for name in frame.columns if name != frame.active_geometry_name]
    long = [
        str(each.name) for each in columns if pd.api.types.is_integer_dtype(each.dtype) and _is_long(each)
    ]
    fine = [str(each.name) for each in columns if _has_milliseconds(each)]
    origin, scale = _grid_of(frame)
    options: dict[str, Any] = {"XORIGIN": origin, "YORIGIN": origin, "XYSCALE": scale}
    if not long and not fine:
        return options, []
    return {**options, "TARGET_ARCGIS_VERSION": _NEW}, [
        tr(
            "{names}: whole numbers over 32 bits or milliseconds need ArcGIS Pro 3.2 or newer",
            names=listed(long + fine),
        )
    ]


def on_grid(frame: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Return the shapes as the format will hold them."""
    origin, scale = _grid_of(frame)
    values = frame.geometry.to_numpy()
    rounded = shapely.transform(
        values, lambda places: np.floor((places - origin) * scale + 0.5) / scale + origin
    )
    return gpd.GeoSeries(rounded, index=frame.index, crs=frame.crs)


def copy_geodatabase(source: Path, target: Path) -> None:
    """Copy a File Geodatabase, its locks left out."""
    check_geodatabase(source)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.lock"))


def _grid_of(frame: gpd.GeoDataFrame) -> tuple[float, float]:
    """Return where the grid of a layer begins, and its steps to a unit."""
    if frame.crs is not None:
        return _GRID["degrees" if frame.crs.is_geographic else "metres"]
    bounds = frame.total_bounds
    return _GRID["metres" if (np.abs(bounds[np.isfinite(bounds)]) > 360).any() else "degrees"]


def _is_long(values: pd.Series) -> bool:
    present = values.dropna()
    return bool(len(present)) and not bool(present.between(_INT32.min, _INT32.max).all())


def _has_milliseconds(values: pd.Series) -> bool:
    if not pd.api.types.is_datetime64_any_dtype(values.dtype):
        return False
    present = values.dropna()
    return bool((present.dt.floor("s") != present).any())
