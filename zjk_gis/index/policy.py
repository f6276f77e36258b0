"""The rule that decides which zone answers where several could.

Stated once, here, and never a matter of row order:

1. A zone that strictly contains the incident comes before one that it touches (lies on the border of), and
   that before one that it is merely near: what two zones share is never answered by a third beside them.
2. Then the keys of the `Policy` decide, one after another.
3. Then what no two rows of a layer share, so that no tie is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.crs import is_stretched
from zjk_gis.crs.vertices import projected
from zjk_gis.errors import InputError, MissingColumnError, name_rows
from zjk_gis.layers.catalogue import RESPONSIBILITY_ZONES
from zjk_gis.layers.columns.values import as_text, code_text, in_order, name_values, rows_by_value
from zjk_gis.layers.spec import folded
from zjk_gis.words import tr

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["Policy", "first_by_rank", "first_in_runs", "nearness", "policy_of", "precedence", "rank_of"]

_KEYS = ("highest_priority", "smallest_area", "largest_area", "lowest_code", "latest_begin")
_EQUAL_AREA = 6933
_TOUCHING_M = 0.0005  # to the millimetre it lies on the border: converted coordinates are never on it exactly
_PRIORITY = RESPONSIBILITY_ZONES.field("priority")
_LAST = ("lowest_code", "latest_begin")


@checked
@dataclass(frozen=True, slots=True)
class Policy:
    """Which of several zones answers (归属规则).

    Parameters
    ----------
    order : tuple of str, default ("highest_priority", "smallest_area", "lowest_code")
        What is compared, the most important first: ``highest_priority`` (the column of priorities, a missing
        one comes last), ``smallest_area`` (what was drawn for a special place overrules what was drawn around
        it), ``largest_area``, ``lowest_code``, ``latest_begin`` (the version that began last). What is not
        named decides nothing, but for the last tie: lowest code, latest begin, then the geometry itself.
    priority : str, default "priority"
        The column of priorities; a layer without it has none. Numbers (the greater the higher), or words of
        one order: 高, 中, 低; 一级, 二级, 三级; 紧急, 一般; 重要, 一般, 次要; P1, P2.
    priority_order : tuple of str, default ()
        Your own words for priorities, the highest first; these alone are understood then. Blanks, capitals
        and full-width letters make no difference.

    Raises
    ------
    InputError
        If a key is not one of these or stands there twice, or a word of `priority_order` does.

    Examples
    --------
    >>> Policy()
    Policy(order=('highest_priority', 'smallest_area', 'lowest_code'), priority='priority', priority_order=())
    >>> Policy(order=("smalest_area",))
    Traceback (most recent call last):
    zjk_gis.errors.InputError: policy: no key 'smalest_area'; there are highest_priority, smallest_area,
    largest_area, lowest_code, latest_begin
    """

    order: tuple[str, ...] = ("highest_priority", "smallest_area", "lowest_code")
    priority: str = "priority"
    priority_order: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for key in self.order:
            if key not in _KEYS:
                raise InputError(
                    tr("policy: no key {key!r}; there are {keys}", key=key, keys=", ".join(_KEYS))
                )
        if len(set(self.order)) < len(self.order):
            raise InputError(tr("policy: a key stands there twice in {order}", order=", ".join(self.order)))
        words = [folded(str(word)) for word in self.priority_order]
        if len({*words} - {""}) < len(words):
            raise InputError(
                tr(
                    "policy: priority_order must be different words, not {priority_order!r}",
                    priority_order=self.priority_order,
                )
            )


def policy_of(policy: object) -> Policy:
    """Return a policy, the usual one where none is given.

    Raises
    ------
    InputError
        If it is something else.
    """
    if policy is None:
        return Policy()
    if not isinstance(policy, Policy):
        raise InputError(
            tr(
                "policy must be a Policy, such as Policy(order=('lowest_code',)), not {policy!r:.100}",
                policy=policy,
            )
        )
    return policy


def rank_of(
    layer: gpd.GeoDataFrame,
    code: str | None,
    begins: NDArray[np.int64] | None = None,
    *,
    policy: Policy | None = None,
    name: str = "zones",
) -> NDArray[np.int64]:
    """Rank the rows of a layer by the rule, 0 first.

    Parameters
    ----------
    layer : GeoDataFrame
        Zones in a metric CRS (or lines, whose areas are all 0).
    code : str or None
        The column of codes, if there is one.
    begins : ndarray of int64, optional
        The day on which each version began.
    policy : Policy, optional
    name : str, default "zones"
        What the layer is called in errors.

    Returns
    -------
    ndarray of int64
        One rank a row; the same row has the same rank whatever the order of the rows.

    Raises
    ------
    MissingColumnError
        If the policy names another column of priorities than the usual one, and the layer lacks it.
    InputError
        If priorities are not understood: neither numbers nor words of one order; the message names them.
    """
    policy = policy_of(policy)
    keys: dict[str, NDArray[np.generic]] = {}
    for key in (*policy.order, *_LAST):
        if key == "highest_priority":
            priority = precedence(layer, policy, name)
            if priority is not None:
                keys[key] = priority
        elif key.endswith("area"):
            area = _areas(layer)
            keys[key] = area if key == "smallest_area" else -area
        elif key == "lowest_code" and code is not None:
            keys[key] = code_text(layer[code]).to_numpy()
        elif key == "latest_begin" and begins is not None:
            keys[key] = -begins
    order = pd.DataFrame(keys, index=pd.RangeIndex(len(layer)))
    tied = order.duplicated(keep=False).to_numpy() if keys else np.ones(len(layer), np.bool_)
    if tied.any():  # the geometry decides; looked at only where it must
        shape = np.full(len(layer), "", dtype=object)
        shape[tied] = shapely.to_wkb(layer.geometry.to_numpy()[tied], hex=True)
        order["shape"] = shape
    sorted_rows = order.sort_values(list(order.columns), kind="stable", na_position="last").index.to_numpy()
    rank = np.empty(len(layer), dtype=np.int64)
    rank[sorted_rows] = np.arange(len(layer))
    return rank


def nearness(
    inside: NDArray[np.bool_], distance: NDArray[np.float64], *, metre: float = 1.0
) -> NDArray[np.int8]:
    """Say how each point lies to a zone, as far as the rule tells it: what comes first before the policy.

    Parameters
    ----------
    inside : ndarray of bool
        Whether the zone strictly contains the point.
    distance : ndarray of float64
        Of the point from the zone, 0 in it.
    metre : float, default 1.0
        How long a metre is in the unit of the distances.

    Returns
    -------
    ndarray of int8
        0 inside, 1 touching (to the millimetre), 2 near.

    Examples
    --------
    >>> nearness(np.array([True, False, False]), np.array([0.0, 0.0001, 0.4])).tolist()
    [0, 1, 2]
    """
    near: NDArray[np.int8] = np.where(inside, 0, np.where(distance <= _TOUCHING_M * metre, 1, 2)).astype(
        np.int8
    )
    return near


def first_by_rank(
    point: NDArray[np.int64], *keys: NDArray[np.generic]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pick, for every point, the pair that comes first by the keys.

    Parameters
    ----------
    point : ndarray of int64
        The point of each pair, in any order.
    *keys : ndarray
        What to sort by, the most important first; smaller comes first.

    Returns
    -------
    points : ndarray of int64
        The points that have a pair, ascending.
    pairs : ndarray of int64
        The position of the pair that answers for each.

    Examples
    --------
    >>> first_by_rank(np.array([4, 4, 7]), np.array([2, 1, 5]))
    (array([4, 7]), array([1, 2]))
    """
    order = np.lexsort((*reversed(keys), point))
    points, first = np.unique(point[order], return_index=True)
    return points, order[first]


def first_in_runs(
    point: NDArray[np.int64], key: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Do as `first_by_rank` for points that ascend and one key, whose values differ within a point.

    Examples
    --------
    >>> first_in_runs(np.array([4, 4, 7]), np.array([2, 1, 5]))
    (array([4, 7]), array([1, 2]))
    """
    if not len(point):
        return point, point
    begins = np.flatnonzero(np.diff(point, prepend=-1))
    least = np.minimum.reduceat(key, begins)
    pick = np.flatnonzero(key == np.repeat(least, np.diff(begins, append=len(point))))
    return point[begins], pick


def _areas(layer: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Return areas that can be compared: those of degrees and Web Mercator in an equal-area projection."""
    if layer.crs is not None and (not layer.crs.is_projected or is_stretched(layer.crs)):
        layer = projected(layer.geometry, _EQUAL_AREA)
    areas: NDArray[np.float64] = shapely.area(layer.geometry.to_numpy())
    return areas


def precedence(layer: pd.DataFrame, policy: Policy, name: str) -> NDArray[np.float64] | None:
    """Return what the priorities of a layer are compared by, the smallest first; None where it has none.

    Parameters
    ----------
    layer : GeoDataFrame
    policy : Policy
    name : str
        What the layer is called in errors.

    Returns
    -------
    ndarray of float64 or None
        NaN where a row has no priority.

    Raises
    ------
    MissingColumnError
        If the policy names another column of priorities than the usual one, and the layer lacks it.
    InputError
        If priorities are not understood.

    Examples
    --------
    >>> precedence(pd.DataFrame({"priority": ["低", "高", None]}), Policy(), "zones")
    array([ 6.,  2., nan])
    """
    column = policy.priority
    if column not in layer:
        if column == _PRIORITY.name:
            return None
        known = ", ".join(map(str, layer.columns))
        raise MissingColumnError(
            tr(
                "{name}: no column of priorities {column!r}; its columns are {known}",
                name=name,
                column=column,
                known=known,
            )
        )
    if policy.priority_order:
        place = {folded(word): float(at) for at, word in enumerate(policy.priority_order)}
        written = as_text(layer[column])
        first = written.map(lambda word: place.get(folded(word)), na_action="ignore").to_numpy(np.float64)
        wrong, known = (
            written.notna().to_numpy(dtype=bool) & np.isnan(first),
            ", ".join(policy.priority_order),
        )
    else:
        numbers, wrong, scale = in_order(layer[column], _PRIORITY)
        first, known = numbers if scale else -numbers, ""
    if wrong.any():
        strangers = rows_by_value(layer[column][wrong])
        if known:
            told = ", ".join(f"{value!r} ({name_rows(rows)})" for value, rows in strangers.items())
            told += tr("; policy.priority_order has {known}", known=known)
        else:
            told = name_values(strangers, _PRIORITY, None)
        raise InputError(
            tr(
                "{name}: {wrong} of {layer_count} priorities in {column!r} are neither numbers nor "
                "words of one order: {told}. Rewrite them, give Policy(priority_order=(...)) with "
                "your words, the highest first (at the command: --priority-order), or leave "
                "highest_priority out of Policy(order=...)",
                name=name,
                wrong=int(wrong.sum()),
                layer_count=len(layer),
                column=column,
                told=told,
            )
        )
    return first
