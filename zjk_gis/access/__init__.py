"""Who reaches what on the city's own roads (可达性), and where the next facility does most good."""

from zjk_gis.access.berths import BerthBalance, berth_authority, berth_balance, berths_by_area
from zjk_gis.access.circulation import bottlenecks, detour_index
from zjk_gis.access.coverage import coverage_of
from zjk_gis.access.dead_ends import dead_ends, missing_links
from zjk_gis.access.density import facility_density
from zjk_gis.access.estates import lacking_facilities
from zjk_gis.access.nearest import nearest_facilities
from zjk_gis.access.parking import parking_gaps, public_lots
from zjk_gis.access.roads import RoadNetwork, road_network
from zjk_gis.access.service_areas import service_areas
from zjk_gis.access.siting import Siting, site_facilities

__all__ = [
    "BerthBalance",
    "RoadNetwork",
    "Siting",
    "berth_authority",
    "berth_balance",
    "berths_by_area",
    "bottlenecks",
    "coverage_of",
    "dead_ends",
    "detour_index",
    "facility_density",
    "lacking_facilities",
    "missing_links",
    "nearest_facilities",
    "parking_gaps",
    "public_lots",
    "road_network",
    "service_areas",
    "site_facilities",
]
