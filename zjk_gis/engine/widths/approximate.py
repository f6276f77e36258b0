"""A projection, replaced by polynomials with a known error: exact enough to find nearly every point's cell.

Projecting a point costs ten times as much as locating it. Over a city a projection is nearly linear, so on
some squares polynomials of the third degree stand in for it, with an error far below the side of a cell. A
point that lies nearer to a side or an edge than that error is projected in truth; the others need not be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.engine.compiled import lean
from zjk_gis.threads import CHUNK, in_chunks

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from zjk_gis.engine.arrays import Floats

    Transform = Callable[
        [NDArray[np.float64], NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]
    ]

__all__ = ["Approximation"]

_POWERS = [(i, j) for i in range(4) for j in range(4 - i)]
_NODES = np.cos(np.pi * (np.arange(6) + 0.5) / 6)
_CHECKED = np.linspace(-1.0, 1.0, 9)
_MOST_SQUARES = 64  # a side
# The error seen where it is checked is multiplied by this: between the places checked it may be greater.
_SAFETY = 8.0


@dataclass(frozen=True, slots=True)
class Approximation:
    """Polynomials on a rectangle of longitudes and latitudes, or whatever the coordinates are.

    Attributes
    ----------
    place : tuple of float
        West and south edge, squares per unit in both directions, squares in both directions.
    coefficients : ndarray of float64, shape (squares, 20)
    error : float
        No point is further than this from where the true projection puts it.
    """

    place: tuple[float, float, float, float, int, int]
    coefficients: NDArray[np.float64]
    error: float

    @classmethod
    def fit(
        cls, transform: Transform, bounds: tuple[float, float, float, float], wanted: float
    ) -> Approximation | None:
        """Fit polynomials to a transformation, or return None where none are good enough.

        Parameters
        ----------
        transform : callable
            Takes and returns two arrays of coordinates.
        bounds : tuple of float
            West, south, east and north of what is wanted.
        wanted : float
            The error that must not be exceeded.
        """
        west, south, east, north = bounds
        if not (np.isfinite(bounds).all() and west < east and south < north):
            return None
        squares = 2
        while squares <= _MOST_SQUARES:
            place = (west, south, squares / (east - west), squares / (north - south), squares, squares)
            coefficients, error = _fit_squares(transform, place)
            if error <= wanted:
                return cls(place, coefficients, error)
            squares *= 2
        return None

    def apply(
        self, x: NDArray[np.float64], y: NDArray[np.float64], *, at_once: bool = False
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return where points lie, to within `error`; NaN for those beyond the rectangle.

        Few are better done at once, in the thread that asks.
        """
        to_x, to_y = np.empty(len(x)), np.empty(len(x))

        def work(part: slice) -> None:
            approximate(x[part], y[part], to_x[part], to_y[part], self.place, self.coefficients)

        in_chunks(work, len(x), chunk=max(len(x), 1) if at_once else CHUNK)
        return to_x, to_y


def _fit_squares(
    transform: Transform, place: tuple[float, float, float, float, int, int]
) -> tuple[NDArray[np.float64], float]:
    solve = np.linalg.pinv(_terms(*_pairs(_NODES)))
    coefficients = np.hstack([values @ solve.T for values in _values(transform, place, _NODES)])
    checks = _terms(*_pairs(_CHECKED)).T
    x, y = _values(transform, place, _CHECKED)
    half = len(_POWERS)
    off = np.hypot(coefficients[:, :half] @ checks - x, coefficients[:, half:] @ checks - y)
    error = float(off.max())
    return coefficients, _SAFETY * error if np.isfinite(error) else np.inf


def _pairs(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    s, t = np.meshgrid(values, values, indexing="ij")
    return s.ravel(), t.ravel()


def _terms(s: NDArray[np.float64], t: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([s**i * t**j for i, j in _POWERS])


def _values(
    transform: Transform, place: tuple[float, float, float, float, int, int], at: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Transform the same places of every square; a row for each square."""
    west, south, per_x, per_y, nx, ny = place
    s, t = _pairs(at)
    row, column = np.divmod(np.arange(nx * ny), nx)
    x = west + (column[:, None] + 0.5 + 0.5 * s) / per_x
    y = south + (row[:, None] + 0.5 + 0.5 * t) / per_y
    given_x, given_y = transform(x.ravel(), y.ravel())
    return np.reshape(given_x, x.shape), np.reshape(given_y, y.shape)


@lean
def approximate(
    x: Floats,
    y: Floats,
    to_x: Floats,
    to_y: Floats,
    place: tuple[float, float, float, float, int, int],
    coefficients: Floats,
) -> None:
    """Fill `to_x` and `to_y`; NaN for points beyond the rectangle."""
    west, south, per_x, per_y, nx, ny = place
    for i in range(x.size):
        s, t = (x[i] - west) * per_x, (y[i] - south) * per_y
        if not (s >= 0.0 and s < nx and t >= 0.0 and t < ny):
            to_x[i] = np.nan
            to_y[i] = np.nan
            continue
        c, r = np.int64(s), np.int64(t)
        s, t = 2.0 * (s - c) - 1.0, 2.0 * (t - r) - 1.0
        # Indexed one by one: a slice would be counted, and threads would wait for one another to count.
        k = r * nx + c
        to_x[i] = (
            coefficients[k, 0]
            + t * (coefficients[k, 1] + t * (coefficients[k, 2] + t * coefficients[k, 3]))
            + s * (coefficients[k, 4] + t * (coefficients[k, 5] + t * coefficients[k, 6])
                   + s * (coefficients[k, 7] + t * coefficients[k, 8] + s * coefficients[k, 9]))
        )  # fmt: skip
        to_y[i] = (
            coefficients[k, 10]
            + t * (coefficients[k, 11] + t * (coefficients[k, 12] + t * coefficients[k, 13]))
            + s * (coefficients[k, 14] + t * (coefficients[k, 15] + t * coefficients[k, 16])
                   + s * (coefficients[k, 17] + t * coefficients[k, 18] + s * coefficients[k, 19]))
        )  # fmt: skip
