"""What lies around: rivers, roads and the names by which people find their way, alike under every map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from zjk_gis.layers.catalogue import ROADS
from zjk_gis.layers.columns.values import understood
from zjk_gis.layers.labels import label
from zjk_gis.maps import parts, style
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from zjk_gis.maps.page import Page

__all__ = ["AROUND", "add_names", "add_rivers", "add_roads", "add_surroundings"]

AROUND = ("streets", "roads", "rivers")


def add_surroundings(page: Page, layers: Mapping[str, gpd.GeoDataFrame] | None) -> None:
    """Draw rivers, roads and names below what a map is about, under a heading of their own.

    Parameters
    ----------
    page : Page
    layers : mapping of str to GeoDataFrame, optional
        By name: ``streets``, ``roads``, ``rivers``; others are left alone.
    """
    if not layers or not any(name in layers for name in AROUND):
        return
    heading = tr("Ground", lang=page.lang)
    if all(name != heading for name, _ in page.groups):
        page.groups.append((heading, False))
    add_rivers(page, layers, group=heading)
    add_roads(page, layers, group=heading)
    add_names(page, layers)


def add_rivers(page: Page, layers: Mapping[str, gpd.GeoDataFrame], *, group: str) -> None:
    """Draw rivers, where there are any."""
    if "rivers" in layers:
        page.add(
            layers["rivers"],
            name=label("rivers", page.lang),
            group=group,
            styles=[style.RIVER],
            counted=False,
        )


def add_roads(page: Page, layers: Mapping[str, gpd.GeoDataFrame], *, group: str) -> None:
    """Draw roads by their class."""
    if "roads" not in layers:
        return
    roads = layers["roads"]
    classes = list(style.ROAD_LOOKS)
    looks = [style.ROAD_LOOKS[name] for name in classes]
    # A road of unknown class looks like the least.
    known = pd.Series(None, index=roads.index, dtype=object)
    if "road_class" in roads:
        known, _ = understood(roads["road_class"], ROADS.field("road_class"))
    rank = known.map({name: i for i, name in enumerate(classes)}).fillna(0).astype(int)
    roads = roads.assign(_rank=rank).sort_values("_rank", kind="stable")
    there = parts.placed(roads)
    page.note_left_out(label("roads", page.lang), len(roads) - len(there), 0)
    merged = _merged(there)
    page.add(
        merged,
        name=label("roads", page.lang),
        group=group,
        styles=looks,
        style_of=merged["_rank"].to_numpy(),
        keys=[(number, label(name, page.lang)) for number, name in enumerate(classes)],
        counted=False,
    )


def _merged(roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Join the roads of a class into one line of many parts: the ground is looked at, not clicked."""
    return roads[["_rank", roads.geometry.name]].dissolve("_rank").reset_index()


def add_names(page: Page, layers: Mapping[str, gpd.GeoDataFrame]) -> None:
    """Letter the names of streets and rivers."""
    for layer, column, look in (
        ("streets", "street_name", {"size": 14, "color": "#102a43", "rank": 4}),
        ("rivers", "river_name", {"size": 13, "color": "#2c6e9b", "italic": True, "rank": 2}),
    ):
        if layer in layers and column in layers[layer]:
            page.add(
                layers[layer],
                name="",
                group="",
                styles=[{"className": "water"} if layer == "rivers" else {}],
                as_text=column,
                label_look={**look, "free": True},
            )
