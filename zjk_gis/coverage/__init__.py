"""Who is responsible where: ground that no zone covers, ground that two do, road sections without a chief."""

from zjk_gis.coverage.gaps import coverage_gaps
from zjk_gis.coverage.overlaps import overlapping_zones
from zjk_gis.coverage.sections import sections_without_chief

__all__ = ["coverage_gaps", "overlapping_zones", "sections_without_chief"]
