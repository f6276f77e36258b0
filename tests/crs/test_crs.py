"""Coordinate systems: the family of Zhangjiakou, the one to measure in, and honest ways between datums."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Geod, Transformer
from shapely import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box

import zjk_gis
from zjk_gis import crs
from zjk_gis.errors import CRSError, EmptyLayerError, InputError

OLD = gpd.GeoDataFrame({"id": [1, 2]}, geometry=gpd.points_from_xy([574000, 574100], [4520000] * 2), crs=2383)


@pytest.mark.parametrize("system", crs.SYSTEMS, ids=lambda system: str(system.epsg))
def test_the_table_of_systems_says_what_proj_says(system):
    known = CRS(system.epsg)
    assert crs.datum_of(known) == system.datum
    assert known.is_geographic is (system.central_meridian is None)
    if known.is_projected:
        values = {value.name: value.value for value in known.coordinate_operation.params}
        assert values["Longitude of natural origin"] == system.central_meridian
        assert values["False easting"] == 500_000 + 1e6 * (system.zone_prefix or 0)
        prefixed = system.zone_prefix is not None
        for side in (-1.4, 1.4):
            longitude = system.central_meridian + side
            assert crs.metric_crs(longitude, datum=system.datum, zone_prefix=prefixed) == system.epsg


@pytest.mark.parametrize("code", [4490, 4547, 4610, 2383, 4214, 2435, 4326, 32650])
def test_a_datum_is_known_in_the_words_of_a_prj_file_too(code):
    known = CRS(code)
    assert crs.datum_of(CRS.from_wkt(known.to_wkt("WKT1_ESRI"))) == crs.datum_of(known) is not None


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_a_shifted_system_says_so_in_a_prj_file_too(datum):
    shifted = crs.shifted_crs(datum)
    assert shifted.is_geographic
    assert crs.datum_of(CRS.from_wkt(shifted.to_wkt("WKT1_ESRI"))) == datum


def test_the_zone_of_an_extent_and_why():
    assert crs.crs_for((115.6, 40.2, 115.9, 40.5)).epsg == 4548
    assert crs.crs_for((115.6, 40.2, 115.9, 40.5), zone_prefix=True).epsg == 4527
    choice = crs.crs_for((114.0, 39.6, 116.0, 42.1))
    assert choice.epsg == 4547
    assert "crosses 115.5°E, the border of the zones" in choice.reason


@given(st.floats(113.8, 116.2), st.floats(39.6, 42.0), st.floats(0.01, 2.0))
def test_the_scale_named_is_that_of_the_projection(west, south, width):
    choice = crs.crs_for((west, south, west + width, south + 0.1))
    to_metres = Transformer.from_crs(4490, choice.epsg, always_xy=True)
    for lon in (west, west + width):
        x, y = to_metres.transform([lon, lon], [south, south + 1e-3])
        true = Geod(ellps="GRS80").inv(lon, south, lon, south + 1e-3)[2]
        assert (np.hypot(np.diff(x), np.diff(y))[0] / true - 1) * 1e6 <= choice.most_scale_ppm * 1.002 + 0.5


def test_a_layer_of_an_old_datum_is_measured_in_its_own_datum():
    assert crs.crs_for(OLD).epsg == 2383
    degrees = OLD.to_crs(4610)
    assert crs.as_metric(degrees, "manholes").crs.to_epsg() == 2383
    assert crs.as_metric(OLD, "manholes") is OLD


def test_nowhere_and_shifted_layers_have_no_system_to_measure_in():
    with pytest.raises(EmptyLayerError, match="no geometry"):
        crs.crs_for(gpd.GeoSeries([None], crs=4490))
    shifted = gpd.GeoSeries([Point(114.88, 40.82)], crs=crs.shifted_crs("gcj02"))
    with pytest.raises(CRSError, match=r"lamps: is in GCJ-02 .*convert_datum\(layer, source='gcj02'"):
        crs.as_metric(shifted.to_frame("geometry"), "lamps")


@pytest.mark.parametrize("target", [4547, 4490, 3857, 2435])
def test_an_old_datum_is_not_left_without_parameters(target):
    with pytest.raises(CRSError, match=r"wells: is in Xi'an 80 .* tens of metres wrong in .* without param"):
        crs.convert_crs(OLD, target, name="wells")
    converted = crs.convert_crs(OLD, target, name="wells", accept_error=True)
    assert converted.crs.to_epsg() == target
    assert "tens of metres wrong" in converted.attrs["report"].remarks[0]
    assert OLD.attrs == {}


def test_nor_is_it_entered():
    with pytest.raises(CRSError, match=r"wells: is in CGCS2000 and .* Beijing 54"):
        crs.convert_crs(gpd.GeoSeries([Point(114, 40)], crs=4490), 2435, name="wells")


@pytest.mark.parametrize(("own", "target"), [(2383, 4610), (2383, 2362), (4490, 4547), (4326, 4547)])
def test_within_a_datum_and_between_cgcs2000_and_wgs84_nothing_is_in_the_way(own, target):
    layer = gpd.GeoSeries([Point(114.88, 40.82)], crs=CRS(own).geodetic_crs).to_crs(own)
    converted = crs.convert_crs(layer, target)
    assert converted.crs.to_epsg() == target
    assert converted.attrs == {}
    assert crs.convert_crs(converted, target) is converted


def test_a_crs_that_brings_its_own_parameters_is_used():
    bound = CRS.from_proj4("+proj=longlat +ellps=IAU76 +towgs84=10,-20,5,0,0,0,0 +type=crs")
    layer = gpd.GeoSeries([Point(114.88, 40.82)], crs=bound)
    assert crs.convert_crs(layer, 4326).x[0] != 114.88


def test_no_change_of_crs_leads_to_or_from_a_shifted_datum():
    lonlat = gpd.GeoSeries([Point(114.88, 40.82)], crs=4326)
    for own, target in [(4326, crs.shifted_crs("bd09")), (crs.shifted_crs("gcj02"), 4326)]:
        with pytest.raises(CRSError, match="convert_datum"):
            crs.convert_crs(lonlat.set_crs(own, allow_override=True), target, accept_error=True)


# --- fitted parameters


def plane(count=8, seed=1):
    rng = np.random.default_rng(seed)
    return rng.uniform([560_000, 4_500_000], [590_000, 4_530_000], (count, 2))


@given(dx=st.floats(-5e6, 5e6), dy=st.floats(-5e6, 5e6), turn=st.floats(-6e5, 6e5), ppm=st.floats(-500, 500))
def test_four_parameters_are_found_again(dx, dy, turn, ppm):
    true = crs.Similarity(dx_m=dx, dy_m=dy, rotation_s=turn, scale_ppm=ppm)
    source = plane()
    target = np.stack(true.move(*source.T), axis=1)
    fit = crs.fit_similarity(source, target)
    assert fit.rms_m < 1e-6
    assert fit.outlier is None
    assert np.abs(np.stack(fit.parameters.move(*source.T), axis=1) - target).max() < 1e-6
    assert fit.parameters.scale_ppm == pytest.approx(ppm, abs=1e-5)


def test_four_parameters_by_hand():
    # A quarter turn counter-clockwise about the origin and 10 m to the east: (x, y) becomes (10 - y, x).
    fit = crs.fit_similarity([(0, 0), (1, 0), (0, 2)], [(10, 0), (10, 1), (8, 0)])
    assert fit.parameters.rotation_s == pytest.approx(90 * 3600)
    assert (fit.parameters.dx_m, fit.parameters.dy_m) == pytest.approx((10, 0))


@pytest.mark.parametrize("wrong", [0, 3, 7])
def test_the_point_that_does_not_fit_is_named(wrong):
    rng = np.random.default_rng(2)
    source = plane()
    target = source + [112.0, -12.0] + rng.normal(0, 0.02, source.shape)
    target[wrong] += [0.0, 1.0]
    names = [f"K{at}" for at in range(8)]
    fit = crs.fit_similarity(source, target, names=names)
    assert fit.outlier == f"K{wrong}"
    assert fit.residuals.loc[fit.outlier, "without_it_m"] == pytest.approx(1.0, abs=0.15)
    assert any(f"control point K{wrong} lies" in remark for remark in fit.remarks)
    assert fit.residuals.index.tolist() == names
    assert fit.rms_m == pytest.approx(np.sqrt((fit.residuals["residual_m"] ** 2).mean()))


def test_the_residual_without_a_point_is_that_of_a_fit_without_it():
    source, rng = plane(6), np.random.default_rng(5)
    target = source + rng.normal(0, 0.5, source.shape)
    fit = crs.fit_similarity(source, target)
    for at in range(6):
        others = np.arange(6) != at
        alone = crs.fit_similarity(source[others], target[others]).parameters
        off = np.hypot(*(np.array(alone.move(*source[at])) - target[at]))
        assert fit.residuals["without_it_m"].iloc[at] == pytest.approx(off, rel=1e-6)


def test_noise_alone_is_rarely_called_an_outlier():
    source, rng = plane(7), np.random.default_rng(3)
    noisy = [crs.fit_similarity(source, source + rng.normal(0, 0.1, source.shape)) for _ in range(100)]
    assert sum(fit.outlier is not None for fit in noisy) <= 5  # about 1 of 100 is expected


def test_two_points_prove_nothing_and_it_is_said():
    fit = crs.fit_similarity([(0, 0), (100, 0)], [(5, 5), (105, 6)])
    assert fit.rms_m < 1e-9
    assert "add one to check" in fit.remarks[0]
    assert fit.residuals["without_it_m"].isna().all()


def geographic(count=9, seed=4):
    rng = np.random.default_rng(seed)
    return rng.uniform([113.9, 39.6, 300], [116.2, 42.1, 1800], (count, 3))


PARAMETERS = {
    "dx_m": -15.3,
    "dy_m": 150.2,
    "dz_m": 90.1,
    "rx_s": 1.2,
    "ry_s": -2.1,
    "rz_s": 3.3,
    "scale_ppm": -4.5,
}


@pytest.mark.parametrize("convention", ["position_vector", "coordinate_frame"])
def test_seven_parameters_are_those_of_proj(convention):
    office = crs.Helmert7(**PARAMETERS, convention=convention, source_crs=4214, target_crs=4490)
    proj = Transformer.from_pipeline(
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=cart +ellps=krass "
        "+step +proj=helmert +x=-15.3 +y=150.2 +z=90.1 +rx=1.2 +ry=-2.1 +rz=3.3 +s=-4.5 "
        f"+convention={convention} +step +inv +proj=cart +ellps=GRS80 "
        "+step +proj=unitconvert +xy_in=rad +xy_out=deg"
    )
    lon, lat, height = geographic().T
    layer = gpd.GeoSeries.from_xy(lon, lat, crs=4214)
    moved = office.apply(layer)
    theirs = proj.transform(lon, lat, np.zeros(len(lon)))
    assert Geod(ellps="GRS80").inv(moved.x, moved.y, *theirs[:2])[2].max() < 1e-6
    assert moved.crs.to_epsg() == 4490

    target = np.stack(proj.transform(lon, lat, height), axis=1)
    fit = crs.fit_helmert7(geographic(), target, source_crs=4214, target_crs=4490, convention=convention)
    assert fit.rms_m < 1e-5
    for name, value in PARAMETERS.items():
        assert getattr(fit.parameters, name) == pytest.approx(value, abs=2e-3), name
    assert fit.parameters.convention == convention


def test_seven_parameters_name_the_point_that_does_not_fit():
    source, rng = geographic(), np.random.default_rng(6)
    target = source + rng.normal(0, [1e-7, 1e-7, 0.01], source.shape)
    target[4, 0] += 2e-5
    fit = crs.fit_helmert7(source, target, source_crs=4610, target_crs=4490)
    assert fit.outlier == "4"
    assert list(fit.residuals) == ["x_m", "y_m", "z_m", "residual_m", "without_it_m"]


def test_missing_heights_are_told():
    points = geographic()[:, :2]
    fit = crs.fit_helmert7(points, points, source_crs=4490, target_crs=4490)
    assert fit.remarks == ("no heights were given for the control points: 0 was taken for all",)


ODD = gpd.GeoDataFrame(
    {"name": list("abcdefg")},
    geometry=[
        Point(574000, 4520000, 7),
        LineString([(574000, 4520000), (574100, 4520000)]),
        box(574000, 4520000, 574100, 4520100) - box(574040, 4520040, 574060, 4520060),
        MultiPolygon([box(574000, 4520000, 574100, 4520100), box(575000, 4520000, 575100, 4520100)]),
        GeometryCollection([Point(574000, 4520000), LineString([(574000, 4520000), (574100, 4520000)])]),
        Polygon(),
        None,
    ],
    index=[5, 5, 7, 8, 9, 10, 11],
    crs=2383,
)


def test_a_layer_is_moved_whole():
    fit = crs.fit_similarity(plane(), plane() + [100.0, -20.0], source_crs=2383, target_crs=4547)
    odd = ODD.copy()
    odd.attrs = {"report": {"remarks": ["read from a shapefile"]}}
    moved = fit.apply(odd, name="wells")
    assert moved.crs.to_epsg() == 4547
    pd.testing.assert_index_equal(moved.index, ODD.index)
    assert moved["name"].tolist() == list("abcdefg")
    expected = ODD.geometry.translate(100, -20)
    for got, wanted in zip(moved.geometry.iloc[:5], expected.iloc[:5], strict=True):
        assert got.equals_exact(wanted, 1e-6)
    assert moved.geometry.iloc[0].z == 7
    assert moved.geometry.iloc[5].is_empty
    assert moved.geometry.iloc[6] is None
    remarks = moved.attrs["report"].remarks
    assert remarks[0] == "read from a shapefile"
    assert remarks[1] == "wells: moved by parameters fitted to 8 control points, rms 0.000 m"
    assert ODD.geometry.iloc[0].equals(Point(574000, 4520000))
    assert odd.attrs == {"report": {"remarks": ["read from a shapefile"]}}


def test_parameters_are_for_the_system_they_were_fitted_in():
    fit = crs.fit_similarity(plane(), plane(), source_crs=2383, target_crs=4547)
    with pytest.raises(CRSError, match=r"wells: is in .*Beijing.*, but these parameters lead from Xian 1980"):
        fit.apply(ODD.set_crs(2435, allow_override=True), name="wells")
    helmert = crs.Helmert7(**PARAMETERS, convention="coordinate_frame", source_crs=4610, target_crs=4547)
    assert helmert.apply(OLD).crs.to_epsg() == 4547  # any system of the datum
    with pytest.raises(CRSError, match="but these parameters lead from"):
        helmert.apply(OLD.set_crs(2435, allow_override=True))


def test_a_local_system_without_a_code_has_four_parameters_too():
    local = gpd.GeoSeries([Point(1000, 2000)])
    fit = crs.fit_similarity(plane(), plane() + [100.0, 0.0], target_crs=4547)
    moved = fit.apply(local)
    assert moved.crs.to_epsg() == 4547
    assert moved[0].equals_exact(Point(1100, 2000), 1e-6)


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        ([(0, 0)], [(0, 0)], "at least 2 are needed"),
        ([(0, 0), (1, 1)], [(0, 0)], "2 control points in one system and 1 in the other"),
        ([(0, 0), (np.nan, 1)], [(0, 0), (1, 1)], "source_xy: points 1 are not finite"),
        ([(5, 5), (5, 5)], [(0, 0), (1, 1)], "undetermined"),
        ([0, 1], [0, 1], "must have 2 columns"),
    ],
)
def test_control_points_that_cannot_serve(source, target, words):
    with pytest.raises(InputError, match=words):
        crs.fit_similarity(source, target)


def test_seven_parameters_need_points_that_span_the_ground():
    line = [(114.0, 40.0, 0.0), (114.0, 40.0, 0.0), (114.0, 40.0, 0.0), (114.0, 40.0, 0.0)]
    with pytest.raises(InputError, match="7 parameters are undetermined"):
        crs.fit_helmert7(line, line, source_crs=4490, target_crs=4490)
    with pytest.raises(InputError, match="longitude and latitude"):
        crs.fit_helmert7([(40.8, 114.8)] * 3, [(40.8, 114.8)] * 3, source_crs=4490, target_crs=4490)
    with pytest.raises(InputError, match="all different"):
        crs.fit_similarity(plane(3), plane(3), names=["a", "a", "b"])


# --- the library itself leaves no old datum in silence


def old_datum_layers():
    wells = gpd.GeoDataFrame({"zone_code": ["a"]}, geometry=[box(574000, 4520000, 574100, 4520100)], crs=2383)
    points = gpd.GeoDataFrame(geometry=[Point(574050, 4520050)], crs=4547)
    return wells, points


@pytest.mark.parametrize(
    "work",
    [
        lambda zones, points, folder: zjk_gis.write_layer(zones, folder / "zones.geojson"),
        lambda zones, points, folder: zjk_gis.write_layer(zones, folder / "zones.csv"),
        lambda zones, points, folder: zjk_gis.ZoneIndex.build(zones).locate([114.8], [40.8], crs=4490),
        lambda zones, points, folder: zjk_gis.assign_incidents(points, zones),
        lambda zones, points, folder: zjk_gis.coverage_gaps(zones, zones.set_crs(4547, allow_override=True)),
        lambda zones, points, folder: zjk_gis.check_positions(points, region=zones),
    ],
    ids=["GeoJSON", "CSV", "ZoneIndex", "assign_incidents", "coverage_gaps", "check_positions"],
)
def test_what_would_leave_an_old_datum_is_refused(work, tmp_path):
    zones, points = old_datum_layers()
    with pytest.raises(CRSError, match="tens of metres wrong"):
        work(zones, points, tmp_path)


def test_layers_of_one_old_datum_work_together():
    zones, points = old_datum_layers()
    points = points.set_crs(2383, allow_override=True)
    assert zjk_gis.assign_incidents(points, zones)["zone_code"].tolist() == ["a"]
