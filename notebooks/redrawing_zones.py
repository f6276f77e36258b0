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
# # Zones were redrawn: what moves from whom to whom?
#
# 责任区调整:土地、道路、设施、未结案件,谁移交给谁?
#
# A zone is split, two are merged, a border moves by a street. On Monday every chief asks the same: **what is
# mine now, and which open cases do I get with it?** And the archive asks: were the earlier answers right?

# %%
from pathlib import Path

import pandas as pd
import shapely

import zjk_gis

data = next(p for p in (Path("sample_data"), Path("../sample_data"), Path("../../sample_data")) if p.exists())
city = zjk_gis.read_city(data / "city.gpkg", layers=("responsibility_zones", "roads", "manholes"))
incidents = zjk_gis.read_layer(data / "incidents.csv", spec="incidents")
incidents = zjk_gis.coordinates.fix_positions(
    incidents, zjk_gis.check_positions(incidents, roads=city["roads"])
)
zones = city["responsibility_zones"]
old = zjk_gis.layers.zones_at(zones, "2025-12-31", level=int(zones["level"].max()))

# %% [markdown]
# ## 1 Draw the new zones
#
# The first zone is cut in two, the second joins a neighbour, and a third changes only its chief.

# %%
first, second, third = old.index[:3]
west, south, east, north = old.geometry[first].bounds
half = shapely.box(west, south, (west + east) / 2, north)
beside = old.index[old.geometry.touches(old.geometry[second]) & (old.index != first)][0]

new = old.copy()
new.loc[first, "geometry"] = old.geometry[first].intersection(half)
extra = old.loc[[first]].set_geometry([old.geometry[first].difference(half)], crs=old.crs)
extra["zone_code"] = extra["zone_code"] + "A"
new.loc[beside, "geometry"] = old.geometry[beside].union(old.geometry[second])
new.loc[third, "chief_code"] = old.loc[first, "chief_code"]
new = pd.concat([new.drop(index=second), extra], ignore_index=True)

# %% [markdown]
# ## 2 What moves

# %%
assigned = zjk_gis.assign_incidents(incidents, old, at="2025-12-31")
changes = zjk_gis.compare_zones(
    old, new, incidents=assigned, roads=city["roads"], components={"manholes": city["manholes"]}
)
changes

# %%
changes.zones[changes.zones["kind"] != "unchanged"]

# %% [markdown]
# ## 3 The hand-over list, chief by chief

# %%
changes.handover

# %% [markdown]
# ## 4 Only what changed is asked again
#
# The answer is the same as if all had been assigned again; only incidents around the changed ground are.

# %%
again = zjk_gis.assign.reassign_incidents(assigned, old, new, at="2025-12-31")
again.attrs["reassigned"]

# %% [markdown]
# ## 5 Before and after
#
# Drag the bar over the map.

# %%
zjk_gis.maps.changes_map(old, new, changes, title="责任区调整前后")
