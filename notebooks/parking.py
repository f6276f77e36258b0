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
# # Who lives beyond 300 m of a parking lot?
#
# 停车:300 米服务半径之外的居民
#
# The policy asks for ten thousand new berths. Where first? Not where a circle on the map is empty, but where
# people live: and **a lot across the river does not count**.

# %%
from pathlib import Path

import zjk_gis

data = next(p for p in (Path("sample_data"), Path("../sample_data"), Path("../../sample_data")) if p.exists())
city = zjk_gis.read_city(data / "city.gpkg")
ground, lots, river, estates = (
    city[name] for name in ("built_up_areas", "parking_lots", "rivers", "residential_estates")
)
lots["berths"].agg(["size", "sum"])

# %% [markdown]
# ## 1 With the river, and as if there were none
#
# Straight lines overstate access. The difference is the people whom the river cuts off.

# %%
by_circles = zjk_gis.access.parking_gaps(ground, lots, estates=estates)
gaps = zjk_gis.access.parking_gaps(ground, lots, barriers=river, estates=estates)
{"as if there were no river": int(by_circles["people"].sum()), "with the river": int(gaps["people"].sum())}

# %% [markdown]
# ## 2 Where first: the most people, not the most ground

# %%
worst = gaps.sort_values(["people", "area_m2"], ascending=False).head(10)
worst.drop(columns="geometry")

# %% [markdown]
# ## 3 What the radius does
#
# The 300 m are a rule of thumb, of which the table of rules says how sure it is; the answer depends on it.

# %%
import pandas as pd

beyond = {
    f"{radius} m": zjk_gis.access.parking_gaps(ground, lots, barriers=river, estates=estates, within_m=radius)
    for radius in (200, 300, 400, 500)
}
pd.Series(
    {radius: int(found["people"].sum()) for radius, found in beyond.items()}, name="people beyond"
).to_frame()

# %% [markdown]
# ## 4 On the map

# %%
zjk_gis.maps.parking_map(
    lots, gaps=gaps, estates=estates, region=ground, barriers=river, title="停车服务半径 300 米"
)
