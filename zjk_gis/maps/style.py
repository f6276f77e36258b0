"""One visual language for all maps.

Colours are told apart by colour-blind readers (Okabe and Ito's palette), and colour is never alone: marks
differ in shape, lines in dashes. Pipes keep the colours of CJJ 61-2017, darkened where they would vanish on a
light ground.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.standards import rules_table

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = [
    "DENSITY",
    "FOUND_MARKS",
    "PASTELS",
    "ROAD_LOOKS",
    "area",
    "colour_areas",
    "line",
    "mark",
    "pipe_colour",
]

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE = (
    "#1f2933",
    "#e69f00",
    "#56b4e9",
    "#009e73",
    "#f0e442",
    "#0072b2",
    "#d55e00",
    "#cc79a7",
)
PASTELS = ("#dbe7d3", "#f3e3c3", "#d6e3f0", "#ecd9e6", "#e6e2d3", "#cfe6e3", "#f2d9d0")
DENSITY = ("#fff7dc", "#fee391", "#fec44f", "#fe9929", "#d95f0e", "#993404")
ROAD_LOOKS = {
    "巷": {"color": "#ffffff", "weight": 1.1},
    "支路": {"color": "#ffffff", "weight": 2.4, "casing": {"color": "#c9d0d8", "weight": 3.6}},
    "次干路": {"color": "#fffdf5", "weight": 3.2, "casing": {"color": "#c3b48f", "weight": 4.6}},
    "主干路": {"color": "#fbe7b2", "weight": 4.0, "casing": {"color": "#c8a75d", "weight": 5.6}},
}


def area(
    colour: str, *, fill: float = 0.2, weight: float = 1.0, dash: str | None = None, edge: str | None = None
) -> dict[str, Any]:
    """Describe how an area looks."""
    look = {"color": edge or colour, "fillColor": colour, "fillOpacity": fill, "weight": weight}
    return look | ({"dashArray": dash} if dash else {})


def line(colour: str, *, weight: float = 2.0, dash: str | None = None) -> dict[str, Any]:
    """Describe how a line looks."""
    return {"color": colour, "weight": weight} | ({"dashArray": dash} if dash else {})


def mark(
    colour: str, shape: str = "circle", *, radius: float = 5.0, edge: str = "#ffffff", weight: float = 1.2
) -> dict[str, Any]:
    """Describe how a point looks."""
    if shape == "cross":
        return {"shape": shape, "color": colour, "radius": radius, "weight": 2.4, "fill": False}
    return {
        "shape": shape,
        "color": edge,
        "fillColor": colour,
        "fillOpacity": 0.95,
        "radius": radius,
        "weight": weight,
    }


FOUND_MARKS = {
    "inside": mark(BLUE, radius=2.2, weight=0.4),
    "border": mark(ORANGE, "diamond", radius=4.2, edge=BLACK),
    "nearest": mark(SKY, "triangle", radius=4.6, edge=BLACK),
    "none": mark(VERMILION, "cross", radius=4.6),
}


def pipe_colour(class_code: str) -> str:
    """Return the colour of a class of pipes by CJJ 61-2017, darkened where it is too light to read."""
    kinds = rules_table("pipe_kinds")
    rgb = np.array([int(v) for v in kinds.loc[kinds["class_code"] == class_code, "rgb"].iloc[0].split(",")])
    if rgb @ [0.299, 0.587, 0.114] > 130:
        rgb = (rgb * 0.72).astype(int)
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def colour_areas(zones: gpd.GeoDataFrame, colours: int) -> NDArray[np.int64]:
    """Give neighbouring zones different numbers, the same whatever the order of the rows.

    Parameters
    ----------
    zones : GeoDataFrame
    colours : int
        How many colours there are; where they do not suffice, the one least used around is taken.
    """
    shapes = zones.geometry.to_numpy()
    order = np.argsort(shapely.to_wkb(shapes, hex=True))
    a, b = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=1.0)
    around: dict[int, set[int]] = {}
    for i, j in zip(a, b, strict=True):
        if i != j:
            around.setdefault(int(i), set()).add(int(j))
    chosen = np.full(len(zones), -1)
    used = np.zeros(colours, dtype=int)
    for i in order:
        taken = np.bincount([c for j in around.get(int(i), ()) if (c := chosen[j]) >= 0], minlength=colours)
        chosen[i] = min(range(colours), key=lambda c: (taken[c], used[c], c))
        used[chosen[i]] += 1
    return chosen
