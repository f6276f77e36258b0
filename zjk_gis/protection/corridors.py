"""What stands in the line of sight (视廊冲突): buildings between a viewpoint and what is to be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError, name_rows
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.layers.shapes import flat
from zjk_gis.overlay.linear import joined_lengths
from zjk_gis.protection.answering import with_who_answers
from zjk_gis.protection.heights import numbers_in
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["view_corridor_conflicts"]

_EYE_M = 1.6
_ROUNDING_M2 = 1e-6


@checked
def view_corridor_conflicts(
    view_corridors: gpd.GeoDataFrame,
    buildings: gpd.GeoDataFrame,
    *,
    width_m: float | None = None,
    zones: gpd.GeoDataFrame | None = None,
    streets: gpd.GeoDataFrame | None = None,
    at: str | dt.date | None = None,
    strict: bool = False,
) -> gpd.GeoDataFrame:
    """Find buildings that rise into a view corridor (视廊冲突), by how much and over what share of its width.

    Parameters
    ----------
    view_corridors : GeoDataFrame
        Straight lines from the viewpoint to the target, with ``corridor_code``, ``target_m`` (height of what
        is to be seen, above its ground), and where they differ ``width_m`` and ``eye_m`` (height of the eye
        above its ground; 1.6 m where none stands). With ``eye_ground_m`` and ``target_ground_m`` (levels of
        the ground) the slope counts.
    buildings : GeoDataFrame
        Polygons with ``building_code`` and ``height_m`` above their ground; where the slope counts with
        ``ground_m``.
    width_m : float, optional
        How wide corridors are that have no width of their own.
    zones, streets : GeoDataFrame, optional
        Who answers.
    at : date or str, optional
        The day on which they are valid.
    strict : bool, default False
        Refuse rows that cannot be judged, instead of setting them aside.

    Returns
    -------
    GeoDataFrame
        One row a corridor and building in conflict, by corridor, the nearest to the eye first: the building's
        columns, ``corridor_code`` (text), ``status`` (text: ``exceeds``, or ``cannot_be_judged`` where a
        height or a level lacks), ``sight_m`` (float64: how high the line of sight is over the building's
        ground, where it is lowest), ``blocks_m`` (float64: by how much the building rises above it),
        ``width_share`` (float64: of the corridor's width that is blocked), ``corridor_share`` (float64: by
        all buildings together), ``distance_m`` (float64, from the eye), and who answers.
        ``attrs["set_aside"]`` lists what is not judged.

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError, GeometryError
        If a layer cannot be used.
    InputError
        If a corridor is not one straight line or has no width.

    Notes
    -----
    The line of sight runs straight from the eye to the top of the target, over the whole width of the
    corridor; exact for buildings with flat roofs. Without levels of the ground it is taken for flat. The
    building at the target, and one around the viewpoint, hide nothing. The earth's curvature is left out: it
    makes 7 mm at 300 m.

    Examples
    --------
    An eye at 1.6 m and a tower of 20 m, 200 m away: half way the line of sight is 10.8 m high.

    >>> import geopandas as gpd
    >>> from shapely import LineString, box
    >>> views = gpd.GeoDataFrame(
    ...     {"corridor_code": ["S1"], "target_m": [20.0]}, geometry=[LineString([(0, 0), (200, 0)])], crs=4547
    ... )
    >>> houses = gpd.GeoDataFrame(
    ...     {"building_code": ["H1", "H2"], "height_m": [12.0, 10.0]},
    ...     geometry=[box(100, -2, 110, 3), box(100, -9, 110, -4)],
    ...     crs=4547,
    ... )
    >>> found = view_corridor_conflicts(views, houses, width_m=20)
    >>> found[["building_code", "sight_m", "blocks_m", "width_share", "distance_m"]].round(2)
      building_code  sight_m  blocks_m  width_share  distance_m
    0            H1     10.8       1.2         0.25       100.0
    """
    if width_m is not None:
        require_amounts(width_m=width_m)
    aside = SetAside(strict=strict)
    sound = aside.sound(buildings, "buildings", kind="polygon", filled=["building_code"])
    houses = ready(sound, "buildings", kind="polygon", code="building_code")
    lines = ready(view_corridors, "view_corridors", kind="line", code="corridor_code", crs=houses.crs)
    views = _Views(lines, width_m, aside)
    shapes = flat(houses.geometry.to_numpy())
    height, ground = numbers_in(houses, "buildings", "height_m", aside), _levels(houses, "ground_m")
    view, house = shapely.STRtree(shapes).query(views.areas, predicate="intersects")
    ends = views.points[view]
    apart = ~shapely.intersects(shapes[house], ends[:, 0]) & ~shapely.intersects(shapes[house], ends[:, 1])
    view, house = view[apart], house[apart]
    # Heights over the ground of the eye; where no levels are given, over a ground taken for flat.
    sloping = views.sloping[view]
    base = np.where(sloping, ground[house] - views.eye_ground[view], 0.0)
    blocked, nearest, sight = views.blocked(view, shapes[house], base + height[house])
    known = ~np.isnan(base + height[house])
    told = ~known | (shapely.area(blocked) > _ROUNDING_M2)
    view, house, blocked, known = view[told], house[told], blocked[told], known[told]
    across = views.across(view, blocked)
    share = _shares(np.arange(len(view)), across, views.width[view])
    together = _shares(view, across, views.width)
    codes = code_text(lines["corridor_code"]).to_numpy(dtype=object)
    sight_m = np.where(known, sight[told] - base[told], np.nan)
    order = np.lexsort(
        (
            code_text(houses["building_code"]).to_numpy(dtype=object)[house].astype(str),
            nearest[told],
            codes[view].astype(str),
        )
    )
    rows = sound.iloc[house[order]]

    def text(values: NDArray[Any]) -> pd.Series:
        return pd.Series(values[order], index=rows.index, dtype="str")

    answers: dict[str, Any] = {
        "corridor_code": text(codes[view]),
        "status": text(np.where(known, "exceeds", "cannot_be_judged")),
        "sight_m": sight_m[order],
        "blocks_m": (height[house] - sight_m)[order],
        "width_share": np.where(known, share, np.nan)[order],
        "corridor_share": together[view][order],
        "distance_m": nearest[told][order],
    }
    return aside.told_in(with_who_answers(with_answers(rows, answers), zones, streets, at=at))


class _Views:
    """Corridors as numbers: where they begin, in which direction, how long, wide and high the sight is."""

    def __init__(self, lines: gpd.GeoDataFrame, width_m: float | None, aside: SetAside) -> None:
        shapes = shapely.line_merge(flat(lines.geometry.to_numpy()))
        ends = np.stack([shapely.get_point(shapes, 0), shapely.get_point(shapes, -1)], axis=1)
        straight = shapely.is_missing(ends).any(axis=1) | (
            shapely.length(shapes) > 1.0001 * shapely.distance(ends[:, 0], ends[:, 1])
        )
        if straight.any():
            raise InputError(
                tr(
                    "view_corridors: {count} of {all} rows are not one straight line from the viewpoint to "
                    "the target ({rows})",
                    count=int(straight.sum()),
                    all=len(lines),
                    rows=name_rows(lines.index[straight]),
                )
            )
        self.points = ends
        begin, end = (shapely.get_coordinates(ends[:, at]) for at in (0, 1))
        self.begin, self.length = begin, np.hypot(*(end - begin).T)
        self.along = (end - begin) / self.length[:, None]
        self.aside = self.along[:, ::-1] * [-1.0, 1.0]
        self.width = self._widths(lines, width_m, aside)
        eye = numbers_in(lines, "view_corridors", "eye_m", aside) if "eye_m" in lines else np.nan
        self.eye = np.where(np.isnan(eye), _EYE_M, eye) + np.zeros(len(lines))
        levels = [_levels(lines, name) for name in ("eye_ground_m", "target_ground_m")]
        self.sloping = ~np.isnan(levels[0]) & ~np.isnan(levels[1])
        self.eye_ground = levels[0]
        rise = np.where(self.sloping, levels[1] - levels[0], 0.0)
        self.top = numbers_in(lines, "view_corridors", "target_m", aside) + rise
        self.areas = self._strips(np.arange(len(lines)), np.zeros(len(lines)), self.length)

    def _widths(self, lines: gpd.GeoDataFrame, width_m: float | None, aside: SetAside) -> NDArray[np.float64]:
        own = np.full(len(lines), np.nan)
        if "width_m" in lines:
            own = numbers_in(lines, "view_corridors", "width_m", aside)
        width = own if width_m is None else np.where(np.isnan(own), width_m, own)
        if not (width > 0).all():
            raise InputError(
                tr(
                    "view_corridors: {count} of {all} rows have no width ({rows}); fill width_m, or give "
                    "width_m=",
                    count=int((~(width > 0)).sum()),
                    all=len(lines),
                    rows=name_rows(lines.index[~(width > 0)]),
                )
            )
        return width

    def _strips(self, view: Any, begin: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[Any]:
        """Return the corridors from so many metres to so many."""
        half = self.aside[view] * self.width[view, None] / 2
        near, far = (self.begin[view] + self.along[view] * at[:, None] for at in (begin, end))
        return np.asarray(
            shapely.polygons(np.stack([near - half, far - half, far + half, near + half], axis=1))
        )

    def blocked(
        self, view: NDArray[np.int64], shapes: NDArray[Any], top: NDArray[np.float64]
    ) -> tuple[NDArray[Any], NDArray[np.float64], NDArray[np.float64]]:
        """Return what of each building rises above the sight, how far off it begins, and the least sight.

        The sight climbs or falls evenly: what is higher than it somewhere is so up to one distance, or from
        there on. Of a building of unknown height all that is in the corridor is returned.
        """
        slope = (self.top - self.eye)[view] / self.length[view]
        whole = self.length[view]
        with np.errstate(divide="ignore", invalid="ignore"):
            even = np.clip((top - self.eye[view]) / slope, 0.0, whole)
        level = np.where(top > self.eye[view], whole, 0.0)
        begin = np.where(slope < 0, even, 0.0)
        end = np.where(slope > 0, even, np.where(slope < 0, whole, level))
        unknown = np.isnan(top)
        begin, end = np.where(unknown, 0.0, begin), np.where(unknown, whole, end)
        pieces = shapely.intersection(shapes, self._strips(view, begin, end))
        first, last = self._reach(view, pieces, self.along)
        sight = self.eye[view] + slope * np.where(slope < 0, last, first)
        return pieces, first, sight

    def _reach(
        self, view: NDArray[np.int64], pieces: NDArray[Any], axis: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return from where to where pieces reach along an axis of their corridor; NaN for nothing."""
        coords, row = shapely.get_coordinates(pieces, return_index=True)
        at = ((coords - self.begin[view[row]]) * axis[view[row]]).sum(axis=1)
        first, last = np.full(len(pieces), np.inf), np.full(len(pieces), -np.inf)
        np.minimum.at(first, row, at)
        np.maximum.at(last, row, at)
        none = np.isinf(first)
        return np.where(none, np.nan, first), np.where(none, np.nan, last)

    def across(self, view: NDArray[np.int64], blocked: NDArray[Any]) -> pd.DataFrame:
        """Return from where to where the parts of each piece reach across the corridor."""
        parts, of = shapely.get_parts(blocked, return_index=True)
        first, last = self._reach(view[of], parts, self.aside)
        half = self.width[view[of]] / 2
        return pd.DataFrame({"piece": of, "from_m": first + half, "to_m": last + half})


def _shares(
    group: NDArray[np.int64], across: pd.DataFrame, width: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return which share of a width the pieces of each group take together."""
    grouped = across.assign(line=group[across["piece"].to_numpy()]).drop(columns="piece").dropna()
    metres = joined_lengths(grouped, ["line"])
    taken = np.bincount(metres["line"].astype(np.int64), weights=metres["metres"], minlength=len(width))
    return np.asarray(np.minimum(taken / width, 1.0))


def _levels(layer: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """Read levels of the ground, which may be below zero; NaN where there is none."""
    if column not in layer:
        return np.full(len(layer), np.nan)
    return pd.to_numeric(layer[column], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
