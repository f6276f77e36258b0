"""Which pipes to renew first (老旧管网更新改造): age, material, breaks, and what hangs on each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.layers.catalogue import CATALOGUE, PIPELINES
from zjk_gis.layers.columns.values import as_text, converted
from zjk_gis.layers.metric import ready
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.networks import weak_spots
from zjk_gis.pipes.in_use import in_use
from zjk_gis.pipes.places import are_of_kinds, placed_on
from zjk_gis.pipes.zones import judged_day
from zjk_gis.standards import rules_table

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.pipes.topology import PipeNetwork

__all__ = ["renewal_list"]

_BREAKS, _USERS = CATALOGUE["pipe_breaks"], CATALOGUE["pipe_users"]
# 国办发〔2022〕22 号: these are renewed whatever their age; by class, as materials are written.
_MATERIALS = {
    "RQ": ("灰口铸铁", "灰铸铁"),
    "JS": ("水泥", "石棉", "灰口铸铁", "灰铸铁"),
    "PS": ("平口混凝土", "素混凝土"),
}


@checked
def renewal_list(
    network: PipeNetwork,
    *,
    breaks: gpd.GeoDataFrame | None = None,
    users: gpd.GeoDataFrame | None = None,
    kinds: str | Sequence[str] | None = None,
    at: str | dt.date | None = None,
    breaks_least: int = 2,
    within_m: float = 10.0,
    users_within_m: float = 30.0,
) -> gpd.GeoDataFrame:
    """List the pipes that are to be renewed, the most pressing first, each with its reasons (更新改造清单).

    Parameters
    ----------
    network : PipeNetwork
    breaks : GeoDataFrame, optional
        Points with ``break_code``, perhaps with ``pipe_code`` and ``occurred_on``.
    users : GeoDataFrame, optional
        Points with ``user_code``, perhaps with ``pipe_code``.
    kinds : str or sequence of str, optional
        Pipes of these kinds alone, by code or name.
    at : date or str, optional
        The day that is judged, by default today: only what was in use on it counts, later breaks do not.
    breaks_least : int, default 2
        From how many breaks on a pipe is listed for these.
    within_m, users_within_m : float
        How near the pipe of a break and of a user that name none must be.

    Returns
    -------
    GeoDataFrame
        The pipes that have a reason, with ``renewal_rank`` (1 first), ``renewal_reasons`` (``over_age``,
        ``renewal_material``, ``breaks``, joined by ``;``), ``age_years``, ``renewal_age_years`` (the limit of
        its class; missing where there is none), ``breaks``, ``users``, ``cut_off_m`` (what hangs on it alone)
        and ``length_m``.

    Raises
    ------
    InputError
        If a kind is not known or a layer cannot be used.

    Notes
    -----
    Ages and materials as by 国办发〔2022〕22 号 [M] (tables ``limits``, ``renewal_age_*``): 30 years for
    water, 20 for gas and heat, 50 for drains; it asks for an assessment of each pipe beyond them, which this
    list does not replace. The order: number of reasons, breaks, years over age, users, length cut off, code.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> from zjk_gis.pipes import pipe_network
    >>> manholes = gpd.GeoDataFrame(
    ...     {"manhole_code": ["A", "B", "C"]}, geometry=gpd.points_from_xy([0, 50, 90], [0] * 3), crs=4547
    ... )
    >>> mains = gpd.GeoDataFrame(
    ...     {
    ...         "pipe_code": ["P1", "P2"],
    ...         "pipe_kind": "给水",
    ...         "built_year": [1990, 2015],
    ...         "material": ["灰口铸铁", "PE"],
    ...     },
    ...     geometry=[LineString([(0, 0), (50, 0)]), LineString([(50, 0), (90, 0)])],
    ...     crs=4547,
    ... )
    >>> listed = renewal_list(pipe_network(manholes, mains), at="2026-01-01")
    >>> listed[["renewal_rank", "pipe_code", "renewal_reasons", "age_years"]]
       renewal_rank pipe_code            renewal_reasons  age_years
    0             1        P1  over_age;renewal_material       36.0
    """
    day, aside = judged_day(at), SetAside()
    network, users = network.on(day), in_use(users, _USERS.name, day, aside)
    pipes = network.pipelines
    mine = np.zeros(len(pipes), dtype=bool)
    mine[network.edge_pipe[are_of_kinds(network, kinds)]] = True
    table = rules_table("pipe_kinds")
    class_of = dict(zip(table["pipe_kind"], table["class_code"], strict=True))
    classes = pd.Series([class_of.get(kind, "") for kind in network.kind])
    age = np.full(len(pipes), np.nan)
    if "built_year" in pipes:
        year = converted(pipes["built_year"], PIPELINES.field("built_year"))[0]
        age = day.year - year.to_numpy(dtype=np.float64, na_value=np.nan)
    limits = rules_table("limits").set_index("limit")["value"]
    most = {
        code: float(limits[name])
        for code in classes.unique()
        if (name := f"renewal_age_{code.lower()}") in limits.index
    }
    limit = classes.map(most).to_numpy(dtype=np.float64, na_value=np.nan)
    old_material = np.zeros(len(pipes), dtype=bool)
    if "material" in pipes:
        material = as_text(pipes["material"]).fillna("")
        for code, words in _MATERIALS.items():
            told = material.str.contains("|".join(words)).to_numpy(dtype=bool)
            old_material |= told & (classes == code).to_numpy(dtype=bool)
    broken = _count(network, breaks, _BREAKS.name, mine, within_m, day)
    served = _count(network, users, _USERS.name, mine, users_within_m, None)
    alone = _cut_off(network, mine)
    over = age >= limit
    often = broken >= breaks_least
    reasons = [
        ";".join(name for name, holds in (("over_age", a), ("renewal_material", m), ("breaks", b)) if holds)
        for a, m, b in zip(over, old_material, often, strict=True)
    ]
    number = over.astype(int) + old_material + often
    chosen = np.flatnonzero(mine & (number > 0))
    years_over = np.where(over, age - limit, 0.0)
    order = np.lexsort(
        tuple(
            each[chosen]
            for each in (network.pipe_codes.astype(str), -alone, -served, -years_over, -broken, -number)
        )
    )
    chosen = chosen[order]
    listed = with_answers(
        pipes.iloc[chosen],
        {
            "renewal_rank": np.arange(1, len(chosen) + 1),
            "renewal_reasons": pd.array(np.array(reasons, dtype=object)[chosen], dtype="str"),
            "age_years": age[chosen],
            "renewal_age_years": limit[chosen],
            "breaks": broken[chosen],
            "users": served[chosen],
            "cut_off_m": np.round(alone[chosen], 2),
            "length_m": np.round(pipes.length.to_numpy()[chosen], 3),
        },
    )
    return aside.added_to(listed)


def _count(
    network: PipeNetwork,
    layer: gpd.GeoDataFrame | None,
    name: str,
    mine: NDArray[np.bool_],
    within_m: float,
    day: dt.date | None,
) -> NDArray[np.int64]:
    """Count what stands on each pipe, up to a day."""
    if layer is None:
        return np.zeros(len(network), np.int64)
    rows = ready(layer, name, kind="point", crs=network.crs)
    if day is not None and "occurred_on" in rows:
        when = converted(rows["occurred_on"], _BREAKS.field("occurred_on"))[0]
        rows = rows[~(when > pd.Timestamp(day)).to_numpy(dtype=bool)]
    placed = placed_on(network, rows, name, within_m=within_m, among=mine[network.edge_pipe])
    return np.bincount(network.edge_pipe[placed.edge[placed.edge >= 0]], minlength=len(network))


def _cut_off(network: PipeNetwork, mine: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the length that hangs on each pipe alone, the smaller side."""
    graph, edges = network.graph.without(~mine[network.edge_pipe])
    weak = weak_spots(graph, network.is_manhole, network.length[edges])
    most = np.zeros(len(network))
    np.maximum.at(most, network.edge_pipe[edges], weak.edge_cuts_edges)
    return most
