"""Who is responsible where: ground that no zone covers, ground that two do."""

from zjk_gis.coverage.gaps import coverage_gaps
from zjk_gis.coverage.overlaps import overlapping_zones

__all__ = ["coverage_gaps", "overlapping_zones"]
