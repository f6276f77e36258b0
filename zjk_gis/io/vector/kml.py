"""KML: every placemark a row, whatever data it carries, and nothing fetched from elsewhere.

Read with expat rather than GDAL, whose driver drops the untyped data of a placemark where typed ones stand
beside them, wants a namespace that hand-made files lack, and cannot be kept from taking the file for a
virtual layer or GML that quotes other files. Written without GDAL too, whose driver puts text with ``]]>``
into the file as it is, and a column ``description`` to where Google Earth takes it for HTML.
"""

from __future__ import annotations

import re
import xml.parsers.expat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.crs import WGS84
from zjk_gis.errors import FileError, InputError, name_rows
from zjk_gis.io.paths import blamed_on
from zjk_gis.io.tables.stream import decode_text
from zjk_gis.layers.columns.values import as_text
from zjk_gis.words import tr

if TYPE_CHECKING:
    from pathlib import Path

    from zjk_gis.read_report import ReadReport

__all__ = ["read_kml", "write_kml"]

_DEEPEST = 100
_SHAPES = frozenset({"Point", "LineString", "LinearRing", "Polygon", "MultiGeometry", "Track", "MultiTrack"})
_OWN = {"name": "name", "description": "description", "when": "when", "begin": "begin", "end": "end"}
_ELSEWHERE = frozenset({"NetworkLink", "GroundOverlay", "ScreenOverlay", "PhotoOverlay", "Model"})
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">'
_UNWRITABLE = "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
_RETURN = {"\r": "&#13;"}  # which XML would read as a line feed
_MULTI: dict[int, Any] = {
    int(shapely.GeometryType.POINT): shapely.multipoints,
    int(shapely.GeometryType.LINESTRING): shapely.multilinestrings,
    int(shapely.GeometryType.POLYGON): shapely.multipolygons,
}


@dataclass(slots=True)
class _Shape:
    """A shape that is being read: its kind, its coordinates, the shapes in it."""

    kind: str
    coordinates: list[str] = field(default_factory=list)
    parts: list[_Shape] = field(default_factory=list)


def read_kml(source: Path, report: ReadReport) -> gpd.GeoDataFrame:
    """Read the placemarks of a .kml file.

    Parameters
    ----------
    source : Path
    report : ReadReport
        Told the encoding, what was left out, and whose coordinates cannot be read.

    Returns
    -------
    GeoDataFrame
        One row a placemark, in WGS 84: ``name``, ``description``, ``folder`` (the names of those that it lies
        in), ``when``, ``begin``, ``end``, where any has them, and the data it carries, as text. Heights are
        kept unless all are zero.

    Raises
    ------
    FileError
        If it is not KML, is damaged, or declares entities.
    """
    with blamed_on(source):
        text, encoding = decode_text(source.read_bytes(), source)
    report.encoding, report.encoding_found = encoding.name, encoding.found
    reader = _Reader(source)
    reader.read(text)
    shapes, broken = [], []
    for i, shape in enumerate(reader.shapes):
        try:
            shapes.append(None if shape is None else _built(shape))
        except (ValueError, shapely.errors.GEOSException):
            shapes.append(None)
            broken.append(i)
    values = np.empty(len(shapes), dtype=object)
    values[:] = shapes
    heights = shapely.get_coordinates(values, include_z=True)[:, 2] if len(values) else np.empty(0)
    if not (np.nan_to_num(heights) != 0).any():
        values = shapely.force_2d(values)
    if broken:
        report.remarks.append(
            tr(
                "{name}: the coordinates of {count} placemarks cannot be read ({rows})",
                name=source.name,
                count=len(broken),
                rows=name_rows(broken),
            )
        )
    for kind, count in sorted(reader.left_out.items()):
        report.remarks.append(
            tr(
                "{name}: {count} {kind} left out; what they show lies elsewhere",
                name=source.name,
                count=count,
                kind=kind,
            )
        )
    columns = {name: pd.Series(rows, dtype=object) for name, rows in reader.columns().items()}
    if "folder" in columns and (columns["folder"] == source.stem).all():
        del columns["folder"]  # a file of one layer, as GDAL and ArcGIS write it
    table = pd.DataFrame(
        {name: rows.astype("str") for name, rows in columns.items()}, index=range(len(values))
    )
    return gpd.GeoDataFrame(table, geometry=values, crs=WGS84)


class _Reader:
    """What expat calls while it reads: keeps the placemarks and forgets the rest."""

    def __init__(self, source: Path) -> None:
        self._source = source
        self._path: list[str] = []
        self._folders: list[str] = []
        self._row: dict[tuple[str, bool], str] | None = None
        self._stack: list[_Shape] = []
        self._text: list[str] = []
        self._data = ""
        self._rows: list[dict[tuple[str, bool], str]] = []
        self.shapes: list[_Shape | None] = []
        self.left_out: dict[str, int] = {}

    def read(self, text: str) -> None:
        """Read the whole text, or say what is wrong with it."""
        parser = xml.parsers.expat.ParserCreate(encoding="UTF-8")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        # What the file says of its encoding holds no longer: it is text now.
        try:
            parser.Parse(text.removeprefix("\ufeff").encode("utf-8", "surrogatepass"), True)
        except xml.parsers.expat.ExpatError as error:
            raise FileError(
                tr("{source}: is not sound XML ({error}); export it again", source=self._source, error=error)
            ) from None

    def columns(self) -> dict[str, list[str | None]]:
        """Return the values of the placemarks by column, those of KML's own first."""
        own = [(name, False) for name in ("name", "description", "folder", "when", "begin", "end")]
        names = dict.fromkeys(own)
        for row in self._rows:
            names |= dict.fromkeys(row)
        rows = {name: [row.get(name) for row in self._rows] for name in names}
        there = {name: values for name, values in rows.items() if any(value is not None for value in values)}
        found: dict[str, list[str | None]] = {}
        for (name, carried), values in there.items():
            # Data that has the name of a column of KML's own, or of the shapes, stands beside it.
            taken = name == "geometry" or (name, False) in there
            found[f"{name}_data" if carried and taken else name] = values
        return found

    def _refuse(self, *_: object) -> None:
        raise FileError(
            tr(
                "{source}: declares a document type or entities, which could stand for anything; remove it",
                source=self._source,
            )
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if not self._path and name != "kml":
            raise FileError(
                tr(
                    "{source}: is not KML but <{name}>; rename or export it again",
                    source=self._source,
                    name=name[:40],
                )
            )
        if len(self._path) >= _DEEPEST:
            raise FileError(
                tr(
                    "{source}: its elements lie over {deepest} deep in each other; it is damaged",
                    source=self._source,
                    deepest=_DEEPEST,
                )
            )
        self._path.append(name)
        self._text.clear()
        if name in ("Folder", "Document"):
            self._folders.append("")
        elif name == "Placemark":
            self._row, self._stack = {}, []
            self.shapes.append(None)
        elif name in ("Data", "SimpleData") and self._row is not None:
            self._data = attributes.get("name", "").strip() or "data"
        elif name in _SHAPES and self._row is not None:
            shape = _Shape(name)
            if self._stack:
                self._stack[-1].parts.append(shape)
            elif self.shapes[-1] is None:
                self.shapes[-1] = shape
            self._stack.append(shape)
        elif name in _ELSEWHERE:
            self.left_out[name] = self.left_out.get(name, 0) + 1

    def _end(self, tag: str) -> None:
        name = self._path.pop()
        text, parent = "".join(self._text).strip(), self._path[-1] if self._path else ""
        self._text.clear()
        if name in ("Folder", "Document"):
            self._folders.pop()
        elif name == "name" and parent in ("Folder", "Document"):
            self._folders[-1] = text
        elif self._row is None:
            return
        elif name == "Placemark":
            # The document's own name is the file's, not a folder's.
            folder = "/".join(each for each in self._folders[1:] if each)
            self._rows.append(self._row | ({("folder", False): folder} if folder else {}))
            self._row = None
        elif name in _SHAPES:
            self._stack.pop()
        elif name in ("coordinates", "coord") and self._stack:
            self._stack[-1].coordinates.append(text if name == "coordinates" else text.replace(" ", ","))
        elif name in _OWN and parent in ("Placemark", "TimeStamp", "TimeSpan"):
            self._keep(_OWN[name], text, carried=False)
        elif (name == "value" and parent == "Data") or name == "SimpleData":
            self._keep(self._data, text, carried=True)

    def _keep(self, name: str, text: str, *, carried: bool) -> None:
        if text and self._row is not None:
            self._row[name, carried] = text


def _built(shape: _Shape) -> shapely.Geometry:
    """Make the shape; raises ValueError where its coordinates are none."""
    if shape.kind in ("MultiGeometry", "MultiTrack"):
        parts = np.array([_built(part) for part in shape.parts], dtype=object)
        kinds = set(shapely.get_type_id(parts).tolist()) if len(parts) else set()
        kind = kinds.pop() if len(kinds) == 1 else -1
        make = _MULTI.get(kind, shapely.geometrycollections)
        made: shapely.Geometry = make(parts)
        return made
    if shape.kind == "Polygon":
        rings = [_places(part) for part in shape.parts if part.kind == "LinearRing"]
        if not rings:
            raise ValueError(tr("no ring"))
        return shapely.Polygon(rings[0], rings[1:])
    places = _places(shape)
    return shapely.Point(places[0]) if shape.kind == "Point" else shapely.LineString(places)


def _places(shape: _Shape) -> list[list[float]]:
    """Read «lon,lat,height lon,lat,height»; some write a blank after each comma."""
    text = " ".join(shape.coordinates).replace(", ", ",").replace(",", ",")
    places = [[float(number) for number in place.split(",")[:3] if number] for place in text.split()]
    lengths = {len(place) for place in places}
    if not lengths <= {2, 3} or not np.isfinite([number for place in places for number in place]).all():
        raise ValueError(tr("no coordinates"))
    if not places:
        raise ValueError(tr("no coordinates"))
    return [place[:2] for place in places] if len(lengths) > 1 else places


def write_kml(frame: gpd.GeoDataFrame, target: Path, *, layer: str) -> None:
    """Write a layer in WGS 84 as .kml.

    Parameters
    ----------
    frame : GeoDataFrame
        ``name`` becomes the placemarks' own; all other columns are data that they carry, as text.
    target : Path
    layer : str
        The name of the document.

    Raises
    ------
    InputError
        If there are control characters in the text, for which XML has no way to be written.
    """
    table = pd.DataFrame(frame.drop(columns=frame.active_geometry_name))
    table = pd.DataFrame({str(name): as_text(values) for name, values in table.items()}, index=table.index)
    for column in table.columns:
        bad = table[column].str.contains(_UNWRITABLE, na=False) | bool(re.search(_UNWRITABLE, column))
        if bad.any():
            rows = name_rows(table.index[bad])
            raise InputError(
                tr(
                    "{name}: {column!r} has control characters, which KML cannot hold ({rows})",
                    name=target.name,
                    column=column,
                    rows=rows,
                )
            )
    with target.open("w", encoding="utf-8", newline="\n") as out:
        out.write(f"{_HEAD}<Document><name>{_escaped(layer)}</name>\n")
        carried = table.astype(object).where(table.notna(), None).to_dict("records")
        for row, shape in zip(carried, frame.geometry, strict=True):
            name = row.pop("name", None)
            data = "".join(
                f"<Data name={quoteattr(str(column))}><value>{_escaped(value)}</value></Data>"
                for column, value in row.items()
                if value
            )
            out.write(
                "<Placemark>"
                + (f"<name>{_escaped(name)}</name>" if name else "")
                + (f"<ExtendedData>{data}</ExtendedData>" if data else "")
                + ("" if shape is None or shape.is_empty else _written(shape))
                + "</Placemark>\n"
            )
        out.write("</Document></kml>\n")


def _escaped(text: str) -> str:
    return escape(text, _RETURN)


def _written(shape: Any) -> str:
    """Return a shape as KML."""
    if hasattr(shape, "geoms"):
        return f"<MultiGeometry>{''.join(map(_written, shape.geoms))}</MultiGeometry>"
    if isinstance(shape, shapely.Polygon):
        outer = f"<outerBoundaryIs>{_written(shape.exterior)}</outerBoundaryIs>"
        inner = [f"<innerBoundaryIs>{_written(ring)}</innerBoundaryIs>" for ring in shape.interiors]
        return f"<Polygon>{outer}{''.join(inner)}</Polygon>"
    places = shapely.get_coordinates(shape, include_z=shape.has_z).tolist()
    text = " ".join(",".join(map(repr, place)) for place in places)
    return f"<{shape.geom_type}><coordinates>{text}</coordinates></{shape.geom_type}>"
