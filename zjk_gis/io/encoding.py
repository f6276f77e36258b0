"""An encoding and how it was found: `zjk_gis.io.tables.stream` for text, `zjk_gis.io.vector.dbf` for .dbf."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zjk_gis.errors import InputError
from zjk_gis.words import tr

if TYPE_CHECKING:
    from pathlib import Path

    from zjk_gis.read_report import ReadReport

__all__ = ["GB18030", "UTF_8", "Encoding", "decode_value", "named_encoding"]

UTF_8, GB18030 = "UTF-8", "GB18030"


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

    def tell(self, report: ReadReport, source: Path) -> None:
        """Tell a report of reading which it is; a person should know of one that is not sure."""
        report.encoding, report.encoding_found = self.name, self.found
        if not self.sure:
            report.remarks.append(
                tr("{name}: read as {name_2} ({found})", name=source.name, name_2=self.name, found=self.found)
            )


def named_encoding(name: str) -> str:
    """Return the encoding that a caller names, as this room writes it.

    Raises
    ------
    InputError
        If it is neither UTF-8 nor GB18030, whatever either is called.

    Examples
    --------
    >>> named_encoding("utf8"), named_encoding("gbk")
    ('UTF-8', 'GB18030')
    """
    known = {"utf8": UTF_8, "gb18030": GB18030, "gbk": GB18030, "gb2312": GB18030}
    found = known.get(name.casefold().replace("-", "").replace("_", ""))
    if found is None:
        raise InputError(tr("encoding must be UTF-8 or GB18030, not {name!r}", name=name))
    return found


def decode_value(value: bytes, encoding: str) -> str:
    """Decode one value of a table; a last character that was cut is left out, other damage shows as ``�``.

    Examples
    --------
    >>> decode_value("桥西".encode()[:5], "UTF-8")
    '桥'
    """
    return codecs.getincrementaldecoder(encoding)(errors="replace").decode(value, final=False)
