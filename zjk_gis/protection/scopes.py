"""What is protected, as ground: which scope, how strict, whose rule, who approves.

The kinds of scope are rows of the table ``protection_scopes``, the strictest first. Each names the layer that
it comes from, and how far the scope reaches around what is mapped there. A kind without a distance has one
that a city sets; until its row is filled it is refused by name, since nothing found within a guess would mean
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.crs import require_layer
from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.values import as_text, code_text
from zjk_gis.layers.metric import ready
from zjk_gis.layers.results import spec_in
from zjk_gis.layers.shapes import flat
from zjk_gis.layers.versions import zones_at
from zjk_gis.overlay.answering import KINDS
from zjk_gis.standards.rules import rules_table
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.layers.set_aside import SetAside
    from zjk_gis.standards.rules import Overrides

__all__ = ["CONTROL", "CORE", "Grounds", "grounds_of", "kinds_of_scope", "layers_with_scopes"]

_ROWS = ("shapes", "kind", "layer", "code", "name")
CORE, CONTROL = "核心保护范围", "建设控制地带"
_CROWN = "crown_m"
_ARC = 64  # segments of a quarter: a crown of 20 m is out by less than a millimetre


@dataclass(frozen=True, slots=True)
class Grounds:
    """Protected ground: one row an area, the strictest first.

    Attributes
    ----------
    shapes : ndarray of Polygon and MultiPolygon
        In `crs`, with what protects around.
    kind : ndarray of int64
        Rows of `table`.
    layer, code, name : ndarray of object
        Where each comes from; empty where that is not known.
    table : DataFrame
        The kinds of scope, the strictest first; see `kinds_of_scope`.
    """

    shapes: NDArray[Any]
    kind: NDArray[np.int64]
    layer: NDArray[np.object_]
    code: NDArray[np.object_]
    name: NDArray[np.object_]
    table: pd.DataFrame
    crs: Any

    def __len__(self) -> int:
        return len(self.shapes)

    def of_kind(self, scope: str) -> Grounds:
        """Return the areas of one kind."""
        which = (self.table["scope"].to_numpy() == scope)[self.kind]
        return replace(self, **{name: getattr(self, name)[which] for name in _ROWS})


def kinds_of_scope(tables: Overrides | None = None) -> pd.DataFrame:
    """Return the kinds of scope, the strictest first.

    Examples
    --------
    >>> kinds_of_scope()["scope"].head(3).tolist()
    ['文物保护范围', '核心保护范围', '历史建筑']
    """
    table = rules_table("protection_scopes", overrides=tables)
    rank = pd.to_numeric(table["rank"], errors="coerce")
    distance = pd.to_numeric(table["distance_m"].replace("", "nan"), errors="coerce")
    wrong = rank.isna() | (distance < 0) | (distance.isna() & (table["distance_m"] != ""))
    wrong |= ~table["around"].isin(["", "shape", "crown"])
    if wrong.any():
        raise InputError(
            tr(
                "protection_scopes: the row {scope} needs a rank, shape or crown as around, and a distance "
                "of at least 0 or none",
                scope=table.loc[wrong, "scope"].iloc[0],
            )
        )
    table = table.assign(rank=rank, distance_m=distance)
    return table.sort_values(["rank", "scope"], kind="stable", ignore_index=True)


def layers_with_scopes(tables: Overrides | None = None) -> dict[str, list[str]]:
    """Return which layers of a city hold scopes whose distances are known, and the kinds that each has.

    Examples
    --------
    >>> layers_with_scopes()["historic_blocks"]
    ['核心保护范围', '建设控制地带', '环境协调区']
    >>> "rivers" in layers_with_scopes()  # how far from the bank is for the city to set
    False
    """
    table = kinds_of_scope(tables)
    known = table[(table["layer"] != "") & table["distance_m"].notna()]
    return {str(layer): rows["scope"].tolist() for layer, rows in known.groupby("layer", sort=False)}


def grounds_of(
    scopes: gpd.GeoDataFrame | Mapping[str, gpd.GeoDataFrame],
    aside: SetAside,
    *,
    at: str | dt.date | None = None,
    tables: Overrides | None = None,
    crs: Any = None,
) -> Grounds:
    """Make the protected ground of layers that hold scopes.

    Parameters
    ----------
    scopes : GeoDataFrame or mapping of str to GeoDataFrame
        A layer that the table ``protection_scopes`` names, known by its columns; or several by name: that of
        the layer, or of a kind of scope.
    aside : SetAside
        Notes what is not understood.
    at : date or str, optional
        The day, for layers with ``valid_from`` and ``valid_to``.
    tables : Overrides, optional
    crs : CRS, optional
        By default that of the first layer if it is metric.

    Raises
    ------
    InputError
        If a layer is not known, a kind has no distance, or no scope is understood.
    """
    table = kinds_of_scope(tables)
    given = scopes if isinstance(scopes, Mapping) else {_known_layer(scopes, table): scopes}
    if not given:
        raise InputError(tr("scopes: name at least one layer of protected ground"))
    parts: list[Grounds] = []
    for name, layer in given.items():
        part = _grounds_in(name, layer, table, aside, at, crs)
        crs = part.crs
        parts.append(part)
    joined: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _ROWS}
    shapes, kind, *texts = joined.values()
    by_bytes = np.unique(shapely.to_wkb(shapes), return_inverse=True)[1]
    order = np.lexsort((by_bytes, *(text.astype(str) for text in reversed(texts)), kind))
    return replace(parts[0], **{name: each[order] for name, each in joined.items()})


def _known_layer(layer: gpd.GeoDataFrame, table: pd.DataFrame) -> str:
    """Tell which layer of the table this is: by its code, or by the column that holds its scopes."""
    require_layer(layer, "scopes")
    spec = spec_in(map(str, layer.columns))
    if spec is not None and spec.name in set(table["layer"]):
        return spec.name
    named = table.loc[(table["field"] != "") & table["field"].isin(list(layer.columns)), "layer"].unique()
    if len(named) != 1:
        raise InputError(
            tr(
                "scopes: it is not known what this layer protects; give it by name, such as "
                "{{'historic_blocks': layer}}. Known are {known}",
                known=listed([*_layers(table), *table["scope"]]),
            )
        )
    return str(named[0])


def _layers(table: pd.DataFrame) -> list[str]:
    return [str(name) for name in table["layer"].unique() if name]


def _grounds_in(
    name: str,
    layer: gpd.GeoDataFrame,
    table: pd.DataFrame,
    aside: SetAside,
    at: str | dt.date | None,
    crs: Any,
) -> Grounds:
    require_layer(layer, name)
    rows = zones_at(layer, at) if {"valid_from", "valid_to"} & set(layer.columns) else layer
    kind = _kinds_in(name, rows, table, aside)
    _require_distances(table.iloc[np.unique(kind[kind >= 0])])
    if not (kind >= 0).any():  # such as buildings, none of which is a historic one
        crs = ready(layer, name, kind=KINDS[_dimensions(layer).max()]).crs if crs is None else crs
        none = np.empty(0, dtype=object)
        return Grounds(none, np.empty(0, np.int64), none, none, none, table, crs)
    rows, kind = rows[kind >= 0], kind[kind >= 0]
    shapes, crs = _measured(name, rows, crs)
    wide = _distances(name, rows, table.iloc[kind], aside)
    shapes[wide > 0] = shapely.buffer(shapes[wide > 0], wide[wide > 0], quad_segs=_ARC)
    bare = shapely.get_dimensions(shapes) < 2
    aside.note(rows, name, bare, "no_area", pd.Series("", index=rows.index))
    code, title = _named(name, rows)
    own = np.full(len(rows), name, dtype=object)
    return Grounds(shapes[~bare], kind[~bare], own[~bare], code[~bare], title[~bare], table, crs)


def _kinds_in(name: str, rows: gpd.GeoDataFrame, table: pd.DataFrame, aside: SetAside) -> NDArray[np.int64]:
    """Return which kind of scope each row is; -1 where it is none or not understood."""
    own = table[(table["layer"] == name) | (table["scope"] == name)]
    if own.empty:
        known = listed([*_layers(table), *table["scope"]])
        raise InputError(
            tr(
                "scopes: there is no layer and no kind of scope {name!r}; known are {known}",
                name=name,
                known=known,
            )
        )
    column = own["field"].iloc[0]
    if name not in set(own["layer"]) or not column:
        return np.full(len(rows), own.index[0], dtype=np.int64)
    require_columns(rows, name, column)
    meant = aside.coded(rows, CATALOGUE[name].field(column), name)
    position = pd.Series(own.index, index=own["scope"])
    return meant.map(position).fillna(-1).to_numpy(dtype=np.int64)


def _require_distances(kinds: pd.DataFrame) -> None:
    """Refuse kinds whose distance is not known, by name."""
    lacking = kinds.loc[kinds["distance_m"].isna(), "scope"].tolist()
    if lacking:
        raise InputError(
            tr(
                "the distance of {kinds} is not known: fill distance_m in the table protection_scopes with "
                "what your city has set",
                kinds=listed(lacking),
            )
        )


def _dimensions(rows: gpd.GeoDataFrame) -> NDArray[np.int64]:
    return np.asarray(shapely.get_dimensions(rows.geometry.to_numpy()), dtype=np.int64)


def _measured(name: str, rows: gpd.GeoDataFrame, crs: Any) -> tuple[NDArray[Any], Any]:
    """Return sound shapes in one metric CRS; rows of one layer may be points and areas."""
    dimension = _dimensions(rows)
    shapes = np.full(len(rows), None, dtype=object)
    there = np.unique(dimension[dimension >= 0]).tolist() or [2]
    for each in there:
        which = (dimension == each) | ((dimension < 0) & (each == there[0]))  # the check names these
        part = ready(rows[which], name, kind=KINDS[each], crs=crs)
        crs = part.crs
        shapes[which] = flat(part.geometry.to_numpy())
    return shapes, crs


def _distances(
    name: str, rows: gpd.GeoDataFrame, kinds: pd.DataFrame, aside: SetAside
) -> NDArray[np.float64]:
    """Return how far each row protects around its shape: of a tree the crown, and the distance beyond."""
    wide = kinds["distance_m"].to_numpy(dtype=np.float64)
    by_crown = (kinds["around"] == "crown").to_numpy() & (_dimensions(rows) == 0)
    if not by_crown.any():
        return wide
    crown, unknown = np.zeros(len(rows)), np.ones(len(rows), dtype=bool)
    if _CROWN in rows:
        crown, unknown = aside.amounts(rows, name, _CROWN)
    # What lies within the distance of the trunk is within that of the crown for certain.
    aside.note(rows, name, by_crown & unknown, "crown_not_known", pd.Series("", index=rows.index))
    return wide + np.where(by_crown, crown / 2, 0.0)


def _named(name: str, rows: gpd.GeoDataFrame) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Return the code of each row and what people call it; the code where it has no name."""
    nothing = pd.Series("", index=rows.index, dtype=object)
    spec = CATALOGUE.get(name) or spec_in(map(str, rows.columns))
    if spec is None:
        return nothing.to_numpy(), nothing.to_numpy()
    code = code_text(rows[spec.code]).fillna("") if spec.code in rows else nothing
    called = next((f.name for f in spec.fields if f.name.endswith("_name") and f.name in rows), None)
    title = code if called is None else as_text(rows[called]).fillna("")
    title = title.where(title != "", code)
    return code.to_numpy(dtype=object), title.to_numpy(dtype=object)
