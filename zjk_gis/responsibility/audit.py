"""The three promises as figures: every road, every matter, everyone (路路有人管、事事有人管、人人都管事)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.coverage.exceptions import without_accepted
from zjk_gis.coverage.faults import coverage_faults
from zjk_gis.coverage.ranking import rank_faults
from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.layers.catalogue import ROAD_SECTIONS, ROADS, STREETS
from zjk_gis.layers.columns.nobody import chiefs_of, someone_named
from zjk_gis.layers.columns.periods import ALWAYS, NEVER, day_of, validity_days
from zjk_gis.layers.columns.times import BEIJING
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.excerpts import excerpt
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.versions import zones_at
from zjk_gis.overlay.faces import ready_zones
from zjk_gis.overlay.polygons import cover_of
from zjk_gis.presentation import Presentation, presented
from zjk_gis.progress import bar
from zjk_gis.responsibility.chiefs import chief_table
from zjk_gis.responsibility.duties import who_handles
from zjk_gis.responsibility.findings import (
    figures_of,
    findings_of_matters,
    findings_of_people,
    findings_of_roads,
    hot_spots,
    joined,
)
from zjk_gis.responsibility.roads import road_responsibility, road_totals
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

__all__ = ["ResponsibilityAudit", "responsibility_audit"]

_STEPS = 5  # of an audit, as they are numbered there


@presented
@dataclass(frozen=True, slots=True)
class ResponsibilityAudit:
    """What an audit found.

    Attributes
    ----------
    figures : DataFrame
        One row a figure: ``promise`` (``every_road``, ``every_matter``, ``everyone``), ``measure`` (text),
        ``value`` and ``whole`` (float64), ``unit`` (text) and ``share``, their ratio, missing where there is
        nothing to divide by: that is missing data, and neither 0 nor 100 %. Where each comes from is told by
        ``layer`` (one of the tables below, by its name here), ``filter`` (which of its rows, as
        `DataFrame.query` reads it; empty for all), ``amount`` (what of them is counted, such as
        ``sum(area_m2)``) and ``whole_amount`` (the same of all rows, for the denominator).
    gaps, overlaps : GeoDataFrame
        See `coverage_gaps` and `overlapping_zones`, ranked by `rank_faults`; without those that have been
        accepted, with the columns of `without_accepted` where a ledger is given.
    stretches : GeoDataFrame or None
        See `road_responsibility`; None without roads.
    matters : DataFrame or None
        See `who_handles`; None without duties.
    chiefs : DataFrame
        One row a road chief (路长), the busiest first: ``chief_code`` (the name, where no code is given),
        ``chief_name``, ``zones`` and ``sections`` (how many), ``area_m2`` (of the zones), ``road_m`` (with
        roads), ``incidents``, ``open`` and ``handled`` (as far as the incidents tell), ``load`` (incidents
        or, without any, area; missing for those who have sections alone), ``to_median`` (the load by the
        median load) and ``standing`` (``idle``, ``overloaded`` or empty). No rows where no chief is named.
    ground : GeoDataFrame
        The ground that needs a zone in one row an ``answer``: ``one``, ``several``, ``nobody`` and, with a
        ledger, ``accepted`` (gaps and overlaps accepted as they are), with ``area_m2`` and the ground itself.
    unanswered_roads : GeoDataFrame or None
        The stretches with nobody or several, ranked by `rank_faults`.
    road_totals : DataFrame or None
        See `road_totals`: by district, street and class of road, as far as these are known.
    judged_zones : GeoDataFrame
        The zones of that day with ``area_m2``, ``has_chief`` (bool) and, with incidents, ``incidents``.
    assigned : DataFrame or None
        The incidents as given, with ``chief_serves`` (bool): whether its chief is one of that day.
    hot_spots : GeoDataFrame or None
        Cells of ground by incidents in doubt: ``spot_code``, ``incidents``, ``nobody``, ``ambiguous``,
        ``concerned_codes``. None without incidents that have places.
    findings : GeoDataFrame
        All that breaks a promise, the worst of each first: ``promise``, ``rank``, ``finding`` (such as
        ``gap``, ``hot_spot``, ``chief_idle``), ``finding_code``, ``layer`` (where its row stands),
        ``concerned_codes``, ``consequence``, what it is made of, and the place, where it has one.
    """

    figures: pd.DataFrame
    gaps: gpd.GeoDataFrame
    overlaps: gpd.GeoDataFrame
    stretches: gpd.GeoDataFrame | None
    matters: pd.DataFrame | None
    chiefs: pd.DataFrame
    ground: gpd.GeoDataFrame
    unanswered_roads: gpd.GeoDataFrame | None
    road_totals: pd.DataFrame | None
    judged_zones: gpd.GeoDataFrame
    assigned: pd.DataFrame | None
    hot_spots: gpd.GeoDataFrame | None
    findings: gpd.GeoDataFrame
    exceptions: dict[str, dict[str, Any]] = field(default_factory=dict)

    def figure(self, measure: str) -> pd.Series:
        """Return the row of one figure.

        Raises
        ------
        KeyError
            If there is no such figure.
        """
        rows = self.figures[self.figures["measure"] == measure]
        if not len(rows):
            raise KeyError(measure)
        return rows.iloc[0]

    def worst(self, promise: str, most: int = 10) -> gpd.GeoDataFrame:
        """Return the worst findings of a promise.

        Raises
        ------
        KeyError
            If there is no such promise.
        """
        if promise not in ("every_road", "every_matter", "everyone"):
            raise KeyError(promise)
        found = self.findings[self.findings["promise"] == promise].head(most)
        return gpd.GeoDataFrame(found.dropna(axis="columns", how="all"))

    def _presentation(self) -> Presentation:
        told = tr(
            "What breaks a promise: {findings:,} findings. Gaps: {gaps:,}; overlaps: {overlaps:,}.",
            findings=len(self.findings),
            gaps=len(self.gaps),
            overlaps=len(self.overlaps),
        )
        return excerpt(told, self.figures, ["promise", "measure", "value", "whole", "unit", "share"])


@checked
def responsibility_audit(
    region: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    *,
    roads: gpd.GeoDataFrame | None = None,
    sections: gpd.GeoDataFrame | None = None,
    streets: gpd.GeoDataFrame | None = None,
    assigned: pd.DataFrame | None = None,
    duties: pd.DataFrame | None = None,
    places: list[str] | None = None,
    allowed: gpd.GeoDataFrame | None = None,
    accepted: gpd.GeoDataFrame | None = None,
    components: Mapping[str, gpd.GeoDataFrame] | None = None,
    people: gpd.GeoDataFrame | None = None,
    code: str = "zone_code",
    at: str | dt.date | None = None,
    level: int | str | None = None,
    time: str = "occurred_at",
    dayfirst: bool | None = None,
    time_format: str | None = None,
    tz: str = BEIJING,
    since_days: int = 365,
    border_within_m: float = 0.5,
    gap_min_m2: float = 0.0,
    overlap_min_m2: float = 0.0,
    gps_error_m: float = 10.0,
    hot_spot_m: float = 200.0,
    weights: Mapping[str, float] | None = None,
    overloaded_from: float = 3.0,
) -> ResponsibilityAudit:
    """Prove or refute that every road, every matter and everyone is taken care of.

    Parameters
    ----------
    region : GeoDataFrame
        The ground that should be covered, such as the built-up area (适用城区).
    zones : GeoDataFrame
        Responsibility zones (责任区), perhaps with ``chief_code``.
    roads, sections : GeoDataFrame, optional
        Roads, and the sections that chiefs answer for; see `road_responsibility`.
    streets : GeoDataFrame, optional
        Streets (街道): lengths of road are summed by them, and a matter's incidents counted in them.
    assigned : DataFrame, optional
        Incidents as `assign_incidents` returns them; with ``state`` or ``closed_at`` also how many are open.
    duties : DataFrame, optional
        Which department handles which matter; see `who_handles`.
    places : list of str, optional
        Codes of the places for which each matter is asked, with `duties`; by default those of `streets` or,
        without them, those that the duties name.
    allowed : GeoDataFrame, optional
        Ground that needs no zone.
    accepted : GeoDataFrame, optional
        The ledger of accepted gaps and overlaps; see `without_accepted`. Needs `at`.
    components, people : optional
        What else makes a fault grave; see `rank_faults`.
    code : str, default "zone_code"
    at : date or str, optional
        The day that is judged.
    level : int or str, optional
        A number or a word, or ``"any"`` for all; by default the finest.
    time : str, default "occurred_at"
        The column of `assigned` with the time of each incident. Those of the `since_days` days up to `at`
        (by default up to the last incident) make a fault grave; all of them where there is no such column.
    dayfirst, time_format, tz
        How the times are read, and whose days they are; see `assign_incidents`.
    since_days : int, default 365
    border_within_m : float, default 0.5
        How near to a border a road runs along it; see `road_responsibility`.
    gap_min_m2, overlap_min_m2 : float, default 0.0
        Gaps and overlaps smaller than this are in the figures, and are no findings.
    gps_error_m : float, default 10.0
        How near to a fault an incident counts as in it.
    hot_spot_m : float, default 200.0
        The size of the cells by which incidents in doubt are counted.
    weights : mapping of str to float, optional
        See `rank_faults`.
    overloaded_from : float, default 3.0
        From how many times the median number of incidents (or area, without incidents) a chief is overloaded.

    Returns
    -------
    ResponsibilityAudit
        The figures are:

        - ``ground_once``, ``ground_several``, ``ground_nobody`` and, with a ledger, ``ground_accepted`` (m²
          of the region without allowed ground); they sum to the whole;
        - ``road_one``, ``road_several``, ``road_nobody`` (m, a side counts half); they sum to the whole;
        - ``road_border`` (m): of these, road along a common border of zones within `border_within_m`, of
          which each zone has its side;
        - ``matters_one``, ``matters_several``, ``matters_fallback``: pairs of event class and place;
        - ``incidents_answered``, ``incidents_undoubted``: for which anybody, and certainly one, answers;
        - ``zones_with_chief``; ``chiefs_idle``, ``chiefs_overloaded``; ``load_gini``, from 0 (all have
          as much) to 1, and ``load_of_busiest``, the most loaded chief's share; ``incidents_with_chief``,
          whose chief is one of that day: the others are in no chief's load.

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError, GeometryError, InputError
        If a layer cannot be used.

    Notes
    -----
    Findings are ranked within each promise. *Every road*: gaps, overlaps and stretches with nobody or
    several, by the rule of `rank_faults`. *Every matter*: cells with incidents for which nobody or not
    certainly one answers, and matters with several departments or none, by the incidents they
    concern; equals in this order.
    *Everyone*: zones without chief by all of their load, chiefs idle or overloaded by how far their load is
    from the median; load is incidents or, without any, square metres.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["A", "B"], "chief_code": ["L1", "L2"]},
    ...     geometry=[box(0, 0, 60, 100), box(50, 0, 90, 100)],
    ...     crs=4547,
    ... )
    >>> region = gpd.GeoDataFrame(geometry=[box(0, 0, 100, 100)], crs=4547)
    >>> audit = responsibility_audit(region, zones)
    >>> audit.figures.set_index("measure")["share"].head(3).to_dict()
    {'ground_once': 0.8, 'ground_several': 0.1, 'ground_nobody': 0.1}
    >>> audit.worst("every_road")[["rank", "finding", "finding_code", "concerned_codes"]].to_numpy().tolist()
    [[1, 'overlap', 'C001', 'A;B'], [2, 'gap', 'G001', 'B']]
    """
    # What is asked can be answered.
    require_amounts(border_within_m=border_within_m, gps_error_m=gps_error_m, hot_spot_m=hot_spot_m)
    require_amounts(gap_min_m2=gap_min_m2, overlap_min_m2=overlap_min_m2)
    if not hot_spot_m:
        raise InputError(tr("hot_spot_m must be above 0"))
    if accepted is not None and at is None:
        raise InputError(tr("accepted= needs at=: the ledger says until when a fault is accepted"))
    if assigned is not None:
        _check_assigned(assigned)

    steps = bar(title=tr("auditing"), total=_STEPS)

    # 1. Faults of the ground, and those that nobody has accepted. All is measured in one system.
    gaps, overlaps = coverage_faults(
        region, zones, code=code, at=at, level=level, allowed=allowed, min_area_m2=0.0
    )
    crs = gaps.crs
    zones = ready_zones(zones, code=code, crs=crs)
    told: dict[str, dict[str, Any]] = {}
    every = (gaps, overlaps)
    if accepted is not None and at is not None:
        gaps, overlaps = (without_accepted(frame, accepted, at=at) for frame in every)
        told = {"gaps": gaps.attrs["exceptions"], "overlaps": overlaps.attrs["exceptions"]}
    ground = _ground(region, allowed, every, (gaps, overlaps), has_ledger=accepted is not None)
    gaps = gaps[gaps["area_m2"] >= gap_min_m2].reset_index(drop=True)
    overlaps = overlaps[overlaps["area_m2"] >= overlap_min_m2].reset_index(drop=True)
    steps.update()

    # 2. Roads: which zone or section answers along each.
    valid = zones_at(zones, at, level=level)
    sections_then = None if sections is None else _sections_at(sections, crs, at)
    if streets is not None:
        streets = ready(streets, "streets", kind="polygon", code=STREETS.code, crs=crs)
    stretches = None
    if roads is not None:
        roads = ready(roads, "roads", kind="line", code=ROADS.code, crs=crs)
        where: dict[str, Any] = {"code": code, "at": at, "level": level, "border_within_m": border_within_m}
        stretches = road_responsibility(roads, zones=zones, sections=sections, streets=streets, **where)
    steps.update()

    # 3. Matters and people: who handles what, and which chief has how much.
    if duties is not None and places is None and streets is not None:
        places = sorted(set(code_text(streets[STREETS.code])))
    matters = None if duties is None else who_handles(duties, places=places)
    chiefs = chief_table(
        valid,
        code,
        sections=sections_then,
        stretches=stretches,
        assigned=assigned,
        overloaded_from=overloaded_from,
    )
    judged = _judged(valid, code, assigned)
    if assigned is not None:
        assigned = assigned.assign(chief_serves=_served(assigned, chiefs))
    steps.update()

    # 4. The consequence of every fault, the worst first.
    points = assigned if isinstance(assigned, gpd.GeoDataFrame) else None
    consequence: dict[str, Any] = {"components": components, "people": people, "roads": roads}
    consequence |= {"within_m": gps_error_m, "weights": weights, "incidents": points}
    if points is not None:
        consequence |= {"until": at, "time": time, "since_days": since_days if time in points else None}
        consequence |= {"dayfirst": dayfirst, "time_format": time_format, "tz": tz}
    gaps, overlaps = (rank_faults(frame, **consequence) for frame in (gaps, overlaps))
    unanswered = None
    if stretches is not None:
        unanswered = rank_faults(stretches[stretches["answer"] != "one"], **consequence)
    spots = None if points is None else hot_spots(points, crs, hot_spot_m)
    steps.update()

    # 5. The findings of each promise, and the figures with what each is made of.
    findings = joined(
        {
            "every_road": findings_of_roads(gaps, overlaps, unanswered, weights),
            "every_matter": findings_of_matters(matters, assigned, spots, streets, crs),
            "everyone": findings_of_people(judged, code, sections_then, chiefs),
        },
        crs,
    )
    tables = {
        "ground": ground, "stretches": stretches, "matters": matters, "assigned": assigned,
        "judged_zones": judged, "chiefs": chiefs if len(chiefs) else None,
    }  # fmt: skip
    figures = figures_of(
        {name: table for name, table in tables.items() if table is not None},
        without=() if accepted is not None else ("ground_accepted",),
    )
    steps.close()
    return ResponsibilityAudit(
        figures=figures,
        gaps=gaps,
        overlaps=overlaps,
        stretches=stretches,
        matters=matters,
        chiefs=chiefs,
        ground=ground,
        unanswered_roads=unanswered,
        road_totals=None if stretches is None else _totals(stretches),
        judged_zones=judged,
        assigned=assigned,
        hot_spots=spots,
        findings=findings,
        exceptions=told,
    )


def _check_assigned(assigned: pd.DataFrame) -> None:
    for name in ("found", "ambiguous"):
        if name not in assigned:
            raise MissingColumnError(
                tr("assigned: no column {name!r}; give what assign_incidents returned", name=name)
            )


def _ground(
    region: gpd.GeoDataFrame,
    allowed: gpd.GeoDataFrame | None,
    every: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
    left: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
    *,
    has_ledger: bool,
) -> gpd.GeoDataFrame:
    """Divide the ground that needs a zone by who answers for it: one, several, nobody, or accepted."""
    crs = left[0].crs
    ground = cover_of(ready(region, "region", kind="polygon", crs=crs).geometry.to_numpy())
    if allowed is not None and len(allowed):
        spared = ready(allowed, "allowed", kind="polygon", crs=crs).geometry.to_numpy()
        ground = shapely.difference(ground, cover_of(spared))
    (gaps, overlaps), (open_gaps, open_overlaps) = every, left
    bare, twice = (cover_of(frame.geometry.to_numpy()) for frame in (gaps, overlaps))
    twice = shapely.intersection(twice, ground)
    once = shapely.difference(ground, shapely.union(bare, twice))
    parts = {"one": once, "several": twice, "nobody": bare}
    if has_ledger:
        nobody = cover_of(open_gaps.geometry.to_numpy())
        several = shapely.intersection(cover_of(open_overlaps.geometry.to_numpy()), ground)
        accepted = shapely.union(shapely.difference(bare, nobody), shapely.difference(twice, several))
        parts |= {"several": several, "nobody": nobody, "accepted": accepted}
    shapes = np.array([*parts.values(), None], dtype=object)[:-1]
    return gpd.GeoDataFrame(
        {"answer": pd.Series(list(parts), dtype="str"), "area_m2": shapely.area(shapes)},
        geometry=shapes,
        crs=crs,
    )


def _sections_at(sections: gpd.GeoDataFrame, crs: Any, at: str | dt.date | None) -> gpd.GeoDataFrame:
    sections = ready(sections, "sections", kind="line", code=ROAD_SECTIONS.code, crs=crs)
    begins, ends = validity_days(sections, "sections")
    first, last = (NEVER, ALWAYS) if at is None else (day_of(at), day_of(at))
    return sections[(begins <= last) & (ends >= first)]


def _judged(valid: gpd.GeoDataFrame, code: str, assigned: pd.DataFrame | None) -> gpd.GeoDataFrame:
    """Return the zones of the day with what the figures are made of."""
    told = valid.assign(area_m2=valid.geometry.area, has_chief=someone_named(valid))
    if assigned is not None and code in assigned:
        counts = code_text(assigned[code].dropna()).value_counts()
        told["incidents"] = code_text(told[code]).map(counts).fillna(0).astype(np.int64)
    return told


def _served(assigned: pd.DataFrame, chiefs: pd.DataFrame) -> pd.Series:
    """Tell for which incidents a chief answers who is one of the day."""
    known = {*chiefs["chief_code"]}
    served: pd.Series = chiefs_of(assigned).isin(known) | chiefs_of(assigned, "section_").isin(known)
    return served


def _totals(stretches: gpd.GeoDataFrame) -> pd.DataFrame:
    return road_totals(
        stretches, [n for n in ("district_code", "street_code", "road_class") if n in stretches]
    )
