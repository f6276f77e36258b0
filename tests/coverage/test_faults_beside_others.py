"""Gaps, overlaps and bad borders as GEOS, PostGIS and geoplanar see them, with the differences explained."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from coverages import plant

import zjk_gis
from zjk_gis.engine.widths.inscribed import greatest_widths


@pytest.fixture(scope="module")
def city():
    return plant(20, 20, seed=5)


class TestGeos:
    """`coverage_invalid_edges` returns the edges that do not match, without telling which zones or why."""

    def test_what_geos_holds_against_the_coverage_is_what_we_found(self, city):
        bad = shapely.coverage_invalid_edges(city.zones.geometry.to_numpy())
        told = zjk_gis.coverage.coverage_edges(city.zones)
        codes = {*told["first_code"], *told["second_code"]}
        overlaps = zjk_gis.overlapping_zones(city.zones)
        codes |= {*overlaps["first_code"], *overlaps["second_code"]}
        flagged = set(city.zones["zone_code"][~shapely.is_empty(bad)])
        nested = overlaps[overlaps["kind"] == "nested"]
        assert len(nested) > 0
        assert flagged <= codes  # gaps are no fault to GEOS unless a width is given
        # Of a zone inside another GEOS holds the borders against the inner one alone.
        assert codes - flagged <= set(nested["second_code"])

    def test_a_matching_coverage_has_nothing_to_tell(self):
        zones = plant(6, 6).zones.iloc[:0]
        squares = shapely.box(*np.mgrid[0:6, 0:6].reshape(2, -1), *(np.mgrid[0:6, 0:6].reshape(2, -1) + 1))
        zones = gpd.GeoDataFrame({"zone_code": [f"{at}" for at in range(36)]}, geometry=squares, crs=4547)
        assert shapely.coverage_is_valid(squares)
        assert len(zjk_gis.coverage.coverage_edges(zones)) == len(zjk_gis.overlapping_zones(zones)) == 0

    def test_gaps_are_those_of_a_difference(self, city):
        gaps = zjk_gis.coverage_gaps(city.region, city.zones, min_width_m=0, min_area_m2=0)
        plain = city.region.geometry.iloc[0].difference(shapely.union_all(city.zones.geometry.to_numpy()))
        assert shapely.symmetric_difference(plain, shapely.union_all(gaps.geometry)).area < 1e-6
        assert gaps["area_m2"].sum() == pytest.approx(plain.area, rel=1e-9)

    def test_greatest_widths(self):
        """Stars, and strips all along the border of squares; GEOS searches by squares to a tolerance."""
        rng = np.random.default_rng(1)
        angle = 2 * np.pi * (np.arange(14) + rng.uniform(0.1, 0.9, (40, 14))) / 14
        reach = rng.uniform(20, 60, (40, 14))
        stars = shapely.polygons(np.stack([np.cos(angle) * reach, np.sin(angle) * reach], axis=-1))
        strips = shapely.difference(stars[:6], shapely.buffer(stars[:6], -2))
        shapes = np.concatenate([stars, strips])
        tolerance = 0.01 * shapely.area(shapes) / shapely.length(shapes)
        theirs = 2 * shapely.length(shapely.maximum_inscribed_circle(shapes, tolerance=tolerance))
        assert (greatest_widths(shapes) / theirs).tolist() == pytest.approx([1.0] * len(shapes), rel=0.02)


class TestPostgis:
    def ask(self, address, city, query):
        psycopg = pytest.importorskip("psycopg")
        with psycopg.connect(address) as connection:
            connection.execute("CREATE TEMP TABLE zones (code text, geom geometry)")
            rows = zip(city.zones["zone_code"], shapely.to_wkb(city.zones.geometry.to_numpy()), strict=True)
            cursor = connection.cursor()
            cursor.executemany("INSERT INTO zones VALUES (%s, ST_GeomFromWKB(%s))", list(rows))
            return connection.execute(
                query, {"region": shapely.to_wkb(city.region.geometry.iloc[0])}
            ).fetchall()

    def test_gaps(self, city, postgis):
        theirs = self.ask(
            postgis,
            city,
            """
            WITH covered AS (SELECT ST_Union(geom) AS geom FROM zones)
            SELECT ST_Area(part.geom) FROM covered,
            LATERAL ST_Dump(ST_Difference(ST_GeomFromWKB(%(region)s), covered.geom)) AS part
            """,
        )
        ours = zjk_gis.coverage_gaps(city.region, city.zones, min_width_m=0, min_area_m2=0)
        assert sorted(ours["area_m2"]) == pytest.approx(
            sorted(area for (area,) in theirs), rel=1e-6, abs=1e-9
        )

    def test_overlaps(self, city, postgis):
        """PostGIS has the hairlines of borders that do not match among them: we are told to keep them."""
        theirs = self.ask(
            postgis,
            city,
            """
            SELECT a.code, b.code, ST_Area(ST_Intersection(a.geom, b.geom)) FROM zones a, zones b
            WHERE a.code < b.code AND ST_Relate(a.geom, b.geom, 'T********')
            """,
        )
        ours = zjk_gis.overlapping_zones(city.zones, min_width_m=0, min_area_m2=0)
        assert {(row.first_code, row.second_code): row.area_m2 for row in ours.itertuples()} == {
            (a, b): pytest.approx(area, rel=1e-6, abs=1e-9) for a, b, area in theirs
        }


def test_geoplanar_finds_the_same_gaps_and_more(city):
    """geoplanar knows no region and takes every face without a zone for a gap, hairlines too.

    What it calls overlaps are the pairs of which neither is inside the other: nested zones are left out.
    """
    geoplanar = pytest.importorskip("geoplanar")
    inner = city.zones.reset_index(drop=True)
    theirs = geoplanar.gaps(inner)
    ours = zjk_gis.coverage_gaps(city.region, inner)
    both = shapely.STRtree(np.asarray(theirs.geometry)).query(
        shapely.point_on_surface(ours.geometry.to_numpy()), predicate="within"
    )
    assert set(both[0]) == set(range(len(ours)))
    one, other = np.asarray(geoplanar.overlaps(inner))
    codes = inner["zone_code"].to_numpy()
    pairs = {tuple(sorted(pair)) for pair in zip(codes[one], codes[other], strict=True)}
    kept = zjk_gis.overlapping_zones(inner, min_width_m=0, min_area_m2=0)
    kept = kept[kept["kind"] != "nested"]
    assert pairs == set(zip(kept["first_code"], kept["second_code"], strict=True))
