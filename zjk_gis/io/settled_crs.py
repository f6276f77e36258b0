"""Which system a layer is in: what its file says, unless the numbers cannot be that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from pyproj import Transformer
from pyproj.exceptions import ProjError

from zjk_gis.crs import CGCS2000
from zjk_gis.crs.conversion import datum_warning
from zjk_gis.errors import CRSError
from zjk_gis.io.shapefile import sidecar
from zjk_gis.layers.coordinates import in_china
from zjk_gis.layers.inference import probable_crs

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray
    from pyproj import CRS

    from zjk_gis.io.paths import Format

__all__ = ["settle_crs"]


def settle_crs(
    frame: gpd.GeoDataFrame, given: CRS | None, source: Path, form: Format, report: dict[str, Any]
) -> gpd.GeoDataFrame:
    """Set the system that the caller names where the file has none, or one that its numbers cannot be in.

    Parameters
    ----------
    frame : GeoDataFrame
        As it was read.
    given : CRS or None
        What the caller says.
    source : Path
    form : Format
    report : dict
        Told in ``crs_from`` where the system is from (``file``, ``format``, ``argument`` or ``none``), and in
        ``remarks`` what it probably is, if the file does not say or cannot be right.

    Returns
    -------
    GeoDataFrame
        Without a system where nobody says.

    Raises
    ------
    CRSError
        If the caller contradicts a file that may be right.
    """
    own = frame.crs
    x, y = shapely.get_coordinates(frame.geometry.to_numpy()).T
    why = None
    if own is None or own.is_engineering:  # LOCAL_CS: a name without a place on Earth
        no_prj = form.title == "ESRI Shapefile" and sidecar(source, ".prj") is None
        why = f"has no {'.prj' if no_prj else 'usable CRS'}"
    elif (what := _impossible(x, y, own)) is not None:
        # Every GeoJSON is WGS 84 unless it says otherwise, even where it is not.
        silent = form.title == "GeoJSON" and own.to_epsg() == 4326
        why = f"holds {what} and names no CRS" if silent else f"says it is in {own.name}, but holds {what}"
    if why is not None:
        report["crs_from"] = "none" if given is None else "argument"
        if given is None:
            report["remarks"].append(f"{source.name}: {why}; name its system with crs=")
            report["remarks"].append(f"{source.name}: {probable_crs(x, y)}")
        elif own is not None and not own.is_engineering:
            report["remarks"].append(f"{source.name}: {why}; taken for {given.name}, as crs= says")
        return frame.set_crs(given, allow_override=True)
    report["crs_from"] = "file"
    if form.title == "GeoJSON" and own.to_epsg() == 4326:
        report["crs_from"] = "format"
        if given is not None:
            report["crs_from"] = "argument"
            return frame.set_crs(given, allow_override=True)
    if given is not None and not _same(own, given):
        message = (
            f"{source}: says it is in {own.name}, but crs= says {given.name}; leave crs= out and convert "
            "with .to_crs(), or correct it with .set_crs(..., allow_override=True)"
        )
        raise CRSError(message)
    warning = datum_warning(own, source.name)
    if warning is not None:
        report["remarks"].append(warning)
    elsewhere = _elsewhere(x, y, own)
    if elsewhere is not None:
        report["remarks"].append(f"{source.name}: {elsewhere}; {probable_crs(x, y)}")
    return frame


def _impossible(x: NDArray[np.float64], y: NDArray[np.float64], own: CRS) -> str | None:
    """Say what most numbers are, if they are none of the system that the file names."""
    usable = np.isfinite(x) & np.isfinite(y)
    if not usable.any():
        return None
    x, y = x[usable], y[usable]
    if own.is_geographic:
        wrong = (np.abs(x) > 360) | (np.abs(y) > 90)
        return "no degrees" if 2 * int(wrong.sum()) > len(x) else None
    degrees = in_china(x, y) | in_china(y, x)
    return "degrees" if 2 * int(degrees.sum()) > len(x) else None


def _elsewhere(x: NDArray[np.float64], y: NDArray[np.float64], own: CRS) -> str | None:
    """Say where the middle of a layer lies by its system, if that is not in China."""
    usable = np.isfinite(x) & np.isfinite(y)
    if not usable.any():
        return None
    try:
        turn = Transformer.from_crs(own, CGCS2000, always_xy=True)
        lon, lat = (float(value) for value in turn.transform(np.median(x[usable]), np.median(y[usable])))
    except ProjError:  # another planet
        lon = lat = np.nan
    if in_china(np.array([lon]), np.array([lat]))[0]:
        return None
    if not np.isfinite([lon, lat]).all():
        return f"lies nowhere on Earth by its system, {own.name}"
    return f"lies outside China by its system, {own.name}, at {lon:.2f}, {lat:.2f}"


def _same(own: CRS, given: CRS) -> bool:
    """Tell whether two systems are one, though perhaps written differently, as in a .prj."""
    code = own.to_epsg()
    return bool(own.equals(given, ignore_axis_order=True)) or (code is not None and code == given.to_epsg())
