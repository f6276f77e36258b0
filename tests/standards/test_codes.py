"""Codes: read, checked, explained and continued."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zjk_gis.errors import InputError
from zjk_gis.standards import SCHEMES, check_codes, explain_code, next_codes, parse_codes, rules_table

GRID = "130703005001012"


def rules(code, scheme="unit_grid", **options):
    return check_codes([code], scheme, **options)["rule"].tolist()


def message(code, scheme="unit_grid", **options):
    (only,) = check_codes([code], scheme, **options)["message"]
    return only


@pytest.mark.parametrize(
    ("scheme", "digits"),
    [
        ("district", 6),
        ("street", 9),
        ("community", 12),
        ("unit_grid", 15),
        ("part", 16),
        ("part_2_3_5", 16),
        ("monitor", 18),
        ("community_grid", 20),
        ("pipe_feature", 8),
    ],
)
def test_every_scheme_has_its_digits(scheme, digits):
    assert SCHEMES[scheme].digits == digits
    assert rules("1" * (digits - 1), scheme) == ["wrong_length"]
    assert rules("1" * (digits + 1), scheme) == ["wrong_length"]
    assert rules("1" * (digits - 1) + "x", scheme) == ["not_digits"]


@pytest.mark.parametrize(
    ("code", "scheme", "expected"),
    [
        (GRID, "unit_grid", []),
        ("130703005001000", "unit_grid", ["zero_sequence"]),
        ("130704005001001", "unit_grid", ["unknown_district"]),
        ("130721005001001", "unit_grid", ["retired_district"]),
        ("110101001001001", "unit_grid", ["unchecked_district"]),
        ("130703099001001", "unit_grid", ["unknown_street"]),
        ("130703005099001", "unit_grid", ["unknown_community"]),
        ("130703099001000", "unit_grid", ["unknown_street", "zero_sequence"]),
        ("1307030102000001", "part", []),
        ("1307030999000001", "part", ["unknown_part_class"]),
        ("1307030102300001", "part_2_3_5", []),
        ("1307039912300001", "part_2_3_5", ["unknown_part_class"]),
        ("130703010201000001", "monitor", []),
        ("100101" + "130703005001" + "01", "community_grid", []),
        ("100101" + "130703099001" + "01", "community_grid", ["unknown_street"]),
        ("52012204", "pipe_feature", []),
        ("42012204", "pipe_feature", ["unknown_feature"]),
        ("59012204", "pipe_feature", ["unknown_feature"]),
        ("52014204", "pipe_feature", ["unknown_feature"]),
        ("52012304", "pipe_feature", ["unknown_feature"]),
        ("52011004", "pipe_feature", []),
        ("130703", "district", []),
        ("130703005", "street", []),
        ("130703005001", "community", []),
    ],
)
def test_one_fault_is_one_problem(code, scheme, expected):
    assert rules(code, scheme) == expected


def test_messages_name_the_digits_and_what_is_known():
    assert message("130706005001001", lang="en") == "digits 7-9: 130706 下花园区 has no street 005"
    assert message("130706005001001") == "第 7–9 位:130706 下花园区没有街道 005"
    assert message("13070300500101") == "只有 14 位，应为 15 位；电子表格可能去掉了开头的零"
    assert "130733 崇礼县于 2016 年改为 130709 崇礼区" in message("130733001001001")
    assert message("100101" + "130703099001" + "01", "community_grid", lang="en").startswith("digits 13-15:")


def test_missing_codes_are_passed_over_and_positions_kept():
    codes = pd.Series([None, GRID, "", " ", np.nan, "1"], index=list("abcdef"))
    problems = check_codes(codes, "unit_grid")
    assert problems[["at", "code", "rule"]].to_numpy().tolist() == [[5, "1", "wrong_length"]]
    assert list(parse_codes(codes, "unit_grid").index) == list("abcdef")
    assert check_codes([], "unit_grid").empty
    assert check_codes(pd.Series([None, None]), "unit_grid").empty


@pytest.mark.parametrize("code", ["1307O3005001001", "13070300500100１", "130703005001-01", "1.30703E+14x"])
def test_what_is_no_plain_digit_is_not_read_as_one(code):
    assert rules(code) == ["not_digits"]


@given(
    st.sampled_from(sorted(SCHEMES)),
    st.lists(st.text("0123456789", min_size=20, max_size=20), min_size=1, max_size=5),
)
def test_parts_joined_are_the_code(scheme, digits):
    codes = [each[: SCHEMES[scheme].digits] for each in digits]
    assert parse_codes(codes, scheme).agg("".join, axis=1).tolist() == codes


@given(st.lists(st.text("013579x", max_size=16), max_size=8))
def test_checking_many_is_checking_each(codes):
    together = check_codes(codes, "unit_grid").drop(columns="at").to_numpy().tolist()
    alone = [
        row
        for code in codes
        for row in check_codes([code], "unit_grid").drop(columns="at").to_numpy().tolist()
    ]
    assert together == alone


def test_a_users_tables_are_heeded(tmp_path, monkeypatch):
    own = {"streets": pd.DataFrame({"street_code": ["130703099"], "street_name": ["新设街道"]})}
    assert rules("130703099001001", tables=own) == ["unknown_community"]
    assert "新设街道" in explain_code("130703099001001", tables=own)
    own["streets"].to_csv(tmp_path / "streets.csv", index=False)
    assert rules("130703099001001", tables=tmp_path) == ["unknown_community"]
    monkeypatch.setenv("ZJK_GIS_TABLES", str(tmp_path))
    assert rules("130703099001001") == ["unknown_community"]


def test_sixteen_digits_are_explained_both_ways():
    told = explain_code("1307030102000001")
    assert "仅凭编码无法区分" in told
    assert "污水井盖" in told
    assert explain_code("1307030102000001", "part").count("\n") == 4
    with pytest.raises(InputError, match="no scheme has 7 digits"):
        explain_code("1307030")


def test_the_next_code_follows_the_highest_ever_given_out():
    given_out = ["130703005001002", "130703005001007", "130703005002999", None, "1"]
    nexts = next_codes(given_out, 2, scheme="unit_grid", prefix="130703005001", retired=["130703005001011"])
    assert nexts == ["130703005001012", "130703005001013"]
    assert next_codes([], scheme="part", prefix="1307030102") == ["1307030102000001"]


def test_overflow_is_refused_with_what_is_left():
    with pytest.raises(InputError, match="has 1 sequence numbers left, fewer than the 2 wanted"):
        next_codes(["130703005001998"], 2, scheme="unit_grid", prefix="130703005001")
    with pytest.raises(InputError, match="first 12 digits"):
        next_codes([], scheme="unit_grid", prefix="1307030050")
    with pytest.raises(InputError, match="listed, not counted on"):
        next_codes([], scheme="community", prefix="130703005")


@pytest.mark.parametrize(
    "damaged",
    [
        "13070300500100",  # a digit is lost
        "1.30703E+14",
        "1.3E+14",
        "１３０７０３００５００１００４",
        "'130703005001009",
        "130703-005001-009",
        1307030050010041.0,
    ],
)
@pytest.mark.parametrize("void", [False, True])
def test_no_number_comes_again_because_a_code_cannot_be_read(damaged, void):
    given_out = {"retired": [damaged]} if void else {}
    with pytest.raises(
        InputError, match="1 codes given out may be of 130703005001 and are no unit_grid codes"
    ):
        next_codes(
            [] if void else [damaged, "x", None], scheme="unit_grid", prefix="130703005001", **given_out
        )
    assert next_codes([damaged], scheme="unit_grid", prefix="140703005001") == ["140703005001001"]


def test_codes_that_a_gap_in_their_column_made_numbers_are_read():
    column = pd.Series([130703005001004.0, None])
    assert next_codes(column, scheme="unit_grid", prefix="130703005001") == ["130703005001005"]
    assert parse_codes(column, "unit_grid")["sequence"].tolist()[0] == "004"
    assert check_codes(column, "unit_grid").empty
    assert check_codes([1307030102000001.0], "part")["rule"].tolist() == ["not_digits"]  # 16 digits: not sure


def test_fewer_than_none_are_not_given_out():
    with pytest.raises(InputError, match="count=-1"):
        next_codes([], -1, scheme="unit_grid", prefix="130703005001")


def test_a_nul_amid_the_digits_is_no_digit():
    assert (
        check_codes(["130703\x00005001001", "1307\x0003"], "unit_grid")["rule"].tolist() == ["not_digits"] * 2
    )


def test_every_shipped_street_and_community_is_in_order():
    for table, scheme in (("areas", "district"), ("streets", "street"), ("communities", "community")):
        assert check_codes(rules_table(table).iloc[:, 0], scheme).empty
