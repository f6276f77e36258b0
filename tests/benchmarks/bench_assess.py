"""Indicators of ten million incidents from Parquet: ``python tests/benchmarks/bench_assess.py [--rows N]``.

With ``--hot-spots`` instead: G* of 40,000 cells beside esda, 250,000 cells by 24 months, and Knox's test of
5,000 incidents beside all pairs in numpy; the least CPU seconds of turns in one process.

Grouped by 19 districts and 20 classes, a year of rows, as of its end. The peers are given the deadline of
each row, as they have no calendar; the library reckons it once more by working time. Every run is a process
of its own; they take turns, and the least CPU seconds are printed with the peak of memory. All counts are
compared first; medians of classes of 1 % are compared with those of pandas.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))
from table import amount, print_table

RUNS = 3
END = "2025-12-31"
CODES = [f"{major:02}{minor:02}" for major in range(1, 6) for minor in range(1, 5)]
RULES = pd.DataFrame({"event_code": CODES, "deadline": 4 + np.arange(20) % 9, "clock": "工作时"})
RATES = ["handled_in_time_rate", "overdue_open_rate", "closed_in_time_rate"]
QUERY = """
with told as (
    select *, coalesce(handled_at, closed_at) as done,
        handled_at is not null or due_at < timestamp '2026-01-01' as is_due,
        closed_at is not null or due_at < timestamp '2026-01-01' as is_closing
    from '{path}' where occurred_at >= timestamp '2025-01-01' and occurred_at < timestamp '2026-01-01'
)
select district_code, event_code, count(*) filter (is_due) as due,
    count(*) filter (is_due and done <= due_at) as in_time,
    count(*) filter (is_due and done is null) as open, count(*) filter (is_closing) as closing,
    count(*) filter (is_closing and closed_at <= due_at) as closed_in_time,
    quantile_disc(epoch(done) - epoch(filed_at), 0.5) / 3600 as hours
from told group by 1, 2 order by 1, 2
"""


def write_rows(path, count):
    """Write incidents, a million at a time, with the deadline that working time gives."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from zjk_gis.assess import WorkingCalendar

    calendar, rng, writer = WorkingCalendar.of(), np.random.default_rng(7), None
    for begin in range(0, count, 1_000_000):
        size = min(1_000_000, count - begin)
        occurred = np.datetime64("2025-01-01", "us") + rng.integers(0, 365 * 86_400, size).astype("m8[s]")
        filed = occurred + rng.integers(1, 7200, size).astype("m8[s]")
        handled = filed + (rng.exponential(20, size) * 3600).astype("m8[s]")
        handled = np.where(handled < np.datetime64("2026-01-01"), handled, np.datetime64("NaT"))
        closed = handled + rng.integers(60, 36_000, size).astype("m8[s]")
        closed = np.where(closed < np.datetime64("2026-01-01"), closed, np.datetime64("NaT"))
        which = rng.integers(0, 20, size)
        due = calendar.deadline(filed, RULES["deadline"].to_numpy()[which], refuse=False)
        table = pa.table(
            {
                "incident_code": [f"{begin + at:010}" for at in range(size)],
                "district_code": np.array([f"1307{at:02}" for at in range(19)])[rng.integers(0, 19, size)],
                "event_code": np.array(CODES)[which],
                "occurred_at": occurred,
                "filed_at": filed,
                "due_at": np.where(np.isnat(due), np.datetime64("2026-01-05 12:00", "us"), due),
                "handled_at": handled,
                "closed_at": closed,
            }
        )
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    writer.close()


def by_library(path, **options):
    from zjk_gis.assess import indicators

    by = ["district_code", "event_code"]
    found = indicators(path, by=by, as_of=END, **options)
    found = found.pivot_table(index=by, columns="indicator", values=["numerator", "denominator", "value"])
    names = {"in_time": RATES[0], "open": RATES[1], "closed_in_time": RATES[2]}
    told = {name: found["numerator"][rate] for name, rate in names.items()}
    told |= {"due": found["denominator"][RATES[0]], "closing": found["denominator"][RATES[2]]}
    return pd.DataFrame(told).assign(hours=found["value"]["hours_median"])


def by_library_with_rules(path):
    """The deadline is reckoned, row by row, from a table of working hours."""
    import zjk_gis.assess.rates as rates

    rates._READ = tuple(name for name in rates._READ if name != "due_at")
    tables = {"workdays": pd.DataFrame({"date": ["2027-01-01"], "kind": ["休"]})}
    return by_library(path, table=RULES, tables=tables)


def by_pandas(path):
    columns = ["district_code", "event_code", "occurred_at", "filed_at", "due_at", "handled_at", "closed_at"]
    rows = pd.read_parquet(path, columns=columns)
    end = pd.Timestamp("2026-01-01")
    done = rows["handled_at"].fillna(rows["closed_at"])
    late = rows["due_at"] < end
    told = pd.DataFrame(
        {
            "district_code": rows["district_code"], "event_code": rows["event_code"],
            "due": done.notna() | late, "closing": rows["closed_at"].notna() | late,
            "hours": (done - rows["filed_at"]) / pd.Timedelta(hours=1),
        }
    )  # fmt: skip
    told["in_time"] = told["due"] & (done <= rows["due_at"])
    told["open"] = told["due"] & done.isna()
    told["closed_in_time"] = told["closing"] & (rows["closed_at"] <= rows["due_at"])
    grouped = told.groupby(["district_code", "event_code"])
    counts = grouped[["due", "in_time", "open", "closing", "closed_in_time"]].sum()
    return counts.assign(hours=grouped["hours"].quantile(0.5, interpolation="lower"))


def by_duckdb(path):
    import duckdb

    found = duckdb.sql(QUERY.format(path=path)).df()
    return found.set_index(["district_code", "event_code"])


WAYS = {
    "indicators": by_library,
    "indicators, deadlines reckoned": by_library_with_rules,
    "pandas": by_pandas,
}
if find_spec("duckdb") is not None:
    WAYS["DuckDB"] = by_duckdb


def run(way, path, answer):
    """Run one way in a process of its own."""
    told = subprocess.run(
        [sys.executable, __file__, "--way", way, "--path", path, "--answer", answer],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return json.loads(told.stdout)


def least_cpu(*ways):
    """Run ways in turn, and return the least CPU seconds and the last answer of each."""
    seconds, answers = [np.inf] * len(ways), [None] * len(ways)
    for _ in range(RUNS):
        for at, way in enumerate(ways):
            begin = time.process_time()
            answers[at] = way()
            seconds[at] = min(seconds[at], time.process_time() - begin)
    return seconds, answers


def clustered(count, side_m, months, spots=200):
    """Return incidents around some corners in a square, over some months."""
    import geopandas as gpd

    rng = np.random.default_rng(9)
    corners = rng.uniform(0, side_m, (spots, 2))
    places = np.clip(
        corners[rng.integers(0, spots, count)] + rng.normal(0, side_m / 60, (count, 2)), 1, side_m - 1
    )
    times = np.datetime64("2024-01-01", "s") + rng.integers(0, int(months * 30.4 * 86_400), count).astype(
        "m8[s]"
    )
    return gpd.GeoDataFrame({"occurred_at": times}, geometry=gpd.points_from_xy(*places.T), crs=4547)


def hot_spots_beside_esda(rows):
    import esda
    import geopandas as gpd
    import libpysal
    from shapely import box

    from zjk_gis.assess import hot_spots
    from zjk_gis.assess.cells import cells_of
    from zjk_gis.assess.local_statistics import g_star

    cases, region = (
        clustered(300_000, 20_000, 12),
        gpd.GeoDataFrame(geometry=[box(0, 0, 20_000, 20_000)], crs=4547),
    )
    found = hot_spots(cases, cells=100, region=region)
    counts = found["incidents"].to_numpy(dtype=float)[:, None]
    weights = libpysal.weights.lat2W(200, 200, rook=False)
    near = cells_of(100, region, hexagons=False, reach_m=None, day=None)
    own = counts[near.order]

    def by_esda(w):
        return esda.G_Local(counts.ravel(), w, transform="B", star=True, permutations=0).Zs

    by_esda(weights)
    (ours, peer), (z, theirs) = least_cpu(lambda: g_star(own, near.near).ravel(), lambda: by_esda(weights))
    apart = np.abs(z - theirs[near.order]).max()
    assert apart < 1e-9, apart
    rows.append(
        ("G* of 40,000 cells, neighbours known", "esda", amount(ours), amount(peer), amount(peer / ours))
    )
    (ours, peer), _ = least_cpu(
        lambda: hot_spots(cases, cells=100, region=region),
        lambda: by_esda(libpysal.weights.lat2W(200, 200, rook=False)),
    )
    what = "hot_spots: cells, 300,000 incidents counted, neighbours, G*, classes"
    rows.append((what, "esda, neighbours and G* alone", amount(ours), amount(peer), amount(peer / ours)))


def emerging(rows):
    import geopandas as gpd
    from shapely import box

    from zjk_gis.assess import emerging_hot_spots

    cases, region = (
        clustered(2_000_000, 50_000, 24),
        gpd.GeoDataFrame(geometry=[box(0, 0, 50_000, 50_000)], crs=4547),
    )
    (ours,), (found,) = least_cpu(lambda: emerging_hot_spots(cases, cells=100, region=region))
    assert len(found) == 250_000
    rows.append(
        ("emerging_hot_spots: 250,000 cells by 24 months, 2,000,000 incidents", "-", amount(ours), "-", "-")
    )


def knox(rows):
    from zjk_gis.assess import near_repeats

    cases = clustered(5000, 8000, 12)
    x, y = cases.geometry.x.to_numpy(), cases.geometry.y.to_numpy()
    day = cases["occurred_at"].to_numpy().astype("M8[D]").astype(np.int64)

    def all_pairs():
        near = np.triu(np.hypot(x[:, None] - x, y[:, None] - y) <= 200, 1)
        rng = np.random.default_rng(0)
        dealt = [day, *(rng.permutation(day) for _ in range(9))]
        return [int((near & (np.abs(each[:, None] - each) <= 7)).sum()) for each in dealt]

    (ours, peer), (found, pairs) = least_cpu(
        lambda: near_repeats(cases, distances=[200], days=[7], permutations=999), all_pairs
    )
    assert found["pairs"].iloc[0] == pairs[0]
    rows.append(
        (
            "near_repeats of 5,000 incidents, 999 permutations",
            "numpy, all pairs, times 100",
            amount(ours),
            amount(100 * peer),
            amount(100 * peer / ours),
        )
    )


def hot_spots_told():
    rows = []
    for ask in (hot_spots_beside_esda, emerging, knox):
        ask(rows)
    print_table(["", "peer", "CPU s", "peer's CPU s", "times"], rows, title="Hot spots", markdown=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    for name in ("--way", "--path", "--answer"):
        parser.add_argument(name)
    parser.add_argument("--hot-spots", action="store_true")
    asked = parser.parse_args()
    if asked.hot_spots:
        hot_spots_told()
        return
    if asked.way:
        begin, wall = time.process_time(), time.perf_counter()
        found = WAYS[asked.way](asked.path)
        seconds, wall = time.process_time() - begin, time.perf_counter() - wall
        found.sort_index()[["due", "in_time", "open", "closing", "closed_in_time", "hours"]].astype(
            float
        ).to_parquet(asked.answer)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"cpu": seconds, "wall": wall, "peak": peak}))
        return
    with tempfile.TemporaryDirectory() as folder:
        path, answer = str(Path(folder, "incidents.parquet")), str(Path(folder, "answer.parquet"))
        write_rows(path, asked.rows)
        least = {}
        for _ in range(RUNS):
            answers = {}
            for way in WAYS:
                told = run(way, path, answer)
                answers[way] = pd.read_parquet(answer)
                before = least.get(way, told)
                least[way] = {name: min(before[name], told[name]) for name in told}
            check(answers)
    rows = [(way, *(amount(told[name]) for name in ("cpu", "wall", "peak"))) for way, told in least.items()]
    print_table(["", "CPU s", "wall s", "peak MB"], rows, title=f"{asked.rows:,} incidents", markdown=True)


def check(answers):
    """Compare all counts, and the medians as far as their classes tell."""
    peer = answers["pandas"]
    for way, found in answers.items():
        assert (found.drop(columns="hours") == peer.drop(columns="hours")).all(axis=None), way
        assert np.allclose(found["hours"], peer["hours"], rtol=0.006), way


if __name__ == "__main__":
    main()
