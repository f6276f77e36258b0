"""The tutorial: what its blocks marked ``run`` say is run in a folder of its own, and shown."""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
from typing import TYPE_CHECKING

from running import run_command

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["tutorial_page"]

_BLOCK = re.compile(r"^```run ?(\d*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def tutorial_page(page: Path, sample: Path, folder: Path) -> str:
    """Run a page; a block may name the exit code of its first command, all others must end with 0."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(sample, folder / "sample_data")
    (folder / "收件").mkdir()

    def ran(block: re.Match[str]) -> str:
        lines = block[2].strip().splitlines()
        told = [_answer(line, int(block[1] or 0) if n == 0 else 0) for n, line in enumerate(lines)]
        answer = "\n".join(text for text in told if text).replace(f"{folder}/", "")
        return f"```sh\n{block[2]}```\n\n```text\n{answer}\n```"

    with contextlib.chdir(folder):
        return _BLOCK.sub(ran, page.read_text(encoding="utf-8"))


def _answer(line: str, expected: int) -> str:
    name, *words = shlex.split(line)
    if name != "zjk-gis":
        raise ValueError(f"tutorial: not a command of this library: {line}")
    code, text = run_command(words)
    if code != expected:
        raise RuntimeError(f"tutorial: {line} left with {code}, not {expected}:\n{text}")
    return text
