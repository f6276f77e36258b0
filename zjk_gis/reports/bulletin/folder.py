"""A bulletin as a folder: notice, workbook, page, sheets to print, figures, and what it was made from."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.errors import FileError, InputError, MissingExtraError
from zjk_gis.io import write_table
from zjk_gis.io.paths import workshop
from zjk_gis.layers.labels import label
from zjk_gis.reports.bulletin.charting import bulletin_charts
from zjk_gis.reports.bulletin.figuring import change_told, column_told
from zjk_gis.reports.bulletin.months import STANDINGS
from zjk_gis.reports.bulletin.paging import write_bulletin_page
from zjk_gis.reports.bulletin.sheets import write_bulletin_sheets
from zjk_gis.reports.dossier import Dossier, ready_folder
from zjk_gis.reports.headlines import Tile
from zjk_gis.reports.workbook.writing import write_workbook
from zjk_gis.words import listed, speaking, tr

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    from zjk_gis.layers.labels import Language
    from zjk_gis.reports.bulletin.result import Bulletin

__all__ = ["FIGURES", "RECORD", "content_of", "read_record", "write_bulletin", "write_bulletin_book"]

RECORD, FIGURES, SHEETS = "made_from.json", "figures.csv", "sheets"
_MEANT = "zjk-gis bulletin"
_DECIDING = (
    "occurred_at", "filed_at", "handled_at", "closed_at", "due_at", "extended_to", "state", "rework_count",
    "is_repeat",
)  # fmt: skip


@checked
def write_bulletin(
    bulletin: Bulletin,
    folder: str | os.PathLike[str],
    *,
    lang: Language = "zh",
    made_from: Mapping[str, Any] | None = None,
) -> Dossier:
    """Write a bulletin to a folder: notice, workbook, page, prints, figures, and what it was made from.

    Parameters
    ----------
    bulletin : Bulletin
    folder : str or path
        Made where there is none. Files of an earlier bulletin in it are replaced.
    lang : {"zh", "en"}, default "zh"
    made_from : mapping, optional
        Where the data are and what was asked, in words that JSON knows, so that `zjk-gis rows` can make the
        bulletin again from the folder.

    Returns
    -------
    Dossier
        The files: ``notice.txt``, ``notice_with_ids.txt`` (each figure with its id), ``bulletin.xlsx``,
        ``bulletin.html``, the folder ``sheets`` with an A4 sheet for each area and each of the worst ten,
        ``figures.csv`` and ``made_from.json``. Where nothing can be printed, `Dossier.remarks` say why.

    Raises
    ------
    FileError
        If the folder cannot be made or a file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> cases = pd.DataFrame({"district_code": ["130703"], "occurred_at": ["2025-11-03"]})
    >>> from zjk_gis.reports import monthly_bulletin
    >>> with tempfile.TemporaryDirectory() as into:
    ...     found = write_bulletin(monthly_bulletin(cases, month="2025-11"), into)
    >>> [path.name for path in found.files]  # doctest: +NORMALIZE_WHITESPACE
    ['notice.txt', 'notice_with_ids.txt', 'bulletin.xlsx', 'sheets', 'bulletin.html', 'figures.csv',
     'made_from.json']
    """
    into, made = ready_folder(folder), Dossier()
    with speaking(lang):
        for write in WRITERS:
            write(bulletin, into, lang, made)
        made.remarks.extend(bulletin.remarks)
        record = {
            "made_by": _MEANT, "month": bulletin.month, "as_of": bulletin.as_of.isoformat(),
            "content": content_of(bulletin), **(made_from or {}),
        }  # fmt: skip
        text = json.dumps(record, ensure_ascii=False, indent=1, default=str)
        _write_text(into / RECORD, text + "\n")
        made.files[into / RECORD] = tr("what it was made from, for zjk-gis rows")
    return made


def _notice(bulletin: Bulletin, into: Path, lang: Language, made: Dossier) -> None:
    notice = bulletin.notice(lang)
    for name, ids, what in (
        ("notice.txt", False, tr("the text of the notice")),
        ("notice_with_ids.txt", True, tr("the notice with the id of each figure")),
    ):
        _write_text(into / name, notice.text(ids=ids))
        made.files[into / name] = what


def _book(bulletin: Bulletin, into: Path, lang: Language, made: Dossier) -> None:
    path = write_bulletin_book(bulletin, into / "bulletin.xlsx", lang=lang)
    made.files[into / path.name] = tr("workbook (one sheet a question)")


def _figures(bulletin: Bulletin, into: Path, _: Language, made: Dossier) -> None:
    path = into / FIGURES
    write_table(bulletin.figures, path)
    made.files[path] = tr("every figure with its id")


def _page(bulletin: Bulletin, into: Path, lang: Language, made: Dossier) -> None:
    prints = {key: f"{SHEETS}/{path.name}" for key, path in _prints(bulletin, into, lang, made).items()}
    path = write_bulletin_page(bulletin, into / "bulletin.html", prints=prints, lang=lang)
    made.files[path] = tr("page (open in a browser, no network needed)")


def _prints(bulletin: Bulletin, into: Path, lang: Language, made: Dossier) -> dict[str, Path]:
    """Print the sheets; where nothing can be printed, say why and go on."""
    folder = into / SHEETS
    for old in folder.glob("*.pdf") if (into / RECORD).is_file() else ():  # of an earlier bulletin
        old.unlink()
    try:
        sheets = write_bulletin_sheets(bulletin, folder, lang=lang)
    except (InputError, MissingExtraError) as error:
        made.remarks.append(tr("the sheets are not printed: {error}", error=error))
        return {}
    if sheets:
        made.files[folder] = tr("{count:,} sheets to print, one a subject (A4)", count=len(sheets))
    return sheets


# Each writes a part of the folder, says so, and remarks on what it cannot make.
WRITERS: list[Callable[[Bulletin, Path, Language, Dossier], None]] = [_notice, _book, _page, _figures]


@checked
def write_bulletin_book(bulletin: Bulletin, path: str | os.PathLike[str], *, lang: Language = "zh") -> Path:
    """Write a bulletin as a workbook: notice, ranking, figures, areas by trades, worst ten, late cases.

    A rate is a formula of the cells of its numerator and denominator, so that anybody can check it there.

    Parameters
    ----------
    bulletin : Bulletin
    path : str or path
        An .xlsx file.
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    Path

    Raises
    ------
    InputError, FileError
        See `write_workbook`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> cases = pd.DataFrame({"district_code": ["130703"], "occurred_at": ["2025-11-03"]})
    >>> from zjk_gis.reports import monthly_bulletin
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_bulletin_book(monthly_bulletin(cases, month="2025-11"), f"{folder}/b.xlsx").name
    'b.xlsx'
    """
    with speaking(lang):
        summary = {tile.key: tile for tile in _tiles(bulletin, lang)}
        return write_workbook(
            _sheets(bulletin, lang),
            path,
            summary=summary,
            lang=lang,
            title=tr("City management in {month}", month=bulletin.month),
            own_charts=bulletin_charts(bulletin, lang),
            as_of=str((bulletin.as_of - pd.Timedelta(1, "us")).date()),
        )


def _tiles(bulletin: Bulletin, lang: Language) -> list[Tile]:
    """Return the figures of the whole city, with what they are made of and how they changed."""
    tiles = []
    for row in bulletin.figures[bulletin.figures["chapter"] == "overall"].to_dict("records"):
        name, value, unit = str(row["indicator"]), float(row["value"]), str(row["value_unit"])
        if name in STANDINGS and not value:
            continue
        made = f"{row['numerator']:,.0f} / {row['denominator']:,.0f}" if unit == "share" else ""
        notes = (
            made,
            change_told(row["month_change"], unit),
            change_told(row["year_change"], unit, year=True),
        )
        kind = {"share": "share", "cases": "integer"}.get(unit, "number")
        cell: object = int(value) if kind == "integer" and value == value else value
        if value != value:
            kind, cell = "text", tr("no data")
        tiles.append(Tile(label(name, lang), kind, cell, tr(", ").join(filter(None, notes)), key=name))
    return tiles


def _sheets(bulletin: Bulletin, lang: Language) -> dict[str, pd.DataFrame]:
    """Return the sheets in order; those that nothing could be computed for are left out."""
    notice = bulletin.notice(lang)
    text = pd.DataFrame(
        {
            "paragraph": [each.text for each in notice.paragraphs],
            "figures_told": [
                "\n".join(dict.fromkeys(span.figure for span in each.spans if span.figure))
                for each in notice.paragraphs
            ],
        }
    )
    now = bulletin.figures[bulletin.figures["month"] == bulletin.month]
    front = ["subject_name", "indicator", "value", "numerator", "denominator", "figure"]
    whole, by = tr("the whole city"), now["grouped_by"].astype(object)
    now = now.assign(
        subject_name=now["subject_name"].mask(now["subject_name"] == "", whole),
        grouped_by=[listed(column_told(name, lang) for name in each.split("+") if name) for each in by],
    )
    order = [*front, *(name for name in now.columns if name not in (*front, "month"))]
    ranking = bulletin.ranking
    front = [
        "area_class", "class_place", "subject_name", "score", "previous_place", "places_gained", "is_tied",
        "n", "unranked", "lacking_indicators", "weight", *bulletin.by, "figure",
    ]  # fmt: skip
    tables = {
        "notice": text,
        "ranking": ranking[[name for name in front if name in ranking]],
        "indicators": now[order].reset_index(drop=True),
        "area_trade_matrix": _pivot(bulletin, lang),
        "area_trade_figures": _with_totals(bulletin.matrix, lang),
        "worst_ten": bulletin.worst,
        "late_cases": bulletin.late,
        "trend": bulletin.trend,
        "target_progress": bulletin.progress,
    }
    others = {name: table for name, table in bulletin.tables.items() if name not in tables}
    return {name: table for name, table in {**tables, **others}.items() if table.shape[1]}


def _with_totals(matrix: pd.DataFrame, lang: Language) -> pd.DataFrame:
    """Name the totals of a matrix, which have no code."""
    total = tr("total", lang=lang)
    names = [name for name in ("subject_name", "trade_name") if name in matrix]
    return matrix.assign(**{name: matrix[name].mask(matrix[name] == "", total) for name in names})


def _pivot(bulletin: Bulletin, lang: Language) -> pd.DataFrame:
    """Lay the matrix out as people read it: areas down, trades across, totals last."""
    matrix = bulletin.matrix
    if matrix.empty:
        return pd.DataFrame()
    rate = tr(" ", lang=lang) + label(str(matrix["indicator"].iloc[0]), lang)
    named = _with_totals(matrix, lang)
    area = _told_apart(named["subject_name"], named["subject"])
    trade = _told_apart(named["trade_name"], named["trade"]) + rate
    cells = pd.DataFrame({"subject_name": area, "trade": trade, "value": matrix["value"]})
    table = cells.pivot_table(index="subject_name", columns="trade", values="value", dropna=False)
    table.columns.name = None
    rows, columns = (
        [*dict.fromkeys(each[matrix[code] != ""]), *dict.fromkeys(each[matrix[code] == ""])]
        for each, code in ((area, "subject"), (trade, "trade"))
    )
    return table.loc[rows, columns].reset_index()


def _told_apart(names: pd.Series, codes: pd.Series) -> pd.Series:
    """Return names, with the code where several codes have one."""
    pairs = pd.DataFrame({"name": names, "code": codes}).drop_duplicates()
    shared = set(pairs.loc[pairs["name"].duplicated(keep=False), "name"])
    return names.where(~names.isin(shared), names + " " + codes)


def content_of(bulletin: Bulletin) -> str:
    """Return a fingerprint of the incidents: the same for the same cases in any order of rows."""
    making = bulletin.making
    cases = making.months.incidents
    columns = {name: cases[name].reset_index(drop=True) for name in _DECIDING if name in cases}
    columns |= {f"code {name}": making.months.codes[name] for name in sorted(map(str, making.months.codes))}
    rows = pd.util.hash_pandas_object(pd.DataFrame(columns).astype("str"), index=False).to_numpy()
    named = hashlib.sha256("\n".join(columns).encode())
    named.update(np.sort(rows).astype("<u8").tobytes())
    return named.hexdigest()


def read_record(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what a folder says that its bulletin was made from.

    Raises
    ------
    FileError
        If there is no record in it, or it cannot be read.
    InputError
        If it is the record of something else.
    """
    path = Path(folder) / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FileError(tr("{path}: cannot be read as the record of a bulletin", path=path)) from error
    if not isinstance(record, dict) or record.get("made_by") != _MEANT:
        raise InputError(tr("{path}: is not the record of a bulletin", path=path))
    return record


def _write_text(path: Path, text: str) -> None:
    with workshop(path) as folder:
        made = folder / path.name
        made.write_text(text, encoding="utf-8", newline="\n")
        made.replace(path)
