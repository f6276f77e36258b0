"""What all tests share."""

import os
import sys
from pathlib import Path

import hypothesis
import pytest

# Data made by chance are judged by the answer; on a busy machine any of them may take long.
hypothesis.settings.register_profile("any_pace", deadline=None)
hypothesis.settings.load_profile("any_pace")

# numba asks for a tool named `coverage`; pytest puts this directory on the path, and the tests of the room of
# that name would be taken for it.
with pytest.MonkeyPatch.context() as patch:
    here = Path(__file__).resolve().parent
    patch.setattr(sys, "path", [entry for entry in sys.path if Path(entry).resolve() != here])
    import numba  # noqa: F401


def pytest_sessionfinish(session):
    """Where every tool is installed on purpose, a skipped test is a failure."""
    if not os.environ.get("ZJK_GIS_NO_SKIP") or hasattr(session.config, "workerinput"):
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", [])
    if skipped and session.exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"{len(skipped)} tests were skipped, and ZJK_GIS_NO_SKIP allows none", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


pytest_plugins = ["browsing", "commands", "postgis"]
