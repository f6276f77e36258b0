"""From the cells of a file to a table: names at the top, the rows below, and what is neither told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.errors import FileError, counted, name_rows
from zjk_gis.io.tables.cell_positions import geometry_column, geometry_of, pair_column, pair_of
from zjk_gis.io.tables.headers import HEAD_ROWS, find_layout, is_label, is_note, is_total, names_columns
from zjk_gis.layers.columns.coordinates import Pair, named_columns, read_positions
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from zjk_gis.io.tables.headers import Layout, Merged
    from zjk_gis.layers.columns.coordinates import Positions
    from zjk_gis.read_report import ReadReport

__all__ = [
    "NotRows",
    "Shaped",
    "left_out_said",
    "shape_table",
    "tell_layout",
    "tell_left_out",
    "unique_names",
]

_SAMPLE_ROWS = 10_000  # by which the others are judged
_NEAR = {True: 1.0, False: 100_000.0}  # to the first rows, in degrees and in metres
_MOST_DEGREES = 400.0
_LEFT_OUT = ("title", "units", "instructions", "column_numbers", "total", "note", "repeated_header")


@dataclass(frozen=True, slots=True)
class Shaped:
    """A table and where it came from.

    Attributes
    ----------
    table : DataFrame
        Of str, empty cells missing, numbered from 0.
    at : ndarray of int64
        Which row of the cells each row was.
    columns : list of int
        Which column of the cells each column was.
    """

    table: pd.DataFrame
    at: NDArray[np.int64]
    columns: list[int]


def shape_table(
    cells: pd.DataFrame,
    rows: NDArray[np.int64],
    path: Path,
    report: ReadReport,
    merged: Sequence[Merged] = (),
) -> Shaped:
    """Take the names from the first rows, and leave out what is not a row of the table.

    Parameters
    ----------
    cells : DataFrame
        Of str, as they stand in the file.
    rows : ndarray of int64
        The row or line of the file that each is on, counted from 1.
    path : Path
        Named in errors and remarks.
    report : ReadReport
        Told, in ``header``, the ``rows`` of the names, the ``first_row`` of the table, ``found`` (why),
        ``full_names`` and ``units``; in ``left_out`` the rows that are none of the table, each with ``row``,
        ``why`` and ``text``; in ``filled_down`` the columns whose merged cells were, with how many; in
        ``other_names`` the rows that look like the names of another table.
    merged : sequence of (int, int, int, int)
        Cells merged into one: first row, first column, last row, last column; rows as in `rows`, columns
        counted from 0.

    Returns
    -------
    Shaped

    Raises
    ------
    FileError
        If there is nothing in it.
    """
    full = np.zeros(len(cells), dtype=bool)
    for column in range(cells.shape[1]):
        full |= (cells.iloc[:, column].str.strip() != "").to_numpy(dtype=bool)
    at = np.flatnonzero(full)
    if not full.all():
        cells, rows = cells[full].reset_index(drop=True), rows[full]
    if not len(cells):
        raise FileError(tr("{path}: holds no table", path=path))
    head = cells.iloc[:HEAD_ROWS].to_numpy().tolist()
    layout = find_layout(head, _within(merged, rows[:HEAD_ROWS]))
    left_out = [_row(cells, rows, row, why) for row, why in layout.left_out]
    table, numbers, at = cells.iloc[layout.body :], rows[layout.body :], at[layout.body :]
    if layout.header and merged:
        table = _filled_down(table, numbers, merged, layout, report)
    dropped = _dropped(table, [head[row] for row in layout.header], layout.names)
    left_out += [_row(table, numbers, row, why) for row, why in dropped]
    if dropped:
        kept = np.ones(len(table), dtype=bool)
        kept[[row for row, _ in dropped]] = False
        table, numbers, at = table[kept], numbers[kept], at[kept]
    report.header = {
        "rows": rows[list(layout.header)].tolist(),
        "first_row": int(numbers[0]) if len(numbers) else int(rows[-1]) + 1,
        "found": layout.found,
        "full_names": layout.full_names,
        "units": layout.units,
    }
    report.left_out = left_out
    again = numbers[names_columns(table)] if layout.header else numbers[:0]
    if len(again):
        report.other_names = again.tolist()
        report.remarks.append(
            tr(
                "{name}: {rows} named columns again, perhaps those of another table below the first; "
                "what follows was read as rows of the first: split the file",
                name=path.name,
                rows=name_rows(again.tolist(), is_counted=True),
            )
        )
    tell_layout(layout, path, report)
    tell_left_out(report, path)
    names = unique_names(layout.names, path, report)
    table = table.set_axis(names, axis="columns").reset_index(drop=True).astype("str")
    table = table.mask(table == "")
    columns = [
        column
        for column, (name, given) in enumerate(zip(names, layout.names, strict=True))
        if given or len(names) == 1 or not table[name].isna().all()
    ]
    return Shaped(table.iloc[:, columns], at, columns)


def _within(merged: Sequence[Merged], rows: NDArray[np.int64]) -> list[Merged]:
    """Count merged cells by the rows that hold anything; what lies below the head is left away."""
    found: list[Merged] = []
    for r1, c1, r2, c2 in merged:
        inside = np.flatnonzero((rows >= r1) & (rows <= r2))
        if len(inside):
            found.append((int(inside[0]), c1, int(inside[-1]), c2))
    return found


def _row(cells: pd.DataFrame, rows: NDArray[np.int64], at: int, why: str) -> dict[str, Any]:
    text = " | ".join(cell for cell in cells.iloc[at].tolist() if cell.strip())
    return {"row": int(rows[at]), "why": why, "text": text}


def _filled_down(
    table: pd.DataFrame,
    rows: NDArray[np.int64],
    merged: Sequence[Merged],
    layout: Layout,
    report: ReadReport,
) -> pd.DataFrame:
    """Give every row under cells merged downwards the value that stands in the first."""
    counts: dict[str, int] = {}
    values: dict[int, list[str]] = {}
    for r1, c1, r2, c2 in merged:
        begin, end = np.searchsorted(rows, [r1, r2 + 1]).tolist()
        if r1 == r2 or c1 != c2 or end - begin < 2 or rows[begin] != r1 or c1 >= table.shape[1]:
            continue
        column = values.setdefault(c1, table.iloc[:, c1].tolist())
        column[begin:end] = [column[begin]] * (end - begin)
        name = layout.names[c1] or f"column_{c1 + 1}"
        counts[name] = counts.get(name, 0) + end - begin - 1
    if not values:
        return table
    report.filled_down = counts
    table = table.copy()
    for c1, column in values.items():
        table.isetitem(c1, pd.array(column, dtype="str"))
    return table


def _dropped(table: pd.DataFrame, header: list[list[str]], given: Sequence[str]) -> list[tuple[int, str]]:
    """Find what is not a row: sums, remarks, and the names where a print repeats them."""
    if not header or not len(table):
        return []
    names = [
        name if name and list(given).count(name) == 1 else f"column_{at}" for at, name in enumerate(given)
    ]
    named = table.set_axis(names, axis="columns").reset_index(drop=True)
    rule = NotRows(header, named.iloc[:_SAMPLE_ROWS])
    doubtful = _may_be_sums_or_remarks(named)
    for row in header:
        doubtful |= (named.iloc[:, 0].str.strip() == row[0].strip()).to_numpy(dtype=bool)
    found = ((at, rule.kind(named.iloc[at].tolist())) for at in np.flatnonzero(doubtful).tolist())
    return [(at, why) for at, why in found if why is not None]


def _may_be_sums_or_remarks(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell which rows may be sums or remarks by their first filled cell; only these are looked at."""
    lead = table.iloc[:, 0].str.strip()
    for at in range(1, table.shape[1]):
        empty = (lead == "").to_numpy(dtype=bool)
        if not empty.any():
            break
        lead = lead.where(~empty, table.iloc[:, at].str.strip())
    doubtful: NDArray[np.bool_] = lead.str.contains("[计均:：]", regex=True).to_numpy(dtype=bool, copy=True)
    return doubtful


class NotRows:
    """What among the rows of a table is none of it, judged row by row.

    1. A row is a sum (合计, 小计, 平均) if its first cell, or its second below an empty first, says so.
    2. It is a remark (注：, 制表人：) if its first filled cell is one, and either no more than half of its
       cells are filled or all that are filled are remarks and labels.
    3. What has its place among the first 10,000 rows is a row all the same: a thing may be called 合计, but
       a sum lies nowhere. Its place is its coordinates, within a degree or 100 km of theirs.
    4. A row that is equal to a row of the names is those names again, as prints repeat them on every page.

    Parameters
    ----------
    header : sequence of sequence of str
        The rows that hold the names; without any every row is one.
    sample : DataFrame
        The first rows, of str, under names each of which comes once.

    Examples
    --------
    >>> first = pd.DataFrame({"编号": ["1"], "经度": ["114.8"], "纬度": ["40.8"]}, dtype="str")
    >>> rule = NotRows([["编号", "经度", "纬度"]], first)
    >>> [rule.kind(row) for row in (["合计", "229.7", "81.7"], ["合计", "114.9", "40.9"], ["2", "", ""])]
    ['total', None, None]
    """

    def __init__(self, header: Sequence[Sequence[str]], sample: pd.DataFrame) -> None:
        self._names = [_trimmed(row) for row in header]
        self._columns = list(sample.columns)
        sample = sample.mask(sample == "")
        self._both = self._pair = None
        self._shape = geometry_column(sample, named=True)
        if self._shape is None:
            self._pair = named_columns(self._columns, None, None, "")
        if self._shape is None and self._pair is None:
            self._both = pair_column(sample)
        self._box: tuple[float, float, float, float] | None = None
        if self._pair is not None or self._both is not None:
            others = sample[~_may_be_sums_or_remarks(sample.fillna(""))]
            positions = self._positions(others)
            usable = positions.why == ""
            if usable.any():
                x, y = positions.x[usable], positions.y[usable]
                near = _NEAR[bool(max(np.median(np.abs(x)), np.median(np.abs(y))) < _MOST_DEGREES)]
                self._box = (x.min() - near, y.min() - near, x.max() + near, y.max() + near)

    def kind(self, cells: Sequence[str]) -> str | None:
        """Say what a row is that is none of the table: ``total``, ``note`` or ``repeated_header``."""
        if not self._names:
            return None
        filled = [cell for cell in cells if cell.strip()]
        if not filled:
            return None
        lead = cells[0] if cells[0].strip() or len(cells) < 2 else cells[1]
        if len(self._columns) > 1 and is_total(lead):
            return None if self._lies(cells) else "total"
        few = 2 * len(filled) <= max(len(self._columns), 2)
        if is_note(filled[0]) and (few or all(is_note(cell) or is_label(cell) for cell in filled)):
            return None if self._lies(cells) else "note"
        return "repeated_header" if _trimmed(cells) in self._names else None

    @staticmethod
    def names_again(table: pd.DataFrame) -> NDArray[np.bool_]:
        """Tell which rows of a table look like the names of another one."""
        return names_columns(table.fillna(""))

    def _lies(self, cells: Sequence[str]) -> bool:
        """Tell whether a row has a place of its own, among the others."""
        wide = len(self._columns)
        row = pd.DataFrame([[*cells[:wide], *[""] * (wide - len(cells))]], columns=self._columns, dtype="str")
        row = row.mask(row == "")
        if self._shape is not None:
            return not bool(shapely.is_missing(geometry_of(row[self._shape])[0])[0])
        if self._pair is None and self._both is None:
            return False
        positions = self._positions(row)
        if positions.why[0] != "":
            return False
        if self._box is None:
            return True
        west, south, east, north = self._box
        return bool(west <= positions.x[0] <= east and south <= positions.y[0] <= north)

    def _positions(self, table: pd.DataFrame) -> Positions:
        if self._pair is not None:
            return read_positions(table, self._pair)
        parts, sure = pair_of(table[str(self._both)], str(self._both))
        return read_positions(parts, Pair("east", "north", sure=sure))


def _trimmed(cells: Sequence[str]) -> tuple[str, ...]:
    """Return cells without outer blanks and without the empty ones at the end."""
    plain = [" ".join(cell.split()) for cell in cells]
    while plain and not plain[-1]:
        plain.pop()
    return tuple(plain)


def tell_layout(layout: Layout, path: Path, report: ReadReport) -> None:
    """Say where the names of a table stand, and what they were put together of."""
    remarks, header = report.remarks, report.header
    if not layout.header:
        remarks.append(
            tr(
                "{name}: has no row of names ({found}); its columns are called column_1 to column_{count}",
                name=path.name,
                found=layout.found,
                count=len(layout.names),
            )
        )
    elif layout.header != (0,):
        remarks.append(
            tr(
                "{name}: the header is {rows} ({found})",
                name=path.name,
                rows=name_rows(header["rows"], is_counted=True),
                found=layout.found,
            )
        )
    if layout.full_names:
        pairs = listed(
            tr("{name} ({whole})", name=name, whole=whole) for name, whole in layout.full_names.items()
        )
        remarks.append(tr("{name}: names joined from several rows: {pairs}", name=path.name, pairs=pairs))
    if layout.units:
        pairs = listed(f"{name} {unit}" for name, unit in layout.units.items())
        remarks.append(tr("{name}: units below the names: {pairs}", name=path.name, pairs=pairs))


def tell_left_out(report: ReadReport, path: Path) -> None:
    """Say which rows of a file are none of its table."""
    remarks = report.remarks
    for why in _LEFT_OUT:
        numbers = [row["row"] for row in report.left_out if row["why"] == why]
        if numbers:
            remarks.append(
                tr(
                    "{name}: left out as {told}: {rows}",
                    name=path.name,
                    told=_why_said(why),
                    rows=name_rows(numbers, is_counted=True),
                )
            )
    for name, count in report.filled_down.items():
        remarks.append(
            tr(
                "{name}: {count} cells of {name_2} filled from the merged cell above",
                name=path.name,
                count=count,
                name_2=name,
            )
        )


def left_out_said(name: str, tally: Mapping[str, int]) -> list[str]:
    """Say how many rows below the names are none of the table, from counts such as ``{"left:total": 2}``.

    Examples
    --------
    >>> left_out_said("a.csv", {"left:title": 1, "left:total": 2, "rows": 9})
    ['a.csv: 2 rows left out as sums of other rows']
    """
    counts = {why: tally.get(f"left:{why}", 0) for why in ("total", "note", "repeated_header")}
    return [
        tr(
            "{name}: {rows} left out as {told}",
            name=name,
            rows=counted(count, "row", "rows"),
            told=_why_said(why),
        )
        for why, count in counts.items()
        if count
    ]


def _why_said(why: str) -> str:
    """Say what a row is that is none of the table."""
    said = {
        "title": tr("what stands above the names"),
        "units": tr("units below the names"),
        "instructions": tr("instructions below the names"),
        "column_numbers": tr("numbers of the columns"),
        "total": tr("sums of other rows"),
        "note": tr("remarks below the table"),
        "repeated_header": tr("the names again"),
    }
    return said[why]


def unique_names(given: Sequence[str], path: Path, report: ReadReport) -> list[str]:
    """Give blank names a number, and names that come again another."""
    names: dict[str, None] = {}
    for at, cell in enumerate(given):
        name = cell or f"column_{at + 1}"
        number, base = 1, name
        while name in names:
            number += 1
            name = f"{base}_{number}"
        if name != base:
            report.remarks.append(
                tr(
                    "{name}: the column {base!r} comes again and is called {name_2!r}",
                    name=path.name,
                    base=base,
                    name_2=name,
                )
            )
        names[name] = None
    return list(names)
