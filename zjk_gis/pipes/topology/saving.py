"""A network as arrays and facts in a flat file, and back again.

A file may come from anywhere and its checksums be right for anything: on the way back every number is looked
at before it is used.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.errors import FileError
from zjk_gis.index.coded import Coded
from zjk_gis.index.flatfile import packed, read_arrays, unpacked, write_arrays
from zjk_gis.layers.catalogue import PIPELINES
from zjk_gis.layers.columns.values import as_text
from zjk_gis.networks import Graph
from zjk_gis.pipes.topology.direction import DIRECTIONS, Direction
from zjk_gis.pipes.topology.joining import HOW, REMARKS, Ends
from zjk_gis.pipes.topology.splitting import Cuts
from zjk_gis.words import tr

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray


__all__ = ["load_parts", "save_network"]

_KIND = "pipe network"
_NODE_TEXTS = ("node_code", "well_number", "map_number", "pipe_kind", "layer")
_NUMBERS = tuple(field.name for field in PIPELINES.fields if field.dtype in ("number", "integer"))
_TEXTS = tuple(field.name for field in PIPELINES.fields if field.name not in _NUMBERS)


def save_network(network: Any, path: str | os.PathLike[str]) -> Path:
    """Write a network; see `PipeNetwork.save`."""
    pipes, nodes = network.pipelines, network.nodes
    lines = np.asarray(pipes.geometry.to_numpy())
    coords, of_line = shapely.get_coordinates(lines, return_index=True)
    texts = {f"pipe_{name}": pipes[name] for name in _TEXTS if name in pipes}
    texts |= {f"node_{name}": nodes[name] for name in _NODE_TEXTS}
    texts |= {"kind": pd.Series(network.kind)}
    numbers = {name: pd.to_numeric(pipes[name], errors="coerce") for name in _NUMBERS if name in pipes}
    ends, way = network.ends, network.direction
    arrays: dict[str, NDArray[Any]] = {
        "coords": coords,
        "line": of_line.astype(np.int32),
        "node_at": shapely.get_coordinates(nodes.geometry.to_numpy()),
        "ground": nodes["ground_level_m"].to_numpy(dtype=np.float64),
        "tail": network.graph.tail,
        "head": network.graph.head,
        "edge_pipe": network.edge_pipe,
        "begins": network.begins,
        "stops": network.stops,
        "way": np.stack([way.way, way.source, way.flow, way.levels]),
        "cut_at": np.stack([network.cuts.pipe, network.cuts.node]),
        "cut_m": np.stack([network.cuts.along, network.cuts.distance]),
        "end_at": ends.place,
        "end_node": np.stack([ends.node, ends.near, ends.group]),
        "end_how": np.stack([ends.how, ends.remark]),
        "end_m": ends.distance,
        "backwards": ends.backwards,
    }
    arrays |= {
        f"number_{name}": values.to_numpy(dtype=np.float64, na_value=np.nan)
        for name, values in numbers.items()
    }
    for name, values in texts.items():
        arrays |= _as_arrays(name, values)
    about = {
        "crs": network.crs.to_wkt(),
        "within_m": network.within_m,
        "twins": network.twins,
        "set_aside": [{**row, "row": str(row["row"])} for row in network.set_aside],
        "index": json.loads(json.dumps(pipes.index.tolist(), default=str)),
        "rows": json.loads(json.dumps(nodes["row"].where(nodes["row"].notna(), None).tolist(), default=str)),
        "texts": sorted(texts),
    }
    return write_arrays(Path(path), _KIND, arrays, about)


def load_parts(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what a network is made of; see `PipeNetwork.load`."""
    arrays, about = read_arrays(path, _KIND)
    try:
        return _put_together(arrays, about)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise FileError(
            tr("{path}: is damaged ({error}); make the network again and save it", path=path, error=error)
        ) from error


def _put_together(arrays: dict[str, NDArray[Any]], about: dict[str, Any]) -> dict[str, Any]:
    from pyproj import CRS

    crs = CRS.from_wkt(about["crs"])
    pipes, nodes, edges = len(about["index"]), len(arrays["node_at"]), len(arrays["tail"])
    texts = {name: _texts(arrays, name) for name in about["texts"]}
    line = _whole(arrays["line"], len(arrays["coords"]), pipes)
    if len(np.unique(line)) != pipes or (np.diff(line) < 0).any() or np.bincount(line).min() < 2:
        raise ValueError(tr("its lines are not lines"))
    lines = shapely.linestrings(_real(arrays["coords"], (len(line), 2)), indices=line)
    rows: dict[str, Any] = {
        name.removeprefix("pipe_"): values for name, values in texts.items() if name.startswith("pipe_")
    }
    rows |= {
        name.removeprefix("number_"): _real(arrays[name], (pipes,), finite=False)
        for name in arrays
        if name.startswith("number_")
    }
    order = [field.name for field in PIPELINES.fields if field.name in rows]
    table = pd.DataFrame(rows, index=pd.Index(about["index"]))[order]
    of_nodes: dict[str, Any] = {name: texts[f"node_{name}"] for name in _NODE_TEXTS}
    of_nodes |= {"ground_level_m": _real(arrays["ground"], (nodes,), finite=False), "row": about["rows"]}
    way, end_node, how = arrays["way"], arrays["end_node"], arrays["end_how"]
    for each, least, most in ((way[0], -1, 1), (way[1], -1, len(DIRECTIONS) - 1), (how[0], 0, len(HOW) - 1),
                              (how[1], 0, len(REMARKS) - 1)):  # fmt: skip
        if each.min() < least or each.max() > most:
            raise ValueError(tr("a number stands for nothing"))
    _whole(end_node[0], 2 * pipes, nodes)
    _whole(end_node[1] + 1, 2 * pipes, nodes + 1)
    edge_pipe = _whole(arrays["edge_pipe"], edges, pipes)
    if (np.diff(edge_pipe) < 0).any():
        raise ValueError(tr("its pieces are not in the order of its pipes"))
    cuts = arrays["cut_at"]
    _whole(cuts[0], len(cuts[0]), pipes)
    _whole(cuts[1], len(cuts[0]), nodes)
    return {
        "nodes": gpd.GeoDataFrame(
            of_nodes, geometry=shapely.points(_real(arrays["node_at"], (nodes, 2))), crs=crs
        ),
        "pipelines": gpd.GeoDataFrame(table, geometry=lines, crs=crs),
        "kind": texts["kind"].fillna("").to_numpy(dtype=object),
        "graph": Graph.of(nodes, arrays["tail"], arrays["head"]),
        "edge_pipe": edge_pipe,
        "begins": _real(arrays["begins"], (edges,)),
        "stops": _real(arrays["stops"], (edges,)),
        "ends": Ends(
            _real(arrays["end_at"], (2 * pipes, 2)),
            end_node[2],
            end_node[0],
            how[0],
            how[1],
            _real(arrays["end_m"], (2 * pipes,), finite=False),
            end_node[1],
            arrays["backwards"],
        ),
        "cuts": Cuts(cuts[0], cuts[1], *_real(arrays["cut_m"], (2, len(cuts[0])))),
        "direction": Direction(*way),
        "within_m": float(about["within_m"]),
        "twins": int(about["twins"]),
        "set_aside": list(about["set_aside"]),
    }


def _as_arrays(name: str, values: pd.Series) -> dict[str, NDArray[Any]]:
    """Return a column of text as numbers of its words, and the words one behind the other."""
    coded = Coded.of(as_text(values))
    words = packed(f"words_{name}", (str(word).encode() for word in coded.words.tolist()))
    return {f"text_{name}": coded.codes, **words}


def _texts(arrays: dict[str, NDArray[Any]], name: str) -> pd.Series:
    words = [word.decode() for word in unpacked(arrays, f"words_{name}")]
    codes = _whole(arrays[f"text_{name}"] + 1, len(arrays[f"text_{name}"]), len(words) + 1)
    return pd.Series(pd.array([None, *words], dtype="str").take(codes))


def _whole(values: NDArray[Any], size: int, below: int) -> NDArray[Any]:
    """Return whole numbers from 0 to a limit, after looking at them."""
    if values.shape != (size,) or values.dtype.kind != "i":
        raise ValueError(tr("an array is of another size"))
    if size and (values.min() < 0 or values.max() >= below):
        raise ValueError(tr("a number stands for nothing"))
    return values


def _real(values: NDArray[Any], shape: tuple[int, ...], *, finite: bool = True) -> NDArray[Any]:
    if values.shape != shape or values.dtype != np.float64:
        raise ValueError(tr("an array is of another size"))
    if finite and not np.isfinite(values).all():
        raise ValueError(tr("a number is not finite"))
    return values
