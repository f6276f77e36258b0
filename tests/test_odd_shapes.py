"""No geometry ends a run: a row without a place is kept or named. The table is in `odd_shapes`."""

import json
import os
import subprocess
import sys
from inspect import isfunction
from pathlib import Path

import geopandas as gpd
import odd_shapes
import pytest
import shapely

import zjk_gis

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def outcomes():
    """Call every function with every odd shape, in a process that may crash; what crashed it is told."""
    found, left = {}, list(odd_shapes.CALLS)
    paths = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))
    while left:
        command = [sys.executable, str(HERE / "odd_shapes.py"), *left]
        done = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths}
        )
        for line in done.stdout.splitlines():
            name, call, layer, odd, state, words = json.loads(line)
            found[name, call, layer, odd] = (state, words)
        assert found, done.stderr
        last = next(reversed(found))[0] if done.returncode else left[-1]
        left = left[left.index(last) + 1 :]
    return found


ROOMS = [
    "access", "assess", "assign", "batch", "changes", "city", "coordinates", "coverage", "index", "io", "layers",
    "maps", "overlay", "pipes", "protection", "reports", "responsibility", "standards", "workspace",
]  # fmt: skip


def public_functions():
    """Return the names of the functions that the rooms offer, and of those of the first hour."""
    homes = [zjk_gis, *(getattr(zjk_gis, room) for room in ROOMS)]
    return {name for home in homes for name in home.__all__ if isfunction(getattr(home, name))}


def test_every_public_function_is_in_the_table():
    listed = {name for name in odd_shapes.CALLS if not name.startswith("crs.")}
    assert public_functions() - listed - odd_shapes.NO_LAYER == set()
    assert not listed & odd_shapes.NO_LAYER


@pytest.mark.parametrize("name", odd_shapes.CALLS)
def test_it_keeps_or_names_the_row_whatever_its_geometry(name, outcomes):
    called = {key: outcome for key, outcome in outcomes.items() if key[0] == name}
    assert {call for _, call, _, _ in called} == set(range(len(odd_shapes.CALLS[name])))
    assert {key[1:]: outcome for key, outcome in called.items() if outcome[0] != "fine"} == {}


# command -> its arguments; {out} is a folder of its own
COMMANDS = {
    "assign": "assign {incidents} {city} -o {out}/assigned.csv",
    "assign to a GeoPackage": "assign {incidents} {city} -o {out}/assigned.gpkg",
    "check": "check {city} -o {out}/problems.xlsx",
    "gaps": "gaps {city} -o {out}/gaps.gpkg",
    "repair": "repair {city} --at 2025-12-31 -o {out}/mended.gpkg",
    "audit": "audit {city} --incidents {incidents} --at 2025-12-31 -o {out}",
    "map": "map {city} --incidents {incidents} -o {out}/map.html",
    "map of gaps": "map {city} --kind gaps -o {out}/gaps.html",
    "compare": "compare {city} {sound} --incidents {incidents} -o {out}",
    "check-assignment": "check-assignment {incidents} {city} -o {out}/rows.xlsx",
    "import": "import {city} {out}/workspace.gpkg --keep-problems",
    "export to .shp": "export {out}/workspace.gpkg responsibility_zones {out}/zones.shp",
    "export to .csv": "export {out}/workspace.gpkg responsibility_zones {out}/zones.csv",
    "export to .geojson": "export {out}/workspace.gpkg responsibility_zones {out}/zones.geojson",
    "coordinates": "coordinates {incidents}",
}
# Run one after the other; a command leaves by SystemExit, and by 3 where something was not foreseen.
RUNNER = """
import json, sys
from zjk_gis.cli.main import main
for name, arguments in json.loads(sys.argv[1]).items():
    try:
        main(arguments)
    except SystemExit as left:
        print(f"{left.code} {name}", file=sys.stderr, flush=True)
"""


def _city(path, zone=None, incident=None):
    """Write a GeoPackage of a small city, with something else for its last zone or incident."""
    layers = {"responsibility_zones": "zones", "built_up_areas": "region", "roads": "roads"}
    for name, own in {**layers, "incidents": "incidents"}.items():
        layer = odd_shapes.sound(own)
        last = {"responsibility_zones": zone, "incidents": incident}.get(name)
        shapes = [*layer.geometry[:2], layer.geometry.iloc[-1] if last is None else last]
        target = path.with_name(f"{path.stem}_incidents.gpkg") if name == "incidents" else path
        zjk_gis.write_layer(layer.set_geometry(gpd.GeoSeries(shapes, crs=4547)), target, layer=name)
    return path


ZONES = odd_shapes.odd_shapes(odd_shapes.square(200, 0))
INCIDENTS = odd_shapes.odd_shapes(shapely.Point(odd_shapes.at(250, 50)))


@pytest.mark.parametrize(
    ("zone", "incident"),
    [
        ("POLYGON with EMPTY ring", "POINT EMPTY"),
        ("POLYGON EMPTY", "x NaN"),
        ("y minus infinite", "GEOMETRYCOLLECTION EMPTY"),
    ],
)
def test_no_command_ends_by_a_defect(zone, incident, tmp_path):
    given = {
        "zone": ZONES[zone][0] if zone else None,
        "incident": INCIDENTS[incident][0] if incident else None,
    }
    files = {
        "city": _city(tmp_path / "city.gpkg", **given),
        "sound": _city(tmp_path / "sound.gpkg"),
        "incidents": tmp_path / "city_incidents.gpkg",
        "out": tmp_path / "out",
    }
    files["out"].mkdir()
    commands = {name: [part.format(**files) for part in line.split()] for name, line in COMMANDS.items()}
    done = subprocess.run(
        [sys.executable, "-c", RUNNER, json.dumps(commands)], capture_output=True, text=True, cwd=HERE.parent
    )
    left = [line.split(" ", 1) for line in done.stderr.splitlines() if line.partition(" ")[2] in COMMANDS]
    assert [name for _, name in left] == list(COMMANDS), done.stderr[-3000:]
    assert {name for code, name in left if code not in ("0", "1", "2")} == set(), done.stderr[-3000:]
    by_name = {name: code for code, name in left}
    if zone == "POLYGON with EMPTY ring":
        assert by_name["gaps"] == by_name["assign"] == "0"
