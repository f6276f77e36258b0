"""Repeats among a million cases: ``python tests/benchmarks/bench_repeats.py [--rows N]``.

Two years of cases of 20 classes in a city of 30 by 30 km, half of them at 20,000 places where things recur,
the worst of which has thousands. The peer is what one would write with GeoPandas and pandas: by class the
pairs within 20 m by ``sjoin(predicate="dwithin")``, those of later cases kept, and the chains made of them by
the same rule, one case after another. Both are given the same frame and take turns in one process; the
least CPU seconds are printed, and the chains are compared.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))
from table import amount, print_table

RUNS = 2


def cases(count):
    rng = np.random.default_rng(7)
    x, y = 570_000 + rng.uniform(0, 30_000, count), 4_510_000 + rng.uniform(0, 30_000, count)
    places = np.column_stack(
        [570_000 + rng.uniform(0, 30_000, 20_000), 4_510_000 + rng.uniform(0, 30_000, 20_000)]
    )
    at = (rng.uniform(0, 1, count // 2) ** 3 * len(places)).astype(int)
    x[: len(at)] = places[at, 0] + rng.normal(0, 6, len(at))
    y[: len(at)] = places[at, 1] + rng.normal(0, 6, len(at))
    occurred = np.datetime64("2024-01-01", "s") + rng.integers(0, 730 * 86_400, count).astype("m8[s]")
    closed = occurred + (rng.exponential(3 * 86_400, count)).astype("m8[s]")
    frame = pd.DataFrame(
        {
            "incident_code": [f"{at:09}" for at in range(count)],
            "event_code": np.array([f"01{at:02}" for at in range(20)])[rng.integers(0, 20, count)],
            "occurred_at": occurred,
            "closed_at": closed,
        }
    )
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(x, y), crs=4547)


def by_library(rows):
    from zjk_gis.assess import repeat_incidents

    return repeat_incidents(rows)["incident_codes"].tolist()


def by_library_marks(rows):
    from zjk_gis.assess import mark_repeats

    marked = mark_repeats(rows)
    kept = marked[marked["place_code"].notna()].sort_values(["occurred_at", "incident_code"])
    return kept.groupby("place_code")["incident_code"].agg(";".join).tolist()


def by_geopandas(rows):
    rows = rows.sort_values(["event_code", "occurred_at", "incident_code"], ignore_index=True)
    told = []
    for _, some in rows.groupby("event_code"):
        some = some.reset_index(drop=True)  # noqa: PLW2901
        points = some[["geometry"]]
        pairs = points.sjoin(points, predicate="dwithin", distance=20.0)["index_right"]
        later = pairs.index.to_numpy()
        earlier = pairs.to_numpy()
        kept = earlier < later
        later, earlier = later[kept], earlier[kept]
        far = some.geometry.iloc[later].distance(some.geometry.iloc[earlier], align=False).to_numpy()
        order = np.lexsort((earlier, far, later))
        later, earlier = later[order], earlier[order]
        begins = np.searchsorted(later, np.arange(len(some) + 1)).tolist()
        time_, closed = (some[name].astype("int64").to_numpy() for name in ("occurred_at", "closed_at"))
        told += chains(
            begins, earlier.tolist(), time_.tolist(), closed.tolist(), some["incident_code"].tolist()
        )
    return told


def chains(begins, earlier, times, closed, codes):
    period = 90 * 86_400
    last, members = {}, {}
    for at in range(len(times)):
        best = next(
            (one for one in earlier[begins[at] : begins[at + 1]]
             if one in last and times[at] - times[last[one]] <= period),
            None,
        )  # fmt: skip
        if best is None:
            last[at], members[at] = at, [codes[at]]
        elif closed[last[best]] <= times[at]:
            last[best] = at
            members[best].append(codes[at])
    return [";".join(each) for each in members.values() if len(each) > 1]


WAYS = {
    "repeat_incidents": by_library,
    "mark_repeats, and the chains by pandas": by_library_marks,
    "GeoPandas dwithin, pandas": by_geopandas,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    asked = parser.parse_args()
    by_library(cases(1000))  # compiled
    rows = cases(asked.rows)
    least, answers = {}, {}
    for _ in range(RUNS):
        for way, call in WAYS.items():
            begin = time.process_time()
            answers[way] = sorted(call(rows))
            seconds = time.process_time() - begin
            least[way] = min(least.get(way, seconds), seconds)
    first = answers["repeat_incidents"]
    assert all(found == first for found in answers.values())
    told = [(way, amount(seconds)) for way, seconds in least.items()]
    print_table(["", "CPU s"], told, title=f"{asked.rows:,} cases, {len(first):,} places", markdown=True)


if __name__ == "__main__":
    main()
