"""Names of files in a published folder: of codes, never of names, and such as every system takes."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Places", "file_names", "href", "places_in"]

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
# What Windows keeps for devices, the page of the folder, and what looks like a digest.
_TAKEN = re.compile(r"(con|prn|aux|nul|com\d|lpt\d|index|x[0-9a-f]{12})", re.IGNORECASE)


def file_names(codes: Iterable[str]) -> dict[str, str]:
    """Return for each code a file's name without ending: the code itself where every system takes it.

    Letters, digits, ``-`` and ``_`` stay, up to 40; any other code, a name that Windows keeps for a device,
    and codes that differ in the case of letters alone become ``x`` and the digest of the code.

    Parameters
    ----------
    codes : iterable of str

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> file_names(["130703001", "../a"])
    {'../a': 'x13619ff7c9eb', '130703001': '130703001'}
    >>> sorted(name[0] for name in file_names(["NUL", "l1", "L1"]).values())
    ['x', 'x', 'x']
    """
    known = sorted(set(codes))
    folded: dict[str, int] = {}
    for code in known:
        folded[code.casefold()] = folded.get(code.casefold(), 0) + 1
    return {
        code: code
        if _SAFE.fullmatch(code) and not _TAKEN.fullmatch(code) and folded[code.casefold()] == 1
        else "x" + hashlib.blake2b(code.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
        for code in known
    }


def href(path: str, anchor: str = "", up: int = 0) -> str:
    """Write a link to a file of the folder, from a page so many folders deep.

    Examples
    --------
    >>> href("街道/a.html", "zones", up=1)
    '../%E8%A1%97%E9%81%93/a.html#zones'
    """
    return "../" * up + quote(path) + (f"#{quote(anchor, safe='=')}" if anchor else "")


@dataclass(frozen=True, slots=True)
class Places:
    """Where things lie in the folder, in the reader's language.

    Attributes
    ----------
    map, streets, chiefs, evidence, books, prints : str
        A page, and folders.
    cases, zones, findings : str
        Workbooks.
    whole, of_streets, of_chiefs : str
        Sheets to print.
    """

    map: str
    streets: str
    chiefs: str
    evidence: str
    books: str
    prints: str
    cases: str
    zones: str
    findings: str
    whole: str
    of_streets: str
    of_chiefs: str


def places_in() -> Places:
    """Return where things lie, in the language that is spoken."""
    books, prints = tr("workbooks"), tr("prints")
    return Places(
        tr("map") + ".html",
        tr("streets"),
        tr("chiefs"),
        tr("evidence"),
        books,
        prints,
        f"{books}/{tr('cases')}.xlsx",
        f"{books}/{tr('zones')}.xlsx",
        f"{books}/{tr('findings')}.xlsx",
        f"{prints}/{tr('city')}.pdf",
        f"{prints}/{tr('streets')}.pdf",
        f"{prints}/{tr('chiefs')}.pdf",
    )
