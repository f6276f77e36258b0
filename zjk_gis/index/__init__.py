"""Layers compiled once and asked for millions of points: `zones`, and road `sections`."""

from zjk_gis.index.policy import Policy
from zjk_gis.index.sections import SectionIndex
from zjk_gis.index.zones import ZoneIndex

__all__ = ["Policy", "SectionIndex", "ZoneIndex"]
