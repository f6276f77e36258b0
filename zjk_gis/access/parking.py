"""Ground and people beyond the reach of parking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.values import code_text, name_values
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.layers.spec import folded
from zjk_gis.overlay.contents import people_inside
from zjk_gis.overlay.polygons import cover_of, largest_first, numbered, solid_pieces
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from pyproj import CRS

__all__ = ["parking_gaps", "public_lots"]

_PUBLIC = ("公共", "道路临时泊位")
_QUARTER_STEPS = 64  # a disc of 300 m falls short of the circle by at most 2 cm
_TOUCH_M = 0.01


@checked
def parking_gaps(
    region: gpd.GeoDataFrame,
    lots: gpd.GeoDataFrame,
    *,
    within_m: float = 300.0,
    barriers: gpd.GeoDataFrame | None = None,
    estates: gpd.GeoDataFrame | None = None,
    min_area_m2: float = 100.0,
    lot_kinds: Sequence[str] = (),
    also: Sequence[str] = (),
    never: Sequence[str] = (),
    strict: bool = False,
) -> gpd.GeoDataFrame:
    """Find the ground from which no parking lot (停车场) is within reach, and how many people live there.

    Parameters
    ----------
    region : GeoDataFrame
        Polygons that should be served, such as the built-up area (适用城区).
    lots : GeoDataFrame
        Points or polygons. Where they have ``lot_kind``, only those open to the public serve, as
        `public_lots` picks them; without that column all do.
    within_m : float, default 300.0
        The service radius, as a **straight line** from the lot.
    barriers : GeoDataFrame, optional
        Polygons that cannot be crossed, such as a river. They cut the disc of a lot, and only the part that
        holds the lot is served; bridges are not considered. They need no service themselves.
    estates : GeoDataFrame, optional
        Polygons (居住小区) with ``population``, to count people.
    min_area_m2 : float, default 100.0
        Smaller gaps are dropped, and counted in ``attrs``.
    lot_kinds, also, never : sequence of str, optional
        Which lots are open to the public, see `public_lots`.
    strict : bool, default False
        Refuse estates that cannot be counted, instead of setting them aside.

    Returns
    -------
    GeoDataFrame
        One row a gap, the largest first, in the metric CRS it was measured in: that of `region` if metric,
        otherwise the CGCS2000 3-degree zone of its centre. Columns:

        - ``gap_code`` (text): ``P001``, ``P002``, ...;
        - ``area_m2`` (float64);
        - ``people`` (int64, only with `estates`): each estate's population by the share of its area that lies
          in the gap. Rounded so that the sum over all gaps is the rounded total.

        ``attrs["dropped_below_min_area"]`` and ``attrs["dropped_hairlines"]`` tell ``count`` and ``area_m2``
        of what was dropped; ``attrs["lots_in_barriers"]`` lists lots that serve nothing because they lie in
        a barrier; ``attrs["lots_not_public"]`` lists those that are closed to the public or do not say what
        they are; ``attrs["estates_without_population"]`` counts estates that could not be taken into account,
        and ``attrs["set_aside"]`` lists those with a wrong population or no sound shape, and lots whose kind
        is not understood.

    Raises
    ------
    MissingColumnError
        If `estates` has no ``population``, or `lots` no ``lot_code`` where lots are named.
    EmptyLayerError
        If `region` or `lots` has no rows.
    CRSError
        If a layer has no CRS.
    GeometryError
        If rows have no geometry, an invalid one or one of the wrong kind; the message names them.
    InputError
        If a distance is negative, no kind of lot is understood, or `strict` is set and a population is not a
        number of at least 0 or the kind of a lot is not understood.

    Notes
    -----
    The service radius of 300 m follows GB/T 51149, quoted from practice and not checked against its text:
    set `within_m` to what your city requires. A straight line overstates access: the way on foot is longer.

    Examples
    --------
    A lot at the western end of a strip of 1,000 m by 100 m; a river at 100 m cuts its disc:

    >>> import geopandas as gpd
    >>> from shapely import Point, box
    >>> strip = gpd.GeoDataFrame(geometry=[box(0, 0, 1000, 100)], crs=4547)
    >>> lots = gpd.GeoDataFrame({"lot_code": ["T1"]}, geometry=[Point(0, 50)], crs=4547)
    >>> river = gpd.GeoDataFrame(geometry=[box(100, -500, 150, 500)], crs=4547)
    >>> estates = gpd.GeoDataFrame({"population": [300]}, geometry=[box(0, 0, 300, 100)], crs=4547)
    >>> parking_gaps(strip, lots, barriers=river, estates=estates)[["gap_code", "area_m2", "people"]]
      gap_code  area_m2  people
    0     P001  85000.0     150
    """
    require_amounts(within_m=within_m, min_area_m2=min_area_m2)
    region = ready(region, "region", kind="polygon")
    ground = cover_of(region.geometry.to_numpy())
    barrier: shapely.Geometry = shapely.MultiPolygon()
    if barriers is not None and len(barriers):
        barriers = ready(barriers, "barriers", kind="polygon", crs=region.crs)
        barrier = cover_of(barriers.geometry.to_numpy())
        ground = shapely.difference(ground, barrier)
    aside = SetAside(strict=strict)
    public = _open_to_all(lots, aside, lot_kinds, also, never)
    # Where all lots are closed to the public nothing is served; a layer without lots is refused.
    open_lots = lots[public] if public.any() else lots
    places, labels = _places(open_lots, region.crs)
    served, idle = _served(places, within_m, barrier)
    if not public.any():
        served, idle = shapely.MultiPolygon(), np.zeros(len(places), dtype=bool)
    pieces, dropped = solid_pieces(
        shapely.difference(ground, served), min_area_m2=min_area_m2, min_width_m=_TOUCH_M
    )
    pieces = pieces[largest_first(pieces)]
    columns: dict[str, Any] = {
        "gap_code": pd.Series(numbered("P", len(pieces)), dtype="str"),
        "area_m2": shapely.area(pieces),
    }
    unknown = 0
    if estates is not None:
        columns["people"], unknown = people_inside(pieces, estates, "estates", region.crs, aside)
    gaps = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(pieces, crs=region.crs), crs=region.crs)
    gaps.attrs |= dropped
    gaps.attrs["lots_in_barriers"] = [label for label, lost in zip(labels, idle, strict=True) if lost]
    gaps.attrs["lots_not_public"] = lots.index[~public].tolist()
    gaps.attrs["estates_without_population"] = unknown
    return aside.told_in(gaps)


@checked
def public_lots(
    lots: gpd.GeoDataFrame,
    *,
    lot_kinds: Sequence[str] = (),
    also: Sequence[str] = (),
    never: Sequence[str] = (),
) -> gpd.GeoDataFrame:
    """Return the parking lots that are open to the public (公共停车场 and 道路临时泊位).

    Parameters
    ----------
    lots : GeoDataFrame
        With ``lot_kind``.
    lot_kinds : sequence of str, optional
        Values of ``lot_kind`` that are open to the public; by default 公共 and 道路临时泊位.
    also, never : sequence of str, optional
        Codes of lots that are, or are not, whatever their kind, by ``lot_code``.

    Returns
    -------
    GeoDataFrame
        Without the lots for a firm's or an estate's own use (专用), nor those whose kind is not known, of
        which ``attrs["set_aside"]`` tells.

    Raises
    ------
    MissingColumnError
        If there is no ``lot_kind``, or no ``lot_code`` where lots are named.
    InputError
        If no value of ``lot_kind`` is understood, or one of `lot_kinds` is not.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> lots = gpd.GeoDataFrame(
    ...     {"lot_code": ["T1", "T2"], "lot_kind": ["公共", "专用"]},
    ...     geometry=[Point(0, 0), Point(9, 9)],
    ...     crs=4547,
    ... )
    >>> public_lots(lots)["lot_code"].tolist(), public_lots(lots, also=["T2"])["lot_code"].tolist()
    (['T1'], ['T1', 'T2'])
    """
    require_columns(lots, "lots", "lot_kind")
    aside = SetAside()
    return aside.told_in(lots[_open_to_all(lots, aside, lot_kinds, also, never)].copy())


def _kinds_meant(kinds: Sequence[str]) -> tuple[str, ...]:
    """Return the values that are meant; refuse one that is none."""
    field = CATALOGUE["parking_lots"].field("lot_kind")
    known = field.spellings()
    unknown = [kind for kind in kinds if folded(kind) not in known]
    if unknown:
        raise InputError(
            tr(
                "lot_kinds: {told}",
                told=name_values(
                    {kind: [at] for at, kind in enumerate(kinds) if kind in unknown}, field, None
                ),
            )
        )
    return tuple(known[folded(kind)] for kind in kinds)


def _open_to_all(
    lots: gpd.GeoDataFrame, aside: SetAside, kinds: Sequence[str], also: Sequence[str], never: Sequence[str]
) -> NDArray[np.bool_]:
    """Tell which lots are open to the public; all, where none says what it is for lack of a column."""
    public = _kinds_meant(kinds) if kinds else _PUBLIC
    if "lot_kind" not in lots:
        return np.ones(len(lots), dtype=bool)
    told = aside.coded(lots, CATALOGUE["parking_lots"].field("lot_kind"), "lots")
    is_open: NDArray[np.bool_] = told.isin(public).to_numpy(dtype=bool)
    if also or never:
        require_columns(lots, "lots", "lot_code")
        codes = code_text(lots["lot_code"])
        is_open = is_open | codes.isin(list(also)).to_numpy(dtype=bool)
        is_open = is_open & ~codes.isin(list(never)).to_numpy(dtype=bool)
    return is_open


def _places(lots: gpd.GeoDataFrame, crs: CRS) -> tuple[NDArray[Any], list[object]]:
    """Return the shapes of the lots, points first, and their index labels."""
    is_point = (lots.geom_type == "Point").to_numpy()
    points, areas = lots[is_point], lots[~is_point]
    ready_rows = []
    if len(points):
        ready_rows.append(ready(points, "lots", kind="point", crs=crs))
    if len(areas) or not len(lots):  # no lots at all are refused like any empty layer
        ready_rows.append(ready(areas, "lots", kind="polygon", crs=crs))
    shapes = np.concatenate([rows.geometry.to_numpy() for rows in ready_rows])
    return shapes, [*points.index.tolist(), *areas.index.tolist()]


def _served(
    places: NDArray[Any], within_m: float, barrier: shapely.Geometry
) -> tuple[shapely.Geometry, NDArray[np.bool_]]:
    """Unite what the lots serve, each on its own side of the barrier; tell which serve nothing."""
    discs = shapely.buffer(places, within_m, quad_segs=_QUARTER_STEPS)
    shapely.prepare(barrier)
    cut = shapely.intersects(barrier, discs)
    discs[cut] = shapely.difference(discs[cut], barrier)
    parts, lot = shapely.get_parts(discs, return_index=True)
    reached = shapely.dwithin(parts, places[lot], _TOUCH_M)
    idle = np.ones(len(places), dtype=bool)
    idle[lot[reached]] = False
    return cover_of(parts[reached]), idle
