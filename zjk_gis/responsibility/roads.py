"""Every road has someone: the network cut into stretches with nobody, one or several answering."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.index.sides import sides_answered
from zjk_gis.layers.catalogue import ROAD_SECTIONS, ROADS, STREETS
from zjk_gis.layers.columns.codes import in_one_writing
from zjk_gis.layers.columns.levels import levels_of
from zjk_gis.layers.columns.periods import day_of, validity_days
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.versions import zones_at
from zjk_gis.overlay.faces import ready_zones
from zjk_gis.overlay.linear import intervals_of, stretches_along, substrings
from zjk_gis.responsibility.frontages import Frontage, on_ground
from zjk_gis.responsibility.sections import has_chief
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray
    from pyproj import CRS

__all__ = ["counted_lengths", "road_responsibility", "road_totals"]

_CARRIED = ("road_code", "road_name", "road_class")
_SIDES = {1: "左侧", -1: "右侧"}
_WORDS = {1: "left", -1: "right"}
_BOTH = "两侧"
_MILLIMETRE = 3
_DISTRICT_DIGITS = 6  # of a street's code of nine


@checked
def road_responsibility(
    roads: gpd.GeoDataFrame,
    *,
    zones: gpd.GeoDataFrame | None = None,
    sections: gpd.GeoDataFrame | None = None,
    code: str = "zone_code",
    at: str | dt.date | None = None,
    level: int | str | None = None,
    streets: gpd.GeoDataFrame | None = None,
    border_within_m: float = 0.5,
    section_within_m: float = 5.0,
    min_length_m: float = 0.1,
) -> gpd.GeoDataFrame:
    """Find for every stretch of road who answers for it: nobody, one, or several (路路有人管).

    Parameters
    ----------
    roads : GeoDataFrame
        Lines with ``edge_code``.
    zones : GeoDataFrame, optional
        Responsibility zones (责任区): a zone answers for the road on its ground; of two neighbours each
        answers for its own side of a road that runs along their border (边界道路), as where borders are drawn
        on centrelines. Along a border beyond which there is no zone, the one answers for both sides.
    sections : GeoDataFrame, optional
        Responsibility sections (责任路段), lines, perhaps answering for one ``side`` only. Where a section
        lies on a road, it answers rather than the zones. Of sections with the same ``road_code`` as the road
        only those count, if both layers have it.
    code : str, default "zone_code"
        The column of `zones` with their codes.
    at : date or str, optional
        The day that is judged; by default versions of all times count.
    level : int or str, optional
        The level of the zones; by default the finest. Sections of any level answer.
    streets : GeoDataFrame, optional
        Areas (街道) with ``street_code``, perhaps ``district_code``: the stretches are cut at their borders,
        so that lengths by street are true. A road along the border of two goes to the lower code.
    border_within_m : float, default 0.5
        How near to the border of a zone a road must run to run along it: the tolerance for border roads.
    section_within_m : float, default 5.0
        How far a section may be drawn from its road.
    min_length_m : float, default 0.1
        Shorter stretches, which rounding leaves at borders, are given to the one before, at the beginning of
        a line to the one after.

    Returns
    -------
    GeoDataFrame
        One row a stretch, road by road in the order of `roads`, from the beginning of each line on; where the
        sides differ, one for each side. In the metric CRS of `roads`, with ``edge_code``, ``road_code``,
        ``road_name`` and ``road_class`` as far as there are, and

        - with `streets`: ``street_code`` and ``district_code`` (text, missing outside all streets; the
          district is read off the street's code where the layer does not tell it);
        - ``from_m``, ``to_m``, ``length_m`` (float64): along the line;
        - ``counted_m`` (float64): what counts in sums: `length_m`, of one side alone the half;
        - ``border_road`` (bool): whether it runs along a common border of zones, of which each has its side;
        - ``side`` (text): 两侧, 左侧 or 右侧, seen in the direction of the line;
        - ``answering`` (int64): how many codes answer;
        - ``codes`` (text): which, sorted, joined by ``;``;
        - ``by`` (text): ``section``, ``zone`` or empty;
        - ``level`` (Int64), where the layers have levels: the finest of those that answer;
        - ``vacant`` (text): codes that hold the stretch, but have no road chief (路长), where the layer has
          columns for them: they do not answer;
        - ``answer`` (text): ``nobody``, ``one`` or ``several``.

        ``attrs["border_within_m"]`` tells the tolerance.

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError, GeometryError, InputError
        If a layer cannot be used, or neither zones nor sections are given.

    Examples
    --------
    A road of 300 m, of which two zones hold 100 m each and a section the left side of the first 50 m:

    >>> from shapely import LineString, box
    >>> roads = gpd.GeoDataFrame({"edge_code": ["R1"]}, geometry=[LineString([(0, 50), (300, 50)])], crs=4547)
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["A", "B"]}, geometry=[box(0, 0, 100, 100), box(100, 0, 200, 100)], crs=4547
    ... )
    >>> sections = gpd.GeoDataFrame(
    ...     {"section_code": ["S1"], "side": ["左侧"]}, geometry=[LineString([(0, 51), (50, 51)])], crs=4547
    ... )
    >>> found = road_responsibility(roads, zones=zones, sections=sections)
    >>> found[["from_m", "to_m", "side", "codes", "answer"]].to_numpy().tolist()
    [[0.0, 50.0, '左侧', 'S1', 'one'], [0.0, 50.0, '右侧', 'A', 'one'], [50.0, 100.0, '两侧', 'A', 'one'],
     [100.0, 200.0, '两侧', 'B', 'one'], [200.0, 300.0, '两侧', '', 'nobody']]
    """
    require_amounts(
        border_within_m=border_within_m, section_within_m=section_within_m, min_length_m=min_length_m
    )
    if zones is None and sections is None:
        raise InputError(tr("give zones=, sections= or both: they say who answers"))
    roads = ready(roads, "roads", kind="line", code=ROADS.code)
    line, owner = shapely.get_parts(roads.geometry.to_numpy(), return_index=True)
    claims, ground = [], None
    if zones is not None:
        zones = zones_at(ready_zones(zones, code=code, crs=roads.crs), at, level=level)
        ground = Frontage(line, zones.geometry.to_numpy(), border_within_m)
        held = on_ground(line, ground.shapes, border_within_m)
        claims.append(_claims(held, zones, code, by="zone", side=0))
    if sections is not None:
        sections = ready(sections, "sections", kind="line", code=ROAD_SECTIONS.code, crs=roads.crs)
        if at is not None:  # a section of any level answers
            begins, ends = validity_days(sections, "sections")
            sections = sections[(begins <= day_of(at)) & (day_of(at) <= ends)]
        held = stretches_along(line, sections.geometry.to_numpy(), section_within_m)
        held = _of_the_same_road(held, roads.iloc[owner], sections)
        side = sides_answered(sections)[held["row"]] * held["direction"]
        claims.append(_claims(held, sections, ROAD_SECTIONS.code, by="section", side=side))
    places = None if streets is None else _places(line, streets, roads.crs)
    every = pd.concat(claims, ignore_index=True)
    answers = _answers(shapely.length(line), every, ground, places, min_length_m)
    found = _described(answers, roads, line, owner)
    found.attrs["border_within_m"] = border_within_m
    return found if places is None else _with_streets(found, answers["place"].to_numpy(), places.codes)


@checked
def road_totals(stretches: gpd.GeoDataFrame, by: list[str] | str | None = None) -> pd.DataFrame:
    """Sum up the length of road for which nobody, one or several answer, with its share of the whole.

    Parameters
    ----------
    stretches : GeoDataFrame
        From `road_responsibility`.
    by : str or list of str, optional
        Columns by which the sums are divided, such as ``street_code``, ``district_code``, ``road_class`` or
        ``level``.

    Returns
    -------
    DataFrame
        One row a group and ``answer``, with ``length_m`` (a stretch of one side counts half) and ``share`` of
        the group's length, missing where that is 0.

    Examples
    --------
    >>> stretches = gpd.GeoDataFrame(
    ...     {
    ...         "length_m": [30.0, 10.0, 10.0],
    ...         "side": ["两侧", "左侧", "右侧"],
    ...         "answer": ["one", "one", "nobody"],
    ...     }
    ... )
    >>> road_totals(stretches).to_numpy().tolist()
    [['nobody', 5.0, 0.125], ['one', 35.0, 0.875]]
    """
    groups = [] if by is None else [by] if isinstance(by, str) else list(by)
    require_columns(stretches, "stretches", *groups)
    length = counted_lengths(stretches)
    keys = stretches[[*groups, "answer"]].assign(length_m=length)
    sums = keys.groupby([*groups, "answer"], as_index=False, dropna=False, sort=True)["length_m"].sum()
    of_group = sums.assign(all=0).groupby(groups or "all", dropna=False)["length_m"].transform("sum")
    result: pd.DataFrame = sums.assign(share=(sums["length_m"] / of_group).where(of_group > 0))
    return result


def counted_lengths(stretches: gpd.GeoDataFrame) -> pd.Series:
    """Return the length of each stretch as it counts in sums: of one side of a road alone the half."""
    counted: pd.Series = stretches["length_m"] * np.where(stretches["side"] == _BOTH, 1.0, 0.5)
    return counted


@dataclass(frozen=True, slots=True)
class _Places:
    """Which stretches of which line lie in which street, by the rows of `codes`."""

    held: pd.DataFrame
    codes: pd.DataFrame


def _places(line: NDArray[Any], streets: gpd.GeoDataFrame, crs: CRS) -> _Places:
    """Find the stretches of each line in each street; streets are numbered by their codes."""
    streets = ready(streets, "streets", kind="polygon", code=STREETS.code, crs=crs)
    code = code_text(streets[STREETS.code])
    district = code.str[:_DISTRICT_DIGITS].where(code.str.fullmatch(r"\d{9}"))
    if "district_code" in streets:
        told = streets["district_code"]
        district = told.astype(object).where(told.notna(), district)
    codes = pd.DataFrame({"street_code": code.to_numpy(), "district_code": district.to_numpy(dtype=object)})
    rank = codes["street_code"].rank(method="first").to_numpy(dtype=np.int64) - 1
    codes = codes.iloc[np.argsort(rank)].reset_index(drop=True)
    shapes = np.empty(len(streets), dtype=object)
    shapes[rank] = streets.geometry.to_numpy()
    at, row = shapely.STRtree(shapes).query(line, predicate="intersects")
    return _Places(intervals_of(line, at, row, shapely.intersection(line[at], shapes[row])), codes)


def _with_streets(
    stretches: gpd.GeoDataFrame, place: NDArray[np.int64], codes: pd.DataFrame
) -> gpd.GeoDataFrame:
    """Say of each stretch in which street and district it lies."""
    own = codes.reindex(place).reset_index(drop=True).astype("str")
    at = int(stretches.columns.get_indexer(["from_m"])[0])
    for name in ("district_code", "street_code"):
        stretches.insert(at, name, own[name])
    return stretches


def _claims(
    held: pd.DataFrame, layer: gpd.GeoDataFrame, code: str, *, by: str, side: pd.Series | int
) -> pd.DataFrame:
    """Say of stretches which code holds them, and whether anybody is named for it."""
    filled = has_chief(layer)
    codes = code_text(layer[code]).to_numpy(dtype=object)
    level = np.full(len(layer), np.nan)
    if "level" in layer:
        level = levels_of(layer, f"{by}s").numbers
    held = held.assign(level=level[held["row"]])
    return held.assign(code=codes[held["row"]], filled=filled[held["row"]], by=by, side=side)


def _of_the_same_road(
    held: pd.DataFrame, roads: gpd.GeoDataFrame, sections: gpd.GeoDataFrame
) -> pd.DataFrame:
    """Leave out sections of which it is known that they are of another road."""
    if "road_code" not in roads or "road_code" not in sections:
        return held
    roads, sections, _ = in_one_writing(roads, sections, ["road_code"])
    one = roads["road_code"].to_numpy(dtype=object)[held["line"]]
    other = sections["road_code"].to_numpy(dtype=object)[held["row"]]
    kept: pd.DataFrame = held[(one == other) | pd.isna(one) | pd.isna(other)].reset_index(drop=True)
    return kept


def _answers(
    lengths: NDArray[np.float64],
    claims: pd.DataFrame,
    ground: Frontage | None,
    places: _Places | None,
    least: float,
) -> pd.DataFrame:
    """Cut lines where the answer changes: who answers for each side between two cuts."""
    size = len(lengths)
    ends = [claims[["line", "from_m", "to_m"]]]
    ends += [] if places is None else [places.held[["line", "from_m", "to_m"]]]
    held = pd.concat(ends)
    cuts = pd.DataFrame(
        {
            "line": np.concatenate([np.arange(size), np.arange(size), held["line"], held["line"]]),
            "at_m": np.concatenate([np.zeros(size), lengths, held["from_m"], held["to_m"]]),
        }
    ).sort_values(["line", "at_m"], ignore_index=True)
    at = cuts["at_m"].to_numpy()
    same = cuts["line"].to_numpy()[1:] == cuts["line"].to_numpy()[:-1]
    pieces = pd.DataFrame({"line": cuts["line"][:-1], "from_m": at[:-1], "to_m": at[1:]})
    pieces = pieces[same & (at[1:] > at[:-1])].reset_index(drop=True)

    claim, piece = _held_pieces(pieces, claims, lengths)
    pieces["place"] = -1
    if places is not None:
        own, within = _held_pieces(pieces, places.held, lengths)
        lowest = pd.Series(places.held["row"].to_numpy()[own]).groupby(within).min()
        pieces.loc[lowest.index, "place"] = lowest.to_numpy()
    side = claims["side"].to_numpy()[claim]
    pieces["border"] = False
    if ground is not None:
        own = np.flatnonzero((claims["by"] == "zone").to_numpy()[claim])
        row = claims["row"].to_numpy()[claim[own]]
        answers = np.ones(len(claim), dtype=np.bool_)
        side[own], answers[own], pieces["border"] = ground.sides(pieces, row, piece[own])
        claim, piece, side = claim[answers], piece[answers], side[answers]
    both = pd.DataFrame(
        {
            "piece": np.concatenate([piece[side >= 0], piece[side <= 0]]),
            "side": np.repeat([1, -1], [int((side >= 0).sum()), int((side <= 0).sum())]),
            "claim": np.concatenate([claim[side >= 0], claim[side <= 0]]),
        }
    )
    both = both.join(claims[["code", "by", "filled", "level"]], on="claim")
    vacant = both[~both["filled"]].drop_duplicates(["piece", "side", "code"]).sort_values("code")
    both = both[both["filled"]]
    has_section = (both["by"] == "section").groupby([both["piece"], both["side"]]).transform("any")
    both = both[~has_section | (both["by"] == "section")]
    both = both.drop_duplicates(["piece", "side", "code"]).sort_values(["piece", "side", "code"])
    told = both.groupby(["piece", "side"]).agg(
        codes=("code", ";".join), answering=("code", "size"), by=("by", "first"), level=("level", "max")
    )
    told = told.join(vacant.groupby(["piece", "side"]).agg(vacant=("code", ";".join)), how="outer")
    every = pd.MultiIndex.from_product([range(len(pieces)), [1, -1]], names=["piece", "side"])
    told = told.reindex(every).fillna({"codes": "", "answering": 0, "by": "", "vacant": "", "level": -1})
    left, right = (told.xs(side, level="side").add_suffix(f"_{word}") for side, word in _WORDS.items())
    return _as_sides(_joined(pieces.join(left).join(right), least))


def _held_pieces(
    pieces: pd.DataFrame, held: pd.DataFrame, lengths: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return which stretch holds which piece: those between its ends, found among all, line after line."""
    step = float(lengths.max(initial=0.0)) + 1.0
    middle = (pieces["from_m"] + pieces["to_m"]).to_numpy() / 2 + pieces["line"].to_numpy() * step
    first = np.searchsorted(middle, held["from_m"] + held["line"] * step)
    many = np.searchsorted(middle, held["to_m"] + held["line"] * step) - first
    piece = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many) + np.repeat(first, many)
    return np.repeat(np.arange(len(held)), many), piece


def _joined(found: pd.DataFrame, least: float) -> pd.DataFrame:
    """Join stretches with the same answers; one that is too short goes with the one before, or after."""
    names = ("codes", "by", "vacant")
    answers = ["place", "border", *(f"{name}_{word}" for name in names for word in _WORDS.values())]
    for short in (False, True, False):
        if short:
            found = _without_short_beginnings(found, least)
        starts = found["line"] != found["line"].shift()
        changes = starts | (found[answers] != found[answers].shift()).any(axis=1)
        if short:
            changes &= starts | (found["to_m"] - found["from_m"] >= least)
        ends = found.groupby(changes.cumsum())["to_m"].transform("last")
        found = found.assign(to_m=ends)[changes].reset_index(drop=True)
    return found


def _without_short_beginnings(found: pd.DataFrame, least: float) -> pd.DataFrame:
    """Give what is too short at the beginning of a line to the stretch after it."""
    while True:
        goes_on = found["line"] == found["line"].shift(-1)
        starts = found["line"] != found["line"].shift()
        given = starts & goes_on & (found["to_m"] - found["from_m"] < least)
        if not given.any():
            return found
        begins = found["from_m"].mask(given.shift(fill_value=False), found["from_m"].shift())
        found = found.assign(from_m=begins)[~given].reset_index(drop=True)


def _as_sides(found: pd.DataFrame) -> pd.DataFrame:
    """Make a row of each stretch where both sides have the same answer, and two where they differ."""
    kept = ["line", "from_m", "to_m", "place", "border"]
    same = (found["codes_left"] == found["codes_right"]) & (found["vacant_left"] == found["vacant_right"])
    found = found.assign(border=found["border"] & ~same)
    rows = []
    for side, word in _WORDS.items():
        own = {name: found[f"{name}_{word}"] for name in ("codes", "answering", "by", "vacant", "level")}
        one = found[kept].assign(**own, order=-side, side=np.where(same, _BOTH, _SIDES[side]))
        rows.append(one if side == 1 else one[~same])
    return pd.concat(rows).sort_values(["line", "from_m", "order"], ignore_index=True)


def _described(
    answers: pd.DataFrame, roads: gpd.GeoDataFrame, line: NDArray[Any], owner: NDArray[np.intp]
) -> gpd.GeoDataFrame:
    own = roads.iloc[owner[answers["line"]]]
    carried = {name: own[name].to_numpy() for name in (ROADS.code, *_CARRIED) if name in roads}
    answering = answers["answering"].to_numpy(dtype=np.int64)
    shapes = substrings(line[answers["line"]], answers["from_m"].to_numpy(), answers["to_m"].to_numpy())
    level = answers["level"].where(answers["level"] >= 0).astype("Int64")
    found = gpd.GeoDataFrame(
        {
            **carried,
            "from_m": answers["from_m"].round(_MILLIMETRE),
            "to_m": answers["to_m"].round(_MILLIMETRE),
            "length_m": answers["to_m"] - answers["from_m"],
            "border_road": answers["border"].to_numpy(dtype=np.bool_),
            "side": answers["side"].astype("str"),
            "answering": answering,
            "codes": answers["codes"].astype("str"),
            "by": answers["by"].astype("str"),
            **({"level": level} if level.notna().any() else {}),
            "vacant": answers["vacant"].astype("str"),
            "answer": pd.Series(
                np.array(["nobody", "one", "several"])[np.minimum(answering, 2)], dtype="str"
            ),
        },
        geometry=shapes,
        crs=roads.crs,
    )
    found.insert(int(found.columns.get_indexer(["border_road"])[0]), "counted_m", counted_lengths(found))
    return found
