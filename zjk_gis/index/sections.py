"""Road sections compiled for the question which of them is nearest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.arguments import checked
from zjk_gis.crs import title_of_crs
from zjk_gis.engine import Positions
from zjk_gis.engine.lines import LineIndex, NearLines
from zjk_gis.engine.shapes import Parts
from zjk_gis.index.answering import AnsweringIndex
from zjk_gis.index.coordinates import given_coordinates
from zjk_gis.index.kernel import Answers, answer_by_lines
from zjk_gis.index.locations import SectionsFound
from zjk_gis.index.prepared import CODES, Prepared, code_column, prepare
from zjk_gis.layers.catalogue import ROAD_SECTIONS
from zjk_gis.layers.columns.times import BEIJING
from zjk_gis.layers.metric import require_reach
from zjk_gis.presentation import Presentation, presented
from zjk_gis.words import tr

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import ArrayLike, NDArray

    from zjk_gis.index.policy import Policy

__all__ = ["SectionIndex"]

_FIRST_REACH_M = 50.0


@presented
@checked
class SectionIndex(AnsweringIndex):
    """An immutable index over road sections (责任路段): built once, asked for any number, kept in a file.

    Build it with `SectionIndex.build`, or load a saved one with `SectionIndex.load`. The functions of
    assignment take it in place of a layer.

    Attributes
    ----------
    crs : CRS
        In which coordinates are taken, that of the layer.
    measured_in : CRS
        In which distances are measured.
    code : str or None
        The column of codes.
    codes : ndarray of str or None
        The code of each section, in the order of the layer.

    Examples
    --------
    A street that runs east, whose two sides have a section each; a point 10 m to its right, at 30 m:

    >>> import pathlib, tempfile
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> street = LineString([(0, 0), (100, 0)])
    >>> sections = gpd.GeoDataFrame(
    ...     {"section_code": ["L", "R"], "side": ["左侧", "右侧"]}, geometry=[street, street], crs=4547
    ... )
    >>> index = SectionIndex.build(sections)
    >>> found = index.nearest([30.0], [-10.0], within_m=50)
    >>> index.codes[found.row].tolist(), found.distance_m.tolist(), found.chainage_m.tolist()
    (['R'], [10.0], [30.0])
    >>> found.side.tolist()
    [-1]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     SectionIndex.load(index.save(pathlib.Path(folder, "sections.idx")))
    <SectionIndex> An index of 2 road sections, EPSG:4547.
      section code
      L
      R
    """

    kind = "section index"

    def __init__(self, lines: LineIndex, prepared: Prepared, layer: gpd.GeoDataFrame | None = None) -> None:
        super().__init__(prepared, layer)
        self._lines = lines

    @classmethod
    def build(
        cls,
        sections: gpd.GeoDataFrame,
        *,
        code: str | None = None,
        level: int | str | None = None,
        policy: Policy | None = None,
        tz: str = BEIJING,
    ) -> SectionIndex:
        """Compile a layer of road sections.

        Parameters
        ----------
        sections : GeoDataFrame
            Lines or multilines. One whose `side` is 左侧 or 右侧 answers for that side only, seen along it. A
            layer that is not in metres is converted, as by `zjk_gis.crs.as_metric`; see `measured_in`.
        code : str, optional
            The column of codes; by default ``section_code``, ``zone_code`` or ``grid_code``, if there is one.
        level : int or str, optional
            Which level of the hierarchy answers; by default sections of any.
        policy : Policy, optional
            Which section answers of those equally near.
        tz : str, default "Asia/Shanghai"
            Whose days the validity periods are.

        Returns
        -------
        SectionIndex

        Raises
        ------
        CRSError, EmptyLayerError, MissingColumnError, GeometryError
            If the layer cannot be used; the message names the rows.
        """
        return cls.of_layer(sections, "sections", code=code, level=level, policy=policy, tz=tz)

    @classmethod
    def of_layer(
        cls,
        layer: gpd.GeoDataFrame,
        name: str,
        *,
        code: str | None,
        level: int | str | None,
        policy: Policy | None,
        tz: str,
    ) -> SectionIndex:
        """Compile a layer that is called something else in errors; see `build`."""
        if code is None and hasattr(layer, "columns"):
            code = code_column(layer, (ROAD_SECTIONS.code, *CODES))
        prepared, kept = prepare(layer, name, kind="line", code=code, level=level, policy=policy, tz=tz)
        return cls(LineIndex(kept.geometry.to_numpy(), prepared.rows.rank), prepared, kept)

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def is_areal(self) -> bool:
        """Whether polygons answer: they do not."""
        return False

    @property
    def shapes(self) -> NDArray[Any]:
        """The geometries of the sections that answer."""
        return self._lines.parts.lines()

    @property
    def lines(self) -> LineIndex:
        """What finds the nearest: the index over arrays, in metres."""
        return self._lines

    def place(self, x: NDArray[np.float64], y: NDArray[np.float64], crs: Any = None) -> Positions:
        """Bring points in a CRS, by default `crs`, to where distances are measured."""
        return Positions(*self.in_metres(x, y, crs))

    def answer(
        self,
        place: Positions,
        day: NDArray[np.int64],
        *,
        border_within: float,
        nearest_within: float,
        accuracy: NDArray[np.float64] | None = None,
        undecided_below: float = 0.8,
    ) -> Answers:
        """Find the section that answers for each point on its day; lines hold no share of a circle."""
        del accuracy, undecided_below
        return answer_by_lines(
            self._lines,
            self.rows,
            place.x,
            place.y,
            day,
            tie_within=border_within,
            nearest_within=nearest_within,
        )

    def nearest_m(
        self, x: NDArray[np.float64], y: NDArray[np.float64], *, within: float
    ) -> NDArray[np.float64]:
        """Measure how far the nearest section is from points in `measured_in`; infinite beyond reach."""
        metres = np.full(len(x), np.inf)
        near = self._lines.nearest(x, y, within=within)
        metres[near.point] = near.distance
        return metres

    def _geometry(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        parts = self._lines.parts
        return {"coords": parts.coords, "part_starts": parts.starts, "part_line": parts.line}, {}

    @classmethod
    def _of_file(
        cls, arrays: dict[str, NDArray[Any]], about: dict[str, Any], prepared: Prepared
    ) -> SectionIndex:
        from zjk_gis.engine.soundness import fault_of_parts

        size = len(prepared.row)
        found = arrays["coords"], arrays["part_starts"], arrays["part_line"]
        if fault := fault_of_parts(*found, size):
            raise ValueError(fault)
        return cls(LineIndex(None, prepared.rows.rank, parts=Parts(*found, size)), prepared)

    def nearest(
        self, x: ArrayLike, y: ArrayLike, *, crs: Any = None, within_m: float = np.inf
    ) -> SectionsFound:
        """Find the nearest section that answers for each point.

        Parameters
        ----------
        x, y : array_like of float64
            n coordinates; a point that is not finite has no section.
        crs : CRS, int or str, optional
            That of the coordinates, by default the sections' own.
        within_m : float, optional
            The greatest distance, inclusive; by default any.

        Returns
        -------
        SectionsFound
            Of sections equally near the first by the policy answers.

        Raises
        ------
        CRSError
            If nobody knows the CRS, or it is of another datum.
        InputError
            If the distance is negative, or x and y differ in length.
        """
        require_reach(within_m=within_m)
        xs, ys = self.in_metres(*given_coordinates(x, y), crs)
        found = SectionsFound(
            row=np.full(len(xs), -1, np.int64),
            distance_m=np.full(len(xs), np.nan),
            chainage_m=np.full(len(xs), np.nan),
            side=np.zeros(len(xs), np.int8),
        )
        near = self._lines.nearest(xs, ys, within=within_m)
        side, chainage = self._lines.place(xs, ys, near)
        fits = self._fits(near, side)
        _put(found, near.point[fits], near, side, chainage, fits)
        # The nearest may answer for the other side only: look further, as far as need be.
        asked, reach = near.point[~fits], np.maximum(near.distance[~fits], _FIRST_REACH_M)
        while len(asked):
            reach = np.minimum(2.0 * reach, within_m)
            near = self._lines.near(xs[asked], ys[asked], within=reach)
            side, chainage = self._lines.place(xs[asked], ys[asked], near)
            fitting = np.flatnonzero(self._fits(near, side))
            lead = fitting[
                np.lexsort((self.rank[near.item[fitting]], near.distance[fitting], near.point[fitting]))
            ]
            points, first = np.unique(near.point[lead], return_index=True)
            _put(found, asked[points], near, side, chainage, lead[first])
            everything = np.bincount(near.point, minlength=len(asked)) == len(self)
            more = (found.row[asked] < 0) & (reach < within_m) & ~everything
            asked, reach = asked[more], reach[more]
        return replace(found, row=self.positions(found.row))

    def _fits(self, near: NearLines, side: NDArray[np.int8]) -> NDArray[np.bool_]:
        """Tell which sections answer for the side on which the point lies."""
        wanted = self.rows.side[near.item]
        fits: NDArray[np.bool_] = (wanted == 0) | (side == 0) | (wanted == side)
        return fits

    def _presentation(self) -> Presentation:
        told = tr(
            "An index of {sections:,} road sections, {crs}.", sections=len(self), crs=title_of_crs(self.crs)
        )
        return self._told_with_codes(told)


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
