"""Pipes that lie too near to one another, or to buildings, trees, kerbs and railways (净距冲突)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.crs import convert_crs
from zjk_gis.engine import PolygonIndex
from zjk_gis.engine.line_pairs import CROSSES, JOINT, LinePairs, Lines, near_pairs
from zjk_gis.layers.catalogue import PIPELINES
from zjk_gis.layers.columns.values import code_text, understood
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.results import spec_in
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.layers.shapes import flat
from zjk_gis.pipes.clearance.separations import Separations, Thing
from zjk_gis.pipes.dimensions import burials_of, dimensions_of, kinds_of, numbers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from zjk_gis.standards.rules import Overrides

__all__ = ["clearance_conflicts"]

_GROUPS = {"JS": "给水", "PS": "排水", "RQ": "燃气", "RL": "热力", "DL": "电力", "TX": "通信"}
_RECLAIMED = "ZS"
_IN_TRENCH = ("GG", "XTD")  # 管沟, 小通道: the table asks of the trench, not of what lies in it
_ABOVE_GROUND = ("JK", "DM", "SJ")  # 架空, 地面, 上架
_IN_TUNNEL = ("ZH", "RF", "JN")  # 综合管廊, 人防, 井内: side by side by design
_LAID = {"ZM": "直埋"}
_DUCTED = {"GM", "GK"}  # 管埋, 管块
_DUCT = {"电力": "保护管", "通信": "管道"}
_BESIDE = {"buildings": "建筑", "trees": "树木", "kerbs": "路缘石", "railways": "铁路"}
_FLEXIBLE = ("电力", "通信")
_KINDS = ("horizontal", "crossing", "vertical")
_STATES = ("needs_review", "cannot_be_judged")
_YIELDS_BY = ("", "pipe", "gravity", "rigid", "size")
_EXACT = 1e-6  # less is rounding
_UNKNOWN_HALF_M = 1.0  # of a pipe whose class has no known size at all
_NEVER = -1e9


def clearance_conflicts(
    pipelines: gpd.GeoDataFrame,
    *,
    buildings: gpd.GeoDataFrame | None = None,
    trees: gpd.GeoDataFrame | None = None,
    kerbs: gpd.GeoDataFrame | None = None,
    railways: gpd.GeoDataFrame | None = None,
    tolerance_m: float = 0.0,
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
          pipe, and ``other_code`` (text) names that;
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
    given = aside.sound(pipelines, "pipelines", kind="line", filled=["pipe_code", "pipe_kind"])
    pipes = ready(given, "pipelines", kind="line", code="pipe_code")
    ready(pipes, "pipelines", kind="line", code="pipe_kind")
    beside = {"buildings": buildings, "trees": trees, "kerbs": kerbs, "railways": railways}
    things = _things_of(pipes, aside)
    for name, layer in beside.items():
        if layer is not None:
            things = things.with_layer(layer, name, pipes.crs, aside)
    separations = Separations.between(things.profiles, tables)
    pairs = _without_joints(near_pairs(things.lines(), _reach(things, separations)), things)
    if buildings is not None:
        pairs = _with_insides(pairs, things, buildings, pipes.crs)
    found = pd.concat(
        [
            _judged(kind, chosen, things, separations, tolerance_m)
            for kind, chosen in _chosen(pairs, things).items()
        ],
        ignore_index=True,
    )
    return aside.told_in(_as_findings(found, things, separations, pipes.crs))


@dataclass(frozen=True, slots=True)
class _Things:
    """Pipes and what stands beside them, one behind the other."""

    shapes: NDArray[Any]
    codes: NDArray[np.object_]
    group: NDArray[np.object_]
    profile: NDArray[np.int64]
    profiles: list[Thing]
    half: NDArray[np.float64]  # of the width; 0 where it is not known
    doubt: NDArray[np.float64]  # by how much it may be more
    half_height: NDArray[np.float64]
    size_mm: NDArray[np.float64]
    z: NDArray[np.float64]  # axis level and depth at the beginning and end: (n, 4)
    nodes: NDArray[np.int64]
    family: NDArray[np.int64]
    ident: NDArray[np.int64]  # the row; outlines of one building share it
    n_pipes: int

    def key(self, pairs: LinePairs) -> NDArray[np.int64]:
        """Return one number for each pair of rows."""
        found: NDArray[np.int64] = self.ident[pairs.a] * (self.ident.max(initial=0) + 1) + self.ident[pairs.b]
        return found

    def lines(self) -> Lines:
        """Return what compiled code asks: vertices with heights, segments, ends."""
        coords, row, run = _vertices(self.shapes)
        begin, end = self.z[row][:, [0, 2]], self.z[row][:, [1, 3]]
        heights = begin + run[:, None] * (end - begin)
        same = row[:-1] == row[1:]
        starts = np.flatnonzero(same)
        first = np.searchsorted(row, np.arange(len(self.shapes)))
        last = np.searchsorted(row, np.arange(len(self.shapes)), side="right") - 1
        return Lines(
            np.column_stack([coords, heights]),
            starts,
            row[starts],
            self.half + self.doubt,
            self.profile,
            np.hstack([coords[first], coords[last]]),
            self.nodes,
            self.family,
        )

    def with_layer(self, layer: gpd.GeoDataFrame, name: str, crs: Any, aside: SetAside) -> _Things:
        """Add a layer of what stands beside the pipes."""
        shapes, rows = _beside(layer, name, crs, aside)
        spec = spec_in(map(str, layer.columns))
        codes = layer.index.astype(str) if spec is None else code_text(layer[spec.code]).fillna("")
        n, group = len(shapes), _BESIDE[name]
        profiles = [*self.profiles, Thing(group)]
        nothing = np.zeros(n)

        def more(ours: NDArray[Any], theirs: Any) -> NDArray[Any]:
            return np.concatenate([ours, np.broadcast_to(theirs, (n, *ours.shape[1:]))])

        return _Things(
            np.concatenate([self.shapes, shapes]),
            more(self.codes, np.asarray(codes, dtype=object)[rows]),
            more(self.group, np.full(n, group, dtype=object)),
            more(self.profile, len(self.profiles)),
            profiles,
            more(self.half, nothing),
            more(self.doubt, nothing),
            more(self.half_height, nothing),
            more(self.size_mm, np.nan),
            more(self.z, np.nan),
            more(self.nodes, -1),
            more(self.family, -len(profiles)),
            np.concatenate([self.ident, self.ident.max(initial=-1) + 1 + rows]),
            self.n_pipes,
        )


def _vertices(shapes: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Return vertices, their row, and the share of the way along their line at which each lies."""
    coords, row = shapely.get_coordinates(shapes, return_index=True)
    step = np.zeros(len(coords))
    step[1:] = np.where(row[1:] == row[:-1], np.hypot(*np.diff(coords, axis=0).T), 0.0)
    run = np.cumsum(step)
    first = np.searchsorted(row, np.arange(len(shapes)))
    last = np.searchsorted(row, np.arange(len(shapes)), side="right") - 1
    whole = run[last] - run[first]
    return coords, row.astype(np.int64), (run - run[first][row]) / np.where(whole > 0, whole, 1.0)[row]


def _things_of(pipes: gpd.GeoDataFrame, aside: SetAside) -> _Things:
    """Read what the table asks of each pipe; set those aside of which it has nothing."""
    kinds = kinds_of(pipes, aside)
    burial = burials_of(pipes)
    group = kinds["class_code"].map(_GROUPS).fillna("").to_numpy(dtype=object)
    group[(kinds["pipe_kind"] == _RECLAIMED).to_numpy(dtype=bool)] = "再生水"
    group[np.isin(burial, _IN_TRENCH) & (group != "")] = "管沟"
    reasons = np.select(
        [np.isin(burial, _ABOVE_GROUND), np.isin(burial, _IN_TUNNEL), group == ""],
        ["above_ground", "in_a_tunnel", "no_rule"],
        "",
    )
    known = kinds["pipe_kind"].notna().to_numpy()
    aside.note(pipes, "pipelines", (reasons != "") & known, reasons, pipes["pipe_kind"])
    judged = np.flatnonzero((reasons == "") & known)
    pipes, kinds, group, burial = pipes.iloc[judged], kinds.iloc[judged], group[judged], burial[judged]
    size = dimensions_of(pipes, kinds["gravity"].to_numpy())
    half = np.nan_to_num(size.width / 2)
    profile, profiles = _profiles(pipes, group, size.width * 1000, burial)
    axis = np.hstack([size.axis_levels, -size.axis_depths])
    return _Things(
        _lines_of(pipes),
        code_text(pipes["pipe_code"]).to_numpy(dtype=object),
        group,
        profile,
        profiles,
        half,
        _doubts(size.width, group),
        size.height / 2,
        size.width * 1000,
        axis,
        _nodes_of(pipes),
        pd.factorize(kinds["class_code"])[0].astype(np.int64),
        np.arange(len(pipes)),
        len(pipes),
    )


def _lines_of(pipes: gpd.GeoDataFrame) -> NDArray[Any]:
    """Return pipes as single lines: parts that follow one another are joined where they meet."""
    shapes = flat(pipes.geometry.to_numpy())
    several = np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.MULTILINESTRING)
    shapes = shapes.copy()
    for at in several.tolist():
        merged = shapely.line_merge(shapes[at])
        shapes[at] = (
            merged
            if merged.geom_type == "LineString"
            else shapely.LineString(shapely.get_coordinates(shapes[at]))
        )
    return shapes


def _doubts(width: NDArray[np.float64], group: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return half of what a pipe of unknown size may be wide: as wide as the widest of its group."""
    doubt = np.zeros(len(width))
    unknown = np.isnan(width)
    for name in set(group[unknown].tolist()):
        rows = group == name
        known = width[rows & ~unknown]
        doubt[rows & unknown] = known.max() / 2 if len(known) else _UNKNOWN_HALF_M
    return doubt


def _profiles(
    pipes: gpd.GeoDataFrame, group: NDArray[np.object_], size_mm: NDArray[np.float64], burial: NDArray[Any]
) -> tuple[NDArray[np.int64], list[Thing]]:
    """Return a number for each pipe, the same where the table asks the same, and what each stands for."""
    pressure = np.full(len(pipes), "", dtype=object)
    if "gas_pressure" in pipes:
        meant, _ = understood(pipes["gas_pressure"], PIPELINES.field("gas_pressure"))
        pressure = np.where(group == "燃气", meant.fillna(""), "").astype(object)
    laid = pd.Series(burial).map(_LAID).fillna("").to_numpy(dtype=object)
    ducted = np.isin(burial, list(_DUCTED))
    laid[ducted] = pd.Series(group[ducted]).map(_DUCT).fillna("").to_numpy(dtype=object)
    voltage = np.where(group == "电力", numbers_of(pipes, "voltage_kv"), np.nan)
    table = pd.DataFrame(
        {"group": group, "size": size_mm, "pressure": pressure, "laid": laid, "voltage": voltage}
    )
    number = table.groupby(list(table.columns), sort=True, dropna=False).ngroup().to_numpy(np.int64)
    firsts = np.unique(number, return_index=True)[1]
    things = [Thing(*row) for row in table.iloc[firsts].itertuples(index=False, name=None)]
    return number, things


def _nodes_of(pipes: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Return a number for the point that each pipe names at either end; -1 where it names none."""
    names = [
        code_text(pipes[end]).to_numpy(dtype=object) if end in pipes else np.full(len(pipes), None, object)
        for end in ("from_manhole", "to_manhole")
    ]
    number, _ = pd.factorize(np.concatenate(names))
    return np.ascontiguousarray(number.reshape(2, -1).T, dtype=np.int64)


def _beside(
    layer: gpd.GeoDataFrame, name: str, crs: Any, aside: SetAside
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return what stands beside pipes as lines: outlines of polygons, points as lines of no length."""
    shapes = layer.geometry.to_numpy()
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    wrong = ~missing & ~shapely.is_valid(shapes)
    reasons = np.select([missing, wrong], ["no_geometry", "invalid_geometry"], "")
    aside.note(layer, name, missing | wrong, reasons, pd.Series("", index=layer.index))
    usable = np.flatnonzero(~missing & ~wrong)
    moved = convert_crs(gpd.GeoDataFrame(geometry=layer.geometry.iloc[usable]), crs, name=name)
    plain = flat(moved.geometry.to_numpy())
    areal = shapely.get_dimensions(plain) == 2
    plain = np.where(areal, shapely.boundary(plain), plain)
    parts, row = shapely.get_parts(plain, return_index=True)
    points = shapely.get_dimensions(parts) == 0
    if points.any():
        spot = shapely.get_coordinates(parts[points])
        parts[points] = shapely.linestrings(np.stack([spot, spot], axis=1))
    return parts, usable[row]


def _reach(things: _Things, separations: Separations) -> NDArray[np.float64]:
    """Return up to which distance pairs of profiles are asked about."""
    flat_reach, over = separations.most["horizontal"], separations.most["vertical"]
    reach = np.where(np.isnan(flat_reach), np.where(np.isnan(over), _NEVER, 0.0), flat_reach)
    # What is not a pipe is not judged against its like.
    fixed = np.array([thing.group in _BESIDE.values() for thing in things.profiles])
    reach[np.ix_(fixed, fixed)] = _NEVER
    return reach


def _taken(pairs: LinePairs, which: NDArray[Any]) -> LinePairs:
    return LinePairs(*(getattr(pairs, each.name)[which] for each in fields(LinePairs)))


def _without_joints(pairs: LinePairs, things: _Things) -> LinePairs:
    """Take away the pairs of pipes that are joined somewhere."""
    joined = (pairs.how & JOINT) > 0
    key = things.key(pairs)
    return _taken(pairs, ~np.isin(key, key[joined])) if joined.any() else pairs


def _with_insides(pairs: LinePairs, things: _Things, buildings: gpd.GeoDataFrame, crs: Any) -> LinePairs:
    """Add the pipes that begin inside a building, however far from its walls."""
    shapes = buildings.geometry.to_numpy()
    areal = (shapely.get_dimensions(shapes) == 2) & shapely.is_valid(shapes)
    if not areal.any():
        return pairs
    moved = convert_crs(gpd.GeoDataFrame(geometry=buildings.geometry[areal]), crs, name="buildings")
    begins = shapely.get_coordinates(shapely.get_point(things.shapes[: things.n_pipes], 0))
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


def _chosen(pairs: LinePairs, things: _Things) -> dict[str, LinePairs]:
    """Choose for each pair of lines and kind of question the place where it is answered."""
    over = (pairs.how & CROSSES > 0) | (
        pairs.distance < (things.half + things.doubt)[pairs.a] + (things.half + things.doubt)[pairs.b]
    )
    over &= (pairs.a < things.n_pipes) & (pairs.b < things.n_pipes)
    key = things.key(pairs)
    crossing = np.isin(key, key[(pairs.how & CROSSES) > 0])
    rise = np.where(np.isnan(pairs.rise), np.inf, pairs.rise)
    fixed = (pairs.a >= things.n_pipes) | (pairs.b >= things.n_pipes)
    first_of = {
        "horizontal": (~crossing | fixed, pairs.distance),
        "crossing": (over & crossing, rise),
        "vertical": (over & ~crossing, rise),
    }
    chosen = {}
    for kind, (which, by) in first_of.items():
        rows = np.flatnonzero(which)
        order = rows[np.lexsort((pairs.distance[rows], by[rows], key[rows]))]
        first = order[np.unique(key[order], return_index=True)[1]]
        chosen[kind] = _taken(pairs, first)
    return chosen


def _judged(
    kind: str, pairs: LinePairs, things: _Things, separations: Separations, tolerance_m: float
) -> pd.DataFrame:
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
    return pd.DataFrame(
        {
            "kind": _KINDS.index(kind),
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
    )


def _words(values: Sequence[Any], codes: NDArray[Any]) -> Any:
    """Return a column of text by numbers of its few words; -1 is missing."""
    return pd.array(np.asarray(values, dtype=object), dtype="str").take(codes, allow_fill=True)


def _as_findings(
    found: pd.DataFrame, things: _Things, separations: Separations, crs: Any
) -> gpd.GeoDataFrame:
    """Name the pairs, say who yields, and number them."""
    a, b = found["a"].to_numpy(np.int64), found["b"].to_numpy(np.int64)
    # A pipe stands first, of two pipes the one with the lower code.
    codes = things.codes.astype(str)
    place = np.empty(len(codes), np.int64)
    place[np.lexsort((np.arange(len(codes)), codes))] = np.arange(len(codes))
    pipe = np.arange(len(codes)) < things.n_pipes
    turned = (~pipe[a] & pipe[b]) | ((pipe[a] == pipe[b]) & (place[b] < place[a]))
    a, b = np.where(turned, b, a), np.where(turned, a, b)
    order = np.lexsort((found["y"], found["x"], found["kind"], place[b], place[a]))
    found, a, b = found.iloc[order], a[order], b[order]
    yields, by = _yielding(a, b, things)
    group, groups = pd.factorize(things.group)
    told = _told(found, separations)
    number = [f"J{i:06d}" for i in range(1, len(found) + 1)]
    table = pd.DataFrame(
        {
            "finding_code": pd.array(number, dtype="str"),
            "kind": _words(_KINDS, found["kind"].to_numpy()),
            "pipe_a": _words(codes, a),
            "pipe_b": _words(codes, np.where(pipe[b], b, -1)),
            "other_code": _words(codes, np.where(pipe[b], -1, b)),
            "group_a": _words(groups, group[a]),
            "group_b": _words(groups, group[b]),
            **{name: found[name].to_numpy() for name in ("net_m", "required_m", "shortfall_m")},
            "status": _words(_STATES, found["unsure"].to_numpy(np.int64)),
            "lacking": told["lacking"],
            "who_yields": _words(
                [*codes, ""], np.where(yields == 0, len(codes), np.where(yields == 1, a, b))
            ),
            "yields_by": _words(_YIELDS_BY, by),
            "rule": told["rule"],
            "confidence": told["confidence"],
        }
    )
    points = gpd.points_from_xy(found["x"].to_numpy(), found["y"].to_numpy())
    return gpd.GeoDataFrame(table, geometry=points, crs=crs)


def _told(found: pd.DataFrame, separations: Separations) -> dict[str, Any]:
    """Say by which row of the table each pair is judged, and what would have to be known."""
    vertical = (found["kind"] > 0).to_numpy(np.int64)
    states = found[["unsure", "no_size", "no_level"]].to_numpy(np.int64) @ np.array([1, 2, 4])
    number, distinct = pd.factorize((found["profiles"].to_numpy() * 2 + vertical) * 8 + states)
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
    return {name: _words(each, number) for name, each in words.items()}


def _yielding(
    a: NDArray[np.int64], b: NDArray[np.int64], things: _Things
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Say which of two gives way: 1 the first, 2 the second, 0 the rules do not say; and by which rule."""
    gravity = things.group == "排水"
    flexible = np.isin(things.group.astype(str), _FLEXIBLE)
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
