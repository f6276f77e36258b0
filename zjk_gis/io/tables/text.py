"""Delimited text: names at the top, then rows in lots of whole records, whose cells stay as they stand.

Every text file of the library is read here, by one rule, however long it is: `read_text_table` puts the lots
together, `zjk_gis.batch.text` hands them on one by one. A code that passes through a number loses its
zeros, a date its order, so nothing is turned here; and a row can go out with the very bytes it came with.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.errors import FileError
from zjk_gis.io.encoding import UTF_8, Encoding
from zjk_gis.io.paths import blamed_on, check_content, format_of
from zjk_gis.io.tables.delimiters import (
    SNIFFED_BYTES,
    STAND_IN,
    WIDE_COMMA,
    first_lines,
    sniff_delimiter,
    with_commas,
)
from zjk_gis.io.tables.headers import HEAD_ROWS, find_layout
from zjk_gis.io.tables.layout import NotRows, tell_layout, unique_names
from zjk_gis.io.tables.records import GUARDED, Lot, Records, lines_in
from zjk_gis.io.tables.scan import UNCLOSED, loops_for
from zjk_gis.io.tables.stream import MixedLines, Utf8Stream, first_row_not_utf8, line_as_utf8
from zjk_gis.read_report import ReadReport
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from zjk_gis.io.tables.scan import Loops

__all__ = ["BATCH_ROWS", "TextTable"]

BATCH_ROWS = 1 << 17
SAMPLE_ROWS = 10_000  # by which the others are judged

_MOST_COLUMNS = 16_384
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
    said : str, optional
        The encoding, where the caller knows it.

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
        said: str | None = None,
    ) -> None:
        self.file, self._said = file, said
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
        with blamed_on(self.file), Utf8Stream(self.file, said=self._said) as stream:
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
        """Find the delimiter; text separated by what takes more than one byte is rewritten, as a whole."""
        text = content[:SNIFFED_BYTES].decode(errors="ignore")
        self.delimiter = sniff_delimiter(text)
        self.report.delimiter = self.delimiter
        lines = first_lines(text)
        if any(self.delimiter in line for line in lines):
            return content
        is_wide = bool(lines) and 2 * sum(WIDE_COMMA in line for line in lines) > len(lines)
        counts = {len(line.split()) for line in lines}
        by_blanks = len(lines) > 1 and len(counts) == 1 and min(counts) > 1 and '"' not in text
        if not is_wide and not by_blanks:
            return content
        pieces = [content]
        while piece := stream.read(_FIRST_BLOCK):
            pieces.append(piece)
        whole = b"".join(pieces).decode(errors="replace")
        if is_wide and STAND_IN not in whole:
            self.report.delimiter = WIDE_COMMA
            self.report.remarks.append(
                tr("{name}: its cells are separated by full-width commas", name=self.file.name)
            )
            whole = with_commas(whole)
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
                head.append([cell[1:] if GUARDED.match(cell) else cell for cell in cells])
                places.append(at)
            if len(head) == HEAD_ROWS:
                break
        if not head:
            raise FileError(tr("{file}: holds no table", file=self.file))
        self.check_widths(found, 1, content)
        widest = max(map(len, head))
        layout = find_layout([row + [""] * (widest - len(row)) for row in head])
        lines = [1 + lines_in(content[: found.begin[at]]) for at in places]
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
            told = (line or 1) + lines_in(content[: found.begin[at]])
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

        Sums of other rows, remarks, names that come again and rows without content are not rows. Lines are
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
                    line += lines_in(content[:start])
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
        return (
            Utf8Stream(self.file, said=self._said) if self._rewritten is None else _Rewritten(self._rewritten)
        )

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
                line += lines_in(piece) - (last + piece[:1] == b"\r\n")
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

    # What is not a row of the table ------------------------------------------------------------------------

    def _sift(
        self, found: Records, content: bytes, line: int | None
    ) -> tuple[Records, tuple[dict[str, Any], ...]]:
        """Leave out what is not a row of the table; only rows that may be none are looked at as text."""
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
            told = None if line is None else line + lines_in(content[: found.begin[row]])
            text = " | ".join(cell for cell in cells if cell.strip())
            left_out.append({"row": told, "why": why, "text": text})
        return (found if kept.all() else found.only(kept)), tuple(left_out)

    def _not_rows(self) -> NotRows:
        """Return the rule for what is not a row, which knows where the first rows lie."""
        if self._rule is None:
            found, _ = self._scan(self._sample, 0, is_last=True, most=SAMPLE_ROWS)
            wide = len(self.names)
            rows = [self.split(found.row(at))[:wide] for at in range(len(found.begin))]
            rows = [row + [""] * (wide - len(row)) for row in rows]
            self._rule = NotRows(self._head_rows, pd.DataFrame(rows, columns=self.names, dtype="str"))
            self._sample = b""
        return self._rule


class _Rewritten:
    """Text that was rewritten, as a stream."""

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
        return None  # known since it was rewritten


def _holds_nul(file: Path) -> str:
    return tr("{file}: holds NUL characters and is not text; export it again", file=file)
