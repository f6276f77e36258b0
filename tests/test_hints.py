"""A message that names an option or an argument names one that exists there."""

import ast
import importlib
import inspect
import pkgutil
import re
from contextlib import suppress
from inspect import ismodule
from pathlib import Path

import geopandas as gpd
import pytest
from shapely import LineString, Point, box

import zjk_gis
from zjk_gis.cli.main import _COMMANDS, main
from zjk_gis.errors import ZjkGisError

ROOT = Path(zjk_gis.__file__).parent
COMMANDS = {name: importlib.import_module(module).command for name, (module, _) in _COMMANDS.items()}
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
ARGUMENT = re.compile(r"(?<![\w.+<'\"{-])([a-z][a-z0-9_]*)=(?=$|[\s;,.)}]|True\b|\d|\{)")
IN_A_CALL = re.compile(r"[\w.]+\([^()]*\)?")


def options_of(command):
    own = {"--help"} | {opt for each in command.params for opt in (*each.opts, *each.secondary_opts)}
    return own.union(*(options_of(each) for each in getattr(command, "commands", {}).values()))


def texts(path):
    """Return the texts of a module that are not docstrings, f-strings with {} for what is filled in."""
    tree = ast.parse(path.read_text("utf-8"))
    spent = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            spent.add(id(body[0].value))
        if isinstance(node, ast.JoinedStr):
            spent |= {id(part) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in spent:
            yield node.value


MODULES = sorted(ROOT.rglob("*.py"))


def options_named():
    """Return module, option, and the command it is said to belong to, where one is named."""
    for path in MODULES:
        for text in texts(path):
            for found in OPTION.finditer(text):
                clause = re.split("[;;]", text[: found.start()])[-1]
                named = re.findall(r"zjk-gis ([a-z-]+)", clause)
                if found.start() or named or "cli" not in path.parts:  # not the declaration of an option
                    yield path, found[0], (named or [None])[-1], text


def test_every_option_that_a_message_names_is_one_of_the_command():
    of_module = {module: name for name, (module, _) in _COMMANDS.items()}
    everywhere = set().union(*(options_of(command) for command in COMMANDS.values()))
    script = ROOT / "batch" / "cluster" / "spark_submit.py"  # has options of its own
    everywhere |= set(re.findall(r'add_argument\(\s*"(--[\w-]+)"', script.read_text(encoding="utf-8")))
    wrong = []
    for path, option, command, text in options_named():
        module = ".".join(("zjk_gis", *path.relative_to(ROOT).with_suffix("").parts))
        meant = command or of_module.get(module)
        known = everywhere if meant is None else options_of(COMMANDS[meant])
        if option not in known:
            wrong.append((path.name, meant, option, text))
    assert not wrong


def arguments_of_the_library():
    """Return the names of the arguments of everything that can be called in the library."""
    names = set()
    for found in pkgutil.walk_packages([str(ROOT)], "zjk_gis."):
        if found.name.endswith("__main__"):
            continue
        module = importlib.import_module(found.name)
        for each in vars(module).values():
            for one in (each, *(vars(each).values() if inspect.isclass(each) else ())):
                called = getattr(one, "__func__", one)
                if inspect.isfunction(called) or inspect.isclass(called):
                    with suppress(TypeError, ValueError):
                        names |= set(inspect.signature(called).parameters)
    return names


def test_every_argument_that_a_message_names_is_one_of_the_library():
    known = arguments_of_the_library() | {"schema", "password", "allow_override", "immutable"}
    wrong = []
    for path in MODULES:
        if {"maps", "reports", "synth", "cli", "drawing"} & set(path.relative_to(ROOT).parts):
            continue  # HTML and the like; the command's own messages name options
        for text in texts(path):
            if "<" not in text and "+" not in text:
                said = IN_A_CALL.sub("", text)
                wrong += [(path.name, name, text) for name in ARGUMENT.findall(said) if name not in known]
    assert not wrong


def found_in_a_room(name):
    """Return a public function, wherever it stands."""
    homes = [
        zjk_gis,
        *(getattr(zjk_gis, room) for room in zjk_gis.__all__ if ismodule(getattr(zjk_gis, room))),
    ]
    return next(getattr(home, name) for home in homes if hasattr(home, name))


X, Y = 573000, 4520000
ZONES = gpd.GeoDataFrame(
    {"zone_code": ["A", "B"]}, geometry=[box(X, Y, X + 99, Y + 99), box(X + 99, Y, X + 198, Y + 99)], crs=4547
)
LINES = gpd.GeoDataFrame(
    {
        name: ["1"]
        for name in ("section_code", "edge_code", "pipe_code", "pipe_kind", "road_name", "start_manhole")
    },
    geometry=[LineString([(X, Y), (X + 99, Y)])],
    crs=4547,
)
POINTS = gpd.GeoDataFrame(
    {"manhole_code": ["1"], "zone_code": ["A"], "lot_code": ["1"], "pipe_kind": ["WS"]},
    geometry=[Point(X + 50, Y + 50)],
    crs=4547,
)
BLOCKS = ZONES.assign(block_name="b", scope="核心保护范围")
CALLS = {
    "assign_incidents": lambda say: (say(POINTS), say(ZONES)),
    "reassign_incidents": lambda say: (say(POINTS), ZONES, say(ZONES)),
    "check_assignment": lambda say: (say(POINTS), say(ZONES)),
    "explain_incident": lambda say: (POINTS, say(ZONES)),
    "coverage_gaps": lambda say: (ZONES, say(ZONES)),
    "overlapping_zones": lambda say: (say(ZONES),),
    "coverage_edges": lambda say: (say(ZONES),),
    "coverage_faults": lambda say: (ZONES, say(ZONES)),
    "repair_coverage": lambda say: (ZONES, say(ZONES)),
    "mend_coverage": lambda say: (ZONES, say(ZONES)),
    "responsibility_audit": lambda say: (ZONES, say(ZONES)),
    "road_responsibility": lambda say: (say(LINES),),
    "border_sheet": lambda say: (say(ZONES),),
    "compare_zones": lambda say: (ZONES, say(ZONES)),
    "sections_without_chief": lambda say: (say(LINES),),
    "patrol_coverage": lambda say: (say(LINES), say(POINTS)),
    "manholes_outside_zones": lambda say: (say(POINTS), say(ZONES)),
    "orphan_manholes": lambda say: (say(POINTS), say(LINES)),
    "pipe_network": lambda say: (say(POINTS), say(LINES)),
    "pipelines_in_core": lambda say: (say(LINES), say(BLOCKS)),
    "parking_gaps": lambda say: (say(ZONES), say(POINTS)),
    "group_faults": lambda say: (say(ZONES),),
    "rank_faults": lambda say: (say(ZONES),),
    "responsibility_timeline": lambda say: (say(ZONES),),
    "coverage_over_time": lambda say: (say(ZONES),),
    "number_grids": lambda say: (say(ZONES),),
    "check_positions": lambda say: (say(POINTS),),
}
REQUIRED = {
    "sections_without_chief": {"at": "2025-12-31"},
    "responsibility_timeline": {"place": Point(X + 9, Y + 9)},
    "coverage_over_time": {"start": "2025-01-01", "end": "2025-12-31"},
}
SPOILT = {
    "no column": lambda layer: layer[[layer.geometry.name]],
    "other columns": lambda layer: layer.rename(
        columns=lambda name: name if name == "geometry" else f"{name}x"
    ),
    "blank": lambda layer: layer.assign(**{name: None for name in layer if name != "geometry"}),
    "no system": lambda layer: layer.set_crs(None, allow_override=True),
    "no row": lambda layer: layer.iloc[:0],
    "other shapes": lambda layer: layer.set_geometry(layer.geometry.boundary),
    "no period": lambda layer: layer.assign(valid_from="03/04/2025", occurred_at="03/04/2025", level="x"),
}


@pytest.mark.parametrize("spoil", SPOILT)
@pytest.mark.parametrize("name", CALLS)
def test_a_refusal_names_arguments_of_the_function_that_was_called(name, spoil):
    function = found_in_a_room(name)
    known = set(inspect.signature(function).parameters)
    said = ""
    try:
        function(*CALLS[name](SPOILT[spoil]), **REQUIRED.get(name, {}))
    except ZjkGisError as error:
        said = IN_A_CALL.sub("", str(error))
    assert set(ARGUMENT.findall(said)) <= known, said


class TestAtTheCommand:
    """What the command says names its options, never the library's arguments."""

    @pytest.fixture
    def files(self, tmp_path):
        POINTS.to_file(tmp_path / "points.gpkg")
        ZONES.to_file(tmp_path / "zones.gpkg")
        for name, spoil in SPOILT.items():
            for kind, layer in (("zones", ZONES), ("points", POINTS)):
                spoil(layer).to_file(tmp_path / f"{kind} {name}.gpkg")
        POINTS.drop(columns="geometry").assign(lon=X, lat=Y).to_csv(tmp_path / "points bare.csv", index=False)
        POINTS.drop(columns="geometry").to_csv(tmp_path / "points nowhere.csv", index=False)
        (tmp_path / "zones bare.csv").write_bytes((tmp_path / "points bare.csv").read_bytes())
        (tmp_path / "zones nowhere.csv").write_bytes((tmp_path / "points nowhere.csv").read_bytes())
        return tmp_path

    @pytest.mark.parametrize("spoil", [*(f"{name}.gpkg" for name in SPOILT), "bare.csv", "nowhere.csv"])
    @pytest.mark.parametrize(
        ("command", "arguments"),
        [
            ("assign", ("{points}", "zones.gpkg", "-o", "out.csv")),
            ("assign", ("points.gpkg", "{zones}", "-o", "out.csv")),
            ("check-assignment", ("{points}", "zones.gpkg")),
            ("check-assignment", ("points.gpkg", "{zones}")),
            ("gaps", ("{zones}",)),
            ("repair", ("{zones}",)),
            ("compare", ("zones.gpkg", "{zones}")),
            ("check", ("{zones}", "--as", "responsibility_zones")),
            ("coordinates", ("{points}",)),
            ("covers", ("build", "{points}", "covers.sqlite")),
            ("import", ("{zones}", "city.gpkg")),
            ("import", (".", "city.gpkg")),
        ],
    )
    @pytest.mark.filterwarnings("ignore")
    def test_a_refusal_names_options_of_the_command(
        self, files, command, arguments, spoil, monkeypatch, capsys
    ):
        monkeypatch.chdir(files)
        given = [each.format(points=f"points {spoil}", zones=f"zones {spoil}") for each in arguments]
        with pytest.raises(SystemExit) as left:
            main([command, *given])
        said = capsys.readouterr().err
        assert left.value.code in (0, 1, 2), said
        of_python = re.findall(r"\(([a-z_, ]+): (?:an argument|arguments) of the Python library", said)
        assert set(ARGUMENT.findall(IN_A_CALL.sub("", said))) <= set(", ".join(of_python).split(", ")), said
        there, here = re.subn(r"`?zjk-gis [a-z-]+ [^;`]*", "", said), options_of(COMMANDS[command])
        assert set(OPTION.findall(there[0])) <= here, said
