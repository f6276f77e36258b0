"""The one table of all benchmarks: nothing is left out of it, and what became worse is marked."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "benchmarks"


@pytest.fixture(scope="module")
def bench():
    """Load the runner, as a script beside its tables."""
    sys.path.insert(0, str(HERE))
    spec = importlib.util.spec_from_file_location("benchmark_run", HERE / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path.remove(str(HERE))
    return module


SCRIPT = """
import sys
sys.path.insert(0, {here!r})
from table import Row, print_rows
print("with --quick:", "--quick" in sys.argv)
rows = [Row("squares of 9", {ours}, "loop", 4.0, peak_mb={peak}, same={same}), Row("alone", 1.0)]
sys.exit(print_rows(rows))
"""


@pytest.fixture
def scripts(tmp_path):
    """Write scripts that tell two rows each."""

    def write(ours=1.0, *, peak=100.0, same=True, names=("bench_one", "bench_two")):
        folder = tmp_path / "scripts"
        folder.mkdir(exist_ok=True)
        for name in names:
            text = SCRIPT.format(here=str(HERE), ours=ours, peak=peak, same=same)
            (folder / f"{name}.py").write_text(text, encoding="utf-8")
        return [
            "--scripts",
            str(folder),
            "--last",
            str(tmp_path / "last.csv"),
            "--logs",
            str(tmp_path / "logs"),
        ]

    return write


def test_every_script_tells_rows_and_has_a_quick_form(bench):
    found = bench.scripts_in(HERE)
    assert len(found) >= 19
    for script in found:
        text = script.read_text(encoding="utf-8")
        assert "print_rows(" in text, f"{script.name} is not in the table; see tests/benchmarks/README.md"
        assert '"--quick"' in text, f"{script.name} has no quick form"


def test_the_last_quick_figures_have_every_script(bench):
    last = bench.read_last(bench.LAST, "quick")
    assert {script for script, _, _ in last} == {script.stem for script in bench.scripts_in(HERE)}
    for row in last.values():
        assert float(row["ours"]) >= 0
        assert float(row["peak_mb"]) >= 0
        assert row["date"]
        assert row["machine"]
        assert "/" not in row["machine"]  # no path of whoever measured


def test_the_table_has_all_rows_of_all_scripts(bench, scripts, capsys):
    assert bench.main(["--quick", *scripts()]) == 0
    table = capsys.readouterr().out
    assert table.count("squares of 9") == table.count("alone") == 2
    assert table.count(" new") == 4
    assert "Nothing is wrong" in table


def test_a_script_that_states_no_memory_gets_that_of_its_process(bench, scripts, tmp_path):
    # From a process of its own: the peak of a process counts what its parent held when it was made.
    subprocess.run([sys.executable, HERE / "run.py", "--quick", "--keep", *scripts()], check=True)
    last = bench.read_last(tmp_path / "last.csv", "quick")
    assert float(last["bench_one", "squares of 9", "loop"]["peak_mb"]) == 100.0
    assert 5.0 < float(last["bench_one", "alone", ""]["peak_mb"]) < 1000.0
    assert "with --quick: True" in (tmp_path / "logs" / "bench_one.txt").read_text(encoding="utf-8")


def test_a_regression_is_marked(bench, scripts, capsys):
    bench.main(["--quick", "--keep", *scripts(1.0)])
    bench.main(["--quick", *scripts(1.2)])  # 17 % slower: what chance may do
    assert "SLOWER" not in capsys.readouterr().out
    bench.main(["--quick", *scripts(2.0, names=("bench_two",))])
    told = capsys.readouterr().out
    assert told.count("SLOWER by 50%") == 2  # in the table, and below it
    assert "bench_two: squares of 9, beside loop: SLOWER by 50%" in told
    bench.main(["--quick", *scripts(1.0, peak=400.0)])
    assert "MORE MEMORY, +300 MB" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", ["False", "__import__('numpy').bool_(0)"])
def test_what_is_missing_wrong_or_broken_is_told(bench, scripts, tmp_path, capsys, wrong):
    asked = ["--quick", *scripts()]
    bench.main([*asked, "--keep"])
    (tmp_path / "scripts" / "bench_one.py").write_text("raise SystemExit('no data')", encoding="utf-8")
    scripts(same=wrong, names=("bench_two",))
    capsys.readouterr()
    assert bench.main([*asked, "--keep"]) == 1
    told = capsys.readouterr()
    assert "bench_one: ended with 1" in told.out
    assert "bench_one: squares of 9, beside loop: MISSING" in told.out
    assert "bench_two: squares of 9, beside loop: answers DIFFER" in told.out
    assert "kept in" not in told.out  # figures of a run that broke are not those to compare with


def test_forms_do_not_mix_and_others_are_kept(bench, scripts, tmp_path):
    asked = scripts()
    for words in (["--quick"], [], ["--quick", "--only", "two"]):
        bench.main([*words, "--keep", *asked])
    for form in ("quick", "full"):
        assert len(bench.read_last(tmp_path / "last.csv", form)) == 4
