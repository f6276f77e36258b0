"""Shapes and text as SVG, in millimetres of paper.

Everything that a print shows passes through here, and text in no other way than `escape`.
"""

from __future__ import annotations

import itertools
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import shapely

from zjk_gis.drawing.palette import BLACK
from zjk_gis.drawing.typefaces import clean_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from zjk_gis.drawing.typefaces import Typeface

__all__ = ["MM_PER_PIXEL", "Box", "Canvas", "mark_path", "path_of", "rings_of"]

MM_PER_PIXEL = (
    0.21  # what is one pixel wide on a screen; finer than on a screen, as paper is looked at closely
)
_HUNDREDTH = 100
_EM = 1000  # the size in which the shapes of characters are told
_NO_NAME = re.compile(r"[^\w \-]")
_COLOURS = frozenset("0123456789abcdefABCDEF")


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on paper."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right side."""
        return self.x + self.width

    @property
    def foot(self) -> float:
        """Its lower side."""
        return self.y + self.height


class Canvas:
    """A page in the making: elements, patterns and the characters used, by weight."""

    def __init__(self, typeface: Typeface) -> None:
        self.typeface = typeface
        self.parts: list[str] = []
        self.patterns: dict[tuple[str, str], str] = {}
        self.used: dict[bool, set[str]] = {False: set(), True: set()}
        self.outlined: set[str] = set()
        self.frames: list[Box] = []

    @contextmanager
    def inside(self, box: Box) -> Iterator[None]:
        """Draw what follows within a rectangle, and nothing of it outside."""
        self.frames.append(box)
        self.parts.append(f'<g clip-path="url(#f{len(self.frames)})">')
        yield
        self.parts.append("</g>")

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: str = "none",
        stroke: str = "none",
        line: float = 0.2,
    ) -> None:
        """Draw a rectangle."""
        self.parts.append(
            f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}" fill="{fill}" '
            f'stroke="{stroke}" stroke-width="{line:g}"/>'
        )

    def path(self, path: str, style: Mapping[str, Any], *, holes: bool = True) -> None:
        """Draw a path, in hundredths of a millimetre, by Leaflet's path options.

        Where one of its rings lies in another is a hole, unless `holes` is false: marks that overlap are
        all filled.
        """
        if not path:
            return
        rule = "evenodd" if holes else "nonzero"
        unit = _HUNDREDTH * MM_PER_PIXEL
        weight = float(style.get("weight", 1.0)) * unit
        fill, opacity = self._fill(style), float(style.get("fillOpacity", 1.0))
        own = f'fill="{fill}" fill-rule="{rule}"' + (f' fill-opacity="{opacity:g}"' if opacity < 1 else "")
        shape = f'd={quoteattr(path)} transform="scale(.01)"'
        if "hatch" in style and fill != "none":
            self.parts.append(f"<path {own} {shape}/>")  # the colour below, the hatch on it
            own = f'fill="url(#{self._pattern(style)})" fill-rule="{rule}"'
        drawn = [own]
        if style.get("stroke", True) and weight > 0:
            drawn.append(f'stroke="{_colour(style.get("color", BLACK))}" stroke-width="{weight:.3g}"')
            dashes = [
                float(each) * unit for each in str(style.get("dashArray") or "").replace(",", " ").split()
            ]
            cap = "butt" if dashes else "round"  # round ends would fill the gaps between short dashes
            drawn.append(f'stroke-linejoin="round" stroke-linecap="{cap}"')
            if dashes:
                drawn.append(f'stroke-dasharray="{" ".join(f"{each:.3g}" for each in dashes)}"')
        self.parts.append(f"<path {' '.join(drawn)} {shape}/>")

    def text(
        self,
        x: float,
        y: float,
        text: object,
        size: float,
        *,
        bold: bool = False,
        colour: str = BLACK,
        anchor: str = "start",
        halo: float = 0.0,
        turn: float = 0.0,
    ) -> None:
        """Write a text; `y` is its base line, `size` in millimetres."""
        plain = clean_text(text)
        if not plain:
            return
        self.used[bold].update(plain)
        extra = f' text-anchor="{anchor}"' if anchor != "start" else ""
        extra += f' transform="rotate({turn:g} {x:.2f} {y:.2f})"' if turn else ""
        at = f'x="{x:.2f}" y="{y:.2f}" font-size="{size:g}"'
        if bold and not self.typeface.has_bold:
            if halo:
                self._outline(x, y, plain, size, anchor=anchor, line=halo, turn=turn)
            stroke = self.typeface.stroke(size)
            extra += f' stroke="{colour}" stroke-width="{stroke:.3g}" stroke-linejoin="round"'
        else:
            extra += ' font-weight="700"' if bold else ""
            if halo:
                extra += f' stroke="#fff" stroke-width="{halo:g}" stroke-linejoin="round"'
                extra += ' paint-order="stroke"'
        self.parts.append(f'<text {at} fill="{colour}"{extra}>{escape(plain)}</text>')

    def _outline(
        self, x: float, y: float, plain: str, size: float, *, anchor: str, line: float, turn: float
    ) -> None:
        """Draw the halo of a text as shapes: a text has one stroke, and written twice it is found twice."""
        steps = self.typeface.advances(plain, size)
        x_now = x - {"middle": 0.5, "end": 1.0}.get(anchor, 0.0) * sum(steps)
        unit = size / _EM
        turned = f"rotate({turn:g} {x:.2f} {y:.2f}) " if turn else ""
        self.parts.append(
            f'<g transform="{turned}translate({x_now:.2f} {y:.2f}) scale({unit:.5g} {-unit:.5g})" '
            f'fill="#fff" stroke="#fff" stroke-width="{line / unit:.0f}" stroke-linejoin="round">'
        )
        places = itertools.accumulate(steps, initial=0.0)
        for char, place in zip(plain, places, strict=False):  # the last place is where the text ends
            if not char.isspace():
                self.outlined.add(char)
                self.parts.append(f'<use href="#c{ord(char):x}" x="{place / unit:.0f}"/>')
        self.parts.append("</g>")

    def _fill(self, style: Mapping[str, Any]) -> str:
        colour = style.get("fillColor")
        if colour is None or style.get("fill") is False or not float(style.get("fillOpacity", 1.0)):
            return "none"
        return _colour(colour)

    def _pattern(self, style: Mapping[str, Any]) -> str:
        key = (str(style["hatch"]), _colour(style.get("color", BLACK)))
        return self.patterns.setdefault(key, f"p{len(self.patterns)}")

    def document(self, width: float, height: float, *, title: str, embed: bool) -> str:
        """Return the whole page as an SVG document; with `embed` the characters used are inside it."""
        defs = "".join(_pattern(name, kind, colour) for (kind, colour), name in self.patterns.items())
        defs += "".join(
            f'<clipPath id="f{at}"><rect x="{box.x:.2f}" y="{box.y:.2f}" width="{box.width:.2f}" '
            f'height="{box.height:.2f}"/></clipPath>'
            for at, box in enumerate(self.frames, start=1)
        )
        shapes = "".join(
            f'<path id="c{ord(char):x}" d="{shape}"/>'
            for char, shape in self.typeface.outlines(self.outlined).items()
        )
        family = _NO_NAME.sub("", self.typeface.family)
        used = ["".join(sorted(self.used[bold])) for bold in (False, True)]
        faces = self.typeface.as_style(*used) if embed else ""
        style = f"<style>{faces}text{{font-family:zjk-print,'{family}',sans-serif}}</style>"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}mm" height="{height:g}mm" '
            f'viewBox="0 0 {width:g} {height:g}" font-family={quoteattr(family)} role="img">'
            f"<title>{escape(clean_text(title))}</title>{style if faces else ''}<defs>{defs}</defs>"
            f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>{"".join(self.parts)}'
            f"{f'<defs>{shapes}</defs>' if shapes else ''}</svg>"
        )


def path_of(coords: NDArray[np.float64], offsets: NDArray[np.intp], *, closed: bool) -> str:
    """Write lines as one path, in whole hundredths of a millimetre, each point told from the one before."""
    whole = np.round(coords * _HUNDREDTH).astype(np.int64)
    pieces: list[str] = []
    last = np.zeros(2, dtype=np.int64)
    for begin, end in itertools.pairwise(offsets.tolist()):
        steps = np.diff(whole[begin:end], axis=0)
        steps = steps[(steps != 0).any(axis=1)]
        if not len(steps):
            continue
        x, y = whole[begin] - last if pieces else whole[begin]
        pieces.append(f"{'m' if pieces else 'M'}{x} {y}l{' '.join(map(str, steps.ravel().tolist()))}")
        # After z the next point is told from where the line began.
        last = whole[begin]
        if closed:
            pieces.append("z")
        else:
            last = whole[begin] + steps.sum(axis=0)
    return "".join(pieces)


def mark_path(points: NDArray[np.float64], shape: str, radius: float) -> str:
    """Write marks at points as one path; `radius` in millimetres."""
    r = radius * _HUNDREDTH
    forms: dict[str, str] = {
        "circle": f"m{-r:.0f} 0a{r:.0f} {r:.0f} 0 1 0 {2 * r:.0f} 0a{r:.0f} {r:.0f} 0 1 0 {-2 * r:.0f} 0z",
        "square": f"m{-r:.0f} {-r:.0f}h{2 * r:.0f}v{2 * r:.0f}h{-2 * r:.0f}z",
        "diamond": f"m0 {-1.25 * r:.0f}l{1.25 * r:.0f} {1.25 * r:.0f}l{-1.25 * r:.0f} {1.25 * r:.0f}"
        f"l{-1.25 * r:.0f} {-1.25 * r:.0f}z",
        "triangle": f"m0 {-1.2 * r:.0f}l{1.1 * r:.0f} {2 * r:.0f}h{-2.2 * r:.0f}z",
        "plus": f"m{-1.2 * r:.0f} 0h{2.4 * r:.0f}m{-1.2 * r:.0f} {-1.2 * r:.0f}v{2.4 * r:.0f}",
        "cross": f"m{-r:.0f} {-r:.0f}l{2 * r:.0f} {2 * r:.0f}m{-2 * r:.0f} 0l{2 * r:.0f} {-2 * r:.0f}",
    }
    form = forms.get(shape, forms["circle"])
    whole = np.round(points * _HUNDREDTH).astype(np.int64)
    return "".join(f"M{x} {y}{form}" for x, y in np.unique(whole, axis=0).tolist())


def rings_of(shapes: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the coordinates of lines, or of the rings of polygons, and where each begins."""
    parts = shapely.get_parts(shapes)
    is_area = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    lines = np.concatenate([shapely.get_rings(parts[is_area]), parts[~is_area]])
    lines = lines[shapely.get_dimensions(lines) == 1]
    coords, at = shapely.get_coordinates(lines, return_index=True)
    return coords, np.searchsorted(at, np.arange(len(lines) + 1))


def _pattern(name: str, kind: str, colour: str) -> str:
    """Describe a hatch; the kinds are those of the maps on screen."""
    upright, level = "M90 0V180", "M0 90H180"
    lines, turn = {
        "diagonal": ((upright,), 45),
        "back": ((upright,), -45),
        "cross": ((upright, level), 45),
        "level": ((level,), 0),
        "upright": ((upright,), 0),
        "dots": ((), 45),
    }.get(kind, ((upright,), 45))
    body = "".join(f'<path d="{line}" stroke="{colour}" stroke-width="26" fill="none"/>' for line in lines)
    body = body or f'<circle cx="90" cy="90" r="32" fill="{colour}"/>'
    return (
        f'<pattern id="{name}" width="180" height="180" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate({turn})">{body}</pattern>'
    )


def _colour(colour: object) -> str:
    """Let through colours in hexadecimal alone: a style is the package's own, but this is the last door."""
    text = str(colour)
    return text if text[:1] == "#" and len(text) in (4, 7) and set(text[1:]) <= _COLOURS else BLACK
