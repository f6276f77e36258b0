"""The tables that ship with the package, and a user's own rows over them."""

import pandas as pd
import pytest

from zjk_gis.errors import InputError
from zjk_gis.standards.rules import TABLES, rules_table


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_table_is_whole(name):
    table = rules_table(name)
    assert not table.duplicated(list(TABLES[name])).any()
    assert table.map(lambda cell: cell == cell.strip()).all(axis=None)
    if name != "terms":
        assert (table["source"] != "").all()
        assert set(table["confidence"]) <= set("SMUPC")


def test_pipe_kinds_are_those_their_classes_list():
    kinds = rules_table("pipe_kinds")
    for row in rules_table("pipe_classes").itertuples():
        listed = set(kinds.loc[kinds["class_code"] == row.class_code, "pipe_kind"])
        assert set(row.subcodes.split()) <= listed


def test_every_other_spelling_means_a_value_that_there_is():
    values = rules_table("dictionaries")
    known = {*zip(values["dictionary"], values["value"], strict=True)}
    known |= {("pipe_kinds", kind) for kind in rules_table("pipe_kinds")["pipe_kind"]}
    others = rules_table("value_aliases")
    assert set(zip(others["dictionary"], others["value"], strict=True)) <= known


def test_separations_are_positive_and_of_known_parties():
    table = rules_table("separations")
    assert (table["distance_m"].astype(float) > 0).all()
    assert {"建筑", "给水", "排水", "再生水", "燃气", "热力", "电力", "通信", "管沟"} <= {
        *table["first"],
        *table["second"],
    }


def test_a_row_of_yours_replaces_or_is_added():
    own = pd.DataFrame({"limit": ["parking_radius", "ours"], "value": ["500", "1"]})
    table = rules_table("limits", overrides={"limits": own}).set_index("limit")
    assert table.loc["parking_radius", ["value", "unit", "confidence"]].tolist() == ["500", "m", "user"]
    assert table.loc["ours", ["value", "unit", "confidence"]].tolist() == ["1", "", "user"]
    assert table.index[-1] == "ours"
    assert rules_table("limits").set_index("limit").loc["parking_radius", "value"] == "300"


def test_your_own_source_and_confidence_are_kept():
    own = pd.DataFrame(
        {"limit": ["frost_depth"], "value": ["1.50"], "source": ["本市规范"], "confidence": ["S"]}
    )
    row = rules_table("limits", overrides={"limits": own}).set_index("limit").loc["frost_depth"]
    assert row[["value", "source", "confidence"]].tolist() == ["1.50", "本市规范", "S"]


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"value": ["1"]}, "has no column limit"),
        ({"limit": ["a"], "vlaue": ["1"]}, "unknown column 'vlaue'"),
        ({"limit": ["a", "a"], "value": ["1", "2"]}, "row 2 has an empty or repeated limit"),
        ({"limit": [""], "value": ["1"]}, "row 1 has an empty or repeated limit"),
    ],
)
def test_a_faulty_override_is_refused(own, words):
    with pytest.raises(InputError, match=words):
        rules_table("limits", overrides={"limits": pd.DataFrame(own)})


def test_a_folder_of_tables(tmp_path, monkeypatch):
    (tmp_path / "limits.csv").write_text("limit,value\nparking_radius,200\n", "utf-8-sig")
    monkeypatch.setenv("ZJK_GIS_TABLES", str(tmp_path))
    assert rules_table("limits").set_index("limit").loc["parking_radius", "value"] == "200"
    assert len(rules_table("streets")) == 246
    monkeypatch.setenv("ZJK_GIS_TABLES", str(tmp_path / "none"))
    with pytest.raises(InputError, match="is not a folder of tables"):
        rules_table("limits")
    (tmp_path / "limits.csv").write_bytes("limit,value\n停车,1\n".encode("gb18030"))
    with pytest.raises(InputError, match=r"limits.csv: cannot be read as CSV in UTF-8"):
        rules_table("limits", overrides=tmp_path)


def test_an_override_of_no_table_is_refused(tmp_path):
    own = pd.DataFrame({"street_code": ["130703099"], "street_name": ["新街道"]})
    with pytest.raises(InputError, match=r"no table 'street' to override; the tables are .*streets"):
        rules_table("streets", overrides={"street": own})
    own.to_csv(tmp_path / "street.csv", index=False)
    with pytest.raises(InputError, match="no table 'street' to override"):
        rules_table("streets", overrides=tmp_path)
    (tmp_path / "street.csv").rename(tmp_path / "streets.csv")
    (tmp_path / "读我.txt").touch()
    assert rules_table("streets", overrides=tmp_path)["street_name"].iloc[-1] == "新街道"
    own.to_csv(tmp_path / "streets.csv", index=False, encoding="gbk")
    with pytest.raises(InputError, match="save it as «CSV UTF-8»"):
        rules_table("streets", overrides=tmp_path)


def test_an_unknown_table_lists_the_known_ones():
    with pytest.raises(InputError, match="areas, checks, code_changes"):
        rules_table("laws")


def test_tables_of_the_catalogue_where_nobody_would_read_them_are_refused(tmp_path, monkeypatch):
    (tmp_path / "fields.csv").write_text("layer,field,aliases\nmanholes,state,井态\n", "utf-8-sig")
    with pytest.raises(InputError, match="are read only from the folder that the variable ZJK_GIS_TABLES"):
        rules_table("limits", overrides=tmp_path)
    monkeypatch.setenv("ZJK_GIS_TABLES", str(tmp_path))
    assert len(rules_table("limits", overrides=tmp_path)) == len(rules_table("limits"))
