"""Coordinates as callers give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zjk_gis.engine.arrays import as_coordinates
from zjk_gis.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["given_coordinates"]


def given_coordinates(x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return two arrays of coordinates.

    Raises
    ------
    InputError
        If they are no numbers or differ in length.
    """
    try:
        return as_coordinates(x, y)
    except (TypeError, ValueError) as error:
        message = f"coordinates: {error}"
        raise InputError(message) from error
