"""What lies under the ground: manholes, pipelines, the register of covers (地下管线、窨井)."""

from zjk_gis.pipes.backing_up import backed_up
from zjk_gis.pipes.checks import network_faults
from zjk_gis.pipes.clearance import clearance_conflicts
from zjk_gis.pipes.critical import critical_manholes, critical_pipes
from zjk_gis.pipes.digs.excavation import excavation_impact
from zjk_gis.pipes.digs.road_cuts import repeated_excavations
from zjk_gis.pipes.digs.section import cross_section
from zjk_gis.pipes.inp import write_epanet, write_swmm
from zjk_gis.pipes.isolation import ShutOff, isolation_segments, shut_off
from zjk_gis.pipes.manholes.covers import archive_completeness, cover_faults, incidents_per_cover
from zjk_gis.pipes.manholes.placement import manholes_outside_zones, orphan_manholes
from zjk_gis.pipes.manholes.register import CoverRegister
from zjk_gis.pipes.outfalls import misconnections, outfalls
from zjk_gis.pipes.renewal import renewal_list
from zjk_gis.pipes.survey.depths import cover_depths
from zjk_gis.pipes.survey.faults import survey_faults
from zjk_gis.pipes.survey.slopes import adverse_slopes
from zjk_gis.pipes.topology import PipeNetwork, pipe_network
from zjk_gis.pipes.tracing import trace
from zjk_gis.pipes.zones import network_zone_figures, zone_crossings

__all__ = [
    "CoverRegister",
    "PipeNetwork",
    "ShutOff",
    "adverse_slopes",
    "archive_completeness",
    "backed_up",
    "clearance_conflicts",
    "cover_depths",
    "cover_faults",
    "critical_manholes",
    "critical_pipes",
    "cross_section",
    "excavation_impact",
    "incidents_per_cover",
    "isolation_segments",
    "manholes_outside_zones",
    "misconnections",
    "network_faults",
    "network_zone_figures",
    "orphan_manholes",
    "outfalls",
    "pipe_network",
    "renewal_list",
    "repeated_excavations",
    "shut_off",
    "survey_faults",
    "trace",
    "write_epanet",
    "write_swmm",
    "zone_crossings",
]
