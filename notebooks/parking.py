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
# # Who has no parking within 300 m, and where should the next lot go?
#
# 停车:300 米服务半径之外的居民
#
# The policy asks for ten thousand new berths. Where first? Not where a circle on the map is empty, but where
# people live; **a lot across the river does not count, nor does one that only a firm's staff may use**, and
# people walk along roads.

# %%
from pathlib import Path

import zjk_gis

data = next(p for p in (Path("sample_data"), Path("../sample_data"), Path("../../sample_data")) if p.exists())
city = zjk_gis.read_city(data / "city.gpkg")
ground, river, estates = (city[name] for name in ("built_up_areas", "rivers", "residential_estates"))
lots = zjk_gis.access.public_lots(city["parking_lots"])
network = zjk_gis.access.road_network(city["roads"], barriers=river)
network

# %% [markdown]
# ## 1 Along the roads, and in a straight line
#
# Two ways of measuring, never mixed: each has its own column and its own share. The straight line overstates
# access, and the river alone does not explain by how much.

# %%
homes = zjk_gis.access.nearest_facilities(estates, lots, network, within_m=300)
by_street = zjk_gis.access.coverage_of(homes, city["streets"], within_m=300)
shown = ["area_code", "people", "people_network", "share_network", "people_straight", "share_straight"]
by_street[shown].round(3)

# %%
homes["reason"].map(zjk_gis.layers.label).value_counts().to_frame()

# %% [markdown]
# ## 2 Ground beyond 300 m in a straight line, on its own side of the river
#
# Where even the straight line leaves people out, no road will help: these gaps come first.

# %%
gaps = zjk_gis.access.parking_gaps(ground, lots, barriers=river, estates=estates)
worst = gaps.sort_values(["people", "area_m2"], ascending=False).head(10)
worst.drop(columns="geometry")

# %% [markdown]
# ## 3 What the radius does
#
# The 300 m are a rule of thumb, of which the table of rules says how sure it is; the answer depends on it.

# %%
import pandas as pd

reached = {
    f"{radius} m": zjk_gis.access.coverage_of(homes, within_m=radius) for radius in (200, 300, 400, 500)
}
pd.concat(reached, names=["within"])[["people_network", "people_straight"]].droplevel(1)

# %% [markdown]
# ## 4 Berths against vehicles
#
# Each lot shares its berths among all who reach it. How many vehicles a household has is an assumption here,
# as the sample does not say.

# %%
balance = zjk_gis.access.berth_balance(estates, lots, network, vehicles_per_household=0.6)
balance

# %% [markdown]
# ## 5 Where the next three lots do most good
#
# At any road junction, for people who have none within 300 m today. `gap` bounds how much better the best
# plan could be.

# %%
junctions = network.nodes.rename(columns={"node": "candidate"})
plan = zjk_gis.access.site_facilities(
    estates, junctions, network, count=3, within_m=300, existing=lots, code="candidate"
)
plan

# %% [markdown]
# ## 6 On the map

# %%
served = zjk_gis.access.service_areas(lots, network, within_m=300)
zjk_gis.maps.access_map(
    homes, lots, served=served, region=ground, barriers=river, title="停车场沿道路 300 米可达性"
)

# %%
zjk_gis.maps.siting_map(plan, existing=lots, region=ground, barriers=river)
