"""Ground for which nobody answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.coverage.faces import faces_of, ready_zones
from zjk_gis.layers.ground import cover_of, largest_first, numbered, pieces_of, solid_pieces, widths_of
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.versions import split_at

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray
    from pyproj import CRS

__all__ = ["coverage_gaps"]

_TOUCH_M = 0.01  # borders nearer than this lie on each other
_CONTACT_M = 0.05  # the least stretch of common border that makes a neighbour: a corner alone does not
_COVERS_M2 = 0.01  # a zone with less of a gap only touches it


def coverage_gaps(
    region: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    *,
    code: str = "zone_code",
    at: str | dt.date | None = None,
    level: int | None = None,
    allowed: gpd.GeoDataFrame | None = None,
    min_area_m2: float = 0.01,
    min_width_m: float = 0.01,
    sliver_width_m: float = 1.0,
) -> gpd.GeoDataFrame:
    """Find the ground of a region that no zone covers on a day: the responsibility gaps (责任空白).

    Parameters
    ----------
    region : GeoDataFrame
        Polygons that should be covered, such as the built-up area (适用城区).
    zones : GeoDataFrame
        Responsibility zones (责任区) or unit grids (单元网格), perhaps in several levels and versions.
    code : str, default "zone_code"
        The column of `zones` with their codes.
    at : date or str, optional
        The day that is judged, by ``valid_from`` and ``valid_to`` (both days included, a missing one open).
        By default zones of all times count.
    level : int, optional
        The level of the hierarchy that is judged; by default the finest (the greatest ``level``).
    allowed : GeoDataFrame, optional
        Polygons that need no zone, such as a river. They may be empty.
    min_area_m2 : float, default 0.01
        Smaller gaps are dropped, and counted in ``attrs``.
    min_width_m : float, default 0.01
        What is nowhere wider is a hairline left by rounding, where one zone has a vertex on a common border
        that its neighbour lacks. It is cut off and counted in ``attrs``. 0 keeps hairlines.
    sliver_width_m : float, default 1.0
        Gaps of a smaller mean width are called slivers.

    Returns
    -------
    GeoDataFrame
        One row a gap, the largest first, in the metric CRS it was measured in: that of `region` if metric,
        otherwise the CGCS2000 3-degree zone of its centre. Columns:

        - ``gap_code`` (text): ``G001``, ``G002``, ...;
        - ``area_m2`` (float64);
        - ``width_m`` (float64): the mean width, twice the area by the perimeter;
        - ``neighbours`` (text): codes of the zones that share a stretch of border, sorted, joined by ``;``;
        - ``expired_codes`` (text): codes of zones that cover the gap but are not valid on that day;
        - ``reason`` (text): the first that holds of ``expired_zone`` (a zone covers it, but not on that day),
          ``sliver`` (narrower than `sliver_width_m`), ``uncovered`` (no neighbour at all), ``edge`` (shares
          border with the region's rim or with allowed ground), ``hole`` (one neighbour) and ``between``
          (several).

        ``attrs["dropped_below_min_area"]`` and ``attrs["dropped_hairlines"]`` tell ``count`` and ``area_m2``
        of what was dropped.

    Raises
    ------
    MissingColumnError
        If `zones` lacks the column of codes.
    EmptyLayerError
        If `region` or `zones` has no rows.
    CRSError
        If a layer has no CRS.
    GeometryError
        If rows have no geometry, an invalid one or no polygon; the message names them.
    InputError
        If a date cannot be read, there is no such level, or a threshold is negative.

    Notes
    -----
    Ground of an expired zone and ground that never had one are separate gaps, even side by side. Nearer than
    0.01 m counts as touching; a neighbour shares at least 0.05 m of border, so corners alone make none.

    Examples
    --------
    Two zones leave a strip of 20 m between them:

    >>> import geopandas as gpd
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["A", "B"]},
    ...     geometry=[box(573000, 4520000, 573100, 4520110), box(573120, 4520000, 573200, 4520110)],
    ...     crs=4547,
    ... )
    >>> region = gpd.GeoDataFrame(geometry=[box(573000, 4520010, 573200, 4520100)], crs=4547)
    >>> coverage_gaps(region, zones)[["gap_code", "area_m2", "neighbours", "reason"]]
      gap_code  area_m2 neighbours reason
    0     G001   1800.0        A;B   edge
    """
    require_amounts(min_area_m2=min_area_m2, min_width_m=min_width_m, sliver_width_m=sliver_width_m)
    region = ready(region, "region", kind="polygon")
    ground = cover_of(region.geometry.to_numpy())
    if allowed is not None and len(allowed):
        allowed = ready(allowed, "allowed", kind="polygon", crs=region.crs)
        ground = shapely.difference(ground, cover_of(allowed.geometry.to_numpy()))
    zones = ready_zones(zones, code=code, crs=region.crs)
    valid, lapsed = (
        _Zones(rows.geometry.to_numpy(), rows[code].astype(str).to_numpy(dtype=object))
        for rows in split_at(zones, at, level=level)
    )

    bare = shapely.difference(ground, faces_of(valid.shapes).cover)
    near_bare = shapely.STRtree(lapsed.shapes).query(bare, predicate="intersects")
    ever = cover_of(lapsed.shapes[near_bare])
    thresholds = {"min_area_m2": min_area_m2, "min_width_m": min_width_m}
    expired, dropped = solid_pieces(shapely.intersection(bare, ever), **thresholds)
    never, dropped_too = solid_pieces(shapely.difference(bare, ever), **thresholds)

    pieces = np.concatenate([expired, never])
    order = largest_first(pieces)
    pieces, is_expired = pieces[order], (np.arange(len(pieces)) < len(expired))[order]
    gaps = _describe(pieces, is_expired, valid, lapsed, ground, sliver_width_m, region.crs)
    for name, account in dropped.items():
        gaps.attrs[name] = {key: account[key] + dropped_too[name][key] for key in account}
    return gaps


@dataclass(frozen=True, slots=True)
class _Zones:
    """Shapes and the codes they carry."""

    shapes: NDArray[Any]
    codes: NDArray[np.object_]

    def codes_by_piece(self, number: int, piece: NDArray[np.intp], zone: NDArray[np.intp]) -> list[set[str]]:
        """Collect the codes of the zones that belong to each piece."""
        found: list[set[str]] = [set() for _ in range(number)]
        for at, name in zip(piece, self.codes[zone], strict=True):
            found[at].add(name)
        return found


def _describe(
    pieces: NDArray[Any],
    is_expired: NDArray[np.bool_],
    valid: _Zones,
    lapsed: _Zones,
    ground: shapely.Geometry,
    sliver_width_m: float,
    crs: CRS,
) -> gpd.GeoDataFrame:
    """Measure the gaps, and say who is around them and why they are gaps."""
    piece, zone = shapely.STRtree(valid.shapes).query(pieces, predicate="dwithin", distance=_TOUCH_M)
    shared = _common_border(pieces[piece], valid.shapes[zone]) >= _CONTACT_M
    neighbours = valid.codes_by_piece(len(pieces), piece[shared], zone[shared])
    how_many = np.array([len(codes) for codes in neighbours], dtype=int)

    areas, widths = shapely.area(pieces), widths_of(pieces)
    old_piece, old_zone = shapely.STRtree(lapsed.shapes).query(pieces, predicate="intersects")
    common = shapely.area(shapely.intersection(pieces[old_piece], lapsed.shapes[old_zone]))
    covers = is_expired[old_piece] & (common > np.minimum(_COVERS_M2, 0.01 * areas[old_piece]))
    reasons = np.select(
        [is_expired, widths < sliver_width_m, how_many == 0, _on_rim(pieces, ground), how_many == 1],
        ["expired_zone", "sliver", "uncovered", "edge", "hole"],
        default="between",
    )
    return gpd.GeoDataFrame(
        {
            "gap_code": pd.Series(numbered("G", len(pieces)), dtype="str"),
            "area_m2": areas,
            "width_m": widths,
            "neighbours": _joined(neighbours),
            "expired_codes": _joined(lapsed.codes_by_piece(len(pieces), old_piece[covers], old_zone[covers])),
            "reason": pd.Series(reasons, dtype="str"),
        },
        geometry=gpd.GeoSeries(pieces, crs=crs),
        crs=crs,
    )


def _joined(codes: list[set[str]]) -> pd.Series:
    return pd.Series([";".join(sorted(names)) for names in codes], dtype="str")


def _common_border(pieces: NDArray[Any], others: NDArray[Any]) -> NDArray[np.float64]:
    """Measure how much of the border of each piece lies along another shape."""
    along = shapely.intersection(shapely.boundary(pieces), shapely.buffer(others, _TOUCH_M))
    return np.asarray(shapely.length(along))


def _on_rim(pieces: NDArray[Any], ground: shapely.Geometry) -> NDArray[np.bool_]:
    """Tell which pieces share a stretch of border with the rim of the ground that needs zones."""
    rings = shapely.get_parts(shapely.boundary(pieces_of(ground)))
    ends, ring = shapely.get_coordinates(rings, return_index=True)
    same_ring = ring[:-1] == ring[1:]
    segments: NDArray[Any] = np.asarray(
        shapely.linestrings(np.stack([ends[:-1][same_ring], ends[1:][same_ring]], axis=1))
    )
    piece, segment = shapely.STRtree(segments).query(pieces, predicate="dwithin", distance=_TOUCH_M)
    on_rim = np.zeros(len(pieces), dtype=bool)
    if len(piece):
        order = np.argsort(piece, kind="stable")
        touched, start = np.unique(piece[order], return_inverse=True)
        rims = shapely.multilinestrings(segments[segment[order]], indices=start)
        on_rim[touched] = _common_border(pieces[touched], rims) >= _CONTACT_M
    return on_rim
