"""The border sheet (责任边界台账): what lies on each border that two zones share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.crs import convert_crs, require_crs
from zjk_gis.errors import MissingColumnError
from zjk_gis.layers.columns.values import as_text, code_text
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.shapes import has_place, has_shape
from zjk_gis.layers.versions import zones_at
from zjk_gis.overlay.faces import ready_zones
from zjk_gis.overlay.linear import joined_lengths, stretches_along
from zjk_gis.overlay.polygons import numbered
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

__all__ = ["border_sheet"]

_TOUCH_M = 0.01  # borders nearer than this lie on each other
_CONTACT_M = 0.05  # the least stretch of common border that makes neighbours: a corner alone does not
_NAMES = ("road_name", "road_code", "edge_code", "river_name", "river_code")


@checked
def border_sheet(
    zones: gpd.GeoDataFrame,
    *,
    roads: gpd.GeoDataFrame | None = None,
    rivers: gpd.GeoDataFrame | None = None,
    incidents: gpd.GeoDataFrame | None = None,
    gps_error_m: float = 10.0,
    along_m: float = 10.0,
    code: str = "zone_code",
    at: str | dt.date | None = None,
    level: int | str | None = None,
) -> gpd.GeoDataFrame:
    """List every border that two zones share, with the road or river on it and the incidents in dispute.

    Parameters
    ----------
    zones : GeoDataFrame
        Responsibility zones (责任区) or unit grids (单元网格), perhaps in several levels and versions.
    roads : GeoDataFrame, optional
        Lines; the road on a border is the one that most of it runs along, by ``road_name`` (or ``road_code``,
        ``edge_code``).
    rivers : GeoDataFrame, optional
        Areas, likewise by ``river_name`` (or ``river_code``).
    incidents : GeoDataFrame, optional
        As `assign_incidents` returned them, with the column `code`.
    gps_error_m : float, default 10.0
        An incident so near to a border may have happened on either side of it.
    along_m : float, default 10.0
        How far from a road or river a border may be drawn that follows it.
    code : str, default "zone_code"
        The column of `zones`, and of `incidents`, with the codes.
    at : date or str, optional
        The day that is judged; by default versions of all times count.
    level : int or str, optional
        A number or a word, or ``"any"`` for all; by default the finest.

    Returns
    -------
    GeoDataFrame
        One row a pair of codes with a common border, ordered by the codes, in the metric CRS measured in:

        - ``border_code`` (text): ``B001``, ...; ``first_code``, ``second_code`` (text): sorted;
        - ``length_m`` (float64);
        - with `roads`: ``road_name`` (text, empty where none runs along) and ``road_share`` of the length;
        - with `rivers`: ``river_name`` and ``river_share``, likewise;
        - with `incidents`: ``incidents`` (int64), those within `gps_error_m` of the border, and who got them:
          ``first_incidents``, ``second_incidents``, ``other_incidents`` (a third zone) and
          ``nobody_incidents``, which sum to ``incidents``; ``ambiguous_share`` (float64), of them, missing
          where there are none or `incidents` has no column ``ambiguous``;
        - the geometry: the border, a LineString or MultiLineString.

        With `incidents`, ``attrs["no_position"]`` tells how many have no place and count nowhere.

    Raises
    ------
    MissingColumnError
        If `zones` or `incidents` lacks the column of codes.
    EmptyLayerError
        If `zones` has no rows.
    CRSError, GeometryError, InputError
        If a layer cannot be used.

    Notes
    -----
    A shared border is where one zone lies on one side and another on the other. Where zones overlap or leave
    a gap they share none; `overlapping_zones` and `coverage_gaps` tell of those. Borders drawn with different
    vertices are shared where they are nearer than 0.01 m. An incident near several borders (at a corner)
    counts at each.

    Examples
    --------
    >>> from shapely import LineString, Point, box
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["A", "B"]}, geometry=[box(0, 0, 50, 100), box(50, 0, 100, 100)], crs=4547
    ... )
    >>> along = LineString([(52, 0), (52, 75)])
    >>> roads = gpd.GeoDataFrame({"road_name": ["明德北街"]}, geometry=[along], crs=4547)
    >>> incidents = gpd.GeoDataFrame(
    ...     {"zone_code": ["A", "A", "B"]}, geometry=[Point(45, 9), Point(10, 9), Point(55, 9)], crs=4547
    ... )
    >>> sheet = border_sheet(zones, roads=roads, incidents=incidents)
    >>> sheet[["first_code", "second_code", "length_m", "road_name", "road_share", "incidents"]]
      first_code second_code  length_m road_name  road_share  incidents
    0          A           B     100.0      明德北街        0.75          2
    >>> sheet[["first_incidents", "second_incidents", "nobody_incidents"]].to_numpy().tolist()
    [[1, 1, 0]]
    """
    require_amounts(gps_error_m=gps_error_m, along_m=along_m)
    zones = zones_at(ready_zones(zones, code=code), at, level=level)
    if incidents is not None and code not in incidents:
        raise MissingColumnError(
            tr("incidents: no column {code!r}; give what assign_incidents returned", code=code)
        )
    codes = code_text(zones[code]).to_numpy(dtype=object)
    first, second, lines = _shared_borders(zones.geometry.to_numpy(), codes)
    sheet = gpd.GeoDataFrame(
        {
            "border_code": pd.Series(numbered("B", len(lines)), dtype="str"),
            "first_code": pd.Series(first, dtype="str"),
            "second_code": pd.Series(second, dtype="str"),
            "length_m": shapely.length(lines),
        },
        geometry=gpd.GeoSeries(lines, crs=zones.crs),
        crs=zones.crs,
    )
    if roads is not None:
        sheet = sheet.assign(**_roads_on(sheet, roads, along_m))
    if rivers is not None:
        sheet = sheet.assign(**_rivers_on(sheet, rivers, along_m))
    if incidents is not None:
        sheet = sheet.assign(**_incidents_on(sheet, incidents, code, gps_error_m))
        sheet.attrs["no_position"] = int((~has_place(incidents.geometry.to_numpy())).sum())
    return gpd.GeoDataFrame(sheet[[*sheet.columns.drop("geometry"), "geometry"]])


def _shared_borders(
    shapes: NDArray[Any], codes: NDArray[np.object_]
) -> tuple[NDArray[np.object_], NDArray[np.object_], NDArray[Any]]:
    """Find the border that each two codes share: the edges that match, and what lies along the rest."""
    names, number = np.unique(codes, return_inverse=True)
    ends, owner = _directed_edges(shapes, number)
    one, other, edge, is_matched = _matched(ends, owner)
    near_one, near_other, near = _along_others(ends[~is_matched], owner[~is_matched])
    keys = np.concatenate([one * len(names) + other, near_one * len(names) + near_other])
    segments = shapely.linestrings(ends[edge].reshape(-1, 2, 2)) if len(edge) else np.empty(0, dtype=object)
    pieces = np.concatenate([segments, near])
    if not len(pieces):
        nothing = np.empty(0, dtype=object)
        return nothing, nothing, nothing
    pairs, group = np.unique(keys, return_inverse=True)
    order = np.argsort(group, kind="stable")
    coords, line = shapely.get_coordinates(pieces[order], return_index=True)
    parts: NDArray[Any] = np.asarray(shapely.linestrings(coords, indices=line))
    merged: NDArray[Any] = np.asarray(
        shapely.line_merge(shapely.multilinestrings(parts, indices=group[order]))
    )
    # A pair that only meets in scraps has no border in common.
    kept = shapely.length(merged) >= _CONTACT_M
    pairs, merged = pairs[kept], shapely.normalize(merged[kept])
    first, second = np.divmod(pairs, len(names))
    return names[first].astype(object), names[second].astype(object), merged


def _directed_edges(
    shapes: NDArray[Any], number: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the edges of all polygons, each with its polygon on the left: x, y, x, y, and whose they are.

    They come sorted, so that the order of the polygons does not matter.
    """
    turned = shapely.orient_polygons(shapes)
    parts, zone = shapely.get_parts(turned, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    coords = coords + 0.0  # one zero, not two
    goes_on = ring[1:] == ring[:-1]
    ends = np.hstack([coords[:-1][goes_on], coords[1:][goes_on]])
    owner = number[zone[part[ring[:-1][goes_on]]]].astype(np.int64)
    longer = (ends[:, :2] != ends[:, 2:]).any(axis=1)
    ends, owner = ends[longer], owner[longer]
    order = np.lexsort((owner, *ends.T[::-1]))
    return ends[order], owner[order]


def _matched(
    ends: NDArray[np.float64], owner: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.intp], NDArray[np.bool_]]:
    """Pair the edges that two zones have in common, one in each direction; tell which found any."""
    points = np.concatenate([ends[:, :2], ends[:, 2:]])
    _, place = np.unique(np.ascontiguousarray(points).view(np.complex128).ravel(), return_inverse=True)
    begin, end = place[: len(ends)].astype(np.int64), place[len(ends) :].astype(np.int64)
    size = int(place.max(initial=0)) + 1
    key, back = begin * size + end, end * size + begin
    order = np.argsort(key, kind="stable")
    low = np.searchsorted(key[order], back, side="left")
    many = np.searchsorted(key[order], back, side="right") - low
    edge = np.repeat(np.arange(len(ends)), many)
    step = np.arange(int(many.sum())) - np.repeat(np.cumsum(many) - many, many)
    partner = order[np.repeat(low, many) + step]
    ours = owner[edge] < owner[partner]  # each pair once, in the direction of the lower code
    return owner[edge[ours]], owner[partner[ours]], edge[ours], many > 0


def _along_others(
    ends: NDArray[np.float64], owner: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[Any]]:
    """Find what of the edges without partner lies along an edge of another zone that runs the other way."""
    nothing = np.empty(0, np.int64)
    if not len(ends):
        return nothing, nothing, np.empty(0, dtype=object)
    edges: NDArray[Any] = np.asarray(shapely.linestrings(ends.reshape(-1, 2, 2)))
    one, other = shapely.STRtree(edges).query(edges, predicate="dwithin", distance=_TOUCH_M)
    way = ends[:, 2:] - ends[:, :2]
    against = (way[one] * way[other]).sum(axis=1) < 0
    kept = against & (owner[one] < owner[other])
    one, other = one[kept], other[kept]
    if not len(one):
        return nothing, nothing, np.empty(0, dtype=object)
    touched, at = np.unique(other, return_inverse=True)
    around = shapely.buffer(edges[touched], _TOUCH_M, cap_style="flat")[at]
    common: NDArray[Any] = shapely.intersection(edges[one], around)
    solid = (shapely.get_type_id(common) == 1) & (shapely.length(common) > _TOUCH_M)
    return owner[one[solid]], owner[other[solid]], common[solid]


def _roads_on(sheet: gpd.GeoDataFrame, roads: gpd.GeoDataFrame, along_m: float) -> dict[str, Any]:
    if not len(roads) or not len(sheet):
        return _main(sheet, pd.DataFrame(columns=["border", "name", "metres"]), "road")
    roads = ready(roads, "roads", kind="line", crs=sheet.crs)
    line, border = shapely.get_parts(sheet.geometry.to_numpy(), return_index=True)
    shapes, road = shapely.get_parts(roads.geometry.to_numpy(), return_index=True)
    held = stretches_along(line, shapes, along_m)
    names = _names(roads, "roads")
    held = held.assign(border=border[held["line"]], name=names[road[held["row"]]])
    metres = joined_lengths(held, ["border", "line", "name"]).groupby(["border", "name"])["metres"].sum()
    return _main(sheet, metres.reset_index(), "road")


def _rivers_on(sheet: gpd.GeoDataFrame, rivers: gpd.GeoDataFrame, along_m: float) -> dict[str, Any]:
    if not len(rivers) or not len(sheet):
        return _main(sheet, pd.DataFrame(columns=["border", "name", "metres"]), "river")
    rivers = ready(rivers, "rivers", kind="polygon", crs=sheet.crs)
    names = _names(rivers, "rivers")
    united, name = np.unique(names, return_inverse=True)
    shapes = np.array(
        [shapely.union_all(rivers.geometry.to_numpy()[name == at]) for at in range(len(united))], dtype=object
    )
    around = shapely.buffer(shapes, along_m)
    lines = sheet.geometry.to_numpy()
    border, river = shapely.STRtree(around).query(lines, predicate="intersects")
    metres = shapely.length(shapely.intersection(lines[border], around[river]))
    return _main(sheet, pd.DataFrame({"border": border, "name": united[river], "metres": metres}), "river")


def _names(layer: gpd.GeoDataFrame, what: str) -> NDArray[np.object_]:
    """Return what each road or river is called: the first of name and codes that is filled."""
    known = [column for column in _NAMES if column in layer]
    if not known:
        raise MissingColumnError(
            tr(
                "{what}: no column {names!r} to call them by",
                what=what,
                names=_NAMES[0] if what == "roads" else "river_name",
            )
        )
    names = pd.Series("", index=range(len(layer)), dtype=object)
    for column in known:
        own = as_text(layer[column]).fillna("").reset_index(drop=True)
        names = names.where(names != "", own)
    return names.to_numpy(dtype=object)


def _main(sheet: gpd.GeoDataFrame, metres: pd.DataFrame, what: str) -> dict[str, Any]:
    """Choose for each border what most of it runs along; of equals the one whose name comes first."""
    metres = metres[metres["metres"].astype(float) > _CONTACT_M] if len(metres) else metres
    metres = metres.assign(rounded=metres["metres"].astype(float).round(3))
    best = metres.sort_values(["border", "rounded", "name"], ascending=[True, False, True])
    best = best.drop_duplicates("border").set_index("border").reindex(range(len(sheet)))
    length = sheet["length_m"].to_numpy()
    share = np.minimum(best["metres"].fillna(0.0).to_numpy(dtype=np.float64) / length, 1.0)
    return {
        f"{what}_name": pd.Series(best["name"].fillna("").to_numpy(), index=sheet.index, dtype="str"),
        f"{what}_share": share,
    }


def _incidents_on(
    sheet: gpd.GeoDataFrame, incidents: gpd.GeoDataFrame, code: str, gps_error_m: float
) -> dict[str, Any]:
    """Count the incidents near each border by who got them."""
    placed = incidents[has_shape(incidents.geometry.to_numpy())]
    if len(placed):
        require_crs(placed, "incidents")
        placed = convert_crs(placed, sheet.crs, name="incidents")
        placed = placed[has_place(placed.geometry.to_numpy())]
    at, border = shapely.STRtree(sheet.geometry.to_numpy()).query(
        placed.geometry.to_numpy(), predicate="dwithin", distance=gps_error_m
    )
    who = placed[code].astype(object).to_numpy()[at]
    nobody = pd.isna(who)
    first = ~nobody & (who == sheet["first_code"].to_numpy(dtype=object)[border])
    second = ~nobody & (who == sheet["second_code"].to_numpy(dtype=object)[border])
    size = len(sheet)

    def count(which: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.bincount(border[which], minlength=size).astype(np.int64)

    whole = count(np.ones(len(border), dtype=bool))
    share = np.full(size, np.nan)
    if "ambiguous" in placed:
        doubtful = count(placed["ambiguous"].to_numpy(dtype=bool)[at])
        share = np.divide(doubtful, whole, out=share, where=whole > 0)
    return {
        "incidents": whole,
        "first_incidents": count(first),
        "second_incidents": count(second),
        "other_incidents": count(~nobody & ~first & ~second),
        "nobody_incidents": count(nobody),
        "ambiguous_share": share,
    }
