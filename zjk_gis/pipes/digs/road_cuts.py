"""Roads that are dug up again while the law forbids it (拉链路)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import ROADS
from zjk_gis.layers.columns.codes import matched_codes
from zjk_gis.layers.columns.periods import NEVER, day_of, days_of
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.values import code_text, coded, understood
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.layers.shapes import flat
from zjk_gis.overlay.linear import intervals_of
from zjk_gis.pipes.dimensions import texts_of
from zjk_gis.standards import rules_table
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from zjk_gis.standards.rules import Overrides

__all__ = ["repeated_excavations"]

_EMERGENCY = ("抢修", "应急", "紧急", "抢险", "emergency")
_LEAST_M = 1.0  # of road dug twice: less is how permits are drawn
_ALONG_M = 15.0  # of a permit drawn as a line: the road it runs along is no farther
_BESIDE_M = 30.0  # a permit that names its road may lie this far from its centre line


@checked
def repeated_excavations(
    permits: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
    *,
    years: Mapping[str, float] | None = None,
    at: str | dt.date | None = None,
    least_m: float = _LEAST_M,
    tables: Overrides | None = None,
    strict: bool = False,
) -> gpd.GeoDataFrame:
    """Find stretches of road that are dug up again while the law forbids it (拉链路).

    Parameters
    ----------
    permits : GeoDataFrame
        Digs, polygons or lines, with ``permit_code`` and ``valid_from``; with ``road_code``, ``applicant``
        and ``purpose`` where they are known. One that names its road may lie beside its centre line.
    roads : GeoDataFrame
        Centre lines with ``road_code`` or ``edge_code``, ``opened_on`` (交付使用日期) and ``construction``
        (新建, 扩建, 改建, 大修).
    years : mapping of str to float, optional
        How long a road must not be dug, by construction; by default those of the table ``limits``: 5 years
        after a new, widened or rebuilt road opens, 3 after an overhaul.
    at : date or str, optional
        Permits that begin later are left out.
    least_m : float, default 1.0
        How much of a road must be dug twice.
    tables : mapping of str to DataFrame, str or Path, optional
        Your own rows of the table ``limits``.
    strict : bool, default False
        Refuse rows that cannot be judged, instead of setting them aside.

    Returns
    -------
    GeoDataFrame
        One row a pair of permits and a road, by road and day, in the CRS of the roads if that is metric:
        ``finding_code``, ``road_code``, ``permit_a``, ``permit_b`` (text, the earlier first),
        ``months_between`` (int64, whole months), ``length_m`` (float64, dug by both), ``moratorium_until``
        (datetime64, the first day on which digging is allowed again), ``applicants`` (text), ``emergency``
        (bool: a purpose says that it could not wait), ``rule``, ``confidence``, and the stretch.

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError, GeometryError
        If a layer cannot be used.
    InputError
        If a date cannot be read, or no construction is understood.

    Notes
    -----
    国务院令 198 号 第三十三条. A pair is two permits that dig the same length of the same road, of which the
    later begins before the road may be dug again; permits that only touch at a crossing are none. A road
    without ``opened_on`` is set aside, as nobody can tell.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString, box
    >>> roads = gpd.GeoDataFrame(
    ...     {"road_code": ["R1"], "opened_on": ["2022-06-01"], "construction": ["新建"]},
    ...     geometry=[LineString([(0, 0), (500, 0)])],
    ...     crs=4547,
    ... )
    >>> permits = gpd.GeoDataFrame(
    ...     {"permit_code": ["X1", "X2"], "valid_from": ["2023-05-10", "2025-04-12"]},
    ...     geometry=[box(100, -3, 220, 3), box(100, -3, 220, 3)],
    ...     crs=4547,
    ... )
    >>> found = repeated_excavations(permits, roads)
    >>> found[["road_code", "permit_a", "permit_b", "months_between", "length_m"]]
      road_code permit_a permit_b  months_between  length_m
    0        R1       X1       X2              23     120.0
    >>> str(found["moratorium_until"].iloc[0].date())
    '2027-06-01'
    """
    require_amounts(least_m=least_m)
    aside = SetAside(strict=strict)
    lines = ready(aside.sound(roads, "roads", kind="line"), "roads", kind="line")
    name = "road_code" if "road_code" in lines else "edge_code"
    require_columns(lines, "roads", name, "opened_on")
    require_columns(permits, "permits", "permit_code", "valid_from")
    until, opened = _moratoria(lines, years, aside, tables)
    lines, row = _single_lines(lines)
    until, opened = until[row], opened[row]
    digs, grounds = _grounds(permits, lines.crs, aside)
    begins = days_of(digs["valid_from"], "permits: valid_from")
    counts = begins != NEVER
    aside.note(digs, "permits", ~counts, "not_filled", digs["permit_code"])
    if at is not None:
        counts &= begins <= day_of(at)
    stretches = _stretches(digs, grounds, lines, name, counts)
    pairs = stretches.merge(stretches, on="line", suffixes=("_a", "_b"))
    a, b = pairs["dig_a"].to_numpy(), pairs["dig_b"].to_numpy()
    codes = code_text(digs["permit_code"]).fillna("").to_numpy(dtype=object)
    earlier = (begins[a] < begins[b]) | (
        (begins[a] == begins[b]) & (codes[a].astype(str) < codes[b].astype(str))
    )
    forbidden = (begins[b] < until[pairs["line"]]) & (begins[b] >= opened[pairs["line"]])
    low, high = (
        np.maximum(pairs["from_m_a"], pairs["from_m_b"]),
        np.minimum(pairs["to_m_a"], pairs["to_m_b"]),
    )
    pairs = pairs.assign(from_m=low, to_m=high, length=high - low)[earlier & forbidden & (high > low)]
    return aside.told_in(_told(pairs, digs, codes, begins, lines, name, until, least_m))


def _moratoria(
    roads: gpd.GeoDataFrame, years: Mapping[str, float] | None, aside: SetAside, tables: Overrides | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return from which day each road may be dug again, and on which it opened; `NEVER` where not known."""
    limits = rules_table("limits", overrides=tables).set_index("limit")["value"].astype(float)
    after = dict.fromkeys(("新建", "扩建", "改建"), limits["digging_after_opening"])
    after |= {"大修": limits["digging_after_overhaul"]} | dict(years or {})
    opened = days_of(roads["opened_on"], "roads: opened_on")
    kind = pd.Series("新建", index=roads.index)
    if "construction" in roads:
        field = ROADS.field("construction")
        coded(roads, field, "roads")
        kind = understood(roads["construction"], field)[0]
    unknown = (opened == NEVER) | ~kind.isin(list(after)).to_numpy()
    aside.note(roads, "roads", unknown, "no_opening_date", roads["opened_on"])
    until = np.full(len(roads), NEVER)
    for at, (day, name) in enumerate(zip(opened.tolist(), kind.tolist(), strict=True)):
        if not unknown[at]:
            begin = pd.Timestamp(0) + pd.Timedelta(days=day)
            months = round(12 * after[name])
            until[at] = ((begin + pd.DateOffset(months=months)) - pd.Timestamp(0)).days
    return until, np.where(unknown, NEVER, opened)


def _single_lines(roads: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, NDArray[np.intp]]:
    """Return one line a row, and the position of its road: parts that do not meet have a row each."""
    shapes = roads.geometry.to_numpy()
    several = shapely.get_type_id(shapes) == shapely.GeometryType.MULTILINESTRING
    if not several.any():
        return roads, np.arange(len(roads))
    shapes = shapes.copy()
    shapes[several] = shapely.line_merge(shapes[several])
    parts, row = shapely.get_parts(shapes, return_index=True)
    single = roads.iloc[row]
    return single.set_geometry(gpd.GeoSeries(parts, index=single.index, crs=roads.crs)), row


def _grounds(permits: gpd.GeoDataFrame, crs: Any, aside: SetAside) -> tuple[gpd.GeoDataFrame, NDArray[Any]]:
    """Return the permits that have a shape, and their ground; of one drawn as a line a strip along it."""
    shapes = permits.geometry.to_numpy()
    dimension = shapely.get_dimensions(shapes)
    parts = []
    if (dimension == 1).any():
        rows = aside.sound(permits[dimension == 1], "permits", kind="line")
        parts.append(ready(rows, "permits", kind="line", crs=crs))
    if (dimension == 2).any():
        rows = aside.sound(permits[dimension == 2], "permits", kind="polygon")
        parts.append(ready(rows, "permits", kind="polygon", crs=crs))
    lost = dimension < 1
    aside.note(permits, "permits", lost, "no_geometry", permits["permit_code"])
    if not parts:
        raise InputError(tr("permits: no row is a line or a polygon"))
    digs = pd.concat(parts, ignore_index=True)
    grounds = flat(digs.geometry.to_numpy())
    lines = shapely.get_dimensions(grounds) == 1
    grounds = grounds.copy()
    grounds[lines] = shapely.buffer(grounds[lines], _ALONG_M, cap_style="flat")
    return gpd.GeoDataFrame(digs), grounds


def _stretches(
    digs: gpd.GeoDataFrame,
    grounds: NDArray[Any],
    roads: gpd.GeoDataFrame,
    name: str,
    counts: NDArray[np.bool_],
) -> pd.DataFrame:
    """Return from where to where along each road each permit digs.

    A permit that names its road digs that alone, wherever across it lies. Another digs the road of which it
    covers most of the centre line, and others of which it covers at least half as much: a trench along a road
    does not dig those that it crosses.
    """
    lines = flat(roads.geometry.to_numpy())
    known = code_text(roads[name]).fillna("").to_numpy(dtype=object)
    named = np.full(len(digs), "", dtype=object)
    if name in digs:
        match = matched_codes(digs[name], roads[name])
        named = np.where(match.known, match.codes.fillna(""), "").astype(object)
    tree = shapely.STRtree(lines)
    dig, line = tree.query(grounds, predicate="intersects")
    kept = counts[dig] & (named[dig] == "")
    dig, line = dig[kept], line[kept]
    over = intervals_of(lines, line, dig, shapely.intersection(lines[line], grounds[dig]))
    by_road = (over["to_m"] - over["from_m"]).groupby(
        [over["row"], pd.Series(known)[over["line"]].to_numpy()]
    )
    covered = by_road.transform("sum")
    over = over[(covered >= 0.5 * covered.groupby(over["row"]).transform("max")).to_numpy(dtype=bool)]
    dig, line = tree.query(grounds, predicate="dwithin", distance=_BESIDE_M)
    kept = counts[dig] & (named[dig] != "") & (named[dig] == known[line])
    beside = _projected(lines, line[kept], dig[kept], grounds)
    found = pd.concat([over, beside], ignore_index=True)
    return found.rename(columns={"row": "dig"})


def _projected(
    lines: NDArray[Any], line: NDArray[np.intp], dig: NDArray[np.intp], grounds: NDArray[Any]
) -> pd.DataFrame:
    """Return the stretch of each line that ground lies beside: from its first corner along it to the last."""
    coords, pair = shapely.get_coordinates(grounds[dig], return_index=True)
    along = pd.Series(shapely.line_locate_point(lines[line[pair]], shapely.points(coords))).groupby(pair)
    found = pd.DataFrame({"line": line, "row": dig, "from_m": along.min(), "to_m": along.max()})
    longer: pd.DataFrame = found[found["to_m"] > found["from_m"]].reset_index(drop=True)
    return longer


def _told(
    pairs: pd.DataFrame,
    digs: gpd.GeoDataFrame,
    codes: NDArray[np.object_],
    begins: NDArray[np.int64],
    roads: gpd.GeoDataFrame,
    name: str,
    until: NDArray[np.int64],
    least_m: float,
) -> gpd.GeoDataFrame:
    """Join the stretches of each pair and road, and say what there is to say."""
    from shapely.ops import substring

    road = code_text(roads[name]).fillna("").to_numpy(dtype=object)
    applicant, purpose = texts_of(digs, "applicant"), texts_of(digs, "purpose")
    pairs = pairs.assign(road=road[pairs["line"].to_numpy()])
    rows, shapes = [], []
    groups: Any = pairs.groupby(["road", "dig_a", "dig_b"])
    for (code, a, b), group in groups:
        length = float(group["length"].sum())
        if length < least_m - 1e-9:
            continue
        pieces: list[Any] = [
            substring(roads.geometry.iloc[row.line], row.from_m, row.to_m) for row in group.itertuples()
        ]
        shapes.append(pieces[0] if len(pieces) == 1 else shapely.MultiLineString(pieces))
        days = [pd.Timestamp(0) + pd.Timedelta(days=int(begins[dig])) for dig in (a, b)]
        months = (days[1].year - days[0].year) * 12 + days[1].month - days[0].month
        rows.append(
            {
                "road_code": code,
                "permit_a": codes[a],
                "permit_b": codes[b],
                "months_between": months - (days[1].day < days[0].day),
                "length_m": round(length, 6),
                "moratorium_until": pd.Timestamp(0) + pd.Timedelta(days=int(until[group["line"]].max())),
                "applicants": ";".join(dict.fromkeys(filter(None, (applicant[a], applicant[b])))),
                "emergency": any(word in purpose[b].lower() for word in _EMERGENCY),
                "rule": "国务院令 198 号 第三十三条",
                "confidence": "S",
                "begins": begins[b],
            }
        )
    columns = ["road_code", "permit_a", "permit_b", "months_between", "length_m", "moratorium_until",
               "applicants", "emergency", "rule", "confidence", "begins"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    kinds: dict[str, Any] = {"months_between": np.int64, "length_m": np.float64, "emergency": bool,
             "moratorium_until": "datetime64[ns]"}  # fmt: skip
    table = table.astype({**dict.fromkeys(set(columns) - set(kinds) - {"begins"}, "str"), **kinds})
    order = np.lexsort((table["permit_a"].astype(str), table["begins"], table["road_code"].astype(str)))
    table = table.iloc[order].drop(columns="begins").reset_index(drop=True)
    table.insert(0, "finding_code", pd.Series([f"L{i:04d}" for i in range(1, len(table) + 1)], dtype="str"))
    placed = np.empty(len(shapes), dtype=object)
    placed[:] = shapes
    return gpd.GeoDataFrame(table, geometry=placed[order], crs=roads.crs)
