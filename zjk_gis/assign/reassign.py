"""Incidents assigned again after zones were redrawn: only those that the change can concern."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.assign.changed import Ranked, changed_for
from zjk_gis.assign.incidents import answer_columns, check_points, days_judged
from zjk_gis.assign.plan import AssignmentPlan
from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.index.policy import Policy
from zjk_gis.layers.columns.times import BEIJING
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.shapes import point_coordinates

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["reassign_incidents"]

_SAID = ("chief_code", "chief_name", "valid_from", "valid_to", "side")
_ANSWERED = ("inside", "border")


def reassign_incidents(
    assigned: gpd.GeoDataFrame,
    old_zones: gpd.GeoDataFrame,
    new_zones: gpd.GeoDataFrame,
    *,
    code: str | None = None,
    level: int | str | None = None,
    time: str = "occurred_at",
    dayfirst: bool | None = None,
    time_format: str | None = None,
    tz: str = BEIJING,
    at: str | dt.date | None = None,
    border_within_m: float = 0.5,
    nearest_within_m: float = 50.0,
    accuracy_m: float | str | None = None,
    undecided_below: float = 0.8,
    policy: Policy | None = None,
) -> gpd.GeoDataFrame:
    """Assign incidents again after zones changed, asking only for those that the change can concern.

    The result is the one of `assign_incidents` for all of them with the new zones, to the last digit.

    Parameters
    ----------
    assigned : GeoDataFrame
        What `assign_incidents` returned for `old_zones`. Answers by `grids` and `sections` stay as they are.
    old_zones : GeoDataFrame
        The zones by which they were assigned.
    new_zones : GeoDataFrame
        The zones that hold now.
    code, level, time, dayfirst, time_format, tz, at
    border_within_m, nearest_within_m, accuracy_m, undecided_below, policy
        As they were given to `assign_incidents`.

    Returns
    -------
    GeoDataFrame
        `assigned` with the new answers. ``attrs["reassigned"]`` tells how many rows were ``asked`` again and
        of how many, ``of``.

    Raises
    ------
    MissingColumnError
        If `assigned` lacks the columns of answers.
    InputError
        If it was assigned with other distances, and whatever `assign_incidents` raises.

    Notes
    -----
    An incident is asked for again where, within what its answer rests on (`border_within_m` for one in a
    zone, `nearest_within_m` for one outside all), a zone came, went or has another chief, period or priority,
    an edge was redrawn, or of two zones the other now comes first by the policy. If the layers are measured
    in different systems, all are.

    A frame that was read from a file has lost its ``attrs``: columns ``<name>_recorded`` stay as they are
    then, and the distances cannot be compared.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point, box
    >>> from zjk_gis import assign_incidents
    >>> old = gpd.GeoDataFrame(
    ...     {"zone_code": ["A", "B"]}, geometry=[box(0, 0, 100, 100), box(100, 0, 200, 100)], crs=4547
    ... )
    >>> new = old.set_geometry([box(0, 0, 110, 100), box(110, 0, 200, 100)])
    >>> incidents = gpd.GeoDataFrame(geometry=[Point(20, 50), Point(105, 50), Point(180, 50)], crs=4547)
    >>> assigned = assign_incidents(incidents, old)
    >>> again = reassign_incidents(assigned, old, new)
    >>> assigned["zone_code"].tolist(), again["zone_code"].tolist(), again.attrs["reassigned"]
    (['A', 'B', 'B'], ['A', 'A', 'B'], {'asked': 1, 'of': 3})
    """
    options: dict[str, Any] = {
        "code": code,
        "level": level,
        "at": at,
        "border_within_m": border_within_m,
        "nearest_within_m": nearest_within_m,
        "undecided_below": undecided_below,
        "accuracy_m": None if isinstance(accuracy_m, str) else accuracy_m,
        "policy": policy,
        "tz": tz,
    }
    check_points(assigned)
    old = AssignmentPlan.prepare(old_zones, **options)
    new = AssignmentPlan.prepare(new_zones, **options)
    about = assigned.attrs.get("assignment", {})
    _check_same(about, old)
    answered = list(old.columns)
    if accuracy_m is not None and "share" not in answered:
        answered.insert(answered.index("reason") + 1, "share")
    lacking = [name for name in answered if name not in assigned]
    if lacking:
        message = (
            f"assigned: no column {lacking[0]!r}; give what assign_incidents returned for the old zones, "
            "with the same options"
        )
        raise MissingColumnError(message)

    asked = _asked(assigned, old, new, policy or Policy(), accuracy_m=accuracy_m)
    renamed: dict[str, str] = about.get("renamed", {})
    columns = about.get("columns", answered)
    incidents = assigned.drop(columns=list(columns)).rename(columns={b: a for a, b in renamed.items()})
    days, remarks = days_judged(incidents, new, time=time, dayfirst=dayfirst, time_format=time_format)
    fresh = answer_columns(incidents[asked], new, days[asked], accuracy_m=accuracy_m)
    answers = {name: _filled(assigned, asked, name, values) for name, values in fresh.items()}
    answers |= {name: assigned[name] for name in columns if name not in answered}
    again = with_answers(incidents, answers)
    again.attrs["assignment"] = new.about() | {
        "remarks": remarks,
        "renamed": again.attrs.pop("renamed"),
        "columns": list(answers),
    }
    again.attrs["reassigned"] = {"asked": int(asked.sum()), "of": len(assigned)}
    return again


def _asked(
    assigned: gpd.GeoDataFrame,
    old: AssignmentPlan,
    new: AssignmentPlan,
    policy: Policy,
    *,
    accuracy_m: float | str | None,
) -> NDArray[np.bool_]:
    """Tell which incidents have to be asked for again."""
    first, second = old.tasks[0], new.tasks[0]
    everything = np.ones(len(assigned), dtype=bool)
    carried = set(first.carried) == set(second.carried) and old.needs_day == new.needs_day
    if first.crs != second.crs or first.code != second.code or not carried:
        return everything
    shapes = assigned.geometry.to_numpy()
    x, y = old.place(*point_coordinates(shapes), crs=assigned.crs)
    border, nearest = old.border_within_m, max(old.nearest_within_m, old.border_within_m)
    inside = assigned["found"].isin(_ANSWERED).to_numpy() & (first.is_areal and second.is_areal)
    return changed_for(
        x,
        y,
        np.where(inside, border, nearest),
        Ranked(first.layer, first.rows.rank),
        Ranked(second.layer, second.rows.rank),
        said=(first.code, *_SAID, policy.priority),
        whole_zones=accuracy_m is not None,
    )


def _filled(assigned: gpd.GeoDataFrame, asked: NDArray[np.bool_], name: str, fresh: pd.Series) -> pd.Series:
    """Return a column of answers: the new ones where they were asked for, the old ones elsewhere."""
    if asked.all() or name not in assigned:
        return fresh
    values: pd.Series = assigned[name].copy()
    values[asked] = fresh.to_numpy()
    return values


def _check_same(about: dict[str, Any], plan: AssignmentPlan) -> None:
    """Refuse what was assigned otherwise than the options say."""
    now = plan.about()
    for name in ("crs", "level", "border_within_m", "nearest_within_m", "tz"):
        if name in about and about[name] != now[name]:
            message = (
                f"assigned: was assigned with {name}={about[name]!r}, and now it is {now[name]!r}; give "
                "old_zones and the options as they were, or assign anew"
            )
            raise InputError(message)
