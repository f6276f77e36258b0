"""Text into codes, numbers, dates and yes or no, as the fields of a spec ask.

Nothing is guessed and nothing is lost: a value that is not what its field asks for stays as it came, and the
rows are named.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.layers.spec import folded

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.layers.spec import Field, LayerSpec
    from zjk_gis.standards.rules import Overrides

__all__ = [
    "as_text",
    "code_text",
    "convert_types",
    "converted",
    "is_code",
    "plain",
    "text_of",
    "understood",
]

_BEIJING = "Asia/Shanghai"
# 2025-12-31, 2025/12/31, 2025.12.31, 2025年12月31日, each perhaps with a time and a zone. Month before day
# and day before month cannot be told apart, so years come first or not at all.
_DATE = (
    r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[\sT]*(\d{1,2})[:时](\d{1,2})(?:[:分](\d{1,2}))?(?:\.\d+)?[分秒]?)?\s*(Z|[+-]\d{2}:?\d{2})?$"
)
_COMPACT_DATE = r"^((?:19|20)\d{2})(\d{2})(\d{2})$"
_THOUSANDS = r"^-?\d{1,3}(?:,\d{3})+(?:\.\d+)?$"
_TRUE = frozenset({"是", "有", "true", "t", "yes", "y", "1"})
_FALSE = frozenset({"否", "无", "false", "f", "no", "n", "0"})
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
        and times as datetime64 in Beijing time; yes or no as bool (nullable boolean where some are missing).
        Missing where a value is missing or cannot be turned.
    wrong : ndarray of bool
        Which rows hold something that is no such value.

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
    return _times(values, days=field.dtype == "date")


def understood(
    values: pd.Series, field: Field, *, tables: Overrides | None = None
) -> tuple[pd.Series, NDArray[np.bool_]]:
    """Read a column of coded values by what its field allows, however they are spelled.

    Blanks, capitals and full-width letters make no difference. A value, its Chinese or English name, or
    another spelling of the table ``value_aliases`` is understood; nothing else is guessed.

    Parameters
    ----------
    values : Series
    field : Field
        With a ``domain``; without one every value is its own meaning.
    tables : mapping of str to DataFrame, str or Path, optional
        Your own rows of the tables (see `zjk_gis.rules_table`).

    Returns
    -------
    values : Series of str
        The values as the dictionary writes them; missing where a value is missing or not understood.
    wrong : ndarray of bool
        Which rows hold something that is not understood.

    Examples
    --------
    >>> from zjk_gis.layers.catalogue import HISTORIC_BLOCKS
    >>> written = pd.Series(["核心区", "建控地带", "环境协调区"])
    >>> scopes, wrong = understood(written, HISTORIC_BLOCKS.field("scope"))
    >>> scopes.tolist(), wrong.tolist()
    (['核心保护范围', '建设控制地带', nan], [False, False, True])
    """
    text = as_text(values)
    if not field.domain:
        return text, np.zeros(len(values), dtype=bool)
    meanings = field.spellings(tables)
    distinct = {spelling: meanings.get(folded(spelling)) for spelling in text.dropna().unique().tolist()}
    meant = text.map(distinct).astype("str")
    return meant, (text.notna() & meant.isna()).to_numpy(dtype=bool)


def convert_types(
    layer: gpd.GeoDataFrame, spec: LayerSpec
) -> tuple[gpd.GeoDataFrame, dict[str, list[object]]]:
    """Give the columns of a layer the types of its spec; what cannot be turned is kept as it came.

    Parameters
    ----------
    layer : GeoDataFrame
        With the English column names.
    spec : LayerSpec

    Returns
    -------
    layer : GeoDataFrame
        A copy.
    unconverted : dict of str to list
        For each field with such values, the index labels of their rows.
    """
    result = layer.copy()
    unconverted: dict[str, list[object]] = {}
    for field in spec.fields:
        if field.name not in result.columns:
            continue
        values, wrong = converted(layer[field.name], field)
        if wrong.any():
            unconverted[field.name] = layer.index[wrong].tolist()
            if field.dtype != "text":
                values = values.astype(object).where(~wrong, layer[field.name].astype(object))
        result[field.name] = values
    return result, unconverted


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


def _times(values: pd.Series, *, days: bool) -> tuple[pd.Series, NDArray[np.bool_]]:
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        times = values.dt.tz_convert(_BEIJING).dt.tz_localize(None)
        present = values.notna().to_numpy()
    elif pd.api.types.is_datetime64_any_dtype(values.dtype):
        times, present = values, values.notna().to_numpy()
    else:
        text = code_text(values)
        times, present = _parse_times(text), text.notna().to_numpy()
    times = times.astype("datetime64[us]")
    wrong = present & times.isna().to_numpy()
    return (times.dt.normalize() if days else times), wrong


def _parse_times(text: pd.Series) -> pd.Series:
    """Read text as times in Beijing time; NaT where it is none."""
    parts = text.str.extract(_DATE)
    date = parts[[0, 1, 2]].fillna(text.str.extract(_COMPACT_DATE).set_axis([0, 1, 2], axis=1))
    clock = parts[[3, 4, 5]].fillna("00")
    pieces: list[pd.Series] = [
        column.str.zfill(2) for column in (date[0], date[1], date[2], clock[3], clock[4], clock[5])
    ]
    canonical = pieces[0]
    for piece, separator in zip(pieces[1:], ("-", "-", " ", ":", ":"), strict=True):
        canonical = canonical.str.cat(piece, sep=separator)
    local = pd.to_datetime(canonical, format="%Y-%m-%d %H:%M:%S", errors="coerce").astype("datetime64[us]")
    zone = parts[6].str.replace("Z", "+00:00", regex=False)
    if zone.notna().any():
        hours = pd.to_numeric(zone.str[1:3]) + pd.to_numeric(zone.str[-2:]) / 60
        offset = hours.where(zone.str[0] != "-", -hours)
        local = local + pd.to_timedelta(8 - offset.fillna(8.0), unit="h")  # Beijing: eight hours ahead of UTC
    return local


def _plain(text: pd.Series) -> pd.Series:
    """Apply `plain` to the values that need it."""
    odd = ~text.fillna("").map(str.isascii).astype(bool)
    if not odd.any():
        return text
    return text.mask(odd, text[odd].map(plain))
