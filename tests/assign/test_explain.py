"""Why this zone: the explanation names what was weighed and what decided."""

import geopandas as gpd
import pytest
from shapely import LineString, Point, box

from zjk_gis import assign_incidents, explain_incident
from zjk_gis.errors import InputError
from zjk_gis.index import Policy
from zjk_gis.maps import explanation_map

ZONES = gpd.GeoDataFrame(
    {
        "zone_code": ["A", "B", "OLD", "BIG"],
        "chief_code": ["LZ1", "LZ2", "LZ0", "LZ9"],
        "priority": [1, 1, 1, 0],
        "valid_from": ["2024-01-01", "2024-01-01", "2020-01-01", "2024-01-01"],
        "valid_to": [None, None, "2023-12-31", None],
    },
    geometry=[box(0, 0, 100, 100), box(100, 0, 200, 100), box(0, 0, 60, 60), box(0, 50, 300, 150)],
    crs=4547,
)


def make_incident(x, y, day="2025-03-04", **columns):
    return gpd.GeoDataFrame({"occurred_at": [day], **columns}, geometry=[Point(x, y)], crs=4547, index=[17])


def explain(x, y, **options):
    return explain_incident(make_incident(x, y), ZONES, **options)


@pytest.mark.parametrize(
    ("place", "rule", "weighed"),
    [
        ((30, 20), "", [("A", "answers"), ("OLD", "expired_zone")]),
        ((100, 20), "lowest_code", [("A", "answers"), ("B", "outranked"), ("OLD", "expired_zone")]),
        ((100.2, 20), "containment", [("B", "answers"), ("A", "outranked"), ("OLD", "expired_zone")]),
        ((150, 80), "highest_priority", [("B", "answers"), ("BIG", "outranked")]),
        ((205, 20), "distance", [("B", "answers"), ("BIG", "farther")]),
        ((400, 400), "", [("BIG", "out_of_reach")]),
    ],
)
def test_what_was_weighed_and_what_decided(place, rule, weighed):
    told = explain(*place)
    verdicts = list(zip(told.considered["zone_code"], told.considered["verdict"], strict=True))
    assert (told.rule, [v for v in verdicts if v in weighed]) == (rule, weighed)
    assert (
        told.incident["zone_code"].iloc[0] == (weighed[0][0] if weighed[0][1] == "answers" else None)
        or rule == ""
    )


def test_another_policy_decides_otherwise():
    assert explain(150, 80, policy=Policy(order=("largest_area",))).rule == "largest_area"


def test_the_answer_is_that_of_the_assignment_on_any_day():
    for day in ("2022-06-01", "2025-03-04"):
        incident = make_incident(30, 20, day)
        told = explain_incident(incident, ZONES)
        assert told.incident["zone_code"].tolist() == assign_incidents(incident, ZONES)["zone_code"].tolist()


def test_the_text_in_both_languages():
    told = explain(100.2, 20)
    assert told.text().split("\n")[0] == "案件 17（100.20, 20.00）：由 B 负责，路长 LZ2"
    assert "决定规则：包含该点者优先于仅在边界附近者" in str(told)
    assert "B；区内；距边界 0.20 m；面积 10,000 m²；优先级 1；有效期 2024-01-01 至 … → 负责" in str(told)
    assert "deciding rule: a zone that contains it comes before one near it" in told.text("en")
    assert explain(400, 400).text().startswith("案件 17（400.00, 400.00）：无人负责")


def test_nothing_from_the_data_is_taken_for_html():
    zones = ZONES.assign(zone_code=["<script>alert(1)</script>", "B", "C", "D"])
    told = explain_incident(make_incident(30, 20), zones)
    assert "<script>" not in told._repr_html_()


def test_sections_are_explained_too():
    sections = gpd.GeoDataFrame(
        {"section_code": ["S1", "S2"]},
        geometry=[LineString([(0, 0), (100, 0)]), LineString([(0, 9), (100, 9)])],
        crs=4547,
    )
    told = explain_incident(make_incident(50, 3), sections)
    assert (told.rule, told.considered["section_code"].tolist()) == ("distance", ["S1", "S2"])


def test_one_incident_at_a_time():
    with pytest.raises(InputError, match=r"2 rows; give one, for instance incidents.loc\[\[17\]\]"):
        explain_incident(gpd.GeoDataFrame(geometry=[Point(0, 0)] * 2, crs=4547), ZONES)


def test_an_incident_without_a_position():
    told = explain_incident(
        gpd.GeoDataFrame({"occurred_at": ["2025-01-01"]}, geometry=[None], crs=4547), ZONES
    )
    assert "附近没有任何责任区" in str(told)
    explanation_map(told)


def test_the_map_names_zone_and_incident():
    told = explain_incident(
        make_incident(573_030, 4_520_020), ZONES.assign(geometry=ZONES.translate(573_000, 4_520_000))
    )
    assert explanation_map(told).get_root().title == "归属说明：案件 17 → A"
    with pytest.raises(InputError, match="lang"):
        explanation_map(told, lang="fr")
