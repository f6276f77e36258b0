"""The overlay of every day: rows of one layer with the codes of another, and how much.

What is asked differs, what holds does not: no row is lost and none comes twice unasked; layers in two
coordinate systems are brought to one; a border belongs to one side; amounts add up.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.crs import convert_crs, require_crs, require_layer
from zjk_gis.engine import PolygonIndex
from zjk_gis.errors import EmptyLayerError, InputError, MissingColumnError
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.metric import ready, require_amounts, require_reach
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.results import spec_in
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.layers.shapes import flat, has_shape, point_coordinates
from zjk_gis.layers.versions import zones_at
from zjk_gis.overlay.sharing import Shared, counted_once, measures, shared_amounts
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["How", "overlay_layers", "overlay_totals"]

How = Literal["share", "within", "crossing", "nearest"]

_AMOUNT = ("count", "length_m", "area_m2")  # by dimension
_KIND: tuple[Literal["point"], Literal["line"], Literal["polygon"]] = ("point", "line", "polygon")
_CHIEF = ("chief_code", "chief_name")
_ROUNDING = 1e-9
_FOUND = ("none", "inside", "border", "partial", "crossing", "nearest")
_NONE, _INSIDE, _BORDER, _PARTIAL, _CROSSING, _NEAREST = range(len(_FOUND))


def overlay_layers(
    a: gpd.GeoDataFrame,
    b: gpd.GeoDataFrame,
    how: How = "share",
    *,
    once: bool = False,
    split: bool = False,
    code: str | None = None,
    columns: Sequence[str] | None = None,
    within_m: float = float("inf"),
    least: float = 0.01,
    at: str | dt.date | None = None,
    level: int | str | None = None,
    strict: bool = False,
) -> gpd.GeoDataFrame:
    """Give the rows of one layer the codes of another: which zone a pipe lies in, and how much of it.

    Parameters
    ----------
    a : GeoDataFrame
        The rows that are asked about: points, lines or polygons, mixed as they come.
    b : GeoDataFrame
        The layer that answers, with a column of codes.
    how : {"share", "within", "crossing", "nearest"}, default "share"
        What is asked of each row of `a`:

        - ``share``: how it is divided among the areas of `b`: points one by one, lines by length, polygons by
          area, with a row for what lies in none;
        - ``within``: which area of `b` it lies in as a whole;
        - ``crossing``: what of `b` it meets, and over how much of it: an area that it enters, a line that it
          crosses (``count`` times) or runs along, a point that it holds;
        - ``nearest``: which row of `b` is nearest.
    once : bool, default False
        Every row of `a` exactly once, with the row of `b` that has most of it; ``candidates`` says how many
        others there are.
    split : bool, default False
        With ``share``: the geometry of each row is the piece that lies in the area, so that a pipe is cut at
        the borders of zones.
    code : str, optional
        The column of codes of `b`; by default that of its layer in the catalogue.
    columns : sequence of str, optional
        Other columns of `b` to bring along; by default ``chief_code`` and ``chief_name`` where they are.
    within_m : float, optional
        With ``nearest``: how far a row of `b` may be, inclusive; by default any distance.
    least : float, default 0.01
        With ``share``: pieces of less (m, or m² of polygons) are how borders were drawn; they count with the
        largest piece of their row, and nothing is lost.
    at : date or str, optional
        The day that is judged, by ``valid_from`` and ``valid_to`` of `b`; by default rows of all times.
    level : int or str, optional
        The level of the hierarchy of `b`, a number or word; by default the finest; ``"any"`` takes all.
    strict : bool, default False
        Refuse rows of `a` that have no sound shape, instead of giving them back without an answer.

    Returns
    -------
    GeoDataFrame
        The rows of `a` in their order, under their index and in their CRS, one for each row of `b` that
        answers and at least one for each row of `a`, with

        - ``row`` (int64): the position in `a`;
        - the code of `b` and the columns brought along, missing where nothing answers;
        - ``found`` (text): ``inside`` (all of it), ``partial``, ``border`` (a point on it), ``crossing``,
          ``nearest`` or ``none``;
        - ``count`` (Int64), ``length_m`` and ``area_m2`` (float64), those that the kinds of `a` need: how
          much lies there. With ``crossing`` of a line, ``count`` is how often they meet;
        - ``share`` (float64): of the whole row, with ``share`` and ``within``;
        - ``distance_m`` (float64), with ``nearest``;
        - ``candidates`` (int64): how many rows of `b` the row of `a` meets.

        Columns of `a` with these names are kept as ``<name>_recorded``. ``attrs["set_aside"]`` lists the rows
        of `a` without a sound shape: they come back with ``none``. `overlay_totals` sums the result.

    Raises
    ------
    MissingColumnError
        If `b` has no column of codes, or none of those to bring along.
    EmptyLayerError
        If a layer has no rows.
    CRSError
        If a layer has no CRS, or the two cannot be brought together truly.
    GeometryError
        If rows of `b` have no geometry, an invalid one, or one of another kind than the others.
    InputError
        If `how` is not one of the four, `b` has no areas where they are needed, or a number is wrong.

    Notes
    -----
    Ground that several rows of `b` claim counts once, for the smallest of them and then the lowest code, so
    that amounts add up to those of `a`; ``candidates`` tells. A point on a border counts for one of the
    neighbours by the same rule. Measured in the CRS of `b` if that is metric, otherwise in the CGCS2000
    3-degree zone of its centre. Beside `geopandas.sjoin`: that doubles rows on borders, loses those without a
    match or, asked to keep them, does not say how much, and only warns of two coordinate systems.

    Examples
    --------
    A pipe of 40 m through two zones and 10 m beyond them:

    >>> import geopandas as gpd
    >>> from shapely import LineString, box
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["A", "B"]}, geometry=[box(0, 0, 10, 10), box(10, 0, 30, 10)], crs=4547
    ... )
    >>> pipes = gpd.GeoDataFrame(
    ...     {"pipe_code": ["P1"]}, geometry=[LineString([(0, 5), (40, 5)])], crs=4547
    ... )
    >>> overlay_layers(pipes, zones)[["pipe_code", "zone_code", "found", "length_m", "share"]]
      pipe_code zone_code    found  length_m  share
    0        P1         A  partial      10.0   0.25
    0        P1         B  partial      20.0   0.50
    0        P1       NaN     none      10.0   0.25
    >>> overlay_layers(pipes, zones, once=True)[["pipe_code", "zone_code", "length_m", "candidates"]]
      pipe_code zone_code  length_m  candidates
    0        P1         B      20.0           2
    """
    _check_options(how, split=split, least=least, within_m=within_m)
    asked = _Asked(a, strict=strict)
    answering = _Answering(b, code, columns, at, level)
    if how in ("share", "within") and len(answering) and answering.dimension != 2:
        raise InputError(
            tr("b: its rows are not areas; how={how!r} needs areas, crossing and nearest do not", how=how)
        )
    shapes = asked.in_crs(answering.crs)
    found = [
        _pairs(how, shapes[rows], dimension, answering, within_m, least).of_rows(rows)
        for dimension, rows in asked.by_dimension(shapes)
    ]
    pairs = _with_every_row(_Pairs.joined(found), len(a))
    order = answering.order[pairs.other]
    pairs = _most_of_each(pairs, order) if once else pairs.sorted_by(order)
    return asked.answered(pairs, answering, how, shapes if split else None)


def overlay_totals(overlaid: gpd.GeoDataFrame, by: str | Sequence[str] | None = None) -> pd.DataFrame:
    """Sum an overlay by zone, street or anything else: how many rows, what length, how much ground.

    Parameters
    ----------
    overlaid : GeoDataFrame
        From `overlay_layers`.
    by : str or sequence of str, optional
        The columns to sum by; by default the code of the layer that answered.

    Returns
    -------
    DataFrame
        One row a group, sorted, what lies nowhere last: the columns of `by`, ``rows`` (int64, rows of the
        first layer that have something there), the amounts that the overlay has, and ``share`` (float64) of
        the longest, largest or most numerous of them in all. Amounts add up to those of the layer; ``rows``
        does not where rows lie in several groups.

    Raises
    ------
    MissingColumnError
        If there is no such column.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point, box
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["A", "B"]}, geometry=[box(0, 0, 10, 10), box(10, 0, 30, 10)], crs=4547
    ... )
    >>> wells = gpd.GeoDataFrame(geometry=[Point(5, 5), Point(10, 5), Point(99, 5)], crs=4547)
    >>> overlay_totals(overlay_layers(wells, zones))
      zone_code  rows  count     share
    0         A     2      2  0.666667
    1       NaN     1      1  0.333333
    """
    keys = [overlaid.attrs["code"]] if by is None else [by] if isinstance(by, str) else list(by)
    lacking = [key for key in keys if key not in overlaid]
    if lacking:
        raise MissingColumnError(
            tr(
                "{name}: no column {column!r}; its columns are {columns}",
                name="overlaid",
                column=lacking[0],
                columns=", ".join(map(str, overlaid.columns)),
            )
        )
    amounts = [name for name in _AMOUNT if name in overlaid]
    table = pd.DataFrame(overlaid[[*keys, "row", *amounts]])
    groups = table.groupby(keys, dropna=False, sort=True)
    totals = groups["row"].nunique().to_frame("rows").join(groups[amounts].sum()).reset_index()
    main = totals[amounts[-1]].to_numpy(dtype=np.float64)
    return totals.assign(share=main / main.sum() if main.sum() else np.nan)


def _check_options(how: str, *, split: bool, least: float, within_m: float) -> None:
    if how not in get_args(How):
        raise InputError(tr("how must be one of {ways}, not {how!r}", ways=listed(get_args(How)), how=how))
    if split and how != "share":
        raise InputError(tr("split=True needs how='share', not {how!r}", how=how))
    require_amounts(least=least)
    require_reach(within_m=within_m)


class _Asked:
    """The rows that are asked about, and which of them have a shape that can be asked."""

    def __init__(self, layer: gpd.GeoDataFrame, *, strict: bool) -> None:
        require_layer(layer, "a")
        if not len(layer):
            raise EmptyLayerError(
                tr("{name}: the layer is empty; nothing could be answered from it", name="a")
            )
        require_crs(layer, "a")
        self.layer = layer
        self.aside = SetAside(strict=strict)
        shapes = layer.geometry.to_numpy()
        missing = ~has_shape(shapes)
        invalid = ~missing & ~shapely.is_valid(shapes)
        if strict and (missing | invalid).any():
            for dimension in range(3):  # refused by the house's check, which names the rows
                rows = shapely.get_dimensions(shapes) == dimension
                ready(layer[rows | missing], "a", kind=_KIND[dimension])
        reasons = np.select([missing, invalid], ["no_geometry", "invalid_geometry"], "")
        self.aside.note(layer, "a", missing | invalid, reasons, pd.Series("", index=layer.index))
        self.usable = ~(missing | invalid)

    def in_crs(self, crs: Any) -> NDArray[Any]:
        """Return the usable shapes in a CRS, the others as None."""
        rows = self.layer.geometry if self.usable.all() else self.layer.geometry[self.usable]
        moved = convert_crs(gpd.GeoDataFrame(geometry=rows), crs, name="a").geometry.to_numpy()
        shapes = np.full(len(self.layer), None, dtype=object)
        shapes[self.usable] = flat(moved)
        return shapes

    def by_dimension(self, shapes: NDArray[Any]) -> list[tuple[int, NDArray[np.int64]]]:
        """Return the dimensions that the usable shapes have, and the positions of each."""
        dimension = np.where(self.usable, shapely.get_dimensions(shapes), -1)
        return [(each, np.flatnonzero(dimension == each)) for each in range(3) if (dimension == each).any()]

    def answered(
        self, pairs: _Pairs, answering: _Answering, how: str, cut: NDArray[Any] | None
    ) -> gpd.GeoDataFrame:
        """Return the rows of the layer, a row for each pair, with what was found."""
        rows = self.layer
        if len(pairs.row) != len(rows) or (np.diff(pairs.row) != 1).any():
            rows = rows.iloc[pairs.row]
        answers: dict[str, Any] = {"row": pairs.row} | answering.brought(pairs.other)
        answers["found"] = pd.array(np.array(_FOUND, dtype=object), dtype="str").take(pairs.found)
        if how == "nearest":
            answers["distance_m"] = pairs.distance
        else:
            if not np.isnan(pairs.count).all():
                answers["count"] = pd.Series(pairs.count).astype("Int64").array
            for dimension in (1, 2):
                here = pairs.dimension == dimension
                if here.any():
                    answers[_AMOUNT[dimension]] = np.where(here, pairs.amount, np.nan)
        if how in ("share", "within"):
            answers["share"] = pairs.share
        answers["candidates"] = pairs.candidates
        result = with_answers(rows, answers)
        if cut is not None:
            result = result.set_geometry(self._pieces(pairs, answering, cut), crs=self.layer.crs)
        result.attrs["code"] = answering.code
        return self.aside.told_in(result)

    def _pieces(self, pairs: _Pairs, answering: _Answering, shapes: NDArray[Any]) -> NDArray[Any]:
        """Cut each row to what lies in its area, after what areas of lower rank have taken."""
        pieces: NDArray[Any] = self.layer.geometry.to_numpy()[pairs.row].copy()
        partial = np.flatnonzero((pairs.candidates > 0) & (pairs.share < 1 - _ROUNDING))
        if not len(partial):
            return pieces
        row, other = pairs.row[partial], pairs.other[partial]
        rank = np.where(other < 0, len(answering), np.append(answering.rank, 0)[other])
        ours = np.full(len(partial), None, dtype=object)
        before, left = -1, None
        for k in np.lexsort((rank, row)).tolist():
            if row[k] != before:
                before, left = row[k], shapes[row[k]]
            if other[k] < 0:
                ours[k] = left
            else:
                ours[k] = shapely.intersection(left, answering.shapes[other[k]])
                left = shapely.difference(left, answering.shapes[other[k]])
        moved = gpd.GeoDataFrame(geometry=gpd.GeoSeries(ours, crs=answering.crs))
        pieces[partial] = convert_crs(moved, self.layer.crs, name="a").geometry.to_numpy()
        return pieces


class _Answering:
    """The layer that answers: its rows of the day, their codes and who comes first."""

    def __init__(
        self,
        layer: gpd.GeoDataFrame,
        code: str | None,
        columns: Sequence[str] | None,
        at: str | dt.date | None,
        level: int | str | None,
    ) -> None:
        require_layer(layer, "b")
        spec = spec_in(map(str, layer.columns)) if code is None else None
        self.code = code if spec is None else spec.code
        if self.code is None:
            raise MissingColumnError(
                tr(
                    "b: no column of codes that the catalogue knows; its columns are {columns}. "
                    "Name it with code=",
                    columns=", ".join(map(str, layer.columns)),
                )
            )
        dimensions = np.unique(shapely.get_dimensions(layer.geometry.to_numpy()))
        self.dimension = int(dimensions.max(initial=0))
        layer = ready(layer, "b", kind=_KIND[max(self.dimension, 0)], code=self.code, named_by="code")
        self.crs = layer.crs
        rows = zones_at(layer, at, level=level)
        self.codes = code_text(rows[self.code]).to_numpy(dtype=object)
        self.shapes = flat(rows.geometry.to_numpy())
        bring = [name for name in _CHIEF if name in rows] if columns is None else list(columns)
        lacking = [name for name in bring if name not in rows]
        if lacking:
            raise MissingColumnError(
                tr(
                    "{name}: no column {column!r}; its columns are {columns}",
                    name="b",
                    column=lacking[0],
                    columns=", ".join(map(str, rows.columns)),
                )
            )
        self.others = rows[[name for name in bring if name != self.code]]
        # Who answers where several do: the smallest, then the lowest code.
        size = np.round(measures(self.shapes, self.dimension), 6)
        codes = self.codes.astype(str)
        self.rank = _places(np.lexsort((np.arange(len(rows)), codes, size)))
        # In which order they are listed: by code; what nothing answers comes last, as -1 finds it.
        self.order = np.append(_places(np.lexsort((self.rank, codes))), len(rows))

    def __len__(self) -> int:
        return len(self.shapes)

    def brought(self, other: NDArray[np.int64]) -> dict[str, Any]:
        """Return the code and the other columns for rows of this layer; missing where there is none (-1)."""
        codes = pd.array(self.codes, dtype="str")
        found: dict[str, Any] = {str(self.code): codes.take(other, allow_fill=True)}
        for name in self.others:
            found[name] = self.others[name].array.take(other, allow_fill=True)
        return found


def _places(order: NDArray[np.intp]) -> NDArray[np.int64]:
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return place


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Rows that are asked about, what answers (-1 nothing), how it was found and how much it is."""

    row: NDArray[np.int64]
    other: NDArray[np.int64]
    found: NDArray[np.int8]
    amount: NDArray[np.float64]
    dimension: NDArray[np.int8]
    share: NDArray[np.float64]
    count: NDArray[np.float64]
    distance: NDArray[np.float64]
    candidates: NDArray[np.int64]

    @classmethod
    def of(cls, row: NDArray[Any], found: int | NDArray[Any], **others: Any) -> _Pairs:
        """Return pairs; what is not given is not known, and one value stands for all."""
        plain = {"other": -1, "amount": np.nan, "dimension": -1, "share": np.nan, "count": np.nan,
                 "distance": np.nan, "candidates": 0}  # fmt: skip
        kinds = {"other": np.int64, "found": np.int8, "dimension": np.int8, "candidates": np.int64}
        values = plain | {"found": found} | others
        columns = {
            name: np.array(np.broadcast_to(value, len(row)), dtype=kinds.get(name, np.float64))
            for name, value in values.items()
        }
        return cls(row=np.asarray(row, np.int64), **columns)

    @classmethod
    def joined(cls, several: Sequence[_Pairs]) -> _Pairs:
        """Return pairs one behind the other."""
        if len(several) == 1:
            return several[0]
        parts = [*several, cls.of(np.empty(0, np.int64), _NONE)]
        return cls(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)))

    def taken(self, which: NDArray[Any]) -> _Pairs:
        """Return some of the pairs, or all in another order."""
        return _Pairs(*(getattr(self, f.name)[which] for f in fields(self)))

    def of_rows(self, rows: NDArray[np.int64]) -> _Pairs:
        """Return the same pairs, their rows numbered as in the whole layer."""
        return replace(self, row=rows[self.row])

    def sorted_by(self, order: NDArray[np.int64]) -> _Pairs:
        """Return the pairs by row, and within it in an order."""
        if (np.diff(self.row) > 0).all():
            return self
        return self.taken(np.lexsort((order, self.row)))


def _pairs(
    how: str,
    shapes: NDArray[Any],
    dimension: int,
    answering: _Answering,
    within_m: float,
    least: float,
) -> _Pairs:
    """Pair shapes of one dimension with what answers."""
    if not len(answering):
        return _nowhere(np.arange(len(shapes)), measures(shapes, dimension), dimension)
    if how == "nearest":
        return _nearest(shapes, answering, within_m)
    if how == "crossing" and answering.dimension < 2:
        return _crossings(shapes, dimension, answering)
    if dimension == 0 and how != "crossing":
        return _points_in_areas(shapes, answering)
    return _shares(how, shapes, dimension, answering, least)


def _nowhere(
    row: NDArray[Any], amount: NDArray[np.float64], dimension: int, share: Any = 1.0, candidates: Any = 0
) -> _Pairs:
    count = 1.0 if dimension == 0 else np.nan
    return _Pairs.of(
        row, _NONE, amount=amount, dimension=dimension, share=share, count=count, candidates=candidates
    )


def _points_in_areas(shapes: NDArray[Any], answering: _Answering) -> _Pairs:
    """Give each point to one area: one that it lies strictly inside, else one that it touches."""
    located = PolygonIndex(answering.shapes, rank=answering.rank).locate(*point_coordinates(shapes))
    return _Pairs.of(
        np.arange(len(shapes)),
        np.array([_NONE, _INSIDE, _BORDER])[located.found],
        other=located.row,
        amount=1.0,
        dimension=0,
        share=1.0,
        count=1.0,
        candidates=located.count,
    )


def _shares(how: str, shapes: NDArray[Any], dimension: int, answering: _Answering, least: float) -> _Pairs:
    """Divide each shape among the areas that hold it, and what is left over."""
    shared = shared_amounts(shapes, answering.shapes)
    candidates = np.bincount(shared.shape, minlength=len(shapes))
    size = measures(shapes, dimension)
    if how == "within":
        shared = _kept(shared, shared.whole)
        first = np.lexsort((answering.rank[shared.area], shared.shape))
        shared = _kept(shared, first[np.unique(shared.shape[first], return_index=True)[1]])
    elif how == "share":
        shared = counted_once(shared, shapes, answering.shapes, answering.rank)
        shared = _without_slivers(shared, size, least)
    share = shared.amount / np.where(size > 0, size, 1.0)[shared.shape]
    pairs = _Pairs.of(
        shared.shape,
        np.where(share >= 1 - _ROUNDING, _INSIDE, _PARTIAL),
        other=shared.area,
        amount=shared.amount,
        dimension=dimension,
        share=share,
        count=1.0 if dimension == 0 else np.nan,
        candidates=candidates[shared.shape],
    )
    if how == "crossing":
        return pairs
    rest = size - np.bincount(shared.shape, weights=shared.amount, minlength=len(shapes))
    over = np.flatnonzero(rest > np.maximum(_ROUNDING * size, least if how == "share" else 0.0))
    beyond = _nowhere(over, rest[over], dimension, rest[over] / size[over], candidates[over])
    return _Pairs.joined([pairs, beyond])


def _kept(shared: Shared, which: NDArray[Any]) -> Shared:
    return Shared(shared.shape[which], shared.area[which], shared.amount[which], shared.whole[which])


def _without_slivers(shared: Shared, size: NDArray[np.float64], least: float) -> Shared:
    """Give pieces of less than `least` to the largest piece of their row, and what is missing of it, too."""
    if not len(shared.shape):
        return shared
    amount = shared.amount.copy()
    order = np.lexsort((shared.area, -amount, shared.shape))
    first = order[np.unique(shared.shape[order], return_index=True)[1]]
    largest = np.full(int(shared.shape.max()) + 1, -1, np.int64)
    largest[shared.shape[first]] = first
    small = (amount < least) & (largest[shared.shape] != np.arange(len(amount)))
    np.add.at(amount, largest[shared.shape[small]], amount[small])
    amount[small] = 0.0
    rest = size - np.bincount(shared.shape, weights=amount, minlength=len(size))
    hair = (rest[shared.shape[first]] > 0) & (rest[shared.shape[first]] <= least)
    amount[first[hair]] += rest[shared.shape[first[hair]]]
    return _kept(Shared(shared.shape, shared.area, amount, shared.whole), ~small)


def _crossings(shapes: NDArray[Any], dimension: int, answering: _Answering) -> _Pairs:
    """Pair shapes with the lines or points that they meet: how often, and over what length."""
    row, other = shapely.STRtree(answering.shapes).query(shapes, predicate="intersects")
    common = shapely.intersection(shapes[row], answering.shapes[other])
    parts, pair = shapely.get_parts(common, return_index=True)
    inner, outer = shapely.get_parts(parts, return_index=True)
    is_point = shapely.get_dimensions(inner) == 0
    times = np.bincount(pair[outer][is_point], minlength=len(row)).astype(np.float64)
    if dimension == 2 and answering.dimension == 1:  # a line through ground is there once
        times[:] = 1.0
    along = dimension > 0 and answering.dimension == 1
    return _Pairs.of(
        row,
        _CROSSING,
        other=other,
        amount=shapely.length(common) if along else np.nan,
        dimension=int(along),
        count=times,
        candidates=np.bincount(row, minlength=len(shapes))[row],
    )


def _nearest(shapes: NDArray[Any], answering: _Answering, within_m: float) -> _Pairs:
    """Pair each shape with the nearest row; of equally near ones with the first by code."""
    (row, other), distance = shapely.STRtree(answering.shapes).query_nearest(
        shapes, return_distance=True, max_distance=None if np.isinf(within_m) else within_m + _ROUNDING
    )
    near = distance <= within_m
    row, other, distance = row[near], other[near], distance[near]
    candidates = np.bincount(row, minlength=len(shapes))[row]
    order = np.lexsort((answering.order[other], row))
    first = order[np.unique(row[order], return_index=True)[1]]
    return _Pairs.of(
        row[first], _NEAREST, other=other[first], distance=distance[first], candidates=candidates[first]
    )


def _with_every_row(pairs: _Pairs, number: int) -> _Pairs:
    """Add the rows that nothing answers, so that none is lost."""
    lost = np.flatnonzero(np.bincount(pairs.row, minlength=number) == 0)
    return _Pairs.joined([pairs, _Pairs.of(lost, _NONE)]) if len(lost) else pairs


def _most_of_each(pairs: _Pairs, order: NDArray[np.int64]) -> _Pairs:
    """Keep for each row what has most of it; what answers comes before what does not."""
    if (np.diff(pairs.row) > 0).all():
        return pairs
    most = np.nan_to_num(np.where(np.isnan(pairs.amount), pairs.count, pairs.amount)).round(9)
    by_row = np.lexsort((order, -most, pairs.other < 0, pairs.row))
    return pairs.taken(by_row[np.unique(pairs.row[by_row], return_index=True)[1]])
