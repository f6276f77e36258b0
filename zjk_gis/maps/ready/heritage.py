"""Maps of historic protection: blocks with their scopes, buildings, and what conflicts with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.layers.catalogue import HISTORIC_BLOCKS, HISTORIC_BUILDINGS
from zjk_gis.layers.columns.values import alike, understood
from zjk_gis.layers.labels import label
from zjk_gis.maps import parts, style
from zjk_gis.maps.ready.findings import FINDINGS, add_found
from zjk_gis.maps.ready.surroundings import add_rivers
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    import folium
    import geopandas as gpd

    from zjk_gis.layers.labels import Language
    from zjk_gis.maps.page import Page

__all__ = ["add_historic", "heritage_map"]

_FINDINGS = (
    "in_protected_scopes", "archive_gaps", "height_conflicts", "view_corridor_conflicts", "double_payment",
    "shareable_poles", "footway_obstacles", "cables_along_tunnels", "building_changes", "risk_buffers",
    "risk_faces",
)  # fmt: skip
_CORE = 2  # of the looks of scopes
_TELLS = (
    "code", "layer", "protection", "scope", "scopes", "protected_name", "inside_m", "inside_m2", "depth_m",
    "rule", "approver", "clause", "zone_code", "chief_name", "street_name",
)  # fmt: skip
_OBSTACLES = (
    "standing_code", "layer", "surface", "surface_codes", "area_m2", "distance_m", "limit", "rule",
    "confidence", "zone_code", "chief_name",
)  # fmt: skip
_PROTECTED: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "cultural_relics": (
        ("relic_code", "relic_name", "relic_grade", "relic_scope"),
        style.area("#7a1f5c", fill=0.12, weight=2, edge="#7a1f5c"),
    ),
    "river_areas": (
        ("river_area_code", "river_name"),
        style.area("#2c6e9b", fill=0.08, weight=1.5, dash="8 3"),
    ),
    "height_zones": (
        ("height_zone_code", "limit_m", "height_rule"),
        style.area("#ffffff", fill=0.01, weight=1.2, dash="2 4", edge="#4b5563"),
    ),
    "view_corridors": (
        ("corridor_code", "corridor_name", "target_m"),
        style.line("#4b5563", dash="12 4 2 4"),
    ),
    "ancient_trees": (
        ("tree_code", "species", "tree_grade", "crown_m"),
        style.mark("#2f7d32", "circle", radius=5, edge="#14421a"),
    ),
}


@checked
def heritage_map(
    blocks: gpd.GeoDataFrame,
    buildings: gpd.GeoDataFrame | None = None,
    *,
    pipes_in_core: gpd.GeoDataFrame | None = None,
    findings: Mapping[str, gpd.GeoDataFrame] | None = None,
    layers: Mapping[str, gpd.GeoDataFrame] | None = None,
    region: gpd.GeoDataFrame | None = None,
    title: str | None = None,
    source: str | None = None,
    date: str | dt.date | None = None,
    lang: Language = "zh",
) -> folium.Map:
    """Draw historic blocks (历史文化街区): scopes, buildings, and what conflicts with them, over the streets.

    Parameters
    ----------
    blocks : GeoDataFrame
        Polygons with ``block_name`` and ``scope`` (核心保护范围 or 建设控制地带) where known.
    buildings : GeoDataFrame, optional
        Historic buildings (历史建筑), with ``protection_class`` where known.
    pipes_in_core : GeoDataFrame, optional
        From `zjk_gis.protection.pipelines_in_core`.
    findings : mapping of str to GeoDataFrame, optional
        What was found, drawn on top: ``in_protected_scopes`` (rows of `zjk_gis.protection.protected_scope` or
        `affected_features`, with ``layer``), ``archive_gaps``, ``height_conflicts``,
        ``view_corridor_conflicts``, and what the other rooms of `zjk_gis.protection` find, by their names:
        ``double_payment``, ``shareable_poles``, ``footway_obstacles``, ``cables_along_tunnels``,
        ``building_changes``, ``risk_buffers`` and ``risk_faces``.
    layers : mapping of str to GeoDataFrame, optional
        What lies around, by name: ``streets`` and ``roads`` with their names, ``rivers``, other protected
        ground (``cultural_relics``, ``ancient_trees``, ``river_areas``), ``height_zones`` and
        ``view_corridors``.
    region : GeoDataFrame, optional
        The ground.
    title, source : str, optional
    date : str or date, optional
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    folium.Map

    Raises
    ------
    CRSError
        If a layer has no CRS.
    InputError
        If a finding has a name that is not known.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> blocks = gpd.GeoDataFrame(
    ...     {"block_name": ["堡子里"], "scope": ["核心保护范围"]}, geometry=[box(0, 0, 300, 200)], crs=4547
    ... )
    >>> heritage_map(blocks).get_root().title
    '历史文化保护'
    """
    findings, layers = dict(findings or {}), dict(layers or {})
    parts.require_results(findings, _FINDINGS)
    page = parts.new_page(
        lang,
        title=title,
        default=tr("Historic protection", lang=lang),
        groups=[
            *([tr("Findings", lang=lang)] if findings else []),
            tr("Protection", lang=lang),
            tr("Ground", lang=lang),
        ],
        source=source,
        date=date,
    )
    group, ground = page.groups[-2][0], page.groups[-1][0]
    parts.add_ground(page, region, frames=False)
    add_rivers(page, layers, group=ground)
    _add_streets(page, layers, ground)
    _add_protected(page, layers, group)
    add_historic(page, blocks, buildings, group=group, on=True)
    if pipes_in_core is not None:
        page.add(
            pipes_in_core,
            name=label("pipelines_in_core", lang),
            group=group,
            styles=[FINDINGS["pipelines_in_core"][1]],
            columns=("pipe_code", "pipe_kind", "block_name", "length_m", "diameter_mm", "owner"),
            search=("pipe_code",),
        )
    if findings:
        _add_in_scopes(page, findings.get("in_protected_scopes"), page.groups[0][0])
        _add_mixed(
            page, findings.get("footway_obstacles"), "footway_obstacles", _OBSTACLES, page.groups[0][0]
        )
        add_found(page, findings, group=page.groups[0][0])
    texts = [tr("{blocks_count:,} areas", blocks_count=len(blocks), lang=lang)]
    if buildings is not None:
        texts.append(tr("{buildings_count:,} buildings", buildings_count=len(buildings), lang=lang))
    page.subtitle = " · ".join(texts)
    parts.frame_by(page, [blocks, buildings])
    return page.map()


def _add_streets(page: Page, layers: Mapping[str, gpd.GeoDataFrame], group: str) -> None:
    """Draw streets and roads, with the names by which people find their way."""
    for name, look, text, size in (
        (
            "streets",
            style.area("#ffffff", fill=0.01, weight=1.2, dash="10 4", edge="#52606d"),
            "street_name",
            14,
        ),
        ("roads", style.line("#9fb3c8", weight=2.2), "road_name", 11),
    ):
        if name not in layers:
            continue
        rows = layers[name]
        named = rows[text].astype(object).where(rows[text].notna(), "") if text in rows else None
        texts = None if named is None else named.mask(named.duplicated(), "").astype(str).tolist()
        page.add(
            rows,
            name=label(name, page.lang),
            group=group,
            styles=[look],
            labels=texts,
            label_look={"size": size, "color": "#243b53", "rank": 1, "free": True},
            counted=False,
        )


def _add_protected(page: Page, layers: Mapping[str, gpd.GeoDataFrame], group: str) -> None:
    """Draw what else is protected."""
    for name, (columns, look) in _PROTECTED.items():
        if name in layers:
            page.add(
                layers[name],
                name=label(name, page.lang),
                group=group,
                styles=[look],
                columns=columns,
                search=columns[:2],
            )


def _add_in_scopes(page: Page, found: gpd.GeoDataFrame | None, group: str) -> None:
    """Draw what lies in scopes, layer by layer."""
    if found is None:
        return
    names = found["layer"] if "layer" in found else pd.Series("in_protected_scopes", index=found.index)
    for name in sorted(set(names)):
        _add_mixed(page, found[(names == name).to_numpy()], name, _TELLS, group)


def _add_mixed(
    page: Page, rows: gpd.GeoDataFrame | None, name: str, columns: tuple[str, ...], group: str
) -> None:
    """Draw points, lines and areas of one layer, each in its way."""
    if rows is None:
        return
    looks = [
        style.mark(style.FAULT, "diamond", radius=5, edge=style.BLACK),
        style.found(style.FAULT, weight=4, dash="6 3"),
        style.area(style.FAULT, fill=0.3, weight=2),
    ]
    page.add(
        rows,
        name=label(name, page.lang),
        group=group,
        styles=looks,
        style_of=np.maximum(shapely.get_dimensions(rows.geometry.to_numpy()), 0),
        columns=columns,
        search=columns[:1],
    )


def add_historic(
    page: Page, blocks: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame | None, *, group: str, on: bool
) -> None:
    """Draw historic blocks by scope, and buildings by class of protection."""
    scopes = {
        "环境协调区": style.area("#d8c9a3", fill=0.12, weight=1.2, dash="1 5", edge="#8a7a4f"),
        "建设控制地带": style.area("#c98f5a", fill=0.14, weight=1.6, dash="6 4", edge="#9a6532"),
        "核心保护范围": style.area("#8c4a2f", fill=0.24, weight=2.6, edge="#6b2d1a"),
        "": style.area("#9aa5b1", fill=0.15, weight=1.4, dash="2 3"),
    }
    scope = pd.Series("", index=blocks.index, dtype=object)
    if "scope" in blocks:
        scope, _ = understood(blocks["scope"], HISTORIC_BLOCKS.field("scope"))
    number = parts.positions_in(scope, scopes, otherwise=3)
    order = np.argsort(number, kind="stable")
    texts = [
        label("环境协调区", page.lang),
        label("建设控制地带", page.lang),
        label("核心保护范围", page.lang),
        tr("scope unknown", lang=page.lang),
    ]
    page.add(
        blocks.iloc[order],
        name=label("historic_blocks", page.lang),
        group=group,
        styles=list(scopes.values()),
        style_of=number[order],
        keys=list(enumerate(texts)),
        columns=("scope_code", "block_name", "scope"),
        search=("block_name", "scope_code"),
        labels=_once(blocks.iloc[order], number[order]),
        label_look={"size": 14, "color": "#6b2d1a", "rank": 3},
    )
    if buildings is None:
        return
    kind = pd.Series("", index=buildings.index, dtype=object)
    if "protection_class" in buildings:
        kind = alike(buildings["protection_class"], HISTORIC_BUILDINGS.field("protection_class"))
    classes = sorted({*kind} - {""})
    fills = ("#6b2d1a", "#bf6a1f", "#e9bf86", style.GREY)
    looks = [
        style.area(fills[min(i, 3)], fill=0.8, weight=0.7, edge="#3b1a0f") for i in range(len(classes) + 1)
    ]
    page.add(
        buildings,
        name=label("historic_buildings", page.lang),
        group=group,
        styles=looks,
        style_of=parts.positions_in(kind, classes, otherwise=len(classes)),
        keys=[
            *((i, label(name, page.lang)) for i, name in enumerate(classes)),
            (len(classes), tr("unknown class", lang=page.lang)),
        ],
        columns=("building_code", "building_name", "block_name", "protection_class"),
        on=on,
        search=("building_code", "building_name"),
    )


def _once(blocks: gpd.GeoDataFrame, number: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[str] | None:
    """Name each block once, at its core."""
    if "block_name" not in blocks:
        return None
    names = blocks["block_name"].astype(object)
    cored = set(names[number == _CORE].dropna())
    return [
        "" if not isinstance(name, str) or (kind != _CORE and name in cored) else name
        for name, kind in zip(names, number, strict=True)
    ]
