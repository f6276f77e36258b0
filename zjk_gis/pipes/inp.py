"""A network for those who model hydraulics: EPANET (water, gas, heat) and SWMM (drains) input files.

We do not model. What a model needs and a survey does not have (demands, roughness, rain) is left at a default
that is written down as a comment, so that nobody takes it for a measurement.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.arguments import checked
from zjk_gis.errors import FileError, InputError
from zjk_gis.layers.catalogue import CATALOGUE, PIPELINES
from zjk_gis.layers.columns.values import converted
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.pipes.devices import devices_on
from zjk_gis.pipes.in_use import in_use
from zjk_gis.pipes.places import are_of_kinds
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Collection, Iterable, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.pipes.devices import Device, Devices
    from zjk_gis.pipes.topology import PipeNetwork

__all__ = ["write_epanet", "write_swmm"]

_VALVES, _SOURCES = CATALOGUE["valves"], CATALOGUE["supply_sources"]
_ROUGHNESS = 100.0  # Hazen-Williams, an old main
_MANNING = 0.013  # concrete, GB 50014
_LONGEST_ID = 31


@checked
def write_epanet(
    network: PipeNetwork,
    path: str | os.PathLike[str],
    *,
    kinds: str | Sequence[str] = "给水",
    sources: gpd.GeoDataFrame | None = None,
    valves: gpd.GeoDataFrame | None = None,
    within_m: float = 1.0,
    at: str | dt.date | None = None,
) -> Path:
    """Write pipes under pressure as an EPANET 2.2 input file (.inp).

    Parameters
    ----------
    network : PipeNetwork
    path : path
    kinds : str or sequence of str, default "给水"
        The kinds of pipes to write.
    sources : GeoDataFrame, optional
        Points with ``source_code``: the node of each becomes a reservoir with the head of its ground; a
        booster station (加压泵站) between two pipes whose direction is known becomes a pump.
    valves : GeoDataFrame, optional
        Points with ``valve_code``, ``valve_state`` and ``valve_kind``: a pipe with a closed valve is closed,
        one with a check valve (止回阀) has that status, a pressure-reducing valve (减压阀) becomes a PRV.
        Other open ones are not written, as EPANET has valves that control, not ones that isolate.
    within_m : float, default 1.0
        How near a source or valve that names no pipe must lie to one.
    at : date or str, optional
        The network and what stands on it as they were on this day, by ``valid_from`` and ``valid_to``; by
        default all of it.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If a kind is not known.
    FileError
        If the file cannot be written.

    Notes
    -----
    A survey knows no curve of a pump and no setting of a valve: a pump has 1 kW, a PRV stands open, and both
    say so in a comment. Pumps and check valves on pipes whose direction is not known are left out, by name in
    the title.

    Examples
    --------
    >>> import geopandas as gpd, pathlib, tempfile
    >>> from shapely import LineString
    >>> from zjk_gis.pipes import pipe_network
    >>> manholes = gpd.GeoDataFrame(
    ...     {"manhole_code": ["A", "B"]}, geometry=gpd.points_from_xy([0, 50], [0, 0]), crs=4547
    ... )
    >>> mains = gpd.GeoDataFrame(
    ...     {"pipe_code": ["P1"], "pipe_kind": "给水", "diameter_mm": 200.0},
    ...     geometry=[LineString([(0, 0), (50, 0)])],
    ...     crs=4547,
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = write_epanet(pipe_network(manholes, mains), pathlib.Path(folder, "water.inp"))
    ...     print(file.read_text(encoding="utf-8").split("[PIPES]")[1].splitlines()[2])
    P1	A	B	50.000	200	100	0	Open
    """
    network, aside = network.on(at), SetAside()
    valves, sources = (
        in_use(x, spec.name, at, aside) for x, spec in ((valves, _VALVES), (sources, _SOURCES))
    )
    mine = np.flatnonzero(are_of_kinds(network, kinds))
    among = np.zeros(len(network.graph), dtype=bool)
    among[mine] = True
    on = devices_on(network, valves, sources, among, within_m)
    nodes, node_id, edge_id = _named(network, mine)
    model = _Water(network, node_id, edge_id, on)
    level = network.nodes["ground_level_m"].fillna(0.0).to_numpy()
    diameter = _number(network, "diameter_mm", mine, 100.0)
    for e, mm in zip(mine.tolist(), diameter.tolist(), strict=True):
        model.add(e, mm, level)
    told = ["zjk_gis: geometry and topology of a survey; demands are 0, roughness is a guess"]
    told += [
        f"left out, as the direction of its pipe is not known: {code}" for code in _identifiers(on.undirected)
    ]
    inside = [n for n in nodes if n not in on.reservoirs]
    sections = [
        ("TITLE", "", told),
        (
            "JUNCTIONS",
            ";ID\tElev\tDemand",
            [f"{node_id[n]}\t{level[n]:.3f}\t0" for n in inside] + model.junctions,
        ),
        ("RESERVOIRS", ";ID\tHead", [f"{node_id[n]}\t{level[n]:.3f}" for n in nodes if n in on.reservoirs]),
        ("PIPES", ";ID\tNode1\tNode2\tLength\tDiameter\tRoughness\tMinorLoss\tStatus", model.pipes),
        ("PUMPS", ";ID\tNode1\tNode2\tParameters", model.pumps),
        ("VALVES", ";ID\tNode1\tNode2\tDiameter\tType\tSetting\tMinorLoss", model.valves),
        ("STATUS", ";ID\tStatus", model.status),
        ("OPTIONS", "", ["Units\tLPS", "Headloss\tH-W"]),
        *_places(network, nodes, node_id, mine, edge_id, model.cut),
    ]
    sections[-2][2].extend(model.coordinates)
    return _write(
        path, [each for each in sections if each[2] or each[0] not in ("PUMPS", "VALVES", "STATUS")]
    )


class _Water:
    """The rows of a model of water, pipe by pipe; one with pumps or valves in it becomes several."""

    def __init__(
        self, network: PipeNetwork, node_id: dict[int, str], edge_id: dict[int, str], on: Devices
    ) -> None:
        self.network, self.node_id, self.edge_id, self.on = network, node_id, edge_id, on
        self.inside: dict[int, list[Device]] = {}
        for each in on.inside:
            self.inside.setdefault(each.edge, []).append(each)
        self.cut = set(self.inside)
        names = _identifiers([*node_id.values(), *edge_id.values(), *(each.code for each in on.inside)])
        self.device_id = dict(zip(on.inside, names[len(names) - len(on.inside) :], strict=True))
        self.taken = set(names)
        self.pipes: list[str] = []
        self.pumps: list[str] = []
        self.valves: list[str] = []
        self.status: list[str] = []
        self.junctions: list[str] = []
        self.coordinates: list[str] = []

    def add(self, edge: int, mm: float, level: NDArray[np.float64]) -> None:
        """Write a pipe, with what stands in it."""
        tail, head = int(self.network.graph.tail[edge]), int(self.network.graph.head[edge])
        here, begun = self.node_id[tail], 0.0
        length = float(self.network.length[edge])
        for number, each in enumerate(self.inside.get(edge, []), start=1):
            name = self.device_id[each]
            before, after = (self._new(name, end) for end in "ab")
            self._pipe(edge, self._new(self.edge_id[edge], str(number)), here, before, each.along - begun, mm)
            share = each.along / length if length else 0.0
            ground = level[tail] + share * (level[head] - level[tail])
            self._place(edge, each.along, (before, after), ground)
            ends = (before, after) if each.forward else (after, before)
            if each.is_pump:
                self.pumps.append(f"{name}\t{ends[0]}\t{ends[1]}\tPOWER 1\t;its curve is not surveyed")
            else:
                self.valves.append(
                    f"{name}\t{ends[0]}\t{ends[1]}\t{mm:g}\tPRV\t0\t0\t;its setting is not surveyed"
                )
                self.status.append(f"{name}\tOpen")
            here, begun = after, each.along
        last = self.edge_id[edge]
        if edge in self.inside:
            last = self._new(last, str(len(self.inside[edge]) + 1))
        self._pipe(edge, last, here, self.node_id[head], length - begun, mm)

    def _new(self, name: str, end: str) -> str:
        """Return a name that nothing has yet: another one with an end."""
        made = name.encode()[: _LONGEST_ID - len(end) - 1].decode(errors="ignore") + f".{end}"
        while made in self.taken:
            made = self._new(name, f"{end}~")
        self.taken.add(made)
        return made

    def _pipe(self, edge: int, name: str, first: str, last: str, length: float, mm: float) -> None:
        state = "Closed" if edge in self.on.closed else "CV" if edge in self.on.checks else "Open"
        if not self.on.checks.get(edge, True):
            first, last = last, first
        row = f"{name}\t{first}\t{last}\t{max(length, 0.01):.3f}\t{mm:g}\t{_ROUGHNESS:g}\t0\t{state}"
        self.pipes.append(row)

    def _place(self, edge: int, along: float, names: tuple[str, str], ground: float) -> None:
        line = self.network.piece_shapes(np.array([edge]))[0]
        length = float(self.network.length[edge])
        at = line.interpolate(length - along if self.network.turned[edge] else along)
        for name in names:
            self.junctions.append(f"{name}\t{ground:.3f}\t0")
            self.coordinates.append(f"{name}\t{at.x:.3f}\t{at.y:.3f}")


@checked
def write_swmm(
    network: PipeNetwork,
    path: str | os.PathLike[str],
    *,
    kinds: str | Sequence[str] = "排水",
    at: str | dt.date | None = None,
) -> Path:
    """Write drains as a SWMM 5 input file (.inp), as they flow.

    Parameters
    ----------
    network : PipeNetwork
    path : path
    kinds : str or sequence of str, default "排水"
        The kinds of pipes to write.
    at : date or str, optional
        The network as it was on this day (see `PipeNetwork.on`); by default all of it.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If a kind is not known.
    FileError
        If the file cannot be written.

    Notes
    -----
    The invert of a node is the lowest level of the pipes at it, or its ground less 2 m where none is known
    (said in a comment). Every place that nothing leaves is an outfall; SWMM allows one pipe to it, so where
    several end there it becomes a junction with an outfall 0.1 m behind it.
    """
    network = network.on(at)
    mine = np.flatnonzero(are_of_kinds(network, kinds))
    nodes, node_id, edge_id = _named(network, mine)
    way = network.edge_way[mine]
    tail, head = network.graph.tail[mine], network.graph.head[mine]
    up, down = np.where(way < 0, head, tail), np.where(way < 0, tail, head)
    first, last = (_number(network, f"{end}_level_m", mine, np.nan) for end in ("from", "to"))
    at_up, at_down = np.where(way < 0, last, first), np.where(way < 0, first, last)
    ground = network.nodes["ground_level_m"].to_numpy(dtype=np.float64)
    invert = np.full(network.graph.size, np.inf)
    for node, level in ((up, at_up), (down, at_down)):
        known = np.isfinite(level)
        np.minimum.at(invert, node[known], level[known])
    guessed = ~np.isfinite(invert)
    invert = np.where(guessed, np.nan_to_num(ground - 2.0), invert)
    final = sorted(set(down.tolist()) - set(up.tolist()))
    arriving = np.bincount(down, minlength=network.graph.size)
    behind = [n for n in final if arriving[n] > 1]
    single = set(final) - set(behind)
    diameter = _number(network, "diameter_mm", mine, 300.0)

    def junction(n: int) -> str:
        depth = ground[n] - invert[n] if np.isfinite(ground[n]) else 0.0
        told = "\t;invert is a guess" if guessed[n] else ""
        return f"{node_id[n]}\t{invert[n]:.3f}\t{max(depth, 0.0):.3f}\t0\t0\t0{told}"

    conduits = [
        f"{edge_id[e]}\t{node_id[a]}\t{node_id[b]}\t{max(network.length[e], 0.01):.3f}\t{_MANNING}\t"
        f"{_offset(la, invert[a]):.3f}\t{_offset(lb, invert[b]):.3f}\t0\t0"
        for e, a, b, la, lb in zip(
            mine.tolist(), up.tolist(), down.tolist(), at_up.tolist(), at_down.tolist(), strict=True
        )
    ]
    conduits += [
        f"out_{node_id[n]}\t{node_id[n]}\tend_{node_id[n]}\t0.100\t{_MANNING}\t0\t0\t0\t0" for n in behind
    ]
    shapes = [
        f"{edge_id[e]}\tCIRCULAR\t{mm / 1000:.3f}\t0\t0\t0\t1"
        for e, mm in zip(mine.tolist(), diameter.tolist(), strict=True)
    ]
    shapes += [f"out_{node_id[n]}\tCIRCULAR\t1.000\t0\t0\t0\t1" for n in behind]
    sections = [
        ("TITLE", "", ["zjk_gis: geometry and topology of a survey; no rain, no inflow"]),
        ("OPTIONS", "", ["FLOW_UNITS\tCMS", "LINK_OFFSETS\tDEPTH", "FLOW_ROUTING\tDYNWAVE"]),
        (
            "JUNCTIONS",
            ";;Name\tElevation\tMaxDepth\tInitDepth\tSurDepth\tAponded",
            [junction(n) for n in nodes if n not in single],
        ),
        (
            "OUTFALLS",
            ";;Name\tElevation\tType",
            [f"{node_id[n]}\t{invert[n]:.3f}\tFREE" for n in sorted(single)]
            + [f"end_{node_id[n]}\t{invert[n]:.3f}\tFREE" for n in behind],
        ),
        (
            "CONDUITS",
            ";;Name\tFrom\tTo\tLength\tRoughness\tInOffset\tOutOffset\tInitFlow\tMaxFlow",
            conduits,
        ),
        ("XSECTIONS", ";;Link\tShape\tGeom1\tGeom2\tGeom3\tGeom4\tBarrels", shapes),
        *_places(network, nodes, node_id, mine, edge_id),
    ]
    return _write(path, sections)


def _offset(level: float, invert: float) -> float:
    return max(level - invert, 0.0) if np.isfinite(level) else 0.0


def _named(
    network: PipeNetwork, edges: NDArray[np.int64]
) -> tuple[list[int], dict[int, str], dict[int, str]]:
    """Return the nodes of some edges, and an ID for each node and edge: its code as the format takes it."""
    nodes = np.unique(np.concatenate([network.graph.tail[edges], network.graph.head[edges]])).tolist()
    codes = [network.node_codes[n] or f"node{n}" for n in nodes]
    pieces = np.bincount(network.edge_pipe, minlength=len(network))
    names = []
    for edge in edges.tolist():
        pipe = network.edge_pipe[edge]
        number = edge - int(np.searchsorted(network.edge_pipe, pipe)) + 1
        names.append(f"{network.pipe_codes[pipe]}{f'-{number}' if pieces[pipe] > 1 else ''}")
    return (
        nodes,
        dict(zip(nodes, _identifiers(codes), strict=True)),
        dict(zip(edges.tolist(), _identifiers(names), strict=True)),
    )


def _identifiers(names: Iterable[str]) -> list[str]:
    """Return names as the formats take them: no blanks, quotes or semicolons, 31 bytes, none twice."""
    taken: set[str] = set()
    found = []
    for name in names:
        plain = re.sub(r'[\s;"\[\]]', "_", str(name)).encode()[:_LONGEST_ID].decode(errors="ignore") or "x"
        unique, number = plain, 1
        while unique in taken:
            number += 1
            end = f"~{number}"
            unique = plain.encode()[: _LONGEST_ID - len(end)].decode(errors="ignore") + end
        taken.add(unique)
        found.append(unique)
    return found


def _number(
    network: PipeNetwork, name: str, edges: NDArray[np.int64], otherwise: float
) -> NDArray[np.float64]:
    """Return a number of the pipe of each edge."""
    if name not in network.pipelines:
        return np.full(len(edges), otherwise)
    values = converted(network.pipelines[name], PIPELINES.field(name))[0]
    number = values.to_numpy(dtype=np.float64, na_value=np.nan)[network.edge_pipe[edges]]
    return np.where(np.isfinite(number), number, otherwise)


def _places(
    network: PipeNetwork,
    nodes: list[int],
    node_id: dict[int, str],
    edges: NDArray[np.int64],
    edge_id: dict[int, str],
    cut: Collection[int] = (),
) -> list[tuple[str, str, list[str]]]:
    """Return where nodes lie, and the bends of pipes between them, but of those that are cut."""
    import shapely

    at = shapely.get_coordinates(network.nodes.geometry.to_numpy())
    bends = []
    for edge, line in zip(edges.tolist(), network.piece_shapes(edges), strict=True):
        inner = shapely.get_coordinates(line)[1:-1] if edge not in cut else np.empty((0, 2))
        if network.turned[edge]:
            inner = inner[::-1]
        bends += [f"{edge_id[edge]}\t{x:.3f}\t{y:.3f}" for x, y in inner.tolist()]
    return [
        ("COORDINATES", ";Node\tX\tY", [f"{node_id[n]}\t{at[n, 0]:.3f}\t{at[n, 1]:.3f}" for n in nodes]),
        ("VERTICES", ";Link\tX\tY", bends),
    ]


def _write(path: str | os.PathLike[str], sections: list[tuple[str, str, list[str]]]) -> Path:
    """Write sections; the file appears under its name only when it is whole."""
    target = Path(path)
    if target.suffix.lower() != ".inp":
        raise InputError(tr("{path}: name a file that ends in .inp", path=target))
    text = ""
    for name, head, rows in sections:
        text += f"[{name}]\n" + (f"{head}\n" if head else "") + "".join(f"{row}\n" for row in rows) + "\n"
    try:
        with tempfile.NamedTemporaryFile(
            "w", dir=target.parent, prefix=f".{target.name}.", delete=False, encoding="utf-8", newline="\n"
        ) as file:
            file.write(text + "[END]\n")
        Path(file.name).replace(target)
    except OSError as error:
        raise FileError(
            tr("{path}: cannot be written ({value})", path=target, value=error.strerror or error)
        ) from error
    return target
