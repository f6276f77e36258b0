"""Delimited text of any length, batch by batch: rows pass through with the very bytes they came with.

`zjk_gis.io.tables.text` says what the rows are. The text is never taken apart into values and put together
again: a row goes out as it came (in UTF-8), and what was found is put behind it.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pyproj import CRS

from zjk_gis._optional import need
from zjk_gis.batch.settled import Settled
from zjk_gis.batch.sources import Batch, NotInBatchesError, Place, first_places, time_column
from zjk_gis.coordinates.bare_numbers import system_of
from zjk_gis.crs import CGCS2000
from zjk_gis.errors import FileError, InputError
from zjk_gis.io.paths import blamed_on
from zjk_gis.io.tables.cells import Cells, Places, Why, bounded, days_of_cells, numbers_of_cells, places_of
from zjk_gis.io.tables.geometry import parse_crs
from zjk_gis.io.tables.layout import left_out_said, tell_left_out
from zjk_gis.io.tables.scan import SPARE, loops_for
from zjk_gis.io.tables.stream import MixedLines, is_packed
from zjk_gis.io.tables.text import TextTable
from zjk_gis.layers.columns.coordinates import SAMPLE_ROWS, Pair, named_columns, north_first
from zjk_gis.layers.headings import rejects_headings
from zjk_gis.layers.labels import label
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from zjk_gis.coordinates.bare_numbers import Limit
    from zjk_gis.io.tables.records import Records
    from zjk_gis.io.tables.scan import Loops
    from zjk_gis.layers.columns.datum_words import WebDatum

__all__ = ["Spliced", "TextSource", "Words"]

_BYTES_OF_A_ROW = 100  # until the first ones have been seen
_GUARD = r"^'('*[=+\-@\t\r])"  # the apostrophe that `zjk_gis.io.spreadsheets.guard_formula` puts


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


class TextSource(Settled):
    """Rows of .csv, .tsv or .txt files; see `zjk_gis.batch.sources.Source`.

    Parameters
    ----------
    files : sequence of Path
        With the same names of columns.
    lon, lat, crs, time, batch_rows
        As in `zjk_gis.batch.opening.open_source`.
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
        datum: WebDatum | None,
        time: str,
        batch_rows: int,
    ) -> None:
        self.files = files
        self._batch_rows = batch_rows
        self.loops = loops_for(sum(file.stat().st_size for file in files))
        self.tables = [TextTable(file, batch_rows=batch_rows, loops=self.loops) for file in files]
        first = self.tables[0]
        self.names, self.delimiter, self.line_end = first.names, first.delimiter, first.line_end
        self.header = first.header or _line_of(first.names, first.delimiter)
        for table in self.tables[1:]:
            if table.delimiter != first.delimiter:
                raise InputError(
                    tr(
                        "{file}: its cells are separated by {delimiter!r}, "
                        "those of {name} by {delimiter_2!r}",
                        file=table.file,
                        delimiter=table.delimiter,
                        name=first.file.name,
                        delimiter_2=first.delimiter,
                    )
                )
            if table.names != first.names:
                raise InputError(
                    tr(
                        "{file}: its columns are {names}, those of {name} {names_2}",
                        file=table.file,
                        names=", ".join(table.names),
                        name=first.file.name,
                        names_2=", ".join(first.names),
                    )
                )
        self.remarks: list[str] = []
        for table in self.tables:
            tell_left_out(table.report, table.file)
            self.remarks += table.report.remarks
        self._limit: Limit | None = None
        self._place_columns(lon, lat, crs, datum, time)

    @property
    def encoding(self) -> str:
        """The encodings of the files, as far as they were read."""
        return ", ".join(dict.fromkeys(table.encoding for table in self.tables))

    def _place_columns(
        self, lon: str | None, lat: str | None, crs: Any, datum: WebDatum | None, time: str
    ) -> None:
        """Find the columns wanted, and by the first rows the system of the coordinates."""
        name = self.files[0].name
        pair = named_columns(self.names, lon, lat, name)
        if pair is None:
            raise NotInBatchesError(
                tr(
                    "{files}: no columns of coordinates among {names}; name them with lon= and lat=",
                    files=self.files[0],
                    names=", ".join(self.names),
                )
            )  # there may be a place in one cell
        when = time_column(self.names, time)
        self.has_time = when is not None
        self._when = when
        self._take(pair)
        given = parse_crs(crs)
        places = first_places(self)
        if not pair.sure and north_first(places.x, places.y):
            pair = Pair(pair.north, pair.east, sure=True)
            places = places.swapped()
            self._take(pair)
            self.remarks.append(
                tr(
                    "{name}: {north} points north and {east} east, as surveyors write",
                    name=name,
                    north=pair.north,
                    east=pair.east,
                )
            )
        columns = f"{pair.east} and {pair.north}"
        system = system_of(places.x, places.y, given=given, name=name, columns=columns)
        self.crs, self._limit = system.crs or CRS.from_epsg(CGCS2000), system.limit
        said = [row["text"] for table in self.tables for row in table.report.left_out]
        self.settle_datum(datum, said, [pair.east, pair.north])
        self.remarks += system.said(datum_known=self.datum is not None)

    def _take(self, pair: Pair) -> None:
        self._pair = pair
        for table in self.tables:
            table.take([pair.east, pair.north, *([] if self._when is None else [self._when])])

    @property
    def schema(self) -> Any:
        """All columns are text."""
        pa = need("pyarrow", extra="parquet", purpose="work in batches")
        return pa.schema([(name, pa.string()) for name in self.names])

    def batches(self, place: Place) -> Iterator[Batch]:
        """Hand out the rows from a place on."""
        rows = place.rows
        for part in range(place.part, len(self.files)):
            at = place.at if part == place.part else 0
            above = self.tables[part].report.left_out if at == 0 else []
            for lot in self.tables[part].lots(at):
                count = len(lot.found.begin)
                left_out = (f"left:{row['why']}" for row in (*above, *lot.left_out))
                told, above = (*left_out, *_counted(lot.mixed)), []
                yield Batch(count, rows, Place(part, lot.after, rows + count), lot.found, told)
                rows += count

    def checked(self, batch: Batch) -> Batch:
        """Return a batch whose text is UTF-8 throughout."""
        found, mixed = self.tables[batch.after.part].checked(batch.content)
        return (
            batch
            if found is batch.content
            else replace(batch, content=found, told=(*batch.told, *_counted(mixed)))
        )

    def closing_remarks(self, tally: Mapping[str, int]) -> list[str]:
        """Say what stood among the rows and is none of them, and what was found out late of the encoding."""
        name = self.files[0].name if len(self.files) == 1 else f"{len(self.files)} files"
        mixed = MixedLines(tally.get("mixed:other", 0), tally.get("mixed:damaged", 0))
        late = [said for table in self.tables for said in table.report.remarks if said not in self.remarks]
        return [*late, *left_out_said(name, tally), *mixed.said(name, self.encoding)]

    def batches_expected(self, place: Place) -> int | None:
        """Guess how many batches follow, from the length of the rows read so far; None for packed text."""
        if any(map(is_packed, self.files)):
            return None
        rest = sum(file.stat().st_size for file in self.files[place.part :]) - place.at
        row = place.at / place.rows if place.rows and not place.part else _BYTES_OF_A_ROW
        return int(rest / row / self._batch_rows) + 1

    def places(self, batch: Batch) -> Places:
        """Read the rows' coordinates."""
        east, north = (
            numbers_of_cells(self._cells(batch, name)) for name in (self._pair.east, self._pair.north)
        )
        found = places_of(east, north).without(batch.content.cells > len(self.names), Why.TOO_MANY_CELLS)
        return found if self._limit is None else self.on_ground(bounded(found, self._limit))

    def first_times(self) -> pd.Series | None:
        """Return what the column of times holds in the first rows."""
        if self._when is None:
            return None
        found: list[str] = []
        for batch in self.batches(Place()):
            cells = self._cells(self.checked(batch), self._when)
            found += cells.decoded(np.arange(min(batch.rows, SAMPLE_ROWS - len(found))))
            if len(found) >= SAMPLE_ROWS:
                break
        return pd.Series(found, dtype="str", name=self._when)

    def days(self, batch: Batch) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Read the rows' days."""
        return days_of_cells(self._cells(batch, str(self._when)), self.order)

    def table(self, batch: Batch, keep: NDArray[np.bool_]) -> Any:
        """Return the rows to be kept as columns of text; an empty cell is missing unless it is quoted."""
        pa = need("pyarrow", extra="parquet", purpose="work in batches")
        from pyarrow import compute
        from pyarrow import csv as tables

        none = Words(np.zeros((0, batch.rows), dtype=np.int32), np.zeros(1, dtype=np.int64), b"")
        text = Spliced.of(batch, self, keep, none, line_end=b"\n").whole()
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
            raise FileError(
                tr(
                    "{files}: rows {before} to {before_2} cannot be told apart; correct their quotes",
                    files=self.files[batch.after.part],
                    before=batch.before + 1,
                    before_2=batch.before + batch.rows,
                )
            )
        columns = table.combine_chunks().columns
        if b"'" in bytes(text):
            columns = [compute.replace_substring_regex(column, _GUARD, r"\1") for column in columns]
        return pa.record_batch([column.combine_chunks() for column in columns], schema=self.schema)

    def rejects_header(self) -> bytes:
        """Return the names above the rejected rows."""
        names = self.delimiter.join([*rejects_headings(self.headings), ""])
        return names.encode() + self.header + self.line_end

    def rejects(self, batch: Batch, why: NDArray[np.uint8]) -> bytes:
        """Write the rejected rows as they stand, behind their number and the reason."""
        found = batch.content
        lines = []
        for row in np.flatnonzero(why).tolist():
            told = self.delimiter.join(
                [str(batch.before + row + 1), label(Why(why[row]).word, self.lang), ""]
            ).encode()
            lines += [told, bytes(found.text[found.begin[row] : found.end[row]]), self.line_end]
        return b"".join(lines)

    def _cells(self, batch: Batch, name: str) -> Cells:
        found: Records = batch.content
        slot = self.tables[batch.after.part].slot(name)
        return Cells(found.text, found.left[slot], found.right[slot], self.loops)


@dataclass(frozen=True, slots=True)
class Spliced:
    """Rows to be kept as they stand, each followed by its words; short ones are filled up.

    Attributes
    ----------
    found : Records
    loops : Loops
    keep : ndarray of bool
        Which rows.
    words : Words
        With as many bytes to spare behind them as `loops` want.
    padding : ndarray of int64
        How many cells each row lacks.
    delimiter : str
    line_end : bytes
    starts : ndarray of int64
        Where each row begins, and the last one ends.
    """

    found: Records
    loops: Loops
    keep: NDArray[np.bool_]
    words: Words
    padding: NDArray[np.int64]
    delimiter: str
    line_end: bytes
    starts: NDArray[np.int64]

    @classmethod
    def of(
        cls, batch: Batch, source: TextSource, keep: NDArray[np.bool_], words: Words, *, line_end: bytes
    ) -> Spliced:
        """Put rows of a source together with their words; nothing is written yet."""
        found, loops = batch.content, source.loops
        padding = np.maximum(len(source.names) - found.cells, 0)
        starts = np.empty(batch.rows + 1, dtype=np.int64)
        starts[-1] = loops.measure_rows(
            found.begin, found.end, keep, padding, words.codes, words.at, loops.text(line_end), starts
        )
        ready = replace(words, text=words.text + bytes(SPARE))
        return cls(found, loops, keep, ready, padding, source.delimiter, line_end, starts)

    def whole(self) -> Any:
        """Return all rows as one text."""
        return self._written(slice(0, len(self.keep)), self.loops.room(int(self.starts[-1]) + SPARE))

    def pieces(self, about: int) -> Iterator[Any]:
        """Return the text in pieces of about so many bytes, each written where the one before was.

        What has just been written is at hand for whoever takes it from there.
        """
        ends = np.searchsorted(self.starts, np.arange(about, int(self.starts[-1]), about))
        edges = np.unique(np.concatenate([[0], ends, [len(self.keep)]]))
        room = self.loops.room(int(np.diff(self.starts[edges]).max(initial=0)) + SPARE)
        for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            yield self._written(slice(first, last), room)

    def _written(self, rows: slice, room: Any) -> Any:
        self.loops.splice_rows(
            self.found.text,
            self.found.begin[rows],
            self.found.end[rows],
            self.keep[rows],
            self.padding[rows],
            ord(self.delimiter),
            self.words.codes[:, rows],
            self.words.at,
            self.loops.text(self.words.text),
            self.loops.text(self.line_end),
            self.starts[rows],
            room,
        )
        return memoryview(room)[: int(self.starts[rows.stop] - self.starts[rows.start])]


def _counted(mixed: MixedLines) -> tuple[str, ...]:
    return ("mixed:other",) * mixed.other + ("mixed:damaged",) * mixed.damaged


def _line_of(names: Sequence[str], delimiter: str) -> bytes:
    """Write names that do not stand in the file as a line of it."""
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter, lineterminator="").writerow(names)
    return line.getvalue().encode()
