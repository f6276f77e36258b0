"""Saving a map as one file that needs no network."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from branca.element import CssLink, Element, JavascriptLink

from zjk_gis._optional import need
from zjk_gis.errors import InputError
from zjk_gis.io.paths import target_file, workshop

if TYPE_CHECKING:
    import os
    from pathlib import Path

    import folium

__all__ = ["PAGES", "save_map", "whole_page"]

PAGES = (".html", ".htm")

# A style sheet may point to pictures and fonts beside it, which one file does not have.
_OUTSIDE = re.compile(r"url\(\s*['\"]?(?!data:|#|['\"])[^)]*\)")


def save_map(page: folium.Map, path: str | os.PathLike[str], *, offline: bool = True) -> Path:
    """Save a folium map as one HTML file, with all scripts and styles inside it.

    Parameters
    ----------
    page : folium.Map
        One of this package's maps or any other.
    path : path
        Ends with ``.html``. Written whole or not at all.
    offline : bool, default True
        Put everything into the file, so that it works without a network. Otherwise it fetches Leaflet
        from where folium says.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    MissingExtraError
        If ``folium-offline``, which carries the scripts, is not installed (extra ``offline-maps``).
    InputError
        If the map uses a script or style that is not at hand; the message names it. Tiles of a base map
        are still fetched, and so a map with tiles is refused too.
    FileError
        If the file cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from zjk_gis.maps import city_map
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     saved = save_map(city_map({}), pathlib.Path(folder) / "map.html")
    ...     "<script src=" in saved.read_text(encoding="utf-8")
    False
    """
    target = target_file(path, PAGES)
    text = whole_page(page) if offline else str(page.get_root().render())
    with workshop(target) as folder:
        made = folder / target.name
        made.write_text(text, encoding="utf-8")
        made.replace(target)
    return target


def whole_page(page: folium.Map) -> str:
    """Return a folium map as the text of a page with all scripts and styles inside it; see `save_map`."""
    import folium

    carrier = need("offlinefolium.elements", extra="offline-maps", purpose="make a map that needs no network")
    assets = carrier._res  # noqa: SLF001  it has no other door
    tiles = [child for child in page._children.values() if isinstance(child, folium.TileLayer)]  # noqa: SLF001
    if tiles:
        message = (
            f"the map has a base map of tiles ({tiles[0].tile_name}), which needs a network; make it with "
            "tiles=None, or save with offline=False"
        )
        raise InputError(message)
    root = page.get_root()
    root.render()  # fills in the links that the map's parts ask for
    for found in _links(root):
        link: Any = found
        if link.url not in assets:
            message = (
                f"the map needs {link.url}, which folium-offline does not carry; leave it out, or save with "
                "offline=False"
            )
            raise InputError(message)
        code = assets[link.url]
        is_style = isinstance(link, CssLink)
        link.code = _OUTSIDE.sub("none", code) if is_style else code.replace("</script", "<\\/script")
    return str(root._template.render(this=root, kwargs={"embedded": True}))  # noqa: SLF001


def _links(element: Element) -> list[JavascriptLink | CssLink]:
    found = [element] if isinstance(element, JavascriptLink | CssLink) else []
    for child in element._children.values():  # noqa: SLF001
        found += _links(child)
    for part in ("header", "html", "script"):
        inner = getattr(element, part, None)
        if isinstance(inner, Element):
            found += _links(inner)
    return found
