"""Maps on paper: a sheet that can hang in an office.

The sheet is drawn as one SVG document (`canvas`, `content`, `furniture`, laid out by `sheet`); PDF and PNG
are made of it by Typst, which keeps shapes shapes and text text.
"""

from zjk_gis.maps.printing.atlas import Atlas, print_atlas
from zjk_gis.maps.printing.document import SHEETS
from zjk_gis.maps.printing.printed import print_map
from zjk_gis.maps.printing.section import print_section

__all__ = ["SHEETS", "Atlas", "print_atlas", "print_map", "print_section"]
