"""Positions fixed, but only those that a list of problems names: swapped axes, GCJ-02 and BD-09."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.coordinates.datum_evidence import SHIFT_TITLES
from zjk_gis.coordinates.datums import shift
from zjk_gis.coordinates.positions import check_positions, claimed_degrees, declared_datum
from zjk_gis.crs import CGCS2000
from zjk_gis.crs.conversion import with_remarks
from zjk_gis.crs.systems import in_china
from zjk_gis.errors import InputError, MissingColumnError, name_rows
from zjk_gis.layers.labels import label
from zjk_gis.words import language, tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PositionReview", "fix_positions", "review_positions"]

_REPAIRABLE = ("swapped_axes", *SHIFT_TITLES)
_OF_DATUM = ("source", "road_name")  # the columns by which a row tells its datum


@checked
def fix_positions(points: gpd.GeoDataFrame, problems: pd.DataFrame) -> gpd.GeoDataFrame:
    """Fix the swapped axes and the GCJ-02 and BD-09 positions that a list of problems names, no others.

    Parameters
    ----------
    points : GeoDataFrame
        The points that were checked.
    problems : DataFrame
        From `check_positions`, perhaps with rows taken out.

    Returns
    -------
    GeoDataFrame
        A copy with the geometry fixed and the column ``position_fix`` (text): empty where nothing was
        done, otherwise ``swapped_axes``, ``gcj02``, ``bd09`` or such as ``swapped_axes;gcj02``. Columns of
        coordinates stay as they were read. ``attrs["report"].not_fixed`` names the rows of every problem
        that cannot be fixed; a row whose axes were fixed while its datum is undecided is among them.

    Raises
    ------
    InputError
        If a listed row is not there, is there twice, is listed as GCJ-02 and as BD-09, was converted
        before (by this function, or on reading as its datum was declared: a second conversion would move it
        again), or is listed as GCJ-02 or BD-09 without its swapped axes.

    Examples
    --------
    >>> points = gpd.GeoDataFrame(geometry=gpd.points_from_xy([114.88, 40.82], [40.82, 114.88]), crs=4490)
    >>> fixed = fix_positions(points, check_positions(points))
    >>> fixed.geometry.x.tolist(), fixed["position_fix"].tolist()
    ([114.88, 114.88], ['', 'swapped_axes'])
    """
    missing = [name for name in ("row", "problem") if name not in problems]
    if missing:
        raise MissingColumnError(
            tr("problems: no column {missing!r}; pass what check_positions returned", missing=missing[0])
        )
    done = (
        points["position_fix"].fillna("") if "position_fix" in points else pd.Series("", index=points.index)
    )
    masks = {kind: _rows_to_fix(points, problems, kind, done) for kind in _REPAIRABLE}
    degrees = claimed_degrees(points, problems.attrs.get("lon"), problems.attrs.get("lat"))
    x, y = degrees.axes_right(masks["swapped_axes"])
    _refuse_impossible(points, masks, x, y)
    for datum in SHIFT_TITLES:
        rows = masks[datum]
        x[rows], y[rows] = shift(x[rows], y[rows], source=datum, target="wgs84")
    fixed = np.logical_or.reduce([masks[kind] for kind in _REPAIRABLE])
    result = points.copy()
    shapes = points.geometry.to_numpy().copy()
    made, heights = _in_crs_of(points, x[fixed], y[fixed]), shapely.get_z(shapes[fixed])
    solid = np.isfinite(heights)
    made[solid] = shapely.force_3d(made[solid], heights[solid])
    shapes[fixed] = made
    result[points.geometry.name] = gpd.GeoSeries(shapes, index=points.index, crs=points.crs)
    notes = done.to_numpy(dtype=object)
    for kind in _REPAIRABLE:
        notes = np.where(masks[kind], np.where(notes == "", kind, notes + f";{kind}"), notes)
    result["position_fix"] = pd.Series(notes, index=points.index, dtype="str")
    left = problems[~problems["problem"].isin(_REPAIRABLE)]
    not_fixed = {str(kind): rows["row"].tolist() for kind, rows in left.groupby("problem", sort=True)}
    told = [
        tr(
            "{count} rows are not fixed: {kind} ({rows})",
            count=len(rows),
            kind=label(kind, language()),
            rows=name_rows(rows),
        )
        for kind, rows in not_fixed.items()
    ]
    with_remarks(result, told, not_fixed=not_fixed)
    return result


@dataclass(frozen=True, slots=True)
class PositionReview:
    """Points whose positions were looked at.

    Attributes
    ----------
    points : GeoDataFrame
        As given, or fixed, with the column ``position_fix``.
    problems : dict of str to int
        How many rows have which problem (see `check_positions`).
    fixed : dict of str to int
        How many of them were fixed; empty if nothing was to be.
    lacking : str
        The column for want of which it was not judged whether positions are GCJ-02 or BD-09; empty if none.
    """

    points: gpd.GeoDataFrame
    problems: dict[str, int]
    fixed: dict[str, int]
    lacking: str = ""


@checked
def review_positions(
    points: gpd.GeoDataFrame, *, roads: gpd.GeoDataFrame | None = None, fix: bool = False
) -> PositionReview:
    """Look at the positions of points by whatever they say of themselves, and fix what can be, if asked to.

    Parameters
    ----------
    points : GeoDataFrame
        Such as incidents. Whether they are GCJ-02 or BD-09 is judged if they have the columns ``source`` and
        ``road_name``.
    roads : GeoDataFrame, optional
        As for `check_positions`.
    fix : bool, default False
        Whether to fix the problems found (see `fix_positions`).

    Returns
    -------
    PositionReview

    Raises
    ------
    CRSError
        If a layer has no CRS.
    GeometryError
        If rows are not points, or roads are not lines.

    Examples
    --------
    >>> points = gpd.GeoDataFrame(geometry=gpd.points_from_xy([114.88, 40.82], [40.82, 114.88]), crs=4490)
    >>> review = review_positions(points, fix=True)
    >>> review.problems, review.fixed, review.points.geometry.x.tolist()
    ({'swapped_axes': 1}, {'swapped_axes': 1}, [114.88, 114.88])
    """
    lacking = "" if roads is None else next((name for name in _OF_DATUM if name not in points), "")
    found = check_positions(points, roads=None if lacking else roads)
    counts = found["problem"].value_counts().sort_index()
    problems = {str(kind): int(count) for kind, count in counts.items()}
    if not fix:
        return PositionReview(points, problems, {}, lacking)
    points = fix_positions(points, found)
    fixes = points["position_fix"].str.split(";").explode()
    fixed = {kind: int((fixes == kind).sum()) for kind in problems}
    return PositionReview(points, problems, fixed, lacking)


def _refuse_impossible(
    points: gpd.GeoDataFrame,
    masks: dict[str, NDArray[np.bool_]],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
) -> None:
    """Refuse a list that contradicts itself, or what is known of the positions."""
    both = masks["gcj02"] & masks["bd09"]
    if both.any():
        raise InputError(
            tr(
                "problems: {rows} are listed as gcj02 and as bd09; leave one of the two",
                rows=name_rows(points.index[both]),
            )
        )
    nowhere = np.logical_or.reduce(list(masks.values())) & ~np.isfinite(x)
    if nowhere.any():
        raise InputError(
            tr(
                "points: {rows} have no position to fix; check these again",
                rows=name_rows(points.index[nowhere]),
            )
        )
    shifted = masks["gcj02"] | masks["bd09"]
    declared = declared_datum(points)
    if declared is not None and shifted.any():
        raise InputError(
            tr(
                "points: were read as {shift_titles}, as declared, so {rows} cannot be converted "
                "again; read them with another datum=",
                shift_titles=SHIFT_TITLES.get(declared, declared),
                rows=name_rows(points.index[shifted]),
            )
        )
    exchanged = shifted & in_china(y, x)
    if exchanged.any():
        raise InputError(
            tr(
                "problems: {rows} are listed as shifted, but their axes are swapped and not listed; "
                "list both, or neither",
                rows=name_rows(points.index[exchanged]),
            )
        )


def _in_crs_of(
    points: gpd.GeoDataFrame, lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> NDArray[np.object_]:
    """Make points of degrees in the CRS of the layer they belong to."""
    made: NDArray[np.object_] = np.asarray(shapely.points(lon, lat), dtype=object)
    if points.crs.is_geographic:
        return made
    projected: NDArray[np.object_] = gpd.GeoSeries(made, crs=CGCS2000).to_crs(points.crs).to_numpy()
    return projected


def _rows_to_fix(
    points: gpd.GeoDataFrame, problems: pd.DataFrame, kind: str, done: pd.Series
) -> NDArray[np.bool_]:
    """Find the rows that a list names, or refuse what would be moved twice."""
    labels = problems.loc[problems["problem"] == kind, "row"]
    if not len(labels):
        return np.zeros(len(points), dtype=bool)
    unknown = labels[~labels.isin(points.index)]
    if len(unknown):
        raise InputError(
            tr(
                "problems: {rows} of {kind} are not in points; check these points again",
                rows=name_rows(unknown),
                kind=kind,
            )
        )
    rows: NDArray[np.bool_] = points.index.isin(labels)
    if rows.any() and not points.index.is_unique:
        raise InputError(
            tr("points: index labels are there more than once; call .reset_index(drop=True) and check again")
        )
    alike = set(SHIFT_TITLES) if kind in SHIFT_TITLES else {kind}
    again = rows & done.str.split(";").map(lambda fixes: bool(alike & {*fixes})).to_numpy(dtype=bool)
    if again.any():
        raise InputError(
            tr(
                "points: {kind} was already fixed in {rows}; check these again",
                kind=kind,
                rows=name_rows(points.index[again]),
            )
        )
    return rows
