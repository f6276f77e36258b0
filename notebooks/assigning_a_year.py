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
# # Who had to deal with what, in a year?
#
# 一年的案件,谁负责?
#
# Twenty thousand incidents as the bureau sends them, zones that changed in between, and one question: to whom
# does each belong, and **which of them should a person look at**? It ends with a map of where and when.

# %%

from pathlib import Path

import zjk_gis

data = next(p for p in (Path("sample_data"), Path("../sample_data"), Path("../../sample_data")) if p.exists())
city = zjk_gis.read_city(data / "city.gpkg")
zones, grids, sections, roads = (
    city[name] for name in ("responsibility_zones", "unit_grids", "road_sections", "roads")
)
incidents = zjk_gis.read_layer(data / "incidents.csv", spec="incidents")
incidents.attrs["report"]

# %%
incidents = zjk_gis.coordinates.fix_positions(incidents, zjk_gis.check_positions(incidents, roads=roads))
year = incidents[incidents["occurred_at"].dt.year == 2025]

# %% [markdown]
# ## 1 Every incident once
#
# Each is judged by the zones valid **on the day it occurred**. `found` says how the answer came about,
# `reason` why, and `ambiguous` (待确认归属) marks what a person should decide: borders, overlaps, nobody.

# %%
assigned = zjk_gis.assign_incidents(year, zones, grids=grids, sections=sections)
assigned.groupby(["found", "reason", "ambiguous"]).size().rename("incidents").to_frame()

# %% [markdown]
# ## 2 Why this zone?
#
# A disputed incident can be explained: what was weighed, and which rule decided.

# %%
disputed = assigned[assigned["found"].eq("border")].iloc[:1]
explanation = zjk_gis.explain_incident(disputed, zones)
print(explanation)

# %% [markdown]
# ## 3 Month by month, class by class

# %%
by_month = (
    assigned.groupby([assigned["occurred_at"].dt.to_period("M").astype(str), "event_name"])
    .size()
    .unstack(fill_value=0)
)
by_month

# %% [markdown]
# ## 4 The chiefs with the most to do

# %%
load = assigned.groupby("chief_code").agg(
    incidents=("incident_code", "size"),
    undecided=("ambiguous", "sum"),
    still_open=("closed_at", lambda closed: int(closed.isna().sum())),
)
load.sort_values("incidents", ascending=False).head(10)

# %% [markdown]
# ## 5 Where, and when
#
# Incidents are counted in hexagons until few enough are in view; the slider plays the year.

# %%
zjk_gis.maps.density_map(assigned, title="2025 年案件分布")
