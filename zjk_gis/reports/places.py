"""From a report to the ground: links to a map's page, and the picture of a map."""

from __future__ import annotations

import os
import re
import struct
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from zjk_gis.errors import InputError
from zjk_gis.io.paths import existing_file
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PLACES_NOTE", "picture_bytes", "place_links", "png_size"]

PLACES_NOTE = "Longitude and latitude are CGCS2000/WGS84; areas and lines show a point in them."

_PNG = b"\x89PNG\r\n\x1a\n"
_MOST_BYTES = 50_000_000
_LEAST_BYTES = 45
_MOST_PIXELS = 30_000
_ZOOM = 17  # a few streets around
_PLAIN_NAME = re.compile(r"[^\\/:*?\"<>|#%&'\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]+\.html?")


def place_links(map_file: str | None, *, encoded: bool = True) -> Callable[[float, float], str] | None:
    """Return how to link to a place on a map's page beside the report.

    Parameters
    ----------
    map_file : str or None
        The page's name alone, in the same folder, such as ``map.html``.

    encoded : bool, default True
        Whether the name is percent-encoded, as a page needs it and a workbook does not.

    Returns
    -------
    callable or None
        From longitude and latitude (WGS84, degrees) to an address that ends with ``#17/lat/lon``, the form
        in which web maps usually say where they are; None without a file.

    Raises
    ------
    InputError
        If it is anything but a plain name, such as a path, an address or a script.

    Examples
    --------
    >>> place_links("map.html")(114.88, 40.82)
    'map.html#17/40.820000/114.880000'
    >>> place_links("javascript:alert(1).html")
    Traceback (most recent call last):
    ...
    zjk_gis.errors.InputError: map_file must be the plain name of an .html file beside the report, not
    'javascript:alert(1).html'
    """
    if map_file is None:
        return None
    name = os.fspath(map_file)
    if not _PLAIN_NAME.fullmatch(name) or name.startswith((".", " ")):
        raise InputError(
            tr(
                "map_file must be the plain name of an .html file beside the report, not {name!r}",
                name=name[:200],
            )
        )
    address = quote(name, safe="") if encoded else name
    return lambda lon, lat: f"{address}#{_ZOOM}/{lat:.6f}/{lon:.6f}"


def png_size(image: bytes) -> tuple[int, int, float] | None:
    """Return width and height in pixels and the dots an inch, 96 where it does not say; None of no PNG."""
    if not (image.startswith(_PNG) and image[12:16] == b"IHDR" and len(image) > _LEAST_BYTES):
        return None
    width, height = struct.unpack(">II", image[16:24])
    dots, at = 96.0, 8
    while at + 12 <= len(image):
        length, kind = struct.unpack(">I4s", image[at : at + 8])
        if kind == b"pHYs" and length == 9 and image[at + 16] == 1:  # dots a metre
            dots = struct.unpack(">I", image[at + 8 : at + 12])[0] * 0.0254
        if kind == b"IDAT":
            usable = 0 < width <= _MOST_PIXELS and 0 < height <= _MOST_PIXELS and dots > 1
            return (width, height, dots) if usable else None
        at += 12 + length
    return None


def picture_bytes(picture: bytes | str | os.PathLike[str] | None) -> bytes | None:
    """Return the bytes of a PNG, given as bytes or as a file.

    Raises
    ------
    InputError
        If it is no PNG, or larger than 50 MB.
    FileError
        If there is no such file.
    """
    if picture is None:
        return None
    if isinstance(picture, bytes | bytearray):
        found, what = bytes(picture), "picture"
    else:
        file = existing_file(Path(picture))
        found, what = file.read_bytes() if file.stat().st_size <= _MOST_BYTES else b"", str(file)
    if len(found) > _MOST_BYTES or png_size(found) is None:
        raise InputError(
            tr(
                "{what}: is not a PNG of at most {most_bytes} MB; make one with print_map",
                what=what,
                most_bytes=_MOST_BYTES // 1_000_000,
            )
        )
    return found
