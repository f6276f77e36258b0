"""Where a table begins and ends in a sheet that was made to be printed.

Above the names of the columns stand titles, below them units, at the end totals and signatures; names stand
in two or three rows under merged headings. What is not a row of the table is left out and told with its
text.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.columns.coordinates import coordinate_names, is_coordinate_name
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

__all__ = [
    "HEAD_ROWS",
    "Layout",
    "Merged",
    "find_layout",
    "is_label",
    "is_note",
    "is_total",
    "names_columns",
]

HEAD_ROWS = 40  # that are looked at; who puts more above a table must cut it off
_DEEPEST = 20
_MOST_HEADER_ROWS = 3

# A number, a date, degrees, a code, a geometry: what stands in rows and never names a column.
_VALUE = re.compile(
    r"[-+]?[\d,]*\.?\d+(?:e[-+]?\d+)?%?"
    r"|\d{4}[-/.年]\d{1,2}(?:[-/.月](?:\d{1,2}日?)?)?(?:[ t]+\d{1,2}:\d{2}(?::\d{2})?)?"
    r"|.*\d\s*[°′″].*"
    r"|[a-z]{1,4}-?\d{3,}"
    r"|(?:point|linestring|polygon|multi\w+)\s*z?\s*\(.*",
    re.DOTALL,
)
_YEAR = re.compile(r"(?:19|20)\d{2}年?")
_UNITS = frozenset({
    "m", "米", "km", "千米", "公里", "mm", "毫米", "cm", "厘米", "m2", "㎡", "平方米", "平米", "km2",
    "平方公里", "公顷", "亩", "ha", "hm2", "m3", "立方米", "°", "度", "度分秒", "个", "座", "处", "条",
    "件", "人", "户", "盏", "辆", "株", "棵", "年", "天", "日", "小时", "分钟", "元", "万元", "吨", "kg", "%",
    "mpa", "kv", "kw", "w", "-", "--", "—", "——", "/", "无", "无量纲", "单位",
})  # fmt: skip
_FILLING = frozenset(
    {"必填", "选填", "必填项", "选填项", "非必填", "可选", "文本", "数字", "日期", "下拉选择"}
)
_LABEL = re.compile(r"[^:\d]{2,12}:.*")
_TOTALS = frozenset(
    {"合计", "总计", "小计", "共计", "累计", "总合计", "平均", "平均值", "本页合计", "本页小计"}
)
_NOTE = re.compile(
    r"(?:注|备注|说明|填表说明|制表人?|制图|填表人?|填报人?|审核人?|复核人?|负责人|单位负责人|联系人|联系电话|"
    r"填报单位|填报日期|制表日期|制表单位|数据来源|资料来源|来源)\s*\d?\s*:.*",
    re.DOTALL,
)

Merged = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Layout:
    """How the first rows of a sheet are to be read.

    Attributes
    ----------
    header : tuple of int
        Which of the rows hold the names; none where the table has no names.
    body : int
        The first row of the table itself.
    names : tuple of str
        Of every column; empty where it has none.
    full_names : dict of str to str
        Names that stand under a heading, with it (``"经度": "坐标/经度"``).
    units : dict of str to str
        By name, where a row below the names holds units.
    left_out : tuple of (int, str)
        Rows that are none of the table, and what they are: ``title``, ``units``, ``instructions`` or
        ``column_numbers``.
    found : str
        The evidence.
    """

    header: tuple[int, ...]
    body: int
    names: tuple[str, ...]
    full_names: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    left_out: tuple[tuple[int, str], ...] = ()
    found: str = ""


def find_layout(rows: Sequence[Sequence[str]], merged: Iterable[Merged] = ()) -> Layout:
    """Find the names of a table in its first rows, and where its own rows begin.

    Parameters
    ----------
    rows : sequence of sequence of str
        The first rows that hold anything, all of one length; empty cells are empty text.
    merged : iterable of (int, int, int, int)
        Cells merged into one: first row, first column, last row, last column.

    Returns
    -------
    Layout

    Notes
    -----
    The row of names is the first one with two names that the library knows (those of the catalogue's fields
    and of coordinates); without such, the first row that fills half the columns with anything but numbers,
    dates and codes. If a row of values comes before any such row, the table has no names.

    Examples
    --------
    >>> layout = find_layout([
    ...     ["井盖统计表", "", ""], ["编号", "坐标", ""], ["", "经度", "纬度"], ["1", "114.8", "40.8"],
    ... ])
    >>> layout.header, layout.names, layout.full_names, layout.left_out
    ((1, 2), ('编号', '经度', '纬度'), {'经度': '坐标/经度', '纬度': '坐标/纬度'}, ((0, 'title'),))
    """
    sheet = [[" ".join(cell.split()) for cell in row] for row in rows]
    plain = [[_plain(cell) for cell in row] for row in sheet]
    wide = max((_filled(row) for row in plain), default=0)
    at, found = _names_at(plain, wide)
    if at is None:
        body = next((n for n, row in enumerate(plain) if 2 * _filled(row) > wide), 0)
        titles = tuple((n, "title") for n in range(body))
        return Layout((), body, ("",) * len(sheet[0] if sheet else ()), left_out=titles, found=found)
    spans = list(merged)
    first = last = at
    while first > 0 and last - first + 1 < _MOST_HEADER_ROWS and _stacked(plain, first - 1, spans):
        first -= 1
    while last + 1 < len(plain) and last - first + 1 < _MOST_HEADER_ROWS and _stacked(plain, last, spans):
        last += 1
    names, full_names = _joined(sheet[first : last + 1], first, spans)
    left_out = [(n, "title") for n in range(first)]
    units: dict[str, str] = {}
    body = last + 1
    while body < len(plain):
        why = _explains(plain[body], plain[body + 1] if body + 1 < len(plain) else None, wide)
        if why is None:
            break
        if why == "units":
            units = {name: cell for name, cell in zip(names, sheet[body], strict=True) if name and cell}
        left_out.append((body, why))
        body += 1
    return Layout(tuple(range(first, last + 1)), body, names, full_names, units, tuple(left_out), found)


def names_columns(cells: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell which rows hold two names or more that the library knows, and little else.

    Examples
    --------
    >>> import pandas as pd
    >>> names_columns(pd.DataFrame({"a": ["1", "经度"], "b": ["纬度", "纬度"]})).tolist()
    [False, True]
    """
    filled, known = np.zeros(len(cells), dtype=np.int64), np.zeros(len(cells), dtype=np.int64)
    for at in range(cells.shape[1]):
        column = cells.iloc[:, at]
        filled += (column != "").to_numpy(dtype=bool)
        known += column.isin(_field_names() | coordinate_names()).to_numpy(dtype=bool)
    found: NDArray[np.bool_] = (known >= 2) & (2 * known > filled)
    return found


def is_total(cell: str) -> bool:
    """Tell whether the first cell of a row says that it is a sum of others.

    Examples
    --------
    >>> [is_total(cell) for cell in ("合  计", "总计：", "桥东区小计", "合计路")]
    [True, True, True, False]
    """
    text = _plain(cell).replace(" ", "").rstrip(":")
    return text in _TOTALS or (len(text) < 16 and text.endswith(("合计", "小计")))


def is_note(cell: str) -> bool:
    """Tell whether a cell is what stands below a table: a remark, a source, who made it.

    Examples
    --------
    >>> [is_note(cell) for cell in ("注：数据截至2025年", "制表人：王某", "备注", "注油口:1")]
    [True, True, False, False]
    """
    return _NOTE.fullmatch(_plain(cell)) is not None


def is_label(cell: str) -> bool:
    """Tell whether a cell says something of the table as a whole, after a label of its own.

    Examples
    --------
    >>> [is_label(cell) for cell in ("填报日期：2025-1-2", "王某")]
    [True, False]
    """
    return _LABEL.fullmatch(_plain(cell)) is not None


def _plain(cell: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", cell).casefold().split())


def _filled(row: Sequence[str]) -> int:
    return sum(cell != "" for cell in row)


@functools.cache
def _field_names() -> frozenset[str]:
    names = {_plain(name) for spec in CATALOGUE.values() for field in spec.fields for name in field.names}
    return frozenset(name.replace(" ", "") for name in names)


_BRACKETS = re.compile(r"\([^()]*\)$|\[[^\[\]]*\]$|\*")


def _is_known(cell: str) -> bool:
    name = _BRACKETS.sub("", cell).replace(" ", "")
    return (
        name in _field_names()
        or name in ("序号", "编号", "名称", "备注", "wkt", "the_geom", "geometry")
        or (is_coordinate_name(name))
    )


def _known(row: Sequence[str]) -> int:
    return sum(_is_known(cell) for cell in row if cell)


def _values(row: Sequence[str], below: Sequence[str] | None) -> int:
    """Count the cells that can only be values; a year over something else is a name."""
    count = 0
    for at, cell in enumerate(row):
        if cell and _VALUE.fullmatch(cell):
            under = below[at] if below is not None else ""
            count += not (_YEAR.fullmatch(cell) and under and not _YEAR.fullmatch(under))
    return count


def _is_label_row(row: Sequence[str]) -> bool:
    """Tell whether a row says things like «填报单位：城管局» instead of naming columns."""
    labels = sum(_LABEL.fullmatch(cell) is not None for cell in row)
    return 2 * labels >= _filled(row) > 0 or any(is_note(cell) for cell in row)


def _names_at(plain: list[list[str]], wide: int) -> tuple[int | None, str]:
    """Return the row of names and why it is; None where there is none."""
    enough = min(wide, max(2, (wide + 1) // 2))
    deep = plain[:_DEEPEST]
    belows = [*plain[1:_DEEPEST], None]
    for at, (row, below) in enumerate(zip(deep, belows, strict=False)):
        known = _known(row)
        if known >= 2 and 2 * known >= _values(row, below) + 2 and not _is_label_row(row):
            return at, tr("{known} names known", known=known)
    for at, (row, below) in enumerate(zip(deep, belows, strict=False)):
        values = _values(row, below)
        if _filled(row) < enough or _is_label_row(row):
            continue
        if not values or _known(row):
            return at, tr("the first full row, without values")
        return None, tr(
            "the first full row holds {values} numbers, dates or codes, and no name known", values=values
        )
    return (0, tr("the first row")) if plain else (None, tr("no row"))


def _stacked(plain: list[list[str]], at: int, merged: list[Merged]) -> bool:
    """Tell whether a row and the one below it are names together: a heading and what stands under it."""
    above, below = plain[at], plain[at + 1]
    after = plain[at + 2] if at + 2 < len(plain) else None
    if _filled(above) < 2 or _is_label_row(above) or _values(above, below) or _values(below, after):
        return False
    spread = any(r1 == r2 == at and c2 > c1 for r1, c1, r2, c2 in merged)
    deep = any(r1 <= at < r2 for r1, c1, r2, c2 in merged)
    pairs = list(zip(above, below, strict=True))
    higher = plain[at - 1] if at else [""] * len(above)
    for c, (up, low) in enumerate(pairs[: _last_filled(above, below)]):
        if not up and not low and not higher[c] and not any(_covers(cells, at, c) for cells in merged):
            return False
    only_below = sum(not up and low != "" for up, low in pairs)
    if not only_below and not spread:
        return False
    if spread or deep:
        return True
    only_above = sum(up != "" and not low for up, low in pairs)
    if _known(below) >= (1 if only_above else 2) and _known(below) > _known(_repeated(above, below)):
        return True
    if not (only_above and only_below and above[0]):
        return False
    if any(is_coordinate_name(cell) for cell in _repeated(above, below)):  # which heads nothing
        return False
    # Under a first name that reaches down stands nothing; where something does, it must be over values alone.
    over_values = after is not None and all(
        _VALUE.fullmatch(cell) for low, cell in zip(below, after, strict=True) if low
    )
    return not below[0] or over_values


def _repeated(above: Sequence[str], below: Sequence[str]) -> list[str]:
    """Return the cells of the upper row that have something under them."""
    return [up for up, low in zip(above, below, strict=True) if low]


def _last_filled(*rows: Sequence[str]) -> int:
    return max((at + 1 for row in rows for at, cell in enumerate(row) if cell), default=0)


def _joined(
    rows: list[list[str]], first: int, merged: list[Merged]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Put the names of several rows together: the lowest part, with its headings where it is not unique."""
    width = len(rows[0])
    parts: list[list[str]] = [[] for _ in range(width)]
    for at, row in enumerate(rows):
        spread = list(row)
        for c in range(1, width):
            under = at + 1 < len(rows) and any(lower[c] for lower in rows[at + 1 :])
            if (
                not spread[c]
                and spread[c - 1]
                and (
                    any(_covers(cells, first + at, c) and cells[1] < c for cells in merged)
                    or (under and not merged)
                )
            ):
                spread[c] = spread[c - 1]
        for c, cell in enumerate(spread):
            if cell and cell not in parts[c]:
                parts[c].append(cell)
    short = [part[-1] if part else "" for part in parts]
    full = ["/".join(part) for part in parts]
    names = [name if short.count(name) == 1 else whole for name, whole in zip(short, full, strict=True)]
    return tuple(names), {
        name: whole for name, whole in zip(names, full, strict=True) if "/" in whole and name
    }


def _covers(cells: Merged, row: int, column: int) -> bool:
    r1, c1, r2, c2 = cells
    return r1 <= row <= r2 and c1 <= column <= c2


def _explains(row: list[str], below: list[str] | None, wide: int) -> str | None:
    """Say what a row between the names and the table is; None where it is the table's first."""
    cells = [cell.strip("()") for cell in row if cell]
    if not cells:
        return None
    if all(cell in _UNITS for cell in cells) and any(cell.strip("-—/ ") for cell in cells):
        return "units"
    if all(cell in _FILLING for cell in cells):
        return "instructions"
    lead = next((at for at, cell in enumerate(cells) if cell.isdigit()), len(cells))
    letters = cells[:lead] == ["栏次"] or (lead > 0 and cells[:lead] == list("甲乙丙丁")[:lead])
    counted = cells[lead:]
    in_order = len(counted) > 1 and [str(n) for n in range(1, len(counted) + 1)] == counted
    if not in_order or len(cells) != wide or wide < 4 or (lead and not letters):
        return None
    texts = below is not None and any(
        up.isdigit() and cell and not _VALUE.fullmatch(cell) for up, cell in zip(row, below, strict=True)
    )
    return "column_numbers" if letters or texts else None
