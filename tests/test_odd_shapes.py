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


class Caller:
    """Calls functions with every odd shape in a process that may crash; what crashed it is told."""

    def __init__(self, said):
        self.process, self.said = None, said

    def outcomes(self, name):
        """Return what came of each call of a function."""
        if self.process is None or self.process.poll() is not None:
            self.process = self._started()
        self.process.stdin.write(f"{name}\n")
        self.process.stdin.flush()
        found = {}
        for line in iter(self.process.stdout.readline, ""):
            if (told := json.loads(line)) is None:
                return found
            name, call, layer, odd, state, words = told
            found[name, call, layer, odd] = (state, words)
        self.process.wait()
        assert found, self.said.read_text(encoding="utf-8")
        return found

    def _started(self):
        paths = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))
        with self.said.open("w", encoding="utf-8") as said:
            return subprocess.Popen(
                [sys.executable, str(HERE / "odd_shapes.py")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                encoding="utf-8",
                env={**os.environ, "PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8"},
            )

    def close(self):
        if self.process is not None:
            self.process.stdin.close()
            self.process.stdout.close()
            self.process.wait()


@pytest.fixture(scope="module")
def caller(tmp_path_factory):
    """One process for all functions that this worker is given."""
    made = Caller(tmp_path_factory.mktemp("odd") / "said.txt")
    yield made
    made.close()


ROOMS = [
    "access", "assess", "assign", "batch", "changes", "city", "coordinates", "coverage", "index", "io",
    "layers", "maps", "overlay", "pipes", "protection", "reports", "responsibility", "standards", "workspace",
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
def test_it_keeps_or_names_the_row_whatever_its_geometry(name, caller):
    called = caller.outcomes(name)
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
