"""Whether historic blocks are what the standard asks for (街区合规检查), each share with its denominator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.layers.catalogue import HISTORIC_BUILDINGS
from zjk_gis.layers.checks.topology import uncontrolled_rim_m
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.overlay.asked import Asked
from zjk_gis.overlay.polygons import cover_of
from zjk_gis.protection.answering import with_who_answers
from zjk_gis.protection.scopes import CONTROL, CORE, grounds_of
from zjk_gis.standards.rules import rules_table

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

    from zjk_gis.standards.rules import Overrides

__all__ = ["block_conformity"]

_OTHER = "其他建筑"
_LIMITS = ("core_area_least", "core_buildings_least")


@checked
def block_conformity(
    historic_blocks: gpd.GeoDataFrame,
    buildings: gpd.GeoDataFrame,
    *,
    zones: gpd.GeoDataFrame | None = None,
    streets: gpd.GeoDataFrame | None = None,
    at: str | dt.date | None = None,
    tables: Overrides | None = None,
    strict: bool = False,
) -> gpd.GeoDataFrame:
    """Check historic blocks against GB/T 50357 (街区合规检查): size of the core, buildings, control zone.

    Parameters
    ----------
    historic_blocks : GeoDataFrame
        Polygons with ``block_name`` and ``scope``.
    buildings : GeoDataFrame
        All buildings, as polygons or points, with ``protection_class``: 文物保护单位, 历史建筑, 传统风貌建筑,
        or 其他建筑 for those that nothing protects.
    zones, streets : GeoDataFrame, optional
        Who answers for each block.
    at : date or str, optional
        The day on which they are valid.
    tables : mapping of str to DataFrame, str or Path, optional
        Your own rows of ``limits``: ``core_area_least`` (ha) and ``core_buildings_least`` (%).
    strict : bool, default False
        Refuse rows that cannot be judged, instead of setting them aside.

    Returns
    -------
    GeoDataFrame
        One row a block, by name: ``block_name``; ``core_ha`` (float64, ground of several pieces once),
        ``core_pieces`` (int64), ``largest_piece_ha``, ``core_ok`` (boolean: the whole of it is large enough);
        ``protected_area_m2``, ``building_area_m2`` (float64, of buildings inside the core whose class is
        known: the denominator), ``protected_share``, ``unknown_area_m2`` (of those whose class is not),
        ``unknown_buildings`` (int64: without an area), ``share_ok`` (boolean, missing where there are no
        buildings or those of unknown class could turn it); ``control_ha``, ``uncontrolled_m`` (float64: how
        far along the core's edge no control zone lies beyond), ``control_surrounds`` (boolean);
        ``overlap_m2``, ``overlaps_with`` (text: other blocks that claim the same ground); ``rule`` and
        ``confidence`` (text); who answers; and the block's ground. ``attrs["set_aside"]`` lists what is not
        judged: blocks without a known name or scope, buildings without a sound shape.

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError, GeometryError
        If a layer cannot be used.
    InputError
        If no scope or no class is understood.

    Notes
    -----
    GB/T 50357-2018: the core is at least 1 ha [S/M]; buildings that are to be protected stand on at least
    60 % of the core's building land [M]. Plots are rarely mapped, so footprints stand for them here: say so
    where you quote the number. Parts of buildings outside the core do not count; ground of two buildings
    counts once, for the protected one.

    Examples
    --------
    >>> from shapely import box
    >>> blocks = gpd.GeoDataFrame(
    ...     {"block_name": "堡子里", "scope": ["核心保护范围", "建设控制地带"]},
    ...     geometry=[box(0, 0, 100, 99), box(-50, -50, 150, 150)],
    ...     crs=4547,
    ... )
    >>> houses = gpd.GeoDataFrame(
    ...     {"protection_class": ["历史建筑", "其他建筑"]},
    ...     geometry=[box(0, 0, 30, 20), box(0, 30, 20, 50)],
    ...     crs=4547,
    ... )
    >>> block_conformity(blocks, houses)[["core_ha", "core_ok", "protected_share", "share_ok"]]
       core_ha  core_ok  protected_share  share_ok
    0     0.99    False              0.6      True
    """
    aside = SetAside(strict=strict)
    require_columns(historic_blocks, "historic_blocks", "block_name")
    grounds = grounds_of({"historic_blocks": historic_blocks}, aside, at=at, tables=tables)
    names, (least_ha, least_share), rule = sorted(set(grounds.name.tolist()) - {""}), *_limits(tables)
    asked = Asked(buildings, "buildings", strict=strict)
    shapes = asked.in_crs(grounds.crs)
    classes = aside.coded(buildings, HISTORIC_BUILDINGS.field("protection_class"), "buildings")
    rows: list[dict[str, Any]] = []
    for name in names:
        core, control = (_of(grounds, scope, name) for scope in (CORE, CONTROL))
        whole = cover_of(core)
        pieces = shapely.area(shapely.get_parts(whole))
        size = round(float(pieces.sum()) / 1e4, 6)
        uncontrolled = uncontrolled_rim_m(whole, control) if len(core) else np.nan
        rows.append(
            {
                "block_name": name,
                "core_ha": size,
                "core_pieces": len(pieces),
                "largest_piece_ha": round(float(pieces.max(initial=0.0)) / 1e4, 6),
                "core_ok": size >= least_ha,
                **_of_buildings(whole, shapes[asked.usable], classes[asked.usable], least_share),
                "control_ha": float(shapely.area(cover_of(control))) / 1e4,
                "uncontrolled_m": uncontrolled,
                "control_surrounds": len(control) > 0 and uncontrolled == 0,
                "geometry": cover_of(np.concatenate([core, control])),
            }
        )
    table = pd.DataFrame(rows).assign(**rule)
    for column in ("core_ok", "share_ok", "control_surrounds"):
        table[column] = table[column].astype("boolean")
    found = gpd.GeoDataFrame(_with_overlaps(table), geometry="geometry", crs=grounds.crs)
    aside.rows += asked.aside.rows
    return aside.told_in(with_who_answers(found, zones, streets, at=at))


def _limits(tables: Overrides | None) -> tuple[tuple[float, float], dict[str, str]]:
    """Return the least area and the least share, and where they come from."""
    limits = rules_table("limits", overrides=tables).set_index("limit").loc[list(_LIMITS)]
    area, share = limits["value"].astype(float)
    sources = ";".join(dict.fromkeys(limits["source"]))
    worst = ";".join(dict.fromkeys(limits["confidence"]))
    return (area, share / 100), {"rule": sources, "confidence": worst}


def _of(grounds: Any, scope: str, name: str) -> NDArray[Any]:
    rows = grounds.of_kind(scope)
    shapes: NDArray[Any] = rows.shapes[rows.name == name]
    return shapes


def _of_buildings(core: Any, shapes: NDArray[Any], classes: pd.Series, least: float) -> dict[str, Any]:
    """Return what protected, other and unknown buildings cover of a core."""
    inside = shapely.intersection(shapes, core)
    areal = shapely.get_dimensions(shapes) == 2
    unknown = classes.isna().to_numpy(dtype=bool)
    protected = areal & ~unknown & (classes != _OTHER).to_numpy(dtype=bool)
    ours, known, every = (
        float(shapely.area(shapely.union_all(inside[which])))
        for which in (protected, areal & ~unknown, areal)
    )
    lowest, highest = (ours / every, (ours + every - known) / every) if every > 0 else (np.nan, np.nan)
    ok = None
    if round(lowest, 9) >= least:
        ok = True
    elif round(highest, 9) < least:
        ok = False
    return {
        "protected_area_m2": ours,
        "building_area_m2": known,
        "protected_share": round(ours / known, 9) if known > 0 else np.nan,
        "unknown_area_m2": every - known,
        "unknown_buildings": int((~areal & shapely.intersects(shapes, core)).sum()),
        "share_ok": ok,
    }


def _with_overlaps(table: pd.DataFrame) -> pd.DataFrame:
    """Add how much of each block others claim, and which."""
    shapes = table["geometry"].to_numpy(dtype=object)
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    shared = shapely.area(shapely.intersection(shapes[first], shapes[second]))
    over = (first != second) & (shared > 0)
    others: list[list[int]] = [second[over & (first == at)].tolist() for at in range(len(table))]
    names = table["block_name"].to_numpy(dtype=object)
    return table.assign(
        overlap_m2=[
            float(shapely.area(shapely.intersection(shapes[at], cover_of(shapes[others[at]]))))
            for at in range(len(table))
        ],
        overlaps_with=pd.Series([";".join(sorted(names[each])) for each in others], dtype="str"),
    )
