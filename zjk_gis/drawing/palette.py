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
