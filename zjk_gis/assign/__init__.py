"""Who answers for it: incidents assigned to unit grids, responsibility zones and road sections."""

from zjk_gis.assign.incidents import assign_incidents
from zjk_gis.assign.plan import AssignmentPlan

__all__ = ["AssignmentPlan", "assign_incidents"]
