"""Incidents assigned again after zones were redrawn: only those that the change can concern."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.assign.incidents import Points, answer_columns, days_judged, one_accuracy, points_of
from zjk_gis.assign.plan import plan_for
from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.usual import ACCURATE, BORDER_M, NEAREST_M, TZ
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.assign.plan import AssignmentPlan
    from zjk_gis.index.policy import Policy
    from zjk_gis.index.sections import SectionIndex
    from zjk_gis.index.zones import ZoneIndex

__all__ = ["Ranked", "changed_for", "reassign_incidents"]

_SAID = ("chief_code", "chief_name", "valid_from", "valid_to", "side")
_ANSWERED = ("inside", "border")
_CELLS = 512  # each way, of the grid that sets far incidents aside
_SLACK_M = 0.001  # distances are measured by two formulas here and there


@checked
def reassign_incidents(
    assigned: gpd.GeoDataFrame,
    old_zones: gpd.GeoDataFrame | ZoneIndex | SectionIndex | AssignmentPlan,
    new_zones: gpd.GeoDataFrame | ZoneIndex | SectionIndex | AssignmentPlan,
    *,
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
) -> gpd.GeoDataFrame:
    """Assign incidents again after zones changed, asking only for those that the change can concern.

    The result is the one of `assign_incidents` for all of them with the new zones, to the last digit.

    Parameters
    ----------
    assigned : GeoDataFrame
        What `assign_incidents` returned for `old_zones`. Answers by `grids` and `sections` stay as they are.
    old_zones : GeoDataFrame, ZoneIndex, SectionIndex or AssignmentPlan
        The zones by which they were assigned.
    new_zones : GeoDataFrame, ZoneIndex, SectionIndex or AssignmentPlan
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
        "accuracy_m": one_accuracy(accuracy_m),
        "policy": policy,
        "tz": tz,
    }
    points = points_of(assigned)
    old = plan_for(old_zones, name="old_zones", **options).zones_alone()
    new = plan_for(new_zones, name="new_zones", **options).zones_alone()
    if old.options != new.options:
        raise InputError(
            tr(
                "new_zones: the plan was prepared with {options}, and that of old_zones with "
                "{options_2}; prepare both alike",
                options=new.options,
                options_2=old.options,
            )
        )
    about = assigned.attrs.get("assignment", {})
    _check_same(about, old)
    answered = list(old.columns)
    has_accuracy = accuracy_m is not None or old.accuracy_m is not None
    if has_accuracy and "share" not in answered:
        answered.insert(answered.index("reason") + 1, "share")
    lacking = [name for name in answered if name not in assigned]
    if lacking:
        raise MissingColumnError(
            tr(
                "assigned: no column {lacking!r}; give what assign_incidents returned for the old "
                "zones, with the same options",
                lacking=lacking[0],
            )
        )

    asked = _asked(assigned, points, old, new, has_accuracy=has_accuracy)
    renamed: dict[str, str] = about.get("renamed", {})
    columns = about.get("columns", answered)
    incidents = assigned.drop(columns=list(columns)).rename(columns={b: a for a, b in renamed.items()})
    days, remarks = days_judged(incidents, new, time=time, dayfirst=dayfirst, time_format=time_format)
    fresh = answer_columns(incidents[asked], points.of_rows(asked), new, days[asked], accuracy_m=accuracy_m)
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
    points: Points,
    old: AssignmentPlan,
    new: AssignmentPlan,
    *,
    has_accuracy: bool,
) -> NDArray[np.bool_]:
    """Tell which incidents have to be asked for again."""
    first, second = old.tasks[0].index, new.tasks[0].index
    everything = np.ones(len(assigned), dtype=bool)
    carried = set(first.carried) == set(second.carried) and old.needs_day == new.needs_day
    if first.measured_in != second.measured_in or first.code != second.code or not carried:
        return everything
    if first.policy != second.policy:
        return everything
    x, y = old.place(points.x, points.y, crs=assigned.crs)
    border, nearest = old.border_within_m, max(old.nearest_within_m, old.border_within_m)
    inside = assigned["found"].isin(_ANSWERED).to_numpy() & (first.is_areal and second.is_areal)
    return changed_for(
        x,
        y,
        np.where(inside, border, nearest),
        Ranked(first.layer, first.rank),
        Ranked(second.layer, second.rank),
        said=(str(first.code), *_SAID, first.policy.priority),
        whole_zones=has_accuracy,
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
            raise InputError(
                tr(
                    "assigned: was assigned with {name}={about!r}, and now it is {now!r}; give old_zones "
                    "and the options as they were, or assign again",
                    name=name,
                    about=about[name],
                    now=now[name],
                )
            )


@dataclass(frozen=True, slots=True)
class Ranked:
    """A layer that was made ready, and the rank of its rows by the rule.

    Attributes
    ----------
    layer : GeoDataFrame
    rank : ndarray of int64
    """

    layer: gpd.GeoDataFrame
    rank: NDArray[np.int64]

    @property
    def shapes(self) -> NDArray[Any]:
        """The geometries of the rows."""
        shapes: NDArray[Any] = self.layer.geometry.to_numpy()
        return shapes


def changed_for(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    reach: NDArray[np.float64],
    old: Ranked,
    new: Ranked,
    *,
    said: Sequence[str],
    whole_zones: bool = False,
) -> NDArray[np.bool_]:
    """Tell for which points the answer may differ between two versions of a layer; for no other it does.

    Parameters
    ----------
    x, y : ndarray of float64
        n points in the layers' CRS; those that are not finite have nobody before and after.
    reach : ndarray of float64
        How far from each point something can bear on its answer.
    old, new : Ranked
        In one metric CRS.
    said : sequence of str
        The columns that bear on an answer, such as code, chief, period, priority.
    whole_zones : bool, default False
        Whether the whole of a zone bears on an answer, as the share of an accuracy circle in it does.
    """
    changed = np.zeros(len(x), dtype=bool)
    reach = reach + _SLACK_M
    rows = _match(old, new, said)
    gone, came = old.shapes[rows.gone], new.shapes[rows.came]
    before, after = old.shapes[rows.redrawn_old], new.shapes[rows.redrawn_new]
    areal = bool(len(before)) and bool((shapely.get_dimensions(before) == 2).all())
    if len(before) and (whole_zones or not areal):
        gone, came = np.concatenate([gone, before]), np.concatenate([came, after])
    concerned = np.concatenate([gone, came, before, after])
    if not len(concerned):
        return changed
    asked = np.flatnonzero(_may_be_near(x, y, float(reach.max(initial=0.0)), concerned))
    points: NDArray[Any] = np.asarray(shapely.points(x[asked], y[asked]))
    hit = _near(points, reach[asked], np.concatenate([gone, came]))[0]
    changed[asked[hit]] = True
    if areal and not whole_zones:
        edges = np.concatenate([_edges_only_in(before, after), _edges_only_in(after, before)])
        changed[asked[_near(points, reach[asked], edges)[0]]] = True
        changed[asked[_held_otherwise(points, before, after)]] = True
    turned = _turned_pairs(old, new, rows, float(reach.max(initial=0.0)))
    if len(turned[0]):
        changed[asked[_near_both(points, reach[asked], old.shapes, turned)]] = True
    return changed


def _may_be_near(
    x: NDArray[np.float64], y: NDArray[np.float64], reach: float, shapes: NDArray[Any]
) -> NDArray[np.bool_]:
    """Tell which points may be within reach of a shape: all that are, and few others.

    Most incidents are far from all that changed; a coarse grid of the shapes' bounding boxes says so.
    """
    bounds = shapely.bounds(shapes) + np.array([-reach, -reach, reach, reach])
    low, high = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
    size = np.maximum((high - low) / _CELLS, _SLACK_M)
    first = ((bounds[:, :2] - low) // size).astype(np.int64).clip(0, _CELLS - 1)
    last = ((bounds[:, 2:] - low) // size).astype(np.int64).clip(0, _CELLS - 1)
    near = np.zeros((_CELLS, _CELLS), dtype=bool)
    for (west, south), (east, north) in zip(first.tolist(), last.tolist(), strict=True):
        near[west : east + 1, south : north + 1] = True
    with np.errstate(invalid="ignore"):
        in_box = (x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1])
    at = np.flatnonzero(in_box)
    column = ((x[at] - low[0]) // size[0]).astype(np.int64).clip(0, _CELLS - 1)
    row = ((y[at] - low[1]) // size[1]).astype(np.int64).clip(0, _CELLS - 1)
    found = np.zeros(len(x), dtype=bool)
    found[at] = near[column, row]
    return found


@dataclass(frozen=True, slots=True)
class _Matched:
    """Which rows of two layers are the same, which were redrawn, and which came or went."""

    same_old: NDArray[np.intp]
    same_new: NDArray[np.intp]
    redrawn_old: NDArray[np.intp]
    redrawn_new: NDArray[np.intp]
    gone: NDArray[np.intp]
    came: NDArray[np.intp]


def _match(old: Ranked, new: Ranked, said: Sequence[str]) -> _Matched:
    """Match the rows of two layers, first by all they say and their geometry, then by all they say."""
    first, second = (_said(side, said) for side in (old, new))
    keys = list(said)
    same = _pairs(first, second, [*keys, "wkb"])
    rest_first, rest_second = (
        first[~first.index.isin(same["row_x"])],
        second[~second.index.isin(same["row_y"])],
    )
    redrawn = _pairs(rest_first, rest_second, keys)
    return _Matched(
        same["row_x"].to_numpy(dtype=np.intp),
        same["row_y"].to_numpy(dtype=np.intp),
        redrawn["row_x"].to_numpy(dtype=np.intp),
        redrawn["row_y"].to_numpy(dtype=np.intp),
        rest_first.index.difference(redrawn["row_x"].tolist()).to_numpy(dtype=np.intp),
        rest_second.index.difference(redrawn["row_y"].tolist()).to_numpy(dtype=np.intp),
    )


def _said(side: Ranked, said: Sequence[str]) -> pd.DataFrame:
    """Return what the rows say, as text, and their geometry, in one order."""
    layer = side.layer
    table = pd.DataFrame(index=pd.RangeIndex(len(layer)))
    for name in said:
        # A column that is not there says nothing, and so does a missing value.
        values = (
            layer[name].astype(object) if name in layer else pd.Series(None, index=layer.index, dtype=object)
        )
        table[name] = [
            "" if missing else f"={value}" for value, missing in zip(values, values.isna(), strict=True)
        ]
    table["wkb"] = shapely.to_wkb(side.shapes)
    return table


def _pairs(first: pd.DataFrame, second: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Pair rows that agree in some columns one to one."""
    turned = []
    for table in (first, second):
        ordered = table.sort_values("wkb", kind="stable")
        turned.append(ordered[keys].assign(turn=ordered.groupby(keys).cumcount(), row=ordered.index))
    return turned[0].merge(turned[1], on=[*keys, "turn"])[["row_x", "row_y"]]


def _near(
    points: NDArray[Any], reach: NDArray[np.float64], shapes: NDArray[Any]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return (point, shape) for the shapes within reach of each point."""
    if not len(shapes):
        return np.empty(0, np.intp), np.empty(0, np.intp)
    point, shape = shapely.STRtree(shapes).query(points, predicate="dwithin", distance=reach)
    return point, shape


def _edges_only_in(shapes: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
    """Return the edges that each of some polygons has and its counterpart has not."""
    mine, theirs = _edges(shapes), _edges(others)
    names = ["owner", "ax", "ay", "bx", "by"]
    known = theirs[names].drop_duplicates().assign(known=True)
    left = mine[mine[names].merge(known, on=names, how="left")["known"].isna().to_numpy()]
    ends = left[["ax", "ay", "bx", "by"]].to_numpy().reshape(-1, 2, 2)
    return np.asarray(shapely.linestrings(ends), dtype=object)


def _edges(shapes: NDArray[Any]) -> pd.DataFrame:
    """Return the edges of polygons, each in one direction."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[:-1] == ring[1:]
    a, b = coords[:-1][same] + 0.0, coords[1:][same] + 0.0
    turned = ((a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1])))[:, None]
    begin, end = np.where(turned, b, a), np.where(turned, a, b)
    table = pd.DataFrame(np.hstack([begin, end]), columns=["ax", "ay", "bx", "by"])
    return table.assign(owner=owner[part[ring[:-1][same]]])


def _held_otherwise(points: NDArray[Any], before: NDArray[Any], after: NDArray[Any]) -> NDArray[np.intp]:
    """Return the points that a redrawn polygon holds now and did not, or the other way round."""
    held = []
    for shapes in (before, after):
        point, shape = shapely.STRtree(shapes).query(points, predicate="intersects")
        held.append(point.astype(np.int64) * len(shapes) + shape)
    return np.setxor1d(*held) // len(before)


def _turned_pairs(
    old: Ranked, new: Ranked, rows: _Matched, reach: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return pairs of rows near each other of which the other comes first now, by their old positions.

    Only a row that was redrawn can change its place among the others.
    """
    new_of = np.full(len(old.rank), -1, dtype=np.intp)
    new_of[rows.same_old], new_of[rows.redrawn_old] = rows.same_new, rows.redrawn_new
    shapes = old.shapes
    redrawn = rows.redrawn_old
    if not len(redrawn):
        return redrawn, redrawn
    first, second = shapely.STRtree(shapes).query(shapes[redrawn], predicate="dwithin", distance=2 * reach)
    first = redrawn[first]
    kept = (first != second) & (new_of[second] >= 0)
    first, second = first[kept], second[kept]
    was = old.rank[first] < old.rank[second]
    now = new.rank[new_of[first]] < new.rank[new_of[second]]
    return first[was != now], second[was != now]


def _near_both(
    points: NDArray[Any],
    reach: NDArray[np.float64],
    shapes: NDArray[Any],
    pairs: tuple[NDArray[np.intp], NDArray[np.intp]],
) -> NDArray[np.intp]:
    """Return the points that have both rows of a pair within reach."""
    rows = np.unique(np.concatenate(pairs))
    point, near = _near(points, reach, shapes[rows])
    near = rows[near]
    reached = pd.DataFrame({"point": point, "row": near})
    both = reached.merge(pd.DataFrame({"row": pairs[0], "other": pairs[1]}), on="row").merge(
        reached.rename(columns={"row": "other"}), on=["point", "other"]
    )
    found: NDArray[np.intp] = np.unique(both["point"].to_numpy(dtype=np.intp))
    return found
