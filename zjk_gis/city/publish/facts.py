"""What is known of a city for its pages: the month, what breaks a promise, and what belongs to whom."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from zjk_gis.assess.clocks import STATES, moment_of, period_of, progress_of
from zjk_gis.assess.facts import dates_of
from zjk_gis.errors import InputError
from zjk_gis.layers.columns.nobody import chiefs_of
from zjk_gis.layers.columns.periods import day_of, validity_days
from zjk_gis.layers.columns.values import as_text, code_text
from zjk_gis.layers.versions import zones_at
from zjk_gis.overlay import overlay_layers
from zjk_gis.reports.audit import audit_city
from zjk_gis.reports.bulletin.monthly import monthly_bulletin
from zjk_gis.text import shortened
from zjk_gis.words import tr
from zjk_gis.workspace.city_file.thresholds import assignment_limits, fault_limits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zjk_gis.reports.bulletin.result import Bulletin
    from zjk_gis.responsibility.audit import ResponsibilityAudit

__all__ = ["Facts", "facts_of", "names_of"]

_AUDITED = ("built_up_areas", "responsibility_zones")
_DAY = dt.timedelta(days=1)
_LONGEST = 80  # columns of a name in a heading
_VOID = "作废"
_FOUND = {"zone_code", "found", "ambiguous"}


@dataclass
class Facts:
    """What is known of a city.

    Attributes
    ----------
    layers : dict of str to GeoDataFrame
        What these readers may have.
    at : str
        The day that is judged.
    month : str
        Empty without incidents.
    zones : GeoDataFrame or None
        Those of the day, with ``street_code``, ``chief`` and, with incidents, ``month_cases`` and
        ``open_cases``.
    sections : GeoDataFrame or None
        Sections of roads of the day, with ``chief``.
    incidents : DataFrame or None
        Those of the month and those still open, newest first, with ``in_month``, ``is_open``, ``is_overdue``
        (not yet handled), ``due_at``, ``deadline_state``, ``street_code``, ``chief`` (of the zone) and
        ``section_chief``.
    findings : GeoDataFrame or None
        What breaks a promise, with ``street_code`` and ``chief_codes``.
    finding_chiefs : list of list of str
        The chiefs whom each finding concerns; a code may hold what joins them in ``chief_codes``.
    bulletin : Bulletin or None
    audit : ResponsibilityAudit or None
    streets, chiefs : dict of str to str
        Names by code, in the order of the codes.
    absent : dict of str to str
        By what could not be made: why, for the reader.
    """

    layers: dict[str, gpd.GeoDataFrame]
    at: str
    month: str = ""
    zones: gpd.GeoDataFrame | None = None
    sections: gpd.GeoDataFrame | None = None
    incidents: pd.DataFrame | None = None
    findings: gpd.GeoDataFrame | None = None
    finding_chiefs: list[list[str]] = field(default_factory=list)
    bulletin: Bulletin | None = None
    audit: ResponsibilityAudit | None = None
    streets: dict[str, str] = field(default_factory=dict)
    chiefs: dict[str, str] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)


def facts_of(
    layers: dict[str, gpd.GeoDataFrame],
    *,
    month: str | None,
    at: str | dt.date | None,
    level: int | str | None,
    asked: Mapping[str, Any],
    thresholds: Mapping[str, float],
    duties: pd.DataFrame | None,
) -> Facts:
    """Find out what the pages tell.

    Parameters
    ----------
    layers : dict of str to GeoDataFrame
    month, at, level
        See `publish_city`.
    asked : mapping
        What `monthly_bulletin` is asked beside: ``deadlines``, ``targets``, ``least_n``.
    thresholds : mapping of str to float
        Those that the city sets for itself.
    duties : DataFrame or None
        Who handles which class of event.
    """
    cases = layers.get("incidents")
    if cases is not None and len(cases):
        month = month or _last_month(cases)
    elif month is not None:
        raise InputError(tr("month: the city has no incidents, so that no month has any"))
    day = str(at or _day_of(layers, month))
    facts = Facts(layers, day, month or "")
    _add_zones(facts, level)
    if cases is not None and len(cases) and month:
        cases = _assigned(cases, facts, level, thresholds)
        _add_incidents(facts, cases, asked)
    else:
        facts.absent["incidents"] = tr(
            "The city has no incidents: there are no indicators, no ranking and no open cases."
        )
    _add_findings(facts, level, thresholds, duties)
    _add_names(facts)
    for table in (facts.zones, facts.sections, facts.incidents, facts.findings):
        if table is not None:
            table.attrs = {}  # of thousands of parts each would copy what reading and assigning have told
    return facts


def names_of(layer: pd.DataFrame, code: str, name: str) -> dict[str, str]:
    """Return the names of codes, the first of several in the order of the alphabet; the code without one.

    A name that no heading holds is cut; it is whole in the tables.
    """
    codes = code_text(layer[code])
    names = as_text(layer[name]) if name in layer else pd.Series(pd.NA, index=layer.index, dtype="str")
    table = pd.DataFrame({"code": codes.to_numpy(), "name": names.to_numpy()}).dropna(subset="code")
    first = table.sort_values(["code", "name"], na_position="last").drop_duplicates("code")
    return {
        str(c): shortened(str(n), _LONGEST) if n == n and str(n).strip() else str(c)
        for c, n in first.itertuples(index=False)
    }


def _last_month(cases: pd.DataFrame) -> str:
    if "occurred_at" not in cases:
        raise InputError(tr("incidents: none has a time (occurred_at), so that no month has any"))
    times = dates_of(cases, "occurred_at")
    known = times[~np.isnat(times)]
    if not len(known):
        raise InputError(tr("incidents: none has a time (occurred_at), so that no month has any"))
    return str(known.max().astype("M8[M]"))


def _day_of(layers: Mapping[str, gpd.GeoDataFrame], month: str | None) -> str:
    """Return the last day of the month, or else the last on which anything of the register began.

    What is told never depends on the clock: the same data give the same folder.
    """
    if month is not None:
        return str((period_of(month)[1] - np.timedelta64(1, "us")).astype("M8[D]"))
    began = []
    for name in ("responsibility_zones", "road_sections", "unit_grids"):
        if name in layers and "valid_from" in layers[name]:
            days = validity_days(layers[name], name)[0]
            began.extend(days[np.abs(days) < 1_000_000].tolist())
    if not began:
        raise InputError(tr("say which day is told with at=: neither incidents nor zones have any date"))
    return str(np.datetime64(int(max(began)), "D"))


def _add_zones(facts: Facts, level: int | str | None) -> None:
    zones = facts.layers.get("responsibility_zones")
    if zones is None:
        facts.absent["zones"] = tr("The city has no responsibility zones: nobody is named for any ground.")
    else:
        own = zones_at(zones, facts.at, level=level)
        facts.zones = own.assign(chief=chiefs_of(own), street_code=_streets_of(own, facts.layers))
    sections = facts.layers.get("road_sections")
    if sections is not None:
        begins, ends = validity_days(sections, "road_sections")
        day = day_of(facts.at)
        own = sections[(begins <= day) & (day <= ends)]
        facts.sections = own.assign(chief=chiefs_of(own))


def _streets_of(rows: gpd.GeoDataFrame, layers: Mapping[str, gpd.GeoDataFrame]) -> pd.Series:
    """Return the street in which most of each row lies, or that it names."""
    streets = layers.get("streets")
    if streets is not None and len(streets) and "street_code" in streets and len(rows):
        found = overlay_layers(rows[[rows.geometry.name]], streets, once=True, code="street_code", columns=[])
        return pd.Series(code_text(found["street_code"]).to_numpy(), index=rows.index)
    if "street_code" in rows:
        return code_text(rows["street_code"])
    return pd.Series(pd.NA, index=rows.index, dtype="str")


def _add_incidents(facts: Facts, cases: gpd.GeoDataFrame, asked: Mapping[str, Any]) -> None:
    """Judge the month, and keep the incidents that pages tell of."""
    has_streets = "street_code" in cases and code_text(cases["street_code"]).notna().any()
    by = "street_code" if has_streets else "district_code"
    if by not in cases:
        facts.absent["incidents"] = tr(
            "The incidents name neither street nor district, and no zones tell them: nothing is ranked."
        )
        return
    layers = {name: layer for name, layer in facts.layers.items() if name != "incidents"}
    bulletin = monthly_bulletin(
        {**layers, "incidents": cases}, month=facts.month, by=by, as_of=facts.at, **asked
    )
    facts.bulletin = bulletin
    months = bulletin.making.months
    rows: Any = months.incidents
    times = months.times()
    now = progress_of(rows, months.rules, months.calendar, moment_of(bulletin.as_of))
    first, last = period_of(facts.month)
    known = times <= months.moment
    in_month = (times >= first) & (times < last) & known
    state = as_text(rows["state"]) if "state" in rows else pd.Series("", index=rows.index)
    is_void = (state == _VOID).to_numpy(dtype=bool, na_value=False)
    is_open = ~now.is_closed & ~is_void & (known | np.isnat(times))
    kept = np.flatnonzero(in_month | is_open)
    codes = as_text(rows["incident_code"]) if "incident_code" in rows else as_text(pd.Series(rows.index))
    order = np.lexsort((codes.iloc[kept].fillna("").to_numpy(dtype=str), -times[kept].astype(np.int64)))
    kept = kept[order]
    own = rows.iloc[kept].copy()
    own["in_month"], own["is_open"] = in_month[kept], is_open[kept]
    is_late = now.state == STATES.index("overdue")
    own["is_overdue"] = (is_open & is_late & ~now.is_handled)[kept]
    own["due_at"] = now.due[kept]
    own["deadline_state"] = pd.Series(
        np.array(STATES, dtype=object)[now.state[kept]], index=own.index, dtype="str"
    )
    own["street_code"] = code_text(own["street_code"]) if "street_code" in own else pd.NA
    own["chief"], own["section_chief"] = chiefs_of(own), chiefs_of(own, "section_")
    facts.incidents = own
    if facts.zones is not None and "zone_code" in own and "zone_code" in facts.zones:
        code = code_text(facts.zones["zone_code"])
        for name, flag in (("month_cases", "in_month"), ("open_cases", "is_open")):
            count = code_text(own.loc[own[flag], "zone_code"]).value_counts()
            facts.zones[name] = code.map(count).fillna(0).astype(np.int64)


def _assigned(
    cases: gpd.GeoDataFrame, facts: Facts, level: int | str | None, thresholds: Mapping[str, float]
) -> gpd.GeoDataFrame:
    """Assign the incidents where that was not done."""
    zones = facts.layers.get("responsibility_zones")
    if zones is None or "zone_code" in cases or not isinstance(cases, gpd.GeoDataFrame):
        return cases
    from zjk_gis.assign import assign_incidents  # compiles, so that it is loaded only where it is needed

    return assign_incidents(
        cases,
        zones,
        grids=facts.layers.get("unit_grids"),
        sections=facts.layers.get("road_sections"),
        level=level,
        **assignment_limits(thresholds),
    )


def _add_findings(
    facts: Facts,
    level: int | str | None,
    thresholds: Mapping[str, float],
    duties: pd.DataFrame | None,
) -> None:
    lacking = [name for name in _AUDITED if name not in facts.layers]
    if lacking:
        facts.absent["findings"] = tr(
            "Without built-up area and responsibility zones nobody asks whether everything has someone."
        )
        return
    assigned: Any = None if facts.bulletin is None else facts.bulletin.making.months.incidents
    if not isinstance(assigned, gpd.GeoDataFrame) or not _FOUND.issubset(assigned.columns):
        assigned = None  # zones that others recorded do not tell how they were found
    audit = audit_city(
        facts.layers, assigned=assigned, duties=duties, at=facts.at, level=level, **fault_limits(thresholds)
    )
    rows = audit.findings
    chiefs = _chiefs_concerned(rows, facts)
    facts.audit, facts.finding_chiefs = audit, chiefs
    joined = [";".join(each) for each in chiefs]
    facts.findings = rows.assign(street_code=_streets_of(rows, facts.layers), chief_codes=joined)


def _chiefs_concerned(rows: gpd.GeoDataFrame, facts: Facts) -> list[list[str]]:
    """Name the chiefs whom a finding concerns: those of the zones that it names, or itself."""
    known = facts.zones if facts.zones is not None else pd.DataFrame()
    by_zone: dict[str, str] = {}
    if "zone_code" in known:
        named = pd.DataFrame({"zone": code_text(known["zone_code"]), "chief": known["chief"]}).dropna()
        by_zone = dict(zip(named["zone"], named["chief"].astype(str), strict=True))
    told = []
    for finding, code, concerned in zip(
        rows["finding"], rows["finding_code"], rows["concerned_codes"].fillna(""), strict=True
    ):
        codes = [str(code)] if str(finding).startswith("chief_") else []
        codes += [by_zone[each] for each in str(concerned).split(";") if each in by_zone]
        told.append(list(dict.fromkeys(codes)))
    return told


def _add_names(facts: Facts) -> None:
    streets = facts.layers.get("streets")
    if streets is not None and "street_code" in streets:
        facts.streets = names_of(streets, "street_code", "street_name")
    else:
        named = [each["street_code"] for each in (facts.zones, facts.incidents) if each is not None]
        codes = {str(code) for column in named for code in column.dropna()}
        facts.streets = {code: code for code in sorted(codes)}
        if not codes:
            facts.absent["streets"] = tr(
                "The city has no streets, and its zones name none: there are no pages of streets."
            )
    for layer in (facts.sections, facts.zones):
        if layer is None or layer["chief"].isna().all():
            continue
        facts.chiefs |= names_of(layer[layer["chief"].notna()], "chief", "chief_name")
    facts.chiefs = dict(sorted(facts.chiefs.items()))
    if not facts.chiefs:
        facts.absent["chiefs"] = tr(
            "Neither zones nor sections of roads name a chief: there are no pages of chiefs."
        )
