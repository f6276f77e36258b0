"""Ground for which several answer."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.coverage.faces import faces_of, ready_zones
from zjk_gis.layers.ground import largest_first, numbered, solid_pieces_of, widths_of
from zjk_gis.layers.metric import require_amounts
from zjk_gis.layers.periods import validity_days
from zjk_gis.layers.versions import zones_at

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["overlapping_zones"]

_WHOLE = 1e-4  # the share of a zone that may stick out of another and still count as all of it inside


def overlapping_zones(
    zones: gpd.GeoDataFrame,
    *,
    code: str = "zone_code",
    at: str | dt.date | None = None,
    level: int | None = None,
    min_area_m2: float = 0.01,
    min_width_m: float = 0.01,
    sliver_width_m: float = 1.0,
) -> gpd.GeoDataFrame:
    """Find the pairs of zones that claim the same ground at the same time (责任重叠).

    Parameters
    ----------
    zones : GeoDataFrame
        Responsibility zones (责任区) or unit grids (单元网格), perhaps in several levels and versions.
    code : str, default "zone_code"
        The column with their codes.
    at : date or str, optional
        The day that is judged. By default all versions are held against each other, but never two whose
        validity periods (``valid_from``, ``valid_to``, both days included) have no day in common.
    level : int, optional
        The level of the hierarchy that is judged; by default the finest (the greatest ``level``).
    min_area_m2 : float, default 0.01
        Smaller pieces of overlap are dropped, and counted in ``attrs``.
    min_width_m : float, default 0.01
        What is nowhere wider is a hairline left by rounding. It is cut off and counted in ``attrs``. 0 keeps
        hairlines.
    sliver_width_m : float, default 1.0
        Overlaps of a smaller mean width are called slivers.

    Returns
    -------
    GeoDataFrame
        One row a pair of codes, the largest overlap first, in the metric CRS it was measured in: that of
        `zones` if metric, otherwise the CGCS2000 3-degree zone of its centre. Columns:

        - ``overlap_code`` (text): ``C001``, ``C002``, ...;
        - ``first_code`` and ``second_code`` (text): sorted; equal where two versions of one zone hold at the
          same time and share ground;
        - ``area_m2`` (float64): of the ground claimed by both;
        - ``width_m`` (float64): its mean width, twice the area by the perimeter;
        - ``reason`` (text): ``duplicate`` (both are the same ground), ``nested`` (one lies inside the
          other), ``sliver`` (narrower than `sliver_width_m`) or ``partial``.

        ``attrs["dropped_below_min_area"]`` and ``attrs["dropped_hairlines"]`` tell ``count`` and ``area_m2``
        of what was dropped.

    Raises
    ------
    MissingColumnError
        If `zones` lacks the column of codes.
    EmptyLayerError
        If it has no rows.
    CRSError
        If it has no CRS.
    GeometryError
        If rows have no geometry, an invalid one or no polygon; the message names them.
    InputError
        If a date cannot be read, there is no such level, or a threshold is negative.

    Notes
    -----
    A zone counts as all inside another if at most a ten-thousandth of its area sticks out.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["A", "B", "C"]},
    ...     geometry=[box(0, 0, 100, 100), box(90, 0, 200, 100), box(120, 20, 140, 40)],
    ...     crs=4547,
    ... )
    >>> overlapping_zones(zones)[["overlap_code", "first_code", "second_code", "area_m2", "reason"]]
      overlap_code first_code second_code  area_m2   reason
    0         C001          A           B   1000.0  partial
    1         C002          B           C    400.0   nested
    """
    require_amounts(min_area_m2=min_area_m2, min_width_m=min_width_m, sliver_width_m=sliver_width_m)
    zones = _overlaid(zones_at(ready_zones(zones, code=code), at, level=level))
    shapes = zones.geometry.to_numpy()
    codes = zones[code].astype(str).to_numpy(dtype=object)
    first, second = _pairs(zones, shapes, codes)
    rows, dropped = _by_codes(shapes, codes, first, second, min_area_m2=min_area_m2, min_width_m=min_width_m)
    overlaps = _describe(rows, sliver_width_m, zones)
    overlaps.attrs |= dropped
    return overlaps


def _overlaid(zones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Keep the zones that share ground with any other."""
    several = faces_of(zones.geometry.to_numpy()).several
    if several is None:
        return zones
    rows, _ = shapely.STRtree(several).query(zones.geometry.to_numpy(), predicate="intersects")
    return zones.iloc[np.unique(rows)]


def _pairs(
    zones: gpd.GeoDataFrame, shapes: NDArray[Any], codes: NDArray[np.object_]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find the rows whose interiors meet while both hold, each pair once, the lower code first."""
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    by_shape = shapely.to_wkb(shapes)
    place = np.empty(len(shapes), dtype=np.intp)
    place[sorted(range(len(shapes)), key=lambda row: (codes[row], by_shape[row]))] = range(len(shapes))
    once = place[one] < place[other]
    one, other = one[once], other[once]
    begins, ends = validity_days(zones, "zones")
    together = (begins[one] <= ends[other]) & (begins[other] <= ends[one])
    one, other = one[together], other[together]
    # Neighbours share a border alone: telling them apart first is three times as fast as intersecting all.
    meet = shapely.relate_pattern(shapes[one], shapes[other], "T********")
    one, other = one[meet], other[meet]
    order = np.lexsort((place[other], place[one]))
    return one[order], other[order]


def _by_codes(
    shapes: NDArray[Any],
    codes: NDArray[np.object_],
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    **thresholds: float,
) -> tuple[list[tuple[str, str, shapely.Geometry, str]], dict[str, dict[str, float]]]:
    """Find the ground that each pair of codes shares, in whichever of their versions, and how."""
    common = shapely.intersection(shapes[first], shapes[second])
    names, number = np.unique(codes, return_inverse=True)
    keys, group = np.unique(number[first] * len(names) + number[second], return_inverse=True)
    order, ends = np.argsort(group, kind="stable"), np.cumsum(np.bincount(group, minlength=len(keys)))
    pairs = np.split(order, ends)[:-1]
    grounds = np.empty(len(keys), dtype=object)
    for at, own in enumerate(pairs):
        grounds[at] = common[own[0]] if len(own) == 1 else shapely.union_all(common[own])
    pieces, owner, dropped = solid_pieces_of(grounds, **thresholds)
    starts = np.searchsorted(owner, np.arange(len(keys) + 1))
    rows = []
    for at, (begin, end) in enumerate(itertools.pairwise(starts.tolist())):
        if begin < end:
            overlap = pieces[begin] if end == begin + 1 else shapely.union_all(pieces[begin:end])
            own = pairs[at]
            how = _whole_share(shapes, first[own], second[own], common[own])
            one, other = divmod(int(keys[at]), len(names))
            rows.append((names[one], names[other], shapely.normalize(overlap), how))
    return rows, dropped


def _whole_share(
    shapes: NDArray[Any], first: NDArray[np.intp], second: NDArray[np.intp], common: NDArray[Any]
) -> str:
    """Say whether zones are the same, one is inside the other, or neither."""
    shared = shapely.area(common)
    whole_first = shared >= (1 - _WHOLE) * shapely.area(shapes[first])
    whole_second = shared >= (1 - _WHOLE) * shapely.area(shapes[second])
    if (whole_first & whole_second).any():
        return "duplicate"
    return "nested" if (whole_first | whole_second).any() else ""


def _describe(
    rows: Sequence[tuple[str, str, shapely.Geometry, str]], sliver_width_m: float, zones: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    columns = list(zip(*rows, strict=True)) or [()] * 4
    shapes = np.array([*columns[2], None], dtype=object)[:-1]  # the None keeps numpy from looking inside
    order = largest_first(shapes)
    first, second, how = (
        pd.Series(values, dtype="str").iloc[order].reset_index(drop=True)
        for values in (columns[0], columns[1], columns[3])
    )
    shapes = shapes[order]
    widths = widths_of(shapes)
    narrow = how.where(how != "", np.where(widths < sliver_width_m, "sliver", "partial"))
    return gpd.GeoDataFrame(
        {
            "overlap_code": pd.Series(numbered("C", len(shapes)), dtype="str"),
            "first_code": first,
            "second_code": second,
            "area_m2": shapely.area(shapes),
            "width_m": widths,
            "reason": narrow.astype("str"),
        },
        geometry=gpd.GeoSeries(shapes, crs=zones.crs),
        crs=zones.crs,
    )
