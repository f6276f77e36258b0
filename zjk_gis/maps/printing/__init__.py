"""Maps on paper: a sheet that can hang in an office.

The sheet is drawn as one SVG document (`canvas`, `content`, `furniture`, laid out by `sheet`); PDF and PNG
are made of it by Typst, which keeps shapes shapes and text text.
"""

from zjk_gis.maps.printing.printed import SHEETS, print_map
from zjk_gis.maps.printing.section import print_section

__all__ = ["SHEETS", "print_map", "print_section"]
