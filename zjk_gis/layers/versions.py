"""The rows of a layer that count: sound ones, of one level, valid on a day.

Shared by every analysis that takes zones, so that all mean the same by «the zones of that day».
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np

from zjk_gis.arguments import checked
from zjk_gis.crs import require_crs, require_layer
from zjk_gis.errors import GeometryError, InputError, MissingColumnError, name_rows
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.columns.levels import ANY_LEVEL, choose_level
from zjk_gis.layers.columns.periods import day_of, validity_days
from zjk_gis.layers.columns.requirements import require_rows
from zjk_gis.layers.shapes import cleaned, has_place, has_shape
from zjk_gis.layers.soundness import faults_of, rows_named, tell_fault
from zjk_gis.layers.spec import AREAL, LINEAR, PUNCTUAL
from zjk_gis.words import language, listed, tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["check_layer", "of_level", "split_at", "zones_at"]

_LOG = logging.getLogger(__name__)
_KINDS = {"polygon": AREAL, "line": LINEAR, "point": PUNCTUAL}


def check_layer(
    layer: gpd.GeoDataFrame,
    name: str,
    *,
    kind: Literal["polygon", "line", "point"],
    code: str | None = None,
    named_by: str | None = None,
    invalid: Callable[[NDArray[Any]], NDArray[np.bool_]] | None = None,
) -> gpd.GeoDataFrame:
    """Refuse a layer that cannot give right answers, before any work begins.

    Parameters
    ----------
    layer : GeoDataFrame
    name : str
        What the layer is called in errors.
    kind : {"polygon", "line", "point"}
        What its geometry must be.
    code : str, optional
        A column that must be there and filled in every row.
    named_by : str, optional
        The argument by which the caller names that column; by default it has none.
    invalid : callable, optional
        Tells which of an array of geometries are invalid; by default GEOS is asked.

    Returns
    -------
    GeoDataFrame
        `layer` itself, or a copy without the empty rings and parts that some of its geometries have: they
        cover no ground, and GEOS comes to grief at them. The log tells which rows had any.

    Raises
    ------
    CRSError
        If the layer has no CRS.
    EmptyLayerError
        If it has no rows.
    MissingColumnError
        If it lacks the column of codes.
    InputError
        If rows have no code.
    GeometryError
        If rows have no geometry, one of another kind, one with a coordinate that is not a finite number, or
        an invalid one.
    """
    require_layer(layer, name)
    require_rows(layer, name)
    require_crs(layer, name)
    if code is not None:
        _check_codes(layer, name, code, named_by)
    shapes = layer.geometry
    missing = ~has_shape(shapes.to_numpy())
    refuse = _Refusal(layer, name, code)
    refuse(missing, "no_geometry", tr("have no geometry"), tr("draw them or drop them"))
    other = ~shapes.geom_type.isin(_KINDS[kind]).to_numpy()
    refuse(other, "other_geometry", *_other_kind(kind))
    layer = _without_empty_parts(layer, name)
    shapes = layer.geometry
    wrong = ~shapes.is_valid.to_numpy() if invalid is None else invalid(shapes.to_numpy())
    if wrong.any():
        refuse = _Refusal(layer, name, code)
        nowhere = ~has_place(shapes.to_numpy())
        what = tr("have a coordinate that is NaN or infinite")
        refuse(nowhere, "bad_coordinate", what, tr("redraw or drop them"))
        faults, places = faults_of(shapes.to_numpy())
        first = int(np.argmax(wrong))
        fault = tell_fault(faults[first], places[first], language())
        what = tr("are invalid (the first: {fault})", fault=fault)
        remedy = (
            tr("repair them, for instance with .make_valid()")
            if kind == "polygon"
            else tr("redraw or drop them")
        )
        refuse(wrong, faults, what, remedy, places)
    return layer


def of_level(
    zones: gpd.GeoDataFrame, level: int | str | None, name: str = "zones"
) -> tuple[gpd.GeoDataFrame, int | None]:
    """Keep the zones of one level of the hierarchy: the one asked for, or the finest.

    Parameters
    ----------
    zones : GeoDataFrame
        With or without a column `level`: numbers, of which a greater one is finer, or words of one order
        (一级, 二级; 区级, 街道级, 社区级).
    level : int, str or None
        A number, a word, or ``"any"``: the column does not steer, and zones of all levels are kept.
    name : str, default "zones"
        What the layer is called in errors.

    Returns
    -------
    zones : GeoDataFrame
        Those of the level, and those that name no level: they belong to every one.
    level : int or None
        The level kept; None where the layer has no levels or none is to be chosen.

    Raises
    ------
    InputError
        If there is no such level (the message lists those there are), values are not levels, or none was
        asked for and the levels do not make a hierarchy, so that the finest cannot answer for the others (see
        `zjk_gis.layers.columns.levels.choose_level`).
    """
    chosen = choose_level(zones, level, name)
    return (zones if chosen.kept.all() else zones[chosen.kept]), chosen.number


@checked
def zones_at(
    zones: gpd.GeoDataFrame, at: str | dt.date | None = None, *, level: int | str | None = None
) -> gpd.GeoDataFrame:
    """Return the zones of one level that are valid on a day.

    Parameters
    ----------
    zones : GeoDataFrame
        Zones, perhaps of several levels and in several versions.
    at : date or str, optional
        The day; by default versions of all times are kept.
    level : int or str, optional
        A number or a word, or ``"any"`` for all; by default the finest.

    Returns
    -------
    GeoDataFrame
        The rows that count, with their index and columns.

    Raises
    ------
    InputError
        If a date cannot be read or there is no such level.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["A", "A", "S"], "level": [2, 2, 1], "valid_to": ["2024-12-31", None, None]},
    ...     geometry=[box(0, 0, 5, 9), box(0, 0, 6, 9), box(0, 0, 9, 9)],
    ...     crs=4547,
    ... )
    >>> zones_at(zones, "2025-01-01").index.tolist()
    [1]
    """
    kept, _ = of_level(zones, level)
    if at is None:
        return kept
    begins, ends = validity_days(kept, "zones")
    day = day_of(at)
    return kept[(begins <= day) & (day <= ends)]


def split_at(
    zones: gpd.GeoDataFrame, at: str | dt.date | None = None, *, level: int | str | None = None
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Split the zones of one level into those valid on a day and the others.

    Parameters
    ----------
    zones : GeoDataFrame
    at : date or str, optional
        The day; by default zones of all times count as valid.
    level : int or str, optional
        A number or a word, or ``"any"`` for all; by default the finest.

    Returns
    -------
    valid, others : GeoDataFrame
        Numbered from 0 again, as index labels may repeat.

    Raises
    ------
    InputError
        If a date cannot be read or there is no such level.
    """
    kept, _ = of_level(zones, level)
    kept = kept.reset_index(drop=True)
    is_valid = kept.index.isin(zones_at(kept, at, level=ANY_LEVEL).index)
    return kept[is_valid], kept[~is_valid]


def _other_kind(kind: str) -> tuple[str, str]:
    """Say what shapes of another kind are, and what to do about them."""
    what = {"point": tr("are not points"), "line": tr("are not lines"), "polygon": tr("are not polygons")}
    return what[kind], tr("explode collections and keep the parts that are")


def _check_codes(layer: gpd.GeoDataFrame, name: str, code: object, named_by: str | None) -> None:
    if not isinstance(code, str):
        raise InputError(
            tr("{value} must be the name of a column, not {code!r:.100}", value=named_by or "code", code=code)
        )
    if code not in layer:
        fields = (field for spec in CATALOGUE.values() for field in spec.fields if field.name == code)
        known = next((field.names for field in fields), ())
        aliases = (
            tr(" (also accepted on reading: {names})", names=listed(known[1:])) if len(known) > 1 else ""
        )
        raise MissingColumnError(
            tr(
                "{name}: no column {code!r}{aliases}; its columns are {columns}. Rename yours{value}",
                name=name,
                code=code,
                aliases=aliases,
                columns=listed(layer.columns),
                value="" if named_by is None else tr(" or name it with {option}=", option=named_by),
            )
        )
    blank = (layer[code].isna() | (layer[code].astype(str).str.strip() == "")).to_numpy()
    if blank.any():
        raise InputError(
            tr(
                "{name}: {blank} of {layer_count} rows have no {code} ({rows}); fill them",
                name=name,
                blank=int(blank.sum()),
                layer_count=len(layer),
                code=code,
                rows=name_rows(layer.index[blank]),
            )
        )


def _without_empty_parts(layer: gpd.GeoDataFrame, name: str) -> gpd.GeoDataFrame:
    given = layer.geometry.to_numpy()
    shapes, hollow = cleaned(given)
    if shapes is given:
        return layer
    if hollow.any():
        rows = name_rows(layer.index[hollow])
        _LOG.warning(
            tr(
                "{name}: empty rings or parts are left out of {rows}; they cover no ground",
                name=name,
                rows=rows,
            )
        )
    result = layer.copy(deep=False)
    result[layer.active_geometry_name] = gpd.GeoSeries(shapes, index=layer.index, crs=layer.crs)
    return result


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Refuses a layer for some of its rows, and names them."""

    layer: gpd.GeoDataFrame
    name: str
    code: str | None

    def __call__(
        self,
        wrong: NDArray[np.bool_],
        fault: NDArray[np.object_] | str,
        what: str,
        remedy: str,
        places: NDArray[np.float64] | None = None,
    ) -> None:
        rows = self.layer.index[wrong]
        if len(rows):
            error = GeometryError(
                tr(
                    "{name}: {count} of {whole} rows {what} ({rows}); {remedy}",
                    name=self.name,
                    count=len(rows),
                    whole=len(self.layer),
                    what=what,
                    rows=name_rows(rows),
                    remedy=remedy,
                )
            )
            error.rows = rows_named(self.layer, self.name, wrong, fault, places, code=self.code)
            raise error
