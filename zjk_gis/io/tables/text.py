"""Delimited text: names at the top, then rows in lots of whole records, whose cells stay as they stand.

Every text file of the library is read here, by one rule, however long it is: `read_text_table` puts the lots
together, `zjk_gis.batch.text` hands them on one by one. A code that passes through a number loses its
zeros, a date its order, so nothing is turned here; and a row can go out with the very bytes it came with.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.errors import FileError, counted, name_rows
from zjk_gis.io.encoding import UTF_8, Encoding
from zjk_gis.io.paths import blamed_on, check_content, format_of
from zjk_gis.io.tables.headers import HEAD_ROWS, find_layout
from zjk_gis.io.tables.layout import NotRows, tell_layout, tell_left_out, unique_names
from zjk_gis.io.tables.number_formats import tell_lost_digits
from zjk_gis.io.tables.scan import UNCLOSED, loops_for
from zjk_gis.io.tables.stream import MixedLines, Utf8Stream, first_row_not_utf8, line_as_utf8, name_lines
from zjk_gis.read_report import ReadReport
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from zjk_gis.io.tables.scan import Loops
    from zjk_gis.layers.spec import LayerSpec

__all__ = ["BATCH_ROWS", "Lot", "Records", "TextTable", "read_text_table", "sniff_delimiter"]

BATCH_ROWS = 1 << 17
SAMPLE_ROWS = 10_000  # by which the others are judged

_DELIMITERS = ",;\t|"
_WIDE_COMMA = "\uff0c"
_STAND_IN = "\x1f"  # of a delimiter that takes more than one byte, which the scanner cannot have
_SNIFFED_LINES = 50
_MOST_COLUMNS = 16_384
_SNIFFED_BYTES = 1 << 16
_FIRST_BLOCK = 1 << 23
_LEAST_BLOCK, _MOST_BLOCK = 1 << 16, 1 << 25
_SHOWN_OF_ROW = 60
_MOST_RECORD = 1 << 28  # bytes: what is longer is a quote that nobody closed
_SLACK = 0.95  # blocks hold a little less than a batch, or each would leave a small one behind
_LEADS = 2  # columns among whose first cells a sum or a remark says what it is
# The last characters of what says that a row is a sum, and the first of what says that it is a remark, each
# three bytes of UTF-8 as one number; by them few rows of many are looked at as text.
_SUM_ENDS = np.array([int.from_bytes(end.encode(), "big") for end in "计均值：　"])
_NOTE_BEGINS = np.array([int.from_bytes(begin.encode(), "big") for begin in "注备说填制审复负单联数资来"])
# What `zjk_gis.io.spreadsheets.guard_formula` put an apostrophe before.
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


@dataclass(frozen=True, slots=True)
class Records:
    """Rows of text.

    Attributes
    ----------
    text : bytes or ndarray of uint8
        UTF-8, as the loops want it.
    begin, end : ndarray of int64
        Of each row, without its line end.
    cells : ndarray of int64
        How many cells it has.
    left, right : ndarray of int64
        Of the cells wanted, by slot and row.
    is_utf_8 : bool
        Whether it is known that the text is valid throughout.
    """

    text: Any
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    cells: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    is_utf_8: bool = False

    def only(self, rows: NDArray[np.bool_]) -> Records:
        """Return some of the rows."""
        return Records(
            self.text,
            self.begin[rows],
            self.end[rows],
            self.cells[rows],
            self.left[:, rows],
            self.right[:, rows],
        )

    def cells_of(self, slots: list[int]) -> Records:
        """Return the rows with the cells of some slots alone; the others take no more room."""
        return replace(self, left=self.left[slots], right=self.right[slots])

    def row(self, at: int) -> bytes:
        """Return the bytes of one row."""
        return bytes(self.text[self.begin[at] : self.end[at]])


@dataclass(frozen=True, slots=True)
class Lot:
    """Some rows of a table, and what stood among them that is none of it.

    Attributes
    ----------
    found : Records
    after : int
        The byte of the text, as UTF-8, at which the next lot begins.
    left_out : tuple of dict
        ``row`` (the line of the file, None where it is not known), ``why`` and ``text``.
    line : int or None
        The line of the file on which the block of text begins that the rows lie in.
    block : bytes
        That text.
    mixed : MixedLines
        What was in another encoding in the text read for it.
    """

    found: Records
    after: int
    left_out: tuple[dict[str, Any], ...]
    line: int | None
    block: bytes
    mixed: MixedLines

    def lines(self, rows: NDArray[np.int64]) -> list[int]:
        """Return the lines of the file on which some rows begin."""
        base = self.line or 0
        return [base + _count_lines(self.block[: self.found.begin[row]]) for row in rows.tolist()]


class TextTable:
    """A delimited text file: what is found out once, and its rows lot by lot.

    Parameters
    ----------
    file : Path
        A .csv, .tsv or .txt file, perhaps packed as .gz or .zst.
    batch_rows : int
        About how many rows a lot has.
    loops : Loops, optional
        By default those that suit the file's length.
    report : ReadReport, optional
        What is told; by default one of its own.

    Attributes
    ----------
    names : list of str
        Of the columns, each once; where the file has none, or not for every column, ``column_3`` and the
        like.
    header : bytes or None
        The line of names as it stands; None where the names are put together or made up.
    delimiter : str
    line_end : bytes
    start : int
        The byte of the text, as UTF-8, at which the rows begin.
    report : ReadReport
        Told ``encoding``, ``encoding_found``, ``delimiter``, ``header``, ``left_out`` (what stands above the
        rows) and ``remarks``; see `zjk_gis.read_layer`.

    Raises
    ------
    FileError
        If it cannot be decoded or holds no table.

    Notes
    -----
    A table has as many columns as its names have cells, or more, if more than half of its first 10,000 rows
    do.
    """

    def __init__(
        self,
        file: Path,
        *,
        batch_rows: int = BATCH_ROWS,
        loops: Loops | None = None,
        report: ReadReport | None = None,
    ) -> None:
        self.file = file
        self.report = ReadReport() if report is None else report
        self._batch_rows = batch_rows
        self._rewritten: bytes | None = None
        self._knows_encoding = False
        check_content(file, format_of(file))
        with blamed_on(file):
            size = file.stat().st_size
        self.loops = loops or loops_for(size)
        self._slot_of: dict[int, int] = {}
        self.take(())
        self._find_layout(self._look())
        self.take(())

    def take(self, columns: Sequence[str]) -> None:
        """Say of which columns the cells are wanted, besides those of the first two."""
        wanted = [*range(_LEADS), *(self.names.index(name) for name in columns)] if columns else range(_LEADS)
        self._slot_of = {column: slot for slot, column in enumerate(dict.fromkeys(wanted))}
        widest = max(self._slot_of) + 1
        self._slot = np.full(widest, -1, dtype=np.int64)
        for column, slot in self._slot_of.items():
            self._slot[column] = slot
        self._taken = list(columns)
        self._taken_slots = [self._slot_of[self.names.index(name)] for name in columns]

    def slot(self, name: str) -> int:
        """Return at which place of `Records.left` the cells of a column stand that was taken."""
        return self._taken.index(name)

    @property
    def encoding(self) -> str:
        """The name of the encoding."""
        return self.report.encoding

    # What is found out once ----------------------------------------------------------------------------

    def _look(self) -> bytes:
        """Read the beginning: encoding, delimiter."""
        with blamed_on(self.file), Utf8Stream(self.file) as stream:
            content = stream.read(_FIRST_BLOCK)
            content = self._rewrite(content, stream)
            encoding = stream.encoding
            self._begins_and_ends = not stream.read(1)
        if b"\x00" in content:
            raise FileError(_holds_nul(self.file))
        self._tell_encoding(encoding)
        return content

    def _tell_encoding(self, encoding: Encoding | None) -> None:
        """Tell the encoding; of a file that begins in ASCII it is known where the first other byte stands."""
        self._knows_encoding = encoding is not None
        known = Encoding(UTF_8, tr("plain ASCII")) if encoding is None else encoding
        known.tell(self.report, self.file)

    def _rewrite(self, content: bytes, stream: Utf8Stream) -> bytes:
        """Find the delimiter; text parted by what takes more than one byte is written anew, as a whole."""
        text = content[:_SNIFFED_BYTES].decode(errors="ignore")
        self.delimiter = sniff_delimiter(text)
        self.report.delimiter = self.delimiter
        lines = _first_lines(text)
        if any(self.delimiter in line for line in lines):
            return content
        is_wide = bool(lines) and 2 * sum(_WIDE_COMMA in line for line in lines) > len(lines)
        counts = {len(line.split()) for line in lines}
        by_blanks = len(lines) > 1 and len(counts) == 1 and min(counts) > 1 and '"' not in text
        if not is_wide and not by_blanks:
            return content
        pieces = [content]
        while piece := stream.read(_FIRST_BLOCK):
            pieces.append(piece)
        whole = b"".join(pieces).decode(errors="replace")
        if is_wide and _STAND_IN not in whole:
            self.report.delimiter = _WIDE_COMMA
            self.report.remarks.append(
                tr("{name}: its cells are separated by full-width commas", name=self.file.name)
            )
            whole = _with_commas(whole)
        elif by_blanks and '"' not in whole:
            self.report.delimiter = " "
            self.report.remarks.append(tr("{name}: its cells are separated by blanks", name=self.file.name))
            self.delimiter = "\t"
            whole = re.sub(r"[^\S\r\n]+", "\t", re.sub(r"(?m)^[^\S\r\n]+|[^\S\r\n]+$", "", whole))
        self._rewritten = whole.encode()
        return self._rewritten

    def _find_layout(self, content: bytes) -> None:
        """Find the names in the first records, and where the rows begin."""
        found, _ = self._scan(content, 0, is_last=self._begins_and_ends, most=HEAD_ROWS + SAMPLE_ROWS)
        head: list[list[str]] = []
        places: list[int] = []
        for at in range(len(found.begin)):
            cells = self.split(found.row(at))
            if any(cell.strip() for cell in cells):
                head.append([cell[1:] if _GUARDED.match(cell) else cell for cell in cells])
                places.append(at)
            if len(head) == HEAD_ROWS:
                break
        if not head:
            raise FileError(tr("{file}: holds no table", file=self.file))
        self.check_widths(found, 1, content)
        widest = max(map(len, head))
        layout = find_layout([row + [""] * (widest - len(row)) for row in head])
        lines = [1 + _count_lines(content[: found.begin[at]]) for at in places]
        body = places[layout.body] if layout.body < len(places) else places[-1] + 1
        names_wide = max((len(head[at]) for at in layout.header), default=0)
        wide = self._width(found, body, names_wide)
        given = [*layout.names[:wide], *[""] * (wide - len(layout.names))]
        self.report.header = {
            "rows": [lines[at] for at in layout.header],
            "first_row": lines[layout.body] if layout.body < len(lines) else lines[-1] + 1,
            "found": layout.found,
            "full_names": layout.full_names,
            "units": layout.units,
        }
        self.report.left_out = [
            {"row": lines[at], "why": why, "text": " | ".join(cell for cell in head[at] if cell.strip())}
            for at, why in layout.left_out
        ]
        tell_layout(layout, self.file, self.report)
        self.usual = names_wide or wide
        if names_wide and wide > names_wide:
            self.report.remarks.append(
                tr(
                    "{name}: most rows have {wide} cells, but there are {names_wide} names; the other "
                    "columns are called column_{names_wide_2} and so on",
                    name=self.file.name,
                    wide=wide,
                    names_wide=names_wide,
                    names_wide_2=names_wide + 1,
                )
            )
        self.names = unique_names(given, self.file, self.report)
        self.named = [bool(name) for name in given]
        self.header = found.row(places[layout.header[0]]) if len(layout.header) == 1 else None
        if self.header is not None and (wide > names_wide or self.names != given):
            self.header = None
        end = int(found.end[places[layout.header[-1] if layout.header else 0]])
        self.line_end = b"\r\n" if content[end : end + 2] == b"\r\n" else b"\n"
        self.start = int(found.begin[body]) if body < len(found.begin) else self._end_of(content, found)
        self._head_rows = [head[at] for at in layout.header]
        firsts = [next(cell for cell in row if cell.strip()).strip().encode() for row in self._head_rows]
        self._first_names = self.loops.text(b"".join(firsts))
        self._first_name_at = np.cumsum([0, *map(len, firsts)], dtype=np.int64)
        self._sample = content[self.start : int(found.end[-1])]
        self._rule: NotRows | None = None

    def _end_of(self, content: bytes, found: Records) -> int:
        """Return where rows would begin below names that nothing follows."""
        end = int(found.end[-1])
        while end < len(content) and content[end] in b"\r\n":
            end += 1
        return end

    def _width(self, found: Records, body: int, names_wide: int) -> int:
        """Return how many columns there are: as many as names, or as most rows fill."""
        more = np.flatnonzero(found.cells[body:] > names_wide)
        rows = len(found.begin) - body
        if names_wide and 2 * len(more) <= rows:
            return names_wide
        if not names_wide:
            return int(found.cells[body:].max(initial=1))
        filled = []
        for at in (more + body).tolist():
            cells = self.split(found.row(at))
            filled.append(max((n + 1 for n, cell in enumerate(cells) if cell.strip()), default=0))
        wider = [width for width in filled if width > names_wide]
        return int(np.bincount(wider).argmax()) if 2 * len(wider) > rows else names_wide

    def check_widths(self, found: Records, line: int | None, content: bytes) -> None:
        """Refuse a line that has so many cells that a quote or a line end must be missing."""
        if not len(found.cells):
            return
        usual = int(np.bincount(np.minimum(found.cells, _MOST_COLUMNS)).argmax())
        at = int(found.cells.argmax())
        if found.cells[at] > min(_MOST_COLUMNS, 4 * usual + 100):
            told = (line or 1) + _count_lines(content[: found.begin[at]])
            raise FileError(
                tr(
                    "{file}: line {told} has {cells:,} cells, other lines have {usual}; is a quote or a "
                    "line end missing?",
                    file=self.file,
                    told=told,
                    cells=found.cells[at],
                    usual=usual,
                )
            )

    def split(self, record: bytes) -> list[str]:
        """Return the cells of one record."""
        most = csv.field_size_limit(max(len(record) + 1, 1 << 17))
        try:
            lines = io.StringIO(record.decode(errors="replace"), newline="")
            return [cell for row in csv.reader(lines, delimiter=self.delimiter) for cell in row]
        finally:
            csv.field_size_limit(most)

    # Rows, lot by lot -----------------------------------------------------------------------------------

    def lots(self, at: int = 0, *, count_lines: bool = False) -> Iterator[Lot]:
        """Hand out the rows from a byte of the text on, in order; left out is what is none of the table.

        Sums of other rows, remarks, names that come again and rows without any content are no rows. Lines are
        counted where that is asked for and reading begins at the first row.

        Raises
        ------
        FileError
            If the file is damaged, or a quote is never closed.
        """
        base = max(at, self.start)
        line = self.report.header["first_row"] if count_lines and base == self.start else None
        rest, block = b"", _FIRST_BLOCK
        with blamed_on(self.file), self._stream() as stream:
            stream.skip(base)
            stream.take_mixed()
            is_last = False
            while not is_last:
                piece = stream.read(block)
                if not self._knows_encoding:
                    self._tell_encoding(stream.encoding)
                if b"\x00" in piece:
                    raise FileError(_holds_nul(self.file))
                is_last = not piece
                content, start, rows = rest + piece, 0, 0
                while True:
                    found, after = self._cut(content, start, base, is_last=is_last)
                    start = after
                    if not len(found.begin):
                        break
                    rows += len(found.begin)
                    kept, left_out = self._sift(found, content, line)
                    if len(kept.begin) or left_out:
                        mixed = stream.take_mixed()
                        kept = kept.cells_of(self._taken_slots)
                        yield Lot(kept, base + after, left_out, line, content, mixed)
                if rows:
                    block = int(self._batch_rows * _SLACK * start / rows)
                    block = min(max(block, _LEAST_BLOCK), _MOST_BLOCK)
                if line is not None:
                    line += _count_lines(content[:start])
                base, rest = base + start, content[start:]
                if len(rest) > _MOST_RECORD:
                    raise self._unclosed(rest, base)

    def checked(self, found: Records) -> tuple[Records, MixedLines]:
        """Return rows whose text is UTF-8 throughout; one that is not is in GB18030, or damaged."""
        mended, mixed = self._mended(found)
        return found if mended is found else mended.cells_of(self._taken_slots), mixed

    def _mended(self, found: Records) -> tuple[Records, MixedLines]:
        """Return rows as `checked` does, with the cells of all slots."""
        wrong = None if found.is_utf_8 else first_row_not_utf8(found.text, found.begin, found.end)
        if wrong is None:
            return found, MixedLines()
        mixed = MixedLines()
        rows = [found.row(at) for at in range(len(found.begin))]
        for at in range(wrong, len(rows)):
            rows[at], encoding = line_as_utf8(rows[at], UTF_8)
            if encoding != UTF_8:
                mixed += MixedLines(int(encoding is not None), int(encoding is None))
        mended, _ = self._scan(b"".join(row + b"\n" for row in rows), 0, is_last=True, most=len(rows))
        return mended, mixed

    def _stream(self) -> Utf8Stream | _Rewritten:
        return Utf8Stream(self.file) if self._rewritten is None else _Rewritten(self._rewritten)

    def _cut(self, content: bytes, start: int, base: int, *, is_last: bool) -> tuple[Records, int]:
        """Find the next lot of records in a block."""
        found, after = self._scan(content, start, is_last=is_last, most=self._batch_rows, base=base)
        self._forgive_last_delimiters(found)
        return found, after

    def _scan(
        self, content: bytes, start: int, *, is_last: bool, most: int, base: int = 0
    ) -> tuple[Records, int]:
        most = min(most, (len(content) - start) // 2 + 1)
        begin, end, cells = (np.empty(most, dtype=np.int64) for _ in range(3))
        shape = (len(self._slot_of), most)
        left, right = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        text, mark = self.loops.text(content), ord(self.delimiter)
        rows, after = self.loops.find_records(
            text, start, len(content), mark, self._slot, is_last, begin, end, cells, left, right
        )
        if rows == UNCLOSED:
            raise self._unclosed(content[after:], base + after)
        return Records(text, begin[:rows], end[:rows], cells[:rows], left[:, :rows], right[:, :rows]), after

    def _unclosed(self, row: bytes, at: int) -> FileError:
        """Return the refusal of a row that begins at a byte of the text and has no end."""
        line, last = 1, b""
        with self._stream() as stream:
            while at > 0 and (piece := stream.read(min(at, _FIRST_BLOCK))[:at]):
                line += _count_lines(piece) - (last + piece[:1] == b"\r\n")
                at, last = at - len(piece), piece[-1:]
        begins = row[:_SHOWN_OF_ROW].splitlines()[0].decode(errors="ignore")
        return FileError(
            tr(
                "{file}: line {line:,} has a quote that is never closed; close it or remove it. The line "
                "begins: {begins}",
                file=self.file,
                line=line,
                begins=begins,
            )
        )

    def _forgive_last_delimiters(self, found: Records) -> None:
        """Take off the delimiters that some programs put behind the last cell."""
        for row in np.flatnonzero(found.cells > len(self.names)).tolist():
            while found.cells[row] > len(self.names) and found.text[found.end[row] - 1] == ord(
                self.delimiter
            ):
                found.end[row] -= 1
                found.cells[row] -= 1

    # What is no row of the table ------------------------------------------------------------------------

    def _sift(
        self, found: Records, content: bytes, line: int | None
    ) -> tuple[Records, tuple[dict[str, Any], ...]]:
        """Leave out what is no row of the table; only rows that may be none are looked at as text."""
        marks: NDArray[np.uint8] = np.zeros(len(found.begin), dtype=np.uint8)
        plain, _ = self._mended(found)  # the rule knows words, whatever the encoding of their line is
        if plain is found:
            found = replace(found, is_utf_8=True)
        doubtful = self.loops.find_doubtful(
            plain.text, plain.begin, plain.end, plain.cells, plain.left, plain.right, ord(self.delimiter),
            _SUM_ENDS, _NOTE_BEGINS, self._first_names, self._first_name_at, marks,
        )  # fmt: skip
        if not doubtful:
            return found, ()
        kept = np.ones(len(found.begin), dtype=bool)
        left_out: list[dict[str, Any]] = []
        for row in np.flatnonzero(marks).tolist():
            cells = self.split(plain.row(row))
            # A file of one column may hold empty cells; they are rows if they are written as such.
            if len(self.names) > 1 and not any(cell.strip() for cell in cells):
                kept[row] = False
                continue
            why = self._not_rows().kind(cells) if self._head_rows else None
            if why is None:
                continue
            kept[row] = False
            told = None if line is None else line + _count_lines(content[: found.begin[row]])
            text = " | ".join(cell for cell in cells if cell.strip())
            left_out.append({"row": told, "why": why, "text": text})
        return (found if kept.all() else found.only(kept)), tuple(left_out)

    def _not_rows(self) -> NotRows:
        """Return the rule for what is no row, which knows where the first rows lie."""
        if self._rule is None:
            found, _ = self._scan(self._sample, 0, is_last=True, most=SAMPLE_ROWS)
            wide = len(self.names)
            rows = [self.split(found.row(at))[:wide] for at in range(len(found.begin))]
            rows = [row + [""] * (wide - len(row)) for row in rows]
            self._rule = NotRows(self._head_rows, pd.DataFrame(rows, columns=self.names, dtype="str"))
            self._sample = b""
        return self._rule


class _Rewritten:
    """Text that was written anew, as a stream."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def __enter__(self) -> _Rewritten:
        return self

    def __exit__(self, *_: object) -> None:
        self._content.close()

    def read(self, size: int) -> bytes:
        return self._content.read(size)

    def skip(self, size: int) -> None:
        self._content.seek(size)

    def take_mixed(self) -> MixedLines:
        return MixedLines()

    @property
    def encoding(self) -> Encoding | None:
        return None  # known since it was written anew


def read_text_table(path: Path, report: ReadReport, spec: LayerSpec | None = None) -> pd.DataFrame:
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

    Returns
    -------
    DataFrame
        Of str; empty cells are missing. The apostrophe before a guarded formula is taken off again. The cells
        that a row has too many stand in columns of their own at the end.

    Raises
    ------
    FileError
        If it cannot be decoded or is no table.
    """
    source = TextTable(path, report=report)
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
                rows=name_rows(again),
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
        guarded = column.str.startswith("'") & column.str.match(_GUARDED)
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


def sniff_delimiter(text: str) -> str:
    r"""Return the delimiter of a text: the one that most lines have equally often, outside quotes.

    Parameters
    ----------
    text : str
        The beginning of the file; its first lines are looked at.

    Examples
    --------
    >>> sniff_delimiter("井盖表\nid;wkt\n1;LINESTRING (114 40, 115 41, 115 42)\n")
    ';'
    """
    lines = _first_lines(text)
    best, most = _DELIMITERS[0], (0, 0)
    for delimiter in _DELIMITERS:
        counts = [line.count(delimiter) for line in lines]
        present = [count for count in counts if count]
        if present:
            usual = max(set(present), key=lambda count: (present.count(count), count))
            if (present.count(usual), usual) > most:
                best, most = delimiter, (present.count(usual), usual)
    return best


def _first_lines(text: str) -> list[str]:
    bare = re.sub(r'"[^"]*"', "", text[:_SNIFFED_BYTES])
    return [line for line in bare.splitlines() if line.strip()][:_SNIFFED_LINES]


def _with_commas(text: str) -> str:
    """Write a text whose cells are parted by full-width commas with plain ones."""
    most = csv.field_size_limit(max(len(text), 1 << 17))
    try:
        rows = csv.reader(io.StringIO(text.replace(_WIDE_COMMA, _STAND_IN), newline=""), delimiter=_STAND_IN)
        written = io.StringIO(newline="")
        out = csv.writer(written, lineterminator="\n")
        out.writerows([cell.replace(_STAND_IN, _WIDE_COMMA) for cell in row] for row in rows)
    finally:
        csv.field_size_limit(most)
    return written.getvalue()


def _count_lines(content: bytes) -> int:
    """Count the line ends of a text, whatever program wrote them."""
    return content.count(b"\n") + content.count(b"\r") - content.count(b"\r\n")


def _holds_nul(file: Path) -> str:
    return tr("{file}: holds NUL characters and is not text; export it again", file=file)
