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
# # First steps: who answers for what, and where does nobody?
#
# 第一步:谁负责?哪里没人负责?
#
# A city is divided into responsibility zones (责任区), each with a road chief (路长). This notebook takes the
# sample city from its files to a map: **load, put right, assign, audit, draw**. It runs top to bottom in well
# under a minute; everything in it is synthetic.

# %%
from pathlib import Path

import zjk_gis

data = next(p for p in (Path("sample_data"), Path("../sample_data"), Path("../../sample_data")) if p.exists())

# %% [markdown]
# ## 1 Load
#
# A layer is a plain GeoDataFrame. `read_city` and `read_layer` accept the Chinese column names of the
# bureau's tables and tell in `attrs["report"]` what they had to infer.

# %%
city = zjk_gis.read_city(data / "city.gpkg")
incidents = zjk_gis.read_layer(data / "incidents.csv", spec="incidents")
incidents.attrs["report"]

# %%
incidents.head(3)

# %% [markdown]
# ## 2 Put positions right
#
# Some rows have longitude and latitude swapped, some have none, and one reporting channel delivers GCJ-02,
# which lies about 540 m away: five grids. `check_positions` says which, and with what evidence; nothing is
# changed until `fix_positions` is told to.

# %%
problems = zjk_gis.check_positions(incidents, roads=city["roads"])
problems.groupby("problem").agg(rows=("row", "size"), evidence=("evidence", "first"))

# %%
incidents = zjk_gis.coordinates.fix_positions(incidents, problems)
incidents["position_fix"].value_counts()

# %% [markdown]
# ## 3 Assign
#
# Every incident comes back once, in its order, with the zone and chief that answer for it **by the zones
# valid when it occurred**, and whether a person should look (待确认归属).

# %%
assigned = zjk_gis.assign_incidents(
    incidents,
    city["responsibility_zones"],
    grids=city["unit_grids"],
    sections=city["road_sections"],
)
assigned[
    ["incident_code", "zone_code", "found", "distance_m", "candidates", "ambiguous", "chief_name"]
].head()

# %%
assigned.groupby(["found", "reason"]).size().rename("incidents").to_frame()

# %% [markdown]
# ## 4 Audit
#
# Where does nobody answer, and where do two? Judged for one day, as zones begin and expire.

# %%
day = "2025-12-31"
gaps = zjk_gis.coverage_gaps(
    city["built_up_areas"], city["responsibility_zones"], at=day, allowed=city["rivers"]
)
gaps.drop(columns="geometry").head(10)

# %%
overlaps = zjk_gis.overlapping_zones(city["responsibility_zones"], at=day)
overlaps.drop(columns="geometry")

# %% [markdown]
# And the facilities: road sections without a chief, covers without a pipe, sewage that enters rain pipes,
# people farther than 300 m from parking. A lot across the river does not count.

# %%
parking = zjk_gis.access.parking_gaps(
    city["built_up_areas"],
    city["parking_lots"],
    barriers=city["rivers"],
    estates=city["residential_estates"],
)
{
    "sections without a chief": len(
        zjk_gis.responsibility.sections_without_chief(city["road_sections"], at=day)
    ),
    "manholes without a pipe": len(zjk_gis.pipes.orphan_manholes(city["manholes"], city["pipelines"])),
    "sewage into rain": len(
        zjk_gis.pipes.misconnections(zjk_gis.pipes.pipe_network(city["manholes"], city["pipelines"]))
    ),
    "people beyond 300 m of parking": round(parking["people"].sum()),
}

# %% [markdown]
# ## 5 Draw
#
# One page with everything on it. `zjk_gis.save_offline(page, "map.html")` writes it as a single file that
# needs no network.

# %%
page = zjk_gis.city_map(
    city, results={"assigned": assigned, "gaps": gaps, "overlaps": overlaps, "parking_gaps": parking}
)
page
