"""Who answers for it: incidents assigned to unit grids, responsibility zones and road sections."""

from zjk_gis.assign.check import AssignmentCheck, check_assignment
from zjk_gis.assign.explain import Explanation, explain_incident
from zjk_gis.assign.incidents import assign_incidents
from zjk_gis.assign.plan import AssignmentPlan
from zjk_gis.assign.reassign import reassign_incidents

__all__ = [
    "AssignmentCheck",
    "AssignmentPlan",
    "Explanation",
    "assign_incidents",
    "check_assignment",
    "explain_incident",
    "reassign_incidents",
]
