"""What a dig meets under the ground (开挖影响): pipes, how deep, whom to tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.layers.catalogue import HISTORIC_BLOCKS
from zjk_gis.layers.columns.nobody import somebody
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.values import code_text, coded
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.layers.shapes import flat
from zjk_gis.overlay import overlay_layers
from zjk_gis.pipes.backing_up import backing_up_by
from zjk_gis.pipes.critical import critical_pipes
from zjk_gis.pipes.dimensions import dimensions_of, kinds_of, pipes_of, texts_of
from zjk_gis.pipes.in_use import is_abandoned
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

    from zjk_gis.pipes.topology import PipeNetwork

__all__ = ["excavation_impact"]


@checked
def excavation_impact(
    dig: gpd.GeoDataFrame,
    pipelines: gpd.GeoDataFrame,
    *,
    depth_m: float | None = None,
    margin_m: float = 1.0,
    network: PipeNetwork | None = None,
    blocks: gpd.GeoDataFrame | None = None,
    zones: gpd.GeoDataFrame | None = None,
    at: str | dt.date | None = None,
    strict: bool = False,
) -> gpd.GeoDataFrame:
    """Tell which pipes a dig meets, how deep, whom to tell, and what losing one would do (开挖影响).

    Parameters
    ----------
    dig : GeoDataFrame
        Polygons to be dug up, with ``permit_code`` where they have one; with ``dig_depth_m`` where each has
        a depth of its own.
    pipelines : GeoDataFrame
        Lines with ``pipe_code`` and ``pipe_kind``; with depths, ``diameter_mm`` and ``owner`` where known.
    depth_m : float, optional
        How deep the dig is; without it pipes are listed and not judged.
    margin_m : float, default 1.0
        What lies within this beside the dig is listed, too; and a pipe with less than this between the floor
        of the dig and its top is at risk.
    network : PipeNetwork, optional
        From `zjk_gis.pipes.pipe_network`: tells what hangs on each pipe alone, and which drains back up if
        it is blocked.
    blocks : GeoDataFrame, optional
        Historic blocks (历史文化街区) with ``scope_code`` (保护范围编号) and ``scope`` (核心保护范围,
        建设控制地带): digs in them need consent.
    zones : GeoDataFrame, optional
        Responsibility zones: whose ground it is.
    at : date or str, optional
        The day of the dig: zones valid on it answer, pipes not yet laid are set aside, those given up are
        marked. By default zones of all times.
    strict : bool, default False
        Refuse pipes that cannot be judged, instead of setting them aside.

    Returns
    -------
    GeoDataFrame
        One row a dig and pipe, by dig, nearest first, in a metric CRS: ``dig`` (text, the permit or the row's
        label), ``pipe_code``, ``pipe_kind``, ``class_name``, ``owner`` and ``tell`` (text: whom to tell, the
        owner or, where nobody is named, that of the class), ``length_m`` (float64, inside the dig),
        ``distance_m`` (float64, 0 inside), ``cover_m`` (float64, the least over the stretch concerned; NaN
        where a depth is missing), ``depth_margin_m`` (cover less the depth of the dig), ``impact``
        (text: ``is_hit``, ``near_miss``, ``beside``, ``clear`` or ``cannot_be_judged``), with `network`
        ``is_bridge`` (bool) and ``cut_off_m`` (float64), and of drains ``backs_up_m`` (float64),
        ``backs_up_manholes`` and ``backs_up_first`` (what backs up if the drain is blocked, 壅水; the manhole
        next upstream, 0 and empty of other pipes; see `zjk_gis.pipes.backed_up` for the pipes themselves),
        ``is_abandoned`` (bool: 废弃, still in the ground), with `blocks` ``scope_code`` and ``scope`` (text),
        with `zones` ``zone_code`` and ``chief_name``; and the stretch of pipe.

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError, GeometryError
        If a layer cannot be used.
    InputError
        If no kind is understood or a number is negative.

    Notes
    -----
    ``is_hit``: the floor of the dig lies at the top of the pipe or below it, inside the dig; ``near_miss``:
    less than `margin_m` above it; ``beside``: outside within the margin, and not deeper than the dig with its
    margin; ``clear``: deeper than that. Depths are taken on the straight between the ends of a pipe.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString, box
    >>> pipes = gpd.GeoDataFrame(
    ...     {
    ...         "pipe_code": ["P1", "P2"],
    ...         "pipe_kind": ["燃气", "污水"],
    ...         "diameter_mm": [200, 400],
    ...         "from_depth_m": [1.2, 3.4],
    ...         "to_depth_m": [1.2, 3.4],
    ...         "owner": ["燃气公司", "排水公司"],
    ...     },
    ...     geometry=[LineString([(0, 2), (50, 2)]), LineString([(0, 4), (50, 4)])],
    ...     crs=4547,
    ... )
    >>> dig = gpd.GeoDataFrame(geometry=[box(10, 0, 20, 5)], crs=4547)
    >>> found = excavation_impact(dig, pipes, depth_m=1.5)
    >>> found[["pipe_code", "length_m", "cover_m", "depth_margin_m", "impact", "tell"]].round(2)
      pipe_code  length_m  cover_m  depth_margin_m impact  tell
    0        P1      10.0      1.2            -0.3      is_hit  燃气公司
    1        P2      10.0      3.0             1.5       clear  排水公司
    """
    require_amounts(margin_m=margin_m, **({} if depth_m is None else {"depth_m": depth_m}))
    aside = SetAside(strict=strict)
    pipes = pipes_of(pipelines, aside, at, abandoned=True)
    digs = ready(dig, "dig", kind="polygon", crs=pipes.crs)
    kinds = kinds_of(pipes, aside)
    grounds, shapes = flat(digs.geometry.to_numpy()), flat(pipes.geometry.to_numpy())
    at_dig, pipe = shapely.STRtree(shapes).query(grounds, predicate="dwithin", distance=margin_m)
    distance = shapely.distance(grounds[at_dig], shapes[pipe])
    # What is inside, else what lies within the margin.
    inside = shapely.intersection(shapes[pipe], grounds[at_dig])
    length = shapely.length(inside)
    wider = shapely.intersection(shapes[pipe], shapely.buffer(grounds[at_dig], max(margin_m, 1e-6)))
    stretch = np.where(length > 0, inside, wider)
    size = dimensions_of(pipes, kinds["gravity"].to_numpy())
    cover = _least_cover(shapes[pipe], stretch, size.covers[pipe])
    depth = _dig_depths(digs, depth_m)[at_dig]
    names = code_text(digs["permit_code"]) if "permit_code" in digs else digs.index.to_series().astype(str)
    owner = pd.Series(texts_of(pipes, "owner"))
    company = kinds["class_name"].fillna("").to_numpy(dtype=object)
    tell = somebody(owner).fillna("").to_numpy(dtype=object)
    unnamed = tell == ""
    tell[unnamed] = [tr("the company for {what}", what=each) for each in company[unnamed].tolist()]
    table = pd.DataFrame(
        {
            "dig": names.fillna("").to_numpy(dtype=object)[at_dig],
            "pipe_code": code_text(pipes["pipe_code"]).to_numpy(dtype=object)[pipe],
            "pipe_kind": kinds["pipe_kind"].to_numpy(dtype=object)[pipe],
            "class_name": company[pipe],
            "owner": owner.to_numpy(dtype=object)[pipe],
            "tell": tell[pipe],
            "length_m": length,
            "distance_m": distance,
            "cover_m": cover,
            "depth_margin_m": cover - depth,
            "impact": _impacts(length > 0, cover - depth, depth, margin_m),
            "is_abandoned": is_abandoned(pipes, at)[pipe],
        }
    )
    for name in ("dig", "pipe_code", "pipe_kind", "class_name", "owner", "tell", "impact"):
        table[name] = table[name].astype("str")
    order = np.lexsort((table["pipe_code"].astype(str), -length, distance, at_dig))
    table = table.iloc[order].reset_index(drop=True)
    if network is not None:
        table = _with_what_hangs_on(table, network.on(at))
    found = gpd.GeoDataFrame(table, geometry=stretch[order], crs=pipes.crs)
    if blocks is not None:
        found = _with_scope(found, blocks)
    if zones is not None and len(found):
        zoned = overlay_layers(found, zones, once=True, at=at)
        columns = [zoned.attrs["code"], *(name for name in ("chief_name",) if name in zoned)]
        found = found.assign(**{name: zoned[name].to_numpy() for name in columns})
    return aside.told_in(found)


def _dig_depths(digs: gpd.GeoDataFrame, depth_m: float | None) -> NDArray[np.float64]:
    if "dig_depth_m" in digs:
        own = pd.to_numeric(digs["dig_depth_m"], errors="coerce").to_numpy(dtype=np.float64)
        return own if depth_m is None else np.where(np.isnan(own), depth_m, own)
    return np.full(len(digs), np.nan if depth_m is None else float(depth_m))


def _least_cover(
    shapes: NDArray[Any], stretches: NDArray[Any], covers: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the least cover over a stretch of each pipe, on the straight between its ends."""
    least = np.full(len(shapes), np.nan)
    coords, row = shapely.get_coordinates(stretches, return_index=True)
    if len(coords):
        share = shapely.line_locate_point(shapes[row], shapely.points(coords), normalized=True)
        over = covers[row, 0] + share * (covers[row, 1] - covers[row, 0])
        lowest = pd.Series(over).groupby(row).min()
        least[lowest.index] = lowest.to_numpy()
    return least


def _impacts(
    inside: NDArray[np.bool_], margin: NDArray[np.float64], depth: NDArray[np.float64], margin_m: float
) -> NDArray[np.str_]:
    return np.select(
        [np.isnan(depth) | np.isnan(margin), margin >= margin_m - 1e-9, ~inside, margin <= 1e-9],
        ["cannot_be_judged", "clear", "beside", "is_hit"],
        "near_miss",
    )


def _with_what_hangs_on(table: pd.DataFrame, network: PipeNetwork) -> pd.DataFrame:
    """Add whether a pipe is the only way to something, how many metres hang on it, and what backs up."""
    critical = critical_pipes(network)
    critical = critical.sort_values("cut_off_m", ascending=False).drop_duplicates("pipe_code")
    by_code = critical.set_index(code_text(critical["pipe_code"]).to_numpy())
    code = table["pipe_code"]
    behind = backing_up_by(network, code.tolist())
    return table.assign(
        is_bridge=code.isin(by_code.index[by_code["is_bridge"]]),
        cut_off_m=code.map(by_code["cut_off_m"]).fillna(0.0),
        backs_up_m=code.map(behind["backs_up_m"]).fillna(0.0).astype(np.float64),
        backs_up_manholes=code.map(behind["backs_up_manholes"]).fillna(0).astype(np.int64),
        backs_up_first=code.map(behind["backs_up_first"]).fillna("").astype("str"),
    )


def _with_scope(found: gpd.GeoDataFrame, blocks: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Add the scope of protection that each stretch lies in: the core before the control zone."""
    require_columns(blocks, "historic_blocks", "scope", "scope_code")
    meant, _ = coded(blocks, HISTORIC_BLOCKS.field("scope"), "historic_blocks")
    scopes = blocks.assign(scope=meant)
    if not len(found):
        return found.assign(scope_code=pd.Series([], dtype="str"), scope=pd.Series([], dtype="str"))
    met = overlay_layers(found, scopes, "crossing", code="scope_code", columns=["scope"])
    order = {name: at for at, name in enumerate(HISTORIC_BLOCKS.field("scope").ordered_values())}
    met = met.assign(place=met["scope"].map(order)).sort_values(["row", "place"]).drop_duplicates("row")
    met = met.sort_values("row")
    return found.assign(scope_code=met["scope_code"].to_numpy(), scope=met["scope"].to_numpy())
