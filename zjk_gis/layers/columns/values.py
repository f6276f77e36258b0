"""Text into codes, numbers, dates and yes or no, as the fields of a spec ask.

Nothing is guessed and nothing is lost: a value that is not what its field asks for stays as it came, and the
rows are named.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.errors import InputError, name_rows
from zjk_gis.layers.columns.times import YEAR_FIRST, read_times
from zjk_gis.layers.spec import folded
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.layers.columns.times import TimeOrder
    from zjk_gis.layers.spec import Field, LayerSpec
    from zjk_gis.standards.rules import Overrides

__all__ = [
    "alike",
    "as_text",
    "code_text",
    "coded",
    "convert_types",
    "converted",
    "in_order",
    "is_code",
    "name_values",
    "plain",
    "rows_by_value",
    "text_at",
    "text_of",
    "translated",
    "understood",
]

_THOUSANDS = r"^-?\d{1,3}(?:,\d{3})+(?:\.\d+)?$"
_TRUE = frozenset({"是", "有", "true", "t", "yes", "y", "1"})
_FALSE = frozenset({"否", "无", "false", "f", "no", "n", "0"})
_WHOLE = re.compile(r"\d+\.0+")
# Between a code and the name beside it: signs, or the change from Latin letters and digits to others.
_PARTS = re.compile(r"[^\w]+|(?<=[a-z0-9])(?=[^\x00-\x7f])|(?<=[^\x00-\x7f])(?=[a-z0-9])")
_MOST_NAMED = 5
_EXACT_DIGITS = 1e15  # a spreadsheet keeps 15 digits of a number; the rest of a longer code is gone


def is_code(field: Field) -> bool:
    """Tell whether a field holds codes, where a leading zero or a full-width digit matters."""
    return field.dtype == "text" and (field.width is not None or field.name.endswith("_code"))


def plain(text: str) -> str:
    """Return text with full-width letters and digits made plain and outer blanks removed.

    Examples
    --------
    >>> plain("　１３０７０３ ")
    '130703'
    """
    return unicodedata.normalize("NFKC", text).strip()


def text_of(value: Any) -> str | None:
    """Write one value as a person would read it; None where it is missing.

    Examples
    --------
    >>> text_of(130703.0), text_of(pd.Timestamp("2025-01-02")), text_of(float("nan"))
    ('130703', '2025-01-02', None)
    """
    if isinstance(value, str):
        return value
    if value is None or value is pd.NA or value is pd.NaT or value != value:  # NaN differs from itself
        return None
    if isinstance(value, float | np.floating):
        number = float(value)
        return str(int(number)) if number.is_integer() else repr(number)
    if isinstance(value, pd.Timestamp):
        return value.isoformat(sep=" ").removesuffix(" 00:00:00")
    return str(value)


def as_text(values: pd.Series) -> pd.Series:
    """Write values as a person would read them: whole numbers without ``.0``, missing and blank as missing.

    Parameters
    ----------
    values : Series

    Returns
    -------
    Series of str

    Examples
    --------
    >>> as_text(pd.Series([130703.0, 1.5, " 桥西 ", None], dtype=object)).tolist()
    ['130703', '1.5', '桥西', nan]
    """
    if isinstance(values.dtype, pd.StringDtype):
        text = values.astype("str")
    else:
        written = [text_of(value) for value in values.astype(object).tolist()]
        text = pd.Series(written, index=values.index, dtype="str", name=values.name)
    text = text.str.strip()
    return text.mask((text == "").fillna(value=True).astype(bool))


def text_at(words: Sequence[str] | NDArray[Any] | pd.Series, number: NDArray[np.integer[Any]]) -> Any:
    """Return a column of text by the numbers of its words; -1 is missing.

    Many rows of few words are written at once, without a string of Python's for each.

    Examples
    --------
    >>> text_at(["给水", "污水"], np.array([1, 0, -1])).tolist()
    ['污水', '给水', nan]
    """
    return pd.array(np.asarray(words, dtype=object), dtype="str").take(number, allow_fill=True)


def code_text(values: pd.Series) -> pd.Series:
    """Write codes as text: whole numbers without ``.0``, full-width digits plain, no blanks around.

    Parameters
    ----------
    values : Series

    Returns
    -------
    Series of str
        Missing where there is no code.

    Examples
    --------
    >>> code_text(pd.Series([130703005001001.0, "０５", None], dtype=object)).tolist()
    ['130703005001001', '05', nan]
    """
    return _plain(as_text(values))


def converted(values: pd.Series, field: Field) -> tuple[pd.Series, NDArray[np.bool_]]:
    """Turn a column into what its field asks for.

    Parameters
    ----------
    values : Series
    field : Field

    Returns
    -------
    values : Series
        Codes and text as str; numbers as float64; integers as int64 (float64 where some are missing); dates
        and times as datetime64 in Beijing time, read by `zjk_gis.layers.columns.times`; yes or no as bool
        (nullable boolean where some are missing). Missing where a value is missing or cannot be turned.
    wrong : ndarray of bool
        Which rows hold something that is not such a value.

    Examples
    --------
    >>> from zjk_gis.layers.spec import Field
    >>> dates, wrong = converted(
    ...     pd.Series(["2025年1月2日", "20250103", "soon"]), Field(name="d", title="", dtype="date")
    ... )
    >>> dates.dt.day.tolist(), wrong.tolist()
    ([2.0, 3.0, nan], [False, False, True])
    """
    if field.dtype == "text":
        return _texts(values, field)
    if field.dtype in ("number", "integer"):
        return _numbers(values, whole=field.dtype == "integer")
    if field.dtype == "boolean":
        return _booleans(values)
    times, wrong, _ = _times(values, field, YEAR_FIRST)
    return times, wrong


def understood(
    values: pd.Series, field: Field, *, tables: Overrides | None = None
) -> tuple[pd.Series, NDArray[np.bool_]]:
    """Read a column of coded values by what its field allows, however they are spelled.

    Blanks, capitals and full-width letters make no difference. A value, its Chinese or English name, another
    spelling of the table ``value_aliases``, a code beside its name (``WS(污水)``) or one that became a number
    (``0.0``) is understood; nothing else is guessed.

    Parameters
    ----------
    values : Series
    field : Field
        With a ``domain``; without one every value is its own meaning.
    tables : mapping of str to DataFrame, str or Path, optional
        Your own rows of the tables (see `zjk_gis.standards.rules_table`).

    Returns
    -------
    values : Series of str
        The values as the dictionary writes them; missing where a value is missing or not understood.
    wrong : ndarray of bool
        Which rows hold something that is not understood.

    Examples
    --------
    >>> from zjk_gis.layers.catalogue import HISTORIC_BLOCKS
    >>> written = pd.Series(["核心区", "建控地带", "缓冲区"])
    >>> scopes, wrong = understood(written, HISTORIC_BLOCKS.field("scope"))
    >>> scopes.tolist(), wrong.tolist()
    (['核心保护范围', '建设控制地带', nan], [False, False, True])
    """
    text = as_text(values)
    if not field.domain:
        return text, np.zeros(len(values), dtype=bool)
    meanings = field.spellings(tables)
    distinct = {spelling: _meaning(spelling, meanings) for spelling in text.dropna().unique().tolist()}
    meant = text.map(distinct).astype("str")
    return meant, (text.notna() & meant.isna()).to_numpy(dtype=bool)


def alike(values: pd.Series, field: Field) -> pd.Series:
    """Write coded values so that those of one meaning are equal; what is not understood stays as it is.

    Examples
    --------
    >>> from zjk_gis.layers.catalogue import PIPELINES
    >>> alike(pd.Series(["污水", "ws", "5号管", None]), PIPELINES.field("pipe_kind")).tolist()
    ['WS', 'WS', '5号管', '']
    """
    meant, _ = understood(values, field)
    return meant.fillna(as_text(values)).fillna("")


def coded(
    layer: pd.DataFrame, field: Field, name: str, *, tables: Overrides | None = None
) -> tuple[pd.Series, NDArray[np.bool_]]:
    """Read the column by which rows are chosen; refuse it where nothing in it is understood.

    An empty answer must mean that there is nothing, never that nothing was understood.

    Parameters
    ----------
    layer : DataFrame
        With the column.
    field : Field
    name : str
        What the layer is called in errors.
    tables : mapping of str to DataFrame, str or Path, optional
        Your own rows of the tables (see `zjk_gis.standards.rules_table`).

    Returns
    -------
    values : Series of str
        As `understood` returns them.
    wrong : ndarray of bool
        Which rows hold something that is not understood: for who asks to set aside and tell.

    Raises
    ------
    InputError
        If there are values and none of them is understood; the message names them and the nearest known.

    Examples
    --------
    >>> from zjk_gis.layers.catalogue import PIPELINES
    >>> pipes = pd.DataFrame({"pipe_kind": ["污水", "ＷＳ", "5号管"]})
    >>> kinds, wrong = coded(pipes, PIPELINES.field("pipe_kind"), "pipelines")
    >>> kinds.tolist(), wrong.tolist()
    (['WS', 'WS', nan], [False, False, True])
    """
    values = layer[field.name]
    meant, wrong = understood(values, field, tables=tables)
    if wrong.any() and meant.isna().all():
        raise InputError(
            tr(
                "{name}: no value of {name_2} ({title}) is understood: {name_values}; rewrite them, "
                "or add your spellings to the table value_aliases (dictionary {domain})",
                name=name,
                name_2=field.name,
                title=field.title,
                name_values=name_values(rows_by_value(values[wrong]), field, tables),
                domain=field.domain,
            )
        )
    return meant, wrong


def in_order(
    values: pd.Series, field: Field, *, tables: Overrides | None = None
) -> tuple[NDArray[np.float64], NDArray[np.bool_], str]:
    """Read a column that puts rows in an order: numbers, or the words of one scale.

    Parameters
    ----------
    values : Series
    field : Field
        Of whole or other numbers, perhaps with ``scales``.
    tables : mapping of str to DataFrame, str or Path, optional
        Your own rows of the tables (see `zjk_gis.standards.rules_table`).

    Returns
    -------
    numbers : ndarray of float64
        The numbers or, of words, their places in the scale from 1; NaN where a value is missing or not read.
    wrong : ndarray of bool
        Which rows hold something that is neither.
    scale : str
        The dictionary that the words are of: the one that reads most of them, the first of equals; empty for
        numbers.

    Examples
    --------
    >>> from zjk_gis.layers.catalogue import RESPONSIBILITY_ZONES
    >>> level = RESPONSIBILITY_ZONES.field("level")
    >>> in_order(pd.Series(["街道级", "区级", None]), level)
    (array([ 3.,  2., nan]), array([False, False, False]), 'level_places')
    >>> in_order(pd.Series([1.0, 2.0]), level)
    (array([1., 2.]), array([False, False]), '')
    """
    given, wrong = _numbers(values, whole=field.dtype == "integer")
    numbers, scale = given.to_numpy(dtype=np.float64), ""
    for name in field.scales if wrong.any() else ():
        words = replace(field, domain=name)
        meant, strange = understood(values, words, tables=tables)
        if strange.sum() < wrong.sum():
            place = {word: at for at, word in enumerate(words.ordered_values(tables), start=1)}
            numbers, wrong, scale = meant.map(place).to_numpy(dtype=np.float64), strange, name
    return numbers, wrong, scale


def rows_by_value(values: pd.Series) -> dict[str, list[object]]:
    """Return the distinct values of a column as text, sorted, and the index labels of their rows.

    Examples
    --------
    >>> rows_by_value(pd.Series(["b", 1.0, "b"], index=[7, 8, 9]))
    {'1': [8], 'b': [7, 9]}
    """
    text = as_text(values).dropna()
    return {str(value): rows.index.tolist() for value, rows in text.groupby(text, sort=True)}


def name_values(strangers: Mapping[str, Sequence[object]], field: Field, tables: Overrides | None) -> str:
    """Name values that are not understood, their rows, and the known ones nearest to them.

    Examples
    --------
    >>> from zjk_gis.layers.catalogue import ROAD_SECTIONS
    >>> name_values({"左則": [3]}, ROAD_SECTIONS.field("side"), None)
    "'左則' (row 3; nearest: 左侧); known are 两侧, 左侧, 右侧"
    """
    known: dict[str, str] = {}
    for domain in (field.domain, *field.scales):
        known = {**replace(field, domain=domain).spellings(tables), **known}
    told = []
    for value, rows in list(strangers.items())[:_MOST_NAMED]:
        close = get_close_matches(folded(value), known, n=2, cutoff=0.4)
        nearest = listed(dict.fromkeys(known[spelling] for spelling in close))
        told.append(
            tr("{value!r} ({rows}; nearest: {nearest})", value=value, rows=name_rows(rows), nearest=nearest)
            if nearest
            else tr("{value!r} ({rows})", value=value, rows=name_rows(rows))
        )
    named, rest = listed(told), len(strangers) - len(told)
    if rest > 0:
        named = tr("{named} and {rest} more", named=named, rest=rest)
    orders = [replace(field, domain=scale).ordered_values(tables) for scale in field.scales]
    values = tr("; or ").join(map(listed, orders or [tuple(dict.fromkeys(known.values()))]))
    return tr("{named}; known are {values}", named=named, values=values)


def _meaning(spelling: str, meanings: Mapping[str, str]) -> str | None:
    """Look up what a spelling means; a code that became a number, and a code beside its name, are known."""
    text = folded(spelling)
    if text in meanings:
        return meanings[text]
    if _WHOLE.fullmatch(text):
        return meanings.get(text.split(".")[0])
    parts = [part for part in _PARTS.split(text) if part]
    meant = {meanings.get(part) for part in parts}
    return meant.pop() if len(meant) == 1 else None


def translated(values: pd.Series, meanings: Mapping[str, str]) -> pd.Series:
    """Put the values that are meant in the place of those that stand there; others stay.

    Examples
    --------
    >>> translated(pd.Series(["核心区域", "旧区"]), {"核心区域": "核心保护范围"}).tolist()
    ['核心保护范围', '旧区']
    """
    text = as_text(values).map(folded, na_action="ignore")
    by_text = {folded(given): meant for given, meant in meanings.items()}
    known = text.isin(list(by_text)).to_numpy(dtype=bool)
    return values.astype(object).mask(known, text.map(by_text).astype(object)) if known.any() else values


def convert_types(
    layer: gpd.GeoDataFrame, spec: LayerSpec, *, order: TimeOrder = YEAR_FIRST
) -> tuple[gpd.GeoDataFrame, dict[str, list[object]], list[str]]:
    """Give the columns of a layer the types of its spec; what cannot be turned is kept as it came.

    Parameters
    ----------
    layer : GeoDataFrame
        With the English column names.
    spec : LayerSpec
    order : TimeOrder, optional
        What the caller says of dates and times: `dayfirst`, `time_format`, `tz`.

    Returns
    -------
    layer : GeoDataFrame
        A copy.
    unconverted : dict of str to list
        For each field with such values, the index labels of their rows.
    remarks : list of str
        What was inferred of dates and times, or could not be.
    """
    result = layer.copy()
    unconverted: dict[str, list[object]] = {}
    remarks: list[str] = []
    for field in spec.fields:
        if field.name not in result.columns:
            continue
        if field.dtype in ("date", "datetime"):
            values, wrong, told = _times(layer[field.name], field, order)
            remarks += told
        else:
            values, wrong = converted(layer[field.name], field)
        if wrong.any():
            if field.dtype != "text":
                values = values.astype(object).where(~wrong, layer[field.name].astype(object))
            if field.scales:  # words of an order, such as 一级, stay words
                wrong = in_order(layer[field.name], field)[1]
        if wrong.any():
            unconverted[field.name] = layer.index[wrong].tolist()
        result[field.name] = values
    return result, unconverted, remarks


def _texts(values: pd.Series, field: Field) -> tuple[pd.Series, NDArray[np.bool_]]:
    text = as_text(values)
    wrong = np.zeros(len(values), dtype=bool)
    if is_code(field):
        text = _plain(text)
        if not isinstance(values.dtype, pd.StringDtype):
            lossy = [isinstance(value, float) and abs(value) >= _EXACT_DIGITS for value in values.tolist()]
            wrong = np.array(lossy, dtype=bool)
    return text, wrong


def _numbers(values: pd.Series, *, whole: bool) -> tuple[pd.Series, NDArray[np.bool_]]:
    if pd.api.types.is_numeric_dtype(values.dtype):
        present = values.notna().to_numpy()
        numbers = values.astype("Float64").astype("float64")
    else:
        text = code_text(values)
        present = text.notna().to_numpy()
        grouped = text.str.match(_THOUSANDS, na=False).astype(bool)
        text = text.mask(grouped, text.str.replace(",", "", regex=False))
        numbers = pd.to_numeric(text, errors="coerce").astype("float64")
    fine = np.isfinite(numbers.to_numpy())
    if whole:
        fine &= numbers.to_numpy() == np.round(np.where(fine, numbers.to_numpy(), 0.0))
    numbers = numbers.where(fine)
    if whole and fine.all():
        return numbers.astype("int64"), present & ~fine
    return numbers, present & ~fine


def _booleans(values: pd.Series) -> tuple[pd.Series, NDArray[np.bool_]]:
    if pd.api.types.is_bool_dtype(values.dtype) and not values.isna().any():
        return values.astype(bool), np.zeros(len(values), dtype=bool)
    text = code_text(values).str.casefold()
    yes, no = text.isin(_TRUE), text.isin(_FALSE)
    answers = pd.Series(pd.NA, index=values.index, dtype="boolean", name=values.name)
    answers = answers.mask(yes, other=True).mask(no, other=False)
    wrong = (text.notna() & ~yes & ~no).to_numpy()
    return (answers.astype(bool) if not answers.isna().any() else answers), wrong


def _times(
    values: pd.Series, field: Field, order: TimeOrder
) -> tuple[pd.Series, NDArray[np.bool_], list[str]]:
    reading = read_times(
        values, dayfirst=order.dayfirst, time_format=order.time_format, tz=order.tz, name=field.name
    )
    times = reading.times.dt.normalize() if field.dtype == "date" else reading.times
    refused = [reading.refusal] if reading.refusal else []
    return times, reading.wrong, [*refused, *reading.order.remarks]


def _plain(text: pd.Series) -> pd.Series:
    """Apply `plain` to the values that need it."""
    if "".join(text.dropna().tolist()).isascii():  # asked of all at once, ten times as fast as of each
        return text
    odd = ~text.fillna("").map(str.isascii).astype(bool)
    return text.mask(odd, text[odd].map(plain))
