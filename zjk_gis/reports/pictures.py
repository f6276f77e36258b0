"""Which charts a table deserves: told from its columns, so that any table of the same columns is drawn."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.errors import MissingColumnError
from zjk_gis.layers.catalogue import CATALOGUE, spec_of
from zjk_gis.layers.columns.values import converted
from zjk_gis.layers.headings import heading
from zjk_gis.layers.labels import label
from zjk_gis.reports.charts import Chart, Series, lorenz, sentence_of
from zjk_gis.reports.columns import columns_of, row_names
from zjk_gis.reports.indicators import found_counts
from zjk_gis.reports.tables import unread_columns, with_numbers
from zjk_gis.reports.telling import amount, plain, share_of
from zjk_gis.responsibility.chiefs import gini
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zjk_gis.layers.labels import Language
    from zjk_gis.reports.charts import Tone
    from zjk_gis.reports.columns import SheetColumn

__all__ = ["bars_asked_for", "charts_of", "drawn_and_said", "suggested", "undrawn_of"]

_MOST_BARS = 12  # of a longer list the first are drawn
_ALL_BARS = 20  # a list no longer than this is drawn whole
_MOST_CHARTS = 6
_LONGEST_EXAMPLE = 40
_MOST_RANKED = 10_000  # rows of a table that is not known: of more, nobody wants the first dozen
_MOST_PANELS = 6
_MOST_MONTHS = 60
_ALL_INCIDENTS = ("assigned", "incidents", "rows_assigned")  # the tables that no other is a part of
_MONTH = re.compile(r"^\d{4}(?:[-/.年]\d{1,2}月?|[-/.]\d{1,2}[-/.]\d{1,2})$")
_AMOUNTS = ("integer", "number", "measure", "share")
_UNITS = {"_m2": "m²", "_m": "m"}
_TONES: dict[str, Tone] = {
    "once": "good", "one": "good", "inside": "good", "several": "doubtful", "border": "doubtful",
    "nearest": "near", "nobody": "bad", "none": "bad", "fallback": "bad", "rejected": "rest",
}  # fmt: skip
_PARTS = ("one", "several", "nobody")
# Numbers that say where a row stands, not how much of anything there is.
_PLACES = frozenset({"rank", "row", "level", "from_m", "to_m"})
_SUMMABLE = frozenset({"area_m2", "length_m", "population", "households", "berths"})
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_STEMS = {"ground": "ground", "road": "roads", "matters": "matters"}
# Why a column that looks like one of amounts is not drawn.
_UNREAD = {
    "percent_and_plain": "{column} is not drawn: some values have a percent sign, others none ({count}, such "
    "as {example})",
    "not_numbers": "{column} is not drawn: {count} values are not numbers, such as {example}",
}


def charts_of(name: str, frame: pd.DataFrame, lang: Language) -> list[Chart]:
    """Choose the charts of a table.

    Parameters
    ----------
    name : str
        The table's, as in `write_page`.
    frame : DataFrame
    lang : {"zh", "en"}

    Returns
    -------
    list of Chart
        At most six; none of an empty table, or of one that has no amounts.

    Notes
    -----
    Figures with their wholes become shares; incidents are drawn by how they were found, by month, by hour
    and weekday, and by class; chiefs as bars and as a Lorenz curve; roads by who answers; findings by kind
    and size. Of any other table each column of amounts is drawn, over months as a line, else as sorted bars.

    Examples
    --------
    >>> table = pd.DataFrame({"社区": ["甲", "乙"], "案件": [3, 12]})
    >>> [(chart.kind, chart.title, chart.names) for chart in charts_of("t", table, "zh")]
    [('bars', 't：案件', ['乙', '甲'])]
    """
    return drawn_and_said(suggested(name, frame, lang), lang)[0]


def drawn_and_said(charts: Sequence[Chart], lang: Language) -> tuple[list[Chart], list[str]]:
    """Part charts that compare something from those of a single bar, which a sentence says better."""
    sentences = [(chart, sentence_of(chart, lang)) for chart in charts]
    return [chart for chart, said in sentences if not said], [said for _, said in sentences if said]


def suggested(name: str, frame: pd.DataFrame, lang: Language) -> list[Chart]:
    """Make the charts of a table, also those of a single bar."""
    if not len(frame):
        return []
    has = set(frame.columns)
    if not _is_known(name, has):
        return _of_any(name, frame, lang) if len(frame) <= _MOST_RANKED else []
    if {"measure", "value", "whole"} <= has:
        return _of_figures(frame, lang)
    charts: list[Chart] = []
    if name in ("ambiguous", "rows_ambiguous"):  # a part of a table that is drawn whole
        return _of_kinds(name, frame["reason"], lang) if "reason" in has else []
    if {"found", "reason"} <= has:
        charts += _of_outcomes(frame, lang, of_incidents=name != "rows_assigned")
    if "occurred_at" in has:
        return charts + _over_time(name, frame, lang)
    if charts:
        return charts
    if {"finding", "rank"} <= has:
        return _of_kinds(name, frame["finding"], lang)
    if {"answer", "length_m"} <= has:
        return _of_roads(name, frame, lang)
    if "chief_code" in has and has & {"incidents", "area_m2"}:
        return _of_chiefs(name, frame, lang)
    return _of_findings(name, frame, lang) if has & {"kind", "reason"} and "area_m2" in has else []


def undrawn_of(name: str, frame: pd.DataFrame, lang: Language) -> list[str]:
    """Tell which columns of a table that is not known look like amounts and are not drawn, and why.

    Examples
    --------
    >>> undrawn_of("t", pd.DataFrame({"社区": ["甲", "乙"], "结案率": ["97%", "0.9"]}), "zh")
    ['「结案率」未画图：有的值带百分号，有的不带（1 个，如「0.9」）']
    """
    if not len(frame) or _is_known(name, set(frame.columns)):
        return []
    if len(frame) > _MOST_RANKED:
        return [tr("more than {most:,} rows, so that nothing is drawn", most=_MOST_RANKED, lang=lang)]
    names, amounts, _ = _names_and_amounts(name, frame, lang)
    told = [
        tr(
            _UNREAD[one.why],
            column=plain(one.name),
            count=one.count,
            example=plain(one.example)[:_LONGEST_EXAMPLE],
            lang=lang,
        )
        for one in unread_columns(_without_shapes(frame))
        if one.name not in _attributes() and (names is None or one.name != names.name)
    ]
    if names is None:
        return told + (
            [tr("no column names the rows, so that nothing is drawn", lang=lang)] if amounts else []
        )
    more = [plain(one.title) for one in amounts[_MOST_CHARTS:]]
    if not more:
        return told
    rest = tr(
        "{count} more columns of numbers are not drawn, from {first} on",
        count=len(more),
        first=more[0],
        lang=lang,
    )
    return [*told, rest]


def _is_known(name: str, has: set[str]) -> bool:
    """Tell whether a table is one of the library's own, which have charts of their own."""
    return (
        name == "ambiguous"
        or any(
            wanted <= has
            for wanted in (
                {"measure", "value", "whole"},
                {"found", "reason"},
                {"occurred_at"},
                {"finding", "rank"},
                {"answer", "length_m"},
            )
        )
        or ("chief_code" in has and bool(has & {"incidents", "area_m2"}))
        or ("area_m2" in has and bool(has & {"kind", "reason"}))
    )


def bars_asked_for(tables: Mapping[str, pd.DataFrame], asked: tuple[str, str, str], lang: Language) -> Chart:
    """Make the bars that a caller asks for: table, column of names, column of lengths.

    Raises
    ------
    MissingColumnError
        If there is no such table or column.
    """
    sheet, names, values = asked
    frame = tables.get(sheet)
    for column in (names, values):
        if frame is None or column not in frame:
            raise MissingColumnError(
                tr("charts: the table {sheet!r} has no column {column!r}", sheet=sheet, column=column)
            )
    assert frame is not None  # noqa: S101  for the type checker: the loop above has refused it
    columns = columns_of(_without_shapes(frame), sheet, lang)
    (named,) = columns_of(_without_shapes(frame[[names]]), sheet, lang)
    (amounts,) = columns_of(with_numbers(_without_shapes(frame[[values]])), sheet, lang)
    title = _titled(_title(sheet, lang), amounts.title, lang)
    return _bars(row_names(named, columns, lang), amounts, title, lang)


def _bars(names: Sequence[str], values: SheetColumn, title: str, lang: Language) -> Chart:
    """Sort by amount, equals by name; what has no data stays, at the end."""
    numbers = [value if isinstance(value, int | float) else None for value in values.cells]
    rows = list(zip(names, numbers, strict=True))
    rows.sort(key=lambda row: (row[1] is None, -(row[1] or 0), row[0]))
    shown = rows if len(rows) <= _ALL_BARS else rows[:_MOST_BARS]
    notes = [
        tr("{count:,} in all", count=len(rows), lang=lang)
        if len(shown) == len(rows)
        else tr("the first {shown} of {count:,}", shown=len(shown), count=len(rows), lang=lang)
    ]
    missing = sum(number is None for number in numbers)
    notes += [tr("{missing:,} without data", missing=missing, lang=lang)] if missing else []
    unit = next((u for ending, u in _UNITS.items() if values.name.endswith(ending)), "")
    return Chart(
        "bars",
        title,
        _joined(notes, lang),
        [name for name, _ in shown],
        [Series(values.title, [number for _, number in shown])],
        unit,
        values.kind,
        is_cut=len(shown) < len(rows),
    )


def _of_figures(frame: pd.DataFrame, lang: Language) -> list[Chart]:
    """Draw each promise's figures as shares of their wholes; parts of one whole in one bar."""
    charts = []
    promises = frame["promise"] if "promise" in frame else pd.Series("", index=frame.index)
    for promise, rows in frame.groupby(promises, sort=False):
        divided: dict[tuple[str, ...], list[tuple[str, str, list[float], list[str]]]] = {}
        known = {str(row["measure"]): row for row in rows.to_dict("records")}
        for stem, endings in (("ground", ("once", "several", "nobody")), ("road", _PARTS),
                              ("matters", ("one", "several", "fallback"))):  # fmt: skip
            parts = [f"{stem}_{ending}" for ending in endings]
            if set(parts) <= set(known):
                labels = ("one", "several", endings[-1] if stem == "matters" else "nobody")
                amounts = [float(known[part]["value"]) for part in parts]
                unit = str(known[parts[0]].get("unit", ""))
                divided.setdefault(labels, []).append(
                    (tr(_STEMS[stem], lang=lang), unit, amounts, list(labels))
                )
                for part in parts:
                    del known[part]
        single: list[tuple[str, str, list[float], list[str]]] = []
        for measure, row in known.items():
            value, whole = float(row["value"]), float(row["whole"])
            if measure != "load_gini" and np.isfinite([value, whole]).all() and 0 <= value <= whole:
                unit = str(row.get("unit", ""))
                single.append((label(measure, lang), unit, [value, whole - value], ["plain", "rest"]))
        title = label(str(promise), lang) or _title("figures", lang)
        who, share = tr("by how many it is answered for", lang=lang), tr("shares of the whole", lang=lang)
        groups = [*((group, who) for group in divided.values()), (single, share)]
        for group, measured in groups:
            if not group:
                continue
            series = [
                Series(
                    {"plain": label("share", lang), "rest": tr("the rest", lang=lang)}.get(
                        key, label(key, lang)
                    ),
                    [row[2][at] for row in group],
                    {"plain": "plain", "rest": "rest"}.get(key) or _TONES.get(key, "plain"),  # type: ignore[arg-type]
                )
                for at, key in enumerate(group[0][3])
            ]
            charts.append(
                Chart("shares", _titled(title, measured, lang), _of_whole(lang), [row[0] for row in group],
                      series, units=[row[1] for row in group])
            )  # fmt: skip
    return charts


def _of_outcomes(frame: pd.DataFrame, lang: Language, *, of_incidents: bool) -> list[Chart]:
    numbers = found_counts(frame)
    series = [Series(label(key, lang), [float(n)], _TONES[key]) for key, n in numbers.items() if n]
    title = tr("How incidents found their zone", lang=lang) if of_incidents else label("found", lang)
    whole = label("incidents" if of_incidents else "rows", lang)
    chart = Chart("shares", title, _of_whole(lang), [whole], series)
    return [chart] if series else []


def _over_time(name: str, frame: pd.DataFrame, lang: Language) -> list[Chart]:
    """Draw incidents by month, by weekday and hour, and by month and class; parts of them say which part."""

    def titled(title: str) -> str:
        return title if name in _ALL_INCIDENTS else _titled(_title(name, lang), title, lang)

    times = converted(frame["occurred_at"], spec_of("incidents").field("occurred_at"))[0]
    known = times.dropna()
    if not len(known):
        return []
    months = known.dt.to_period("M")
    every = pd.period_range(months.min(), months.max(), freq="M")
    notes = [
        tr(
            "by time of occurrence, {count:,} incidents, {first} to {last}",
            count=len(known),
            first=known.min().date(),
            last=known.max().date(),
            lang=lang,
        )
    ]
    if len(times) > len(known):
        untimed = len(times) - len(known)
        notes.append(tr("{count:,} more have no time and are not counted", count=untimed, lang=lang))
    note = _joined(notes, lang)
    charts = []
    if 1 < len(every) <= _MOST_MONTHS:
        names = [str(month) for month in every]
        title = titled(tr("Incidents by month", lang=lang))
        charts.append(Chart("lines", title, note, names, [Series(title, _monthly(months, every))]))
    if (known != known.dt.normalize()).any():
        table = np.zeros((7, 24), dtype=int)
        np.add.at(table, (known.dt.day_of_week.to_numpy(dtype=int), known.dt.hour.to_numpy(dtype=int)), 1)
        series = [Series(str(hour), [float(v) for v in table[:, hour]]) for hour in range(24)]
        title = titled(tr("When incidents occur (weekday × hour)", lang=lang))
        weekdays = [tr(day, lang=lang) for day in _WEEKDAYS]
        charts.append(Chart("heat", title, note, weekdays, series))
    if "event_name" in frame and 1 < len(every) <= _MOST_MONTHS:
        classes = frame.loc[known.index, "event_name"] if frame.index.is_unique else None
        if classes is not None and classes.notna().any():
            counts = classes.value_counts().rename_axis("name").reset_index(name="n")
            counts = counts.sort_values(["n", "name"], ascending=[False, True], kind="stable")
            top = [str(name) for name in counts["name"].head(_MOST_PANELS)]
            panels = [
                Series(plain(name), _monthly(months[(classes == name).to_numpy()], every)) for name in top
            ]
            first = tr(
                "the {shown} most frequent classes of {count}", shown=len(top), count=len(counts), lang=lang
            )
            about = _joined([first, tr("all on one scale", lang=lang)], lang)
            title = titled(tr("Incidents by month, main classes", lang=lang))
            charts.append(Chart("panels", title, about, names, panels))
    return charts


def _monthly(months: pd.Series, every: pd.PeriodIndex) -> list[float | None]:
    return [float(n) for n in months.value_counts().reindex(every, fill_value=0)]


def _of_roads(name: str, frame: pd.DataFrame, lang: Language) -> list[Chart]:
    unknown = tr("class not given", lang=lang)
    classes = frame["road_class"].fillna(unknown) if "road_class" in frame else pd.Series(
        label("roads", lang), index=frame.index
    )  # fmt: skip
    sums = frame.assign(road_class=classes.astype(str)).pivot_table(
        index="road_class", columns="answer", values="length_m", aggfunc="sum", fill_value=0.0
    )
    sums = sums.loc[sums.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    others = sorted({str(key) for key in sums.columns} - set(_PARTS))
    order = [*(key for key in _PARTS if key in sums), *others]
    series = [
        Series(label(key, lang), [float(v) for v in sums[key]], _TONES.get(key, "plain")) for key in order
    ]
    names = [plain(str(name)) for name in sums.index]
    title = _titled(_title(name, lang), tr("Who answers for roads, by class (length in m)", lang=lang), lang)
    return [Chart("shares", title, _of_whole(lang), names, series, "m")]


def _of_chiefs(name: str, frame: pd.DataFrame, lang: Language) -> list[Chart]:
    column = "incidents" if "incidents" in frame else "area_m2"
    columns = {one.name: one for one in columns_of(frame, name, lang)}
    named = row_names(columns.get("chief_name", columns["chief_code"]), [columns["chief_code"]], lang)
    charts = [_bars(named, columns[column], _titled(_title(name, lang), columns[column].title, lang), lang)]
    loads = [float(v) for v in pd.to_numeric(frame[column], errors="coerce").dropna() if v >= 0]
    people, load = lorenz(loads, most_points=51)
    if len(loads) < 3 or not people:
        return charts
    ordered = np.sort(loads)
    busiest = max(round(len(ordered) / 10), 1)
    carried = float(ordered[-busiest:].sum() / ordered.sum())
    lines = [
        tr("Gini {gini:.3f}", gini=gini(loads), lang=lang),
        tr("0: all equal", lang=lang),
        tr("near 1: one has all", lang=lang),
        "",
        tr("the busiest {count} (10%)", count=busiest, lang=lang),
        tr("carry {share}", share=share_of(carried), lang=lang),
    ]
    total = amount(float(ordered.sum()), "m²" if column == "area_m2" else "")
    note = tr("{count} chiefs, {total} in all", count=len(loads), total=total, lang=lang)
    what = label(column, lang) if column == "area_m2" else heading(column, lang)
    title = _titled(_title(name, lang), tr("{what}: how evenly chiefs share it", what=what, lang=lang), lang)
    charts.append(
        Chart("lorenz", title, note, [], [Series("x", people), Series("y", load)], headline="\n".join(lines))
    )
    return charts


def _of_findings(name: str, frame: pd.DataFrame, lang: Language) -> list[Chart]:
    kind = "kind" if "kind" in frame else "reason"
    columns = columns_of(frame, name, lang)
    amounts = next(column for column in columns if column.name == "area_m2")
    charts = []
    if columns[0].kind in ("code", "text"):
        named = row_names(columns[0], columns[1:], lang)
        charts.append(_bars(named, amounts, _titled(_title(name, lang), amounts.title, lang), lang))
    return charts + _of_kinds(name, frame[kind], lang)


def _of_kinds(name: str, kinds: pd.Series, lang: Language) -> list[Chart]:
    """Count how many there are of each kind."""
    counts = kinds.dropna().astype(str).value_counts()
    rows = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    names = [plain(label(str(key), lang)) for key, _ in rows]
    series = Series(label("number", lang), [float(count) for _, count in rows])
    title = tr("{what}: number by kind", what=_title(name, lang), lang=lang)
    note = tr("{count:,} in all", count=len(kinds), lang=lang)
    return [Chart("bars", title, note, names, [series], value_kind="integer")] if rows else []


def _of_any(name: str, frame: pd.DataFrame, lang: Language) -> list[Chart]:
    """Draw the columns of amounts of a table that is not known."""
    names, amounts, named = _names_and_amounts(name, frame, lang)
    if names is None:
        return []
    over_months = len(frame) > 1 and all(isinstance(cell, str) and _MONTH.match(cell) for cell in names.cells)
    charts = []
    for column in amounts[:_MOST_CHARTS]:
        title = _titled(_title(name, lang), column.title, lang)
        if over_months:
            rows = sorted(zip(names.cells, column.cells, strict=True), key=lambda row: _as_numbers(row[0]))
            months, values = [row[0] for row in rows], [row[1] for row in rows]
            chart = Chart("lines", title, "", months, [Series(column.title, values)])
        else:
            chart = _bars(named, column, title, lang)
        charts.append(chart)
    return charts


def _names_and_amounts(
    name: str, frame: pd.DataFrame, lang: Language
) -> tuple[SheetColumn | None, list[SheetColumn], list[str]]:
    """Return the column that names the rows, those of amounts, also written as text, and the rows' names."""
    table = _without_shapes(frame)
    unread = {one.name for one in unread_columns(table)}
    columns = columns_of(table, name, lang)
    names = _naming([one for one in columns if one.name not in unread])
    amounts = [
        one
        for one in columns_of(with_numbers(table), name, lang)
        if one.kind in _AMOUNTS
        and one.name not in _attributes()
        and (names is None or one.name != names.name)
        and any(v is not None for v in one.cells)
    ]
    return names, amounts, [] if names is None else row_names(names, columns, lang)


def _without_shapes(frame: pd.DataFrame) -> pd.DataFrame:
    shapes = getattr(frame, "_geometry_column_name", None)
    return pd.DataFrame(frame.drop(columns=shapes)) if shapes in frame.columns else frame


@cache
def _attributes() -> frozenset[str]:
    """Return the columns whose numbers say what a thing is like or where it stands, not how much there is."""
    fields = {field.name for spec in CATALOGUE.values() for field in spec.fields}
    return frozenset(_PLACES | (fields - _SUMMABLE))


def _as_numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))


def _naming(columns: Sequence[SheetColumn]) -> SheetColumn | None:
    """Return the column that names the rows: the first of names, else the first of texts or codes."""
    texts = [one for one in columns if one.kind in ("text", "code") and not one.is_word]
    named = [one for one in texts if one.name.endswith(("_name", "名称", "名"))]
    return next(iter([*named, *texts]), None)


def _title(name: str, lang: Language) -> str:
    return plain(label(name, lang))


def _titled(table: str, column: str, lang: Language) -> str:
    return tr("{table}: {column}", table=table, column=column, lang=lang)


def _of_whole(lang: Language) -> str:
    return tr("each bar is a whole, its size at the right", lang=lang)


def _joined(notes: list[str], lang: Language) -> str:
    return (tr("; ", lang=lang)).join(notes)
