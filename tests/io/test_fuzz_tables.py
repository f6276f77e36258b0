"""Tables with bytes changed: a table or an error of ours, in a bounded memory."""

from __future__ import annotations

import faulthandler
import io
import os
import random
import resource
import subprocess
import sys
import tempfile
import zipfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import openpyxl
import pytest
import xlwt

TEXT = (
    "井盖普查表,,,\n编号,坐标,,备注\n,经度,纬度,\n"
    + "".join(f'{n},114.8{n},40.8{n},"某路{n}号\n口"\n' for n in range(20))
    + "合计,20,,\n"
)
SHAPES = "id;wkt\n" + "".join(f"{n};POLYGON ((114 40, 115 40, 115.{n} 41, 114 40))\n" for n in range(20))
ROWS = [["井盖普查表"], ["编号", "经度", "纬度"], *([n, 114.8 + n / 1000, f"40.8{n}"] for n in range(30))]
ROUNDS = {"csv": 1500, "wkt": 800, "xlsx": 500, "xml": 1500, "xls": 1000}
MEMORY_BYTES = 6 << 30
HANGS_S = 3600  # no machine is that slow; what hangs says where, and leaves no process behind
COMMAND_EVERY = 10  # mutations, of which one is also given to the command


def new_workbook() -> bytes:
    book = openpyxl.Workbook()
    for row in ROWS:
        book.active.append(row)
    book.active.merge_cells("A1:C1")
    book.active["B3"].number_format = "0000"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def old_workbook() -> bytes:
    book = xlwt.Workbook()
    page = book.add_sheet("表")
    for r, row in enumerate(ROWS):
        for c, cell in enumerate(row):
            page.write(r, c, cell)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def mutated(content: bytes, dice: random.Random) -> bytes:
    """Change, cut, repeat or blot out a few bytes."""
    data = bytearray(content)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(data)) if data else 0
        end = at + dice.choice((1, 2, 4, 40))
        how = dice.randrange(8)
        if how == 0:
            data[at:end] = dice.randbytes(end - at)
        elif how == 1:
            data[at:end] = b"\xff" * (end - at)
        elif how == 2:
            data[at:end] = b""
        elif how == 3:
            data[at:at] = data[at:end] * dice.choice((1, 3, 200))
        elif how == 4:
            data = data[: max(1, at)] if dice.random() < 0.3 else data
        else:
            patch = dice.choice(
                (b'"', b",", b"\n", b"<", b'"/>', b"999999999", b"(", b"-1", b" ", b"e9", b"\x00")
            )
            data[at : at + len(patch)] = patch
    return bytes(data)


def overwritten(content: bytes, dice: random.Random) -> bytes:
    """Change bytes where they stand, so that what points at others still does."""
    data = bytearray(content)
    filled = [at for at, byte in enumerate(data) if byte]
    for _ in range(dice.randint(1, 6)):
        at = dice.choice(filled)
        data[at : at + 1] = dice.choice((b"\x00", b"\xff", b"\x7f", dice.randbytes(1)))
    return bytes(data)


def with_mutated_part(content: bytes, dice: random.Random) -> bytes:
    """Change the text of one part of a workbook, so that the archive itself stays whole."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    chosen = dice.choice([*(["xl/worksheets/sheet1.xml"] * 4), "xl/workbook.xml", "xl/styles.xml"])
    parts[chosen] = (mutated if dice.random() < 0.5 else overwritten)(parts[chosen], dice)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return buffer.getvalue()


def command_says(path: Path, workspace: Path) -> None:
    """Check and import a file by the command, which must end in its own words, whatever the file."""
    from zjk_gis.cli.main import main

    for arguments in (["check", path], ["import", path, workspace, "--as", "manholes"]):
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        assert left.value.code in (0, 1, 2), f"{arguments}: {left.value.code} {err.getvalue()}"
        assert "Traceback" not in out.getvalue() + err.getvalue(), err.getvalue()


def keep_within_limits() -> None:
    """End this process where it hangs, and give it no more than a bounded memory."""
    faulthandler.dump_traceback_later(HANGS_S, exit=True)
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def ends_well(file: str, kind: str) -> None:
    """Run a module of tests for one kind in a process of its own, which must come to its end.

    Its threads are few, as each of them reserves addresses, and a large machine would begin many.
    """
    few = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MALLOC_ARENA_MAX"), "2")
    ended = subprocess.run(
        [sys.executable, "-W", "error", file, kind],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **few},
    )
    assert ended.returncode == 0, ended.stdout[-200:] + ended.stderr[-2000:]
    assert ended.stdout.splitlines()[-1].startswith("done")


def run(kind: str) -> None:
    """Read many mutations of one kind; the first that goes wrong ends the process with its seed."""
    import zjk_gis.io as door
    from zjk_gis.errors import ZjkGisError

    keep_within_limits()
    original = {
        "csv": TEXT.encode(),
        "wkt": SHAPES.encode("gbk"),
        "xlsx": new_workbook(),
        "xml": new_workbook(),
        "xls": old_workbook(),
    }[kind]
    change = {"xml": with_mutated_part, "xls": overwritten}.get(kind, mutated)
    ending = {"wkt": "csv", "xml": "xlsx"}.get(kind, kind)
    read = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"a.{ending}")
        for seed in range(ROUNDS[kind]):
            path.write_bytes(change(original, random.Random(seed)))  # noqa: S311
            print(kind, seed, flush=True)
            said = ""
            try:
                door.read_layer(path)
                read += 1
            except ZjkGisError as error:
                said = str(error)
            assert "\n" not in said, f"seed {seed}: {said!r} has several lines"
            assert not said or path.name in said, f"seed {seed}: {said!r} names no file"
            if not seed % COMMAND_EVERY:
                command_says(path, Path(folder, "city.gpkg"))
    assert read, "no mutation could be read: the readable are not reached"
    print("done", read)


@pytest.mark.parametrize("kind", ROUNDS)
def test_bytes_changed_at_random_give_a_table_or_an_error_of_ours(kind):
    ends_well(__file__, kind)


if __name__ == "__main__":
    run(sys.argv[1])
