"""What a user sees of compiled code: nothing, but for a line when it is made."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import zjk_gis
from zjk_gis.engine import compiled

ORIENT = "from zjk_gis.engine.predicates import orient; print(orient(0.0, 0.0, 1.0, 1.0, 0.0, 1.0))"
LOCATE = """
import sys, geopandas as gpd
from shapely import box
from zjk_gis import ZoneIndex, assign_incidents
zones = gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=[box(0, 0, 100, 100)], crs=4547)
ZoneIndex.build(zones).locate([50.0], [50.0], border_within_m=1, accuracy_m=1)
assign_incidents(gpd.GeoDataFrame(geometry=gpd.points_from_xy([50.0, 120.0], [50.0, 50.0]), crs=4547), zones)
print("numba" in sys.modules)
"""
STAMP = """
from zjk_gis.engine import compiled
from zjk_gis.engine.polygons import locate
print(locate.locate_points._cache._cache_file._source_stamp[-1] == compiled._SOURCES)
"""


def run(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    return done.stdout.strip(), done.stderr


def test_it_is_announced_once_and_kept(tmp_path):
    said = [run(ORIENT, NUMBA_CACHE_DIR=str(tmp_path)) for _ in range(2)]
    assert [out for out, _ in said] == ["1", "1"]
    assert said[0][1].count("compiling the engine") == 1
    assert said[1][1] == ""


@pytest.mark.parametrize("locators", ["UserProvidedCacheLocator", "InTreeCacheLocator,UserWideCacheLocator"])
def test_it_works_where_nothing_can_be_kept(locators, tmp_path):
    """The only directories allowed cannot be made: a file stands in their way."""
    (tmp_path / "file").touch()
    blocked = {
        "NUMBA_CACHE_DIR": str(tmp_path / "file" / "cache"),
        "NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator",
    }
    if "Tree" in locators:
        blocked = {"NUMBA_CACHE_LOCATOR_CLASSES": "ZipCacheLocator"}
    out, err = run(ORIENT, **blocked)
    assert out == "1"
    assert "compiling the engine" in err


def test_small_questions_load_none_of_it():
    assert run(LOCATE)[0] == "False"


def test_kept_code_is_as_old_as_any_file_of_the_engine(tmp_path):
    assert run(STAMP, NUMBA_CACHE_DIR=str(tmp_path))[0] == "True"


def test_all_kernels_stand_where_a_change_is_noticed():
    """Kept code is thrown away when a file of these rooms changes; a kernel elsewhere could be outdated."""
    package = Path(zjk_gis.__file__).parent
    with_kernels = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if "engine.compiled import" in path.read_text("utf-8")
    }
    assert with_kernels
    assert [name for name in sorted(with_kernels) if not name.startswith(compiled.KERNEL_ROOMS)] == []
