"""What is wrong with a code, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from zjk_gis.standards.names import Names
    from zjk_gis.standards.schemes import CodeScheme

__all__ = ["describe"]

_TITLES = {
    "survey": ("管线要素标志", "the mark of pipe features"),
    "pipe_class": ("管线大类", "the class of pipe"),
    "feature_kind": ("要素类型", "the kind of feature"),
    "point_kind": ("点类型", "the kind of point"),
}
_LENGTHS = {"unknown_district": 6, "unchecked_district": 6, "retired_district": 6}
_LENGTHS |= {"unknown_street": 9, "unknown_community": 12}


def describe(rule: str, key: object, scheme: CodeScheme, names: Names, lang: Literal["zh", "en"]) -> str:
    """Say what is wrong and which digits show it.

    Parameters
    ----------
    rule : str
        Of `check_codes`.
    key : object
        What the rule is about: a length, the leading digits or a part's name and value.
    scheme : CodeScheme
    names : Names
    lang : {"zh", "en"}

    Examples
    --------
    >>> from zjk_gis.standards.names import names_of
    >>> from zjk_gis.standards.schemes import SCHEMES
    >>> describe("unknown_street", 130702105, SCHEMES["unit_grid"], names_of(None), "en")
    'digits 7-9: 130702 桥东区 has no street 105'
    """
    if rule == "wrong_length":
        return _length(int(str(key)), scheme, lang)
    if rule in _LENGTHS:
        return _place(rule, str(key).zfill(_LENGTHS[rule]), scheme, names, lang)
    begin, end = 1, scheme.digits
    if rule == "zero_sequence":
        begin, end = _digits_of("sequence", scheme)
        zh, en = "顺序号从 1 开始,不能全为 0", "sequence numbers begin with 1"
    elif rule == "unknown_part_class":
        first, last = scheme.span("major"), scheme.span("minor")
        width = 4 if first and last and last[1] - last[0] == 2 else 2
        begin, end = _digits_of("major", scheme)[0], _digits_of("major", scheme)[0] + width - 1
        value = str(key).zfill(width)
        zh = f"部件分类表中没有 {value};本地扩展的分类请用 tables= 补充"
        en = f"{value} is not in the table of part classes; add local ones with tables="
    elif rule == "unknown_feature":
        name, value = str(key).split()
        begin, end = _digits_of(name, scheme)
        zh, en = f"{_TITLES[name][0]}没有 {value}", f"{value} is none of {_TITLES[name][1]}"
    else:
        zh, en = "含有数字以外的字符", "holds something that is no digit"
    return f"{_span_words(begin, end, lang)}{zh if lang == 'zh' else en}"


def _length(length: int, scheme: CodeScheme, lang: Literal["zh", "en"]) -> str:
    if length > scheme.digits:
        zh, en = f"多于 {scheme.digits} 位", f"has more than {scheme.digits} digits"
    else:
        zh = f"只有 {length} 位,应为 {scheme.digits} 位;电子表格可能去掉了开头的零"
        en = f"has {length} digits, not {scheme.digits}; a spreadsheet may have cut leading zeros"
    return zh if lang == "zh" else en


def _place(rule: str, code: str, scheme: CodeScheme, names: Names, lang: Literal["zh", "en"]) -> str:
    offset = (scheme.span("district") or (0, 0))[0]
    begin = {6: 1, 9: 7, 12: 10}[len(code)]
    words = _span_words(begin + offset, len(code) + offset, lang)
    if rule == "retired_district":
        old, new_code, new, year = names.changes[code]
        zh = f"{code} {old}于 {year} 年改为 {new_code} {new}"
        en = f"{code} {old} became {new_code} {new} in {year}"
    elif rule == "unchecked_district":
        zh = f"区划表中没有 {code[:4]} 这个城市,未核对;请用 tables= 补充"
        en = f"the tables hold nothing of city {code[:4]}, so it is not checked; add it with tables="
    elif rule == "unknown_district":
        zh, en = f"没有区县 {code}", f"there is no district {code}"
    else:
        parent, own = code[:-3], code[-3:]
        kind_zh, kind_en = ("街道", "street") if len(code) == 9 else ("社区", "community")
        zh = f"{parent} {names.places[parent]}没有{kind_zh} {own}"
        en = f"{parent} {names.places[parent]} has no {kind_en} {own}"
    return f"{words}{zh if lang == 'zh' else en}"


def _digits_of(name: str, scheme: CodeScheme) -> tuple[int, int]:
    """Return the first and last digit of a part, counted from 1."""
    span = scheme.span(name) or (0, scheme.digits)
    return span[0] + 1, span[1]


def _span_words(begin: int, end: int, lang: Literal["zh", "en"]) -> str:
    if lang == "zh":
        return f"第 {begin}–{end} 位:" if end > begin else f"第 {begin} 位:"
    return f"digits {begin}-{end}: " if end > begin else f"digit {begin}: "
