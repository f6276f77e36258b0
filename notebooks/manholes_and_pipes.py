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
# # Which covers have no pipe, and where does sewage enter the rain pipes?
#
# 窨井与管线:孤立窨井、雨污混接
#
# A cover that nobody can trace to a pipe is a cover that nobody repairs; a sewage pipe that ends in a rain
# well ends in the river. Both can be found from the archive alone.

# %%
from pathlib import Path

import zjk_gis

data = next(p for p in (Path("sample_data"), Path("../sample_data"), Path("../../sample_data")) if p.exists())
city = zjk_gis.read_city(data / "city.gpkg")
manholes, pipelines, zones, blocks = (
    city[name] for name in ("manholes", "pipelines", "responsibility_zones", "historic_blocks")
)
len(manholes), len(pipelines)

# %% [markdown]
# ## 1 Is the archive in order?
#
# Every row is held against the catalogue: codes, values, duplicates, topology.

# %%
report = zjk_gis.validate(manholes, "manholes")
report.counts

# %% [markdown]
# ## 2 What belongs to nothing
#
# No pipe names these covers or ends within half a metre of them; those lie outside every zone.

# %%
orphans = zjk_gis.pipes.orphan_manholes(manholes, pipelines)
outside = zjk_gis.pipes.manholes_outside_zones(manholes, zones, at="2025-12-31")
len(orphans), len(outside)

# %%
orphans.drop(columns="geometry").head()

# %% [markdown]
# ## 3 Sewage in the rain pipes
#
# Survey points and lines become a network first: it tells how each end of each pipe was joined.

# %%
network = zjk_gis.pipes.pipe_network(manholes, pipelines)
mixed = zjk_gis.pipes.misconnections(network)
mixed[["pipe_code", "misconnection", "manhole_code", "drains_m", "outfall_code", "road_name", "owner"]]

# %% [markdown]
# ## 4 The nearest cover, while covers come and go
#
# A live register answers in less than a millisecond, and takes changes between two questions.

# %%
register = zjk_gis.pipes.CoverRegister.build(manholes)
place = manholes.geometry.iloc[0]
register.nearest(place.x + 3, place.y + 4, count=3)

# %% [markdown]
# ## 5 On the map
#
# Pipes wear the colours of CJJ 61; what was found lies on top.

# %%
zjk_gis.maps.pipes_map(
    pipelines,
    manholes,
    findings={"orphan_manholes": orphans, "misconnections": mixed},
    title="管线与窨井",
)
