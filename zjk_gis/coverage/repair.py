"""Gaps and overlaps mended: proposed first, made on request, behind a guard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from geopandas.array import from_shapely

from zjk_gis.coverage.faces import faces_of, ready_zones
from zjk_gis.coverage.gaps import coverage_gaps
from zjk_gis.coverage.mending import Fixes, mended
from zjk_gis.coverage.overlaps import overlapping_zones
from zjk_gis.coverage.proposals import Limits, Zones, cuts_of, fills_of, geometry_array, guarded, polygons_of
from zjk_gis.crs import convert_crs
from zjk_gis.errors import GeometryError, InputError, MissingColumnError, name_rows
from zjk_gis.index.policy import Policy, rank_of
from zjk_gis.layers.ground import numbered, widths_of
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.versions import zones_at

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection

    from numpy.typing import NDArray

    from zjk_gis.coverage.proposals import Proposal

__all__ = ["apply_repairs", "repair_coverage"]

_NEEDED = ("repair_code", "status", "gaining_code", "losing_code")
_CONSERVED = 1e-9  # of the covered area
_UNCHANGED = 1e-6  # of a zone's area, between the proposal and the day it is made


def repair_coverage(
    region: gpd.GeoDataFrame | None,
    zones: gpd.GeoDataFrame,
    *,
    code: str = "zone_code",
    at: str | dt.date | None = None,
    level: int | None = None,
    allowed: gpd.GeoDataFrame | None = None,
    snap_within_m: float = 0.05,
    max_fill_area_m2: float = 1000.0,
    max_fill_width_m: float = 5.0,
    max_cut_area_m2: float = 1000.0,
    max_cut_width_m: float = 5.0,
    priority: str = "priority",
) -> gpd.GeoDataFrame:
    """Propose how the gaps and overlaps of zones could be mended (修复建议); `zones` stay as they are.

    Parameters
    ----------
    region : GeoDataFrame or None
        Polygons that should be covered, such as the built-up area (适用城区). None: overlaps alone.
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
        The column that says who keeps ground that several claim: the greatest number. Where it is missing or
        does not decide, the smallest zone keeps it, as the larger gives up the smaller share of itself; then
        the lowest code. That is how `assign_incidents` decides, too.

    Returns
    -------
    GeoDataFrame
        One row a fix, the largest first, in the CRS of `zones`. Columns:

        - ``repair_code`` (text): ``R001``, ``R002``, ...;
        - ``action`` (text): ``fill`` a gap, ``cut`` an overlap, ``snap`` a border;
        - ``status`` (text): ``proposed`` or ``left_to_a_person``;
        - ``reason`` (text): why it is left: ``too_large``, ``too_wide``, ``no_neighbour`` (none shares a
          stretch of border with the gap), ``duplicate`` and ``nested`` (zones of which one is all inside the
          other), or what the guard says: a zone ``would_be_empty``, ``would_be_invalid`` or
          ``would_be_split``; ``area_not_conserved``, ``another_zone_there``, ``nobody_would_have_it``;
        - ``gaining_code`` (text): who has the ground afterwards, alone; ``losing_code``: who gives it up,
          empty for a gap;
        - ``by`` (text): the rule that chose: ``longest_border``, ``highest_priority``, ``smallest_area``,
          ``lowest_code``; ``line_of_the_other`` for gaps along a border that is snapped, and
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
    Whoever refuses a row leaves the others as they are; each stands by itself. Fixes of one zone are tried
    together and must leave it in one piece.

    See Also
    --------
    apply_repairs

    Examples
    --------
    A gap of 2 m between A and B, on whose short side C borders, and an overlap of B and C:

    >>> import geopandas as gpd
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
    >>> apply_repairs(zones, proposals).area.tolist()
    [5050.0, 4950.0, 8000.0]
    """
    limits = Limits(snap_within_m, max_fill_area_m2, max_fill_width_m, max_cut_area_m2, max_cut_width_m)
    require_amounts(
        snap_within_m=snap_within_m,
        max_fill_area_m2=max_fill_area_m2,
        max_fill_width_m=max_fill_width_m,
        max_cut_area_m2=max_cut_area_m2,
        max_cut_width_m=max_cut_width_m,
    )
    metric = ready_zones(zones, code=code).reset_index(drop=True)
    judged = _judged(metric, code, at, level, zones.index)
    rank = rank_of(judged, code, policy=Policy(priority=priority))
    given = judged[priority] if priority in judged else pd.Series(np.nan, index=judged.index)
    known = Zones(
        shapely.force_2d(judged.geometry.to_numpy()),
        judged[code].astype(str).to_numpy(dtype=object),
        rank,
        pd.to_numeric(given).to_numpy(dtype=np.float64),
    )
    where: dict[str, Any] = {"code": code, "at": at, "level": level}
    found = []
    if region is not None:
        region = convert_crs(region, metric.crs, name="region")
        if allowed is not None and len(allowed):
            allowed = convert_crs(allowed, metric.crs, name="allowed")
        gaps = coverage_gaps(region, metric, allowed=allowed, min_area_m2=0, min_width_m=0, **where)
        found += fills_of(polygons_of(gaps.geometry)[0], known, limits)
    found += cuts_of(_pairs(metric, known, where), known, limits)
    found = guarded([found[at] for at in _order(found, known)], known)
    found = [found[at] for at in _order(found, known)]
    return _told(found, known, metric, zones)


def apply_repairs(
    zones: gpd.GeoDataFrame,
    proposals: gpd.GeoDataFrame,
    *,
    accept: Collection[str] | None = None,
    region: gpd.GeoDataFrame | None = None,
    code: str = "zone_code",
    at: str | dt.date | None = None,
    level: int | None = None,
) -> gpd.GeoDataFrame:
    """Make the fixes that were accepted, and return the mended zones.

    Parameters
    ----------
    zones : GeoDataFrame
        Those that `repair_coverage` was asked about.
    proposals : GeoDataFrame
        What it answered.
    accept : collection of str, optional
        The ``repair_code`` of the fixes to be made; also of such as were left to a person, if that is what
        the person decided. By default all that are ``proposed``.
    region : GeoDataFrame, optional
        What should be covered, to count the gaps that are left.
    code, at, level
        As for `repair_coverage`.

    Returns
    -------
    GeoDataFrame
        The same rows, index, columns and CRS. Only geometries change: of the zones that gain or lose, and of
        their neighbours, which get the vertices that they lacked on the common border. Heights (Z) of changed
        shapes are lost; a column with areas is not computed anew. ``attrs["repairs"]`` tells

        - ``applied``: repair codes; ``refused``: repair codes with what the guard said;
        - ``changed_codes``: zones that gained or lost; ``renoded_codes``: that only got vertices;
        - ``covered_before_m2``, ``filled_m2``, ``covered_after_m2``: the first two make up the third;
        - ``overlaps_left``, ``overlap_area_left_m2``, and with `region` ``gaps_left``, ``gap_area_left_m2``.

    Raises
    ------
    MissingColumnError
        If `proposals` lacks a column.
    InputError
        If a repair code is not there or comes twice, or if zones have changed since the proposal.
    GeometryError
        If the mended zones would not cover what they did and what was filled, to a billionth, or if one
        cannot be written in the CRS of `zones`; then nothing is returned.

    Notes
    -----
    A fix is refused, and told, if a zone would be empty, invalid or in more parts than before; no code and no
    row is ever lost. Zones in degrees come back in degrees: vertices that were there keep every digit, new
    ones are true to a micrometre.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["A", "B"]}, geometry=[box(0, 0, 51, 50), box(50, 0, 100, 50)], crs=4547
    ... )
    >>> mended = apply_repairs(zones, repair_coverage(None, zones))
    >>> mended.area.tolist(), mended.attrs["repairs"]["applied"]
    ([2500.0, 2500.0], ['R001'])
    """
    rows = _accepted(proposals, accept)
    metric = ready_zones(zones, code=code).reset_index(drop=True)
    judged = _judged(metric, code, at, level, zones.index)
    codes = judged[code].astype(str).to_numpy(dtype=object)
    shapes = shapely.force_2d(judged.geometry.to_numpy())
    fixes = _fixes(convert_crs(rows, metric.crs, name="proposals"), codes)
    _check_unchanged(rows, shapes, fixes)
    after, refused = mended(shapes, fixes)
    done = refused == ""
    changed = np.zeros(len(shapes), dtype=bool)
    changed[fixes.changed[done]] = True
    touched = np.flatnonzero(after != shapes)

    filled = float(shapely.area(fixes.grounds[done & (fixes.losing < 0)]).sum())
    covered = [float(shapely.area(faces_of(each).cover)) for each in (shapes, after)]
    if abs(covered[1] - covered[0] - filled) > _CONSERVED * covered[1]:
        message = (
            f"the repaired zones would cover {covered[1]:,.4f} m² instead of {covered[0] + filled:,.4f} m²; "
            "nothing was done. Repair fewer at once with accept="
        )
        raise GeometryError(message)
    result = _with_shapes(zones, metric, judged.index.to_numpy()[touched], shapes[touched], after[touched])
    account: dict[str, Any] = {
        "applied": rows["repair_code"].to_numpy(dtype=object)[done].tolist(),
        "refused": dict(zip(rows["repair_code"][~done].tolist(), refused[~done].tolist(), strict=True)),
        "changed_codes": sorted(codes[changed].tolist()),
        "renoded_codes": sorted(codes[[at for at in touched if not changed[at]]].tolist()),
        "covered_before_m2": covered[0],
        "filled_m2": filled,
        "covered_after_m2": covered[1],
    }
    result.attrs["repairs"] = account | _left(result, region, code=code, at=at, level=level)
    return result


def _judged(
    metric: gpd.GeoDataFrame, code: str, at: Any, level: int | None, labels: pd.Index
) -> gpd.GeoDataFrame:
    """Return the rows that are judged, whose codes must each come once."""
    judged = zones_at(metric, at, level=level)
    again = judged[code].astype(str).duplicated(keep=False).to_numpy()
    if again.any():
        message = (
            f"zones: {int(again.sum())} rows share their {code} with another "
            f"({name_rows(labels[judged.index[again]])}), so it would not be clear which one to change; "
            "name the day with at=, or dissolve them"
        )
        raise InputError(message)
    return judged


def _pairs(metric: gpd.GeoDataFrame, known: Zones, where: dict[str, Any]) -> list[tuple[int, int, Any]]:
    overlaps = overlapping_zones(metric, min_area_m2=0, min_width_m=0, **where)
    place = {name: at for at, name in enumerate(known.codes)}
    columns = (overlaps["first_code"], overlaps["second_code"], overlaps.geometry)
    return [(place[one], place[other], ground) for one, other, ground in zip(*columns, strict=True)]


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
    size = shapely.area(grounds)
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
        "mean_width_m": widths_of(grounds),
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


def _accepted(proposals: gpd.GeoDataFrame, accept: Collection[str] | None) -> gpd.GeoDataFrame:
    """Return the rows to be made, in the order of their codes."""
    lacking = [name for name in _NEEDED if name not in proposals]
    if lacking:
        message = f"proposals: no column {lacking[0]!r}; give what repair_coverage returned"
        raise MissingColumnError(message)
    names = proposals["repair_code"].astype(str)
    if names.duplicated().any():
        message = f"proposals: repair_code {names[names.duplicated()].iloc[0]} comes twice"
        raise InputError(message)
    if accept is None:
        kept = (proposals["status"] == "proposed").to_numpy()
    else:
        wanted = {accept} if isinstance(accept, str) else {str(name) for name in accept}
        unknown = sorted(wanted - set(names))
        if unknown:
            message = f"accept: no repair {', '.join(unknown)} among the proposals"
            raise InputError(message)
        kept = names.isin(wanted).to_numpy()
    rows = proposals[kept].sort_values("repair_code").reset_index(drop=True)
    lost = rows["gaining_code"].isna() | (rows["gaining_code"] == "")
    if lost.any():
        message = f"repair {rows['repair_code'][lost].iloc[0]} has no gaining_code: write who is to have it"
        raise InputError(message)
    return rows


def _fixes(rows: gpd.GeoDataFrame, codes: NDArray[np.object_]) -> Fixes:
    place = {name: at for at, name in enumerate(codes)}
    sides = []
    for column in ("gaining_code", "losing_code"):
        names = rows[column].fillna("").astype(str)
        unknown = sorted({name for name in names if name and name not in place})
        if unknown:
            message = f"proposals: {column} {', '.join(unknown[:5])} is no code of the zones that are judged"
            raise InputError(message)
        sides.append(np.array([place.get(name, -1) for name in names], dtype=np.int64))
    return Fixes(rows.geometry.to_numpy(), sides[0], sides[1])


def _check_unchanged(rows: gpd.GeoDataFrame, shapes: NDArray[Any], fixes: Fixes) -> None:
    """Refuse proposals that were made for other shapes than these."""
    areas = np.append(shapely.area(shapes), np.nan)
    for side, at in (("gaining", fixes.gaining), ("losing", fixes.losing)):
        if f"{side}_before_m2" not in rows:
            continue
        before = rows[f"{side}_before_m2"].to_numpy(dtype=np.float64)
        other = np.abs(areas[at] - before) > _UNCHANGED * np.abs(before)
        if other.any():
            message = (
                f"zones: {', '.join(sorted(set(rows[f'{side}_code'][other]))[:5])} changed since the repairs "
                "were proposed; ask repair_coverage again"
            )
            raise InputError(message)


def _with_shapes(
    zones: gpd.GeoDataFrame,
    metric: gpd.GeoDataFrame,
    places: NDArray[np.int64],
    before: NDArray[Any],
    after: NDArray[Any],
) -> gpd.GeoDataFrame:
    """Put changed shapes into a copy of the layer, in its own CRS."""
    shapes = zones.geometry.to_numpy().copy()
    shapes[places] = after
    if metric.crs != zones.crs:
        # Vertices that were there keep their digits; only new ones are converted.
        old, new = _places_of(before), _places_of(after)
        own = _places_of(zones.geometry.to_numpy()[places])
        known, first = np.unique(old, return_index=True)
        at = np.minimum(np.searchsorted(known, new), len(known) - 1)
        points = gpd.GeoSeries.from_xy(new.real, new.imag, crs=metric.crs).to_crs(zones.crs)
        fresh = points.x.to_numpy() + 1j * points.y.to_numpy()
        placed = np.where(known[at] == new, own[first[at]], fresh)
        written = shapely.set_coordinates(after.copy(), np.stack([placed.real, placed.imag], axis=1))
        if not shapely.is_valid(written).all():
            wrong = places[~shapely.is_valid(written)]
            message = (
                f"zones: rows {name_rows(zones.index[wrong])} would be invalid in {zones.crs.to_string()}; "
                f"convert the zones to {metric.crs.to_string()} and repair them there"
            )
            raise GeometryError(message)
        shapes[places] = written
    result = zones.copy()
    result[zones.geometry.name] = from_shapely(shapes, crs=zones.crs)
    return result


def _left(result: gpd.GeoDataFrame, region: gpd.GeoDataFrame | None, **where: Any) -> dict[str, Any]:
    """Count the gaps and overlaps that are left."""
    overlaps = overlapping_zones(result, **where)
    left: dict[str, Any] = {
        "overlaps_left": len(overlaps),
        "overlap_area_left_m2": float(overlaps["area_m2"].sum()),
    }
    if region is not None:
        gaps = coverage_gaps(ready(region, "region", kind="polygon"), result, **where)
        left |= {"gaps_left": len(gaps), "gap_area_left_m2": float(gaps["area_m2"].sum())}
    return left


def _places_of(shapes: NDArray[Any]) -> NDArray[np.complex128]:
    coords = shapely.get_coordinates(shapes)
    return np.asarray(coords[:, 0] + 1j * coords[:, 1])
