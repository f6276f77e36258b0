"""What all tests share."""

import faulthandler
import os
import sys
from pathlib import Path

import hypothesis
import pytest

# Files have the English headings whatever machine the tests run on; the Chinese ones are asked for.
os.environ["ZJK_GIS_LANG"] = "en"

# Data made by chance are judged by the answer; on a busy machine any of them may take long to make or to try.
hypothesis.settings.register_profile(
    "any_pace", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any_pace")

# numba asks for a tool named `coverage`; pytest puts this directory on the path, and the tests of the room of
# that name would be taken for it.
with pytest.MonkeyPatch.context() as patch:
    here = Path(__file__).resolve().parent
    patch.setattr(sys, "path", [entry for entry in sys.path if Path(entry).resolve() != here])
    import numba  # noqa: F401

# No test is judged by a clock. One that hangs is found when the whole run takes this long, in seconds.
_RUN_LIMIT_S = float(os.environ.get("ZJK_GIS_RUN_LIMIT", "7200"))
_ERRORS = pytest.StashKey[int]()


def pytest_configure(config):
    """End a run that hangs, and say in which line; a worker first, so that the run can name its test."""
    config.stash[_ERRORS] = os.dup(2)  # what a test prints is caught, this is not
    share = 0.95 if hasattr(config, "workerinput") else 1.0
    faulthandler.dump_traceback_later(share * _RUN_LIMIT_S, exit=True, file=config.stash[_ERRORS])


def pytest_unconfigure(config):
    faulthandler.cancel_dump_traceback_later()
    os.close(config.stash[_ERRORS])


def pytest_sessionfinish(session):
    """Keep which tests were skipped; where every tool is installed on purpose, a skipped one is a failure."""
    if hasattr(session.config, "workerinput"):
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = sorted({each.nodeid for each in reporter.stats.get("skipped", [])})
    if kept := os.environ.get("ZJK_GIS_SKIPPED"):
        Path(kept).parent.mkdir(parents=True, exist_ok=True)
        Path(kept).write_text("".join(f"{name}\n" for name in skipped), encoding="utf-8")
    if skipped and os.environ.get("ZJK_GIS_NO_SKIP") and session.exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"{len(skipped)} tests were skipped, and ZJK_GIS_NO_SKIP allows none", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


pytest_plugins = ["browsing", "commands", "postgis"]
