"""What a cell shows: the number formats by which a spreadsheet dresses codes.

A code such as ``ZR007`` is often the number 7 in a cell whose format is ``"ZR"000``. See ECMA-376, part 1,
18.8.31 for the language of formats. What is not known here is not guessed: the answer is None.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from zjk_gis.errors import name_rows
from zjk_gis.layers.naming import field_of
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    import pandas as pd

    from zjk_gis.layers.spec import LayerSpec
    from zjk_gis.read_report import ReadReport

__all__ = ["BUILT_IN", "NumberFormat", "number_format", "tell_lost_digits"]

# The formats that files name by number only; 27 to 36 and 50 to 58 are those of a Chinese Excel.
_YEAR_MONTH, _MONTH_DAY, _FULL_DAY = 'yyyy"年"m"月"', 'm"月"d"日"', 'yyyy"年"m"月"d"日"'
BUILT_IN: dict[int, str] = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?",
    13: "# ??/??", 14: "yyyy/m/d", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 27: _YEAR_MONTH,
    28: _MONTH_DAY, 29: _MONTH_DAY, 30: "m-d-yy", 31: _FULL_DAY, 36: _YEAR_MONTH, 37: "#,##0;-#,##0",
    38: "#,##0;-#,##0", 39: "#,##0.00;-#,##0.00", 40: "#,##0.00;-#,##0.00", 48: "##0.0E+0", 49: "@",
    50: _YEAR_MONTH, 51: _MONTH_DAY, 52: _YEAR_MONTH, 53: _MONTH_DAY, 54: _MONTH_DAY, 57: _YEAR_MONTH,
    58: _MONTH_DAY,
}  # fmt: skip

_GENERAL = re.compile(r"general|g/通用格式|@", re.IGNORECASE)
_TOKEN = re.compile(
    r"\"(?P<quoted>[^\"]*)\"|\\(?P<escaped>.)|_(?P<gap>.)|\*(?P<fill>.)|\[(?P<bracket>[^\]]*)\]"
    r"|(?P<general>general|g/通用格式)|(?P<exponent>e[+-])|(?P<date>y+|m+|d+)|(?P<time>a/p|am/pm|[hs]+)"
    r"|(?P<digit>[0#?])|(?P<mark>[.,%@/])|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)(-?\d+(?:\.\d+)?)")
_COLOUR = re.compile(
    r"black|blue|cyan|green|magenta|red|white|yellow|color ?\d+|[黑蓝青绿洋红白黄]{1,2}色?|颜色 ?\d+",
    re.IGNORECASE,
)
_HOLDS = {
    "<=": operator.le, ">=": operator.ge, "<>": operator.ne, "<": operator.lt, ">": operator.gt,
    "=": operator.eq,
}  # fmt: skip
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SCIENTIFIC = r"([1-9])(?:\.(\d+))?[eE]\+(\d{2})"
_LEAST_EXPONENT = 9  # what is shorter is shown in full
_LONG, _KEPT_DIGITS = 16, 15
_ENOUGH = 5  # different codes that end in 0 by chance: one in 100,000


@dataclass(frozen=True)
class _Section:
    """One of the up to four parts of a format, as (kind, text) pairs; see `_TOKEN`."""

    tokens: tuple[tuple[str, str], ...]
    condition: tuple[str, Decimal] | None
    is_known: bool

    @cached_property
    def kinds(self) -> frozenset[str]:
        return frozenset(kind for kind, _ in self.tokens)

    @cached_property
    def words(self) -> str:
        """What stands there whatever the value is."""
        return "".join(text for kind, text in self.tokens if kind in ("text", "%")).strip()

    @cached_property
    def split(self) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """What is before the point, and what behind."""
        at = next((i for i, (kind, _) in enumerate(self.tokens) if kind == "."), len(self.tokens))
        return list(self.tokens[:at]), list(self.tokens[at + 1 :])


@dataclass(frozen=True)
class NumberFormat:
    """A number format, taken apart.

    Attributes
    ----------
    code : str
    sections : tuple
    """

    code: str
    sections: tuple[_Section, ...]

    @cached_property
    def pads(self) -> bool:
        """Whether whole numbers are shown with a least count of digits, as codes are, and nothing more."""
        first = self.sections[0]
        zeros = sum(text == "0" for kind, text in first.tokens if kind == "digit")
        return first.is_known and zeros > 1 and not {".", ",", "%", "exponent", "/"} & first.kinds

    @cached_property
    def dresses_text(self) -> bool:
        """Whether text is shown with other text around it."""
        section = self._for_text()
        return section is not None and bool(section.words)

    @cached_property
    def is_date(self) -> bool:
        """Whether a day is shown."""
        return any("date" in section.kinds for section in self.sections)

    def of_text(self, text: str) -> str:
        """Return what a cell with text shows."""
        section = self._for_text()
        if section is None:
            return text
        return "".join(text if kind == "@" else word for kind, word in section.tokens).strip()

    def of_number(self, value: float) -> str | None:
        """Return what a cell with a number shows; None where that is not known.

        Examples
        --------
        >>> [number_format(code).of_number(7) for code in ('"ZR"000', "[$-804]0000", "000-000", "0000_ ")]
        ['ZR007', '0007', '000-007', '0007']
        >>> number_format("#,##0").of_number(130703), number_format("0.00E+00").of_number(130703)
        ('130,703', '1.31E+05')
        """
        number = Decimal(repr(float(value)))
        section, signed = self._for_number(number)
        if section is None or not section.is_known or {"date", "time", "/"} & section.kinds:
            return None
        sign = "-" if number < 0 and signed else ""
        shown = _shown(section, abs(number))
        return None if shown is None else (sign + shown).strip()

    def of_date(self, day: dt.date) -> str | None:
        """Return what a cell with a day shows; None where that is not known.

        Examples
        --------
        >>> import datetime as dt
        >>> number_format('m"月"d"日"').of_date(dt.date(2025, 3, 12))
        '3月12日'
        """
        section = self.sections[0]
        if not section.is_known or "time" in section.kinds or "date" not in section.kinds:
            return None
        written = {
            "y": f"{day.year % 100:02d}", "yyyy": str(day.year), "m": str(day.month),
            "mm": f"{day.month:02d}", "mmm": _MONTHS[day.month - 1], "d": str(day.day),
            "dd": f"{day.day:02d}",
        }  # fmt: skip
        written |= {"yy": written["y"], "yyy": written["yyyy"]}
        parts = [written.get(text.lower()) if kind == "date" else text for kind, text in section.tokens]
        return None if None in parts else "".join(map(str, parts)).strip()

    def _for_text(self) -> _Section | None:
        last = self.sections[-1]
        return last if "@" in last.kinds and last.is_known else None

    def _for_number(self, number: Decimal) -> tuple[_Section | None, bool]:
        """Choose the section, and tell whether it leaves the sign to be written."""
        sections = [s for s in self.sections[:3] if "@" not in s.kinds or len(self.sections) == 1]
        if not sections:
            return _Section((("general", ""),), None, is_known=True), True
        if any(section.condition for section in sections):
            for section in sections[:-1] if len(sections) > 1 else sections:
                if section.condition and _HOLDS[section.condition[0]](number, section.condition[1]):
                    return section, True
            return (sections[-1], True) if len(sections) > 1 else (None, True)
        if number < 0 and len(sections) > 1:
            return sections[1], False
        if number == 0 and len(sections) > 2:
            return sections[2], False
        return sections[0], True


@lru_cache(maxsize=512)
def number_format(code: str) -> NumberFormat:
    """Take a number format apart.

    Parameters
    ----------
    code : str
        As files hold it, such as ``"ZR"000;[Red]-0``.

    Returns
    -------
    NumberFormat
    """
    sections: list[_Section] = []
    tokens: list[tuple[str, str]] = []
    condition: tuple[str, Decimal] | None = None
    is_known = True
    for match in _TOKEN.finditer(code):
        kind, text = str(match.lastgroup), match[str(match.lastgroup)]
        if kind == "other" and text == ";":
            sections.append(_Section(tuple(tokens), condition, is_known))
            tokens, condition, is_known = [], None, True
        elif kind == "bracket":
            found = _CONDITION.fullmatch(text)
            if found:
                condition = found[1], Decimal(found[2])
            elif text.startswith("$"):
                tokens.append(("text", text[1:].split("-")[0]))
            elif not _COLOUR.fullmatch(text):
                is_known = False
        elif kind == "gap":
            tokens.append(("gap", " "))
        elif kind != "fill":
            name = {"mark": text, "quoted": "text", "escaped": "text", "other": "text"}.get(kind, kind)
            tokens.append((name, text))
    return NumberFormat(code, (*sections, _Section(tuple(tokens), condition, is_known))[:4])


def _shown(section: _Section, number: Decimal) -> str | None:
    """Write a number that is not negative as a section says."""
    if {"general", "@"} & section.kinds:
        plain = format(number.normalize(), "f")
        return "".join(plain if kind in ("general", "@") else text for kind, text in section.tokens)
    whole, behind = section.split
    if "exponent" in section.kinds:
        return _scientific(section, number)
    if "%" in section.kinds:
        number *= 100
    if not any(kind == "digit" for kind, _ in section.tokens):
        return "".join(text for _, text in section.tokens)
    places = sum(kind == "digit" for kind, _ in behind)
    number = number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    digits, _, decimals = format(number, "f").partition(".")
    before = _whole_part(whole, "" if digits == "0" else digits)
    if before is None or any(kind == "," for kind, _ in behind):
        return None
    return before + (_decimals(behind, decimals) if len(whole) < len(section.tokens) else "")


def _whole_part(tokens: list[tuple[str, str]], digits: str) -> str | None:
    """Give the digits to their places from the right; what is left over stands at the first place."""
    at = [i for i, (kind, _) in enumerate(tokens) if kind == "digit"]
    commas = [i for i, (kind, _) in enumerate(tokens) if kind == ","]
    if commas and (not at or commas[-1] > at[-1] or any(k == "text" for k, _ in tokens[at[0] : at[-1]])):
        return None  # a comma behind the digits counts in thousands
    parts: list[str] = []
    count = 0
    for i in range(len(tokens) - 1, -1, -1):
        kind, text = tokens[i]
        if kind == ",":
            continue
        if kind != "digit":
            parts.append(text)
            continue
        last = i == at[0]
        taken, digits = (digits, "") if last else (digits[-1:], digits[:-1])
        for digit in reversed(taken) if taken else {"0": "0", "?": " "}.get(text, ""):
            if commas and count and count % 3 == 0 and digit != " ":
                parts.append(",")
            parts.append(digit)
            count += 1
    return "".join(reversed(parts))


def _decimals(tokens: list[tuple[str, str]], decimals: str) -> str:
    least = max((n for n, t in enumerate([t for k, t in tokens if k == "digit"], 1) if t == "0"), default=0)
    kept = decimals.rstrip("0").ljust(least, "0")
    parts, at = ["."], 0
    for kind, text in tokens:
        parts.append(kept[at : at + 1] if kind == "digit" else text)
        at += kind == "digit"
    return "".join(parts)


def _scientific(section: _Section, number: Decimal) -> str | None:
    """Write ``1.31E+05``; only with one digit before the point."""
    at = next(i for i, (kind, _) in enumerate(section.tokens) if kind == "exponent")
    mantissa, power = section.tokens[:at], section.tokens[at + 1 :]
    places = [kind for kind, _ in mantissa if kind in ("digit", ".")]
    if places[:2] not in (["digit"], ["digit", "."]) or {k for k, _ in (*mantissa, *power)} - {
        "digit", ".", "gap",
    }:  # fmt: skip
        return None
    digits = places.count("digit") - 1
    value, _, exponent = f"{number:.{digits}E}".partition("E")
    if float(value) == 0:
        exponent = "0"
    sign = "-" if int(exponent) < 0 else ("+" if section.tokens[at][1][1] == "+" else "")
    width = sum(kind == "digit" for kind, _ in power)
    return f"{value}E{sign}{str(abs(int(exponent))).zfill(width)}"


def tell_lost_digits(
    table: pd.DataFrame,
    path: Path,
    report: ReadReport,
    spec: LayerSpec | None,
    *,
    scientific: bool = True,
) -> pd.DataFrame:
    """Tell the codes of which a spreadsheet has lost digits before it wrote them as text.

    Parameters
    ----------
    table : DataFrame
        Of str.
    path : Path
        Named in remarks.
    report : ReadReport
        Told, in ``digits_lost``, by column and row what stands there as ``1.30703E+14``; and in
        ``digits_doubtful`` the columns of codes of 16 digits and more that all end in 0 after the 15th, as
        when a spreadsheet has rounded them.
    spec : LayerSpec, optional
        Whose numbers may be written so.
    scientific : bool, default True
        Whether the file has ``E+`` anywhere.

    Returns
    -------
    DataFrame
        Where all digits are there (``1.30703005001001E+14``), they are written out; the rest stays.

    Examples
    --------
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> from zjk_gis.io import ReadReport
    >>> report = ReadReport()
    >>> codes = pd.DataFrame({"code": ["1.30703E+14", "1.30703005001001E+14", "7"]}, dtype="str")
    >>> tell_lost_digits(codes, Path("a.csv"), report, None)["code"].tolist()
    ['1.30703E+14', '130703005001001', '7']
    >>> report.digits_lost
    {'code': {0: '1.30703E+14'}}
    """
    lost: dict[str, dict[int, str]] = {}
    doubtful: list[str] = []
    for name in table.columns:
        field = field_of(name, spec) if spec is not None else None
        if field is not None and field.dtype != "text":
            continue
        column = table[name]
        written = column[column.str.contains("[eE][+]", na=False)] if scientific else column[:0]
        parts = written.str.extract(f"^{_SCIENTIFIC}$").dropna(subset=[0])
        if len(parts):
            exponent, known = parts[2].astype(int), parts[1].fillna("").str.len()
            cut = parts.index[(exponent >= _LEAST_EXPONENT) & (known < exponent)]
            whole = parts.index[(exponent >= _LEAST_EXPONENT) & (known == exponent)]
            if len(cut):
                lost[name] = {int(at): str(column[at]) for at in cut}
            if len(whole):
                exact = {at: str(int(Decimal(column[at]))) for at in whole}
                table = table.assign(**{name: column.mask(column.index.isin(whole), column.index.map(exact))})
        long = column[column.str.len() >= _LONG]
        if len(long) and long.str.fullmatch(rf"\d{{{_KEPT_DIGITS}}}\d+", na=False).all():
            different = long.unique()
            if len(different) >= _ENOUGH and long.str.fullmatch(rf"\d{{{_KEPT_DIGITS}}}0+", na=False).all():
                doubtful.append(name)
    for name, cells in lost.items():
        report.remarks.append(
            tr(
                "{name}: {cells_count} values of {name_2} are written like 1.30703E+14 and have lost "
                "digits ({rows}); get them again as text",
                name=path.name,
                cells_count=len(cells),
                name_2=name,
                rows=name_rows(cells),
            )
        )
    for name in doubtful:
        report.remarks.append(
            tr(
                "{name}: all long codes of {name_2} end in 0 after their 15th digit, as when a "
                "spreadsheet has rounded them; compare them with the source",
                name=path.name,
                name_2=name,
            )
        )
    report.digits_lost, report.digits_doubtful = lost, doubtful
    return table
