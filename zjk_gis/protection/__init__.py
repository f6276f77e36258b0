"""What may not be where: protected scopes, hazards, works, street furniture (历史文化保护与安全隐患)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zjk_gis._lazy import lazily

if TYPE_CHECKING:
    from zjk_gis.protection.archives import archive_completeness as archive_completeness
    from zjk_gis.protection.archives import archive_totals as archive_totals
    from zjk_gis.protection.cables import cables_along_tunnels as cables_along_tunnels
    from zjk_gis.protection.conformity import block_conformity as block_conformity
    from zjk_gis.protection.contracts import double_payment as double_payment
    from zjk_gis.protection.corridors import view_corridor_conflicts as view_corridor_conflicts
    from zjk_gis.protection.footways import footway_obstacles as footway_obstacles
    from zjk_gis.protection.hazards import RiskBuffers as RiskBuffers
    from zjk_gis.protection.hazards import risk_buffers as risk_buffers
    from zjk_gis.protection.heights import height_conflicts as height_conflicts
    from zjk_gis.protection.heritage import pipelines_in_core as pipelines_in_core
    from zjk_gis.protection.judgement import affected_features as affected_features
    from zjk_gis.protection.judgement import protected_scope as protected_scope
    from zjk_gis.protection.patrol_log import patrol_passes as patrol_passes
    from zjk_gis.protection.poles import shareable_poles as shareable_poles
    from zjk_gis.protection.surveys_compared import building_changes as building_changes

_HOMES = {
    "archives": ("archive_completeness", "archive_totals"),
    "surveys_compared": ("building_changes",),
    "cables": ("cables_along_tunnels",),
    "conformity": ("block_conformity",),
    "contracts": ("double_payment",),
    "corridors": ("view_corridor_conflicts",),
    "footways": ("footway_obstacles",),
    "hazards": ("RiskBuffers", "risk_buffers"),
    "heights": ("height_conflicts",),
    "heritage": ("pipelines_in_core",),
    "judgement": ("affected_features", "protected_scope"),
    "patrol_log": ("patrol_passes",),
    "poles": ("shareable_poles",),
}

__all__ = sorted(name for names in _HOMES.values() for name in names)  # noqa: PLE0605  all names are text

if not TYPE_CHECKING:  # for which a name that there is not is an error
    __getattr__, __dir__ = lazily(__name__, _HOMES)
