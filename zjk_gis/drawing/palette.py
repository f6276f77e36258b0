"""The house's colours, for pages, sheets, charts and the styles of files: each has one meaning.

========== ==========================================================================================
BLUE       what is as it should be, and facilities
ORANGE     on a border, and what runs or moves the wrong way
SKY        found as the nearest
VERMILION  nobody answers for it (gaps), and the cross of an incident that has no zone
PURPLE     more than one answers for it (overlaps)
YELLOW     nobody is named yet: to be entered in the register
FAULT      a fault: it must be mended
FINE       opened, reached, served
INDIGO     a conflict between rows of the register: circles, double payment, uneven load
PINK       what rain and sewage, or a road, hang on: wrong connections, bottlenecks, new sites
STEEL      within reach
GREY       unknown, no data, beside the matter
PASTELS    neighbouring zones, told apart and nothing else
========== ==========================================================================================

Colours are told apart by colour-blind readers (Okabe and Ito's palette), and colour is never alone: marks
differ in shape, lines in dashes or casing, areas in hatches.
"""

from __future__ import annotations

from zjk_gis.standards import rules_table

__all__ = [
    "BLACK",
    "BLUE",
    "FAULT",
    "FINE",
    "FOUND",
    "GREEN",
    "GREY",
    "HOT_CLASSES",
    "HOT_PATTERNS",
    "INDIGO",
    "ORANGE",
    "PASTELS",
    "PINK",
    "PURPLE",
    "SKY",
    "STEEL",
    "VERMILION",
    "YELLOW",
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
FAULT, FINE, INDIGO, PINK, STEEL, GREY = "#b3261e", "#2a7f62", "#4b0082", "#c2185b", "#3f7fae", "#7b8794"
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
    "cold": ("#053061", "#2166ac", "#4393c3", "#8cc8e6", "#dcebf4"),
}
_SHADE_OF = {
    "new": 0, "intensifying": 1, "consecutive": 2, "persistent": 3, "diminishing": 4, "oscillating": 2,
    "sporadic": 3, "historical": 4,
}  # fmt: skip
HOT_PATTERNS = {
    f"{kind}_{side}": shades[shade] for side, shades in _SHADES.items() for kind, shade in _SHADE_OF.items()
} | {"no_pattern": "#f4f4f2"}


def pipe_colour(class_code: str) -> str:
    """Return the colour of a class of pipes by CJJ 61-2017, darkened where it is too light to read.

    Examples
    --------
    >>> pipe_colour("JS"), pipe_colour("DL")
    ('#00b7b7', '#ff0000')
    """
    kinds = rules_table("pipe_kinds")
    rgb = [int(v) for v in kinds.loc[kinds["class_code"] == class_code, "rgb"].iloc[0].split(",")]
    if sum(part * share for part, share in zip(rgb, (0.299, 0.587, 0.114), strict=True)) > 130:
        rgb = [int(part * 0.72) for part in rgb]
    return "#{:02x}{:02x}{:02x}".format(*rgb)
