"""GIS for the fine-grained management of a Chinese city (城市精细化管理).

GeoDataFrames in, GeoDataFrames out. The functions below are those of the first hour; each room has more, such
as `zjk_gis.coverage.rank_faults`. All are loaded when first used, so that importing the package costs next to
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zjk_gis._lazy import lazily
from zjk_gis._version import __version__ as __version__

if TYPE_CHECKING:
    from zjk_gis import access as access
    from zjk_gis import assess as assess
    from zjk_gis import assign as assign
    from zjk_gis import batch as batch
    from zjk_gis import changes as changes
    from zjk_gis import city as city
    from zjk_gis import coordinates as coordinates
    from zjk_gis import coverage as coverage
    from zjk_gis import crs as crs
    from zjk_gis import index as index
    from zjk_gis import io as io
    from zjk_gis import layers as layers
    from zjk_gis import maps as maps
    from zjk_gis import overlay as overlay
    from zjk_gis import pipes as pipes
    from zjk_gis import protection as protection
    from zjk_gis import reports as reports
    from zjk_gis import responsibility as responsibility
    from zjk_gis import standards as standards
    from zjk_gis import synth as synth
    from zjk_gis import workspace as workspace
    from zjk_gis.assign import assign_incidents as assign_incidents
    from zjk_gis.assign import check_assignment as check_assignment
    from zjk_gis.assign import explain_incident as explain_incident
    from zjk_gis.batch import assign_batch as assign_batch
    from zjk_gis.changes import compare_zones as compare_zones
    from zjk_gis.coordinates import check_positions as check_positions
    from zjk_gis.coordinates import convert_datum as convert_datum
    from zjk_gis.coordinates import infer_coordinates as infer_coordinates
    from zjk_gis.coverage import coverage_faults as coverage_faults
    from zjk_gis.coverage import coverage_gaps as coverage_gaps
    from zjk_gis.coverage import overlapping_zones as overlapping_zones
    from zjk_gis.coverage import repair_coverage as repair_coverage
    from zjk_gis.index import ZoneIndex as ZoneIndex
    from zjk_gis.io import list_layers as list_layers
    from zjk_gis.io import read_layer as read_layer
    from zjk_gis.io import write_layer as write_layer
    from zjk_gis.layers import validate as validate
    from zjk_gis.maps import city_map as city_map
    from zjk_gis.maps import print_map as print_map
    from zjk_gis.maps import save_offline as save_offline
    from zjk_gis.overlay import overlay_layers as overlay_layers
    from zjk_gis.reports import write_workbook as write_workbook
    from zjk_gis.responsibility import responsibility_audit as responsibility_audit
    from zjk_gis.workspace import City as City
    from zjk_gis.workspace import Workspace as Workspace
    from zjk_gis.workspace import read_city as read_city

_ROOMS = (
    "access",
    "assess",
    "assign",
    "batch",
    "changes",
    "city",
    "coordinates",
    "coverage",
    "crs",
    "index",
    "io",
    "layers",
    "maps",
    "overlay",
    "pipes",
    "protection",
    "reports",
    "responsibility",
    "standards",
    "synth",
    "workspace",
)
# Which room each function of the first hour comes from.
_HOMES = {
    "assign": (
        "assign_incidents",
        "check_assignment",
        "explain_incident",
    ),
    "batch": ("assign_batch",),
    "changes": ("compare_zones",),
    "coordinates": (
        "check_positions",
        "convert_datum",
        "infer_coordinates",
    ),
    "coverage": (
        "coverage_faults",
        "coverage_gaps",
        "overlapping_zones",
        "repair_coverage",
    ),
    "index": ("ZoneIndex",),
    "io": (
        "list_layers",
        "read_layer",
        "write_layer",
    ),
    "layers": ("validate",),
    "maps": (
        "city_map",
        "print_map",
        "save_offline",
    ),
    "overlay": ("overlay_layers",),
    "reports": ("write_workbook",),
    "responsibility": ("responsibility_audit",),
    "workspace": (
        "City",
        "Workspace",
        "read_city",
    ),
}

__all__ = sorted(  # noqa: PLE0605  all names are text
    ["__version__", *_ROOMS, *(name for names in _HOMES.values() for name in names)]
)

if not TYPE_CHECKING:  # for which a name that there is not is an error
    __getattr__, __dir__ = lazily(__name__, _HOMES, _ROOMS)
