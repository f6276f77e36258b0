"""Maps of historic protection: blocks with their core and control zones, buildings, pipes in the core."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.layers.catalogue import HISTORIC_BLOCKS, HISTORIC_BUILDINGS
from zjk_gis.layers.columns.values import alike, understood
from zjk_gis.layers.labels import label
from zjk_gis.maps import parts, style
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    import folium
    import geopandas as gpd

    from zjk_gis.layers.labels import Language
    from zjk_gis.maps.page import Page

__all__ = ["add_historic", "heritage_map"]


@checked
def heritage_map(
    blocks: gpd.GeoDataFrame,
    buildings: gpd.GeoDataFrame | None = None,
    *,
    pipes_in_core: gpd.GeoDataFrame | None = None,
    region: gpd.GeoDataFrame | None = None,
    title: str | None = None,
    source: str | None = None,
    date: str | dt.date | None = None,
    lang: Language = "zh",
) -> folium.Map:
    """Draw historic blocks (历史文化街区): core, control zone, buildings, and pipes in the core.

    Parameters
    ----------
    blocks : GeoDataFrame
        Polygons with ``block_name`` and ``scope`` (核心保护范围 or 建设控制地带) where known.
    buildings : GeoDataFrame, optional
        Historic buildings (历史建筑), with ``protection_class`` where known.
    pipes_in_core : GeoDataFrame, optional
        From `zjk_gis.protection.pipelines_in_core`.
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
    page = parts.new_page(
        lang,
        title=title,
        default=tr("Historic protection", lang=lang),
        groups=[tr("Protection", lang=lang)],
        source=source,
        date=date,
    )
    group = page.groups[0][0]
    parts.add_ground(page, region, frames=False)
    add_historic(page, blocks, buildings, group=group, on=True)
    if pipes_in_core is not None:
        page.add(
            pipes_in_core,
            name=label("pipelines_in_core", lang),
            group=group,
            styles=[style.line("#1d5f8a", weight=3.2, dash="8 4")],
            columns=("pipe_code", "pipe_kind", "block_name", "length_m", "diameter_mm", "owner"),
            search=("pipe_code",),
        )
    texts = [tr("{blocks_count:,} areas", blocks_count=len(blocks), lang=lang)]
    if buildings is not None:
        texts.append(tr("{buildings_count:,} buildings", buildings_count=len(buildings), lang=lang))
    page.subtitle = " · ".join(texts)
    parts.frame_by(page, [blocks, buildings])
    return page.map()


def add_historic(
    page: Page, blocks: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame | None, *, group: str, on: bool
) -> None:
    """Draw historic blocks by scope, and buildings by class of protection."""
    scopes = {
        "建设控制地带": style.area("#c98f5a", fill=0.14, weight=1.6, dash="6 4", edge="#9a6532"),
        "核心保护范围": style.area("#8c4a2f", fill=0.24, weight=2.6, edge="#6b2d1a"),
        "": style.area("#9aa5b1", fill=0.15, weight=1.4, dash="2 3"),
    }
    scope = pd.Series("", index=blocks.index, dtype=object)
    if "scope" in blocks:
        scope, _ = understood(blocks["scope"], HISTORIC_BLOCKS.field("scope"))
    number = parts.positions_in(scope, scopes, otherwise=2)
    order = np.argsort(number, kind="stable")
    texts = [
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
    fills = ("#6b2d1a", "#b5651d", "#d9a066", "#7b8794")
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
    cored = set(names[number == 1].dropna())
    return [
        "" if not isinstance(name, str) or (kind != 1 and name in cored) else name
        for name, kind in zip(names, number, strict=True)
    ]
