"""What lies under the ground: manholes, pipelines, the register of covers (地下管线、窨井)."""

from zjk_gis.pipes.checks import network_faults
from zjk_gis.pipes.critical import critical_manholes, critical_pipes
from zjk_gis.pipes.inp import write_epanet, write_swmm
from zjk_gis.pipes.isolation import ShutOff, isolation_segments, shut_off
from zjk_gis.pipes.manholes import manholes_outside_zones, orphan_manholes
from zjk_gis.pipes.outfalls import misconnections, outfalls
from zjk_gis.pipes.register import CoverRegister
from zjk_gis.pipes.renewal import renewal_list
from zjk_gis.pipes.topology import PipeNetwork, pipe_network
from zjk_gis.pipes.tracing import trace
from zjk_gis.pipes.zones import network_zone_figures, zone_crossings

__all__ = [
    "CoverRegister",
    "PipeNetwork",
    "ShutOff",
    "critical_manholes",
    "critical_pipes",
    "isolation_segments",
    "manholes_outside_zones",
    "misconnections",
    "network_faults",
    "network_zone_figures",
    "orphan_manholes",
    "outfalls",
    "pipe_network",
    "renewal_list",
    "shut_off",
    "trace",
    "write_epanet",
    "write_swmm",
    "zone_crossings",
]
