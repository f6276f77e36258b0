"""The sheet: where the map, its legend and all that makes it a document have their place.

All lengths are millimetres of paper, counted from the upper left corner.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from zjk_gis.drawing.canvas import Box
from zjk_gis.errors import InputError
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["HEADING", "PAPERS", "Orientation", "Sheet", "lay_out", "scale_for", "sheets_for"]

Orientation = Literal["auto", "landscape", "portrait"]

PAPERS = {"A4": (210.0, 297.0), "A3": (297.0, 420.0)}
_MARGIN, _GAP = 10.0, 4.0
_FOOT = 7.0
HEADING = 6.0  # over each of several maps
# Scales that a ruler fits, from a courtyard to the province.
_SCALES = [m * 10**n for n in range(2, 7) for m in (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 7.5)]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Where everything goes.

    Attributes
    ----------
    width, height : float
    head, legend, foot : Box
    maps : tuple of Box
        One, or two of one size side by side.
    columns : int
        Into how many columns the legend goes.
    zoom : float
        How much larger than on A4 text is.
    """

    width: float
    height: float
    head: Box
    legend: Box
    foot: Box
    maps: tuple[Box, ...]
    columns: int
    zoom: float


def sheets_for(paper: str, orientation: Orientation, *, subtitle: bool, panels: int = 1) -> list[Sheet]:
    """Return the sheets to choose from: one that is named, or both ways of the paper, the wide one first."""
    ways: tuple[Orientation, ...] = ("landscape", "portrait") if orientation == "auto" else (orientation,)
    return [lay_out(paper, way, subtitle=subtitle, panels=panels) for way in ways]


def lay_out(paper: str, orientation: Orientation, *, subtitle: bool, panels: int = 1) -> Sheet:
    """Divide a sheet: a legend beside the map on a wide one, below it on a tall one.

    Several maps (`panels`) stand side by side, each below a heading of its own.

    Raises
    ------
    InputError
        If there is no such paper or orientation.

    Examples
    --------
    >>> sheet = lay_out("A4", "landscape", subtitle=False)
    >>> sheet.width, sheet.height, sheet.columns
    (297.0, 210.0, 1)
    """
    if paper not in PAPERS:
        raise InputError(
            tr("paper must be one of {papers}, not {paper!r}", papers=", ".join(PAPERS), paper=paper)
        )
    if orientation not in ("landscape", "portrait"):
        raise InputError(
            tr(
                "orientation must be auto, landscape or portrait, not {orientation!r}",
                orientation=orientation,
            )
        )
    short, long = PAPERS[paper]
    width, height = (long, short) if orientation == "landscape" else (short, long)
    zoom = 1.0 if paper == "A4" else 1.3
    head = Box(_MARGIN, _MARGIN, width - 2 * _MARGIN, (16.5 if subtitle else 11.0) * zoom)
    foot_height = _FOOT * zoom
    foot = Box(_MARGIN, height - _MARGIN - foot_height + 2, head.width, foot_height)
    top, bottom = head.foot, foot.y - 2
    if orientation == "landscape":
        side = 56.0 * zoom
        body = Box(_MARGIN, top, head.width - side - _GAP, bottom - top)
        legend = Box(body.right + _GAP, top, side, bottom - top)
        return Sheet(width, height, head, legend, foot, _panels(body, panels, zoom), 1, zoom)
    band = 62.0 * zoom
    body = Box(_MARGIN, top, head.width, bottom - top - band - _GAP)
    legend = Box(_MARGIN, body.foot + _GAP, head.width, band)
    return Sheet(width, height, head, legend, foot, _panels(body, panels, zoom), 3, zoom)


def _panels(body: Box, count: int, zoom: float) -> tuple[Box, ...]:
    if count == 1:
        return (body,)
    heading, width = HEADING * zoom, (body.width - _GAP * (count - 1)) / count
    return tuple(
        Box(body.x + at * (width + _GAP), body.y + heading, width, body.height - heading)
        for at in range(count)
    )


def scale_for(extent: Sequence[float], box: Box, scale: float | None = None) -> float:
    """Return the scale's denominator: the roundest at which an extent in metres fits into a box.

    Raises
    ------
    InputError
        If a given scale is not positive.

    Examples
    --------
    >>> scale_for((0, 0, 3000, 2000), Box(0, 0, 200, 150))
    15000.0
    """
    if scale is not None:
        if not scale > 0:
            raise InputError(
                tr("scale must be the denominator of the scale, such as 10000, not {scale!r}", scale=scale)
            )
        return float(scale)
    west, south, east, north = extent
    needed = 1000 * max((east - west) / box.width, (north - south) / box.height)
    return float(next((each for each in _SCALES if each >= needed), needed))
