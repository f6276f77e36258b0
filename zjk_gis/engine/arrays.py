"""Arrays in the one form that compiled code takes, so that it is compiled once and not for every variety."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.words import tr

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    # Numbers in compiled code: plain ones, or those of an array.
    Whole = Any
    Real = Any
    Floats = NDArray[np.float64]
    Floats32 = NDArray[np.float32]
    Ints = NDArray[np.int64]
    Ints32 = NDArray[np.int32]
    Words = NDArray[np.uint32]
    Bytes = NDArray[np.uint8]
    Bools = NDArray[np.bool_]

__all__ = ["as_coordinates", "as_floats", "distinct", "expand", "is_among", "offsets_of"]


def as_floats(values: ArrayLike) -> NDArray[np.float64]:
    """Return values as one contiguous array of doubles, without a copy where they are one.

    Compiled code takes arrays that may be written to as another type than those that may not, as pandas
    gives them: here both come out alike. The kernels never write to their input.
    """
    array = np.ascontiguousarray(values, dtype=np.float64)
    return array if array.flags.writeable else np.asarray(_Unlocked(array))


def as_coordinates(x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return two arrays of coordinates of equal length.

    Raises
    ------
    ValueError
        If they are of different lengths or have more than one dimension.
    """
    xs, ys = as_floats(x), as_floats(y)
    if xs.ndim != 1 or xs.shape != ys.shape:
        raise ValueError(
            tr(
                "x and y must be two arrays of one length, not of shapes {shape} and {shape_2}",
                shape=xs.shape,
                shape_2=ys.shape,
            )
        )
    return xs, ys


def offsets_of(counts: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Return where each of many lists begins when they stand one behind the other, and where the last ends.

    Examples
    --------
    >>> offsets_of(np.array([2, 0, 3])).tolist()
    [0, 2, 2, 5]
    """
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def expand(starts: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the positions of many slices, one behind the other.

    Examples
    --------
    >>> expand(np.array([10, 50]), np.array([3, 2])).tolist()
    [10, 11, 12, 50, 51]
    """
    offsets = offsets_of(counts)
    return np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], counts)


def distinct(values: NDArray[np.integer[Any]]) -> NDArray[Any]:
    """Return the different numbers, sorted.

    As `numpy.unique`, which puts whole numbers into a hash table since NumPy 2.3: on a million different ones
    that takes twenty times as long as sorting them.

    Examples
    --------
    >>> distinct(np.array([5, 2, 5])).tolist()
    [2, 5]
    """
    ordered = np.sort(values)
    first = np.ones(len(ordered), np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    found: NDArray[Any] = ordered[first]
    return found


def is_among(values: NDArray[np.integer[Any]], known: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    """Tell which numbers are among others: as `numpy.isin`, for many different ones.

    Examples
    --------
    >>> is_among(np.array([5, 2, 7]), np.array([7, 5, 5])).tolist()
    [True, False, True]
    """
    if not len(known):
        return np.zeros(len(values), np.bool_)
    ordered = np.sort(known)
    place = np.searchsorted(ordered, values)
    found: NDArray[np.bool_] = ordered[np.minimum(place, len(ordered) - 1)] == values
    return found


class _Unlocked:
    """The same memory, described as one that may be written to."""

    def __init__(self, array: NDArray[np.float64]) -> None:
        self._array = array  # keeps the memory alive
        pointer, _ = array.__array_interface__["data"]
        self.__array_interface__ = {**array.__array_interface__, "data": (pointer, False)}
