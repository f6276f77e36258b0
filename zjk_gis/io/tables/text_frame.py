"""A text file read as a whole: its lots put together, and its ragged lines told."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.errors import FileError, counted, name_rows
from zjk_gis.io.paths import blamed_on
from zjk_gis.io.tables.layout import NotRows, tell_left_out
from zjk_gis.io.tables.number_formats import tell_lost_digits
from zjk_gis.io.tables.records import GUARDED
from zjk_gis.io.tables.stream import MixedLines, name_lines
from zjk_gis.io.tables.text import TextTable
from zjk_gis.words import tr

if TYPE_CHECKING:
    from pathlib import Path

    from zjk_gis.io.tables.records import Lot, Records
    from zjk_gis.layers.spec import LayerSpec
    from zjk_gis.read_report import ReadReport

__all__ = ["read_text_table"]


def read_text_table(
    path: Path, report: ReadReport, spec: LayerSpec | None = None, *, encoding: str | None = None
) -> pd.DataFrame:
    """Read a .csv, .tsv or .txt file as a whole; encoding, delimiter and names are found from its content.

    Parameters
    ----------
    path : Path
    report : ReadReport
        Told what `TextTable` reports, what is left out among the rows; and in ``ragged`` the lines of the
        file with fewer cells (``short``) or more (``long``) than the names, in ``too_many_cells`` which rows
        of the table the latter are; in ``other_names`` the lines that look like the names of another table;
        and what `zjk_gis.io.tables.number_formats.tell_lost_digits` tells.
    spec : LayerSpec, optional
        Which columns are numbers.
    encoding : str, optional
        By default what its lines are.

    Returns
    -------
    DataFrame
        Of str; empty cells are missing. The apostrophe before a guarded formula is taken off again. The cells
        that a row has too many stand in columns of their own at the end.

    Raises
    ------
    FileError
        If it cannot be decoded or is not a table.
    """
    source = TextTable(path, report=report, said=encoding)
    frames: list[pd.DataFrame] = []
    again: list[int] = []
    ragged, mixed = _Ragged(source.usual), MixedLines()
    scientific = False
    for lot in source.lots(count_lines=True):
        source.check_widths(lot.found, lot.line, lot.block)
        found, more = source.checked(lot.found)
        mixed += lot.mixed + more
        frame = _frame_of(source, found)
        ragged.add(lot, found, frame, before=sum(map(len, frames)), wide=len(source.names))
        names_again = NotRows.names_again(frame) if report.header["rows"] else np.zeros(0, dtype=bool)
        again += lot.lines(np.flatnonzero(names_again))
        report.left_out += lot.left_out
        scientific = scientific or b"E+" in lot.block or b"e+" in lot.block
        frames.append(frame)
    report.remarks += mixed.said(path.name, source.encoding)
    table = pd.concat(frames, ignore_index=True) if frames else _no_rows(source)
    names = [name if isinstance(name, str) else f"column_{name + 1}" for name in table.columns]
    table = table.set_axis(names, axis="columns")
    table = table.mask(table == "")
    if again:
        report.other_names = again
        report.remarks.append(
            tr(
                "{name}: {rows} named columns again, perhaps those of another table below the first; "
                "what follows was read as rows of the first: split the file",
                name=path.name,
                rows=name_rows(again, is_counted=True),
            )
        )
    tell_left_out(report, path)
    ragged.tell(path, report)
    kept = [
        name
        for at, name in enumerate(names)
        if (at < len(source.names) and source.named[at]) or len(names) == 1 or not table[name].isna().all()
    ]
    return tell_lost_digits(table[kept], path, report, spec, scientific=scientific)


@dataclass(slots=True)
class _Ragged:
    """Which rows have fewer or more cells than there are names."""

    usual: int
    short: list[int] = field(default_factory=list)
    long: list[int] = field(default_factory=list)
    too_many: list[int] = field(default_factory=list)

    def add(self, lot: Lot, found: Records, frame: pd.DataFrame, *, before: int, wide: int) -> None:
        """Look at some rows."""
        filled = frame != ""
        short = (found.cells < self.usual) & filled.any(axis=1).to_numpy(dtype=bool)
        self.short += lot.lines(np.flatnonzero(short))
        if frame.shape[1] > self.usual:
            long = filled.iloc[:, self.usual :].any(axis=1).to_numpy(dtype=bool)
            self.long += lot.lines(np.flatnonzero(long))
            too_many = filled.iloc[:, wide:].any(axis=1).to_numpy(dtype=bool)
            self.too_many += (before + np.flatnonzero(too_many)).tolist()

    def tell(self, path: Path, report: ReadReport) -> None:
        """Say which they are."""
        wrong = {"short": self.short, "long": self.long}
        report.ragged = {why: rows for why, rows in wrong.items() if rows}
        if self.too_many:
            report.too_many_cells = self.too_many
        for why, rows in report.ragged.items():
            report.remarks.append(
                tr(
                    "{name}: {told} {more} cells than the {usual} of the names; is a delimiter or line "
                    "end within a cell not in quotes? ({rows})",
                    name=path.name,
                    told=counted(len(rows), "line has", "lines have"),
                    more=tr("fewer") if why == "short" else tr("more"),
                    usual=self.usual,
                    rows=name_lines(rows),
                )
            )


def _frame_of(source: TextTable, found: Records) -> pd.DataFrame:
    """Return rows as columns of text; cells beyond the columns stand in columns called by their number."""
    wide = max(len(source.names), int(found.cells.max(initial=1)))
    columns = [*source.names, *range(len(source.names), wide)]
    with blamed_on(source.file):
        cells = pd.read_csv(
            io.BytesIO(_joined(found)),
            encoding="utf-8",
            sep=source.delimiter,
            header=None,
            names=columns,
            dtype=str,
            na_filter=False,
            index_col=False,
            skip_blank_lines=False,
        )
    if len(cells) != len(found.begin):
        raise FileError(
            tr(
                "{file}: its quotes can be read in two ways; write a quote within a cell as two",
                file=source.file,
            )
        )
    for name in columns:
        column = cells[name]
        guarded = column.str.startswith("'") & column.str.match(GUARDED)
        if guarded.any():
            cells[name] = column.mask(guarded, column.str[1:])
    return cells.astype("str")


def _no_rows(source: TextTable) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype="str") for name in source.names})


def _joined(found: Records) -> bytes:
    """Return the rows one below the other; where nothing lies between them that is a copy and no more."""
    begin, end = found.begin, found.end
    if not len(begin):
        return b""
    gap = begin[1:] - end[:-1]
    text = np.frombuffer(found.text, dtype=np.uint8) if isinstance(found.text, bytes) else found.text
    together = (gap == 1) | ((gap == 2) & (text[end[:-1]] == ord("\r")) & (text[begin[1:] - 1] == ord("\n")))
    if together.all():
        return bytes(found.text[begin[0] : end[-1]])
    return b"\n".join(found.row(at) for at in range(len(begin)))
