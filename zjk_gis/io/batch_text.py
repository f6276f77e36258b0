"""Delimited text of any length: cut into batches of whole records, whose cells stay as they stand.

The text is never taken apart into values and put together again: a row goes out with the very bytes it came
with (in UTF-8), and what was found is put behind it.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis._optional import need
from zjk_gis.errors import FileError, InputError
from zjk_gis.io.batch_cells import (
    Cells,
    Places,
    Why,
    bounded,
    days_of_cells,
    limit_of,
    numbers_of_cells,
    places_of,
)
from zjk_gis.io.batch_scan import UNCLOSED, loops_for
from zjk_gis.io.batch_stream import Utf8Stream, first_row_not_utf8, is_packed
from zjk_gis.io.batches import Batch, Place, crs_of_columns, first_places, time_column
from zjk_gis.io.paths import blamed_on, check_content, format_of
from zjk_gis.io.placing import parse_crs
from zjk_gis.io.tables import sniff_delimiter
from zjk_gis.layers.coordinates import Pair, named_columns, north_first
from zjk_gis.layers.labels import label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from zjk_gis.io.batch_cells import Limit
    from zjk_gis.io.batch_scan import Loops

__all__ = ["Records", "TextSource", "Words", "spliced"]

_FIRST_BLOCK = 1 << 23
_HEADER_BYTES = 1 << 16
_LEAST_BLOCK, _MOST_BLOCK = 1 << 16, 1 << 25
_MOST_RECORD = 1 << 28  # bytes: what is longer is a quote that nobody closed
_BYTES_OF_A_ROW = 100  # until the first ones have been seen
_SLACK = 0.95  # blocks hold a little less than a batch, or each would leave a small one behind
_EAST, _NORTH, _TIME = 0, 1, 2
_GUARD = r"^'('*[=+\-@\t\r])"  # the apostrophe that `zjk_gis.io.spreadsheets.guard_formula` puts


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
    """

    text: Any
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    cells: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Words:
    """What is put behind the rows.

    Attributes
    ----------
    codes : ndarray of int32
        By column and row, which word.
    at : ndarray of int64
        Where each word begins, and the last one ends.
    text : bytes
        All words, quoted where a cell needs it.
    """

    codes: NDArray[np.int32]
    at: NDArray[np.int64]
    text: bytes


class TextSource:
    """Rows of .csv, .tsv or .txt files; see `zjk_gis.io.batches.Source`.

    Parameters
    ----------
    files : sequence of Path
        With the same names of columns.
    lon, lat, crs, time, batch_rows
        As in `zjk_gis.io.batches.open_source`.
    """

    geometry: str | None = None
    compression = "zstd"

    def __init__(
        self,
        files: Sequence[Path],
        *,
        lon: str | None,
        lat: str | None,
        crs: Any,
        time: str,
        batch_rows: int,
    ) -> None:
        self.files = files
        self.remarks: list[str] = []
        self.loops = loops_for(sum(file.stat().st_size for file in files))
        self._batch_rows = batch_rows
        read = [_read_header(file, self.loops) for file in files]
        self.header, self.names, self.delimiter, self.line_end, _ = read[0]
        self._starts = [after for *_, after in read]
        for file, (_, names, delimiter, *_) in zip(files[1:], read[1:], strict=True):
            if delimiter != self.delimiter:
                message = (
                    f"{file}: its cells are parted by {delimiter!r}, those of {files[0].name} by "
                    f"{self.delimiter!r}"
                )
                raise InputError(message)
            if names != self.names:
                message = (
                    f"{file}: its columns are {', '.join(names)}, those of {files[0].name} "
                    f"{', '.join(self.names)}"
                )
                raise InputError(message)
        self._limit: Limit | None = None
        self._slot = np.full(len(self.names), -1, dtype=np.int64)
        self._place_columns(lon, lat, crs, time)

    def _place_columns(self, lon: str | None, lat: str | None, crs: Any, time: str) -> None:
        """Find the columns wanted, and by the first rows the system of the coordinates."""
        name = self.files[0].name
        pair = named_columns(self.names, lon, lat, name)
        if pair is None:
            message = (
                f"{self.files[0]}: no columns of coordinates among {', '.join(self.names)}; "
                "name them with lon= and lat="
            )
            raise InputError(message)
        when = time_column(self.names, time)
        self.has_time = when is not None
        self._take(pair, when)
        given = parse_crs(crs)
        places = first_places(self)
        if not pair.sure and north_first(places.x, places.y):
            pair = Pair(pair.north, pair.east, sure=True)
            places = places.swapped()
            self._take(pair, when)
            self.remarks.append(f"{name}: {pair.north} points north and {pair.east} east, as surveyors write")
        columns = f"{pair.east} and {pair.north}"
        self.crs, assumed = crs_of_columns(given, places, name, columns, self.remarks)
        self._limit = limit_of(self.crs, assumed=assumed)

    def _take(self, pair: Pair, when: str | None) -> None:
        self._slot[:] = -1
        for column, slot in ((pair.east, _EAST), (pair.north, _NORTH), (when, _TIME)):
            if column is not None:
                self._slot[self.names.index(column)] = slot

    @property
    def schema(self) -> Any:
        """All columns are text."""
        pa = need("pyarrow", extra="parquet", purpose="work in batches")
        return pa.schema([(name, pa.string()) for name in self.names])

    def batches(self, place: Place) -> Iterator[Batch]:
        """Hand out the rows from a place on."""
        rows = place.rows
        for part in range(place.part, len(self.files)):
            for found, after in self._records(part, place.at if part == place.part else 0):
                count = len(found.begin)
                yield Batch(count, rows, Place(part, after, rows + count), found)
                rows += count

    def batches_expected(self, place: Place) -> int | None:
        """Guess how many batches follow, from the length of the rows read so far; None for packed text."""
        if any(map(is_packed, self.files)):
            return None
        rest = sum(file.stat().st_size for file in self.files[place.part :]) - place.at
        row = place.at / place.rows if place.rows and not place.part else _BYTES_OF_A_ROW
        return int(rest / row / self._batch_rows) + 1

    def places(self, batch: Batch) -> Places:
        """Read the rows' coordinates."""
        self._check_text(batch)
        east, north = (numbers_of_cells(self._cells(batch, slot)) for slot in (_EAST, _NORTH))
        found = places_of(east, north).without(batch.content.cells > len(self.names), Why.TOO_MANY_CELLS)
        return found if self._limit is None else bounded(found, self._limit)

    def days(self, batch: Batch) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Read the rows' days."""
        return days_of_cells(self._cells(batch, _TIME))

    def table(self, batch: Batch, keep: NDArray[np.bool_]) -> Any:
        """Return the rows to be kept as columns of text; an empty cell is missing unless it is quoted."""
        pa = need("pyarrow", extra="parquet", purpose="work in batches")
        from pyarrow import compute
        from pyarrow import csv as tables

        none = Words(np.zeros((0, batch.rows), dtype=np.int32), np.zeros(1, dtype=np.int64), b"")
        text = spliced(batch, self, keep, none, line_end=b"\n")
        if not len(text):
            return pa.RecordBatch.from_pylist([], schema=self.schema)
        with blamed_on(self.files[batch.after.part]):
            table = tables.read_csv(
                pa.BufferReader(text),
                read_options=tables.ReadOptions(
                    column_names=self.names, use_threads=False, block_size=len(text) + 1
                ),
                parse_options=tables.ParseOptions(delimiter=self.delimiter, newlines_in_values=True),
                convert_options=tables.ConvertOptions(
                    column_types=self.schema,
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
        if table.num_rows != int(keep.sum()):
            message = (
                f"{self.files[batch.after.part]}: rows {batch.before + 1} to {batch.before + batch.rows} "
                "cannot be told apart; correct their quotes"
            )
            raise FileError(message)
        columns = table.combine_chunks().columns
        if b"'" in bytes(text):
            columns = [compute.replace_substring_regex(column, _GUARD, r"\1") for column in columns]
        return pa.record_batch([column.combine_chunks() for column in columns], schema=self.schema)

    def rejects_header(self) -> bytes:
        """Return the names above the rejected rows."""
        return self.delimiter.join(["row_number", "why", ""]).encode() + self.header + self.line_end

    def rejects(self, batch: Batch, why: NDArray[np.uint8]) -> bytes:
        """Write the rejected rows as they stand, behind their number and the reason."""
        found = batch.content
        lines = []
        for row in np.flatnonzero(why).tolist():
            told = self.delimiter.join([str(batch.before + row + 1), label(Why(why[row]).word), ""]).encode()
            lines += [told, bytes(found.text[found.begin[row] : found.end[row]]), self.line_end]
        return b"".join(lines)

    def _check_text(self, batch: Batch) -> None:
        found = batch.content
        wrong = first_row_not_utf8(found.text, found.begin, found.end)
        if wrong is not None:
            message = (
                f"{self.files[batch.after.part]}: row {batch.before + wrong + 1} is no valid UTF-8, as the "
                "rows before are; export it again as UTF-8"
            )
            raise FileError(message)

    def _cells(self, batch: Batch, slot: int) -> Cells:
        found = batch.content
        return Cells(found.text, found.left[slot], found.right[slot], self.loops)

    def _records(self, part: int, at: int) -> Iterator[tuple[Records, int]]:
        """Cut a file into records from a byte of its text on; with each lot, where the next one begins."""
        file = self.files[part]
        base = max(at, self._starts[part])
        rest, block = b"", _FIRST_BLOCK
        with blamed_on(file), Utf8Stream(file) as stream:
            stream.skip(base)
            is_last = False
            while not is_last:
                piece = stream.read(block)
                is_last = not piece
                content, start, rows = rest + piece, 0, 0
                while True:
                    found, after = self._cut(content, start, file, is_last=is_last)
                    start = after
                    if not len(found.begin):
                        break
                    rows += len(found.begin)
                    yield found, base + after
                if rows:
                    block = int(self._batch_rows * _SLACK * start / rows)
                    block = min(max(block, _LEAST_BLOCK), _MOST_BLOCK)
                base, rest = base + start, content[start:]
                if len(rest) > _MOST_RECORD:
                    raise FileError(_unclosed(file, base))

    def _cut(self, content: bytes, start: int, file: Path, *, is_last: bool) -> tuple[Records, int]:
        """Find the next lot of records in a block."""
        most = min(self._batch_rows, (len(content) - start) // 2 + 1)
        begin, end, cells = (np.empty(most, dtype=np.int64) for _ in range(3))
        left, right = np.zeros((3, most), dtype=np.int64), np.zeros((3, most), dtype=np.int64)
        text = self.loops.text(content)
        rows, after = self.loops.find_records(
            text,
            start,
            len(content),
            ord(self.delimiter),
            self._slot,
            is_last,
            begin,
            end,
            cells,
            left,
            right,
        )
        if rows == UNCLOSED:
            raise FileError(_unclosed(file, after))
        found = Records(text, begin[:rows], end[:rows], cells[:rows], left[:, :rows], right[:, :rows])
        self._forgive_last_delimiter(found)
        return found, after

    def _forgive_last_delimiter(self, found: Records) -> None:
        """Take off the delimiter that some programs put behind the last cell."""
        one_more = np.flatnonzero(found.cells == len(self.names) + 1)
        for row in one_more.tolist():
            if found.text[found.end[row] - 1] == ord(self.delimiter):
                found.end[row] -= 1
                found.cells[row] -= 1


def spliced(
    batch: Batch,
    source: TextSource,
    keep: NDArray[np.bool_],
    words: Words,
    *,
    line_end: bytes,
    room: Callable[[int], Any] | None = None,
) -> Any:
    """Return the rows to be kept as they stand, each followed by its words; short ones are filled up.

    Parameters
    ----------
    batch : Batch
    source : TextSource
        It comes from.
    keep : ndarray of bool
    words : Words
    line_end : bytes
    room : callable, optional
        Gives an array of at least so many bytes; by default a new one.
    """
    found, loops = batch.content, source.loops
    padding = np.maximum(len(source.names) - found.cells, 0)
    starts = np.empty(batch.rows, dtype=np.int64)
    ending = loops.text(line_end)
    size = loops.measure_rows(found.begin, found.end, keep, padding, words.codes, words.at, ending, starts)
    out = loops.room(size) if room is None or loops.room is bytearray else room(size)
    loops.splice_rows(
        found.text,
        found.begin,
        found.end,
        keep,
        padding,
        ord(source.delimiter),
        words.codes,
        words.at,
        loops.text(words.text),
        ending,
        starts,
        out,
    )
    return out[:size]


def _unclosed(file: Path, at: int) -> str:
    return f"{file}: a quoted cell in the row at byte {at:,} of the text is never closed; correct that row"


def _read_header(file: Path, loops: Loops) -> tuple[bytes, list[str], str, bytes, int]:
    """Return the line of names as it stands, the names, the delimiter, the line end, and where rows begin.

    Blank names are numbered, and repeated ones too, as in every table the library reads.

    Raises
    ------
    FileError
        If the file holds no table.
    """
    if not is_packed(file):
        check_content(file, format_of(file))
    with blamed_on(file), Utf8Stream(file) as stream:
        content = stream.read(_FIRST_BLOCK)
    delimiter = sniff_delimiter(content[:_HEADER_BYTES].decode(errors="ignore"))
    one = [np.zeros(1, dtype=np.int64) for _ in range(3)]
    none = np.zeros((0, 1), dtype=np.int64)
    slot = np.zeros(0, dtype=np.int64)
    rows, after = loops.find_records(
        loops.text(content), 0, len(content), ord(delimiter), slot, True, *one, none, none
    )
    if rows < 1:
        message = f"{file}: holds no table"
        raise FileError(message)
    begin, end = int(one[0][0]), int(one[1][0])
    header = content[begin:end]
    names: list[str] = []
    for at, cell in enumerate(next(csv.reader([header.decode()], delimiter=delimiter))):
        base = " ".join(cell.split()) or f"column_{at + 1}"
        name, number = base, 1
        while name in names:
            number += 1
            name = f"{base}_{number}"
        names.append(name)
    return header, names, delimiter, b"\r\n" if content[end : end + 2] == b"\r\n" else b"\n", after
