"""Who answers for each stretch of road: a straight road of 300 m, and what lies on it."""

import geopandas as gpd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, box

from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.responsibility import road_responsibility, road_totals

ROAD = LineString([(0, 0), (300, 0)])


def roads(*lines, **columns):
    codes = [f"R{at}" for at in range(len(lines))]
    return gpd.GeoDataFrame({"edge_code": codes, **columns}, geometry=list(lines), crs=4547)


def zones(**shapes):
    return gpd.GeoDataFrame({"zone_code": list(shapes)}, geometry=list(shapes.values()), crs=4547)


def sections(*lines, **columns):
    codes = [f"S{at}" for at in range(len(lines))]
    return gpd.GeoDataFrame({"section_code": codes, **columns}, geometry=list(lines), crs=4547)


def told(found):
    return found[["from_m", "to_m", "side", "codes", "answer"]].to_numpy().tolist()


def test_a_zone_answers_for_the_road_on_its_ground():
    found = road_responsibility(roads(ROAD), zones=zones(A=box(0, -50, 100, 50), B=box(120, -50, 300, 50)))
    assert told(found) == [
        [0, 100, "两侧", "A", "one"],
        [100, 120, "两侧", "", "nobody"],
        [120, 300, "两侧", "B", "one"],
    ]


def test_short_beginnings_one_after_the_other_go_to_the_stretch_after_them():
    ends = [0, 0.125, 0.25, 0.375, 0.5, 300]
    strips = {code: box(ends[at], -50, ends[at + 1], 50) for at, code in enumerate("ABCDE")}
    found = road_responsibility(roads(ROAD), zones=zones(**strips), min_length_m=1)
    assert told(found) == [[0, 300, "两侧", "E", "one"]]


class TestBorderRoads:
    """The road lies on the border of N, to its left, and S: each answers for its own side."""

    ZONES = zones(N=box(0, 0, 300, 50), S=box(0, -50, 300, 0))
    SIDES = ([0, 300, "左侧", "N", "one"], [0, 300, "右侧", "S", "one"])

    def test_along_a_common_border_each_side_has_one(self):
        found = road_responsibility(roads(ROAD), zones=self.ZONES)
        assert told(found) == [*self.SIDES]
        assert found[["border_road", "counted_m"]].to_numpy().tolist() == [[True, 150], [True, 150]]
        assert road_totals(found)[["answer", "length_m"]].to_numpy().tolist() == [["one", 300]]
        assert found.attrs["border_within_m"] == 0.5

    def test_left_and_right_are_those_of_the_line(self):
        found = road_responsibility(roads(ROAD.reverse()), zones=self.ZONES)
        assert told(found) == [[0, 300, "左侧", "S", "one"], [0, 300, "右侧", "N", "one"]]

    def test_a_line_within_the_tolerance_of_the_border_runs_along_it(self):
        beside = LineString([(0, 0.3), (300, 0.3)])
        weaving = LineString([(0, 0.3), (60, -0.3), (120, 0.3), (180, -0.4), (240, 0.2), (300, 0.1)])
        for line in (beside, weaving):
            found = road_responsibility(roads(line), zones=self.ZONES)
            assert [row[2:] for row in told(found)] == [row[2:] for row in self.SIDES]
        closer = road_responsibility(roads(beside), zones=self.ZONES, border_within_m=0.1)
        assert told(closer) == [[0, 300, "两侧", "N", "one"]]
        assert closer["border_road"].tolist() == [False]

    def test_without_a_tolerance_only_a_line_on_the_border_is_one(self):
        found = road_responsibility(roads(ROAD), zones=self.ZONES, border_within_m=0)
        assert told(found) == [*self.SIDES]

    def test_around_a_corner(self):
        bent = LineString([(0, 0), (100, 0), (100, 100)])
        inner = box(0, 0, 100, 100)
        found = road_responsibility(roads(bent), zones=zones(I=inner, O=box(-50, -50, 200, 200) - inner))
        assert told(found) == [[0, 200, "左侧", "I", "one"], [0, 200, "右侧", "O", "one"]]

    def test_where_neighbours_change_so_do_the_sides(self):
        layer = zones(N=box(0, 0, 300, 50), S=box(0, -50, 120, 0), T=box(120, -50, 300, 0))
        for within in (0.0, 0.5):
            assert told(road_responsibility(roads(ROAD), zones=layer, border_within_m=within)) == [
                [0, 120, "左侧", "N", "one"],
                [0, 120, "右侧", "S", "one"],
                [120, 300, "左侧", "N", "one"],
                [120, 300, "右侧", "T", "one"],
            ]

    def test_at_the_edge_of_all_zones_the_one_answers_for_both_sides(self):
        found = road_responsibility(roads(ROAD), zones=zones(N=box(0, 0, 300, 50)))
        assert told(found) == [[0, 300, "两侧", "N", "one"]]
        assert found["border_road"].tolist() == [False]

    def test_who_overlaps_on_one_side_is_several_there(self):
        layer = zones(N=box(0, 0, 300, 50), S=box(0, -50, 300, 0), T=box(0, -20, 300, 0))
        found = road_responsibility(roads(ROAD), zones=layer)
        assert told(found) == [[0, 300, "左侧", "N", "one"], [0, 300, "右侧", "S;T", "several"]]

    def test_who_overlaps_across_the_road_is_several_on_both(self):
        layer = zones(N=box(0, -20, 300, 50), S=box(0, -50, 300, 20))
        found = road_responsibility(roads(ROAD), zones=layer)
        assert told(found) == [[0, 300, "两侧", "N;S", "several"]]
        assert found["border_road"].tolist() == [False]

    def test_a_zone_without_chief_leaves_its_side_to_nobody(self):
        found = road_responsibility(roads(ROAD), zones=self.ZONES.assign(chief_code=["L1", None]))
        assert told(found) == [[0, 300, "左侧", "N", "one"], [0, 300, "右侧", "", "nobody"]]
        assert found["vacant"].tolist() == ["", "S"]

    def test_two_rows_of_one_zone_are_no_border(self):
        found = road_responsibility(roads(ROAD), zones=self.ZONES.assign(zone_code="A"))
        assert told(found) == [[0, 300, "两侧", "A", "one"]]
        assert found["border_road"].tolist() == [False]

    def test_a_section_answers_for_its_side_and_the_zone_for_the_other(self):
        left = sections(LineString([(0, 1), (300, 1)]), side=["左侧"])
        found = road_responsibility(roads(ROAD), zones=self.ZONES, sections=left)
        assert told(found) == [[0, 300, "左侧", "S0", "one"], [0, 300, "右侧", "S", "one"]]


def test_a_section_answers_rather_than_the_zone_on_its_side():
    found = road_responsibility(
        roads(ROAD),
        zones=zones(A=box(0, -50, 300, 50)),
        sections=sections(
            LineString([(200, 2), (100, 2)]), side=["左侧"]
        ),  # drawn the other way: its left is right
    )
    assert told(found) == [
        [0, 100, "两侧", "A", "one"],
        [100, 200, "左侧", "A", "one"],
        [100, 200, "右侧", "S0", "one"],
        [200, 300, "两侧", "A", "one"],
    ]


def test_a_section_that_crosses_the_road_does_not_answer_for_it():
    crossing = sections(LineString([(150, -100), (150, 100)]))
    assert told(road_responsibility(roads(ROAD), sections=crossing)) == [[0, 300, "两侧", "", "nobody"]]


def test_a_section_of_another_road_does_not_answer():
    near = sections(LineString([(0, 3), (300, 3)]), road_code=["other"])
    assert told(road_responsibility(roads(ROAD, road_code=["this"]), sections=near))[0][-1] == "nobody"
    same = near.assign(road_code="this")
    assert told(road_responsibility(roads(ROAD, road_code=["this"]), sections=same))[0][-1] == "one"


def test_where_no_chief_is_named_nobody_answers():
    empty = zones(A=box(0, -50, 300, 50)).assign(chief_code="")
    found = road_responsibility(roads(ROAD), zones=empty)
    assert found[["answer", "vacant"]].to_numpy().tolist() == [["nobody", "A"]]


def test_versions_are_judged_by_the_day():
    versions = zones(A=box(0, -50, 300, 50)).assign(valid_to="2024-12-31")
    assert told(road_responsibility(roads(ROAD), zones=versions, at="2024-06-01"))[0][-1] == "one"
    assert told(road_responsibility(roads(ROAD), zones=versions, at="2025-06-01"))[0][-1] == "nobody"


def test_a_ring_road_is_followed_all_around():
    ring = LineString([(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)])
    found = road_responsibility(roads(ring), zones=zones(A=box(-10, -10, 50, 110)))
    assert told(found) == [
        [0, 50, "两侧", "A", "one"],
        [50, 250, "两侧", "", "nobody"],
        [250, 400, "两侧", "A", "one"],
    ]


def test_parts_of_a_road_are_measured_each_from_its_beginning():
    parts = MultiLineString([[(0, 0), (10, 0)], [(20, 0), (40, 0)]])
    found = road_responsibility(roads(parts), zones=zones(A=box(-1, -1, 30, 1)))
    assert told(found) == [
        [0, 10, "两侧", "A", "one"],
        [0, 10, "两侧", "A", "one"],
        [10, 20, "两侧", "", "nobody"],
    ]


def test_totals_count_a_side_half():
    found = road_responsibility(
        roads(ROAD, road_class=["支路"]), sections=sections(LineString([(0, 1), (100, 1)]), side=["左侧"])
    )
    totals = road_totals(found, "road_class")
    assert totals[["road_class", "answer", "length_m"]].to_numpy().tolist() == [
        ["支路", "nobody", 250.0],
        ["支路", "one", 50.0],
    ]
    assert totals["share"].sum() == 1


def test_what_cannot_be_answered_is_refused():
    with pytest.raises(InputError, match="zones=, sections= or both"):
        road_responsibility(roads(ROAD))
    with pytest.raises(MissingColumnError, match="'district'"):
        road_totals(road_responsibility(roads(ROAD), zones=zones(A=box(0, -1, 1, 1))), "district")


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(1, 120), st.booleans()), max_size=6),
    st.randoms(use_true_random=False),
)
def test_every_metre_is_answered_once_on_each_side(spans, random):
    shapes = {
        f"Z{at}": box(begin, -20 if wide else -0.01, begin + size, 20)
        for at, (begin, size, wide) in enumerate(spans)
    }
    layer = zones(**shapes) if shapes else zones(Z=box(500, 0, 600, 10))
    found = road_responsibility(roads(ROAD), zones=layer)
    assert road_totals(found)["length_m"].sum() == pytest.approx(300, rel=1e-12)
    for row in found.itertuples():
        middle = (row.from_m + row.to_m) / 2
        expected = {code for code, shape in shapes.items() if shape.bounds[0] < middle < shape.bounds[2]}
        assert set(filter(None, row.codes.split(";"))) == expected
    order = list(range(len(layer)))
    random.shuffle(order)
    assert told(road_responsibility(roads(ROAD), zones=layer.iloc[order])) == told(found)


STREETS = gpd.GeoDataFrame(
    {"street_code": ["130703006", "130703005"]},
    geometry=[box(180, -90, 290, 90), box(0, -90, 180, 90)],
    crs=4547,
)


def test_stretches_are_cut_at_street_borders_so_that_lengths_by_street_are_true():
    found = road_responsibility(
        roads(ROAD, road_class=["主干路"]),
        zones=zones(A=box(0, -50, 100, 50), B=box(100, -50, 300, 50)),
        streets=STREETS,
    )
    assert found[["from_m", "to_m", "street_code", "codes"]].fillna("").to_numpy().tolist() == [
        [0, 100, "130703005", "A"],
        [100, 180, "130703005", "B"],
        [180, 290, "130703006", "B"],
        [290, 300, "", "B"],
    ]
    assert found["district_code"].fillna("").tolist() == ["130703"] * 3 + [""]
    sums = road_totals(found, ["street_code", "road_class"])
    assert sums["length_m"].tolist() == [180, 110, 10]
    assert road_totals(found)["length_m"].tolist() == [300]


def test_a_road_between_two_streets_is_counted_once_for_the_lower_code():
    both = gpd.GeoDataFrame(
        {"street_code": ["2", "1"], "district_code": ["b", "a"]},
        geometry=[box(0, 0, 300, 90), box(0, -90, 300, 0)],
        crs=4547,
    )
    for layer in (both, both.iloc[::-1]):
        found = road_responsibility(roads(ROAD), zones=zones(A=box(0, -50, 300, 50)), streets=layer)
        assert found[["street_code", "district_code", "length_m"]].to_numpy().tolist() == [["1", "a", 300]]


def test_streets_of_any_crs_are_believed_rather_than_a_column_of_the_roads():
    found = road_responsibility(
        roads(ROAD, street_code=["old"]), zones=zones(A=box(0, -50, 300, 50)), streets=STREETS.to_crs(4490)
    )
    assert {*found["street_code"].dropna()} == {"130703005", "130703006"}


def test_a_side_counts_half_and_the_finest_level_that_answers_is_told():
    left = sections(LineString([(0, 1), (100, 1)]), side=["左侧"], level=[4])
    layer = zones(A=box(0, -50, 300, 50)).assign(level=3)
    found = road_responsibility(roads(ROAD), zones=layer, sections=left)
    assert found[["side", "counted_m", "level"]].to_numpy().tolist() == [
        ["左侧", 50, 4],
        ["右侧", 50, 3],
        ["两侧", 200, 3],
    ]
    assert road_totals(found, "level")["length_m"].tolist() == [250, 50]


def test_what_rounding_leaves_at_borders_makes_no_stretch():
    layer = zones(A=box(0.04, -50, 100, 50), B=box(100, -50, 150, 50), C=box(150.06, -50, 300, 50))
    found = road_responsibility(roads(ROAD), zones=layer, border_within_m=0.0)
    assert [[row[0], row[1], row[3]] for row in told(found)] == [
        [0, 100, "A"],
        [100, 150.06, "B"],
        [150.06, 300, "C"],
    ]
    between = zones(A=box(0, -50, 100, 50), C=box(100.06, -50, 300, 50))
    between = between.assign(zone_code="A")
    assert told(road_responsibility(roads(ROAD), zones=between, border_within_m=0.0)) == [
        [0, 300, "两侧", "A", "one"]
    ]
