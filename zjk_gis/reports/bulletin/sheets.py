"""A sheet of paper for each county, street or chief (一区一张、一街一张、一人一张).

On an A4 sheet stand its place and score, a tile for each of its figures with the id, where it lies, in which
trades it does worst, and its cases that are longest overdue.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.drawing.canvas import Box, Canvas
from zjk_gis.drawing.palette import BLACK, BLUE, ORANGE, VERMILION
from zjk_gis.drawing.typefaces import find_typeface
from zjk_gis.layers.labels import check_language, label
from zjk_gis.maps.printing.content import View, draw_shapes
from zjk_gis.maps.printing.document import write_document
from zjk_gis.maps.printing.sheet import scale_for
from zjk_gis.maps.style import area, mark
from zjk_gis.progress import track
from zjk_gis.reports.bulletin.figuring import column_told
from zjk_gis.reports.bulletin.ids import parsed
from zjk_gis.reports.bulletin.mapping import Ground, ground_of
from zjk_gis.reports.bulletin.tiling import FigureTile, figures_of, tile_of, tiles_of
from zjk_gis.reports.dossier import ready_folder
from zjk_gis.words import speaking, tr

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from zjk_gis.drawing.typefaces import Typeface
    from zjk_gis.layers.labels import Language
    from zjk_gis.reports.bulletin.result import Bulletin

__all__ = ["sheet_names", "write_bulletin_sheets"]

_PAGE = (210.0, 297.0)
_LEFT, _RIGHT, _FOOT = 14.0, 196.0, 285.0
_INK, _SOFT, _LINE, _HEAD = BLACK, "#566474", "#cfd8e1", "#0b3d66"
_LOOKS = {"good": "#00664b", "watch": "#8a5a00", "bad": "#b03a00"}
_ACROSS, _TILE, _GAP = 4, (43.25, 24.5), 3.0
_MOST_TILES, _MOST_TRADES, _MOST_CASES = 16, 6, 20
_ID = 2.2  # of an id
_UNFIT = re.compile(r"[^\w-]+")
_MOST_LETTERS = 40


@checked
def write_bulletin_sheets(
    bulletin: Bulletin, folder: str | os.PathLike[str], *, lang: Language = "zh"
) -> dict[str, Path]:
    """Print a sheet for each area that is compared, and for each of the worst ten.

    Parameters
    ----------
    bulletin : Bulletin
    folder : str or path
        Made where there is none.
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    dict of str to Path
        By the end of the ids of a subject's figures (``130703``): its sheet, an A4 PDF named after it.

    Raises
    ------
    MissingExtraError
        If the packages that print are not installed (extra ``print``).
    InputError
        If no typeface with Chinese characters is found.
    FileError
        If a file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> cases = pd.DataFrame({"district_code": ["130703"], "occurred_at": ["2025-11-03"]})
    >>> from zjk_gis.reports import monthly_bulletin
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = write_bulletin_sheets(monthly_bulletin(cases, month="2025-11"), folder)
    ...     {key: path.name for key, path in made.items()}
    {'130703': '桥西区_130703.pdf'}
    """
    check_language(lang)
    typeface = find_typeface()
    into = ready_folder(folder)
    made = {}
    with speaking(lang):
        grounds: dict[str, Ground | None] = {}
        names = sheet_names(bulletin)
        for key in track(list(names), title=tr("printing the sheets")):
            columns, name, file = names[key]
            if columns not in grounds:
                grounds[columns] = ground_of(bulletin, columns) if "+" not in columns else None
            canvas = Canvas(typeface)
            title = tr("{name}: city management in {month}", name=name, month=bulletin.month)
            _Paper(bulletin, canvas, typeface, lang).draw(key, columns, name, title, grounds[columns])
            made[key] = write_document(canvas, into / file, *_PAGE, title=title, lang=lang, dpi=200)
    return made


def sheet_names(bulletin: Bulletin) -> dict[str, tuple[str, str, str]]:
    """Return by the end of its ids whom there is a sheet of: the columns, the name, and the file's name.

    A file's name holds letters, digits, ``-`` and ``_`` alone, and is one of its own for each subject also
    where the case of letters does not count.
    """
    found: dict[str, tuple[str, str, str]] = {}
    taken = set[str]()
    subjects = [
        ("+".join(bulletin.by), bulletin.ranking),
        (str(bulletin.worst.attrs.get("column", "+".join(bulletin.by))), bulletin.worst),
    ]
    for columns, table in subjects:
        for row in table.to_dict("records"):
            key = str(row["figure"]).split("/")[2]
            if key in found:
                continue
            name, code = str(row["subject_name"]), str(row["subject"])
            own = name if name == code else f"{name}_{code}"
            stem = _UNFIT.sub("_", own).strip("_")[:_MOST_LETTERS]
            if not stem or stem != own or stem.lower() in taken:
                mark_of = hashlib.sha256(f"{columns}/{key}".encode()).hexdigest()[:8]
                stem = f"{stem or 'sheet'}_{mark_of}"
            taken.add(stem.lower())
            found[key] = (columns, name, f"{stem}.pdf")
    return found


class _Paper:
    """Draws one sheet, from above."""

    def __init__(self, bulletin: Bulletin, canvas: Canvas, typeface: Typeface, lang: Language) -> None:
        self.bulletin, self.canvas, self.typeface, self.lang = bulletin, canvas, typeface, lang

    def draw(self, key: str, columns: str, name: str, title: str, ground: Ground | None) -> None:
        rows = figures_of(self.bulletin, key)
        y = self._head(title, columns, rows)
        y = self._tiles(tiles_of(self.bulletin, key)[:_MOST_TILES], y)
        code = None if "+" in columns else _code_of(self.bulletin, key)
        cases = self._cases_of(key)
        left = Box(_LEFT, y + 6, 88, 64)
        has_map = ground is not None and code in ground.codes and self._map(ground, str(code), cases, left)
        x = left.right + 5 if has_map else _LEFT
        low = self._trades(key, x, y + 6)
        self._cases(cases, max(low, left.foot if has_map else low) + 8)
        self._foot()

    def _head(self, title: str, columns: str, rows: dict[str, dict[str, Any]]) -> float:
        canvas = self.canvas
        canvas.rect(0, 0, _PAGE[0], 24, fill=_HEAD)
        canvas.rect(0, 24, _PAGE[0], 1.2, fill=ORANGE)
        self._write(_LEFT, 12.5, title, 7, bold=True, colour="#ffffff", room=_RIGHT - _LEFT)
        until = (self.bulletin.as_of - pd.Timedelta(1, "us")).strftime("%Y-%m-%d")
        among = tr(", ").join(column_told(each, self.lang) for each in columns.split("+"))
        self._write(_LEFT, 19.5, f"{among}   {tr('as of {day}', day=until)}", 3.4, colour="#cfdeea")
        y = 38.0
        if "class_place" in rows and "score" in rows:
            place, score = tile_of(rows["class_place"]), tile_of(rows["score"])
            ranked = self.bulletin.ranking["class_place"].notna().sum()
            before = rows["class_place"]["previous_value"]
            moved = "" if before != before else tr("the month before: place {place:.0f}", place=before)
            self._write(_LEFT, y, place.value, 8, bold=True)
            told = tr("of {count:,} that are ranked", count=ranked)
            self._write(
                _LEFT + 32, y - 3.2, tr(", ").join(filter(None, [told, moved])), 3.4, colour=_SOFT, room=72
            )
            self._id(_LEFT + 32, y + 0.8, place.figure, 70)
            self._write(_LEFT + 105, y, score.value, 8, bold=True)
            self._write(_LEFT + 138, y - 3.2, score.change or score.name, 3.4, colour=_SOFT)
            self._id(_LEFT + 138, y + 0.8, score.figure, 44)
            y += 6
        return y - 1

    def _tiles(self, tiles: list[FigureTile], top: float) -> float:
        wide, high = _TILE
        for at, tile in enumerate(tiles):
            x, y = _LEFT + at % _ACROSS * (wide + _GAP), top + at // _ACROSS * (high + _GAP)
            colour = _LOOKS.get(tile.judgement, _SOFT)
            self.canvas.rect(x, y, wide, high, fill="#ffffff", stroke=_LINE)
            self.canvas.rect(x, y, wide, 1.1, fill=colour)
            self._fitted(x + 2.5, y + 5.4, tile.name, 3.1, wide - 22)
            said = f"{tile.sign} {tile.word}"
            self._write(x + wide - 2.5, y + 5.4, said, 3, bold=True, colour=colour, anchor="end", room=18)
            self._write(x + 2.5, y + 12.4, tile.value, 5.6, bold=True, room=wide - 5)
            self._write(x + wide - 2.5, y + 12.4, tile.made, 2.5, colour=_SOFT, anchor="end", room=20)
            self._write(x + 2.5, y + 16.4, tile.target, 2.6, colour=_SOFT, room=wide - 5)
            course = {"better": _LOOKS["good"], "worse": _LOOKS["bad"]}.get(tile.course, _SOFT)
            self._write(x + 2.5, y + 19.8, tile.change, 2.6, colour=course, room=wide - 5)
            self._id(x + 2.5, y + 23.2, tile.figure, wide - 5)
        return top + -(-len(tiles) // _ACROSS) * (high + _GAP) - _GAP

    def _map(self, ground: Ground, code: str, cases: pd.DataFrame, box: Box) -> bool:
        """Draw the subject among its neighbours, with its cases of the month that were not in time."""
        at = ground.codes.index(code)
        self._heading(box.x, box.y, tr("Where it lies, and its cases not handled in time"))
        frame = Box(box.x, box.y + 3, box.width, box.height - 3)
        west, south, east, north = shapely.bounds(ground.shapes[at])
        if not np.isfinite([west, south, east, north]).all():
            return False
        room = 0.06 * max(east - west, north - south, 1.0)
        scale = scale_for((west - room, south - room, east + room, north + room), frame)
        view = View(frame, scale, (west + east) / 2, (south + north) / 2)
        with self.canvas.inside(frame):
            others = np.delete(ground.shapes, at)
            draw_shapes(self.canvas, others, area("#e9edf1", fill=1, weight=0.8, edge="#9aa5b1"), view)
            own = ground.shapes[at : at + 1]
            draw_shapes(self.canvas, own, area("#cfe2f1", fill=1, weight=2.4, edge=BLUE), view)
            incidents = self.bulletin.making.months.incidents
            if isinstance(incidents, gpd.GeoDataFrame) and incidents.crs is not None:
                points = gpd.GeoSeries(cases[incidents.geometry.name], crs=incidents.crs)
                placed = points[points.notna() & ~points.is_empty].to_crs(ground.crs)
                spots = shapely.point_on_surface(placed.to_numpy())
                draw_shapes(self.canvas, spots, mark(VERMILION, "diamond", radius=2.6), view)
        self.canvas.rect(frame.x, frame.y, frame.width, frame.height, stroke=_LINE)
        return True

    def _trades(self, key: str, x: float, y: float) -> float:
        """List the trades in which most was not in time; nothing where there is no table of trades."""
        indicator = str(self.bulletin.making.asked["indicator"])
        figures = self.bulletin.figures
        own = figures[(figures["chapter"] == "matrix") & (figures["indicator"] == indicator)]
        own = own[own["figure"].str.split("/").str[2].str.startswith(f"{key}+")]
        own = own[own["denominator"] > 0]
        if own.empty:
            return y
        column = str(self.bulletin.making.asked["trade"])
        names = self.bulletin.making.names.get(column, {})
        own = own.assign(missed=own["denominator"] - own["numerator"])
        own = own.sort_values(["missed", "figure"], ascending=[False, True], kind="stable")
        self._heading(
            x, y, tr("Its trades by cases missed, {indicator}", indicator=label(indicator, self.lang))
        )
        y += 3
        for row in own.head(_MOST_TRADES).to_dict("records"):
            tile = tile_of({str(name): each for name, each in row.items()})
            trade = str(parsed(tile.figure, self.bulletin.by)[2].get(column) or "—")
            self._write(x, y + 5, names.get(trade, trade), 3.2, room=30)
            self._write(_RIGHT - 22, y + 5, f"{tile.value} {tile.sign}", 3.4, bold=True, anchor="end",
                        colour=_LOOKS.get(tile.judgement, _INK))  # fmt: skip
            self._write(_RIGHT, y + 5, tile.made, 2.8, colour=_SOFT, anchor="end")
            self._id(x, y + 8.4, tile.figure, _RIGHT - x)
            self.canvas.rect(x, y + 9.6, _RIGHT - x, 0.15, fill=_LINE)
            y += 10
        return y

    def _cases_of(self, key: str) -> pd.DataFrame:
        """Return the cases of the month that were due and not in time, the longest overdue first."""
        rows = self.bulletin.rows(f"{self.bulletin.month}/handled_in_time_rate/{key}")
        late = rows[rows["in_denominator"] & ~rows["in_numerator"]]
        order = np.lexsort((np.arange(len(late)), late["due_at"].to_numpy()))
        return late.iloc[order]

    def _cases(self, cases: pd.DataFrame, y: float) -> None:
        """List the first of them, as many as there is room for."""
        room = int((_FOOT - 8 - y - 8) / 5.4)
        if cases.empty or room < 1:
            return
        shown = cases.head(min(room, _MOST_CASES))
        told = tr("Cases not handled in time: {shown} of {count:,}, the earliest deadline first",
                  shown=len(shown), count=len(cases))  # fmt: skip
        self._heading(_LEFT, y, told)
        names = self.bulletin.making.names.get("event_code", {})
        places = (0.0, 42.0, 86.0, 122.0, 152.0)
        widths = (40.0, 42.0, 34.0, 28.0, 30.0)
        heads = ("incident_code", "event_name", "due_at", "handled_at", "deadline_state")
        y += 6
        for place, head in zip(places, heads, strict=True):
            self._write(_LEFT + place, y, label(head, self.lang), 2.8, colour=_SOFT)
        for row in shown.to_dict("records"):
            y += 5.2
            event = row.get("event_name") or names.get(str(row.get("event_code")), row.get("event_code", ""))
            texts = (
                row.get("incident_code", ""), event,
                _minute(row.get("due_at")), _minute(row.get("handled_at")),
                label(str(row.get("deadline_state", "")), self.lang),
            )  # fmt: skip
            for place, width, text in zip(places, widths, texts, strict=True):
                self._write(_LEFT + place, y, "—" if pd.isna(text) else str(text), 3, room=width)

    def _foot(self) -> None:
        self.canvas.rect(_LEFT, _FOOT - 4, _RIGHT - _LEFT, 0.2, fill=_LINE)
        told = tr(
            "Each figure has its id below it; in the folder of the bulletin, zjk-gis rows ID lists its cases."
        )
        self._write(_LEFT, _FOOT, told, 2.7, colour=_SOFT, room=_RIGHT - _LEFT)

    def _heading(self, x: float, y: float, text: str) -> None:
        self._write(x, y, text, 3.6, bold=True, colour=_HEAD, room=_RIGHT - x)

    def _id(self, x: float, y: float, figure: str, room: float) -> None:
        """Write an id whole."""
        self._fitted(x, y, figure, _ID, room, colour=_SOFT)

    def _fitted(self, x: float, y: float, text: str, size: float, room: float, *, colour: str = _INK) -> None:
        """Write a text whole, as small as it must be."""
        wide = self.typeface.width(text, size)
        self._write(x, y, text, size * min(1.0, room / wide if wide else 1.0), colour=colour, room=room + 1)

    def _write(
        self, x: float, y: float, text: object, size: float, *, bold: bool = False, colour: str = _INK,
        anchor: str = "start", room: float = 200.0,
    ) -> None:  # fmt: skip
        """Write a text; what is too long for its room is cut."""
        told = str(text)
        if self.typeface.width(told, size, bold=bold) > room:
            while told and self.typeface.width(told + "…", size, bold=bold) > room:
                told = told[:-1]
            told += "…"
        self.canvas.text(x, y, told, size, bold=bold, colour=colour, anchor=anchor)


def _code_of(bulletin: Bulletin, key: str) -> str | None:
    found = bulletin.figures.loc[bulletin.figures["figure"].str.endswith(f"/{key}"), "subject"]
    return None if found.empty else str(found.iloc[0])


def _minute(value: Any) -> str:
    return "—" if value is None or pd.isna(value) else pd.Timestamp(value).strftime("%Y-%m-%d %H:%M")
