"""The records of an .xls file: how far its sheets reach, what is hidden, which cells show an error.

Its reader makes room for all the cells that a sheet claims to have, and ends the process where there is none.
So the records are walked through first. See [MS-CFB] for the container and [MS-XLS] for the records.

xlrd 2.0.2 was tried in place of this module and of python-calamine, and is not used: it sets no bound to what
a file may claim, and has no option to. Of these files of 6 to 17 KB the first is sound, the others are made
by hand or damaged. With xlrd they take what follows; here each is read or refused within 0.1 s and 20 MB:

- a link over all cells of a sheet: 8.9 s and 1.7 GB; its last column damaged to 65,535: not done in 60 s
- 60 names, each joining the one before to itself: more than 4 GB
- 60 entries of the directory, both neighbours of each being the next one: not done in 20 s
- a shared text that says its phonetic part is of negative length: not done in 20 s

What would keep these from it walks through container, records and shared texts: it is this module once more.
Nor is it slow. Two sheets of 50,000 rows of 8 columns, with the formats of one and the values of both, take
1.9 s of processor time here, 1.8 s with xlrd, and 2.3 s with xlrd once the records it must not see are struck
out (the best of three rounds in turn; another such file took 2.9 s here and 2.0 s with xlrd).
"""

from __future__ import annotations

import struct
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.errors import FileError
from zjk_gis.io.tables.number_formats import BUILT_IN, number_format
from zjk_gis.io.tables.xlsx import MOST_SHARED_BYTES, SheetFacts, check_reach, check_shared
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from numpy.typing import NDArray

    from zjk_gis.io.tables.number_formats import NumberFormat

__all__ = ["OldWorkbook"]

_HEADER_BYTES, _ENTRY_BYTES = 512, 128
_MOST_CELLS = 65_536 * 256
_SST, _CONTINUE, _LABEL_SST = 0xFC, 0x3C, 0xFD
_LONGEST_TEXT = 1 << 16
_BOUND_SHEET, _EOF, _DIMENSIONS, _ROW, _BOOL_ERR = 0x85, 0x0A, 0x200, 0x208, 0x205
# NUMBER, RK, LABELSST, LABEL, RSTRING, BOOLERR, FORMULA; MULRK holds several cells of a row
_FORMULAS = (0x06, 0x406)
_CELLS = frozenset({0x203, 0x27E, 0xFD, 0x204, 0xD6, _BOOL_ERR, *_FORMULAS, 0xBD})
_MULRK = 0xBD
_FORMAT, _XF = 0x41E, 0xE0  # since Excel 97


class OldWorkbook:
    """The sheets of an .xls file, in their order.

    Parameters
    ----------
    content : bytes
    path : Path
        Named in errors.

    Raises
    ------
    FileError
        If it is not such a file, or damaged.
    """

    def __init__(self, content: bytes, path: Path) -> None:
        self._path = path
        try:
            self._stream = _book_stream(content)
        except (struct.error, ValueError, IndexError, OverflowError) as error:
            raise FileError(tr("{path}: the file is damaged; save it again as .xlsx", path=path)) from error
        self._globals = self._records(0)
        self._measured: dict[int, SheetFacts] = {}
        self._offsets = [
            struct.unpack_from("<I", self._stream, begin)[0]
            for kind, begin, size in self._globals
            if kind == _BOUND_SHEET and size >= 6
        ]

    def check(self) -> None:
        """Refuse sheets that reach too far to be read.

        Raises
        ------
        FileError
            With the sheet, counted from 1.
        """
        for sheet in range(len(self._offsets)):
            self.facts(sheet)

    def facts(self, sheet: int) -> SheetFacts:
        """Measure a sheet, and look for what its values do not show.

        Raises
        ------
        FileError
            If its cells are so far apart that reading it would fill the memory.
        """
        if sheet >= len(self._offsets):
            return SheetFacts()
        if sheet not in self._measured:  # `check` has walked through all of them
            self._measured[sheet] = self._measure(sheet)
        return self._measured[sheet]

    def _measure(self, sheet: int) -> SheetFacts:
        """Walk through the records of a sheet."""
        rows: list[int] = []
        columns: list[int] = []
        used: list[int] = []
        facts = SheetFacts()
        for kind, begin, size in self._records(self._offsets[sheet]):
            if kind == _DIMENSIONS and size >= 10:
                sizes = "<IIHH" if size >= 14 else "<HHHH"  # the latter before Excel 97
                top, below, left, right = struct.unpack_from(sizes, self._stream, begin)
                if (below - top) * (right - left) > _MOST_CELLS or below < top or right < left:
                    raise FileError(
                        tr(
                            "{path}: sheet {sheet} claims more cells than a sheet has; it is damaged",
                            path=self._path,
                            sheet=sheet + 1,
                        )
                    )
            elif kind == _ROW and size >= 16:
                row, *_, flags = struct.unpack_from("<HHHHHHH", self._stream, begin)
                if flags & 0x20:
                    facts.hidden_rows.append(row + 1)
            elif kind in _CELLS and size >= 6:
                row, column = struct.unpack_from("<HH", self._stream, begin)
                rows.append(row)
                columns.append(column)
                if kind == _LABEL_SST and size >= 10:
                    used.append(struct.unpack_from("<I", self._stream, begin + 6)[0])
                if kind == _MULRK:
                    columns.append(column + max(0, (size - 6) // 6 - 1))
                if self._is_error(kind, begin, size):
                    facts.errors.append(f"{_letters(column)}{row + 1}")
        named = tr("sheet {sheet}", sheet=sheet + 1)
        if rows:
            check_reach(rows, columns, len(columns), named, self._path)
        if len(used) * _LONGEST_TEXT > MOST_SHARED_BYTES:
            check_shared(
                self._shared_sizes(), np.array(used), tr("sheet {sheet}", sheet=sheet + 1), self._path
            )
        return facts

    def formats(
        self, sheet: int, wanted: Callable[[NumberFormat], bool], columns: Collection[int] | None = None
    ) -> dict[tuple[int, int], NumberFormat]:
        """Return the number formats of the cells that have a wanted one, by row and column from 0.

        Parameters
        ----------
        sheet : int
        wanted : callable
            Tells which formats count.
        columns : collection of int, optional
            The columns looked at; by default all.
        """
        parsed = {style: number_format(code) for style, code in self._formats.items()}
        counted = {style: form for style, form in parsed.items() if wanted(form)}
        found: dict[tuple[int, int], NumberFormat] = {}
        if not counted or sheet >= len(self._offsets):
            return found
        for kind, begin, size in self._records(self._offsets[sheet]):
            if kind not in _CELLS or size < 6:
                continue
            row, first, style = struct.unpack_from("<HHH", self._stream, begin)
            styles = [style]
            if kind == _MULRK:
                styles = [
                    struct.unpack_from("<H", self._stream, begin + at)[0] for at in range(4, size - 6, 6)
                ]
            for column, one in enumerate(styles, first):
                if one in counted and (columns is None or column in columns):
                    found[row, column] = counted[one]
        return found

    @cached_property
    def _formats(self) -> dict[int, str]:
        """Return the number format of every style that has one of its own, by the style's number."""
        named = dict(BUILT_IN)
        kinds: list[int] = []
        for kind, begin, size in self._globals:
            if kind == _FORMAT and size >= 5:
                number, count, flags = struct.unpack_from("<HHB", self._stream, begin)
                text = self._stream[begin + 5 : begin + size]
                wide = flags & 1
                named[number] = text[: count << wide].decode("utf-16-le" if wide else "latin-1", "replace")
            elif kind == _XF and size >= 4:
                kinds.append(struct.unpack_from("<H", self._stream, begin + 2)[0])
        return {at: named[kind] for at, kind in enumerate(kinds) if kind in named}

    def _shared_sizes(self) -> NDArray[np.int64]:
        """Return how many characters each of the shared texts has; what is cut off has none."""
        parts: list[bytes] = []
        for kind, begin, size in self._globals:
            if kind == _SST or (kind == _CONTINUE and parts):
                parts.append(self._stream[begin : begin + size])
            elif parts:
                break
        sizes: list[int] = []
        part, at = 0, 8
        while part < len(parts):
            if at + 3 > len(parts[part]):
                part, at = part + 1, 0
                continue
            count, flags = struct.unpack_from("<HB", parts[part], at)
            at += 3
            behind = 0
            for flag, form, each in ((0x08, "<H", 4), (0x04, "<I", 1)):  # runs of letters, and how they sound
                if flags & flag and at + struct.calcsize(form) <= len(parts[part]):
                    behind += each * struct.unpack_from(form, parts[part], at)[0]
                    at += struct.calcsize(form)
            sizes.append(count)
            part, at = _after_text(parts, part, at, count, 1 + (flags & 1))
            while part < len(parts) and behind > len(parts[part]) - at:
                behind -= len(parts[part]) - at
                part, at = part + 1, 0
            at += behind
        return np.array(sizes, dtype=np.int64)

    def _is_error(self, kind: int, begin: int, size: int) -> bool:
        if kind == _BOOL_ERR:
            return size >= 8 and self._stream[begin + 7] != 0
        computed = self._stream[begin + 6 : begin + 14] if kind in _FORMULAS else b""
        return computed[6:] == b"\xff\xff" and computed[0] == 2

    def _records(self, at: int) -> list[tuple[int, int, int]]:
        """Return kind, begin and size of every record up to the end of a part of the stream."""
        found: list[tuple[int, int, int]] = []
        stream, end = self._stream, len(self._stream)
        while at + 4 <= end:
            kind, size = struct.unpack_from("<HH", stream, at)
            at += 4
            if kind == _EOF or at + size > end:
                break
            found.append((kind, at, size))
            at += size
        return found


def _after_text(parts: list[bytes], part: int, at: int, count: int, width: int) -> tuple[int, int]:
    """Return where a text ends; where its record ends first, the next one says again how wide letters are."""
    while part < len(parts):
        fit = min(count, (len(parts[part]) - at) // width)
        count, at = count - fit, at + fit * width
        if not count:
            break
        part, at = part + 1, 1
        width = 1 + (parts[part][0] & 1) if part < len(parts) and parts[part] else 1
    return part, at


def _letters(column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _book_stream(content: bytes) -> bytes:
    """Take the stream of the workbook out of its container."""
    sector_bytes = 1 << min(struct.unpack_from("<H", content, 30)[0], 16)
    mini_bytes = 1 << min(struct.unpack_from("<H", content, 32)[0], 16)
    start, _, cutoff, mini_start, _, difat_start, _ = struct.unpack_from("<7I", content, 48)
    tables = list(struct.unpack_from("<109I", content, 76))
    sectors = len(content) // sector_bytes + 1
    for _ in range(sectors):  # the reader follows them however many are said to be there
        if difat_start >= sectors:
            break
        more = np.frombuffer(_sector(content, difat_start, sector_bytes), dtype="<u4").tolist()
        tables += more[:-1]
        difat_start = more[-1]
    else:
        raise ValueError(tr("its sectors run in a circle"))
    tables = [at for at in tables if at < sectors]
    fat = b"".join(_sector(content, at, sector_bytes) for at in tables[:sectors])
    follow = np.frombuffer(fat, dtype="<u4").tolist()
    mini_follow = np.frombuffer(_chain(content, mini_start, follow, sector_bytes), dtype="<u4").tolist()
    directory = _chain(content, start, follow, sector_bytes)
    begins = np.frombuffer(directory, dtype="<u4")[_ENTRY_BYTES // 4 - 3 :: _ENTRY_BYTES // 4].tolist()
    for one in (follow, mini_follow):
        _check_ends([start, mini_start, *begins], one)
    mini: bytes | None = None
    for at in range(0, len(directory) - _ENTRY_BYTES + 1, _ENTRY_BYTES):
        entry = directory[at : at + _ENTRY_BYTES]
        name = entry[: max(0, min(64, struct.unpack_from("<H", entry, 64)[0]) - 2)].decode(
            "utf-16-le", "ignore"
        )
        first, size = struct.unpack_from("<II", entry, 116)
        if entry[66] == 5:
            mini = _chain(content, first, follow, sector_bytes)
        if name.casefold() not in ("workbook", "book"):
            continue
        if size >= cutoff or mini is None:
            return _chain(content, first, follow, sector_bytes)[:size]
        return _chain(mini, first, mini_follow, mini_bytes, header=0)[:size]
    raise ValueError(tr("no workbook in it"))


def _check_ends(begins: list[int], follow: list[int]) -> None:
    """Refuse a chain that comes back to itself: the reader would follow it until the memory is full."""
    end = len(follow)
    after = np.minimum(np.array([*follow, end], dtype=np.int64), end)
    for _ in range(end.bit_length()):  # each round doubles the steps; at last they are more than sectors
        after = after[after]
    if any(at < end and after[at] < end for at in begins):
        raise ValueError(tr("its sectors run in a circle"))


def _sector(content: bytes, number: int, size: int, header: int | None = None) -> bytes:
    begin = number * size + (max(size, _HEADER_BYTES) if header is None else header)
    return content[begin : begin + size].ljust(size, b"\x00")


def _chain(content: bytes, at: int, follow: list[int], size: int, header: int | None = None) -> bytes:
    """Put the sectors of a chain together; it ends at a mark or outside of the file."""
    parts: list[bytes] = []
    most = len(content) // size + 1
    while at < len(follow) and len(parts) <= most:
        parts.append(_sector(content, at, size, header))
        at = follow[at]
    return b"".join(parts)
