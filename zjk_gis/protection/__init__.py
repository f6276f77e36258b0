"""What may not be where: protected scopes, hazards, works, street furniture (历史文化保护与安全隐患)."""

from zjk_gis.protection.archives import archive_completeness, archive_totals
from zjk_gis.protection.building_changes import building_changes
from zjk_gis.protection.cables import cables_along_tunnels
from zjk_gis.protection.conformity import block_conformity
from zjk_gis.protection.contracts import double_payment
from zjk_gis.protection.corridors import view_corridor_conflicts
from zjk_gis.protection.footways import footway_obstacles
from zjk_gis.protection.hazards import RiskBuffers, risk_buffers
from zjk_gis.protection.heights import height_conflicts
from zjk_gis.protection.heritage import pipelines_in_core
from zjk_gis.protection.judgement import affected_features, protected_scope
from zjk_gis.protection.patrol_log import patrol_passes
from zjk_gis.protection.poles import shareable_poles

__all__ = [
    "RiskBuffers",
    "affected_features",
    "archive_completeness",
    "archive_totals",
    "block_conformity",
    "building_changes",
    "cables_along_tunnels",
    "double_payment",
    "footway_obstacles",
    "height_conflicts",
    "patrol_passes",
    "pipelines_in_core",
    "protected_scope",
    "risk_buffers",
    "shareable_poles",
    "view_corridor_conflicts",
]
