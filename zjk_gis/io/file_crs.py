"""Which system a layer is in: what its file says, unless the numbers cannot be that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import shapely
from pyproj import Transformer
from pyproj.exceptions import ProjError

from zjk_gis.coordinates.bare_numbers import SURE
from zjk_gis.coordinates.inference import likeliest, probable_crs
from zjk_gis.crs import CGCS2000
from zjk_gis.crs.conversion import datum_warning
from zjk_gis.crs.systems import in_china
from zjk_gis.errors import CRSError
from zjk_gis.io.vector.shapefile import sidecar
from zjk_gis.words import tr

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray
    from pyproj import CRS

    from zjk_gis.io.paths import Format
    from zjk_gis.read_report import ReadReport

    Floats = NDArray[np.float64]

__all__ = ["Settled", "settle_crs", "system_of_file"]


@dataclass(frozen=True, slots=True)
class Settled:
    """Which system a layer is in.

    Attributes
    ----------
    crs : CRS or None
        None where nobody says.
    origin : {"file", "format", "argument", "none"}
        Who says so.
    remarks : tuple of str
        What a person should know: that the file is silent or cannot be right, and what its system probably is
        then; that the layer lies outside China.
    """

    crs: CRS | None
    origin: Literal["file", "format", "argument", "none"]
    remarks: tuple[str, ...] = ()


def system_of_file(
    source: Path, form: Format, own: CRS | None, given: CRS | None, x: Floats, y: Floats
) -> Settled:
    """Find the system of a layer from what its file says, what the caller says, and its numbers.

    1. A file that names none, or one without a place on Earth, is in the one that the caller names.
    2. So is one whose numbers, for the most part, cannot be in the system that it names.
    3. A GeoJSON that names none is in WGS 84, unless the caller names another.
    4. Otherwise the file is right, and a caller who names another system is refused.

    Parameters
    ----------
    source : Path
    form : Format
    own : CRS or None
        What the file says.
    given : CRS or None
        What the caller says.
    x, y : ndarray of float
        Coordinates of the layer, or of its first rows.

    Returns
    -------
    Settled

    Raises
    ------
    CRSError
        If the caller contradicts a file that may be right.

    Examples
    --------
    >>> from pathlib import Path
    >>> from pyproj import CRS
    >>> from zjk_gis.io.paths import format_of
    >>> path = Path("wells.gpkg")
    >>> degrees = np.array([114.88]), np.array([40.82])
    >>> system_of_file(path, format_of(path), CRS(4547), CRS(4490), *degrees).remarks
    ('wells.gpkg: says it is in CGCS2000 / 3-degree Gauss-Kruger CM 114E, but holds degrees; taken for China
    Geodetic Coordinate System 2000, as crs= says',)
    """
    name = source.name
    placed = None if own is None or own.is_engineering else own  # LOCAL_CS: a name without a place on Earth
    silent = form.title == "GeoJSON" and placed is not None and placed.to_epsg() == 4326
    why = None
    if placed is None:
        no_prj = form.title == "ESRI Shapefile" and sidecar(source, ".prj") is None
        why = tr("has no .prj") if no_prj else tr("has no usable CRS")
    elif (what := _impossible(x, y, placed)) is not None:
        # Every GeoJSON is WGS 84 unless it says otherwise, even where it is not.
        why = (
            tr("holds {what} and names no CRS", what=what)
            if silent
            else tr("says it is in {system}, but holds {what}", system=placed.name, what=what)
        )
    if placed is None or why is not None:
        if given is None:
            asked = tr("{name}: {why}; name its system with crs=", name=name, why=why)
            return Settled(None, "none", (asked, tr("{name}: {what}", name=name, what=probable_crs(x, y))))
        contradicted = tr(
            "{name}: {why}; taken for {given}, as crs= says", name=name, why=why, given=given.name
        )
        return Settled(given, "argument", () if placed is None else (contradicted,))
    if silent and given is not None:
        return Settled(given, "argument")
    if given is not None and not _same(placed, given):
        raise CRSError(
            tr(
                "{source}: says it is in {name}, but crs= says {name_2}; leave crs= out and convert "
                "with .to_crs(), or correct it with .set_crs(..., allow_override=True)",
                source=source,
                name=placed.name,
                name_2=given.name,
            )
        )
    elsewhere = _elsewhere(x, y, placed)
    told = [datum_warning(placed, name)]
    told += [] if elsewhere is None else [tr("{name}: {what}", name=name, what=elsewhere)]
    return Settled(placed, "format" if silent else "file", tuple(each for each in told if each is not None))


def settle_crs(
    frame: gpd.GeoDataFrame, given: CRS | None, source: Path, form: Format, report: ReadReport
) -> gpd.GeoDataFrame:
    """Give a layer the system that it is in by `system_of_file`; raises as that does.

    Parameters
    ----------
    frame : GeoDataFrame
        As it was read.
    given : CRS or None
        What the caller says.
    source : Path
    form : Format
    report : ReadReport
        Told in ``crs_from`` where the system is from, and in ``remarks`` what a person should know.

    Returns
    -------
    GeoDataFrame
        Without a system where nobody says.
    """
    x, y = shapely.get_coordinates(frame.geometry.to_numpy()).T
    settled = system_of_file(source, form, frame.crs, given, x, y)
    report.crs_from = settled.origin
    report.remarks += settled.remarks
    return frame.set_crs(settled.crs, allow_override=True)


def _impossible(x: Floats, y: Floats, own: CRS) -> str | None:
    """Say what most numbers are, if they are none of the system that the file names."""
    usable = np.isfinite(x) & np.isfinite(y)
    if not usable.any():
        return None
    x, y = x[usable], y[usable]
    if own.is_geographic:
        wrong = (np.abs(x) > 360) | (np.abs(y) > 90)
        return tr("no degrees") if 2 * int(wrong.sum()) > len(x) else None
    degrees = in_china(x, y) | in_china(y, x)
    return tr("degrees") if 2 * int(degrees.sum()) > len(x) else None


def _elsewhere(x: Floats, y: Floats, own: CRS) -> str | None:
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
        told = tr("lies nowhere on Earth by its system, {system}", system=own.name)
        best = likeliest(x[usable], y[usable])
        return told + tr("; ") + probable_crs(x, y) if best and best.confidence >= SURE else told
    return tr(
        "lies outside China by its system, {system}, at {lon:.2f}, {lat:.2f}",
        system=own.name,
        lon=lon,
        lat=lat,
    )


def _same(own: CRS, given: CRS) -> bool:
    """Tell whether two systems are one, though perhaps written differently, as in a .prj."""
    code = own.to_epsg()
    return bool(own.equals(given, ignore_axis_order=True)) or (code is not None and code == given.to_epsg())
