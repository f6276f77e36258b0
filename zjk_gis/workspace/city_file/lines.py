"""On which line of a TOML text each key stands, which `tomllib` does not tell.

Only texts that `tomllib` has read come here, so that nothing is checked a second time.
"""

from __future__ import annotations

import re
from typing import TypeAlias

__all__ = ["Path", "lines_of"]

Path: TypeAlias = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRINGS = (
    re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}', re.DOTALL),
    re.compile(r"'''.*?'{3,5}", re.DOTALL),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)
_BARE = re.compile(r"[^\s=.\[\]{},#\"']+")
_PLAIN = re.compile(r"[^,\[\]{}#\n]+")  # numbers, dates and truth values


def lines_of(text: str) -> dict[Path, int]:
    r"""Return the line of each key, counted from 1, by its path from the top of the text.

    Parameters
    ----------
    text : str
        Valid TOML.

    Returns
    -------
    dict of tuple to int
        Elements of lists have paths, too, by their place in the list; tables of a list likewise.

    Examples
    --------
    >>> found = lines_of('[[source]]\nfiles = [\n  "a.csv",\n  "b.csv",\n]\n')
    >>> found["source", 0], found["source", 0, "files"], found["source", 0, "files", 1]
    (1, 2, 4)
    """
    return _Scan(text).lines


class _Scan:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.lines: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}
        table: Path = ()
        while self._skip() < len(text):
            if text.startswith("[", self.at):
                table = self._header()
            else:
                self._pair(table)

    def _skip(self) -> int:
        """Pass over blanks, line ends and comments."""
        found = _BLANK.match(self.text, self.at)
        self.at = self.at if found is None else found.end()
        return self.at

    def _note(self, path: Path) -> None:
        self.lines.setdefault(path, self.text.count("\n", 0, self.at) + 1)

    def _header(self) -> Path:
        is_list = self.text.startswith("[[", self.at)
        self.at += 1 + is_list
        path = self._entered(self._key())
        if is_list:
            count = self._counts[path] = self._counts.get(path, -1) + 1
            path = (*path, count)
        self._note(path)
        self.at += 1 + is_list
        return path

    def _entered(self, key: Path) -> Path:
        """Return the path of a header; a table of a list that is passed through is its last one."""
        path: Path = ()
        for part in key[:-1]:
            path = (*path, part)
            if path in self._counts:
                path = (*path, self._counts[path])
        return (*path, key[-1])

    def _pair(self, table: Path) -> None:
        begin = self.at
        key = self._key()
        end, self.at = self.at, begin
        for depth in range(1, len(key) + 1):
            self._note((*table, *key[:depth]))
        self.at = end + 1  # the equals sign
        self._value((*table, *key))

    def _key(self) -> Path:
        parts: list[str] = []
        while True:
            self._skip()
            if self.text[self.at] in "\"'":
                parts.append(_unquoted(self._string()))
            else:
                found = _BARE.match(self.text, self.at)
                assert found is not None  # noqa: S101 - the text is valid
                parts.append(found.group())
                self.at = found.end()
            self._skip()
            if not self.text.startswith(".", self.at):
                return tuple(parts)
            self.at += 1

    def _string(self) -> str:
        for form in _STRINGS:
            found = form.match(self.text, self.at)
            if found is not None:
                self.at = found.end()
                return found.group()
        raise AssertionError

    def _value(self, path: Path) -> None:
        self._skip()
        first = self.text[self.at]
        if first in "\"'":
            self._string()
        elif first == "[":
            self._elements(path)
        elif first == "{":
            self._inline(path)
        else:
            found = _PLAIN.match(self.text, self.at)
            assert found is not None  # noqa: S101 - the text is valid
            self.at = found.end()

    def _elements(self, path: Path) -> None:
        self.at += 1
        number = 0
        while self.text[self._skip()] != "]":
            self._note((*path, number))
            self._value((*path, number))
            number += 1
            if self.text[self._skip()] == ",":
                self.at += 1
        self.at += 1

    def _inline(self, path: Path) -> None:
        self.at += 1
        while self.text[self._skip()] != "}":
            self._pair(path)
            if self.text[self._skip()] == ",":
                self.at += 1
        self.at += 1


def _unquoted(text: str) -> str:
    """Return what a quoted key says."""
    import tomllib

    return next(iter(tomllib.loads(f"{text}=0")))
