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
# # What is in this folder? Data as they arrive
#
# 收到的数据:编码、坐标、编号,一一说清
#
# Monday morning, a folder from three offices: a GBK shapefile without `.cpg`, a table with a title over its
# heading, and points that lie half a kilometre off. This notebook makes the folder, dirt and all, and reads
# it.

# %%
import tempfile
from pathlib import Path

import pandas as pd

import zjk_gis

data = next(p for p in (Path("sample_data"), Path("../sample_data"), Path("../../sample_data")) if p.exists())
folder = Path(tempfile.mkdtemp())
city = zjk_gis.read_city(data / "city.gpkg")
zones, manholes, roads = (city[name] for name in ("responsibility_zones", "manholes", "roads"))

# %% [markdown]
# ## 1 The dirt, made by hand

# %%
shapes = zones[["zone_code", "zone_name", "geometry"]].rename(
    columns={"zone_code": "责任区编码", "zone_name": "责任区名称"}
)
shapes.to_file(folder / "责任区.shp", encoding="GBK", engine="pyogrio")
(folder / "责任区.cpg").unlink(missing_ok=True)  # nothing says now that it is GBK

lon, lat = zjk_gis.crs.datum.wgs84_to_gcj02(*manholes.to_crs(4326).get_coordinates().to_numpy().T)
wells = pd.DataFrame(
    {"窨井编号": manholes["manhole_code"], "管类": manholes["pipe_kind"], "经度": lon, "纬度": lat}
)
with pd.ExcelWriter(folder / "窨井.xlsx") as book:
    # a title in the first row, as leaders like it; then the names of the columns
    pd.DataFrame([["桥西区窨井台账"]]).to_excel(book, sheet_name="台账", index=False, header=False)
    wells.to_excel(book, sheet_name="台账", index=False, startrow=1)
(folder / "说明.docx").write_bytes(b"not a table")

# %% [markdown]
# ## 2 Everything in the folder, and what it is taken for

# %%
reading = zjk_gis.io.read_folder(folder)
reading

# %% [markdown]
# ## 3 The shapefile: what was inferred, and from what

# %%
zones_read = zjk_gis.read_layer(folder / "责任区.shp", spec="responsibility_zones")
print(zones_read.attrs["report"])
zones_read[["zone_code", "zone_name"]].head(3)

# %% [markdown]
# ## 4 The points: half a kilometre off
#
# A reference layer settles it: the covers lie on the roads once GCJ-02 is undone. Nothing changes until it is
# confirmed.

# %%
wells_read = zjk_gis.read_layer(folder / "窨井.xlsx", spec="manholes")
guess = zjk_gis.infer_coordinates(wells_read, reference=roads)
guess

# %%
right = zjk_gis.convert_datum(wells_read, source="gcj02", target="wgs84").to_crs(4547)
moved = right.distance(wells_read.to_crs(4547), align=False)
off = right.geometry.reset_index(drop=True).distance(manholes.geometry.reset_index(drop=True))
{"moved by (m)": round(float(moved.median()), 1), "now off by at most (m)": round(float(off.max()), 3)}

# %% [markdown]
# ## 5 A report by row, for those who must fix it

# %%
report = zjk_gis.validate(right, "manholes")
zjk_gis.io.write_problems(report, folder / "问题.xlsx")
report.counts
