"""A million manholes as a bureau sends them: read, checked and kept, beside plain geopandas.

Run: python tests/benchmarks/bench_manholes.py [rows] [--postgis postgresql://user@host/database]

The shapefile is GBK without .cpg. What stands side by side does the same reading and writing; geopandas is
told the encoding that zjk_gis has to find, and checks nothing.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))
from table import Row, print_rows

from zjk_gis import Workspace, read_layer, validate
from zjk_gis.standards import rules_table


def make(rows: int, path: Path) -> None:
    """Write a register of covers: names in Chinese over ten bytes shortened, as the old tools do."""
    rng = np.random.default_rng(20220317)
    communities = rules_table("communities")
    district = communities["community_code"].str[:6].drop_duplicates().to_numpy(dtype=object)
    kinds = ["0101", "0102", "0103"]
    code = (
        pd.Series(rng.choice(district, rows)).astype("str")
        + pd.Series(rng.choice(kinds, rows)).astype("str")
        + pd.Series(np.arange(1, rows + 1) % 1_000_000).astype("str").str.zfill(6)
    )
    frame = gpd.GeoDataFrame(
        {
            "井盖编码": code.where(~code.duplicated(), code.str[:-6] + "999999"),
            "图上点号": pd.Series(np.arange(rows)).astype("str"),
            "管类": rng.choice(["WS", "YS", "HS"], rows),
            "地面高程": rng.normal(720, 30, rows).round(3),
            "井深": rng.uniform(0.5, 6, rows).round(3),
            "材质": rng.choice(["铸铁", "水泥", "复合材料"], rows),
            "道路名称": rng.choice(["清宁路", "明德北街", "建国路", "胜利北路"], rows),
            "权属单位": rng.choice(["市政排水公司", "供水总公司", "供电公司"], rows),
            "状态": rng.choice(["完好", "破损"], rows, p=[0.95, 0.05]),
        },
        geometry=gpd.points_from_xy(
            rng.uniform(565_000, 600_000, rows), rng.uniform(4_500_000, 4_530_000, rows)
        ),
        crs=4547,
    )
    frame.to_file(path, encoding="GB18030")
    path.with_suffix(".cpg").unlink()


def timed(name: str, work, times: dict[str, float]):
    begin = time.perf_counter()
    result = work()
    times[name] = time.perf_counter() - begin
    return result


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("rows", nargs="?", type=int, default=1_000_000)
    arguments.add_argument("--postgis")
    arguments.add_argument("--quick", action="store_true", help="20,000 rows")
    chosen = arguments.parse_args()
    if chosen.quick:
        chosen.rows = 20_000
    folder = Path(tempfile.mkdtemp(prefix="manholes-"))
    try:
        source = folder / "井盖.shp"
        make(chosen.rows, source)
        size = sum(part.stat().st_size for part in folder.iterdir()) / 1e6
        print(f"{chosen.rows:,} manholes, GBK shapefile without .cpg, {size:,.0f} MB")
        ours: dict[str, float] = {}
        layer = timed("read_layer", lambda: read_layer(source, spec="manholes"), ours)
        report = timed("validate", lambda: validate(layer, "manholes"), ours)
        print(f"  {len(report.problems):,} problems: {dict(report.counts[['rule', 'problems']].to_numpy())}")
        city = Workspace.open(folder / "city.gpkg")
        timed(
            "write, checked again, GeoPackage",
            lambda: city.write("manholes", layer, on_problems="keep"),
            ours,
        )
        show("zjk_gis, GeoPackage", ours)
        work = f"read, check and keep {chosen.rows:,} manholes, "
        whole = sum(ours.values())
        rows = []
        if chosen.postgis:
            del ours["write, checked again, GeoPackage"]
            server = Workspace.open(f"{chosen.postgis}{'&' if '?' in chosen.postgis else '?'}schema=bench")
            keep = lambda: server.write("manholes", layer, on_problems="keep")  # noqa: E731
            timed("write, checked again, PostGIS", keep, ours)
            show("zjk_gis, PostGIS", ours)
            on_server = sum(ours.values())
            server.delete("manholes", forget=True)
        theirs: dict[str, float] = {}
        plain = timed("geopandas.read_file", lambda: gpd.read_file(source, encoding="GB18030"), theirs)
        timed("to_file, GeoPackage", lambda: plain.to_file(folder / "plain.gpkg"), theirs)
        show("geopandas, nothing checked, GeoPackage", theirs)
        plainly = "geopandas, nothing checked"
        rows.append(Row(work + "GeoPackage", whole, plainly, sum(theirs.values()), "s"))
        if chosen.postgis:
            import sqlalchemy as sa

            del theirs["to_file, GeoPackage"]
            url = sa.make_url(chosen.postgis).set(drivername="postgresql+psycopg")
            engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
            timed(
                "to_postgis", lambda: plain.to_postgis("plain_manholes", engine, if_exists="replace"), theirs
            )
            show("geopandas, nothing checked, PostGIS", theirs)
            rows.append(Row(work + "PostGIS", on_server, plainly, sum(theirs.values()), "s"))
            with engine.begin() as connection:
                connection.exec_driver_sql("DROP TABLE plain_manholes")
        print_rows(rows)
    finally:
        shutil.rmtree(folder)


def show(title: str, times: dict[str, float]) -> None:
    print(f"  {title}: {sum(times.values()):.1f} s")
    for name, seconds in times.items():
        print(f"    {name:35s} {seconds:6.2f} s")


if __name__ == "__main__":
    main()
