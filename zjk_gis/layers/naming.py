"""Column names fixed: whatever a column is called on arrival, it gets the library's own name."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import geopandas as gpd

from zjk_gis.errors import InputError
from zjk_gis.layers.columns.values import plain
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from zjk_gis.layers.spec import Field, LayerSpec

__all__ = ["conform", "field_of", "fields_of", "with_columns"]

_UNIT = re.compile(r"\((?:m|m2|mm)\)$")  # NFKC has made m² to m2


def conform(layer: gpd.GeoDataFrame, spec: LayerSpec) -> gpd.GeoDataFrame:
    """Give the columns of a layer the library's English names.

    Parameters
    ----------
    layer : GeoDataFrame
        With columns under any name that the spec accepts: English, Chinese or an alias, in any case, with
        outer blanks, in full-width letters or with a unit in brackets.
    spec : LayerSpec

    Returns
    -------
    GeoDataFrame
        A copy; other columns are left alone. ``attrs["renamed"]`` maps old names to new ones.

    Raises
    ------
    InputError
        If two columns could be the same field and neither has the English name; the message names both.

    Examples
    --------
    >>> from shapely import box
    >>> from zjk_gis.layers.catalogue import UNIT_GRIDS
    >>> grids = gpd.GeoDataFrame({"网格编码 ": ["130703005001001"]}, geometry=[box(0, 0, 1, 1)], crs=4547)
    >>> conform(grids, UNIT_GRIDS).attrs["renamed"]
    {'网格编码 ': 'grid_code'}
    """
    repeated = layer.columns[layer.columns.duplicated()]
    if len(repeated):
        raise InputError(
            tr(
                "{name}: the column {repeated!r} is there more than once; rename one of them",
                name=spec.name,
                repeated=repeated[0],
            )
        )
    fields = {_key(name): field.name for field in spec.fields for name in field.names}
    kept = {layer.active_geometry_name} if isinstance(layer, gpd.GeoDataFrame) else set()
    claims: dict[str, list[str]] = {}
    for column in layer.columns:
        field = fields.get(_key(str(column)))
        if field is not None and column not in kept:
            claims.setdefault(field, []).append(column)
    renamed: dict[str, str] = {}
    for name, columns in claims.items():
        if name in columns:
            continue
        if len(columns) > 1:
            both = tr(" and ").join(repr(column) for column in columns)
            raise InputError(
                tr(
                    "{name}: {listed} could both be {name_2}; rename the right one to {name_2!r}",
                    name=spec.name,
                    listed=both,
                    name_2=name,
                )
            )
        renamed[columns[0]] = name
    result = layer.rename(columns=renamed)
    result.attrs = {**layer.attrs, "renamed": renamed}
    return result


def fields_of(layer: pd.DataFrame, spec: LayerSpec) -> set[str]:
    """Return the fields of a spec that a layer has a column for, under whatever name.

    Examples
    --------
    >>> from zjk_gis.layers.catalogue import UNIT_GRIDS
    >>> import pandas as pd
    >>> sorted(fields_of(pd.DataFrame(columns=["网格编码 ", "面积(m²)", "other"]), UNIT_GRIDS))
    ['area_m2', 'grid_code']
    """
    fields = {_key(name): field.name for field in spec.fields for name in field.names}
    return {fields[key] for key in map(_key, map(str, layer.columns)) if key in fields}


def field_of(column: str, spec: LayerSpec) -> Field | None:
    """Return the field that a column's name means, if it means one.

    Examples
    --------
    >>> from zjk_gis.layers.catalogue import UNIT_GRIDS
    >>> field_of("网格编码 ", UNIT_GRIDS).name
    'grid_code'
    """
    key = _key(column)
    return next((field for field in spec.fields if key in map(_key, field.names)), None)


def with_columns(spec: LayerSpec, columns: Mapping[str, str]) -> LayerSpec:
    """Return a spec whose columns are found under the names that are said, and no other field takes them.

    Parameters
    ----------
    spec : LayerSpec
    columns : mapping of str to str
        The file's name by the field's.

    Raises
    ------
    InputError
        If the spec has no such field.

    Examples
    --------
    >>> from zjk_gis.layers.catalogue import UNIT_GRIDS
    >>> own = with_columns(UNIT_GRIDS, {"grid_code": "面积"})
    >>> field_of("面积", own).name, field_of("网格编码", own)
    ('grid_code', None)
    """
    for name in columns:
        if name not in {field.name for field in spec.fields}:
            raise InputError(
                tr(
                    "column_names: {layer} has no column {name!r}; its columns are {fields}",
                    layer=spec.name,
                    name=name,
                    fields=listed(field.name for field in spec.fields),
                )
            )
    taken = {_key(column) for column in columns.values()}
    fields = []
    for field in spec.fields:
        if field.name in columns:
            fields.append(replace(field, title=columns[field.name], aliases=()))
            continue
        aliases = tuple(name for name in field.aliases if _key(name) not in taken)
        title = field.name if _key(field.title) in taken else field.title
        fields.append(replace(field, title=title, aliases=aliases))
    return replace(spec, fields=tuple(fields))


def _key(name: str) -> str:
    """Reduce a column name to what two spellings of it share: no case, blanks, width or unit."""
    return _UNIT.sub("", plain(name).casefold()).replace(" ", "")
