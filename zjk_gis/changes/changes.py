"""What a change of zones moves: ground, roads, components and open incidents, from whom to whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.changes.handover import changed_incidents, components_in, handover_list, open_by_move, roads_in
from zjk_gis.changes.moved import Side, moved_ground
from zjk_gis.coverage.rules import MIN_AREA_M2, MIN_WIDTH_M, SizeRules, rules_of
from zjk_gis.errors import EmptyLayerError, InputError
from zjk_gis.layers.columns.codes import in_one_writing
from zjk_gis.layers.columns.periods import day_of
from zjk_gis.layers.excerpts import excerpt
from zjk_gis.layers.versions import zones_at
from zjk_gis.overlay.faces import ready_zones
from zjk_gis.overlay.polygons import numbered
from zjk_gis.presentation import Presentation, presented
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping

    from pyproj import CRS

    from zjk_gis.changes.moved import Codes, MovedGround
    from zjk_gis.layers.columns.codes import CodeMatch

__all__ = ["ZoneChanges", "compare_zones", "zones_table"]

_PERIOD = ["valid_from", "valid_to"]


@presented
@dataclass(frozen=True, slots=True)
class ZoneChanges:
    """What a change of zones (责任区调整) moves.

    Attributes
    ----------
    figures : DataFrame
        One row a figure: ``measure`` (text), ``value`` (float64), ``unit`` (text). ``ground_before_or_after``
        is all the ground that any zone holds before or after; it is the sum of ``ground_unmoved``,
        ``ground_moved`` and ``ground_dropped`` (hairlines, and what is below the least area).
    moved : GeoDataFrame
        One row a piece of ground that changes hands, the largest first: ``move_code`` (M001, ...), ``kind``
        (``other_zone``, ``other_chief`` where only the chief changes, ``from_nobody``, ``to_nobody``),
        ``from_code``, ``to_code``, ``from_chief``, ``to_chief`` (text, empty for nobody, several joined by
        ``;``), ``area_m2``, ``from_share`` and ``to_share`` (of all the ground of these codes before and
        after); with roads ``road_m``, with components a column of counts for each layer, with incidents
        ``open``, how many open ones change hands on it.
    zones : DataFrame
        One row a code: ``kind`` (see `compare_zones`), ``from_codes`` (whose ground it holds now),
        ``to_codes`` (who holds its former ground now), ``before_m2``, ``after_m2``, ``kept_m2``,
        ``given_m2``, ``taken_m2``, ``from_chief``, ``to_chief``.
    handover : DataFrame
        The hand-over list (移交清单): for each chief what he ``gives`` to whom and ``gets`` from whom,
        code by code: ``chief_code``, ``direction``, ``counterpart_chief``, ``from_code``, ``to_code``,
        ``area_m2``, ``road_m``, ``roads`` (names with metres), counts of components, ``open`` and
        ``open_incidents``.
    roads : DataFrame or None
        One row a piece of ground and road on it: ``move_code``, the codes and name of the road, ``road_m``.
    incidents : GeoDataFrame or None
        The incidents whose answer changes: their columns, ``from_code``, ``to_code``, ``from_chief``,
        ``to_chief``, ``open`` (bool) and ``move_code``, empty for those that only lie near moved ground;
        ``attrs["no_position"]`` tells how many incidents have no place, for which nobody answers.
    code_matches : mapping of str to CodeMatch
        For the columns of codes in which one layer had lost zeros that the other has (``05`` and 5.0), what
        was taken for what.
    """

    figures: pd.DataFrame
    moved: gpd.GeoDataFrame
    zones: pd.DataFrame
    handover: pd.DataFrame
    roads: pd.DataFrame | None = None
    incidents: gpd.GeoDataFrame | None = None
    code_matches: Mapping[str, CodeMatch] = field(default_factory=dict)

    def figure(self, measure: str) -> float:
        """Return one figure.

        Raises
        ------
        KeyError
            If there is no such figure.
        """
        rows = self.figures[self.figures["measure"] == measure]
        if not len(rows):
            raise KeyError(measure)
        return float(rows["value"].iloc[0])

    def _presentation(self) -> Presentation:
        told = tr(
            "Ground that changes hands: {pieces:,} pieces, {area_m2:,.1f} m² in all. "
            "Zones that changed: {zones:,}.",
            pieces=len(self.moved),
            area_m2=self.moved["area_m2"].sum(),
            zones=int((self.zones["kind"] != "unchanged").sum()),
        )
        columns = ["move_code", "kind", "from_code", "to_code", "from_chief", "to_chief", "area_m2"]
        return excerpt(told, self.moved, columns)


@checked
def compare_zones(
    old: gpd.GeoDataFrame,
    new: gpd.GeoDataFrame,
    *,
    incidents: gpd.GeoDataFrame | None = None,
    roads: gpd.GeoDataFrame | None = None,
    components: Mapping[str, gpd.GeoDataFrame] | None = None,
    code: str = "zone_code",
    at_old: str | dt.date | None = None,
    at_new: str | dt.date | None = None,
    level: int | str | None = None,
    min_area_m2: float = MIN_AREA_M2,
    min_width_m: float = MIN_WIDTH_M,
    rules: SizeRules | None = None,
    same_share: float = 0.95,
    even_if_off: bool = False,
) -> ZoneChanges:
    """Find what moves from whom to whom when zones are redrawn (责任区调整).

    Parameters
    ----------
    old, new : GeoDataFrame
        Responsibility zones (责任区) or unit grids (单元网格), perhaps with ``chief_code`` and
        ``chief_name``; the same layer twice to compare two days of it.
    incidents : GeoDataFrame, optional
        Points. They are assigned by both layers with the usual distances, see `assign_incidents`; those with
        neither ``closed_at`` nor ``state`` count as open.
    roads : GeoDataFrame, optional
        Lines. A road along the border of a piece counts half.
    components : mapping of str to GeoDataFrame, optional
        Layers to be counted, such as ``{"manholes": manholes}``; what is not a point counts where a point in
        it lies. On a border the first piece counts it.
    code : str, default "zone_code"
    at_old, at_new : date or str, optional
        The days that are compared, by ``valid_from`` and ``valid_to``; by default versions of all times
        count.
    level : int or str, optional
        By default the finest of each layer.
    min_area_m2 : float, default 0.01
        Smaller pieces are dropped, and counted in the figures.
    min_width_m : float, default 0.01
        What is nowhere wider is a hairline left by rounding; it is dropped and counted, too.
    rules : SizeRules, optional
        The two options above as one value, such as the `GapRules` of a search; an option said beside them
        has the last word.
    same_share : float, default 0.95
        The share of a zone's ground that counts as all of it, from above 0.5 to 1.
    even_if_off : bool, default False
        Go on even if the incidents cannot be where the zones are, see `assign_incidents`.

    Returns
    -------
    ZoneChanges
        In the metric CRS of `old`. ``zones`` tells for each code the first kind that holds:

        - ``unchanged``; ``chief_changed``: the same ground, another chief;
        - ``renamed``: a code that is gone and a new one hold the same ground (`same_share` of each other);
        - ``merged``: at least two former zones lie in one new one with `same_share` of their ground, and make
          up `same_share` of it; said of them and of the new one;
        - ``split``: at least two new zones consist to `same_share` of one former, and make up `same_share` of
          it; said of it and of them;
        - ``reshaped``: other ground under the same code;
        - ``retired``, ``new``: all other codes that are gone or came.

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError, GeometryError, InputError
        If a layer cannot be used (the message names the rows), or no zone is valid on a day.

    Notes
    -----
    Where zones overlap, all that hold a piece are named. Zones that are the same before and after, to the
    last digit, are set aside and never go through overlay.

    Examples
    --------
    B gives a strip of 10 m to A:

    >>> from shapely import box
    >>> old = gpd.GeoDataFrame(
    ...     {"zone_code": ["A", "B"], "chief_code": ["L1", "L2"]},
    ...     geometry=[box(0, 0, 100, 100), box(100, 0, 200, 100)],
    ...     crs=4547,
    ... )
    >>> new = old.set_geometry([box(0, 0, 110, 100), box(110, 0, 200, 100)])
    >>> changes = compare_zones(old, new)
    >>> changes.moved[["move_code", "from_code", "to_code", "from_chief", "to_chief", "area_m2"]]
      move_code from_code to_code from_chief to_chief  area_m2
    0      M001         B       A         L2       L1   1000.0
    >>> changes.zones[["zone_code", "kind", "kept_m2", "given_m2", "taken_m2"]]
      zone_code      kind  kept_m2  given_m2  taken_m2
    0         A  reshaped  10000.0       0.0    1000.0
    1         B  reshaped   9000.0    1000.0       0.0
    """
    rules = rules_of(SizeRules, rules, min_area_m2=min_area_m2, min_width_m=min_width_m)
    if not 0.5 < same_share <= 1:
        raise InputError(
            tr(
                "same_share must be a share above 0.5 and at most 1, not {same_share!r}",
                same_share=same_share,
            )
        )
    before = _zones_of(old, "old", code, at_old, level, None)
    after = _zones_of(new, "new", code, at_new, level, before.crs)
    before, after, matches = in_one_writing(before, after, (code, "chief_code"))
    sides = Side.of(before, code), Side.of(after, code)
    ground = moved_ground(*sides, min_area_m2=rules.min_area_m2, min_width_m=rules.min_width_m)
    moved = _moved_table(ground, *sides, before.crs)
    zones = zones_table(ground, *sides, same_share).rename(columns={"zone_code": code})
    road_rows = None
    if roads is not None:
        road_rows, moved["road_m"] = roads_in(roads, moved)
    for name, layer in (components or {}).items():
        if name in moved:
            raise InputError(
                tr(
                    "components: {name!r} is a column of the result already; give the layer another name",
                    name=name,
                )
            )
        moved[name] = components_in(layer, name, moved)
    changed = None
    if incidents is not None:
        changed = changed_incidents(
            incidents, _undated(before), _undated(after), code, moved, even_if_off=even_if_off
        )
        moved["open"] = open_by_move(changed, moved)
    handover = handover_list(
        ground, moved, *sides, roads=road_rows, incidents=changed, counted=components or {}
    )
    figures = _figures(ground, moved, zones, handover, changed)
    return ZoneChanges(figures, _geometry_last(moved), zones, handover, road_rows, changed, matches)


def _zones_of(
    zones: gpd.GeoDataFrame,
    name: str,
    code: str,
    at: str | dt.date | None,
    level: int | str | None,
    crs: CRS | None,
) -> gpd.GeoDataFrame:
    """Check a layer, and return its zones of the day."""
    if at is not None:
        day_of(at, f"at_{name}")
    valid = zones_at(ready_zones(zones, code=code, crs=crs, name=name), at, level=level)
    if not len(valid):
        raise EmptyLayerError(
            tr(
                "{name}: none of its {zones_count} zones holds on {at}; name another day",
                name=name,
                zones_count=len(zones),
                at=at,
            )
        )
    return valid


def _undated(zones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Leave away the periods of zones that were chosen already: all incidents are judged by them."""
    return zones.drop(columns=[name for name in _PERIOD if name in zones])


def _moved_table(ground: MovedGround, old: Side, new: Side, crs: CRS) -> gpd.GeoDataFrame:
    kinds = [_kind(given, taken) for given, taken in zip(ground.given, ground.taken, strict=True)]
    areas = shapely.area(ground.shapes)
    text = {
        "move_code": numbered("M", len(areas)),
        "kind": kinds,
        "from_code": [";".join(codes) for codes in ground.given],
        "to_code": [";".join(codes) for codes in ground.taken],
        "from_chief": [old.chiefs(codes) for codes in ground.given],
        "to_chief": [new.chiefs(codes) for codes in ground.taken],
    }
    columns: dict[str, object] = {name: pd.Series(words, dtype="str") for name, words in text.items()}
    columns["area_m2"] = areas
    for name, side, hands in (("from_share", old, ground.given), ("to_share", new, ground.taken)):
        of = side.areas()
        whole = np.array([sum(of[code] for code in codes) for codes in hands], dtype=np.float64)
        columns[name] = np.divide(areas, whole, out=np.full(len(areas), np.nan), where=whole > 0)
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(ground.shapes, crs=crs), crs=crs)


def _kind(given: Codes, taken: Codes) -> str:
    if not given:
        return "from_nobody"
    if not taken:
        return "to_nobody"
    return "other_chief" if given == taken else "other_zone"


def _geometry_last(moved: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    ordered: gpd.GeoDataFrame = moved[[*(name for name in moved if name != "geometry"), "geometry"]]
    return ordered


def _figures(
    ground: MovedGround,
    moved: gpd.GeoDataFrame,
    zones: pd.DataFrame,
    handover: pd.DataFrame,
    incidents: gpd.GeoDataFrame | None,
) -> pd.DataFrame:
    dropped = sum(account["area_m2"] for account in ground.dropped.values())
    changed = float(moved["area_m2"].sum())
    rows: list[tuple[str, float, str]] = [
        ("ground_before_or_after", ground.unmoved_m2 + changed + dropped, "m²"),
        ("ground_unmoved", ground.unmoved_m2, "m²"),
        ("ground_moved", changed, "m²"),
        ("ground_dropped", dropped, "m²"),
        ("ground_to_nobody", float(moved.loc[moved["kind"] == "to_nobody", "area_m2"].sum()), "m²"),
        ("zones_changed", float((zones["kind"] != "unchanged").sum()), ""),
        ("chiefs_concerned", float(handover.loc[handover["chief_code"] != "", "chief_code"].nunique()), ""),
    ]
    if "road_m" in moved:
        rows.append(("road_moved", float(moved["road_m"].sum()), "m"))
    if incidents is not None:
        rows.append(("incidents_changed", float(len(incidents)), ""))
        rows.append(("open_changed", float(incidents["open"].sum()), ""))
    return pd.DataFrame(rows, columns=["measure", "value", "unit"])


def zones_table(ground: MovedGround, old: Side, new: Side, same_share: float) -> pd.DataFrame:
    """Say of every code before and after what became of it; see `zjk_gis.changes.changes.compare_zones`."""
    before, after = old.areas(), new.areas()
    links = _links(ground, before, after)
    kinds = _kinds(links, before, after, same_share)
    given, taken = _given_and_taken(ground)
    ways = {code: ([], []) for code in (*before, *after)}  # type: dict[str, tuple[list[str], list[str]]]
    for (first, last), _ in sorted(links.items(), key=lambda item: (-item[1], item[0])):
        ways[first][1].append(last)
        ways[last][0].append(first)
    codes = sorted({*before, *after})
    rows = []
    for code in codes:
        sources, heirs = ways[code]
        if code not in kinds:
            other = old.chief_of[code] != new.chief_of[code]
            touched = given.get(code, 0.0) > 0 or taken.get(code, 0.0) > 0
            kinds[code] = "reshaped" if touched else "chief_changed" if other else "unchanged"
        own = before.get(code, 0.0)
        rows.append(
            (
                code,
                kinds[code],
                ";".join(sources),
                ";".join(heirs),
                own,
                after.get(code, 0.0),
                links.get((code, code), 0.0),
                given.get(code, 0.0),
                taken.get(code, 0.0),
                old.chief_of.get(code, ""),
                new.chief_of.get(code, ""),
            )
        )
    names = ["zone_code", "kind", "from_codes", "to_codes", "before_m2", "after_m2", "kept_m2", "given_m2"]
    table = pd.DataFrame(rows, columns=[*names, "taken_m2", "from_chief", "to_chief"])
    texts = ["zone_code", "kind", "from_codes", "to_codes", "from_chief", "to_chief"]
    return table.astype(dict.fromkeys(texts, "str"))


def _pairs(given: Codes, taken: Codes) -> Iterator[tuple[str, str]]:
    """Yield who hands a piece to whom: those who lose it to all who hold it then, and so the other way."""
    for code in given:
        if code not in taken:
            yield from ((code, heir) for heir in taken)
    for code in taken:
        if code not in given:
            yield from ((giver, code) for giver in given if giver in taken)


def _links(
    ground: MovedGround, before: dict[str, float], after: dict[str, float]
) -> dict[tuple[str, str], float]:
    """Return how much of the ground of each code before lies in each code after; hairlines do not count."""
    links: dict[tuple[str, str], float] = {}
    lost: dict[str, float] = {}
    for given, taken, area in zip(ground.given, ground.taken, shapely.area(ground.shapes), strict=True):
        for pair in _pairs(given, taken):
            links[pair] = links.get(pair, 0.0) + float(area)
        for code in given:
            if code not in taken:
                lost[code] = lost.get(code, 0.0) + float(area)
    for code in before.keys() & after.keys():
        kept = before[code] - lost.get(code, 0.0)
        if kept > 1e-9 * before[code]:
            links[code, code] = kept
    return links


def _given_and_taken(ground: MovedGround) -> tuple[dict[str, float], dict[str, float]]:
    """Return how much ground each code loses and gains."""
    given: dict[str, float] = {}
    taken: dict[str, float] = {}
    for old, new, area in zip(ground.given, ground.taken, shapely.area(ground.shapes), strict=True):
        for code in set(old) - set(new):
            given[code] = given.get(code, 0.0) + float(area)
        for code in set(new) - set(old):
            taken[code] = taken.get(code, 0.0) + float(area)
    return given, taken


def _kinds(
    links: dict[tuple[str, str], float],
    before: dict[str, float],
    after: dict[str, float],
    same_share: float,
) -> dict[str, str]:
    """Name what happened to codes that are gone, came, or take part in a merger or a split."""
    into: dict[str, list[str]] = {}  # a new code, and the former ones that lie in it whole
    made_of: dict[str, list[str]] = {}  # a former code, and the new ones that are made of it alone
    kinds: dict[str, str] = {}
    for first, last in sorted(links):
        area = links[first, last]
        whole_in, made = area >= same_share * before[first], area >= same_share * after[last]
        if whole_in:
            into.setdefault(last, []).append(first)
        if made:
            made_of.setdefault(first, []).append(last)
        if whole_in and made and first not in after and last not in before:
            kinds[first] = kinds[last] = "renamed"
    for parts_of, whole_of, word, turned in (
        (into, after, "merged", False),
        (made_of, before, "split", True),
    ):
        for whole, parts in parts_of.items():
            shares = [links[(whole, part) if turned else (part, whole)] for part in parts]
            if len(parts) > 1 and float(np.sum(shares)) >= same_share * whole_of[whole]:
                for code in (whole, *parts):
                    kinds.setdefault(code, word)
    for code in before.keys() - after.keys():
        kinds.setdefault(code, "retired")
    for code in after.keys() - before.keys():
        kinds.setdefault(code, "new")
    return kinds
