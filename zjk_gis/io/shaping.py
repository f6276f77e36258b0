"""From the cells of a file to a table: names at the top, the rows below, and what is neither told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.errors import FileError, name_rows
from zjk_gis.io.headers import HEAD_ROWS, find_layout, is_note, is_total, names_columns
from zjk_gis.io.in_one_cell import geometry_column, geometry_of, pair_column, pair_of
from zjk_gis.layers.coordinates import Pair, named_columns, read_positions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from zjk_gis.io.headers import Layout, Merged
    from zjk_gis.layers.coordinates import Positions

__all__ = ["Shaped", "shape_table", "unique_names"]

_FOOT_ROWS = 30  # at the end, among which remarks and signatures are looked for
_TOLD = {
    "title": "above the names",
    "units": "units below the names",
    "instructions": "instructions below the names",
    "column_numbers": "numbers of the columns",
    "total": "sums of other rows",
    "note": "remarks below the table",
    "repeated_header": "the names again",
}


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
    report: dict[str, Any],
    merged: Sequence[Merged] = (),
) -> Shaped:
    """Take the names from the first rows, and leave out what is no row of the table.

    Parameters
    ----------
    cells : DataFrame
        Of str, as they stand in the file.
    rows : ndarray of int64
        The row or line of the file that each is on, counted from 1.
    path : Path
        Named in errors and remarks.
    report : dict
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
        message = f"{path}: holds no table"
        raise FileError(message)
    head = cells.iloc[:HEAD_ROWS].to_numpy().tolist()
    layout = find_layout(head, _within(merged, rows[:HEAD_ROWS]))
    left_out = [_row(cells, rows, row, why) for row, why in layout.left_out]
    table, numbers, at = cells.iloc[layout.body :], rows[layout.body :], at[layout.body :]
    if layout.header and merged:
        table = _filled_down(table, numbers, merged, layout, report)
    dropped = _dropped(table, [cells.iloc[row] for row in layout.header])
    dropped = _without_own_place(table, layout, dropped)
    left_out += [_row(table, numbers, row, why) for row, why in dropped]
    if dropped:
        kept = np.ones(len(table), dtype=bool)
        kept[[row for row, _ in dropped]] = False
        table, numbers, at = table[kept], numbers[kept], at[kept]
    report["header"] = {
        "rows": rows[list(layout.header)].tolist(),
        "first_row": int(numbers[0]) if len(numbers) else int(rows[-1]) + 1,
        "found": layout.found,
        "full_names": layout.full_names,
        "units": layout.units,
    }
    report["left_out"] = left_out
    again = numbers[names_columns(table)] if layout.header else numbers[:0]
    if len(again):
        report["other_names"] = again.tolist()
        report["remarks"].append(
            f"{path.name}: {name_rows(again.tolist())} named columns again, perhaps those of another table "
            "below the first; what follows was read as rows of the first: part the file"
        )
    _remark(layout, path, report)
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
    report: dict[str, Any],
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
    report["filled_down"] = counts
    table = table.copy()
    for c1, column in values.items():
        table.isetitem(c1, pd.array(column, dtype="str"))
    return table


def _dropped(table: pd.DataFrame, header: list[pd.Series]) -> list[tuple[int, str]]:
    """Find sums, remarks below the table, and the names where a print repeats them."""
    found: dict[int, str] = {}
    if not header or not len(table):
        return []
    firsts = [table.iloc[:, at].str.strip() for at in range(min(2, table.shape[1]))]
    last = len(table) - 1
    foot = range(max(0, len(table) - _FOOT_ROWS), len(table))
    lead = firsts[0] if len(firsts) == 1 else firsts[0].where(firsts[0] != "", firsts[1])
    sums = lead.str.contains("计", regex=False) | lead.str.contains("均", regex=False)
    for at in np.flatnonzero(sums.to_numpy(dtype=bool)).tolist():
        if is_total(lead.iloc[at]) and table.shape[1] > 1:
            found[at] = "total"
    for at in reversed(foot):
        cells = [cell for cell in table.iloc[at].tolist() if cell.strip()]
        if at in found or (at == last and not cells):
            continue
        if not cells or not is_note(cells[0]):
            break
        found[at] = "note"
    for row in header:
        at_same = (table.iloc[:, 0] == row.iloc[0]).to_numpy(dtype=bool)
        for at in np.flatnonzero(at_same).tolist():
            if table.iloc[at].tolist() == row.tolist():
                found[at] = "repeated_header"
    return sorted(found.items())


def _without_own_place(
    table: pd.DataFrame, layout: Layout, dropped: list[tuple[int, str]]
) -> list[tuple[int, str]]:
    """Keep what has its place among the other rows: a thing may be called 合计, a sum lies nowhere."""
    doubtful = [at for at, why in dropped if why in ("total", "note")]
    if not doubtful:
        return dropped
    names = [
        name if layout.names.count(name) == 1 else f"column {at}" for at, name in enumerate(layout.names)
    ]
    named = table.set_axis(names, axis="columns").astype("str").reset_index(drop=True)
    named = named.mask(named == "")
    shape, pair = geometry_column(named, named=True), named_columns(names, None, None, "")
    both = pair_column(named) if shape is None and pair is None else None
    if shape is not None:
        placed = (~shapely.is_missing(geometry_of(named[shape].iloc[doubtful])[0])).tolist()
    elif pair is not None or both is not None:
        positions = read_positions(named, pair) if pair is not None else _read_pairs(named, str(both))
        usable = positions.why == ""
        others = usable.copy()
        others[doubtful] = False
        placed = [
            bool(usable[at])
            and all(
                not others.any() or axis[others].min() <= axis[at] <= axis[others].max()
                for axis in (positions.x, positions.y)
            )
            for at in doubtful
        ]
    else:
        return dropped
    kept = {at for at, own in zip(doubtful, placed, strict=True) if own}
    return [(at, why) for at, why in dropped if at not in kept]


def _read_pairs(table: pd.DataFrame, column: str) -> Positions:
    parts, sure = pair_of(table[column], column)
    return read_positions(parts, Pair("east", "north", sure=sure))


def _remark(layout: Layout, path: Path, report: dict[str, Any]) -> None:
    remarks, header = report["remarks"], report["header"]
    if not layout.header:
        names = f"column_1 to column_{len(layout.names)}"
        remarks.append(f"{path.name}: has no row of names ({layout.found}); its columns are called {names}")
    elif layout.header != (0,):
        remarks.append(f"{path.name}: the header is {name_rows(header['rows'])} ({layout.found})")
    if layout.full_names:
        pairs = ", ".join(f"{name} ({whole})" for name, whole in layout.full_names.items())
        remarks.append(f"{path.name}: names joined from several rows: {pairs}")
    if layout.units:
        pairs = ", ".join(f"{name} {unit}" for name, unit in layout.units.items())
        remarks.append(f"{path.name}: units below the names: {pairs}")
    for why, told in _TOLD.items():
        numbers = [row["row"] for row in report["left_out"] if row["why"] == why]
        if numbers:
            remarks.append(f"{path.name}: left out as {told}: {name_rows(numbers)}")
    for name, count in report.get("filled_down", {}).items():
        remarks.append(f"{path.name}: {count} cells of {name} filled from the merged cell above")


def unique_names(given: Sequence[str], path: Path, report: dict[str, Any]) -> list[str]:
    """Give blank names a number, and names that come again another."""
    names: dict[str, None] = {}
    for at, cell in enumerate(given):
        name = cell or f"column_{at + 1}"
        number, base = 1, name
        while name in names:
            number += 1
            name = f"{base}_{number}"
        if name != base:
            report["remarks"].append(f"{path.name}: the column {base!r} comes again and is called {name!r}")
        names[name] = None
    return list(names)
