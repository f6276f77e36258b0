"""How gaps and overlaps could be mended; `zjk_gis.coverage.apply_repairs` mends them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.coverage.gaps import gap_shapes, ground_and_zones
from zjk_gis.coverage.overlaps import overlap_shapes
from zjk_gis.coverage.proposals import (
    Zones,
    cuts_of,
    fills_of,
    geometry_array,
    guarded,
    matches_of,
    polygons_of,
)
from zjk_gis.coverage.rules import (
    MAX_AREA_M2,
    MAX_WIDTH_M,
    PRIORITY,
    SNAP_WITHIN_M,
    GapRules,
    OverlapRules,
    RepairRules,
    rules_of,
)
from zjk_gis.crs import convert_crs
from zjk_gis.errors import InputError, name_rows
from zjk_gis.index.policy import Policy, precedence, rank_of
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.versions import zones_at
from zjk_gis.overlay.faces import ready_zones
from zjk_gis.overlay.polygons import numbered
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    from zjk_gis.coverage.proposals import Proposal
    from zjk_gis.overlay.faces import Divided

__all__ = ["judged_zones", "repair_coverage"]


@checked
def repair_coverage(
    region: gpd.GeoDataFrame | None,
    zones: gpd.GeoDataFrame,
    *,
    code: str = "zone_code",
    at: str | dt.date | None = None,
    level: int | str | None = None,
    allowed: gpd.GeoDataFrame | None = None,
    snap_within_m: float = SNAP_WITHIN_M,
    max_fill_area_m2: float = MAX_AREA_M2,
    max_fill_width_m: float = MAX_WIDTH_M,
    max_cut_area_m2: float = MAX_AREA_M2,
    max_cut_width_m: float = MAX_WIDTH_M,
    priority: str = PRIORITY,
    priority_order: tuple[str, ...] = (),
    rules: RepairRules | None = None,
) -> gpd.GeoDataFrame:
    """Propose how the gaps and overlaps of zones could be mended (修复建议); `zones` stay as they are.

    Parameters
    ----------
    region : GeoDataFrame or None
        Polygons that should be covered, such as the built-up area (适用城区). None: what lies within the
        zones' own outline, so that holes in zones and between them are filled, and slits between zones that
        open to the outside where they are nowhere wider than `snap_within_m`.
    zones : GeoDataFrame
        Responsibility zones (责任区) or unit grids (单元网格), each code once among those that are judged.
    code, at, level, allowed
        As in `coverage_gaps`: the column of codes, the day and the level that are judged, and ground that
        needs no zone. Layers that keep versions need `at`.
    snap_within_m : float, default 0.05
        Borders that run apart by no more are laid on each other: one row for each side of each border. 0
        leaves them, and with them everything nowhere wider than 0.01 m.
    max_fill_area_m2, max_fill_width_m : float, default 1000 and 5
        Gaps that are larger, or somewhere wider, are left to a person.
    max_cut_area_m2, max_cut_width_m : float, default 1000 and 5
        The same for overlaps.
    priority : str, default "priority"
        The column that says who keeps ground that several claim: the greatest number, or the first word of an
        order (高, 中, 低). Where it is missing or
        does not decide, the smallest zone keeps it, as the larger gives up the smaller share of itself; then
        the lowest code. That is how `assign_incidents` decides, too.
    priority_order : tuple of str, default ()
        Your own words for priorities, the highest first; see `Policy`.
    rules : RepairRules, optional
        The seven options above as one value; an option said beside them has the last word.

    Returns
    -------
    GeoDataFrame
        One row a fix, the largest first, in the CRS of `zones`. Columns:

        - ``repair_code`` (text): ``R001``, ``R002``, ...;
        - ``action`` (text): ``fill`` a gap, ``cut`` an overlap, ``snap`` a border, ``match`` the vertices of
          a neighbour: points on a zone's border where the neighbour has vertices and it has none;
        - ``status`` (text): ``proposed`` or ``left_to_a_person``;
        - ``reason`` (text): why it is left: ``too_large``, ``too_wide``, ``no_neighbour`` (none shares a
          stretch of border with the gap), ``duplicate`` and ``nested`` (zones of which one is all inside the
          other), or what the guard says: a zone ``would_be_empty``, ``would_be_invalid`` or
          ``would_be_split``; ``area_not_conserved``, ``another_zone_there``, ``nobody_would_have_it``;
        - ``gaining_code`` (text): who has the ground afterwards, alone; ``losing_code``: who gives it up,
          empty for a gap;
        - ``by`` (text): the rule that chose: ``longest_border``, ``highest_priority``, ``smallest_area``,
          ``lowest_code``; ``line_of_the_other`` for gaps along a border that is snapped,
          ``vertices_of_the_other`` for vertices, and
          ``keeps_both_whole`` where the zone that should give way would be split, and the other is not;
        - ``area_m2`` and ``mean_width_m`` (float64): of the ground;
        - ``neighbours`` (text): of a gap, codes joined by ``;``, the longest common border first, with
          ``neighbour_borders_m``;
        - ``gaining_before_m2``, ``gaining_after_m2``, ``losing_before_m2``, ``losing_after_m2`` (float64):
          the zones' areas without and with this fix alone.

    Raises
    ------
    InputError
        As `coverage_gaps` does; also if a code comes more than once among the zones that are judged.

    Notes
    -----
    Nothing is moved: gaps are joined to a zone and overlaps cut from one, along the lines that are there. So
    borders that nothing is wrong with keep every digit, which a cleaner that snaps vertices cannot promise.
    No row needs another, but one: a cut that would leave a scrap may wait for the one that takes the scrap;
    accepted alone it is refused.

    See Also
    --------
    apply_repairs

    Examples
    --------
    A gap of 2 m between A and B, on whose short side C borders, and an overlap of B and C:

    >>> import geopandas as gpd
    >>> import zjk_gis
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["A", "B", "C"]},
    ...     geometry=[
    ...         box(0, 0, 99, 50),
    ...         box(101, 0, 200, 50),
    ...         box(0, 50, 150, 90).union(box(150, 49, 200, 90)),
    ...     ],
    ...     crs=4547,
    ... )
    >>> proposals = repair_coverage(gpd.GeoDataFrame(geometry=[box(0, 0, 200, 90)], crs=4547), zones)
    >>> proposals[["repair_code", "action", "status", "gaining_code", "losing_code", "area_m2"]]
      repair_code action    status gaining_code losing_code  area_m2
    0        R001   fill  proposed            A                100.0
    1        R002    cut  proposed            B           C     50.0
    >>> zjk_gis.coverage.apply_repairs(zones, proposals).area.tolist()
    [5050.0, 4950.0, 8000.0]
    """
    rules = rules_of(
        RepairRules,
        rules,
        snap_within_m=snap_within_m,
        max_fill_area_m2=max_fill_area_m2,
        max_fill_width_m=max_fill_width_m,
        max_cut_area_m2=max_cut_area_m2,
        max_cut_width_m=max_cut_width_m,
        priority=priority,
        priority_order=priority_order,
    )
    metric = ready_zones(zones, code=code).reset_index(drop=True)
    judged = judged_zones(metric, code, at, level, zones.index)
    policy = Policy(priority=rules.priority, priority_order=rules.priority_order)
    rank = rank_of(judged, code, policy=policy)
    first = precedence(judged, policy, "zones")
    known = Zones(
        shapely.force_2d(judged.geometry.to_numpy()),
        code_text(judged[code]).to_numpy(dtype=object),
        rank,
        np.full(len(judged), np.nan) if first is None else -first,
    )
    where: dict[str, Any] = {"code": code, "at": at, "level": level}
    if region is not None:
        region = convert_crs(region, metric.crs, name="region")
    if allowed is not None and len(allowed):
        allowed = convert_crs(allowed, metric.crs, name="allowed")
    ground, divided = ground_and_zones(region, metric, allowed, slit_m=rules.snap_within_m, **where)
    gaps = gap_shapes(divided, ground, GapRules(min_area_m2=0, min_width_m=0))
    found = fills_of(polygons_of(gaps)[0], known, rules)
    found += cuts_of(_pairs(divided, known), known, rules)
    found, shapes = guarded([found[at] for at in _order(found, known)], known)
    found += matches_of(found, shapes)
    found = [found[at] for at in _order(found, known)]
    return _told(found, known, metric, zones)


def judged_zones(
    metric: gpd.GeoDataFrame, code: str, at: Any, level: int | str | None, labels: pd.Index
) -> gpd.GeoDataFrame:
    """Return the rows that are judged, whose codes must each come once."""
    judged = zones_at(metric, at, level=level)
    again = code_text(judged[code]).duplicated(keep=False).to_numpy()
    if again.any():
        raise InputError(
            tr(
                "zones: {again} rows share their {code} with another ({rows}), so it would not be "
                "clear which one to change; name the day with at=, or dissolve them",
                again=int(again.sum()),
                code=code,
                rows=name_rows(labels[judged.index[again]]),
            )
        )
    return judged


def _pairs(divided: Divided, known: Zones) -> list[tuple[int, int, Any]]:
    """Return the rows of each two zones that share ground, and the ground."""
    place = {name: at for at, name in enumerate(known.codes)}
    grounds, codes = overlap_shapes(divided, OverlapRules(min_area_m2=0, min_width_m=0))
    return [(place[one], place[other], ground) for (one, other), ground in zip(codes, grounds, strict=True)]


def _order(found: list[Proposal], known: Zones) -> list[int]:
    """Order fixes by size, equal ones by place and by code."""
    grounds = geometry_array(each.ground for each in found)
    west, south, *_ = shapely.bounds(grounds).T.round(3) if len(found) else np.empty((4, 0))
    names = [*known.codes, ""]
    area = shapely.area(grounds).round(4)
    return sorted(
        range(len(found)),
        key=lambda at: (
            -area[at],
            west[at],
            south[at],
            found[at].action,
            names[found[at].gaining],
            names[found[at].losing],
        ),
    )


def _told(
    found: list[Proposal], known: Zones, metric: gpd.GeoDataFrame, zones: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    grounds = geometry_array(each.ground for each in found)
    gaining, losing = (
        np.array([getattr(each, side) for each in found], dtype=np.int64) for side in ("gaining", "losing")
    )
    size, around_m = shapely.area(grounds), shapely.length(grounds)
    areas = np.append(shapely.area(known.shapes), np.nan)
    names = np.append(known.codes, "")
    around = [sorted(each.borders.items(), key=lambda pair: (-pair[1], names[pair[0]])) for each in found]
    columns: dict[str, Any] = {
        "repair_code": numbered("R", len(found)),
        "action": [each.action for each in found],
        "status": ["left_to_a_person" if each.reason else "proposed" for each in found],
        "reason": [each.reason for each in found],
        "gaining_code": names[gaining],
        "losing_code": names[losing],
        "by": [each.by if each.gaining >= 0 else "" for each in found],
        "area_m2": size,
        "mean_width_m": np.divide(2 * size, around_m, out=np.zeros(len(size)), where=around_m > 0),
        "neighbours": [";".join(names[who] for who, _ in own) for own in around],
        "neighbour_borders_m": [";".join(f"{length:.2f}" for _, length in own) for own in around],
        "gaining_before_m2": areas[gaining],
        "gaining_after_m2": areas[gaining] + np.where(losing < 0, size, 0.0),
        "losing_before_m2": areas[losing],
        "losing_after_m2": areas[losing] - size,
    }
    texts = {
        name: pd.Series(values, dtype="str")
        for name, values in columns.items()
        if values is not size and not name.endswith(("_m2", "width_m"))
    }
    told = gpd.GeoDataFrame(columns | texts, geometry=gpd.GeoSeries(grounds, crs=metric.crs))
    return told.to_crs(zones.crs)
