"""Responsibility over time: who answered for a place when, and where nobody or several did for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.changes.histories import Spell, dates_of, days_between, history_of, periods_of, told
from zjk_gis.changes.moved import Side
from zjk_gis.coverage.rules import MIN_AREA_M2, MIN_WIDTH_M, SizeRules, rules_of
from zjk_gis.crs import convert_crs
from zjk_gis.errors import EmptyLayerError, GeometryError, InputError, name_rows
from zjk_gis.layers.columns.periods import ALWAYS, NEVER, day_of
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.labels import check_language
from zjk_gis.layers.metric import ready
from zjk_gis.layers.shapes import cleaned, has_place
from zjk_gis.layers.versions import of_level
from zjk_gis.overlay.faces import ready_zones
from zjk_gis.overlay.partition import cut_ground, held_by, united
from zjk_gis.overlay.polygons import cover_of, largest_first, numbered, solid_pieces_of
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

    from zjk_gis.layers.labels import Language

__all__ = ["coverage_over_time", "responsibility_timeline"]

_INNER = "T********"  # the interiors have ground in common
_History = tuple[Spell, ...]


@checked
def responsibility_timeline(
    zones: gpd.GeoDataFrame,
    place: shapely.Geometry | gpd.GeoSeries | gpd.GeoDataFrame,
    *,
    code: str = "zone_code",
    start: str | dt.date | None = None,
    end: str | dt.date | None = None,
    level: int | str | None = None,
    min_area_m2: float = MIN_AREA_M2,
    min_width_m: float = MIN_WIDTH_M,
    rules: SizeRules | None = None,
    lang: Language = "zh",
) -> gpd.GeoDataFrame:
    """Tell who answered for a place when: «nobody between 1 and 14 March» (责任沿革).

    Parameters
    ----------
    zones : GeoDataFrame
        Zones in all their versions, with ``valid_from`` and ``valid_to`` (both days included).
    place : Point or Polygon, or a GeoSeries or GeoDataFrame of one
        A geometry alone is in the CRS of `zones`.
    code : str, default "zone_code"
    start, end : date or str, optional
        The days, both included, between which it is told; by default all times.
    level : int or str, optional
        A number or a word, or ``"any"`` for all; by default the finest.
    min_area_m2, min_width_m : float, default 0.01
        Smaller or narrower parts of a polygon are left out.
    rules : SizeRules, optional
        The two options above as one value, such as the `GapRules` of a search; an option said beside them
        has the last word.
    lang : {"zh", "en"}, default "zh"
        The language of the sentences.

    Returns
    -------
    GeoDataFrame
        One row a stretch of time, in order; a polygon that not all zones hold whole is told part by part, the
        largest first. In the metric CRS of `zones`, with

        - ``part`` (int64): from 1;
        - ``answer`` (text): ``nobody``, ``one`` or ``several``; ``codes`` and ``chiefs``, joined by ``;``;
        - ``begins_on``, ``ends_on`` (datetime64): both included, missing where open;
        - ``days`` (Int64): missing where a side is open;
        - ``area_m2`` (float64): of the part, 0 for a point;
        - ``sentence`` (text).

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError, GeometryError, InputError
        If a layer cannot be used, a row ends before it begins (the message names it), or `end` is before
        `start`.

    Notes
    -----
    A point on a border belongs to the zones that meet there, unless another holds it strictly.

    Examples
    --------
    >>> from shapely import Point, box
    >>> zones = gpd.GeoDataFrame(
    ...     {
    ...         "zone_code": ["A", "B"],
    ...         "valid_from": [None, "2025-03-15"],
    ...         "valid_to": ["2025-02-28", None],
    ...     },
    ...     geometry=[box(0, 0, 100, 100), box(0, 0, 100, 100)],
    ...     crs=4547,
    ... )
    >>> told = responsibility_timeline(zones, Point(50, 50), lang="en")
    >>> for sentence in told["sentence"]:
    ...     print(sentence)
    until 2025-02-28 A answers
    from 2025-03-01 to 2025-03-14 nobody answers, 14 days; before A, after B
    from 2025-03-15 on B answers
    """
    check_language(lang)
    rules = rules_of(SizeRules, rules, min_area_m2=min_area_m2, min_width_m=min_width_m)
    first, last = _window(start, end)
    rows, _ = of_level(ready_zones(zones, code=code), level)
    begins, ends = periods_of(rows, "zones")
    shape = _place(place, zones, rows)
    shapes, codes = rows.geometry.to_numpy(), code_text(rows[code]).to_numpy(dtype=object)
    claims = list(zip(codes.tolist(), begins.tolist(), ends.tolist(), strict=True))
    if shapely.get_type_id(shape) == 0:
        parts = np.array([shape], dtype=object)
        histories = [_history_at(shape, shapes, claims, first, last)]
    else:
        parts, histories = _parts_of(shape, shapes, claims, (first, last), rules)
    chief_of = Side.of(rows, code).chiefs
    told_rows: list[dict[str, Any]] = []
    for at, history in enumerate(histories):
        for place_in, spell in enumerate(history):
            before, after = _around(history, place_in)
            chiefs = chief_of(spell.codes)
            told_rows.append(
                {
                    "part": at + 1,
                    "spell": spell,
                    "chiefs": chiefs,
                    "sentence": told(spell, before, after, lang, chiefs),
                }
            )
    spells = [row["spell"] for row in told_rows]
    part = np.array([row["part"] for row in told_rows], dtype=np.int64)
    answers = ["nobody" if not s.codes else "one" if len(s.codes) == 1 else "several" for s in spells]
    return gpd.GeoDataFrame(
        {
            "part": part,
            "answer": pd.Series(answers, dtype="str"),
            "codes": pd.Series([";".join(s.codes) for s in spells], dtype="str"),
            "chiefs": pd.Series([row["chiefs"] for row in told_rows], dtype="str"),
            **_dates(spells),
            "area_m2": shapely.area(parts)[part - 1],
            "sentence": pd.Series([row["sentence"] for row in told_rows], dtype="str"),
        },
        geometry=gpd.GeoSeries(parts[part - 1], crs=rows.crs),
        crs=rows.crs,
    )


@checked
def coverage_over_time(
    zones: gpd.GeoDataFrame,
    start: str | dt.date,
    end: str | dt.date,
    *,
    region: gpd.GeoDataFrame | None = None,
    code: str = "zone_code",
    level: int | str | None = None,
    min_area_m2: float = MIN_AREA_M2,
    min_width_m: float = MIN_WIDTH_M,
    rules: SizeRules | None = None,
    lang: Language = "zh",
) -> gpd.GeoDataFrame:
    """Find the ground for which nobody or several answered for a part of a time (时段责任空白与重叠).

    Ground that is a gap or an overlap all the time is not listed: `coverage_gaps` and `overlapping_zones`
    find it on any day.

    Parameters
    ----------
    zones : GeoDataFrame
        Zones in all their versions, with ``valid_from`` and ``valid_to`` (both days included).
    start, end : date or str
        The first and the last day that are judged.
    region : GeoDataFrame, optional
        Polygons outside which nothing counts.
    code : str, default "zone_code"
    level : int or str, optional
        A number or a word, or ``"any"`` for all; by default the finest.
    min_area_m2, min_width_m : float, default 0.01
        Smaller or narrower pieces are dropped, and counted in ``attrs``.
    rules : SizeRules, optional
        The two options above as one value, such as the `GapRules` of a search; an option said beside them
        has the last word.
    lang : {"zh", "en"}, default "zh"
        The language of the sentences.

    Returns
    -------
    GeoDataFrame
        One row a piece of ground and stretch of time, the longest first, then the largest. In the metric CRS
        of `zones`, with

        - ``lapse_code`` (text): T001, ...;
        - ``kind`` (text): ``gap`` or ``overlap``;
        - ``codes`` (text): who answered, empty for a gap; ``before_codes``, ``after_codes``: who did before
          and after, as far as the time judged goes; joined by ``;``;
        - ``begins_on``, ``ends_on`` (datetime64): both included; ``days`` (Int64);
        - ``area_m2`` (float64); ``sentence`` (text).

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError, GeometryError, InputError
        If a layer cannot be used, a row ends before it begins (the message names it), or `end` is before
        `start`.

    Notes
    -----
    Only zones that begin or end within the time are cut along their borders, with what overlaps them.

    Examples
    --------
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame(
    ...     {
    ...         "zone_code": ["A", "B", "C"],
    ...         "valid_from": [None, "2025-03-15", None],
    ...         "valid_to": ["2025-02-28", None, None],
    ...     },
    ...     geometry=[box(0, 0, 100, 100), box(0, 0, 120, 100), box(110, 0, 200, 100)],
    ...     crs=4547,
    ... )
    >>> found = coverage_over_time(zones, "2025-01-01", "2025-12-31")
    >>> found[["kind", "codes", "before_codes", "after_codes", "days", "area_m2"]].to_numpy().tolist()
    [['overlap', 'B;C', 'C', '', 292, 1000.0], ['gap', '', '', 'B', 73, 1000.0],
     ['gap', '', 'A', 'B', 14, 10000.0]]
    """
    check_language(lang)
    rules = rules_of(SizeRules, rules, min_area_m2=min_area_m2, min_width_m=min_width_m)
    first, last = _window(start, end)
    rows, _ = of_level(ready_zones(zones, code=code), level)
    begins, ends = periods_of(rows, "zones")
    in_time = (begins <= last) & (ends >= first)
    rows, begins, ends = rows[in_time], begins[in_time], ends[in_time]
    shapes, codes = rows.geometry.to_numpy(), code_text(rows[code]).to_numpy(dtype=object)
    turns = (begins > first) | (ends < last)
    on = shapely.STRtree(shapes[~turns]).query(shapes[turns], predicate="intersects")
    overlaps = (
        shapely.relate_pattern(shapes[turns][on[0]], shapes[~turns][on[1]], _INNER)
        if len(on[0])
        else on[0] > 0
    )
    pieces = cut_ground(np.concatenate([shapes[turns], shapes[~turns][np.unique(on[1][overlaps])]]))
    claims = list(zip(codes.tolist(), begins.tolist(), ends.tolist(), strict=True))
    piece, row = held_by(pieces.inner, shapes)
    concerned = np.unique(piece[turns[row]])
    grounds, histories = _by_history(pieces.shapes, piece, row, claims, concerned, first, last)
    if region is not None:
        within = ready(region, "region", kind="polygon", crs=rows.crs).geometry.to_numpy()
        grounds = shapely.intersection(grounds, cover_of(within))
    solid, owner, dropped = solid_pieces_of(
        grounds, min_area_m2=rules.min_area_m2, min_width_m=rules.min_width_m
    )
    found = [
        (at, spell, *_around(histories[group], number))
        for at, group in enumerate(owner.tolist())
        for number, spell in enumerate(histories[group])
        if len(spell.codes) != 1 and (spell.first, spell.last) != (first, last)
    ]
    lapses = _lapses(solid, found, lang)
    made = gpd.GeoDataFrame(
        lapses, geometry=gpd.GeoSeries(lapses.pop("geometry"), crs=rows.crs), crs=rows.crs
    )
    made.attrs |= dropped
    return made


def _window(start: str | dt.date | None, end: str | dt.date | None) -> tuple[int, int]:
    first = NEVER if start is None else day_of(start, "start")
    last = ALWAYS if end is None else day_of(end, "end")
    if last < first:
        raise InputError(tr("end ({end}) is before start ({start})", end=end, start=start))
    return first, last


def _place(
    place: shapely.Geometry | gpd.GeoSeries | gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    rows: gpd.GeoDataFrame,
) -> shapely.Geometry:
    """Return the place in the CRS of the zones that were made ready."""
    layer = gpd.GeoSeries([place], crs=zones.crs) if isinstance(place, shapely.Geometry) else place.geometry
    if len(layer) != 1:
        raise InputError(tr("place: {layer_count} rows; give one place", layer_count=len(layer)))
    shapes, _ = cleaned(convert_crs(layer, rows.crs, name="place").to_numpy())
    shape, which = shapes[0], name_rows(layer.index)
    if not has_place(shapes).all():
        raise EmptyLayerError(tr("place: has no geometry, or one without a place ({which})", which=which))
    if shape.geom_type not in ("Point", "Polygon", "MultiPolygon") or not shape.is_valid:
        raise GeometryError(
            tr(
                "place: must be a point or a valid polygon, not this {geom_type} ({which})",
                geom_type=shape.geom_type,
                which=which,
            )
        )
    found: shapely.Geometry = shape
    return found


def _history_at(
    point: shapely.Geometry,
    shapes: NDArray[Any],
    claims: list[tuple[str, int, int]],
    first: int,
    last: int,
) -> _History:
    """Return the history of a point: of the zones that strictly hold it, or else of those it touches."""
    near = shapely.STRtree(shapes).query(point, predicate="intersects")
    strict = shapely.contains_properly(shapes[near], point)
    inside = history_of([claims[i] for i in near[strict]], first=first, last=last)
    touching = [claims[i] for i in near[~strict]]
    spells: list[Spell] = []
    for spell in inside:
        more = (spell,) if spell.codes else history_of(touching, first=spell.first, last=spell.last)
        for part in more:
            if spells and spells[-1].codes == part.codes:
                spells[-1] = Spell(spells[-1].first, part.last, part.codes)
            else:
                spells.append(part)
    return tuple(spells)


def _parts_of(
    place: shapely.Geometry,
    shapes: NDArray[Any],
    claims: list[tuple[str, int, int]],
    window: tuple[int, int],
    rules: SizeRules,
) -> tuple[NDArray[Any], list[_History]]:
    """Cut a place into parts that have one history each, the largest first."""
    near = shapely.STRtree(shapes).query(place, predicate="intersects")
    pieces = cut_ground(np.concatenate([np.array([place], dtype=object), shapes[near]]))
    inside = np.flatnonzero(shapely.contains(place, pieces.inner))
    piece, row = held_by(pieces.inner, shapes[near])
    grounds, histories = _by_history(pieces.shapes, piece, row, [claims[i] for i in near], inside, *window)
    solid, owner, _ = solid_pieces_of(grounds, min_area_m2=rules.min_area_m2, min_width_m=rules.min_width_m)
    groups = np.unique(owner)
    parts = np.array([None] * len(groups), dtype=object)
    parts[:] = [shapely.union_all(solid[owner == group]) for group in groups]
    order = largest_first(parts)
    return parts[order], [histories[groups[i]] for i in order]


def _by_history(
    shapes: NDArray[Any],
    piece: NDArray[np.intp],
    row: NDArray[np.intp],
    claims: list[tuple[str, int, int]],
    asked: NDArray[np.intp],
    first: int,
    last: int,
) -> tuple[NDArray[Any], list[_History]]:
    """Unite the pieces that have the same history."""
    ends = np.searchsorted(piece, np.arange(len(shapes) + 1))
    of = [
        history_of((claims[i] for i in row[ends[at] : ends[at + 1]].tolist()), first=first, last=last)
        for at in asked.tolist()
    ]
    histories = sorted(set(of))
    number = {history: n for n, history in enumerate(histories)}
    group = np.array([number[history] for history in of], dtype=np.int64)
    return united(shapes[asked], group, len(histories)), histories


def _around(history: _History, at: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    before = history[at - 1].codes if at else ()
    after = history[at + 1].codes if at + 1 < len(history) else ()
    return before, after


def _lapses(
    solid: NDArray[Any], found: list[tuple[int, Spell, tuple[str, ...], tuple[str, ...]]], lang: Language
) -> dict[str, Any]:
    """Return the columns of the gaps and overlaps in time, the longest first."""
    areas = shapely.area(solid)
    place = np.empty(len(solid), dtype=np.intp)
    place[largest_first(solid)] = np.arange(len(solid))
    found = sorted(found, key=lambda row: (row[1].first - row[1].last, place[row[0]], row[1]))
    at = np.array([row[0] for row in found], dtype=np.intp)
    spells = [row[1] for row in found]
    texts = {
        "lapse_code": numbered("T", len(found)),
        "kind": ["overlap" if spell.codes else "gap" for spell in spells],
        "codes": [";".join(spell.codes) for spell in spells],
        "before_codes": [";".join(row[2]) for row in found],
        "after_codes": [";".join(row[3]) for row in found],
    }
    sentences = [told(spell, before, after, lang) for _, spell, before, after in found]
    return {
        **{name: pd.Series(words, dtype="str") for name, words in texts.items()},
        **_dates(spells),
        "area_m2": areas[at],
        "sentence": pd.Series(sentences, dtype="str"),
        "geometry": solid[at],
    }


def _dates(spells: list[Spell]) -> dict[str, pd.Series]:
    return {
        "begins_on": dates_of([spell.first for spell in spells]),
        "ends_on": dates_of([spell.last for spell in spells]),
        "days": days_between(spells),
    }
