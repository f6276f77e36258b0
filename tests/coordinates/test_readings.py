"""In which ways a pair of numbers can be read as a position in China."""

import numpy as np
import pytest

from zjk_gis.coordinates.readings import _forms, unpacked

PLAIN = {("no_prefix", 4547), ("no_prefix", 4548)}
MERCATOR = {("web_mercator", 3857)}
DEGREES, PACKED = ("degrees", 4490), ("packed_degrees", 4490)


@pytest.mark.parametrize(
    ("east", "north", "forms"),
    [
        # an easting within 400 km of the central meridian, which has 500 km
        (99_999.5, 4.5e6, set()),
        (100_000, 4.5e6, PLAIN),
        (899_999.5, 4.5e6, PLAIN),
        (900_000, 4.5e6, set()),
        # a northing of China
        (500_000, 299_999.5, set()),
        (500_000, 300_000, PLAIN),
        (500_000, 6_099_999.5, PLAIN),
        (500_000, 6_100_000, set()),
        # the same behind a zone: of 3 degrees from 25 to 45, of 6 degrees from 13 to 23
        (38_099_999.5, 4.5e6, set()),
        (38_100_000, 4.5e6, {("zone_prefix", 4526)}),
        (38_899_999.5, 4.5e6, {("zone_prefix", 4526)}),
        (38_900_000, 4.5e6, set()),
        (38_573_300, 299_999.5, set()),
        (38_573_300, 300_000, {("zone_prefix", 4526)}),
        (38_573_300, 6_100_000, set()),
        (13_500_000, 4.5e6, MERCATOR | {("zone_prefix", 4491)}),
        (23_500_000, 4.5e6, {("zone_prefix", 4501)}),
        (24_500_000, 4.5e6, set()),
        (25_500_000, 4.5e6, {("zone_prefix", 4513)}),
        (45_500_000, 4.5e6, {("zone_prefix", 4533)}),
        (46_500_000, 4.5e6, set()),
        # Web Mercator of China
        (8_099_999.5, 7e6, set()),
        (8_100_000, 7e6, MERCATOR),
        (15_200_000, 7e6, MERCATOR),
        (15_200_000.5, 7e6, set()),
        (12_000_000, 329_999.5, set()),
        (12_000_000, 330_000, MERCATOR),
        (12_000_000, 7_200_000, MERCATOR),
        (12_000_000, 7_200_000.5, set()),
        # degrees; packed where neither minutes nor seconds are 60
        (114.88, 40.82, {DEGREES}),
        (114.5959, 40.5959, {DEGREES, PACKED}),
        (114.60, 40.10, {DEGREES}),
        (114.10, 40.60, {DEGREES}),
        (114.5960, 40.10, {DEGREES}),
        (40.82, 114.88, set()),  # the order of the axes is given
    ],
)
def test_the_forms_of_a_position(east, north, forms):
    found = _forms(np.array([east]), np.array([north]))
    assert {(kind, epsg) for kind, epsg, fits in found if fits[0]} == forms


@pytest.mark.parametrize(
    ("number", "degrees"),
    [(114.0, 114), (114.30, 114.5), (114.3036, 114.51), (114.5220, 114 + 52 / 60 + 20 / 3600)],
)
def test_packed_degrees_are_degrees_minutes_and_seconds(number, degrees):
    assert unpacked(np.array([number])).tolist() == [pytest.approx(degrees, abs=1e-9)]
