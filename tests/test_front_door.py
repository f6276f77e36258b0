"""The public names: complete, sorted, and cheap to import."""

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys

import pytest

import zjk_gis

HEAVY = ("geopandas", "pandas", "shapely", "folium", "numpy", "pyproj", "fiona", "rtree")


def test_a_public_function_has_a_docstring_with_an_example():
    functions = [getattr(zjk_gis, name) for name in zjk_gis.__all__]
    without = [f.__name__ for f in functions if callable(f) and ">>>" not in (f.__doc__ or "")]
    assert without == []


def said_defaults(function):
    """Return what a docstring says of the default of each parameter, where that is a value."""
    said = {}
    for names, text in re.findall(
        r"^(\w+(?:, \w+)*) : .*\bdefault (.+)$", inspect.getdoc(function), re.MULTILINE
    ):
        digits = re.sub(r"(?<=\d),(?=\d{3})", "", text)
        try:
            said |= dict.fromkeys(names.split(", "), ast.literal_eval(digits))
        except (SyntaxError, ValueError):
            continue  # a rule in words
    return said


@pytest.mark.parametrize("room", [each.name for each in pkgutil.iter_modules(zjk_gis.__path__)])
def test_a_default_is_what_the_docstring_says(room):
    package = importlib.import_module(f"zjk_gis.{room}")
    paths = [
        each.name for each in pkgutil.walk_packages(getattr(package, "__path__", []), f"zjk_gis.{room}.")
    ]
    for module in [package, *(importlib.import_module(path) for path in paths if "__main__" not in path)]:
        for name in getattr(module, "__all__", []):
            function = getattr(module, name)
            if not callable(function) or not inspect.getdoc(function):
                continue
            said = said_defaults(function)
            takes = inspect.signature(function).parameters if said else {}
            wrong = {each: said[each] for each in said if each in takes and takes[each].default != said[each]}
            assert wrong == {}, f"{module.__name__}.{name}"


def test_importing_the_package_imports_nothing_heavy():
    code = f"import sys, zjk_gis; print([m for m in {HEAVY!r} if m in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


@pytest.mark.parametrize("room", ["access", "assess", "city", "maps", "overlay", "pipes", "reports"])
def test_a_room_loads_what_compiles_only_when_it_is_used(room):
    code = f"import sys, zjk_gis.{room}; print('numba' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "False"


LAZY = (zjk_gis, zjk_gis.access, zjk_gis.assess, zjk_gis.pipes)


@pytest.mark.parametrize("package", LAZY[1:])
def test_no_module_is_called_as_what_its_package_loads_when_used(package):
    """Loading the module would put it in the place of the name."""
    modules = {each.name for each in pkgutil.iter_modules(package.__path__)}
    assert modules.isdisjoint(package.__all__)


@pytest.mark.parametrize("package", LAZY)
def test_what_is_loaded_when_used_is_all_there(package):
    for name in package.__all__:
        assert getattr(package, name) is not None
    assert {*package.__all__} <= {*dir(package)}
    with pytest.raises(AttributeError, match=f"'{package.__name__}'.*'assign_incident'"):
        package.assign_incident  # noqa: B018  asked for, and not there
