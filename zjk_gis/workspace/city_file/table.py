"""One section of a city file while it is read: each key asked for by its kind, the rest refused by name."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from zjk_gis.text import shortened
from zjk_gis.words import listed, tr
from zjk_gis.workspace.city_file.faults import near

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zjk_gis.workspace.city_file.faults import Faults
    from zjk_gis.workspace.city_file.lines import Path as Place

__all__ = ["Table"]

_SHOWN = 40


class Table:
    """A section: what is asked of it is known, and `close` refuses what nobody asked for."""

    def __init__(self, values: Mapping[str, Any], place: Place, faults: Faults) -> None:
        self.values, self.place, self.faults = values, place, faults
        self._asked: list[str] = []

    def __contains__(self, key: str) -> bool:
        """Tell whether a key is there."""
        return key in self.values

    def text(self, key: str, default: str = "", *, exact: bool = False) -> str:
        """Return a text that is not empty; without blanks around it, unless it must be exact."""
        value = self._value(key, default)
        if isinstance(value, str) and (value.strip() or key not in self.values):
            return value if exact else value.strip()
        self._refuse(key, value, tr("text"))
        return default

    def choice(self, key: str, known: Mapping[str, str] | Sequence[str], default: str) -> str:
        """Return one of some words; a mapping gives other words for them."""
        value = self._value(key, default)
        meanings = known if isinstance(known, dict) else {each: each for each in known}
        if isinstance(value, str) and value.strip() in meanings:
            return str(meanings[value.strip()])
        if key in self.values:
            self._refuse(key, value, tr("one of {words}", words=listed(meanings)))
        return default

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._value(key, default)
        if isinstance(value, bool):
            return value
        self._refuse(key, value, tr("true or false, without quotation marks"))
        return default

    def number(
        self, key: str, default: float, *, least: float = 0.0, most: float = math.inf, whole: bool = False
    ) -> float:
        """Return a number within bounds."""
        value = self._value(key, default)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and math.isfinite(value) and least <= value <= most and not (whole and value % 1):
            return int(value) if whole else float(value)
        kind = tr("a whole number") if whole else tr("a number")
        upper = "" if most == math.inf else tr(" and at most {most:g}", most=most)
        wanted = tr(
            "{kind} without quotation marks, at least {least:g}{upper}", kind=kind, least=least, upper=upper
        )
        self._refuse(key, value, wanted)
        return default

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a text or a list of texts, none of which is empty; nothing where the key is missing."""
        value = self._value(key, [])
        found = value if isinstance(value, list) else [value]
        for at, each in enumerate(found):
            if not isinstance(each, str) or not each.strip():
                self._refuse(key, each, tr("text, or a list of texts"), at)
                return ()
        return tuple(found)

    def table(self, key: str) -> Table:
        """Return a section below this one; an empty one where the key is missing."""
        value = self._value(key, {})
        if not isinstance(value, dict):
            self._refuse(key, value, tr("a section of its own, [{key}]", key=key))
            value = {}
        return Table(value, (*self.place, key), self.faults)

    def tables(self, key: str) -> list[Table]:
        """Return the sections of a list, [[key]]."""
        value = self._value(key, [])
        rows = value if isinstance(value, list) else [None]
        if not all(isinstance(each, dict) for each in rows):
            self._refuse(key, value, tr("a section with two brackets, [[{key}]]", key=key))
            return []
        return [Table(each, (*self.place, key, at), self.faults) for at, each in enumerate(rows)]

    def rest(self) -> Iterator[str]:
        """Yield the keys that nobody has asked for, and take them for asked."""
        for key in self.values:
            if key not in self._asked:
                self._asked.append(key)
                yield key

    def fault(self, key: str, message: str) -> None:
        """Note what is wrong with a key."""
        self.faults.add((*self.place, key), message)

    def lacks(self, key: str, what: str) -> None:
        """Note that a key is missing which must be there."""
        self.faults.add(self.place, tr("{key} is missing: {what}", key=key, what=what))

    def close(self) -> None:
        """Refuse the keys that nobody asked for, with the nearest known one."""
        known = tuple(dict.fromkeys(self._asked))
        for key in self.values:
            if key not in self._asked:
                self.fault(key, tr("there is no such key; {near}", near=near(key, known)))

    def _value(self, key: str, default: Any) -> Any:
        self._asked.append(key)
        return self.values.get(key, default)

    def _refuse(self, key: str, value: Any, wanted: str, at: int | None = None) -> None:
        place = (*self.place, key) if at is None else (*self.place, key, at)
        told = tr("a section") if isinstance(value, dict) else shortened(repr(value), _SHOWN)
        self.faults.add(place, tr("must be {wanted}, not {value}", wanted=wanted, value=told))
