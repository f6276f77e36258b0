"""What newcomers read: the README, the guide, the policy's clauses, and the site that `make docs` builds."""

import re
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import zjk_gis
from zjk_gis.cli.main import _COMMANDS
from zjk_gis.layers.catalogue import CATALOGUE

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
READY = "document.querySelector('.md-search__button') !== null"
TYPING = "[...document.querySelectorAll('*')].some(each => each.shadowRoot?.activeElement)"
SITE = ROOT / "build" / "site" / "index.html"
CLAUSES = tomllib.loads((DOCS / "clauses.toml").read_text(encoding="utf-8"))["clause"]


@pytest.fixture(scope="module")
def tools():
    """Load the modules that build the site, which stand beside each other as scripts."""
    sys.path.insert(0, str(DOCS / "tools"))
    yield {name: import_module(name) for name in ("clauses", "notebooks", "running", "tutorial")}
    sys.path.remove(str(DOCS / "tools"))


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_a_readme_is_short_and_its_links_lead_somewhere(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert len(text.splitlines()) < 150
    linked = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
    assert [path for path in linked if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(
    "path", ["README.md", "README.zh.md", "docs/en/functions.md", "docs/zh/functions.md"]
)
def test_every_function_of_a_table_is_there(path):
    rows = re.findall(r"^\| .*\|$", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
    home, lacking = zjk_gis, []
    for name in re.findall(r"`([a-z_A-Z.]+)`", " ".join(row.rsplit("|", 2)[1] for row in rows)):
        *rooms, last = name.removeprefix("zjk_gis.").split(".")
        if rooms:  # a name without a room may follow one of the same room
            home = import_module(".".join(["zjk_gis", *rooms]))
        if not (hasattr(home, last) or hasattr(zjk_gis, last)):
            lacking.append(name)
    assert lacking == []


@pytest.mark.parametrize("path", ["README.md", "README.zh.md", "docs/en/command.md", "docs/zh/command.md"])
def test_every_command_that_is_shown_is_there(path):
    shown = re.findall(r"^zjk-gis ([a-z-]+)", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
    assert len(shown) >= 12
    assert set(shown) <= set(_COMMANDS)


def test_both_languages_have_the_same_table_of_functions():
    tables = [
        re.findall(
            r"^\| (?!question|问题|---)", (DOCS / lang / "functions.md").read_text("utf-8"), re.MULTILINE
        )
        for lang in ("en", "zh")
    ]
    assert len(tables[0]) == len(tables[1]) > 60


def test_the_policy_has_34_clauses_each_with_an_answer_or_the_reason_why_not():
    digits = "一二三四五六七八九"
    tens = ["", "十", "二十", "三十"]
    numbers = [ten + one for ten in tens for one in ("", *digits)][1:35]
    assert [clause["number"] for clause in CLAUSES] == numbers
    answered = {"question", "layers", "call", "command"}
    for clause in CLAUSES:
        assert ("none" in clause) != (answered <= clause.keys()), clause["number"]
        assert set(clause.get("layers", ())) <= {*CATALOGUE, "全部图层"}, clause["number"]
        assert clause.get("command", "gaps").split()[0] in _COMMANDS


def test_a_clause_that_fails_stops_the_build(tools):
    clauses = tools["clauses"]
    wrong = clauses.Clause("二", "…", question="?", call="1 / 0", command="catalogue")
    with pytest.raises(RuntimeError, match="clause 二: its call failed: division by zero"):
        clauses._answer(wrong, wrong.call, {})
    with pytest.raises(RuntimeError, match="clause 二: zjk-gis catalogue nonsense left with 2"):
        clauses._printed(clauses.Clause("二", "…", question="?", call="1", command="catalogue nonsense"))
    assert "窨井" in clauses._printed(clauses.Clause("二", "…", command="catalogue 窨井"))


def test_a_tutorial_shows_what_was_answered_and_stops_where_that_is_not_expected(tools, tmp_path):
    page, sample = tmp_path / "page.md", tmp_path / "sample"
    sample.mkdir()
    page.write_text("# 甲\n\n```run\nzjk-gis catalogue 窨井\n```\n", encoding="utf-8")
    made = tools["tutorial"].tutorial_page(page, sample, tmp_path / "work")
    assert "```sh\nzjk-gis catalogue 窨井\n```\n\n```text\n窨井 manholes" in made
    page.write_text("```run 1\nzjk-gis catalogue 窨井\n```\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match="left with 0, not 1"):
        tools["tutorial"].tutorial_page(page, sample, tmp_path / "work")


NOTEBOOK = """# %% [markdown]
# # 甲
# %%
import pandas as pd
print("<b>" * 2)
pd.DataFrame({"a": range(30), "b": "</td>"})
# %%
len("no value is lost")
# %% tags=["timed"]
print("0.123 s")
"""


def test_a_notebook_shows_what_its_cells_answer_and_no_seconds(tools, tmp_path):
    source = tmp_path / "page.py"
    source.write_text(NOTEBOOK, encoding="utf-8")
    made = tools["notebooks"].notebook_page(source, tmp_path / "sample", tmp_path)
    assert made.startswith("# 甲\n\n```python\nimport pandas as pd\n")
    assert "<pre>&lt;b&gt;&lt;b&gt;</pre>" in made
    assert made.count("<tr>") == 11  # the head, five rows, and five more
    assert "&lt;/td&gt;" in made
    assert "<pre>16</pre>" in made
    assert "0.123 s</pre>" not in made
    source.write_text("# %%\n1 / 0\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match=r"page\.py: cell 1 failed: ZeroDivisionError"):
        tools["notebooks"].notebook_page(source, tmp_path / "sample", tmp_path)


@pytest.mark.browser
@pytest.mark.skipif(not SITE.is_file(), reason="no site here; first: make docs")
@pytest.mark.parametrize("words", ["责任空白", "hot-spots"])
def test_the_site_is_searched_from_a_folder_without_network(visit, words):
    here = visit(SITE, ready=READY, server=SITE.parent.as_uri())
    here.page.click(".md-search__button")
    here.page.wait_for_function(TYPING)
    here.page.keyboard.insert_text(words)
    found = here.page.get_by_text(re.compile(r"\d+ results?"))
    found.wait_for()
    assert int(found.inner_text().split()[0]) > 0
    assert here.requests == []
    assert here.errors == []
