"""Getis and Ord's G*, false discoveries and Mann and Kendall's trend: arrays in, arrays out.

A value x of each of n cells, weights of 1 between cells that are near each other, and of each cell to itself.
With W the number of cells near one (itself included), m the mean and s the standard deviation of all x:

    z = (sum of x nearby - m W) / (s sqrt((n W - W^2) / (n - 1)))

(Ord and Getis 1995, eq. 14, with weights of 1.) Far from 0, the cell lies among high or low values more than
chance would have it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import erfc

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LEVELS", "g_star", "levels_of", "mann_kendall", "two_sided"]

LEVELS = {90: 0.1, 95: 0.05, 99: 0.01}  # confidence in percent: how often chance alone gives as much
_COLUMNS = 65_536  # series judged at a time, so that they stay in the cache


def g_star(
    values: NDArray[np.float64], near: Any, *, steps_back: int = 0, pooled: bool = True
) -> NDArray[np.float64]:
    """Return z of G* of each cell and step.

    Parameters
    ----------
    values : ndarray of float64, shape (n, steps)
    near : sparse array, shape (n, n)
        1 where two cells are near each other, and between each and itself; symmetric.
    steps_back : int, default 0
        How many earlier steps of the cells near one count as near, too; 0 unless `pooled`.
    pooled : bool, default True
        Whether mean and deviation are those of all steps; otherwise each step has its own.

    Returns
    -------
    ndarray of float64, shape (n, steps)
        NaN where all values are the same, or a cell is near all others.

    Examples
    --------
    >>> from scipy import sparse
    >>> chain = sparse.diags_array([1.0, 1, 1], offsets=[-1, 0, 1], shape=(6, 6)).tocsr()
    >>> g_star(np.array([[9.0, 9, 0, 0, 0, 0]]).T, chain).ravel().round(3).tolist()
    [2.236, 1.581, 0.0, -1.581, -1.581, -1.118]
    """
    sums = near @ values
    width = np.asarray(near.sum(axis=1), dtype=np.float64).ravel()
    weight = np.broadcast_to(width[:, None], sums.shape)
    if steps_back:
        own = sums.copy()
        for back in range(1, steps_back + 1):
            sums[:, back:] += own[:, :-back]
        weight = width[:, None] * (1 + np.minimum(np.arange(sums.shape[1]), steps_back))
    axis = None if pooled else 0
    number = values.size if pooled else len(values)
    # Sorted, so that the order of cells changes no digit.
    mean = np.sort(values, axis=axis).sum(axis=axis) / number
    deviation = np.sqrt(np.sort((values - mean) ** 2, axis=axis).sum(axis=axis) / number)
    spread = deviation * np.sqrt(np.maximum(number * weight - weight**2, 0.0) / max(number - 1, 1))
    tiny = 1e-12 * np.abs(mean) * weight  # values that are the same but for rounding
    is_judged = spread > tiny
    return np.where(is_judged, (sums - mean * weight) / np.where(is_judged, spread, 1.0), np.nan)


def two_sided(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how often chance alone gives a normal variate as far from 0.

    Examples
    --------
    >>> two_sided(np.array([0.0, 1.959964, -2.575829])).round(4).tolist()
    [1.0, 0.05, 0.01]
    """
    return np.asarray(erfc(np.abs(z) / np.sqrt(2.0)), dtype=np.float64)


def levels_of(z: NDArray[np.float64], *, fdr: bool) -> NDArray[np.int8]:
    """Return the confidence with which each z is not chance: 99, 95, 90 or 0, below 0 where z is.

    Parameters
    ----------
    z : ndarray of float64
        All that are judged together, of any shape; NaN is of level 0.
    fdr : bool
        Whether levels are corrected for how many are judged (Benjamini and Hochberg 1995): of those that
        reach 95, a twentieth are chance, however many cells there are.

    Examples
    --------
    >>> levels_of(np.array([3.0, -2.0, 1.7, 0.3, np.nan]), fdr=False).tolist()
    [99, -95, 90, 0, 0]
    >>> levels_of(np.array([3.0, -2.0, 1.7, 0.3, np.nan]), fdr=True).tolist()
    [95, -90, 0, 0, 0]
    """
    p = two_sided(z)
    levels = np.zeros(z.shape, dtype=np.int8)
    for level, alpha in LEVELS.items():
        levels[p <= (_threshold(p, alpha) if fdr else alpha)] = level
    return np.where(z < 0, -levels, levels).astype(np.int8)


def _threshold(p: NDArray[np.float64], alpha: float) -> float:
    """Return the largest p that passes; below 0 where none does."""
    small = np.sort(p[p <= alpha])
    number = int((~np.isnan(p)).sum())
    passes = np.flatnonzero(small <= alpha * np.arange(1, len(small) + 1) / max(number, 1))
    return float(small[passes[-1]]) if len(passes) else -1.0


def mann_kendall(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Tell of each series whether it rises or falls (Mann 1945, Kendall 1975).

    Parameters
    ----------
    values : ndarray of float64, shape (steps, n)
        A column a series.

    Returns
    -------
    tau : ndarray of float64, length n
        -1 (always falls) to 1 (always rises): rising pairs less falling ones, of all pairs.
    p_value : ndarray of float64, length n
        Two-sided, from the normal approximation with ties and continuity; 1 where all are equal.

    Examples
    --------
    >>> tau, p = mann_kendall(np.array([[1.0, 5.0], [2, 5], [2, 5], [3, 5], [6, 5]]))
    >>> tau.round(2).tolist(), p.round(4).tolist()
    ([0.9, 0.0], [0.0433, 1.0])
    """
    steps, number = values.shape
    score, excess = np.empty(number), np.empty(number)
    for begin in range(0, number, _COLUMNS):
        part = np.ascontiguousarray(values[:, begin : begin + _COLUMNS])
        score[begin : begin + _COLUMNS], excess[begin : begin + _COLUMNS] = _pairs(part)
    # The sum over groups of t(t - 1)(2t + 5) is that over values of (t - 1)(2t + 5).
    variance = (steps * (steps - 1) * (2 * steps + 5) - excess) / 18
    has_spread = variance > 0
    z = np.where(has_spread, (score - np.sign(score)) / np.sqrt(np.where(has_spread, variance, 1.0)), 0.0)
    return score / (steps * (steps - 1) / 2), two_sided(z)


def _pairs(part: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return rising less falling pairs of each column, and its excess of ties."""
    score = np.zeros(part.shape[1], dtype=np.int32)
    ties = np.ones(part.shape, dtype=np.int16)
    for lag in range(1, len(part)):
        for first, second in zip(range(len(part) - lag), range(lag, len(part)), strict=True):
            rises, falls = part[second] > part[first], part[second] < part[first]
            score += rises.view(np.int8)
            score -= falls.view(np.int8)
            same = ~(rises | falls)
            if same.any():
                ties[first] += same
                ties[second] += same
    wide = ties.astype(np.int64)
    return score.astype(np.int64), ((wide - 1) * (2 * wide + 5)).sum(axis=0)
