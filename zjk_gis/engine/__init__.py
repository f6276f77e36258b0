"""Point location: which polygons hold a point, which lines are near it. Arrays in, arrays out.

This floor knows coordinates and offsets, never a column name, a file or a rule: a person who debugs a border
reads it without meeting a table, a person who changes a rule never meets a coordinate. Whoever answers is
the business of `zjk_gis.assign`; here only the facts are found:

- `PolygonIndex.contacts`: every polygon that contains a point, or whose border lies within a distance of it;
- `PolygonIndex.near` and `LineIndex.near`: everything within a distance, with the distance.

Answers are pairs (point, item), sorted by point and then by item. They come from GEOS predicates through
`shapely.STRtree` and so are exact on borders: the tree only narrows the search.
"""

from zjk_gis.engine.lines import LineIndex
from zjk_gis.engine.pairs import Pairs
from zjk_gis.engine.polygons import Contacts, PolygonIndex

__all__ = ["Contacts", "LineIndex", "Pairs", "PolygonIndex"]
