"""What a person reads above and in the columns of a file: titles for names, words for coded values.

Files for people (.csv, .xlsx) have Chinese headings and values, or the library's English names. What the
library itself added, and what the catalogue of layers defines, is translated; a source's own columns pass as
they came:

1. A column of an answer (`zjk_gis.layers.results`) gets its heading, and its coded values become words.
2. A column of the layer whose codes the table holds gets the title of its field; its values are the source's.
3. Any other column stays. If it has the heading of one of 1 or 2, it is kept under ``<heading>(原记录)``.

An answer is known by its key columns, and if these are coded, by what they hold; so a file that was written
so is read back under the English names (`unheaded`), and a file of others is left alone.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pandas as pd

from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.labels import check_language, label
from zjk_gis.layers.results import CODED, RESULTS, results_in, spec_in
from zjk_gis.words import language

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from zjk_gis.layers.labels import Language
    from zjk_gis.layers.spec import LayerSpec

__all__ = [
    "RECORDED",
    "headed",
    "heading",
    "headings_of",
    "names_beside",
    "rejects_headings",
    "results_of",
    "settled",
    "unheaded",
    "word",
    "worded",
]

RECORDED = {"zh": "(原记录)", "en": " (recorded)"}
_PREFIXES = {"grid_": "unit_grids", "section_": "road_sections"}  # of answers from a second layer
_KEPT = "_recorded"


def settled(headings: str | None) -> Language:
    """Return the language of headings that is asked for, or else that of the process.

    Raises
    ------
    InputError
        If the library does not speak it.

    Examples
    --------
    >>> settled("zh")
    'zh'
    """
    if headings is None:
        return language()
    check_language(headings)
    return "zh" if headings == "zh" else "en"


def heading(name: str, lang: Language, spec: LayerSpec | None = None) -> str:
    """Return the heading of a column, also of one that a second layer or an earlier run has added.

    Parameters
    ----------
    name : str
    lang : {"zh", "en"}
    spec : LayerSpec, optional
        The layer that the column belongs to, as several have a `state`.

    Returns
    -------
    str

    Examples
    --------
    >>> heading("distance_m", "zh"), heading("grid_distance_m", "zh"), heading("zone_code_recorded", "zh")
    ('距离(m)', '单元网格距离(m)', '责任区编码(原记录)')
    """
    title = label(name, lang, unit=True)
    if lang == "zh" and spec is not None and name in {field.name for field in spec.fields}:
        return spec.field(name).title + title.removeprefix(label(name, lang))
    if lang == "zh" and name in CATALOGUE and title == CATALOGUE[name].title:
        return title + "数"  # a column of that name counts what the layer holds
    if title != name:
        return title
    if name.endswith(_KEPT):
        return heading(name.removesuffix(_KEPT), lang, spec) + RECORDED[lang]
    for prefix, layer in _PREFIXES.items():
        rest = name.removeprefix(prefix)
        if rest != name and label(rest) != rest:  # a word the library knows has a Chinese label
            between = "" if lang == "zh" else ": "
            return label(layer, lang) + between + label(rest, lang, unit=True)
    return name


def word(value: str, column: str) -> str:
    """Say a coded value in Chinese; several stand with semicolons between them, a count behind its word.

    Examples
    --------
    >>> word("border", "found"), word("swapped_axes;gcj02", "position_fix"), word("东区", "found")
    ('边界', '经纬度颠倒;疑为 GCJ-02 坐标', '东区')
    """
    return _said(value, _words(column))


def worded(values: pd.Series, column: str) -> pd.Series:
    """Say the values of an answer's column in Chinese: codes as words, True and False as 是 and 否.

    Examples
    --------
    >>> worded(pd.Series([True, False]), "ambiguous").tolist()
    ['是', '否']
    """
    if column in CODED:
        return _each(values, lambda value: _said(value, _words(column)))
    present = values.dropna()
    if len(present) and pd.api.types.infer_dtype(present) == "boolean":
        return values.astype(object).map({True: label("yes"), False: label("no")}).astype("str")
    return values


def headings_of(columns: Sequence[str], table: pd.DataFrame | None = None) -> dict[str, str]:
    """Return the Chinese headings of the columns that the library knows.

    Parameters
    ----------
    columns : sequence of str
    table : DataFrame, optional
        By whose values an answer is told from a table of others; without it names alone decide.

    Examples
    --------
    >>> headings_of(["gap_code", "area_m2", "my_own"])
    {'gap_code': '空白编号', 'area_m2': '面积(m²)'}
    """
    spec = spec_in(columns)
    own = {} if spec is None else {field.name: heading(field.name, "zh", spec) for field in spec.fields}
    own |= _answers(columns, table)
    kept = {f"{name}{_KEPT}": f"{title}{RECORDED['zh']}" for name, title in own.items()}
    return {name: (kept | own)[name] for name in columns if name in kept or name in own}


def results_of(columns: Sequence[str], table: pd.DataFrame | None = None) -> list[str]:
    """Return the columns of a table that belong to an answer of the library; see `headings_of`.

    Examples
    --------
    >>> table = pd.DataFrame({"found": ["in the park"], "reason": ["a walk"], "level": ["high"]})
    >>> results_of(["found", "reason", "level"], table), results_of(["found", "reason", "level"])
    ([], ['found', 'reason', 'level'])
    """
    return [name for name in columns if name in _answers(columns, table)]


def _answers(columns: Sequence[str], table: pd.DataFrame | None) -> dict[str, str]:
    """Return the columns of the answers that a table is, with their headings."""
    known: dict[str, str] = {}
    for name in results_in(columns):
        result = RESULTS[name]
        if table is None or _holds(table, result.keys, {key: key for key in columns}, _words):
            known = {each: _title(each, result.keys) for each in result.columns} | known
    return known


def names_beside(
    columns: Iterable[str], added: Iterable[str], lang: Language
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the names that a source's columns give way to, and the headings of those added to them.

    Parameters
    ----------
    columns : iterable of str
        Of the source; they pass as they came, but for those that an added one has the name or heading of.
    added : iterable of str
    lang : {"zh", "en"}

    Returns
    -------
    renamed, headings : dict of str to str

    Examples
    --------
    >>> names_beside(["案件编号", "判定方式"], ["found"], "zh")
    ({'判定方式': '判定方式(原记录)'}, {'found': '判定方式'})
    >>> names_beside(["code", "found"], ["found"], "en")
    ({'found': 'found_recorded'}, {'found': 'found'})
    """
    columns, added = list(columns), list(added)
    titles = {name: heading(name, "zh") if lang == "zh" and _is_answer(name) else name for name in added}
    mark, earlier = (RECORDED["zh"], "(更早)") if lang == "zh" else (_KEPT, "_earlier")
    taken = {*columns, *added, *titles.values()}
    renamed: dict[str, str] = {}
    for name in columns:
        title = titles.get(name) or (name if name in titles.values() else None)
        if title is not None:
            other = title + (_KEPT if title in added else mark)
            while other in taken:
                other += earlier
            renamed[name] = other
            taken.add(other)
    return renamed, titles


def rejects_headings(lang: Language) -> tuple[str, str]:
    """Return the headings of the row number and the reason beside rows that are set aside.

    Examples
    --------
    >>> rejects_headings("zh"), rejects_headings("en")
    (('行号', '未采用原因'), ('row_number', 'why'))
    """
    number, why = RESULTS["rejects"].keys
    return (heading(number, lang), heading(why, lang)) if lang == "zh" else (number, why)


def headed(table: pd.DataFrame, lang: Language) -> pd.DataFrame:
    """Give a table the headings and words that a person reads; with English ones it stays as it is.

    Parameters
    ----------
    table : DataFrame
        With the library's names; see the rules above.
    lang : {"zh", "en"}

    Examples
    --------
    >>> table = pd.DataFrame({"gap_code": ["G1"], "kind": ["hole"], "area_m2": [1.0], "state": ["new"]})
    >>> headed(table, "zh").to_dict("list")
    {'空白编号': ['G1'], '类型': ['空洞'], '面积(m²)': [1.0], 'state': ['new']}
    """
    if lang == "en":
        return table
    names = list(map(str, table.columns))
    titles = headings_of(names, table)
    if not titles:
        return table
    answers = set(results_of(names, table))
    made: list[str] = []
    taken = {title for name, title in titles.items()}
    result = table.copy(deep=False)
    for at, name in enumerate(names):
        title = titles.get(name, name)
        if name in titles and title not in made:
            if name in answers:
                result.isetitem(at, worded(table.iloc[:, at], name).array)
        elif name in titles:
            title = name  # two fields of one title: the second keeps the name that is surely its own
        elif title in taken:
            title += RECORDED["zh"]
        while title in made:
            title += "_"
        made.append(title)
    result.columns = pd.Index(made)
    return result


def unheaded(table: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Give a table that was written with Chinese headings the library's names and values again.

    Parameters
    ----------
    table : DataFrame
        As it was read. One that is not an answer of the library stays as it is.

    Returns
    -------
    table : DataFrame
    renamed : dict of str to str
        The headings, and the names that they became.

    Examples
    --------
    >>> table = pd.DataFrame({"编号": [1], "判定方式": ["边界"], "原因": ["边界共有"], "待确认归属": ["是"]})
    >>> unheaded(table)[0].to_dict("list")
    {'编号': [1], 'found': ['border'], 'reason': ['shared_border'], 'ambiguous': ['True']}
    """
    columns = [name for name in table.columns if isinstance(name, str)]
    if not table.columns.is_unique or not (set(columns) & _first_headings()):
        return table, {}
    names: dict[str, str] = {}
    for result in RESULTS.values():
        titles = {name: _title(name, result.keys) for name in result.columns}
        where = {name: title for name, title in titles.items() if title in columns}
        if set(result.keys) <= set(where) and _holds(table, result.keys, where, _meanings):
            names |= {title: name for name, title in where.items() if title not in names}
            spec = spec_in(result.keys)
            for field in () if spec is None else spec.fields:
                names.setdefault(heading(field.name, "zh", spec), field.name)
    marked = {f"{title}{RECORDED['zh']}": f"{name}{_KEPT}" for title, name in names.items()}
    names = {title: name for title, name in (names | marked).items() if title in columns}
    names = {title: name for title, name in names.items() if name not in columns and title != name}
    if not names:
        return table, {}
    back = table.copy(deep=False)
    for title, name in names.items():
        back[title] = _read_back(table[title], name)
    back = back.rename(columns=names)
    back.attrs = dict(table.attrs)
    return back, names


def _read_back(values: pd.Series, name: str) -> pd.Series:
    if name in CODED:
        return _each(values, lambda value: _said(value, _meanings(name)))
    truths = {label("yes"): "True", label("no"): "False"}
    present = values.dropna()
    if len(present) and present.isin(list(truths)).all():
        return _each(values, lambda value: truths[value])
    return values


def _each(values: pd.Series, said: Callable[[str], str]) -> pd.Series:
    """Say each different text once."""
    known = {value: said(value) for value in values.dropna().unique() if isinstance(value, str)}
    if not known or all(value == text for value, text in known.items()):
        return values
    return values.map(lambda value: known.get(value, value), na_action="ignore").astype(values.dtype)


def _said(value: str, words: Mapping[str, str]) -> str:
    if value in words:
        return words[value]
    parts = value.split(";")
    if len(parts) > 1:
        return ";".join(_said(part, words) for part in parts)
    first, _, count = value.rpartition(" ")
    return f"{words[first]} {count}" if first in words and count.isdecimal() else value


def _holds(
    table: pd.DataFrame,
    keys: Iterable[str],
    where: Mapping[str, str],
    known: Callable[[str], Mapping[str, str]],
) -> bool:
    """Tell whether the coded ones of key columns hold nothing but words that they may."""
    for key in keys:
        if key in CODED and key in where:
            column = table.loc[:, where[key]]
            values = (column if isinstance(column, pd.Series) else column.iloc[:, 0]).dropna().unique()
            if not all(isinstance(value, str) and (value == "" or value in known(key)) for value in values):
                return False
    return True


@cache
def _words(column: str) -> dict[str, str]:
    return {each: label(each, "zh") for each in CODED[column]}


@cache
def _meanings(column: str) -> dict[str, str]:
    return {text: each for each, text in _words(column).items()}


@cache
def _title(name: str, keys: tuple[str, ...]) -> str:
    """Return the heading under which a column of an answer was written."""
    spec = spec_in(keys)
    return heading(name, "zh", spec)


@cache
def _first_headings() -> frozenset[str]:
    return frozenset(_title(result.keys[0], result.keys) for result in RESULTS.values())


@cache
def _is_answer(name: str) -> bool:
    return any(name in result.columns for result in RESULTS.values())
