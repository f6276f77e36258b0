"""Headings and words of a file: what is the library's is translated both ways, what is a source's is not."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zjk_gis.errors import InputError
from zjk_gis.io.tables.cells import Why
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.headings import headed, heading, names_beside, settled, unheaded, word
from zjk_gis.layers.results import CODED, RESULTS, spec_in
from zjk_gis.words import speaking


@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS.keys())
def test_the_headings_of_an_answer_are_chinese_and_no_two_are_one(result):
    spec = spec_in(result.keys)
    titles = {name: heading(name, "zh", spec) for name in result.columns}
    assert not [name for name, title in titles.items() if title == name]
    assert len(set(titles.values())) == len(titles)


@pytest.mark.parametrize("column", CODED)
def test_the_words_of_a_column_are_chinese_and_no_two_are_one(column):
    words = [word(each, column) for each in CODED[column]]
    assert not set(words) & set(CODED[column])
    assert len(set(words)) == len(words)


def test_every_reason_for_which_a_row_is_set_aside_is_read_back():
    assert {why.word for why in Why if why} <= set(CODED["why"])


@pytest.mark.parametrize("spec", CATALOGUE.values(), ids=CATALOGUE.keys())
def test_a_layer_of_the_catalogue_has_a_heading_for_every_field(spec):
    names = [field.name for field in spec.fields]
    written = headed(pd.DataFrame({name: ["1"] for name in names}), "zh")
    assert [name for name in written.columns if name in names] == []
    assert written.columns.is_unique


@settings(max_examples=40)
@given(st.data())
def test_what_is_written_is_read_back_whatever_stands_in_it(data):
    """Any answer with any of its columns, in any order, with missing values and columns of others."""
    result = data.draw(st.sampled_from(list(RESULTS.values())))
    more = [name for name in result.columns if name not in result.keys]
    others = data.draw(st.lists(st.sampled_from(more), unique=True)) if more else []
    names = data.draw(st.permutations([*result.keys, *others, "我的列", "own"]))
    table = pd.DataFrame({name: _values(data, name) for name in names})
    written = headed(table, "zh")
    assert {"我的列", "own"} <= set(written.columns)
    back, renamed = unheaded(written)
    pd.testing.assert_frame_equal(back, table)
    assert set(renamed.values()) >= set(result.keys) - {"我的列", "own"}


def _values(data, name):
    if name in CODED:
        words = data.draw(st.lists(st.sampled_from([*CODED[name], None]), min_size=2, max_size=2))
        return pd.Series(words, dtype="str")
    if name == "own":
        return pd.Series(["inside", "区内"], dtype="str")
    return pd.Series(["7", None], dtype="str")


def test_a_table_of_others_is_left_alone_whatever_it_is_called():
    """An office's own columns bear the names of answers, and mean something else."""
    theirs = pd.DataFrame({"found": ["yesterday"], "reason": ["a walk"], "kind": ["new"]})
    assert headed(theirs, "zh") is theirs
    indicators = pd.DataFrame({"指标": ["结案率"], "数值": ["97"], "单位": ["%"]})
    assert unheaded(indicators)[0] is indicators
    weather = pd.DataFrame({"判定方式": ["目测"], "原因": ["大雨"], "类型": ["新设"]})
    assert unheaded(weather)[1] == {}


def test_only_the_columns_of_the_answer_change_in_a_file_of_the_librarys():
    """类型 is the office's, though gaps have such a column too."""
    table = pd.DataFrame({"类型": ["新设"], "判定方式": ["就近"], "原因": ["就近归属"], "距离(m)": ["3.5"]})
    back, renamed = unheaded(table)
    assert list(back.columns) == ["类型", "found", "reason", "distance_m"]
    assert back.iloc[0].tolist() == ["新设", "nearest", "within_reach", "3.5"]
    assert renamed == {"判定方式": "found", "原因": "reason", "距离(m)": "distance_m"}


def test_a_column_of_the_source_with_a_heading_gives_way():
    renamed, titles = names_beside(["责任区编码", "zone_code", "备注"], ["zone_code", "found"], "zh")
    assert titles == {"zone_code": "责任区编码", "found": "判定方式"}
    assert renamed == {"责任区编码": "责任区编码(原记录)", "zone_code": "责任区编码(原记录)(更早)"}
    assert names_beside(["责任区编码", "zone_code"], ["zone_code"], "en")[0] == {
        "zone_code": "zone_code_recorded"
    }


def test_what_was_recorded_before_is_read_back_under_its_name():
    table = pd.DataFrame(
        {"zone_code_recorded": ["A"], "zone_code": ["B"], "found": ["inside"], "reason": ["tie"]}
    )
    written = headed(table, "zh")
    assert list(written.columns) == ["责任区编码(原记录)", "责任区编码", "判定方式", "原因"]
    pd.testing.assert_frame_equal(unheaded(written)[0], table)


def test_several_codes_in_a_cell_and_counts_behind_them_are_said():
    assert word("swapped_axes;gcj02", "position_fix") == "经纬度颠倒;疑为 GCJ-02 坐标"
    assert word("manholes 6;roads 2", "component_counts") == "窨井 6;道路 2"


def test_the_language_of_headings_is_that_of_the_process_unless_asked_for():
    with speaking("zh"):
        assert (settled(None), settled("en")) == ("zh", "en")
    with speaking("en"):
        assert settled(None) == "en"
    with pytest.raises(InputError, match="lang must be one of zh, en, not 'fr'"):
        settled("fr")
