"""Point location: which polygons hold a point, which lines are near it. Arrays in, arrays out.

This floor knows coordinates and offsets, never a column name, a file or a rule: a person who debugs a border
reads it without meeting a table, a person who changes a rule never meets a coordinate. Whoever answers is the
business of `zjk_gis.index` and `zjk_gis.assign`; here only the facts are found.

**What is stored.** `shapes` takes polygons apart into one array of vertices and the rings in it. `cells`
lays a grid of square cells over them, two for each edge and four for many points, and compiles each cell
into one word of 32 bits. A cell that no edge comes near holds the number of its zone, or of the set of its
zones. Any other holds the position of its record: the zones at its lower left corner, a bit each, and the
edges that come near it, each with the line it lies on, in single precision in the cell's own coordinates,
and the zones it bounds, a bit each. An edge that two neighbours share stands in a record once. A cell with
more than two dozen edges is divided into smaller cells, so that unit grids beside counties a thousand times
their size cost no more than among themselves. All is one array of words; with the vertices it takes about
80 bytes a vertex, and can be written to a file and mapped into memory as it is.

**What a point costs.** One word read from memory; in four cells of five that is the answer. In the others one
record of a line or two of memory, and for each of its edges, two on average, a multiplication or two: the
walk from the cell's corner up its side and across to the point crosses some edges, and each changes the
zones whose bits it carries. Points are taken in blocks, first all cells, then all words, then all records,
so that many reads from memory are under way at once, and in as many threads as there are processors.

**Why it is exact.** A sign in single precision is trusted only where it exceeds what rounding of the line,
the point and the product can add up to (2**-20 of a cell, checked against the spacing of doubles there).
Otherwise the whole walk is done again with the coordinates as they were given and an exact predicate
(`predicates`: a floating-point filter, then sums without rounding). The walk's corners lie on no vertex:
corner and point are thought of as moved up, and then right, by an infinitesimal step, the same in every
comparison, so that a ray through a vertex is counted once. A point that the predicate finds on an edge lies
on the border of that edge's zones. Where products would leave the range of doubles the point is decided in
rational arithmetic (`signs`). So nothing depends on the order of rows, on threads, on the size of the grid
or on the platform.

**Distances** from borders are taken from the same records (`contacts`): each lists the edges that come near
its cell, and nearly all of them are ruled out by their lines, in single precision and with room for all
rounding. Which points can be near a border at all is told while they are located. One formula of the distance
serves everywhere, bit for bit (`distance`). What is nearest to a point far away, or which line, is looked for
in another grid: `segments` lists edges by cell and looks outward from a point.

**Small questions** never load compiled code: `small` casts rays in NumPy, by the same exact signs.

**Where others do better.** For a handful of points on huge polygons that are used once, a prepared geometry
of GEOS needs no index at all. For joins of polygons with polygons this engine does not help. And where the
machine may keep no compiled code, each process compiles before its first large question; elsewhere only the
first process does, two of them side by side, or `zjk-gis warm` (`warming`, `kept`, `announcing`).
"""

from zjk_gis.engine.lines import LineIndex
from zjk_gis.engine.pairs import Pairs
from zjk_gis.engine.polygons.discs import disc_shares
from zjk_gis.engine.polygons.index import (
    BORDER,
    FOUND,
    INSIDE,
    NONE,
    Contacts,
    Located,
    PolygonIndex,
    Positions,
)

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
    "Positions",
    "disc_shares",
]
