"""Text into codes, numbers, dates and yes or no, as the fields of a spec ask.

Nothing is guessed and nothing is lost: a value that is not what its field asks for stays as it came, and the
rows are named.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.layers.times import YEAR_FIRST, read_times

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.layers.spec import Field, LayerSpec
    from zjk_gis.layers.times import TimeOrder

__all__ = ["as_text", "convert_types", "converted", "is_code", "plain", "text_of"]

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
        and times as datetime64 in Beijing time, read by `zjk_gis.layers.times`; yes or no as bool
        (nullable boolean where some are missing). Missing where a value is missing or cannot be turned.
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
    times, wrong, _ = _times(values, field, YEAR_FIRST)
    return times, wrong


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
            unconverted[field.name] = layer.index[wrong].tolist()
            if field.dtype != "text":
                values = values.astype(object).where(~wrong, layer[field.name].astype(object))
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
        text = _plain(as_text(values))
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
    text = _plain(as_text(values)).str.casefold()
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
    odd = ~text.fillna("").map(str.isascii).astype(bool)
    if not odd.any():
        return text
    return text.mask(odd, text[odd].map(plain))
