"""Reading delimited text byte by byte: where records and cells lie, what their numbers and days are.

Each function here is an inner loop over bytes. A long text goes through the compiled form; a short one
through the very same lines as they stand, as loading a compiler would take longer than the work.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BLANK", "ODD", "SPARE", "UNCLOSED", "Loops", "loops_for"]

BLANK, ODD = -1, -2  # what a cell holds instead of a plain number or day: nothing, or something unusual
UNCLOSED = -1  # in place of a count of records: a quoted cell has no end
SPARE = 16  # bytes that `splice_rows` may read and write behind the last

_COMPILED_FROM_BYTES = 1 << 19


class Loops(NamedTuple):
    """The inner loops, compiled or as they stand, and the kinds of text and room that they work on."""

    find_records: Callable[..., tuple[int, int]]
    find_doubtful: Callable[..., int]
    read_numbers: Callable[..., int]
    read_days: Callable[..., int]
    measure_rows: Callable[..., int]
    splice_rows: Callable[..., None]
    text: Callable[[bytes], Any]
    room: Callable[[int], Any]


def loops_for(size: int) -> Loops:
    r"""Return the loops as suits a text of so many bytes.

    Examples
    --------
    >>> text = b'1,"a, b",x\r\n2,c,y\n'
    >>> begin, end, cells = (np.zeros(9, dtype=np.int64) for _ in range(3))
    >>> left, right = np.zeros((1, 9), dtype=np.int64), np.zeros((1, 9), dtype=np.int64)
    >>> slot = np.array([-1, 0, -1])  # the second cell is wanted
    >>> loops_for(len(text)).find_records(text, 0, len(text), 44, slot, True, begin, end, cells, left, right)
    (2, 18)
    >>> [text[left[0, row] : right[0, row]] for row in range(2)]
    [b'"a, b"', b'c']
    """
    if size < _COMPILED_FROM_BYTES:
        return Loops(
            _find_records,
            _find_doubtful,
            _read_numbers,
            _read_days,
            _measure_rows,
            _splice_rows,
            bytes,
            bytearray,
        )
    return _compiled()


@cache
def _compiled() -> Loops:
    from zjk_gis.engine.compiled import compiled
    from zjk_gis.engine.copying import copy_as_block

    copy_as_block(_copied)
    return Loops(
        compiled(_find_records),
        compiled(_find_doubtful),
        compiled(_read_numbers),
        compiled(_read_days),
        compiled(_measure_rows),
        compiled(_splice_rows),
        lambda text: np.frombuffer(text, dtype=np.uint8),
        lambda size: np.empty(size, dtype=np.uint8),
    )


def _find_records(  # noqa: C901 - one automaton, and a kernel calls nothing
    text: Any,
    at: int,
    stop: int,
    delimiter: int,
    slot: Any,
    is_last: bool,
    begin: Any,
    end: Any,
    cells: Any,
    left: Any,
    right: Any,
) -> tuple[int, int]:
    """Find whole records from `at` on, at most as many as `begin` holds; empty lines are none.

    A quote opens a cell only where the cell begins; within it, two are one. Returns how many were found and
    where the next one begins; what lies beyond is a record that goes on after `stop`.
    """
    row = 0
    while row < len(begin) and at < stop:
        if text[at] == 10 or text[at] == 13:
            at += 1
            continue
        record = at
        cell = 0
        more = True
        while more:
            first = at
            if at < stop and text[at] == 34:
                at += 1
                closed = False
                while not closed:
                    while at < stop and text[at] != 34:
                        at += 1
                    if at >= stop:
                        return (UNCLOSED if is_last else row), record
                    if at + 1 < stop and text[at + 1] == 34:
                        at += 2
                    else:
                        at += 1
                        closed = True
            while at < stop and text[at] != delimiter and text[at] != 10 and text[at] != 13:
                at += 1
            if at >= stop and not is_last:
                return row, record
            if cell < len(slot) and slot[cell] >= 0:
                left[slot[cell], row] = first
                right[slot[cell], row] = at
            cell += 1
            more = at < stop and text[at] == delimiter
            if more:
                at += 1
        if at + 1 == stop and text[at] == 13 and not is_last:
            return row, record  # a line feed may follow
        begin[row] = record
        end[row] = at
        cells[row] = cell
        row += 1
        if at + 1 < stop and text[at] == 13 and text[at + 1] == 10:
            at += 1
        if at < stop:
            at += 1
    return row, at


def _find_doubtful(  # noqa: C901 - one pass over the rows, and a kernel calls nothing
    text: Any,
    begin: Any,
    end: Any,
    cells: Any,
    left: Any,
    right: Any,
    delimiter: int,
    sum_ends: Any,
    note_begins: Any,
    names: Any,
    name_at: Any,
    marks: Any,
) -> int:
    """Mark the rows that may be none of a table, by a few bytes of each; the caller looks at them as text.

    1. Nothing stands in it but delimiters, blanks and quotes; a row is looked at for it if it begins so and
       is short.
    2. Its first cell, or its second below an empty first, ends as that of a sum does.
    3. Its first filled cell begins as a remark does.
    4. It begins with the first of the names.

    The cells of the first two columns are `left` and `right` at 0 and 1. Returns how many rows are marked.
    """
    marked = 0
    for row in range(len(begin)):
        doubtful = False
        # 1: where the row's first filled cell begins
        at = begin[row]
        stop = end[row]
        while at < stop and (text[at] == delimiter or text[at] == 32 or text[at] == 34 or text[at] == 9):
            at += 1
        if at == stop or (at + 3 <= stop and text[at] == 227 and text[at + 1] == 128 and text[at + 2] == 128):
            doubtful = True
        # 3
        if at + 3 <= stop and text[at] >= 227:
            code = (text[at] << 16) | (text[at + 1] << 8) | text[at + 2]
            for place in range(len(note_begins)):
                if code == note_begins[place]:
                    doubtful = True
        # 4
        for name in range(len(name_at) - 1):
            size = name_at[name + 1] - name_at[name]
            same = at + size <= stop
            place = 0
            while same and place < size:
                same = text[at + place] == names[name_at[name] + place]
                place += 1
            doubtful = doubtful or same
        # 2
        cell = 0 if left[0, row] < right[0, row] else 1
        if cell < len(left):
            first = left[cell, row]
            at = right[cell, row]
            while at > first and (text[at - 1] == 32 or text[at - 1] == 34 or text[at - 1] == 58):
                at -= 1
            if at - first >= 3 and text[at - 1] >= 128:
                code = (text[at - 3] << 16) | (text[at - 2] << 8) | text[at - 1]
                for place in range(len(sum_ends)):
                    if code == sum_ends[place]:
                        doubtful = True
        if doubtful:
            marks[row] = 1
            marked += 1
    return marked


def _read_numbers(text: Any, left: Any, right: Any, values: Any, kind: Any) -> int:
    """Read cells that are plain decimal numbers, to the last bit; mark the others `BLANK` or `ODD`.

    Up to 15 digits with up to 22 decimals are one exact division; what is longer is for the caller.
    Returns how many cells are marked.
    """
    marked = 0
    for row in range(len(left)):
        at = left[row]
        stop = right[row]
        if stop - at >= 2 and text[at] == 34 and text[stop - 1] == 34:
            at += 1
            stop -= 1
        while at < stop and (text[at] == 32 or text[at] == 9):
            at += 1
        while at < stop and (text[stop - 1] == 32 or text[stop - 1] == 9):
            stop -= 1
        if at == stop:
            kind[row] = BLANK
            marked += 1
            continue
        negative = text[at] == 45
        if negative or text[at] == 43:
            at += 1
        whole = 0
        digits = 0
        decimals = 0
        seen = False
        fine = True
        while at < stop and fine:
            byte = text[at]
            if 48 <= byte <= 57:
                whole = whole * 10 + (byte - 48)
                digits += 1
                if seen:
                    decimals += 1
                fine = digits <= 15
            elif byte == 46 and not seen:
                seen = True
            else:
                fine = False
            at += 1
        if not fine or digits == 0:
            kind[row] = ODD
            marked += 1
            continue
        value = whole / 10.0**decimals
        values[row] = -value if negative else value
    return marked


def _read_days(text: Any, left: Any, right: Any, days: Any, kind: Any) -> int:
    """Read cells like 2025-12-31, perhaps with a clock but no zone, as days since 1970-01-01.

    Whatever is written otherwise is marked `BLANK` or `ODD`. Returns how many cells are marked.
    """
    marked = 0
    for row in range(len(left)):
        at = left[row]
        stop = right[row]
        if stop - at >= 2 and text[at] == 34 and text[stop - 1] == 34:
            at += 1
            stop -= 1
        size = stop - at
        if size == 0:
            kind[row] = BLANK
            marked += 1
            continue
        fine = size == 10 or size == 16 or size >= 19
        # The pattern 0000-00-00 00:00:00.000: only digits where digits stand.
        date = 0
        place = 0
        while place < size and fine:
            byte = text[at + place]
            if place == 4 or place == 7:
                fine = byte == 45
            elif place == 10:
                fine = byte == 32 or byte == 84
            elif place == 13 or place == 16:
                fine = byte == 58
            elif place == 19:
                fine = byte == 46 and size > 20
            else:
                fine = 48 <= byte <= 57
                if place < 10:
                    date = date * 10 + (byte - 48)
            place += 1
        if fine and size >= 16:
            fine = (text[at + 11] - 48) * 10 + (text[at + 12] - 48) < 24 and text[at + 14] < 54
        if fine and size >= 19:
            fine = text[at + 17] < 54
        year, month, day = date // 10000, date // 100 % 100, date % 100
        # The 29th and later are looked up in the calendar by the caller where they are not in every month.
        longest = 28 if month == 2 else 30 if month == 4 or month == 6 or month == 9 or month == 11 else 31
        if not (fine and year >= 1700 and 1 <= month <= 12 and 1 <= day <= longest):
            kind[row] = ODD
            marked += 1
            continue
        # Counted from a first of March, so that the leap day is the last of its year.
        if month <= 2:
            year -= 1
            month += 12
        days[row] = (
            365 * year + year // 4 - year // 100 + year // 400 + (153 * month - 457) // 5 + day - 719469
        )
    return marked


def _measure_rows(
    begin: Any, end: Any, keep: Any, padding: Any, codes: Any, word_at: Any, line_end: Any, starts: Any
) -> int:
    """Find where each kept row will begin, and how many bytes they all take (see `_splice_rows`)."""
    total = 0
    for row in range(len(begin)):
        starts[row] = total
        if keep[row]:
            total += end[row] - begin[row] + padding[row] + len(codes) + len(line_end)
            for column in range(len(codes)):
                word = codes[column, row]
                total += word_at[word + 1] - word_at[word]
    return total


def _copied(out: Any, to: int, text: Any, at: int, size: int) -> None:
    """Copy bytes; compiled code does so in one block."""
    out[to : to + size] = text[at : at + size]


def _splice_rows(
    text: Any,
    begin: Any,
    end: Any,
    keep: Any,
    padding: Any,
    delimiter: int,
    codes: Any,
    word_at: Any,
    words: Any,
    line_end: Any,
    starts: Any,
    out: Any,
) -> None:
    """Copy each kept row as it stands, fill it up with empty cells, and put its words behind it.

    A word of up to `SPARE` bytes is copied with what stands behind it, which the next thing overwrites: so
    many at a time are one instruction. Words and result have as many bytes to spare at their ends. The first
    row is written at the beginning of `out`.
    """
    first = starts[0] if len(starts) else 0
    for row in range(len(begin)):
        if not keep[row]:
            continue
        to = starts[row] - first
        size = end[row] - begin[row]
        _copied(out, to, text, begin[row], size)
        to += size
        for _ in range(padding[row]):
            out[to] = delimiter
            to += 1
        for column in range(len(codes)):
            out[to] = delimiter
            to += 1
            word = word_at[codes[column, row]]
            size = word_at[codes[column, row] + 1] - word
            if size <= SPARE:
                _copied(out, to, words, word, SPARE)
            else:
                _copied(out, to, words, word, size)
            to += size
        for at in range(len(line_end)):
            out[to] = line_end[at]
            to += 1
