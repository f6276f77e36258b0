"""A road layer made into a network: where lines meet, what bars the way, the file that keeps it."""

from zjk_gis.access.roads.network import RoadNetwork, road_network

__all__ = ["RoadNetwork", "road_network"]
