"""Every question that the layers of a city can answer, asked at once."""

import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString, Point, box

from zjk_gis.errors import InputError
from zjk_gis.reports import audit_city, survey_city, write_survey
from zjk_gis.workspace.city_file import PublicLots

X, Y = 573000, 4520000


def layer(*shapes, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=4547)


@pytest.fixture
def city():
    """One zone covers half the ground; a manhole stands in the other half."""
    return {
        "built_up_areas": layer(box(X, Y, X + 200, Y + 100), area_code=["U"]),
        "responsibility_zones": layer(
            box(X, Y, X + 100, Y + 100), zone_code=["A"], chief_code=["LZ1"], valid_from=["2025-01-01"]
        ),
        "manholes": layer(Point(X + 150, Y + 50), manhole_code=["1"], pipe_kind=["WS"]),
        "pipelines": layer(
            LineString([(X + 150, Y + 50), (X + 180, Y + 50)]), pipe_code=["P1"], pipe_kind=["WS"]
        ),
    }


def test_what_the_layers_allow_is_asked_and_nothing_else(city):
    answers = survey_city(city, at="2025-06-01")
    assert {question: len(rows) for question, rows in answers.items()} == {
        "gaps": 1,
        "overlaps": 0,
        "manholes_outside_zones": 1,
        "orphan_manholes": 0,
        "misconnections": 0,
        "unjoined_ends": 1,
    }


def test_all_is_judged_for_one_day(city):
    assert survey_city(city, at="2024-12-31")["gaps"]["kind"].tolist() == ["missing_zone", "missing_zone"]
    with pytest.raises(InputError, match="at must be a date"):
        survey_city(city, at="some day")


def test_the_river_needs_no_zone(city):
    river = layer(box(X + 100, Y, X + 200, Y + 100), river_code=["R"])
    assert len(survey_city(city | {"rivers": river}, at="2025-06-01")["gaps"]) == 0


def test_incidents_are_assigned_first_by_the_day_they_occurred(city):
    incidents = layer(
        *[Point(X + 50, Y + 50)] * 2, incident_code=["1", "2"], occurred_at=["2024-06-01", "2025-06-01"]
    )
    answers = survey_city(city, incidents, at="2025-06-01")
    assert next(iter(answers)) == "assigned"
    assert answers["assigned"]["reason"].tolist() == ["expired_zone", "one_zone"]
    without_zones = {name: rows for name, rows in city.items() if name != "responsibility_zones"}
    assert "assigned" not in survey_city(without_zones, incidents, at="2025-06-01")


def test_progress_sees_every_question(city):
    seen = []
    answers = survey_city(
        city, at="2025-06-01", steps=lambda names: iter([seen.append(n) or n for n in names])
    )
    assert seen == list(answers)


def test_a_city_of_nothing_has_no_answers():
    assert survey_city({}, at="2025-06-01") == {}


def test_access_is_asked_along_the_roads_beside_the_straight_line(city):
    """Two banks 60 m apart, a lot on the northern one, no bridge; a stub of 40 m ends on the southern one."""
    roads = layer(
        LineString([(X, Y + 20), (X + 100, Y + 20), (X + 200, Y + 20)]),
        LineString([(X, Y + 80), (X + 200, Y + 80)]),
        LineString([(X + 100, Y + 20), (X + 100, Y + 60)]),
        edge_code=["S", "N", "stub"],
    )
    answers = survey_city(
        city
        | {
            "roads": roads,
            "rivers": layer(box(X - 9, Y + 65, X + 209, Y + 70), river_code=["R"]),
            "parking_lots": layer(
                Point(X + 50, Y + 80), Point(X + 50, Y + 20), lot_code=["1", "2"], lot_kind=["公共", "专用"]
            ),
            "residential_estates": layer(
                box(X + 55, Y + 82, X + 65, Y + 88),
                box(X + 55, Y + 9, X + 65, Y + 18),
                estate_code=["N", "S"],
                population=[30, 70],
            ),
            "communities": layer(box(X, Y, X + 200, Y + 100), community_code=["C"]),
        },
        at="2025-06-01",
    )
    told = answers["parking_coverage"].iloc[0]
    assert (told["area_code"], told["share_network"], told["share_straight"]) == ("C", 0.3, 1.0)
    assert (told["people_cut_off"], told.geometry.area) == (70, 20_000)
    assert answers["dead_ends"]["edge_code"].tolist() == ["stub"]
    assert len(answers["missing_links"]) == 0


def test_zones_without_chiefs_are_surveyed_and_that_is_said(city, tmp_path):
    incidents = layer(Point(X + 50, Y + 50), incident_code=["1"], occurred_at=["2025-06-01"])
    city["responsibility_zones"] = city["responsibility_zones"].drop(columns="chief_code")
    answers = survey_city(city, incidents, at="2025-06-01")
    made = write_survey(answers, tmp_path / "out", city=city, at="2025-06-01", lang="en")
    assert any("road chiefs are left out" in remark for remark in made.remarks)
    assert {"report.xlsx", "map.html", "assigned.gpkg"} <= {path.name for path in made.files}


@pytest.fixture
def parking():
    """A street of 1,000 m with a lot at each end, the eastern not open to all, where homes are."""
    x, y = 573000, 4520000
    return {
        "built_up_areas": gpd.GeoDataFrame(geometry=[box(x, y, x + 1000, y + 100)], crs=4547),
        "parking_lots": gpd.GeoDataFrame(
            {"lot_code": ["T1", "T2"], "lot_kind": ["公共", "专用"]},
            geometry=[Point(x, y), Point(x + 1000, y)],
            crs=4547,
        ),
        "roads": gpd.GeoDataFrame(
            {"road_code": ["R"]}, geometry=[LineString([(x, y), (x + 1000, y)])], crs=4547
        ),
        "residential_estates": gpd.GeoDataFrame(
            {"estate_code": ["E"], "population": [100]},
            geometry=[box(x + 950, y, x + 1000, y + 50)],
            crs=4547,
        ),
        "communities": gpd.GeoDataFrame(
            {"community_code": ["C"]}, geometry=[box(x, y, x + 1000, y + 100)], crs=4547
        ),
    }


def test_parking_is_asked_of_the_lots_that_the_city_opens_to_the_public(parking):
    city, questions = parking, ("parking_gaps", "parking_coverage")
    usual = survey_city(city, at="2025-12-31", asked=questions)
    own = survey_city(city, at="2025-12-31", asked=questions, public_lots=PublicLots(also=("T2",)))
    none = survey_city(city, at="2025-12-31", asked=questions[:1], public_lots=PublicLots(never=("T1",)))
    found = [int(each["parking_gaps"]["people"].sum()) for each in (usual, own, none)]
    assert found == [100, 0, 100]
    assert none["parking_gaps"].attrs["lots_not_public"] == [0, 1]
    shares = [each["parking_coverage"].iloc[0] for each in (usual, own)]
    assert shares[0].to_dict() != shares[1].to_dict()


def test_the_radius_of_parking_is_that_of_the_city(parking, city, tmp_path):
    questions = ("parking_gaps", "parking_coverage")
    near, far = (
        survey_city(parking, at="2025-12-31", asked=questions, thresholds=limits)
        for limits in ({"parking_m": 500.0}, {"parking_m": 1100.0})
    )
    assert [round(each["parking_gaps"]["area_m2"].sum(), -3) for each in (near, far)] == [50000, 0]
    assert [each["parking_coverage"]["people_straight"].sum() for each in (near, far)] == [0, 100]
    incidents = layer(Point(X + 50, Y + 50), incident_code=["1"], occurred_at=["2025-06-01"])
    answers = {**survey_city(city, incidents, at="2025-06-01"), **far}
    write_survey(answers, tmp_path / "out", city=city, at="2025-06-01", lang="en")
    cover = pd.read_excel(tmp_path / "out/report.xlsx", sheet_name=0, header=None, engine="calamine")
    assert cover.isin(["parking within 1,100 m in a straight line"]).any(axis=None)


@pytest.mark.parametrize(("gap", "overlap", "found"), [(0, 0, (1, 1)), (6000, 0, (0, 1)), (0, 2000, (1, 0))])
def test_gaps_and_overlaps_smaller_than_the_city_says_are_left_out(gap, overlap, found):
    region = layer(box(X, Y, X + 200, Y + 100), area_code=["U"])
    zones = layer(box(X, Y, X + 100, Y + 100), box(X + 90, Y, X + 150, Y + 100), zone_code=["A", "B"])
    city = {"built_up_areas": region, "responsibility_zones": zones}
    limits = {
        "gap_min_m2": float(gap),
        "overlap_min_m2": float(overlap),
    }  # the gap has 5000, the overlap 1000
    answers = survey_city(city, at="2025-12-31", thresholds=limits)
    assert (len(answers["gaps"]), len(answers["overlaps"])) == found
    audit = audit_city(city, at="2025-12-31", **limits)
    assert (len(audit.gaps), len(audit.overlaps)) == found
    assert {"gap", "overlap"} & set(audit.findings["finding"]) == {
        name for name, count in zip(("gap", "overlap"), found, strict=True) if count
    }
    shares = audit.figures.set_index("measure")["share"]
    assert (shares["ground_nobody"], shares["ground_several"]) == (0.25, 0.05)  # figures leave nothing out
