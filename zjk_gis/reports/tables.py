"""A table of indicators as people send it: numbers as text, percentages, words for what is missing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import pandas as pd

from zjk_gis.layers.columns.values import plain
from zjk_gis.reports.columns import is_share_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["UnreadColumn", "unread_columns", "with_numbers"]

# 1,204; 97.5%; 1.2万; 3.5亿元: what text in full-width characters is after it is made plain, too.
_AMOUNT = re.compile(
    r"(?P<number>[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*"
    r"(?:(?P<percent>%)|(?P<scale>万亿|万|亿)?(?P<unit>[^\d\s%,.]{0,4}))"
)
_SCALES = {"": Decimal(1), "万": Decimal(10**4), "亿": Decimal(10**8), "万亿": Decimal(10**12)}
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
_EXACT_WHOLE = 2**53  # up to which a float64 holds every whole number
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
        ``无数据``, which then is missing. Full-width digits and commas are digits and commas, 1.2万 and 3.5亿
        are what they say; one unit behind these (万元) goes to the name. Percentages up to 100 become shares
        where the column's name says so (…率, …比), and elsewhere numbers in a column whose name ends with
        ``(%)``. Where some values have a percent sign and others none, it stays text: see `unread_columns`.

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


@dataclass(frozen=True, slots=True)
class UnreadColumn:
    """A column that looks like amounts and is not read as such, because that would be a guess.

    Attributes
    ----------
    name : str
    why : {"percent_and_plain", "not_numbers"}
        Some values have a percent sign and some have none; or some are no numbers.
    count : int
        Of how many values, the fewer of the two kinds.
    example : str
        The first of them.
    """

    name: str
    why: Literal["percent_and_plain", "not_numbers"]
    count: int
    example: str


def unread_columns(table: pd.DataFrame) -> list[UnreadColumn]:
    """Name the columns that are text though at least half of their values are numbers.

    Parameters
    ----------
    table : DataFrame

    Examples
    --------
    >>> table = pd.DataFrame({"结案率": ["97%", "0.9", "95%"], "件数": ["3", "4", "约 5"]})
    >>> [(one.name, one.why, one.example) for one in unread_columns(table)]
    [('结案率', 'percent_and_plain', '0.9'), ('件数', 'not_numbers', '约 5')]
    """
    found = []
    for position in range(table.shape[1]):
        values = table.iloc[:, position]
        if not pd.api.types.is_numeric_dtype(values.dtype):
            reading = _reading(values)
            found += [reading] if isinstance(reading, UnreadColumn) else []
    return found


def _read(values: pd.Series) -> pd.Series:
    reading = _reading(values)
    return reading if isinstance(reading, pd.Series) else values


def _reading(values: pd.Series) -> pd.Series | UnreadColumn | None:
    """Read a column as amounts; say why not where it looks like them, and nothing where it does not."""
    name = str(values.name)
    texts = [None if pd.isna(value) else plain(str(value)) for value in values]
    present = [text for text in texts if text is not None and text.casefold() not in _NO_DATA]
    if not present or name.casefold().endswith(_CODES) or any(map(_looks_like_a_code, present)):
        return None
    found = [_AMOUNT.fullmatch(text) for text in present]
    matches = [match for match in found if match is not None]
    scaled = any(match["scale"] for match in matches)
    # A unit is understood beside 万 and 亿 alone, and only one: 3号, 9月 are names.
    odd = [text for text, match in zip(present, found, strict=True)
           if match is None or (_unit_of(match) and not scaled)]  # fmt: skip
    odd = odd or [match[0] for match in matches if _unit_of(match) != _unit_of(matches[0])]
    if odd:
        return _unread(name, "not_numbers", odd) if 2 * len(odd) <= len(present) else None
    amounts = [_amount_of(match) for match in matches]
    percent = [bool(match["percent"]) for match in matches]
    bare = [match[0] for match, one, amount in zip(matches, percent, amounts, strict=True)
            if not one and amount]  # fmt: skip
    if any(percent) and bare:
        signed = [match[0] for match, one in zip(matches, percent, strict=True) if one]
        return _unread(name, "percent_and_plain", min(bare, signed, key=len))
    shares = any(percent) and is_share_name(name) and all(0 <= amount <= 100 for amount in amounts)
    read = _filled(texts, iter(float(amount / 100 if shares else amount) for amount in amounts))
    whole = not any(percent) and all(
        number is None or (number.is_integer() and abs(number) <= _EXACT_WHOLE) for number in read
    )
    unit = "%" if any(percent) and not shares else _unit_of(matches[0])
    title = name if not unit or name.endswith((f"({unit})", f"（{unit}）")) else f"{name}({unit})"
    return pd.Series(read, index=values.index, name=title, dtype="Int64" if whole else "float64")


def _amount_of(match: re.Match[str]) -> Decimal:
    return Decimal(match["number"].replace(",", "")) * _SCALES[match["scale"] or ""]


def _unit_of(match: re.Match[str]) -> str:
    return match["unit"] or ""


def _unread(name: str, why: Literal["percent_and_plain", "not_numbers"], values: list[str]) -> UnreadColumn:
    return UnreadColumn(name, why, len(values), values[0])


def _filled(texts: Iterable[str | None], numbers: Iterator[float]) -> list[float | None]:
    return [None if text is None or text.casefold() in _NO_DATA else next(numbers) for text in texts]


def _looks_like_a_code(text: str) -> bool:
    digits = text.lstrip("+-")
    leading_zero = len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
    return leading_zero or (digits.isdigit() and len(digits) > _MOST_DIGITS)
