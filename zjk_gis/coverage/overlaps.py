"""Ground for which several answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.coverage.rules import BY, MIN_AREA_M2, MIN_WIDTH_M, SLIVER_WIDTH_M, OverlapRules, rules_of
from zjk_gis.engine.widths.inscribed import greatest_widths
from zjk_gis.layers.columns.periods import validity_days
from zjk_gis.overlay.contents import contents_of
from zjk_gis.overlay.faces import Zones, divide
from zjk_gis.overlay.partition import sets_of
from zjk_gis.overlay.polygons import cover_of, largest_first, numbered, sides_of, solid_pieces_of

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

    from zjk_gis.overlay.faces import Divided

__all__ = ["overlap_shapes", "overlapping_zones", "overlaps_of"]

_WHOLE = 1e-4  # the share of a zone that may stick out of another and still count as all of it inside


@checked
def overlapping_zones(
    zones: gpd.GeoDataFrame,
    *,
    code: str = "zone_code",
    at: str | dt.date | None = None,
    level: int | str | None = None,
    min_area_m2: float = MIN_AREA_M2,
    min_width_m: float = MIN_WIDTH_M,
    sliver_width_m: float = SLIVER_WIDTH_M,
    by: Literal["pair", "set"] = BY,
    rules: OverlapRules | None = None,
    people: gpd.GeoDataFrame | None = None,
    buildings: gpd.GeoDataFrame | None = None,
    roads: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """Find the ground that several zones claim at the same time (责任重叠), and which.

    Parameters
    ----------
    zones : GeoDataFrame
        Responsibility zones (责任区) or unit grids (单元网格), perhaps in several levels and versions.
    code : str, default "zone_code"
        The column with their codes.
    at : date or str, optional
        The day that is judged. By default all versions are compared with each other, but never two whose
        validity periods (``valid_from``, ``valid_to``, both days included) have no day in common.
    level : int or str, optional
        The level of the hierarchy that is judged; by default the finest (the greatest ``level``).
    min_area_m2 : float, default 0.01
        Smaller pieces of overlap are dropped, and counted in ``attrs``.
    min_width_m : float, default 0.01
        What is nowhere wider is a hairline left by rounding. It is cut off and counted in ``attrs``. 0 keeps
        hairlines.
    sliver_width_m : float, default 1.0
        Overlaps nowhere wider than this are slivers.
    by : {"pair", "set"}, default "pair"
        Whether each pair of codes is a row, so that ground of three zones comes three times, or each set of
        codes, so that all ground comes once.
    rules : OverlapRules, optional
        The four options above as one value; an option said beside them has the last word.
    people, buildings, roads : GeoDataFrame, optional
        See `coverage_gaps`.

    Returns
    -------
    GeoDataFrame
        One row a pair or set of codes, the largest overlap first, in the metric CRS it was measured in: that
        of `zones` if metric, otherwise the CGCS2000 3-degree zone of its centre. Columns:

        - ``overlap_code`` (text): ``C001``, ``C002``, ...;
        - ``first_code`` and ``second_code`` (text): the first two, sorted; equal where two versions of one
          zone hold at the same time and share ground;
        - ``codes`` (text): all of them, sorted, joined by ``;``;
        - ``kind`` (text): ``duplicate`` (all are the same ground), ``nested`` (one is all inside),
          ``sliver`` (nowhere wider than `sliver_width_m`) or ``partial``;
        - ``area_m2`` (float64): of the ground claimed by all;
        - ``width_m``, ``mean_width_m`` and ``length_m`` (float64): see `coverage_gaps`;
        - ``first_share`` and ``second_share`` (float64): the share of each zone that it takes;
        - ``people``, ``buildings`` and ``road_m``, where such layers are given.

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
        If a date cannot be read, there is no such level, a threshold is negative, or `by` is not a choice.

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
    >>> overlaps = overlapping_zones(zones)
    >>> overlaps[["overlap_code", "codes", "kind", "area_m2", "first_share", "second_share"]]
      overlap_code codes     kind  area_m2  first_share  second_share
    0         C001   A;B  partial   1000.0     0.100000      0.090909
    1         C002   B;C   nested    400.0     0.036364      1.000000
    """
    rules = rules_of(
        OverlapRules,
        rules,
        min_area_m2=min_area_m2,
        min_width_m=min_width_m,
        sliver_width_m=sliver_width_m,
        by=by,
    )
    overlaps = overlaps_of(divide(zones, code=code, at=at, level=level), rules)
    return contents_of(overlaps, people=people, buildings=buildings, roads=roads)


def overlaps_of(divided: Divided, rules: OverlapRules) -> gpd.GeoDataFrame:
    """Find the ground that several zones claim; see `overlapping_zones`."""
    zones = _overlaid(divided)
    shapes, claims, dropped = _claimed(zones, rules)
    overlaps = _describe(shapes, claims, zones, divided, rules)
    overlaps.attrs |= dropped
    return overlaps


def overlap_shapes(divided: Divided, rules: OverlapRules) -> tuple[NDArray[Any], list[tuple[str, ...]]]:
    """Find the same ground, with the codes of each piece, and describe none of it."""
    shapes, claims, _ = _claimed(_overlaid(divided), rules)
    return shapes, claims.codes


def _claimed(zones: Zones, rules: OverlapRules) -> tuple[NDArray[Any], _Claims, dict[str, dict[str, float]]]:
    """Return the ground that several zones claim, who does, and an account of what is left out."""
    thresholds = {"min_area_m2": rules.min_area_m2, "min_width_m": rules.min_width_m}
    first, second = _pairs(zones)
    common = shapely.intersection(zones.shapes[first], zones.shapes[second])
    if rules.by == "set":
        grounds, members = sets_of(common, first, second)
    else:
        grounds, members = common, list(zip(first.tolist(), second.tolist(), strict=True))
    claims = _Claims.of(zones.codes, grounds, members)
    pieces, owner, dropped = solid_pieces_of(claims.grounds, **thresholds)
    starts = np.searchsorted(owner, np.arange(len(claims.grounds) + 1))
    kept = np.flatnonzero(np.diff(starts))
    shapes = np.empty(len(kept), dtype=object)
    for at, (begin, end) in enumerate(zip(starts[kept].tolist(), starts[kept + 1].tolist(), strict=True)):
        shapes[at] = pieces[begin] if end == begin + 1 else shapely.union_all(pieces[begin:end])
    return shapely.normalize(shapes), claims.take(kept), dropped


def _overlaid(divided: Divided) -> Zones:
    """Keep the zones that share ground with any other."""
    zones, several = divided.valid, divided.faces.several
    if several is None:
        return zones
    at, _ = shapely.STRtree(several).query(zones.shapes, predicate="intersects")
    at = np.unique(at)
    return Zones(zones.rows.iloc[at], zones.shapes[at], zones.codes[at])


def _pairs(zones: Zones) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find the rows whose interiors meet while both hold, each pair once, the lower code first."""
    shapes, codes = zones.shapes, zones.codes
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    by_shape = shapely.to_wkb(shapes)
    place = np.empty(len(shapes), dtype=np.intp)
    place[sorted(range(len(shapes)), key=lambda row: (codes[row], by_shape[row]))] = range(len(shapes))
    once = place[one] < place[other]
    one, other = one[once], other[once]
    begins, ends = validity_days(zones.rows, "zones")
    together = (begins[one] <= ends[other]) & (begins[other] <= ends[one])
    one, other = one[together], other[together]
    # Neighbours share a border alone: telling them apart first is three times as fast as intersecting all.
    meet = ~shapely.touches(shapes[one], shapes[other])
    one, other = one[meet], other[meet]
    order = np.lexsort((place[other], place[one]))
    return one[order], other[order]


@dataclass(frozen=True, slots=True)
class _Claims:
    """Ground by the codes that claim it, in whichever of their versions."""

    codes: list[tuple[str, ...]]
    grounds: NDArray[Any]
    members: list[list[tuple[int, ...]]]
    common: list[list[float]]

    @classmethod
    def of(cls, codes: NDArray[np.object_], grounds: NDArray[Any], members: list[tuple[int, ...]]) -> _Claims:
        """Unite the grounds of rows with the same codes."""
        by_codes: dict[tuple[str, ...], list[int]] = {}
        for at, rows in enumerate(members):
            by_codes.setdefault(tuple(sorted(codes[list(rows)].tolist())), []).append(at)
        names = sorted(by_codes)
        areas = shapely.area(grounds)
        united = np.empty(len(names), dtype=object)
        for at, name in enumerate(names):
            own = by_codes[name]
            united[at] = grounds[own[0]] if len(own) == 1 else shapely.union_all(grounds[own])
        return cls(
            names,
            united,
            [[members[at] for at in by_codes[name]] for name in names],
            [areas[by_codes[name]].tolist() for name in names],
        )

    def take(self, which: NDArray[np.intp]) -> _Claims:
        """Keep some of them."""
        return _Claims(
            [self.codes[at] for at in which],
            self.grounds[which],
            [self.members[at] for at in which],
            [self.common[at] for at in which],
        )

    def how(self, areas: NDArray[np.float64]) -> list[str]:
        """Say of each whether the zones are the same, one is all inside, or neither."""
        words = []
        for members, common in zip(self.members, self.common, strict=True):
            whole = [
                [shared >= (1 - _WHOLE) * areas[row] for row in rows]
                for rows, shared in zip(members, common, strict=True)
            ]
            nested = "nested" if any(map(any, whole)) else ""
            words.append("duplicate" if any(map(all, whole)) else nested)
        return words


def _describe(
    shapes: NDArray[Any], claims: _Claims, zones: Zones, divided: Divided, rules: OverlapRules
) -> gpd.GeoDataFrame:
    order = largest_first(shapes)
    shapes, claims = shapes[order], claims.take(order)
    areas, widths, (lengths, means) = shapely.area(shapes), greatest_widths(shapes), sides_of(shapes)
    kinds = [
        how or ("sliver" if width < rules.sliver_width_m else "partial")
        for how, width in zip(claims.how(shapely.area(zones.shapes)), widths.tolist(), strict=True)
    ]
    first, second = ([codes[at] for codes in claims.codes] for at in (0, 1))
    whole = _areas_by_code({*first, *second}, divided.valid)
    return gpd.GeoDataFrame(
        {
            "overlap_code": pd.Series(numbered("C", len(shapes)), dtype="str"),
            "first_code": pd.Series(first, dtype="str"),
            "second_code": pd.Series(second, dtype="str"),
            "codes": pd.Series([";".join(codes) for codes in claims.codes], dtype="str"),
            "kind": pd.Series(kinds, dtype="str"),
            "area_m2": areas,
            "width_m": widths,
            "mean_width_m": means,
            "length_m": lengths,
            "first_share": areas / np.array([whole[code] for code in first]),
            "second_share": areas / np.array([whole[code] for code in second]),
        },
        geometry=gpd.GeoSeries(shapes, crs=divided.crs),
        crs=divided.crs,
    )


def _areas_by_code(wanted: set[str], zones: Zones) -> dict[str, float]:
    """Return the area of the ground of each code, in all its rows."""
    rows = pd.Series(np.arange(len(zones.codes)), index=zones.codes)
    rows = rows[rows.index.isin(wanted)]
    areas = pd.Series(shapely.area(zones.shapes[rows.to_numpy()]), index=rows.index)
    several = rows.index.unique()[rows.groupby(level=0, sort=False).size().to_numpy() > 1]
    once = areas[~areas.index.isin(several)].to_dict()
    return once | {code: shapely.area(cover_of(zones.shapes[rows.loc[code].to_numpy()])) for code in several}
