"""Point location: which polygons hold a point, which lines are near it. Arrays in, arrays out."""

from zjk_gis.engine.lines import LineIndex
from zjk_gis.engine.pairs import Pairs
from zjk_gis.engine.polygons import FOUND, Contacts, Located, PolygonIndex

__all__ = ["FOUND", "Contacts", "LineIndex", "Located", "Pairs", "PolygonIndex"]
