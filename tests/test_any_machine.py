"""How the tests themselves are run: what hangs is ended, and what was skipped can be run by itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SOME = """
import pytest

@pytest.fixture(params=["a b", "桥西::[x]", "line\\nbreak"])
def tool(request):
    import os
    if not os.environ.get("TOOL"):
        pytest.skip("no tool here")

def test_it_needs_a_tool(tool): pass

def test_it_needs_nothing(): pass
"""


@pytest.fixture
def run(tmp_path):
    """Run some tests with the settings of these; return the exit code and what was said."""

    def call(text, *arguments, **environment):
        (tmp_path / "pytest.ini").write_text("[pytest]\n")
        (tmp_path / "test_some.py").write_text(text, encoding="utf-8")
        ours = {name: value for name, value in os.environ.items() if not name.startswith("ZJK_GIS_")}
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "conftest", "-p", "no:cacheprovider", *arguments],
            cwd=tmp_path,
            env={**ours, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path]), **environment},
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        return ended.returncode, ended.stdout + ended.stderr

    return call


def test_what_was_skipped_is_kept_and_runs_by_itself(run, tmp_path):
    options = ["-q", "-n", "2"]
    code, said = run(SOME, *options, ZJK_GIS_SKIPPED="build/skipped.txt")
    assert (code, "1 passed, 3 skipped" in said) == (0, True), said
    assert len((tmp_path / "build" / "skipped.txt").read_text(encoding="utf-8").splitlines()) == 3

    code, said = run(SOME, *options, "@build/skipped.txt", ZJK_GIS_NO_SKIP="1")
    assert (code, "ZJK_GIS_NO_SKIP allows none" in said) == (1, True), said
    code, said = run(SOME, *options, "@build/skipped.txt", ZJK_GIS_NO_SKIP="1", TOOL="here")
    assert (code, "3 passed" in said) == (0, True), said


def test_where_nothing_was_skipped_the_list_is_empty(run, tmp_path):
    code, said = run(SOME, "-q", ZJK_GIS_SKIPPED="build/skipped.txt", TOOL="here")
    assert (code, "4 passed" in said) == (0, True), said
    assert (tmp_path / "build" / "skipped.txt").read_bytes() == b""


def test_a_run_that_hangs_is_ended_and_says_where(run):
    code, said = run("import time\ndef test_it_hangs():\n    time.sleep(10**9)\n", ZJK_GIS_RUN_LIMIT="2")
    assert code != 0
    assert "Timeout (0:00:02)!" in said
    assert "most recent call first" in said
