"""What a map draws, told without saying how: the same layers go to a browser and to paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["DrawnLayer"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnLayer:
    """One layer of a map, equal to itself alone: several may have one name.

    Attributes
    ----------
    name, group : str
        As the legend tells them; a layer without a name is not in the legend.
    on : bool
        Whether it is shown unless asked otherwise.
    shapes : ndarray of Geometry
        In longitude and latitude (WGS84), none missing or empty.
    styles : sequence of mapping
        Leaflet's path options, with ``shape`` for points and ``casing`` for lines and points.
    style_of : ndarray of int
        For each shape which style it takes.
    keys : sequence of (int, str)
        What the legend explains: a style and its meaning.
    count : str
        How many there are, as the legend tells it.
    texts : sequence of str, optional
        Names that are written at the shapes, instead of drawing these.
    labels : sequence of str, optional
        Texts that are written at the shapes where there is room.
    whole : sequence of str, optional
        The names that `texts` or `labels` write in short.
    apart : sequence of int
        The styles that only tell neighbours apart: seen from afar, what they show is one ground.
    in_cells : bool
        Whether its points are counted in hexagons.
    side : {"before", "after"}, optional
        On which side of a map that compares two states it is; by default on both.
    """

    name: str
    group: str
    on: bool
    shapes: NDArray[Any]
    styles: Sequence[Mapping[str, Any]]
    style_of: NDArray[Any]
    keys: Sequence[tuple[int, str]]
    count: str
    texts: Sequence[str] | None = None
    labels: Sequence[str] | None = None
    whole: Sequence[str] | None = None
    apart: Sequence[int] = ()
    in_cells: bool = False
    side: str | None = None
