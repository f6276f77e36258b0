"""Are positions where they claim to be? Suspicious ones found with evidence, and put right only when asked.

Two faults are certain enough to be repaired. Swapped axes: in China no latitude looks like a longitude.
GCJ-02 and BD-09, the shifted datums of web maps: one point cannot tell, but all points of one reporting
channel (上报渠道) together can, if they name the roads they lie on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.crs import CGCS2000, as_metric, convert_crs, require_crs
from zjk_gis.errors import GeometryError, InputError, MissingColumnError, name_rows
from zjk_gis.layers.coordinates import in_china, named_columns, read_positions
from zjk_gis.layers.datums import shift
from zjk_gis.layers.shapes import has_shape, point_coordinates
from zjk_gis.layers.shifted import DATUMS, shift_test, to_ground
from zjk_gis.layers.values import as_text
from zjk_gis.layers.versions import check_layer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.layers.shifted import ShiftDatum

__all__ = ["check_positions", "fix_positions"]

# A channel is shifted if its points lie this far from the roads they name, and converted this near, and a
# third as far as in any other datum. GCJ-02 shifts by 524 to 588 m at Zhangjiakou, BD-09 by 1.32 to 1.41 km;
# addresses lie within tens of metres of their road.
_FAR_M, _NEAR_M, _SHARE, _LEAST_ROWS = 100.0, 60.0, 1 / 3, 20
_OUTSIDE_REGION_M = 5000.0
_KINDS = ("missing", "not_a_number", "swapped_axes", "outside_china")
_SHIFTS: dict[ShiftDatum, str] = {"gcj02": "GCJ-02", "bd09": "BD-09"}
_REPAIRABLE = ("swapped_axes", *_SHIFTS)
_COLUMNS = ["row", "problem", "evidence"]


def check_positions(
    points: gpd.GeoDataFrame,
    *,
    lon: str | None = None,
    lat: str | None = None,
    roads: gpd.GeoDataFrame | None = None,
    region: gpd.GeoDataFrame | None = None,
    channel: str = "source",
    road_name: str = "road_name",
) -> pd.DataFrame:
    """Find rows whose coordinates are suspicious, and say why.

    Parameters
    ----------
    points : GeoDataFrame
        Points (案件) in any CRS, rows without geometry among them.
    lon, lat : str, optional
        The columns of coordinates as they were read, which explain a missing geometry; by default those of
        the usual names.
    roads : GeoDataFrame, optional
        Lines with the column `road_name`, against which GCJ-02 and BD-09 are judged. Without them they are
        not.
    region : GeoDataFrame, optional
        The ground where the points should lie.
    channel : str, default "source"
        The column of reporting channels (上报渠道): each delivers all its points in one datum.
    road_name : str, default "road_name"
        The column, of `points` and of `roads`, with the name of the road.

    Returns
    -------
    DataFrame
        One row for each problem, in the order of `points`:

        - ``row``: index label
        - ``problem`` (text): ``missing``, ``not_a_number``, ``swapped_axes``, ``outside_china``,
          ``outside_region``, ``gcj02`` or ``bd09``
        - ``evidence`` (text)

    Raises
    ------
    CRSError
        If a layer has no CRS.
    GeometryError
        If rows are no points, or roads are no lines.
    MissingColumnError
        If `roads` are given and `channel` or `road_name` is no column.

    Notes
    -----
    Axes are swapped if the latitude lies in 73–136 and the longitude in 3–54. A channel is in GCJ-02 or BD-09
    if of its rows at least 20 name a known road, the median of their distances to it is over 100 m as given,
    and after conversion under 60 m and under a third of that in either other datum. Then all its rows are
    listed, those without a road too. ``outside_region`` means over 5 km outside.

    Examples
    --------
    >>> points = gpd.GeoDataFrame(geometry=gpd.points_from_xy([114.88, 40.82], [40.82, 114.88]), crs=4490)
    >>> check_positions(points)[["row", "problem"]].to_numpy().tolist()
    [[1, 'swapped_axes']]
    """
    degrees = _degrees(points, lon, lat)
    found = [_listed(points, degrees.problem == kind, kind, degrees.evidence) for kind in _KINDS]
    if region is not None:
        found.append(_far_from_region(points, degrees, region))
    if roads is not None:
        found.append(_shifted(points, degrees, roads, channel, road_name))
    problems = pd.concat([rows for rows in found if len(rows)] or found[:1])
    result = problems.sort_values("at", kind="stable")[_COLUMNS].reset_index(drop=True)
    result.attrs = {"lon": lon, "lat": lat}
    return result


def fix_positions(points: gpd.GeoDataFrame, problems: pd.DataFrame) -> gpd.GeoDataFrame:
    """Put right the swapped axes and the GCJ-02 and BD-09 positions that a list of problems names, no others.

    Parameters
    ----------
    points : GeoDataFrame
        The points that were checked.
    problems : DataFrame
        From `check_positions`, perhaps with rows taken out.

    Returns
    -------
    GeoDataFrame
        A copy with the geometry put right and the column ``position_fix`` (text): empty where nothing was
        done, otherwise ``swapped_axes``, ``gcj02``, ``bd09`` or such as ``swapped_axes;gcj02``. Columns of
        coordinates stay as they were read.

    Raises
    ------
    InputError
        If a listed row is not there, is there twice, is listed as GCJ-02 and as BD-09, or was put right
        before: a second conversion would move it again.

    Examples
    --------
    >>> points = gpd.GeoDataFrame(geometry=gpd.points_from_xy([114.88, 40.82], [40.82, 114.88]), crs=4490)
    >>> fixed = fix_positions(points, check_positions(points))
    >>> fixed.geometry.x.tolist(), fixed["position_fix"].tolist()
    ([114.88, 114.88], ['', 'swapped_axes'])
    """
    missing = [name for name in ("row", "problem") if name not in problems]
    if missing:
        message = f"problems: no column {missing[0]!r}; pass what check_positions returned"
        raise MissingColumnError(message)
    done = (
        points["position_fix"].fillna("") if "position_fix" in points else pd.Series("", index=points.index)
    )
    masks = {kind: _rows_to_fix(points, problems, kind, done) for kind in _REPAIRABLE}
    degrees = _degrees(points, problems.attrs.get("lon"), problems.attrs.get("lat"))
    x, y = degrees.axes_right(masks["swapped_axes"])
    both = masks["gcj02"] & masks["bd09"]
    if both.any():
        message = (
            f"problems: {name_rows(points.index[both])} are listed as gcj02 and as bd09; leave one of the two"
        )
        raise InputError(message)
    for kind in _SHIFTS:
        rows = masks[kind]
        x[rows], y[rows] = shift(x[rows], y[rows], source=kind, target="wgs84")
    fixed = np.logical_or.reduce([masks[kind] for kind in _REPAIRABLE])
    nowhere = fixed & ~np.isfinite(x)
    if nowhere.any():
        message = (
            f"points: {name_rows(points.index[nowhere])} have no position to put right; check these again"
        )
        raise InputError(message)
    result = points.copy()
    shapes = points.geometry.to_numpy().copy()
    made, heights = _in_crs_of(points, x[fixed], y[fixed]), shapely.get_z(shapes[fixed])
    solid = np.isfinite(heights)
    made[solid] = shapely.force_3d(made[solid], heights[solid])
    shapes[fixed] = made
    result[points.geometry.name] = gpd.GeoSeries(shapes, index=points.index, crs=points.crs)
    notes = [
        ";".join([*filter(None, [before]), *(kind for kind in _REPAIRABLE if masks[kind][at])])
        for at, before in enumerate(done)
    ]
    result["position_fix"] = pd.Series(notes, index=points.index, dtype="str")
    return result


@dataclass(frozen=True, slots=True)
class _Degrees:
    """Every row in degrees as it claims to be, what is wrong with it, and how that is known."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    problem: NDArray[np.object_]
    evidence: NDArray[np.object_]

    def axes_right(self, swapped: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return longitudes and latitudes, those of the `swapped` rows exchanged."""
        return np.where(swapped, self.y, self.x), np.where(swapped, self.x, self.y)


def _degrees(points: gpd.GeoDataFrame, lon: str | None, lat: str | None) -> _Degrees:
    """Read the geometry as degrees; where it cannot be, the columns it was made from."""
    crs = require_crs(points, "points")
    shapes = points.geometry.to_numpy()
    here = has_shape(shapes)
    other = here & (shapely.get_type_id(shapes) != shapely.GeometryType.POINT)
    if other.any():
        which = name_rows(points.index[other])
        message = f"points: {int(other.sum())} of {len(points)} rows are no points ({which}); take them out"
        raise GeometryError(message)
    x, y = point_coordinates(shapes)
    usable = np.isfinite(x) & np.isfinite(y)
    if not crs.is_geographic:
        lonlat = gpd.GeoSeries(shapely.points(x[usable], y[usable]), crs=crs)
        lonlat = convert_crs(lonlat, CGCS2000, name="points")
        x[usable], y[usable] = lonlat.x.to_numpy(), lonlat.y.to_numpy()
        usable = np.isfinite(x) & np.isfinite(y)
    x[~usable], y[~usable] = np.nan, np.nan
    problem = np.where(usable, "", np.where(here, "not_a_number", "missing")).astype(object)
    evidence = np.where(usable, "", np.where(here, "the geometry is not finite", "no geometry")).astype(
        object
    )

    pair = named_columns(points.columns, lon, lat, "points")
    if pair is not None and not usable.all():
        columns = read_positions(points, pair)
        east, north = (as_text(points[name]).fillna("blank") for name in (pair.east, pair.north))
        told = f"{pair.east}: " + east + f", {pair.north}: " + north
        evidence[~usable] = told[~usable].to_numpy()
        problem[~usable & (columns.why == "not_a_number")] = "not_a_number"
        # Projecting swapped axes leaves an infinite geometry behind; the columns still have them.
        lost = ~usable & in_china(columns.y, columns.x)
        x[lost], y[lost] = columns.x[lost], columns.y[lost]
    swapped = in_china(y, x)
    outside = np.isfinite(x) & ~swapped & ~in_china(x, y)
    for kind, rows in (("swapped_axes", swapped), ("outside_china", outside)):
        problem[rows] = kind
        pairs = zip(x[rows], y[rows], strict=True)
        evidence[rows] = [f"longitude {east:.6f}, latitude {north:.6f}" for east, north in pairs]
    return _Degrees(x, y, problem, evidence)


def _in_crs_of(
    points: gpd.GeoDataFrame, lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> NDArray[np.object_]:
    """Make points of degrees in the CRS of the layer they belong to."""
    made: NDArray[np.object_] = np.asarray(shapely.points(lon, lat), dtype=object)
    if points.crs.is_geographic:
        return made
    projected: NDArray[np.object_] = gpd.GeoSeries(made, crs=CGCS2000).to_crs(points.crs).to_numpy()
    return projected


def _listed(
    points: gpd.GeoDataFrame, rows: NDArray[np.bool_], problem: str, evidence: NDArray[np.object_]
) -> pd.DataFrame:
    """List rows with one problem, and where they stand so that the list can be put in order."""
    at = np.flatnonzero(rows)
    return pd.DataFrame(
        {
            "row": points.index[at].to_numpy(dtype=object),
            "problem": np.full(len(at), problem, dtype=object),
            "evidence": evidence[at],
            "at": at,
        }
    )


def _far_from_region(points: gpd.GeoDataFrame, degrees: _Degrees, region: gpd.GeoDataFrame) -> pd.DataFrame:
    region = check_layer(region, "region", kind="polygon")
    ground = as_metric(region, "region")
    lon, lat = degrees.axes_right(degrees.problem == "swapped_axes")
    rows = in_china(lon, lat)
    distance_m = np.zeros(len(points))
    spots = to_ground(lon[rows], lat[rows], ground.crs)
    distance_m[rows] = shapely.distance(spots, ground.geometry.union_all())
    evidence = np.array([f"{metres / 1000:.1f} km outside the region" for metres in distance_m], dtype=object)
    return _listed(points, distance_m > _OUTSIDE_REGION_M, "outside_region", evidence)


def _shifted(
    points: gpd.GeoDataFrame, degrees: _Degrees, roads: gpd.GeoDataFrame, channel: str, road_name: str
) -> pd.DataFrame:
    """Judge every reporting channel by the roads that its rows name."""
    for layer, name, columns in ((points, "points", (channel, road_name)), (roads, "roads", (road_name,))):
        for column in columns:
            if column not in layer:
                message = f"{name}: no column {column!r}, by which GCJ-02 and BD-09 are judged; name yours"
                raise MissingColumnError(message)
    roads = check_layer(roads, "roads", kind="line")
    lon, lat = degrees.axes_right(degrees.problem == "swapped_axes")
    usable = in_china(lon, lat)
    named = _lines_by_name(as_metric(roads, "roads"), road_name)
    lines = as_text(points[road_name]).map(named, na_action="ignore").to_numpy(dtype=object)
    judged = np.flatnonzero(usable & [isinstance(line, shapely.Geometry) for line in lines])
    channels = as_text(points[channel])
    found = {kind: np.zeros(len(points), dtype=bool) for kind in _SHIFTS}
    evidence = np.full(len(points), "", dtype=object)
    for name, rows in _rows_by_value(channels.iloc[judged]):
        if len(rows) < _LEAST_ROWS:
            continue
        own, at = lines[judged[rows]], judged[rows]
        test = shift_test(lon[at], lat[at], partial(_distance_m, own, named.crs))
        given, kind = test.median_m["wgs84"], min(_SHIFTS, key=lambda shift: test.median_m[shift])
        after = test.median_m[kind]
        others = min(test.median_m[datum] for datum in DATUMS if datum != kind)
        if given > _FAR_M and after < min(others * _SHARE, _NEAR_M):
            members = usable & (channels == name).to_numpy(dtype=bool)
            found[kind] |= members
            evidence[members] = (
                f"channel {name}: {len(rows)} rows name a road and lie {given:.0f} m from it (median), "
                f"{after:.0f} m if converted from {_SHIFTS[kind]}"
            )
    return pd.concat([_listed(points, found[kind], kind, evidence) for kind in _SHIFTS])


def _distance_m(
    lines: NDArray[np.object_], crs: object, lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> NDArray[np.float64]:
    distance: NDArray[np.float64] = shapely.distance(to_ground(lon, lat, crs), lines)
    return distance


def _rows_by_value(values: pd.Series) -> list[tuple[str, NDArray[np.intp]]]:
    """Return the positions of every value; missing ones have none."""
    codes, names = pd.factorize(values.to_numpy(dtype=object), sort=True)
    return [(str(name), np.flatnonzero(codes == code)) for code, name in enumerate(names)]


def _lines_by_name(roads: gpd.GeoDataFrame, road_name: str) -> gpd.GeoSeries:
    """Gather the lines of every named road."""
    parts, owner = shapely.get_parts(roads.geometry.to_numpy(), return_index=True)
    codes, names = pd.factorize(as_text(roads[road_name]).to_numpy()[owner], sort=True)
    order = np.argsort(codes, kind="stable")
    order = order[codes[order] >= 0]
    lines = shapely.multilinestrings(parts[order], indices=codes[order])
    return gpd.GeoSeries(lines, index=names, crs=roads.crs)


def _rows_to_fix(
    points: gpd.GeoDataFrame, problems: pd.DataFrame, kind: str, done: pd.Series
) -> NDArray[np.bool_]:
    """Find the rows that a list names, or refuse what would be moved twice."""
    labels = problems.loc[problems["problem"] == kind, "row"]
    unknown = labels[~labels.isin(points.index)]
    if len(unknown):
        message = f"problems: {name_rows(unknown)} of {kind} are not in points; check these points again"
        raise InputError(message)
    rows: NDArray[np.bool_] = points.index.isin(labels)
    if rows.any() and not points.index.is_unique:
        message = (
            "points: index labels are there more than once; call .reset_index(drop=True) and check again"
        )
        raise InputError(message)
    alike = set(_SHIFTS) if kind in _SHIFTS else {kind}
    again = rows & done.str.split(";").map(lambda fixes: bool(alike & {*fixes})).to_numpy(dtype=bool)
    if again.any():
        message = (
            f"points: {kind} was already put right in {name_rows(points.index[again])}; check these again"
        )
        raise InputError(message)
    return rows
