"""Consequence first: faults ranked by what lies in them, and only then by their size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.coverage.rules import CONSEQUENCE_WEIGHTS, NEAR_M, SINCE_DAYS, RankingRules, rules_of
from zjk_gis.crs import as_metric, convert_crs, require_crs
from zjk_gis.errors import GeometryError, InputError, MissingColumnError, name_rows
from zjk_gis.layers.columns.periods import NEVER, day_of
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.times import BEIJING, time_order
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.shapes import cleaned, has_place
from zjk_gis.layers.spec import AREAL, LINEAR
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["rank_faults"]

_AMOUNTS = tuple(CONSEQUENCE_WEIGHTS)
_BOTH = "两侧"
_MICRO, _AREA_DECIMALS = 6, 4  # finer differences are rounding, and decide nothing


@checked
def rank_faults(
    faults: gpd.GeoDataFrame | Mapping[str, gpd.GeoDataFrame],
    *,
    incidents: gpd.GeoDataFrame | None = None,
    components: Mapping[str, gpd.GeoDataFrame] | None = None,
    people: gpd.GeoDataFrame | None = None,
    roads: gpd.GeoDataFrame | None = None,
    until: str | dt.date | None = None,
    since_days: int | None = SINCE_DAYS,
    time: str = "occurred_at",
    dayfirst: bool | None = None,
    time_format: str | None = None,
    tz: str = BEIJING,
    within_m: float = NEAR_M,
    weights: Mapping[str, float] | None = None,
    rules: RankingRules | None = None,
) -> gpd.GeoDataFrame:
    """Rank gaps, overlaps and stretches of road by what lies in them (后果优先): the worst first.

    Parameters
    ----------
    faults : GeoDataFrame or mapping of str to GeoDataFrame
        Polygons or lines, such as `coverage_gaps`, `overlapping_zones` or `road_responsibility` return. Of
        several by name all rows are ranked together, and a column ``fault`` tells the name. May be empty.
    incidents : GeoDataFrame, optional
        Points (案件). Those of the last year that lie in a fault, or within `within_m` of it, count: the GPS
        of a telephone is no more accurate. One near two faults counts for both.
    components : mapping of str to GeoDataFrame, optional
        Layers of components (部件) by name, such as ``manholes``; points, lines or areas. They are surveyed,
        so that only those count which lie in a fault, be it in part. In a fault that is a line those count
        within `within_m` of it.
    people : GeoDataFrame, optional
        Points or areas with ``population``; of an area the share that lies in the fault counts.
    roads : GeoDataFrame, optional
        Lines, of which the metres inside count. A fault that is a line counts with its own length, half if
        it is one side of the road alone.
    until : date or str, optional
        The last day whose incidents count; by default that of the last incident.
    since_days : int, optional
        How many days up to and with `until` count. None counts all incidents, also without a time.
    time : str, default "occurred_at"
        The column of `incidents` with their times.
    dayfirst, time_format, tz
        How the times are read, and whose days they are; see `assign_incidents`.
    within_m : float, default 10.0
    weights : mapping of str to float, optional
        What one incident, one component, one resident and one metre of road weigh; see Notes.
    rules : RankingRules, optional
        `since_days`, `within_m` and `weights` as one value; an option said beside them has the last word.

    Returns
    -------
    GeoDataFrame
        The rows of `faults`, the worst first, under their index (numbered again, where several are given), in
        the metric CRS measured in: that of the first fault layer if metric, otherwise the CGCS2000 3-degree
        zone of its centre. With

        - ``incidents`` (int64), ``components`` (int64), ``people`` (float64), ``road_m`` (float64): as far as
          such layers are given; a column of that name that `faults` brings is kept as ``<name>_recorded``,
          and counts where no layer is given;
        - ``component_counts`` (text): how many of which, such as ``manholes 3;street_lamps 2``;
        - ``consequence`` (float64): the weighted sum;
        - ``rank`` (int64): from 1.

        ``attrs["consequence"]`` tells ``weights``, ``since`` and ``until`` (the days counted, ISO text), and
        whose days they are (``tz``), what was inferred of the times (``remarks``), and how many incidents
        were left out: ``no_position``, ``no_time``, ``outside_period``; ``without_place`` tells how many rows
        of which other layer count nowhere.

    Raises
    ------
    MissingColumnError
        If `incidents` has no column `time` while `since_days` is given, or `people` no ``population``.
    GeometryError
        If a fault is neither polygon nor line, or invalid; the message names the rows.
    CRSError
        If a layer with rows has no CRS.
    InputError
        If a weight is unknown, negative or not finite, a distance is, or a date cannot be read.

    Notes
    -----
    ``consequence`` = 1 × incidents + 0.2 × components + 0.1 × people + 0.05 × road_m, by default. The rank is
    by consequence, then by area (of lines: length), then by the geometry, so that it does not depend on the
    order of rows. Three square metres under a busy crossing come before a hectare of hillside where nothing
    is and nothing happens.

    Examples
    --------
    >>> from shapely import Point, box
    >>> hillside, crossing = box(0, 0, 100, 100), box(500, 0, 503, 1)
    >>> gaps = gpd.GeoDataFrame(
    ...     {"gap_code": ["hillside", "crossing"]}, geometry=[hillside, crossing], crs=4547
    ... )
    >>> incidents = gpd.GeoDataFrame(
    ...     {"occurred_at": ["2025-06-01", "2025-06-02", "2020-06-01"]},
    ...     geometry=[Point(501, 0), Point(505, 3), Point(50, 50)],
    ...     crs=4547,
    ... )
    >>> rank_faults(gaps, incidents=incidents)[["gap_code", "incidents", "consequence", "rank"]]
       gap_code  incidents  consequence  rank
    1  crossing          2          2.0     1
    0  hillside          0          0.0     2
    """
    rules = rules_of(RankingRules, rules, since_days=since_days, within_m=within_m, weights=weights)
    within_m, weighed = rules.within_m, rules.all_weights
    frame = _ready_faults(faults)
    shapes = frame.geometry.to_numpy()
    areal = shapely.get_dimensions(shapes) == 2
    about: dict[str, Any] = {"weights": weighed}
    found: dict[str, Any] = {}
    ground = shapes.copy()
    ground[~areal] = shapely.buffer(shapes[~areal], within_m)
    if incidents is not None:
        how = {"dayfirst": dayfirst, "time_format": time_format, "tz": tz}
        places, account = _incidents(incidents, frame, until, rules.since_days, time, how)
        about |= account
        _, row = shapely.STRtree(shapes).query(places, predicate="dwithin", distance=within_m)
        found["incidents"] = np.bincount(row, minlength=len(frame)).astype(np.int64)
    if components is not None:
        found |= _components(components, frame, ground)
    if people is not None:
        found["people"] = _people(people, frame, ground)
    if roads is not None:
        found["road_m"] = _road_lengths(roads, frame, areal)
    others = {**(components or {}), "people": people, "roads": roads}
    about["without_place"] = {
        name: lost
        for name, layer in others.items()
        if layer is not None and (lost := int((~has_place(layer.geometry.to_numpy())).sum()))
    }
    ranked = with_answers(frame, found)
    score = np.zeros(len(frame))
    for name in _AMOUNTS:
        if name in ranked:
            amount = pd.to_numeric(ranked[name], errors="coerce").fillna(0.0).to_numpy(dtype=np.float64)
            score += weighed[name] * amount
    score = score.round(_MICRO)
    size = np.where(areal, shapely.area(shapes), shapely.length(shapes)).round(_AREA_DECIMALS)
    _, by_shape = np.unique(shapely.to_wkb(shapely.normalize(shapes)), return_inverse=True)
    order = np.lexsort((by_shape, -size, -score))
    ranked = with_answers(ranked, {"consequence": score}).iloc[order]
    ranked = with_answers(ranked, {"rank": np.arange(1, len(ranked) + 1, dtype=np.int64)})
    ranked.attrs["consequence"] = about
    return ranked


def _ready_faults(faults: gpd.GeoDataFrame | Mapping[str, gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Bring faults together in one metric CRS, and refuse what is neither polygon nor line."""
    if not isinstance(faults, gpd.GeoDataFrame):
        if not faults:
            raise InputError(tr("faults: an empty mapping; give at least one layer, which may be empty"))
        crs = as_metric(
            next((f for f in faults.values() if len(f)), next(iter(faults.values()))), "faults"
        ).crs
        frames = []
        for name, frame in faults.items():
            told = with_answers(_one_layer(frame, name, crs), {"fault": pd.Series(name, index=frame.index)})
            geometry = told.active_geometry_name
            frames.append(told if geometry == "geometry" else told.rename_geometry("geometry"))
        kept = [frame for frame in frames if len(frame)] or frames[:1]
        joined = pd.concat(kept, ignore_index=True) if len(kept) > 1 else kept[0].reset_index(drop=True)
        return gpd.GeoDataFrame(joined, geometry="geometry", crs=crs)
    require_crs(faults, "faults")
    return _one_layer(faults, "faults", as_metric(faults, "faults").crs)


def _one_layer(frame: gpd.GeoDataFrame, name: str, crs: Any) -> gpd.GeoDataFrame:
    require_crs(frame, name)
    kinds = frame.geom_type
    for wrong, what in (
        (
            ~kinds.isin(AREAL | LINEAR).to_numpy() | frame.geometry.is_empty.to_numpy(),
            tr("neither areas nor lines"),
        ),
        (~frame.geometry.is_valid.to_numpy(), tr("invalid")),
    ):
        if wrong.any():
            rows = name_rows(frame.index[wrong])
            raise GeometryError(
                tr(
                    "{name}: {wrong} of {frame_count} rows are {what} ({rows})",
                    name=name,
                    wrong=int(wrong.sum()),
                    frame_count=len(frame),
                    what=what,
                    rows=rows,
                )
            )
    converted: gpd.GeoDataFrame = convert_crs(frame, crs, name=name)
    return converted


def _placed(layer: gpd.GeoDataFrame, name: str, crs: Any) -> gpd.GeoDataFrame:
    """Return the rows of a layer that have a place, in the CRS of the faults."""
    placed = layer[has_place(layer.geometry.to_numpy())]
    if not len(placed):
        return placed
    require_crs(layer, name)
    converted = convert_crs(placed, crs, name=name)
    shapes, _ = cleaned(converted.geometry.to_numpy())
    return converted.set_geometry(shapes, crs=crs)[has_place(shapes)]


def _incidents(
    incidents: gpd.GeoDataFrame,
    faults: gpd.GeoDataFrame,
    until: str | dt.date | None,
    since_days: int | None,
    time: str,
    how: dict[str, Any],
) -> tuple[NDArray[Any], dict[str, Any]]:
    """Return the places of the incidents that count, and an account of the others."""
    placed = _placed(incidents, "incidents", faults.crs)
    account: dict[str, Any] = {"no_position": len(incidents) - len(placed), "no_time": 0, "outside_period": 0}
    shapes = placed.geometry.to_numpy()
    if since_days is None:
        return shapes, account
    if time not in incidents:
        raise MissingColumnError(
            tr(
                "incidents: no column {time!r} to tell those of the last {since_days} days; name it "
                "with time=, or count all with since_days=None",
                time=time,
                since_days=since_days,
            )
        )
    # Which comes first, day or month, rows without a position show as well.
    order = time_order(incidents[time], name=f"incidents: {time}", **how)
    day = order.read(placed[time]).required().days
    known = day != NEVER
    last = day_of(until, "until", tz=order.tz) if until is not None else int(day[known].max(initial=NEVER))
    counts = known & (day <= last) & (day > last - since_days) if last != NEVER else known
    account |= {"no_time": int((~known).sum()), "outside_period": int((known & ~counts).sum())}
    if last != NEVER:
        ends = np.array([last - since_days + 1, last]).astype("datetime64[D]")
        account |= {"since": str(ends[0]), "until": str(ends[1])}
    account |= {"tz": order.tz, "remarks": list(order.remarks)}
    return shapes[counts], account


def _components(
    components: Mapping[str, gpd.GeoDataFrame], faults: gpd.GeoDataFrame, ground: NDArray[Any]
) -> dict[str, Any]:
    """Count the components of each kind that lie in each fault."""
    total = np.zeros(len(faults), dtype=np.int64)
    told = [""] * len(faults)
    for name in sorted(components):
        layer = _placed(components[name], name, faults.crs)
        _, row = shapely.STRtree(ground).query(layer.geometry.to_numpy(), predicate="intersects")
        counts = np.bincount(row, minlength=len(faults))
        total += counts
        for at in np.flatnonzero(counts):
            told[at] += f";{name} {counts[at]}" if told[at] else f"{name} {counts[at]}"
    return {"components": total, "component_counts": pd.Series(told, index=faults.index, dtype="str")}


def _people(people: gpd.GeoDataFrame, faults: gpd.GeoDataFrame, ground: NDArray[Any]) -> NDArray[np.float64]:
    """Count who lives in each fault; an area's people are spread evenly over it."""
    require_columns(people, "people", "population")
    layer = _placed(people, "people", faults.crs)
    population = pd.to_numeric(layer["population"], errors="coerce").fillna(0.0).to_numpy(dtype=np.float64)
    shapes = layer.geometry.to_numpy()
    home, row = shapely.STRtree(ground).query(shapes, predicate="intersects")
    area = shapely.area(shapes[home])
    common = shapely.area(shapely.intersection(shapes[home], ground[row]))
    share = np.divide(common, area, out=np.ones(len(home)), where=area > 0)
    return _summed(row, population[home] * share, len(faults))


def _road_lengths(
    roads: gpd.GeoDataFrame, faults: gpd.GeoDataFrame, areal: NDArray[np.bool_]
) -> NDArray[np.float64]:
    shapes = faults.geometry.to_numpy()
    lines = _placed(roads, "roads", faults.crs).geometry.to_numpy()
    line, row = shapely.STRtree(shapes).query(lines, predicate="intersects")
    line, row = line[areal[row]], row[areal[row]]
    inside = shapely.length(shapely.intersection(lines[line], shapes[row]))
    own = shapely.length(shapes)
    if "side" in faults:
        own = own * np.where(faults["side"].isin([_BOTH]) | faults["side"].isna(), 1.0, 0.5)
    return np.where(areal, _summed(row, inside, len(faults)), own)


def _summed(row: NDArray[np.intp], amounts: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Sum amounts by row, the least first, so that the order they come in changes no digit."""
    order = np.lexsort((amounts, row))
    sums: NDArray[np.float64] = np.zeros(size)
    np.add.at(sums, row[order], amounts[order])
    return sums
