"""A section drawn on paper: pipes to scale, their net distances, and a table that hides nothing."""

import re

import geopandas as gpd
import numpy as np
import pytest
from shapely import LineString

from zjk_gis.errors import EmptyLayerError, MissingColumnError
from zjk_gis.maps import print_section
from zjk_gis.maps.printing.section import _spread
from zjk_gis.pipes import cross_section

LINE = LineString([(50, 0), (50, 20)])
PIPES = gpd.GeoDataFrame(
    {
        "pipe_code": ["W<1>", "S1", "S2", "OLD"],
        "pipe_kind": ["给水", "污水", "污水", "燃气"],
        "diameter_mm": [200, 400, 400, 100],
        "from_level_m": [700.5, 699.0, None, 700.0],
        "to_level_m": [700.5, 699.0, None, 700.0],
        "from_depth_m": [1.5, 3.0, None, 2.0],
        "to_depth_m": [1.5, 3.0, None, 2.0],
        "state": ["在用", "在用", "在用", "废弃"],
    },
    geometry=[LineString([(0, y), (100, y)]) for y in (4, 6, 10, 14)],
    crs=4547,
)


def drawn(tmp_path, pipes=PIPES, **options):
    file = print_section(cross_section(LINE, pipes), tmp_path / "s.svg", date="2026-01-01", **options)
    return file.read_text(encoding="utf-8")


def texts(svg):
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_every_pipe_has_a_label_and_a_row(tmp_path):
    told = texts(drawn(tmp_path))
    assert {"1 给水 DN200", "2 污水 DN400", "3 污水 DN400"} <= {" ".join(text.split()) for text in told}
    assert "W&lt;1&gt;" in told  # a code is text, never markup
    assert "天然气 DN100（已废弃）" in told or any("已废弃" in text for text in told)


def test_net_distances_are_from_edge_to_edge(tmp_path):
    told = texts(drawn(tmp_path))
    # Axes at 4 and 6 m, half widths of 0.1 and 0.2 m; then 6 and 10 m, both 0.2 m.
    assert told.count("1.70") == 2  # once in the chain, once in the table
    assert told.count("3.60") == 2


def test_pipes_are_round_and_to_scale(tmp_path):
    svg = drawn(tmp_path)
    scale = float(re.search(r"1:(\d+)", svg)[1])
    radii = {float(r) for r in re.findall(r"a([\d.]+) \1 0 1 0", svg)}
    for mm in (200, 400, 100):
        assert any(abs(radius - mm / 2 / scale * 100) <= 1 for radius in radii), (mm, scale, radii)


def test_a_pipe_of_unknown_depth_is_in_the_table_and_not_in_the_ground(tmp_path):
    assert texts(drawn(tmp_path)).count("不详") == 2  # its cover and its level
    assert len(re.findall(r" 0 1 0 ", drawn(tmp_path))) == 2 * 3  # three circles of two arcs each


def test_without_levels_depths_are_drawn(tmp_path):
    told = texts(drawn(tmp_path, PIPES.drop(columns=["from_level_m", "to_level_m"])))
    assert "埋深(m)" in told
    assert "0.00" in told


def test_what_cannot_be_drawn_is_refused(tmp_path):
    cut = cross_section(LINE, PIPES)
    with pytest.raises(EmptyLayerError, match="cut"):
        print_section(cut.iloc[:0], tmp_path / "s.svg")
    with pytest.raises(MissingColumnError, match="ground_m"):
        print_section(cut.drop(columns="ground_m"), tmp_path / "s.svg")


def test_png_and_pdf_are_made_too(tmp_path):
    cut = cross_section(LINE, PIPES)
    assert print_section(cut, tmp_path / "s.png", dpi=50).read_bytes()[:4] == b"\x89PNG"
    assert print_section(cut, tmp_path / "s.pdf").read_bytes()[:4] == b"%PDF"


def test_labels_lie_apart_in_their_order():
    placed = _spread(np.array([1.0, 1.0, 1.0, 50.0, 51.0]), 4.0, 0.0, 100.0)
    assert (np.diff(placed) >= 4.0 - 1e-9).all()
    assert placed.min() >= 0
    tight = _spread(np.linspace(0, 10, 30), 4.0, 0.0, 58.0)
    assert np.diff(tight) == pytest.approx(2.0)
