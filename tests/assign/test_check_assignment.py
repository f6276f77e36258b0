"""Recorded zones held against the layer, on a chessboard of 6 by 6 zones of 100 m with 3,600 incidents."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, box

import zjk_gis
from zjk_gis.errors import EmptyLayerError, GeometryError, InputError, MissingColumnError

X, Y = 573000, 4520000
KINDS = ["agrees", "overlap", "border", "near", "far", "expired", "unknown_code", "blank", "no_position"]


def square(x, y, width=100.0, height=100.0):
    return box(X + x, Y + y, X + x + width, Y + y + height)


@pytest.fixture(scope="module")
def zones():
    places = [(i, j) for i in range(6) for j in range(6)]
    return gpd.GeoDataFrame(
        {"zone_code": [f"Z{i}{j}" for i, j in places]},
        geometry=[square(100 * i, 100 * j) for i, j in places],
        crs=4547,
    )


@pytest.fixture(scope="module")
def incidents():
    """Incidents whose recorded zones are right."""
    x, y = np.random.default_rng(7).uniform(1, 599, (2, 3600))
    codes = [f"Z{int(i)}{int(j)}" for i, j in zip(x // 100, y // 100, strict=True)]
    return gpd.GeoDataFrame({"zone_code": codes}, geometry=gpd.points_from_xy(X + x, Y + y), crs=4547)


def counts(check):
    return {row.agreement: row.count for row in check.summary.itertuples(index=False) if row[1]}


def suspicions(check):
    return check.suspicions["suspicion"].tolist()


def test_right_answers_agree_and_nothing_is_suspected(zones, incidents):
    check = zjk_gis.check_assignment(incidents, zones)
    assert check.agreement == 1.0
    assert check.summary["agreement"].tolist() == KINDS
    assert check.summary["count"].tolist() == [3600] + [0] * 8
    assert len(check.suspicions) == 0
    assert check.rows["zone_code"].equals(incidents["zone_code"])


@pytest.mark.parametrize(
    ("point", "said", "kind", "distance"),
    [
        ((50, 50), "Z00", "agrees", 0.0),
        ((50, 50), " Z00 ", "agrees", 0.0),
        ((50, 50), "Z10", "near", 50.0),
        ((49, 50), "Z10", "far", 51.0),
        ((99.7, 50), "Z10", "border", 0.3),
        ((50, 50), "Q", "unknown_code", np.nan),
        ((50, 50), None, "blank", np.nan),
        ((50, 50), "  ", "blank", np.nan),
        (None, "Z00", "no_position", np.nan),
        ((-2000, 50), "Z00", "far", 2000.0),
        ((50, 50), "Big", "overlap", 0.0),
        ((50, 50), "Gone", "expired", np.nan),
    ],
)
def test_each_row_is_told_by_its_distance_to_the_recorded_zone(zones, point, said, kind, distance):
    more = gpd.GeoDataFrame(
        {"zone_code": ["Big", "Gone"], "valid_to": [None, "2020-12-31"]},
        geometry=[square(0, 0, 600, 600), square(0, 0)],
        crs=4547,
    )
    zones = pd.concat([zones, more], ignore_index=True)
    shape = None if point is None else Point(X + point[0], Y + point[1])
    incident = gpd.GeoDataFrame(
        {"zone_code": [said], "occurred_at": ["2025-05-05"]}, geometry=gpd.GeoSeries([shape], crs=4547)
    )
    row = zjk_gis.check_assignment(incident, zones).rows.iloc[0]
    assert row["agreement"] == kind
    assert row["recorded_m"] == pytest.approx(distance, nan_ok=True)


@pytest.mark.parametrize(("east", "north"), [(7.0, -4.0), (0.0, 3.0), (-180.0, 260.0)])
def test_a_constant_shift_is_measured(zones, incidents, east, north):
    moved = incidents.set_geometry(incidents.translate(east, north))
    check = zjk_gis.check_assignment(moved, zones, lang="en")
    assert suspicions(check) == ["shift"]
    row = check.suspicions.iloc[0]
    assert row["shift_east_m"] == pytest.approx(east, abs=0.5)
    assert row["shift_north_m"] == pytest.approx(north, abs=0.5)
    assert row["datum"] == ""
    assert row["agreement_before"] == pytest.approx(check.agreement)
    assert row["agreement_after"] > 0.995
    assert row["rows"] == round((row["agreement_after"] - row["agreement_before"]) * 3600)
    assert f"{row['agreement_after']:.1%}" in row["evidence"]


def test_a_shift_is_found_among_mistakes(zones, incidents):
    """One row in ten is recorded anywhere."""
    rng = np.random.default_rng(3)
    wrong = rng.random(len(incidents)) < 0.1
    codes = incidents["zone_code"].where(~wrong, rng.choice(zones["zone_code"], len(incidents)))
    moved = incidents.assign(zone_code=codes).set_geometry(incidents.translate(30, 10))
    check = zjk_gis.check_assignment(moved, zones)
    assert suspicions(check) == ["shift"]
    assert check.suspicions[["shift_east_m", "shift_north_m"]].iloc[0].tolist() == pytest.approx(
        [30, 10], abs=1
    )


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_a_shifted_datum_is_named(zones, incidents, datum):
    degrees = incidents.to_crs(4490)
    lon, lat = getattr(zjk_gis.crs.datum, f"wgs84_to_{datum}")(degrees.geometry.x, degrees.geometry.y)
    moved = degrees.set_geometry(gpd.points_from_xy(lon, lat, crs=4490))
    check = zjk_gis.check_assignment(moved, zones)
    assert suspicions(check)[0] == "shift"
    row = check.suspicions.iloc[0]
    assert row["datum"] == datum
    assert row["agreement_after"] > 0.999
    assert 300 < row["shift_m"] < 1500


def test_swapped_and_renamed_codes_are_named(zones, incidents):
    names = {"Z11": "Z44", "Z44": "Z11", "Z25": "N25"}
    check = zjk_gis.check_assignment(incidents.replace({"zone_code": names}), zones, lang="en")
    assert suspicions(check) == ["swapped_codes", "renamed_code", "unknown_codes"]
    assert check.suspicions[["first_code", "second_code"]].to_numpy().tolist()[:2] == [
        ["Z11", "Z44"],
        ["Z25", "N25"],
    ]
    swapped = incidents["zone_code"].isin(["Z11", "Z44"]).sum()
    assert check.suspicions["rows"].iloc[0] == swapped
    assert check.suspicions["rows"].iloc[1] == (incidents["zone_code"] == "Z25").sum()


def test_a_few_mistakes_point_to_nothing(zones, incidents):
    codes = incidents["zone_code"].copy()
    codes.iloc[::90] = "Z33"
    check = zjk_gis.check_assignment(incidents.assign(zone_code=codes), zones)
    assert check.agreement < 1
    assert len(check.suspicions) == 0


def test_noise_of_positions_is_no_shift(zones, incidents):
    rng = np.random.default_rng(11)
    x, y = shapely.get_coordinates(incidents.geometry.to_numpy()).T
    noise = rng.normal(0, 8, (2, len(x)))
    noisy = incidents.set_geometry(gpd.points_from_xy(x + noise[0], y + noise[1], crs=4547))
    check = zjk_gis.check_assignment(noisy, zones)
    assert 0.8 < check.agreement < 0.95
    assert len(check.suspicions) == 0
    assert not check.passed  # that there is noise is told, not that it is a shift


def scattered(zones, incidents, wrong):
    """Record so many of the incidents, chosen without a pattern, under a zone that is three columns away."""
    there = {f"Z{i}{j}": f"Z{(i + 3) % 6}{(j + 2) % 6}" for i in range(6) for j in range(6)}
    chosen = np.random.default_rng(5).permutation(len(incidents))[:wrong]
    codes = incidents["zone_code"].copy()
    codes.iloc[chosen] = codes.iloc[chosen].map(there)
    return incidents.assign(zone_code=codes)


@pytest.mark.parametrize(("wrong", "passed"), [(180, True), (181, False), (752, False)])
def test_too_many_that_disagree_are_told_though_no_cause_is_found(zones, incidents, wrong, passed):
    """Of 3,600, 180 are exactly the 5 % that are tolerated."""
    check = zjk_gis.check_assignment(scattered(zones, incidents, wrong), zones)
    assert len(check.suspicions) == 0
    assert (check.judged, check.disagreement) == (3600, wrong / 3600)
    assert check.passed is passed
    said = check.verdict()
    assert f"3,600 件中有 {wrong} 件（{wrong / 3600:.1%}）" in said
    assert ("超过容许的 5.0%；原因未能查明" in said) is not passed
    assert ("也未见系统性差异" in said) is passed


def test_what_is_tolerated_can_be_stated(zones, incidents):
    said = scattered(zones, incidents, 36)
    assert zjk_gis.check_assignment(said, zones, tolerated_share=0.01).passed
    check = zjk_gis.check_assignment(said, zones, tolerated_share=0)
    assert check.verdict("en") == (
        "36 of 3,600 rows compared (1.0%) disagree with the layer, more than the 0.0% tolerated; "
        "the cause was not found"
    )
    with pytest.raises(InputError, match="tolerated_share must be a share from 0 to 1, not 5"):
        zjk_gis.check_assignment(said, zones, tolerated_share=5)


def test_a_row_at_the_border_is_no_disagreement_and_one_near_it_is(zones):
    places = [(100.4, 50), (101, 50), (50, 50), (50, 50)]
    incidents = gpd.GeoDataFrame(
        {"zone_code": ["Z00", "Z00", "Z00", None]},
        geometry=[Point(X + x, Y + y) for x, y in places],
        crs=4547,
    )
    check = zjk_gis.check_assignment(incidents, zones)
    assert check.rows["agreement"].tolist() == ["border", "near", "agrees", "blank"]
    assert (check.judged, check.disagreement) == (3, 1 / 3)
    assert check.verdict("en").endswith("(1 rows not compared)")


def test_nothing_compared_is_no_pass(zones, incidents):
    check = zjk_gis.check_assignment(incidents.assign(zone_code=None), zones)
    assert check.judged == 0
    assert not check.passed
    assert check.verdict() == "无法核对：3,600 件中没有一件既有坐标又有原记编码"


def redrawn(zones):
    """Every zone of the first row reaches 50 m farther east."""
    west = zones["zone_code"].str[2] == "0"
    return zones.set_geometry(zones.geometry.where(~west, zones.translate(50)))


def test_another_version_is_named(zones, incidents):
    new = redrawn(zones).replace({"zone_code": {"Z55": "Y55"}})
    check = zjk_gis.check_assignment(incidents, new, versions={"2024": zones, "2023": new})
    assert suspicions(check) == ["other_vintage", "unknown_codes"]
    assert check.suspicions["version"].tolist() == ["2024", "2024"]
    assert check.suspicions["agreement_after"].iloc[0] == 1.0


def test_the_zones_of_an_earlier_day_are_named(zones, incidents):
    layer = pd.concat(
        [zones.assign(valid_to="2025-06-30"), redrawn(zones).assign(valid_from="2025-07-01")],
        ignore_index=True,
    )
    incidents = incidents.assign(occurred_at="2025-08-01")
    check = zjk_gis.check_assignment(incidents, layer)
    assert suspicions(check) == ["other_vintage"]
    assert check.suspicions["version"].iloc[0] == "2025-06-30"


def test_no_order_of_rows_matters(zones, incidents):
    moved = incidents.set_geometry(incidents.translate(12, 5)).replace({"zone_code": {"Z11": "Z44"}})
    check = zjk_gis.check_assignment(moved, zones)
    order = np.random.default_rng(1).permutation(len(moved))
    again = zjk_gis.check_assignment(moved.iloc[order], zones.sample(frac=1, random_state=4))
    pd.testing.assert_frame_equal(again.suspicions, check.suspicions)
    pd.testing.assert_frame_equal(again.summary, check.summary)
    pd.testing.assert_frame_equal(pd.DataFrame(again.rows.sort_index()), pd.DataFrame(check.rows))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-20, 620).map(float),
            st.integers(-20, 620).map(float),
            st.sampled_from(["Z00", "Z01", "Z55", "Q", "", None]),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_every_row_is_counted_once_and_agrees_where_the_answer_is_the_recorded_one(zones, rows):
    incidents = gpd.GeoDataFrame(
        {"said": pd.Series([said for _, _, said in rows], dtype="str")},
        geometry=[Point(X + x, Y + y) for x, y, _ in rows],
        crs=4547,
    )
    check = zjk_gis.check_assignment(incidents, zones, recorded="said")
    assert check.summary["count"].sum() == len(rows)
    answers = zjk_gis.assign_incidents(incidents, zones)["zone_code"]
    same = (answers == incidents["said"]).fillna(False).to_numpy(dtype=bool)
    assert (check.rows["agreement"] == "agrees").tolist() == same.tolist()
    shapes = zones.set_index("zone_code").geometry
    for row in check.rows[check.rows["recorded_m"].notna()].itertuples():
        assert row.recorded_m == pytest.approx(shapes[row.said].distance(row.geometry))


def test_what_cannot_be_checked_is_refused(zones, incidents):
    with pytest.raises(MissingColumnError, match="incidents: no column 'said' with the recorded codes"):
        zjk_gis.check_assignment(incidents, zones, recorded="said")
    with pytest.raises(MissingColumnError, match=r"versions\['2024'\]: no column 'zone_code'"):
        zjk_gis.check_assignment(incidents, zones, versions={"2024": zones.drop(columns="zone_code")})
    with pytest.raises(EmptyLayerError, match="zones: the layer is empty"):
        zjk_gis.check_assignment(incidents, zones.iloc[:0])
    with pytest.raises(GeometryError, match=r"1 of 36 rows have no geometry \(row 3\)"):
        zjk_gis.check_assignment(incidents, zones.set_geometry(zones.geometry.where(zones.index != 3, None)))
    with pytest.raises(InputError, match=r"near_within_m .* is less than border_within_m"):
        zjk_gis.check_assignment(incidents, zones, near_within_m=0.1)


def numbered(zones, incidents, width):
    """Return the zones and what was recorded, by numbers of a width instead of codes."""
    number = {code: f"{at + 1:0{width}d}" for at, code in enumerate(zones["zone_code"])}
    return (
        zones.assign(zone_code=zones["zone_code"].map(number)),
        incidents.assign(zone_code=incidents["zone_code"].map(number)),
    )


@pytest.mark.parametrize(
    ("width", "recorded", "restored"),
    [
        (1, float, 0),  # 5.0 beside "5"
        (2, float, 900),  # 5.0 beside "05"
        (2, int, 900),
        (1, lambda code: code.zfill(2), 900),  # "05" beside "5"
        (1, lambda code: f"{code}.0", 3600),
    ],
)
def test_codes_that_became_numbers_are_the_codes_that_they_were(zones, incidents, width, recorded, restored):
    coded, said = numbered(zones, incidents, width)
    check = zjk_gis.check_assignment(said.assign(zone_code=said["zone_code"].map(recorded)), coded, lang="en")
    assert check.agreement == 1
    assert len(check.suspicions) == 0
    below_ten = int((said["zone_code"].astype(int) < 10).sum())
    told = {0: [], 900: [below_ten], 3600: [3600]}[restored]
    assert [int(remark.split()[1]) for remark in check.remarks] == told


def test_where_05_and_5_are_both_zones_only_the_same_text_agrees():
    zones = gpd.GeoDataFrame({"zone_code": ["05", "5"]}, geometry=[square(0, 0), square(100, 0)], crs=4547)
    incidents = gpd.GeoDataFrame(
        {"zone_code": ["05", "5", "005"]},
        geometry=[Point(X + 50, Y + 50), Point(X + 50, Y + 50), Point(X + 50, Y + 50)],
        crs=4547,
    )
    check = zjk_gis.check_assignment(incidents, zones)
    assert check.rows["agreement"].tolist() == ["agrees", "near", "unknown_code"]
    assert check.remarks == ()


def test_a_version_with_numbers_for_codes_is_known_by_them(zones, incidents):
    coded, said = numbered(zones, incidents, 2)
    now = coded.assign(zone_code="Z" + coded["zone_code"])
    earlier = coded.assign(zone_code=coded["zone_code"].astype(float))
    check = zjk_gis.check_assignment(said, now, versions={"2024": earlier})
    told = check.suspicions.set_index("suspicion")
    assert told.loc["unknown_codes", ["rows", "version"]].tolist() == [3600, "2024"]
