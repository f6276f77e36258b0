"""Valves on a network: where each stands, and the pieces that they cut pipes into."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.columns.values import code_text, coded, converted
from zjk_gis.layers.metric import ready
from zjk_gis.networks import Pieces, cut_at
from zjk_gis.pipes.places import Placed, of_class, placed_on
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.layers.spec import LayerSpec
    from zjk_gis.pipes.topology import PipeNetwork

__all__ = ["VALVES", "Valved", "codes_of", "concerned", "cut_at_valves", "left_out_of"]

VALVES = CATALOGUE["valves"]
# A check valve stops flow one way only, and air, drain and pressure valves are not there to shut a pipe off.
_SHUTS_NOT = ("止回阀", "减压阀", "排气阀", "泄水阀")


@dataclass
class Valved:
    """A network cut at its valves.

    Attributes
    ----------
    rows : GeoDataFrame
        The valves that count.
    pieces : Pieces
    is_open, is_stuck : ndarray of bool
        Of valves.
    left_out : list of dict
    """

    rows: gpd.GeoDataFrame
    pieces: Pieces
    is_open: NDArray[np.bool_]
    is_stuck: NDArray[np.bool_]
    left_out: list[dict[str, Any]] = field(default_factory=list)

    def pieces_at(self, edge: NDArray[np.int64], along: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the vertex of the piece that each place lies on; -1 where there is no place."""
        first = np.searchsorted(self.pieces.edge, np.maximum(edge, 0))
        last = np.searchsorted(self.pieces.edge, np.maximum(edge, 0), side="right") - 1
        at = first.copy()
        while True:  # as many rounds as valves stand on one edge
            on = (at < last) & (along > self.pieces.ends[at])
            if not on.any():
                break
            at[on] += 1
        return np.where(edge >= 0, self.pieces.nodes + at, -1)


def cut_at_valves(
    network: PipeNetwork,
    valves: gpd.GeoDataFrame,
    inoperable: Sequence[str],
    within_m: float,
    among: NDArray[np.bool_] | None = None,
) -> Valved:
    """Cut the network at the valves that count."""
    rows, _ = concerned(network, valves, VALVES, among)
    codes = codes_of(rows, VALVES.code)
    strange = [code for code in inoperable if code not in set(codes.tolist())]
    if strange or isinstance(inoperable, str):
        raise InputError(
            tr(
                "inoperable: there is no valve {code}; give a list of codes of valves",
                code=inoperable if isinstance(inoperable, str) else strange[0],
            )
        )
    counts = np.ones(len(rows), dtype=bool)
    if "valve_kind" in rows:
        kinds, _ = coded(rows, VALVES.field("valve_kind"), "valves")
        counts = ~kinds.isin(_SHUTS_NOT).to_numpy(dtype=bool)
    placed = placed_on(network, rows, "valves", within_m=within_m, apart=True, among=among)
    left_out = [
        {"layer": "valves", "row": row, "code": code, "why": "does_not_shut"}
        for row, code in zip(rows.index[~counts], codes[~counts], strict=True)
    ]
    left_out += left_out_of(rows, codes, placed, "valves", counts)
    counts &= placed.edge >= 0
    rows, codes = rows[counts], codes[counts]
    is_open = np.ones(len(rows), dtype=bool)
    if "valve_state" in rows:
        is_open = (coded(rows, VALVES.field("valve_state"), "valves")[0] != "关").to_numpy(dtype=bool)
    stuck = np.isin(codes.astype(str), list(inoperable))
    if "is_operable" in rows:
        works, _ = converted(rows["is_operable"], VALVES.field("is_operable"))
        stuck |= ~works.fillna(value=True).to_numpy(dtype=bool)
    pieces = cut_at(network.graph, network.length, placed.edge[counts], placed.along[counts])
    return Valved(rows, pieces, is_open, stuck, left_out)


def left_out_of(
    rows: gpd.GeoDataFrame,
    codes: NDArray[np.object_],
    placed: Placed,
    layer: str,
    counts: NDArray[np.bool_] | None = None,
) -> list[dict[str, Any]]:
    """Return the rows that stand nowhere, each with the reason; of those that count."""
    lost = placed.edge < 0 if counts is None else (placed.edge < 0) & counts
    return [
        {"layer": layer, "row": rows.index[at], "code": codes[at], "why": str(placed.why[at])}
        for at in np.flatnonzero(lost).tolist()
    ]


def concerned(
    network: PipeNetwork, layer: gpd.GeoDataFrame, spec: LayerSpec, among: NDArray[np.bool_] | None
) -> tuple[gpd.GeoDataFrame, NDArray[np.int64]]:
    """Return the rows of a layer in metres, without those of another class of pipes; and their positions."""
    rows = ready(layer, spec.name, kind="point", code=spec.code, crs=network.crs)
    if among is None or "pipe_kind" not in rows:
        return rows, np.arange(len(rows))
    kinds, _ = coded(rows, spec.field("pipe_kind"), spec.name)
    there = network.edge_pipe[among]
    fits = {kind: bool(of_class(network, kind)[there].any()) for kind in kinds.dropna().unique()}
    kept = kinds.map(fits).fillna(value=True).to_numpy(dtype=bool)
    return rows[kept], np.flatnonzero(kept)


def codes_of(rows: gpd.GeoDataFrame, column: str) -> NDArray[np.object_]:
    """Return the codes of rows as text."""
    return np.asarray(code_text(rows[column]), dtype=object)
