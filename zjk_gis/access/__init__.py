"""Who reaches what: parking within walking distance (停车场服务半径)."""

from zjk_gis.access.parking import parking_gaps

__all__ = ["parking_gaps"]
