"""Who answers for it: incidents assigned to unit grids, responsibility zones and road sections."""

from zjk_gis.assign.incidents import assign_incidents

__all__ = ["assign_incidents"]
