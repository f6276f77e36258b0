"""What lies under the ground: manholes, pipelines, the register of covers (地下管线、窨井)."""

from zjk_gis.pipes.clearance import clearance_conflicts
from zjk_gis.pipes.manholes import manholes_outside_zones, orphan_manholes
from zjk_gis.pipes.misconnections import sewage_into_rain
from zjk_gis.pipes.register import CoverRegister
from zjk_gis.pipes.topology import PipeNetwork, pipe_network
from zjk_gis.pipes.tracing import trace

__all__ = [
    "CoverRegister",
    "PipeNetwork",
    "clearance_conflicts",
    "manholes_outside_zones",
    "orphan_manholes",
    "pipe_network",
    "sewage_into_rain",
    "trace",
]
