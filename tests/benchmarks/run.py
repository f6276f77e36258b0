"""All benchmarks in one table, beside the last figures: ``python tests/benchmarks/run.py [--quick]``.

Each script runs in a process of its own. What it prints is kept in ``build/bench/``; the rows that it tells
(`table.print_rows`) stand in one table, with the ratio of the last time beside them. A ratio that fell and
memory that grew by more than a share are marked, as is a row that was there the last time and is not now.
Ends with 1 if a script fails or answers differ.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import fields
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from table import HEADS, ROWS_FILE, Row, amount, print_table

HERE = Path(__file__).parent
LAST = HERE / "last.csv"
LOGS = Path("build/bench")
SHARE = 0.25
_LEAST = {"CPU s": 0.005, "s": 0.005, "ms": 5.0}  # what is shorter is not judged: chance weighs more
_NO_SCRIPTS = ("bench_peers.py",)
_KEPT = ("form", "script", "work", "peer", "unit", "ours", "theirs", "ratio", "peak_mb", "date", "machine")


def scripts_in(folder):
    """Return the scripts, exactness first."""
    found = sorted(path for path in folder.glob("bench_*.py") if path.name not in _NO_SCRIPTS)
    return [path for path in [folder / "exactness.py", *found] if path.exists()]


def run(script, *, quick, logs):
    """Run one script; return its rows, its CPU seconds, and what is wrong with it (empty if nothing is)."""
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / f"{script.stem}.txt"
    with tempfile.TemporaryDirectory() as folder, log.open("w", encoding="utf-8") as output:
        told = Path(folder, "rows")
        words = {**os.environ, ROWS_FILE: str(told)}
        command = [sys.executable, str(script), *(["--quick"] if quick else [])]
        running = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=words)
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
        lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
    names = {each.name for each in fields(Row)}
    rows = [
        Row(**{name: value for name, value in json.loads(line).items() if name in names}) for line in lines
    ]
    peak_mb = used.ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)
    rows = [row if row.peak_mb is not None else _with_peak(row, peak_mb) for row in rows]
    cpu = used.ru_utime + used.ru_stime
    if running.returncode:
        return rows, cpu, f"ended with {running.returncode}; see {log}"
    return rows, cpu, "" if rows else f"told no rows; see {log}"


def _with_peak(row, peak_mb):
    return Row(**{each.name: getattr(row, each.name) for each in fields(row)} | {"peak_mb": peak_mb})


def read_last(path, form):
    """Return the last figures of a form of run by script, work and peer."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as content:
        rows = [row for row in csv.DictReader(content) if row["form"] == form]
    return {(row["script"], row["work"], row["peer"]): row for row in rows}


def keep(path, form, found, today, machine):
    """Write the figures of these scripts in place of their last ones of the same form."""
    kept = []
    if path.exists():
        with path.open(encoding="utf-8", newline="") as content:
            kept = [
                row for row in csv.DictReader(content) if row["form"] != form or row["script"] not in found
            ]
    for script, rows in found.items():
        for row in rows:
            figures = {name: getattr(row, name) for name in ("ours", "theirs", "ratio", "peak_mb")}
            told = {name: "" if value is None else f"{value:.4g}" for name, value in figures.items()}
            kept.append(
                {"form": form, "script": script, "work": row.work, "peer": row.peer, "unit": row.unit}
                | told
                | {"date": today, "machine": machine}
            )
    kept.sort(key=lambda row: (row["form"], row["script"]))
    with path.open("w", encoding="utf-8", newline="") as content:
        writer = csv.DictWriter(content, _KEPT, lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)


def change(row, before, share):
    """Say what became worse by more than a share: the ratio to the peer, or the memory."""
    if before is None:
        return "new"
    words = []
    long = row.unit == "MB" or row.ours >= _LEAST[row.unit]
    if (
        before["ratio"]
        and row.ratio is not None
        and long
        and row.ratio < (1 - share) * float(before["ratio"])
    ):
        words.append(f"SLOWER by {1 - row.ratio / float(before['ratio']):.0%}")
    if before["peak_mb"] and row.peak_mb is not None:
        grown = row.peak_mb - float(before["peak_mb"])
        if grown > max(share * float(before["peak_mb"]), 20.0):  # MB: less is chance
            words.append(f"MORE MEMORY, {grown:+,.0f} MB")
    return ", ".join(words)


def one_table(found, last, share):
    """Return the rows of the table, and sentences on what is wrong or worse.

    Parameters
    ----------
    found : dict of str to list of Row
    last : dict
        As `read_last` tells.
    share : float
    """
    cells, worse = [], []
    left = {key: row for key, row in last.items() if key[0] in found}
    for script, rows in found.items():
        for row in rows:
            before = left.pop((script, row.work, row.peer), None)
            word = change(row, before, share)
            ratio = float(before["ratio"]) if before and before["ratio"] else None
            memory = float(before["peak_mb"]) if before and before["peak_mb"] else None
            cells.append((*row.cells(), amount(ratio), amount(memory), word))
            if row.same is False or word not in ("", "new"):
                what = "answers DIFFER" if row.same is False else word
                worse.append(f"{script}: {row.work}{', beside ' + row.peer if row.peer else ''}: {what}")
    for (script, work, peer), before in left.items():
        ours, theirs = (
            amount(float(before[name]) if before[name] else None) for name in ("ratio", "peak_mb")
        )
        cells.append((work, "", peer, "", "", "", "", "", ours, theirs, "MISSING"))
        worse.append(f"{script}: {work}{', beside ' + peer if peer else ''}: MISSING")
    return cells, worse


def machine_words():
    """Say what the machine is, but not whose or where."""
    model = ""
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    memory = ""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = f", {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB"
    return f"{os.cpu_count()} x {model or platform.machine()}{memory}, Python {platform.python_version()}"


def main(words=None):
    """Run the scripts, print the table, and tell what is worse."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="smaller sets, all in two minutes")
    parser.add_argument("--keep", action="store_true", help="write these figures as the last ones")
    parser.add_argument("--only", nargs="*", help="scripts whose names contain one of these")
    parser.add_argument("--share", type=float, default=SHARE, help="a fall of a ratio that is marked")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--scripts", type=Path, default=HERE, help=argparse.SUPPRESS)
    parser.add_argument("--last", type=Path, default=LAST, help=argparse.SUPPRESS)
    parser.add_argument("--logs", type=Path, default=LOGS, help=argparse.SUPPRESS)
    given = parser.parse_args(words)
    form = "quick" if given.quick else "full"
    found, broken = {}, []
    for script in scripts_in(given.scripts):
        if given.only and not any(word in script.stem for word in given.only):
            continue
        start = time.perf_counter()
        print(f"{script.stem} ...", end=" ", file=sys.stderr, flush=True)
        found[script.stem], cpu, wrong = run(script, quick=given.quick, logs=given.logs)
        seconds = time.perf_counter() - start
        print(wrong or f"{seconds:.1f} s, {cpu:.1f} s of CPU", file=sys.stderr, flush=True)
        if wrong:
            broken.append(f"{script.stem}: {wrong}")
    cells, worse = one_table(found, read_last(given.last, form), given.share)
    heads = (*HEADS, "last ratio", "last MB", "since then")
    title = f"zjk_gis beside its peers, {form} form, {machine_words()}"
    print_table(heads, cells, title=title, markdown=given.markdown)
    print("\n".join([*broken, *worse]) or "Nothing is wrong, and nothing is worse than the last time.")
    if given.keep and not broken:
        keep(given.last, form, found, date.today().isoformat(), machine_words())
        print(f"kept in {given.last.name}")
    return int(bool(broken) or any(row.same is False for rows in found.values() for row in rows))


if __name__ == "__main__":
    sys.exit(main())
