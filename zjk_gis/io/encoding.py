"""Which encoding a text file or a shapefile's table is in: found from the bytes, and said how.

Chinese bureaus exchange UTF-8 and GBK side by side, often without a mark. Valid UTF-8 is hardly ever anything
else, so it is tried first and strictly; GB18030, which contains GBK and GB 2312, comes next.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.errors import FileError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Dbf", "Encoding", "decode_text", "decode_value", "encoding_of_dbf", "read_dbf_header"]

_UTF_8, _GB18030 = "UTF-8", "GB18030"
_TRIED = (_UTF_8, _GB18030)
_LDID, _LDID_GBK = 29, 0x4D  # where a .dbf names its code page by number, and the one that says anything here
_THREE_BYTES = 0xE0  # the least byte that begins a character of three bytes in UTF-8
# Names found in .cpg files that Python does not know by themselves.
_CPG_NAMES = {
    "65001": _UTF_8,
    "936": _GB18030,
    "54936": _GB18030,
    "ansi 936": _GB18030,
    "oem 936": _GB18030,
    "gbk": _GB18030,
    "gb2312": _GB18030,
    "cp936": _GB18030,
    "ansi": "",  # says no more than «the code page of the machine that wrote it»
    "system": "",
    "oem": "",
    # Latin-1 fits any bytes, and some programs declare it whatever they write: no information either.
    "iso-8859-1": "",
    "iso8859-1": "",
    "88591": "",
    "latin1": "",
    "1252": "",
    "cp1252": "",
    "ansi 1252": "",
}


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding and how it was found.

    Attributes
    ----------
    name : str
    found : str
        In words, for the reading report.
    sure : bool
        Whether it was declared or follows from the bytes beyond reasonable doubt.
    damaged : int
        How many values are not valid in it, such as those cut in the middle of a character.
    """

    name: str
    found: str
    sure: bool = True
    damaged: int = 0


@dataclass(frozen=True, slots=True)
class Dbf:
    """The header of a shapefile's table: where each column of text lies in a record.

    Attributes
    ----------
    rows : int
    header_bytes, record_bytes : int
    names : tuple of bytes
        As they stand in the file, cut to 10 bytes, perhaps in the middle of a character.
    texts : tuple of (int, int)
        Begin and end of every column of text within a record.
    """

    rows: int
    header_bytes: int
    record_bytes: int
    names: tuple[bytes, ...]
    texts: tuple[tuple[int, int], ...]


def decode_text(content: bytes, path: Path) -> tuple[str, Encoding]:
    """Decode a text file: byte order mark, strict UTF-8, then GB18030.

    Raises
    ------
    FileError
        If it is none of these; the message says at which byte.

    Examples
    --------
    >>> from pathlib import Path
    >>> decode_text("责任区".encode("gbk"), Path("zones.csv"))[1].name
    'GB18030'
    """
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            try:
                return content.decode(name), Encoding(name.removesuffix("-sig").upper(), "byte order mark")
            except UnicodeDecodeError as error:
                message = f"{path}: begins as {name} but is not valid at byte {error.start}; export it again"
                raise FileError(message) from None
    try:
        return content.decode("utf-8"), Encoding(_UTF_8, "valid UTF-8")
    except UnicodeDecodeError as utf_8:
        try:
            return content.decode("gb18030"), Encoding(_GB18030, "no valid UTF-8, valid GB18030", sure=False)
        except UnicodeDecodeError as gb:
            message = (
                f"{path}: neither UTF-8 (byte {utf_8.start}) nor GB18030 (byte {gb.start}) is valid; "
                "export it again as UTF-8"
            )
            raise FileError(message) from None


def decode_value(value: bytes, encoding: str) -> str:
    """Decode one value of a table; a last character that was cut is left out, other damage shows as ``�``.

    Examples
    --------
    >>> decode_value("桥西".encode()[:5], "UTF-8")
    '桥'
    """
    return codecs.getincrementaldecoder(encoding)(errors="replace").decode(value, final=False)


def read_dbf_header(content: bytes, path: Path) -> Dbf:
    """Read the header of a .dbf file.

    Raises
    ------
    FileError
        If it is cut off or inconsistent.
    """
    header_bytes = int.from_bytes(content[8:10], "little")
    record_bytes = int.from_bytes(content[10:12], "little")
    if len(content) < 33 or not 33 <= header_bytes <= len(content) or record_bytes < 1:
        message = f"{path}: the table's header is damaged; export the shapefile again"
        raise FileError(message)
    names, texts, begin = [], [], 1
    for at in range(32, header_bytes - 31, 32):
        if content[at] == 0x0D:
            break
        names.append(content[at : at + 11].split(b"\x00", maxsplit=1)[0][:10])
        kind, width = content[at + 11 : at + 12], content[at + 16]
        if kind == b"C":
            width += content[at + 17] << 8  # for text the count of decimals is the width's high byte
            texts.append((begin, begin + width))
        begin += width
    rows = min(int.from_bytes(content[4:8], "little"), (len(content) - header_bytes) // record_bytes)
    return Dbf(rows, header_bytes, record_bytes, tuple(names), tuple(texts))


def encoding_of_dbf(content: bytes, dbf: Dbf, declared: str | None) -> Encoding:
    """Find the encoding of a shapefile's table from its names and values.

    Parameters
    ----------
    content : bytes
        The .dbf file.
    dbf : Dbf
        Its header.
    declared : str or None
        What the .cpg file says, if there is one.

    Returns
    -------
    Encoding
        The declared one if every value is valid in it and the text is not plainly UTF-8; otherwise that of
        UTF-8 and GB18030 with the fewest damaged values.
    """
    values = _text_values(content, dbf)
    plainly_utf_8 = _is_plainly_utf_8(values)
    damaged_by = {name: _count_damaged(values, name, cut=True) for name in _TRIED}
    best = _UTF_8 if plainly_utf_8 else min(_TRIED, key=lambda name: (damaged_by[name], name == _UTF_8))
    if not values:
        best = _UTF_8
    if declared is not None:
        name = _known_codec(declared)
        # What is UTF-8 may be valid GBK by chance; the reverse does not happen to Chinese text.
        by_chance = plainly_utf_8 and name != _UTF_8
        if name is not None and not by_chance and not _count_damaged(values, name, cut=True):
            return Encoding(name, f".cpg says {declared}", damaged=_count_damaged(values, name))
    elif values and content[_LDID] == _LDID_GBK and best == _GB18030:
        found = f"no .cpg; the table's code page is 0x{_LDID_GBK:X}, GBK"
        return Encoding(_GB18030, found, damaged=_count_damaged(values, _GB18030))
    cpg = "no .cpg" if declared is None else f".cpg says {declared}, which does not fit"
    damaged = _count_damaged(values, best)
    if not values:
        return Encoding(best, f"{cpg}; plain ASCII")
    how = f"{cpg}; valid {best}" if not damaged else f"{cpg}; {best} fits best"
    return Encoding(best, how, sure=best == _UTF_8 and not damaged, damaged=damaged)


def _text_values(content: bytes, dbf: Dbf) -> list[bytes]:
    """Return every distinct name and text of the table that is more than ASCII, which all encodings share."""
    body = np.frombuffer(content, dtype=np.uint8, count=dbf.rows * dbf.record_bytes, offset=dbf.header_bytes)
    records: NDArray[np.uint8] = body.reshape(dbf.rows, dbf.record_bytes)
    found = {name for name in dbf.names if not name.isascii()}
    for begin, end in dbf.texts:
        if begin < end <= dbf.record_bytes and dbf.rows:
            column = records[:, begin:end]
            column = np.ascontiguousarray(column[(column >= 0x80).any(axis=1)])
            column = column.view(f"S{end - begin}").ravel()
            found.update(value.rstrip(b" \x00") for value in np.unique(column).tolist())
    return sorted(found)


def _count_damaged(values: list[bytes], encoding: str, *, cut: bool = False) -> int:
    """Count the values not valid in an encoding; with `cut`, a cut last character is forgiven."""
    damaged = 0
    for value in values:
        try:
            codecs.getincrementaldecoder(encoding)().decode(value, final=not cut)
        except UnicodeDecodeError:
            damaged += 1
    return damaged


def _is_plainly_utf_8(values: list[bytes]) -> bool:
    """Tell whether all values are valid UTF-8, and most have a character of three bytes, as Chinese ones do.

    Two characters of GBK are sometimes valid UTF-8 too, as some of Greek or Cyrillic.
    """
    if not values or _count_damaged(values, _UTF_8, cut=True):
        return False
    wide = sum(any(byte >= _THREE_BYTES for byte in value) for value in values)
    return 2 * wide > len(values)


def _known_codec(declared: str) -> str | None:
    key = declared.strip().casefold()
    name = _CPG_NAMES.get(key, key)
    try:
        codec = codecs.lookup(name) if name else None
    except (LookupError, ValueError):
        return None
    if codec is None or not getattr(codec, "_is_text_encoding", True):
        return None
    if codec.decode(b"A0 ", "replace")[0] != "A0 ":  # no table is kept in UTF-16 or EBCDIC
        return None
    return _GB18030 if codec.name in ("gbk", "gb2312") else codec.name.upper()
