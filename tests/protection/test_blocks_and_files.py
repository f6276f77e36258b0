"""What historic blocks are to be, and the file of each building: numbers that can be drawn on graph paper."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from shapely import Point, box

from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.protection import archive_completeness, archive_totals, block_conformity

X, Y = 573000, 4520000
CORE, CONTROL = "核心保护范围", "建设控制地带"


def layer(*shapes, **columns):
    moved = [shapely.transform(shape, lambda coords: coords + [X, Y]) for shape in shapes]
    return gpd.GeoDataFrame(columns, geometry=moved, crs=4547)


def block(core, control=None, name="堡子里"):
    control = core.buffer(50, join_style="mitre") if control is None else control
    return layer(core, control, block_name=name, scope=[CORE, CONTROL])


HALL = layer(box(10, 10, 20, 20), protection_class=["历史建筑"])


class TestTheCore:
    @pytest.mark.parametrize(
        ("wide", "high", "hectares", "ok"),
        [(590, 327, 19.293, True), (99, 100, 0.99, False), (100, 100, 1.0, True)],
    )
    def test_has_a_hectare(self, wide, high, hectares, ok):
        found = block_conformity(block(box(0, 0, wide, high)), HALL).iloc[0]
        assert found["core_ha"] == pytest.approx(hectares)
        assert found["core_ok"] == ok
        assert "GB/T 50357" in found["rule"]

    def test_of_two_pieces_counts_as_a_whole_and_the_larger_is_told(self):
        pieces = pd.concat([block(box(0, 0, 100, 60)), block(box(200, 0, 300, 50))], ignore_index=True)
        found = block_conformity(pieces, HALL).iloc[0]
        assert found[["core_ha", "core_pieces", "largest_piece_ha", "core_ok"]].tolist() == [
            1.1,
            2,
            0.6,
            True,
        ]

    def test_a_limit_of_the_city(self):
        own = pd.DataFrame({"limit": ["core_area_least"], "value": ["2"]})
        found = block_conformity(block(box(0, 0, 100, 100)), HALL, tables={"limits": own})
        assert found["core_ok"].tolist() == [False]

    @pytest.mark.parametrize(
        ("control", "rim"),
        [(box(-50, -50, 150, 150), 0), (box(0, -50, 150, 150), 100), (box(-50, 0, 0, 100), 300)],
    )
    def test_lies_inside_its_control_zone(self, control, rim):
        found = block_conformity(block(box(0, 0, 100, 100), control), HALL).iloc[0]
        assert found[["uncontrolled_m", "control_surrounds"]].tolist() == [rim, rim == 0]

    def test_a_block_without_a_core_is_no_block(self):
        blocks = block(box(0, 0, 100, 100)).iloc[[1]]
        found = block_conformity(blocks, HALL).iloc[0]
        assert found[["core_ha", "core_ok", "control_surrounds"]].tolist() == [0.0, False, False]
        assert pd.isna(found["share_ok"])

    def test_blocks_that_claim_the_same_ground(self):
        both = pd.concat([block(box(0, 0, 100, 100)), block(box(140, 0, 240, 100), name="大境门")])
        found = block_conformity(both, HALL).set_index("block_name")
        assert found["overlap_m2"].tolist() == pytest.approx([60 * 200, 60 * 200])
        assert found["overlaps_with"].to_dict() == {"堡子里": "大境门", "大境门": "堡子里"}


class TestItsBuildings:
    """On graph paper: rows of a metre, so that a length is an area."""

    BLOCKS = block(box(0, 0, 1000, 100))

    @pytest.mark.parametrize(
        ("protected", "other", "unknown", "share", "ok"),
        [
            (600, 400, 0, 0.6, True),
            (599, 401, 0, 0.599, False),
            (600, 400, 1, 0.6, None),  # one more of unknown class could turn it
            (700, 100, 100, 0.875, True),  # even if it is not protected
            (100, 700, 100, 0.125, False),  # even if it is
            (0, 0, 100, None, None),
        ],
    )
    def test_sixty_per_cent_of_the_ground_that_buildings_stand_on(self, protected, other, unknown, share, ok):
        rows = [(protected, "传统风貌建筑"), (other, "一般建筑"), (unknown, None)]
        built = [(box(0, at, size, at + 1), kind) for at, (size, kind) in enumerate(rows) if size]
        houses = layer(*(shape for shape, _ in built), protection_class=[kind for _, kind in built])
        found = block_conformity(self.BLOCKS, houses).iloc[0]
        areas = found[["protected_area_m2", "building_area_m2", "unknown_area_m2"]].tolist()
        assert areas == pytest.approx([protected, protected + other, unknown])
        assert (None if pd.isna(found["protected_share"]) else found["protected_share"]) == share
        assert (None if pd.isna(found["share_ok"]) else found["share_ok"]) == ok

    def test_a_building_without_an_area_is_counted_apart(self):
        houses = layer(box(0, 0, 10, 1), Point(5, 5), Point(5000, 5), protection_class=["历史建筑"] * 3)
        found = block_conformity(self.BLOCKS, houses).iloc[0]
        assert found["building_area_m2"] == pytest.approx(10)
        assert found["unknown_buildings"] == 1

    def test_what_stands_outside_or_twice_does_not_count(self):
        houses = layer(box(-10, 0, 10, 1), box(0, 0, 10, 1), protection_class=["其他建筑", "文保单位"])
        found = block_conformity(self.BLOCKS, houses).iloc[0]
        assert found[["protected_area_m2", "building_area_m2"]].tolist() == pytest.approx([10, 10])

    def test_a_class_that_is_not_understood_is_named(self):
        houses = layer(box(0, 0, 10, 1), box(0, 2, 10, 3), protection_class=["历史建筑", "甲类"])
        told = block_conformity(self.BLOCKS, houses).attrs["set_aside"]
        assert told == [{"layer": "buildings", "row": 1, "why": "not_understood", "value": "甲类"}]
        with pytest.raises(InputError, match="甲类"):
            block_conformity(self.BLOCKS, houses, strict=True)

    def test_who_answers(self):
        zones = layer(box(0, 0, 1000, 100), zone_code=["Z1"], chief_name=["甲"])
        found = block_conformity(self.BLOCKS, HALL, zones=zones)
        assert found[["zone_code", "chief_name"]].to_numpy().tolist() == [["Z1", "甲"]]


class TestTheFile:
    FIELDS = ("building_code", "address", "structure", "owner", "photo_files")
    HOUSES = layer(
        Point(0, 0),
        Point(9, 0),
        Point(18, 0),
        building_code=["H1", "H2", "H3"],
        block_name=["堡子里", "堡子里", None],
        protection_class=["历史建筑", "历史 建筑", "传统风貌建筑"],
        address=["堡子里街1号", "堡子里街2号", " "],
        structure=["砖木", "砖木", "砖木"],
        owner=["待定", "公产", "公产"],
        photo_files=[None, "h2.jpg", "h3.jpg"],
        surveyed_on=["2020-06-30", "2023年5月1日", None],
    )

    def test_five_fields_of_which_two_are_missing(self):
        found = archive_completeness(self.HOUSES, fields=self.FIELDS)
        assert found["missing_fields"].tolist() == ["owner;photo_files", "", "address"]
        assert found["filled_share"].tolist() == [0.6, 1.0, 0.8]
        assert found["has_photo"].tolist() == [False, True, True]
        assert found.index.equals(self.HOUSES.index)

    @pytest.mark.parametrize(("at", "first"), [("2025-06-30", "surveyed"), ("2025-07-01", "overdue")])
    def test_a_survey_is_overdue_after_so_many_years(self, at, first):
        found = archive_completeness(self.HOUSES, surveyed_within_years=5, at=at)
        assert found["survey"].tolist() == [first, "surveyed", "never_surveyed"]
        assert found["survey_due_on"].fillna("").tolist() == ["2025-06-30", "2028-05-01", ""]

    def test_a_day_that_cannot_be_read_is_not_a_survey(self):
        houses = self.HOUSES.assign(surveyed_on=["去年", "2023-05-01", None])
        found = archive_completeness(houses)
        assert found["survey"].tolist() == ["cannot_be_judged", "surveyed", "never_surveyed"]

    def test_a_column_that_is_not_there_is_missing_for_all(self):
        found = archive_completeness(self.HOUSES, fields=["building_code", "repairs"])
        assert found["missing_fields"].tolist() == ["repairs"] * 3

    def test_by_block_and_class(self):
        told = archive_completeness(self.HOUSES, fields=self.FIELDS, surveyed_within_years=5, at="2025-07-01")
        totals = archive_totals(told)
        assert totals["block_name"].fillna("").tolist() == ["堡子里", ""]
        assert totals["protection_class"].tolist() == ["历史建筑", "传统风貌建筑"]
        columns = ["buildings", "complete", "without_photo", "overdue", "never_surveyed", "missing_most"]
        assert totals[columns].to_numpy().tolist() == [[2, 1, 1, 1, 0, "owner"], [1, 0, 0, 0, 1, "address"]]
        assert totals["filled_share"].tolist() == pytest.approx([0.8, 0.8])

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"fields": []}, "name each column"),
            ({"fields": ["owner", "owner"]}, "name each column"),
            ({"surveyed_within_years": 5}, "needs the day"),
            ({"surveyed_within_years": 0, "at": "2025-01-01"}, "must be more than 0"),
        ],
    )
    def test_what_cannot_be_asked(self, options, words):
        with pytest.raises(InputError, match=words):
            archive_completeness(self.HOUSES, **options)
        with pytest.raises(MissingColumnError, match="building_code"):
            archive_completeness(self.HOUSES.drop(columns="building_code"))
        with pytest.raises(MissingColumnError, match="missing_fields"):
            archive_totals(self.HOUSES)
