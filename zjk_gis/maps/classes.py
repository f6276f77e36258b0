"""Where the classes of a choropleth begin: quantiles, natural breaks or equal steps, in round numbers."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from zjk_gis.errors import InputError
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Method", "class_breaks", "class_texts", "count_breaks", "count_texts", "natural_breaks"]

Method = Literal["quantile", "natural", "equal"]
_MOST_VALUES = 1_000  # of natural breaks; more are grouped, which moves a break by a thousandth of the rows


def class_breaks(values: NDArray[Any], *, method: Method = "quantile", classes: int = 5) -> list[float]:
    """Return where classes begin: the class of a value is the last one that begins at or below it.

    Parameters
    ----------
    values : ndarray of float
        Those that are not finite are left out.
    method : {"quantile", "natural", "equal"}, default "quantile"
        As many rows in each class; the least spread within classes (Fisher, Jenks); classes of one width.
    classes : int, default 5
        The most there may be, 1 to 7. Fewer where values repeat. Where there are no more different values
        than classes, each is a class.

    Returns
    -------
    list of float
        Ascending; the first is at or below the least value. Rounded to few digits, and what is rounded is
        what classifies.

    Raises
    ------
    InputError
        If the method is unknown or the number of classes not 1 to 7.

    Examples
    --------
    >>> import numpy as np
    >>> values = np.array([1.0, 2, 3, 50, 51, 52, 900])
    >>> class_breaks(values, method="natural", classes=3)
    [1.0, 50.0, 900.0]
    >>> class_breaks(values, method="equal", classes=3)
    [1.0, 300.0, 600.0]
    """
    if method not in get_args(Method):
        raise InputError(
            tr(
                "method must be one of {methods}, not {method!r}",
                methods=", ".join(get_args(Method)),
                method=method,
            )
        )
    if not 1 <= classes <= 7:
        raise InputError(
            tr("classes must be 1 to 7, the most that can be told apart, not {classes!r}", classes=classes)
        )
    known = np.sort(np.asarray(values, dtype=float)[np.isfinite(np.asarray(values, dtype=float))])
    different = np.unique(known)
    if len(different) <= classes:
        return [float(v) for v in different]
    if method == "quantile":
        exact = np.quantile(known, np.arange(classes) / classes, method="inverted_cdf")
    elif method == "equal":
        exact = known[0] + (known[-1] - known[0]) * np.arange(classes) / classes
    else:
        exact = np.array(natural_breaks(known, classes))
    return _rounded(exact, known)


def natural_breaks(values: NDArray[np.float64], classes: int) -> list[float]:
    """Return the least value of each class when the squared spread within classes is least (Fisher 1958).

    Parameters
    ----------
    values : ndarray of float, sorted
    classes : int
        No more than there are different values.

    Examples
    --------
    >>> natural_breaks(np.array([1.0, 1, 2, 10, 11, 30]), 3)
    [1.0, 10.0, 30.0]
    """
    found, weights = np.unique(values, return_counts=True)
    starts = found
    if len(found) > _MOST_VALUES:
        # Half of the groups begin at the widest steps between values, so that no group reaches over one.
        half = _MOST_VALUES // 2
        even = np.arange(half) * len(found) // half
        widest = np.argsort(-np.diff(found), kind="stable")[: _MOST_VALUES - half] + 1
        first = np.union1d(even, widest)
        sums = np.add.reduceat(found * weights, first)
        weights = np.add.reduceat(weights, first)
        starts, found = found[first], sums / weights
    n = len(found)
    centred = found - found.mean()  # so that squares lose no digits
    w, s, q = (
        np.concatenate([[0.0], np.cumsum(v)]) for v in (weights, centred * weights, centred**2 * weights)
    )
    i, j = np.arange(n)[:, None], np.arange(1, n + 1)[None, :]
    mass = np.where(j > i, w[j] - w[i], 1.0)
    spread = np.where(j > i, (q[j] - q[i]) - (s[j] - s[i]) ** 2 / mass, np.inf)  # of the values i to j - 1
    best, came = spread[0], []
    for _ in range(1, classes):
        total = np.concatenate([[np.inf], best[:-1]])[:, None] + spread
        came.append(total.argmin(axis=0))
        best = total.min(axis=0)
    cuts, end = [], n
    for back in reversed(came):
        end = int(back[end - 1])
        cuts.append(end)
    return [float(starts[cut]) for cut in [0, *reversed(cuts)]]


def count_breaks(counts: NDArray[np.int64], classes: int) -> list[int]:
    """Return where classes of counts begin, of 1, 2, 5, 10, 20, 50 and so on, so that a reader can name them.

    The highest class begins at or below what 97 in 100 do not exceed. Counts of 0 are of no class. The page's
    `cells.js` classifies in the same way.

    Parameters
    ----------
    counts : ndarray of int
    classes : int
        The most there may be.

    Examples
    --------
    >>> count_breaks(np.array([0, 1, 3, 8, 40, 70]), 6)
    [1, 2, 5, 10, 20, 50]
    """
    known = np.sort(counts[counts > 0])
    high = int(known[int(len(known) * 0.97)]) if len(known) else 1
    series = [step * 10**power for power in range(10) for step in (1, 2, 5)]
    last = max(1, sum(value <= high for value in series))
    return [1, *series[max(0, last - classes) : last][1:]]


def count_texts(breaks: Sequence[int]) -> list[str]:
    """Write what classes of whole numbers hold, the last one without an end.

    Examples
    --------
    >>> count_texts([1, 2, 5, 1000])
    ['1', '2–4', '5–999', '≥ 1,000']
    """
    texts = [f"{a:,}–{b - 1:,}" if b - a > 1 else f"{a:,}" for a, b in itertools.pairwise(breaks)]
    return [*texts, f"≥ {breaks[-1]:,}"]


def _rounded(breaks: NDArray[np.float64], known: NDArray[np.float64]) -> list[float]:
    """Round breaks to as few digits as keep the rows nearly where they were."""
    exact = np.searchsorted(np.unique(breaks), known, side="right")
    for digits in range(1, 16):
        short = np.unique([float(f"{b:.{digits}g}") for b in breaks])
        short[0] = min(short[0], _floor(known[0], digits))
        moved = np.searchsorted(short, known, side="right") != exact
        if len(short) == len(np.unique(breaks)) and moved.mean() <= 0.02:
            return [float(b) for b in short]
    return [float(b) for b in np.unique(breaks)]


def _floor(value: float, digits: int) -> float:
    short = float(f"{value:.{digits}g}")
    step = 10.0 ** (np.floor(np.log10(abs(value))) - digits + 1) if value else 1.0
    return short if short <= value else float(f"{short - step:.{digits}g}")


def class_texts(breaks: Sequence[float], values: NDArray[Any], *, percent: bool = False) -> list[str]:
    """Write what the classes hold, as a legend says it.

    Examples
    --------
    >>> class_texts([0, 10, 200], np.array([1, 15, 4000]))
    ['0 – 10', '10 – 200', '200 – 4,000']
    """
    known = np.asarray(values, dtype=float)
    top = float(known[np.isfinite(known)].max()) if np.isfinite(known).any() else 0.0
    ends = [*breaks[1:], max(top, breaks[-1])] if len(breaks) else []

    def text(value: float) -> str:
        if percent:
            return f"{value * 100:.4g}%"
        return (
            f"{value:,.0f}"
            if float(value).is_integer()
            else f"{value:,.4g}"
            if abs(value) < 1e4
            else f"{value:,.1f}"
        )

    return [text(a) if a == b else f"{text(a)} – {text(b)}" for a, b in zip(breaks, ends, strict=True)]
