"""Whether one incident brings another nearby soon after: Knox's test of near repeats (近重复)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from zjk_gis.arguments import checked
from zjk_gis.assess.cells import positions_of
from zjk_gis.assess.counts import times_in
from zjk_gis.crs import as_metric
from zjk_gis.errors import InputError
from zjk_gis.layers.shapes import has_place
from zjk_gis.progress import track
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["MOST_PERMUTATIONS", "near_repeats"]

MOST_PERMUTATIONS = 99_999  # by which p is known to 0.00001
_MOST_PAIRS = 20_000_000
_CHUNK = 2_000_000  # pairs looked at together


@checked
def near_repeats(
    incidents: gpd.GeoDataFrame,
    *,
    distances: Sequence[float],
    days: Sequence[int],
    permutations: int = 999,
    seed: int = 0,
    dated: str = "occurred_at",
) -> pd.DataFrame:
    """Tell whether incidents follow each other nearby and soon more often than chance (Knox 1964).

    All pairs of incidents are counted by how far and how many days they are apart. Chance is what is left if
    the days are dealt anew among the places, so that busy places and busy days remain as they are.

    Parameters
    ----------
    incidents : GeoDataFrame
        Points in any CRS, with `dated`; of one class, or several together.
    distances : sequence of float
        Where bands of distance end, in metres, inclusive: (100, 200) are up to 100 m, 0 among them, and more
        than 100 to 200 m.
    days : sequence of int
        Where bands of days end, inclusive: (7, 14) are 0 to 7 and 8 to 14 days, by the calendar of Beijing.
    permutations : int, default 999
        How often days are dealt anew, at most 99,999 times.
    seed : int, default 0
        A whole number of at least 0. The same seed deals the same, whatever the order of rows.
    dated : str, default "occurred_at"

    Returns
    -------
    DataFrame
        A row a band of distance and days: ``over_m``, ``up_to_m`` (float64), ``from_days``, ``to_days``
        (int64, both inclusive), ``pairs`` (int64), ``expected_pairs`` (float64, the mean of all
        permutations), ``ratio_to_chance`` (pairs / expected; NaN where none is expected) and ``p_value`` (of
        as many pairs or more by chance: (1 + permutations with as many) / (1 + permutations)).

        ``attrs`` has ``incidents`` (that count), ``no_position``, ``no_time``, ``permutations`` and ``seed``.

    Raises
    ------
    InputError
        If bands do not ascend, numbers are wrong, fewer than two incidents have a place and a time, or pairs
        would be more than 20 million.
    MissingColumnError, EmptyLayerError, CRSError
        If the layer cannot be used.

    Notes
    -----
    The same matter reported twice is a near repeat, too: leave duplicates out first.

    Examples
    --------
    Twenty places, at each of which two incidents happened two days apart:

    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> places = [Point(500 * n, 0) for n in range(20) for _ in range(2)]
    >>> times = pd.Timestamp("2025-01-01") + pd.to_timedelta([9 * n + d for n in range(20) for d in (0, 2)],
    ...                                                      unit="D")
    >>> cases = gpd.GeoDataFrame({"occurred_at": times}, geometry=places, crs=4547)
    >>> found = near_repeats(cases, distances=[100], days=[3, 7])
    >>> found[["up_to_m", "from_days", "to_days", "pairs", "p_value"]]
       up_to_m  from_days  to_days  pairs  p_value
    0    100.0          0        3     20    0.001
    1    100.0          4        7      0    1.000
    """
    far, late = _bands(distances, days, permutations, seed)
    times = times_in(incidents, dated)
    x, y = _positions(incidents)
    is_placed, is_timed = np.isfinite(x) & np.isfinite(y), ~np.isnat(times)
    rows = np.flatnonzero(is_placed & is_timed)
    if len(rows) < 2:
        raise InputError(tr("incidents: fewer than two have a place and a time"))
    day = times[rows].astype("M8[D]").astype(np.int64)
    order = np.lexsort((day, x[rows], y[rows]))
    places, day = np.column_stack([x[rows], y[rows]])[order], (day - day.min())[order]
    first, second, band = _pairs(places, far)
    later = np.searchsorted(late, np.arange(int(day.max()) + 1), side="left").astype(np.int64)
    shape = (len(far), len(late) + 1)

    def counted(dealt: NDArray[np.int64]) -> NDArray[np.int64]:
        told = np.zeros(shape[0] * shape[1], dtype=np.int64)
        for begin in range(0, len(first), _CHUNK):
            part = slice(begin, begin + _CHUNK)
            keys = later[np.abs(dealt[first[part]] - dealt[second[part]])]
            keys += band[part]
            told += np.bincount(keys, minlength=len(told))
        return told.reshape(shape)[:, :-1]

    band *= shape[1]
    observed = counted(day)
    rng = np.random.default_rng(seed)
    total, as_many = np.zeros(observed.shape), np.zeros(observed.shape, dtype=np.int64)
    for _ in track(range(permutations), title=tr("dealing days anew")):
        dealt = counted(rng.permutation(day))
        total += dealt
        as_many += dealt >= observed
    answer = _told(far, late, observed, total / permutations, (1 + as_many) / (1 + permutations))
    answer.attrs = {
        "incidents": len(rows),
        "no_position": int((~is_placed).sum()),
        "no_time": int((is_placed & ~is_timed).sum()),
        "permutations": permutations,
        "seed": seed,
    }
    return answer


def _bands(
    distances: Sequence[float], days: Sequence[int], permutations: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return where bands end, or refuse them."""
    far, late = np.asarray(distances, dtype=np.float64), np.asarray(days, dtype=np.float64)
    for name, ends in (("distances", far), ("days", late)):
        if not len(ends) or not (np.isfinite(ends).all() and ends[0] >= 0 and (np.diff(ends) > 0).all()):
            raise InputError(
                tr(
                    "{name} must be ascending numbers of at least 0, not {ends}",
                    name=name,
                    ends=ends.tolist(),
                )
            )
    if (late != np.floor(late)).any():
        raise InputError(tr("days must be whole days, not {ends}", ends=late.tolist()))
    is_whole = isinstance(permutations, int | np.integer) and not isinstance(permutations, bool)
    if not (is_whole and 1 <= permutations <= MOST_PERMUTATIONS):
        raise InputError(
            tr(
                "permutations must be a whole number from 1 to {most:,}, not {value!r}",
                most=MOST_PERMUTATIONS,
                value=permutations,
            )
        )
    if not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError(tr("seed must be a whole number of at least 0, not {value!r}", value=seed))
    return far, late.astype(np.int64)


def _positions(incidents: gpd.GeoDataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where incidents are, in metres."""
    placed = incidents[has_place(incidents.geometry.to_numpy())]
    return positions_of(incidents, "incidents", as_metric(placed, "incidents").crs)


def _pairs(
    places: NDArray[np.float64], far: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    """Return the pairs within the farthest band, and the band of each."""
    tree, reach = cKDTree(places), float(far[-1]) * (1 + 1e-12)
    number = int(tree.count_neighbors(tree, reach) - len(places)) // 2
    if number > _MOST_PAIRS:
        raise InputError(
            tr("distances: {number:,} pairs are within {reach:g} m; take shorter distances or fewer "
               "incidents", number=number, reach=float(far[-1]))
        )  # fmt: skip
    first, second = tree.query_pairs(reach, output_type="ndarray").T.astype(np.int32)
    apart = np.hypot(*(places[first] - places[second]).T)
    is_near = apart <= far[-1]
    first, second, apart = first[is_near], second[is_near], apart[is_near]
    return first, second, np.searchsorted(far, apart, side="left").astype(np.int64)


def _told(
    far: NDArray[np.float64],
    late: NDArray[np.int64],
    observed: NDArray[np.int64],
    expected: NDArray[np.float64],
    p_value: NDArray[np.float64],
) -> pd.DataFrame:
    ratio = np.where(expected > 0, observed / np.where(expected > 0, expected, 1.0), np.nan)
    table: dict[str, Any] = {
        "over_m": np.repeat(np.append(0.0, far[:-1]), len(late)),
        "up_to_m": np.repeat(far, len(late)),
        "from_days": np.tile(np.append(0, late[:-1] + 1), len(far)),
        "to_days": np.tile(late, len(far)),
        "pairs": observed.ravel(),
        "expected_pairs": expected.ravel(),
        "ratio_to_chance": ratio.ravel(),
        "p_value": p_value.ravel(),
    }
    return pd.DataFrame(table)
