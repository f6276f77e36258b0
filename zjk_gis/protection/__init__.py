"""What may not be where: historic blocks and what crosses them (历史文化街区保护)."""

from zjk_gis.protection.building_changes import building_changes
from zjk_gis.protection.cables import cables_along_tunnels
from zjk_gis.protection.contracts import double_payment
from zjk_gis.protection.footways import footway_obstacles
from zjk_gis.protection.hazards import RiskBuffers, risk_buffers
from zjk_gis.protection.heritage import pipelines_in_core
from zjk_gis.protection.patrol_log import patrol_passes
from zjk_gis.protection.poles import shareable_poles

__all__ = [
    "RiskBuffers",
    "building_changes",
    "cables_along_tunnels",
    "double_payment",
    "footway_obstacles",
    "patrol_passes",
    "pipelines_in_core",
    "risk_buffers",
    "shareable_poles",
]
