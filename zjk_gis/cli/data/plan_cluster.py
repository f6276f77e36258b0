"""`zjk-gis plan-cluster`: how many workers a job needs, and how long it takes."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from zjk_gis.batch.cluster.capacity import plan_cluster
from zjk_gis.cli.speaking import speaking
from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.cli.console import Console

__all__ = ["command"]

_AMOUNT = re.compile(r"^([\d_,.]+(?:e\d+)?)\s*(万|亿|[kmgtp]?)b?$", re.IGNORECASE)
_TIMES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "p": 10**15, "万": 10**4, "亿": 10**8}


class _Amount(click.ParamType[Any]):
    """A large number as people write it: 1e10, 20亿, 2TB."""

    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        found = _AMOUNT.match(str(value).strip())
        try:
            return int(float(found[1].replace("_", "").replace(",", "")) * _TIMES[found[2].lower()])  # type: ignore[index]
        except (TypeError, ValueError, OverflowError):
            self.fail(tr("write a number such as 1e10, 20亿 or 2TB"), param, ctx)


@click.command("plan-cluster")
@click.argument("rows", type=_Amount())
@click.argument("zone_count", metavar="ZONES", type=_Amount())
@click.argument("bytes_in", metavar="BYTES", type=_Amount())
@click.option("--hours", type=float, help="Within how many hours; by default one.")
@click.option("--workers", type=int, help="How many workers there are, in place of --hours.")
@click.option("--cores", type=int, default=8, show_default=True, help="Cores of each worker.")
@click.option(
    "--storage-mb-s",
    type=float,
    default=200.0,
    show_default=True,
    help="What a worker gets from the store, in MB a second.",
)
@speaking
def command(rows: int, zone_count: int, bytes_in: int, console: Console, **options: Any) -> None:
    """Say how many workers a job on a cluster needs, how much memory, how long, and what would break first.

    ROWS and ZONES are counts, BYTES the size of the Parquet that is read: 1e10, 20亿, 2TB. The rates were
    measured and are in the package.
    """
    found = plan_cluster(rows, zone_count, bytes_in, **options)
    told = found._presentation()  # noqa: SLF001 - what it says of itself
    console.say(told.sentences)
    console.show([tuple(map(str, row)) for row in told.rows], list(told.header))
    console.say(
        tr(
            "{read:,.1f} GB read in {parts:,} parts, {out:,.1f} GB written, {rate:,.0f} MB/s on average; "
            "every host fetches a plan of {plan_gb:.2f} GB.",
            read=found.bytes_in / 1e9,
            parts=found.parts,
            out=found.bytes_out / 1e9,
            rate=found.store_mb_s,
            plan_gb=found.plan_gb,
        )
    )
    for remark in found.remarks:
        console.note(remark)
    console.result(asdict(found))
