"""One visual language for all maps.

In the colours of `zjk_gis.drawing.palette`; lines differ in dashes as well. Pipes keep the colours of
CJJ 61-2017, darkened where they would vanish on a light ground.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.drawing.palette import (
    BLACK,
    BLUE,
    FOUND,
    GREEN,
    ORANGE,
    PASTELS,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
)
from zjk_gis.standards import rules_table

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = [
    "BLACK",
    "BLUE",
    "DENSITY",
    "FOUND_MARKS",
    "GAP_LOOKS",
    "GREEN",
    "KIND_MARKS",
    "NO_CHIEF",
    "NO_DATA",
    "ORANGE",
    "OVERLAPPED_MARK",
    "OVERLAP_LOOKS",
    "PASTELS",
    "PIPE_DASHES",
    "PIPE_MARKS",
    "PURPLE",
    "RIVER",
    "ROAD_LOOKS",
    "SEQUENCES",
    "SKY",
    "VERMILION",
    "YELLOW",
    "area",
    "colour_areas",
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


def line(colour: str, *, weight: float = 2.0, dash: str | None = None) -> dict[str, Any]:
    """Describe how a line looks."""
    return {"color": colour, "weight": weight} | ({"dashArray": dash} if dash else {})


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
    mark("#7b8794", "circle", radius=3.0, weight=0.6),
)


def pipe_colour(class_code: str) -> str:
    """Return the colour of a class of pipes by CJJ 61-2017, darkened where it is too light to read."""
    kinds = rules_table("pipe_kinds")
    rgb = np.array([int(v) for v in kinds.loc[kinds["class_code"] == class_code, "rgb"].iloc[0].split(",")])
    if rgb @ [0.299, 0.587, 0.114] > 130:
        rgb = (rgb * 0.72).astype(int)
    return "#{:02x}{:02x}{:02x}".format(*rgb)


PIPE_DASHES: tuple[str | None, ...] = (None, "1 0", "10 4", "12 3 2 3", "4 3", "2 3", "14 4 2 4 2 4", "7 7")
PIPE_MARKS = ("circle", "square", "triangle", "diamond", "circle", "square", "triangle", "diamond")
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
NO_CHIEF = area("#f6d3c2", fill=0.9, weight=1.4, edge="#b3261e", hatch="diagonal")
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
