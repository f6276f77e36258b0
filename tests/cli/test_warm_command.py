"""`zjk-gis warm`: the engine compiled ahead, where it can be kept."""

import pytest

from zjk_gis.engine import warming


def test_it_says_that_nothing_has_to_be_waited_for(run, monkeypatch):
    monkeypatch.setattr(warming, "GROUPS", {"points": warming.GROUPS["points"]})
    code, out, _ = run("warm", "--lang", "en")
    assert (code, out) == (0, "the engine is compiled; large questions begin at once\n")


@pytest.mark.parametrize("group", ["points", "lines"])
def test_a_group_asks_next_to_nothing(group):
    """What it compiles is what real questions ask for: afterwards they find it compiled."""
    from zjk_gis.engine.polygons.locate import locate_points
    from zjk_gis.engine.segments import _nearest

    warming.compile_group(group)
    assert {"points": locate_points, "lines": _nearest}[group].overloads
