"""A Chinese reader reads Chinese: every command, on a city that is read, judged, drawn and written.

zjk-gis <command>  ->  stdout, stderr: no line of English words
                       the catalogue: asked for no sentence that it lacks
"""

import re
from importlib import import_module

import pytest

from zjk_gis import words
from zjk_gis.cli.main import _COMMANDS
from zjk_gis.io import write_layer
from zjk_gis.synth import make_city, write_city

# What stays as it is in Chinese: paths and addresses, options, names of columns, codes, the name of a system.
NOT_WORDS = re.compile(
    r"tianditu-satellite|\S*[/\\]\S*|\S*\.\w+|`[^`]*`|--?[a-z][\w-]*|\w*_\w*|zjk[-_]gis( [a-z-]+)?"
    r"|\[[^\]]*\]|CGCS2000.*|EPSG\S*"
)
WORD = re.compile(r"[A-Za-z]{2,}")
CHINESE = re.compile("[\u4e00-\u9fff]")


def english_lines(text):
    """Return the lines that hold several English words and more of them than Chinese characters."""
    lines = [NOT_WORDS.sub(" ", line) for line in text.splitlines()]
    return [line.strip() for line in lines if len(WORD.findall(line)) > max(2, len(CHINESE.findall(line)))]


class Asked(dict):
    """The catalogue, which remembers what it was asked for and lacks."""

    def __init__(self, rows):
        super().__init__(rows)
        self.lacking = set()

    def get(self, sentence, otherwise=None):
        if sentence not in self and re.search("[a-z]{2}", sentence):
            self.lacking.add(sentence)
        return super().get(sentence, otherwise)


@pytest.fixture
def asked(monkeypatch):
    catalogue = Asked(words._chinese())
    monkeypatch.setattr(words, "_chinese", lambda: catalogue)
    return catalogue


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("city")
    made = make_city(grids=300, incidents=1000)
    write_city(made, folder)
    write_layer(made.layers["manholes"], folder / "manholes.gpkg")
    (folder / "indicators.csv").write_text("社区,案件,结案率\n甲,3,97%\n乙,12,0.9\n", "utf-8")
    return folder


@pytest.mark.parametrize("command", ["", *sorted(_COMMANDS)])
def test_help_is_chinese(run, asked, command):
    group = getattr(import_module(_COMMANDS[command][0]).command, "commands", {}) if command else {}
    for words_of_call in ([], *([name] for name in group)):
        code, out, err = run(*[command] * bool(command), *words_of_call, "--help")
        assert (code, err) == (0, "")
        assert english_lines(out) == []
    assert asked.lacking == set()


@pytest.mark.parametrize(
    "arguments",
    [
        (
            "assign",
            "manholes.gpkg",
            "city.gpkg",
            "-o",
            "who.csv",
            "--report",
            "who.html",
            "--at",
            "2025-12-31",
        ),
        (
            "assign",
            "manholes.gpkg",
            "city.gpkg",
            "-o",
            "who.gpkg",
            "--report",
            "who.xlsx",
            "--at",
            "2025-12-31",
        ),
        ("gaps", "city.gpkg", "--at", "2025-12-31", "-o", "gaps.gpkg"),
        ("repair", "city.gpkg", "--at", "2025-12-31", "--apply", "-o", "mended.gpkg"),
        ("audit", "city.gpkg", "--at", "2025-12-31", "-o", "audit"),
        ("compare", "city.gpkg", "--at-old", "2024-01-01", "--at-new", "2025-12-31", "-o", "changes"),
        ("check", "city.gpkg"),
        ("import", "manholes.gpkg", "kept.gpkg", "--as", "manholes"),
        ("map", "city.gpkg", "--at", "2025-12-31", "-o", "map.html"),
        ("map", "city.gpkg", "--kind", "pipes", "-o", "pipes.html"),
        ("map", "city.gpkg", "--kind", "density", "-o", "density.html"),
        ("covers", "build", "manholes.gpkg", "covers.register"),
        ("report", "indicators.csv", "-o", "report.xlsx"),
        ("accept", "city.gpkg", "G001", "--by", "李局长", "--why", "河道", "--until", "never"),
        ("synth", "another", "--grids", "300", "--incidents", "1000"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_what_is_printed_is_chinese(run, asked, city, monkeypatch, arguments):
    monkeypatch.chdir(city)
    _, out, err = run(*arguments)
    assert english_lines(out + err) == []
    assert asked.lacking == set()


def test_a_map_of_manholes_is_not_one_of_incidents(run, city, monkeypatch):
    monkeypatch.chdir(city)
    code, _, _ = run(
        "assign", "manholes.gpkg", "city.gpkg", "-o", "m.csv", "--report", "m.html", "--at", "2025-12-31"
    )
    assert code == 0
    page = (city / "m.html").read_text("utf-8")
    assert "窨井归属" in page
    assert "案件归属" not in page
    assert not re.search(r"案件 [\d,]+ 件", page)
