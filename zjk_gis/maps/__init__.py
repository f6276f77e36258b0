"""Maps people want to look at, on networks without internet.

`city` and `explanation` decide what is drawn and in which order, `style` how it looks, `page` (with its
script and style sheet) draws it, `offline` makes one file of it with the scripts of `assets`, `basemaps` lays
tiles under it, shifted or read from files by `tiles`; `printing` makes a sheet of paper of it.
"""

from zjk_gis.maps.basemaps import add_base_map, base_map
from zjk_gis.maps.city import city_map
from zjk_gis.maps.explanation import explanation_map
from zjk_gis.maps.offline import offline_frame, save_offline
from zjk_gis.maps.printing import print_map

__all__ = [
    "add_base_map",
    "base_map",
    "city_map",
    "explanation_map",
    "offline_frame",
    "print_map",
    "save_offline",
]
