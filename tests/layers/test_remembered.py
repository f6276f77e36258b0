"""A layer asked again is compiled once, and anew as soon as anything of it is another."""

from __future__ import annotations

import gc
import weakref

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point, box

from zjk_gis import assign_incidents
from zjk_gis.index.zones import ZoneIndex
from zjk_gis.layers import remembered as room
from zjk_gis.layers.remembered import remembered


@pytest.fixture
def layer():
    return gpd.GeoDataFrame(
        {
            "zone_code": ["A", "B", "C"],
            "priority": [1, 2, 3],
            "weight": [0.0, 1.0, np.nan],
            "state": pd.Categorical(["open", "open", "shut"]),
            "mixed": pd.Series([1, "x", None], dtype=object),
        },
        geometry=[box(100 * at, 0, 100 * at + 100, 100) for at in range(3)],
        crs=4547,
    )


def _made(layer, *said):
    return remembered(layer, said, object)


def test_the_same_layer_is_compiled_once(layer):
    assert _made(layer) is _made(layer)


def test_another_option_or_another_layer_is_another_thing(layer):
    made = _made(layer, "code")
    assert _made(layer, "level") is not made
    assert _made(layer.copy(), "code") is not made
    assert _made(layer, "code") is made


def _move_in_place(layer):
    layer.geometry.array[1] = box(0, 0, 1, 1)


CHANGES = {
    "a code": lambda layer: layer.__setitem__("zone_code", ["A", "B", "D"]),
    "one cell": lambda layer: layer.loc.__setitem__((1, "priority"), 9),
    "the sign of a zero": lambda layer: layer.loc.__setitem__((0, "weight"), -0.0),
    "a number for a word": lambda layer: layer.loc.__setitem__((0, "mixed"), "1"),
    "True for 1": lambda layer: layer.loc.__setitem__((0, "mixed"), True),
    "a category": lambda layer: layer.loc.__setitem__((0, "state"), "shut"),
    "a geometry": lambda layer: layer.loc.__setitem__((1, "geometry"), box(0, 0, 1, 1)),
    "a geometry in place": _move_in_place,
    "an equal geometry": lambda layer: layer.loc.__setitem__((1, "geometry"), box(100, 0, 200, 100)),
    "a column more": lambda layer: layer.__setitem__("valid_from", "2020-01-01"),
    "a name": lambda layer: setattr(layer, "columns", ["zone_code", "urgency", *layer.columns[2:]]),
    "the labels": lambda layer: setattr(layer, "index", pd.Index([7, 8, 9])),
    "the type": lambda layer: layer.__setitem__("priority", layer["priority"].astype(float)),
    "a row more": lambda layer: layer.loc.__setitem__(3, layer.loc[0]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_changes_is_seen(layer, change):
    made = _made(layer)
    change(layer)
    assert _made(layer) is not made


def test_cells_that_could_change_unseen_are_not_kept(layer):
    layer["tags"] = [["a"], ["b"], ["c"]]
    assert _made(layer) is not _made(layer)


def test_an_index_does_not_hold_the_layer_it_is_kept_for():
    layer = gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=[box(0, 0, 100, 100)], crs=4547)
    options = {"code": "zone_code", "level": None, "policy": None, "tz": "Asia/Shanghai"}
    index = weakref.ref(ZoneIndex.of_layer(layer, "zones", **options, expected=60_000))
    assert index() is ZoneIndex.of_layer(layer, "zones", **options, expected=60_000)
    del layer
    gc.collect()
    assert index() is None


def test_few_layers_are_kept():
    layers = [gpd.GeoDataFrame({"n": [at]}, geometry=[Point(at, 0)], crs=4547) for at in range(6)]
    assert [_made(layer) for layer in layers]
    assert len(room._kept) == room._MOST
    layers.clear()
    gc.collect()
    assert not room._kept


def test_answers_follow_the_layer(layer):
    size = 60_000
    incidents = gpd.GeoDataFrame(
        geometry=gpd.points_from_xy(np.full(size, 150.0), np.full(size, 50.0)), crs=4547
    )
    assert set(assign_incidents(incidents, layer)["zone_code"]) == {"B"}
    told = assign_incidents(incidents, layer).attrs["assignment"]
    told["levels"]["word"] = "mine"
    told["steered_by"].clear()
    layer.loc[1, "zone_code"] = "Z"
    assert set(assign_incidents(incidents, layer)["zone_code"]) == {"Z"}
    layer.geometry.array[0] = box(0, 0, 200, 100)
    layer.geometry.array[1] = box(500, 0, 600, 100)
    again = assign_incidents(incidents, layer)
    assert set(again["zone_code"]) == {"A"}
    assert again.attrs["assignment"]["levels"] != told["levels"]
