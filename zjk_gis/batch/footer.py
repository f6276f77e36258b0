"""The footer of a Parquet file, so far as to let several files written one behind the other be one.

A Parquet file ends with a list of its row groups and of the places where their columns begin. Where files
stand behind one another, the places of each only have to be moved by where it begins, and the lists joined:
nothing is decoded, nothing copied. In the same way the columns of a row group can be taken into another file
with the bytes they have, beside others of as many rows. The footer is Thrift in its compact protocol; what is
not moved is passed on byte by byte, unread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zjk_gis.errors import FileError
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = [
    "MAGIC",
    "Chunk",
    "Group",
    "footer_of",
    "footer_of_group",
    "groups_of",
    "joined_footer",
    "schema_of",
    "statistics",
]

MAGIC = b"PAR1"

_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _STRUCT = 0, 1, 2, 3, 7, 8, 9, 12
_INTEGERS = (4, 5, 6)  # of 16, 32 and 64 bits, all written the same
_LONG = 6
_SCHEMA_FIELD, _ROWS_FIELD, _GROUPS_FIELD = 2, 3, 4

# Which fields of which structure are places in the file (parquet.thrift of the format's repository).
_PLACE = "place"
_COLUMN_FACTS: Mapping[int, object] = {9: _PLACE, 10: _PLACE, 11: _PLACE, 14: _PLACE}
_COLUMN: Mapping[int, object] = {2: _PLACE, 3: _COLUMN_FACTS, 4: _PLACE, 6: _PLACE}
_ROW_GROUP: Mapping[int, object] = {1: _COLUMN, 5: _PLACE}
_NOTHING: Mapping[int, object] = {}

# Of a column that goes into another file: indexes and filters stand elsewhere in its own, and stay behind.
_DROPPED = "dropped"
_MORE = 0  # no field has this number: one that is put among the others, and what it holds
_PASSED_FACTS: Mapping[int, object] = {9: _PLACE, 10: _PLACE, 11: _PLACE, 14: _DROPPED, 15: _DROPPED}
_PASSED: Mapping[int, object] = {2: _PLACE, 3: _PASSED_FACTS, **dict.fromkeys((4, 5, 6, 7), _DROPPED)}
_KNOWN_FACTS = frozenset(range(1, 18))
_KNOWN = frozenset(range(2, 8))  # not: in another file (1), encrypted (8, 9)
_PACKED_FIELD, _DATA_FIELD, _DICTIONARY_FIELD, _STATISTICS_FIELD = 7, 9, 11, 12


@dataclass(frozen=True, slots=True)
class Chunk:
    """The values of one column in one row group.

    Attributes
    ----------
    told : bytes
        What the footer says of it.
    begin, size : int
        Where it lies in the file.
    is_whole : bool
        Whether it lies there all in one, unencrypted, and the footer says nothing of it that is not known.
    """

    told: bytes
    begin: int
    size: int
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A row group: its columns, how many rows it has, and how many bytes its values are unpacked."""

    chunks: tuple[Chunk, ...]
    rows: int
    unpacked: int


def footer_of(file: Any) -> bytes:
    """Return the footer of a file in memory, without its length and the magic bytes."""
    view = memoryview(file)
    size = int.from_bytes(view[-8:-4], "little")
    return bytes(view[-8 - size : -8])


def schema_of(footer: bytes) -> list[bytes]:
    """Return how the columns are declared, one after the other, without the root that holds them.

    Raises
    ------
    FileError
        If the footer is damaged.
    """
    reader, elements = _Reader(footer, 0), list[bytes]()
    for field, kind in reader.fields():
        if field == _SCHEMA_FIELD:
            elements = [reader.copied(_STRUCT) for _ in range(reader.list_head()[0])]
        else:
            reader.copied(kind)
    return elements[1:]


def groups_of(footer: bytes) -> list[Group]:
    """Return the row groups of a file.

    Raises
    ------
    FileError
        If the footer is damaged.
    """
    reader, groups = _Reader(footer, 0), list[Group]()
    for field, kind in reader.fields():
        if field == _GROUPS_FIELD:
            groups = [_group(reader) for _ in range(reader.list_head()[0])]
        else:
            reader.copied(kind)
    return groups


def footer_of_group(
    template: bytes, passed: Group | None, made: Group, told: Sequence[bytes | None] = ()
) -> bytes:
    """Return the footer of a file with one row group: columns of another file, then others made for it.

    Parameters
    ----------
    template : bytes
        The footer of a file of the same columns.
    passed : Group, optional
        Its chunks lie one behind the other behind the magic bytes, with the bytes they have in their file.
    made : Group
        Of a file with nothing before it but the magic bytes; its chunks lie behind the others.
    told : sequence of bytes or None
        The statistics of the last columns, where they have none of their own (see `statistics`).

    Returns
    -------
    bytes
        With length and magic bytes, to stand at the end.
    """
    columns, at = bytearray(), len(MAGIC)
    before = () if passed is None else passed.chunks
    for chunk in before:
        _Reader(chunk.told, at - chunk.begin).pass_on(_STRUCT, _PASSED, columns)
        at += chunk.size
    without = [None] * (len(made.chunks) - len(told))
    for chunk, more in zip(made.chunks, (*without, *told), strict=True):
        facts = _COLUMN_FACTS if more is None else {**_COLUMN_FACTS, _MORE: (_STATISTICS_FIELD, more)}
        _Reader(chunk.told, at - len(MAGIC)).pass_on(_STRUCT, {**_COLUMN, 3: facts}, columns)
    group = bytearray()
    _put_field(group, 1, 0, _LIST)
    _put_list_head(group, len(before) + len(made.chunks), _STRUCT)
    group += columns
    size = at - len(MAGIC) + sum(chunk.size for chunk in made.chunks)
    unpacked, last = made.unpacked + (0 if passed is None else passed.unpacked), 1
    for field, number in ((2, unpacked), (3, made.rows), (5, len(MAGIC)), (6, size)):
        _put_field(group, field, last, _LONG)
        _put_integer(group, number)
        last = field
    group.append(_STOP)
    return _with_groups(template, made.rows, 1, bytes(group))


def statistics(missing: int, least: bytes, most: bytes) -> bytes:
    """Write how many values of a column are missing, and its least and its last text unless they are empty.

    Examples
    --------
    >>> statistics(3, b"A", b"C").hex(" ")
    '36 06 28 01 43 18 01 41 11 11 00'
    """
    out = bytearray()
    _put_field(out, 3, 0, _LONG)
    _put_integer(out, missing)
    if most:
        for field, last, text in ((5, 3, most), (6, 5, least)):
            _put_field(out, field, last, _BINARY)
            _put_varint(out, len(text))
            out += text
        for field in (7, 8):  # they are these very texts, not cut off
            _put_field(out, field, field - 1, _TRUE)
    out.append(_STOP)
    return bytes(out)


def _group(reader: _Reader) -> Group:
    chunks, rows, unpacked = list[Chunk](), 0, 0
    for field, kind in reader.fields():
        if field == 1:
            chunks = [_chunk(reader.copied(_STRUCT)) for _ in range(reader.list_head()[0])]
        elif field == 2:
            unpacked = reader.integer()
        elif field == 3:
            rows = reader.integer()
        else:
            reader.copied(kind)
    return Group(tuple(chunks), rows, unpacked)


def _chunk(told: bytes) -> Chunk:
    reader, known, facts = _Reader(told, 0), True, dict[int, int]()
    for field, kind in reader.fields():
        known &= field in _KNOWN
        if field == 3:
            for fact, inner in reader.fields():
                known &= fact in _KNOWN_FACTS
                if inner in _INTEGERS:
                    facts[fact] = reader.integer()
                else:
                    reader.copied(inner)
        else:
            reader.copied(kind)
    begin, size = facts.get(_DATA_FIELD, 0), facts.get(_PACKED_FIELD, 0)
    if 0 < facts.get(_DICTIONARY_FIELD, 0) < begin:  # it stands before the values
        begin = facts[_DICTIONARY_FIELD]
    return Chunk(told, begin, size, known and begin >= len(MAGIC) and size > 0)


def joined_footer(footers: Sequence[bytes], begins: Sequence[int]) -> bytes:
    """Return the footer of files that stand behind one another as one.

    Parameters
    ----------
    footers : sequence of bytes
        That of each, without its length and the magic bytes; all of the same columns.
    begins : sequence of int
        Where each file begins.

    Returns
    -------
    bytes
        With length and magic bytes, to stand at the end.

    Raises
    ------
    FileError
        If a footer is damaged.
    """
    rows, count, groups = 0, 0, bytearray()
    for footer, begin in zip(footers, begins, strict=True):
        reader = _Reader(footer, begin)
        for field, kind in reader.fields():
            if field == _ROWS_FIELD:
                rows += reader.integer()
            elif field == _GROUPS_FIELD:
                size, _ = reader.list_head()
                for _ in range(size):
                    reader.pass_on(_STRUCT, _ROW_GROUP, groups)
                count += size
            else:
                reader.pass_on(kind, _NOTHING, bytearray())
    return _with_groups(footers[0], rows, count, bytes(groups))


def _with_groups(template: bytes, rows: int, count: int, groups: bytes) -> bytes:
    """Return a footer with other row groups, with length and magic bytes."""
    whole, last = bytearray(), 0
    reader = _Reader(template, 0)
    for field, kind in reader.fields():
        _put_field(whole, field, last, kind)
        last = field
        mine = bytearray() if field in (_ROWS_FIELD, _GROUPS_FIELD) else whole
        reader.pass_on(kind, _NOTHING, mine)
        if field == _ROWS_FIELD:
            _put_integer(whole, rows)
        elif field == _GROUPS_FIELD:
            _put_list_head(whole, count, _STRUCT)
            whole += groups
    whole.append(_STOP)
    return bytes(whole) + len(whole).to_bytes(4, "little") + MAGIC


class _Reader:
    """Reads Thrift's compact protocol, and writes what it reads with places moved."""

    def __init__(self, content: bytes, moved_by: int) -> None:
        self._content, self._at, self._moved_by = content, 0, moved_by

    def fields(self) -> Iterator[tuple[int, int]]:
        """Yield the number and kind of each field of a structure; its value is to be read in between."""
        field = 0
        while (head := self._byte()) != _STOP:
            field = field + (head >> 4) if head >> 4 else self.integer()
            yield field, head & 15

    def integer(self) -> int:
        """Read a signed number."""
        number = self._varint()
        return (number >> 1) ^ -(number & 1)

    def list_head(self) -> tuple[int, int]:
        """Read how many items of which kind follow."""
        head = self._byte()
        return (self._varint() if head >> 4 == 15 else head >> 4), head & 15

    def pass_on(self, kind: int, places: Mapping[int, object], out: bytearray) -> None:
        """Read a value and write it again; the numbers that are places are moved."""
        if kind == _STRUCT:
            last, more = 0, places.get(_MORE)
            for field, inner in self.fields():
                if isinstance(more, tuple) and field > more[0]:  # not all readers take fields out of order
                    _put_field(out, more[0], last, _STRUCT)
                    out += more[1]
                    last, more = more[0], None
                known = places.get(field)
                if known is _DROPPED:
                    self.copied(inner)
                    continue
                _put_field(out, field, last, inner)
                last = field
                if known is _PLACE:
                    place = self.integer()
                    _put_integer(out, place + self._moved_by if place else 0)  # 0 is not a place, but unknown
                elif isinstance(known, dict):
                    self.pass_on(inner, known, out)
                else:
                    self.pass_on(inner, _NOTHING, out)
            if isinstance(more, tuple):
                _put_field(out, more[0], last, _STRUCT)
                out += more[1]
            out.append(_STOP)
        elif kind == _LIST:
            size, inner = self.list_head()
            _put_list_head(out, size, inner)
            for _ in range(size):
                # In a list even yes and no take a byte each.
                self.pass_on(_BYTE if inner in (_TRUE, _FALSE) else inner, places, out)
        else:
            begin = self._at
            self._skip(kind)
            out += self._content[begin : self._at]

    def copied(self, kind: int) -> bytes:
        """Read a value and return it as it is written."""
        out = bytearray()
        self.pass_on(kind, _NOTHING, out)
        return bytes(out)

    def _skip(self, kind: int) -> None:
        if kind in _INTEGERS:
            self._varint()
        elif kind == _BINARY:
            size = self._varint()
            self._at += size
        elif kind == _DOUBLE:
            self._at += 8
        elif kind == _BYTE:
            self._at += 1
        elif kind not in (_TRUE, _FALSE):  # whose value is their kind
            raise FileError(
                tr("a Parquet footer holds something unknown (kind {kind}); its file is damaged", kind=kind)
            )
        if self._at > len(self._content):
            raise FileError(tr("a Parquet footer is cut off; its file is damaged"))

    def _byte(self) -> int:
        if self._at >= len(self._content):
            raise FileError(tr("a Parquet footer is cut off; its file is damaged"))
        self._at += 1
        return self._content[self._at - 1]

    def _varint(self) -> int:
        number, shift = 0, 0
        while True:
            byte = self._byte()
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            shift += 7


def _put_varint(out: bytearray, number: int) -> None:
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)


def _put_integer(out: bytearray, number: int) -> None:
    _put_varint(out, number << 1 if number >= 0 else (-number << 1) - 1)


def _put_field(out: bytearray, field: int, last: int, kind: int) -> None:
    if 0 < field - last < 16:
        out.append((field - last) << 4 | kind)
    else:
        out.append(kind)
        _put_integer(out, field)


def _put_list_head(out: bytearray, size: int, kind: int) -> None:
    if size < 15:
        out.append(size << 4 | kind)
    else:
        out.append(0xF0 | kind)
        _put_varint(out, size)
