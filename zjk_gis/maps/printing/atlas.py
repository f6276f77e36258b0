"""An atlas: a map as many sheets, one for each street, chief or finding, with an index before them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.crs import convert_crs
from zjk_gis.crs.vertices import finite_bounds
from zjk_gis.drawing.typefaces import clean_text, find_typeface
from zjk_gis.errors import EmptyLayerError, InputError, MissingColumnError
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.labels import label
from zjk_gis.layers.shapes import cleaned, has_place
from zjk_gis.maps.lettering import readable
from zjk_gis.maps.printing.area_sheet import AreaSheet, draw_area_sheet, draw_continued, ground_of
from zjk_gis.maps.printing.atlas_index import IndexRow, draw_index
from zjk_gis.maps.printing.content import View
from zjk_gis.maps.printing.document import binding, check_dpi, target_of_many
from zjk_gis.maps.printing.homes import rows_by_area
from zjk_gis.maps.printing.printed import chosen, foot_of, page_of, place
from zjk_gis.maps.printing.sheet import scale_for, sheets_for
from zjk_gis.presentation import Presentation, presented
from zjk_gis.progress import track
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Collection, Mapping
    from pathlib import Path

    import folium
    from numpy.typing import NDArray
    from pyproj import CRS

    from zjk_gis.maps.printing.sheet import Orientation, Sheet
    from zjk_gis.words import Language

__all__ = ["Atlas", "print_atlas"]

_WGS84 = 4326
_MARGIN = 0.05  # of an area's size, at each side
_LEAST_M = 200.0  # of ground that a sheet shows: a gap of a metre lies somewhere
_NAMED = 3  # areas in an error


@presented
@checked
@dataclass(frozen=True, slots=True)
class Atlas:
    """What was printed.

    Attributes
    ----------
    path : Path
        The PDF, or the folder of pictures.
    sheets : list of IndexRow
        The rows of its index: ``number``, ``code``, ``name``, ``counts`` by what is counted, and ``scale``.
    pages : int
        Of paper: the index, the sheets and those that continue an index of names.
    nowhere : list
        The labels of the rows of areas without geometry, which have no sheet.
    first_pages : dict of str to int
        By the code of each sheet: on which page of the PDF it is.
    """

    path: Path
    sheets: list[IndexRow] = field(default_factory=list)
    pages: int = 0
    nowhere: list[object] = field(default_factory=list)
    first_pages: dict[str, int] = field(default_factory=dict)

    def _presentation(self) -> Presentation:
        told = tr(
            "An atlas of {sheets:,} sheets on {pages:,} pages: {path}.",
            sheets=len(self.sheets),
            pages=self.pages,
            path=self.path,
        )
        rows = [[row.number, row.code, row.name, row.scale] for row in self.sheets]
        return Presentation(told, [tr("Sheet"), tr("Code"), tr("Name"), tr("Scale")], rows)


@dataclass(frozen=True, slots=True)
class _Area:
    """What a sheet is about."""

    code: str
    name: str
    shape: Any


@checked
def print_atlas(
    drawn: folium.Map,
    path: str | os.PathLike[str],
    areas: gpd.GeoDataFrame,
    by: str,
    *,
    name_column: str | None = None,
    counts: Mapping[str, gpd.GeoDataFrame] | None = None,
    dim: bool = True,
    paper: str = "A4",
    orientation: Orientation = "auto",
    scale: float | None = None,
    show: Collection[str] | None = None,
    title: str | None = None,
    date: str | dt.date | None = None,
    source: str | None = None,
    font: str | os.PathLike[str] | None = None,
    pictures: str = "svg",
    dpi: float = 200,
) -> Atlas:
    """Print a map as an atlas: a sheet for each street, chief or finding, after an index of them (图册).

    Parameters
    ----------
    drawn : folium.Map
        A map that this package has drawn, such as by `city_map`.
    path : path
        Ends with ``.pdf``, or is a folder that is empty or not there, for pictures. Written whole or not at
        all.
    areas : GeoDataFrame
        What the sheets are about, in any CRS: polygons or lines, such as streets, zones or gaps.
    by : str
        The column of `areas` that says which sheet a row is on: all rows of one value are on one sheet. Rows
        without a value are on the last.
    name_column : str, optional
        The column of the names that sheets are called by; by default `by`.
    counts : mapping of str to GeoDataFrame, optional
        Layers whose rows the index counts on each sheet, by their names in the catalogue. A layer that has a
        column `by` is counted by it. Of others each row counts where the most of it lies; on several sheets
        where it lies whole in several areas, such as an overlap of two chiefs; and what lies in no area, on
        each sheet whose area it touches, within 0.5 m.
    dim : bool, default True
        Whether what lies around an area is paler; without it all of a sheet is its subject.
    paper : {"A4", "A3"}, default "A4"
    orientation : {"auto", "landscape", "portrait"}, default "auto"
        Of all sheets; ``auto`` is the one on which their ground appears larger.
    scale : float, optional
        Of all sheets; by default for each the roundest at which its area fits with a margin.
    show : collection of str, optional
        The names of the layers to print, see `print_map`.
    title : str, optional
        By default the map's; the name of each area follows it.
    date : date or str, optional
        Printed as the day of the map; by default today.
    source : str, optional
        Where the data come from, printed at the foot.
    font : str or path, optional
        See `print_map`.
    pictures : {"svg", "png"}, default "svg"
        What a folder is filled with.
    dpi : float, default 200
        Pixels an inch, of a PNG.

    Returns
    -------
    Atlas
        Where it was written, and the rows of its index.

    Raises
    ------
    MissingExtraError
        If the packages that print are not installed (extra ``print``).
    MissingColumnError
        If `areas` have no such column.
    EmptyLayerError
        If no area has a geometry.
    InputError
        If an area does not fit on the paper at the given scale; the message says which scale fits. Or see
        `print_map`.
    FileError
        If the file cannot be written, or the folder holds something already.

    Notes
    -----
    Sheets are numbered in the order of `by`. No name of what a sheet is about is cut: one that does not fit
    is broken into rows, one that still does not is a number on the map with an index beside it, which goes on
    on a sheet of its own where there is no room. A few sheets at a time are held in memory. The same map and
    date give the same file.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from shapely import box
    >>> from zjk_gis.maps import city_map
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["A", "B", "C"], "chief_name": ["张三", "李四", "张三"]},
    ...     geometry=[box(573000 + 500 * i, 4520000, 573500 + 500 * i, 4520500) for i in range(3)],
    ...     crs=4547,
    ... )
    >>> page = city_map({"responsibility_zones": zones})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = print_atlas(page, pathlib.Path(folder) / "atlas", zones, "chief_name", date="2025-12-31")
    ...     sorted(each.name for each in made.path.iterdir())
    ['0000-图幅索引.svg', '0001-张三.svg', '0002-李四.svg']
    """
    # 1. what cannot be made is refused before anything is drawn
    target = target_of_many(path, pictures)
    check_dpi(dpi)
    page = page_of(drawn)
    typeface = find_typeface(font)
    layers = chosen(page, show)
    kept, nowhere = _in_degrees(areas, by, name_column or by)
    crs, placed = place(layers, finite_bounds(kept.geometry.to_numpy()))
    subjects = _areas_of(kept, by, name_column or by, crs, page.lang)
    # 2. frames, and what lies on each sheet
    sheet, views = _frames(subjects, paper, orientation, scale)
    shapes = np.array([each.shape for each in subjects], dtype=object)
    counted = _counts(counts or {}, by, subjects, shapes, crs)
    rows = [
        IndexRow(at + 1, each.code, each.name, {name: n[at] for name, n in counted.items()}, views[at].scale)
        for at, each in enumerate(subjects)
    ]
    ground = ground_of(placed, shapes, dim=dim)
    heading = title or page.title
    foot = foot_of(page, crs, date, source, [])
    # 3. the index, then one sheet after the other
    said = {"width": sheet.width, "height": sheet.height, "title": heading, "lang": page.lang, "dpi": dpi}
    pages, first_pages = 0, dict[str, int]()
    with binding(target, pictures, **said) as binder:
        notes = foot_of(page, crs, date, source, page.notes)
        for canvas in draw_index(sheet, rows, ground, heading, notes, typeface, page.lang):
            binder.add(canvas, tr("Index of sheets", lang=page.lang), chapter=not pages)
            pages += 1
        for at in track(range(len(rows)), title=tr("printing sheets"), total=len(rows)):
            row = rows[at]
            about = AreaSheet(
                at,
                f"{heading} · {row.name}",
                _told_of(row, page.lang),
                tr("Sheet {number:,} of {total:,}", number=row.number, total=len(rows), lang=page.lang),
                views[at],
                foot,
            )
            canvas, left = draw_area_sheet(ground, sheet, about, typeface, page.lang)
            binder.add(canvas, row.name)
            pages += 1
            first_pages[row.code] = pages
            for canvas in draw_continued(sheet, about, left, typeface, page.lang):
                binder.add(canvas, row.name, chapter=False)
                pages += 1
    return Atlas(target, rows, pages, nowhere, first_pages)


def _in_degrees(areas: gpd.GeoDataFrame, by: str, name_column: str) -> tuple[gpd.GeoDataFrame, list[object]]:
    """Return the rows that have a geometry, in longitude and latitude, and the labels of the others."""
    for column in dict.fromkeys([by, name_column]):
        if column not in areas:
            raise MissingColumnError(
                tr(
                    "{name}: has no column {wanted}; its columns are {columns}",
                    name="areas",
                    wanted=column,
                    columns=", ".join(map(str, areas.columns)),
                )
            )
    shapes = cleaned(convert_crs(areas.geometry, _WGS84, name="areas").to_numpy())[0]
    there = has_place(shapes)
    if not there.any():
        raise EmptyLayerError(tr("areas: no row has a geometry, so that there is no sheet to print"))
    told = areas[[*dict.fromkeys([by, name_column])]][there]
    return gpd.GeoDataFrame(told, geometry=shapes[there], crs=_WGS84), areas.index[~there].tolist()


def _areas_of(kept: gpd.GeoDataFrame, by: str, name_column: str, crs: CRS, lang: Language) -> list[_Area]:
    """Put the rows of each value together, in the order of the values; those without one are the last."""
    shapes = _valid(convert_crs(kept.geometry, crs, name="areas").to_numpy())
    names = kept[name_column].astype(object).to_numpy()
    groups: dict[str, list[int]] = {}
    for at, code in enumerate(_codes(kept[by])):
        groups.setdefault(code, []).append(at)
    found = []
    for code in sorted(groups, key=lambda each: (not each, each)):
        said = sorted({name for at in groups[code] if (name := clean_text(readable(names[at])))})
        name = clean_text(readable(listed(said, lang=lang) or code))
        if not code:
            name = tr("without {column}", column=label(by, lang), lang=lang)
        found.append(_Area(code, name, shapely.union_all(shapes[groups[code]])))
    return found


def _codes(values: pd.Series) -> list[str]:
    """Return values as text on one line, empty where there is none."""
    return ["" if pd.isna(code) else clean_text(code) for code in code_text(values).astype(object)]


def _valid(shapes: NDArray[Any]) -> NDArray[Any]:
    return np.where(shapely.is_valid(shapes), shapes, shapely.make_valid(shapes))


def _frames(
    subjects: list[_Area], paper: str, orientation: Orientation, scale: float | None
) -> tuple[Sheet, list[View]]:
    """Choose the sheet, and what each shows of the ground."""
    bounds = shapely.bounds(np.array([each.shape for each in subjects], dtype=object))
    size = bounds[:, 2:] - bounds[:, :2]
    wanted = np.maximum(size * (1 + 2 * _MARGIN), _LEAST_M).tolist()
    sheets = sheets_for(paper, orientation, subtitle=True)
    fitting = [[scale_for((0.0, 0.0, *each), sheet.maps[0]) for each in wanted] for sheet in sheets]
    best = min(range(len(sheets)), key=lambda at: float(np.log(fitting[at]).sum()))
    sheet, scales = sheets[best], fitting[best]
    if scale is not None:
        scale_for((0.0, 0.0, 1.0, 1.0), sheet.maps[0], scale)
        needed = [scale_for((0.0, 0.0, *each), sheet.maps[0]) for each in np.maximum(size, 1.0).tolist()]
        large = [each.name for each, least in zip(subjects, needed, strict=True) if least > scale]
        if large:
            raise InputError(
                tr(
                    "scale: at {scale} {count:,} areas are larger than the paper ({names}); "
                    "all fit at {least}, or leave it out",
                    scale=f"1:{scale:g}",
                    count=len(large),
                    names=listed(large[:_NAMED]),
                    least=f"1:{max(needed):g}",
                )
            )
        scales = [float(scale)] * len(subjects)
    middle = (bounds[:, :2] + bounds[:, 2:]) / 2
    return sheet, [
        View(sheet.maps[0], own, east, north)
        for own, (east, north) in zip(scales, middle.tolist(), strict=True)
    ]


def _counts(
    layers: Mapping[str, gpd.GeoDataFrame],
    by: str,
    subjects: list[_Area],
    shapes: NDArray[Any],
    crs: CRS,
) -> dict[str, list[int]]:
    """Count the rows of each layer on each sheet: by their own word where they have one, else by place."""
    found: dict[str, list[int]] = {}
    for name, layer in layers.items():
        if by in layer:
            number = Counter(_codes(layer[by]))
            found[name] = [number[each.code] for each in subjects]
            continue
        rows = np.array([], dtype=object)
        if len(layer):
            rows = cleaned(convert_crs(layer.geometry, crs, name=name).to_numpy())[0]
            rows = _valid(rows[has_place(rows)])
        found[name] = [len(own) for own in rows_by_area(rows, shapes)]
    return found


def _told_of(row: IndexRow, lang: Language) -> str:
    """Say of a sheet its code, and how many of everything it has."""
    told = [readable(row.code)] if row.code and row.code != row.name else []
    told += [
        tr("{what}: {number:,}", what=label(name, lang), number=number, lang=lang)
        for name, number in row.counts.items()
    ]
    return " · ".join(told)
