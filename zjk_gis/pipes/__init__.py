"""What lies under the ground: manholes, pipelines, the register of covers (地下管线、窨井)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zjk_gis._lazy import lazily

if TYPE_CHECKING:
    from zjk_gis.pipes.backing_up import backed_up as backed_up
    from zjk_gis.pipes.checks import network_faults as network_faults
    from zjk_gis.pipes.clearance import clearance_conflicts as clearance_conflicts
    from zjk_gis.pipes.critical import critical_manholes as critical_manholes
    from zjk_gis.pipes.critical import critical_pipes as critical_pipes
    from zjk_gis.pipes.digs.excavation import excavation_impact as excavation_impact
    from zjk_gis.pipes.digs.road_cuts import repeated_excavations as repeated_excavations
    from zjk_gis.pipes.digs.section import cross_section as cross_section
    from zjk_gis.pipes.drainage import misconnections as misconnections
    from zjk_gis.pipes.drainage import outfalls as outfalls
    from zjk_gis.pipes.inp import write_epanet as write_epanet
    from zjk_gis.pipes.inp import write_swmm as write_swmm
    from zjk_gis.pipes.isolation import ShutOff as ShutOff
    from zjk_gis.pipes.isolation import isolation_segments as isolation_segments
    from zjk_gis.pipes.isolation import shut_off as shut_off
    from zjk_gis.pipes.manholes.covers import archive_completeness as archive_completeness
    from zjk_gis.pipes.manholes.covers import cover_faults as cover_faults
    from zjk_gis.pipes.manholes.covers import incidents_per_cover as incidents_per_cover
    from zjk_gis.pipes.manholes.placement import manholes_outside_zones as manholes_outside_zones
    from zjk_gis.pipes.manholes.placement import orphan_manholes as orphan_manholes
    from zjk_gis.pipes.manholes.register import CoverRegister as CoverRegister
    from zjk_gis.pipes.renewal import renewal_list as renewal_list
    from zjk_gis.pipes.survey.depths import cover_depths as cover_depths
    from zjk_gis.pipes.survey.faults import survey_faults as survey_faults
    from zjk_gis.pipes.survey.slopes import adverse_slopes as adverse_slopes
    from zjk_gis.pipes.topology import PipeNetwork as PipeNetwork
    from zjk_gis.pipes.topology import pipe_network as pipe_network
    from zjk_gis.pipes.tracing import trace as trace
    from zjk_gis.pipes.zones import network_zone_figures as network_zone_figures
    from zjk_gis.pipes.zones import zone_crossings as zone_crossings

_HOMES = {
    "backing_up": ("backed_up",),
    "checks": ("network_faults",),
    "clearance": ("clearance_conflicts",),
    "critical": ("critical_manholes", "critical_pipes"),
    "digs.excavation": ("excavation_impact",),
    "digs.road_cuts": ("repeated_excavations",),
    "digs.section": ("cross_section",),
    "drainage": ("misconnections", "outfalls"),
    "inp": ("write_epanet", "write_swmm"),
    "isolation": ("ShutOff", "isolation_segments", "shut_off"),
    "manholes.covers": ("archive_completeness", "cover_faults", "incidents_per_cover"),
    "manholes.placement": ("manholes_outside_zones", "orphan_manholes"),
    "manholes.register": ("CoverRegister",),
    "renewal": ("renewal_list",),
    "survey.depths": ("cover_depths",),
    "survey.faults": ("survey_faults",),
    "survey.slopes": ("adverse_slopes",),
    "topology": ("PipeNetwork", "pipe_network"),
    "tracing": ("trace",),
    "zones": ("network_zone_figures", "zone_crossings"),
}

__all__ = sorted(name for names in _HOMES.values() for name in names)  # noqa: PLE0605  all names are text

if not TYPE_CHECKING:  # for which a name that there is not is an error
    __getattr__, __dir__ = lazily(__name__, _HOMES)
