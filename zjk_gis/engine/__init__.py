"""Point location: which polygons hold a point, which lines are near it. Arrays in, arrays out."""

from zjk_gis.engine.discs import disc_shares
from zjk_gis.engine.lines import LineIndex
from zjk_gis.engine.pairs import Pairs
from zjk_gis.engine.polygons import BORDER, FOUND, INSIDE, NONE, Contacts, Located, PolygonIndex

__all__ = [
    "BORDER",
    "FOUND",
    "INSIDE",
    "NONE",
    "Contacts",
    "LineIndex",
    "Located",
    "Pairs",
    "PolygonIndex",
    "disc_shares",
]
