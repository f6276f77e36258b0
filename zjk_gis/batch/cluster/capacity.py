"""How many workers, how much memory, how long: the cost of a job on a cluster, from rates that were measured.

A task of one thread reads a part, decodes it, answers and writes, one after the other, so that the seconds of
the four steps add up; tasks run beside each other on every core. The rates and how each was measured are in
``tables/rates.csv``.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.layers.metric import require_amounts
from zjk_gis.presentation import Presentation, presented
from zjk_gis.words import tr

__all__ = ["ClusterPlan", "plan_cluster", "step_titles"]

_PART_BYTES = 256e6
_MOST_PARTS = 100_000
_MOST_ROWS = 1e11
_MUCH_MB_S = 10_000
_LONG_H = 24.0
_MB = 1e6


@presented
@checked
@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """What a job on a cluster takes.

    Attributes
    ----------
    rows, zones : int
    workers, cores : int
        Machines, and tasks at a time on each.
    memory_gb : float
        Of each worker: its tasks, and the plan that they share.
    hours : float
    limit : str
        The step that takes longest: ``read``, ``decode``, ``assign`` or ``write``.
    step_hours : dict of str to float
        Of each step, on all cores together; they add up to `hours`.
    parts : int
        Files of 256 MB; each is done again as a whole if a worker dies.
    bytes_in, bytes_out : int
    plan_gb : float
        What every host fetches and maps.
    remarks : tuple of str
        What would break first.
    """

    rows: int
    zones: int
    workers: int
    cores: int
    memory_gb: float
    hours: float
    limit: str
    step_hours: dict[str, float]
    parts: int
    bytes_in: int
    bytes_out: int
    plan_gb: float
    remarks: tuple[str, ...]

    def _presentation(self) -> Presentation:
        told = tr(
            "{rows:,} rows in {zones:,} zones: {workers:,} workers with {cores} cores and "
            "{memory:.0f} GB each take {hours:.2f} hours; {limit} takes longest.",
            rows=self.rows,
            zones=self.zones,
            workers=self.workers,
            cores=self.cores,
            memory=self.memory_gb,
            hours=self.hours,
            limit=step_titles()[self.limit],
        )
        rows = [
            [step_titles()[name], f"{hours:.2f}", f"{hours / self.hours:.0%}"]
            for name, hours in self.step_hours.items()
        ]
        return Presentation(told, [tr("step"), tr("hours"), tr("of all")], rows)


@checked
def plan_cluster(
    rows: int,
    zones: int,
    bytes_in: int,
    *,
    hours: float | None = None,
    workers: int | None = None,
    cores: int = 8,
    storage_mb_s: float = 200.0,
) -> ClusterPlan:
    """Work out how many workers a job needs, or how long so many take.

    Parameters
    ----------
    rows : int
        Positions to be assigned, up to a hundred billion.
    zones : int
    bytes_in : int
        Size of the Parquet that is read.
    hours : float, optional
        Within how many it is to be done; by default one, if `workers` is not given.
    workers : int, optional
        How many there are, in place of `hours`.
    cores : int, default 8
        Of each worker.
    storage_mb_s : float, default 200.0
        What one worker gets from the store and puts into it, in megabytes a second: the one rate that only
        the platform knows.

    Returns
    -------
    ClusterPlan

    Raises
    ------
    InputError
        If a number is not positive, both `hours` and `workers` are given, or there are more rows than that.

    Examples
    --------
    >>> plan = plan_cluster(10**9, 20_000, 25 * 10**9, hours=0.5)
    >>> plan.workers, plan.limit, plan.parts
    (1, 'write', 98)
    >>> plan_cluster(10**11, 20_000, 25 * 10**11, workers=2).hours > plan.hours
    True
    """
    require_amounts(storage_mb_s=storage_mb_s)
    if hours is not None and workers is not None:
        raise InputError(tr("name hours= or workers=, not both"))
    hours = 1.0 if hours is None else hours
    for name, value in (
        ("rows", rows),
        ("zones", zones),
        ("bytes_in", bytes_in),
        ("cores", cores),
        ("workers", 1 if workers is None else workers),
        ("storage_mb_s", storage_mb_s),
        ("hours", hours),
    ):
        if not 0 < value < math.inf:
            raise InputError(tr("{name} must be more than 0, not {value!r}", name=name, value=value))
    if rows > _MOST_ROWS:
        raise InputError(
            tr("{rows:,} rows are more than what was measured can tell; plan a job for each year", rows=rows)
        )
    rate = _rates()
    bytes_out = bytes_in + rows * rate["added_bytes"]
    parts = math.ceil(bytes_in / _PART_BYTES)
    through_store = cores / (storage_mb_s * _MB)
    seconds = {
        "read": bytes_in * through_store + parts * rate["part_s"],
        "decode": bytes_in / (rate["decode_mb_s"] * _MB),
        "assign": rows / _assigned_a_second(zones),
        "write": bytes_out * through_store + bytes_out / (rate["write_mb_s"] * _MB),
    }
    core_hours = sum(seconds.values()) / 3600
    needed = math.ceil(core_hours / (hours * cores)) if workers is None else workers
    # A part is worked on by one thread: more cores than parts have nothing to do.
    busy = min(needed * cores, parts)
    step_hours = {name: each / 3600 / busy for name, each in seconds.items()}
    plan_gb = zones * rate["zone_bytes"] / 1e9
    took = sum(step_hours.values())
    return ClusterPlan(
        rows=rows,
        zones=zones,
        workers=needed,
        cores=cores,
        memory_gb=float(math.ceil(cores * rate["task_gb"] + plan_gb + 1)),
        hours=took,
        limit=max(step_hours, key=lambda name: step_hours[name]),
        step_hours=step_hours,
        parts=parts,
        bytes_in=bytes_in,
        bytes_out=int(bytes_out),
        plan_gb=plan_gb,
        remarks=tuple(
            _breaks_first(rows, zones, parts, needed, cores, plan_gb, storage_mb_s=storage_mb_s, hours=took)
        ),
    )


def _breaks_first(
    rows: int,
    zones: int,
    parts: int,
    workers: int,
    cores: int,
    plan_gb: float,
    *,
    storage_mb_s: float,
    hours: float,
) -> list[str]:
    """Say what would break first, the likeliest first."""
    rate, remarks = _rates(), []
    if workers * storage_mb_s > _MUCH_MB_S:
        remarks.append(
            tr(
                "the store has to give {total:,.0f} MB/s to all workers together; ask whether it can",
                total=workers * storage_mb_s,
            )
        )
    if parts > _MOST_PARTS:
        remarks.append(
            tr(
                "{parts:,} parts of 256 MB are many for one scheduler and one list; run a job for "
                "each month, or write larger parts",
                parts=parts,
            )
        )
    if parts < workers * cores:
        remarks.append(
            tr("{parts:,} parts keep no more than {parts:,} cores busy; write smaller parts", parts=parts)
        )
    if zones > rate["most_zones"]:
        remarks.append(
            tr("more than {most:,.0f} zones were not measured; the rate is drawn on", most=rate["most_zones"])
        )
    if plan_gb > 1:
        remarks.append(
            tr(
                "every host fetches a plan of {plan_gb:.1f} GB first, and needs the disk for it",
                plan_gb=plan_gb,
            )
        )
    if hours > _LONG_H:
        remarks.append(
            tr("a job of {hours:.0f} hours outlives many a scheduler: the same command goes on", hours=hours)
        )
    remarks.append(
        tr(
            "scaled up from {measured:,.0f} rows on 2 cores, times {times:,.0f}",
            measured=rate["rows"],
            times=max(1, rows / rate["rows"]),
        )
    )
    return remarks


def step_titles() -> dict[str, str]:
    """Return what the steps are called, in the reader's language."""
    return {
        "read": tr("reading"),
        "decode": tr("decoding"),
        "assign": tr("assigning"),
        "write": tr("writing"),
    }


def _assigned_a_second(zones: int) -> float:
    """Return how many rows one core answers for in a second among so many zones."""
    known = sorted(
        (int(each["zones"]), float(each["value"])) for each in _table() if each["rate"] == "assign_rows_s"
    )
    counts, rates = (np.log(values) for values in zip(*known, strict=True))
    slope = (rates[-1] - rates[-2]) / (counts[-1] - counts[-2])
    at = math.log(zones)
    if at > counts[-1]:
        return math.exp(rates[-1] + slope * (at - counts[-1]))
    return math.exp(float(np.interp(at, counts, rates)))


def _rates() -> dict[str, float]:
    return {each["rate"]: float(each["value"]) for each in _table() if not each["zones"]}


@cache
def _table() -> tuple[dict[str, str], ...]:
    text = files("zjk_gis.batch.cluster").joinpath("tables/rates.csv").read_text("utf-8")
    return tuple(csv.DictReader(text.splitlines()))
