"""What all tests share."""

import os

import pytest


def pytest_sessionfinish(session):
    """Where every tool is installed on purpose, a skipped test is a failure."""
    if not os.environ.get("ZJK_GIS_NO_SKIP") or hasattr(session.config, "workerinput"):
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", [])
    if skipped and session.exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"{len(skipped)} tests were skipped, and ZJK_GIS_NO_SKIP allows none", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
