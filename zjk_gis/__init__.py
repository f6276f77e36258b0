"""GIS for the fine-grained management of a Chinese city (城市精细化管理).

GeoDataFrames in, GeoDataFrames out. The names below are loaded when first used, so that importing the
package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from zjk_gis._version import __version__ as __version__

if TYPE_CHECKING:
    from zjk_gis import crs as crs
    from zjk_gis.access import parking_gaps as parking_gaps
    from zjk_gis.assign import assign_incidents as assign_incidents
    from zjk_gis.assign.check import check_assignment as check_assignment
    from zjk_gis.assign.explain import explain_incident as explain_incident
    from zjk_gis.assign.reassign import reassign_incidents as reassign_incidents
    from zjk_gis.batch.job import assign_batch as assign_batch
    from zjk_gis.changes.changes import compare_zones as compare_zones
    from zjk_gis.changes.timeline import coverage_over_time as coverage_over_time
    from zjk_gis.changes.timeline import responsibility_timeline as responsibility_timeline
    from zjk_gis.coordinates.datums import convert_datum as convert_datum
    from zjk_gis.coordinates.inference import infer_coordinates as infer_coordinates
    from zjk_gis.coordinates.positions import check_positions as check_positions
    from zjk_gis.coordinates.positions import fix_positions as fix_positions
    from zjk_gis.coverage import coverage_gaps as coverage_gaps
    from zjk_gis.coverage import overlapping_zones as overlapping_zones
    from zjk_gis.coverage.border_sheet import border_sheet as border_sheet
    from zjk_gis.coverage.exceptions import accept_fault as accept_fault
    from zjk_gis.coverage.exceptions import without_accepted as without_accepted
    from zjk_gis.coverage.faults import coverage_faults as coverage_faults
    from zjk_gis.coverage.hierarchy import group_faults as group_faults
    from zjk_gis.coverage.mismatches import coverage_edges as coverage_edges
    from zjk_gis.coverage.ranking import rank_faults as rank_faults
    from zjk_gis.coverage.repair import repair_coverage as repair_coverage
    from zjk_gis.coverage.repair_rounds import mend_coverage as mend_coverage
    from zjk_gis.coverage.repairs_made import apply_repairs as apply_repairs
    from zjk_gis.index.policy import Policy as Policy
    from zjk_gis.index.sections import SectionIndex as SectionIndex
    from zjk_gis.index.zones import ZoneIndex as ZoneIndex
    from zjk_gis.io import list_layers as list_layers
    from zjk_gis.io import read_folder as read_folder
    from zjk_gis.io import read_layer as read_layer
    from zjk_gis.io import read_table as read_table
    from zjk_gis.io import write_layer as write_layer
    from zjk_gis.io import write_problems as write_problems
    from zjk_gis.layers import label as label
    from zjk_gis.layers import spec_of as spec_of
    from zjk_gis.layers.checks.validate import validate as validate
    from zjk_gis.layers.numbering import number_grids as number_grids
    from zjk_gis.layers.versions import zones_at as zones_at
    from zjk_gis.maps import add_base_map as add_base_map
    from zjk_gis.maps import assignment_map as assignment_map
    from zjk_gis.maps import base_map as base_map
    from zjk_gis.maps import changes_map as changes_map
    from zjk_gis.maps import choropleth as choropleth
    from zjk_gis.maps import city_map as city_map
    from zjk_gis.maps import density_map as density_map
    from zjk_gis.maps import explanation_map as explanation_map
    from zjk_gis.maps import gaps_map as gaps_map
    from zjk_gis.maps import heritage_map as heritage_map
    from zjk_gis.maps import offline_frame as offline_frame
    from zjk_gis.maps import parking_map as parking_map
    from zjk_gis.maps import pipes_map as pipes_map
    from zjk_gis.maps import print_map as print_map
    from zjk_gis.maps import save_offline as save_offline
    from zjk_gis.maps import zones_map as zones_map
    from zjk_gis.pipes import manholes_outside_zones as manholes_outside_zones
    from zjk_gis.pipes import orphan_manholes as orphan_manholes
    from zjk_gis.pipes import sewage_into_rain as sewage_into_rain
    from zjk_gis.pipes.register import CoverRegister as CoverRegister
    from zjk_gis.protection import pipelines_in_core as pipelines_in_core
    from zjk_gis.reports import survey_city as survey_city
    from zjk_gis.reports import write_page as write_page
    from zjk_gis.reports import write_workbook as write_workbook
    from zjk_gis.responsibility.audit import responsibility_audit as responsibility_audit
    from zjk_gis.responsibility.duties import who_handles as who_handles
    from zjk_gis.responsibility.patrols import patrol_coverage as patrol_coverage
    from zjk_gis.responsibility.roads import road_responsibility as road_responsibility
    from zjk_gis.responsibility.roads import road_totals as road_totals
    from zjk_gis.responsibility.sections import sections_without_chief as sections_without_chief
    from zjk_gis.standards import check_codes as check_codes
    from zjk_gis.standards import explain_code as explain_code
    from zjk_gis.standards import next_codes as next_codes
    from zjk_gis.standards import parse_codes as parse_codes
    from zjk_gis.standards import rules_table as rules_table
    from zjk_gis.workspace.city import read_city as read_city
    from zjk_gis.workspace.workspace import Workspace as Workspace

# Where each public name lives.
_HOMES = {
    "zjk_gis.pipes": ("manholes_outside_zones", "orphan_manholes", "sewage_into_rain"),
    "zjk_gis.access": ("parking_gaps",),
    "zjk_gis.protection": ("pipelines_in_core",),
    "zjk_gis.assign": ("assign_incidents",),
    "zjk_gis.assign.check": ("check_assignment",),
    "zjk_gis.assign.explain": ("explain_incident",),
    "zjk_gis.batch.job": ("assign_batch",),
    "zjk_gis.assign.reassign": ("reassign_incidents",),
    "zjk_gis.coverage": ("coverage_gaps", "overlapping_zones"),
    "zjk_gis.responsibility.audit": ("responsibility_audit",),
    "zjk_gis.coverage.border_sheet": ("border_sheet",),
    "zjk_gis.changes.changes": ("compare_zones",),
    "zjk_gis.coverage.ranking": ("rank_faults",),
    "zjk_gis.coverage.mismatches": ("coverage_edges",),
    "zjk_gis.coverage.exceptions": ("accept_fault", "without_accepted"),
    "zjk_gis.coverage.faults": ("coverage_faults",),
    "zjk_gis.coverage.hierarchy": ("group_faults",),
    "zjk_gis.responsibility.duties": ("who_handles",),
    "zjk_gis.responsibility.patrols": ("patrol_coverage",),
    "zjk_gis.coverage.repair": ("repair_coverage",),
    "zjk_gis.coverage.repair_rounds": ("mend_coverage",),
    "zjk_gis.coverage.repairs_made": ("apply_repairs",),
    "zjk_gis.responsibility.sections": ("sections_without_chief",),
    "zjk_gis.responsibility.roads": ("road_responsibility", "road_totals"),
    "zjk_gis.changes.timeline": ("coverage_over_time", "responsibility_timeline"),
    "zjk_gis.index.policy": ("Policy",),
    "zjk_gis.pipes.register": ("CoverRegister",),
    "zjk_gis.index.sections": ("SectionIndex",),
    "zjk_gis.index.zones": ("ZoneIndex",),
    "zjk_gis.io": ("list_layers", "read_folder", "read_layer", "read_table", "write_layer", "write_problems"),
    "zjk_gis.workspace.city": ("read_city",),
    "zjk_gis.workspace.workspace": ("Workspace",),
    "zjk_gis.layers": ("label", "spec_of"),
    "zjk_gis.coordinates.datums": ("convert_datum",),
    "zjk_gis.coordinates.inference": ("infer_coordinates",),
    "zjk_gis.layers.numbering": ("number_grids",),
    "zjk_gis.coordinates.positions": ("check_positions", "fix_positions"),
    "zjk_gis.layers.checks.validate": ("validate",),
    "zjk_gis.layers.versions": ("zones_at",),
    "zjk_gis.maps": (
        "add_base_map",
        "assignment_map",
        "base_map",
        "changes_map",
        "choropleth",
        "city_map",
        "density_map",
        "explanation_map",
        "gaps_map",
        "heritage_map",
        "offline_frame",
        "parking_map",
        "pipes_map",
        "print_map",
        "save_offline",
        "zones_map",
    ),
    "zjk_gis.reports": ("survey_city", "write_page", "write_workbook"),
    "zjk_gis.standards": ("check_codes", "explain_code", "next_codes", "parse_codes", "rules_table"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

# Rooms whose functions are called by the name of the room, as in zjk_gis.crs.datum.wgs84_to_gcj02.
_ROOMS = ("crs",)

__all__ = sorted(["__version__", *_ROOMS, *_HOME_OF])  # noqa: PLE0605  all names are text


def __getattr__(name: str) -> Any:
    """Load a public name from the room it lives in."""
    if name in _ROOMS:
        return import_module(f"zjk_gis.{name}")
    if name not in _HOME_OF:
        message = f"module 'zjk_gis' has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
