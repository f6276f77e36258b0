"""What is too high: for its zone, or for a view over 200 m to a tower of 20 m."""

import geopandas as gpd
import pytest
import shapely
from shapely import LineString, Point, box

from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.protection import height_conflicts, view_corridor_conflicts

X, Y = 573000, 4520000


def layer(*shapes, **columns):
    moved = [shapely.transform(shape, lambda coords: coords + [X, Y]) for shape in shapes]
    return gpd.GeoDataFrame(columns, geometry=moved, crs=4547)


class TestHeights:
    """Two zones of 9 m and 18 m that overlap between 50 and 100."""

    LIMITS = layer(box(0, 0, 100, 100), box(50, 0, 200, 100), height_zone_code=["X9", "X18"], limit_m=[9, 18])

    @pytest.mark.parametrize(
        ("shape", "height", "expected"),
        [
            (box(10, 10, 20, 20), 9.1, None),  # within the tolerance
            (box(10, 10, 20, 20), 9.2, ("exceeds", 9, 0.2)),
            (box(60, 10, 70, 20), 10, ("exceeds", 9, 1)),  # the lower of two
            (box(100.0, 10, 110, 20), 10, None),  # touches the lower zone
            (box(99, 10, 110, 20), 10, ("exceeds", 9, 1)),
            (box(150, 10, 160, 20), 18.5, ("exceeds", 18, 0.5)),
            (box(300, 10, 310, 20), 99, None),
            (Point(20, 20), 12, ("exceeds", 9, 3)),
            (Point(20, 20), None, ("cannot_be_judged", 9, None)),
            (Point(20, 20), "3层", ("cannot_be_judged", 9, None)),
        ],
    )
    def test_the_lowest_limit_of_the_ground_it_stands_on(self, shape, height, expected):
        found = height_conflicts(layer(shape, height_m=[height]), self.LIMITS)
        told = [
            (status, limit, None if excess != excess else pytest.approx(excess))
            for status, limit, excess in zip(
                found["status"], found["limit_m"], found["excess_m"], strict=True
            )
        ]
        assert told == ([] if expected is None else [expected])

    def test_columns_and_who_answers(self):
        houses = layer(Point(20, 20), Point(20, 30), height_m=[12, 3], limit_m=["x", "y"])
        zones = layer(box(0, 0, 100, 100), zone_code=["Z1"])
        found = height_conflicts(houses, self.LIMITS.assign(height_rule="保护规划图则"), zones=zones)
        columns = ["limit_m_recorded", "height_zone_code", "height_rule", "zone_code"]
        assert found[columns].to_numpy().tolist() == [["x", "X9", "保护规划图则", "Z1"]]
        with pytest.raises(MissingColumnError, match="no column 'height_m'"):
            height_conflicts(houses.drop(columns="height_m"), self.LIMITS)


VIEW = layer(LineString([(0, 0), (200, 0)]), corridor_code=["S1"], target_m=[20.0], width_m=[20.0])


def blocking(shape, height, view=VIEW, **columns):
    houses = layer(shape, building_code=["H1"], height_m=[height], **{k: [v] for k, v in columns.items()})
    return view_corridor_conflicts(view, houses)


class TestViews:
    @pytest.mark.parametrize(
        ("shape", "height", "blocks", "share"),
        [
            (box(100, -10, 110, 10), 12, 1.2, 1.0),  # the sight is 10.8 m high at 100 m
            (box(100, -10, 110, 10), 10, None, None),
            (box(100, -10, 110, 10), 10.8, None, None),
            (box(100, 5, 110, 30), 12, 1.2, 0.25),  # reaches in from the side
            (box(100, 10, 110, 30), 99, None, None),  # beside the corridor
            (box(-20, -5, -10, 5), 99, None, None),  # behind the viewer
            (box(195, -5, 205, 5), 20, None, None),  # the target itself
            (box(-5, -5, 5, 5), 20, None, None),  # where one stands
            (box(210, -5, 220, 5), 99, None, None),  # behind the target
        ],
    )
    def test_a_building_that_rises_over_the_line_of_sight(self, shape, height, blocks, share):
        found = blocking(shape, height)
        assert found["blocks_m"].tolist() == ([] if blocks is None else [pytest.approx(blocks)])
        assert found["width_share"].tolist() == ([] if share is None else [pytest.approx(share)])

    def test_the_same_to_any_side(self):
        for turn in (30, 90, 180, 250):
            origin = Point(X, Y)
            house = layer(box(100, 5, 110, 30), building_code=["H1"], height_m=[12])
            view, house = (each.set_geometry(each.rotate(turn, origin=origin)) for each in (VIEW, house))
            found = view_corridor_conflicts(view, house)
            told = found[["blocks_m", "width_share", "distance_m"]].iloc[0].tolist()
            assert told == pytest.approx([1.2, 0.25, 100])

    def test_looking_down_what_is_near_the_target_hides_it(self):
        down = VIEW.assign(eye_m=40.0, target_m=0.0)  # 20 m high half way, 18 m at 110 m
        found = blocking(box(100, -10, 110, 10), 19, down)
        assert found[["blocks_m", "distance_m"]].iloc[0].tolist() == pytest.approx([1.0, 105.0])

    def test_with_levels_the_slope_counts(self):
        hill = VIEW.assign(eye_ground_m=700.0, target_ground_m=720.0)  # 720.8 m half way
        found = blocking(box(100, -10, 110, 10), 12, hill, ground_m=710.0)
        assert found["sight_m"].tolist() == pytest.approx([10.8])
        assert blocking(box(100, -10, 110, 10), 12, hill, ground_m=700.0).empty
        assert blocking(box(100, -10, 110, 10), 12, hill)["status"].tolist() == ["cannot_be_judged"]

    def test_a_height_that_is_not_known_is_told(self):
        found = blocking(box(100, -10, 110, 10), None)
        assert found["status"].tolist() == ["cannot_be_judged"]
        assert found[["blocks_m", "width_share"]].isna().all(axis=None)

    def test_several_buildings_hide_together(self):
        houses = layer(
            box(100, -10, 110, 0), box(50, -5, 60, 5), building_code=["H1", "H2"], height_m=[12, 12]
        )
        found = view_corridor_conflicts(VIEW, houses)
        assert found["building_code"].tolist() == ["H2", "H1"]
        assert found["width_share"].tolist() == pytest.approx([0.5, 0.5])
        assert found["corridor_share"].tolist() == pytest.approx([0.75, 0.75])

    def test_what_is_not_a_corridor_is_refused(self):
        house = layer(box(100, -10, 110, 10), building_code=["H1"], height_m=[12])
        bent = layer(LineString([(0, 0), (100, 50), (200, 0)]), corridor_code=["S1"], target_m=[20.0])
        with pytest.raises(InputError, match="1 of 1 rows are not one straight line"):
            view_corridor_conflicts(bent, house, width_m=20)
        with pytest.raises(InputError, match="have no width"):
            view_corridor_conflicts(VIEW.drop(columns="width_m"), house)
