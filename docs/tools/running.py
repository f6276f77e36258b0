"""The command, run in this process."""

from __future__ import annotations

import contextlib
import io

from zjk_gis.cli.main import main

__all__ = ["run_command"]


def run_command(words: list[str]) -> tuple[int, str]:
    """Run the command; return its exit code and what it printed, on both streams."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        try:
            main(words)
        except SystemExit as left:
            return int(left.code or 0), told.getvalue().strip("\n")
    return 0, told.getvalue().strip("\n")
