"""What is the same edition, a correction, a new one or an old one: rule by rule.

Two zones of 100 m, A and B, side by side.
"""

import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString, MultiPolygon, Polygon, box

from zjk_gis import read_layer, write_layer
from zjk_gis.city.digests import file_digest, row_digests, set_digest
from zjk_gis.city.editions import Edition, judge_edition, judge_files
from zjk_gis.city.rows import compare_rows
from zjk_gis.errors import InputError, MissingColumnError

X, Y = 114.88, 40.81
SHAPES = [box(X, Y, X + 0.001, Y + 0.001), box(X + 0.001, Y, X + 0.002, Y + 0.001)]


def zones(**columns):
    """Two zones with their chiefs."""
    data = {
        "zone_code": ["A", "B"],
        "chief_name": ["王路", "李路"],
        "level": [3, 3],
        "parent_code": ["1", "1"],
        "valid_from": pd.to_datetime(["2025-01-01", "2025-01-01"]),
    }
    return gpd.GeoDataFrame({**data, **columns}, geometry=SHAPES, crs=4490)


def same_set(one, other):
    return set_digest(row_digests(one)) == set_digest(row_digests(other))


def test_rows_are_the_same_in_another_order_with_rings_the_other_way_round_and_as_multipolygons():
    was = zones()
    assert same_set(was, was.iloc[::-1])
    assert same_set(was, was[was.columns[::-1]])
    turned = [Polygon(list(each.exterior.coords)[::-1]) for each in SHAPES]
    assert same_set(was, was.set_geometry(gpd.GeoSeries(turned, crs=4490)))
    begun_elsewhere = [
        Polygon([*list(each.exterior.coords)[2:-1], *list(each.exterior.coords)[:3]]) for each in SHAPES
    ]
    assert same_set(was, was.set_geometry(gpd.GeoSeries(begun_elsewhere, crs=4490)))
    assert same_set(was, was.set_geometry(gpd.GeoSeries([MultiPolygon([each]) for each in SHAPES], crs=4490)))


@pytest.mark.parametrize("ending", ["shp", "geojson", "gpkg", "xlsx", "csv"])
def test_rows_are_the_same_after_an_export(tmp_path, ending):
    if ending in ("xlsx", "csv"):
        was = gpd.GeoDataFrame(
            {"incident_code": ["007", "008"], "event_code": ["0101", "0102"]},
            geometry=gpd.points_from_xy([114.88, 114.89], [40.81, 40.82]),
            crs=4490,
        )
        spec = "incidents"
        path = write_layer(was, tmp_path / f"a.{ending}", headings="zh")
    else:
        was, spec = zones(), "responsibility_zones"
        path = write_layer(was, tmp_path / f"a.{ending}")
    again = read_layer(path, spec=spec)
    assert same_set(was, again[[name for name in again if name in was]])


def test_what_was_changed_changes_the_digest():
    was = zones()
    for other in (
        zones(chief_name=["王路", "张路"]),
        zones(level=[3, 2]),
        zones(valid_from=pd.to_datetime(["2025-01-01", "2025-01-02"])),
        was.set_geometry(was.geometry.translate(1e-5)),
    ):
        assert not same_set(was, other)
    pipe = gpd.GeoDataFrame(geometry=[LineString([(0, 0), (9, 0)])], crs=4547)
    back = gpd.GeoDataFrame(geometry=[LineString([(9, 0), (0, 0)])], crs=4547)
    high = gpd.GeoDataFrame(geometry=[LineString([(0, 0, 1.5), (9, 0, 1.4)])], crs=4547)
    flat = gpd.GeoDataFrame(geometry=[LineString([(0, 0, 0), (9, 0, 0)])], crs=4547)
    assert not same_set(pipe, back)  # water flows one way
    assert not same_set(pipe, high)
    assert same_set(pipe, flat)


def test_columns_that_do_not_swap_their_values():
    one = gpd.GeoDataFrame({"a": ["x"], "b": ["y"]}, geometry=[None], crs=4490)
    assert not same_set(one, one.rename(columns={"a": "b", "b": "a"}))
    assert same_set(one, one.assign(c=None, d="  "))


def test_the_digest_of_a_shapefile_is_of_all_that_belongs_to_it(tmp_path):
    path = write_layer(zones(), tmp_path / "a.shp")
    was = file_digest(path)
    assert file_digest(path) == was
    table = path.with_suffix(".dbf")
    table.write_bytes(table.read_bytes().replace(b"\xe7\x8e\x8b", b"\xe5\xbc\xa0"))
    assert file_digest(path) != was


SEEN = [
    Edition(day="2025-11-03", rows="d1", files=("f1",), way="w"),
    Edition(day="2025-11-10", rows="d2", files=("f2",), way="w"),
]


def test_rule_1_the_same_files_are_not_read():
    again = judge_files(Edition(files=("f2",), way="w"), SEEN)
    assert (again.verdict, again.takes) == ("unchanged", "nothing")
    old = judge_files(Edition(files=("f1",), way="w"), SEEN)
    assert (old.verdict, old.takes) == ("old_again", "nothing")
    assert "the same files as on 2025-11-03, and the current ones are of 2025-11-10" in old.sentence
    assert judge_files(Edition(day="2025-11-03", files=("f1",), way="w"), SEEN).verdict == "unchanged"
    assert judge_files(Edition(files=("f2",), way="other columns"), SEEN) is None
    assert judge_files(Edition(files=("f1", "f2"), way="w"), SEEN) is None


def test_rule_2_the_same_rows_are_no_edition_and_old_rows_are_refused():
    again = judge_edition(Edition(day="2025-11-17", rows="d2"), SEEN)
    assert (again.verdict, again.takes) == ("same_rows", "nothing")
    old = judge_edition(Edition(day="2025-11-17", rows="d1"), SEEN)
    assert (old.verdict, old.takes) == ("old_again", "nothing")
    kept = judge_edition(Edition(day="2025-11-17", rows="d1"), SEEN, older="keep")
    assert (kept.verdict, kept.takes) == ("old_again", "history")


def test_rule_3_an_older_date_is_never_current():
    old = judge_edition(Edition(day="2025-11-09", rows="d3"), SEEN)
    assert (old.verdict, old.takes) == ("older", "nothing")
    kept = judge_edition(Edition(day="2025-11-09", rows="d3"), SEEN, older="keep")
    assert (kept.verdict, kept.takes) == ("older", "history")
    with pytest.raises(InputError, match="'refuse' or 'keep'"):
        judge_edition(Edition(rows="d3"), SEEN, older="ask")


@pytest.mark.parametrize(
    ("day", "verdict"), [("2025-11-10", "correction"), ("2025-11-13", "correction"), ("2025-11-14", "new")]
)
def test_rules_4_and_5_a_few_days_make_a_correction(day, verdict):
    found = judge_edition(Edition(day=day, rows="d3"), SEEN, correction_days=3)
    assert (found.verdict, found.takes) == (verdict, "current")


def test_what_was_kept_as_history_is_not_the_edition_to_compare_with():
    kept = [*SEEN, Edition(day="2025-10-01", rows="d0", current=False)]
    assert judge_edition(Edition(day="2025-11-09", rows="d3"), kept).verdict == "older"
    assert judge_edition(Edition(day="2025-11-10", rows="d2"), kept).verdict == "same_rows"


def test_the_time_of_a_file_is_said_to_be_the_last_resort():
    found = judge_edition(Edition(day="2025-11-20", rows="d3", how="file"), SEEN)
    assert "for want of another" in found.sentence
    assert judge_edition(Edition(rows="d1"), []).verdict == "first"


def test_an_edition_comes_back_as_it_was_kept():
    assert Edition.from_dict(SEEN[0].as_dict()) == SEEN[0]


def test_rows_are_compared_by_key():
    was = zones()
    now = zones(chief_name=["王路", "张路"]).iloc[::-1]
    found = compare_rows(was, now, key="zone_code", measure=4547)
    assert found[["row_key", "change", "columns"]].to_numpy().tolist() == [["B", "changed", "chief_name"]]
    shifted = was.set_geometry(was.geometry.translate(yoff=1e-5))
    found = compare_rows(was, shifted, key="zone_code", measure=4547)
    assert found["columns"].tolist() == ["geometry", "geometry"]
    assert found["moved_m"].round(1).tolist() == [1.1, 1.1]
    assert compare_rows(was, shifted, key="zone_code", measure=4547, tolerance_m=2).empty


def test_rows_that_a_set_lacks_are_withdrawn_only_if_it_is_complete():
    was, now = zones(), zones().iloc[:1]
    assert compare_rows(was, now, key="zone_code")["change"].tolist() == ["withdrawn"]
    assert compare_rows(was, now, key="zone_code", complete=False).empty
    back = compare_rows(now, was, key="zone_code", withdrawn_before={"B"})
    assert back["change"].tolist() == ["restored"]


def test_versions_of_one_code_are_told_apart_by_their_day():
    was = zones(zone_code=["A", "A"], valid_from=pd.to_datetime(["2024-01-01", "2025-01-01"]))
    with pytest.raises(InputError, match="2 rows have no zone_code of their own"):
        compare_rows(was, was, key="zone_code")
    assert compare_rows(was, was, key=["zone_code", "valid_from"]).empty
    with pytest.raises(MissingColumnError):
        compare_rows(was, was, key="code")
