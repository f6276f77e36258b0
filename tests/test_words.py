"""Every sentence that a user reads stands in the catalogue, in both languages, with the same values."""

import ast
import csv
import io
import os
import re
import string
import subprocess
import sys
from pathlib import Path

import pytest

import zjk_gis
from zjk_gis import words
from zjk_gis.errors import InputError, counted, name_rows

PACKAGE = Path(zjk_gis.__file__).parent


def catalogue():
    text = (PACKAGE / "words" / "sentences.csv").read_bytes().decode("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def calls():
    """Yield where `tr` is called, and with what."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tr":
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", node


def values_in(sentence):
    """Return which values a sentence has, and how each is written."""
    parts = string.Formatter().parse(sentence)
    return sorted((name, how or "", shape or "") for _, name, shape, how in parts if name is not None)


SENTENCES = [(where, node) for where, node in calls() if isinstance(node.args[0], ast.Constant)]


def test_every_sentence_has_a_chinese_twin():
    known = {row["en"] for row in catalogue()}
    assert [(where, node.args[0].value) for where, node in SENTENCES if node.args[0].value not in known] == []


def test_sentences_are_sorted_filled_and_said_once():
    rows = catalogue()
    assert [row["en"] for row in rows] == sorted({row["en"] for row in rows})
    assert [row for row in rows if not row["zh"].strip() and row["en"].strip()] == []


def test_both_languages_say_the_same_values():
    said = {node.args[0].value for _, node in SENTENCES}
    rows = [row for row in catalogue() if row["en"] in said]
    assert [row for row in rows if values_in(row["en"]) != values_in(row["zh"])] == []


@pytest.mark.parametrize(("where", "node"), SENTENCES, ids=[where for where, _ in SENTENCES])
def test_every_value_of_a_sentence_is_given(where, node):
    given = {keyword.arg for keyword in node.keywords} - {"lang"}
    asked = {name for name, _, _ in values_in(node.args[0].value)}
    assert asked == given, where


@pytest.mark.parametrize(("lang", "said"), [("zh", "第 3 行"), ("en", "row 3")])
def test_an_error_is_in_the_language_that_is_spoken(lang, said):
    with words.speaking(lang):
        assert name_rows([3]) == said
    with words.speaking("zh"):
        assert name_rows(range(9), most=2) == "第 0, 1 等行，另有 7 行"
        assert counted(2, "row has", "rows have") == "2 行"
        with pytest.raises(InputError, match="图层"):
            zjk_gis.layers.spec_of("no such layer")


@pytest.mark.parametrize(
    ("variables", "spoken"),
    [
        ({"ZJK_GIS_LANG": "zh", "LC_ALL": "en_US.UTF-8"}, "zh"),
        ({"ZJK_GIS_LANG": "en", "LC_ALL": "zh_CN.UTF-8"}, "en"),
        ({"LC_ALL": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW.UTF-8"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({}, "en"),
        ({"ZJK_GIS_LANG": "klingon", "LANG": "zh_CN.UTF-8"}, "zh"),
    ],
)
def test_the_language_of_python_is_asked_for_or_that_of_the_place(variables, spoken):
    plain = {key: value for key, value in os.environ.items() if key not in _VARIABLES}
    code = "from zjk_gis.words import language; print(language())"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=plain | variables
    ).stdout
    assert printed.strip() == spoken


_VARIABLES = ("ZJK_GIS_LANG", "LC_ALL", "LC_MESSAGES", "LANG")


# What is not a sentence in a Chinese one: `code`, a call with its arguments, {values}.
NO_SENTENCE = re.compile(r"`[^`]*`|[\w.]+\((?:[^()]|\([^()]*\))*\)|\{[^{}]*\}")
HALF_WIDTH = re.compile("[\u4e00-\u9fff] ?[,:;()?!]|[,:;()?!] ?[\u4e00-\u9fff]")


def test_chinese_sentences_have_full_width_marks():
    rows = catalogue()
    assert [row["zh"] for row in rows if HALF_WIDTH.search(NO_SENTENCE.sub("", row["zh"]))] == []


def test_the_test_of_marks_can_fail():
    assert HALF_WIDTH.search(NO_SENTENCE.sub("", "地图:{output}({size:.1f} MB)"))
    assert not HALF_WIDTH.search(
        NO_SENTENCE.sub("", "请用 layer.set_crs(4547)，如 `文件:图层`，{size:.1f} MB")
    )


def constants(tree):
    """Return what a module's constants hold, by name: the texts in a dict's values, a tuple or a text."""
    found = {}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        parts = value.values if isinstance(value, ast.Dict) else getattr(value, "elts", [value])
        texts = [part.value for part in parts if isinstance(part, ast.Constant)]
        for target in targets:
            if isinstance(target, ast.Name):
                found[target.id] = [text for text in texts if isinstance(text, str)]
    return found


def test_sentences_kept_in_tables_have_a_chinese_twin():
    """`tr(_WORDS[key])` and `tr(NOTE)`: all that such a table holds stands in the catalogue."""
    known, lacking = {row["en"] for row in catalogue()}, []
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        held = constants(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tr":
                asked = node.args[0].value if isinstance(node.args[0], ast.Subscript) else node.args[0]
                if isinstance(asked, ast.Name):
                    lacking += [
                        (path.name, text) for text in held.get(asked.id, []) if text and text not in known
                    ]
    assert lacking == []
