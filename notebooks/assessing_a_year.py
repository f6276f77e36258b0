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
# # How did the city do in a year?
#
# 一年的考核：办得怎样，谁在前，哪里反复发生？
#
# A year of incidents becomes one bulletin: its months side by side, who comes first, what the policy still
# lacks, and where to look. **Every figure has an id**, and any of them can be taken apart into its cases.

# %%
from pathlib import Path

import zjk_gis
from zjk_gis import assess, reports

data = next(p for p in (Path("sample_data"), Path("../sample_data"), Path("../../sample_data")) if p.exists())
city = zjk_gis.read_city(data / "city.gpkg")
incidents = zjk_gis.read_layer(data / "incidents.csv", spec="incidents")
incidents = zjk_gis.coordinates.fix_positions(
    incidents, zjk_gis.check_positions(incidents, roads=city["roads"])
)
# How long each class of the sample may take; a city puts its own table here.
deadlines = zjk_gis.io.read_table(data / "deadlines.csv")

bulletin = reports.monthly_bulletin(
    {**city, "incidents": incidents},
    month="2025-12",
    deadlines=deadlines,
    targets={"handled_in_time_rate": 0.8},
)
bulletin

# %%
months = bulletin.trend.pivot_table(index="month", columns="indicator", values="value")
rates = ["handled_rate", "handled_in_time_rate", "closed_rate", "closed_in_time_rate"]
best, worst = months["handled_in_time_rate"].idxmax(), months["handled_in_time_rate"].idxmin()
print(
    f"{months['reported'].sum():,.0f} incidents in twelve months, "
    f"{months['handled_in_time_rate'].iloc[-1]:.1%} of those due in December were handled in time."
)
print(f"The best month was {best}, the worst {worst}.")
months[["reported", "due", *rates, "hours_median"]].round(4)

# %% [markdown]
# ## 1 What is getting better?
#
# `month_change` and `year_change` are differences; a change is worth a word only where the intervals of the
# two months do not overlap, which is what the notice calls 明显.

# %%
whole = bulletin.figures[bulletin.figures["chapter"] == "overall"]
whole[["figure", "value", "month_change", "year_change", "low_95", "high_95", "judgement"]]

# %% [markdown]
# ## 2 Who comes first?

# %%
bulletin.ranking

# %% [markdown]
# ## 3 A figure, taken apart
#
# Nothing has to be believed: the rows of a figure give it again.

# %%
figure = bulletin.ranking["figure"].iloc[0].replace("/score/", "/handled_in_time_rate/")
print(bulletin.added_up(figure)[1])
bulletin.rows(figure).head()

# %% [markdown]
# ## 4 What does the policy still lack?

# %%
bulletin.progress

# %% [markdown]
# ## 5 Where does the same thing come back?
#
# The same class within 20 m and 90 days, after it had been closed.

# %%
assess.repeat_incidents(incidents).drop(columns="geometry").head(10)

# %% [markdown]
# ## 6 Where do cases gather?
#
# Squares of 500 m over the built-up area, judged by G\*, over the whole year.

# %%
hot = assess.hot_spots(
    incidents, cells=500.0, region=city["built_up_areas"], since="2025-01-01", until="2025-12-31"
)
print(hot["hot_class"].value_counts().to_dict())
zjk_gis.maps.hot_spots_map(hot, title="2025 年案件热点")

# %% [markdown]
# ## 7 The notice, the page and the sheets
#
# `reports.write_bulletin(bulletin, "通报")` writes all of it into a folder: the notice, a page for the
# screen, a workbook, and a sheet of paper for each area. What could not be computed is said as well.

# %%
print(bulletin.notice("zh").text())
