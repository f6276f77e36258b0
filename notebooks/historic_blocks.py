# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What may not be in a historic block?
#
# 历史文化街区:哪里不得建设、动土,由谁审批,还有什么不清楚?
#
# Two blocks are approved by the province: 张家口堡 (堡子里) and 大境门. Each has a core (核心保护范围) and a
# zone of construction control (建设控制地带) around it. Works in the core need another permit, pipes too; and
# what lies in no scope is free only where the survey reached.

# %%
from pathlib import Path

import geopandas as gpd
from shapely import LineString, box

import zjk_gis

data = next(p for p in (Path("sample_data"), Path("../sample_data"), Path("../../sample_data")) if p.exists())
city = zjk_gis.read_city(data / "city.gpkg")
blocks, buildings, pipelines = (city[name] for name in ("historic_blocks", "historic_buildings", "pipelines"))
who = {"zones": city["responsibility_zones"], "streets": city["streets"], "at": "2025-12-31"}
protection = zjk_gis.protection
blocks.attrs["report"]

# %% [markdown]
# ## 1 Are the blocks what the standard asks for?
#
# GB/T 50357: a core of at least one hectare, 60 % of its built ground protected, control all around it. Each
# share comes with its denominator; what is of unknown class is counted apart.

# %%
told = protection.block_conformity(blocks, buildings, **who)
told[
    [
        "block_name",
        "core_ha",
        "core_ok",
        "protected_share",
        "building_area_m2",
        "share_ok",
        "control_surrounds",
    ]
].round(2)

# %% [markdown]
# ## 2 Which pipes run through protected ground, how deep, and who approves works on them?
#
# The survey of the blocks is taken to have reached the whole built-up area: without that, nothing outside a
# scope would be free, only unknown.

# %%
survey = city["built_up_areas"].assign(surveyed_on="2024-06-30")
judged = protection.protected_scope(pipelines, blocks, survey_extents=survey, **who)
judged["protection"].value_counts()

# %%
inside = judged[judged["protection"] == "inside"]
inside[
    ["pipe_code", "scope", "protected_name", "inside_m", "scope_m", "depth_m", "approver", "chief_name"]
].round(1)

# %% [markdown]
# ## 3 A project, before it is permitted
#
# A quarter lies in the core: the strictest scope decides, and all are told. What else would it meet there?

# %%
west, south, east, north = blocks[blocks["scope"] == "核心保护范围"].total_bounds
plot = box(*blocks.geometry.iloc[0].centroid.buffer(30).bounds)
project = gpd.GeoDataFrame({"project_code": ["X1"], "height_m": [15.0]}, geometry=[plot], crs=blocks.crs)
protection.protected_scope(project, blocks, **who).T

# %%
things = {"pipelines": pipelines, "manholes": city["manholes"], "projects": project}
found = protection.affected_features(blocks, things, **who)
found.groupby(["scope", "layer"]).size()

# %% [markdown]
# ## 4 Heights and views
#
# Limits and corridors come with the protection plan; here one of each is drawn.

# %%
core = blocks[blocks["scope"] == "核心保护范围"].iloc[[0]]
limits = core.assign(height_zone_code="G1", limit_m=9.0)[["height_zone_code", "limit_m", "geometry"]]
high = protection.height_conflicts(project, limits, **who)
high[["project_code", "status", "height_m", "limit_m", "excess_m"]]

# %%
middle = plot.centroid
view = gpd.GeoDataFrame(
    {"corridor_code": ["S1"], "target_m": [20.0], "width_m": [30.0]},
    geometry=[LineString([(middle.x - 150, middle.y), (middle.x + 150, middle.y)])],
    crs=blocks.crs,
)
tower = project.rename(columns={"project_code": "building_code"})
blocked = protection.view_corridor_conflicts(view, tower, **who)
blocked[["building_code", "sight_m", "blocks_m", "width_share"]].round(2)

# %% [markdown]
# ## 5 A file for each house (一屋一档)
#
# What is missing is named, not counted as zero.

# %%
files = protection.archive_completeness(buildings, **who)
protection.archive_totals(files).round(2)

# %% [markdown]
# ## 6 On the map, over streets and names

# %%
zjk_gis.maps.heritage_map(
    blocks,
    buildings,
    findings={
        "in_protected_scopes": inside.assign(layer="pipelines", code=inside["pipe_code"]),
        "height_conflicts": high,
        "view_corridor_conflicts": blocked,
    },
    layers={
        "streets": city["streets"],
        "roads": city["roads"],
        "height_zones": limits,
        "view_corridors": view,
    },
    title="历史文化街区保护",
)
