"""Text of any kind, written so that TOML and a pattern of files take it for what it is."""

from __future__ import annotations

import re
import unicodedata

from zjk_gis.text import shortened

__all__ = ["commented", "key_of", "pattern_of", "quoted"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SHOWN = 60
# Besides controls: marks that are not seen or that turn the order of what follows on a screen.
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp", "Co"}


def quoted(text: str) -> str:
    r"""Write text as a TOML string on one line.

    Examples
    --------
    >>> print(quoted('甲"]\n[x]\\'))
    "甲\"]\n[x]\\"
    """
    short = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
    return f'"{"".join(short.get(each) or _visible(each) for each in text)}"'


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _UNSEEN:
        return character
    number = ord(character)
    return f"\\u{number:04X}" if number <= 0xFFFF else f"\\U{number:08X}"


def key_of(text: str) -> str:
    """Write a key, in quotation marks where it needs them.

    Examples
    --------
    >>> key_of("zone_code"), key_of("编号")
    ('zone_code', '"编号"')
    """
    return text if _BARE.fullmatch(text) else quoted(text)


def commented(text: str) -> str:
    r"""Write text in one line of a comment, cut where it is long.

    Examples
    --------
    >>> commented("甲\n[city]\n")
    '甲 [city]'
    """
    plain = "".join(" " if unicodedata.category(each) in _UNSEEN else each for each in text)
    return shortened(plain, _SHOWN)


def pattern_of(name: str) -> str:
    r"""Write a part of a path as a pattern that stands for itself.

    Examples
    --------
    >>> pattern_of("责任区[新].shp"), pattern_of("a\\b*.csv")
    ('责任区[[]新].shp', 'a?b[*].csv')
    """
    literal = re.sub(r"([*?\[])", r"[\1]", name)
    # A backslash parts folders elsewhere, and what is no text in UTF-8 cannot be written.
    return "".join("?" if each == "\\" or unicodedata.category(each) == "Cs" else each for each in literal)
