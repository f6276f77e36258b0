"""Where incidents gather more than chance would have it: Getis and Ord's G* of cells (热点分析)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.sparse import csgraph

from zjk_gis.arguments import checked
from zjk_gis.assess.cells import BASES, basis_of, cells_of
from zjk_gis.assess.clocks import period_of
from zjk_gis.assess.counts import asked_in, remarks_on, times_in
from zjk_gis.assess.local_statistics import g_star, levels_of, two_sided
from zjk_gis.errors import InputError
from zjk_gis.layers.columns.requirements import require_columns, require_rows
from zjk_gis.layers.columns.values import as_text, text_at
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

    from zjk_gis.assess.cells import Basis, Cells

__all__ = ["hot_spots"]

_WORDS = ("cold_99", "cold_95", "cold_90", "not_significant", "hot_90", "hot_95", "hot_99", "not_judged")
_LEVELS = np.array([-99, -95, -90, 0, 90, 95, 99])
_NONE = int(np.searchsorted(_LEVELS, 0))
_MOST_ROWS = 10_000_000


@checked
def hot_spots(
    incidents: gpd.GeoDataFrame,
    *,
    cells: float | gpd.GeoDataFrame,
    region: gpd.GeoDataFrame | None = None,
    hexagons: bool = False,
    reach_m: float | None = None,
    by: str | None = None,
    people: gpd.GeoDataFrame | None = None,
    roads: gpd.GeoDataFrame | None = None,
    patrols: gpd.GeoDataFrame | None = None,
    least: float | None = None,
    fdr: bool = True,
    month: str | None = None,
    since: str | dt.date | None = None,
    until: str | dt.date | None = None,
    dated: str = "occurred_at",
) -> gpd.GeoDataFrame:
    """Find where incidents gather, and where they are few, beyond chance (热点、冷点).

    Each cell is judged together with those near it by Getis and Ord's G* (1995), weights of 1, the cell
    itself included. A cell without incidents counts as 0; outside the region there are none.

    Parameters
    ----------
    incidents : GeoDataFrame
        Points in any CRS.
    cells : float or GeoDataFrame
        The side of squares, or the width of hexagons, in metres; or areas of your own, such as unit grids
        or zones: the finest level, valid on the last day of the period.
    region : GeoDataFrame, optional
        The ground of squares and hexagons, such as the built-up area: needed for them.
    hexagons : bool, default False
    reach_m : float, optional
        Near are cells whose centres are within so many metres, inclusive; by default those that touch, at a
        side or a corner (queen).
    by : str, optional
        A column, such as ``event_code``: each of its values is judged by itself.
    people, roads, patrols : GeoDataFrame, optional
        One of them, by which counts are divided: areas with ``population``, shared by area; lines of roads by
        length; patrols as fixes (points) or tracks (lines). By default counts are judged as they are, and
        follow where inspectors walk.
    least : float, optional
        With these: a cell with no more of it (people, metres or fixes) is not judged, nor does it count for
        others, as one report to a metre of road would be the hottest place of the city. By default a tenth of
        the median of the cells that have any; the remarks say how much that is.
    fdr : bool, default True
        Whether classes are corrected for how many cells are judged (Benjamini and Hochberg 1995), among all
        cells of one value of `by`.
    month, since, until : str or date, optional
        The period, such as ``"2025-11"``, by Beijing's clock; by default all incidents count.
    dated : str, default "occurred_at"
        The column that says when an incident was; needed with a period.

    Returns
    -------
    GeoDataFrame
        A row a cell (and value of `by`), those of a region from north to south and west to east, your own
        under their index and in their order, in a metric CRS:

        - ``cell_code`` (text), and the column of `by` (text);
        - ``incidents`` (int64) in it, ``near_incidents`` (int64) in it and those near it, ``near_cells``
          (int64, without itself);
        - ``basis_amount`` and ``rate`` (float64), where counts are divided: how much of it, and cases to
          10,000 people, a kilometre of road, or a fix (a metre of track) of patrols;
        - ``z_score``, ``p_value`` (float64; two-sided, of one cell alone; NaN where nothing can be told, as
          all values are the same);
        - ``hot_class`` (text): ``hot_99``, ``hot_95``, ``hot_90``, ``cold_99``, ``cold_95``, ``cold_90``,
          ``not_significant`` or ``not_judged``;
        - ``spot_code`` (text): which hot cells near each other are one place, ``H001`` that with the highest
          z, and cold ones, ``L001`` that with the lowest; missing elsewhere;
        - ``cell_m``, ``reach_m`` (float64; NaN of your own areas, and of cells that touch) and ``basis``
          (text: ``people``, ``roads``, ``patrols``, ``nothing``), the same in all rows, so that a file says
          what was asked.

        ``attrs["remarks"]`` says in sentences over which ground, by which cells and by what was judged;
        ``attrs["incidents"]``, ``["outside"]`` and ``["no_position"]`` count the incidents of the period
        that count, lie in no cell, and have no position; ``attrs["set_aside"]`` lists rows of people or
        patrols that could not be counted.

    Raises
    ------
    InputError
        If a number is wrong, squares or hexagons have no region, several bases are given, no incident of the
        period lies in a cell, or the cells would be too many.
    MissingColumnError
        If a column that is needed is missing.
    EmptyLayerError, CRSError, GeometryError
        If a layer cannot be used.

    Notes
    -----
    A cell that the border of the region cuts has less ground, and so fewer incidents: divide by roads or
    people where that matters. The p of cells near each other are not independent; Benjamini and Hochberg's
    correction holds for such positive dependence. Below some thirty cells, or with few incidents near a cell,
    the normal approximation is rough.

    Examples
    --------
    Ten incidents in each of nine cells in the middle of 81:

    >>> from shapely import Point, box
    >>> region = gpd.GeoDataFrame(geometry=[box(0, 0, 900, 900)], crs=4547)
    >>> middle = [Point(x, y) for x in (350, 450, 550) for y in (350, 450, 550) for _ in range(10)]
    >>> found = hot_spots(gpd.GeoDataFrame(geometry=middle, crs=4547), cells=100, region=region)
    >>> found.iloc[[0, 40]][["cell_code", "incidents", "near_incidents", "z_score", "hot_class"]].round(6)
       cell_code  incidents  near_incidents   z_score        hot_class
    0      C0001          0               0 -0.720750  not_significant
    40     C0041         10              90  8.944272           hot_99
    """
    begins, ends = period_of(month, since, until)
    require_rows(incidents, "incidents")
    in_period, day = np.ones(len(incidents), dtype=bool), None
    if not (np.isnat(begins) and np.isnat(ends)) or (_has_versions(cells) and dated in incidents):
        times = times_in(incidents, dated)
        if not np.isnat(begins):
            in_period &= times >= begins
        if not np.isnat(ends):
            in_period &= times < ends
        last = times[~np.isnat(times)].max() if np.isnat(ends) else ends - np.timedelta64(1, "us")
        day = str(last.astype("M8[D]"))
    if by is not None:
        require_columns(incidents, "incidents", by)
    ground = cells_of(cells, region, hexagons=hexagons, reach_m=reach_m, day=day)
    basis = basis_of(ground, people, roads, patrols, least)
    asked = asked_in(incidents, ground, in_period)
    own_words = pd.Series("", index=asked.rows) if by is None else as_text(incidents[by].iloc[asked.rows])
    group, words = pd.factorize(own_words, sort=True, use_na_sentinel=False)
    if len(words) * len(ground) > _MOST_ROWS:
        raise InputError(
            tr("by: {groups:,} values of {by} over {cells:,} cells are more rows than fit; choose some "
               "values", groups=len(words), by=by, cells=len(ground))
        )  # fmt: skip
    counts = np.bincount(group * len(ground) + asked.cell, minlength=len(words) * len(ground))
    judged = [_judged(own, ground, basis, fdr=fdr) for own in counts.reshape(len(words), len(ground))]
    rows = np.argsort(ground.order, kind="stable")
    parts = []
    for word, told in zip(words, judged, strict=True):
        named = {} if by is None else {by: text_at([word], np.zeros(len(rows), np.int64))}
        parts.append(_told(ground, named | told, basis).iloc[rows])
    answer = gpd.GeoDataFrame(pd.concat(parts), crs=ground.frame.crs)
    if np.isfinite(ground.cell_m) or len(parts) > 1:
        answer = answer.reset_index(drop=True)
    answer.attrs = {
        **asked.told(), "remarks": remarks_on(ground, basis, asked), "set_aside": basis.set_aside,
    }  # fmt: skip
    return answer


def _has_versions(cells: float | gpd.GeoDataFrame) -> bool:
    """Tell whether it matters on which day the caller's areas are asked for."""
    return isinstance(cells, gpd.GeoDataFrame) and bool({"valid_from", "valid_to"} & {*cells.columns})


def _judged(counts: NDArray[np.int64], cells: Cells, basis: Basis, *, fdr: bool) -> dict[str, Any]:
    """Judge all cells by one count each."""
    told: dict[str, Any] = {
        "incidents": counts,
        "near_incidents": np.rint(cells.near @ counts.astype(np.float64)).astype(np.int64),
        "near_cells": np.diff(cells.near.indptr).astype(np.int64) - 1,
    }
    values, is_judged = counts.astype(np.float64), basis.is_judged
    if basis.name != "nothing":
        divisor = np.where(is_judged, basis.amount, 1.0) / BASES[basis.name]
        values = np.where(is_judged, counts / divisor, np.nan)
        told |= {"basis_amount": basis.amount, "rate": values}
    z = np.full(len(cells), np.nan)
    near = cells.near if is_judged.all() else cells.near[is_judged][:, is_judged]
    z[is_judged] = g_star(values[is_judged, None], near).ravel()
    word = np.searchsorted(_LEVELS, levels_of(z, fdr=fdr))
    word[np.isnan(z)] = len(_WORDS) - 1
    told |= {"z_score": z, "p_value": two_sided(z), "hot_class": text_at(_WORDS, word)}
    return told | {"spot_code": _spots(z, word, cells)}


def _spots(z: NDArray[np.float64], word: NDArray[np.int64], cells: Cells) -> Any:
    """Name the places that hot or cold cells near each other make, the most extreme first."""
    number = np.full(len(cells), -1)
    names: list[str] = []
    for letter, sign, is_own in (
        ("H", -1.0, (word > _NONE) & (word < len(_LEVELS))),
        ("L", 1.0, word < _NONE),
    ):
        own = np.flatnonzero(is_own)
        count, place = csgraph.connected_components(cells.near[own][:, own], directed=False)
        extreme, first = np.full(count, np.inf), np.full(count, len(cells))
        np.minimum.at(extreme, place, sign * z[own])
        np.minimum.at(first, place, cells.order[own])
        rank = np.empty(count, np.int64)
        rank[np.lexsort((first, extreme))] = np.arange(count)
        number[own] = len(names) + rank[place]
        names += [f"{letter}{n:03d}" for n in range(1, count + 1)]
    return text_at([*names, ""], number)


def _told(cells: Cells, columns: dict[str, Any], basis: Basis) -> gpd.GeoDataFrame:
    """Put the columns beside the cells, and what was asked."""
    same = np.zeros(len(cells), np.int64)
    return gpd.GeoDataFrame(
        {
            "cell_code": cells.frame["cell_code"],
            **columns,
            "cell_m": cells.cell_m,
            "reach_m": cells.reach_m,
            "basis": text_at([basis.name], same),
        },
        index=cells.frame.index,
        geometry=cells.frame.geometry.to_numpy(),
        crs=cells.frame.crs,
    )
