"""A layer as a person reads it in a spreadsheet: titled columns of plain cells, coordinates for shapes."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from zjk_gis.crs import CGCS2000, require_crs, require_same_datum
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.columns.times import BEIJING
from zjk_gis.layers.columns.values import converted, text_of
from zjk_gis.layers.headings import RECORDED, heading
from zjk_gis.layers.labels import Language, label
from zjk_gis.layers.results import CODED, RESULTS, spec_in
from zjk_gis.layers.shapes import has_place, inner_points, point_coordinates
from zjk_gis.reports.formulas import FORMULAS, formula_told
from zjk_gis.reports.telling import plain
from zjk_gis.text import display_width
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import geopandas as gpd

    from zjk_gis.layers.spec import Field, LayerSpec

__all__ = ["SheetColumn", "blocks_of", "cell_of", "columns_of", "is_share_name", "row_names"]

# How values become cells.
_How = Literal["words", "formulas", "texts", "yes_no", "numbers", "times", "moments", "degrees"]
Kind = Literal["text", "code", "integer", "year", "number", "measure", "share", "degrees", "date", "datetime"]

_FIELDS: dict[str, Field] = {field.name: field for spec in CATALOGUE.values() for field in spec.fields}
_WHOLE_SHARE = len("100.00%")
_NARROWEST, _WIDEST = 8, 50
_SAMPLE = 1000  # rows looked at to choose a width
_BLOCK = 10_000  # rows turned into cells at a time
_FIRST_YEAR = 1900  # a spreadsheet knows no earlier date


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """One column of a sheet.

    Attributes
    ----------
    name : str
        Its name in the layer.
    title : str
        What stands in the header.
    kind : str
        How its cells are shown; ``text`` and ``code`` hold str, ``date`` and ``datetime`` datetime, the
        others int or float.
    cells : list
        None where a value is missing; perhaps those of the first rows only.
    width : float
        In characters.
    is_word : bool
        Whether its cells are words of the library's own, such as 边界.
    """

    name: str
    title: str
    kind: Kind
    cells: list[Any]
    width: float
    is_word: bool = False


@dataclass(frozen=True, slots=True)
class _Plan:
    """What was decided for a column from all of its values: where it is, and how they become cells."""

    position: int
    name: str
    title: str
    kind: Kind
    how: _How


def columns_of(
    frame: pd.DataFrame | gpd.GeoDataFrame, name: str, lang: Language, *, most: int | None = None
) -> list[SheetColumn]:
    """Turn a table or layer into columns; the index is left out, a geometry becomes longitude and latitude.

    Parameters
    ----------
    frame : DataFrame or GeoDataFrame
    name : str
        What it is called in errors.
    lang : {"zh", "en"}
    most : int, optional
        Of how many rows cells are made; what a column is, is told from all of them.

    Returns
    -------
    list of SheetColumn
        In the order of the frame, the coordinates last: those of a point that surely lies in the shape, in
        degrees of CGCS2000 or WGS84 (which agree within decimetres), to 6 decimals.

    Raises
    ------
    CRSError
        If a layer with shapes has no CRS.

    Examples
    --------
    >>> table = pd.DataFrame({"grid_code": [130703005001012], "found": ["border"], "area_m2": [9876.5]})
    >>> for column in columns_of(table, "table", "zh"):
    ...     print(column.title, column.kind, column.cells)
    网格编码 code ['130703005001012']
    判定方式 text ['边界']
    面积(m²) measure [9876.5]
    """
    plans = _plans(frame, name, lang)
    block = _cells(plans, frame if most is None else frame.iloc[:most], name, lang)
    return [
        SheetColumn(plan.name, plan.title, plan.kind, cells, _width(plan, cells), plan.how == "words")
        for plan, cells in zip(plans, block, strict=True)
    ]


def blocks_of(
    frame: pd.DataFrame | gpd.GeoDataFrame, name: str, lang: Language
) -> Iterator[list[SheetColumn]]:
    """Yield the columns of a table for some thousand rows at a time, so that memory stays bounded.

    What each column is, is told from all rows; of a table without rows there is one block.
    """
    plans = _plans(frame, name, lang)
    for start in range(0, max(len(frame), 1), _BLOCK):
        block = _cells(plans, frame.iloc[start : start + _BLOCK], name, lang)
        yield [
            SheetColumn(plan.name, plan.title, plan.kind, cells, _width(plan, cells), plan.how == "words")
            for plan, cells in zip(plans, block, strict=True)
        ]


def row_names(names: SheetColumn, columns: Sequence[SheetColumn], lang: Language) -> list[str]:
    """Name each row so that readers can tell them apart: by code where a name is missing or not alone.

    Examples
    --------
    >>> table = pd.DataFrame({"zone_code": ["A", "B", "C"], "zone_name": ["东", "东", None]})
    >>> code, name = columns_of(table, "table", "zh")
    >>> row_names(name, [code, name], "zh")
    ['东（A）', '东（B）', 'C']
    >>> row_names(name, [name], "zh")
    ['东', '东', '未填写（第 3 行）']
    """
    codes = next((one for one in columns if one.kind == "code" and one.name != names.name), None)
    counts = Counter(names.cells)
    told = []
    for at, name in enumerate(names.cells):
        code = None if codes is None else codes.cells[at]
        if not name:
            told.append(str(code) if code else tr("not given (row {row:,})", row=at + 1, lang=lang))
        elif counts[name] > 1 and code:
            told.append(tr("{name} ({code})", name=name, code=code, lang=lang))
        else:
            told.append(str(name))
    return told


def cell_of(value: object, lang: Language) -> tuple[Kind, Any]:
    """Return how a single value is shown, and the cell for it."""
    values = pd.Series([value], dtype=object)
    kind, how = _decided("", values)
    return kind, _turned("", how, values, lang)[0]


def _spec_of(frame: pd.DataFrame | gpd.GeoDataFrame, name: str) -> LayerSpec | None:
    """Return what layer a table is, or was made from: told by its name or its first column of codes."""
    if name in CATALOGUE:
        return CATALOGUE[name]
    spec = spec_in(frame.columns)
    answer = RESULTS.get(name)
    if spec is not None and answer is not None and spec.code in set(answer.columns) - set(answer.keys):
        return None  # a code that an answer tells of does not make it that layer
    return spec


def _plans(frame: pd.DataFrame | gpd.GeoDataFrame, name: str, lang: Language) -> list[_Plan]:
    """Decide what each column of a table is, one at a time."""
    spec = _spec_of(frame, name)
    plans = []
    for position in range(frame.shape[1]):
        values = pd.Series(frame.iloc[:, position])
        if not isinstance(values.dtype, _geometry_dtype()):
            key = str(frame.columns[position])
            plans.append(_Plan(position, key, plain(heading(key, lang, spec)), *_decided(key, values)))
    if getattr(frame, "_geometry_column_name", None) in frame.columns:
        own = [
            _Plan(at, key, heading(key, lang), "degrees", "degrees")
            for at, key in enumerate(("longitude", "latitude"))
        ]
        # What the layer itself brings under these titles is what was recorded, perhaps fixed since.
        told_apart = {plan.title: f"{plan.title}{RECORDED[lang]}" for plan in own}
        plans = [replace(plan, title=told_apart.get(plan.title, plan.title)) for plan in plans] + own
    return _told_apart(plans, lang)


def _told_apart(plans: list[_Plan], lang: Language) -> list[_Plan]:
    """Give no two columns one heading: a source's own gives way to the library's, the later to the first.

    Where a source brings a column 原因 beside the library's `reason`, it becomes 原因(原记录).
    """
    own = {plan.title for plan in plans if plan.title != plan.name}
    made, taken = list[_Plan](), set[str]()
    for plan in plans:
        title = plan.title
        if title == plan.name and title in own:
            title += RECORDED[lang]
        number, wanted = 1, title
        while title in taken:
            number += 1
            title = f"{wanted} ({number})"
        taken.add(title)
        made.append(replace(plan, title=title))
    return made


def _cells(
    plans: list[_Plan], frame: pd.DataFrame | gpd.GeoDataFrame, name: str, lang: Language
) -> list[list[Any]]:
    """Make the cells of some rows."""
    degrees: tuple[np.ndarray, np.ndarray] | None = None
    made = []
    for plan in plans:
        if plan.how == "degrees":
            degrees = _degrees(frame, name) if degrees is None else degrees
            made.append(_numbers(degrees[plan.position].tolist()))
        else:
            made.append(_turned(plan.name, plan.how, pd.Series(frame.iloc[:, plan.position]), lang))
    return made


def _decided(name: str, values: pd.Series) -> tuple[Kind, _How]:
    """Decide from name and values what a column is."""
    field = _FIELDS.get(name)
    if name in CODED or name == "check":
        known = values.dropna().unique().tolist()
        if all(isinstance(word, str) for word in known):  # a table of checks counts what it `found`
            return "text", "words"
    if name.endswith(("_code", "_codes")) or (field is not None and field.dtype == "text"):
        return ("code" if name.endswith("_code") else "text"), "texts"
    if name in FORMULAS:
        return "text", "formulas"
    as_times = False
    if field is not None and field.dtype in ("date", "datetime"):
        times, wrong = converted(values, field)
        as_times = not wrong.any()
        values = times if as_times else values
    present = [value for value in values.astype(object).tolist() if not _is_missing(value)]
    if present and all(isinstance(value, bool | np.bool_) for value in present):
        return "text", "yes_no"
    if present and all(isinstance(value, int | float | np.number) for value in present):
        numbers = _numbers(present)
        # A spreadsheet keeps 15 digits of a number: what is longer, and what is infinite, becomes text.
        if all(number is None or abs(number) < 1e15 for number in numbers):
            return _kind_of_number(name, field, numbers), "numbers"
    if present and all(isinstance(value, dt.date) for value in present):
        told = [_moment(value) for value in present]
        if all(moment.year >= _FIRST_YEAR for moment in told):
            whole = all(moment.time() == dt.time() for moment in told)
            is_date = field.dtype == "date" if field is not None and field.dtype != "text" else whole
            return ("date" if is_date else "datetime"), ("times" if as_times else "moments")
    return "text", "texts"


def _turned(name: str, how: _How, values: pd.Series, lang: Language) -> list[Any]:
    """Turn values into cells as was decided."""
    cells = values.astype(object).tolist()
    if how == "words":
        words = {word: plain(label(word, lang)) for word in values.dropna().unique().tolist()}
        return [None if _is_missing(value) else words[value] for value in cells]
    if how == "formulas":
        return [None if text is None else formula_told(text, lang) for text in _texts(cells)]
    if how == "yes_no":
        yes, no = label("yes", lang), label("no", lang)
        return [None if _is_missing(value) else yes if value else no for value in cells]
    if how == "numbers":
        return _numbers(cells)
    if how == "times":
        cells = converted(values, _FIELDS[name])[0].astype(object).tolist()
    if how in ("times", "moments"):
        return [None if _is_missing(value) else _moment(value) for value in cells]
    return _texts(cells)


def _width(plan: _Plan, cells: list[Any]) -> float:
    """Choose a width by the first cells."""
    shown = {"date": 10, "datetime": 16, "degrees": 11}
    if plan.kind in ("text", "code"):
        widest = max((display_width(cell[:200]) for cell in cells[:_SAMPLE] if cell is not None), default=0)
    elif plan.kind in shown:
        widest = shown[plan.kind]
    else:
        widest = max((len(f"{cell:,.2f}") for cell in cells[:_SAMPLE] if cell is not None), default=0)
        widest = max(widest, _WHOLE_SHARE) + 1  # amounts are indented
    # Room for the filter's arrow beside the title.
    return min(max(widest + 2, display_width(plan.title[:200]) + 4, _NARROWEST), _WIDEST)


def _kind_of_number(name: str, field: Field | None, numbers: list[int | float | None]) -> Kind:
    if "share" in name.split("_"):
        return "share"
    if is_share_name(name) and all(number is None or 0 <= number <= 1 for number in numbers):
        return "share"
    if name in ("longitude", "latitude", "lon", "lat"):
        return "degrees"
    if name.endswith("_year"):
        return "year"
    if name.endswith(("_m", "_m2")):
        return "measure"
    whole = all(number is None or float(number).is_integer() for number in numbers)
    if whole and (field is None or field.dtype == "integer" or name.endswith("_mm")):
        return "integer"
    return "number"


def is_share_name(name: str) -> bool:
    """Tell whether a column's name says that it holds shares, such as 结案率."""
    return name.endswith(("率", "比", "比例", "share", "ratio", "rate"))


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value)


def _texts(values: Sequence[Any]) -> list[str | None]:
    texts = [value if isinstance(value, str) else text_of(value) for value in values]
    return [None if text is None else plain(text) for text in texts]


def _numbers(values: Sequence[Any]) -> list[int | float | None]:
    return [
        None if _is_missing(value) else int(value) if isinstance(value, int | np.integer) else float(value)
        for value in values
    ]


def _moment(value: dt.date) -> dt.datetime:
    """Turn a date or a time into Beijing time without a zone, which a spreadsheet does not know."""
    if not isinstance(value, dt.datetime):
        return dt.datetime(value.year, value.month, value.day)
    if value.tzinfo is not None:
        value = value.astimezone(zoneinfo.ZoneInfo(BEIJING)).replace(tzinfo=None)
    return dt.datetime(*value.timetuple()[:6])


def _degrees(layer: gpd.GeoDataFrame, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return longitude and latitude of a point in each shape; NaN where there is none."""
    shapes = layer.geometry
    if not has_place(shapes.to_numpy()).any():
        return np.full(len(layer), np.nan), np.full(len(layer), np.nan)
    crs = require_crs(layer, name)
    lon, lat = point_coordinates(inner_points(shapes.to_numpy()))
    if not crs.is_geographic:
        from pyproj import CRS, Transformer

        require_same_datum(crs, CRS.from_epsg(CGCS2000), name)
        lon, lat = Transformer.from_crs(crs, CGCS2000, always_xy=True).transform(lon, lat)
    lon, lat = (np.where(np.isfinite(values), np.round(values, 6), np.nan) for values in (lon, lat))
    return lon, lat


def _geometry_dtype() -> type:
    from geopandas.array import GeometryDtype

    return GeometryDtype  # type: ignore[no-any-return]
