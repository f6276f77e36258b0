"""Layers between WGS84, CGCS2000 and the shifted datums of web maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, get_args

import numpy as np
import shapely

from zjk_gis.arguments import checked
from zjk_gis.crs import CGCS2000, WGS84, datum_of, shifted_crs
from zjk_gis.crs import datum as shifts
from zjk_gis.crs.conversion import with_remarks
from zjk_gis.crs.systems import title_of
from zjk_gis.crs.vertices import projected, with_vertices_moved
from zjk_gis.errors import CRSError, InputError, name_rows
from zjk_gis.layers.columns.coordinates import datum_of_column
from zjk_gis.layers.columns.datum_words import WebDatum, datums_in_text
from zjk_gis.read_report import report_of
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeAlias

    import geopandas as gpd
    from numpy.typing import NDArray
    from pyproj import CRS

    _Floats: TypeAlias = NDArray[np.float64]
    _Layer = TypeVar("_Layer", gpd.GeoDataFrame, gpd.GeoSeries)

__all__ = ["StatedDatum", "WebDatum", "convert_datum", "in_declared_datum", "shift", "stated_datum"]

_GROUND, _SHIFTED = ("wgs84", "cgcs2000"), ("gcj02", "bd09")
_LISTED = 1000  # rows outside China that the report names; the rest is counted


@checked
def convert_datum(layer: _Layer, *, source: WebDatum, target: WebDatum) -> _Layer:
    """Bring a layer from one of WGS84, CGCS2000, GCJ-02 and BD-09 to another.

    Parameters
    ----------
    layer : GeoDataFrame or GeoSeries
        Of any geometry. Without CRS its coordinates are longitude and latitude.
    source : {"wgs84", "cgcs2000", "gcj02", "bd09"}
        The datum that its coordinates are in. Web maps' layers are often labelled EPSG:4326 though they are
        GCJ-02 or BD-09, so the label does not decide; but it must not contradict.
    target : {"wgs84", "cgcs2000", "gcj02", "bd09"}
        The datum wanted.

    Returns
    -------
    GeoDataFrame or GeoSeries
        A copy; index, columns and heights stay, and so do missing and empty geometries. Its CRS is
        EPSG:4326 or EPSG:4490, or a geographic one named GCJ-02 or BD-09; a layer in metres that goes to
        WGS84 or CGCS2000 comes back in its own projection. ``attrs["report"].datum`` tells ``source``,
        ``target``, ``outside_china`` (how many rows have a vertex there, which is passed unchanged) and
        ``outside_china_rows`` (the labels of the first 1,000); ``attrs["report"].remarks`` says it in
        words. Positions whose axes are exchanged are converted and stay exchanged, for `check_positions` to
        find.

    Raises
    ------
    CRSError
        If the CRS contradicts `source`, or the coordinates of a layer without CRS are not degrees.
    InputError
        If a datum is unknown.

    Notes
    -----
    CGCS2000 and WGS84 agree within centimetres to decimetres and are taken for the same. See
    `zjk_gis.crs.datum` for the algorithm and its accuracy.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> web = gpd.GeoDataFrame({"id": [1]}, geometry=[Point(114.87835, 40.819114)], crs=4326)
    >>> ground = convert_datum(web, source="gcj02", target="cgcs2000")
    >>> round(ground.geometry[0].x, 5), ground.crs.to_epsg()
    (114.87222, 4490)
    >>> ground.attrs["report"].datum["outside_china"]
    0
    """
    for name, value in (("source", source), ("target", target)):
        if value not in get_args(WebDatum):
            raise InputError(
                tr(
                    "{name} must be one of {webdatum}, not {value!r}",
                    name=name,
                    webdatum=listed(get_args(WebDatum)),
                    value=value,
                )
            )
    own: CRS | None = layer.crs
    _check_source(layer, own, source)
    back = own is not None and own.is_projected and target in _GROUND
    degrees = layer if own is None or own.is_geographic else projected(layer, own.geodetic_crs)
    moved = with_vertices_moved(
        degrees, lambda x, y: shift(x, y, source=source, target=target), _crs_of(target)
    )
    outside = _outside(degrees if source in _GROUND else moved, moved, source=source, target=target)
    if back:
        moved = projected(moved.set_crs(degrees.crs, allow_override=True), own)
    labels = layer.index[outside].tolist()
    remark = tr("converted from {source} to {target}", source=title_of(source), target=title_of(target))
    if labels:
        remark += tr(
            "; {count} rows lie outside China and stay as they were ({rows})",
            count=len(labels),
            rows=name_rows(labels),
        )
    facts = {
        "source": source,
        "target": target,
        "outside_china": len(labels),
        "outside_china_rows": labels[:_LISTED],
    }
    moved.attrs = dict(layer.attrs)
    with_remarks(moved, [remark], datum=facts)
    return moved


def shift(lon: _Floats, lat: _Floats, *, source: WebDatum, target: WebDatum) -> tuple[_Floats, _Floats]:
    """Return longitudes and latitudes in another of the datums.

    Parameters
    ----------
    lon, lat : ndarray of float64
        Degrees. Where the axes of a position are exchanged, which is certain in China, it is shifted as what
        it is and stays exchanged: passed unchanged, it would lie 550 m off once its axes are right.
    source, target : {"wgs84", "cgcs2000", "gcj02", "bd09"}

    Returns
    -------
    lon, lat : ndarray of float64
        Positions outside China, and those that are not finite, as they were.

    Examples
    --------
    >>> lon, lat = shift(np.array([114.87222, 40.81778]), np.array([40.81778, 114.87222]),
    ...                  source="cgcs2000", target="gcj02")
    >>> lon.round(6).tolist(), lat.round(6).tolist()
    ([114.87835, 40.819114], [40.819114, 114.87835])
    """
    one, other = ("wgs84" if datum in _GROUND else datum for datum in (source, target))
    if one == other:
        return lon, lat
    move: Callable[[Any, Any], tuple[_Floats, _Floats]] = getattr(shifts, f"{one}_to_{other}")
    exchanged = _exchanged(lon, lat)
    if not exchanged.any():
        return move(lon, lat)
    x, y = move(np.where(exchanged, lat, lon), np.where(exchanged, lon, lat))
    return np.where(exchanged, y, x), np.where(exchanged, x, y)


@dataclass(frozen=True, slots=True)
class StatedDatum:
    """What a file itself says of the datum of its positions.

    Attributes
    ----------
    datum : {"wgs84", "cgcs2000", "gcj02", "bd09"} or None
        None where it says several.
    where : str
        The words, and where they stand.
    """

    datum: WebDatum | None
    where: str


def stated_datum(titles: Iterable[str], columns: Iterable[str]) -> StatedDatum | None:
    """Say which datum a table itself names: in the names of its columns of coordinates, or in its titles.

    Parameters
    ----------
    titles : iterable of str
        The lines above and below the table.
    columns : iterable of str
        The columns that its positions are taken from. What they say comes before the titles: it stands
        nearest to the numbers.

    Returns
    -------
    StatedDatum or None
        None where nothing is said.

    Examples
    --------
    >>> stated_datum(["井盖台账(高德坐标)"], ["经度", "纬度"])
    StatedDatum(datum='gcj02', where='title "井盖台账(高德坐标)"')
    >>> stated_datum(["井盖台账"], ["百度经度", "百度纬度"])
    StatedDatum(datum='bd09', where='columns 百度经度, 百度纬度')
    >>> print(stated_datum(["由百度坐标转为CGCS2000"], []).datum)
    None
    """
    named = {name: datum for name in columns if (datum := datum_of_column(name)) is not None}
    if named:
        datums = set(named.values())
        where = tr("columns {names}", names=listed(named))
        return StatedDatum(datums.pop() if len(datums) == 1 else None, where)
    said = {title: found for title in titles if (found := datums_in_text(title))}
    if not said:
        return None
    datums = {datum for found in said.values() for datum in found}
    where = tr(" and ").join(tr('title "{title}"', title=title.strip()) for title in said)
    return StatedDatum(datums.pop() if len(datums) == 1 else None, where)


def in_declared_datum(layer: _Layer, datum: WebDatum, *, told: str) -> _Layer:
    """Bring a layer whose datum somebody declared to the ground, CGCS2000, once.

    Parameters
    ----------
    layer : GeoDataFrame or GeoSeries
        As it was read. If its report says that it was converted from another datum already, as its file
        stated, that is undone first; if from this one, nothing is done.
    datum : {"wgs84", "cgcs2000", "gcj02", "bd09"}
    told : str
        Who declared it, such as ``argument``.

    Returns
    -------
    GeoDataFrame or GeoSeries
        ``attrs["report"].datum`` tells ``source``, ``target``, ``declared_by``, and what `convert_datum`
        tells.

    Raises
    ------
    CRSError
        If the CRS contradicts the datum, or there is none and the coordinates are not degrees.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> web = gpd.GeoDataFrame(geometry=[Point(114.87835, 40.819114)], crs=4490)
    >>> ground = in_declared_datum(web, "gcj02", told="argument")
    >>> round(ground.geometry[0].x, 5), in_declared_datum(ground, "gcj02", told="argument") is ground
    (114.87222, True)
    """
    before = report_of(layer).datum.get("source")
    if before == datum:
        return layer
    if before in _SHIFTED:
        own = layer.crs
        layer = convert_datum(layer, source="cgcs2000", target=before)
        layer = layer.set_crs(CGCS2000, allow_override=True).to_crs(own)
    if datum in _GROUND:
        if layer.crs is not None:
            _check_source(layer, layer.crs, datum)
        result, facts = layer.copy(), {"source": datum, "target": datum}
    else:
        result = convert_datum(layer, source=datum, target="cgcs2000")
        facts = report_of(result).datum
    with_remarks(result, [], datum={**facts, "declared_by": told})
    return result


def _check_source(layer: gpd.GeoDataFrame | gpd.GeoSeries, crs: CRS | None, source: str) -> None:
    """Refuse a layer whose CRS says that it is in another datum than the caller says."""
    if crs is None or crs.is_engineering:
        west, south, east, north = layer.total_bounds
        if min(west, south) < -180 or east > 360 or south < -90 or north > 90:
            raise CRSError(
                tr(
                    "the layer: has no CRS, and its coordinates run to {east:g}, {north:g}, which are not "
                    "longitude and latitude; set the CRS they are in, for instance layer.set_crs(4547)",
                    east=east,
                    north=north,
                )
            )
        return
    labelled = datum_of(crs)
    if labelled == source or labelled in _GROUND:
        return
    raise CRSError(
        tr(
            "the layer: its CRS is {name}, not {title_of}; convert it with "
            "zjk_gis.crs.convert_crs, or correct the label with .set_crs(..., "
            "allow_override=True)",
            name=crs.name,
            title_of=title_of(source),
        )
    )


def _crs_of(datum: WebDatum) -> Any:
    if datum == "gcj02" or datum == "bd09":
        return shifted_crs(datum)
    return WGS84 if datum == "wgs84" else CGCS2000


def _outside(
    ground: gpd.GeoDataFrame | gpd.GeoSeries,
    moved: gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    source: WebDatum,
    target: WebDatum,
) -> NDArray[np.bool_]:
    """Tell which rows have a vertex outside China."""
    if source not in _GROUND and target not in _GROUND:
        ground = with_vertices_moved(moved, lambda x, y: shift(x, y, source=target, target="wgs84"), WGS84)
    vertices, owner = shapely.get_coordinates(ground.geometry.to_numpy(), return_index=True)
    lon, lat = vertices[:, 0], vertices[:, 1]
    outside = np.zeros(len(moved), dtype=bool)
    outside[owner[shifts.outside_china(lon, lat) & ~_exchanged(lon, lat)]] = True
    return outside


def _exchanged(lon: _Floats, lat: _Floats) -> NDArray[np.bool_]:
    """Tell which positions lie in China once their axes are exchanged; none of them does as it is."""
    exchanged: NDArray[np.bool_] = ~shifts.outside_china(lat, lon)
    exchanged &= np.isfinite(lon) & np.isfinite(lat)
    return exchanged
