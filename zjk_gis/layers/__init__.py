"""Layers: what each must look like, whether one does, which of its rows count, and what people read of it."""

from zjk_gis.layers.catalogue import CATALOGUE, spec_of
from zjk_gis.layers.labels import Language, label
from zjk_gis.layers.spec import Field, LayerSpec

__all__ = ["CATALOGUE", "Field", "Language", "LayerSpec", "label", "spec_of"]
