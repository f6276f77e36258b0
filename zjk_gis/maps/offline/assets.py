"""Scripts, styles, fonts and pictures for a page, from an installed package.

The package ``folium-offline`` carries the text of everything that folium's own maps and plugins link to. What
a style sheet points to beside itself is put into it; what is not at hand is replaced where a plain picture
will do, and otherwise an error that names it.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin

from branca.element import Element
from jinja2 import Template

from zjk_gis._optional import need
from zjk_gis.errors import FileError, InputError
from zjk_gis.words import tr

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

__all__ = ["Assets", "Payload"]

_URL = re.compile(r"""url\(\s*(?:"([^"]*)"|'([^']*)'|([^)'"]*))\s*\)""")
_IMPORT = re.compile(r"@import[^;]*;")
_FACE = re.compile(r"@font-face\s*\{[^}]*\}")
_SOURCE = re.compile(_URL.pattern + r"(?:\s*format\(\s*['\"]?([\w-]+)['\"]?\s*\))?")
_DESCRIPTOR = r"(?:^|[{{;]){}\s*:\s*([^;}}]+)"
_SOURCE_MAP = re.compile(r"(?://|/\*)# sourceMappingURL=[^\s*]*(?:\s*\*/)?")
_FORMATS = ("woff2", "woff", "truetype", "opentype")

_SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 18 18" width="18" height="18">{}</svg>'
_ARROW = _SVG.format('<path d="M4 4H12M4 4V12M4 4L14 14" stroke="#52606d" stroke-width="2" fill="none"/>')
_RING = _SVG.format('<circle cx="9" cy="9" r="6" stroke="#9aa5b1" stroke-width="2" fill="none"/>')
# Pictures of plugins that folium-offline leaves out: the arrow that folds a mini map, and the ring that turns
# while a search asks a server, which none does here.
_STAND_INS = {"toggle.svg": _ARROW, "toggle.png": _ARROW, "loader.gif": _RING}

# Font Awesome's faces that folium-offline leaves out, and how a page asks for them.
_ICONS = {
    "fa-brands-400": re.compile(
        r"""(?:class|prefix|icon)["'\\]*\s*[:=]\s*\\?["'][^"']*\bfa(?:b|-brands)\b"""
    ),
    "fa-regular-400": re.compile(
        r"""(?:class|prefix|icon)["'\\]*\s*[:=]\s*\\?["'][^"']*\bfa(?:r|-regular)\b"""
    ),
}
# Plugins that need a word changed: one that Leaflet warns of, and one that hears keys but not what an input
# method, a pen or a voice writes, and completes words while they are being spelled.
_REPAIRS = (
    ("leaflet-side-by-side", ".Mixin.Events", ".Evented.prototype"),
    (
        "leaflet-search",
        '"keyup",this._handleKeypress,this',
        '"keyup input compositionend",function(a){a.isComposing||d._handleKeypress(a)},this',
    ),
)
_MIME = {
    ".css": "text/css",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}


class Payload(Element):
    """A script made of much data, which a page takes as it is: nothing in it is for Jinja to read."""

    _template = Template("<script>{{ this.code }}</script>")

    def __init__(self, code: str) -> None:
        super().__init__()
        self._name = "Payload"
        self.code = code


@dataclass(slots=True)
class Assets:
    """What pages link to, by URL.

    Parameters
    ----------
    own : mapping of str to path
        Files of the caller for URLs that the package does not carry; they come first.
    page : str
        The page's own text, from which it is told which icons it uses.
    """

    own: Mapping[str, str | os.PathLike[str]] = field(default_factory=dict)
    page: str = ""
    asked: dict[str, str] = field(default_factory=dict, init=False)

    def script(self, url: str) -> str:
        """Return a script, safe inside a script element.

        Raises
        ------
        InputError
            If no package at hand carries it.
        """
        text = _SOURCE_MAP.sub("", self._text(url))
        for plugin, old, new in _REPAIRS:
            if plugin in url:
                text = text.replace(old, new)
        return re.sub(r"</(?=script)", r"<\\/", text, flags=re.IGNORECASE).replace("<!--", "<\\!--")

    def style(self, url: str) -> str:
        """Return a style sheet with what it points to inside it, safe inside a style element.

        Raises
        ------
        InputError
            If it, or a font or picture that the page needs, is not at hand.
        """
        text = _SOURCE_MAP.sub("", self._text(url))
        for rule in _IMPORT.findall(text):
            raise InputError(
                tr(
                    "{url} asks for another style sheet ({rule}), which cannot be put into the page",
                    url=url,
                    rule=rule,
                )
            )
        seen: set[str] = set()
        text = _FACE.sub(lambda face: self._face(face[0], url, seen), text)
        text = _URL.sub(lambda found: self._picture(found, url), text)
        return re.sub(r"</(?=style)", r"<\\/", text, flags=re.IGNORECASE)

    def data_url(self, url: str) -> str | None:
        """Return one of the caller's files as a data URL, if there is one for this URL."""
        if url not in self.own:
            return None
        path = Path(self.own[url])
        mime = _MIME.get(path.suffix.lower())
        if mime is None:
            raise InputError(
                tr(
                    "assets: {name} is of no known kind; known are {mime}",
                    name=path.name,
                    mime=", ".join(_MIME),
                )
            )
        return f"data:{mime};base64,{base64.b64encode(_bytes(path)).decode('ascii')}"

    def _text(self, url: str) -> str:
        if url in self.own:
            return _bytes(Path(self.own[url])).decode("utf-8-sig")
        carrier = need(
            "offlinefolium.elements", extra="offline-maps", purpose="make a map that needs no network"
        )
        carried: dict[str, str] = carrier._res  # noqa: SLF001  it has no other door
        if url in carried:
            return carried[url]
        raise InputError(
            tr(
                "the map needs {url}, which folium-offline does not carry; leave it out, give a file "
                "for it (assets={{url: path}}), or, if folium itself asks for it, install the "
                "folium-offline of folium's version",
                url=url,
            )
        )

    def _face(self, face: str, sheet: str, seen: set[str]) -> str:
        """Keep one source of a font, inside the page; leave out fonts that the page does not ask for."""
        family = re.search(_DESCRIPTOR.format("font-family"), face)
        name = family[1].strip().strip("\"'") if family else ""
        sources = [
            (_target(found), (found[4] or "").lower()) for found in _SOURCE.finditer(face) if _target(found)
        ]
        inside = [(self.data_url(urljoin(sheet, source)) or source, kind) for source, kind in sources]
        kept = [pair for pair in inside if pair[0].startswith("data:")]
        if not kept:
            self._refuse_if_used(sources, sheet)
            return ""
        source, kind = min(kept, key=lambda pair: _FORMATS.index(pair[1]) if pair[1] in _FORMATS else 9)
        # Font Awesome names the same font three times, for pages of its older versions.
        if source in seen and name not in self.page:
            return ""
        seen.add(source)
        rest = "".join(
            f"{key}:{found[1].strip()};"
            for key in ("font-family", "font-style", "font-weight", "unicode-range")
            if (found := re.search(_DESCRIPTOR.format(key), _SOURCE.sub("", face)))
        )
        hint = f' format("{kind}")' if kind else ""
        return f'@font-face{{{rest}src:url("{source}"){hint}}}'

    def _refuse_if_used(self, sources: list[tuple[str, str]], sheet: str) -> None:
        for stem in _ICONS:
            source = next((source for source, _ in sources if stem in source), None)
            if source is not None and (used := self._asked(stem)):
                raise InputError(
                    tr(
                        "the map has an icon ({used}) of the font {urljoin}, which folium-offline does not "
                        "carry; take a solid icon (prefix='fa'), or give a file for it "
                        "(assets={{url: path}})",
                        used=used,
                        urljoin=urljoin(sheet, source),
                    )
                )

    def _asked(self, stem: str) -> str:
        """Return how the page asks for icons of a font, if it does."""
        if stem not in self.asked:
            found = _ICONS[stem].search(self.page)
            self.asked[stem] = found[0][:80] if found else ""
        return self.asked[stem]

    def _picture(self, found: re.Match[str], sheet: str) -> str:
        source = _target(found)
        if source.startswith(("data:", "#", "%23")) or not source:
            return found[0]
        url = urljoin(sheet, source)
        own = self.data_url(url)
        if own is None and (stand_in := _STAND_INS.get(url.rsplit("/", 1)[-1])):
            own = f"data:image/svg+xml,{quote(stand_in)}"
        if own is None:
            raise InputError(
                tr(
                    "the map's style {sheet} needs {url}, which folium-offline does not carry; give a "
                    "file for it (assets={{url: path}})",
                    sheet=sheet,
                    url=url,
                )
            )
        return f'url("{own}")'


def _target(found: re.Match[str]) -> str:
    return (found[1] or found[2] or found[3] or "").strip()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileError(tr("assets: {path}: {value}", path=path, value=error.strerror or error)) from None
