"""The public face of assignment: incidents in, the same incidents out, each with who answers for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.assign.doubts import refuse_misplaced
from zjk_gis.assign.plan import plan_for
from zjk_gis.crs import require_crs
from zjk_gis.errors import GeometryError, InputError, MissingColumnError, name_rows
from zjk_gis.index.coded import Coded
from zjk_gis.layers.catalogue import ROAD_NAME
from zjk_gis.layers.columns.coordinates import is_rejected
from zjk_gis.layers.columns.periods import NEVER
from zjk_gis.layers.columns.times import read_times
from zjk_gis.layers.columns.values import as_text
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.layers.shapes import has_shape, point_coordinates
from zjk_gis.layers.usual import ACCURATE, BORDER_M, NEAREST_M, TZ
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.assign.plan import AssignmentPlan
    from zjk_gis.index.policy import Policy
    from zjk_gis.index.sections import SectionIndex
    from zjk_gis.index.zones import ZoneIndex

__all__ = [
    "Points",
    "accuracies",
    "answer_columns",
    "as_columns",
    "assign_incidents",
    "check_places",
    "days_judged",
    "one_accuracy",
    "points_of",
    "split_rejects",
]


@checked
def assign_incidents(
    incidents: gpd.GeoDataFrame,
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
    even_if_off: bool = False,
) -> gpd.GeoDataFrame:
    """Find who answers for each incident: its zone and road chief (路长), unit grid and road section.

    Every incident comes back exactly once, in its order and under its index label. The answer is the same
    whatever the order of the rows of any layer.

    Parameters
    ----------
    incidents : GeoDataFrame
        Points (案件) in any CRS. Rows without a usable point are kept and say so.
    zones : GeoDataFrame, ZoneIndex, SectionIndex or AssignmentPlan
        The layer that answers: responsibility zones (责任区), unit grids (单元网格) or road sections
        (责任路段), told by the column of codes. Zones may overlap, nest and leave gaps. An index or a plan
        was compiled once, and answers any number of calls; it holds the options it was built with, and one
        that says otherwise is refused.
    grids : GeoDataFrame or ZoneIndex, optional
        Unit grids, to add the grid of each incident and, read off its 15-digit code, the community (社区),
        street (街道) and district (区县).
    sections : GeoDataFrame or SectionIndex, optional
        Road sections with their chiefs, to add the nearest one. A section of `side` 左侧 or 右侧 answers
        only for that side, seen along its line.
    code : str, optional
        The column of codes of `zones`; by default ``zone_code``, ``grid_code`` or ``section_code``,
        whichever it has.
    level : int or str, optional
        Which level of a hierarchy answers: a number or a word of the column ``level`` (二级, 街道级), or
        ``"any"`` if that column does not steer. By default the finest (the greatest number), if its zones lie
        in those of the coarser levels; otherwise it has to be said (see
        `zjk_gis.layers.columns.levels.choose_level`).
    time : str, default "occurred_at"
        The column with the time of each incident. Zones with a validity period (``valid_from``,
        ``valid_to``, both days included) answer only for what happened in it.
    dayfirst : bool, optional
        What 10/03/2025 is: True for the 10th of March, False for the 3rd of October. By default what the
        column itself shows; where it does not, it is refused.
    time_format : str, optional
        How the times are written, in the words of strptime, such as ``"%d.%m.%y %H:%M"``.
    tz : str, default "Asia/Shanghai"
        Whose days they are. Times with a zone are turned into that zone's clock, times without one stand as
        they are.
    at : date or str, optional
        Judge all incidents by the zones of this day instead.
    border_within_m : float, default 0.5
        How near to a border counts as on it. 0 means exactly on it.
    nearest_within_m : float, default 50.0
        How far the nearest zone or section may be to answer for an incident outside all of them. 0 turns
        the fallback off.
    accuracy_m : float or str, optional
        How accurate the positions are: a radius in metres, or the column that holds it. An incident whose
        accuracy circle lies in the answering zone by less than `undecided_below` is undecided (待确认).
    undecided_below : float, default 0.8
    policy : Policy, optional
        Which zone answers where several could.
    even_if_off : bool, default False
        Assign even if the positions cannot be where the layers are: most of them lie far outside all, or they
        fit as GCJ-02 or BD-09 and not as given. See `zjk_gis.assign.doubts.refuse_misplaced` for the rules.

    Returns
    -------
    GeoDataFrame
        A copy of `incidents` with these columns more:

        - the column of codes (such as ``zone_code``, text): who answers, missing where nobody does;
        - ``found`` (text): ``inside``, ``border``, ``nearest`` or ``none``;
        - ``distance_m`` (float64): from the incident to what answers, 0 inside, NaN for ``none``;
        - ``candidates`` (int64): how many zones could answer;
        - ``ambiguous`` (bool): whether a person should look, because several could answer or nobody does;
        - ``reason`` (text): ``one_zone``, ``overlap``, ``shared_border``, ``outer_border``,
          ``within_reach``, ``tie``, ``undecided``, ``expired_zone`` (the ground has a zone, but not on that
          day), ``out_of_reach``, ``no_position``, ``bad_position`` or ``zero`` (the 0, 0 of devices without
          a fix);
        - ``share`` (float64), with `accuracy_m`: the share of the accuracy circle in what answers;
        - ``chief_code`` and ``chief_name`` where the layer has them.

        With `grids` the same as ``grid_code``, ``grid_found``, ``grid_distance_m`` and so on, and
        ``community_code``, ``street_code``, ``district_code``; with `sections` as ``section_code``,
        ``section_found`` and so on. A column of `incidents` that has one of these names already is kept as
        ``<name>_recorded``. ``attrs["assignment"]`` tells the CRS measured in, the level, the distances,
        whose days were judged (``tz``), what was inferred of the times (``remarks``), which columns are
        answers and what was renamed; ``steered_by`` tells what each column of the layers did (keys of
        `label`; those of grids and sections begin with ``grid_`` and ``section_``), and ``levels`` which
        level answers and what was left out for it.

    Raises
    ------
    MissingColumnError
        If `zones` has no column of codes, or the incidents have no `time` while the zones have periods.
    EmptyLayerError
        If `zones`, `grids` or `sections` has no rows.
    CRSError
        If a layer has no CRS.
    GeometryError
        If zones are invalid or of the wrong kind, or incidents are not points; the message names the rows.
    InputError
        If a distance is negative or not finite, a date cannot be read, or in more than one way, an option
        says otherwise than the index or plan that was given, or, of at least 20 positions, most lie outside
        everything or in another datum (unless `even_if_off`).

    Notes
    -----
    Where several zones could answer: one that strictly contains the incident comes before one whose border it
    lies on (to the millimetre), and that before one that is merely within `border_within_m`; then the
    `policy` decides, by default the highest ``priority``, the smallest area, the lowest code. Distances are
    measured in the layer's own CRS if that is metric, otherwise in the CGCS2000 3-degree zone of its centre.

    An incident is judged by the zones valid when it **occurred**, as chiefs change between occurrence and
    dispatch. One with no time may be answered by any version and is ambiguous if that matters.

    Examples
    --------
    Two zones side by side; an incident inside the first, one on their border, one 20 m outside:

    >>> import geopandas as gpd
    >>> from shapely import Point, box
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["A", "B"], "chief_code": ["LZ01", "LZ02"]},
    ...     geometry=[box(573000, 4520000, 573100, 4520100), box(573100, 4520000, 573200, 4520100)],
    ...     crs=4547,
    ... )
    >>> incidents = gpd.GeoDataFrame(
    ...     geometry=[Point(573050, 4520050), Point(573100, 4520050), Point(573220, 4520050)], crs=4547
    ... )
    >>> assigned = assign_incidents(incidents, zones)
    >>> assigned[["zone_code", "found", "distance_m", "candidates", "ambiguous"]]
      zone_code    found  distance_m  candidates  ambiguous
    0         A   inside         0.0           1      False
    1         A   border         0.0           2       True
    2         B  nearest        20.0           1      False
    >>> assigned["chief_code"].tolist()
    ['LZ01', 'LZ01', 'LZ02']
    """
    points = points_of(incidents)
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
        expected=len(incidents),
    )
    if not even_if_off:
        check_places(incidents, points, plan)
    days, remarks = days_judged(incidents, plan, time=time, dayfirst=dayfirst, time_format=time_format)
    answers = answer_columns(incidents, points, plan, days, accuracy_m=accuracy_m)
    assigned = with_answers(incidents, answers)
    assigned.attrs["assignment"] = plan.about() | {
        "remarks": remarks,
        "renamed": assigned.attrs.pop("renamed"),
        "columns": list(answers),
    }
    if isinstance(accuracy_m, str):
        assigned.attrs["set_aside"] = accuracies(incidents, accuracy_m)[1]
    return assigned


class Points(NamedTuple):
    """Where incidents are: x and y, NaN where they have none, and which have no geometry at all."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    is_missing: NDArray[np.bool_]

    def of_rows(self, rows: NDArray[np.bool_]) -> Points:
        """Return some of them."""
        return Points(self.x[rows], self.y[rows], self.is_missing[rows])


def answer_columns(
    incidents: gpd.GeoDataFrame,
    points: Points,
    plan: AssignmentPlan,
    days: NDArray[np.int64],
    *,
    accuracy_m: float | str | None,
) -> dict[str, pd.Series]:
    """Ask a plan for incidents that were checked; return the columns of answers.

    Raises
    ------
    InputError
        If a column of accuracies is named, and the plan has one accuracy for all.
    """
    if isinstance(accuracy_m, str) and plan.accuracy_m is not None:
        raise InputError(
            tr(
                "incidents: the plan was prepared with accuracy_m={accuracy_m!r}, and now the column "
                "{accuracy_m_2!r} is asked for; prepare a plan without it",
                accuracy_m=plan.accuracy_m,
                accuracy_m_2=accuracy_m,
            )
        )
    columns = plan.answer(
        points.x,
        points.y,
        days,
        crs=incidents.crs,
        is_missing=points.is_missing,
        accuracy_m=accuracies(incidents, accuracy_m)[0] if isinstance(accuracy_m, str) else None,
    )
    return as_columns(columns, incidents.index)


def as_columns(answers: Mapping[str, Coded | NDArray[np.generic]], index: pd.Index) -> dict[str, pd.Series]:
    """Turn what a plan answers into columns of a table."""
    return {name: _series(values, index) for name, values in answers.items()}


def check_places(incidents: gpd.GeoDataFrame, points: Points, plan: AssignmentPlan) -> None:
    """Refuse incidents that cannot be where the layers of a plan are; see `refuse_misplaced`."""
    recorded, roads = (
        as_text(incidents[name]).to_numpy(dtype=object) if name in incidents else None
        for name in (plan.tasks[0].code, ROAD_NAME.name)
    )
    refuse_misplaced(points.x, points.y, incidents.crs, plan, recorded=recorded, roads=roads)


def points_of(incidents: gpd.GeoDataFrame) -> Points:
    """Return where incidents are; refuse what is not a point, unless it is nowhere, of whatever kind."""
    require_crs(incidents, "incidents")
    shapes = incidents.geometry.to_numpy()
    x, y = point_coordinates(shapes)
    unknown = np.flatnonzero(np.isnan(x))  # among them is all that is not a point
    odd = shapes[unknown]
    here = has_shape(odd)
    wrong = unknown[here & (shapely.get_type_id(odd) != shapely.GeometryType.POINT)]
    if len(wrong):
        kinds = ", ".join(sorted({shape.geom_type for shape in shapes[wrong]}))
        raise GeometryError(
            tr(
                "incidents: {wrong} of {incidents_count} rows are not points but {kinds} ({rows}); "
                "use .representative_point() or .explode() first",
                wrong=len(wrong),
                incidents_count=len(incidents),
                kinds=kinds,
                rows=name_rows(incidents.index[wrong]),
            )
        )
    is_missing = np.zeros(len(shapes), np.bool_)
    is_missing[unknown[~here]] = True
    return Points(x, y, is_missing)


def split_rejects(
    assigned: gpd.GeoDataFrame,
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Set aside the incidents that have no usable position.

    Parameters
    ----------
    assigned : GeoDataFrame
        From `assign_incidents`.

    Returns
    -------
    kept : GeoDataFrame
        The others.
    rejects : DataFrame
        Those, without geometry and the columns that are empty in all of them, behind ``row_number`` (counted
        from 1, as a spreadsheet shows it) and ``why``, which `write_table` puts into words.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point, box
    >>> zones = gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=[box(0, 0, 9, 9)], crs=4547)
    >>> incidents = gpd.GeoDataFrame({"no": ["1", "2"]}, geometry=[Point(1, 1), None], crs=4547)
    >>> kept, rejects = split_rejects(assign_incidents(incidents, zones, even_if_off=True))
    >>> kept["no"].tolist(), rejects[["row_number", "why", "no"]].to_numpy().tolist()
    (['1'], [[2, 'missing', '2']])
    """
    unusable = is_rejected(assigned["reason"]).to_numpy()
    numbered = pd.DataFrame(assigned.drop(columns=assigned.geometry.name))
    numbered.insert(0, "row_number", range(1, len(assigned) + 1))
    numbered.insert(1, "why", assigned["reason"].replace({"no_position": "missing"}))
    return assigned[~unusable], numbered[unusable].dropna(axis="columns", how="all")


def days_judged(
    incidents: gpd.GeoDataFrame,
    plan: AssignmentPlan,
    *,
    time: str,
    dayfirst: bool | None,
    time_format: str | None,
) -> tuple[NDArray[np.int64], list[str]]:
    """Return the day by which each incident is judged, as far as a plan asks, and what was inferred."""
    if not plan.needs_day:
        return np.broadcast_to(np.int64(NEVER), len(incidents)), []
    if time not in incidents:
        raise MissingColumnError(
            tr(
                "incidents: no column {time!r}, and the zones are valid only for certain periods; "
                "name the column of times with time=, or judge all by one day with at=",
                time=time,
            )
        )
    reading = read_times(
        incidents[time], dayfirst=dayfirst, time_format=time_format, tz=plan.tz, name=f"incidents: {time}"
    ).required()
    return reading.days, list(reading.order.remarks)


def one_accuracy(accuracy_m: float | str | None) -> float | None:
    """Return the accuracy of all positions; None where a column holds that of each, or nothing is known."""
    return None if isinstance(accuracy_m, str) else accuracy_m


def accuracies(incidents: gpd.GeoDataFrame, column: str) -> tuple[NDArray[np.float64], list[dict[str, Any]]]:
    """Return the accuracy of each position in metres, NaN where it is not known, and what is not an accuracy.

    Infinity is set aside, too, but says that the position may be anywhere, and so it stays.
    """
    aside = SetAside()
    values, unknown = aside.amounts(incidents, "incidents", column)
    raw = pd.to_numeric(incidents[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isposinf(raw), np.inf, np.where(unknown, np.nan, values)), aside.rows


def _series(values: Coded | NDArray[np.generic], index: pd.Index) -> pd.Series:
    if isinstance(values, Coded):
        return pd.Series(values.column(), index=index)
    return pd.Series(values, index=index, copy=False)  # nobody else holds them
