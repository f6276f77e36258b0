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
# # A million incidents on a laptop
#
# 百万案件:一台笔记本就够
#
# How long does it take to say who answers for a million points? And a file of any length, which does not fit
# into memory? Both run here, on two cores, in seconds; the first compiled question on a machine takes half a
# minute more.

# %%
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

import zjk_gis

data = next(p for p in (Path("sample_data"), Path("../sample_data"), Path("../../sample_data")) if p.exists())
city = zjk_gis.read_city(data / "city.gpkg")
zones, ground, grids = (city[name] for name in ("responsibility_zones", "built_up_areas", "unit_grids"))
zones = zjk_gis.layers.zones_at(zones, "2025-12-31", level=int(zones["level"].max()))
west, south, east, north = ground.total_bounds
rng = np.random.default_rng(20220317)
x, y = rng.uniform(west, east, 1_000_000), rng.uniform(south, north, 1_000_000)

# %% [markdown]
# ## 1 In memory: an index, and a million questions

# %%
index = zjk_gis.ZoneIndex.build(zones)
index

# %% tags=["timed"]
begin = time.perf_counter()
found = index.locate(x, y)
seconds = time.perf_counter() - begin
f"{len(x) / seconds / 1e6:.0f} million points a second; {np.mean(found.row >= 0):.1%} lie in a zone"

# %% [markdown]
# ## 2 From file to file: any length, in bounded memory
#
# Rows come in batches and go out with their answers. Stopped half way, the same call goes on where it was.

# %% tags=["timed"]
folder = Path(tempfile.mkdtemp())
lon, lat = gpd.GeoSeries.from_xy(x, y, crs=zones.crs).to_crs(4326).get_coordinates().to_numpy().T
pd.DataFrame({"incident_code": np.arange(len(x)), "lon": lon, "lat": lat}).to_parquet(
    folder / "points.parquet"
)
begin = time.perf_counter()
summary = zjk_gis.assign_batch(
    folder / "points.parquet",
    zones,
    folder / "assigned.parquet",
    lon="lon",
    lat="lat",
    crs=4326,
    at="2025-12-31",
    progress=False,
)
print(f"{time.perf_counter() - begin:.1f} s")
summary

# %%
pd.read_parquet(folder / "assigned.parquet").head(3)

# %% [markdown]
# ## 3 A million points on a map
#
# Nobody can look at a million marks. They are counted by cell, and the map says so.

# %%
zjk_gis.maps.density_map(
    gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y, crs=zones.crs)), title="一百万个案件"
)
