"""The typeface of a print: found, measured, and cut down to the characters that are used.

Text on a print is text: it can be searched and copied, and looks the same on every machine, because the
typeface travels inside the file, and comes with the package that prints rather than from the machine.
"""

from __future__ import annotations

import base64
import io
import logging
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zjk_gis._optional import need
from zjk_gis.errors import FileError, InputError, MissingExtraError
from zjk_gis.words import tr

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

__all__ = ["Typeface", "clean_text", "find_typeface"]

# Where neither the package's typeface is installed nor another named: in the order in which a reader would
# like them; all have the characters of GB 2312 at least.
_FAMILIES = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "思源黑体",
    "Microsoft YaHei",
    "微软雅黑",
    "DengXian",
    "等线",
    "PingFang SC",
    "HarmonyOS Sans SC",
    "Alibaba PuHuiTi",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimHei",
    "黑体",
    "Hiragino Sans GB",
    "SimSun",
    "宋体",
    "FangSong",
    "Noto Serif CJK SC",
    "AR PL UMing CN",
    "Droid Sans Fallback",
)
_MUST_HAVE = "张家口市责任区路长比例尺图例制"
_BOLD, _REGULAR = 700, 400
_MAY_NOT_BE_EMBEDDED = 0x0002  # OS/2 fsType: restricted licence
_FALLBACK_WIDTH = 1.0
_THICKER = 0.04  # of the size: the stroke around a regular face that passes for a bold one
# What XML cannot hold, and marks that turn the direction of the text around them.
_UNFIT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_SPACES = re.compile(r"\s+")


def clean_text(text: object) -> str:
    r"""Return a text on one line, without characters that a file cannot hold or that turn others around.

    Examples
    --------
    >>> clean_text("a\x00b\u202ec\nd")
    'abc d'
    """
    return _SPACES.sub(" ", _UNFIT.sub("", str(text))).strip()


@dataclass(slots=True)
class Typeface:
    """A family with Chinese characters and the files it lies in.

    Attributes
    ----------
    family : str
    files : dict of int to (Path, int)
        For the weights 400 and, if there is one, 700 the file and the number within it.
    """

    family: str
    files: dict[int, tuple[Path, int]]
    _fonts: dict[int, Any] = field(default_factory=dict)
    _shapes: dict[str, str] = field(default_factory=dict)  # of characters
    _glyphs: Any = None  # opened once: what an opened file leaves behind, 30 MB, is cleared away late

    @property
    def has_bold(self) -> bool:
        """Whether there is a bold face; where there is none, a stroke around the regular one serves."""
        return _BOLD in self.files

    def stroke(self, size: float) -> float:
        """Return how wide a stroke makes a text of the regular face bold, in the unit of `size`."""
        return _THICKER * size

    def width(self, text: str, size: float, *, bold: bool = False) -> float:
        """Return how wide a text is, in the unit of `size`."""
        around = self.stroke(size) if bold and not self.has_bold else 0.0
        return sum(self.advances(text, size, bold=bold)) + around

    def advances(self, text: str, size: float, *, bold: bool = False) -> list[float]:
        """Return how far each character moves the next one, in the unit of `size`."""
        widths, unit, known = self._metrics(_BOLD if bold else _REGULAR)
        shares = (widths[name][0] / unit if (name := known.get(ord(c))) else _FALLBACK_WIDTH for c in text)
        return [share * size for share in shares]

    def outlines(self, text: Iterable[str]) -> dict[str, str]:
        """Return the shapes of characters of the regular face as SVG paths, for a size of 1 000, y upward."""
        asked = sorted(set(text))
        wanted = [each for each in asked if each not in self._shapes]
        if wanted:
            pens = need("fontTools.pens.svgPathPen", extra="print", purpose="print a map")
            moved = need("fontTools.pens.transformPen", extra="print", purpose="print a map")
            if self._glyphs is None:
                ttlib = need("fontTools.ttLib", extra="print", purpose="print a map")
                path, number = self.files[_REGULAR]
                font = ttlib.TTFont(io.BytesIO(path.read_bytes()), fontNumber=number, lazy=True)
                self._glyphs = font.getGlyphSet(), font.getBestCmap(), 1000 / font["head"].unitsPerEm
            glyphs, known, scale = self._glyphs
            for each in wanted:
                pen = pens.SVGPathPen(glyphs, ntos=lambda number: f"{number:.0f}")
                if name := known.get(ord(each)):
                    glyphs[name].draw(moved.TransformPen(pen, (scale, 0, 0, scale, 0, 0)))
                self._shapes[each] = str(pen.getCommands())
        return {each: shape for each in asked if (shape := self._shapes[each])}

    def fitted(self, text: object, size: float, room: float, *, bold: bool = False) -> str:
        """Return a text cleaned and, where it is wider than the room, cut with an ellipsis."""
        plain = clean_text(text)[:2_000]
        if self.width(plain, size, bold=bold) <= room:
            return plain
        low, high = 0, len(plain)
        while low < high:
            middle = (low + high + 1) // 2
            if self.width(plain[:middle] + "…", size, bold=bold) <= room:
                low = middle
            else:
                high = middle - 1
        return plain[:low].rstrip() + "…"

    def lacking(self, text: Iterable[str]) -> list[str]:
        """Return the characters that the family does not have, sorted."""
        known = self._metrics(_REGULAR)[2]
        return sorted({c for part in text for c in part if not c.isspace() and ord(c) not in known})

    def as_style(self, regular: str, bold: str) -> str:
        """Return a style sheet with the characters used; an empty one where the licence forbids it."""
        if not self.has_bold:
            regular, bold = "".join(sorted({*regular, *bold})), ""
        faces = []
        for weight, used in ((_REGULAR, regular), (_BOLD, bold)):
            if not used or weight not in self.files:
                continue
            data = self._subset(weight, used)
            if data is not None:
                code = base64.b64encode(data).decode("ascii")
                faces.append(
                    f"@font-face{{font-family:'zjk-print';font-weight:{weight};"
                    f"src:url(data:font/woff;base64,{code}) format('woff')}}"
                )
        return "".join(faces)

    def _subset(self, weight: int, used: str) -> bytes | None:
        subset = need("fontTools.subset", extra="print", purpose="print a map")
        logging.getLogger("fontTools.subset").setLevel(logging.ERROR)
        made = io.BytesIO()
        with self._open(weight) as font:  # subsetting changes it, so that each use opens it anew
            if font["OS/2"].fsType & _MAY_NOT_BE_EMBEDDED:
                return None
            maker = subset.Subsetter(subset.Options(layout_features=[], notdef_outline=True, hinting=False))
            maker.populate(text=used)
            maker.subset(font)
            font.flavor = "woff"
            font.save(made)
        return made.getvalue()

    def _open(self, weight: int) -> Any:
        ttlib = need("fontTools.ttLib", extra="print", purpose="print a map")
        path, number = self.files[weight]
        return ttlib.TTFont(path, fontNumber=number, lazy=True, recalcTimestamp=False)

    def _metrics(self, weight: int) -> tuple[Any, int, dict[int, str]]:
        weight = weight if weight in self.files else _REGULAR
        if weight not in self._fonts:
            with self._open(weight) as font:
                self._fonts[weight] = (font["hmtx"].metrics, font["head"].unitsPerEm, font.getBestCmap())
        found: tuple[Any, int, dict[int, str]] = self._fonts[weight]
        return found


def find_typeface(font: str | os.PathLike[str] | None = None) -> Typeface:
    """Find a typeface with Chinese characters.

    Parameters
    ----------
    font : str or path, optional
        A file (.ttf, .otf, .ttc), a folder of such files, or the name of an installed family; by default the
        one that the extra ``print`` brings, so that sheets are the same on every machine. Where that package
        is missing, the first installed one of those that are usual for Chinese.

    Raises
    ------
    MissingExtraError
        If the packages that print are not installed (extra ``print``).
    InputError
        If there is no such file or family, it lacks Chinese characters, or none is installed; the message
        says what to install.
    """
    if font is None:
        return _usual()
    text = str(font)
    if Path(text).suffix.lower() in {".ttf", ".otf", ".ttc", ".otc"} or Path(text).is_dir():
        path = Path(text)
        if not path.exists():
            raise FileError(
                tr(
                    "{text}: no such file; name a typeface with Chinese characters (.ttf, .otf, .ttc)",
                    text=text,
                )
            )
        found = _from_fonts(
            _fonts_in(path if path.is_dir() else path.parent), None if path.is_dir() else path
        )
        if found is None:
            raise InputError(
                tr(
                    "{text}: holds no typeface with Chinese characters such as {must_have}",
                    text=text,
                    must_have=_MUST_HAVE[:6],
                )
            )
        return found
    chosen = [each for each in _system_fonts() if each.family == text]
    found = _typeface(text, chosen)
    if found is None:
        raise InputError(
            tr(
                "no typeface {text!r} with Chinese characters is installed; installed with Chinese "
                "characters: {value}",
                text=text,
                value=", ".join(_chinese_families()) or "none",
            )
        )
    return found


@cache
def _usual() -> Typeface:
    """Return the typeface that comes with the package, or else the likeliest of the system's."""
    try:
        carried = Path(need("pylopdf_fonts_zh_cn", extra="print", purpose="print a map").sans_path())
    except MissingExtraError:
        return _installed()
    return find_typeface(carried)


def _installed() -> Typeface:
    fonts = _system_fonts()
    by_family: dict[str, list[Any]] = {}
    for each in fonts:
        by_family.setdefault(each.family, []).append(each)
    for family in (*_FAMILIES, *sorted(by_family)):
        found = _typeface(family, by_family.get(family, []))
        if found is not None:
            return found
    raise InputError(
        tr(
            "no typeface with Chinese characters is installed; run: pip install "
            '"zjk_gis[print]", which brings one, install one for all programs (Debian, Ubuntu: '
            "apt install fonts-noto-cjk), or name a file: font='simhei.ttf'"
        )
    )


def _chinese_families() -> list[str]:
    present = {each.family for each in _system_fonts()}
    return [family for family in _FAMILIES if family in present]


@cache
def _system_fonts() -> list[Any]:
    typst = need("typst", extra="print", purpose="print a map")
    return [each for each in typst.Fonts(include_embedded_fonts=False).fonts() if each.path]


def _fonts_in(folder: Path) -> list[Any]:
    typst = need("typst", extra="print", purpose="print a map")
    finder = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)])
    return [each for each in finder.fonts() if each.path]


def _from_fonts(fonts: list[Any], only: Path | None) -> Typeface | None:
    if only is not None:
        fonts = [each for each in fonts if Path(each.path).resolve() == only.resolve()]
    families = sorted({each.family for each in fonts})
    ordered = [name for name in _FAMILIES if name in families] + [n for n in families if n not in _FAMILIES]
    for family in ordered:
        found = _typeface(family, [each for each in fonts if each.family == family])
        if found is not None:
            return found
    return None


def _typeface(family: str, fonts: list[Any]) -> Typeface | None:
    upright = sorted(
        (each for each in fonts if each.style == "normal" and each.stretch == 1.0),
        key=lambda each: (each.weight, str(each.path), each.index),
    )
    files: dict[int, tuple[Path, int]] = {}
    for weight in (_REGULAR, _BOLD):
        near = [each for each in upright if abs(each.weight - weight) <= 100]
        if near:
            best = min(near, key=lambda each: abs(each.weight - weight))
            files[weight] = (Path(best.path), int(best.index))
    if not files:
        return None
    files.setdefault(_REGULAR, files.get(_BOLD, (Path(), 0)))
    found = Typeface(family, files)
    return None if found.lacking([_MUST_HAVE]) else found
