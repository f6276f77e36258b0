"""Loads index files in which something is false and every checksum right; run by itself, as it may crash.

Each line of output names one file and says whether it was refused, or loaded and asked.
"""

import sys
import warnings
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
from shapely import LineString, MultiLineString, Point, Polygon, box

from zjk_gis import ZoneIndex, assign_incidents, explain_incident
from zjk_gis.errors import FileError
from zjk_gis.index import SectionIndex
from zjk_gis.index.flatfile import read_arrays, write_arrays

EAST, NORTH = 573_000.0, 4_520_000.0
GEOMETRY = ("coords", "ring_", "part_", "words ", "cell", "record", "offsets", "members", "blocks", "place")
ODD = (0, 1, 2, 3, 30, 31, 2**16, 2**20 + 1, 2**31 - 1, 2**40, -1, -(2**31), 2**62)


def wedges(east):
    angles = np.linspace(0, 2 * np.pi, 61)
    tips = [(east + 100 * np.cos(a), NORTH + 100 * np.sin(a)) for a in angles]
    return [Polygon([(east, NORTH), one, two]) for one, two in pairwise(tips)]


def make_index():
    """Two fans of 60 wedges, whose tips are blocks in a block, and 40 squares one upon another, all named."""
    fan = [wedge for east in (EAST, EAST + 2) for wedge in wedges(east)]
    pile = [box(EAST + 200 + k, NORTH + k, EAST + 300 + k, NORTH + 100 + k) for k in range(40)]
    shapes = [*fan, *pile]
    columns = {
        "zone_code": [f"格{k}" for k in range(len(shapes))],
        "chief_name": [None, *["李明"] * (len(shapes) - 1)],
        "priority": [k % 3 for k in range(len(shapes))],
        "valid_from": ["2024-01-01"] * len(shapes),
    }
    return ZoneIndex.build(gpd.GeoDataFrame(columns, geometry=shapes, crs=4547))


def make_sections():
    """30 streets, one of two parts, some of which answer for one side."""
    lines = [LineString([(EAST + 10 * k, NORTH), (EAST + 10 * k + 5, NORTH + 300)]) for k in range(29)]
    lines.append(
        MultiLineString([[(EAST, NORTH), (EAST + 9, NORTH)], [(EAST + 11, NORTH), (EAST + 20, NORTH)]])
    )
    columns = {"section_code": [f"路{k}" for k in range(30)], "side": ["左侧", "右侧", None] * 10}
    return SectionIndex.build(gpd.GeoDataFrame(columns, geometry=lines, crs=4547))


def assign(index):
    """Have an index answer as a plan asks it; with those of its words that stand for what nobody is."""
    places = [Point(EAST + 50, NORTH + 20), Point(EAST + 250, NORTH + 50), None]
    points = gpd.GeoDataFrame({"occurred_at": ["2025-03-01"] * 3}, geometry=places, crs=4547)
    assert len(assign_incidents(points, index, even_if_off=True)) == 3
    explain_incident(points[:1], index).text()


def ask_sections(index, changed=""):
    """Ask everything that reads the arrays of lines, little by little and at once."""
    side = np.linspace(-50, 400, 160)
    x, y = (each.ravel() for each in np.meshgrid(EAST + side, NORTH + side))
    for size in (10, len(x)):
        found = index.nearest(x[:size], y[:size], within_m=60)
        assert found.row.min() >= -1
        assert found.row.max() < 30
    if index.code is not None and not changed.startswith(GEOMETRY):
        assign(index)


def ask(index, changed=""):
    """Ask everything that reads the arrays; no answer may name a zone that is not there."""
    side = np.linspace(-50, 400, 120)
    x, y = (each.ravel() for each in np.meshgrid(EAST + side, NORTH + side))
    x = np.concatenate([x, [EAST, np.nan, np.inf, -1e300, 1e300]])
    y = np.concatenate([y, [NORTH, 0.0, -np.inf, 1e300, 0.0]])
    found = index.locate(x, y, border_within_m=1.0, accuracy_m=2.0)
    offsets, rows = index.candidates(x, y)
    near, _ = index.nearest(x[:2000], y[:2000], within_m=100)
    assert offsets[-1] == len(rows)
    for each in (found.row, rows, near):
        assert each.min(initial=0) >= -1
        assert each.max(initial=0) < (1 << 26)
    if index.code is not None and not changed.startswith(GEOMETRY):
        assign(index)


def damages(arrays, about, rng):
    """Yield (name, arrays, about), each false in one thing."""
    for name, array in arrays.items():
        for value in ODD:
            odd = np.array([value]).astype(array.dtype)[0]
            places = {"all": slice(None), "first": 0, "last": -1, "middle": array.size // 2}
            places |= {f"at {at}": at for at in rng.integers(0, array.size, 4).tolist()}
            for where, at in places.items():
                changed = array.copy()
                changed.reshape(-1)[at] = odd
                yield f"{name} {where} = {value}", arrays | {name: changed}, about
        yield f"{name} too short", arrays | {name: array[: len(array) // 2].copy()}, about
        yield f"{name} empty", arrays | {name: array[:0].copy()}, about
        yield f"{name} another type", arrays | {name: array.astype(np.float32)}, about
        yield f"{name} another shape", arrays | {name: array.reshape(1, -1).copy()}, about
        yield f"{name} missing", {key: each for key, each in arrays.items() if key != name}, about
    if "words" in arrays:
        yield from damaged_grids(arrays, about, rng)
    for key in about:
        for value in (None, 0, -1, 1, 2**40, 10**30, 1.5, float("nan"), "x", [], [0.0] * 4, [2**40], {}):
            yield f"about {key} = {value!r}", arrays, about | {key: value}
    for key, value in {"number": "x", "covered": float("inf"), "left_out": [], "word": 1}.items():
        levels = {"number": 2, "word": "2", "left_out": 1, "covered": 0.5, "without": ""} | {key: value}
        yield f"levels {key}", arrays, about | {"levels": levels}
    for policy in (
        [[], 1, []],
        [["x"], "priority", []],
        [["lowest_code"] * 2, "priority", []],
        [1, 2],
        "xyz",
    ):
        yield f"policy {policy}", arrays, about | {"policy": policy}
    yield "a column twice", arrays, about | {"told": [*about["carried"], *about["told"]]}


def damaged_grids(arrays, about, rng):
    """Yield the same for the words to which cells lead, and the place of the grid."""
    words = arrays["words"]
    led = np.flatnonzero(words[: about["nx"] * about["ny"]] & 3)
    for at in rng.choice(led, 60).tolist():  # the record or block to which a cell leads
        for value in (3, (len(words) - 20) << 2 | 1, (1 << 30) - 1 << 2 | 1, 2, 5 << 2 | 2, 900 << 2):
            changed = words.copy()
            changed[at] = value
            yield f"cell {at} = {value}", arrays | {"words": changed}, about
        for step in range(12):
            changed = words.copy()
            changed[min((words[at] >> 2) + step, len(words) - 1)] ^= np.uint32(1 << int(rng.integers(32)))
            yield f"record of {at}, word {step}", arrays | {"words": changed}, about
    for at in range(4):
        for value in (0.0, -1.0, 1e300, 1e-300, float("inf"), "x"):
            place = list(about["place"])
            place[at] = value
            yield f"place {at} = {value}", arrays, about | {"place": place}


def main(folder):
    warnings.simplefilter("ignore")  # of conversions to odd values
    for made, of_kind, put in ((make_sections(), SectionIndex, ask_sections), (make_index(), ZoneIndex, ask)):
        path = Path(folder, "crafted.idx")
        arrays, about = read_arrays(made.save(path), of_kind.kind)
        arrays = {name: array.copy() for name, array in arrays.items()}
        put(of_kind.load(path))
        for name, changed, told in damages(arrays, about, np.random.default_rng(0)):
            write_arrays(path, of_kind.kind, changed, told)
            print(of_kind.kind, name, end=": ", flush=True)
            try:
                index = of_kind.load(path)
            except FileError:
                print("refused", flush=True)
                continue
            put(index, name)
            print("asked", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
