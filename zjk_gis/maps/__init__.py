"""Maps people want to look at, on networks without internet.

`city` and `explanation` decide what is drawn and in which order, `style` how it looks, `page` (with its
script and style sheet) draws it, `offline` makes one file of it, `printing` a sheet of paper.
"""

from zjk_gis.maps.city import city_map
from zjk_gis.maps.explanation import explanation_map
from zjk_gis.maps.offline import save_map
from zjk_gis.maps.printing import print_map

__all__ = ["city_map", "explanation_map", "print_map", "save_map"]
