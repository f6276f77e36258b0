"""The house's colours, for maps, sheets, charts and the styles of files.

Colours are told apart by colour-blind readers (Okabe and Ito's palette), and colour is never alone: marks
differ in shape as well.
"""

from __future__ import annotations

__all__ = [
    "BLACK",
    "BLUE",
    "FOUND",
    "GREEN",
    "HOT_CLASSES",
    "HOT_PATTERNS",
    "ORANGE",
    "PASTELS",
    "PURPLE",
    "SKY",
    "VERMILION",
    "YELLOW",
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
# Colour and shape of an incident by how its zone was found.
FOUND = {
    "inside": (BLUE, "circle"),
    "border": (ORANGE, "diamond"),
    "nearest": (SKY, "triangle"),
    "none": (VERMILION, "cross"),
}
# Hot is red and cold blue, the surer or the more present the darker.
HOT_CLASSES = {
    "hot_99": "#b2182b", "hot_95": "#ef8a62", "hot_90": "#fddbc7", "not_significant": "#f4f4f2",
    "cold_90": "#d1e5f0", "cold_95": "#67a9cf", "cold_99": "#2166ac",
}  # fmt: skip
# What came and goes shares a shade with what is there, and is hatched on maps.
_SHADES = {
    "hot": ("#67001f", "#b2182b", "#d6604d", "#f4a582", "#fddbc7"),
    "cold": ("#053061", "#2166ac", "#4393c3", "#92c5de", "#d1e5f0"),
}
_SHADE_OF = {
    "new": 0, "intensifying": 1, "consecutive": 2, "persistent": 3, "diminishing": 4, "oscillating": 2,
    "sporadic": 3, "historical": 4,
}  # fmt: skip
HOT_PATTERNS = {
    f"{kind}_{side}": shades[shade] for side, shades in _SHADES.items() for kind, shade in _SHADE_OF.items()
} | {"no_pattern": "#f4f4f2"}
