"""A map as one file, or one frame in a notebook, that needs no network.

The page carries its scripts, styles, fonts and pictures, and a policy that forbids it to ask for anything
else: whatever the data holds, the page can neither fetch nor send.
"""

from __future__ import annotations

import base64
import html
import json
import re
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from branca.element import CssLink, Element, Figure, JavascriptLink

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.io.paths import target_file, workshop
from zjk_gis.maps.offline.assets import Assets, Payload
from zjk_gis.words import tr

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import folium

    _Paths = Mapping[str, str | os.PathLike[str]]
    _Coded = JavascriptLink | CssLink | Payload

__all__ = ["PAGES", "OfflineFrame", "offline_frame", "save_offline", "whole_page"]

PAGES = (".html", ".htm")

_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:{}; media-src data: blob:; font-src data:; connect-src data: blob:; "
    "frame-src data: blob:; form-action 'none'; base-uri 'none'"
)
# What cannot work without a network, by the names of folium's classes, and why.
_NEED_SERVERS = {
    "Geocoder": "asks a search server for addresses; Search finds what is in the map",
    "LocateControl": "asks the browser where it is, which browsers refuse to pages that are files",
    "Realtime": "fetches its features from a server again and again",
    "TimestampedWmsTileLayers": "fetches pictures from a map server",
    "VectorGridProtobuf": "fetches vector tiles from a server",
    "VegaLite": "draws with scripts that folium-offline does not carry",
    "WmsTileLayer": "fetches pictures from a map server",
}
_FETCHING = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src",
             "embed": "src", "object": "data", "link": "href", "image": "href"}  # fmt: skip
_MAX_ZOOM = 20
_INSIDE = ("data:", "blob:", "about:", "#")
_MARK = re.compile(r"/\*zjk-asset-\d+-\w+\*/")
_TEMPLATE = re.compile(r"\{[{%#]")
_FRAME = re.compile(r"data:text/html[^,]*?(;base64)?,(.*)", re.IGNORECASE | re.DOTALL)
_MARKUP = re.compile(
    rf"""<({"|".join(_FETCHING)})\b[^>]{{0,2000}}?\b(src|href|data)\s*=\s*(?:\\?["'])?([^"'\\\s>]+)""",
    re.IGNORECASE,
)


@checked
def save_offline(
    page: folium.Map, path: str | os.PathLike[str], *, assets: _Paths | None = None, fetch_tiles: bool = False
) -> Path:
    """Save a folium map as one HTML file that works without a network.

    Scripts, styles, fonts and pictures are inside it, and so are the tiles of a base map made of a local
    source (`base_map`). The page forbids itself every request, whatever the data holds.

    Parameters
    ----------
    page : folium.Map
        One of this package's maps or any other, with folium's plugins; also a ``DualMap``.
    path : path
        Ends with ``.html``. Written whole or not at all.
    assets : mapping of str to path, optional
        Files for URLs of scripts, styles, fonts and pictures that ``folium-offline`` does not carry.
    fetch_tiles : bool, default False
        Let the page fetch the tiles of its base maps, and nothing else: for networks that reach a tile
        server, such as the office's own, but not where folium keeps its scripts.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    MissingExtraError
        If ``folium-offline``, which carries the scripts, is not installed (extra ``offline-maps``).
    InputError
        If the map uses something that is not at hand, such as another script, a picture on a server or tiles,
        or something that lives on a server, such as an address search; or if its data have text such as
        ``{{ }}``, which folium would run. The message names it.
    FileError
        If a file cannot be read or written.

    Notes
    -----
    Popups and tooltips of your own folium maps are HTML as you wrote them; folium escapes nothing there.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from zjk_gis.maps import city_map
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     saved = save_offline(city_map({}), pathlib.Path(folder) / "map.html")
    ...     "<script src=" in saved.read_text(encoding="utf-8")
    False
    """
    target = target_file(path, PAGES)
    text = whole_page(page, assets=assets, fetch_tiles=fetch_tiles)
    with workshop(target) as folder:
        made = folder / target.name
        made.write_text(text, encoding="utf-8")
        made.replace(target)
    return target


class OfflineFrame:
    """A map in a notebook's output: a frame with the whole page in it."""

    def __init__(self, page: str, height: int) -> None:
        self.page, self.height = page, height

    def _repr_html_(self) -> str:
        # Without the right to the notebook's origin, nothing in the map reaches the notebook.
        return (
            f'<iframe srcdoc="{html.escape(self.page)}" sandbox="allow-scripts allow-popups allow-downloads" '
            f'allow="fullscreen" style="width:100%;height:{self.height}px;border:0"></iframe>'
        )

    def __repr__(self) -> str:
        return f"OfflineFrame({len(self.page) / 1e6:.1f} MB, height={self.height})"


@checked
def offline_frame(page: folium.Map, *, height: int = 560, assets: _Paths | None = None) -> OfflineFrame:
    """Show a folium map in a notebook that has no network: the same page that `save_offline` writes.

    Parameters
    ----------
    page : folium.Map
    height : int, default 560
        In pixels.
    assets : mapping of str to path, optional
        As for `save_offline`.

    Returns
    -------
    OfflineFrame
        Shows itself as the last value of a cell. The map inside cannot reach the notebook.

    Raises
    ------
    MissingExtraError, InputError, FileError
        As `save_offline`; and if the height is not positive.

    Examples
    --------
    >>> from zjk_gis.maps import city_map
    >>> offline_frame(city_map({}), height=400)
    OfflineFrame(0... MB, height=400)
    """
    if height <= 0:
        raise InputError(tr("height must be positive, not {height}", height=height))
    return OfflineFrame(whole_page(page, assets=assets), int(height))


def whole_page(page: folium.Map, *, assets: _Paths | None = None, fetch_tiles: bool = False) -> str:
    """Return a folium map as the text of a page that needs no network; see `save_offline`."""
    root = page.get_root()
    if not isinstance(root, Figure):
        raise InputError(tr("page must be a folium map, not {name}", name=type(page).__name__))
    hosts = _tile_hosts(root) if fetch_tiles else []
    _refuse_servers(root, tiles_too=not fetch_tiles)
    with _zoomable(root):
        root.render()  # fills in the links that the map's parts ask for
        with _marked(_coded(root)) as marks:
            text = str(root._template.render(this=root, kwargs={"embedded": True}))  # noqa: SLF001
    _refuse_requests(text)
    carried = Assets(own=assets or {}, page=text)
    codes = {mark: _code(part, carried) for mark, part in marks.items()}
    text = _MARK.sub(lambda mark: codes.get(mark[0], mark[0]), text)
    allowed = _POLICY.format("".join(f" {host}" for host in hosts))
    policy = f'<meta http-equiv="Content-Security-Policy" content="{allowed}">'
    return text.replace("<head>", f"<head>\n{policy}", 1)


def _code(part: _Coded, carried: Assets) -> str:
    if isinstance(part, Payload):
        return part.code
    return carried.style(part.url) if isinstance(part, CssLink) else carried.script(part.url)


@contextmanager
def _zoomable(root: Element) -> Iterator[None]:
    """Say how far maps without a base map zoom in: folium does not, and clusters of marks need to know."""
    kinds = [{kind.__name__ for kind in type(part).__mro__} for part in _parts(root)]
    limits = any(kind & {"BaseMap", "TileLayer"} for kind in kinds)
    maps = [part for part, kind in zip(_parts(root), kinds, strict=True) if "Map" in kind and not limits]
    options: list[dict[str, Any]] = [vars(part)["options"] for part in maps]
    options = [each for each in options if "max_zoom" not in each]
    for each in options:
        each["max_zoom"] = _MAX_ZOOM
    try:
        yield
    finally:
        for each in options:
            del each["max_zoom"]


@contextmanager
def _marked(parts: list[_Coded]) -> Iterator[dict[str, _Coded]]:
    """Let scripts and styles be rendered as marks: folium fetches none, Jinja and the checks read none."""
    before = [part.code for part in parts]
    marks: dict[str, _Coded] = {}
    for i, part in enumerate(parts):
        mark = f"/*zjk-asset-{i}-{part.get_name()}*/"
        marks[mark] = part
        vars(part)["code"] = mark
    try:
        yield marks
    finally:
        for part, code in zip(parts, before, strict=True):
            vars(part)["code"] = code


def _coded(element: Element) -> list[_Coded]:
    return [found for found in _parts(element) if isinstance(found, JavascriptLink | CssLink | Payload)]


def _parts(element: Element) -> Iterator[Element]:
    """Walk through a map and everything in it."""
    yield element
    inner = [getattr(element, name, None) for name in ("header", "html", "script", "tile_layer")]
    for child in [*element._children.values(), *inner]:  # noqa: SLF001
        if isinstance(child, Element):
            yield from _parts(child)


def _tile_hosts(root: Element) -> list[str]:
    """Return the servers of a map's tiles, as a page's policy names them."""
    hosts: set[str] = set()
    for part in _parts(root):
        spec = getattr(part, "spec", {})
        options = getattr(part, "options", {})
        names = spec.get("subdomains") or options.get("subdomains") or "abc"
        for url in spec.get("urls") or [getattr(part, "tiles", "")]:
            host = re.match(r"https?://[\w.\-{}:\[\]]+|file:", url) if isinstance(url, str) else None
            if host:
                hosts |= {host[0].replace("{s}", name) for name in names}
    return sorted(hosts)


def _refuse_servers(root: Element, *, tiles_too: bool) -> None:
    """Refuse, before anything is rendered, what only works with a server."""
    for part in _parts(root):
        _refuse_templates(part)
        kinds = {kind.__name__ for kind in type(part).__mro__}
        for kind in kinds & set(_NEED_SERVERS):
            raise InputError(
                tr(
                    "the map has a {kind}, which {need_servers}; leave it out of an offline page",
                    kind=kind,
                    need_servers=tr(_NEED_SERVERS[kind]),
                )
            )
        if not tiles_too and kinds & {"BaseMap", "TileLayer"}:
            continue
        if reason := getattr(part, "needs_network", None):
            raise InputError(
                tr(
                    "{reason}; take a base map of local tiles or none, or let the page fetch_tiles",
                    reason=reason,
                )
            )
        tiles = str(getattr(part, "tiles", ""))
        if "TileLayer" in kinds and not tiles.startswith("data:"):
            name = getattr(part, "tile_name", tiles)
            raise InputError(
                tr(
                    "the map has a base map of tiles ({name}), which needs a network; make it with "
                    "tiles=None or with base_map of a local tile folder, .mbtiles or .pmtiles, or let "
                    "the page fetch_tiles",
                    name=name,
                )
            )
        _refuse_addresses(part)


def _refuse_templates(part: Element) -> None:
    """Refuse text that folium would run: it takes what it has rendered for a template, and renders it too."""
    for name in ("layer_name", "text", "data"):
        value = getattr(part, name, None)
        text = json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else value
        if isinstance(text, str) and (found := _TEMPLATE.search(text)):
            near = text[max(0, found.start() - 20) : found.start() + 40]
            raise InputError(
                tr(
                    "{name}: {near!r} has {found!r}, which folium would run as a template; put a space "
                    "between the two characters",
                    name=type(part).__name__,
                    near=near,
                    found=found[0],
                )
            )


def _refuse_addresses(part: Element) -> None:
    """Refuse pictures, films and data that a part would fetch by itself."""
    asked = [getattr(part, "url", None), getattr(part, "image", None)]
    options = getattr(part, "options", None)
    if isinstance(options, dict):
        asked += [options.get(name) for name in ("iconUrl", "icon_url", "shadowUrl", "shadow_url")]
    if getattr(part, "embed", True) is False:
        asked.append(getattr(part, "embed_link", None))
    for address in asked:
        if isinstance(part, JavascriptLink | CssLink) or not isinstance(address, str):
            continue
        if not address.startswith(_INSIDE):
            raise InputError(
                tr(
                    "{name}: {address} is not in the page; give the picture or data itself instead of "
                    "its address",
                    name=type(part).__name__,
                    address=address[:200],
                )
            )


class _Fetching(HTMLParser):
    """Finds what the page's markup would fetch, and keeps the text of its scripts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, str]] = []
        self.scripts: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_script = tag == "script"
        if address := dict(attrs).get(_FETCHING.get(tag, "")):
            self.found.append((tag, address))

    def handle_endtag(self, tag: str) -> None:
        self._in_script = self._in_script and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts.append(data)


def _refuse_requests(text: str) -> None:
    """Refuse a page whose markup, or markup in whose scripts, such as a popup's, would fetch something."""
    page = _Fetching()
    page.feed(text)
    inside = [
        (found[1].lower(), found[3])
        for script in page.scripts
        for found in _MARKUP.finditer(script)
        if _FETCHING[found[1].lower()] == found[2].lower()
    ]
    for tag, address in (*page.found, *inside):
        if framed := _FRAME.match(address):
            body = base64.b64decode(framed[2]) if framed[1] else unquote_to_bytes(framed[2])
            _refuse_requests(body.decode("utf-8", errors="replace"))
        if not address.strip().lower().startswith(_INSIDE):
            raise InputError(
                tr(
                    "the map asks for <{tag}> {address}, which is not in the page; write pictures into "
                    "it as data: URLs, or leave them out",
                    tag=tag,
                    address=address[:200],
                )
            )
