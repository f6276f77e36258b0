"""What was built, raised and pulled down between two surveys of the buildings (违法建设排查).

Outlines of two surveys never match to the centimetre: they are drawn anew. So buildings are compared by the
ground they hold and not by their codes, and what lies within the noise of drawing counts for nothing:

1. a building before and one after are the same if what they share is wider than twice the tolerance, or at
   least half of the smaller one;
2. ground is added where it lies farther than the tolerance from all that was built before, and all of what
   hangs on it; it is gone where it lies farther than the tolerance from all that is built after;
3. pieces below the least area are dropped, and counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.errors import EmptyLayerError, InputError
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.columns.periods import NEVER, day_of, days_of
from zjk_gis.layers.columns.values import converted
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.layers.shapes import flat
from zjk_gis.layers.versions import zones_at
from zjk_gis.overlay.polygons import cover_of, largest_first, numbered
from zjk_gis.protection.answering import with_who_answers
from zjk_gis.protection.patrol_log import patrol_passes
from zjk_gis.protection.things import codes_in, joined, texts
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

__all__ = ["building_changes"]

_STOREYS = CATALOGUE["building_footprints"].field("storeys")
_HALF = 0.5  # of the smaller building: rule 1, for sheds narrower than the noise


@checked
def building_changes(
    before: gpd.GeoDataFrame,
    after: gpd.GeoDataFrame,
    *,
    at_before: str | dt.date | None = None,
    at_after: str | dt.date | None = None,
    tolerance_m: float = 0.5,
    min_area_m2: float = 2.0,
    code: str | None = None,
    tracks: gpd.GeoDataFrame | None = None,
    within_m: float = 20.0,
    zones: gpd.GeoDataFrame | None = None,
    streets: gpd.GeoDataFrame | None = None,
    strict: bool = False,
) -> gpd.GeoDataFrame:
    """Find what is new, has grown, was raised or is gone between two surveys (新增疑似违法建设).

    What is found is to be looked at (需核查): whether it was permitted, no outline tells.

    Parameters
    ----------
    before, after : GeoDataFrame
        Outlines of buildings (房屋建筑): areas, with ``storeys`` where they are known; the same layer twice
        to compare two days of it.
    at_before, at_after : date or str, optional
        The days that are compared, by ``valid_from`` and ``valid_to``; by default rows of all times count.
        Patrols are those from the one to the other, and zones those of the latter; a survey without a day
        counts as of its last ``surveyed_on``.
    tolerance_m : float, default 0.5
        The noise of drawing: how far an outline may lie off that of the other survey.
    min_area_m2 : float, default 2.0
        Smaller pieces of ground are dropped; ``attrs["dropped"]`` tells how many and how much.
    code : str, optional
        The column of codes; by default that of the layer in the catalogue, or the index label.
    tracks : GeoDataFrame, optional
        The fixes of GPS tracks (巡查轨迹) with ``patrol_code`` and ``recorded_at``: whether anybody passed.
    within_m : float, default 20.0
        How near a patrol must come to have passed.
    zones : GeoDataFrame, optional
        Responsibility zones (责任区), for who answers.
    streets : GeoDataFrame, optional
        Streets (街道), with ``street_code``.
    strict : bool, default False
        Refuse rows without a sound shape, instead of setting them aside.

    Returns
    -------
    GeoDataFrame
        One row a building after that gained ground or storeys, and one a building before that lost ground,
        the most ground first; its geometry is that ground, or all of what was only raised:

        - ``change_code`` (text): ``B001``, ``B002``, ...;
        - ``change`` (text): ``newly_built`` (nothing was there), ``grown``, ``storeys_added``,
          ``partly_gone`` or ``gone``; ``grown;storeys_added`` for both;
        - ``former_codes`` and ``present_codes`` (text): sorted, joined by ``;``; empty where there is none;
        - ``added_m2`` and ``gone_m2`` (float64);
        - ``storeys_before`` and ``storeys_after`` (float64): the most of those before; NaN where unknown;
        - with `tracks` ``passes`` (int64), ``last_passed_at`` (datetime64) and ``last_patrol`` (text);
        - who answers: ``zone_code``, ``chief_code``, ``chief_name``, ``street_code``.

        ``attrs["storeys_unknown"]`` counts the buildings there before and after of which one survey does not
        know the storeys: whether they were raised cannot be told. ``attrs["set_aside"]`` lists the rows that
        are not judged, and ``attrs["tracks"]`` is that of `patrol_passes`.

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError, GeometryError
        If a layer cannot be used, or has no building on its day.
    InputError
        If a number is negative, a date cannot be read, or `at_before` lies after `at_after`.

    See Also
    --------
    zjk_gis.compare_zones : What a change of zones moves from whom to whom.

    Examples
    --------
    A house drawn anew 0.3 m off got a storey, another a lean-to, and a shed stands in the yard:

    >>> from shapely import box
    >>> before = gpd.GeoDataFrame(
    ...     {"footprint_code": ["A", "B"], "storeys": [2, 1]},
    ...     geometry=[box(0, 0, 10, 10), box(30, 0, 40, 10)],
    ...     crs=4547,
    ... )
    >>> after = gpd.GeoDataFrame(
    ...     {"footprint_code": ["1", "2", "3"], "storeys": [3, 1, 1]},
    ...     geometry=[box(0.3, 0, 10.3, 10), box(30, 0, 44, 10), box(50, 0, 53, 3)],
    ...     crs=4547,
    ... )
    >>> building_changes(before, after)[["change", "former_codes", "present_codes", "added_m2"]]
              change former_codes present_codes  added_m2
    0          grown            B             2      40.0
    1    newly_built                          3       9.0
    2  storeys_added            A             1       0.0
    """
    require_amounts(tolerance_m=tolerance_m, min_area_m2=min_area_m2, within_m=within_m)
    if at_before is not None and at_after is not None and day_of(at_before) > day_of(at_after):
        raise InputError(
            tr("at_before ({before}) lies after at_after ({after})", before=at_before, after=at_after)
        )
    aside = SetAside(strict=strict)
    old = _Survey(before, "before", at_before, None, code, aside)
    new = _Survey(after, "after", at_after, old.crs, code, aside)
    pairs = _same(old, new, tolerance_m)
    added, none_added = _left(new.shapes, old.shapes, tolerance_m, min_area_m2)
    gone, none_gone = _left(old.shapes, new.shapes, tolerance_m, min_area_m2)
    table, shapes, unknown = _changes(old, new, pairs, added, gone)
    order = np.lexsort((table["present_codes"].astype(str), table["former_codes"].astype(str)))
    order = order[largest_first(shapes[order])] if len(order) else order
    raised = (table["added_m2"] + table["gone_m2"]).to_numpy()[order] == 0
    order = np.concatenate([order[~raised], order[raised]])
    found = gpd.GeoDataFrame(table.iloc[order].reset_index(drop=True), geometry=shapes[order], crs=old.crs)
    found.insert(0, "change_code", texts(numbered("B", len(found))))
    if tracks is not None:
        found = _with_passes(found, tracks, old.day, new.day, within_m)
    found = with_who_answers(found, zones, streets, at=at_after)
    found.attrs["dropped"] = {
        "count": len(none_added) + len(none_gone),
        "area_m2": round(float(sum(none_added) + sum(none_gone)), 6),
    }
    found.attrs["storeys_unknown"] = unknown
    return aside.told_in(found)


class _Survey:
    """The buildings of one survey that are judged."""

    def __init__(
        self,
        layer: gpd.GeoDataFrame,
        name: str,
        at: str | dt.date | None,
        crs: Any,
        code: str | None,
        aside: SetAside,
    ) -> None:
        rows = ready(aside.sound(layer, name, kind="polygon"), name, kind="polygon", crs=crs)
        rows = zones_at(rows, at)
        if not len(rows):
            raise EmptyLayerError(
                tr(
                    "{name}: none of its {rows} rows is valid on {at}; name another day",
                    name=name,
                    rows=len(layer),
                    at=at,
                )
            )
        self.crs = rows.crs
        codes = codes_in(rows, name, code)
        shapes = flat(rows.geometry.to_numpy())
        # In one order, whatever that of the rows.
        order = np.lexsort((*shapely.bounds(shapes).T.round(6), codes))
        self.shapes, self.codes = shapes[order], codes[order]
        self.storeys = np.full(len(rows), np.nan)
        if "storeys" in rows:
            values, wrong = converted(rows["storeys"], _STOREYS)
            aside.note(rows, name, wrong, "not_a_number", rows["storeys"])
            self.storeys = values.to_numpy(dtype=np.float64, na_value=np.nan)[order]
        self.day = at
        if at is None and "surveyed_on" in rows:
            last = int(days_of(rows["surveyed_on"], f"{name}: surveyed_on").max())
            self.day = None if last == NEVER else str(np.datetime64(last, "D"))


def _same(old: _Survey, new: _Survey, tolerance_m: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pair the buildings that are the same, however they are coded: rule 1."""
    one, other = shapely.STRtree(new.shapes).query(old.shapes, predicate="intersects")
    common = shapely.intersection(old.shapes[one], new.shapes[other])
    smaller = np.minimum(shapely.area(old.shapes[one]), shapely.area(new.shapes[other]))
    same = shapely.area(common) >= _HALF * smaller
    doubtful = np.flatnonzero(~same)
    same[doubtful] = ~shapely.is_empty(shapely.buffer(common[doubtful], -tolerance_m, join_style="mitre"))
    return one[same], other[same]


def _left(
    shapes: NDArray[Any], others: NDArray[Any], tolerance_m: float, min_area_m2: float
) -> tuple[NDArray[Any], list[float]]:
    """Return the ground of each building that the other survey has not, and what was too small.

    Rules 2 and 3 of the module.
    """
    left = np.full(len(shapes), None, dtype=object)
    near, at = shapely.STRtree(others).query(shapes, predicate="dwithin", distance=tolerance_m)
    wide = shapely.buffer(others, tolerance_m, quad_segs=16)
    within = np.zeros(len(shapes), dtype=bool)
    within[near[shapely.covered_by(shapes[near], wide[at])]] = True
    starts = np.searchsorted(near, np.arange(len(shapes) + 1))
    dropped: list[float] = []
    for row in np.flatnonzero(~within).tolist():
        beside = at[starts[row] : starts[row + 1]]
        ground = _beyond(shapes[row], cover_of(others[beside]), cover_of(wide[beside]), tolerance_m)
        parts = shapely.get_parts(ground)
        size = shapely.area(parts)
        dropped.extend(size[(size < min_area_m2) & (size > 0)].tolist())
        if (size >= min_area_m2).any():
            left[row] = cover_of(parts[size >= min_area_m2])
    return left, dropped


def _beyond(shape: Any, known: Any, wide: Any, tolerance_m: float) -> Any:
    """Return the ground beyond what is known that reaches farther than the noise."""
    core = shapely.difference(shape, wide)
    if shapely.is_empty(core):
        return core
    beyond = shapely.difference(shape, known)
    if shapely.is_empty(known):
        return beyond
    grown = shapely.buffer(core, tolerance_m * 1.001, join_style="mitre")
    return shapely.intersection(beyond, grown)


def _changes(
    old: _Survey,
    new: _Survey,
    pairs: tuple[NDArray[np.intp], NDArray[np.intp]],
    added: NDArray[Any],
    gone: NDArray[Any],
) -> tuple[pd.DataFrame, NDArray[Any], int]:
    """Put together what happened to each building."""
    one, other = pairs
    former = joined(other, old.codes[one], len(new.codes))
    present = joined(one, new.codes[other], len(old.codes))
    most = pd.Series(old.storeys[one]).groupby(other).max()
    was = most.reindex(range(len(new.codes))).to_numpy(dtype=np.float64)
    is_old = former != ""
    has_more = ~shapely.is_missing(added)
    raised = is_old & (new.storeys > was)
    unknown = int((is_old & (np.isnan(was) | np.isnan(new.storeys))).sum())

    # What stands after, then what stood before and lost ground.
    rows = np.flatnonzero(has_more | raised)
    words = [
        ";".join(
            word
            for word, holds in (
                ("newly_built", has_more[row] and not is_old[row]),
                ("grown", has_more[row] and is_old[row]),
                ("storeys_added", raised[row]),
            )
            if holds
        )
        for row in rows.tolist()
    ]
    lost = np.flatnonzero(~shapely.is_missing(gone))
    still = np.isin(lost, one)
    nothing = np.full(len(lost), np.nan)
    table = pd.DataFrame(
        {
            "change": texts([*words, *np.where(still, "partly_gone", "gone")]),
            "former_codes": texts([*former[rows], *old.codes[lost]]),
            "present_codes": texts([*new.codes[rows], *present[lost]]),
            "added_m2": np.concatenate([_area(added[rows]), np.zeros(len(lost))]),
            "gone_m2": np.concatenate([np.zeros(len(rows)), _area(gone[lost])]),
            "storeys_before": np.concatenate([was[rows], old.storeys[lost]]),
            "storeys_after": np.concatenate([new.storeys[rows], nothing]),
        }
    )
    shapes = np.concatenate([np.where(has_more[rows], added[rows], new.shapes[rows]), gone[lost]])
    return table, shapes, unknown


def _area(shapes: NDArray[Any]) -> NDArray[np.float64]:
    return np.nan_to_num(np.asarray(shapely.area(shapes), dtype=np.float64))


def _with_passes(
    found: gpd.GeoDataFrame,
    tracks: gpd.GeoDataFrame,
    start: str | dt.date | None,
    end: str | dt.date | None,
    within_m: float,
) -> gpd.GeoDataFrame:
    """Add how often patrols passed between the two days, and which was the last."""
    passes = pd.DataFrame({name: [] for name in ("place_code", "patrol_code", "arrived_at")})
    if len(found):
        passes = patrol_passes(found, tracks, start=start, end=end, within_m=within_m, code="change_code")
    last = passes.sort_values(["arrived_at", "patrol_code"]).drop_duplicates("place_code", keep="last")
    last = last.set_index("place_code").reindex(found["change_code"])
    count = passes["place_code"].value_counts().reindex(found["change_code"], fill_value=0)
    told = {
        "passes": count.to_numpy(dtype=np.int64),
        "last_passed_at": pd.to_datetime(last["arrived_at"]).to_numpy(),
        "last_patrol": texts(last["patrol_code"]),
    }
    shapes = found.geometry.name
    found = found.assign(**told)[[*found.columns.drop(shapes), *told, shapes]]
    found.attrs["tracks"] = passes.attrs.get("tracks", {})
    return found
