"""Zones compiled for point location: a face of the engine that takes a GeoDataFrame."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.crs import require_crs, require_same_datum, title_of_crs
from zjk_gis.crs.measuring import unit_at
from zjk_gis.engine.arrays import as_floats
from zjk_gis.engine.polygons.discs import disc_shares
from zjk_gis.engine.polygons.index import BORDER, FOUND, PolygonIndex, Positions
from zjk_gis.engine.shapes import Rings
from zjk_gis.errors import CRSError, FileError, InputError
from zjk_gis.index.coordinates import given_coordinates
from zjk_gis.index.flatfile import read_arrays, write_arrays
from zjk_gis.index.policy import Policy, first_by_rank, nearness, rank_of
from zjk_gis.layers.columns.periods import validity_days
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.metric import require_amounts, require_reach, require_shares
from zjk_gis.layers.soundness import made_valid
from zjk_gis.layers.versions import check_layer

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import ArrayLike, NDArray
    from pyproj import CRS, Transformer


__all__ = ["ZoneIndex", "ZonesFound"]

_KIND = "zone index"
_CODES = ("zone_code", "grid_code", "community_code", "street_code", "district_code")


@dataclass(frozen=True, slots=True)
class ZonesFound:
    """Which zone answers for each of n points.

    Attributes
    ----------
    row : ndarray of int32
        The position of the zone in the layer that was compiled, or -1.
    found : ndarray of uint8
        How: 0 none, 1 inside, 2 border (see `words`).
    count : ndarray of int32
        How many zones contain or touch the point; with `border_within_m` those near count, too.
    border_m : ndarray of float64 or None
        With `border_within_m`: how far the nearest border is, NaN where it is farther than that.
    share : ndarray of float64 or None
        With `accuracy_m`: the share of the accuracy circle that lies in the answering zone.
    undecided : ndarray of bool or None
        With `accuracy_m`: whether that share is below what was stated (待确认).
    """

    row: NDArray[np.int32]
    found: NDArray[np.uint8]
    count: NDArray[np.int32]
    border_m: NDArray[np.float64] | None = None
    share: NDArray[np.float64] | None = None
    undecided: NDArray[np.bool_] | None = None

    @property
    def words(self) -> NDArray[np.str_]:
        """`found` in words: none, inside or border."""
        return np.array(FOUND)[self.found]


class ZoneIndex:
    """An immutable point-location index over zones: built once, asked for millions of points, kept in a file.

    Build it with `ZoneIndex.build`, or load a saved one with `ZoneIndex.load`.

    Attributes
    ----------
    crs : CRS
        In which coordinates are taken, that of the zones.
    codes : ndarray of str or None
        The code of each zone, in the order of the layer.

    Examples
    --------
    Two zones side by side, and a point in the first, on their border, and outside:

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
    """

    def __init__(self, polygons: PolygonIndex, crs: CRS, codes: NDArray[np.str_] | None) -> None:
        self._polygons = polygons
        self.crs = crs
        self.codes = codes
        self.repaired: tuple[int, ...] = ()
        self._metre: float | None = None  # how many metres the unit is, once it was asked

    @classmethod
    def build(
        cls,
        zones: gpd.GeoDataFrame,
        *,
        code: str | None = None,
        priority: str | None = None,
        policy: Policy | None = None,
        repair: bool = False,
    ) -> ZoneIndex:
        """Compile a layer of zones.

        Parameters
        ----------
        zones : GeoDataFrame
            Polygons or multipolygons in any CRS; they may have holes, overlap, nest and touch.
        code : str, optional
            The column of codes; by default ``zone_code``, ``grid_code`` or another of the usual names. A
            layer without one is taken, too.
        priority : str, optional
            The column of priorities; by default ``priority``, if there is one.
        policy : Policy, optional
            Which zone answers where several could; by default the highest priority, then the smallest area,
            then the lowest code.
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
        """
        require_crs(zones, "zones")
        rows: tuple[int, ...] = ()
        if repair:
            mended, changes = made_valid(zones.reset_index(drop=True))
            rows = tuple(changes["row"].tolist())
            zones = mended.set_axis(zones.index)
        if code is None:
            code = next((column for column in _CODES if column in zones), None)
        compiled: list[PolygonIndex] = []

        def invalid(shapes: NDArray[Any]) -> NDArray[np.bool_]:
            compiled.append(PolygonIndex(shapes, rank_of(zones, code, begins, policy=policy)))
            return compiled[0].invalid()

        policy = policy or Policy()
        if priority is not None:
            policy = Policy(policy.order, priority)
        begins, _ = validity_days(zones, "zones")
        zones = check_layer(zones, "zones", kind="polygon", code=code, named_by="code", invalid=invalid)
        codes = None if code is None else code_text(zones[code]).to_numpy(dtype=np.str_)
        index = cls(compiled[0], zones.crs, codes)
        index.repaired = rows
        return index

    @classmethod
    def of_ready(cls, zones: gpd.GeoDataFrame, code: str | None, rank: NDArray[np.int64]) -> ZoneIndex:
        """Compile a layer that was checked and ranked already."""
        codes = None if code is None else code_text(zones[code]).to_numpy(dtype=np.str_)
        return cls(PolygonIndex(zones.geometry.to_numpy(), rank), zones.crs, codes)

    def __len__(self) -> int:
        return len(self._polygons)

    def __repr__(self) -> str:
        vertices = len(self._polygons.rings.coords)
        return f"<ZoneIndex of {len(self):,} zones, {vertices:,} vertices, {title_of_crs(self.crs)}>"

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
    def polygons(self) -> PolygonIndex:
        """What answers: the index over arrays, in the units of the coordinates."""
        return self._polygons

    @property
    def rank(self) -> NDArray[np.int64]:
        """The rank of each zone by the policy, 0 first."""
        return self._polygons.rank

    def locate(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        crs: object = None,
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
        located = self._polygons.locate_at(place)
        border_m = None
        row, found, count = located.row, located.found, located.count
        if border_within_m > 0 or accuracy_m is not None:
            xs, ys = place.exact(np.arange(len(xs)))
        if border_within_m > 0:
            border_m = self._mark_borders(xs, ys, row, found, count, border_within_m)
        if accuracy_m is None:
            return ZonesFound(row, found, count, border_m)
        share = self._shares(xs, ys, row, accuracy_m)
        return ZonesFound(row, found, count, border_m, share, share < undecided_below)

    def candidates(
        self, x: ArrayLike, y: ArrayLike, *, border_within_m: float = 0.0
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Find all zones that contain or touch each point, or whose border is near it.

        Parameters
        ----------
        x, y : array_like of float64
            n coordinates in the zones' CRS.
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
        xs, ys = given_coordinates(x, y)
        if border_within_m == 0:
            offsets, rows, _ = self._polygons.candidates(xs, ys)
            return offsets, rows
        found = self._polygons.contacts(xs, ys, border_within=self._units(border_within_m))
        counts = np.bincount(found.point, minlength=len(xs))
        return np.concatenate([[0], np.cumsum(counts)]), found.item.astype(np.int32)

    def nearest(
        self, x: ArrayLike, y: ArrayLike, *, max_distance_m: float = np.inf
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Find the nearest zone to each point, and how far it is.

        Parameters
        ----------
        x, y : array_like of float64
            n coordinates in the zones' CRS.
        max_distance_m : float, optional
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
        >>> row, distance_m = ZoneIndex.build(zones).nearest([50, 230], [50, 50], max_distance_m=50)
        >>> row.tolist(), distance_m.tolist()
        ([0, 1], [0.0, 30.0])
        """
        require_reach(max_distance_m=max_distance_m)
        xs, ys = given_coordinates(x, y)
        row, distance = self._polygons.nearest(xs, ys, within=self._units(max_distance_m))
        return row, distance / self._units(1.0)

    def save(self, path: str | Path) -> Path:
        """Save the index to one flat file, which `load` maps into memory.

        Raises
        ------
        FileError
            If the file cannot be written.
        """
        grid = self._polygons.compile()
        rings = self._polygons.rings
        arrays: dict[str, NDArray[Any]] = {
            "coords": rings.coords, "ring_starts": rings.starts, "ring_zone": rings.zone,
            "ring_part": rings.part, "rank": self.rank, "words": grid.words, "offsets": grid.offsets,
            "members": grid.members, "blocks": grid.blocks,
        }  # fmt: skip
        if self.codes is not None:
            text = [code.encode() for code in self.codes.tolist()]
            arrays["codes"] = np.frombuffer(b"".join(text), np.uint8)
            arrays["code_lengths"] = np.array([len(code) for code in text], np.int64)
        about = {
            "crs": self.crs.to_wkt(), "zones": len(self), "place": list(grid.place), "nx": grid.nx,
            "ny": grid.ny, "tolerance": grid.tolerance, "repaired": list(self.repaired),
        }  # fmt: skip
        return write_arrays(path, _KIND, arrays, about)

    @classmethod
    def load(cls, path: str | Path) -> ZoneIndex:
        """Load a saved index. Its arrays stay in the file, shared by all processes that load it.

        Raises
        ------
        FileError
            If the file is missing, foreign, of another version, truncated or damaged.
        """
        arrays, about = read_arrays(path, _KIND)
        try:
            return cls._of_file(arrays, about)
        except (KeyError, TypeError) as error:
            message = f"{path}: lacks {error}; save the index anew"
            raise FileError(message) from error
        except (ValueError, UnicodeError) as error:
            message = f"{path}: is damaged ({error}); save the index anew"
            raise FileError(message) from error

    @classmethod
    def _of_file(cls, arrays: dict[str, NDArray[Any]], about: dict[str, Any]) -> ZoneIndex:
        """Put an index together of what a file holds, all of which is looked at first.

        Raises
        ------
        KeyError, TypeError, ValueError
            If something is missing or is not what it should be.
        """
        from pyproj import CRS
        from pyproj.exceptions import CRSError as UnknownCRSError

        from zjk_gis.engine.polygons.grid import CompiledGrid
        from zjk_gis.engine.soundness import fault_of_grid, fault_of_rings

        coords, starts = arrays["coords"], arrays["ring_starts"]
        zone, part, rank = arrays["ring_zone"], arrays["ring_part"], arrays["rank"]
        zones = len(rank)
        if fault := fault_of_rings(coords, starts, zone, part, rank):
            raise ValueError(fault)
        if about["zones"] != zones:
            message = "it says another number of zones than it has"
            raise ValueError(message)
        grid = CompiledGrid(
            words=arrays["words"], coords=coords, place=tuple(about["place"]), nx=about["nx"],
            ny=about["ny"], n_zones=zones, offsets=arrays["offsets"], members=arrays["members"],
            blocks=arrays["blocks"], tolerance=about["tolerance"],
        )  # fmt: skip
        if fault := fault_of_grid(grid, starts):
            raise ValueError(fault)
        repaired = about["repaired"]
        if not all(type(row) is int and 0 <= row < zones for row in repaired):
            message = "it names repaired zones that are not there"
            raise ValueError(message)
        try:
            crs = CRS.from_wkt(about["crs"])
        except UnknownCRSError:
            message = "its coordinate reference system cannot be read"
            raise ValueError(message) from None
        codes = _codes_of(arrays["codes"], arrays["code_lengths"], zones) if "codes" in arrays else None
        rings = Rings.from_arrays(coords, starts, zone, part, zones)
        index = cls(PolygonIndex(None, rank, rings=rings, grid=grid), crs, codes)
        index.repaired = tuple(repaired)
        return index

    def place(self, x: NDArray[np.float64], y: NDArray[np.float64], crs: object) -> Positions:
        """Bring points in a CRS to the zones' coordinates; for many about, as `PolygonIndex` allows."""
        there = self._transformer(crs)
        if there is None:
            return Positions(x, y)
        from pyproj.enums import TransformDirection

        rings = self._polygons.rings
        west, south = (float(value) for value in rings.low.min(axis=0))
        east, north = (float(value) for value in rings.high.max(axis=0))
        back = TransformDirection.INVERSE
        bounds = there.transform_bounds(west, south, east, north, densify_pts=64, direction=back)
        slack = 0.01 * max(bounds[2] - bounds[0], bounds[3] - bounds[1])
        wider = (bounds[0] - slack, bounds[1] - slack, bounds[2] + slack, bounds[3] + slack)
        return self._polygons.place(there.transform, wider, x, y)

    def _transformer(self, crs: object) -> Transformer | None:
        """Return what leads from a CRS to that of the zones, or None where nothing need be done."""
        from pyproj import CRS, Transformer
        from pyproj.exceptions import CRSError as UnknownCRSError

        if crs is None:
            return None
        try:
            given = CRS.from_user_input(crs)
        except UnknownCRSError as error:
            message = f"crs: {crs!r} is no coordinate reference system pyproj knows"
            raise CRSError(message) from error
        if given == self.crs:
            return None
        require_same_datum(given, self.crs, "points")
        return Transformer.from_crs(given, self.crs, always_xy=True)

    def _units(self, metres: float) -> float:
        """Return metres in the units of the coordinates."""
        if self._metre is None:
            rings = self._polygons.rings
            ends = np.stack([rings.low, rings.high]).reshape(-1, 2)
            self._metre = unit_at(self.crs, *np.median(ends, axis=0).tolist())
        if self._metre is None:
            message = (
                f"zones: distances cannot be measured in {title_of_crs(self.crs)} ({self.crs.name}); build "
                "the index from zones.to_crs(...) with a projected CRS that is true to scale there, which "
                "zjk_gis.crs.crs_for(zones) chooses"
            )
            raise CRSError(message)
        return metres / self._metre

    def _mark_borders(
        self,
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        row: NDArray[np.int32],
        found: NDArray[np.uint8],
        count: NDArray[np.int32],
        border_within_m: float,
    ) -> NDArray[np.float64]:
        """Mark the points near a border, in place, and return how far it is."""
        within = self._units(border_within_m)
        border = np.full(len(x), np.nan)
        asked = np.flatnonzero(self._polygons.may_be_near_border(x, y, within))
        point, _, distance = self._polygons.borders(x[asked], y[asked], within=within)
        if not len(point):
            return border
        near, first = np.unique(point, return_index=True)
        where = asked[near]
        border[where] = np.minimum.reduceat(distance, first) / self._units(1.0)
        contacts = self._polygons.contacts(x[where], y[where], border_within=within)
        lies = nearness(contacts.inside, contacts.distance, metre=self._units(1.0))
        points, pick = first_by_rank(contacts.point, lies, self.rank[contacts.item])
        row[where[points]] = contacts.item[pick]
        found[where] = BORDER
        count[where] = np.bincount(contacts.point, minlength=len(where))
        return border

    def _shares(
        self, x: NDArray[np.float64], y: NDArray[np.float64], row: NDArray[np.int32], accuracy_m: ArrayLike
    ) -> NDArray[np.float64]:
        """Return the share of each accuracy circle that lies in the answering zone; 0 where there is none."""
        try:
            radius = np.broadcast_to(as_floats(accuracy_m), x.shape)
        except (TypeError, ValueError):
            message = "accuracy_m must be a number, or one for every point"
            raise InputError(message) from None
        if not (np.isfinite(radius) & (radius >= 0)).all():
            message = "accuracy_m must be finite and at least 0 for every point"
            raise InputError(message)
        radius = radius * self._units(1.0)
        share = (row >= 0).astype(np.float64)
        asked = (row >= 0) & (radius > 0)
        asked[asked] = self._polygons.may_be_near_border(x[asked], y[asked], float(radius.max(initial=0.0)))
        share[asked] = disc_shares(
            self._polygons.rings, x[asked], y[asked], radius[asked], row[asked].astype(np.int64)
        )
        return share


def _codes_of(text: NDArray[Any], lengths: NDArray[Any], zones: int) -> NDArray[np.str_]:
    """Cut the codes of zones out of one text."""
    sizes = lengths.tolist()
    if text.dtype != np.uint8 or lengths.dtype != np.int64 or text.ndim != 1 or lengths.shape != (zones,):
        message = "codes are of another kind"
        raise ValueError(message)
    if min(sizes) < 0 or sum(sizes) != len(text):
        message = "codes begin or end where no text is"
        raise ValueError(message)
    whole = text.tobytes()
    ends = itertools.accumulate(sizes)
    return np.array(
        [whole[end - size : end].decode() for end, size in zip(ends, sizes, strict=True)], dtype=np.str_
    )
