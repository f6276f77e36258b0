"""The questions of `zjk-gis protect`, each with the layers that it needs and the tables that answer it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from zjk_gis.cli.protect.asking import Asking, Section, filled, who_answers
from zjk_gis.cli.protect.risks import AROUND, RISKS
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.results import row_codes
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
    from collections.abc import Sequence

    from zjk_gis.cli.protect.asking import Layers, Tables

__all__ = ["LAYERS", "SECTIONS"]

_JUDGED = (
    "projects", "excavation_permits", "pipelines", "illegal_buildings", "sign_boards", "hazards",
)  # fmt: skip
_FOUND = ("inside", "border")


def _named(rows: gpd.GeoDataFrame, name: str) -> gpd.GeoDataFrame:
    """Say of rows which layer they are of, and their code."""
    named = with_answers(rows, {"layer": name, "code": row_codes(rows)})
    return named if named.geometry.name == "geometry" else named.rename_geometry("geometry")


def _together(parts: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Put rows of several layers under each other, in the CRS of the first."""
    moved = [part.to_crs(parts[0].crs) for part in parts]
    told = [part for part in moved if len(part)] or moved[:1]
    joined = gpd.GeoDataFrame(pd.concat(told, ignore_index=True), crs=parts[0].crs)
    aside = [row for part in parts for row in part.attrs.get("set_aside", [])]
    # A row of a scope is set aside once, however many layers are judged by it.
    joined.attrs["set_aside"] = list({(row["layer"], row["row"], row["why"]): row for row in aside}.values())
    return joined


def _scopes(layers: Layers, asking: Asking) -> Tables:
    scopes = filled(layers, tuple(layers_with_scopes()))
    extent = asking.extent if asking.extent is not None else layers.get("survey_extents")
    found, totals = [], []
    for name in filled(layers, _JUDGED):
        judged = protected_scope(
            layers[name],
            scopes,
            survey_extents=extent,
            tolerance_m=asking.tolerance_m,
            at=asking.at,
            lang=asking.lang,
            **who_answers(layers),
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
    return {"block_conformity": block_conformity(blocks, buildings, at=asking.at, **who_answers(layers))}


def _archives(layers: Layers, asking: Asking) -> Tables:
    told = archive_completeness(
        layers["historic_buildings"],
        surveyed_within_years=asking.surveyed_within_years,
        at=asking.at,
        **who_answers(layers),
    )
    tables: Tables = {"archive_gaps": told[(told["missing_fields"] != "") | (told["survey"] != "surveyed")]}
    if {"block_name", "protection_class"} & set(told.columns):
        tables["archive_totals"] = archive_totals(told)
    return tables


def _heights(layers: Layers, asking: Asking) -> Tables:
    high = [name for name in ("historic_buildings", "projects") if "height_m" in layers.get(name, ())]
    parts = []
    for name in high:
        found = height_conflicts(layers[name], layers["height_zones"], at=asking.at, **who_answers(layers))
        parts.append(_named(found, name))
    return {"height_conflicts": _together(parts)} if parts else {}


def _views(layers: Layers, asking: Asking) -> Tables:
    found = view_corridor_conflicts(
        layers["view_corridors"], layers["historic_buildings"], at=asking.at, **who_answers(layers)
    )
    return {"view_corridor_conflicts": found}


SECTIONS: dict[str, Section] = {
    "scopes": Section(
        (tuple(layers_with_scopes()), _JUDGED),
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
        (("historic_blocks",), ("historic_buildings",)),
        _blocks,
        {
            "block_conformity": (
                "block_name", "core_ha", "core_ok", "protected_share", "building_area_m2", "unknown_area_m2",
                "share_ok", "control_surrounds", "overlap_m2",
            )
        },
    ),
    "archives": Section(
        (("historic_buildings",),),
        _archives,
        {
            "archive_gaps": ("building_code", "block_name", "filled_share", "survey", "missing_fields"),
            "archive_totals": (
                "block_name", "protection_class", "buildings", "complete", "filled_share", "without_photo",
                "survey_overdue", "never_surveyed",
            ),
        },
    ),
    "heights": Section(
        (("height_zones",),),
        _heights,
        {"height_conflicts": ("layer", "code", "status", "height_m", "limit_m", "excess_m", "chief_name")},
    ),
    "views": Section(
        (("view_corridors",), ("historic_buildings",)),
        _views,
        {
            "view_corridor_conflicts": (
                "corridor_code", "building_code", "status", "sight_m", "blocks_m", "width_share",
                "chief_name",
            )
        },
    ),
    **RISKS,
}  # fmt: skip
_AROUND = ("responsibility_zones", "streets", "roads", "built_up_areas", "survey_extents", *AROUND)
_ASKED = (name for each in SECTIONS.values() for group in each.needs for name in group)
LAYERS = tuple(dict.fromkeys([*_ASKED, *_AROUND]))
