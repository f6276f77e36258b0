"""Who reaches what on the city's own roads (可达性), and where the next facility does most good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zjk_gis._lazy import lazily

if TYPE_CHECKING:
    from zjk_gis.access.berths import BerthBalance as BerthBalance
    from zjk_gis.access.berths import berth_authority as berth_authority
    from zjk_gis.access.berths import berth_balance as berth_balance
    from zjk_gis.access.berths import berths_by_area as berths_by_area
    from zjk_gis.access.circulation import bottlenecks as bottlenecks
    from zjk_gis.access.circulation import detour_index as detour_index
    from zjk_gis.access.coverage import coverage_of as coverage_of
    from zjk_gis.access.density import facility_density as facility_density
    from zjk_gis.access.estates import lacking_facilities as lacking_facilities
    from zjk_gis.access.nearest import nearest_facilities as nearest_facilities
    from zjk_gis.access.parking import parking_gaps as parking_gaps
    from zjk_gis.access.parking import public_lots as public_lots
    from zjk_gis.access.road_ends import dead_ends as dead_ends
    from zjk_gis.access.road_ends import missing_links as missing_links
    from zjk_gis.access.roads import RoadNetwork as RoadNetwork
    from zjk_gis.access.roads import road_network as road_network
    from zjk_gis.access.served_ground import service_areas as service_areas
    from zjk_gis.access.siting import Siting as Siting
    from zjk_gis.access.siting import site_facilities as site_facilities

_HOMES = {
    "berths": ("BerthBalance", "berth_authority", "berth_balance", "berths_by_area"),
    "circulation": ("bottlenecks", "detour_index"),
    "coverage": ("coverage_of",),
    "density": ("facility_density",),
    "estates": ("lacking_facilities",),
    "nearest": ("nearest_facilities",),
    "parking": ("parking_gaps", "public_lots"),
    "road_ends": ("dead_ends", "missing_links"),
    "roads": ("RoadNetwork", "road_network"),
    "served_ground": ("service_areas",),
    "siting": ("Siting", "site_facilities"),
}

__all__ = sorted(name for names in _HOMES.values() for name in names)  # noqa: PLE0605  all names are text

if not TYPE_CHECKING:  # for which a name that there is not is an error
    __getattr__, __dir__ = lazily(__name__, _HOMES)
