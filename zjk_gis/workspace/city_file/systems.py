"""The systems of a city: that in which its layers are kept, and that in which they are measured."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
from pyproj import CRS

from zjk_gis.crs import convert_crs
from zjk_gis.layers.catalogue import layer_name
from zjk_gis.layers.soundness import made_valid
from zjk_gis.read_report import report_of
from zjk_gis.words import language, tr

if TYPE_CHECKING:
    from zjk_gis.workspace.city_file.city import City

__all__ = ["converted", "measured", "stored"]


def converted(
    rows: gpd.GeoDataFrame, crs: Any, name: str, *, remarks: list[str] | None = None
) -> gpd.GeoDataFrame:
    """Convert rows, and mend the shapes that were sound and that rounding has made to cross themselves.

    How many those were is added to `remarks`.
    """
    result: gpd.GeoDataFrame = convert_crs(rows, crs, name=name)
    if result is rows:
        return rows
    crossed = ~result.geometry.is_valid.to_numpy()
    crossed[crossed] = rows.geometry[crossed].is_valid.to_numpy()
    if crossed.any():
        mended, _ = made_valid(gpd.GeoDataFrame(result[crossed]), name)
        result.loc[crossed, result.active_geometry_name] = mended.geometry
        if remarks is not None:
            remarks.append(
                tr(
                    "{layer}: {count:,} shapes that rounding made invalid were mended for the answers",
                    layer=layer_name(name, language()),
                    count=int(crossed.sum()),
                )
            )
    return result


def stored(rows: gpd.GeoDataFrame, city: City, name: str) -> gpd.GeoDataFrame:
    """Return rows in the system in which the city keeps layers, if it names one.

    Raises
    ------
    CRSError
        If they cannot be converted truly.
    """
    wanted = city.coordinates.store
    if not wanted or rows.crs is None or rows.crs == CRS.from_user_input(wanted):
        return rows
    return _with_report(rows, converted(rows, wanted, name))


def measured(layer: gpd.GeoDataFrame, city: City, name: str) -> gpd.GeoDataFrame:
    """Return a layer in the system in which the city measures, if it names one.

    Its report tells how many shapes were mended that rounding had made invalid.

    Raises
    ------
    CRSError
        If it cannot be converted truly.
    """
    wanted = city.coordinates.measure
    if not wanted or not isinstance(layer, gpd.GeoDataFrame) or layer.crs is None:
        return layer
    remarks: list[str] = []
    rows = _with_report(layer, converted(layer, wanted, name, remarks=remarks))
    if remarks:
        report = report_of(rows)
        rows.attrs["report"] = replace(report, remarks=[*report.remarks, *remarks])
    return rows


def _with_report(before: gpd.GeoDataFrame, rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    report = before.attrs.get("report")
    if report is not None:
        rows.attrs["report"] = report
    return rows
