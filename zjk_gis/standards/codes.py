"""Codes taken apart, checked and continued: a million in about a second."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.standards.names import names_of
from zjk_gis.standards.schemes import scheme_of
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from zjk_gis.standards.names import Names
    from zjk_gis.standards.rules import Overrides
    from zjk_gis.standards.schemes import CodeScheme
    from zjk_gis.words import Language

__all__ = ["check_codes", "describe", "next_codes", "parse_codes"]

_ZERO = ord("0")
_SHOWN = 5
_SCIENTIFIC = re.compile(r"([0-9](?:\.[0-9]*)?)[eE][+]?[0-9]{1,2}")
_PREFIXES = (("district", 6), ("street", 9), ("community", 12))
# In the words of the catalogue of sentences.
_TITLES = {
    "survey": "the marks of pipe features",
    "pipe_class": "the classes of pipe",
    "feature_kind": "the kinds of feature",
    "point_kind": "the kinds of point",
}
_LENGTHS = {"unknown_district": 6, "unchecked_district": 6, "retired_district": 6}
_LENGTHS |= {"unknown_street": 9, "unknown_community": 12}


class _Digits:
    """Codes as a matrix of digits, and which of them are whole."""

    def __init__(self, codes: pd.Series | Sequence[Any] | NDArray[Any], scheme: CodeScheme) -> None:
        import pandas as pd

        values = pd.Series(codes)
        text = values.astype("str").str.strip()
        if not isinstance(values.dtype, pd.StringDtype):  # a column with gaps turns whole numbers into these
            text = text.str.replace(r"^([0-9]{1,15})\.0$", r"\1", regex=True)
        self.missing = (text.isna() | (text == "").fillna(value=True)).to_numpy(dtype=bool)
        self.text = text.mask(self.missing).to_numpy(dtype=object, na_value="")
        width = scheme.digits + 1
        letters = np.array(self.text, dtype=f"U{width}").view(np.uint32).reshape(len(text), width)
        used = letters != 0
        self.length = used.sum(axis=1)
        figures = (letters >= _ZERO) & (letters <= _ZERO + 9)
        broken = (~used[:, :-1] & used[:, 1:]).any(axis=1)  # a NUL amid the digits is not an end
        self.figures = (figures | ~used).all(axis=1) & ~broken
        self.whole = ~self.missing & self.figures & (self.length == scheme.digits)
        self._values = letters[:, :-1].astype(np.int64) - _ZERO

    def number(self, begin: int, end: int) -> NDArray[np.int64]:
        """Read some of the digits as numbers (meaningless where a code is not whole)."""
        powers = 10 ** np.arange(end - begin - 1, -1, -1, dtype=np.int64)
        numbers: NDArray[np.int64] = self._values[:, begin:end] @ powers
        return numbers


@checked
def parse_codes(codes: pd.Series | Sequence[Any] | NDArray[Any], scheme: str | CodeScheme) -> pd.DataFrame:
    """Take codes apart: what each run of digits says.

    Parameters
    ----------
    codes : Series or sequence of str, n
    scheme : str
        A name in ``zjk_gis.standards.SCHEMES``: ``district``, ``street``, ``community``, ``unit_grid``,
        ``part``, ``part_2_3_5``, ``monitor``, ``community_grid`` or ``pipe_feature``.

    Returns
    -------
    DataFrame, n rows
        One column of text a part, such as ``district``, ``street``, ``community`` and ``sequence``; missing
        where a code has not the right number of digits. A Series keeps its index.

    Raises
    ------
    InputError
        If there is no such scheme.

    Examples
    --------
    >>> parse_codes(["130703005001012", "13070300500101"], "unit_grid").to_numpy().tolist()
    [['130703', '005', '001', '012'], [nan, nan, nan, nan]]
    """
    import pandas as pd

    scheme = scheme_of(scheme)
    digits = _Digits(codes, scheme)
    text = pd.Series(digits.text, dtype="str").where(digits.whole)
    columns, begin = {}, 0
    for part in scheme.parts:
        columns[part.name] = text.str[begin : begin + part.digits]
        begin += part.digits
    parsed = pd.DataFrame(columns)
    if isinstance(codes, pd.Series):
        parsed.index = codes.index
    return parsed


@checked
def check_codes(
    codes: pd.Series | Sequence[Any] | NDArray[Any],
    scheme: str | CodeScheme,
    *,
    tables: Overrides | None = None,
    lang: Language = "zh",
) -> pd.DataFrame:
    """List the codes that are not as their scheme and the tables of places and classes say.

    Parameters
    ----------
    codes : Series or sequence of str, n
        Missing ones are passed over.
    scheme : str
        A name in ``zjk_gis.standards.SCHEMES`` (see `parse_codes`).
    tables : mapping of str to DataFrame, str or Path, optional
        Your own rows of the tables (see `rules_table`).
    lang : {"zh", "en"}, default "zh"
        The language of the messages.

    Returns
    -------
    DataFrame
        One row a problem, in the order of the codes:

        - ``at`` (int64): the position of the code, from 0
        - ``code`` (text)
        - ``rule`` (text): ``wrong_length``, ``not_digits``, ``zero_sequence``, ``unknown_district``,
          ``unknown_street``, ``unknown_feature`` (errors); ``retired_district``, ``unchecked_district``,
          ``unknown_community``, ``unknown_part_class`` (warnings)
        - ``severity`` (text): ``error`` or ``warning``
        - ``message`` (text): which digits, what they should be

    Raises
    ------
    InputError
        If there is no such scheme.

    Notes
    -----
    New communities are founded and cities extend the part classes, so that an unknown one is a warning; a
    street that is not in its district is an error. A district of another city is not checked: its streets
    are not in the tables unless you add them.

    Examples
    --------
    >>> check_codes(["130703005001001", "130721005001001", "130703099001000"], "unit_grid")[["at", "rule"]]
       at              rule
    0   1  retired_district
    1   2    unknown_street
    2   2     zero_sequence
    """
    import pandas as pd

    scheme = scheme_of(scheme)
    digits = _Digits(codes, scheme)
    names = names_of(tables)
    found: list[tuple[NDArray[np.int64], str, str, NDArray[np.object_] | str]] = []

    def add(wrong: NDArray[np.bool_], rule: str, severity: str, *, key: NDArray[Any] | None = None) -> None:
        at = np.flatnonzero(wrong)
        if not len(at):
            return
        if key is None:
            found.append((at, rule, severity, describe(rule, "", scheme, names, lang)))
            return
        distinct, inverse = np.unique(key[at], return_inverse=True)
        words = [describe(rule, each, scheme, names, lang) for each in distinct.tolist()]
        found.append((at, rule, severity, np.array(words, dtype=object)[inverse]))

    present = ~digits.missing
    add(present & ~digits.figures, "not_digits", "error")
    wrong_length = present & digits.figures & (digits.length != scheme.digits)
    longest = np.minimum(digits.length, scheme.digits + 1)
    add(wrong_length, "wrong_length", "error", key=longest)
    _check_places(add, digits, scheme, names)
    _check_classes(add, digits, scheme, names)
    sequence = scheme.span("sequence")
    if sequence is not None:
        add(digits.whole & (digits.number(*sequence) == 0), "zero_sequence", "error")
    at = np.concatenate([each[0] for each in found]) if found else np.empty(0, dtype=np.int64)
    order = np.argsort(at, kind="stable")
    columns: dict[str, Any] = {"at": at, "code": digits.text[at]}
    for name, place in (("rule", 1), ("severity", 2), ("message", 3)):
        parts = [np.broadcast_to(np.asarray(each[place], dtype=object), len(each[0])) for each in found]
        columns[name] = np.concatenate(parts) if parts else np.empty(0, dtype=object)
    table = pd.DataFrame(columns).iloc[order].reset_index(drop=True)
    return table.astype(dict.fromkeys(("code", "rule", "severity", "message"), "str"))


def _check_places(add: Any, digits: _Digits, scheme: CodeScheme, names: Names) -> None:
    """Look the district up, and within a known one the street, and within that the community."""
    span = scheme.span("district")
    if span is None:
        return
    begin = span[0]
    district = digits.number(begin, begin + 6)
    known = np.isin(district, _numbers(names.of_length(6)))
    retired = digits.whole & ~known & np.isin(district, _numbers(names.changes))
    cities = np.unique(_numbers(names.of_length(6)) // 100)
    strange = digits.whole & ~known & ~retired
    here = np.isin(district // 100, cities)
    add(retired, "retired_district", "warning", key=district)
    add(strange & here, "unknown_district", "error", key=district)
    add(strange & ~here, "unchecked_district", "warning", key=district)
    right = digits.whole & known
    for (name, length), severity in zip(_PREFIXES[1:], ("error", "warning"), strict=True):
        if scheme.span(name) is None:
            return
        prefix = digits.number(begin, begin + length)
        listed = np.isin(prefix, _numbers(names.of_length(length)))
        add(right & ~listed, f"unknown_{name}", severity, key=prefix)
        right &= listed


def _check_classes(add: Any, digits: _Digits, scheme: CodeScheme, names: Names) -> None:
    major, minor = scheme.span("major"), scheme.span("minor")
    if major is not None and minor is not None:
        whole = minor[1] - minor[0] == 2  # the table holds classes of two digits
        code = digits.number(major[0], minor[1] if whole else major[1])
        known = np.isin(code, _numbers(names.parts if whole else names.majors))
        add(digits.whole & ~known, "unknown_part_class", "warning", key=code)
    for name, listed in (
        ("survey", {"5"}),
        ("pipe_class", names.pipe_classes),
        ("feature_kind", names.feature_kinds),
    ):
        span = scheme.span(name)
        if span is not None:
            value = digits.number(*span)
            wrong = digits.whole & ~np.isin(value, _numbers(listed))
            add(wrong, "unknown_feature", "error", key=np.char.add(f"{name} ", value.astype("U2")))
    kind, point = scheme.span("feature_kind"), scheme.span("point_kind")
    if kind is not None and point is not None:
        value = digits.number(*point)
        wrong = digits.whole & (digits.number(*kind) == 2) & ~np.isin(value, _numbers(names.point_kinds))
        add(wrong, "unknown_feature", "error", key=np.char.add("point_kind ", value.astype("U2")))


def _numbers(codes: Iterable[str]) -> NDArray[np.int64]:
    return np.array([int(code) for code in codes if code.isascii() and code.isdigit()], dtype=np.int64)


@checked
def next_codes(
    existing: pd.Series | Sequence[Any] | NDArray[Any],
    count: int = 1,
    *,
    scheme: str | CodeScheme,
    prefix: str,
    retired: pd.Series | Sequence[Any] | NDArray[Any] = (),
) -> list[str]:
    """Give out the next codes of a community, or of a district's class of parts.

    Parameters
    ----------
    existing : Series or sequence of str
        All codes given out so far, in any order; those of another prefix are passed over. Whole numbers of up
        to 15 digits will do.
    count : int, default 1
        How many are wanted.
    scheme : str
        Such as ``unit_grid`` or ``part``.
    prefix : str
        The digits before the sequence number: for a unit grid its community (12 digits), for a part its
        district and class (10 digits).
    retired : Series or sequence of str
        Codes that were given out once and are void: they are never used again.

    Returns
    -------
    list of str
        `count` codes, counting on from the highest ever given out.

    Raises
    ------
    InputError
        If the scheme has no sequence number, `count` is negative, the prefix is not as it must be, or the
        sequence numbers do not reach; the message says how many are left. Also if a code that was given out
        seems to be of this prefix and cannot be read (``1.30703E+14``, a digit lost): its number would come
        again.

    Notes
    -----
    Retired codes are void and never reused (GB/T 30428.1, as implemented [S, M]); neither are gaps, as nobody
    can know whether a gap was given out once. Sequences begin with 1; overflow is an error [S].

    Examples
    --------
    >>> next_codes(["130703005001001", "130703005001004"], 2, scheme="unit_grid", prefix="130703005001")
    ['130703005001005', '130703005001006']
    """
    scheme = scheme_of(scheme)
    span = scheme.span("sequence")
    if span is None or scheme.name == "pipe_feature":
        raise InputError(
            tr("{name} codes are listed, not counted on; take them from their table", name=scheme.name)
        )
    if not (prefix.isascii() and prefix.isdigit() and len(prefix) == span[0]):
        raise InputError(
            tr(
                "prefix={prefix!r} must be the first {span} digits of a {name} code",
                prefix=prefix,
                span=span[0],
                name=scheme.name,
            )
        )
    if count < 0:
        raise InputError(tr("count={count} must not be negative", count=count))
    highest = 0
    for codes in (existing, retired):
        if len(codes):
            digits = _Digits(codes, scheme)
            _refuse_unreadable(digits, scheme, prefix)
            own = digits.whole & (digits.number(0, span[0]) == int(prefix))
            highest = max(highest, int(digits.number(*span)[own].max(initial=0)))
    most = 10 ** (span[1] - span[0]) - 1
    if highest + count > most:
        raise InputError(
            tr(
                "{prefix} has {most} sequence numbers left, fewer than the {count} wanted: the "
                "highest given out is {highest} of {most_2}; divide the community, or ask for "
                "another prefix",
                prefix=prefix,
                most=most - highest,
                count=count,
                highest=highest,
                most_2=most,
            )
        )
    width = span[1] - span[0]
    return [f"{prefix}{number:0{width}d}" for number in range(highest + 1, highest + count + 1)]


def _refuse_unreadable(digits: _Digits, scheme: CodeScheme, prefix: str) -> None:
    """Refuse to count on from codes that may be of the prefix, and whose number nobody can read."""
    texts = sorted(set(digits.text[~digits.whole & ~digits.missing].tolist()))
    unreadable = [text for text in texts if _may_begin_with(text, prefix)]
    if unreadable:
        shown = ", ".join(map(repr, unreadable[:_SHOWN])) + (", ..." if len(unreadable) > _SHOWN else "")
        raise InputError(
            tr(
                "{unreadable_count} codes given out may be of {prefix} and are no {name} codes of "
                "{digits} digits: {shown}; put them right first, or a number could come again",
                unreadable_count=len(unreadable),
                prefix=prefix,
                name=scheme.name,
                digits=scheme.digits,
                shown=shown,
            )
        )


def _may_begin_with(text: str, prefix: str) -> bool:
    """Tell whether a damaged code has the first digits of a prefix, as far as it has any."""
    plain = unicodedata.normalize("NFKC", text)
    rounded = _SCIENTIFIC.fullmatch(plain)
    figures = re.sub(r"[^0-9]", "", plain if rounded is None else rounded[1])
    shared = min(len(figures), len(prefix))
    least = 1 if rounded is not None else _PREFIXES[0][1]  # what is shorter names not even a district
    return shared >= least and figures[:shared] == prefix[:shared]


def describe(rule: str, key: object, scheme: CodeScheme, names: Names, lang: Language) -> str:
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
        told = tr("sequence numbers begin with 1", lang=lang)
    elif rule == "unknown_part_class":
        first, last = scheme.span("major"), scheme.span("minor")
        width = 4 if first and last and last[1] - last[0] == 2 else 2
        begin, end = _digits_of("major", scheme)[0], _digits_of("major", scheme)[0] + width - 1
        value = str(key).zfill(width)
        told = tr(
            "{value} is not in the table of part classes; add local ones with tables=", value=value, lang=lang
        )
    elif rule == "unknown_feature":
        name, value = str(key).split()
        begin, end = _digits_of(name, scheme)
        title = tr(_TITLES[name], lang=lang)
        told = tr("{value} is not among {title}", value=value, title=title, lang=lang)
    else:
        told = tr("holds something that is not a digit", lang=lang)
    return f"{_span_words(begin, end, lang)}{told}"


def _length(length: int, scheme: CodeScheme, lang: Language) -> str:
    if length > scheme.digits:
        told = tr("has more than {digits} digits", digits=scheme.digits, lang=lang)
    else:
        told = tr(
            "has {length} digits, not {digits}; a spreadsheet may have cut leading zeros",
            length=length,
            digits=scheme.digits,
            lang=lang,
        )
    return told


def _place(rule: str, code: str, scheme: CodeScheme, names: Names, lang: Language) -> str:
    offset = (scheme.span("district") or (0, 0))[0]
    begin = {6: 1, 9: 7, 12: 10}[len(code)]
    words = _span_words(begin + offset, len(code) + offset, lang)
    if rule == "retired_district":
        old, new_code, new, year = names.changes[code]
        told = tr(
            "{code} {old} became {new_code} {new} in {year}",
            code=code,
            old=old,
            new_code=new_code,
            new=new,
            year=year,
            lang=lang,
        )
    elif rule == "unchecked_district":
        told = tr(
            "the tables hold nothing of city {code}, so it is not checked; add it with tables=",
            code=code[:4],
            lang=lang,
        )
    elif rule == "unknown_district":
        told = tr("there is no district {code}", code=code, lang=lang)
    else:
        parent, own = code[:-3], code[-3:]
        place = names.places[parent]
        if len(code) == 9:
            told = tr("{parent} {place} has no street {own}", parent=parent, place=place, own=own, lang=lang)
        else:
            told = tr(
                "{parent} {place} has no community {own}", parent=parent, place=place, own=own, lang=lang
            )
    return f"{words}{told}"


def _digits_of(name: str, scheme: CodeScheme) -> tuple[int, int]:
    """Return the first and last digit of a part, counted from 1."""
    span = scheme.span(name) or (0, scheme.digits)
    return span[0] + 1, span[1]


def _span_words(begin: int, end: int, lang: Language) -> str:
    if end > begin:
        return tr("digits {begin}-{end}: ", begin=begin, end=end, lang=lang)
    return tr("digit {begin}: ", begin=begin, lang=lang)
