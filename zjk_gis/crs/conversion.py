"""From one coordinate system to another, without pretending to know what nobody stated.

PROJ has no parameters between Xi'an 80, Beijing 54 and CGCS2000 for this part of China: it converts by a
«ballpark» transformation, that is by leaving longitude and latitude as they are, without a word.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from zjk_gis.arguments import checked
from zjk_gis.crs.requirements import require_crs
from zjk_gis.crs.systems import datum_of, title_of
from zjk_gis.crs.vertices import projected, without_measures
from zjk_gis.errors import CRSError
from zjk_gis.read_report import report_of
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from pyproj import CRS

    _Layer = TypeVar("_Layer", gpd.GeoDataFrame, gpd.GeoSeries)

__all__ = ["convert_crs", "datum_warning", "require_same_datum", "with_remarks"]

_GROUND = frozenset({"cgcs2000", "wgs84"})  # the same within centimetres to decimetres
_OLD = frozenset({"xian80", "beijing54"})
_SHIFTED = frozenset({"gcj02", "bd09"})


@checked
def convert_crs(layer: _Layer, crs: Any, *, name: str = "", accept_error: bool = False) -> _Layer:
    """Convert a layer to another coordinate system, or say why that cannot be done truly.

    Parameters
    ----------
    layer : GeoDataFrame or GeoSeries
    crs : optional
        The system wanted: a code such as ``4547``, or anything pyproj understands.
    name : str, optional
        What the layer is called in errors.
    accept_error : bool, default False
        Convert from or to Xi'an 80 or Beijing 54 without parameters all the same.

    Returns
    -------
    GeoDataFrame or GeoSeries
        The layer itself if it is in this system already; heights are as they were, measures (M) left out.
        Where an error was accepted, ``attrs["report"].remarks`` says how large it is.

    Raises
    ------
    CRSError
        If the layer has no CRS; if its datum and the one wanted differ and one is Xi'an 80 or Beijing 54
        (unless `accept_error`, or the CRS carries its own parameters as a bound CRS); or if one is GCJ-02 or
        BD-09, which only `zjk_gis.convert_datum` leaves.

    Notes
    -----
    Without parameters the result is tens of metres beside the truth (common knowledge of the field,
    confidence M). Parameters come from control points: see `fit_similarity` and `fit_helmert7`.

    Examples
    --------
    >>> import geopandas as gpd
    >>> old = gpd.GeoSeries.from_xy([574000], [4520000], crs=2383)
    >>> convert_crs(old, 4547, name="manholes")
    Traceback (most recent call last):
    zjk_gis.errors.CRSError: manholes: is in Xi'an 80 (西安80) and would be tens of metres wrong in CGCS2000
    without parameters; ...
    >>> converted = convert_crs(old, 4547, accept_error=True)
    >>> converted.crs.to_epsg(), converted.attrs["report"].remarks
    (4547, ["the layer: converted from Xi'an 80 (西安80) to CGCS2000 without parameters, as accepted: tens of
    metres wrong"])
    """
    from pyproj import CRS

    name = name or tr("the layer")
    own = require_crs(layer, name)
    wanted = CRS.from_user_input(crs)
    if own == wanted:
        return layer
    accepted = _needs_parameters(own, wanted) and accept_error
    if not accepted:
        require_same_datum(own, wanted, name)
    # With measures, GeoPandas would turn the heights into none.
    converted: _Layer = projected(without_measures(layer), wanted)
    if accepted:
        remark = tr(  # how far: well known in the field (confidence M); it differs from place to place
            "{name}: converted from {source} to {target} without parameters, as accepted: tens of metres "
            "wrong",
            name=name,
            source=_title(own),
            target=_title(wanted),
        )
        with_remarks(converted, [remark])
    return converted


def with_remarks(layer: gpd.GeoDataFrame | gpd.GeoSeries, remarks: Sequence[str], **facts: Any) -> None:
    """Tell in the report of a layer, made here, what was done to it; that of the layer it came from stays.

    Parameters
    ----------
    layer : GeoDataFrame or GeoSeries
    remarks : sequence of str
        What a person should know.
    **facts
        Further fields of the report.
    """
    before = report_of(layer)
    report = replace(before, remarks=[*before.remarks, *remarks], **facts)
    layer.attrs = {**layer.attrs, "report": report}


@checked
def require_same_datum(own: CRS, wanted: CRS, name: str) -> None:
    """Refuse a conversion between datums that nobody stated the parameters of.

    Parameters
    ----------
    own, wanted : pyproj.CRS
    name : str
        What the layer is called in the error.

    Raises
    ------
    CRSError
        See `convert_crs`.
    """
    for crs in (own, wanted):
        datum = datum_of(crs)
        if datum in _SHIFTED and datum_of(own) != datum_of(wanted):
            raise CRSError(
                tr(
                    "{name}: cannot go from {title} to {title_2} by a change of CRS; use "
                    "zjk_gis.convert_datum(layer, source=..., target=...)",
                    name=name,
                    title=_title(own),
                    title_2=_title(wanted),
                )
            )
    if _needs_parameters(own, wanted):
        raise CRSError(
            tr(
                "{name}: is in {title} and would be tens of metres wrong in {title_2} without "
                "parameters; fit them to control points (zjk_gis.crs.fit_similarity, fit_helmert7) and apply "
                "these, or accept the error with zjk_gis.crs.convert_crs(layer, ..., "
                "accept_error=True)",
                name=name,
                title=_title(own),
                title_2=_title(wanted),
            )
        )


def datum_warning(crs: CRS, name: str) -> str | None:
    """Say of a layer that is just being read what its datum will stand in the way of; None if nothing.

    Parameters
    ----------
    crs : pyproj.CRS
    name : str
        What the layer is called.

    Examples
    --------
    >>> from pyproj import CRS
    >>> datum_warning(CRS(2383), "wells.shp")
    "wells.shp: is in Xi'an 80 (西安80); in CGCS2000 it would be tens of metres wrong without parameters (see
    zjk_gis.crs.fit_similarity)"
    >>> datum_warning(CRS(4547), "wells.shp")
    """
    datum = datum_of(crs)
    if datum in _OLD and not crs.is_bound:
        return tr(
            "{name}: is in {datum}; in CGCS2000 it would be tens of metres wrong without parameters (see "
            "zjk_gis.crs.fit_similarity)",
            name=name,
            datum=title_of(datum),
        )
    if datum in _SHIFTED:
        return tr(
            "{name}: is in {datum}, shifted from the ground (see zjk_gis.convert_datum)",
            name=name,
            datum=title_of(datum),
        )
    return None


def _needs_parameters(own: CRS, wanted: CRS) -> bool:
    """Tell whether an old datum is left or entered, and neither system brings parameters."""
    datums = {datum_of(own), datum_of(wanted)}
    if own.is_bound or wanted.is_bound or len(datums) == 1 or datums <= _GROUND:
        return False
    return bool(datums & _OLD)


def _title(crs: CRS) -> str:
    datum = datum_of(crs)
    return crs.name if datum is None else title_of(datum)
