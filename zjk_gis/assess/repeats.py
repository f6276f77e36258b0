"""What happens again at one place (同一地点反复发生): chains of cases, and the cases marked as repeats.

The rule, by which anybody can count again:

1. Cases are of one class where the columns `same` agree; each class is gone through by time of report, cases
   of one time by code. A void case (作废) is none.
2. Where the case and the first one of a chain both name a part (部件), they are at one place if it is the
   same part; otherwise if they lie within `within_m` of each other. It is always the first case, the anchor,
   that is measured from: single linkage would make one place of a street. So a place is at most twice
   `within_m` across. Of several places the nearest counts, of equally near ones the earliest.
3. A case within `within` of the last one of the chain goes on with it; a later one begins another.
4. With `after_closing` it goes on only when the last one was closed by then, at that very moment included.
   Otherwise it is another report of what is still open: it is in the chain's reach, but not counted, nor does
   it begin a chain.
5. All cases of a chain but the first are repeats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.assess.reported import CODE, Reported, period_of, reported
from zjk_gis.engine.chains import chains_at_places
from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import INCIDENTS
from zjk_gis.layers.columns.nobody import chiefs_of
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.times import read_times
from zjk_gis.layers.columns.values import as_text, code_text, coded
from zjk_gis.layers.metric import require_amounts
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.progress import track
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["mark_repeats", "repeat_incidents"]

_NOT_CLOSED = np.iinfo(np.int64).max
_VOID = "作废"
_DAY = np.timedelta64(1, "D")


@checked
def repeat_incidents(
    incidents: gpd.GeoDataFrame,
    *,
    within_m: float = 20.0,
    within: str | dt.timedelta = "90d",
    same: Sequence[str] = ("event_code",),
    after_closing: bool = True,
    least_n: int = 2,
) -> gpd.GeoDataFrame:
    """List the places where the same thing happened again after it had been dealt with (同一地点反复发生).

    See `zjk_gis.assess.repeats` for the rule.

    Parameters
    ----------
    incidents : GeoDataFrame
        Points with ``incident_code``, ``occurred_at``, the columns of `same` and, with `after_closing`,
        ``closed_at``; ``part_code`` (部件标识码), ``state``, ``chief_code`` and ``chief_name`` count where
        they are there.
    within_m : float, default 20.0
        How far a case may lie from the first one of its place. Positions of telephones are some 10 m off, so
        that two cases of one place can be 20 m apart.
    within : str or timedelta, default "90d"
        How long after the last one.
    same : sequence of str, default ("event_code",)
        The columns by which cases are of one class; none makes one class of all.
    after_closing : bool, default True
        Whether only what is reported after the last one was closed is a repeat.
    least_n : int, default 2
        From how many cases on a place is listed.

    Returns
    -------
    GeoDataFrame
        A row a place, in a metric CRS, the most frequent first, then the last to recur:

        - ``place_code`` (text): the code of its first case;
        - the columns of `same`, ``event_name`` and ``part_code`` as in its first case;
        - ``times`` (int64): how many cases;
        - ``first_at``, ``last_at`` (datetime64, Beijing time);
        - ``median_gap_days`` (float64): from one report to the next;
        - ``spread_m`` (float64): how far the farthest lies from the first;
        - ``while_open`` (int64): reports in its reach while the last one was not closed;
        - ``incident_codes`` (text): the chain, the first first, with semicolons between them;
        - ``chief_codes`` (text): who answers (路长), where incidents have been assigned;
        - the place of the first case.

        ``attrs`` holds ``set_aside`` (rows that could not be judged, and why), ``incidents`` (how many were),
        ``repeats``, ``void`` and ``closing_unknown`` (closed by their state, but no time says when: what
        follows them counts as reported while they were open).

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError, GeometryError
        If the incidents cannot be used.
    InputError
        If a time cannot be read, or an option is not what it can be.

    Notes
    -----
    Counts follow the routes of inspectors: what is looked at more often is found more often. Compare places
    of one class, and areas only with equal patrols.

    Examples
    --------
    Three cases 12 m from the first, on days 1, 20 and 200: one place, twice.

    >>> import geopandas as gpd
    >>> cases = gpd.GeoDataFrame(
    ...     {
    ...         "incident_code": ["A1", "A2", "A3"],
    ...         "event_code": ["0102"] * 3,
    ...         "occurred_at": ["2025-01-01", "2025-01-20", "2025-07-19"],
    ...         "closed_at": ["2025-01-03", "2025-01-21", None],
    ...     },
    ...     geometry=gpd.points_from_xy([100, 112, 112], [50, 50, 50]),
    ...     crs=4547,
    ... )
    >>> repeat_incidents(cases)[["place_code", "times", "median_gap_days", "incident_codes"]]
      place_code  times  median_gap_days incident_codes
    0         A1      2             19.0          A1;A2
    """
    if least_n < 2:
        raise InputError(tr("least_n must be at least 2, not {value!r}", value=least_n))
    aside = SetAside()
    chains = _chains_of(incidents, within_m, within, same, after_closing, aside)
    return aside.told_in(_places(chains, list(same), least_n))


@checked
def mark_repeats(
    incidents: gpd.GeoDataFrame,
    *,
    within_m: float = 20.0,
    within: str | dt.timedelta = "90d",
    same: Sequence[str] = ("event_code",),
    after_closing: bool = True,
) -> gpd.GeoDataFrame:
    """Tell of each incident whether it is a repeat, and of which place: what `indicators` counts.

    Parameters
    ----------
    incidents, within_m, within, same, after_closing
        As in `repeat_incidents`.

    Returns
    -------
    GeoDataFrame
        The incidents in their order and under their index, with columns more; one of the same name is kept
        as ``<name>_recorded``:

        - ``is_repeat`` (boolean; missing where it cannot be judged: no place, time, class or code);
        - ``place_code`` (text): of the chain it is in; missing where it is alone.

        ``attrs`` are those of `repeat_incidents`.

    Raises
    ------
    InputError
        As `repeat_incidents`.

    Examples
    --------
    >>> import geopandas as gpd
    >>> cases = gpd.GeoDataFrame(
    ...     {
    ...         "incident_code": ["A1", "A2", "A3"],
    ...         "event_code": ["0102", "0102", "0501"],
    ...         "occurred_at": ["2025-01-01", "2025-01-20", "2025-01-20"],
    ...         "closed_at": ["2025-01-03", None, None],
    ...     },
    ...     geometry=gpd.points_from_xy([100, 112, 112], [50, 50, 50]),
    ...     crs=4547,
    ... )
    >>> mark_repeats(cases)[["is_repeat", "place_code"]].to_numpy().tolist()
    [[False, 'A1'], [True, 'A1'], [False, nan]]
    """
    aside = SetAside()
    chains = _chains_of(incidents, within_m, within, same, after_closing, aside)
    told = chains.reported
    anchor, counts = chains.anchor, chains.counts
    repeats = counts & (anchor != np.arange(len(anchor)))
    is_repeat = pd.array([pd.NA] * len(incidents), dtype="boolean")
    is_repeat[told.origin] = repeats
    is_repeat[chains.void] = False
    members = np.bincount(anchor[counts], minlength=len(anchor))
    named = counts & (members[anchor] > 1)
    codes = code_text(told.rows[CODE]).to_numpy(dtype=object)
    place = np.full(len(incidents), None, dtype=object)
    place[told.origin[named]] = codes[anchor[named]]
    found = with_answers(incidents, {"is_repeat": is_repeat, "place_code": pd.array(place, dtype="str")})
    found.attrs |= chains.attrs
    return aside.told_in(found)


class _Chains:
    """The cases, the row of the anchor of each and which of them count."""

    def __init__(
        self, told: Reported, anchor: NDArray[np.int64], counts: NDArray[np.bool_], void: NDArray[np.bool_]
    ) -> None:
        self.reported, self.anchor, self.counts, self.void = told, anchor, counts, void
        self.attrs: dict[str, Any] = {
            "incidents": len(anchor),
            "repeats": int((counts & (anchor != np.arange(len(anchor)))).sum()),
            "void": int(void.sum()),
            "closing_unknown": 0,
        }


def _chains_of(
    incidents: gpd.GeoDataFrame,
    within_m: float,
    within: str | dt.timedelta,
    same: Sequence[str],
    after_closing: bool,
    aside: SetAside,
) -> _Chains:
    """Chain the cases by the rule of this module."""
    require_amounts(within_m=within_m)
    period = period_of(within, "within")
    if after_closing:
        require_columns(incidents, "incidents", "closed_at")
    void, done = _states(incidents)
    told = reported(incidents, same, aside, left_out=void)
    closed = np.full(len(told.rows), _NOT_CLOSED)
    unknown = 0
    if after_closing:
        times = read_times(incidents["closed_at"], name="incidents: closed_at").required().times
        at = times.to_numpy("M8[us]")[told.origin]
        closed = np.where(np.isnat(at), _NOT_CLOSED, at.astype(np.int64))
        unknown = int((np.isnat(at) & done[told.origin]).sum())
    anchor, counts = np.arange(len(closed)), np.ones(len(closed), dtype=bool)
    steps = chains_at_places(
        told.moments, closed, _parts(told), within=within_m, period=period, after_closing=after_closing
    )
    for rows, its_anchor, its_counts in track(
        steps, title=tr("looking for repeats, class by class"), total=len(told.moments.slices())
    ):
        anchor[rows], counts[rows] = its_anchor, its_counts
    chains = _Chains(told, anchor, counts, void)
    chains.attrs["closing_unknown"] = unknown
    return chains


def _states(incidents: gpd.GeoDataFrame) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which cases are void, and which are closed by their state."""
    if "state" not in incidents:
        return np.zeros(len(incidents), dtype=bool), np.zeros(len(incidents), dtype=bool)
    states, _ = coded(incidents, INCIDENTS.field("state"), "incidents")
    return (states == _VOID).to_numpy(dtype=bool), (states == "结案").to_numpy(dtype=bool)


def _parts(told: Reported) -> NDArray[np.int64]:
    """Return the numbers of the parts that cases name, anew in each class; -1 where none is named."""
    parts = np.full(len(told.rows), -1)
    if "part_code" not in told.rows:
        return parts
    numbers = pd.factorize(code_text(told.rows["part_code"]))[0].astype(np.int64)
    if (numbers < 0).all():
        return parts
    group, named = told.moments.group, numbers >= 0
    pairs, own = np.unique(group[named] * (numbers.max() + 1) + numbers[named], return_inverse=True)
    of_class = pairs // (numbers.max() + 1)
    parts[named] = own - np.searchsorted(of_class, of_class)[own]
    return parts


def _places(chains: _Chains, same: list[str], least: int) -> gpd.GeoDataFrame:
    """Return a row a place with enough cases."""
    told, moments = chains.reported, chains.reported.moments
    size = len(chains.anchor)
    times = np.bincount(chains.anchor[chains.counts], minlength=size)
    waiting = np.bincount(chains.anchor[~chains.counts], minlength=size)
    in_one = np.flatnonzero(chains.counts & (times[chains.anchor] >= least))
    in_one = in_one[np.argsort(chains.anchor[in_one], kind="stable")]  # of one place by time
    anchor = chains.anchor[in_one]
    first, begins = np.unique(anchor, return_index=True)
    ends = np.append(begins, len(in_one))[1:]
    gaps = np.where(
        anchor == in_one, np.nan, np.diff(told.times[in_one], prepend=np.datetime64(0, "us")) / _DAY
    )
    far = np.hypot(moments.x[in_one] - moments.x[anchor], moments.y[in_one] - moments.y[anchor])
    by_place = pd.DataFrame({"gap": gaps, "far": far}).groupby(anchor)
    rows = told.rows.iloc[first]
    codes = code_text(told.rows[CODE]).to_numpy(dtype=object)
    columns: dict[str, Any] = {"place_code": pd.array(codes[first], dtype="str")}
    for name in dict.fromkeys((*same, "event_name", "part_code")):
        if name in rows:
            columns[name] = as_text(rows[name]).array
    columns |= {
        "times": times[first].astype(np.int64),
        "first_at": told.times[first],
        "last_at": told.times[in_one[ends - 1]],
        "median_gap_days": by_place["gap"].median().to_numpy(dtype=np.float64),
        "spread_m": by_place["far"].max().to_numpy(dtype=np.float64),
        "while_open": waiting[first].astype(np.int64),
        "incident_codes": _joined(codes[in_one], begins, ends),
    }
    chiefs = chiefs_of(told.rows.iloc[in_one]).to_numpy(dtype=object)
    if {"chief_code", "chief_name"} & set(told.rows):
        columns["chief_codes"] = _joined(chiefs, begins, ends, distinct=True)
    table = gpd.GeoDataFrame(columns, geometry=rows.geometry.to_numpy(), crs=told.rows.crs)
    order = np.lexsort(
        (
            pd.factorize(table["place_code"], sort=True)[0],
            -table["last_at"].to_numpy("M8[us]").astype(np.int64),
            -table["times"].to_numpy(),
        )
    )
    table = gpd.GeoDataFrame(table.iloc[order].reset_index(drop=True))
    table.attrs |= chains.attrs
    return table


def _joined(
    words: NDArray[np.object_], begins: NDArray[np.intp], ends: NDArray[np.intp], *, distinct: bool = False
) -> Any:
    """Write the words of each place with semicolons between them."""
    told = []
    for a, b in zip(begins.tolist(), ends.tolist(), strict=True):
        here = [str(word) for word in words[a:b] if isinstance(word, str)]
        told.append(";".join(dict.fromkeys(here) if distinct else here))
    return pd.array(told, dtype="str")
