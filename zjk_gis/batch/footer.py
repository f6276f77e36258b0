"""The footer of a Parquet file, so far as to let several files written one behind the other be one.

A Parquet file ends with a list of its row groups and of the places where their columns begin. Where files
stand behind one another, the places of each only have to be moved by where it begins, and the lists joined:
nothing is decoded, nothing copied. The footer is Thrift in its compact protocol; what is not moved is passed
on byte by byte, unread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zjk_gis.errors import FileError
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["MAGIC", "joined_footer"]

MAGIC = b"PAR1"

_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _STRUCT = 0, 1, 2, 3, 7, 8, 9, 12
_INTEGERS = (4, 5, 6)  # of 16, 32 and 64 bits, all written the same
_ROWS_FIELD, _GROUPS_FIELD = 3, 4

# Which fields of which structure are places in the file (parquet.thrift of the format's repository).
_PLACE = "place"
_COLUMN_FACTS: Mapping[int, object] = {9: _PLACE, 10: _PLACE, 11: _PLACE, 14: _PLACE}
_COLUMN: Mapping[int, object] = {2: _PLACE, 3: _COLUMN_FACTS, 4: _PLACE, 6: _PLACE}
_ROW_GROUP: Mapping[int, object] = {1: _COLUMN, 5: _PLACE}
_NOTHING: Mapping[int, object] = {}


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
    whole, last = bytearray(), 0
    reader = _Reader(footers[0], 0)
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
            last = 0
            for field, inner in self.fields():
                _put_field(out, field, last, inner)
                last = field
                known = places.get(field)
                if known is _PLACE:
                    place = self.integer()
                    _put_integer(out, place + self._moved_by if place else 0)  # 0 is not a place, but unknown
                elif isinstance(known, dict):
                    self.pass_on(inner, known, out)
                else:
                    self.pass_on(inner, _NOTHING, out)
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
