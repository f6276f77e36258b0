"""Indicators of ten million incidents from Parquet: ``python tests/benchmarks/bench_assess.py [--rows N]``.

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
from table import Row, amount, print_rows, print_table

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


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--quick", action="store_true", help="200,000 rows, once")
    for name in ("--way", "--path", "--answer"):
        parser.add_argument(name)
    asked = parser.parse_args()
    if asked.way:
        begin, wall = time.process_time(), time.perf_counter()
        found = WAYS[asked.way](asked.path)
        seconds, wall = time.process_time() - begin, time.perf_counter() - wall
        found.sort_index()[["due", "in_time", "open", "closing", "closed_in_time", "hours"]].astype(
            float
        ).to_parquet(asked.answer)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"cpu": seconds, "wall": wall, "peak": peak}))
        return 0
    rounds = 1 if asked.quick else RUNS
    number = 200_000 if asked.quick else asked.rows
    with tempfile.TemporaryDirectory() as folder:
        path, answer = str(Path(folder, "incidents.parquet")), str(Path(folder, "answer.parquet"))
        write_rows(path, number)
        least = {}
        for _ in range(rounds):
            answers = {}
            for way in WAYS:
                told = run(way, path, answer)
                answers[way] = pd.read_parquet(answer)
                before = least.get(way, told)
                least[way] = {name: min(before[name], told[name]) for name in told}
            check(answers)
    rows = [(way, *(amount(told[name]) for name in ("cpu", "wall", "peak"))) for way, told in least.items()]
    print_table(["", "CPU s", "wall s", "peak MB"], rows, title=f"{number:,} incidents", markdown=True)
    ours = least.pop("indicators")
    work = f"indicators of {number:,} incidents"
    return print_rows(
        [
            Row(work, ours["cpu"], way, told["cpu"], peak_mb=ours["peak"], same=True)
            for way, told in least.items()
        ]
    )


def check(answers):
    """Compare all counts, and the medians as far as their classes tell."""
    peer = answers["pandas"]
    for way, found in answers.items():
        assert (found.drop(columns="hours") == peer.drop(columns="hours")).all(axis=None), way
        assert np.allclose(found["hours"], peer["hours"], rtol=0.006), way


if __name__ == "__main__":
    sys.exit(main())
