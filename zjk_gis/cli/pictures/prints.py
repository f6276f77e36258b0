"""A map on paper beside the page: a sheet to hang up, and the picture that goes into workbook and report."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from zjk_gis.errors import InputError, MissingExtraError
from zjk_gis.maps import print_map
from zjk_gis.words import tr

if TYPE_CHECKING:
    import folium

    from zjk_gis.cli.console import Console

__all__ = ["print_sheet"]

_DPI = 130  # of the picture: sharp on a screen, and half a megabyte


def print_sheet(drawn: folium.Map, sheet: Path, *, day: str, console: Console) -> bytes | None:
    """Print a map as a PDF and return its picture; where neither can be made, say why and go on.

    A bureau's machine may have no typeface with Chinese characters, or not the packages that print: that is
    no reason to withhold tables and pages.
    """
    try:
        print_map(drawn, sheet, date=day)
        with tempfile.TemporaryDirectory() as folder:
            picture = Path(folder) / "map.png"
            print_map(drawn, picture, orientation="landscape", date=day, dpi=_DPI)
            return picture.read_bytes()
    except (InputError, MissingExtraError) as error:
        console.note(tr("the map is not printed: {error}", error=error))
        return None
