"""The sections of a bulletin's page, each made by one function; `SECTIONS` is their order.

A section takes the bulletin and says what stands below a heading: pictures, a table whose cells are figures,
text. Those that have nothing to say are left out.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from zjk_gis.layers.headings import heading
from zjk_gis.layers.labels import label
from zjk_gis.reports.bulletin.charting import bulletin_charts
from zjk_gis.reports.bulletin.figuring import column_told, value_told
from zjk_gis.reports.bulletin.mapping import drawn_ground, ground_of, shades_of
from zjk_gis.reports.bulletin.recurring import GATHERED, REPEATED, THICKEST
from zjk_gis.reports.bulletin.scores import weights_of
from zjk_gis.reports.bulletin.tiling import figures_of, tile_of
from zjk_gis.reports.drawing import drawn
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zjk_gis.layers.labels import Language
    from zjk_gis.reports.bulletin.notice import Paragraph
    from zjk_gis.reports.bulletin.result import Bulletin

__all__ = ["SECTIONS", "Cell", "Row", "Section", "first_words", "sections_of"]

_MOST_ROWS, _MOST_TRADES, _MOST_RATES = 60, 12, 5


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table: text, or a figure; see `FigureTile`."""

    text: str = "—"
    link: str = ""
    figure: str = ""
    judgement: str = ""
    sign: str = ""
    word: str = ""
    change: str = ""
    change_told: str = ""
    course: str = ""
    colour: str = ""
    dark: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table; totals are set apart."""

    cells: list[Cell]
    total: bool = False


@dataclass
class Section:
    """What stands below a heading of the page.

    Attributes
    ----------
    key, title, said, count, rest : str
        The anchor, the heading, what is told below it, what the contents tell, what was left out.
    heads, rows : list
        The table: heads with ``title`` and ``look``, and rows.
    pictures : list of dict
    key_of : list of (str, str)
        Colours of cells and their meaning.
    text : tuple of Paragraph
    wide : bool
        Whether it needs a sheet on its side.
    """

    key: str
    title: str
    said: str = ""
    count: str = ""
    rest: str = ""
    heads: list[dict[str, str]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    pictures: list[dict[str, Any]] = field(default_factory=list)
    key_of: list[tuple[str, str]] = field(default_factory=list)
    text: tuple[Paragraph, ...] = ()
    wide: bool = False


def sections_of(bulletin: Bulletin, lang: Language, sheets: Mapping[str, str]) -> list[Section]:
    """Return the sections that have something to say."""
    made = (make(bulletin, lang, sheets) for make in SECTIONS)
    return [each for each in made if each.rows or each.pictures or each.text]


def first_words(bulletin: Bulletin, lang: Language) -> list[Paragraph]:
    """Return the first section of the notice, which tells how the month was."""
    paragraphs = iter(bulletin.notice(lang).paragraphs)
    for each in paragraphs:
        if each.kind == "heading":
            break
    return list(itertools.takewhile(lambda each: each.kind != "heading", paragraphs))


def _ranking(bulletin: Bulletin, lang: Language, sheets: Mapping[str, str]) -> Section:
    """Lay out who comes where, how that changed, and the rates that the score is made of."""
    ranked = bulletin.ranking
    title = tr("Ranking")
    if ranked.empty:
        return Section("ranking", title)
    rates = weights_of(bulletin.making)[0]["indicator"].tolist()[:_MOST_RATES]
    heads = [
        _head(label("class_place", lang), "n"),
        _head(_among(bulletin, lang), "row"),
        _head(label("score", lang), "n"),
        _head(label("places_gained", lang), "n"),
        _head(label("reported", lang), "n"),
        *(_head(label(str(name), lang), "n") for name in rates),
        _head(label("figure", lang), "id"),
    ]
    rows = []
    for row in ranked.head(_MOST_ROWS).to_dict("records"):
        key = str(row["figure"]).split("/")[2]
        own = figures_of(bulletin, key)
        rows.append(
            Row(
                [
                    _cell(own.get("class_place")),
                    Cell(str(row["subject_name"]), sheets.get(key, "")),
                    _cell(own.get("score")),
                    Cell(_moved(row.get("places_gained"), row.get("previous_place"))),
                    _cell(own.get("reported")),
                    *(_cell(own.get(str(name))) for name in rates),
                    Cell(str(row["figure"])),
                ]
            )
        )
    classes = ranked["area_class"].nunique() if "area_class" in ranked else 1
    said = tr("Below each figure stands its change on the month before, of shares in percentage points.")
    if classes > 1:
        said += tr(" ") + tr("Each class of areas is ranked by itself.")
    pictures = [_map(bulletin, lang, sheets), *_pictures(bulletin, lang, "bars")]
    return Section(
        "ranking", title, said, _counted(len(ranked)), _rest(len(ranked), _MOST_ROWS), heads, rows,
        [each for each in pictures if each], wide=len(heads) > 9,
    )  # fmt: skip


def _map(bulletin: Bulletin, lang: Language, sheets: Mapping[str, str]) -> dict[str, Any]:
    """Draw the areas by their score, else by the rate asked for; nothing where no layer shows them."""
    ranked = bulletin.ranking
    ground = ground_of(bulletin, bulletin.by[0]) if len(bulletin.by) == 1 else None
    if ground is None or len(ground.codes) < 2:
        return {}
    name = "score" if ranked["score"].notna().any() else str(bulletin.making.asked["indicator"])
    values, told, short, leads = {}, {}, {}, {}
    for row in ranked.to_dict("records"):
        own = figures_of(bulletin, str(row["figure"]).split("/")[2]).get(name)
        if own is None:
            continue
        code, value = str(row["subject"]), value_told(own["value"], own["value_unit"])
        values[code] = float(own["value"])
        told[code] = f"{row['subject_name']} {label(name, lang)} {value}\n{own['figure']}"
        short[code] = str(row["subject_name"])
        leads[code] = sheets.get(str(row["figure"]).split("/")[2], "")
    shades = shades_of(list(values.values()), percent=name != "score")
    measured = label(name, lang)
    title = tr("{month}: {indicator} on the map", month=bulletin.month, indicator=measured)
    import markupsafe

    svg = drawn_ground(ground, values, told, short, shades, title, hrefs=leads)
    key = [*zip(shades.colours, shades.texts, strict=True)]
    if any(values.get(code, float("nan")) != values.get(code) for code in ground.codes):
        key.append(("", label("no_data", lang)))
    return {
        "title": title,
        "note": tr("the darker, the higher; pointed at, an area tells its figure"),
        "wide": False,
        "svg": markupsafe.Markup(svg),  # noqa: S704  drawn_ground() escapes every text
        "key": key,
    }


def _worst(bulletin: Bulletin, lang: Language, sheets: Mapping[str, str]) -> Section:
    """List the ten who do worst, with the other rates of each."""
    worst = bulletin.worst
    column = str(worst.attrs.get("column", "+".join(bulletin.by)))
    among = listed(column_told(each, lang) for each in column.split("+"))
    indicator = str(bulletin.making.asked["indicator"])
    title = tr("The worst ten of the {among}, by {indicator}", among=among, indicator=label(indicator, lang))
    heads = [
        _head(label("order", lang), "n"), _head(among, "row"), _head(label(indicator, lang), "n"),
        _head(label("numerator", lang), "n"), _head(label("denominator", lang), "n"),
        _head(label("figure", lang), "id"),
    ]  # fmt: skip
    rows = []
    for row in worst.to_dict("records"):
        figure = str(row["figure"])
        rows.append(
            Row(
                [
                    Cell(str(row["order"])),
                    Cell(str(row["subject_name"]), sheets.get(figure.split("/")[2], "")),
                    _cell(bulletin.figure(figure).to_dict()),
                    Cell(f"{row['numerator']:,.0f}"),
                    Cell(f"{row['denominator']:,.0f}"),
                    Cell(figure),
                ]
            )
        )
    said = ""
    if "enough" in worst.attrs:
        said = tr(
            "Of {all:,}, {enough:,} have at least {least} cases and are compared.",
            all=worst.attrs["all"], enough=worst.attrs["enough"], least=bulletin.making.asked["least_n"],
        )  # fmt: skip
    return Section("worst", title, said, _counted(len(worst)), "", heads, rows)


def _matrix(bulletin: Bulletin, lang: Language, sheets: Mapping[str, str]) -> Section:
    """Lay areas out by trades, each cell coloured by its rate."""
    matrix = bulletin.matrix
    indicator = label(str(bulletin.making.asked["indicator"]), lang)
    title = tr("{indicator}: areas by trades", indicator=indicator)
    if matrix.empty:
        return Section("matrix", title)
    cells = {(row["subject"], row["trade"]): row for row in matrix.to_dict("records")}
    names = {str(row["subject"]): str(row["subject_name"]) for row in cells.values()}
    trades = matrix[(matrix["subject"] == "") & (matrix["trade"] != "")]
    trades = trades.sort_values(["denominator", "trade"], ascending=[False, True], kind="stable")
    shown = [*trades["trade"].head(_MOST_TRADES), ""]
    titles = dict(zip(trades["trade"], trades["trade_name"], strict=True)) | {"": tr("total")}
    areas = [area for area in names if area][:_MOST_ROWS]
    shades = shades_of(matrix["value"].to_numpy(dtype=float), percent=True)
    known = {str(row["figure"]): row for row in bulletin.figures.to_dict("records")}
    rows = []
    for area in [*areas, ""]:
        key = next(
            (
                str(row["figure"]).split("/")[2]
                for (own, trade), row in cells.items()
                if own == area and not trade
            ),
            "",
        )
        row_cells = [Cell(_named(names[area]) if area else tr("the whole city"), sheets.get(key, ""))]
        for trade in shown:
            own = cells.get((area, trade))
            figure = known.get(str(own["figure"])) if own else None
            if own is None or figure is None:
                row_cells.append(Cell())
                continue
            row_cells.append(
                replace(
                    _cell(figure, change=False),
                    colour=shades.colour(own["value"]),
                    dark=shades.is_dark(own["value"]),
                )
            )
        rows.append(Row(row_cells, total=not area))
    heads = [_head(_among(bulletin, lang), "row"), *(_head(str(titles[trade]), "heat") for trade in shown)]
    rest = _rest(len(trades), _MOST_TRADES) + _rest(len(names) - 1, _MOST_ROWS)
    key_of = [*zip(shades.colours, shades.texts, strict=True)]
    return Section(
        "matrix", title, tr("Of the cases due; the darker, the higher."),
        tr("{rows:,} × {columns:,}", rows=len(areas), columns=len(trades)), rest, heads, rows,
        key_of=key_of, wide=len(shown) > 8,
    )  # fmt: skip


def _trend(bulletin: Bulletin, lang: Language, _: Mapping[str, str]) -> Section:
    """Draw the whole city over twelve months."""
    pictures = _pictures(bulletin, lang, "lines")
    said = tr("The ids of the points are those of the tiles, with the month of each: {example}",
              example=f"{bulletin.trend['month'].iloc[0]}/handled_rate/all")  # fmt: skip
    return Section("trend", tr("Twelve months"), said, pictures=pictures)


def _progress(bulletin: Bulletin, lang: Language, _: Mapping[str, str]) -> Section:
    """List the policy's own numbers that were measured."""
    table = bulletin.figures[(bulletin.figures["chapter"] == "progress") & bulletin.figures["value"].notna()]
    heads = [
        _head(label("target", lang), "row"), _head(label("value", lang), "n"),
        _head(label("target_value", lang), "n"), _head(label("figure", lang), "id"),
    ]  # fmt: skip
    rows = [
        Row(
            [
                Cell(label(str(row["indicator"]), lang), ""),
                _cell(row, change=False),
                Cell(value_told(float(row["target_value"]), str(row["value_unit"]))),
                Cell(str(row["figure"])),
            ]
        )
        for row in table.to_dict("records")
    ]
    return Section("progress", tr("The policy's own numbers"), "", _counted(len(rows)), "", heads, rows)


def _notice(bulletin: Bulletin, lang: Language, _: Mapping[str, str]) -> Section:
    notice = bulletin.notice(lang)
    count = tr("{figures:,} figures", figures=len(notice.figures))
    return Section("notice", tr("The notice"), "", count, text=notice.paragraphs)


def _places(
    bulletin: Bulletin, lang: Language, table: str, column: str, said: str, shown: tuple[tuple[str, str], ...]
) -> Section:
    """List the worst places of a kind, each with its cases and where it is."""
    places = bulletin.tables.get(table, pd.DataFrame())
    names = [(name, look) for name, look in shown if name in places]
    heads = [
        _head(label(column, lang), "row"), *(_head(label(name, lang), look) for name, look in names),
        _head(label("reported", lang), "n"), _head(heading("longitude", lang), "n"),
        _head(heading("latitude", lang), "n"), _head(label("figure", lang), "id"),
    ]  # fmt: skip
    rows = [
        Row(
            [
                Cell(str(row[column])),
                *(Cell(_written(row[name])) for name, _ in names),
                _cell(bulletin.figure(str(row["figure"])).to_dict(), change=False),
                Cell(f"{row['longitude']:.6f}"),
                Cell(f"{row['latitude']:.6f}"),
                Cell(str(row["figure"])),
            ]
        )
        for row in places.to_dict("records")
    ]
    return Section(table, label(table, lang), said, _counted(len(rows)), "", heads, rows)


def _repeated(bulletin: Bulletin, lang: Language, _: Mapping[str, str]) -> Section:
    said = tr(
        "The same class again within 20 m and 90 days, after it had been closed; the last time this month."
    )
    columns = (("event_name", ""), ("first_at", ""), ("last_at", ""))
    return _places(bulletin, lang, REPEATED, "place_code", said, columns)


def _gathered(bulletin: Bulletin, lang: Language, _: Mapping[str, str]) -> Section:
    said = tr("Squares of 500 m in which, with those around them, more cases lie than chance would have it.")
    return _places(bulletin, lang, GATHERED, "spot_code", said, (("cell_count", "n"), ("z_score", "n")))


def _thickest(bulletin: Bulletin, lang: Language, _: Mapping[str, str]) -> Section:
    said = tr(
        "Pieces of 100 m of each road; counts follow the routes of inspectors and the traffic, which are not "
        "known here."
    )
    columns = (("road_name", ""), ("from_m", "n"), ("to_m", "n"), ("per_100m", "n"))
    return _places(bulletin, lang, THICKEST, "piece_code", said, columns)


def _written(value: Any) -> str:
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d %H:%M")
    if value is None or pd.isna(value):
        return "—"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


SECTIONS: list[Callable[[Bulletin, Language, Mapping[str, str]], Section]] = [
    _ranking, _worst, _matrix, _trend, _repeated, _gathered, _thickest, _progress, _notice,
]  # fmt: skip


def _pictures(bulletin: Bulletin, lang: Language, kind: str) -> list[dict[str, Any]]:
    import markupsafe

    return [
        {
            "title": chart.title,
            "note": chart.note,
            "wide": False,
            "svg": markupsafe.Markup(drawn(chart, lang, at)),  # noqa: S704  drawn() escapes every text
            "key": [],
        }
        for at, chart in enumerate(bulletin_charts(bulletin, lang))
        if chart.kind == kind
    ]


def _named(name: str) -> str:
    return tr("of no area") if name == "—" else name


def _head(title: str, look: str) -> dict[str, str]:
    return {"title": title, "look": look}


def _cell(row: Mapping[Any, Any] | None, *, change: bool = True) -> Cell:
    """Return a cell that is a figure; a dash where there is none."""
    if row is None:
        return Cell()
    tile = tile_of(row)
    return Cell(
        tile.value,
        "",
        tile.figure,
        tile.judgement,
        tile.sign,
        tile.word,
        tile.change_short if change else "",
        tile.change,
        tile.course,
    )


def _moved(gained: Any, before: Any) -> str:
    """Write how many places were gained, and from which place."""
    if gained is None or pd.isna(gained):
        return "—"
    arrow = f"↑{int(gained)}" if gained > 0 else f"↓{-int(gained)}" if gained < 0 else "="
    return (
        arrow
        if before is None or pd.isna(before)
        else tr("{arrow} (was {before})", arrow=arrow, before=int(before))
    )


def _among(bulletin: Bulletin, lang: Language) -> str:
    return listed(column_told(each, lang) for each in bulletin.by)


def _counted(count: int) -> str:
    return tr("{count:,} rows", count=count)


def _rest(count: int, most: int) -> str:
    return (
        tr("The first {most:,} of {count:,} are shown; all are in the workbook.", most=most, count=count)
        if count > most
        else ""
    )
