"""Road sections compiled for the question which of them is nearest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.crs import require_layer, title_of_crs
from zjk_gis.engine.lines import LineIndex, NearLines
from zjk_gis.errors import InputError
from zjk_gis.index.coordinates import given_coordinates
from zjk_gis.index.policy import Policy, rank_of
from zjk_gis.layers.catalogue import ROAD_SECTIONS
from zjk_gis.layers.columns.periods import validity_days
from zjk_gis.layers.columns.values import code_text, name_values, rows_by_value, understood
from zjk_gis.layers.metric import ready, require_reach

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray
    from pyproj import CRS

__all__ = ["SectionIndex", "SectionsFound", "sides_answered"]

_SIDES = {"左侧": 1, "右侧": -1}
_FIRST_REACH_M = 50.0


@dataclass(frozen=True, slots=True)
class SectionsFound:
    """The nearest road section of each of n points.

    Attributes
    ----------
    row : ndarray of int64
        The position of the section in the layer that was compiled, or -1.
    distance_m : ndarray of float64
        NaN where there is none.
    chainage_m : ndarray of float64
        How far along the section (里程) its nearest place lies; NaN where there is none.
    side : ndarray of int8
        1 left, -1 right, seen along the section; 0 on it, beyond its end, or where there is none.
    """

    row: NDArray[np.int64]
    distance_m: NDArray[np.float64]
    chainage_m: NDArray[np.float64]
    side: NDArray[np.int8]


class SectionIndex:
    """An immutable index over road sections (责任路段). Build it with `SectionIndex.build`.

    Attributes
    ----------
    crs : CRS
        In which coordinates are taken and distances measured.
    codes : ndarray of str or None

    Examples
    --------
    A street that runs east, whose two sides have a section each; a point 10 m to its right, at 30 m:

    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> street = LineString([(0, 0), (100, 0)])
    >>> sections = gpd.GeoDataFrame(
    ...     {"section_code": ["L", "R"], "side": ["左侧", "右侧"]}, geometry=[street, street], crs=4547
    ... )
    >>> index = SectionIndex.build(sections)
    >>> found = index.nearest([30.0], [-10.0], max_distance_m=50)
    >>> index.codes[found.row].tolist(), found.distance_m.tolist(), found.chainage_m.tolist()
    (['R'], [10.0], [30.0])
    >>> found.side.tolist()
    [-1]
    """

    def __init__(
        self, lines: LineIndex, answers_for: NDArray[np.int8], rank: NDArray[np.int64], crs: CRS
    ) -> None:
        self._lines = lines
        self._answers_for = answers_for
        self._rank = rank
        self.crs = crs
        self.codes: NDArray[np.str_] | None = None

    @classmethod
    def build(
        cls, sections: gpd.GeoDataFrame, *, code: str | None = None, policy: Policy | None = None
    ) -> SectionIndex:
        """Compile a layer of road sections.

        Parameters
        ----------
        sections : GeoDataFrame
            Lines or multilines. One whose `side` is 左侧 or 右侧 answers for that side only, seen along it. A
            layer that is not in metres is converted, as by `zjk_gis.crs.as_metric`; see `crs`.
        code : str, optional
            The column of codes; by default ``section_code``, if there is one.
        policy : Policy, optional
            Which section answers of those equally near.

        Returns
        -------
        SectionIndex

        Raises
        ------
        CRSError, EmptyLayerError, MissingColumnError, GeometryError
            If the layer cannot be used; the message names the rows.
        """
        require_layer(sections, "sections")
        if code is None and ROAD_SECTIONS.code in sections:
            code = ROAD_SECTIONS.code
        sections = ready(sections, "sections", kind="line", code=code, named_by="code")
        begins, _ = validity_days(sections, "sections")
        rank = rank_of(sections, code, begins, policy=policy, name="sections")
        lines = LineIndex(sections.geometry.to_numpy(), rank)
        index = cls(lines, sides_answered(sections), rank, sections.crs)
        if code is not None:
            index.codes = code_text(sections[code]).to_numpy(dtype=np.str_)
        return index

    def __len__(self) -> int:
        return len(self._lines)

    def __repr__(self) -> str:
        return f"<SectionIndex of {len(self):,} sections, {title_of_crs(self.crs)}>"

    def nearest(self, x: ArrayLike, y: ArrayLike, *, max_distance_m: float = np.inf) -> SectionsFound:
        """Find the nearest section that answers for each point.

        Parameters
        ----------
        x, y : array_like of float64
            n coordinates in `crs`; a point that is not finite has no section.
        max_distance_m : float, optional
            The greatest distance, inclusive; by default any.

        Returns
        -------
        SectionsFound
            Of sections equally near the first by the policy answers.

        Raises
        ------
        InputError
            If the distance is negative, or x and y differ in length.
        """
        require_reach(max_distance_m=max_distance_m)
        xs, ys = given_coordinates(x, y)
        found = SectionsFound(
            row=np.full(len(xs), -1, np.int64),
            distance_m=np.full(len(xs), np.nan),
            chainage_m=np.full(len(xs), np.nan),
            side=np.zeros(len(xs), np.int8),
        )
        near = self._lines.nearest(xs, ys, within=max_distance_m)
        side, chainage = self._lines.place(xs, ys, near)
        fits = self._fits(near, side)
        _put(found, near.point[fits], near, side, chainage, fits)
        # The nearest may answer for the other side only: look farther, as far as need be.
        asked, reach = near.point[~fits], np.maximum(near.distance[~fits], _FIRST_REACH_M)
        while len(asked):
            reach = np.minimum(2.0 * reach, max_distance_m)
            near = self._lines.near(xs[asked], ys[asked], within=reach)
            side, chainage = self._lines.place(xs[asked], ys[asked], near)
            fitting = np.flatnonzero(self._fits(near, side))
            lead = fitting[
                np.lexsort((self._rank[near.item[fitting]], near.distance[fitting], near.point[fitting]))
            ]
            points, first = np.unique(near.point[lead], return_index=True)
            _put(found, asked[points], near, side, chainage, lead[first])
            everything = np.bincount(near.point, minlength=len(asked)) == len(self)
            more = (found.row[asked] < 0) & (reach < max_distance_m) & ~everything
            asked, reach = asked[more], reach[more]
        return found

    def _fits(self, near: NearLines, side: NDArray[np.int8]) -> NDArray[np.bool_]:
        """Tell which sections answer for the side on which the point lies."""
        wanted = self._answers_for[near.item]
        fits: NDArray[np.bool_] = (wanted == 0) | (side == 0) | (wanted == side)
        return fits


def _put(
    found: SectionsFound,
    where: NDArray[np.int64],
    near: NearLines,
    side: NDArray[np.int8],
    chainage: NDArray[np.float64],
    lead: NDArray[np.int64] | NDArray[np.bool_],
) -> None:
    found.row[where] = near.item[lead]
    found.distance_m[where] = near.distance[lead]
    found.chainage_m[where] = chainage[lead]
    found.side[where] = side[lead]


def sides_answered(sections: pd.DataFrame) -> NDArray[np.int8]:
    """Return for which side each section answers: 1 left, -1 right, 0 both or where none is told.

    Raises
    ------
    InputError
        If a side is not understood: the section would answer for what is not its.

    Examples
    --------
    >>> import pandas as pd
    >>> sides_answered(pd.DataFrame({"side": ["左", "right", "两侧", None, "Ｒ"]})).tolist()
    [1, -1, 0, 0, -1]
    """
    if "side" not in sections:
        return np.zeros(len(sections), np.int8)
    field = ROAD_SECTIONS.field("side")
    meant, wrong = understood(sections["side"], field)
    if wrong.any():
        message = (
            f"sections: {int(wrong.sum())} of {len(sections)} values of side ({field.title}) are not "
            f"understood: {name_values(rows_by_value(sections['side'][wrong]), field, None)}. Rewrite them, "
            "add your spellings to the table value_aliases (dictionary road_sides), or rename the column"
        )
        raise InputError(message)
    sides: NDArray[np.int8] = meant.map(_SIDES).fillna(0).to_numpy().astype(np.int8)
    return sides
