"""How the rows of a layer must lie to each other, and to themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from zjk_gis.crs import as_metric
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.columns.values import alike, as_text, converted, understood
from zjk_gis.layers.shapes import has_shape, point_coordinates
from zjk_gis.standards import rules_table
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.layers.checks.problems import Problems
    from zjk_gis.layers.spec import LayerSpec
    from zjk_gis.standards.rules import Overrides

__all__ = ["TOPOLOGY", "Periods", "manhole_spacing", "parts_apart", "uncontrolled_rim_m"]

_SAME_PLACE_M = 0.01
_NO_OVERLAP_M2 = 0.01  # less is how coordinates were rounded, not how ground was drawn
_AT_ONCE, _MOST_PAIRS = 200, 5_000_000
_CORE, _CONTROL = "核心保护范围", "建设控制地带"


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """From when to when the rows of a layer hold, as day numbers, both included; which can be read."""

    begins: NDArray[np.int64]
    ends: NDArray[np.int64]
    usable: NDArray[np.bool_]

    def meet(self, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which pairs of rows hold on a common day."""
        shared: NDArray[np.bool_] = (self.begins[one] <= self.ends[other]) & (
            self.begins[other] <= self.ends[one]
        )
        return shared


def _sound(layer: gpd.GeoDataFrame, dimension: int | None = None) -> NDArray[np.int64]:
    """Return the places of the rows whose geometry can be worked with."""
    shapes = layer.geometry.to_numpy()
    sound = has_shape(shapes) & shapely.is_valid(shapes)
    if dimension is not None:
        sound &= shapely.get_dimensions(shapes) == dimension
    return np.flatnonzero(sound)


def _name(layer: gpd.GeoDataFrame, spec: LayerSpec, at: NDArray[np.int64]) -> NDArray[np.object_]:
    """Name rows by their code, or by their label where they have none."""
    labels = np.array([f"[{label}]" for label in layer.index[at]], dtype=object)
    if spec.code not in layer.columns:
        return labels
    codes = as_text(layer[spec.code].iloc[at])
    return np.where(codes.isna().to_numpy(), labels, codes.to_numpy(dtype=object, na_value=""))


def _mask(layer: gpd.GeoDataFrame, at: NDArray[np.int64]) -> NDArray[np.bool_]:
    mask = np.zeros(len(layer), dtype=bool)
    mask[at] = True
    return mask


def _no_overlap(problems: Problems, layer: gpd.GeoDataFrame, spec: LayerSpec, periods: Periods) -> None:
    at = _sound(layer, 2)
    if not len(at):
        return
    shapes = as_metric(layer.iloc[at], spec.name).geometry.to_numpy()
    # Rows that repeat a shape and its period are one item: a thousand copies are not a million pairs.
    keys = pd.DataFrame(
        {
            "shape": pd.Series(shapely.to_wkb(shapely.normalize(shapes)), dtype=object),
            "begin": periods.begins[at],
            "end": periods.ends[at],
        }
    )
    item, firsts = _numbered(keys)
    pairs = _overlapping_items(shapes[firsts], at[firsts], periods)
    if pairs is None:
        why = tr("over {most:,} pairs (zjk_gis.overlapping_zones)", most=_MOST_PAIRS, lang=problems.lang)
        problems.skip("no_overlap", why)
        return
    one, other, area = pairs
    copied = np.bincount(item) > 1
    same = np.flatnonzero(copied)
    found = pd.DataFrame(
        {
            "item": np.concatenate([one, other, same]),
            "other": np.concatenate([other, one, same]),
            "area": np.concatenate([area, area, shapely.area(shapes[firsts[same]])]),
        }
    ).sort_values(["item", "area", "other"], ascending=[True, False, True], kind="stable")
    largest = found.drop_duplicates("item").set_index("item")  # one problem a row: with whom it shares most
    rows = np.flatnonzero(np.isin(item, largest.index.to_numpy()))
    told = largest.loc[item[rows]]
    others = firsts[told["other"].to_numpy()]
    itself = others == rows  # the first of several copies, which is told of the next
    others[itself] = _seconds(item, firsts)[item[rows[itself]]]
    names = _name(layer, spec, at[others])
    words: list[dict[str, object]] = [
        {"other": name, "area": f"{each:,.2f}"} for name, each in zip(names, told["area"], strict=True)
    ]
    problems.add(_mask(layer, at[rows]), layer.active_geometry_name or "geometry", "no_overlap", words=words)


def _numbered(keys: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return a number for each row, the same where keys are, and where each number first appears."""
    numbers = np.asarray(keys.groupby(list(keys.columns), sort=False, dropna=False).ngroup(), dtype=np.int64)
    return numbers, np.unique(numbers, return_index=True)[1].astype(np.int64)


def _seconds(numbers: NDArray[np.int64], firsts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each number appears for the second time; -1 where it does not."""
    later = np.setdiff1d(np.arange(len(numbers)), firsts)
    again, at = np.unique(numbers[later], return_index=True)
    seconds = np.full(len(firsts), -1, dtype=np.int64)
    seconds[again] = later[at]
    return seconds


def _overlapping_items(
    shapes: NDArray[np.object_], at: NDArray[np.int64], periods: Periods
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]] | None:
    """Pair the shapes that share ground at the same time, with how much; None if pairs are too many."""
    tree = shapely.STRtree(shapes)
    ones, others, seen = [np.empty(0, np.int64)], [np.empty(0, np.int64)], 0
    for begin in range(0, len(shapes), _AT_ONCE):
        one, other = tree.query(shapes[begin : begin + _AT_ONCE])
        one = one + begin
        later = one < other
        seen += int(later.sum())
        if seen > _MOST_PAIRS:
            return None
        ones.append(one[later])
        others.append(other[later])
    one, other = np.concatenate(ones), np.concatenate(others)
    at_once = periods.meet(at[one], at[other])
    one, other = one[at_once], other[at_once]
    deep = shapely.relate_pattern(shapes[one], shapes[other], "T********")
    one, other = one[deep], other[deep]
    area = shapely.area(shapely.intersection(shapes[one], shapes[other]))
    large = area > _NO_OVERLAP_M2
    return one[large], other[large], area[large]


def _repeated(
    problems: Problems,
    layer: gpd.GeoDataFrame,
    spec: LayerSpec,
    periods: Periods,
    *,
    at: NDArray[np.int64],
    keys: pd.DataFrame,
    field: str,
    rule: str,
) -> None:
    """List the rows whose key comes again at the same time, with the first other row of that key."""
    columns = list(keys.columns)
    keys = keys.assign(at=at, begin=periods.begins[at], end=periods.ends[at])
    several = keys[keys.duplicated(columns, keep=False)].reset_index(drop=True)
    if several.empty:
        return
    rows, others = [], []
    for _, group in several.groupby(columns, sort=False):
        begins, ends, places = (group[name].to_numpy() for name in ("begin", "end", "at"))
        if (
            begins.max() <= ends.min()
        ):  # all hold on a common day: each is told of the first, that of the second
            rows += places.tolist()
            others += [places[1], *[places[0]] * (len(places) - 1)]
            continue
        order = np.lexsort((places, begins)).tolist()
        lasting = order[0]  # whichever overlaps a later row overlaps the longest-lasting one before it
        for k in order[1:]:
            if begins[k] <= ends[lasting]:
                rows += [places[k], places[lasting]]
                others += [places[lasting], places[k]]
            lasting = k if ends[k] > ends[lasting] else lasting
    pairs = pd.DataFrame({"at": rows, "other": others}, dtype=np.int64)
    first = pairs.sort_values(["at", "other"], kind="stable").drop_duplicates("at")
    names = _name(layer, spec, first["other"].to_numpy())
    words: list[dict[str, object]] = [{"other": name} for name in names]
    problems.add(_mask(layer, first["at"].to_numpy()), field, rule, words=words)


def _repeated_geometry(
    problems: Problems, layer: gpd.GeoDataFrame, spec: LayerSpec, periods: Periods
) -> None:
    at = _sound(layer)
    shapes = shapely.force_2d(layer.geometry.to_numpy()[at])
    bounds = pd.DataFrame(shapely.bounds(shapes))
    near = np.flatnonzero(bounds.duplicated(keep=False))  # the costly key only where it can matter
    written = shapely.to_wkb(shapely.normalize(shapes[near]))
    keys = pd.DataFrame({"shape": pd.Series(written, dtype=object)})
    field = layer.active_geometry_name or "geometry"
    _repeated(problems, layer, spec, periods, at=at[near], keys=keys, field=field, rule="repeated_geometry")


def _repeated_place(problems: Problems, layer: gpd.GeoDataFrame, spec: LayerSpec, periods: Periods) -> None:
    at = _sound(layer, 0)
    at = at[shapely.get_type_id(layer.geometry.to_numpy()[at]) == shapely.GeometryType.POINT]
    shapes = layer.geometry.to_numpy()[at]
    unit = 111_000.0 if layer.crs.is_geographic else layer.crs.axis_info[0].unit_conversion_factor
    step = _SAME_PLACE_M / unit
    x, y = point_coordinates(shapes)
    keys = pd.DataFrame({"x": np.round(x / step).astype(np.int64), "y": np.round(y / step).astype(np.int64)})
    if "pipe_kind" in layer.columns:  # a rain and a sewage manhole may share a point on a plan
        keys["kind"] = alike(layer["pipe_kind"].iloc[at], spec.field("pipe_kind")).to_numpy(dtype=object)
    field = layer.active_geometry_name or "geometry"
    _repeated(problems, layer, spec, periods, at=at, keys=keys, field=field, rule="repeated_place")


def _members_apart(problems: Problems, layer: gpd.GeoDataFrame, spec: LayerSpec, _: Periods) -> None:
    at = _sound(layer, 2)
    parts = parts_apart(layer.geometry.to_numpy()[at])
    words: list[dict[str, object]] = [{"parts": int(each)} for each in parts[parts > 1]]
    field = layer.active_geometry_name or "geometry"
    problems.add(_mask(layer, at[parts > 1]), field, "members_apart", words=words)


def parts_apart(shapes: NDArray[np.object_]) -> NDArray[np.int64]:
    """Count the parts of polygons that share no edge with each other; a corner alone joins none.

    Examples
    --------
    >>> parts_apart(np.array([shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(1, 1, 2, 2)])]))
    array([2])
    """
    parts = np.asarray(shapely.get_num_geometries(shapes), dtype=np.int64)
    for i in np.flatnonzero(parts > 1):
        parts[i] = shapely.get_num_geometries(shapely.union_all(shapely.get_parts(shapes[i])))
    return parts


def _start_is_end(problems: Problems, layer: gpd.GeoDataFrame, spec: LayerSpec, _: Periods) -> None:
    same = np.zeros(len(layer), dtype=bool)
    if {"from_manhole", "to_manhole"} <= set(layer.columns):
        begin, end = as_text(layer["from_manhole"]), as_text(layer["to_manhole"])
        same |= (begin.notna() & (begin == end)).to_numpy(dtype=bool)
    at = _sound(layer, 1)
    shapes = layer.geometry.to_numpy()[at]
    single = shapely.get_type_id(shapes) == shapely.GeometryType.LINESTRING
    same[at[single]] |= shapely.is_closed(shapes[single])
    problems.add(same, "from_manhole", "start_is_end")


def _repeated_segment(problems: Problems, layer: gpd.GeoDataFrame, spec: LayerSpec, periods: Periods) -> None:
    """List the segments that are there again: of the same two ends, kind and line. Twin pipes are not."""
    if not {"from_manhole", "to_manhole"} <= set(layer.columns):
        return
    begin, end = as_text(layer["from_manhole"]), as_text(layer["to_manhole"])
    at = np.flatnonzero((begin.notna() & end.notna() & (begin != end)).to_numpy(dtype=bool))
    ends = np.stack([begin.iloc[at].to_numpy(dtype="U"), end.iloc[at].to_numpy(dtype="U")], axis=1)
    ends.sort(axis=1)
    keys = pd.DataFrame({"one": ends[:, 0], "other": ends[:, 1]})
    if "pipe_kind" in layer.columns:
        keys["kind"] = alike(layer["pipe_kind"].iloc[at], spec.field("pipe_kind")).to_numpy(dtype=object)
    again = keys.duplicated(keep=False).to_numpy()  # the costly question only where it can matter
    keys, at = keys[again].reset_index(drop=True), at[again]
    if not len(at):
        return
    keys["line"] = _line_numbers(layer, spec, at, _numbered(keys)[0])
    _repeated(problems, layer, spec, periods, at=at, keys=keys, field="from_manhole", rule="repeated_segment")


def _line_numbers(
    layer: gpd.GeoDataFrame, spec: LayerSpec, at: NDArray[np.int64], group: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Give the lines of a group that run the same way, or back, the same number.

    Rows without a usable line have one number too, as their ends alone can tell them apart.
    """
    numbers = np.full(len(at), -1, dtype=np.int64)
    drawn = np.flatnonzero(np.isin(at, _sound(layer, 1)))
    if not len(drawn):
        return numbers
    shapes = shapely.force_2d(as_metric(layer.iloc[at[drawn]], spec.name).geometry.to_numpy())
    written = pd.Series(shapely.to_wkb(shapely.normalize(shapes)), dtype=object)
    item, firsts = _numbered(pd.DataFrame({"group": group[drawn], "shape": written}))
    shapes, groups = shapes[firsts], group[drawn][firsts]
    one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=_SAME_PLACE_M)
    near = (one < other) & (groups[one] == groups[other])
    one, other = one[near], other[near]
    same = shapely.hausdorff_distance(shapes[one], shapes[other]) <= _SAME_PLACE_M
    number = np.arange(len(shapes))
    for first, second in sorted(zip(one[same].tolist(), other[same].tolist(), strict=True)):
        number[number == number[second]] = number[first]
    numbers[drawn] = number[item]
    return numbers


def _odd_length(problems: Problems, layer: gpd.GeoDataFrame, spec: LayerSpec, _: Periods) -> None:
    """List the segments that are hardly there, or longer than manholes may be apart (GB 50014-2021)."""
    limits = rules_table("limits", overrides=problems.tables).set_index("limit")["value"].astype(float)
    least = limits["pipe_length_least"]
    at = _sound(layer, 1)
    if not len(at):
        return
    rows = layer.iloc[at]
    length = as_metric(rows, spec.name).length.to_numpy()
    most = manhole_spacing(rows, problems.tables)
    odd = (length < least) | (length > most)
    words: list[dict[str, object]] = []
    for metres, upper in zip(length[odd], most[odd], strict=True):
        bounds = tr("the least is {least:g} m", least=least, lang=problems.lang)
        if metres > upper:
            bounds = tr(
                "manholes of this diameter are at most {upper:g} m apart", upper=upper, lang=problems.lang
            )
        words.append({"length": f"{metres:,.2f}", "bounds": bounds})
    field = layer.active_geometry_name or "geometry"
    problems.add(_mask(layer, at[odd]), field, "odd_length", words=words)


def manhole_spacing(pipes: gpd.GeoDataFrame, tables: Overrides | None = None) -> NDArray[np.float64]:
    """Return how far apart the manholes of each pipe may be, in metres; infinite where no rule says so.

    The rule is that of drains (PS) by diameter (GB 50014-2021). A drain of no known diameter may be the
    largest; one larger than the rule knows, and what runs under pressure or is a cable, is not judged.
    """
    spec = CATALOGUE["pipelines"]
    limits = rules_table("limits", overrides=tables).set_index("limit")["value"].astype(float)
    if "pipe_kind" not in pipes:
        return np.full(len(pipes), np.inf)
    kinds = rules_table("pipe_kinds", overrides=tables)
    drains = kinds.loc[kinds["class_code"] == "PS", "pipe_kind"]
    carries = understood(pipes["pipe_kind"], spec.field("pipe_kind"), tables=tables)[0]
    steps = sorted(
        (float(name.rpartition("_")[2]), float(limits[name]))
        for name in map(str, limits.index)
        if re.fullmatch(r"manhole_spacing_dn\d+_\d+", name)
    )
    up_to = np.array([millimetres for millimetres, _ in steps])
    metres = np.array([*(spacing for _, spacing in steps), np.inf])
    most = np.full(len(pipes), metres[:-1].max(initial=0.0) or np.inf)
    if "diameter_mm" in pipes:
        diameter = converted(pipes["diameter_mm"], spec.field("diameter_mm"))[0].to_numpy(dtype=np.float64)
        known = diameter > 0
        most[known] = metres[np.searchsorted(up_to, diameter[known])]
    return np.where(carries.isin(drains).to_numpy(dtype=bool), most, np.inf)


def _feature_or_appurtenance(
    problems: Problems, layer: gpd.GeoDataFrame, spec: LayerSpec, _: Periods
) -> None:
    if not {"feature", "appurtenance"} & set(layer.columns):
        return
    given = np.zeros(len(layer), dtype=np.int64)
    for name in ("feature", "appurtenance"):
        if name in layer.columns:
            given += as_text(layer[name]).notna().to_numpy(dtype=bool)
    problems.add(given != 1, "feature", "feature_or_appurtenance")


def _core_outside_control(problems: Problems, layer: gpd.GeoDataFrame, spec: LayerSpec, _: Periods) -> None:
    if not {"block_name", "scope"} <= set(layer.columns):
        return
    at = _sound(layer, 2)
    shapes = layer.geometry.to_numpy()[at]
    blocks = as_text(layer["block_name"].iloc[at])
    scopes = understood(layer["scope"].iloc[at], spec.field("scope"), tables=problems.tables)[0]
    outside = []
    for i in np.flatnonzero((scopes == _CORE).to_numpy(dtype=bool)):
        control = ((blocks == blocks.iloc[i]) & (scopes == _CONTROL)).to_numpy(dtype=bool)
        if not control.any() or uncontrolled_rim_m(shapes[i], shapes[control]) > 0:
            outside.append(i)
    problems.add(_mask(layer, at[np.array(outside, dtype=np.int64)]), "scope", "core_outside_control")


def uncontrolled_rim_m(core: Any, control: NDArray[Any]) -> float:
    """Measure how far along the edge of a core nothing controls what is built beyond it.

    Examples
    --------
    >>> core = shapely.box(0, 0, 100, 100)
    >>> uncontrolled_rim_m(core, shapely.box([-50], [0], [0], [100]))
    300.0
    >>> uncontrolled_rim_m(core, shapely.box([-50], [-50], [150], [150]))
    0.0
    """
    rings = shapely.get_parts(shapely.union_all([*control, core]))
    enclosed = shapely.union_all([shapely.Polygon(shapely.get_exterior_ring(ring)) for ring in rings])
    # It is where the core reaches the outer edge of both.
    return float(shapely.length(shapely.intersection(shapely.boundary(core), shapely.boundary(enclosed))))


def _small_core(problems: Problems, layer: gpd.GeoDataFrame, spec: LayerSpec, _: Periods) -> None:
    if "scope" not in layer.columns:
        return
    limits = rules_table("limits", overrides=problems.tables).set_index("limit")["value"].astype(float)
    least = limits["core_area_least"]
    at = _sound(layer, 2)
    scopes = understood(layer["scope"].iloc[at], spec.field("scope"), tables=problems.tables)[0]
    cores = at[(scopes == _CORE).to_numpy(dtype=bool)]
    if not len(cores):
        return
    hectares = as_metric(layer.iloc[cores], spec.name).area.to_numpy() / 10_000
    small = hectares < least
    words: list[dict[str, object]] = [{"area": f"{each:.2f}"} for each in hectares[small]]
    problems.add(_mask(layer, cores[small]), "scope", "small_core", words=words, least=f"{least:g}")


TOPOLOGY: dict[str, Callable[[Problems, Any, LayerSpec, Periods], None]] = {
    "core_outside_control": _core_outside_control,
    "feature_or_appurtenance": _feature_or_appurtenance,
    "members_apart": _members_apart,
    "no_overlap": _no_overlap,
    "odd_length": _odd_length,
    "repeated_geometry": _repeated_geometry,
    "repeated_place": _repeated_place,
    "repeated_segment": _repeated_segment,
    "small_core": _small_core,
    "start_is_end": _start_is_end,
}
