"""What changed between two versions of the zones, and what that means for open incidents (责任调整)."""

from zjk_gis.changes.changes import compare_zones
from zjk_gis.changes.timeline import coverage_over_time, responsibility_timeline

__all__ = ["compare_zones", "coverage_over_time", "responsibility_timeline"]
