"""Charts of the workbook: Excel's own, each beside the numbers that it draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zjk_gis.drawing.palette import BLACK, BLUE, ORANGE, SKY, VERMILION
from zjk_gis.maps.style import DENSITY
from zjk_gis.reports.charts import Series
from zjk_gis.reports.telling import plain
from zjk_gis.reports.workbook.looks import SERIES_COLOURS, write_cell, write_text
from zjk_gis.text import shortened
from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.layers.labels import Language
    from zjk_gis.reports.charts import Chart

__all__ = ["write_calendar", "write_charts"]

_CHART_COLUMN = 4  # beside a table of up to three series; a wider one has its chart below
_ROW_PIXELS, _TITLE_PIXELS = 20, 30
_PRINT_SCALE, _ROWS_A_PAGE = 62, 52  # so that a landscape A4 holds table and chart
_CURVE_POINTS = 21
_FILLS: dict[str, dict[str, Any]] = {
    "plain": {"fill": {"color": BLUE}},
    "good": {"fill": {"color": BLUE}},
    "near": {"pattern": {"pattern": "percent_30", "fg_color": "#FFFFFF", "bg_color": SKY}},
    "doubtful": {"pattern": {"pattern": "wide_upward_diagonal", "fg_color": "#FFFFFF", "bg_color": ORANGE}},
    "bad": {"pattern": {"pattern": "small_grid", "fg_color": "#FFFFFF", "bg_color": VERMILION}},
    "rest": {"fill": {"color": "#C3CCD6"}},
}
_MARKERS = ("circle", "diamond", "square", "triangle", "x", "plus")
_FONT = {"name": "Microsoft YaHei", "size": 9, "color": "#3A4652"}


def write_charts(
    book: Any, page: Any, sheet: str, charts: list[Chart], lang: Language, looks: dict[str, Any]
) -> None:
    """Write each chart's numbers and, beside them, the chart.

    Parameters
    ----------
    book, page : Workbook, Worksheet
    sheet : str
        The page's name.
    charts : list of Chart
        Any but calendars.
    lang : {"zh", "en"}
    looks : dict
        See `make_looks`.
    """
    page.hide_gridlines(2)
    page.set_column(0, 0, 26)
    page.set_column(1, 12, 13)
    page.set_print_scale(_PRINT_SCALE)  # no fitting: with it, Excel would cut through charts
    row, top, breaks = 0, 0, list[int]()
    for chart in charts:
        names, series = _numbers(chart, lang)
        height = _height(chart, len(names)) + _TITLE_PIXELS
        below = row + 4 + len(names) if len(series) >= _CHART_COLUMN else 0
        start = below or row + 1
        end = max(row + 3 + len(names), start + 1 + height // _ROW_PIXELS) + 2
        if end - top > _ROWS_A_PAGE and row > top:
            breaks.append(row)
            top = row
        page.set_row(row, 24)
        write_text(page, row, 0, chart.title[:250], "question", looks)
        write_text(page, row + 1, 0, chart.note, "note", looks)
        first = row + 3
        write_text(page, first - 1, 0, "", "header", looks)
        for at, one in enumerate(series, start=1):
            write_text(page, first - 1, at, one.name[:250], "header", looks)
        for offset, name in enumerate(names):
            write_text(page, first + offset, 0, name[:250], "text", looks)
            for at, one in enumerate(series, start=1):
                value = one.amounts[offset]
                kind = _kind(chart, offset)
                if value is None:
                    write_text(page, first + offset, at, tr("no data", lang=lang), "note", looks)
                else:
                    write_cell(page, first + offset, at, kind, value, looks)
        drawn = _excel_chart(book, sheet, chart, names, series, first, lang)
        drawn.set_size({"width": 620, "height": height})
        about = {"description": plain(shortened(chart.title, 200)), "x_offset": 12}
        page.insert_chart(start, 0 if below else _CHART_COLUMN, drawn, about)
        row = end
    page.set_h_pagebreaks(breaks)
    page.print_area(0, 0, max(row - 1, 1), _CHART_COLUMN + 6)


def write_calendar(page: Any, chart: Chart | None, looks: dict[str, Any]) -> None:
    """Write counts by weekday and hour, the darker the more."""
    if chart is None:
        return
    page.hide_gridlines(2)
    page.fit_to_pages(1, 1)
    page.set_column(0, 0, 10)
    page.set_column(1, len(chart.series), 6)
    page.set_row(0, 28)
    write_text(page, 0, 0, chart.title, "question", looks)
    write_text(page, 1, 0, chart.note, "note", looks)
    write_text(page, 3, 0, "", "header", looks)
    for at, series in enumerate(chart.series, start=1):
        write_text(page, 3, at, series.name, "header", looks)
    for row, name in enumerate(chart.names):
        page.set_row(4 + row, 24)
        write_text(page, 4 + row, 0, name, "text", looks)
        for at, series in enumerate(chart.series, start=1):
            write_cell(page, 4 + row, at, "integer", series.amounts[row] or 0, looks)
    scale = {"min_color": "#FFFFFF", "mid_color": DENSITY[2], "max_color": "#D95F0E"}
    page.conditional_format(4, 1, 3 + len(chart.names), len(chart.series), {"type": "3_color_scale", **scale})


def _numbers(chart: Chart, lang: Language) -> tuple[list[str], list[Series]]:
    """Return the rows and columns of a chart's table."""
    if chart.kind == "lorenz":
        every = max(-(-len(chart.series[0].amounts) // _CURVE_POINTS), 1)
        people, load = ([*one.amounts[:-1:every], one.amounts[-1]] for one in chart.series)
        names = ["" for _ in people]
        equal = Series(tr("all equal", lang=lang), list(people))
        return names, [
            Series(tr("share of people", lang=lang), people),
            Series(tr("share of load", lang=lang), load),
            equal,
        ]
    names = [
        f"{name} ({chart.unit_of(at)})" if chart.unit_of(at) and chart.kind == "shares" else name
        for at, name in enumerate(chart.names)
    ]
    return [plain(name) for name in names], chart.series


def _kind(chart: Chart, row: int) -> str:
    if chart.kind == "lorenz":
        return "share"
    if chart.kind == "shares":
        return "measure" if chart.unit_of(row) else "integer"
    return chart.value_kind if chart.kind == "bars" else "integer"


def _height(chart: Chart, names: int) -> int:
    if chart.kind == "bars":
        return max(220, 70 + 26 * names)
    return max(230, 110 + 46 * names) if chart.kind == "shares" else 380


def _excel_chart(
    book: Any, sheet: str, chart: Chart, names: list[str], series: list[Series], first: int, lang: Language
) -> Any:
    """Make a chart of what stands in the sheet from row `first` on."""
    last = first + max(len(names), 1) - 1
    kinds: dict[str, dict[str, str]] = {
        "bars": {"type": "bar"},
        "shares": {"type": "bar", "subtype": "percent_stacked"},
        "lorenz": {"type": "scatter", "subtype": "straight"},
    }
    drawn = book.add_chart(kinds.get(chart.kind, {"type": "line"}))
    skipped = 1 if chart.kind == "lorenz" else 0  # its first column is where, not how much
    for at, one in enumerate(series[skipped:], start=1 + skipped):
        values = {
            "name": [sheet, first - 1, at],
            "categories": [sheet, first, skipped, last, skipped],
            "values": [sheet, first, at, last, at],
            # What was written is no longer in memory, and a chart without it looks empty until recalculated.
            "categories_data": series[0].amounts if skipped else names,
            "values_data": [value if value is not None else "" for value in one.amounts],
        }
        drawn.add_series(values | _look(chart, at - 1 - skipped, one))
    # XlsxWriter takes what looks like Sheet!A1 for a reference to cells.
    title = plain(shortened(chart.title, 120)).replace("!", "！")
    # Above the numbers the title stands, too; one that is copied into a letter has to bring its own.
    drawn.set_title({"name": title, "name_font": {**_FONT, "size": 11}, "overlay": False})
    grid = {"visible": True, "line": {"color": "#D9E2EC", "width": 0.75}}
    axis = {"num_font": _FONT, "name_font": _FONT, "major_gridlines": grid, "line": {"color": "#9AA5B1"}}
    if chart.kind in ("bars", "shares"):
        drawn.set_y_axis({**axis, "reverse": True, "major_gridlines": {"visible": False}})
        hidden = {
            "visible": chart.kind == "shares",
            "num_format": "0%",
            "major_gridlines": {"visible": False},
        }
        drawn.set_x_axis(
            {**axis, **(hidden if chart.kind == "shares" else {**hidden, "num_format": "General"})}
        )
    elif chart.kind == "lorenz":
        ends = {"min": 0, "max": 1, "num_format": "0%"}
        drawn.set_x_axis({**axis, **ends, "name": series[0].name})
        drawn.set_y_axis({**axis, **ends, "name": tr("share of load", lang=lang)})
    else:
        drawn.set_x_axis(
            {**axis, "major_gridlines": {"visible": False}, "num_font": {**_FONT, "rotation": -45}}
        )
        drawn.set_y_axis({**axis, "min": 0, "num_format": "#,##0"})
    if len(series) == 1:
        drawn.set_legend({"none": True})
    else:
        drawn.set_legend({"position": "bottom", "font": _FONT})
    drawn.set_chartarea({"border": {"color": "#D9E2EC"}})
    return drawn


def _look(chart: Chart, at: int, series: Series) -> dict[str, Any]:
    """Tell series apart by pattern or mark as well as by colour."""
    if chart.kind == "bars":
        formats = {"share": "0.0%", "integer": "#,##0", "measure": "#,##0.0"}
        is_whole = all(value is None or float(value).is_integer() for value in series.amounts)
        number = formats.get(chart.value_kind, "#,##0" if is_whole else "#,##0.00")
        labels = {"value": True, "font": _FONT, "num_format": number}
        return {"fill": {"color": BLUE}, "gap": 45, "data_labels": labels}
    if chart.kind == "shares":
        return {**_FILLS[series.tone], "gap": 60}
    if chart.kind == "lorenz":
        dashed = {"color": BLACK, "width": 1.25, "dash_type": "dash"}
        return {"line": {"color": BLUE, "width": 2.5} if at == 0 else dashed, "marker": {"type": "none"}}
    colour = SERIES_COLOURS[at % len(SERIES_COLOURS)]
    mark = {
        "type": _MARKERS[at % len(_MARKERS)],
        "size": 5,
        "fill": {"color": colour},
        "border": {"color": colour},
    }
    return {"line": {"color": colour, "width": 2}, "marker": mark}
