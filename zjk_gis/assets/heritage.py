"""Pipes under historic blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.layers.ground import cover_of
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.recorded import with_answers

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["pipelines_in_core"]

_CORE = "核心保护范围"


def pipelines_in_core(
    pipelines: gpd.GeoDataFrame, historic_blocks: gpd.GeoDataFrame, *, min_length_m: float = 0.01
) -> gpd.GeoDataFrame:
    """Find the pipes that run through the core (核心保护范围) of a historic block, and how far.

    Parameters
    ----------
    pipelines : GeoDataFrame
        Lines with ``pipe_code``.
    historic_blocks : GeoDataFrame
        Polygons with ``block_name`` and ``scope``, one of which is 核心保护范围.
    min_length_m : float, default 0.01
        Pipes with less inside only touch the core and are left out.

    Returns
    -------
    GeoDataFrame
        The rows of `pipelines` concerned, in their order and under their index, with

        - ``length_m`` (float64): the length inside cores, ground of several cores counted once;
        - ``block_name`` (text): the blocks, sorted, joined by ``;``.

        Columns of `pipelines` with these names are kept as ``<name>_recorded``.

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
        If no row is a core, or the length is negative.

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
    pipes = ready(pipelines, "pipelines", kind="line", code="pipe_code")
    blocks = ready(historic_blocks, "historic_blocks", kind="polygon", code="scope", crs=pipes.crs)
    if "block_name" not in blocks:
        message = (
            "historic_blocks: no column 'block_name'; "
            f"its columns are {', '.join(map(str, historic_blocks.columns))}"
        )
        raise MissingColumnError(message)
    scopes = blocks["scope"].astype(str).str.strip()
    cores = blocks[scopes == _CORE]
    if not len(cores):
        message = f"historic_blocks: no row has the scope {_CORE}; there are {', '.join(sorted(set(scopes)))}"
        raise InputError(message)

    lines, shapes = pipes.geometry.to_numpy(), cores.geometry.to_numpy()
    line, core = shapely.STRtree(shapes).query(lines, predicate="intersects")
    inside = shapely.length(shapely.intersection(lines[line], shapes[core])) > min_length_m
    line, core = line[inside], core[inside]
    names: dict[int, set[str]] = {}
    blocks_named = cores["block_name"].astype(object).where(cores["block_name"].notna(), "").astype(str)
    for position, name in zip(line.tolist(), blocks_named.to_numpy()[core], strict=True):
        names.setdefault(position, set()).add(name)
    positions = np.array(sorted(names), dtype=np.intp)
    length = shapely.length(shapely.intersection(lines[positions], cover_of(shapes)))
    rows = pipelines.iloc[positions]
    found = [";".join(sorted(names[position])) for position in positions.tolist()]
    return with_answers(
        rows, {"length_m": length, "block_name": pd.Series(found, index=rows.index, dtype="str")}
    )
