"""Layers: what each must look like, whether one does, which of its rows count, and what people read of it."""

from zjk_gis.layers.catalogue import CATALOGUE, spec_of
from zjk_gis.layers.checks.validate import validate
from zjk_gis.layers.labels import Language, label
from zjk_gis.layers.numbering import number_grids
from zjk_gis.layers.spec import Field, LayerSpec
from zjk_gis.layers.versions import zones_at

__all__ = [
    "CATALOGUE",
    "Field",
    "Language",
    "LayerSpec",
    "label",
    "number_grids",
    "spec_of",
    "validate",
    "zones_at",
]
