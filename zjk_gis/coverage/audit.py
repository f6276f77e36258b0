"""The three promises as figures: every road, every matter, everyone (路路有人管、事事有人管、人人都管事)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from zjk_gis.coverage.faces import ready_zones
from zjk_gis.coverage.faults import coverage_faults
from zjk_gis.coverage.roads import road_responsibility, road_totals
from zjk_gis.errors import MissingColumnError
from zjk_gis.layers.ground import cover_of
from zjk_gis.layers.metric import ready
from zjk_gis.layers.versions import zones_at
from zjk_gis.standards import rules_table

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd
    from numpy.typing import ArrayLike

__all__ = ["ResponsibilityAudit", "gini", "responsibility_audit", "who_handles"]

_ROADS, _MATTERS, _PEOPLE = "every_road", "every_matter", "everyone"
_DONE = "结案"
_CHIEFS = ("chief_code", "section_chief_code")


@dataclass(frozen=True, slots=True)
class ResponsibilityAudit:
    """What an audit found.

    Attributes
    ----------
    figures : DataFrame
        One row a figure: ``promise`` (``every_road``, ``every_matter``, ``everyone``), ``measure`` (text),
        ``value`` and ``whole`` (float64), ``unit`` (text) and ``share``, their ratio, missing where there is
        nothing to divide by: that is no data, and neither 0 nor 100 %.
    gaps, overlaps : GeoDataFrame
        See `coverage_gaps` and `overlapping_zones`.
    stretches : GeoDataFrame or None
        See `road_responsibility`; None without roads.
    matters : DataFrame or None
        See `who_handles`; None without duties.
    chiefs : DataFrame
        One row a road chief (路长), the busiest first.
    """

    figures: pd.DataFrame
    gaps: gpd.GeoDataFrame
    overlaps: gpd.GeoDataFrame
    stretches: gpd.GeoDataFrame | None
    matters: pd.DataFrame | None
    chiefs: pd.DataFrame = field(default_factory=pd.DataFrame)

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


def responsibility_audit(
    region: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    *,
    roads: gpd.GeoDataFrame | None = None,
    sections: gpd.GeoDataFrame | None = None,
    assigned: pd.DataFrame | None = None,
    duties: pd.DataFrame | None = None,
    places: list[str] | None = None,
    allowed: gpd.GeoDataFrame | None = None,
    code: str = "zone_code",
    at: str | dt.date | None = None,
    level: int | None = None,
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
    assigned : DataFrame, optional
        Incidents as `assign_incidents` returns them; with ``state`` or ``closed_at`` also how many are open.
    duties : DataFrame, optional
        Which department handles which matter; see `who_handles`.
    places : list of str, optional
        Codes of the places for which each matter is asked, with `duties`; by default those that it names.
    allowed : GeoDataFrame, optional
        Ground that needs no zone.
    code : str, default "zone_code"
    at : date or str, optional
        The day that is judged.
    level : int, optional
        By default the finest.
    overloaded_from : float, default 3.0
        A chief with so many times the median number of incidents (or area, without incidents) is overloaded.

    Returns
    -------
    ResponsibilityAudit
        The figures are:

        - ``ground_once``, ``ground_several``, ``ground_nobody`` (m² of the region without allowed ground);
          they sum to the whole;
        - ``road_one``, ``road_several``, ``road_nobody`` (m, a side counts half);
        - ``matters_one``, ``matters_several``, ``matters_fallback``: pairs of event class and place;
        - ``incidents_answered``, ``incidents_undoubted``: for which anybody, and certainly one, answers;
        - ``zones_with_chief``; ``chiefs_idle``, ``chiefs_overloaded``; ``load_gini``, from 0 (all have
          as much) to 1, and ``load_of_busiest``, the most loaded chief's share.

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError, GeometryError, InputError
        If a layer cannot be used.

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
    """
    gaps, overlaps = coverage_faults(
        region, zones, code=code, at=at, level=level, allowed=allowed, min_area_m2=0.0
    )
    valid = zones_at(ready_zones(zones, code=code, crs=gaps.crs), at, level=level)
    figures = _of_ground(region, allowed, gaps, overlaps)
    stretches = matters = None
    if roads is not None:
        stretches = road_responsibility(roads, zones=zones, sections=sections, code=code, at=at, level=level)
        figures += _of_roads(stretches)
    if duties is not None:
        matters = who_handles(duties, places=places)
        figures += _of_matters(matters)
    if assigned is not None:
        figures += _of_incidents(assigned)
    chiefs = _chiefs(valid, code, stretches, sections, assigned, overloaded_from)
    figures += _of_people(valid, chiefs)
    table = pd.DataFrame(figures, columns=["promise", "measure", "value", "whole", "unit"])
    share = (table["value"] / table["whole"]).where(table["whole"] > 0)
    return ResponsibilityAudit(table.assign(share=share), gaps, overlaps, stretches, matters, chiefs)


def who_handles(duties: pd.DataFrame, *, places: list[str] | None = None) -> pd.DataFrame:
    """Find for each class of event and each place how many departments handle it.

    Parameters
    ----------
    duties : DataFrame
        One row a duty: ``event_code``, ``department`` and perhaps ``place_code``; without a place the duty
        holds everywhere. An event code of two digits holds for all classes under it.
    places : list of str, optional
        Codes of the places, such as streets; by default those that `duties` names.

    Returns
    -------
    DataFrame
        One row an event class (事件小类) and place: ``event_code``, ``event_name``, ``place_code``,
        ``departments`` (sorted, joined by ``;``), ``count`` (int64) and ``answer``: ``one``, ``several``, or
        ``fallback`` where none is named, and the street where it lies answers (属地兜底).

    Raises
    ------
    MissingColumnError
        If `duties` lacks a column.

    Notes
    -----
    The classes are those of the table ``events`` that ships with the package.

    Examples
    --------
    >>> duties = pd.DataFrame({"event_code": ["05", "0102"], "department": ["城管", "环卫"]})
    >>> found = who_handles(duties, places=["130703005"]).set_index("event_code")
    >>> found.loc[["0102", "0501", "0401"], "answer"].tolist()
    ['one', 'one', 'fallback']
    """
    for name in ("event_code", "department"):
        if name not in duties:
            message = f"duties: no column {name!r}; its columns are {', '.join(map(str, duties.columns))}"
            raise MissingColumnError(message)
    events = rules_table("events")[["event_code", "event_name"]]
    held = duties.assign(place_code=duties.get("place_code"))
    held = held[held["department"].notna()]
    where = sorted({*held["place_code"].dropna().astype(str)}) if places is None else list(places)
    asked = events.merge(pd.DataFrame({"place_code": where or [""]}), how="cross")
    words: list[str] = []
    for event, place in zip(asked["event_code"], asked["place_code"], strict=True):
        of_event = held["event_code"].astype(str).isin([event, event[:2]])
        here = held["place_code"].isna() | (held["place_code"].astype(str) == place)
        words.append(";".join(sorted(set(held.loc[of_event & here, "department"].astype(str)))))
    departments = pd.Series(words, dtype="str")
    count = departments.str.count(";") + (departments != "")
    answer = np.array(["fallback", "one", "several"])[np.minimum(count, 2)]
    return asked.assign(
        departments=departments, count=count.astype(np.int64), answer=pd.Series(answer, dtype="str")
    )


def gini(amounts: ArrayLike) -> float:
    """Return how unevenly amounts are spread: 0 where all are equal, towards 1 where one has all.

    Parameters
    ----------
    amounts : array_like of float
        At least 0 each.

    Returns
    -------
    float
        NaN where there is nothing to spread.

    Examples
    --------
    >>> gini([5, 5, 5, 5]), gini([0, 0, 0, 8])
    (0.0, 0.75)
    """
    ordered = np.sort(np.asarray(amounts, dtype=np.float64))
    if not len(ordered) or ordered.sum() <= 0:
        return float("nan")
    weights = 2 * np.arange(1, len(ordered) + 1) - len(ordered) - 1
    return float((weights * ordered).sum() / (len(ordered) * ordered.sum()))


_Figure = tuple[str, str, float, float, str]


def _of_ground(
    region: gpd.GeoDataFrame,
    allowed: gpd.GeoDataFrame | None,
    gaps: gpd.GeoDataFrame,
    overlaps: gpd.GeoDataFrame,
) -> list[_Figure]:
    ground = cover_of(ready(region, "region", kind="polygon", crs=gaps.crs).geometry.to_numpy())
    if allowed is not None and len(allowed):
        spared = ready(allowed, "allowed", kind="polygon", crs=gaps.crs).geometry.to_numpy()
        ground = shapely.difference(ground, cover_of(spared))
    whole = float(shapely.area(ground))
    twice = cover_of(overlaps.to_crs(gaps.crs).geometry.to_numpy())
    several = float(shapely.area(shapely.intersection(twice, ground)))
    nobody = float(gaps["area_m2"].sum())
    once = whole - several - nobody
    amounts = {"ground_once": once, "ground_several": several, "ground_nobody": nobody}
    return [(_ROADS, name, amount, whole, "m²") for name, amount in amounts.items()]


def _of_roads(stretches: gpd.GeoDataFrame) -> list[_Figure]:
    totals = road_totals(stretches).set_index("answer")["length_m"]
    whole = float(totals.sum())
    return [
        (_ROADS, f"road_{answer}", float(totals.get(answer, 0.0)), whole, "m")
        for answer in ("one", "several", "nobody")
    ]


def _of_matters(matters: pd.DataFrame) -> list[_Figure]:
    counts = matters["answer"].value_counts()
    return [
        (_MATTERS, f"matters_{answer}", float(counts.get(answer, 0)), float(len(matters)), "")
        for answer in ("one", "several", "fallback")
    ]


def _of_incidents(assigned: pd.DataFrame) -> list[_Figure]:
    for name in ("found", "ambiguous"):
        if name not in assigned:
            message = f"assigned: no column {name!r}; give what assign_incidents returned"
            raise MissingColumnError(message)
    answered = assigned["found"] != "none"
    whole = float(len(assigned))
    return [
        (_MATTERS, "incidents_answered", float(answered.sum()), whole, ""),
        (_MATTERS, "incidents_undoubted", float((answered & ~assigned["ambiguous"]).sum()), whole, ""),
    ]


def _of_people(zones: gpd.GeoDataFrame, chiefs: pd.DataFrame) -> list[_Figure]:
    named = float(_named(zones["chief_code"]).sum()) if "chief_code" in zones else 0.0
    figures: list[_Figure] = [(_PEOPLE, "zones_with_chief", named, float(len(zones)), "")]
    if not len(chiefs):
        return figures
    load = chiefs["incidents"] if "incidents" in chiefs else chiefs.loc[chiefs["zones"] > 0, "area_m2"]
    number = float(len(load))
    return [
        *figures,
        (_PEOPLE, "chiefs_idle", float((chiefs["standing"] == "idle").sum()), number, ""),
        (_PEOPLE, "chiefs_overloaded", float((chiefs["standing"] == "overloaded").sum()), number, ""),
        (_PEOPLE, "load_gini", gini(load), 1.0, ""),
        (_PEOPLE, "load_of_busiest", float(load.max()), float(load.sum()), ""),
    ]


def _named(codes: pd.Series) -> pd.Series:
    return codes.notna() & (codes.astype(str).str.strip() != "")


def _chiefs(
    zones: gpd.GeoDataFrame,
    code: str,
    stretches: gpd.GeoDataFrame | None,
    sections: gpd.GeoDataFrame | None,
    assigned: pd.DataFrame | None,
    overloaded_from: float,
) -> pd.DataFrame:
    """Sum up for each chief what there is to answer for, and say who has nothing and who too much."""
    if "chief_code" not in zones:
        return pd.DataFrame()
    own = zones[_named(zones["chief_code"])]
    chief = own["chief_code"].astype(str).rename("chief_code")
    table = pd.DataFrame({"area_m2": own.geometry.area, "zones": 1}).groupby(chief).sum()
    chief_of = dict(zip(own[code].astype(str), chief, strict=True))
    if sections is not None and "chief_code" in sections:
        served = sections[_named(sections["chief_code"])]
        chief_of |= dict(
            zip(served["section_code"].astype(str), served["chief_code"].astype(str), strict=True)
        )
        table = table.reindex(sorted({*table.index, *chief_of.values()}), fill_value=0)
    if stretches is not None:
        # A stretch for which several answer is counted to each of them, one side of a road half.
        each = stretches.assign(codes=stretches["codes"].str.split(";")).explode("codes")
        length = each["length_m"] * np.where(each["side"] == "两侧", 1.0, 0.5)
        table["road_m"] = (
            length.groupby(each["codes"].map(chief_of)).sum().reindex(table.index, fill_value=0.0)
        )
    load = table["area_m2"].where(table["zones"] > 0)  # those who have sections alone have no ground
    if assigned is not None and "chief_code" in assigned:
        # An incident counts for the chief of its zone, and for that of its section.
        columns = [assigned[name].to_numpy(dtype=object) for name in _CHIEFS if name in assigned]
        theirs = pd.Series(np.concatenate(columns))
        table["incidents"] = theirs.value_counts().reindex(table.index, fill_value=0)
        open_ = _open(assigned)
        if open_ is not None:
            still = theirs[np.tile(open_.to_numpy(dtype=bool), len(columns))]
            table["open"] = still.value_counts().reindex(table.index, fill_value=0)
            table["handled"] = table["incidents"] - table["open"]
        load = table["incidents"]
    median = float(load.median())
    table["to_median"] = load / median if median > 0 else np.nan
    standing = np.where(load == 0, "idle", np.where(table["to_median"] >= overloaded_from, "overloaded", ""))
    table["standing"] = pd.Series(standing, index=table.index, dtype="str")
    order = np.lexsort((table.index.to_numpy(dtype=str), -load.fillna(-1).to_numpy(dtype=np.float64)))
    return table.iloc[order].reset_index(names="chief_code")


def _open(assigned: pd.DataFrame) -> pd.Series | None:
    """Tell which incidents are not closed yet; None where nothing says so."""
    if "closed_at" in assigned:
        open_: pd.Series = assigned["closed_at"].isna()
        return open_
    if "state" in assigned:
        return assigned["state"] != _DONE
    return None
