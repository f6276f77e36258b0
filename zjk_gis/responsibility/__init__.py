"""Who is responsible: roads, sections, road chiefs, duties, patrols, and the audit of them all (责任落实)."""

from zjk_gis.responsibility.audit import responsibility_audit
from zjk_gis.responsibility.duties import who_handles
from zjk_gis.responsibility.patrols import patrol_coverage
from zjk_gis.responsibility.roads import road_responsibility, road_totals
from zjk_gis.responsibility.sections import sections_without_chief

__all__ = [
    "patrol_coverage",
    "responsibility_audit",
    "road_responsibility",
    "road_totals",
    "sections_without_chief",
    "who_handles",
]
