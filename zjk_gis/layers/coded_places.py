"""Rows held against the district, street or community that their codes begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from zjk_gis.crs import as_metric, convert_crs
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.shapes import cleaned, has_shape
from zjk_gis.layers.values import converted
from zjk_gis.standards.schemes import scheme_of

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.layers.problems import Problems
    from zjk_gis.layers.spec import LayerSpec

__all__ = ["check_coded_places"]

_PLACES = (("communities", "community"), ("streets", "street"), ("districts", "district"))
_ENOUGH = 0.99  # of a polygon's area: borders of grids and communities are drawn separately


def check_coded_places(
    problems: Problems, layer: gpd.GeoDataFrame, spec: LayerSpec, layers: dict[str, gpd.GeoDataFrame]
) -> None:
    """List the rows that do not lie in the place their code names, by the finest layer given.

    Points and lines must touch the place; polygons must have 99 % of their area in it.
    """
    scheme = scheme_of(spec.field(spec.code).scheme)
    parts = [(name, part) for name, part in _PLACES if scheme.span(part) is not None and scheme.name != part]
    given = [(name, part) for name, part in parts if name in layers]
    if not given:
        problems.not_checked.append(f"in_coded_place: layers={{{parts[0][0]!r}: ...}}")
        return
    if spec.code not in layer.columns:
        return
    name, part = given[0]
    begin = (scheme.span("district") or (0, 0))[0]
    end = (scheme.span(part) or (0, 0))[1]
    codes, wrong = converted(layer[spec.code], spec.field(spec.code))
    whole = ~wrong & codes.str.fullmatch(rf"[0-9]{{{scheme.digits}}}", na=False).to_numpy(dtype=bool)
    shapes = layer.geometry.to_numpy()
    usable = whole & has_shape(shapes) & shapely.is_valid(shapes)
    prefixes = codes.str[begin:end]
    places = _Places(layers[name], name, layer)
    known = prefixes.isin(places.codes).to_numpy(dtype=bool)
    problems.add(
        usable & ~known,
        spec.code,
        "place_not_in_layer",
        values=codes,
        words=[{"layer": name, "place": each} for each in prefixes[usable & ~known]],
    )
    at = np.flatnonzero(usable & known)
    share, elsewhere = places.shares(layer.geometry.iloc[at], prefixes.iloc[at].to_numpy(dtype=object))
    astray = share < _ENOUGH
    wrongly = np.zeros(len(layer), dtype=bool)
    wrongly[at[astray]] = True
    words = [
        _words(each, own, where)
        for each, own, where in zip(share[astray], prefixes.iloc[at[astray]], elsewhere[astray], strict=True)
    ]
    problems.add(wrongly, spec.code, "in_coded_place", values=codes, words=words)


def _words(share: float, own: str, where: str) -> dict[str, object]:
    if share <= 0:
        zh, en = f"不在 {own} 内", f"lies outside {own}"
    else:
        zh, en = f"只有 {100 * share:.1f} % 在 {own} 内", f"only {100 * share:.1f} % of it lies in {own}"
    if where:
        zh, en = f"{zh},而在 {where}", f"{en}, most in {where}" if share > 0 else f"{en}, in {where}"
    return {"reason_zh": zh, "reason_en": en}


class _Places:
    """The places of a layer, in the CRS of the rows to be held against them."""

    def __init__(self, places: gpd.GeoDataFrame, name: str, layer: gpd.GeoDataFrame) -> None:
        self._metric = as_metric(layer, "the layer").crs
        metric = convert_crs(places, self._metric, name=name)
        shapes, _ = cleaned(metric.geometry.to_numpy())
        codes, _ = converted(metric[CATALOGUE[name].code], CATALOGUE[name].field(CATALOGUE[name].code))
        usable = codes.notna().to_numpy(dtype=bool) & has_shape(shapes) & shapely.is_valid(shapes)
        self.codes: NDArray[np.object_] = codes[usable].to_numpy(dtype=object)
        self._shapes = shapes[usable]
        self._tree = shapely.STRtree(self._shapes)

    def shares(
        self, rows: gpd.GeoSeries, prefixes: NDArray[np.object_]
    ) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
        """Return how much of each row lies in the place of its prefix, and where its middle lies instead."""
        shapes = convert_crs(rows, self._metric, name="the layer").to_numpy()
        row, place = self._tree.query(shapes, predicate="intersects")
        own = self.codes[place] == prefixes[row]
        share = np.zeros(len(shapes))
        areal = shapely.get_dimensions(shapes) == 2
        share[row[own & ~areal[row]]] = 1.0
        row_in, place_in = self._tree.query(shapes[areal], predicate="covered_by")
        row_in = np.flatnonzero(areal)[row_in]
        share[row_in[self.codes[place_in] == prefixes[row_in]]] = 1.0
        partly = own & areal[row] & (share[row] < 1)
        pieces = shapely.area(shapely.intersection(shapes[row[partly]], self._shapes[place[partly]]))
        np.add.at(share, row[partly], pieces / shapely.area(shapes[row[partly]]))
        elsewhere = np.full(len(shapes), "", dtype=object)
        astray = np.flatnonzero(share < _ENOUGH)
        if len(astray):
            middles = shapely.point_on_surface(shapes[astray])
            found, where = self._tree.query(middles, predicate="intersects")
            order = np.lexsort((self.codes[where].astype("U32"), found))[::-1]
            elsewhere[astray[found[order]]] = self.codes[where[order]]
        return share, elsewhere
