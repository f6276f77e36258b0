"""Choosing sites so that ways are short: greedy with exchange, and a bound by prices.

Arrays only, as in `zjk_gis.access.choice`; every demand is as far from every site as the matrix says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.access.choice import Choice

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["least_distance"]

_ROUNDS = 400  # of the subgradient
_PATIENCE = 15  # rounds without a better bound, after which steps are halved


def least_distance(
    weight: NDArray[np.float64],
    distance: NDArray[np.float64],
    count: int,
    *,
    before: NDArray[np.float64] | None = None,
) -> Choice:
    """Choose sites so that weight times distance to the nearest is least.

    Parameters
    ----------
    weight : ndarray of float64
        Of demands.
    distance : ndarray of float64, shape (sites, demands)
        Finite.
    count : int
    before : ndarray of float64, optional
        How far each demand is from what there is already; infinite where there is nothing.

    Examples
    --------
    >>> far = np.array([[0.0, 10.0, 20.0], [10.0, 0.0, 10.0], [20.0, 10.0, 0.0]])
    >>> choice = least_distance(np.array([1.0, 3.0, 1.0]), far, 1)
    >>> choice.sites.tolist(), choice.value, round(choice.bound, 6)
    ([1], 20.0, 20.0)
    """
    sites, demands = distance.shape
    count = min(count, sites)
    reach = np.full(demands, np.inf) if before is None else before
    chosen = _greedy_nearest(weight, distance, count, reach)
    chosen = _swapped(weight, distance, chosen, reach)
    value = float((weight * np.minimum(reach, distance[chosen].min(axis=0, initial=np.inf))).sum())
    bound = _median_bound(weight, distance, count, reach, value)
    order, gain = [], []
    here, left = reach.copy(), set(chosen.tolist())
    while left:
        totals = {site: float((weight * np.minimum(here, distance[site])).sum()) for site in sorted(left)}
        best = min(totals, key=lambda site: (totals[site], site))
        now = float((weight * here).sum()) if np.isfinite(here).all() else np.inf
        order.append(best)
        gain.append(now - totals[best])
        here = np.minimum(here, distance[best])
        left.remove(best)
    return Choice(np.array(order, np.int64), np.array(gain), value, min(bound, value))


def _greedy_nearest(
    weight: NDArray[np.float64], distance: NDArray[np.float64], count: int, reach: NDArray[np.float64]
) -> NDArray[np.int64]:
    here = reach.copy()
    chosen: list[int] = []
    for _ in range(count):
        totals = np.array([(weight * np.minimum(here, row)).sum() for row in distance])
        totals[chosen] = np.inf
        best = int(np.argmin(totals))
        chosen.append(best)
        here = np.minimum(here, distance[best])
    return np.array(sorted(chosen), np.int64)


def _swapped(
    weight: NDArray[np.float64],
    distance: NDArray[np.float64],
    chosen: NDArray[np.int64],
    reach: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Exchange one site for another as long as that shortens the ways (Teitz and Bart 1968)."""
    plan = chosen.tolist()
    improved = bool(plan)
    while improved:
        improved = False
        for at in range(len(plan)):
            others = [site for k, site in enumerate(plan) if k != at]
            here = np.minimum(reach, distance[others].min(axis=0, initial=np.inf))
            totals = np.array([(weight * np.minimum(here, row)).sum() for row in distance])
            totals[others] = np.inf
            best = int(np.argmin(totals))
            if totals[best] < totals[plan[at]] * (1 - 1e-12):
                plan[at] = best
                improved = True
    return np.array(sorted(plan), np.int64)


def _median_bound(
    weight: NDArray[np.float64],
    distance: NDArray[np.float64],
    count: int,
    reach: NDArray[np.float64],
    value: float,
) -> float:
    """Bound weight times distance from below, by a Lagrangian relaxation and subgradient steps."""
    cost = weight * np.minimum(distance, reach)
    already = np.where(np.isfinite(reach), weight * np.where(np.isfinite(reach), reach, 0.0), np.inf)
    price = np.minimum(np.partition(cost, min(1, len(cost) - 1), axis=0)[min(1, len(cost) - 1)], already)
    best, pace, idle = 0.0, 2.0, 0
    for _ in range(_ROUNDS):
        saved = np.minimum(cost - price, 0.0)
        worth = saved.sum(axis=1)
        open_ = np.argsort(worth, kind="stable")[:count]
        open_ = open_[worth[open_] < 0]
        old = np.minimum(already - price, 0.0)
        bound = float(price.sum() + worth[open_].sum() + old.sum())
        if bound > best + 1e-9 * abs(best):
            best, idle = bound, 0
        else:
            idle += 1
        if idle >= _PATIENCE:
            pace, idle = pace / 2, 0
        step = 1.0 - (saved[open_] < 0).sum(axis=0) - (old < 0)
        size = float((step**2).sum())
        if size == 0 or value - best <= 1e-9 * abs(value) or pace < 1e-4:
            break
        price = price + pace * (value - bound) / size * step
    return best
