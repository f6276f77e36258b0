"""The table of least distances (GB 50289) as a question: how far must this thing be from that one.

Things alike in all that the table asks share a *profile*: what they are (给水, 燃气, 建筑 ...), the step of
their diameter, pressure, manner of laying, voltage. There are few, so that the table is read once for each
pair of profiles, whatever the number of pipes.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.errors import InputError
from zjk_gis.standards import rules_table
from zjk_gis.words import tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.standards.rules import Overrides

__all__ = ["Separations", "Thing", "steps_of"]

_SIZE = re.compile(r"DN([≤>])(\d+(?:\.\d+)?)")
_VOLTAGE = re.compile(r"([<≥])(\d+(?:\.\d+)?)kV")
_LAID = ("直埋", "保护管", "管道")
_PRESSURES = ("低压", "中压B", "中压A", "次高压B", "次高压A")


@dataclass(frozen=True, slots=True)
class Thing:
    """What the table asks of one pipe: an empty text or NaN is not known.

    Attributes
    ----------
    group : str
        给水, 排水, 再生水, 燃气, 热力, 电力, 通信, 管沟, 建筑, 树木, 路缘石 or 铁路.
    size_mm : float
        Its diameter; of a class of sizes any of them.
    pressure, laid : str
    voltage_kv : float
    """

    group: str
    size_mm: float = float("nan")
    pressure: str = ""
    laid: str = ""
    voltage_kv: float = float("nan")

    def fulfils(self, condition: str) -> bool | None:
        """Tell whether a condition of the table holds; None where that is not known."""
        if not condition:
            return True
        if match := _SIZE.fullmatch(condition):
            if np.isnan(self.size_mm):
                return None
            return (self.size_mm <= float(match[2])) == (match[1] == "≤")
        if match := _VOLTAGE.fullmatch(condition):
            if np.isnan(self.voltage_kv):
                return None
            return (self.voltage_kv < float(match[2])) == (match[1] == "<")
        if condition in _LAID:
            return None if not self.laid else self.laid == condition
        if condition in _PRESSURES:
            return None if not self.pressure else self.pressure == condition
        raise InputError(
            tr(
                "separations: {condition!r} is not a condition that is understood; write DN≤200, DN>200, "
                "<35kV, ≥35kV or one of {known}",
                condition=condition,
                known=", ".join((*_LAID, *_PRESSURES)),
            )
        )


def steps_of(tables: Overrides | None = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sizes (mm) and voltages (kV) at which the table asks for another distance.

    Examples
    --------
    >>> [steps.tolist() for steps in steps_of()]
    [[200.0, 300.0], [35.0]]
    """
    rows = rules_table("separations", overrides=tables)
    conditions = sorted({*rows["first_condition"], *rows["second_condition"]})
    sizes, voltages = (
        sorted({float(match[2]) for each in conditions if (match := pattern.fullmatch(each))})
        for pattern in (_SIZE, _VOLTAGE)
    )
    return np.array(sizes), np.array(voltages)


@dataclass(frozen=True, slots=True)
class Separations:
    """Least distances between profiles.

    Attributes
    ----------
    least, most : dict of str to ndarray of float64, shape (k, k)
        By direction (``horizontal``, ``vertical``): what is asked at least and at most, which differ where a
        condition is not known; NaN where the table asks nothing.
    rule, confidence : dict of str to ndarray of object, shape (k, k)
        Of the row that asks the least.
    lacking : dict of str to ndarray of object, shape (k, k)
        What would have to be known, as names of columns with semicolons between.
    """

    least: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    most: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    rule: dict[str, NDArray[np.object_]] = field(default_factory=dict)
    confidence: dict[str, NDArray[np.object_]] = field(default_factory=dict)
    lacking: dict[str, NDArray[np.object_]] = field(default_factory=dict)

    @classmethod
    def between(cls, profiles: list[Thing], tables: Overrides | None = None) -> Separations:
        """Read the table for every pair of profiles.

        Raises
        ------
        InputError
            If a condition of the table is not understood, or a distance is not a number.

        Examples
        --------
        >>> found = Separations.between([Thing("给水", 200), Thing("给水", 250), Thing("排水", 300)])
        >>> found.least["horizontal"][:, 2].tolist()
        [1.0, 1.5, nan]
        >>> found.rule["horizontal"][1, 2]
        'GB 50289-2016, table 4.1.9: 给水 DN>200 – 排水 1.5 m'
        """
        rows: Any = rules_table("separations", overrides=tables).to_dict("records")
        size = (len(profiles), len(profiles))
        made = cls()
        for direction in ("horizontal", "vertical"):
            made.least[direction], made.most[direction] = np.full(size, np.nan), np.full(size, np.nan)
            for texts in (made.rule, made.confidence, made.lacking):
                texts[direction] = np.full(size, "", dtype=object)
            by_groups: dict[frozenset[str], list[Any]] = {}
            for row in rows:
                if row["direction"] == direction:
                    by_groups.setdefault(frozenset((row["first"], row["second"])), []).append(row)
            for i, j in itertools.combinations_with_replacement(range(len(profiles)), 2):
                found = by_groups.get(frozenset((profiles[i].group, profiles[j].group)), [])
                made._fill(direction, i, j, _applying(found, profiles[i], profiles[j]))
        return made

    def _fill(self, direction: str, i: int, j: int, found: list[tuple[float, bool, dict[str, str]]]) -> None:
        """Note what the rows that apply, or may, ask of two profiles."""
        if not found:
            return
        sure = [each for each in found if each[1]]
        # One of the rows that may apply does, so the least of them is asked in any case.
        asked = max(sure, key=lambda each: each[0]) if sure else min(found, key=lambda each: each[0])
        most = max(each[0] for each in found)
        row = asked[2]
        ends = " – ".join(
            " ".join(filter(None, (row[e], row[f"{e}_condition"]))) for e in ("first", "second")
        )
        lacking = [_column_of(each[2][f"{end}_condition"]) for each in found if not each[1]
                   for end in ("first", "second")]  # fmt: skip
        for a, b in ((i, j), (j, i)):
            self.least[direction][a, b], self.most[direction][a, b] = asked[0], most
            self.rule[direction][a, b] = f"{row['source']}: {ends} {asked[0]:g} m"
            self.confidence[direction][a, b] = row["confidence"]
            self.lacking[direction][a, b] = ";".join(sorted({name for name in lacking if name}))


def _column_of(condition: str) -> str:
    """Return the column that would tell whether a condition holds."""
    if _SIZE.fullmatch(condition):
        return "diameter_mm"
    if _VOLTAGE.fullmatch(condition):
        return "voltage_kv"
    return "gas_pressure" if condition in _PRESSURES else "burial" if condition in _LAID else ""


def _applying(
    rows: list[dict[str, str]], one: Thing, other: Thing
) -> list[tuple[float, bool, dict[str, str]]]:
    """Return the rows that apply to two things, or may: the distance, whether it surely does, the row."""
    found = []
    for row in rows:
        ways = ((one, other), (other, one)) if row["first"] == row["second"] else (
            ((one, other),) if row["first"] == one.group else ((other, one),)
        )  # fmt: skip
        told = []
        for first, second in ways:
            if (first.group, second.group) != (row["first"], row["second"]):
                continue
            each = first.fulfils(row["first_condition"]), second.fulfils(row["second_condition"])
            told.append(False if False in each else None if None in each else True)
        if True in told or None in told:
            try:
                distance = float(row["distance_m"])
            except ValueError:
                raise InputError(
                    tr("separations: {distance!r} is not a distance", distance=row["distance_m"])
                ) from None
            found.append((distance, True in told, row))
    return found
