"""What is wrong in a city file, all of it at once, each with its line."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from zjk_gis.errors import CityFileError
from zjk_gis.layers.spec import folded
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from zjk_gis.workspace.city_file.lines import Path as Place

__all__ = ["Fault", "Faults", "near", "refusal"]

_NEAREST, _LIKE, _MOST = 3, 0.4, 12


class Fault(NamedTuple):
    """One thing that is wrong.

    Attributes
    ----------
    line : int
        Counted from 1; 0 where it is of no line, as of a key that is missing from the whole file.
    where : str
        The key, after its sections: ``source.columns.zone_code``.
    message : str
    """

    line: int
    where: str
    message: str


class Faults:
    """Collects faults, and knows on which line each key stands."""

    def __init__(self, lines: Mapping[Place, int]) -> None:
        self._lines = lines
        self.found: list[Fault] = []

    def add(self, place: Place, message: str) -> None:
        """Note a fault of a key; of one that is missing the line is that of its section."""
        shown = ".".join(part for part in place if isinstance(part, str))
        self.found.append(Fault(self.line_of(place), shown, message))

    def line_of(self, place: Place) -> int:
        """Return the line of a key, or of the section that it should stand in; 0 if that is not there."""
        while place and place not in self._lines:
            place = place[:-1]
        return self._lines.get(place, 0)


def refusal(path: Path, found: Iterable[Fault]) -> CityFileError:
    """Make the error that lists all faults of a file, by line."""
    faults = tuple(sorted(found, key=lambda fault: fault.line))
    head = tr("{path}: {count} faults", path=path, count=len(faults))
    error = CityFileError("\n  ".join([head, *map(_said, faults)]))
    error.faults = faults
    return error


def _said(fault: Fault) -> str:
    told = f"{fault.where}: {fault.message}" if fault.where else fault.message
    return tr("line {line}: {told}", line=fault.line, told=told) if fault.line else told


def near(name: str, known: Sequence[str]) -> str:
    """Say which of the names that there are may have been meant: the nearest, or all of a few.

    Examples
    --------
    >>> near("zone_cod", ["zone_code", "level"]), near("x", ["files", "layer"])
    ('perhaps zone_code', 'known are files, layer')
    """
    by_folded = {folded(each): each for each in known}
    close = get_close_matches(folded(name), sorted(by_folded), n=_NEAREST, cutoff=_LIKE)
    inside = [each for each in by_folded if folded(name) and (folded(name) in each or each in folded(name))]
    found = list(dict.fromkeys(by_folded[each] for each in [*close, *inside]))[:_NEAREST]
    if found:
        return tr("perhaps {names}", names=listed(found))
    rest = len(known) - _MOST
    return tr(
        "known are {names}",
        names=listed(known[:_MOST]) + (tr(" and {rest} more", rest=rest) if rest > 0 else ""),
    )
