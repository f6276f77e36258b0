"""Why this zone: everything that was weighed for one incident, in words and as a layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.assign.incidents import assign_incidents, days_judged, one_accuracy
from zjk_gis.assign.plan import plan_for
from zjk_gis.crs import convert_crs
from zjk_gis.errors import InputError
from zjk_gis.index.policy import nearness
from zjk_gis.layers.columns.values import text_of
from zjk_gis.layers.excerpts import excerpt
from zjk_gis.layers.labels import label
from zjk_gis.layers.shapes import has_place
from zjk_gis.layers.usual import ACCURATE, BORDER_M, NEAREST_M, TZ
from zjk_gis.presentation import Presentation, presented
from zjk_gis.words import language, tr

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.assign.plan import AssignmentPlan
    from zjk_gis.index.policy import Policy
    from zjk_gis.index.sections import SectionIndex
    from zjk_gis.index.zones import ZoneIndex
    from zjk_gis.layers.labels import Language

__all__ = ["Explanation", "explain_incident"]

_MOST = 12
# How each rule is told, and the column that shows it.
_RULES = {
    "highest_priority": ("the higher priority answers", "priority"),
    "smallest_area": ("the smaller area answers", "area_m2"),
    "largest_area": ("the larger area answers", "area_m2"),
    "lowest_code": ("the lower code answers", None),
    "latest_begin": ("the later version answers", "valid_from"),
    "containment": ("a zone that contains it comes before one near it", None),
    "touching": ("a zone on whose border it lies comes before one that is merely near", None),
    "distance": ("the nearest answers", None),
    "geometry": ("all else is equal; the order of the geometries decides", None),
}
_FOUND = {
    "inside": "it lies inside that zone",
    "border": "it lies on a border, within the tolerance",
    "nearest": "it lies outside all zones; the nearest one answers",
    "none": "nobody answers",
}


@presented
@checked
@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an incident was assigned as it was.

    Attributes
    ----------
    incident : GeoDataFrame
        The incident with its answer, one row, as `assign_incidents` gives it.
    considered : GeoDataFrame
        The zones that were weighed, the one that answers first, with the columns

        - the column of codes;
        - ``relation`` (text): ``inside``, ``border`` or ``nearby``;
        - ``distance_m`` and ``border_m`` (float64): to the zone, 0 inside, and to its border;
        - ``area_m2`` (float64), and ``priority``, ``valid_from``, ``valid_to`` where the layer has them;
        - ``verdict`` (text): ``answers``, ``outranked``, ``farther``, ``expired_zone`` or ``out_of_reach``.
    code : str
        The column of codes.
    rule : str
        The key of the policy that decided; ``containment`` where one zone contains the incident and the
        others do not, ``touching`` where it lies on the border of one and is merely near the others,
        ``distance`` for the nearest, ``geometry`` for the last tie, ``""`` where nothing was
        to decide.
    policy : Policy
    """

    incident: gpd.GeoDataFrame
    considered: gpd.GeoDataFrame
    code: str
    rule: str
    policy: Policy

    def text(self, lang: Language = "zh") -> str:
        """Tell it in words, a line for the answer, one for the rule, and one for each zone."""
        row = self.incident.iloc[0]
        answer = row[self.code]
        lines = [_headline(row, answer, in_degrees=self.incident.crs.is_geographic, lang=lang)]
        how = tr(_FOUND[row["found"]], lang=lang)
        reason = label(row["reason"], lang)
        lines.append(tr("found: {how} ({reason})", how=how, reason=reason, lang=lang))
        if self.rule:
            lines.append(tr("deciding rule: {rule}", rule=tr(_RULES[self.rule][0], lang=lang), lang=lang))
        answered = self.incident.attrs.get("assignment", {}).get("columns", [])
        lines += _beside_lines(row[[name for name in answered if name in row]], lang)
        if row["ambiguous"]:
            lines.append(tr("a person should look at this case", lang=lang))
        lines.append(tr("zones considered:", lang=lang))
        for place, (_, zone) in enumerate(self.considered.iterrows(), start=1):
            lines.append(f"  {place}. {self._zone_line(zone, lang)}")
        if not len(self.considered):
            lines[-1] = tr("there is no zone nearby", lang=lang)
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()

    def _zone_line(self, zone: pd.Series, lang: Language) -> str:
        parts = [str(zone[self.code])]
        if zone["relation"] == "nearby":
            parts.append(tr("{distance_m:.2f} m away", distance_m=zone["distance_m"], lang=lang))
        else:
            parts.append(label(zone["relation"], lang))
            if pd.notna(zone["border_m"]):
                away = zone["border_m"]
                parts.append(tr("{away:.2f} m from its border", away=away, lang=lang))
        if zone["area_m2"] > 0:
            parts.append(tr("area {area_m2:,.0f} m²", area_m2=zone["area_m2"], lang=lang))
        if self.policy.priority in zone and pd.notna(zone[self.policy.priority]):
            priority = text_of(zone[self.policy.priority])
            parts.append(tr("priority {priority}", priority=priority, lang=lang))
        ends = [_day_text(zone.get(name)) for name in ("valid_from", "valid_to")]
        if any(ends):
            until = (ends[0] or "…") + (tr(" to ", lang=lang)) + (ends[1] or "…")
            parts.append((tr("valid ", lang=lang)) + until)
        return (tr("; ", lang=lang)).join(parts) + " → " + label(zone["verdict"], lang)

    def _presentation(self) -> Presentation:
        answer, how = self.text(language()).split("\n")[:2]
        columns = [self.code, "relation", "distance_m", "border_m", "area_m2", "verdict"]
        return excerpt(
            tr("{answer}. {how}.", answer=answer, how=how[:1].upper() + how[1:]), self.considered, columns
        )


@checked
def explain_incident(
    incident: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | ZoneIndex | SectionIndex | AssignmentPlan,
    *,
    grids: gpd.GeoDataFrame | ZoneIndex | None = None,
    sections: gpd.GeoDataFrame | SectionIndex | None = None,
    code: str | None = None,
    level: int | str | None = None,
    time: str = "occurred_at",
    dayfirst: bool | None = None,
    time_format: str | None = None,
    tz: str = TZ,
    at: str | dt.date | None = None,
    border_within_m: float = BORDER_M,
    nearest_within_m: float = NEAREST_M,
    accuracy_m: float | str | None = None,
    undecided_below: float = ACCURATE,
    policy: Policy | None = None,
) -> Explanation:
    """Tell why an incident was assigned to the zone it was: what was weighed, and what decided.

    Parameters
    ----------
    incident : GeoDataFrame
        One row, such as ``incidents.loc[[17]]``.
    zones : GeoDataFrame, ZoneIndex, SectionIndex or AssignmentPlan
        What answered.
    grids, sections
        As they were given to `assign_incidents`: their answers are told in a line each.
    code, level, time, dayfirst, time_format, tz, at
    border_within_m, nearest_within_m, accuracy_m, undecided_below, policy
        As they were given to `assign_incidents`. One row alone may not show which comes first in 10/03/2025,
        where the whole column did.

    Returns
    -------
    Explanation
        Prints as text; `zjk_gis.maps.explanation_map` draws it.

    Raises
    ------
    InputError
        If `incident` has not one row, and whatever `assign_incidents` raises.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point, box
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["A", "B"], "priority": [1, 2]},
    ...     geometry=[box(0, 0, 100, 100), box(40, 0, 200, 100)],
    ...     crs=4547,
    ... )
    >>> incident = gpd.GeoDataFrame(geometry=[Point(50, 50)], crs=4547)
    >>> print(explain_incident(incident, zones).text("en"))
    incident 0 at 50.00, 50.00: zone B answers
    found: it lies inside that zone (overlapping zones)
    deciding rule: the higher priority answers
    a person should look at this case
    zones considered:
      1. B; inside; 10.00 m from its border; area 16,000 m²; priority 2 → answers
      2. A; inside; 50.00 m from its border; area 10,000 m²; priority 1 → has a lower rank
    """
    if len(incident) != 1:
        raise InputError(
            tr(
                "incident: {incident_count} rows; give one, for instance incidents.loc[[17]]",
                incident_count=len(incident),
            )
        )
    plan = plan_for(
        zones,
        grids=grids,
        sections=sections,
        code=code,
        level=level,
        at=at,
        border_within_m=border_within_m,
        nearest_within_m=nearest_within_m,
        undecided_below=undecided_below,
        accuracy_m=one_accuracy(accuracy_m),
        policy=policy,
        tz=tz,
    )
    times: dict[str, Any] = {"time": time, "dayfirst": dayfirst, "time_format": time_format}
    column = accuracy_m if isinstance(accuracy_m, str) else None
    assigned = assign_incidents(incident, plan, accuracy_m=column, **times)
    days, _ = days_judged(incident, plan, **times)
    considered, rule = _weighed(
        incident, plan, int(days[0]) if plan.at is None else plan.at, assigned.iloc[0]
    )
    return Explanation(assigned, considered, plan.tasks[0].code, rule, plan.tasks[0].index.policy)


def _weighed(
    incident: gpd.GeoDataFrame, plan: AssignmentPlan, day: int, answer: pd.Series
) -> tuple[gpd.GeoDataFrame, str]:
    """Return the zones that were weighed for an incident, the one that answers first, and what decided."""
    index, code = plan.tasks[0].index, plan.tasks[0].code
    layer, rank, policy = index.layer, index.rank, index.policy
    border, reach = plan.border_within_m, max(plan.nearest_within_m, plan.border_within_m)
    point = convert_crs(incident.geometry, layer.crs, name="incident").iloc[0]
    near = _nearby(layer, point, reach)
    weighed = _weigh(layer, near, (code, "chief_code", policy.priority), point, border)
    holds = index.rows.hold(near, np.full(len(near), day))
    answers = (weighed[code] == str(answer[code])).to_numpy() & holds
    candidates = (weighed["relation"] != "nearby").to_numpy()
    distance = weighed["distance_m"].to_numpy()
    weighed["verdict"] = np.select(
        [~holds, distance > reach, answers, candidates],
        ["expired_zone", "out_of_reach", "answers", "outranked"],
        "farther",
    )
    lies = nearness((weighed["relation"] == "inside").to_numpy(), distance)
    order = np.lexsort((rank[near], np.round(distance, 3), lies, ~candidates, ~holds, ~answers))
    is_nearest = answer["found"] == "nearest"
    rule = "distance" if is_nearest else ""
    if answers.any() and not is_nearest:
        rule = _deciding_rule(weighed[holds], code, rank[near][holds], policy)
    return weighed.iloc[order[:_MOST]], rule


def _weigh(
    layer: gpd.GeoDataFrame,
    near: NDArray[np.intp],
    told: tuple[str, ...],
    point: shapely.Point,
    border_within_m: float,
) -> gpd.GeoDataFrame:
    """Return some rows of a layer with what is told of them and how they lie to a point."""
    kept = [name for name in (*told, "valid_from", "valid_to") if name in layer]
    weighed = layer[[*kept, layer.geometry.name]].iloc[near].copy()
    shapes = weighed.geometry.to_numpy()
    areal = shapely.get_dimensions(shapes) == 2
    distance = shapely.distance(shapes, point)
    border = np.where(areal, shapely.distance(shapely.boundary(shapes), point), distance)
    inside = areal & shapely.contains_properly(shapes, point)
    at_border = areal & ~inside & (border <= border_within_m)
    weighed["relation"] = np.select([inside, at_border], ["inside", "border"], "nearby")
    weighed["distance_m"] = distance
    weighed["border_m"] = border
    weighed["area_m2"] = shapely.area(shapes)
    return weighed


def _nearby(layer: gpd.GeoDataFrame, point: shapely.Point, reach: float) -> NDArray[np.intp]:
    """Return the rows within reach of a point, or the nearest one where none is."""
    if not has_place(np.array([point], dtype=object)).all():
        return np.empty(0, np.intp)
    distance = shapely.distance(layer.geometry.to_numpy(), point)
    near = np.flatnonzero(distance <= reach)
    return near if len(near) else np.flatnonzero(distance == distance.min())[:1]


def _deciding_rule(considered: gpd.GeoDataFrame, code: str, rank: NDArray[np.int64], policy: Policy) -> str:
    """Return what told the answering zone from the one that came second."""
    answers = (considered["verdict"] == "answers").to_numpy()
    inside = (considered["relation"] == "inside").to_numpy()
    lies = nearness(inside, considered["distance_m"].to_numpy())
    rivals = (considered["relation"] != "nearby").to_numpy() & ~answers
    if not rivals.any():
        return ""
    first = np.flatnonzero(answers)[0]
    pool = np.flatnonzero(rivals & (lies == lies[first]))
    if not len(pool):
        return "containment" if inside[first] else "touching"
    second = pool[np.argmin(rank[pool])]
    for key in (*policy.order, "lowest_code", "latest_begin"):
        column = policy.priority if key == "highest_priority" else _RULES[key][1] or code
        if column in considered and str(considered[column].iloc[first]) != str(
            considered[column].iloc[second]
        ):
            return key
    return "geometry"


def _beside_lines(row: pd.Series, lang: Language) -> list[str]:
    """Tell what grids and sections answered, and how much of the accuracy circle lies in the zone."""
    lines = []
    if "share" in row and pd.notna(row["share"]):
        share = f"{row['share']:.0%}"
        lines.append(tr("{share} of its accuracy circle lies in that zone", share=share, lang=lang))
    for prefix, name in (("grid_", tr("unit grid", lang=lang)), ("section_", tr("road section", lang=lang))):
        if f"{prefix}found" not in row:
            continue
        code, reason = row[f"{prefix}code"], label(row[f"{prefix}reason"], lang)
        if pd.isna(code):
            lines.append(tr("{name}: none ({reason})", name=name, reason=reason, lang=lang))
            continue
        away = f"{row[f'{prefix}distance_m']:.2f} m"
        lines.append(
            tr(
                "{name}: {code}, {away} away ({reason})",
                name=name,
                code=code,
                away=away,
                reason=reason,
                lang=lang,
            )
        )
    return lines


def _headline(row: pd.Series, answer: Any, *, in_degrees: bool, lang: Language) -> str:
    name = row.get("incident_code", row.name)
    point = row.geometry
    decimals = 6 if in_degrees else 2
    known = has_place(np.array([point], dtype=object)).all()
    place = f"{point.x:.{decimals}f}, {point.y:.{decimals}f}" if known else "?"
    if pd.isna(answer):
        return tr("incident {name} at {place}: nobody answers", name=name, place=place, lang=lang)
    chief = row.get("chief_code")
    if pd.isna(chief):
        return tr(
            "incident {name} at {place}: zone {answer} answers",
            name=name,
            place=place,
            answer=answer,
            lang=lang,
        )
    return tr(
        "incident {name} at {place}: zone {answer} answers, road chief {chief}",
        name=name, place=place, answer=answer, chief=chief, lang=lang,
    )  # fmt: skip


def _day_text(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value)[:10]
