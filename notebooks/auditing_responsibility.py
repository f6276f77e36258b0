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
# # Does every road have someone? The audit of responsibility
#
# 路路有人管吗?责任审计
#
# The policy promises: **every road has someone, every matter has someone, everyone has matters in hand**
# (路路有人管、事事有人管、人人都管事). This notebook proves or refutes it for the sample city, figure by
# figure, and ends with a map of the places where it does not hold.

# %%
from pathlib import Path

import pandas as pd

import zjk_gis

data = next(p for p in (Path("sample_data"), Path("../sample_data"), Path("../../sample_data")) if p.exists())
city = zjk_gis.read_city(data / "city.gpkg")
day = "2025-12-31"

# %% [markdown]
# ## 1 Who has which incidents
#
# The load of a chief is what came to them in a year, so the incidents are assigned first.

# %%
incidents = zjk_gis.read_layer(data / "incidents.csv", spec="incidents")
incidents = zjk_gis.coordinates.fix_positions(
    incidents, zjk_gis.check_positions(incidents, roads=city["roads"])
)
assigned = zjk_gis.assign_incidents(incidents, city["responsibility_zones"], sections=city["road_sections"])

# %% [markdown]
# ## 2 The three promises as figures
#
# Every share has its denominator beside it. The river needs no zone; a department is named for whole groups
# of events, and for what is left the street answers (属地兜底).

# %%
duties = pd.DataFrame(
    {
        "event_code": ["01", "02", "03", "0401", "05", "0505"],
        "department": ["环境卫生处", "综合执法局", "综合执法局", "市政处", "综合执法局", "交警支队"],
    }
)
audit = zjk_gis.responsibility_audit(
    city["built_up_areas"],
    city["responsibility_zones"],
    roads=city["roads"],
    sections=city["road_sections"],
    assigned=assigned,
    duties=duties,
    streets=city["streets"],
    components={"manholes": city["manholes"]},
    people=city["residential_estates"],
    allowed=city["rivers"],
    at=day,
)
audit

# %%
audit.figures.style.format({"value": "{:,.1f}", "whole": "{:,.1f}", "share": "{:.2%}"})

# %% [markdown]
# Each figure says from which rows it comes, so that anybody can check it:

# %%
audit.ground.query("answer == 'nobody'")["area_m2"].sum(), audit.gaps["area_m2"].sum()

# %% [markdown]
# The worst places come first, by what lies in them: incidents, components, people, road. Three square metres
# under a busy crossing come before a hectare of hillside.

# %%
audit.worst("every_road").drop(columns="geometry")

# %% [markdown]
# What is meant to be so, such as military land, is accepted: by whom, why, and until when. It comes back when
# that day is over, or its shape changes.

# %%
worst = audit.gaps["gap_code"].iloc[0]
ledger = zjk_gis.coverage.accept_fault(
    audit.gaps, worst, by="李局长", why="军事用地", until="2026-12-31", on=day
)
{when: len(zjk_gis.coverage.without_accepted(audit.gaps, ledger, at=when)) for when in (day, "2027-01-01")}

# %% [markdown]
# And each border between two zones: what runs along it, and who got the incidents that may lie on either
# side of it.

# %%
borders = zjk_gis.coverage.border_sheet(
    city["responsibility_zones"], roads=city["roads"], rivers=city["rivers"], incidents=assigned, at=day
)
borders.drop(columns="geometry").nlargest(5, "incidents")

# %% [markdown]
# ## 3 Roads with nobody, or with several
#
# A section (责任路段) answers rather than the zone around it. A road along the border of two zones has two.

# %%
audit.stretches[audit.stretches["answer"] != "one"].drop(columns="geometry").sort_values(
    "length_m", ascending=False
).head(10)

# %%
zjk_gis.responsibility.road_totals(audit.stretches, ["street_code", "road_class"]).head(12)

# %% [markdown]
# ## 4 Matters with no department, or with two

# %%
audit.matters[audit.matters["place_code"] == "130703005"].query("answer != 'one'")

# %% [markdown]
# ## 5 Who has too much, and who nothing

# %%
audit.chiefs.head(5)

# %%
audit.chiefs["standing"].replace("", "usual").value_counts()

# %% [markdown]
# ## 6 Was it walked?
#
# Two patrols with GPS, one of whom loses the signal for ten minutes. The share of each section walked, and
# how often: gaps in the track count as nothing.

# %%
walk = city["road_sections"].query("road_code == 'R0001'").geometry.iloc[0]
places = [walk.interpolate(at) for at in range(0, int(walk.length), 40)]
times = pd.Timestamp(f"{day} 08:30") + pd.to_timedelta(range(len(places)), unit="min")
fixes = pd.Series(times).where(lambda when: when.index < 5, times + pd.Timedelta("10min"))
tracks = city["roads"].iloc[: len(places)][["geometry"]].set_geometry(places, crs=city["roads"].crs)
tracks = tracks.assign(patrol_code="P01", recorded_at=fixes.to_numpy())
walked = zjk_gis.responsibility.patrol_coverage(city["road_sections"], tracks)
walked.loc[walked["walked_m"] > 0, ["section_code", "length_m", "walked_m", "share", "days_walked"]]

# %% [markdown]
# ## 7 The map
#
# Everything that breaks a promise, to be clicked. `zjk-gis audit sample_data/city.gpkg -o audit` writes the
# same as a page, a workbook and layers.

# %%
zjk_gis.city_map(
    city,
    results={
        "gaps": audit.gaps,
        "overlaps": audit.overlaps,
        "unanswered_roads": audit.stretches[audit.stretches["answer"] != "one"],
    },
    title=f"责任审计（{day}）",
)
