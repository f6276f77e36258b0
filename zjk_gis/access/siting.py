"""Where the next facilities do most good (选址)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd
from scipy import sparse

from zjk_gis.access.choice import Choice, cover_all, cover_most
from zjk_gis.access.medians import least_distance
from zjk_gis.access.places import Facilities, Homes, facilities_on, homes_on
from zjk_gis.access.rows import codes_of
from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.layers.excerpts import excerpt
from zjk_gis.layers.metric import require_amounts, require_reach
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.networks.nearest import near_pairs, near_sites
from zjk_gis.presentation import Presentation, presented
from zjk_gis.words import tr

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.access.roads.network import RoadNetwork, Travel

__all__ = ["Goal", "Siting", "site_facilities"]

Goal = Literal["cover", "reach_all", "distance"]

_MOST_PAIRS = 20_000_000


@presented
@checked
@dataclass(frozen=True, slots=True)
class Siting:
    """A plan of sites.

    Attributes
    ----------
    sites : GeoDataFrame
        The candidates chosen, in the order in which each adds most: ``order`` (from 1), ``gain`` (people
        that it adds to those before it, or people-metres that it saves; NaN for the first where there was
        nothing before), ``people_served`` (whose nearest it is).
    demand : GeoDataFrame
        The demand with ``site_code`` (the nearest chosen or existing one within reach), ``network_m`` and
        ``reason``: ``served``, ``not_chosen`` (candidates within reach, none chosen), ``too_far`` (no
        candidate within reach), ``cut_off``, ``no_road``, ``in_barrier``, ``no_position``.
    goal : str
    people, served : float
        All, and those within reach of a chosen or existing site.
    value, bound : float
        What the plan reaches, by its goal, and what no plan can be better than: people served, number of
        sites, or people-metres; these are of the people who get to some candidate and to a chosen or existing
        site, and the bound is for plans that reach as many.
    gap : float
        How far from the best the plan can be at most, as a share.
    set_aside : list of dict
        Rows that could not be counted, and candidates that no road reaches.
    """

    sites: gpd.GeoDataFrame
    demand: gpd.GeoDataFrame
    goal: str
    people: float
    served: float
    value: float
    bound: float
    gap: float
    set_aside: list[dict[str, Any]]

    def _presentation(self) -> Presentation:
        told = tr(
            "New sites: {count:,}; people within reach: {served:,.0f} of {people:,.0f}. No plan can be more "
            "than {gap:.2%} better.",
            count=len(self.sites),
            served=self.served,
            people=self.people,
            gap=self.gap,
        )
        codes = [name for name in map(str, self.sites.columns) if name.endswith("_code")]
        return excerpt(told, self.sites, [*codes[:1], "order", "gain", "people_served"])


@checked
def site_facilities(
    demand: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    network: RoadNetwork,
    *,
    goal: Goal = "cover",
    count: int | None = None,
    within_m: float = 500.0,
    existing: gpd.GeoDataFrame | None = None,
    capacity: str | float | None = None,
    exact: bool | None = None,
    population: str = "population",
    code: str | None = None,
    gates: gpd.GeoDataFrame | None = None,
    travel: Travel = "foot",
    to_road_m: float = 200.0,
) -> Siting:
    """Choose where new facilities should stand, and say how far from the best the choice can be.

    Parameters
    ----------
    demand : GeoDataFrame
        Homes or estates with ``population``.
    candidates : GeoDataFrame
        Where a facility could stand. Rows of one code are one candidate.
    network : RoadNetwork
    goal : {"cover", "reach_all", "distance"}, default "cover"
        Reach most people with `count` sites; reach everyone with as few as can be; or make ways shortest with
        `count` sites, whatever their length.
    count : int, optional
        How many new sites; needed but for ``reach_all``.
    within_m : float, default 500.0
        How far is within reach along the roads. For ``distance`` it only decides who counts as served.
    existing : GeoDataFrame, optional
        Facilities that there are already: who reaches one needs no other.
    capacity : str or float, optional
        How many people a site serves at most: a column of `candidates`, or one number for all. For ``cover``
        alone; the people of one row may then be shared among several sites.
    exact : bool, optional
        Whether the solver searches for the best plan, which may take a minute; by default where the question
        is small.
    population : str, default "population"
        The column of people.
    code : str, optional
        The candidates' column of codes.
    gates : GeoDataFrame, optional
        By which the demand leaves its ground, as `nearest_facilities` takes them.
    travel : {"foot", "car"}, default "foot"
    to_road_m : float, default 200.0

    Returns
    -------
    Siting

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError
        If a layer cannot be used.
    InputError
        If an option is not what it can be, or ``distance`` is asked of over 20 million pairs.

    Notes
    -----
    Maximal covering (MCLP, Church and ReVelle 1974), set covering (LSCP, Toregas 1971) and p-median (Hakimi
    1964), by greedy steps and exchange of single sites, with a bound by relaxation; see
    `zjk_gis.access.choice`.

    Examples
    --------
    Three estates on a street and one more facility to build:

    >>> import geopandas as gpd
    >>> from shapely import LineString, Point
    >>> from zjk_gis.access import road_network
    >>> street = gpd.GeoDataFrame(geometry=[LineString([(0, 0), (2000, 0)])], crs=4547)
    >>> homes = gpd.GeoDataFrame(
    ...     {"population": [100, 80, 150]}, geometry=[Point(x, 0) for x in (0, 600, 1900)], crs=4547
    ... )
    >>> places = gpd.GeoDataFrame(
    ...     {"lot_code": ["A", "B"]}, geometry=[Point(300, 0), Point(1900, 0)], crs=4547
    ... )
    >>> plan = site_facilities(homes, places, road_network(street), count=1)
    >>> plan.sites[["lot_code", "order", "gain"]].values.tolist(), plan.served, plan.gap
    ([['A', 1, 180.0]], 180.0, 0.0)
    >>> plan.demand["reason"].tolist()
    ['served', 'served', 'not_chosen']
    """
    _check(goal, count, within_m, to_road_m, capacity)
    aside = SetAside()
    people, _ = aside.amounts(demand, "demand", population)
    homes = homes_on(demand, network, travel=travel, to_road_m=to_road_m, entrances=gates)
    there = facilities_on(candidates, network, travel=travel, to_road_m=to_road_m, code=code)
    ways = network.ways(travel)
    before = np.full(len(demand), np.inf)
    old: Facilities | None = None
    if existing is not None and len(existing):
        old = facilities_on(existing, network, travel=travel, to_road_m=to_road_m)
        before = _least(
            homes, near_sites(ways, homes.places, old.sites, old.label).distance[:, 0], len(demand)
        )
    if goal == "distance":
        choice, metres = _by_distance(ways, homes, there, people, before, count or 0)
    else:
        choice, metres = _by_reach(
            ways, homes, there, people, before, goal, count, within_m,
            _capacities(candidates, there, capacity, code, aside), exact,
        )  # fmt: skip
    chosen = np.sort(choice.sites)
    return _plan(
        demand, candidates, homes, there, old, people, before, metres, choice, chosen,
        goal=goal, within_m=within_m, code=code, aside=aside, ways=ways,
    )  # fmt: skip


def _check(
    goal: str, count: int | None, within_m: float, to_road_m: float, capacity: str | float | None
) -> None:
    require_amounts(within_m=within_m)
    require_reach(to_road_m=to_road_m)
    if goal not in get_args(Goal):
        raise InputError(
            tr("goal must be one of {choices}, not {value!r}", choices=", ".join(get_args(Goal)), value=goal)
        )
    if goal == "reach_all":
        if count is not None:
            raise InputError(tr("count: reach_all finds out how many sites it takes; leave it out"))
    elif not isinstance(count, int | np.integer) or isinstance(count, bool) or count < 1:
        raise InputError(tr("count must be a whole number of at least 1, not {value!r}", value=count))
    if capacity is not None and goal != "cover":
        raise InputError(tr("capacity: is taken into account by the goal cover alone"))


def _capacities(
    candidates: gpd.GeoDataFrame,
    there: Facilities,
    capacity: str | float | None,
    code: str | None,
    aside: SetAside,
) -> NDArray[np.float64] | None:
    """Return how many people each candidate serves at most; None where any number."""
    if capacity is None:
        return None
    if not isinstance(capacity, str):
        require_amounts(capacity=capacity)
        return np.full(len(there.codes), float(capacity))
    amounts, _ = aside.amounts(candidates, "candidates", capacity)
    names = codes_of(candidates, code, "candidates").to_numpy(dtype=object).astype(str)
    number = np.searchsorted(there.codes.astype(str), names)
    return np.bincount(number, weights=amounts, minlength=len(there.codes)).astype(np.float64)


def _least(homes: Homes, metres: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Return the least of what the places of each origin were told; infinite where it has none."""
    least = np.full(size, np.inf)
    np.minimum.at(least, homes.owner, metres)
    return least


def _by_reach(
    ways: Any,
    homes: Homes,
    there: Facilities,
    people: NDArray[np.float64],
    before: NDArray[np.float64],
    goal: str,
    count: int | None,
    within_m: float,
    capacity: NDArray[np.float64] | None,
    exact: bool | None,
) -> tuple[Choice, sparse.csr_array]:
    """Choose by who is within reach of which candidate; return also how far each pair is."""
    pairs = near_pairs(ways, homes.places, there.sites, there.label, limit=within_m)
    shape = (len(there.codes), len(people))
    order = np.lexsort((pairs.distance, homes.owner[pairs.place], pairs.label))
    site, home, far = pairs.label[order], homes.owner[pairs.place][order], pairs.distance[order]
    first = np.ones(len(site), np.bool_)
    first[1:] = (site[1:] != site[:-1]) | (home[1:] != home[:-1])
    # A distance of nothing would vanish from a sparse matrix.
    metres = sparse.csr_array((np.maximum(far[first], 1e-9), (site[first], home[first])), shape=shape)
    open_ = before > within_m
    kept = first & open_[home]
    serves = sparse.csr_array((np.ones(int(kept.sum()), np.bool_), (site[kept], home[kept])), shape=shape)
    if goal == "reach_all":
        return cover_all(serves, exact=exact), metres
    weight = np.where(open_, people, 0.0)
    return cover_most(weight, serves, count or 0, capacity=capacity, exact=exact), metres


def _by_distance(
    ways: Any,
    homes: Homes,
    there: Facilities,
    people: NDArray[np.float64],
    before: NDArray[np.float64],
    count: int,
) -> tuple[Choice, sparse.csr_array]:
    """Choose by the ways of all; who cannot get to any candidate is left out."""
    if len(people) * len(there.codes) > _MOST_PAIRS:
        raise InputError(
            tr(
                "distance: {demand:,} rows of demand and {candidates:,} candidates are over {most:,} pairs; "
                "ask for the goal cover, or of a part of the city",
                demand=len(people),
                candidates=len(there.codes),
                most=_MOST_PAIRS,
            )
        )
    pairs = near_pairs(ways, homes.places, there.sites, there.label, limit=np.inf)
    far = np.full((len(there.codes), len(people)), np.inf)
    np.minimum.at(far, (pairs.label, homes.owner[pairs.place]), pairs.distance)
    reachable = np.isfinite(far).any(axis=0)
    # Parts of the city that hang together by no road: a candidate of another is as far as can be.
    longest = far[np.isfinite(far)].max(initial=0.0)
    beyond = 10.0 * longest + 1e5
    dense = np.where(np.isfinite(far), far, beyond)
    useful = np.flatnonzero(np.isfinite(far).any(axis=1))  # a site that nobody reaches makes no way shorter
    choice = Choice(useful, np.empty(0), 0.0, np.inf)
    if len(useful):
        choice = least_distance(
            people[reachable], dense[np.ix_(useful, reachable)], count, before=before[reachable]
        )
    choice = _in_metres(
        choice, useful[choice.sites], far[:, reachable], people[reachable], before[reachable], beyond
    )
    return choice, sparse.csr_array(np.where(np.isfinite(far), np.maximum(far, 1e-9), 0.0))


def _in_metres(
    choice: Choice,
    sites: NDArray[np.int64],
    far: NDArray[np.float64],
    people: NDArray[np.float64],
    before: NDArray[np.float64],
    beyond: float,
) -> Choice:
    """Tell what each site saves those who had another before it, and leave out whom none of them reaches."""
    here, gain = before, []
    for site in sites.tolist():
        had = np.isfinite(here)
        nearer = np.minimum(here, far[site])
        gain.append(float((people * (here - nearer))[had].sum()) if had.any() else np.nan)
        here = nearer
    left = ~np.isfinite(here)
    value = float((people * here)[~left].sum())
    bound = max(0.0, choice.bound - beyond * float(people[left].sum()))
    return Choice(sites, np.array(gain), value, min(bound, value))


def _plan(
    demand: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    homes: Homes,
    there: Facilities,
    old: Facilities | None,
    people: NDArray[np.float64],
    before: NDArray[np.float64],
    metres: sparse.csr_array,
    choice: Choice,
    chosen: NDArray[np.int64],
    *,
    goal: str,
    within_m: float,
    code: str | None,
    aside: SetAside,
    ways: Any,
) -> Siting:
    """Tell of every row of demand who serves it or why nobody does, and of every site what it adds."""
    served_by = np.full(len(demand), -1, np.int64)
    far = np.full(len(demand), np.inf)
    rows = metres[chosen].tocoo()
    order = np.lexsort((chosen[rows.row], rows.data, rows.col))
    first = order[np.unique(rows.col[order], return_index=True)[1]]
    served_by[rows.col[first]], far[rows.col[first]] = chosen[rows.row[first]], rows.data[first]
    near = far <= within_m
    is_old = (before <= within_m) & (before <= far)
    reason = homes.reason.astype(object)
    free = reason == ""
    possible = np.bincount(metres.tocoo().col[metres.tocoo().data <= within_m], minlength=len(demand)) > 0
    hears = np.isfinite(
        _least(homes, near_sites(ways, homes.places, there.sites, there.label).distance[:, 0], len(demand))
    )
    told = np.select([near | is_old, possible, hears], ["served", "not_chosen", "too_far"], default="cut_off")
    reason[free] = told[free]
    site_code = np.full(len(demand), None, dtype=object)
    site_code[near] = there.codes[served_by[near]]
    if old is not None:
        nearest = near_sites(ways, homes.places, old.sites, old.label)
        best = np.lexsort((nearest.distance[:, 0], homes.owner))
        lead = best[np.unique(homes.owner[best], return_index=True)[1]]
        label = np.full(len(demand), -1, np.int64)
        lead = lead[nearest.site[lead, 0] >= 0]
        label[homes.owner[lead]] = old.label[nearest.site[lead, 0]]
        site_code[is_old] = old.codes[label[is_old]]
    network_m = np.minimum(far, before)
    answered = with_answers(
        demand,
        {
            "site_code": pd.array(site_code, dtype="str"),
            "network_m": np.where(np.isfinite(network_m), network_m, np.nan),
            "reason": pd.array(reason, dtype="str"),
        },
    )
    names = codes_of(candidates, code, "candidates").to_numpy(dtype=object).astype(str)
    codes = there.codes.astype(str)
    first_row = {name: row for row, name in reversed(list(enumerate(names.tolist())))}
    by_site = np.bincount(served_by[near & ~is_old], weights=people[near & ~is_old], minlength=len(codes))
    sites = with_answers(
        candidates.iloc[[first_row[codes[site]] for site in choice.sites.tolist()]],
        {
            "order": np.arange(1, len(choice.sites) + 1),
            "gain": np.where(np.isfinite(choice.gain), choice.gain, np.nan),
            "people_served": by_site[choice.sites],
        },
    )
    bound, value = choice.bound, choice.value
    more = goal == "cover"
    gap = 0.0
    if more and bound > 0:
        gap = (bound - value) / bound
    elif not more and value > 0:
        gap = (value - bound) / value
    served = float(people[near | is_old].sum())
    return Siting(
        sites,
        answered,
        goal,
        float(people.sum()),
        served,
        value,
        bound,
        max(0.0, gap),
        [*aside.rows, *there.off_road],
    )
