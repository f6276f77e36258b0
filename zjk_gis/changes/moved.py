"""The ground that changes hands between two layers of zones, piece by piece.

Zones that are the same in both layers are set aside first, by the bytes of their geometry: they never go
through overlay. Only the others are cut along their borders, and what overlaps them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.layers.columns.nobody import somebody
from zjk_gis.layers.columns.values import code_text
from zjk_gis.overlay.partition import cut_ground, held_by, on_their_own, united
from zjk_gis.overlay.polygons import cover_of, largest_first, solid_pieces_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["Codes", "MovedGround", "Side", "moved_ground"]

Codes = tuple[str, ...]
_INNER = "T********"  # the interiors have ground in common


@dataclass(frozen=True, slots=True)
class Side:
    """The zones before or after.

    Attributes
    ----------
    shapes : ndarray of Polygon and MultiPolygon
    codes : ndarray of str
    chief_of, name_of : dict of str to str
        The road chief (路长) of each code, and the chief's name; several are joined by ``;``, and none is an
        empty text.
    """

    shapes: NDArray[Any]
    codes: NDArray[np.object_]
    chief_of: dict[str, str]
    name_of: dict[str, str]

    @classmethod
    def of(cls, zones: gpd.GeoDataFrame, code: str) -> Side:
        """Take what counts from a layer that was made ready."""
        codes = code_text(zones[code]).to_numpy(dtype=object)
        chiefs = _words(zones, codes, "chief_code")
        names = _words(zones, codes, "chief_name")
        return cls(zones.geometry.to_numpy(), codes, {c: chiefs[c] or names[c] for c in chiefs}, names)

    def areas(self) -> dict[str, float]:
        """Return the area of each code; what several of its rows cover counts once."""
        area = pd.Series(shapely.area(self.shapes)).groupby(self.codes).sum()
        many = pd.Series(self.codes).value_counts()
        for code in many.index[many > 1]:
            area[code] = shapely.area(cover_of(self.shapes[self.codes == code]))
        return {str(code): float(value) for code, value in area.items()}

    def chiefs(self, codes: Codes) -> str:
        """Return the chiefs of several codes, each once, joined by ``;``."""
        return ";".join(dict.fromkeys(chief for code in codes if (chief := self.chief_of[code])))


@dataclass(frozen=True, slots=True)
class MovedGround:
    """What changes hands.

    Attributes
    ----------
    shapes : ndarray of Polygon
        The pieces, the largest first.
    given, taken : list of tuple of str
        The codes that held each piece before and hold it after, sorted; none where nobody does.
    unmoved_m2 : float
        The ground held as before.
    dropped : dict
        See `zjk_gis.overlay.polygons.solid_pieces`.
    """

    shapes: NDArray[Any]
    given: list[Codes]
    taken: list[Codes]
    unmoved_m2: float
    dropped: dict[str, dict[str, float]]


def moved_ground(old: Side, new: Side, *, min_area_m2: float, min_width_m: float) -> MovedGround:
    """Find the pieces of ground that are held by other codes, or other chiefs, than before."""
    keys_old, keys_new = _keys(old), _keys(new)
    same_old, same_new = (
        keys_old.isin(keys_new).to_numpy(copy=True),
        keys_new.isin(keys_old).to_numpy(copy=True),
    )
    other_chief = np.array([old.chief_of[c] != new.chief_of.get(c, "") for c in old.codes], dtype=bool)
    whole = np.flatnonzero(same_old & other_chief)  # zones that only change their chief
    if len(whole):
        alone = on_their_own(old.shapes)[whole]
        alone &= keys_old[whole].isin(keys_new[on_their_own(new.shapes)]).to_numpy()
        mixed, whole = whole[~alone], whole[alone]
        same_old[mixed] = False
        same_new &= ~keys_new.isin(keys_old[mixed]).to_numpy()

    shapes, before, after, held = _cut(old, new, same_old, same_new)
    moves = np.array(
        [b != a or old.chiefs(b) != new.chiefs(a) for b, a in zip(before, after, strict=True)], dtype=bool
    )
    areas = shapely.area(shapes)
    ground = float(shapely.area(cover_of(old.shapes[same_old]))) - float(areas[held].sum())
    unmoved = float(areas[~moves].sum()) + ground - float(shapely.area(old.shapes[whole]).sum())

    at = np.flatnonzero(moves)
    hands = [(before[i], after[i]) for i in at]
    kinds = sorted(set(hands))
    number = {pair: n for n, pair in enumerate(kinds)}
    grounds = united(shapes[at], np.array([number[pair] for pair in hands], dtype=np.int64), len(kinds))
    pieces, owner, dropped = solid_pieces_of(grounds, min_area_m2=min_area_m2, min_width_m=min_width_m)
    # A zone that only changes its chief is not a remnant of an overlay: it has no hairlines to be cut off.
    parts, of = shapely.get_parts(old.shapes[whole], return_index=True)
    pieces = np.concatenate([pieces, shapely.normalize(parts)])
    owner = np.concatenate([owner, len(kinds) + of])
    kinds += [((code,), (code,)) for code in old.codes[whole]]
    order = largest_first(pieces)
    owners = owner[order].tolist()
    return MovedGround(
        pieces[order], [kinds[i][0] for i in owners], [kinds[i][1] for i in owners], unmoved, dropped
    )


def _words(zones: gpd.GeoDataFrame, codes: NDArray[np.object_], column: str) -> dict[str, str]:
    """Return whom a column names for each code; several are sorted and joined, nobody is left out."""
    if column not in zones:
        return dict.fromkeys(codes.tolist(), "")
    values = somebody(zones[column]).fillna("")
    found: dict[str, set[str]] = {code: set() for code in codes.tolist()}
    for code, word in zip(codes.tolist(), values.tolist(), strict=True):
        if word:
            found[code].add(word)
    return {code: ";".join(sorted(words)) for code, words in found.items()}


def _keys(side: Side) -> pd.Series:
    """Give each row a key: code and geometry, and which of several equal rows it is."""
    wkb = shapely.to_wkb(shapely.normalize(side.shapes))
    table = pd.DataFrame({"code": side.codes, "wkb": wkb})
    table["turn"] = table.groupby(["code", "wkb"]).cumcount()
    return pd.Series(list(table.itertuples(index=False, name=None)), dtype=object)


def _cut(
    old: Side, new: Side, same_old: NDArray[np.bool_], same_new: NDArray[np.bool_]
) -> tuple[NDArray[Any], list[Codes], list[Codes], NDArray[np.bool_]]:
    """Cut the ground of the rows that differ.

    Returns
    -------
    shapes : ndarray of Polygon
    before, after : list of tuple of str
        The codes that hold each.
    held : ndarray of bool
        Whether a row that is the same in both layers holds it, too.
    """
    changed = np.concatenate([old.shapes[~same_old], new.shapes[~same_new]])
    steady = old.shapes[same_old]
    on = shapely.STRtree(steady).query(changed, predicate="intersects")
    overlaps = shapely.relate_pattern(changed[on[0]], steady[on[1]], _INNER) if len(on[0]) else on[0] > 0
    pieces = cut_ground(np.concatenate([changed, steady[np.unique(on[1][overlaps])]]))
    sides = []
    concerned = np.zeros(len(pieces.shapes), dtype=bool)
    held = np.zeros(len(pieces.shapes), dtype=bool)
    for side, same in ((old, same_old), (new, same_new)):
        piece, row = held_by(pieces.inner, side.shapes)
        concerned[piece[~same[row]]] = True
        held[piece[same[row]]] = True
        sides.append(_codes_of(len(pieces.shapes), piece, side.codes[row]))
    at = np.flatnonzero(concerned)
    before, after = ([codes[i] for i in at] for codes in sides)
    return pieces.shapes[at], before, after, held[at]


def _codes_of(count: int, piece: NDArray[np.intp], codes: Sequence[str] | NDArray[np.object_]) -> list[Codes]:
    """Collect the codes that hold each piece, sorted."""
    found: list[set[str]] = [set() for _ in range(count)]
    for at, code in zip(piece.tolist(), codes, strict=True):
        found[at].add(code)
    return [tuple(sorted(names)) for names in found]
