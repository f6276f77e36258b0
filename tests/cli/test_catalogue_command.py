"""`zjk-gis catalogue`, and the pages under docs/ that it makes."""

import json
from pathlib import Path

import pytest

from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.checks.reference import reference_page

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(("name", "lang"), [("layers.md", "en"), ("layers.zh.md", "zh")])
def test_the_pages_are_of_today(name, lang):
    assert (DOCS / name).read_text(encoding="utf-8") == reference_page(lang), "run: make docs"


def test_every_layer_has_its_section_and_source():
    page = reference_page("en")
    for spec in CATALOGUE.values():
        assert f"## {spec.title} `{spec.name}`" in page
        assert spec.source, spec.name
    assert page.count("- source: ") == len(CATALOGUE)


def test_one_layer_and_the_list(run, tmp_path):
    code, out, _ = run("catalogue", "窨井")
    assert code == 0
    assert "manhole_code" in out
    assert "16 位：部件 part" in out
    assert len(json.loads(run("catalogue", "--json")[1])["layers"]) == len(CATALOGUE)
    assert run("catalogue", "-o", tmp_path / "layers.md", "--lang", "en")[0] == 0
    assert (tmp_path / "layers.md").read_text(encoding="utf-8") == reference_page("en")
    assert run("catalogue", "-o", tmp_path / "layers.html")[0] == 2
    assert run("catalogue", "窨井", "-o", tmp_path / "layers.md")[0] == 2
    assert run("catalogue", "井")[0] == 2
