"""How a command is told in which order dates are written, and whose days they are."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import click

from zjk_gis.layers.columns.times import BEIJING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["reading_times"]


def reading_times(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--day-first`, `--time-format` and `--tz`, and hand it a mapping `times` of them."""

    @click.option("--day-first/--month-first", "dayfirst", default=None,
                  help="What 10/03/2025 is; by default what the column of times shows.")  # fmt: skip
    @click.option("--time-format", help="How the times are written, such as '%d.%m.%y %H:%M'.")
    @click.option("--tz", default=BEIJING, show_default=True, help="The time zone whose days count.")
    @functools.wraps(command)
    def with_times(
        *args: Any, dayfirst: bool | None, time_format: str | None, tz: str, **options: Any
    ) -> Any:
        times = {"dayfirst": dayfirst, "time_format": time_format, "tz": tz}
        return command(*args, times=times, **options)

    return with_times
