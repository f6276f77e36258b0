"""The table of a shapefile, and which encoding its text is in; read a block at a time, whatever its length.

A .cpg file says what the program that wrote it believed. Every single-byte code page fits any bytes, so that
its name says nothing about Chinese text; the text itself decides:

1. Text that is UTF-8, with Chinese characters in it, is UTF-8.
2. A declared encoding of several bytes (GBK, Big5, Shift JIS) is believed if all the text is valid in it and
   does not look more like Chinese in GB18030.
3. A declared single-byte code page is believed only where the text is neither UTF-8 nor plausible Chinese.
4. Otherwise it is that of UTF-8 and GB18030 in which fewer values are damaged.

Text is plausible Chinese if at most one value in ten is not valid GB18030, and half of the characters beyond
ASCII are among the 3,755 most common ones or Chinese punctuation: of `Zürich` in Latin-1 GB18030 makes rare
ones.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.errors import FileError
from zjk_gis.io.encoding import Encoding
from zjk_gis.io.paths import blamed_on
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Dbf", "DbfField", "encoding_of_dbf", "read_dbf"]

_UTF_8, _GB18030 = "UTF-8", "GB18030"
_LDID_GBK = 0x4D  # the one code page that a table's header names and that says anything here
_LARGEST_HEADER = 1 << 16
_BLOCK_BYTES = 1 << 24
_SPOKEN = 1 << 20  # so many characters tell what a text is in
_ENOUGH = 1000  # damaged values
_WIDE = re.compile(b"[\xe0-\xff]")  # what begins a character of three bytes or more in UTF-8
_ALONE = 72  # a code page of single bytes has more characters above ASCII; Shift JIS has 63 such
_DAMAGED_SHARE = 10
_FAMILIES = {_GB18030: "chinese", "EUC_KR": "korean", "CP949": "korean", "JOHAB": "korean"}
_NUMBERED = re.compile(r"(?:cp|ansi|oem|windows|win|ms|ibm|codepage)?(\d{3,5})")
_CODE_PAGES = {"65001": _UTF_8, "936": _GB18030, "54936": _GB18030, "20936": _GB18030}
_LATIN_WORD = re.compile("[A-Za-z][\u00c0-\u024f]|[\u00c0-\u024f][A-Za-z]")


@dataclass(frozen=True, slots=True)
class DbfField:
    """One column of a table, as its header describes it.

    Attributes
    ----------
    name : bytes
        As it stands in the file, cut to 10 bytes, perhaps in the middle of a character.
    kind : bytes
        ``C`` for text, ``N`` and ``F`` for numbers, and others.
    begin, end : int
        Where it lies within a record.
    decimals : int
    """

    name: bytes
    kind: bytes
    begin: int
    end: int
    decimals: int


@dataclass(frozen=True, slots=True)
class Dbf:
    """A shapefile's table.

    Attributes
    ----------
    path : Path
    rows : int
        As many as are announced and there.
    header_bytes, record_bytes : int
    code_page : int
        The number by which the header names its code page.
    fields : tuple of DbfField
    """

    path: Path
    rows: int
    header_bytes: int
    record_bytes: int
    code_page: int
    fields: tuple[DbfField, ...]

    def blocks(self) -> Iterator[NDArray[np.uint8]]:
        """Hand out the records, some megabytes at a time, a row each."""
        rows = max(1, _BLOCK_BYTES // self.record_bytes)
        with blamed_on(self.path), self.path.open("rb") as file:
            file.seek(self.header_bytes)
            for begin in range(0, self.rows, rows):
                count = min(rows, self.rows - begin)
                content = np.frombuffer(file.read(count * self.record_bytes), np.uint8)
                yield content.reshape(-1, self.record_bytes)

    def has_blank_logicals(self) -> bool:
        """Tell whether a column of yes and no has rows with neither."""
        logical = self._logical()
        return bool(logical) and any((block[:, logical] == ord(" ")).any() for block in self.blocks())

    def mark_blank_logicals(self, copy: Path) -> None:
        """Write ``?`` where neither yes nor no stands, in a copy of the table: GDAL takes a blank for no."""
        logical = self._logical()
        with blamed_on(copy, "written"), copy.open("r+b") as file:
            file.seek(self.header_bytes)
            for block in self.blocks():
                marked = block.copy()
                cells = marked[:, logical]
                marked[:, logical] = np.where(cells == ord(" "), ord("?"), cells)
                file.write(marked.tobytes())

    def _logical(self) -> list[int]:
        fields = (field for field in self.fields if field.kind == b"L" and field.end <= self.record_bytes)
        return [field.begin for field in fields if field.end - field.begin == 1]

    def deleted_rows(self) -> int:
        """Count the rows that a program has marked as deleted and not yet taken out."""
        return sum(int((block[:, 0] == ord("*")).sum()) for block in self.blocks())


def read_dbf(path: Path) -> Dbf:
    """Read the header of a .dbf file.

    Raises
    ------
    FileError
        If it is cut off or inconsistent.
    """
    with blamed_on(path), path.open("rb") as file:
        head = file.read(_LARGEST_HEADER)
        size = file.seek(0, 2)
    header_bytes = int.from_bytes(head[8:10], "little")
    record_bytes = int.from_bytes(head[10:12], "little")
    if len(head) < 33 or not 33 <= header_bytes <= len(head) or record_bytes < 1:
        raise FileError(tr("{path}: the table's header is damaged; export the shapefile again", path=path))
    fields, begin = [], 1
    for at in range(32, header_bytes - 31, 32):
        if head[at] == 0x0D:
            break
        name = head[at : at + 11].split(b"\x00", maxsplit=1)[0][:10]
        kind, width, decimals = head[at + 11 : at + 12], head[at + 16], head[at + 17]
        if kind == b"C":
            width += decimals << 8  # for text the count of decimals is the width's high byte
        fields.append(DbfField(name, kind, begin, begin + width, decimals))
        begin += width
    rows = min(int.from_bytes(head[4:8], "little"), (size - header_bytes) // record_bytes)
    return Dbf(path, rows, header_bytes, record_bytes, head[29], tuple(fields))


def encoding_of_dbf(dbf: Dbf, declared: str | None, said: str | None = None) -> Encoding:
    """Find the encoding of a shapefile's table from its names and values.

    Parameters
    ----------
    dbf : Dbf
    declared : str or None
        What the .cpg file says, if there is one.
    said : str, optional
        What the caller says, which comes before everything unless most of the text is not valid in it.

    Returns
    -------
    Encoding
        By the rules at the head of this module. It is not `sure` where the text has decided against the
        .cpg, or in favour of GB18030 where nothing was declared.

    Raises
    ------
    FileError
        If the table cannot be read.
    """
    if said is not None:
        return _as_said(dbf, said)
    codec = None if declared is None else _codec_of(declared)
    heard = {name: _Heard(name) for name in (_UTF_8, _GB18030, *([codec.name] if codec else []))}
    for values in _text_values(dbf):
        for each in heard.values():
            each.hear(values)
    utf_8, chinese = heard[_UTF_8], heard[_GB18030]
    cpg = tr("no .cpg") if declared is None else tr(".cpg says {encoding}", encoding=declared)
    if not utf_8.values:
        fits = codec is not None and not codec.single
        name = codec.name if codec is not None and fits else _UTF_8
        return Encoding(name, cpg if fits else tr("{cpg}; plain ASCII", cpg=cpg))
    by_text = _by_text(utf_8, chinese)
    if codec is not None and _is_believed(codec, heard[codec.name], utf_8, chinese):
        return Encoding(codec.name, cpg, damaged=heard[codec.name].damaged)
    if declared is None and dbf.code_page == _LDID_GBK and by_text is chinese:
        found = tr("no .cpg; the table's code page is 0x{page:X}, GBK", page=_LDID_GBK)
        return Encoding(_GB18030, found, damaged=chinese.damaged)
    if declared is not None:
        cpg = tr(".cpg says {encoding}, which does not fit", encoding=declared)
    damaged = by_text.damaged
    how = (
        tr("{cpg}; {encoding} fits best", cpg=cpg, encoding=by_text.name)
        if damaged
        else tr("{cpg}; valid {encoding}", cpg=cpg, encoding=by_text.name)
    )
    sure = by_text is utf_8 and not damaged and codec is None
    return Encoding(by_text.name, how, sure=sure, damaged=damaged)


def _as_said(dbf: Dbf, said: str) -> Encoding:
    heard = _Heard(said)
    for values in _text_values(dbf):
        heard.hear(values)
    if 2 * heard.broken > heard.values:
        raise FileError(tr("{file}: is not in {encoding}, as is said", file=dbf.path, encoding=said))
    return Encoding(said, tr("as the caller says"), damaged=heard.damaged)


@dataclass(frozen=True, slots=True)
class _Codec:
    name: str
    single: bool


@dataclass(slots=True)
class _Heard:
    """What the text says of one encoding.

    `damaged` values are not valid in it; `broken` ones not even if a last character that was cut is forgiven.
    `wide` values have characters of three bytes in UTF-8, `worded` others accented letters beside plain ones.
    """

    name: str
    values: int = 0
    damaged: int = 0
    broken: int = 0
    wide: int = 0
    worded: int = 0
    beyond: int = 0
    common: int = 0
    _table: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        self._table = _common_characters(_FAMILIES.get(self.name, "other"))

    def hear(self, values: list[bytes]) -> None:
        """Judge distinct values, each with bytes beyond ASCII."""
        self.values += len(values)
        if self.broken > _ENOUGH and 2 * self.broken > self.values:
            return  # it is not in this encoding, whatever follows
        if self.name == _UTF_8:
            narrow = [value for value in values if _WIDE.search(value) is None]
            self.wide += len(values) - len(narrow)
            self.worded += sum(
                _LATIN_WORD.search(each.decode("utf-8", "ignore")) is not None for each in narrow
            )
        try:
            text = b"\n".join(values).decode(self.name)  # valid together if and only if each is
        except UnicodeError:
            text = "\n".join(value.decode(self.name, "replace") for value in values)
            for value in values:
                self.damaged += _is_damaged(value, self.name, final=True)
                self.broken += _is_damaged(value, self.name, final=False)
        if self.beyond < _SPOKEN:
            points = np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32)
            points = points[points >= 0x80]
            self.beyond += len(points)
            self.common += int(self._table[np.minimum(points, 0xFFFF)].sum())

    @property
    def share(self) -> float:
        """Which part of the characters beyond ASCII is common."""
        return self.common / max(self.beyond, 1)


def _is_damaged(value: bytes, encoding: str, *, final: bool) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(value, final=final)
    except UnicodeError:
        return True
    return False


def _is_plainly_utf_8(utf_8: _Heard) -> bool:
    """Tell whether all values are valid UTF-8, and most have a character of three bytes, as Chinese ones do.

    Two characters of GBK are sometimes valid UTF-8 too, as some of Greek or Cyrillic; accented letters within
    a word of plain ones are not by chance.
    """
    return not utf_8.broken and 2 * max(utf_8.wide, utf_8.worded) > utf_8.values


def _is_plausible(chinese: _Heard) -> bool:
    return _DAMAGED_SHARE * chinese.broken <= chinese.values and 2 * chinese.common >= max(chinese.beyond, 1)


def _by_text(utf_8: _Heard, chinese: _Heard) -> _Heard:
    if _is_plainly_utf_8(utf_8) or utf_8.broken < chinese.broken:
        return utf_8
    return chinese


def _is_believed(codec: _Codec, said: _Heard, utf_8: _Heard, chinese: _Heard) -> bool:
    """Apply rules 1 to 3 to what a .cpg says."""
    if said.broken or (codec.name != _UTF_8 and _is_plainly_utf_8(utf_8)):
        return False
    if codec.name in (_UTF_8, _GB18030):
        return True
    if codec.single:
        return not _is_plausible(chinese)
    return not (_is_plausible(chinese) and chinese.share > said.share)


def _text_values(dbf: Dbf) -> Iterator[list[bytes]]:
    """Yield the names, then by column and block the distinct texts, that are more than ASCII."""
    names = sorted({each.name for each in dbf.fields if not each.name.isascii()})
    if names:
        yield names
    texts = [(each.begin, each.end) for each in dbf.fields if each.kind == b"C"]
    for records in dbf.blocks():
        for begin, end in texts:
            if not begin < end <= dbf.record_bytes:
                continue
            column = records[:, begin:end]
            column = np.ascontiguousarray(column[(column >= 0x80).any(axis=1)])
            if len(column):
                distinct = np.unique(column.view(f"S{end - begin}").ravel()).tolist()
                yield sorted({value.rstrip(b" \x00") for value in distinct})


@cache
def _common_characters(family: str) -> NDArray[np.bool_]:
    """Return which characters are common in text of a family of encodings, by their numbers.

    In Chinese, that is GB18030, those of GB 2312's first level and Chinese punctuation; in Korean Hangul,
    whose words have no Chinese characters between; in others also those of Big5's first level, and kana.
    """
    table = np.zeros(1 << 16, dtype=bool)
    korean = family == "korean"
    levels = [] if korean else [("gb2312", 0xB0, 0xD7)]
    levels += [] if korean or family == "chinese" else [("big5", 0xA4, 0xC6)]
    for name, first, last in levels:
        for lead in range(first, last + 1):
            for trail in range(0x40, 0xFF):
                table[[ord(found) for found in bytes([lead, trail]).decode(name, "ignore")]] = True
    spans = [(0x3000, 0x3040), (0xFF01, 0xFF60)]
    spans += [(0xAC00, 0xD7A4)] if korean else []
    spans += [] if korean or family == "chinese" else [(0x3040, 0x3100)]
    for begin, end in spans:
        table[begin:end] = True
    table[:0x80] = False
    return table


def _codec_of(declared: str) -> _Codec | None:
    """Find the encoding that a .cpg means, by the names that Python knows and those that programs write."""
    said = declared.strip().casefold()
    bare = re.sub(r"[^0-9a-z]", "", said)
    number = _NUMBERED.fullmatch(bare)
    tried = [_CODE_PAGES.get(number[1], f"cp{number[1]}")] if number else []
    iso = re.fullmatch(r"(?:iso)?8859(\d{1,2})", bare)
    tried += [f"iso8859-{iso[1]}"] if iso else []
    for name in (*tried, said, bare, bare.removeprefix("ansi"), bare.removeprefix("x")):
        found = _usable(name)
        if found is not None:
            return found
    return None


def _usable(name: str) -> _Codec | None:
    """Look an encoding up; None for what is none of text, or in which no table is kept."""
    try:
        codec = codecs.lookup(name)
        # No table is kept in UTF-16 or EBCDIC.
        if not getattr(codec, "_is_text_encoding", True) or codec.decode(b"A0 ", "replace")[0] != "A0 ":
            return None
    except (LookupError, ValueError, TypeError):
        return None
    alone = sum(_decodes(codec, bytes([byte])) for byte in range(0x80, 0x100))
    known = {"gbk": _GB18030, "gb2312": _GB18030, "utf-8-sig": _UTF_8}.get(codec.name, codec.name.upper())
    return _Codec(known, alone >= _ALONE)


def _decodes(codec: codecs.CodecInfo, value: bytes) -> bool:
    try:
        return len(codec.decode(value, "strict")[0]) == 1
    except ValueError:
        return False
