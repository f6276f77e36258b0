"""Maps people want to look at, on networks without internet.

`city`, `responsibility`, `changes`, `incidents`, `facilities`, `networks`, `access`, `siting`,
`road_graph`, `heritage`, `hot_spots`, `indicators` and `explanation` decide what is drawn and in which
order, `parts` and `style` how it looks, `page` (with its scripts and style sheet) draws it, `packing`
makes it small. `offline` makes one file of it with the scripts of `assets`, `basemaps` lays tiles under
it, shifted or read from files by `tiles`; `printing` makes a sheet of paper.
"""

from zjk_gis.maps.offline.basemaps import add_base_map, base_map
from zjk_gis.maps.offline.saving import offline_frame, save_offline
from zjk_gis.maps.printing import print_map, print_section
from zjk_gis.maps.ready.access import access_map, dead_ends_map
from zjk_gis.maps.ready.changes import changes_map
from zjk_gis.maps.ready.city import city_map
from zjk_gis.maps.ready.explanation import explanation_map
from zjk_gis.maps.ready.facilities import parking_map, pipes_map
from zjk_gis.maps.ready.heritage import heritage_map
from zjk_gis.maps.ready.hot_spots import hot_spots_map
from zjk_gis.maps.ready.incidents import assignment_map, density_map
from zjk_gis.maps.ready.indicators import choropleth
from zjk_gis.maps.ready.kinds import KINDS, Question, draw_kind
from zjk_gis.maps.ready.networks import dig_map, shut_off_map, trace_map
from zjk_gis.maps.ready.responsibility import gaps_map, zones_map
from zjk_gis.maps.ready.road_graph import roads_map
from zjk_gis.maps.ready.siting import siting_map

__all__ = [
    "KINDS",
    "Question",
    "access_map",
    "add_base_map",
    "assignment_map",
    "base_map",
    "changes_map",
    "choropleth",
    "city_map",
    "dead_ends_map",
    "density_map",
    "dig_map",
    "draw_kind",
    "explanation_map",
    "gaps_map",
    "heritage_map",
    "hot_spots_map",
    "offline_frame",
    "parking_map",
    "pipes_map",
    "print_map",
    "print_section",
    "roads_map",
    "save_offline",
    "shut_off_map",
    "siting_map",
    "trace_map",
    "zones_map",
]
