"""What is built to be installed elsewhere is whole: every data file, every package, one version."""

import configparser
import re
from pathlib import Path

import pytest

import zjk_gis

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "zjk_gis"


@pytest.fixture(scope="module")
def settings():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def shipped(settings):
    """List the files that setup.cfg names for the wheel."""
    for package, patterns in settings["options.package_data"].items():
        folder = ROOT.joinpath(*package.split("."))
        for pattern in re.split(r"[,\s]+", patterns.strip()):
            found = list(folder.glob(pattern))
            assert found, f"setup.cfg: {package} has no {pattern}"
            yield from found


def test_every_data_file_is_in_the_wheel(settings):
    there = {
        path
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc", ".nbi", ".nbc"}
    }
    assert there - set(shipped(settings)) == set()


def test_every_folder_with_code_is_a_package():
    without = {path.parent for path in PACKAGE.rglob("*.py") if not (path.parent / "__init__.py").is_file()}
    assert without == set()


def test_the_changelog_begins_with_this_version():
    head = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert head[1] == zjk_gis.__version__
