"""What became of each code: kept, renamed, merged, split, redrawn, retired, new."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zjk_gis.changes.moved import Codes, MovedGround, Side

__all__ = ["zones_table"]


def zones_table(ground: MovedGround, old: Side, new: Side, same_share: float) -> pd.DataFrame:
    """Say of every code before and after what became of it; see `zjk_gis.changes.changes.compare_zones`."""
    before, after = old.areas(), new.areas()
    links = _links(ground, before, after)
    kinds = _kinds(links, before, after, same_share)
    given, taken = _given_and_taken(ground)
    ways = {code: ([], []) for code in (*before, *after)}  # type: dict[str, tuple[list[str], list[str]]]
    for (first, last), _ in sorted(links.items(), key=lambda item: (-item[1], item[0])):
        ways[first][1].append(last)
        ways[last][0].append(first)
    codes = sorted({*before, *after})
    rows = []
    for code in codes:
        sources, heirs = ways[code]
        if code not in kinds:
            other = old.chief_of[code] != new.chief_of[code]
            touched = given.get(code, 0.0) > 0 or taken.get(code, 0.0) > 0
            kinds[code] = "reshaped" if touched else "chief_changed" if other else "unchanged"
        own = before.get(code, 0.0)
        rows.append(
            (
                code,
                kinds[code],
                ";".join(sources),
                ";".join(heirs),
                own,
                after.get(code, 0.0),
                links.get((code, code), 0.0),
                given.get(code, 0.0),
                taken.get(code, 0.0),
                old.chief_of.get(code, ""),
                new.chief_of.get(code, ""),
            )
        )
    names = ["zone_code", "kind", "from_codes", "to_codes", "before_m2", "after_m2", "kept_m2", "given_m2"]
    table = pd.DataFrame(rows, columns=[*names, "taken_m2", "from_chief", "to_chief"])
    texts = ["zone_code", "kind", "from_codes", "to_codes", "from_chief", "to_chief"]
    return table.astype(dict.fromkeys(texts, "str"))


def _pairs(given: Codes, taken: Codes) -> Iterator[tuple[str, str]]:
    """Yield who hands a piece to whom: those who lose it to all who hold it then, and so the other way."""
    for code in given:
        if code not in taken:
            yield from ((code, heir) for heir in taken)
    for code in taken:
        if code not in given:
            yield from ((giver, code) for giver in given if giver in taken)


def _links(
    ground: MovedGround, before: dict[str, float], after: dict[str, float]
) -> dict[tuple[str, str], float]:
    """Return how much of the ground of each code before lies in each code after; hairlines do not count."""
    links: dict[tuple[str, str], float] = {}
    lost: dict[str, float] = {}
    for given, taken, area in zip(ground.given, ground.taken, shapely.area(ground.shapes), strict=True):
        for pair in _pairs(given, taken):
            links[pair] = links.get(pair, 0.0) + float(area)
        for code in given:
            if code not in taken:
                lost[code] = lost.get(code, 0.0) + float(area)
    for code in before.keys() & after.keys():
        kept = before[code] - lost.get(code, 0.0)
        if kept > 1e-9 * before[code]:
            links[code, code] = kept
    return links


def _given_and_taken(ground: MovedGround) -> tuple[dict[str, float], dict[str, float]]:
    """Return how much ground each code loses and gains."""
    given: dict[str, float] = {}
    taken: dict[str, float] = {}
    for old, new, area in zip(ground.given, ground.taken, shapely.area(ground.shapes), strict=True):
        for code in set(old) - set(new):
            given[code] = given.get(code, 0.0) + float(area)
        for code in set(new) - set(old):
            taken[code] = taken.get(code, 0.0) + float(area)
    return given, taken


def _kinds(
    links: dict[tuple[str, str], float],
    before: dict[str, float],
    after: dict[str, float],
    same_share: float,
) -> dict[str, str]:
    """Name what happened to codes that are gone, came, or take part in a merger or a split."""
    into: dict[str, list[str]] = {}  # a new code, and the former ones that lie in it whole
    made_of: dict[str, list[str]] = {}  # a former code, and the new ones that are made of it alone
    kinds: dict[str, str] = {}
    for first, last in sorted(links):
        area = links[first, last]
        whole_in, made = area >= same_share * before[first], area >= same_share * after[last]
        if whole_in:
            into.setdefault(last, []).append(first)
        if made:
            made_of.setdefault(first, []).append(last)
        if whole_in and made and first not in after and last not in before:
            kinds[first] = kinds[last] = "renamed"
    for parts_of, whole_of, word, turned in (
        (into, after, "merged", False),
        (made_of, before, "split", True),
    ):
        for whole, parts in parts_of.items():
            shares = [links[(whole, part) if turned else (part, whole)] for part in parts]
            if len(parts) > 1 and float(np.sum(shares)) >= same_share * whole_of[whole]:
                for code in (whole, *parts):
                    kinds.setdefault(code, word)
    for code in before.keys() - after.keys():
        kinds.setdefault(code, "retired")
    for code in after.keys() - before.keys():
        kinds.setdefault(code, "new")
    return kinds
