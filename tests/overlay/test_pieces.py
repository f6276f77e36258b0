"""Ground cut along the borders of two versions of zones, the later computed from the earlier."""

import numpy as np
import pytest
import shapely

from zjk_gis.overlay.partition import cut_ground, held_by

X, Y = 573000, 4520000


def stars(rng, count):
    angles = np.sort(rng.uniform(0, 2 * np.pi, (count, 12)))
    reach, middle = rng.uniform(24, 60, (count, 12)), rng.uniform(0, 60, (count, 1, 2)) + (X, Y)
    shapes = shapely.polygons(np.stack([np.cos(angles), np.sin(angles)], axis=-1) * reach[..., None] + middle)
    return shapes[shapely.is_valid(shapes)]


@pytest.mark.parametrize("seed", range(40))
def test_what_each_zone_holds_is_all_of_it_where_borders_lie_on_each_other_but_for_rounding(seed):
    rng = np.random.default_rng(seed)
    first, *others = stars(rng, 6)
    later = [
        change(one, other)
        for other in others
        for change, one, other in [
            (shapely.intersection, first, other),
            (shapely.difference, other, first),
            (shapely.union, first, other),
        ]
    ]
    parts = shapely.get_parts(later)
    shapes = np.array([first, *others, *parts[(shapely.get_type_id(parts) == 3) & shapely.is_valid(parts)]])
    cut = cut_ground(shapes)
    piece, shape = held_by(cut.inner, shapes)
    held = np.bincount(shape, weights=shapely.area(cut.shapes)[piece], minlength=len(shapes))
    assert held == pytest.approx(shapely.area(shapes), abs=1e-3)


def test_of_nothing_there_are_no_pieces():
    cut = cut_ground(np.empty(0, dtype=object))
    assert (len(cut.shapes), len(cut.inner)) == (0, 0)
