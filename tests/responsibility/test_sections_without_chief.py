"""Road sections that nobody answers for."""

import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString, box

from zjk_gis.errors import EmptyLayerError, GeometryError, MissingColumnError
from zjk_gis.responsibility.sections import sections_without_chief


def make_sections(**columns):
    n = len(next(iter(columns.values())))
    columns.setdefault("section_code", [f"R{i + 1}" for i in range(n)])
    lines = [LineString([(0, 50 * i), (100, 50 * i)]) for i in range(n)]
    return gpd.GeoDataFrame(columns, geometry=lines, crs=4547)


def reasons(sections, at=None):
    found = sections_without_chief(sections, at=at)
    return dict(zip(found.index, found["reason"], strict=True))


NOBODY = [
    "无",
    "待定",
    "-",
    "——",
    "暂缺",
    "/",
    "空缺",
    "未定",
    "待补充",
    "N/A",
    "n/a",
    "暂无",
    " (待定) ",
    "null",
]


@pytest.mark.parametrize("nobody", [None, "", "  ", pd.NA, *NOBODY])
def test_nobody_is_nobody_however_it_is_written(nobody):
    assert reasons(make_sections(chief_code=["LZ1", nobody])) == {1: "no_chief"}


def test_a_name_alone_is_a_chief():
    sections = make_sections(chief_code=[None, None], chief_name=["路长〇一号", None])
    assert reasons(sections) == {1: "no_chief"}
    assert reasons(sections.drop(columns="chief_code")) == {1: "no_chief"}


def test_a_code_that_names_nobody_does_not_hide_a_name():
    sections = make_sections(chief_code=["-", "-"], chief_name=["路长〇一号", "待定"])
    found = sections_without_chief(sections)
    assert found[["chief_name", "reason"]].to_numpy().tolist() == [["待定", "no_chief"]]  # as it came


@pytest.mark.parametrize(("left", "right"), [("左侧", "右侧"), ("左", "R"), ("left", "右边")])
def test_a_side_is_one_section_however_it_is_written(left, right):
    sections = make_sections(
        section_code=["R1", "R1", "R1"], side=[left, "左侧", right], chief_code=[None, "LZ1", None]
    )
    assert reasons(sections) == {2: "no_chief"}


class TestTime:
    @pytest.mark.parametrize(
        ("at", "expected"),
        [
            ("2023-12-31", {0: "expired"}),
            ("2024-01-01", {}),
            ("2025-06-30", {}),
            ("2025-07-01", {0: "expired"}),
            (None, {}),
        ],
    )
    def test_a_section_is_served_from_the_first_to_the_last_day(self, at, expected):
        sections = make_sections(chief_code=["LZ1"], valid_from=["2024-01-01"], valid_to=["2025-06-30"])
        assert reasons(sections, at) == expected

    @pytest.fixture
    def versions(self):
        """R1 went from LZ1 to LZ2 at the end of 2024, and from LZ2 to nobody at the end of 2025."""
        return make_sections(
            section_code=["R1", "R1", "R1"],
            chief_code=["LZ2", "LZ1", None],
            valid_from=["2025-01-01", "2024-01-01", "2026-01-01"],
            valid_to=["2025-12-31", "2024-12-31", "2026-12-31"],
        )

    @pytest.mark.parametrize(
        ("at", "expected"),
        [
            ("2023-06-01", {1: "expired"}),  # none has begun: the first to begin
            ("2024-06-01", {}),
            ("2025-06-01", {}),
            ("2026-06-01", {2: "no_chief"}),
            ("2027-06-01", {2: "expired"}),  # all have ended: the last to end
        ],
    )
    def test_versions_answer_one_after_the_other(self, versions, at, expected):
        assert reasons(versions, at) == expected

    def test_another_valid_version_with_a_chief_is_enough(self):
        sections = make_sections(section_code=["R1", "R1"], chief_code=[None, "LZ1"])
        assert reasons(sections, "2025-01-01") == {}

    def test_the_two_sides_of_a_road_are_two_sections(self):
        sections = make_sections(section_code=["R1", "R1"], side=["左侧", "右侧"], chief_code=["LZ1", None])
        assert reasons(sections, "2025-01-01") == {1: "no_chief"}


def test_rows_come_back_as_they_were():
    sections = make_sections(chief_code=["LZ1", None, None], reason=["x", "y", "z"], note=["a", "b", "c"])
    sections.index = pd.Index([9, 9, "third"], name="row")
    before = sections.copy()
    found = sections_without_chief(sections)
    assert found.index.tolist() == [9, "third"]
    assert found.index.name == "row"
    assert found[["note", "reason_recorded", "reason"]].to_numpy().tolist() == [
        ["b", "y", "no_chief"],
        ["c", "z", "no_chief"],
    ]
    assert found.crs == sections.crs
    pd.testing.assert_frame_equal(pd.DataFrame(sections), pd.DataFrame(before))


def test_nothing_to_report_is_an_empty_frame_with_the_columns():
    found = sections_without_chief(make_sections(chief_code=["LZ1"]))
    assert len(found) == 0
    assert found.columns.tolist() == ["chief_code", "section_code", "geometry", "reason"]


def test_what_cannot_give_right_answers_is_refused():
    sections = make_sections(chief_code=["LZ1"])
    with pytest.raises(MissingColumnError, match="sections: no column chief_code or chief_name"):
        sections_without_chief(sections.drop(columns="chief_code"))
    with pytest.raises(MissingColumnError, match="no column 'section_code'"):
        sections_without_chief(sections.drop(columns="section_code"))
    with pytest.raises(EmptyLayerError, match="sections: the layer is empty"):
        sections_without_chief(sections.iloc[:0])
    with pytest.raises(GeometryError, match="not lines"):
        sections_without_chief(sections.set_geometry([box(0, 0, 1, 1)], crs=4547))
