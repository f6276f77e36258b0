"""How far pipes must lie from each other and from buildings, trees, kerbs and railways (净距)."""

from zjk_gis.pipes.clearance.conflicts import clearance_conflicts

__all__ = ["clearance_conflicts"]
