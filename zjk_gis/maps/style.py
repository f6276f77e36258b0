"""One visual language for all maps, on screen and on paper.

In the colours of `zjk_gis.drawing.palette`, which says what each means. No two entries of a legend look
alike: what shares a colour differs in shape (marks), dashes or casing (lines), dashes or hatch (areas).

=================  ===================================================================================
ground             pale areas and roads, below all
zones              pastels that differ from one neighbour to the next, in the legend one swatch of several
coarser zones      `OUTLINES`, the coarsest a boundary of dashes and dots
pipes              colour of CJJ 61-2017, darkened where it would vanish on a light ground; classes also
                   differ in dashes; within the one brown of drains sewage is a full line, rain water a
                   hollow one, combined sewage a hollow one that is crossed
findings           above everything else: lines on a white casing, marks with a dark edge or in red,
                   areas hatched, dashed or in the colour of their fault
=================  ===================================================================================

Marks and lines that lie close together in a street grow with the scale until they are full (`full_at`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.drawing.palette import (
    BLACK,
    BLUE,
    FAULT,
    FINE,
    FOUND,
    GREEN,
    GREY,
    INDIGO,
    ORANGE,
    PASTELS,
    PINK,
    PURPLE,
    SKY,
    STEEL,
    VERMILION,
    YELLOW,
    pipe_colour,
)

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = [
    "BLACK",
    "BLUE",
    "DENSITY",
    "DRAIN_LOOKS",
    "FAULT",
    "FINE",
    "FOUND_MARKS",
    "GAP_LOOKS",
    "GREEN",
    "GREY",
    "INDIGO",
    "KIND_MARKS",
    "MANHOLES_FULL_AT",
    "NO_CHIEF",
    "NO_DATA",
    "ORANGE",
    "OUTLINES",
    "OVERLAPPED_MARK",
    "OVERLAP_LOOKS",
    "PASTELS",
    "PINK",
    "PIPES_FULL_AT",
    "PIPE_DASHES",
    "PIPE_MARKS",
    "PURPLE",
    "RIVER",
    "ROAD_LOOKS",
    "SEQUENCES",
    "SKY",
    "STEEL",
    "VERMILION",
    "YELLOW",
    "area",
    "colour_areas",
    "found",
    "line",
    "mark",
    "neighbour_pairs",
    "pipe_colour",
    "sequence",
]

WHITE = "#ffffff"
DENSITY = ("#fff7dc", "#fee391", "#fec44f", "#fe9929", "#d95f0e", "#993404")
ROAD_LOOKS = {
    "巷": {"color": "#ffffff", "weight": 1.1},
    "支路": {"color": "#ffffff", "weight": 2.4, "casing": {"color": "#c9d0d8", "weight": 3.6}},
    "次干路": {"color": "#fffdf5", "weight": 3.2, "casing": {"color": "#c3b48f", "weight": 4.6}},
    "主干路": {"color": "#fbe7b2", "weight": 4.0, "casing": {"color": "#c8a75d", "weight": 5.6}},
}


def area(
    colour: str,
    *,
    fill: float = 0.2,
    weight: float = 1.0,
    dash: str | None = None,
    edge: str | None = None,
    hatch: str | None = None,
) -> dict[str, Any]:
    """Describe how an area looks; `hatch` is drawn in the colour of the edge."""
    look: dict[str, Any] = {
        "color": edge or colour,
        "fillColor": colour,
        "fillOpacity": fill,
        "weight": weight,
    }
    return look | ({"dashArray": dash} if dash else {}) | ({"hatch": hatch} if hatch else {})


def line(
    colour: str,
    *,
    weight: float = 2.0,
    dash: str | None = None,
    core: str | None = None,
    casing: str | None = None,
    full_at: float | None = None,
) -> dict[str, Any]:
    """Describe how a line looks; with `full_at`, the zoom until which it grows.

    Parameters
    ----------
    colour : str
    weight : float, default 2.0
        Pixels.
    dash : str, optional
        Of the line, or of its core.
    core : str, optional
        The colour inside of a hollow line, whose edges are of `colour`.
    casing : str, optional
        The colour of a rim, by which it is seen above what it lies on.
    full_at : float, optional
    """
    grows = {} if full_at is None else {"fullAt": full_at}
    dashed = {"dashArray": dash} if dash else {}
    if core is not None:
        below = {"color": colour, "weight": weight, **grows}
        return {"color": core, "weight": weight * 0.45, **grows, **dashed, "casing": below}
    rim = {} if casing is None else {"casing": {"color": casing, "weight": weight + 2.6, **grows}}
    return {"color": colour, "weight": weight, **grows, **dashed, **rim}


def found(colour: str, *, weight: float = 5.0, dash: str | None = None) -> dict[str, Any]:
    """Describe how a line looks that was found amiss: cased, so that it is seen on what it lies on."""
    return line(colour, weight=weight, dash=dash, casing=WHITE)


def mark(
    colour: str,
    shape: str = "circle",
    *,
    radius: float = 5.0,
    edge: str = WHITE,
    weight: float = 1.2,
    full_at: float | None = None,
) -> dict[str, Any]:
    """Describe how a point looks; with `full_at`, the zoom until which it grows.

    A white edge is a larger mark below those of the whole layer: around each mark, it would cut out its
    neighbours, and the densest places would be the whitest.
    """
    if shape in ("cross", "plus"):
        seen = colour if edge == WHITE else edge  # it has no inside, so its edge is all that is seen
        return {"shape": shape, "color": seen, "radius": radius, "weight": 2.4, "fill": False}
    grows = {} if full_at is None else {"fullAt": full_at}
    look = {
        "shape": shape,
        "color": edge,
        "fillColor": colour,
        "fillOpacity": 0.95,
        "weight": weight,
        **grows,
    }
    if edge != WHITE:
        return look | {"radius": radius}
    below = look | {"fillColor": edge, "fillOpacity": 1.0, "radius": radius + weight / 2, "weight": 0}
    return look | {"radius": radius - weight / 2, "casing": below}


FOUND_MARKS = {
    "inside": mark(*FOUND["inside"], radius=2.2, weight=0.4),
    "border": mark(*FOUND["border"], radius=4.2, edge=BLACK),
    "nearest": mark(*FOUND["nearest"], radius=4.6, edge=BLACK),
    "none": mark(*FOUND["none"], radius=4.6),
}
# Inside, but of several zones.
OVERLAPPED_MARK = mark(PURPLE, "square", radius=3.8, edge=BLACK)


# Kinds of incidents and the like, the most frequent first and the rest last.
KIND_MARKS = (
    mark(BLUE, radius=3.4, weight=0.6),
    mark(VERMILION, "triangle", radius=3.8, weight=0.6),
    mark(GREEN, "square", radius=3.2, weight=0.6),
    mark(PURPLE, "diamond", radius=3.6, weight=0.6),
    mark(ORANGE, "circle", radius=3.8, weight=1.0, edge=BLACK),
    mark(SKY, "triangle", radius=3.8, weight=1.0, edge=BLACK),
    mark(GREY, "circle", radius=3.0, weight=0.6),
)


# Zones of the coarser levels by their outlines, the coarsest first.
OUTLINES = (
    area("#334e68", fill=0.0, weight=3.0, dash="14 3 3 3"),
    area("#334e68", fill=0.0, weight=2.2, dash="7 4"),
    area("#334e68", fill=0.0, weight=1.8, dash="2 3"),
)
# The zooms at which the pipes of one street lie apart, and their manholes do.
PIPES_FULL_AT, MANHOLES_FULL_AT = 17.0, 18.5
PIPE_DASHES: tuple[str | None, ...] = (None, "9 4", "14 4", "12 3 2 3", "4 3", "2 3", "14 4 2 4 2 4", "7 7")
PIPE_MARKS = ("circle", "square", "triangle", "diamond", "circle", "square", "triangle", "diamond")
# Drains by kind: what fills their line, its dashes, and the mark of their manholes.
DRAIN_LOOKS: dict[str, tuple[str | None, str | None, str]] = {
    "WS": (None, None, "circle"),
    "YS": (WHITE, None, "triangle"),
    "HS": (WHITE, "5 4", "diamond"),
}
# Gaps by kind: a hatch each, so that they can be told apart in print and by every reader.
GAP_LOOKS = {
    "missing_zone": area(VERMILION, fill=0.35, weight=2.2, edge="#a33f00", hatch="cross"),
    "hole": area(VERMILION, fill=0.25, weight=2.2, edge="#a33f00", hatch="dots"),
    "edge": area(VERMILION, fill=0.25, weight=2.2, edge="#a33f00", hatch="level"),
    "sliver": area(VERMILION, fill=0.9, weight=2.6, edge="#a33f00"),
}
OVERLAP_LOOKS = {
    "partial": area(PURPLE, fill=0.25, weight=2.2, edge="#8a2f63", hatch="back"),
    "nested": area(PURPLE, fill=0.25, weight=2.2, edge="#8a2f63", hatch="dots"),
    "duplicate": area(PURPLE, fill=0.35, weight=2.2, edge="#8a2f63", hatch="cross"),
    "sliver": area(PURPLE, fill=0.9, weight=2.6, edge="#8a2f63"),
}
NO_DATA = area("#ffffff", fill=0.75, weight=0.7, edge="#9aa5b1", hatch="diagonal")
NO_CHIEF = area("#f6d3c2", fill=0.9, weight=1.4, edge=FAULT, hatch="diagonal")
RIVER = area("#a9d0ea", fill=1, weight=0.8, edge="#7fb2d3")
SEQUENCES = {  # light to dark: lightness alone orders the classes, so that no one confuses them
    "blues": ("#eff3ff", "#c6dbef", "#9ecae1", "#6baed6", "#4292c6", "#2171b5", "#084594"),
    "browns": ("#fff7dc", "#fee391", "#fec44f", "#fe9929", "#ec7014", "#cc4c02", "#8c2d04"),
    "greens": ("#edf8e9", "#c7e9c0", "#a1d99b", "#74c476", "#41ab5d", "#238b45", "#005a32"),
}


def sequence(name: str, classes: int) -> list[str]:
    """Choose as many colours of a sequence as there are classes, from its light to its dark end."""
    colours = SEQUENCES[name]
    if classes == 1:
        return [colours[3]]
    return [colours[round(i * (len(colours) - 1) / (classes - 1))] for i in range(classes)]


def neighbour_pairs(zones: gpd.GeoDataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the positions of all pairs of areas within a metre of each other, each pair both ways."""
    shapes = zones.geometry.to_numpy()
    near = 1e-5 if zones.crs is not None and zones.crs.is_geographic else 1.0
    a, b = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=near)
    return a[a != b], b[a != b]


def colour_areas(zones: gpd.GeoDataFrame, colours: int) -> NDArray[np.int64]:
    """Give neighbouring zones different numbers, the same whatever the order of the rows.

    Parameters
    ----------
    zones : GeoDataFrame
    colours : int
        How many colours there are; where they do not suffice, the one least used around is taken.
    """
    if not len(zones):
        return np.array([], dtype=int)
    shapes = zones.geometry.to_numpy()
    order = sorted(range(len(shapes)), key=lambda i: b"" if shapes[i] is None else shapely.to_wkb(shapes[i]))
    around: dict[int, set[int]] = {}
    for i, j in zip(*neighbour_pairs(zones), strict=True):
        around.setdefault(int(i), set()).add(int(j))
    chosen = np.full(len(zones), -1)
    used = np.zeros(colours, dtype=int)
    for i in order:
        taken = np.bincount([c for j in around.get(int(i), ()) if (c := chosen[j]) >= 0], minlength=colours)
        chosen[i] = min(range(colours), key=lambda c: (taken[c], used[c], c))
        used[chosen[i]] += 1
    return chosen
