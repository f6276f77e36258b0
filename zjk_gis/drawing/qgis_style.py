"""A style of QGIS for a layer: the house's colours, the Chinese names of its fields and of their codes.

It is the XML that QGIS itself writes (a .qml file, or ``styleQML`` in the table ``layer_styles``), as far as
symbols and fields go; QGIS fills in the rest.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from zjk_gis.drawing.palette import BLACK, BLUE, GREEN, GREY, ORANGE, PASTELS, PURPLE, SKY, VERMILION, YELLOW
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Category", "ShapeKind", "qgis_style"]

ShapeKind = Literal["point", "line", "polygon"]

_VERSION = "3.34.0"  # of QGIS: the first whose symbols are written so has long been out of use
_DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_SYMBOLS = {"point": "marker", "line": "line", "polygon": "fill"}
_KINDS: tuple[ShapeKind, ...] = ("point", "line", "polygon")  # by the number that QGIS has for them
_COLOURS = (VERMILION, PURPLE, ORANGE, SKY, GREEN, BLUE, YELLOW)
_SHAPES = ("circle", "square", "triangle", "diamond", "pentagon", "star", "cross2")
_FILLS = ("solid", "b_diagonal", "cross", "f_diagonal", "horizontal", "vertical", "diagonal_x")
_DASHES = ("solid", "dash", "dot", "dash dot", "dash dot dot")
_NAMES = {"cross": "cross2"}  # what the house calls otherwise than QGIS


@dataclass(frozen=True, slots=True)
class Category:
    """A value of the column by which a layer is coloured.

    Attributes
    ----------
    value, label : str
        As it stands in the file, and as a person reads it.
    look : (str, str), optional
        The colour and the shape of points; by default the next of the palette.
    """

    value: str
    label: str
    look: tuple[str, str] | None = None


def qgis_style(
    kind: ShapeKind | None,
    aliases: Mapping[str, str],
    *,
    column: str = "",
    categories: Sequence[Category] = (),
    words: Mapping[str, Mapping[str, str]] | None = None,
) -> str:
    """Write the style of a layer.

    Parameters
    ----------
    kind : {"point", "line", "polygon"}, optional
        Of its shapes; where they are of several kinds, QGIS chooses the symbols.
    aliases : mapping of str to str
        The names of fields that a person reads.
    column : str
        By which it is coloured; by default all rows look alike.
    categories : sequence of Category
        Its values.
    words : mapping of str to mapping of str to str, optional
        By field, the words for its codes.

    Returns
    -------
    str

    Examples
    --------
    >>> nobody = Category("none", "无人负责")
    >>> style = qgis_style("point", {"found": "判定方式"}, column="found", categories=[nobody])
    >>> root = ET.fromstring(style)
    >>> root.find("renderer-v2").get("attr"), root.find("aliases/alias").get("name")
    ('found', '判定方式')
    """
    root = ET.Element("qgis", version=_VERSION, styleCategories="Symbology|Fields")
    if kind is not None:
        _add_renderer(root, kind, column, categories)
    fields = ET.SubElement(root, "fieldConfiguration")
    for name, known in (words or {}).items():
        _add_value_map(ET.SubElement(fields, "field", name=name, configurationFlags="NoFlag"), known)
    named = ET.SubElement(root, "aliases")
    for at, (name, alias) in enumerate(aliases.items()):
        ET.SubElement(named, "alias", index=str(at), field=name, name=alias)
    if kind is not None:
        ET.SubElement(root, "layerGeometryType").text = str(_KINDS.index(kind))
    ET.indent(root)
    return _DOCTYPE + ET.tostring(root, encoding="unicode") + "\n"


def _add_renderer(root: ET.Element, kind: ShapeKind, column: str, categories: Sequence[Category]) -> None:
    common = {"forceraster": "0", "symbollevels": "0", "enableorderby": "0", "referencescale": "-1"}
    if not categories:
        renderer = ET.SubElement(root, "renderer-v2", common, type="singleSymbol")
        look = (PASTELS[2] if kind == "polygon" else BLUE, "circle")
        _add_symbol(ET.SubElement(renderer, "symbols"), 0, kind, look)
        return
    renderer = ET.SubElement(root, "renderer-v2", common, type="categorizedSymbol", attr=column)
    listed, symbols = ET.SubElement(renderer, "categories"), ET.SubElement(renderer, "symbols")
    others = Category("", tr("others", lang="zh"), (GREY, "circle"))
    for at, each in enumerate([*categories, others]):
        told = {"value": each.value, "label": each.label, "symbol": str(at)}
        ET.SubElement(listed, "category", told, type="string", render="true")
        look = each.look or (_COLOURS[at % len(_COLOURS)], _SHAPES[at % len(_SHAPES)])
        _add_symbol(symbols, at, kind, look)


def _add_symbol(symbols: ET.Element, at: int, kind: ShapeKind, look: tuple[str, str]) -> None:
    """Draw a symbol; colour is never alone, so each has a shape, a dash or a hatch of its own."""
    colour, shape = look
    told = {"type": _SYMBOLS[kind], "name": str(at), "alpha": "1", "clip_to_extent": "1", "force_rhr": "0"}
    symbol = ET.SubElement(symbols, "symbol", told)
    class_ = {"point": "SimpleMarker", "line": "SimpleLine", "polygon": "SimpleFill"}[kind]
    layer = ET.SubElement(symbol, "layer", {"class": class_}, enabled="1", locked="0")
    layer.set("pass", "0")
    if kind == "point":
        options = {
            "name": _NAMES.get(shape, shape), "color": _rgba(colour), "outline_color": _rgba(BLACK),
            "outline_style": "solid", "outline_width": "0.2", "outline_width_unit": "MM",
            "size": "2.4", "size_unit": "MM",
        }  # fmt: skip
        if shape in _NAMES:  # which is nothing but its outline
            options |= {"outline_color": _rgba(colour), "outline_width": "0.6"}
    elif kind == "line":
        options = {
            "line_color": _rgba(colour), "line_style": _DASHES[at % len(_DASHES)], "line_width": "0.7",
            "line_width_unit": "MM", "capstyle": "round", "joinstyle": "round",
        }  # fmt: skip
    else:
        options = {
            "color": _rgba(colour, 150), "style": _FILLS[at % len(_FILLS)], "outline_color": _rgba(BLACK),
            "outline_style": "solid", "outline_width": "0.26", "outline_width_unit": "MM",
            "joinstyle": "miter",
        }  # fmt: skip
    known = ET.SubElement(layer, "Option", type="Map")
    for key, value in options.items():
        ET.SubElement(known, "Option", name=key, type="QString", value=value)


def _add_value_map(field: ET.Element, words: Mapping[str, str]) -> None:
    """Let QGIS show the words for the codes of a field."""
    config = ET.SubElement(ET.SubElement(field, "editWidget", type="ValueMap"), "config")
    pairs = ET.SubElement(ET.SubElement(config, "Option", type="Map"), "Option", name="map", type="List")
    for value, text in words.items():
        pair = ET.SubElement(pairs, "Option", type="Map")
        ET.SubElement(pair, "Option", name=text, type="QString", value=value)


def _rgba(colour: str, opacity: int = 255) -> str:
    """Write a colour as QGIS does.

    Examples
    --------
    >>> _rgba("#0072b2")
    '0,114,178,255'
    """
    return ",".join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5)) + f",{opacity}"
