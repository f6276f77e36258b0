"""Reading the text of a city file, whatever editor saved it; where it is not TOML, which line is wrong."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from zjk_gis.errors import FileError
from zjk_gis.io.paths import blamed_on, existing_file
from zjk_gis.words import tr
from zjk_gis.workspace.city_file.faults import Fault, refusal
from zjk_gis.workspace.city_file.lines import lines_of

if TYPE_CHECKING:
    from pathlib import Path

    from zjk_gis.workspace.city_file.lines import Path as Place

__all__ = ["read_toml"]

_MOST_BYTES = 4_000_000  # a city file is written by hand; something else was named by mistake
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_WHERE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_FULL_WIDTH = re.compile("[“”‘’＝［］，｛｝＂]")
_BACKSLASH = 'a backslash in "..." must be doubled; write / in paths, or put them in single quotation marks'
_KEY = "a key with other characters than a-z, 0-9, _ and - is put in quotation marks"
_OPEN = "text that begins with a quotation mark is not closed on its line"
# What `tomllib` says, in the words of the catalogue of sentences.
_SAID = (
    ("Cannot overwrite", "the same key stands twice"),
    ("Cannot mutate", "the same key stands twice"),
    ("Cannot declare", "the same section stands twice"),
    ("Unescaped", _BACKSLASH),
    ("Invalid hex", _BACKSLASH),
    ("Unclosed array", "a list that begins with [ is not closed with ]"),
    ("Illegal character", _OPEN),
    ("Unterminated", _OPEN),
    ("Expected '=' after", _KEY),
    ("Invalid initial character for a key", _KEY),
    ("Invalid statement", _KEY),
    ("Invalid value", "text is put in quotation marks, and truth values are true and false"),
    ("Expected newline", "behind the value stands something else; one key a line"),
    ("Expected ']'", "the name of a section is put in brackets, [name] or [[name]]"),
)


def read_toml(path: Path) -> tuple[dict[str, Any], dict[Place, int]]:
    """Read a TOML file, and the line of each key.

    Text in UTF-8 with or without a mark at its beginning, in UTF-16 as Notepad saves «Unicode», and in
    GB18030 as it saves «ANSI» is read; line ends are those of any system.

    Raises
    ------
    FileError
        If there is no such file, or it is not text.
    CityFileError
        If the text is not TOML.
    """
    source = existing_file(path)
    with blamed_on(source), source.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    text = _decoded(data, source).replace("\r\n", "\n").replace("\r", "\n")
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise refusal(source, [_fault_of(error, text)]) from error
    except RecursionError as error:
        raise FileError(
            tr("{path}: lists within lists without end; is this a city file?", path=source)
        ) from error
    return values, lines_of(text)


def _decoded(data: bytes, source: Path) -> str:
    if len(data) > _MOST_BYTES:
        raise FileError(tr("{path}: is too large for a city file", path=source))
    marked = next((encoding for mark, encoding in _BOMS if data.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-8", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise FileError(
        tr(
            "{path}: is not text in UTF-8; open it in Notepad and save it with the encoding UTF-8",
            path=source,
        )
    )


def _fault_of(error: tomllib.TOMLDecodeError, text: str) -> Fault:
    """Say on which line the text is not TOML, and what may be meant."""
    told = str(error)
    found = _WHERE.search(told)
    line = int(found.group(1)) if found and found.group(1) else text.rstrip().count("\n") + 1
    # The place told is behind what is wrong; a line that could not be ended is the one before.
    written = text.split("\n")[line - 1 : line]
    shown = written[0].strip() if written else ""
    mark = _FULL_WIDTH.search(shown.partition("#")[0])
    plain = _WHERE.sub("", told)
    if mark is not None:
        why = tr("{mark} is a full-width mark; type it with the keyboard in English", mark=mark.group())
    else:
        why = next((tr(words) for begin, words in _SAID if plain.startswith(begin)), plain)
    return Fault(line, "", tr("cannot be read: {why}; the line is: {shown}", why=why, shown=shown[:60]))
