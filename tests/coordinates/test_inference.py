"""What are these coordinates? The same hundred doors of one quarter, written in every way that bureaus write.

The doors stand 15 m beside the streets of a 600 m grid, so that GCJ-02 (550 m) and BD-09 (1.4 km) put most of
them far from any street.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point, box

import zjk_gis
from zjk_gis import convert_datum, infer_coordinates
from zjk_gis.coordinates.inference import probable_crs
from zjk_gis.coordinates.readings import packed_evidence
from zjk_gis.crs import as_metric, crs_for, datum
from zjk_gis.errors import CRSError, EmptyLayerError, InputError, MissingColumnError

E, N = 573000, 4520000


def doors(count=100, *, east=E, north=N, crs=4547):
    """Points along the streets, in metres."""
    rng = np.random.default_rng(8)
    along, street = rng.uniform(0, 3000, count), rng.integers(0, 6, count) * 600.0
    runs_east = np.arange(count) % 2 == 0
    x = east + np.where(runs_east, along, street + 15)
    y = north + np.where(runs_east, street + 15, along)
    return gpd.GeoSeries.from_xy(x, y, crs=crs)


@pytest.fixture
def streets():
    lines = [LineString([(E, N + 600 * i), (E + 3000, N + 600 * i)]) for i in range(6)]
    lines += [LineString([(E + 600 * i, N), (E + 600 * i, N + 3000)]) for i in range(6)]
    return gpd.GeoDataFrame(geometry=lines, crs=4547)


def table(points, *, x="X", y="Y", north_first=False, write=lambda values: values.astype(str)):
    first, second = write(points.x.to_numpy()), write(points.y.to_numpy())
    return pd.DataFrame({x: second, y: first} if north_first else {x: first, y: second})


def dms(values):
    seconds = np.round(values * 3600, 2)
    return [f"{int(s // 3600)}°{int(s % 3600 // 60)}′{s % 60:05.2f}″" for s in seconds]


def packed(values):
    seconds = np.round(values * 3600, 2)
    return [f"{int(s // 3600)}.{int(s % 3600 // 60):02d}{round(s % 60 * 100):04d}" for s in seconds]


def seven(values):
    return np.char.mod("%.7f", values)


DEGREES = doors().to_crs(4490)
EASTERN = doors(east=400000, north=4470000, crs=4548)  # 怀来


@pytest.mark.parametrize(
    ("made", "what", "crs", "north_first"),
    [
        (table(DEGREES, write=seven), "longitude and latitude", 4490, False),
        (table(DEGREES, north_first=True), "latitude and longitude (axes exchanged)", 4490, True),
        (
            table(DEGREES, write=dms),
            "longitude and latitude, written in degrees, minutes and seconds",
            4490,
            False,
        ),
        (table(DEGREES, write=packed), "longitude and latitude, packed as", 4490, False),
        (table(doors()), "Gauss-Krüger, central meridian 114°E, no zone prefix", 4547, False),
        (table(EASTERN), "Gauss-Krüger, central meridian 117°E, no zone prefix", 4548, False),
        (
            table(doors(), north_first=True),
            "Gauss-Krüger, central meridian 114°E, no zone prefix, northing first (survey order)",
            4547,
            True,
        ),
        (table(doors().to_crs(4526)), "Gauss-Krüger, zone prefix 38", 4526, False),
        (
            table(EASTERN.to_crs(4527), north_first=True),
            "Gauss-Krüger, zone prefix 39, northing first",
            4527,
            True,
        ),
        (table(doors().to_crs(4498)), "Gauss-Krüger, zone prefix 20", 4498, False),
        (table(doors().to_crs(3857)), "Web Mercator", 3857, False),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_way_of_writing_is_told_and_confirmed(made, what, crs, north_first):
    guess = infer_coordinates(made)
    best = guess.best
    assert best.what.startswith(what)
    assert (best.crs, best.north_first, best.datum) == (crs, north_first, "undecided")
    assert 0.85 < best.confidence < 1
    assert best.evidence[0].startswith("100 of 100 positions can be read so: ")
    assert "100 % of them come to lie in Zhangjiakou or next to it" in best.evidence
    assert any("without a reference" in line for line in best.evidence)
    assert [each.confidence for each in guess.hypotheses] == sorted(
        (each.confidence for each in guess.hypotheses), reverse=True
    )
    placed = guess.confirm(made)
    truth = EASTERN if crs in (4548, 4527) else doors()
    assert placed.crs.to_epsg() == crs
    assert placed.geometry.to_crs(truth.crs).distance(truth).max() < 0.4  # seconds to two decimals
    assert placed.attrs["report"].confirmed["what"] == best.what
    assert "geometry" not in made


def test_a_village_of_like_digits_is_not_taken_for_packed_seconds():
    rng = np.random.default_rng(1)
    lon, lat = 115.52 + rng.uniform(0, 0.0059, 300), 40.41 + rng.uniform(0, 0.0059, 300)
    village = gpd.GeoSeries.from_xy(lon.round(6), lat.round(6))
    best = infer_coordinates(table(village)).best
    assert (best.what, best.packed) == ("longitude and latitude", False)
    assert packed_evidence(lon, lat) is None


def test_packed_seconds_are_not_seen_in_decimal_degrees():
    for digits in (2, 3, 4, 5):
        made = table(DEGREES, write=lambda values, digits=digits: np.char.mod(f"%.{digits}f", values))
        assert infer_coordinates(made).best.what == "longitude and latitude"


@pytest.mark.parametrize("shifted", ["wgs84", "gcj02", "bd09"])
@pytest.mark.parametrize("as_layer", [False, True])
def test_the_datum_is_told_by_streets(streets, shifted, as_layer):
    lon, lat = DEGREES.x.to_numpy(), DEGREES.y.to_numpy()
    if shifted != "wgs84":
        lon, lat = getattr(datum, f"wgs84_to_{shifted}")(lon, lat)
    points = gpd.GeoSeries.from_xy(lon, lat)
    made = points.to_frame("geometry").set_geometry("geometry") if as_layer else table(points)
    guess = infer_coordinates(made, reference=streets)
    assert guess.best.datum == shifted
    assert guess.best.confidence > 0.8
    measured = next(line for line in guess.best.evidence if line.startswith("median distance"))
    assert "of 100 points from the reference: " in measured
    assert "15 m" in measured
    placed = guess.confirm(made)
    assert placed.geometry.to_crs(4547).distance(doors()).max() < 1e-3
    assert bool(placed.attrs["report"].datum) is (shifted != "wgs84")


def test_the_datum_is_told_in_metres_too(streets):
    lon, lat = datum.wgs84_to_gcj02(DEGREES.x, DEGREES.y)
    metres = gpd.GeoSeries.from_xy(lon, lat, crs=4490).to_crs(4526)
    guess = infer_coordinates(table(metres), reference=streets)
    assert (guess.best.crs, guess.best.datum) == (4526, "gcj02")
    assert guess.confirm(table(metres)).geometry.to_crs(4547).distance(doors()).max() < 1e-3


def test_the_datum_is_told_by_a_boundary():
    quarter = gpd.GeoDataFrame(geometry=[box(E - 50, N - 50, E + 3050, N + 3050)], crs=4547)
    lon, lat = datum.wgs84_to_bd09(DEGREES.x, DEGREES.y)
    guess = infer_coordinates(table(gpd.GeoSeries.from_xy(lon, lat)), reference=quarter)
    assert guess.best.datum == "bd09"


@pytest.mark.parametrize(
    ("points", "why"),
    [
        (DEGREES.iloc[:19], "fewer than 20 points"),
        (gpd.GeoSeries.from_xy(DEGREES.x + 0.2, DEGREES.y), "no clear difference"),
    ],
)
def test_too_little_evidence_leaves_the_datum_open(points, why, streets):
    guess = infer_coordinates(table(points), reference=streets)
    assert guess.best.datum == "undecided"
    assert any(line == f"datum: undecided, {why}" for line in guess.best.evidence)


def test_points_all_over_a_quarter_tell_nothing(streets):
    rng = np.random.default_rng(3)
    scattered = gpd.GeoSeries.from_xy(*rng.uniform([E, N], [E + 3000, N + 3000], (300, 2)).T, crs=4547)
    guess = infer_coordinates(table(scattered.to_crs(4490)), reference=streets)
    assert guess.best.datum == "undecided"


def test_a_reference_tells_the_central_meridian_where_the_city_does_not(streets):
    elsewhere = streets.translate(xoff=0).set_crs(4548, allow_override=True).to_frame("geometry")
    guess = infer_coordinates(table(doors()), reference=elsewhere.set_geometry("geometry"))
    assert guess.best.crs == 4548


def test_a_few_exchanged_rows_are_counted():
    made = table(DEGREES)
    made.loc[[3, 5], ["X", "Y"]] = made.loc[[3, 5], ["Y", "X"]].to_numpy()
    best = infer_coordinates(made).best
    assert best.what == "longitude and latitude"
    assert best.evidence[0].startswith("98 of 100 positions")


class TestTheMajorityDecides:
    """What a few rows say of the numbers is those rows' own fault."""

    def test_odd_rows_are_named_and_make_no_reading(self):
        made = table(DEGREES)
        made.loc[[3, 5], ["X", "Y"]] = made.loc[[3, 5], ["Y", "X"]].to_numpy()
        made.loc[7, ["X", "Y"]] = ["38573312", "4520947"]
        guess = infer_coordinates(made)
        assert [each.what for each in guess.hypotheses] == ["longitude and latitude"]
        assert "3 positions cannot be read so (rows 3, 5, 7), 2 of them with the axes exchanged" in (
            guess.best.evidence
        )

    def test_a_swapped_row_that_lies_in_the_reference_does_not_lead(self):
        lon, lat = datum.wgs84_to_gcj02(DEGREES.x + 0.03, DEGREES.y)  # 2 km beside the boundary
        made = table(gpd.GeoSeries.from_xy(lon, lat))
        made.loc[0, ["X", "Y"]] = [str(DEGREES.y.iloc[0]), str(DEGREES.x.iloc[0])]
        quarter = gpd.GeoDataFrame(geometry=[box(E - 50, N - 50, E + 3050, N + 3050)], crs=4547)
        guess = infer_coordinates(made, reference=quarter)
        assert not guess.best.north_first

    def test_halves_of_two_zones_are_both_named(self):
        made = pd.DataFrame({"x": ["38573300", "39426700"] * 10, "y": ["4520900"] * 20})
        assert {each.crs for each in infer_coordinates(made).hypotheses} == {4526, 4527}

    def test_one_swapped_row_does_not_choose_the_zone_to_measure_in(self):
        points = gpd.GeoSeries([*DEGREES, Point(40.82, 114.88), None], crs=4490)
        assert crs_for(points).epsg == 4547
        assert as_metric(points.to_frame("geometry").set_geometry("geometry"), "points").crs.to_epsg() == 4547


def test_columns_that_name_their_datum_are_believed():
    web = gpd.GeoSeries.from_xy(*datum.wgs84_to_gcj02(DEGREES.x, DEGREES.y))
    made = table(web, x="gcj02_lng", y="gcj02_lat")
    guess = infer_coordinates(made)
    assert guess.best.datum == "gcj02"
    assert "the columns gcj02_lng, gcj02_lat say GCJ-02 (火星坐标)" in guess.best.evidence
    assert guess.confirm(made).geometry.to_crs(4547).distance(doors()).max() < 1e-3


class TestAgainstBoundaries:
    """Distances from polygons are 0 for most points, whatever the datum: what tells is who lies outside."""

    QUARTER = gpd.GeoDataFrame(geometry=[box(E - 5000, N - 50, E + 3050, N + 9000)], crs=4547)

    @staticmethod
    def spread(count=2000):
        spots = np.random.default_rng(9).uniform([E - 5000, N], [E + 3000, N + 9000], (count, 2))
        return gpd.GeoSeries.from_xy(*spots.T, crs=4547).to_crs(4490)

    def test_evidence_and_answer_agree(self):
        spread = self.spread()
        web = gpd.GeoSeries.from_xy(*datum.wgs84_to_gcj02(spread.x, spread.y))
        best = infer_coordinates(table(web), reference=self.QUARTER).best
        assert best.datum == "gcj02"
        (told,) = (line for line in best.evidence if "inside the reference" in line)
        assert told.startswith("of 2,000 points lie inside the reference: 9")
        assert "100.0% from GCJ-02" in told
        assert infer_coordinates(table(spread), reference=self.QUARTER).best.datum == "wgs84"

    def test_nobody_outside_leaves_it_undecided(self):
        whole = gpd.GeoDataFrame(geometry=[box(E - 90_000, N - 90_000, E + 90_000, N + 90_000)], crs=4547)
        best = infer_coordinates(table(self.spread()), reference=whole).best
        assert best.datum == "undecided"
        assert "datum: undecided, no clear difference" in best.evidence
        assert (
            "of 2,000 points lie inside the reference: 100.0% as given, 100.0% from GCJ-02, 100.0% from "
            in ("".join(best.evidence))
        )


def test_a_layer_that_says_what_it_is_keeps_its_name():
    old = doors().set_crs(2383, allow_override=True)
    best = infer_coordinates(old).best
    assert best.crs == 2383
    assert any("says that it is in Xian 1980" in line for line in best.evidence)
    same = "CGCS2000 (EPSG:4547), Xi'an 80 (西安80) (EPSG:2383) and Beijing 54 (北京54) (EPSG:2435)"
    assert any(line.startswith(f"{same} look the same") for line in best.evidence)


def test_a_name_of_another_projection_is_not_kept():
    assert infer_coordinates(doors().set_crs(4548, allow_override=True)).best.crs == 4547
    assert infer_coordinates(doors().set_crs(4490, allow_override=True)).best.crs == 4547


def test_a_layer_that_says_it_is_shifted_is_not_taken_for_the_ground():
    web = convert_datum(DEGREES, source="wgs84", target="gcj02")
    guess = infer_coordinates(web)
    assert guess.best.datum == "gcj02"
    assert guess.confirm(web).geometry.to_crs(4547).distance(doors()).max() < 1e-3


def test_lines_are_judged_by_their_vertices_and_swapped_whole(streets):
    exchanged = gpd.GeoDataFrame(
        streets.drop(columns="geometry"),
        geometry=streets.geometry.map(lambda line: LineString([(y, x) for x, y in line.coords])),
    )
    guess = infer_coordinates(exchanged)
    assert (guess.best.crs, guess.best.north_first) == (4547, True)
    placed = guess.confirm(exchanged)
    assert placed.geometry.geom_equals(streets.geometry).all()


def test_unusable_rows_stay_without_geometry():
    made = pd.DataFrame({"经度": ["114.88", "", "无"], "纬度": ["40.82", "40.82", "40"]}, index=list("abc"))
    guess = infer_coordinates(made)
    assert (guess.rows, guess.usable) == (3, 1)
    assert "2 of 3 rows have no usable position" in guess.best.evidence
    placed = guess.confirm(made)
    assert placed.geometry.isna().tolist() == [False, True, True]
    assert placed.index.tolist() == list("abc")


def test_numbers_of_no_known_kind_are_unknown_and_not_placed():
    guess = infer_coordinates(pd.DataFrame({"x": [1200.5, 900.0], "y": [300.0, 450.0]}))
    assert (guess.best.what, guess.best.crs, guess.best.confidence) == ("unknown", None, 0.0)
    assert "perhaps a local system" in guess.best.evidence[0]
    with pytest.raises(InputError, match="nothing to confirm"):
        guess.confirm(pd.DataFrame({"x": [1.0], "y": [1.0]}))


def test_another_choice_may_be_confirmed():
    made = table(doors())
    guess = infer_coordinates(made)
    second = guess.hypotheses[1]
    assert second.crs == 4548
    assert guess.confirm(made, choice=2).crs.to_epsg() == 4548
    with pytest.raises(InputError, match="choice must be from 1 to"):
        guess.confirm(made, choice=9)
    with pytest.raises(MissingColumnError, match="no column 'X'; confirm one of the same make"):
        guess.confirm(made.rename(columns={"X": "E"}))


def test_what_cannot_be_judged_says_why(streets):
    with pytest.raises(InputError, match="no columns of coordinates among name"):
        infer_coordinates(pd.DataFrame({"name": ["a"]}))
    with pytest.raises(EmptyLayerError, match="no row has a usable position"):
        infer_coordinates(pd.DataFrame({"x": [""], "y": [""]}))
    with pytest.raises(MissingColumnError, match="no column 'e'"):
        infer_coordinates(pd.DataFrame({"x": ["1"], "y": ["1"]}), x="e", y="y")
    with pytest.raises(CRSError, match="reference: no coordinate reference system"):
        infer_coordinates(table(DEGREES), reference=streets.set_crs(None, allow_override=True))
    with pytest.raises(CRSError, match="reference: is in Xi'an 80"):
        infer_coordinates(table(DEGREES), reference=streets.set_crs(2383, allow_override=True))


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ([573300], [4520900], "crs=4547"),
        ([39426700], [4520900], "zone prefix 39 (crs=4527"),
        ([38573300, 39426700], [4520900, 4520900], "(crs=4526, 25 % sure, CGCS2000 supposed), or "),
        ([12787000], [4986000], "Web Mercator (crs=3857"),
        ([1, 2], [3, 2], "numbers from 1 to 2 and from 2 to 3 are neither"),
        ([np.nan], [np.nan], "no row"),
    ],
)
def test_a_hint_for_whoever_must_name_the_system(x, y, words):
    assert words in probable_crs(np.array(x, dtype=float), np.array(y, dtype=float))


def test_packed_seconds_are_not_read_as_decimal_degrees_in_silence(tmp_path):
    path = tmp_path / "wells.csv"
    spread = np.random.default_rng(2).uniform(0, 0.3, (2, 200))
    wells = gpd.GeoSeries.from_xy(114.6 + spread[0], 40.6 + spread[1], crs=4490)
    table(wells, x="经度", y="纬度", write=packed).to_csv(path, index=False)
    with pytest.raises(CRSError, match=r"wells.csv: 经度 and 纬度 look like packed degrees.* by chance 1 in"):
        zjk_gis.read_layer(path)
    assert zjk_gis.read_layer(path, crs=4490).crs.to_epsg() == 4490
    table(wells, x="经度", y="纬度", write=seven).to_csv(path, index=False)
    assert zjk_gis.read_layer(path).crs.to_epsg() == 4490


def test_a_shapefile_without_prj_is_read_with_a_hint(tmp_path):
    doors().to_frame("geometry").to_file(tmp_path / "doors.shp", engine="pyogrio")
    (tmp_path / "doors.prj").unlink()
    remarks = zjk_gis.read_layer(tmp_path / "doors.shp").attrs["report"].remarks
    assert any("doors.shp: probably Gauss-Krüger, central meridian 114°E" in remark for remark in remarks)


def test_it_shows_in_a_notebook_and_escapes_what_it_shows():
    guess = infer_coordinates(pd.DataFrame({"<b>x": [114.88], "y": [40.82]}), x="<b>x", y="y")
    assert "<b>x" not in guess._repr_html_()
    assert "&lt;b&gt;x" in guess._repr_html_()
    assert str(guess).startswith("1. longitude and latitude (EPSG:4490, datum undecided): 97 %")
    frame = guess.to_frame()
    assert list(frame) == ["what", "crs", "datum", "confidence", "evidence"]
    assert frame.index.tolist() == [1]


def test_a_swapped_layer_without_crs_comes_right_end_to_end():
    spots = gpd.GeoDataFrame({"id": [1, 2]}, geometry=[Point(40.82, 114.88, 7), None])
    placed = zjk_gis.infer_coordinates(spots).confirm(spots)
    assert placed.geometry[0].equals(Point(114.88, 40.82))
    assert placed.geometry[0].z == 7
    assert placed.crs.to_epsg() == 4490
