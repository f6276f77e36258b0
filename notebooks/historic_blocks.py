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
# # What runs through the historic core?
#
# 历史文化街区:核心保护范围内有什么?
#
# Two blocks are approved by the province: 张家口堡 (堡子里) and 大境门. Each has a core (核心保护范围) and a
# zone of construction control (建设控制地带) around it. Works in the core need another permit: which pipes
# run through it?

# %%
from pathlib import Path

import zjk_gis

data = next(p for p in (Path("sample_data"), Path("../sample_data"), Path("../../sample_data")) if p.exists())
city = zjk_gis.read_city(data / "city.gpkg")
blocks, buildings, pipelines = (city[name] for name in ("historic_blocks", "historic_buildings", "pipelines"))
blocks.assign(hectares=blocks.area / 10_000)[["block_name", "scope", "hectares"]].round(2)

# %% [markdown]
# ## 1 The core is at least one hectare, and lies inside its control zone

# %%
report = zjk_gis.validate(blocks, "historic_blocks")
report.counts

# %% [markdown]
# ## 2 Pipes through the core

# %%
crossing = zjk_gis.protection.pipelines_in_core(pipelines, blocks)
crossing.drop(columns="geometry")[["pipe_code", "pipe_kind", "block_name", "length_m"]].round(1)

# %% [markdown]
# ## 3 Buildings: how much of the survey is there
#
# The denominator is the buildings on the list; what is missing is named, not counted as zero.

# %%
told = buildings.drop(columns="geometry").notna().groupby(buildings["block_name"]).mean().T
told[told.min(axis=1) < 1]

# %% [markdown]
# ## 4 On the map

# %%
zjk_gis.maps.heritage_map(blocks, buildings, pipes_in_core=crossing, title="历史文化街区保护")
