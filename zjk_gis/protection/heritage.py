"""Pipes under historic blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.values import as_text
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.layers.shapes import flat
from zjk_gis.overlay.sharing import counted_once, shared_amounts
from zjk_gis.protection.scopes import CORE, grounds_of
from zjk_gis.protection.things import joined
from zjk_gis.words import tr

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["pipelines_in_core"]


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
    require_columns(historic_blocks, "historic_blocks", "scope", "block_name")
    cores = grounds_of({"historic_blocks": historic_blocks}, aside, crs=pipes.crs).of_kind(CORE)
    if not len(cores):
        there = ", ".join(sorted(set(as_text(historic_blocks["scope"]).fillna("(blank)"))))
        raise InputError(
            tr("historic_blocks: no row has the scope {core}; there are {there}", core=CORE, there=there)
        )
    lines = flat(pipes.geometry.to_numpy())
    shared = shared_amounts(lines, cores.shapes)
    once = counted_once(shared, lines, cores.shapes, np.arange(len(cores)))
    length = np.bincount(once.shape, weights=once.amount, minlength=len(lines))
    inside = shared.amount > min_length_m
    names = joined(shared.shape[inside], cores.name[shared.area[inside]], len(lines))
    positions = np.unique(shared.shape[inside])
    rows = pipelines.iloc[positions]
    told = pd.Series(names[positions], index=rows.index, dtype="str")
    answers = {"length_m": length[positions], "block_name": told}
    return aside.told_in(with_answers(rows, answers))
