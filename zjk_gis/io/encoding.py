"""Which encoding a text file is in: found from the bytes, and said how.

Chinese bureaus exchange UTF-8 and GBK side by side, often without a mark. Valid UTF-8 is hardly ever anything
else, so it is tried first and strictly; GB18030, which contains GBK and GB 2312, comes next.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zjk_gis.errors import FileError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Encoding", "decode_text", "decode_value"]

_UTF_8, _GB18030 = "UTF-8", "GB18030"


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
