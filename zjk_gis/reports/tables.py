"""A table of indicators as people send it: numbers as text, percentages, words for what is missing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

from zjk_gis.reports.columns import is_share_name

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["with_numbers"]

_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?")
_NO_DATA = {
    "",
    "-",
    "--",
    "—",
    "——",
    "/",
    "无",
    "暂无",
    "无数据",
    "缺",
    "n/a",
    "na",
    "nan",
    "null",
    "no data",
}
_CODES = ("code", "编码", "代码", "编号", "号码", "电话", "序号", "_id")
_MOST_DIGITS = 11  # what is longer is a code


def with_numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Turn the columns of a table that hold amounts into numbers; codes stay text.

    Parameters
    ----------
    table : DataFrame
        With text, as `read_table` returns it.

    Returns
    -------
    DataFrame
        A copy. A column becomes numbers where every value is one, or a word for no data such as ``—`` or
        ``无数据``, which then is missing. Percentages up to 100 become shares where the column's name says so
        (…率, …比), and elsewhere numbers in a column whose name ends with ``(%)``.

    Notes
    -----
    A column is taken for codes where its name says so, or a value begins with 0 or has more than 11 digits.

    Examples
    --------
    >>> table = pd.DataFrame({"网格编码": ["0101"], "案件": ["1,204"], "结案率": ["97.5%"], "空": ["无数据"]})
    >>> with_numbers(table).iloc[0].to_dict()
    {'网格编码': '0101', '案件': 1204, '结案率': 0.975, '空': '无数据'}
    """
    columns: list[pd.Series] = []
    for position in range(table.shape[1]):
        values = table.iloc[:, position]
        columns.append(_read(values) if not pd.api.types.is_numeric_dtype(values.dtype) else values)
    if not columns:
        return table.copy()
    read = pd.concat(columns, axis=1)
    read.attrs = dict(table.attrs)
    return read


def _read(values: pd.Series) -> pd.Series:
    name = str(values.name)
    texts = [None if pd.isna(value) else str(value).strip() for value in values]
    present = [text for text in texts if text is not None and text.casefold() not in _NO_DATA]
    if not present or name.casefold().endswith(_CODES) or any(map(_looks_like_a_code, present)):
        return values
    percent = [text.endswith(("%", "％")) for text in present]
    plain = [text.rstrip("%％").strip() for text in present]
    if (any(percent) and not all(percent)) or not all(map(_NUMBER.fullmatch, plain)):
        return values
    amounts = [float(text.replace(",", "")) for text in plain]
    shares = all(percent) and is_share_name(name) and all(0 <= amount <= 100 for amount in amounts)
    divisor = 100.0 if shares else 1.0
    numbers = iter(amount / divisor for amount in amounts)
    read = _filled(texts, numbers)
    whole = not any(percent) and all(number is None or float(number).is_integer() for number in read)
    title = name if not all(percent) or divisor > 1 or name.endswith("(%)") else f"{name}(%)"
    dtype = "Int64" if whole else "float64"
    return pd.Series(read, index=values.index, name=title, dtype=dtype)


def _filled(texts: Iterable[str | None], numbers: Iterable[float]) -> list[float | None]:
    found = iter(numbers)
    return [None if text is None or text.casefold() in _NO_DATA else next(found) for text in texts]


def _looks_like_a_code(text: str) -> bool:
    digits = text.lstrip("+-")
    leading_zero = len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
    return leading_zero or (digits.isdigit() and len(digits) > _MOST_DIGITS)
