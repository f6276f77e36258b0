"""Where along the roads incidents lie thickest (事故多发路段): 100 m of each road at a time.

The rule, by which anybody can count again:

1. The edges of one road (``road_code``, or else ``road_name``, or else the edge alone) are joined where just
   two of them meet; each line that comes out is a part of the road, numbered from the west. It runs as most
   of it was drawn, a ring from its westernmost corner.
2. A part is cut from its beginning into pieces of `every_m`; what is left at its end is a piece of its own
   if it is at least half as long, and otherwise belongs to the piece before it. Pieces do not slide: a thick
   spot on the border of two is shared by them, which another `every_m` shows.
3. An incident that names its road (``road_code`` or ``road_name``) lies on that road if this is within
   `named_within_m`; every other lies on the nearest road within `within_m`, of equally near ones that of the
   lowest code. At a crossing one road has it. What is near no road is told.
4. The rate is incidents to 100 m. A piece shorter than half of `every_m` is reckoned as half of it, or one
   incident on a stub of 2 m would lead.
5. Pieces of at least `least_n` incidents are ranked by rate; equal rates share a place.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.assess.reported import placed
from zjk_gis.engine.lines import LineIndex
from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.layers.columns.codes import matched_codes
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.layers.shapes import flat, point_coordinates
from zjk_gis.overlay.linear import substrings
from zjk_gis.progress import track
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["black_spots"]

_AT_ONCE = 100_000  # incidents that are looked up together
_NAMES = ("road_code", "road_name")


@checked
def black_spots(
    incidents: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
    *,
    every_m: float = 100.0,
    within_m: float = 30.0,
    named_within_m: float = 100.0,
    least_n: int = 3,
) -> gpd.GeoDataFrame:
    """Count incidents along roads, 100 m of each road at a time, and rank the thickest pieces (多发路段).

    See `zjk_gis.assess.road_pieces` for the rule.

    Parameters
    ----------
    incidents : GeoDataFrame
        Points, such as accidents or cases of one class; ``road_code`` and ``road_name`` count where they are
        there.
    roads : GeoDataFrame
        Centre lines with ``road_code``, ``road_name`` or ``edge_code``.
    every_m : float, default 100.0
        How long a piece is.
    within_m : float, default 30.0
        How near the nearest road must be to an incident that names none.
    named_within_m : float, default 100.0
        How near the road must be that an incident names; otherwise the nearest counts.
    least_n : int, default 3
        With fewer incidents a piece is not ranked.

    Returns
    -------
    GeoDataFrame
        A row a piece with incidents, in a metric CRS, by rank, those not ranked last:

        - ``piece_code`` (text): road, part and beginning, such as ``R0001-1-0300``;
        - ``road_code`` and ``road_name`` (text), as far as the roads have them;
        - ``road_part`` (int64), ``from_m``, ``to_m``, ``length_m`` (float64): along the part;
        - ``incidents`` (int64) and of them ``left_side`` and ``right_side``, seen along the part, and
          ``by_road_name``, which named this road;
        - ``per_100m`` (float64) and ``rank`` (Int64; missing with fewer than `least_n`);
        - ``incident_codes`` (text): its incidents with semicolons between them, where they have codes;
        - the piece.

        ``attrs`` holds ``set_aside``: the incidents near no road (``no_road``) and those without a place, by
        row; ``named`` and ``nearest``: how many were found in which way, ``named_elsewhere``: how many of
        the latter name a road that is not there or too far; ``off_road``, ``pieces``: how many there are in
        all, and ``road_m``.

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError, GeometryError
        If a layer cannot be used.
    InputError
        If an option is not what it can be.

    Notes
    -----
    Counts follow the routes of inspectors and the traffic; neither is known here.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> roads = gpd.GeoDataFrame(
    ...     {"road_code": ["R1", "R1"]},
    ...     geometry=[LineString([(0, 0), (130, 0)]), LineString([(130, 0), (260, 0)])],
    ...     crs=4547,
    ... )
    >>> x, y = [110, 120, 190, 30, 30], [5, -4, 8, 6, 900]
    >>> accidents = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y), crs=4547)
    >>> found = black_spots(accidents, roads)
    >>> found[["piece_code", "length_m", "incidents", "left_side", "right_side", "per_100m", "rank"]]
      piece_code  length_m  incidents  left_side  right_side  per_100m  rank
    0  R1-1-0100     100.0          3          2           1        3.0     1
    1  R1-1-0000     100.0          1          1           0        1.0  <NA>
    >>> found.attrs["set_aside"]
    [{'layer': 'incidents', 'row': 4, 'why': 'no_road', 'value': ''}]
    """
    require_amounts(every_m=every_m, within_m=within_m, named_within_m=named_within_m)
    if every_m < 1:
        raise InputError(tr("every_m must be at least 1 m, not {value:g}", value=every_m))
    aside = SetAside()
    lines = ready(aside.sound(roads, "roads", kind="line"), "roads", kind="line")
    parts = _parts_of(lines)
    metric, fine = placed(incidents, aside, crs=lines.crs)
    found = _along(metric[fine], parts, within_m, named_within_m)
    lost = np.ones(len(incidents), dtype=bool)
    lost[np.flatnonzero(fine)[found["row"].to_numpy()]] = False
    lost &= fine
    codes = code_text(incidents["incident_code"]) if "incident_code" in incidents else None
    values = pd.Series("", index=incidents.index) if codes is None else codes
    aside.note(incidents, "incidents", lost, "no_road", values)
    if codes is not None:
        found["incident_code"] = codes.to_numpy(dtype=object)[fine][found["row"].to_numpy()]
    table = _pieces(found, parts, every_m, least_n, lines.crs)
    table.attrs |= {
        "named": int(found["by_road_name"].sum()),
        "nearest": int((~found["by_road_name"]).sum()),
        "named_elsewhere": int((found["names_one"] & ~found["by_road_name"]).sum()),
        "off_road": int(lost.sum()),
        "pieces": int(_counts(parts.length, every_m).sum()),
        "road_m": float(np.sort(parts.length).sum()),
    }
    return aside.told_in(table)


@dataclass(frozen=True)
class _Parts:
    """Parts of roads, by road and from the west: each one line."""

    line: NDArray[Any]
    road: NDArray[np.object_]
    number: NDArray[np.int64]
    code: NDArray[np.object_]
    name: NDArray[np.object_]
    length: NDArray[np.float64]


def _parts_of(roads: gpd.GeoDataFrame) -> _Parts:
    """Join the edges of each road (rule 1)."""
    if not {*_NAMES, "edge_code"} & set(roads):
        columns = listed((*_NAMES, "edge_code"))
        raise MissingColumnError(tr("roads: none of the columns {columns} is there", columns=columns))
    words = {
        column: code_text(roads[column])
        if column in roads
        else pd.Series(np.nan, index=roads.index, dtype="str")
        for column in (*_NAMES, "edge_code")
    }
    first = words["road_code"].fillna(words["road_name"]).fillna(words["edge_code"])
    labels = pd.Series(roads.index.astype(str), index=roads.index, dtype="str")
    road = first.fillna(labels).to_numpy(dtype=object)
    shapes = flat(roads.geometry.to_numpy())
    single, row = shapely.get_parts(shapes, return_index=True)
    # In an order of their own, so that neither joining nor the direction depends on that of the rows.
    bounds, wkb = shapely.bounds(single), shapely.to_wkb(shapely.normalize(single))
    order = sorted(range(len(single)), key=lambda at: (road[row[at]], *bounds[at].tolist(), wkb[at]))
    single, row = single[order], row[order]
    names = words["road_name"].to_numpy(dtype=object)
    codes = words["road_code"].to_numpy(dtype=object)
    lines: list[Any] = []
    about: list[tuple[object, int, object, object]] = []
    begins = [0, *(np.flatnonzero(road[row[1:]] != road[row[:-1]]) + 1).tolist(), len(row)]
    for a, b in pairwise(begins):
        edges, of_road = single[a:b], row[a:b]
        code, name = (min(each[of_road][pd.notna(each[of_road])], default=None) for each in (codes, names))
        drawn = _drawn(edges)
        joined = [_directed(part, drawn) for part in _merged(edges)]
        joined.sort(key=lambda part: (*part.bounds, part.wkb))
        lines += joined
        about += [(road[of_road[0]], number, code, name) for number in range(1, len(joined) + 1)]
    line = np.empty(len(lines), dtype=object)
    line[:] = lines
    keys, numbers, told, named = (np.array(column, dtype=object) for column in zip(*about, strict=True))
    return _Parts(line, keys, numbers.astype(np.int64), told, named, shapely.length(line))


def _merged(edges: NDArray[Any]) -> list[Any]:
    """Return the lines that edges make where just two of them meet."""
    if len(edges) == 1:
        return [edges[0]]
    return list(shapely.get_parts(shapely.line_merge(shapely.multilinestrings(edges))))


def _drawn(edges: NDArray[Any]) -> dict[tuple[float, ...], float]:
    """Return how long the segments of edges are, by where they begin and end."""
    found: dict[tuple[float, ...], float] = {}
    for edge in edges:
        for (x, y), (to_x, to_y) in pairwise(shapely.get_coordinates(edge).tolist()):
            key = (x, y, to_x, to_y)
            found[key] = found.get(key, 0.0) + float(np.hypot(to_x - x, to_y - y))
    return found


def _directed(part: Any, drawn: dict[tuple[float, ...], float]) -> Any:
    """Turn a line so that it runs as most of it was drawn, and a ring so that it begins in the west."""
    corners = shapely.get_coordinates(part)
    if part.is_closed:
        begin = int(np.lexsort((corners[:-1, 1], corners[:-1, 0]))[0])
        rolled = np.roll(corners[:-1], -begin, axis=0)
        corners = np.vstack([rolled, rolled[:1]])
    along = against = 0.0
    for (x, y), (to_x, to_y) in pairwise(corners.tolist()):
        along += drawn.get((x, y, to_x, to_y), 0.0)
        against += drawn.get((to_x, to_y, x, y), 0.0)
    turns = against > along if along != against else corners[0].tolist() > corners[-1].tolist()
    return shapely.LineString(corners[::-1] if turns else corners)


def _along(points: gpd.GeoDataFrame, parts: _Parts, within_m: float, named_within_m: float) -> pd.DataFrame:
    """Return on which part each incident lies, how far along and on which side (rule 3)."""
    index = LineIndex(parts.line)
    x, y = point_coordinates(points.geometry.to_numpy())
    known = {"road_code": parts.code, "road_name": parts.name}
    recorded = {
        column: matched_codes(points[column], pd.Series(known[column], dtype=object).dropna())
        .codes.fillna("")
        .to_numpy(dtype=object)
        for column in _NAMES
        if column in points
    }
    tables = []
    begins = range(0, len(points), _AT_ONCE)
    for begin in track(begins, title=tr("looking up incidents along the roads")):
        here = slice(begin, begin + _AT_ONCE)
        xs, ys = x[here], y[here]
        names_one = np.zeros(len(xs), dtype=bool)
        for words in recorded.values():
            names_one |= words[here] != ""
        pairs, by_name = _pairs_of(index, xs, ys, names_one, recorded, here, known, within_m, named_within_m)
        side, chainage = index.place(xs, ys, pairs)
        tables.append(
            pd.DataFrame(
                {
                    "row": pairs.point + begin,
                    "part": pairs.item,
                    "along_m": chainage,
                    "side": side,
                    "by_road_name": by_name,
                    "names_one": names_one[pairs.point],
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def _pairs_of(
    index: LineIndex,
    xs: NDArray[np.float64],
    ys: NDArray[np.float64],
    names_one: NDArray[np.bool_],
    recorded: dict[str, NDArray[np.object_]],
    here: slice,
    known: dict[str, NDArray[np.object_]],
    within_m: float,
    named_within_m: float,
) -> tuple[Any, NDArray[np.bool_]]:
    """Return one line for each incident that lies on one, and whether it is the one that it names."""
    reach = np.where(names_one, named_within_m, -1.0)
    near = index.near(xs, ys, within=reach)
    is_named = np.zeros(len(near.point), dtype=bool)
    for column, words in recorded.items():
        is_named |= (words[here][near.point] == known[column][near.item]) & (words[here][near.point] != "")
    at = np.flatnonzero(is_named)
    order = at[np.lexsort((near.item[at], near.distance[at], near.point[at]))]
    leads = order[np.unique(near.point[order], return_index=True)[1]]
    rest = index.nearest(xs, ys, within=within_m)
    other = ~np.isin(rest.point, near.point[leads])
    pairs = type(near)(
        *(
            np.concatenate([getattr(near, name)[leads], getattr(rest, name)[other]])
            for name in ("point", "item", "distance", "segment")
        )
    )
    return pairs, np.arange(len(pairs.point)) < len(leads)


def _counts(length: NDArray[np.float64], every_m: float) -> NDArray[np.int64]:
    """Return into how many pieces lines are cut (rule 2)."""
    return np.maximum(np.floor(length / every_m + 0.5), 1).astype(np.int64)


def _pieces(found: pd.DataFrame, parts: _Parts, every_m: float, least: int, crs: Any) -> gpd.GeoDataFrame:
    """Count the incidents of each piece, and rank."""
    counts = _counts(parts.length, every_m)
    part = found["part"].to_numpy(dtype=np.int64)
    piece = np.minimum(np.floor(found["along_m"].to_numpy() / every_m).astype(np.int64), counts[part] - 1)
    side = found["side"].to_numpy()
    sums = (
        pd.DataFrame(
            {
                "part": part,
                "piece": piece,
                "incidents": 1,
                "left_side": side > 0,
                "right_side": side < 0,
                "by_road_name": found["by_road_name"].to_numpy(),
            }
        )
        .groupby(["part", "piece"], as_index=False)
        .sum()
    )
    of_part, number = sums["part"].to_numpy(dtype=np.int64), sums["piece"].to_numpy(dtype=np.int64)
    begin = number * float(every_m)
    end = np.where(number == counts[of_part] - 1, parts.length[of_part], begin + every_m)
    rate = sums["incidents"].to_numpy() * 100.0 / np.maximum(end - begin, every_m / 2)
    is_ranked = (sums["incidents"] >= least).to_numpy()
    rank = pd.Series(np.where(is_ranked, rate, np.nan)).rank(method="min", ascending=False).astype("Int64")
    codes = [
        f"{road}-{of_road}-{metre:04.0f}"
        for road, of_road, metre in zip(parts.road[of_part], parts.number[of_part], begin, strict=True)
    ]
    columns: dict[str, Any] = {"piece_code": pd.array(codes, dtype="str")}
    for column, words in (("road_code", parts.code), ("road_name", parts.name)):
        if any(isinstance(word, str) for word in words):
            columns[column] = pd.array(words[of_part], dtype="str")
    columns |= {
        "road_part": parts.number[of_part],
        "from_m": begin,
        "to_m": end,
        "length_m": end - begin,
        **{
            name: sums[name].to_numpy(dtype=np.int64)
            for name in ("incidents", "left_side", "right_side", "by_road_name")
        },
        "per_100m": rate,
        "rank": rank,
    }
    if "incident_code" in found:
        columns["incident_codes"] = _codes_of(found["incident_code"], part, piece)
    shapes = substrings(parts.line[of_part], begin, end)
    table = gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)
    order = np.lexsort((number, of_part, -rate, ~is_ranked))
    return gpd.GeoDataFrame(table.iloc[order].reset_index(drop=True))


def _codes_of(codes: pd.Series, part: NDArray[np.int64], piece: NDArray[np.int64]) -> Any:
    """Join the codes of the incidents of each piece, ascending, pieces in the order of their parts."""
    told = pd.DataFrame({"part": part, "piece": piece, "code": codes.fillna("").to_numpy(dtype=object)})
    joined = told.groupby(["part", "piece"])["code"].agg(lambda own: ";".join(sorted(filter(None, own))))
    return pd.array(joined.to_numpy(dtype=object), dtype="str")
