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
# # Which dead ends are worth opening?
#
# 断头路打通与微循环
#
# The policy asks for dead ends to be opened. A road layer is full of ends, and most of them are no dead ends:
# **the layer ends there, an estate's gate stands there, or it is a driveway**. Of the others, some would save
# a long way round and most would save next to nothing.

# %%
from pathlib import Path

import zjk_gis

data = next(p for p in (Path("sample_data"), Path("../sample_data"), Path("../../sample_data")) if p.exists())
city = zjk_gis.read_city(data / "city.gpkg")
roads, ground, river, estates = (
    city[name] for name in ("roads", "built_up_areas", "rivers", "residential_estates")
)
network = zjk_gis.access.road_network(roads, barriers=river)
network

# %% [markdown]
# ## 1 Where roads end, and what kind of end each is

# %%
ends = zjk_gis.access.dead_ends(network, ground)
ends["kind"].map(zjk_gis.layers.label).value_counts().to_frame()

# %% [markdown]
# ## 2 Which would save most
#
# The link is measured in a straight line; what it saves, and the way round today, **along the roads**. It
# crosses no road and no water.

# %%
dead = ends[ends["kind"] == "dead_end"].sort_values(["saved_m", "edge_code"], ascending=[False, True])
columns = ["edge_code", "road_name", "length_m", "link_edge_code", "link_m", "way_round_m", "saved_m"]
dead[columns].head(10).round(0)

# %% [markdown]
# ## 3 Missing links: no road ends there, and the way round is long all the same

# %%
links = zjk_gis.access.missing_links(network)
links.drop(columns="geometry").head(10).round(1)

# %% [markdown]
# ## 4 How roundabout ways are, street by street, and on which road a quarter hangs
#
# The detour is the way along the roads over the straight line, between estates 200 to 1,000 m apart.

# %%
zjk_gis.access.detour_index(estates, network, areas=city["streets"]).round(2)

# %%
weak = zjk_gis.access.bottlenecks(network, homes=estates)
weak.drop(columns="geometry").head(10).round(0)

# %% [markdown]
# ## 5 On the map

# %%
zjk_gis.maps.dead_ends_map(ends, roads=roads, links=links, region=ground, barriers=river)
