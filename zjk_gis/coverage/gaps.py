"""Ground for which nobody answers."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.coverage.rules import (
    ALLOWED_WITHIN_M,
    MIN_AREA_M2,
    MIN_WIDTH_M,
    MISSING_ZONE_SHARE,
    SLIVER_WIDTH_M,
    GapRules,
    rules_of,
)
from zjk_gis.coverage.strips import open_slits
from zjk_gis.engine.widths.inscribed import greatest_widths
from zjk_gis.layers.metric import ready
from zjk_gis.overlay.borders import CONTACT_M, TOUCH_M, common_borders, edges_of
from zjk_gis.overlay.contents import contents_of
from zjk_gis.overlay.faces import divide
from zjk_gis.overlay.polygons import cover_of, largest_first, numbered, sides_of, solid_pieces
from zjk_gis.overlay.sharing import shared_amounts

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray
    from pyproj import CRS

    from zjk_gis.overlay.faces import Divided, Zones

__all__ = ["Ground", "coverage_gaps", "gap_shapes", "gaps_of", "ground_and_zones"]

_COVERS_M2 = 0.01  # a zone with less of a gap only touches it


@dataclass(frozen=True, slots=True)
class Ground:
    """The ground that needs zones.

    Attributes
    ----------
    needed : Polygon or MultiPolygon
        The region without the ground that is allowed to have none.
    allowed : Polygon or MultiPolygon
        The latter.
    spared_m2 : float
        How much of the region it takes.
    crs : CRS
        A metric one.
    """

    needed: shapely.Geometry
    allowed: shapely.Geometry
    spared_m2: float
    crs: CRS

    @classmethod
    def of(cls, region: gpd.GeoDataFrame, allowed: gpd.GeoDataFrame | None) -> Ground:
        """Take allowed ground out of a region."""
        region = ready(region, "region", kind="polygon")
        return cls._without(cover_of(region.geometry.to_numpy()), allowed, region.crs)

    @classmethod
    def within(cls, divided: Divided, allowed: gpd.GeoDataFrame | None, slit_m: float = 0.0) -> Ground:
        """Take allowed ground out of what lies within the outline of zones, and in narrow slits of it."""
        rims = shapely.get_exterior_ring(shapely.get_parts([divided.faces.cover]))
        outline = cover_of(np.asarray(shapely.polygons(rims)))
        if slit_m > 0:
            slits = open_slits(divided.valid.shapes, outline, slit_m)
            outline = cover_of(np.array([outline, *slits], dtype=object))
        return cls._without(outline, allowed, divided.crs)

    @classmethod
    def _without(cls, whole: shapely.Geometry, allowed: gpd.GeoDataFrame | None, crs: CRS) -> Ground:
        if allowed is None or not len(allowed):
            return cls(whole, shapely.MultiPolygon(), 0.0, crs)
        allowed = ready(allowed, "allowed", kind="polygon", crs=crs)
        spared = cover_of(allowed.geometry.to_numpy())
        needed = shapely.difference(whole, spared)
        return cls(needed, spared, float(shapely.area(whole) - shapely.area(needed)), crs)


def ground_and_zones(
    region: gpd.GeoDataFrame | None,
    zones: gpd.GeoDataFrame,
    allowed: gpd.GeoDataFrame | None,
    *,
    code: str,
    at: str | dt.date | None,
    level: int | str | None,
    slit_m: float = 0.0,
) -> tuple[Ground, Divided]:
    """Check region and zones, and divide the ground; without a region the zones' own outline is taken.

    Slits between zones that open to the outside count as within it where they are nowhere wider than
    `slit_m`.
    """
    if region is None:
        divided = divide(zones, code=code, at=at, level=level)
        return Ground.within(divided, allowed, slit_m), divided
    ground = Ground.of(region, allowed)
    return ground, divide(zones, code=code, crs=ground.crs, at=at, level=level)


@checked
def coverage_gaps(
    region: gpd.GeoDataFrame | None,
    zones: gpd.GeoDataFrame,
    *,
    code: str = "zone_code",
    at: str | dt.date | None = None,
    level: int | str | None = None,
    allowed: gpd.GeoDataFrame | None = None,
    allowed_within_m: float = ALLOWED_WITHIN_M,
    min_area_m2: float = MIN_AREA_M2,
    min_width_m: float = MIN_WIDTH_M,
    sliver_width_m: float = SLIVER_WIDTH_M,
    missing_zone_share: float = MISSING_ZONE_SHARE,
    rules: GapRules | None = None,
    people: gpd.GeoDataFrame | None = None,
    buildings: gpd.GeoDataFrame | None = None,
    roads: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """Find the ground of a region that no zone covers on a day: the responsibility gaps (责任空白).

    Parameters
    ----------
    region : GeoDataFrame or None
        Polygons that should be covered, such as the built-up area (适用城区). None: what lies within the
        zones' own outline, so that holes in zones and between them are found, and nothing around them.
    zones : GeoDataFrame
        Responsibility zones (责任区) or unit grids (单元网格), perhaps in several levels and versions.
    code : str, default "zone_code"
        The column of `zones` with their codes.
    at : date or str, optional
        The day that is judged, by ``valid_from`` and ``valid_to`` (both days included, a missing one open).
        By default zones of all times count.
    level : int or str, optional
        The level of the hierarchy that is judged; by default the finest (the greatest ``level``).
    allowed : GeoDataFrame, optional
        Polygons that need no zone (允许空白), such as a river. They may be empty.
    allowed_within_m : float, default 0.0
        A gap all of which lies within this distance of allowed ground is allowed, too: a strip between the
        river as drawn and the zones on its bank.
    min_area_m2 : float, default 0.01
        Smaller gaps are dropped, and counted in ``attrs``.
    min_width_m : float, default 0.01
        What is nowhere wider is a hairline left by rounding, where one zone has a vertex on a common border
        that its neighbour lacks. It is cut off and counted in ``attrs``. 0 keeps hairlines.
    sliver_width_m : float, default 1.0
        Gaps nowhere wider than this are slivers.
    missing_zone_share : float, default 0.5
        A gap is a missing zone if it is at least this many times as large as the median zone.
    rules : GapRules, optional
        The five options above as one value; an option said beside them has the last word.
    people : GeoDataFrame, optional
        Polygons with ``population``, such as residential estates (居住小区).
    buildings, roads : GeoDataFrame, optional
        Polygons or points; lines or polygons.

    Returns
    -------
    GeoDataFrame
        One row a gap, the largest first, in the metric CRS it was measured in: that of `region` (or, without
        one, of `zones`) if metric, otherwise the CGCS2000 3-degree zone of its centre. Columns:

        - ``gap_code`` (text): ``G001``, ``G002``, ...;
        - ``kind`` (text): the first that holds of ``sliver`` (nowhere wider than `sliver_width_m`),
          ``missing_zone`` (it borders no zone; or it is `missing_zone_share` times as large as the median
          zone or as an expired zone that covers it), ``edge`` (shares border with the region's rim or
          with allowed ground) and ``hole`` (zones all around);
        - ``area_m2`` (float64);
        - ``width_m`` (float64): the greatest width, the diameter of the largest circle inside;
        - ``mean_width_m`` and ``length_m`` (float64): the sides of a rectangle as large and as far around;
        - ``neighbours`` (text): codes of the zones that share a stretch of border, the longest first, ties
          by code, joined by ``;``;
        - ``neighbour_borders_m`` (text): the lengths of these stretches in metres, in the same order;
        - ``expired_codes`` (text): codes of zones that cover the gap but are not valid on that day;
        - ``people`` (int64, with `people`), ``buildings`` (int64) and ``road_m`` (float64): what lies
          inside; see Notes.

        ``attrs["dropped_below_min_area"]`` and ``attrs["dropped_hairlines"]`` tell ``count`` and ``area_m2``
        of what was dropped; ``attrs["allowed"]`` the area of the region that is allowed ground
        (``ground_m2``) and ``count`` and ``area_m2`` of the gaps that `allowed_within_m` spared;
        ``attrs["missing_zone_from_m2"]`` the area from which a gap is a missing zone.

    Raises
    ------
    MissingColumnError
        If `zones` lacks the column of codes, or `people` a ``population``.
    EmptyLayerError
        If `region` or `zones` has no rows.
    CRSError
        If a layer has no CRS.
    GeometryError
        If rows have no geometry, an invalid one or no polygon; the message names them.
    InputError
        If a date cannot be read, there is no such level, or a threshold is negative.

    See Also
    --------
    coverage_faults : Gaps and overlaps at once, in little more time than either.

    Notes
    -----
    Ground of an expired zone and ground that never had one are separate gaps, even side by side. Nearer than
    0.01 m counts as touching; a neighbour shares at least 0.05 m of border, so corners alone make none.

    People are each polygon's population by the share of its area in the gap, rounded so that the sum is the
    rounded total. A building counts where any of its ground lies in the gap. Roads drawn as polygons count
    with half their border.

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
    >>> gaps = coverage_gaps(region, zones)
    >>> gaps[["gap_code", "kind", "area_m2", "width_m", "neighbours", "neighbour_borders_m"]]
      gap_code  kind  area_m2  width_m neighbours neighbour_borders_m
    0     G001  edge   1800.0     20.0        A;B         90.00;90.00
    """
    rules = rules_of(
        GapRules,
        rules,
        min_area_m2=min_area_m2,
        min_width_m=min_width_m,
        sliver_width_m=sliver_width_m,
        missing_zone_share=missing_zone_share,
        allowed_within_m=allowed_within_m,
    )
    ground, divided = ground_and_zones(region, zones, allowed, code=code, at=at, level=level)
    gaps = gaps_of(divided, ground, rules)
    return contents_of(gaps, people=people, buildings=buildings, roads=roads)


def gaps_of(divided: Divided, ground: Ground, rules: GapRules) -> gpd.GeoDataFrame:
    """Find the gaps that zones leave in ground; see `coverage_gaps`."""
    pieces, is_expired, account = _bare(divided, ground, rules)
    gaps = _describe(pieces, is_expired, divided, ground, rules)
    gaps.attrs |= account
    return gaps


def gap_shapes(divided: Divided, ground: Ground, rules: GapRules) -> NDArray[Any]:
    """Find the same gaps, the largest first, and describe none of them."""
    return _bare(divided, ground, rules)[0]


def _bare(
    divided: Divided, ground: Ground, rules: GapRules
) -> tuple[NDArray[Any], NDArray[np.bool_], dict[str, Any]]:
    """Return the gaps, which of them expired zones once covered, and an account of what is left out."""
    lapsed = divided.lapsed
    bare = shapely.difference(ground.needed, divided.faces.cover)
    near_bare = shapely.STRtree(lapsed.shapes).query(bare, predicate="intersects")
    ever = cover_of(lapsed.shapes[near_bare])
    thresholds = {"min_area_m2": rules.min_area_m2, "min_width_m": rules.min_width_m}
    never, dropped = solid_pieces(
        bare if shapely.is_empty(ever) else shapely.difference(bare, ever), **thresholds
    )
    expired, dropped_too = solid_pieces(shapely.intersection(bare, ever), **thresholds)

    pieces = np.concatenate([expired, never])
    order = largest_first(pieces)
    pieces, is_expired = pieces[order], (np.arange(len(pieces)) < len(expired))[order]
    spared = _near_allowed(pieces, ground, rules.allowed_within_m)
    account: dict[str, Any] = {
        name: {key: told[key] + dropped_too[name][key] for key in told} for name, told in dropped.items()
    }
    account["allowed"] = {
        "ground_m2": round(ground.spared_m2, 6),
        "count": int(spared.sum()),
        "area_m2": round(float(shapely.area(pieces[spared]).sum()), 6),
    }
    return pieces[~spared], is_expired[~spared], account


def _near_allowed(pieces: NDArray[Any], ground: Ground, within: float) -> NDArray[np.bool_]:
    """Tell which pieces lie altogether within a distance of allowed ground."""
    if within == 0 or shapely.is_empty(ground.allowed) or not len(pieces):
        return np.zeros(len(pieces), dtype=bool)
    near = shapely.buffer(ground.allowed, within)
    shapely.prepare(near)
    return np.asarray(shapely.covers(near, pieces))


def _describe(
    pieces: NDArray[Any],
    is_expired: NDArray[np.bool_],
    divided: Divided,
    ground: Ground,
    rules: GapRules,
) -> gpd.GeoDataFrame:
    """Measure the gaps, and say who is around them and what kind they are."""
    neighbours, borders = _neighbours(pieces, divided)
    expired_codes, least_expired = _expired(pieces, is_expired, divided.lapsed)
    areas, widths, (lengths, means) = shapely.area(pieces), greatest_widths(pieces), sides_of(pieces)
    whole = shapely.area(divided.valid.shapes)
    from_m2 = rules.missing_zone_share * float(np.median(whole)) if len(whole) else 0.0
    missing = (neighbours == "") | (areas >= np.minimum(from_m2, rules.missing_zone_share * least_expired))
    kinds = np.select(
        [widths < rules.sliver_width_m, missing, _on_rim(pieces, ground.needed)],
        ["sliver", "missing_zone", "edge"],
        default="hole",
    )
    gaps = gpd.GeoDataFrame(
        {
            "gap_code": pd.Series(numbered("G", len(pieces)), dtype="str"),
            "kind": pd.Series(kinds, dtype="str"),
            "area_m2": areas,
            "width_m": widths,
            "mean_width_m": means,
            "length_m": lengths,
            "neighbours": pd.Series(neighbours, dtype="str"),
            "neighbour_borders_m": pd.Series(borders, dtype="str"),
            "expired_codes": pd.Series(expired_codes, dtype="str"),
        },
        geometry=gpd.GeoSeries(pieces, crs=divided.crs),
        crs=divided.crs,
    )
    gaps.attrs["missing_zone_from_m2"] = round(from_m2, 6)
    return gaps


def _neighbours(pieces: NDArray[Any], divided: Divided) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Return the codes around each piece, the longest common border first, and the lengths."""
    edges, zone = divided.faces.edges, divided.faces.zone
    if edges is None or zone is None:
        shapes = divided.valid.shapes
        near = np.unique(shapely.STRtree(shapes).query(pieces, predicate="dwithin", distance=TOUCH_M)[1])
        edges, at = edges_of(shapes[near])
        zone = near[at]
    names, number = np.unique(divided.valid.codes, return_inverse=True)
    piece, owner, length = common_borders(pieces, edges, number[zone])
    long = length >= CONTACT_M
    piece, owner, length = piece[long], owner[long], length[long].round(2)
    order = np.lexsort((owner, -length, piece))
    starts = np.searchsorted(piece[order], np.arange(len(pieces) + 1))
    codes, metres = names[owner[order]], [f"{each:.2f}" for each in length[order].tolist()]
    return (
        _joined([codes[a:b].tolist() for a, b in itertools.pairwise(starts.tolist())]),
        _joined([metres[a:b] for a, b in itertools.pairwise(starts.tolist())]),
    )


def _expired(
    pieces: NDArray[Any], is_expired: NDArray[np.bool_], lapsed: Zones
) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """Return the codes of the zones that once covered each piece, and the area of the smallest of them."""
    shared = shared_amounts(pieces, lapsed.shapes)
    piece, zone, common = shared.shape, shared.area, shared.amount
    covers = is_expired[piece] & (common > np.minimum(_COVERS_M2, 0.01 * shapely.area(pieces)[piece]))
    piece, zone = piece[covers], zone[covers]
    found: list[set[str]] = [set() for _ in range(len(pieces))]
    for at, name in zip(piece, lapsed.codes[zone], strict=True):
        found[at].add(name)
    least = np.full(len(pieces), np.inf)
    np.minimum.at(least, piece, shapely.area(lapsed.shapes[zone]))
    return _joined([sorted(codes) for codes in found]), least


def _joined(lists: list[list[str]]) -> NDArray[np.object_]:
    return np.array([*(";".join(each) for each in lists), ""], dtype=object)[:-1]


def _on_rim(pieces: NDArray[Any], ground: shapely.Geometry) -> NDArray[np.bool_]:
    """Tell which pieces share a stretch of border with the rim of the ground that needs zones."""
    rim, _ = edges_of(np.array([ground], dtype=object))
    piece, _, length = common_borders(pieces, rim, np.zeros(len(rim), dtype=np.int64))
    on_rim = np.zeros(len(pieces), dtype=bool)
    on_rim[piece[length >= CONTACT_M]] = True
    return on_rim
