"""Are positions where they claim to be? Suspicious ones found with evidence.

Swapped axes are certain: in China no latitude looks like a longitude. GCJ-02 and BD-09 are the shifted datums
of web maps: a position by itself cannot tell, but the road that its row names can, if enough rows agree (see
`zjk_gis.coordinates.datum_evidence`). Both can be fixed: `zjk_gis.coordinates.position_fixes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.coordinates.datum_evidence import SHIFT_TITLES, UNDECIDED, judge_datums
from zjk_gis.coordinates.shifted import DATUMS, to_ground
from zjk_gis.crs import CGCS2000, as_metric, convert_crs, require_crs
from zjk_gis.crs.systems import in_china
from zjk_gis.errors import GeometryError, MissingColumnError, name_rows
from zjk_gis.layers.columns.coordinates import is_most, is_zero, named_columns, read_positions
from zjk_gis.layers.columns.values import as_text
from zjk_gis.layers.shapes import has_shape, point_coordinates
from zjk_gis.layers.versions import check_layer
from zjk_gis.read_report import report_of
from zjk_gis.words import tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.coordinates.shifted import ShiftDatum

__all__ = ["ClaimedDegrees", "check_positions", "claimed_degrees", "declared_datum"]

_OUTSIDE_REGION_M = 5000.0
_KINDS = ("missing", "not_a_number", "zero", "swapped_axes", "outside_china")
_COLUMNS = ["row", "problem", "evidence"]


@checked
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
        The column of reporting channels (上报渠道). A row that does not tell its datum follows its channel
        if nearly all of those that do agree.
    road_name : str, default "road_name"
        The column, of `points` and of `roads`, with the name of the road.

    Returns
    -------
    DataFrame
        One row for each problem, in the order of `points`:

        - ``row``: index label
        - ``problem`` (text): ``missing``, ``not_a_number``, ``zero``, ``swapped_axes``, ``outside_china``,
          ``outside_region``, ``gcj02``, ``bd09`` or ``undecided_datum``
        - ``evidence`` (text)

        ``attrs["remarks"]`` says so where most lie outside China; ``outside_china`` is not a problem of a row
        then.

    Raises
    ------
    CRSError
        If a layer has no CRS.
    GeometryError
        If rows are not points, or roads are not lines.
    MissingColumnError
        If `roads` are given and `channel` or `road_name` is not a column.

    Notes
    -----
    Axes are swapped if the latitude lies in 73–136 and the longitude in 3–54. ``zero`` is the 0, 0 of devices
    without a fix. ``outside_region`` means over 5 km outside.

    Datums are judged so:

    1. A row *speaks* for the datum in which it lies within 60 m of the road that it names, if in the others
       it lies over 100 m from it and three times as far. Every other row is silent.
    2. A row that speaks for the ground is right, whatever its channel.
    3. A row that speaks for GCJ-02 or BD-09 is listed as ``gcj02`` or ``bd09`` if at least 20 rows of its
       channel do, and more than lie over 100 m from their road in every datum.
    4. A silent row follows its channel if 3 holds there and 95 % of the rows that speak agree.
    5. ``undecided_datum`` is a row that speaks without the numbers that 3 asks for, and a silent row of a
       channel in which over 5 % of the rows that speak, and at least 5, are not on the ground.
       `fix_positions` leaves their datum alone.

    Positions whose datum was declared on reading (see `read_layer`) have been converted: rows that speak
    against the declaration are listed as ``undecided_datum``, never as ``gcj02`` or ``bd09``.

    Examples
    --------
    >>> points = gpd.GeoDataFrame(geometry=gpd.points_from_xy([114.88, 40.82], [40.82, 114.88]), crs=4490)
    >>> check_positions(points)[["row", "problem"]].to_numpy().tolist()
    [[1, 'swapped_axes']]
    """
    degrees = claimed_degrees(points, lon, lat)
    found = [_listed(points, degrees.problem == kind, kind, degrees.evidence) for kind in _KINDS]
    if region is not None:
        found.append(_far_from_region(points, degrees, region))
    if roads is not None:
        found.append(_shifted(points, degrees, roads, channel, road_name))
    problems = pd.concat([rows for rows in found if len(rows)] or found[:1])
    result = problems.sort_values("at", kind="stable")[_COLUMNS].reset_index(drop=True)
    result.attrs = {"lon": lon, "lat": lat, "remarks": degrees.remarks()}
    return result


def _converted_before(points: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Return the place in `DATUMS` of the datum from which `fix_positions` converted each row, or -1."""
    found = np.full(len(points), -1)
    if "position_fix" in points:
        fixes = points["position_fix"].astype("str").fillna("")
        for datum in SHIFT_TITLES:
            found[fixes.str.contains(datum, regex=False).to_numpy(dtype=bool)] = DATUMS.index(datum)
    return found


def declared_datum(points: gpd.GeoDataFrame) -> ShiftDatum | None:
    """Return the datum that was declared when the points were read, None if none was."""
    told: str | None = report_of(points).datum.get("source")
    if told is None:
        return None
    return "gcj02" if told == "gcj02" else "bd09" if told == "bd09" else "wgs84"


@dataclass(frozen=True, slots=True)
class ClaimedDegrees:
    """Every row in degrees as it claims to be, what is wrong with it, and how that is known."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    problem: NDArray[np.object_]
    evidence: NDArray[np.object_]
    elsewhere: bool

    def remarks(self) -> list[str]:
        """Say what is not a fault of the rows: that most lie in another country."""
        said = tr("points: most lie outside China, so that is not listed as a problem of each row")
        return [said] if self.elsewhere else []

    def axes_right(self, swapped: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return longitudes and latitudes, those of the `swapped` rows exchanged."""
        return np.where(swapped, self.y, self.x), np.where(swapped, self.x, self.y)


def claimed_degrees(points: gpd.GeoDataFrame, lon: str | None, lat: str | None) -> ClaimedDegrees:
    """Read the geometry as degrees; where it cannot be, the columns it was made from."""
    crs = require_crs(points, "points")
    shapes = points.geometry.to_numpy()
    here = has_shape(shapes)
    other = here & (shapely.get_type_id(shapes) != shapely.GeometryType.POINT)
    if other.any():
        which = name_rows(points.index[other])
        raise GeometryError(
            tr(
                "points: {other} of {points_count} rows are not points ({which}); take them out",
                other=int(other.sum()),
                points_count=len(points),
                which=which,
            )
        )
    x, y = point_coordinates(shapes)
    zero = is_zero(x, y)
    usable = np.isfinite(x) & np.isfinite(y) & ~zero
    if not crs.is_geographic:
        lonlat = gpd.GeoSeries(shapely.points(x[usable], y[usable]), crs=crs)
        lonlat = convert_crs(lonlat, CGCS2000, name="points")
        x[usable], y[usable] = lonlat.x.to_numpy(), lonlat.y.to_numpy()
        usable &= np.isfinite(x) & np.isfinite(y)
    x[~usable], y[~usable] = np.nan, np.nan
    told = {
        "": ("", usable),
        "zero": (tr("the point lies at 0, 0"), zero),
        "not_a_number": (tr("the geometry is not finite"), here),
        "missing": (tr("no geometry"), ~here),
    }
    masks = [mask for _, mask in told.values()]
    problem = np.select(masks, list(told), "").astype(object)
    evidence = np.select(masks, [words for words, _ in told.values()], "").astype(object)

    pair = named_columns(points.columns, lon, lat, "points")
    if pair is not None and not usable.all():
        at = np.flatnonzero(~usable)
        table = points.iloc[at]
        columns = read_positions(table, pair)
        east, north = (as_text(table[name]).fillna(tr("blank")) for name in (pair.east, pair.north))
        evidence[at] = (f"{pair.east}: " + east + f", {pair.north}: " + north).to_numpy()
        for why in ("not_a_number", "zero"):
            problem[at[columns.why == why]] = why
        # Projecting swapped axes leaves an infinite geometry behind; the columns still have them.
        lost = in_china(columns.y, columns.x)
        x[at[lost]], y[at[lost]] = columns.x[lost], columns.y[lost]
    swapped = in_china(y, x)
    outside = np.isfinite(x) & ~swapped & ~in_china(x, y)
    elsewhere = is_most((outside & (np.abs(y) <= 90))[np.isfinite(x)])
    if elsewhere:  # of another country, where that is not a fault of the rows
        outside &= np.abs(y) > 90
    for kind, rows in (("swapped_axes", swapped), ("outside_china", outside)):
        problem[rows] = kind
        pairs = zip(x[rows], y[rows], strict=True)
        evidence[rows] = [
            tr("longitude {east:.6f}, latitude {north:.6f}", east=east, north=north) for east, north in pairs
        ]
    return ClaimedDegrees(x, y, problem, evidence, elsewhere=elsewhere)


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


def _far_from_region(
    points: gpd.GeoDataFrame, degrees: ClaimedDegrees, region: gpd.GeoDataFrame
) -> pd.DataFrame:
    region = check_layer(region, "region", kind="polygon")
    ground = as_metric(region, "region")
    lon, lat = degrees.axes_right(degrees.problem == "swapped_axes")
    rows = np.isfinite(lon) & (degrees.problem != "outside_china")
    whole = ground.geometry.union_all()
    shapely.prepare(whole)
    spots = to_ground(lon[rows], lat[rows], ground.crs)
    far = ~shapely.dwithin(whole, spots, _OUTSIDE_REGION_M)
    at = np.flatnonzero(rows)[far]
    evidence = np.full(len(points), "", dtype=object)
    evidence[at] = [
        tr("{km:.1f} km outside the region", km=metres / 1000)
        for metres in shapely.distance(spots[far], whole)
    ]
    outside = np.zeros(len(points), dtype=bool)
    outside[at] = True
    return _listed(points, outside, "outside_region", evidence)


def _shifted(
    points: gpd.GeoDataFrame, degrees: ClaimedDegrees, roads: gpd.GeoDataFrame, channel: str, road_name: str
) -> pd.DataFrame:
    """Judge the datum of every row by the road that it names, and by its reporting channel."""
    for layer, name, columns in ((points, "points", (channel, road_name)), (roads, "roads", (road_name,))):
        for column in columns:
            if column not in layer:
                raise MissingColumnError(
                    tr(
                        "{name}: no column {column!r}, by which GCJ-02 and BD-09 are judged; name yours",
                        name=name,
                        column=column,
                    )
                )
    roads = check_layer(roads, "roads", kind="line")
    lon, lat = degrees.axes_right(degrees.problem == "swapped_axes")
    usable = in_china(lon, lat)
    lines = _lines_by_name(as_metric(roads, "roads"), road_name)
    number = lines.index.get_indexer(as_text(points[road_name]).to_numpy())
    judged = np.flatnonzero(usable & (number >= 0))
    own = lines.to_numpy()[number[judged]]

    def distance_m(
        x: NDArray[np.float64], y: NDArray[np.float64], at: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        metres: NDArray[np.float64] = shapely.distance(to_ground(x, y, lines.crs), own[at])
        return metres

    codes, names = pd.factorize(as_text(points[channel]).to_numpy(), sort=True)
    verdict = judge_datums(
        lon,
        lat,
        judged,
        distance_m,
        codes.astype(np.int64),
        [str(name) for name in names],
        usable=usable,
        fixed=_converted_before(points),
        declared=declared_datum(points),
    )
    kinds = (*SHIFT_TITLES, UNDECIDED)
    return pd.concat([_listed(points, verdict.datum == kind, kind, verdict.evidence) for kind in kinds])


def _lines_by_name(roads: gpd.GeoDataFrame, road_name: str) -> gpd.GeoSeries:
    """Gather the lines of every named road."""
    parts, owner = shapely.get_parts(roads.geometry.to_numpy(), return_index=True)
    codes, names = pd.factorize(as_text(roads[road_name]).to_numpy()[owner], sort=True)
    order = np.argsort(codes, kind="stable")
    order = order[codes[order] >= 0]
    lines = shapely.multilinestrings(parts[order], indices=codes[order])
    return gpd.GeoSeries(lines, index=names, crs=roads.crs)
