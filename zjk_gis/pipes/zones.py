"""Areas of a network (管网分区): metering and pressure zones, heat areas, gas districts, and borders."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.layers.catalogue import CATALOGUE, PIPELINES
from zjk_gis.layers.columns.periods import day_of
from zjk_gis.layers.columns.time_cells import today
from zjk_gis.layers.columns.values import as_text, code_text, coded, converted
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.pipes.in_use import in_use
from zjk_gis.pipes.places import are_of_kinds, placed_on
from zjk_gis.standards import rules_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from zjk_gis.layers.spec import LayerSpec
    from zjk_gis.pipes.topology import PipeNetwork

__all__ = ["judged_day", "network_zone_figures", "zone_crossings"]

_ZONES, _BREAKS, _USERS, _VALVES, _METERS = (
    CATALOGUE[name] for name in ("network_zones", "pipe_breaks", "pipe_users", "valves", "flow_meters")
)
_DAYS = 365.25


@checked
def network_zone_figures(
    network: PipeNetwork,
    zones: gpd.GeoDataFrame,
    *,
    breaks: gpd.GeoDataFrame | None = None,
    users: gpd.GeoDataFrame | None = None,
    valves: gpd.GeoDataFrame | None = None,
    meters: gpd.GeoDataFrame | None = None,
    kinds: str | Sequence[str] | None = None,
    at: str | dt.date | None = None,
) -> gpd.GeoDataFrame:
    """Tell of each zone of a network how much pipe it has, how old, how often it breaks and leaks (分区计量).

    Parameters
    ----------
    network : PipeNetwork
    zones : GeoDataFrame
        Areas with ``network_zone_code``, perhaps with ``supplied_m3`` and ``registered_m3`` of one period.
    breaks : GeoDataFrame, optional
        Points with ``break_code`` and ``occurred_on``.
    users : GeoDataFrame, optional
        Points with ``user_code``, perhaps with ``households``.
    valves : GeoDataFrame, optional
        For the crossings: see `zone_crossings`.
    meters : GeoDataFrame, optional
        Flow meters (进口流量计): points with ``meter_code``, ``network_zone_code`` (into which it measures),
        perhaps ``other_zone_code`` (out of which) and ``metered_m3`` (of one period, that of
        ``registered_m3``).
    kinds : str or sequence of str, optional
        Pipes of these kinds alone, by code or name (给水, JS, SS).
    at : date or str, optional
        The day that is judged, by default today: pipes, users and valves count that were in use on it, pipes
        have their age on it, later breaks do not count.

    Returns
    -------
    GeoDataFrame
        The rows of `zones` with

        - ``pipes_m``: length of pipe inside, each metre once where zones do not overlap;
        - ``mean_age_years`` by length, and ``age_known_share``, the share of the length whose year is known;
        - ``main_material`` and ``main_material_share``;
        - ``users`` and ``households``;
        - ``breaks``, ``break_years`` (from the first break of all to the day that is judged) and
          ``breaks_per_km_year``; missing where there is no pipe;
        - with `meters`: ``inlet_meters`` and ``outlet_meters``, ``unread_meters`` (without a reading),
          ``metered_m3`` (in less out; missing where one is not read), and ``unmetered_crossings``: open ones
          on whose pipe no meter stands within 30 m, so that the balance is not closed;
        - ``balance_by`` (``meters``, where all are read; ``supplied_m3``, as it is recorded; empty where
          neither is known, and no balance can be told);
        - ``lost_m3`` (supplied - registered), ``leak_rate`` (lost / supplied; missing, not 0, where nothing
          is known to be supplied) and ``leaks_too_much`` (above the limit ``leak_rate_most``);
        - ``crossings`` and ``open_crossings``: pipes over its border, and those without a closed valve there.

    Raises
    ------
    InputError
        If a kind is not known or a layer cannot be used.

    Notes
    -----
    Leak rate as by CJJ 92-2016: (water supplied - registered use) / water supplied; 12 % is its second grade
    [M]. A break on a border counts once, for the zone whose code comes first.

    Examples
    --------
    >>> from shapely import LineString, box
    >>> from zjk_gis.pipes import pipe_network
    >>> manholes = gpd.GeoDataFrame(
    ...     {"manhole_code": ["A", "B"]}, geometry=gpd.points_from_xy([0, 100], [0, 0]), crs=4547
    ... )
    >>> mains = gpd.GeoDataFrame(
    ...     {"pipe_code": ["P"], "pipe_kind": "给水", "built_year": 2006, "material": "PE"},
    ...     geometry=[LineString([(0, 0), (100, 0)])],
    ...     crs=4547,
    ... )
    >>> zones = gpd.GeoDataFrame(
    ...     {
    ...         "network_zone_code": ["D1", "D2"],
    ...         "supplied_m3": [1000.0, None],
    ...         "registered_m3": [850.0, None],
    ...     },
    ...     geometry=[box(-10, -10, 70, 10), box(70, -10, 200, 10)],
    ...     crs=4547,
    ... )
    >>> figures = network_zone_figures(pipe_network(manholes, mains), zones, at="2026-07-01")
    >>> figures[["network_zone_code", "pipes_m", "mean_age_years", "leak_rate", "crossings"]]
      network_zone_code  pipes_m  mean_age_years  leak_rate  crossings
    0                D1     70.0            20.0       0.15          1
    1                D2     30.0            20.0        NaN          1
    """
    day, aside = judged_day(at), SetAside()
    network = network.on(day)
    users, valves = (
        in_use(rows, spec.name, day, aside) for rows, spec in ((users, _USERS), (valves, _VALVES))
    )
    areas = ready(zones, _ZONES.name, kind="polygon", code=_ZONES.code, crs=network.crs)
    mine = _pipes_of(network, kinds)
    told = _lengths(network, areas, mine, day)
    told |= _points(areas, users, breaks, network, day, told["pipes_m"])
    if meters is not None:
        meters = in_use(meters, _METERS.name, day, aside)
        told |= _metered(areas, meters)
    told |= _leaks(areas, told.get("metered_m3"))
    crossings = zone_crossings(network, zones, valves=valves, meters=meters, kinds=kinds)
    over = pd.concat([crossings["network_zone_code"], crossings["other_zone_code"]])
    is_open = pd.concat([crossings["is_open"]] * 2)
    codes = code_text(areas[_ZONES.code])
    told["crossings"] = codes.map(over.value_counts()).fillna(0).to_numpy(dtype=np.int64)
    told["open_crossings"] = (
        codes.map(over[is_open.to_numpy(dtype=bool)].value_counts()).fillna(0).to_numpy(dtype=np.int64)
    )
    if meters is not None:
        blind = is_open.to_numpy(dtype=bool) & pd.concat([crossings["meter_code"]] * 2).isna().to_numpy()
        told["unmetered_crossings"] = codes.map(over[blind].value_counts()).fillna(0).to_numpy(dtype=np.int64)
    return aside.added_to(with_answers(zones, told))


@checked
def zone_crossings(
    network: PipeNetwork,
    zones: gpd.GeoDataFrame,
    *,
    valves: gpd.GeoDataFrame | None = None,
    meters: gpd.GeoDataFrame | None = None,
    kinds: str | Sequence[str] | None = None,
    valve_within_m: float = 30.0,
    at: str | dt.date | None = None,
) -> gpd.GeoDataFrame:
    """List the places where pipes cross the border of a zone, and whether a closed valve stands there.

    Parameters
    ----------
    network : PipeNetwork
    zones : GeoDataFrame
        Areas with ``network_zone_code``.
    valves : GeoDataFrame, optional
        Points with ``valve_code``, ``valve_state`` and perhaps ``pipe_code``. Without them every crossing is
        open.
    meters : GeoDataFrame, optional
        Points with ``meter_code`` and perhaps ``pipe_code``.
    kinds : str or sequence of str, optional
        Pipes of these kinds alone.
    valve_within_m : float, default 30.0
        How far along the same pipe a closed valve or a meter may stand to count as that of the border.
    at : date or str, optional
        The network and what stands on it as they were on this day, by ``valid_from`` and ``valid_to``; by
        default all of it.

    Returns
    -------
    GeoDataFrame
        Points, in the order of the pipes and along them: ``pipe_code``, ``pipe_kind``, ``network_zone_code``
        and ``other_zone_code`` (missing where the other side is no zone), ``is_open`` (bool),
        ``valve_code`` and, with `meters`, ``meter_code``.

    Raises
    ------
    InputError
        If a kind is not known or a layer cannot be used.
    """
    require_amounts(valve_within_m=valve_within_m)
    network, aside = network.on(at), SetAside()
    valves, meters = (in_use(x, spec.name, at, aside) for x, spec in ((valves, _VALVES), (meters, _METERS)))
    areas = ready(zones, _ZONES.name, kind="polygon", code=_ZONES.code, crs=network.crs)
    codes = code_text(areas[_ZONES.code]).to_numpy(dtype=object)
    order = np.argsort(codes.astype(str), kind="stable")
    shapes, codes = areas.geometry.to_numpy()[order], codes[order]
    mine = _pipes_of(network, kinds)
    lines = network.pipelines.geometry.to_numpy()
    tree = shapely.STRtree(lines[mine])
    zone, pipe = tree.query(shapely.boundary(shapes), predicate="intersects")
    pipe = mine[pipe]
    cut = shapely.intersection(lines[pipe], shapely.boundary(shapes[zone]))
    points, of = shapely.get_parts(cut, return_index=True)
    along = shapely.line_locate_point(lines[pipe[of]], shapely.centroid(points))
    # A border in common is met twice, once for each zone.
    found = pd.DataFrame({"pipe": pipe[of], "along": np.round(along, 2)}).drop_duplicates()
    found = found.sort_values(["pipe", "along"], kind="stable")
    along, position = found["along"].to_numpy(), found["pipe"].to_numpy()
    before, after = (
        _zone_at(shapes, shapely.line_interpolate_point(lines[position], along + step))
        for step in (-0.05, 0.05)
    )
    # One that only touches a border, or begins on it, does not cross.
    crosses = (before != after) & (along > 0.05) & (along < shapely.length(lines[position]) - 0.05)
    along, position, before, after = (each[crosses] for each in (along, position, before, after))
    first, other = np.where(before < 0, after, before), np.where(before < 0, before, after)
    closed = _beside_border(network, _closed(valves), _VALVES, position, along, valve_within_m)
    metered = _beside_border(network, meters, _METERS, position, along, valve_within_m)
    named = np.array([*codes.tolist(), None], dtype=object)
    crossings = gpd.GeoDataFrame(
        {
            "pipe_code": pd.array(network.pipe_codes[position], dtype="str"),
            "pipe_kind": pd.array(network.kind[position], dtype="str"),
            "network_zone_code": pd.array(named[first], dtype="str"),
            "other_zone_code": pd.array(named[other], dtype="str"),
            "is_open": np.array([not code for code in closed], dtype=bool),
            "valve_code": pd.array([code or None for code in closed], dtype="str"),
        },
        geometry=shapely.line_interpolate_point(lines[position], along),
        crs=network.crs,
    )
    if meters is not None:
        crossings["meter_code"] = pd.array([code or None for code in metered], dtype="str")
    return aside.added_to(crossings)


def _pipes_of(network: PipeNetwork, kinds: str | Sequence[str] | None) -> NDArray[np.int64]:
    """Return the positions of the pipes of some kinds."""
    return np.unique(network.edge_pipe[are_of_kinds(network, kinds)])


def _zone_at(shapes: NDArray[Any], points: NDArray[Any]) -> NDArray[np.int64]:
    """Return the first zone that each point lies in; -1 where there is none."""
    zone = np.full(len(points), len(shapes), np.int64)
    point, area = shapely.STRtree(shapes).query(points, predicate="intersects")
    np.minimum.at(zone, point, area)
    return np.where(zone == len(shapes), -1, zone)


def _closed(valves: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame | None:
    """Return the valves that are closed."""
    if valves is None or "valve_state" not in valves:
        return None
    state, _ = coded(valves, _VALVES.field("valve_state"), _VALVES.name)
    return valves[(state == "关").to_numpy(dtype=bool)]


def _beside_border(
    network: PipeNetwork,
    layer: gpd.GeoDataFrame | None,
    spec: LayerSpec,
    pipe: NDArray[np.int64],
    along: NDArray[np.float64],
    within_m: float,
) -> list[str]:
    """Return what stands at each crossing, the nearest along the same pipe; empty where nothing does."""
    if layer is None or not len(layer) or not len(pipe):
        return [""] * len(pipe)
    rows = ready(layer, spec.name, kind="point", code=spec.code, crs=network.crs)
    placed = placed_on(network, rows, spec.name, within_m=1.0, apart=True)
    stands = placed.edge >= 0
    lines = network.pipelines.geometry.to_numpy()
    on = network.edge_pipe[placed.edge[stands]]
    s = shapely.line_locate_point(lines[on], shapely.centroid(rows.geometry.to_numpy()[stands]))
    codes = code_text(rows[spec.code]).to_numpy(dtype=object)[stands]
    found = []
    for at, where in zip(pipe.tolist(), along.tolist(), strict=True):
        near = np.flatnonzero((on == at) & (np.abs(s - where) <= within_m))
        ranked = sorted(near.tolist(), key=lambda each: (abs(float(s[each]) - where), str(codes[each])))
        found.append(str(codes[ranked[0]]) if ranked else "")
    return found


def _lengths(
    network: PipeNetwork, areas: gpd.GeoDataFrame, mine: NDArray[np.int64], day: dt.date
) -> dict[str, Any]:
    """Return what lies in each zone: metres, their age, their material."""
    lines = network.pipelines.geometry.to_numpy()[mine]
    shapes = areas.geometry.to_numpy()
    zone, pipe = shapely.STRtree(lines).query(shapes, predicate="intersects")
    inside = shapely.length(shapely.intersection(lines[pipe], shapes[zone]))
    rows = network.pipelines.iloc[mine]
    year = np.full(len(rows), np.nan)
    if "built_year" in rows:
        field = PIPELINES.field("built_year")
        year = converted(rows["built_year"], field)[0].to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(year[pipe])
    count = len(shapes)
    total = np.bincount(zone, inside, count)
    dated = np.bincount(zone[known], inside[known], count)
    aged = np.bincount(zone[known], inside[known] * (day.year - year[pipe][known]), count)
    told: dict[str, Any] = {
        "pipes_m": np.round(total, 2),
        "mean_age_years": np.round(_by(aged, dated), 1),
        "age_known_share": np.round(_by(dated, total), 4),
    }
    if "material" in rows:
        material = as_text(rows["material"]).fillna("").to_numpy(dtype=object)[pipe]
        held = pd.DataFrame({"zone": zone, "material": material, "m": inside})
        held = held[held["material"] != ""]
        summed = held.groupby(["zone", "material"])["m"].sum().reset_index()
        most = summed.sort_values(["m", "material"], ascending=[False, True]).drop_duplicates("zone")
        most = most.set_index("zone").reindex(range(count))
        told["main_material"] = most["material"].astype("str").array
        told["main_material_share"] = np.round(_by(most["m"].fillna(0).to_numpy(), total), 4)
    return told


def _points(
    areas: gpd.GeoDataFrame,
    users: gpd.GeoDataFrame | None,
    breaks: gpd.GeoDataFrame | None,
    network: PipeNetwork,
    day: dt.date,
    pipes_m: NDArray[np.float64],
) -> dict[str, Any]:
    """Count users and breaks, each in one zone."""
    told: dict[str, Any] = {}
    order = np.argsort(code_text(areas[_ZONES.code]).to_numpy(dtype=str), kind="stable")
    shapes = areas.geometry.to_numpy()[order]
    back = np.argsort(order)
    if users is not None:
        rows = ready(users, _USERS.name, kind="point", code=_USERS.code, crs=network.crs)
        zone = _zone_at(shapes, rows.geometry.to_numpy())
        told["users"] = np.bincount(zone[zone >= 0], minlength=len(shapes))[back]
        if "households" in rows:
            number = pd.to_numeric(rows["households"], errors="coerce").fillna(0).to_numpy(dtype=np.float64)
            held = np.bincount(zone[zone >= 0], number[zone >= 0], len(shapes))[back]
            told["households"] = held.astype(np.int64)
    if breaks is not None:
        rows = ready(breaks, _BREAKS.name, kind="point", code=_BREAKS.code, crs=network.crs)
        when = converted(rows["occurred_on"], _BREAKS.field("occurred_on"))[0]
        counts = (when <= pd.Timestamp(day)).to_numpy(dtype=bool)
        years = (pd.Timestamp(day) - when[counts].min()).days / _DAYS if counts.any() else np.nan
        zone = _zone_at(shapes, rows.geometry.to_numpy()[counts])
        number = np.bincount(zone[zone >= 0], minlength=len(shapes))[back]
        told["breaks"] = number
        told["break_years"] = np.round(np.full(len(shapes), years), 2)
        told["breaks_per_km_year"] = np.round(_by(number, pipes_m / 1000 * years), 4)
    return told


def _metered(areas: gpd.GeoDataFrame, meters: gpd.GeoDataFrame) -> dict[str, Any]:
    """Add up what meters read into and out of each zone."""
    rows = ready(meters, _METERS.name, kind="point", code=_METERS.code, crs=areas.crs)
    nothing = pd.Series(None, index=rows.index, dtype=object)
    read = np.full(len(rows), np.nan)
    if "metered_m3" in rows:
        values = converted(rows["metered_m3"], _METERS.field("metered_m3"))[0]
        read = values.to_numpy(dtype=np.float64, na_value=np.nan)
    codes = code_text(areas[_ZONES.code])
    told: dict[str, Any] = {}
    count, unread, total = (np.zeros(len(areas)) for _ in range(3))
    for name, column, sign in (
        ("inlet_meters", "network_zone_code", 1.0),
        ("outlet_meters", "other_zone_code", -1.0),
    ):
        zone = code_text(rows.get(column, nothing)).to_numpy(dtype=object)
        table = pd.DataFrame({"zone": zone, "read": read, "unread": np.isnan(read)}).dropna(subset="zone")
        summed = table.groupby("zone").agg(n=("read", "size"), m3=("read", "sum"), unread=("unread", "sum"))
        n, m3, lacking = (codes.map(summed[each]).fillna(0.0).to_numpy() for each in ("n", "m3", "unread"))
        told[name] = n.astype(np.int64)
        count, unread, total = count + n, unread + lacking, total + sign * m3
    told["unread_meters"] = unread.astype(np.int64)
    told["metered_m3"] = np.where((told["inlet_meters"] > 0) & (unread == 0), np.round(total, 1), np.nan)
    return told


def _leaks(areas: gpd.GeoDataFrame, metered: NDArray[np.float64] | None) -> dict[str, Any]:
    """Compare what is supplied, by meters or as recorded, with what users are registered to have used."""
    if "registered_m3" not in areas or ("supplied_m3" not in areas and metered is None):
        return {}
    recorded, registered = (
        converted(areas[name], _ZONES.field(name))[0].to_numpy(dtype=np.float64, na_value=np.nan)
        if name in areas
        else np.full(len(areas), np.nan)
        for name in ("supplied_m3", "registered_m3")
    )
    by_meters = np.zeros(len(areas), dtype=bool) if metered is None else np.isfinite(metered)
    supplied = recorded if metered is None else np.where(by_meters, metered, recorded)
    told_by = np.select([by_meters, np.isfinite(recorded)], ["meters", "supplied_m3"], "")
    limits = rules_table("limits").set_index("limit")["value"]
    rate = _by(supplied - registered, supplied)
    return {
        "balance_by": pd.array(told_by.astype(object), dtype="str"),
        "lost_m3": np.round(supplied - registered, 1),
        "leak_rate": np.round(rate, 4),
        "leaks_too_much": rate > float(limits["leak_rate_most"]) / 100,
    }


def judged_day(at: str | dt.date | None) -> dt.date:
    """Return the day that is judged: the one named, else today."""
    if at is None:
        return today()
    return dt.date(1970, 1, 1) + dt.timedelta(days=day_of(at))


def _by(amount: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    """Divide; missing where there is nothing to divide by."""
    quotient = np.full(len(whole), np.nan)
    np.divide(amount, whole, out=quotient, where=np.asarray(whole) > 0)
    return quotient
