"""How many workers, how much memory, how long: the cost of a job on a cluster, from rates that were measured.

A task of one thread reads a part, decodes it, answers and writes, one after the other, so that the seconds of
the four steps add up. Tasks run beside each other on every core and share what their worker gets from the
store. The rates and how each was measured are in ``tables/rates.csv``: in CPU seconds, which other work on
the machine changes little.
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

__all__ = ["ClusterPlan", "plan_cluster", "time_told"]

_PART_BYTES = 256e6
_MOST_PARTS = 100_000
_MOST_ROWS = 1e11
_MUCH_MB_S = 5_000
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
    store_share : float
        How much of it goes by with the store of the files, the rest with computing.
    store_mb_s : float
        What goes from and to the store on average, for all workers together.
    parts : int
        Files of 256 MB; each is done again as a whole if a worker dies.
    part_hours : float
        What one of them takes.
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
    store_share: float
    store_mb_s: float
    parts: int
    part_hours: float
    bytes_in: int
    bytes_out: int
    plan_gb: float
    remarks: tuple[str, ...]

    def _presentation(self) -> Presentation:
        told = tr(
            "{rows:,} rows in {zones:,} zones take {time} (workers: {workers:,}, each with {cores} cores and "
            "{memory:.0f} GB). Most of it is {limit}.",
            rows=self.rows,
            zones=self.zones,
            workers=self.workers,
            cores=self.cores,
            memory=self.memory_gb,
            time=time_told(self.hours),
            limit=_step_titles()[self.limit],
        )
        rows = [
            [_step_titles()[name], time_told(hours), f"{hours / self.hours:.0%}"]
            for name, hours in self.step_hours.items()
        ]
        return Presentation(told, [tr("step"), tr("time"), tr("of all")], rows)


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
    >>> f"{plan.store_share:.0%} of the time with the store, {plan.store_mb_s:.0f} MB/s"
    '78% of the time with the store, 157 MB/s'
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
    # 1. What one core computes, and what one worker moves, each by itself.
    computing = {
        "read": parts * rate["part_s"],
        "decode": bytes_in / (rate["decode_mb_s"] * _MB),
        "assign": rows / _assigned_a_second(zones),
        "write": bytes_out / (rate["write_mb_s"] * _MB),
    }
    moving = {"read": bytes_in / (storage_mb_s * _MB), "write": bytes_out / (storage_mb_s * _MB)}
    worker_hours = (sum(computing.values()) / cores + sum(moving.values())) / 3600
    needed = math.ceil(worker_hours / hours) if workers is None else workers
    # 2. A part is worked on by one thread: more workers or cores than parts have nothing to do.
    busy_workers, busy_cores = min(needed, parts), min(needed * cores, parts)
    step_hours = {
        name: (each / busy_cores + moving.get(name, 0.0) / busy_workers) / 3600
        for name, each in computing.items()
    }
    took = sum(step_hours.values())
    plan_gb = zones * rate["zone_bytes"] / 1e9
    store_share = sum(moving.values()) / busy_workers / 3600 / took
    store_mb_s = (bytes_in + bytes_out) / _MB / (took * 3600)
    part_hours = took * busy_cores / parts
    return ClusterPlan(
        rows=rows,
        zones=zones,
        workers=needed,
        cores=cores,
        memory_gb=float(math.ceil(cores * rate["task_gb"] + plan_gb + 1)),
        hours=took,
        limit=max(step_hours, key=lambda name: step_hours[name]),
        step_hours=step_hours,
        store_share=store_share,
        store_mb_s=store_mb_s,
        parts=parts,
        part_hours=part_hours,
        bytes_in=bytes_in,
        bytes_out=int(bytes_out),
        plan_gb=plan_gb,
        remarks=(
            *(_what_helps(store_share, parts) if parts >= needed * cores else ()),
            *_breaks_first(
                rows,
                zones,
                parts,
                needed * cores,
                plan_gb,
                store_mb_s=store_mb_s,
                hours=took,
                part_hours=part_hours,
            ),
        ),
    )


def _what_helps(store_share: float, parts: int) -> list[str]:
    """Say whether a faster store or more cores shorten a job."""
    if store_share > 0.5:
        told = tr(
            "{share:.0%} of the time goes by with the store: a faster one helps, or more workers with fewer "
            "cores each",
            share=store_share,
        )
    else:
        told = tr(
            "{share:.0%} of the time is computing: more cores help, up to one for each of {parts:,} parts",
            share=1 - store_share,
            parts=parts,
        )
    return [told]


def _breaks_first(
    rows: int,
    zones: int,
    parts: int,
    cores: int,
    plan_gb: float,
    *,
    store_mb_s: float,
    hours: float,
    part_hours: float,
) -> list[str]:
    """Say what would break first, the likeliest first."""
    rate, remarks = _rates(), []
    if store_mb_s > _MUCH_MB_S:
        remarks.append(
            tr(
                "the store has to move {total:,.0f} MB/s for all workers together; ask whether it can",
                total=store_mb_s,
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
    if parts < cores:
        remarks.append(
            tr(
                "a core works on one part at a time, and there are fewer parts ({parts:,}) than cores "
                "({cores:,}); write smaller parts",
                parts=parts,
                cores=cores,
            )
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
    remarks.append(
        tr(
            "a worker that dies loses what its cores were at, at most {time} each; nothing else is done "
            "again",
            time=time_told(part_hours),
        )
    )
    if hours > _LONG_H:
        remarks.append(
            tr("few schedulers live through {time}: the same command goes on", time=time_told(hours))
        )
    if rows > rate["rows"]:
        remarks.append(
            tr(
                "the rates were measured on 2 cores with up to {measured:,.0f} rows: this is {times:,.0f} "
                "times that",
                measured=rate["rows"],
                times=rows / rate["rows"],
            )
        )
    return remarks


def time_told(hours: float) -> str:
    """Say how long something takes, in the unit that people would use.

    Examples
    --------
    >>> from zjk_gis.words import speaking
    >>> with speaking("en"):
    ...     [time_told(hours) for hours in (0.001, 0.6, 7.25, 80)]
    ['4 s', '36 min', '7.2 h', '3.3 days']
    """
    if hours > 48:
        return tr("{days:.1f} days", days=hours / 24)
    if hours > 2:
        return tr("{hours:.1f} h", hours=hours)
    if hours > 1 / 30:
        return tr("{minutes:.0f} min", minutes=hours * 60)
    return tr("{seconds:.0f} s", seconds=hours * 3600)


def _step_titles() -> dict[str, str]:
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
