"""Pipes under historic blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import HISTORIC_BLOCKS
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.values import as_text
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.overlay.polygons import cover_of
from zjk_gis.overlay.sharing import shared_amounts
from zjk_gis.words import tr

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["pipelines_in_core"]

_CORE = "核心保护范围"


@checked
def pipelines_in_core(
    pipelines: gpd.GeoDataFrame,
    historic_blocks: gpd.GeoDataFrame,
    *,
    min_length_m: float = 0.01,
    strict: bool = False,
) -> gpd.GeoDataFrame:
    """Find the pipes that run through the core (核心保护范围) of a historic block, and how far.

    Parameters
    ----------
    pipelines : GeoDataFrame
        Lines with ``pipe_code``.
    historic_blocks : GeoDataFrame
        Polygons with ``block_name`` and ``scope``, one of which is 核心保护范围 (also 核心区, core and
        other spellings that `zjk_gis.layers.columns.values.understood` knows).
    min_length_m : float, default 0.01
        Pipes with no more than this inside only touch the core and are left out.
    strict : bool, default False
        Refuse pipes that cannot be judged and blocks without a known scope, instead of setting them aside.

    Returns
    -------
    GeoDataFrame
        The rows of `pipelines` concerned, in their order and under their index, with

        - ``length_m`` (float64): the length inside cores, ground of several cores counted once;
        - ``block_name`` (text): the blocks, sorted, joined by ``;``.

        Columns of `pipelines` with these names are kept as ``<name>_recorded``. ``attrs["set_aside"]`` lists
        the rows that are not judged, each with ``layer``, ``row``, ``why`` and ``value``: pipes without a
        code or a sound shape, and blocks whose scope is blank or not understood.

    Raises
    ------
    MissingColumnError
        If there is no ``pipe_code``, ``scope`` or ``block_name``.
    EmptyLayerError
        If a layer has no rows.
    CRSError
        If a layer has no CRS.
    GeometryError
        If rows have no geometry, an invalid one or one of the wrong kind; the message names them.
    InputError
        If no row is a core, the length is negative, or `strict` is set and a scope is not understood.

    Notes
    -----
    GB/T 50357-2018 divides the protection scope of a block into its core and a construction control zone
    (建设控制地带), which is not asked here. A pipe along the border of a core counts as inside. Lengths are
    measured in the CRS of `pipelines` if that is metric, otherwise in the CGCS2000 3-degree zone of their
    centre.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString, box
    >>> blocks = gpd.GeoDataFrame(
    ...     {"block_name": ["张家口堡"], "scope": ["核心保护范围"]}, geometry=[box(0, 0, 100, 100)], crs=4547
    ... )
    >>> pipelines = gpd.GeoDataFrame(
    ...     {"pipe_code": ["P1", "P2"]},
    ...     geometry=[LineString([(-50, 50), (40, 50)]), LineString([(-50, 150), (40, 150)])],
    ...     crs=4547,
    ... )
    >>> pipelines_in_core(pipelines, blocks)[["pipe_code", "length_m", "block_name"]]
      pipe_code  length_m block_name
    0        P1      40.0       张家口堡
    """
    require_amounts(min_length_m=min_length_m)
    aside = SetAside(strict=strict)
    pipelines = aside.sound(pipelines, "pipelines", kind="line", filled=["pipe_code"])
    pipes = ready(pipelines, "pipelines", kind="line", code="pipe_code")
    blocks = ready(historic_blocks, "historic_blocks", kind="polygon", crs=pipes.crs)
    require_columns(blocks, "historic_blocks", "scope", "block_name")
    cores = _cores(blocks, aside)

    lines, shapes = pipes.geometry.to_numpy(), cores.geometry.to_numpy()
    shared = shared_amounts(lines, shapes)
    inside = shared.amount > min_length_m
    line, core = shared.shape[inside], shared.area[inside]
    names: dict[int, set[str]] = {}
    blocks_named = cores["block_name"].astype(object).where(cores["block_name"].notna(), "").astype(str)
    for position, name in zip(line.tolist(), blocks_named.to_numpy()[core], strict=True):
        names.setdefault(position, set()).add(name)
    positions = np.array(sorted(names), dtype=np.intp)
    length = shapely.length(shapely.intersection(lines[positions], cover_of(shapes)))
    rows = pipelines.iloc[positions]
    found = [";".join(sorted(names[position])) for position in positions.tolist()]
    answers = {"length_m": length, "block_name": pd.Series(found, index=rows.index, dtype="str")}
    return aside.told_in(with_answers(rows, answers))


def _cores(blocks: gpd.GeoDataFrame, aside: SetAside) -> gpd.GeoDataFrame:
    """Return the rows that are cores; set those aside of which that is not known."""
    scopes = aside.coded(blocks, HISTORIC_BLOCKS.field("scope"), "historic_blocks")
    if not (scopes == _CORE).any():
        there = ", ".join(sorted(set(as_text(blocks["scope"]).fillna("(blank)"))))
        raise InputError(
            tr("historic_blocks: no row has the scope {core}; there are {there}", core=_CORE, there=there)
        )
    return blocks[(scopes == _CORE).to_numpy(dtype=bool)]
