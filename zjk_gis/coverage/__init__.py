"""Who is responsible where: ground that no zone covers, ground that two do."""

from zjk_gis.coverage.border_sheet import border_sheet
from zjk_gis.coverage.exceptions import accept_fault, without_accepted
from zjk_gis.coverage.faults import coverage_faults
from zjk_gis.coverage.gaps import coverage_gaps
from zjk_gis.coverage.hierarchy import group_faults
from zjk_gis.coverage.mismatches import coverage_edges
from zjk_gis.coverage.overlaps import overlapping_zones
from zjk_gis.coverage.ranking import rank_faults
from zjk_gis.coverage.repair import repair_coverage
from zjk_gis.coverage.repair_rounds import mend_coverage
from zjk_gis.coverage.repairs_made import apply_repairs
from zjk_gis.coverage.rules import FaultRules, GapRules, OverlapRules, RankingRules, RepairRules, SizeRules

__all__ = [
    "FaultRules",
    "GapRules",
    "OverlapRules",
    "RankingRules",
    "RepairRules",
    "SizeRules",
    "accept_fault",
    "apply_repairs",
    "border_sheet",
    "coverage_edges",
    "coverage_faults",
    "coverage_gaps",
    "group_faults",
    "mend_coverage",
    "overlapping_zones",
    "rank_faults",
    "repair_coverage",
    "without_accepted",
]
