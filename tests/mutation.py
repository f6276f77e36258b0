"""Change one operator, bound or number at a time, and see whether the tests of its room notice.

    python tests/mutation.py coverage assign layers io
    python tests/mutation.py coverage --module edges --places 40
    python tests/mutation.py coverage --again

A sample of the places of each module, the same at each run, is changed with the operators of cosmic-ray; only
the tests that run the changed line are asked, the quickest first. What no test noticed is printed and kept in
``build/mutation/``; ``--again`` asks those only, and ``--only-trace`` names the tests that are new since.
Changes that are equal in effect stand with their reason in ``equal_mutants.toml``.
"""

from __future__ import annotations

import argparse
import ast
import collections
import importlib.abc
import importlib.machinery
import importlib.util
import json
import math
import os
import pkgutil
import random
import signal
import sys
import time
import tomllib
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "build" / "mutation"
EQUAL = Path(__file__).with_name("equal_mutants.toml")
ROOMS = [
    "access", "assess", "assign", "batch", "changes", "coordinates", "coverage", "io", "layers", "overlay",
    "pipes", "protection", "responsibility", "workspace",
]  # fmt: skip
# What is written down in docstrings and pages is held by tests of these.
WRITTEN = {room: ["tests/test_front_door.py"] for room in ROOMS}
WRITTEN["layers"] += ["tests/cli/test_catalogue_command.py"]

# Changes that a slip of the hand would make: another sign, a bound to the other side, one more or one less.
# One that fails on any operands would be noticed by whatever test runs the line, and tell nothing.
_ARITHMETIC = "Add_Sub Sub_Add Mul_Div Div_Mul FloorDiv_Mul Mod_FloorDiv Pow_Mul"
_BITWISE = "BitAnd_BitOr BitOr_BitAnd LShift_RShift"
_COMPARISON = "Lt_LtE Lt_GtE LtE_Lt LtE_Gt Gt_GtE Gt_LtE GtE_Gt GtE_Lt Eq_NotEq NotEq_Eq Is_IsNot IsNot_Is"
_UNARY = "Delete_USub Delete_Invert Delete_Not"
_OTHER = "ReplaceAndWithOr ReplaceOrWithAnd ReplaceTrueWithFalse ReplaceFalseWithTrue NumberReplacer"
OPERATORS = [
    *(f"ReplaceBinaryOperator_{pair}" for pair in f"{_ARITHMETIC} {_BITWISE}".split()),
    *(f"ReplaceComparisonOperator_{pair}" for pair in _COMPARISON.split()),
    *(f"ReplaceUnaryOperator_{one}" for one in _UNARY.split()),
    *_OTHER.split(),
]
# Words that forbid what no caller does.
_GUARDS = {"strict=True", "frozen=True", "slots=True", "kw_only=True"}
_BINARY = {"arith_expr", "term", "expr", "xor_expr", "and_expr", "shift_expr", "power"}


@dataclass(frozen=True)
class Mutant:
    """One change of one module: the line as it is, and as it becomes."""

    path: str
    operator: str
    occurrence: int
    line: int
    was: str
    becomes: str

    @property
    def name(self):
        return self.path, self.was, self.becomes


# -- Mutants ------------------------------------------------------------------------------------------------


def sampled(path: Path, places: int, seed: int) -> list[Mutant]:
    """Change each of some places of a module in one way; the same ones for the same text."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.operators.provider import OperatorProvider

    source = path.read_text(encoding="utf-8")
    apart = _annotations(source)
    operators = {name: OperatorProvider()[name]() for name in OPERATORS}
    seen = collections.Counter()
    at_place = collections.defaultdict(list)
    for node in ast_nodes(get_ast(source)):
        for name, operator in operators.items():
            for start, _ in operator.mutation_positions(node):
                occurrence, seen[name] = seen[name], seen[name] + 1
                binary = name.startswith("ReplaceBinary")
                guard = (
                    node.parent is not None and node.parent.get_code(include_prefix=False) == "strict=True"
                )
                if not (start in apart or guard or (binary and node.parent.type not in _BINARY)):
                    guards = node.parent is not None and node.parent.get_code(include_prefix=False) in _GUARDS
                    at_place[start].append(None if guards else (name, occurrence))
    chance = random.Random(f"{seed} {path.name}")  # noqa: S311
    order = sorted(at_place)
    chance.shuffle(order)  # so that a smaller sample is part of a greater one
    picked = [(place, chance.choice(at_place[place])) for place in order][:places]
    return [_mutant(path, source, place, *pick) for place, pick in sorted(picked) if pick is not None]


def _mutant(path: Path, source: str, place: tuple[int, int], operator: str, occurrence: int) -> Mutant:
    line = place[0]
    became = changed(source, operator, occurrence).splitlines()
    shown = [" ".join(text[line - 1].split()) for text in (source.splitlines(), became)]
    return Mutant(path.relative_to(ROOT).as_posix(), operator, occurrence, line, *shown)


def changed(source: str, operator: str, occurrence: int) -> str:
    from cosmic_ray.mutating import MutationVisitor
    from cosmic_ray.operators.provider import OperatorProvider

    text = MutationVisitor.mutate_code(source, OperatorProvider()[operator](), occurrence)
    assert text is not None
    return text


def _annotations(source: str) -> set[tuple[int, int]]:
    """Each place within an annotation, where ``|`` is no operation."""
    found = []
    for node in ast.walk(ast.parse(source)):
        found += [getattr(node, part, None) for part in ("annotation", "returns")]
    within = set()
    for node in filter(None, found):
        for line in range(node.lineno, node.end_lineno + 1):
            first = node.col_offset if line == node.lineno else 0
            last = node.end_col_offset if line == node.end_lineno else 1000
            within |= {(line, column) for column in range(first, last)}
    return within


# -- Tests --------------------------------------------------------------------------------------------------


class Tracing:
    """Notes which test runs which line, and how long each takes."""

    def __init__(self, coverage):
        self.coverage, self.seconds, self.shared, self.failed = (
            coverage,
            {},
            collections.defaultdict(list),
            set(),
        )

    def pytest_runtest_logreport(self, report):
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if not report.passed:
            self.failed.add(report.nodeid)

    def pytest_runtest_setup(self, item):
        self.coverage.switch_context(item.nodeid)
        for name, definitions in item._fixtureinfo.name2fixturedefs.items():
            if definitions[-1].scope != "function":
                self.shared[f"fixture {name}"].append(item.nodeid)

    def pytest_fixture_setup(self, fixturedef, request):
        # what is made once is made for every test that asks for it
        if fixturedef.scope == "function":
            return None
        self.coverage.switch_context(f"fixture {fixturedef.argname}")
        try:
            from _pytest.fixtures import pytest_fixture_setup

            return pytest_fixture_setup(fixturedef, request)
        finally:
            self.coverage.switch_context(request._pyfuncitem.nodeid)


class Choosing:
    """Keeps the tests that are asked, the quickest first."""

    def __init__(self, chosen):
        self.order = {name: place for place, name in enumerate(chosen)}

    def pytest_collection_modifyitems(self, items):
        items[:] = sorted(
            (each for each in items if each.nodeid in self.order), key=lambda i: self.order[i.nodeid]
        )


def trace(room: str, only: list[str] | None = None) -> dict:
    """Run the tests of a room once: which of them run each line of each file, and how long each takes.

    Where only some are run, what is known of the others from before is believed.
    """
    kept, said = KEPT / f"{room}-trace.json", KEPT / f"{room}-trace.txt"
    before = None
    if only is not None and kept.exists():
        before = json.loads(kept.read_text(encoding="utf-8"))
    if only != []:
        kept.unlink(missing_ok=True)
        wait({fork(lambda: _traced(room, only or _tests_of(room), kept), said): math.inf})
        if not kept.exists():
            raise SystemExit(f"the tests of {room} did not run: {said}")
    traced = json.loads(kept.read_text(encoding="utf-8"))
    if before is not None:
        for path, lines in before["lines"].items():
            found = traced["lines"].setdefault(path, {})
            for line, tests in lines.items():
                found[line] = sorted({*found.get(line, []), *tests})
        traced["seconds"] = before["seconds"] | traced["seconds"]
        kept.write_text(json.dumps(traced), encoding="utf-8")
    return traced


def _traced(room: str, tests: list[str], kept: Path) -> int:
    import coverage
    import pytest

    measured = coverage.Coverage(data_file=None, include=[f"{ROOT}/zjk_gis/{room}/*"], config_file=False)
    tracing = Tracing(measured)
    measured.start()
    for each in pkgutil.walk_packages([str(ROOT / "zjk_gis")], "zjk_gis."):
        if not each.name.endswith("__main__"):
            importlib.import_module(each.name)  # or what runs at import would be said of the first test
    code = pytest.main([*_OPTIONS, *tests], plugins=[tracing])
    measured.stop()
    lines = {}
    data = measured.get_data()
    for file in data.measured_files():
        asked = {}
        for line, contexts in data.contexts_by_lineno(file).items():
            names = {test for each in contexts for test in tracing.shared.get(each, [each])}
            asked[line] = sorted(names - tracing.failed)
        lines[Path(file).relative_to(ROOT).as_posix()] = asked
    for name in tracing.failed:
        del tracing.seconds[name]
    kept.write_text(
        json.dumps({"lines": lines, "seconds": tracing.seconds, "failed": sorted(tracing.failed)})
    )
    return int(code)


_OPTIONS = ["-q", "-n", "0", "--assert=plain", "-p", "no:cacheprovider", "--hypothesis-seed=0"]


def _tests_of(room: str) -> list[str]:
    return [f"tests/{room}", f"zjk_gis/{room}", *WRITTEN[room]]


def chosen(mutant: Mutant, source: str, traced: dict, budget_s: float) -> list[str]:
    """The tests that run a line; of one that runs at import, those that run its module, or else all."""
    by_line = traced["lines"].get(mutant.path, {})
    written = {path for paths in WRITTEN.values() for path in paths}
    names = {test for line in _statement(source, mutant.line) for test in by_line.get(str(line), [])}
    at_import = "" in names or not names
    if not names - {""}:
        names = {test for tests in by_line.values() for test in tests}
    if at_import:
        names |= {test for test in traced["seconds"] if not names - {""} or test.split("::")[0] in written}
    names.discard("")
    total, kept = 0.0, []
    for name in sorted(names, key=lambda n: (n.split("::")[0] not in written, traced["seconds"][n], n)):
        total += traced["seconds"][name]
        if kept and total > budget_s:
            break
        kept.append(name)
    return kept


def _statement(source: str, line: int) -> range:
    """Lines of the innermost statement, or head of one, that holds a line."""
    best = range(line, line + 1)
    size = math.inf
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if isinstance(body, list) and body else node.end_lineno
            if node.lineno <= line <= end and end - node.lineno < size:
                best, size = range(node.lineno, end + 1), end - node.lineno
    return best


# -- Running ------------------------------------------------------------------------------------------------


class _Changed(importlib.machinery.SourceFileLoader):
    text = ""

    def get_code(self, fullname):
        return compile(self.text, self.path, "exec", dont_inherit=True)


class _Finder(importlib.abc.MetaPathFinder):
    """Gives a changed module in place of the one on disk, which stays as it is."""

    def __init__(self, path: Path, text: str):
        self.path, self.text = path, text
        self.module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")

    def find_spec(self, fullname, path=None, target=None):
        if fullname != self.module:
            return None
        loader = _Changed(fullname, str(self.path))
        loader.text = self.text
        package = [str(self.path.parent)] if self.path.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(
            fullname, self.path, loader=loader, submodule_search_locations=package
        )


def fork(task, said: Path) -> int:
    """Run a task in a process of its own, with all that is not ours imported already."""
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        os.setsid()
        out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.chdir(ROOT)
        code = task()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def wait(ends: dict[int, float]) -> tuple[int, int]:
    """Wait for one of some processes: its number, and its code or -1 where its time was over."""
    while True:
        for pid, end in ends.items():
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return pid, os.waitstatus_to_exitcode(status)
            if time.monotonic() > end:
                os.killpg(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                return pid, -1
        time.sleep(0.05)


def ask(mutant: Mutant, text: str, names: list[str]) -> int:
    import pytest

    sys.meta_path.insert(0, _Finder(ROOT / mutant.path, text))
    sys.dont_write_bytecode = True
    return int(
        pytest.main([*_OPTIONS, "-x", *sorted({n.split("::")[0] for n in names})], plugins=[Choosing(names)])
    )


def judge(mutants: list[Mutant], traced: dict, *, processes: int, budget_s: float, directory: Path):
    """Yield each mutant with what became of it: ``noticed``, ``over time`` or ``missed``."""
    waiting = collections.deque(mutants)
    running, ends = {}, {}
    while waiting or running:
        while waiting and len(running) < processes:
            mutant = waiting.popleft()
            source = (ROOT / mutant.path).read_text(encoding="utf-8")
            text = changed(source, mutant.operator, mutant.occurrence)
            names = chosen(mutant, source, traced, budget_s)
            said = directory / f"{Path(mutant.path).stem}-{mutant.operator}-{mutant.occurrence}.txt"
            pid = fork(lambda m=mutant, t=text, n=names: ask(m, t, n), said)
            running[pid] = mutant
            ends[pid] = time.monotonic() + 60 + 4 * sum(traced["seconds"][name] for name in names)
        pid, code = wait(ends)
        del ends[pid]
        fate = {0: "missed", 5: "missed", -1: "over time"}.get(code, "noticed")
        yield running.pop(pid), fate


# -- The command --------------------------------------------------------------------------------------------


def equal_in_effect() -> dict[tuple[str, str, str], str]:
    if not EQUAL.exists():
        return {}
    return {
        (e["path"], e["was"], e["becomes"]): e["why"]
        for e in tomllib.loads(EQUAL.read_text("utf-8"))["mutant"]
    }


def preload():
    """Import what tests need and is not ours, once for all processes."""
    here = str(Path(__file__).resolve().parent)  # holds a room that has the name of a tool
    sys.path[:] = [str(ROOT), *(entry for entry in sys.path if entry != here)]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(
        os.pathsep
    )
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(KEPT / "hypothesis")
    names = (
        "coverage cosmic_ray.mutating numba pandas geopandas shapely pyogrio fiona folium pytest hypothesis"
    )
    for name in [
        *names.split(),
        "hypothesis.extra.numpy",
        "openpyxl",
        "xlsxwriter",
        "pyarrow.parquet",
        "rtree",
    ]:
        importlib.import_module(name)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rooms", nargs="*", default=ROOMS, metavar="room", help=", ".join(ROOMS))
    parser.add_argument("--module", action="append", help="only these modules of the rooms")
    parser.add_argument("--places", type=int, default=12, help="places changed of each module (12)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--again", action="store_true", help="only what no test noticed the last time")
    parser.add_argument(
        "--only-trace", nargs="*", metavar="TESTS", help="only these tests are new since the last time"
    )
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--budget", type=float, default=60, help="seconds of tests asked of a mutant, at most (60)"
    )
    options = parser.parse_args()
    preload()
    KEPT.mkdir(parents=True, exist_ok=True)
    for room in options.rooms:
        run(room, options)


def run(room: str, options: argparse.Namespace):
    """Try the sample of one room; what is missed is kept as it is found, so that a run may be broken off."""
    kept = KEPT / f"{room}.json"
    before = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else []
    paths = sorted((ROOT / "zjk_gis" / room).rglob("*.py"))
    paths = [path for path in paths if not options.module or path.stem in options.module]
    mutants = [each for path in paths for each in sampled(path, options.places, options.seed)]
    if options.again:
        names = {Mutant(**each).name for each in before}
        mutants = [each for each in mutants if each.name in names]
    equal = equal_in_effect()
    asked = [each for each in mutants if each.name not in equal]
    traced = trace(room, options.only_trace)
    if traced["failed"]:
        print("failed before anything was changed, and not asked:", *traced["failed"], sep="\n  ")
    tried = {each.name for each in mutants}
    missed = [each for each in before if Mutant(**each).name not in tried]
    counts = collections.Counter()
    how = {"processes": options.processes, "budget_s": options.budget, "directory": KEPT}
    for mutant, fate in judge(asked, traced, **how):
        counts[fate] += 1
        if fate == "missed":
            print(f"{mutant.path}:{mutant.line}\n  - {mutant.was}\n  + {mutant.becomes}", flush=True)
            missed.append(asdict(mutant))
            kept.write_text(json.dumps(missed, ensure_ascii=False, indent=1), encoding="utf-8")
    kept.write_text(json.dumps(missed, ensure_ascii=False, indent=1), encoding="utf-8")
    print(
        f"{room}: {len(mutants)} tried, {len(mutants) - len(asked)} equal in effect, {dict(counts)}",
        flush=True,
    )


if __name__ == "__main__":
    main()
