"""The command, run in the process of the tests."""

import pytest

from zjk_gis.cli.main import main


@pytest.fixture
def run(capsys, monkeypatch):
    """Run the command in this process; return its exit code and what it printed.

    It speaks Chinese, as to anybody who does not ask for something else.
    """
    monkeypatch.delenv("ZJK_GIS_LANG", raising=False)

    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return left.value.code, printed.out, printed.err

    return call
