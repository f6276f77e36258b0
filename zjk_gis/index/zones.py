"""Zones compiled for point location: a face of the engine that takes a GeoDataFrame."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.arguments import checked
from zjk_gis.crs import is_metric, require_crs, require_layer, title_of_crs
from zjk_gis.crs.requirements import unit_at
from zjk_gis.engine.polygons.index import FEW_POINTS, PolygonIndex, Positions
from zjk_gis.errors import CRSError
from zjk_gis.index.answering import AnsweringIndex
from zjk_gis.index.compiling import checked_by_compiling, is_true_all_over, polygons_of_file
from zjk_gis.index.coordinates import accuracy_radii, given_coordinates, placed, transformer
from zjk_gis.index.kernel import (
    Answers,
    accuracy_shares,
    answer_by_polygons,
    doubt_inaccurate,
    locate_near_borders,
)
from zjk_gis.index.locations import ZonesFound
from zjk_gis.index.policy import policy_of
from zjk_gis.index.prepared import CODES, Prepared, code_column, prepare
from zjk_gis.layers.columns.times import BEIJING
from zjk_gis.layers.metric import require_amounts, require_reach, require_shares
from zjk_gis.layers.remembered import remembered
from zjk_gis.layers.soundness import made_valid
from zjk_gis.presentation import Presentation, presented
from zjk_gis.words import tr

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import ArrayLike, NDArray

    from zjk_gis.engine import Located
    from zjk_gis.index.kernel import NearBorders
    from zjk_gis.index.policy import Policy

__all__ = ["ZoneIndex"]

_CODES = (*CODES, "community_code", "street_code", "district_code")


@presented
@checked
class ZoneIndex(AnsweringIndex):
    """An immutable point-location index over zones: built once, asked for millions of points, kept in a file.

    Build it with `ZoneIndex.build`, or load a saved one with `ZoneIndex.load`. The functions of assignment
    take it in place of a layer.

    Attributes
    ----------
    crs : CRS
        In which coordinates are taken, that of the zones.
    measured_in : CRS
        In which distances are measured: the zones' own if that is metric.
    code : str or None
        The column of codes.
    codes : ndarray of str or None
        The code of each zone, in the order of the layer.
    level : int or None
        The level that answers.
    repaired : tuple of int
        The positions of the zones whose geometry was repaired.

    Examples
    --------
    Two zones side by side, and a point in the first, on their border, and outside:

    >>> import pathlib, tempfile
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["B", "A"]}, geometry=[box(0, 0, 100, 100), box(100, 0, 200, 100)], crs=4547
    ... )
    >>> index = ZoneIndex.build(zones)
    >>> found = index.locate([50, 100, 250], [50, 50, 50])
    >>> found.row.tolist(), found.words.tolist(), found.count.tolist()
    ([0, 1, -1], ['inside', 'border', 'none'], [1, 2, 0])
    >>> index.codes[found.row[:2]].tolist()
    ['B', 'A']

    In a file it is mapped into memory by any number of workers:

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ZoneIndex.load(index.save(pathlib.Path(folder, "zones.idx")))
    <ZoneIndex> An index of 2 zones with 10 vertices, EPSG:4547.
      zone code
      B
      A
    """

    kind = "zone index"

    def __init__(
        self,
        polygons: PolygonIndex,
        prepared: Prepared,
        layer: gpd.GeoDataFrame | None = None,
        *,
        repaired: tuple[int, ...] = (),
    ) -> None:
        super().__init__(prepared, layer)
        self._polygons = polygons
        self.repaired = repaired
        self._metre: float | None = None  # how many metres the unit is, once it was asked

    @classmethod
    def build(
        cls,
        zones: gpd.GeoDataFrame,
        *,
        code: str | None = None,
        level: int | str | None = None,
        policy: Policy | None = None,
        priority: str | None = None,
        tz: str = BEIJING,
        repair: bool = False,
    ) -> ZoneIndex:
        """Compile a layer of zones.

        Parameters
        ----------
        zones : GeoDataFrame
            Polygons or multipolygons in any CRS; they may have holes, overlap, nest and touch. A layer in
            degrees is converted, as by `zjk_gis.crs.as_metric`; see `measured_in`.
        code : str, optional
            The column of codes; by default ``zone_code``, ``grid_code`` or another of the usual names. A
            layer without one is taken, too.
        level : int or str, optional
            Which level of a hierarchy answers, by its number or its word, or ``"any"`` for zones of all. By
            default the finest, as in `zjk_gis.assign_incidents`. Answers are still positions in `zones`.
        policy : Policy, optional
            Which zone answers where several could; by default the highest priority, then the smallest area,
            then the lowest code.
        priority : str, optional
            The column of priorities; by default that of the policy, if there is one.
        tz : str, default "Asia/Shanghai"
            Whose days the validity periods are.
        repair : bool, default False
            Repair invalid geometry (GEOS's make-valid, areas only) instead of refusing it; the positions of
            the rows concerned are then in `repaired`.

        Returns
        -------
        ZoneIndex

        Raises
        ------
        CRSError
            If the layer has no CRS.
        EmptyLayerError
            If it has no rows.
        MissingColumnError
            If it lacks a column that was named.
        GeometryError
            If rows have no geometry, one of another kind, or an invalid one; the message names them.
        InputError
            If there is no such level, or its levels are not a hierarchy and none was asked for.

        Examples
        --------
        A street and a grid in it; the finest level answers unless another is asked for:

        >>> import geopandas as gpd
        >>> from shapely import box
        >>> zones = gpd.GeoDataFrame(
        ...     {"zone_code": ["S", "G"], "level": [3, 5]},
        ...     geometry=[box(0, 0, 100, 100), box(0, 0, 50, 50)],
        ...     crs=4547,
        ... )
        >>> ZoneIndex.build(zones).locate([20, 80], [20, 80]).row.tolist()
        [1, -1]
        >>> ZoneIndex.build(zones, level="any").locate([20, 80], [20, 80]).row.tolist()
        [1, 0]
        """
        require_layer(zones, "zones")
        rows: tuple[int, ...] = ()
        if repair:
            require_crs(zones, "zones")
            mended, changes = made_valid(zones.reset_index(drop=True))
            rows = tuple(changes["row"].tolist())
            zones = mended.set_axis(zones.index)
        if code is None:
            code = code_column(zones, _CODES)
        policy = policy_of(policy)
        if priority is not None:
            policy = replace(policy, priority=priority)
        own = require_crs(zones, "zones")
        compiled: list[PolygonIndex] = []
        options: dict[str, Any] = {"code": code, "level": level, "policy": policy, "tz": tz}
        invalid = checked_by_compiling(zones, "zones", compiled, **options)
        # 1. In metres, if a CRS is true to scale all over. What was compiled to find invalid geometry is
        #    kept, and the ranks it was compiled with.
        options |= {"kind": "polygon", "rank": lambda: compiled[0].rank if compiled else None}
        try:
            prepared, kept = prepare(zones, "zones", invalid=invalid if is_metric(own) else None, **options)
            is_measured = prepared.measured_in == own or is_true_all_over(kept)
        except CRSError:
            is_measured = False
        # 2. Where no metric CRS serves, all but distances can be asked for.
        if not is_measured:
            prepared, kept = prepare(zones, "zones", crs=own, invalid=invalid, **options)
        is_compiled = bool(compiled) and prepared.measured_in == own
        polygons = compiled[0] if is_compiled else PolygonIndex(kept.geometry.to_numpy(), prepared.rows.rank)
        return cls(polygons, prepared, kept, repaired=rows)

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
        expected: int = 0,
    ) -> ZoneIndex:
        """Compile a layer that is called something else in errors, for so many points; see `build`.

        Only where these are many, it is checked by compiling it, and kept for the next call with the same
        layer; see `zjk_gis.layers.remembered`.
        """
        options: dict[str, Any] = {"code": code, "level": level, "policy": policy, "tz": tz}
        if expected <= FEW_POINTS:
            return cls._of_layer(layer, name, expected, **options)
        said = (name, *options.values())
        return remembered(layer, said, lambda: cls._of_layer(layer, name, expected, **options))

    @classmethod
    def _of_layer(cls, layer: gpd.GeoDataFrame, name: str, expected: int, **options: Any) -> ZoneIndex:
        compiled: list[PolygonIndex] = []
        own = require_crs(layer, name)
        if expected > FEW_POINTS and is_metric(own):
            options["invalid"] = checked_by_compiling(layer, name, compiled, **options)
        prepared, kept = prepare(
            layer, name, kind="polygon", rank=lambda: compiled[0].rank if compiled else None, **options
        )
        is_compiled = bool(compiled) and prepared.measured_in == own
        polygons = compiled[0] if is_compiled else PolygonIndex(kept.geometry.to_numpy(), prepared.rows.rank)
        polygons.expect(expected)
        return cls(polygons, prepared, kept.copy(deep=False))  # the layer itself is not held

    def __len__(self) -> int:
        return len(self._polygons)

    @property
    def nbytes(self) -> int:
        """How many bytes the compiled index takes, in memory and in a file; it is compiled for the answer."""
        rings, grid = self._polygons.rings, self._polygons.compile()
        arrays = (
            rings.coords, rings.starts, rings.zone, rings.part, self.rank, grid.words, grid.offsets,
            grid.members, grid.blocks,
        )  # fmt: skip
        return sum(array.nbytes for array in arrays)

    @property
    def is_areal(self) -> bool:
        """Whether polygons answer: they do."""
        return True

    @property
    def shapes(self) -> NDArray[Any]:
        """The geometries of the zones that answer."""
        return self._polygons.rings.polygons()

    @property
    def polygons(self) -> PolygonIndex:
        """What answers: the index over arrays, in the units of the coordinates."""
        return self._polygons

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
        """Find the zone that answers for each point on its day; see `zjk_gis.index.kernel`."""
        answers = answer_by_polygons(
            self._polygons, self.rows, place, day, border_within=border_within, nearest_within=nearest_within
        )
        if accuracy is not None:
            doubt_inaccurate(answers, self._polygons, place, accuracy, undecided_below)
        return answers

    def nearest_m(
        self, x: NDArray[np.float64], y: NDArray[np.float64], *, within: float
    ) -> NDArray[np.float64]:
        """Measure how far the nearest zone is from points in `measured_in`; infinite beyond reach."""
        metres = self._polygons.nearest(x, y, within=within)[1]
        return np.where(np.isnan(metres), np.inf, metres)

    def locate(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        crs: Any = None,
        border_within_m: float = 0.0,
        accuracy_m: ArrayLike | None = None,
        undecided_below: float = 0.8,
    ) -> ZonesFound:
        """Find the zone that answers for each point.

        Parameters
        ----------
        x, y : array_like of float64
            n coordinates: eastings and northings, or longitudes and latitudes. A point that is not finite
            is in no zone.
        crs : CRS, int or str, optional
            That of the coordinates, by default the zones' own. The answers are those of converting every
            point with pyproj first.
        border_within_m : float, default 0.0
            How near to a border counts as on it. At 0 the answer is purely exact: that of GEOS's predicates
            ``contains`` and ``touches``.
        accuracy_m : float or array_like, optional
            The radius of the circle in which the point truly lies, such as the accuracy that a GPS gave.
        undecided_below : float, default 0.8
            With `accuracy_m`: a case is undecided (待确认) if less than this share of the circle is in the
            zone.

        Returns
        -------
        ZonesFound

        Raises
        ------
        CRSError
            If a distance is given and the zones' CRS is geographic or not true to scale.
        InputError
            If a distance or share is out of range, or x and y differ in length.
        """
        require_shares(undecided_below=undecided_below)
        require_amounts(border_within_m=border_within_m)
        xs, ys = given_coordinates(x, y)
        place = self.place(xs, ys, crs)
        border_m = radius = reaches = None
        reach = 0.0
        if accuracy_m is not None:
            radius = accuracy_radii(accuracy_m, len(xs)) * self._units(1.0)
            # Circles of about one size are looked at on the way; what is looked for has to be near.
            reach = float(radius.max(initial=0.0))
            reach = reach if 2.0 * float(radius.min(initial=reach)) >= reach else 0.0
        located: Located | NearBorders
        if border_within_m > 0:
            located = near = locate_near_borders(
                self._polygons, self.rank, place, self._units(border_within_m)
            )
            holds, border_m = near.holds, near.border / self._units(1.0)
        else:
            located = plain = self._polygons.locate_at(place, near=reach)
            holds, reaches = located.row >= 0, plain.near
        row, found, count = located.row, located.found, located.count
        if radius is None:
            return ZonesFound(self.positions(row), found, count, border_m)
        share = accuracy_shares(self._polygons, place, row, radius, holds=holds, near=reaches)
        return ZonesFound(self.positions(row), found, count, border_m, share, share < undecided_below)

    def candidates(
        self, x: ArrayLike, y: ArrayLike, *, crs: Any = None, border_within_m: float = 0.0
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Find all zones that contain or touch each point, or whose border is near it.

        Parameters
        ----------
        x, y : array_like of float64
            n coordinates.
        crs : CRS, int or str, optional
            That of the coordinates, by default the zones' own.
        border_within_m : float, default 0.0
            How near to a border counts as on it.

        Returns
        -------
        offsets : ndarray of int64, length n + 1
            The zones of point i are ``rows[offsets[i]:offsets[i + 1]]``, ascending.
        rows : ndarray of int32

        Raises
        ------
        CRSError, InputError
            As for `locate`.

        Examples
        --------
        >>> import geopandas as gpd
        >>> from shapely import box
        >>> zones = gpd.GeoDataFrame(geometry=[box(0, 0, 100, 100), box(100, 0, 200, 100)], crs=4547)
        >>> offsets, rows = ZoneIndex.build(zones).candidates([50, 100, 250], [50, 50, 50])
        >>> offsets.tolist(), rows.tolist()
        ([0, 1, 3, 3], [0, 0, 1])
        """
        require_amounts(border_within_m=border_within_m)
        xs, ys = self.in_metres(*given_coordinates(x, y), crs)
        within = self._units(border_within_m) if border_within_m > 0 else 0.0
        offsets, rows, _ = self._polygons.candidates(xs, ys, border_within=within)
        return offsets, self.positions(rows)

    def nearest(
        self, x: ArrayLike, y: ArrayLike, *, crs: Any = None, within_m: float = np.inf
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Find the nearest zone to each point, and how far it is.

        Parameters
        ----------
        x, y : array_like of float64
            n coordinates.
        crs : CRS, int or str, optional
            That of the coordinates, by default the zones' own.
        within_m : float, optional
            The greatest distance, inclusive; by default any.

        Returns
        -------
        row : ndarray of int32
            -1 where no zone is within reach. Of zones equally near the first by the policy answers.
        distance_m : ndarray of float64
            0 in or on a zone, NaN where none is within reach.

        Raises
        ------
        CRSError
            If the zones' CRS is geographic or not true to scale.
        InputError
            If the distance is negative, or x and y differ in length.

        Examples
        --------
        >>> import geopandas as gpd
        >>> from shapely import box
        >>> zones = gpd.GeoDataFrame(geometry=[box(0, 0, 100, 100), box(100, 0, 200, 100)], crs=4547)
        >>> row, distance_m = ZoneIndex.build(zones).nearest([50, 230], [50, 50], within_m=50)
        >>> row.tolist(), distance_m.tolist()
        ([0, 1], [0.0, 30.0])
        """
        require_reach(within_m=within_m)
        xs, ys = self.in_metres(*given_coordinates(x, y), crs)
        row, distance = self._polygons.nearest(xs, ys, within=self._units(within_m))
        return self.positions(row), distance / self._units(1.0)

    def _geometry(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        rings = self._polygons.rings
        arrays: dict[str, NDArray[Any]] = {
            "coords": rings.coords, "ring_starts": rings.starts, "ring_zone": rings.zone,
            "ring_part": rings.part,
        }  # fmt: skip
        return arrays, {"repaired": list(self.repaired)}

    def _compiled(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        grid = self._polygons.compile()
        arrays: dict[str, NDArray[Any]] = {
            "words": grid.words, "offsets": grid.offsets, "members": grid.members, "blocks": grid.blocks
        }  # fmt: skip
        return arrays, {"place": list(grid.place), "nx": grid.nx, "ny": grid.ny, "tolerance": grid.tolerance}

    @classmethod
    def _of_file(
        cls, arrays: dict[str, NDArray[Any]], about: dict[str, Any], prepared: Prepared
    ) -> ZoneIndex:
        polygons = polygons_of_file(arrays, about, prepared.rows.rank)
        repaired = about["repaired"]
        if not all(type(row) is int and 0 <= row < prepared.given for row in repaired):
            raise ValueError(tr("it names repaired zones that are not there"))
        return cls(polygons, prepared, repaired=tuple(repaired))

    def place(self, x: NDArray[np.float64], y: NDArray[np.float64], crs: Any = None) -> Positions:
        """Bring points in a CRS, by default `crs`, to where distances are measured; many of them about."""
        there = transformer(self.crs if crs is None else crs, self.measured_in)
        return Positions(x, y) if there is None else placed(self._polygons, there, x, y)

    def _units(self, metres: float) -> float:
        """Return metres in the units of the coordinates."""
        if self._metre is None:
            rings, crs = self._polygons.rings, self.measured_in
            ends = np.stack([rings.low, rings.high]).reshape(-1, 2)
            self._metre = unit_at(crs, *np.median(ends, axis=0).tolist())
        if self._metre is None:
            raise CRSError(
                tr(
                    "zones: distances cannot be measured in {title_of_crs} ({name}); build the index "
                    "from zones.to_crs(...) with a projected CRS that is true to scale there, which "
                    "zjk_gis.crs.crs_for(zones) chooses",
                    title_of_crs=title_of_crs(crs),
                    name=crs.name,
                )
            )
        return metres / self._metre

    def _presentation(self) -> Presentation:
        vertices, crs = len(self._polygons.rings.coords), title_of_crs(self.crs)
        told = tr(
            "An index of {zones:,} zones with {vertices:,} vertices, {crs}.",
            zones=len(self),
            vertices=vertices,
            crs=crs,
        )
        return self._told_with_codes(told)
