"""The overlay of every day: rows of one layer with the codes of another, and how much.

What is asked differs, what holds does not: no row is lost and none comes twice unasked; layers in two
coordinate systems are brought to one; a border belongs to one side; amounts add up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.crs import convert_crs
from zjk_gis.errors import InputError
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.metric import require_amounts, require_reach
from zjk_gis.layers.recorded import with_answers
from zjk_gis.overlay.answering import Answering
from zjk_gis.overlay.asked import Asked
from zjk_gis.overlay.pairs import FOUND, ROUNDING, Pairs, most_of_each, pairs_of, with_every_row
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["How", "overlay_layers", "overlay_totals"]

How = Literal["share", "within", "crossing", "nearest"]

_AMOUNT = ("count", "length_m", "area_m2")  # by dimension


@checked
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
    asked = _Asked(a, "a", strict=strict)
    answering = Answering(b, code, columns, at, level)
    if how in ("share", "within") and len(answering) and answering.dimension != 2:
        raise InputError(
            tr("b: its rows are not areas; how={how!r} needs areas, crossing and nearest do not", how=how)
        )
    shapes = asked.in_crs(answering.crs)
    found = [
        pairs_of(how, shapes[rows], dimension, answering, within_m, least).of_rows(rows)
        for dimension, rows in asked.by_dimension(shapes)
    ]
    pairs = with_every_row(Pairs.joined(found), len(a))
    order = answering.order[pairs.other]
    pairs = most_of_each(pairs, order) if once else pairs.sorted_by(order)
    return asked.answered(pairs, answering, how, shapes if split else None)


@checked
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
        does not where rows lie in several groups. An overlay without amounts, such as one of the nearest
        rows, has ``rows`` alone and no share. ``attrs["set_aside"]`` is that of the overlay.

    Raises
    ------
    MissingColumnError
        If there is no such column.
    InputError
        If `by` is not given and the frame does not tell which layer answered.

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
    if by is None and "code" not in overlaid.attrs:
        raise InputError(
            tr("overlaid: it is not known which layer answered; name the columns to sum by with by=")
        )
    keys = [overlaid.attrs["code"]] if by is None else [by] if isinstance(by, str) else list(by)
    require_columns(overlaid, "overlaid", *keys, "row")
    amounts = [name for name in _AMOUNT if name in overlaid]
    table = pd.DataFrame(overlaid[[*keys, "row", *amounts]])
    groups = table.groupby(keys, dropna=False, sort=True)
    totals = groups["row"].nunique().to_frame("rows").join(groups[amounts].sum()).reset_index()
    main = totals[amounts[-1]].to_numpy(dtype=np.float64) if amounts else np.zeros(len(totals))
    totals = totals.assign(share=main / main.sum() if main.sum() else np.nan)
    totals.attrs["set_aside"] = overlaid.attrs.get("set_aside", [])
    return totals


def _check_options(how: str, *, split: bool, least: float, within_m: float) -> None:
    if how not in get_args(How):
        raise InputError(tr("how must be one of {ways}, not {how!r}", ways=listed(get_args(How)), how=how))
    if split and how != "share":
        raise InputError(tr("split=True needs how='share', not {how!r}", how=how))
    require_amounts(least=least)
    require_reach(within_m=within_m)


class _Asked(Asked):
    """The rows that are asked about, and what is answered of them."""

    def answered(
        self, pairs: Pairs, answering: Answering, how: str, cut: NDArray[Any] | None
    ) -> gpd.GeoDataFrame:
        """Return the rows of the layer, a row for each pair, with what was found."""
        rows = self.layer
        if len(pairs.row) != len(rows) or (np.diff(pairs.row) != 1).any():
            rows = rows.iloc[pairs.row]
        answers: dict[str, Any] = {"row": pairs.row} | answering.brought(pairs.other)
        answers["found"] = pd.array(np.array(FOUND, dtype=object), dtype="str").take(pairs.found)
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

    def _pieces(self, pairs: Pairs, answering: Answering, shapes: NDArray[Any]) -> NDArray[Any]:
        """Cut each row to what lies in its area, after what areas of lower rank have taken."""
        pieces: NDArray[Any] = self.layer.geometry.to_numpy()[pairs.row].copy()
        partial = np.flatnonzero((pairs.candidates > 0) & (pairs.share < 1 - ROUNDING))
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
