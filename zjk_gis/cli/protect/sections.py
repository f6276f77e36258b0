"""The questions of `zjk-gis protect`, each with the layers that it needs and the tables that answer it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.results import spec_in
from zjk_gis.protection import (
    archive_completeness,
    archive_totals,
    block_conformity,
    height_conflicts,
    protected_scope,
    view_corridor_conflicts,
)
from zjk_gis.protection.scopes import layers_with_scopes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from zjk_gis.words import Language

    Layers: TypeAlias = Mapping[str, gpd.GeoDataFrame]
    Tables: TypeAlias = dict[str, pd.DataFrame]

__all__ = ["LAYERS", "SECTIONS", "Asking", "Section"]

_JUDGED = (
    "projects", "excavation_permits", "pipelines", "illegal_buildings", "sign_boards", "hazards",
)  # fmt: skip
_FOUND = ("inside", "border")


@dataclass(frozen=True, slots=True)
class Asking:
    """What the command was given besides the city."""

    at: str
    extent: gpd.GeoDataFrame | None
    tolerance_m: float
    surveyed_within_years: float | None
    lang: Language


@dataclass(frozen=True, slots=True)
class Section:
    """A question.

    Attributes
    ----------
    needs : tuple of str
        Layers without which it is not asked.
    answer : callable
        Of the city's layers and what was given: tables by name, those with rows to be drawn as GeoDataFrames.
    columns : mapping of str to tuple of str
        The columns of each table that are printed.
    """

    needs: tuple[str, ...]
    answer: Callable[[Layers, Asking], Tables]
    columns: Mapping[str, tuple[str, ...]]


def _who(layers: Layers) -> dict[str, Any]:
    return {"zones": layers.get("responsibility_zones"), "streets": layers.get("streets")}


def _named(rows: gpd.GeoDataFrame, name: str) -> gpd.GeoDataFrame:
    """Say of rows which layer they are of, and their code."""
    spec = spec_in(map(str, rows.columns))
    codes = rows.index.astype(str) if spec is None else code_text(rows[spec.code]).fillna("").to_numpy()
    named = with_answers(rows, {"layer": name, "code": codes})
    return named if named.geometry.name == "geometry" else named.rename_geometry("geometry")


def _together(parts: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Put rows of several layers under each other, in the CRS of the first."""
    moved = [part.to_crs(parts[0].crs) for part in parts]
    told = [part for part in moved if len(part)] or moved[:1]
    joined = gpd.GeoDataFrame(pd.concat(told, ignore_index=True), crs=parts[0].crs)
    joined.attrs["set_aside"] = [row for part in parts for row in part.attrs.get("set_aside", [])]
    return joined


def _scopes(layers: Layers, asking: Asking) -> Tables:
    scopes = {name: layers[name] for name in layers_with_scopes() if len(layers.get(name, ()))}
    extent = asking.extent if asking.extent is not None else layers.get("survey_extents")
    judging = [name for name in _JUDGED if len(layers.get(name, ()))]
    if not scopes or not judging:
        return {}
    found, totals = [], []
    for name in judging:
        judged = protected_scope(
            layers[name],
            scopes,
            survey_extents=extent,
            tolerance_m=asking.tolerance_m,
            at=asking.at,
            lang=asking.lang,
            **_who(layers),
        )
        counts = judged["protection"].value_counts()
        row = {kind: int(counts.get(kind, 0)) for kind in ("inside", "border", "outside", "unknown")}
        totals.append({"layer": name, **row, "rows": len(judged)})
        hit = judged[judged["protection"].isin(_FOUND)]
        found.append(_named(hit, name))
        found[-1].attrs = judged.attrs
    return {"in_protected_scopes": _together(found), "scope_totals": pd.DataFrame(totals)}


def _blocks(layers: Layers, asking: Asking) -> Tables:
    blocks, buildings = layers["historic_blocks"], layers["historic_buildings"]
    return {"block_conformity": block_conformity(blocks, buildings, at=asking.at, **_who(layers))}


def _archives(layers: Layers, asking: Asking) -> Tables:
    told = archive_completeness(
        layers["historic_buildings"],
        surveyed_within_years=asking.surveyed_within_years,
        at=asking.at,
        **_who(layers),
    )
    tables: Tables = {"archive_gaps": told[(told["missing_fields"] != "") | (told["survey"] != "surveyed")]}
    if {"block_name", "protection_class"} & set(told.columns):
        tables["archive_totals"] = archive_totals(told)
    return tables


def _heights(layers: Layers, asking: Asking) -> Tables:
    high = [name for name in ("historic_buildings", "projects") if "height_m" in layers.get(name, ())]
    parts = []
    for name in high:
        found = height_conflicts(layers[name], layers["height_zones"], at=asking.at, **_who(layers))
        parts.append(_named(found, name))
    return {"height_conflicts": _together(parts)} if parts else {}


def _views(layers: Layers, asking: Asking) -> Tables:
    found = view_corridor_conflicts(
        layers["view_corridors"], layers["historic_buildings"], at=asking.at, **_who(layers)
    )
    return {"view_corridor_conflicts": found}


SECTIONS: dict[str, Section] = {
    "scopes": Section(
        (),
        _scopes,
        {
            "in_protected_scopes": (
                "layer", "code", "protection", "scope", "protected_name", "inside_m", "inside_m2", "depth_m",
                "approver", "chief_name", "street_name",
            ),
            "scope_totals": ("layer", "inside", "border", "outside", "unknown", "rows"),
        },
    ),
    "blocks": Section(
        ("historic_blocks", "historic_buildings"),
        _blocks,
        {
            "block_conformity": (
                "block_name", "core_ha", "core_ok", "protected_share", "building_area_m2", "unknown_area_m2",
                "share_ok", "control_surrounds", "overlap_m2",
            )
        },
    ),
    "archives": Section(
        ("historic_buildings",),
        _archives,
        {
            "archive_gaps": ("building_code", "block_name", "filled_share", "survey", "missing_fields"),
            "archive_totals": (
                "block_name", "protection_class", "buildings", "complete", "filled_share", "without_photo",
                "overdue", "never_surveyed",
            ),
        },
    ),
    "heights": Section(
        ("height_zones",),
        _heights,
        {"height_conflicts": ("layer", "code", "status", "height_m", "limit_m", "excess_m", "chief_name")},
    ),
    "views": Section(
        ("view_corridors", "historic_buildings"),
        _views,
        {
            "view_corridor_conflicts": (
                "corridor_code", "building_code", "status", "sight_m", "blocks_m", "width_share",
                "chief_name",
            )
        },
    ),
}  # fmt: skip
_AROUND = ("responsibility_zones", "streets", "roads", "built_up_areas", "survey_extents")
LAYERS = tuple(
    dict.fromkeys(
        [
            *layers_with_scopes(),
            *_JUDGED,
            *_AROUND,
            *(name for each in SECTIONS.values() for name in each.needs),
        ]
    )
)
