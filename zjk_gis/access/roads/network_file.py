"""A road network as one flat file, and back: every number is looked at before it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.access.roads.barriers import Barriers
from zjk_gis.access.roads.junctions import Meetings
from zjk_gis.errors import FileError
from zjk_gis.index.flatfile import packed, read_arrays, unpacked, write_arrays
from zjk_gis.networks import Graph
from zjk_gis.words import tr

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["read_network", "write_network"]

_KIND = "road network"
_OF_EDGES = {
    "tail": np.int32,
    "head": np.int32,
    "length_m": np.float64,
    "row": np.int64,
    "from_m": np.float64,
    "level": np.float64,
    "is_bridge": np.bool_,
    "one_way": np.int8,
    "on_foot": np.bool_,
    "width_m": np.float64,
}
_NAMES = ("edge_code", "road_code", "road_name", "road_class")
_OF_MEETINGS = {"first": np.int64, "second": np.int64, "x": np.float64, "y": np.float64, "gap_m": np.float64}
_WORDS = {
    "kind": ("end_gap", "crossing", "end_below", "common_vertex", "double_line", "barrier"),
    "decision": ("joined", "apart", "left_open", "passable"),
    "reason": (
        "within_tolerance", "same_level", "levels_differ", "level_unknown", "asked_for", "drawn_twice",
        "not_a_bridge",
    ),
}  # fmt: skip


def write_network(network: Any, path: Path) -> Path:
    """Write a `RoadNetwork`, whose module imports this one."""
    arrays: dict[str, NDArray[Any]] = {"node_xy": network.node_xy, "coords": network.coords}
    arrays["starts"] = network.starts
    for name in _OF_EDGES:
        arrays[name] = getattr(network.graph if name in ("tail", "head") else network, name)
    arrays |= {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    for name in ("tail", "head"):
        arrays[name] = arrays[name].astype(np.int64)  # the flat file knows no other whole numbers
    for name in _NAMES:
        arrays |= packed(name, (str(each).encode() for each in network.names[name].tolist()))
    for name in ("areas", "lines"):
        shapes = getattr(network.barriers, name)
        arrays |= packed(f"barrier_{name}", map(bytes, shapely.to_wkb(shapes)))
    met = network.meetings
    arrays |= {f"met_{name}": getattr(met, name) for name in _OF_MEETINGS}
    for name, words in _WORDS.items():
        number = {word: at for at, word in enumerate(words)}
        codes = [number[word] for word in getattr(met, name).tolist()]
        arrays[f"met_{name}"] = np.array(codes, np.uint8)
    aside = [{key: str(value) for key, value in row.items()} for row in network.set_aside]
    return write_arrays(path, _KIND, arrays, {"crs": network.crs.to_wkt(), "set_aside": aside})


def read_network(path: Path) -> dict[str, Any]:
    """Read the attributes of a network; refuse a file that does not hold one, whatever its checksums say."""
    arrays, about = read_arrays(path, _KIND)
    try:
        return _put_together(arrays, about)
    except (KeyError, TypeError, ValueError, IndexError, shapely.GEOSException) as error:
        raise FileError(
            tr("{path}: does not hold a road network ({why}); save it again", path=path, why=error)
        ) from error


def _put_together(arrays: dict[str, NDArray[Any]], about: dict[str, Any]) -> dict[str, Any]:
    from pyproj import CRS

    nodes, coords, starts = arrays["node_xy"], arrays["coords"], arrays["starts"]
    for name, array in (("node_xy", nodes), ("coords", coords)):
        _require(array.dtype == np.float64 and array.ndim == 2 and array.shape[1] == 2, name)
        _require(bool(np.isfinite(array).all()), name)
    size = len(arrays["tail"])
    _require(starts.dtype == np.int64 and starts.shape == (size + 1,), "starts")
    _require(starts[0] == 0 and starts[-1] == len(coords) and bool((np.diff(starts) >= 2).all()), "starts")
    edge: dict[str, NDArray[Any]] = {}
    for name, dtype in _OF_EDGES.items():
        stored = np.int64 if dtype is np.int32 else dtype
        _require(arrays[name].dtype == stored and arrays[name].shape == (size,), name)
        edge[name] = arrays[name]
    names = {name: np.array([each.decode() for each in unpacked(arrays, name)], object) for name in _NAMES}
    rows = len(names["edge_code"])
    _require(all(len(each) == rows for each in names.values()), "edge_code")
    _require(_within(edge["row"], 0, rows) and _within(edge["one_way"], -1, 2), "row")
    _require(bool((edge["length_m"] > 0).all() and np.isfinite(edge["length_m"]).all()), "length_m")
    _require(_within(edge["tail"], 0, len(nodes)) and _within(edge["head"], 0, len(nodes)), "tail")
    shapes = {name: shapely.from_wkb(unpacked(arrays, f"barrier_{name}")) for name in ("areas", "lines")}
    _require(bool((shapely.get_type_id(shapes["areas"]) == shapely.GeometryType.POLYGON).all()), "barriers")
    _require(
        bool((shapely.get_type_id(shapes["lines"]) == shapely.GeometryType.LINESTRING).all()), "barriers"
    )
    _require(all(bool(shapely.is_valid(each).all()) for each in shapes.values()), "barriers")
    barriers = (np.asarray(shapes[name], dtype=object).reshape(-1) for name in ("areas", "lines"))
    return {
        "crs": CRS.from_wkt(about["crs"]),
        "graph": Graph.of(len(nodes), edge.pop("tail"), edge.pop("head")),
        "node_xy": nodes,
        "coords": coords,
        "starts": starts,
        "names": names,
        "barriers": Barriers(*barriers),
        "meetings": _meetings(arrays, rows),
        "set_aside": [dict(each) for each in about["set_aside"]],
        **edge,
    }


def _meetings(arrays: dict[str, NDArray[Any]], rows: int) -> Meetings:
    size = len(arrays["met_first"])
    found: dict[str, NDArray[Any]] = {}
    for name, dtype in _OF_MEETINGS.items():
        found[name] = arrays[f"met_{name}"]
        _require(found[name].dtype == dtype and found[name].shape == (size,), name)
    _require(_within(found["first"], 0, rows) and _within(found["second"], -1, rows), "report")
    for name, words in _WORDS.items():
        codes = arrays[f"met_{name}"]
        _require(codes.dtype == np.uint8 and codes.shape == (size,) and _within(codes, 0, len(words)), name)
        found[name] = np.array(words)[codes]
    return Meetings(**found)


def _within(values: NDArray[Any], least: int, below: int) -> bool:
    return not len(values) or bool(values.min() >= least and values.max() < below)


def _require(fine: bool, name: str) -> None:
    if not fine:
        raise ValueError(name)
