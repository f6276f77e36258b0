"""What is planted in a city, in one table: kinds of fault, and of each the faults and the near misses.

Each row names a kind, the layer, the code of what is wrong in it, and whether it breaks the rule (``fault``)
or keeps it by a little (a near miss). Of a pair the code is ``A|B``, of cases at one place ``A;B;C`` by time;
what has no code is named by its place.
To plant a new kind: name it in `KINDS`, note the cases while the city is made, and let `zjk-gis demo` ask for
it (`zjk_gis.cli.analysis.planted`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["KINDS", "Planting", "place_code"]

# kind of fault: the layer whose codes name it
KINDS: dict[str, str] = {
    "clearance_conflicts": "pipelines",
    "clearances_unjudged": "pipelines",
    "adverse_slopes": "pipelines",
    "level_mismatch": "pipelines",
    "several_depths": "manholes",
    "wrong_degree": "manholes",
    "repeated_segment": "pipelines",
    "odd_length": "pipelines",
    "too_steep": "pipelines",
    "missing_point": "pipelines",
    "orphan_point": "manholes",
    "diameter_shrinks": "pipelines",
    "invert_rises": "pipelines",
    "invert_drops": "pipelines",
    "cover_depths": "pipelines",
    "repeated_excavations": "excavation_permits",
    "weak_cover": "manholes",
    "kind_disagrees": "manholes",
    "no_net": "manholes",
    "net_due": "manholes",
    "inspection_due": "manholes",
    "twin_covers": "manholes",
    "unnumbered_cover": "manholes",
    "no_owner": "manholes",
    "dead_end": "roads",
    "missing_links": "roads",
    "far_from_parking": "residential_estates",
    "far_from_toilets": "residential_estates",
    "works_in_core": "projects",
    "boards_in_control": "sign_boards",
    "digs_at_trees": "excavation_permits",
    "newly_built": "building_footprints",
    "grown": "building_footprints",
    "storeys_added": "building_footprints",
    "gone": "building_footprints",
    "shareable_poles": "poles",
    "berths_on_footways": "berths",
    "obstacles_on_paving": "street_obstacles",
    "cables_along_tunnels": "overhead_cables",
    "double_payment": "contractor_areas",
    "hazard_facilities": "hazards",
    "risk_faces": "hazards",
    "no_distance": "hazards",
    "overdue_cases": "incidents",
    "repeated_places": "incidents",
    "several_reports": "incidents",
    "hot_grids": "unit_grids",
    "road_black_spots": "roads",
    "late_decisions": "enforcement_cases",
    "late_publications": "enforcement_cases",
}


@dataclass(slots=True)
class Planting:
    """What was planted so far."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    def note(self, kind: str, code: str, *, fault: bool) -> None:
        """Note a fault, or a near miss."""
        self.rows.append({"kind": kind, "layer": KINDS[kind], "code": code, "fault": fault})

    def faults(self, kind: str) -> list[str]:
        """Return the codes of what is wrong."""
        return sorted(row["code"] for row in self.rows if row["kind"] == kind and row["fault"])

    def table(self) -> list[dict[str, Any]]:
        """Return all rows by kind, faults first."""
        order = list(KINDS)
        return sorted(self.rows, key=lambda row: (order.index(row["kind"]), not row["fault"], row["code"]))


def place_code(x: float, y: float) -> str:
    """Name a place to the centimetre.

    Examples
    --------
    >>> place_code(574250.0, 4520900.126)
    '574250.00,4520900.13'
    """
    return f"{x:.2f},{y:.2f}"
