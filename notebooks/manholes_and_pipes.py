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

# %% [markdown]
# ## 1 Is the archive in order?
#
# Every row is checked against the catalogue: codes, values, duplicates, topology.

# %%
report = zjk_gis.validate(manholes, "manholes")
report

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
# ## 4 A smell at a manhole: where may it come from?
#
# All that drains into the place of the report, the nearest pipes first. Where does it go?

# %%
place = mixed.iloc[[0]]  # such as the first sewer that runs into rain water
smell = zjk_gis.pipes.trace(network, place, direction="upstream", kinds="污水")
smell.sort_values("distance_m")[["pipe_code", "steps", "distance_m", "road_name"]].head()

# %%
spill = zjk_gis.pipes.trace(network, place, direction="downstream")
len(spill), float(spill["length_m"].sum().round())

# %%
zjk_gis.maps.trace_map(spill, pipelines, manholes, title="污水从雨水管去了哪里")

# %% [markdown]
# ## 5 A main has burst: which valves, and who is without water?
#
# What is isolated is not all that is without supply: beyond it no source may be left.

# %%
burst = zjk_gis.pipes.shut_off(
    network, "SS00100", valves=city["valves"], sources=city["supply_sources"], users=city["pipe_users"]
)
burst

# %%
burst.users[["user_code", "user_kind", "households", "state"]]

# %%
zjk_gis.maps.shut_off_map(
    burst.pipes, burst.valves, stuck=burst.stuck, users=burst.users, pipes=pipelines, title="爆管关阀"
)

# %% [markdown]
# ## 6 The nearest cover, while covers come and go
#
# A live register answers in less than a millisecond, and takes changes between two questions. A cover without
# a number cannot be registered; it is one of the findings of `cover_faults`.

# %%
register = zjk_gis.pipes.CoverRegister.build(manholes.dropna(subset="manhole_code"))
place = manholes.geometry.iloc[0]
register.nearest(place.x + 3, place.y + 4, count=3)

# %% [markdown]
# ## 7 On the map
#
# Pipes wear the colours of CJJ 61; what was found lies on top.

# %%
zjk_gis.maps.pipes_map(
    pipelines,
    manholes,
    findings={"orphan_manholes": orphans, "misconnections": mixed},
    title="管线与窨井",
)
