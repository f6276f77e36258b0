"""How layers lie to each other: rows with the codes of another layer, shared ground, borders, snapping."""

from zjk_gis.overlay.layers import overlay_layers, overlay_totals

__all__ = ["overlay_layers", "overlay_totals"]
