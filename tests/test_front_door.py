"""The public names: complete, sorted, and cheap to import."""

import subprocess
import sys

import zjk_gis

HEAVY = ("geopandas", "pandas", "shapely", "folium", "numpy", "pyproj", "fiona", "rtree")


def test_the_list_is_sorted_and_every_name_loads():
    assert zjk_gis.__all__ == sorted(zjk_gis.__all__)
    for name in zjk_gis.__all__:
        assert getattr(zjk_gis, name) is not None
        assert name in dir(zjk_gis)


def test_a_public_function_has_a_docstring_with_an_example():
    functions = [getattr(zjk_gis, name) for name in zjk_gis.__all__]
    without = [f.__name__ for f in functions if callable(f) and ">>>" not in (f.__doc__ or "")]
    assert without == []


def test_importing_the_package_imports_nothing_heavy():
    code = f"import sys, zjk_gis; print([m for m in {HEAVY!r} if m in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(zjk_gis, "assign_incident")
