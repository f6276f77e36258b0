"""Pipes that lie too near to one another, or to buildings, trees, kerbs and railways (净距冲突)."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.crs import convert_crs
from zjk_gis.engine import PolygonIndex
from zjk_gis.engine.line_pairs import CROSSES, JOINT, LinePairs, near_pairs
from zjk_gis.layers.columns.values import text_at
from zjk_gis.layers.metric import require_amounts
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.layers.shapes import cleaned, flat, has_place
from zjk_gis.layers.spec import AREAL
from zjk_gis.pipes.clearance.separations import Separations
from zjk_gis.pipes.clearance.things import BESIDE, Things, things_of
from zjk_gis.pipes.dimensions import pipes_of

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

    from zjk_gis.standards.rules import Overrides

    _Findings = dict[str, NDArray[Any]]

__all__ = ["clearance_conflicts"]

_FLEXIBLE = ("电力", "通信")
_KINDS = ("horizontal", "crossing", "vertical")
_STATES = ("needs_review", "cannot_be_judged")
_YIELDS_BY = ("", "pipe", "gravity", "rigid", "size")
_EXACT = 1e-6  # less is rounding
_NEVER = -1e9


@checked
def clearance_conflicts(
    pipelines: gpd.GeoDataFrame,
    *,
    buildings: gpd.GeoDataFrame | None = None,
    trees: gpd.GeoDataFrame | None = None,
    kerbs: gpd.GeoDataFrame | None = None,
    railways: gpd.GeoDataFrame | None = None,
    tolerance_m: float = 0.0,
    at: str | dt.date | None = None,
    tables: Overrides | None = None,
    strict: bool = False,
) -> gpd.GeoDataFrame:
    """Find pipes that lie nearer to each other, or to what stands beside them, than the standard asks.

    Parameters
    ----------
    pipelines : GeoDataFrame
        Lines with ``pipe_code`` and ``pipe_kind``; with ``diameter_mm`` (or ``width_mm`` and ``height_mm``),
        ``from_level_m`` and ``to_level_m`` or ``from_depth_m`` and ``to_depth_m``, ``gas_pressure``,
        ``burial`` and ``voltage_kv`` where they are known.
    buildings, trees, kerbs, railways : GeoDataFrame, optional
        What stands beside them: polygons, lines or points, with a column of codes of the catalogue or none.
    tolerance_m : float, default 0.0
        By how much less a distance may be: the accuracy of the survey.
    at : date or str, optional
        Only pipes in use on this day count, by ``valid_from`` (敷设), ``built_year`` and
        ``valid_to`` (废弃); the others are set aside and told. By default all count.
    tables : mapping of str to DataFrame, str or Path, optional
        Your own rows of the table ``separations`` (see `zjk_gis.standards.rules_table`).
    strict : bool, default False
        Refuse pipes that cannot be judged, instead of setting them aside.

    Returns
    -------
    GeoDataFrame
        One row a conflict, or a pair that cannot be judged, sorted by the codes, in a metric CRS:

        - ``finding_code`` (text), ``kind`` (text): ``horizontal`` (side by side), ``crossing`` (one over the
          other where their axes cross in plan) or ``vertical`` (one over the other without crossing);
        - ``pipe_a``, ``pipe_b`` (text): the codes, the lower first; ``pipe_b`` is missing where it is not a
          pipe, and ``beside_code`` (text) names that;
        - ``group_a``, ``group_b`` (text): what they are to the table, such as 给水 or 建筑;
        - ``net_m`` (float64): from edge to edge, negative where they overlap; NaN where it is not known;
        - ``required_m``, ``shortfall_m`` (float64): what the rule asks, and by how much it is missed;
        - ``status`` (text): ``needs_review`` (measures such as casings or partitions can allow less), or
          ``cannot_be_judged`` with ``lacking`` (text), the columns that would have to be known;
        - ``who_yields`` (text): the code of the pipe that gives way (避让); empty where the rules do not say;
          ``yields_by`` (text): ``gravity``, ``rigid``, ``size`` or ``pipe`` (to what is not a pipe);
        - ``rule`` (text) and ``confidence`` (text): the row of the table, and how sure it is;
        - the point half way between the nearest places.

        ``attrs["set_aside"]`` lists the pipes that are not judged: without code, known kind or sound shape,
        above ground, in a tunnel, or of a kind of which the table has nothing.

    Raises
    ------
    MissingColumnError
        If there is no ``pipe_code`` or ``pipe_kind``.
    EmptyLayerError
        If a layer has no rows.
    CRSError
        If a layer has no CRS.
    GeometryError
        If rows have no geometry or an invalid one and `strict` is set, or all of them.
    InputError
        If no kind is understood, a row of the table is not, or the tolerance is negative.

    Notes
    -----
    GB 50289-2016, tables 4.1.9 (horizontal) and 4.1.14 (vertical). Distances are net, edge to edge: half the
    width of each is subtracted; sizes are nominal ones, so walls are not. The horizontal rule is for pipes
    side by side, whatever their depths; where axes cross in plan, the vertical rule is asked. Heights are
    those at that place, along the slope, by levels where both have them, otherwise by depths. Pipes of
    one class (给水, 排水 ...) that are joined, by name or place, are no conflict. Who yields, in this
    order: pressure to gravity, flexible to rigid, small to large; the table does not tell trunks from
    branches or what is temporary. An unknown depth, size, pressure or manner of laying never passes: where
    it decides, the pair is listed as one that cannot be judged.

    Examples
    --------
    A water main of 200 mm beside a sewer of 300 mm, axes 1.20 m apart: 0.95 m net, where 1.0 m is asked.

    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> pipes = gpd.GeoDataFrame(
    ...     {"pipe_code": ["P1", "P2"], "pipe_kind": ["给水", "污水"], "diameter_mm": [200, 300]},
    ...     geometry=[LineString([(0, 0), (30, 0)]), LineString([(0, 1.2), (30, 1.2)])],
    ...     crs=4547,
    ... )
    >>> found = clearance_conflicts(pipes)
    >>> found[["kind", "net_m", "required_m", "shortfall_m", "who_yields"]].round(3)
             kind  net_m  required_m  shortfall_m who_yields
    0  horizontal   0.95         1.0         0.05         P1
    """
    require_amounts(tolerance_m=tolerance_m)
    aside = SetAside(strict=strict)
    pipes = pipes_of(pipelines, aside, at)
    beside = {"buildings": buildings, "trees": trees, "kerbs": kerbs, "railways": railways}
    things = things_of(pipes, aside, tables)
    for name, layer in beside.items():
        if layer is not None:
            things = things.with_layer(layer, name, pipes.crs, aside)
    separations = Separations.between(things.profiles, tables)
    pairs = _without_joints(near_pairs(things.lines(), _reach(things, separations)), things)
    if buildings is not None:
        pairs = _with_insides(pairs, things, buildings, pipes.crs)
    judged = [
        _judged(kind, chosen, things, separations, tolerance_m)
        for kind, chosen in _chosen(pairs, things).items()
    ]
    found = {name: np.concatenate([each[name] for each in judged]) for name in judged[0]}
    return aside.told_in(_as_findings(found, things, separations, pipes.crs))


def _reach(things: Things, separations: Separations) -> NDArray[np.float64]:
    """Return up to which distance pairs of profiles are asked about."""
    flat_reach, over = separations.most["horizontal"], separations.most["vertical"]
    reach = np.where(np.isnan(flat_reach), np.where(np.isnan(over), _NEVER, 0.0), flat_reach)
    # What is not a pipe is not judged against its like.
    fixed = np.array([thing.group in BESIDE.values() for thing in things.profiles])
    reach[np.ix_(fixed, fixed)] = _NEVER
    return reach


def _taken(pairs: LinePairs, which: NDArray[Any]) -> LinePairs:
    return LinePairs(*(getattr(pairs, each.name)[which] for each in fields(LinePairs)))


def _without_joints(pairs: LinePairs, things: Things) -> LinePairs:
    """Take away the pairs of pipes that are joined somewhere."""
    joined = (pairs.how & JOINT) > 0
    key = things.key(pairs)
    return _taken(pairs, ~np.isin(key, key[joined])) if joined.any() else pairs


def _with_insides(pairs: LinePairs, things: Things, buildings: gpd.GeoDataFrame, crs: Any) -> LinePairs:
    """Add the pipes that begin inside a building, however far from its walls."""
    shapes, _ = cleaned(buildings.geometry.to_numpy())
    areal = buildings.geom_type.isin(AREAL).to_numpy(dtype=bool) & has_place(shapes)
    areal &= shapely.is_valid(shapes)
    if not areal.any():
        return pairs
    moved = convert_crs(gpd.GeoDataFrame(geometry=shapes[areal], crs=buildings.crs), crs, name="buildings")
    coords, row = shapely.get_coordinates(things.shapes[: things.n_pipes], return_index=True)
    begins = coords[np.searchsorted(row, np.arange(things.n_pipes))]
    located = PolygonIndex(flat(moved.geometry.to_numpy())).locate(*begins.T)
    pipe = np.flatnonzero(located.row >= 0)
    # Buildings were added first behind the pipes; of each its first outline stands for it.
    ident = things.n_pipes + np.flatnonzero(areal)[located.row[pipe]]
    first = np.unique(things.ident, return_index=True)
    other = first[1][np.searchsorted(first[0], ident)]
    x, y = begins[pipe].T
    unknown = np.full(len(pipe), np.nan)
    more = (pipe, other, np.zeros(len(pipe)), x, y, x, y, unknown, np.zeros(len(pipe), np.int64))
    return LinePairs(
        *(
            np.concatenate([getattr(pairs, f.name), new])
            for f, new in zip(fields(LinePairs), more, strict=True)
        )
    )


def _chosen(pairs: LinePairs, things: Things) -> dict[str, LinePairs]:
    """Choose for each pair of lines and kind of question the place where it is answered."""
    half = things.half + things.doubt
    crosses = (pairs.how & CROSSES) > 0
    over = crosses | (pairs.distance < half[pairs.a] + half[pairs.b])
    fixed = (pairs.a >= things.n_pipes) | (pairs.b >= things.n_pipes)
    key = things.key(pairs)
    crossing = np.isin(key, key[crosses])
    # What crosses under a kerb, as every house connection does, does not run beside it.
    kerbs = np.array([each.group == BESIDE["kerbs"] for each in things.profiles])[things.profile]
    kerb = kerbs[pairs.a] | kerbs[pairs.b]
    rise = np.where(np.isnan(pairs.rise), np.inf, pairs.rise)
    asked = {
        "horizontal": (~crossing | (fixed & ~kerb), pairs.distance),
        "crossing": (over & crossing & ~fixed, rise),
        "vertical": (over & ~crossing & ~fixed, rise),
    }
    return {
        kind: _taken(pairs, _first_of_each(np.flatnonzero(which), key, by, pairs))
        for kind, (which, by) in asked.items()
    }


def _first_of_each(
    rows: NDArray[np.intp], key: NDArray[np.int64], by: NDArray[np.float64], pairs: LinePairs
) -> NDArray[np.intp]:
    """Return of each pair of lines the segments for which a number is least; of equals the nearest."""
    rows = rows[np.argsort(key[rows], kind="stable")]
    new = np.ones(len(rows), dtype=bool)
    new[1:] = key[rows[1:]] != key[rows[:-1]]
    several = np.ones(len(rows), dtype=bool)
    several[:-1] = ~new[1:]
    several |= ~new
    if len(rows):
        several[-1] = not new[-1]
    at = np.flatnonzero(several)  # pairs of pipes of one segment each have nothing to choose
    chosen = rows[at]
    order = np.lexsort((pairs.ay[chosen], pairs.ax[chosen], pairs.distance[chosen], by[chosen], key[chosen]))
    rows[at] = chosen[order]
    return rows[new]


def _judged(
    kind: str, pairs: LinePairs, things: Things, separations: Separations, tolerance_m: float
) -> _Findings:
    """Compare pairs with what the table asks of them; keep the conflicts and what cannot be judged."""
    direction = "horizontal" if kind == "horizontal" else "vertical"
    a, b = pairs.a, pairs.b
    pa, pb = things.profile[a], things.profile[b]
    least, most = separations.least[direction][pa, pb], separations.most[direction][pa, pb]
    if direction == "horizontal":
        net = pairs.distance - things.half[a] - things.half[b]
        doubt = things.doubt[a] + things.doubt[b]
    else:
        net = pairs.rise - things.half_height[a] - things.half_height[b]
        doubt = np.zeros(len(net))
    short = net < least - tolerance_m - _EXACT
    unsure = ~short & ~np.isnan(least) & (np.isnan(net) | (net - doubt < most - tolerance_m - _EXACT))
    rows = np.flatnonzero(short | unsure)
    a, b, net, short = a[rows], b[rows], net[rows], short[rows]
    required = np.where(short, least[rows], np.where(np.isnan(net), least[rows], most[rows]))
    no_size = np.isnan(things.size_mm) & (np.arange(len(things.codes)) < things.n_pipes)
    no_size_here = no_size[a] | no_size[b]
    no_level = (direction == "vertical") & np.isnan(net) & ~no_size_here
    return {
        "kind": np.full(len(rows), _KINDS.index(kind)),
        "a": a,
        "b": b,
        "net_m": net,
        "required_m": required,
        "shortfall_m": np.where(short, required - net, np.nan),
        "unsure": ~short,
        "no_size": no_size_here & ~short,
        "no_level": no_level & ~short,
        "profiles": pa[rows] * len(things.profiles) + pb[rows],
        "x": (pairs.ax[rows] + pairs.bx[rows]) / 2,
        "y": (pairs.ay[rows] + pairs.by[rows]) / 2,
    }


def _as_findings(found: _Findings, things: Things, separations: Separations, crs: Any) -> gpd.GeoDataFrame:
    """Name the pairs, say who yields, and number them."""
    a, b = found["a"], found["b"]
    # A pipe stands first, of two pipes the one with the lower code.
    codes = pd.array(things.codes, dtype="str")
    place = np.empty(len(codes), np.int64)
    place[pd.Series(codes).argsort(kind="stable").to_numpy()] = np.arange(len(codes))
    pipe = np.arange(len(codes)) < things.n_pipes
    turned = (~pipe[a] & pipe[b]) | ((pipe[a] == pipe[b]) & (place[b] < place[a]))
    a, b = np.where(turned, b, a), np.where(turned, a, b)
    order = np.argsort((place[a] * len(codes) + place[b]) * len(_KINDS) + found["kind"], kind="stable")
    found, a, b = {name: each[order] for name, each in found.items()}, a[order], b[order]
    yields, by = _yielding(a, b, things)
    groups = [thing.group for thing in things.profiles]
    told = _told(found, separations)
    number = pd.Series(np.arange(1, len(order) + 1)).astype("str").str.zfill(6)
    table = pd.DataFrame(
        {
            "finding_code": "J" + number,
            "kind": text_at(_KINDS, found["kind"]),
            "pipe_a": codes.take(a),
            "pipe_b": codes.take(np.where(pipe[b], b, -1), allow_fill=True),
            "beside_code": codes.take(np.where(pipe[b], -1, b), allow_fill=True),
            "group_a": text_at(groups, things.profile[a]),
            "group_b": text_at(groups, things.profile[b]),
            **{name: found[name] for name in ("net_m", "required_m", "shortfall_m")},
            "status": text_at(_STATES, found["unsure"].astype(np.int64)),
            "lacking": told["lacking"],
            "who_yields": _yielders(codes, a, b, yields),
            "yields_by": text_at(_YIELDS_BY, by),
            "rule": told["rule"],
            "confidence": told["confidence"],
        }
    )
    points = shapely.points(found["x"], found["y"])
    return gpd.GeoDataFrame(table, geometry=points, crs=crs)


def _yielders(codes: Any, a: NDArray[np.int64], b: NDArray[np.int64], yields: NDArray[np.int64]) -> Any:
    """Return the code of the pipe that gives way, empty where the rules do not say."""
    with_nobody = pd.concat([pd.Series(codes), pd.Series([""], dtype="str")]).array
    return with_nobody.take(np.where(yields == 0, len(codes), np.where(yields == 1, a, b)))


def _told(found: _Findings, separations: Separations) -> dict[str, Any]:
    """Say by which row of the table each pair is judged, and what would have to be known."""
    states = found["unsure"] + 2 * found["no_size"] + 4 * found["no_level"]
    number, distinct = pd.factorize((found["profiles"] * 2 + (found["kind"] > 0)) * 8 + states)
    words: dict[str, list[str]] = {"rule": [], "confidence": [], "lacking": []}
    for key in distinct.tolist():
        profiles, state = key // 16, key % 8
        name = ("horizontal", "vertical")[key // 8 % 2]
        words["rule"].append(separations.rule[name].flat[profiles])
        words["confidence"].append(separations.confidence[name].flat[profiles])
        lacking = {"diameter_mm"} if state & 2 else set()
        lacking |= {"from_level_m", "to_level_m"} if state & 4 else set()
        lacking |= (
            set(filter(None, separations.lacking[name].flat[profiles].split(";"))) if state & 1 else set()
        )
        words["lacking"].append(";".join(sorted(lacking)))
    return {name: text_at(each, number) for name, each in words.items()}


def _yielding(
    a: NDArray[np.int64], b: NDArray[np.int64], things: Things
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Say which of two gives way: 1 the first, 2 the second, 0 the rules do not say; and by which rule."""
    groups = np.array([thing.group for thing in things.profiles])
    gravity, flexible = (groups == "排水")[things.profile], np.isin(groups, _FLEXIBLE)[things.profile]
    size = np.nan_to_num(things.size_mm)
    yields, by = np.zeros(len(a), np.int64), np.zeros(len(a), np.int64)
    rules = (
        (b >= things.n_pipes, np.zeros(len(a), dtype=bool)),
        (~gravity[a] & gravity[b], gravity[a] & ~gravity[b]),
        (flexible[a] & ~flexible[b], ~flexible[a] & flexible[b]),
        ((size[a] > 0) & (size[a] < size[b]), (size[b] > 0) & (size[b] < size[a])),
    )
    for name, (first, second) in enumerate(rules, start=1):
        free = yields == 0
        by[free & (first | second)] = name
        yields[free & first], yields[free & second] = 1, 2
    return yields, by
