"""How grids, groups and levels must fit into each other (网格划分规则)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.arguments import checked
from zjk_gis.coverage.nesting import (
    Faults,
    Judged,
    adjacent_parts,
    judged,
    nesting_differences,
)
from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.layers.checks.topology import parts_apart
from zjk_gis.layers.columns.values import as_text, code_text
from zjk_gis.layers.labels import check_language
from zjk_gis.layers.metric import ready
from zjk_gis.overlay.sharing import shared_amounts
from zjk_gis.standards import rules_table
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    from zjk_gis.layers.labels import Language
    from zjk_gis.standards.rules import Overrides

__all__ = ["group_faults"]

_LIST = r"[;；,，、\s]+"  # what stands between the codes of a list
_INSIDE = 0.5  # the share of a grid that makes it one of the centre


@checked
def group_faults(
    grids: gpd.GeoDataFrame | None = None,
    *,
    groups: gpd.GeoDataFrame | None = None,
    communities: gpd.GeoDataFrame | None = None,
    zones: gpd.GeoDataFrame | None = None,
    centre: gpd.GeoDataFrame | None = None,
    buildings: gpd.GeoDataFrame | None = None,
    building_code: str = "building_code",
    at: str | dt.date | None = None,
    tables: Overrides | None = None,
    lang: Language = "zh",
) -> gpd.GeoDataFrame:
    """Find where grids, groups of them and levels of zones do not fit into each other.

    Parameters
    ----------
    grids : GeoDataFrame, optional
        Unit grids (单元网格) with ``grid_code``. They are checked against the other layers: each is
        optional, and so is what is checked with it.
    groups : GeoDataFrame, optional
        Responsibility grids (责任网格) with ``resp_grid_code``. With ``member_codes`` (codes of unit grids,
        between them ``;``, a comma or a space), members must be adjacent (``members_apart``), exist
        (``unknown_reference``), be in one group (``grid_in_two_groups``), and together make up the group
        (``ground_not_divided``, ``outside_parent``). Without it the parts of each group must be adjacent.
    communities : GeoDataFrame, optional
        Communities (社区) with ``community_code``: each grid lies in one (``grid_across_communities``).
    zones : GeoDataFrame, optional
        Responsibility zones (责任区) with ``zone_code`` and ``parent_code``: a zone is made up of those below
        it (``ground_not_divided``, ``outside_parent``), and the one above exists (``unknown_reference``).
    centre : GeoDataFrame, optional
        Polygons of the city's centre (中心城区), where grids must be of a certain size (``odd_grid_size``):
        those with at least half their area in it are judged.
    buildings : GeoDataFrame, optional
        Polygons of buildings, which no border of grids should cut (``building_cut``).
    building_code : str, default "building_code"
        Their column of codes; without it they are named by their index.
    at : date or str, optional
        The day that is judged. Layers that keep versions need it.
    tables : mapping of str to DataFrame, str or Path, optional
        Your own rows of ``limits`` (``grid_area``, ``grid_area_tolerance``, ``grid_in_community_least``,
        ``nesting_tolerance``, ``adjacent_within``, ``adjacent_border_least``, ``building_cut_most``) and
        ``checks`` (severities); see `rules_table`, which gives the source of each.
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    GeoDataFrame
        One row a fault, by rule and code, in the metric CRS it was measured in. Columns:

        - ``rule``, ``title``, ``severity`` (text): see ``rules_table("checks")``;
        - ``layer`` and ``code`` (text): what is at fault;
        - ``other`` (text): who else has to do with it, codes joined by ``;``;
        - ``value`` and ``limit`` (float64), ``unit`` (text): what is there, and how much may be;
        - ``message`` (text): in the language asked for;
        - ``geometry``: where the fault is: the part that is outside, missing or cut off.

        ``attrs["not_checked"]`` lists the rules for which a layer was missing.

    Raises
    ------
    InputError
        If a layer cannot be used, or a code comes more than once on that day.

    Notes
    -----
    Adjacent are members whose borders run within ``adjacent_within`` of each other for
    ``adjacent_border_least``; a corner is not enough. Differences between a group and its members that are
    nowhere wider than ``nesting_tolerance`` are how lines were drawn, and pass. What a layer must be like in
    itself says `validate`.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> grids = gpd.GeoDataFrame(
    ...     {"grid_code": ["130703005001001", "130703005001002", "130703005001003"]},
    ...     geometry=[box(0, 0, 100, 100), box(100, 0, 190, 100), box(190, 100, 290, 200)],
    ...     crs=4547,
    ... )
    >>> groups = gpd.GeoDataFrame(
    ...     {"resp_grid_code": ["W1"], "member_codes": [";".join(grids["grid_code"])]},
    ...     geometry=[grids.union_all()],
    ...     crs=4547,
    ... )
    >>> group_faults(grids, groups=groups, centre=grids, lang="en")[["rule", "code", "value", "limit"]]
                rule code  value limit
    0  members_apart   W1    2.0   1.0
    """
    check_language(lang)
    crs = next(
        (
            ready(each, name, kind="polygon").crs
            for name, each in (("grids", grids), ("zones", zones), ("groups", groups))
            if each is not None
        ),
        None,
    )
    if crs is None:
        raise InputError(tr("give grids, groups or zones: there is nothing to be judged"))
    faults = Faults(tables, lang)
    limits = rules_table("limits", overrides=tables).set_index("limit")["value"].astype(float)
    cells = None if grids is None else judged(grids, "grids", "grid_code", crs, at)
    if groups is not None:
        _check_groups(faults, judged(groups, "groups", "resp_grid_code", crs, at), groups, cells, limits)
    if zones is not None:
        _check_levels(faults, judged(zones, "zones", "zone_code", crs, at), limits)
    if cells is not None and communities is not None:
        known = judged(communities, "communities", "community_code", crs, at)
        _check_communities(faults, cells, known, limits["grid_in_community_least"])
    if cells is not None and centre is not None:
        ground = ready(centre, "centre", kind="polygon", crs=crs).geometry.to_numpy()
        _check_sizes(faults, cells, ground, limits["grid_area"], limits["grid_area_tolerance"])
    if cells is not None and buildings is not None:
        houses = ready(buildings, "buildings", kind="polygon", crs=crs)
        named = building_code in houses
        codes = as_text(houses[building_code] if named else houses.index.to_series()).fillna("")
        blocks = Judged("buildings", houses.geometry.to_numpy(), codes.to_numpy(dtype=object), houses)
        _check_buildings(faults, cells, blocks, limits["building_cut_most"])
    needs = {
        "members_apart": (groups,),
        "ground_not_divided": (zones if zones is not None else groups,),
        "grid_across_communities": (cells, communities),
        "odd_grid_size": (cells, centre),
        "building_cut": (cells, buildings),
    }
    result = faults.told(crs)
    result.attrs["remarks"] = faults.remarks
    result.attrs["not_checked"] = [rule for rule, given in needs.items() if any(x is None for x in given)]
    return result


def _check_groups(
    faults: Faults, groups: Judged, given: gpd.GeoDataFrame, grids: Judged | None, limits: pd.Series
) -> None:
    if "member_codes" not in given or grids is None:
        parts = parts_apart(groups.shapes)
        for at in np.flatnonzero(parts > 1).tolist():
            united = shapely.get_parts(shapely.union_all(shapely.get_parts(groups.shapes[at])))
            smaller = shapely.multipolygons(united[np.argsort(-shapely.area(united), kind="stable")[1:]])
            faults.add("members_apart", groups, at, smaller, value=parts[at], limit=1, parts=parts[at])
        return
    place = {code: at for at, code in enumerate(grids.codes)}
    members: list[list[int]] = []
    of_grid: dict[int, list[str]] = {}
    texts = code_text(groups.rows["member_codes"]).reset_index(drop=True)
    listed = texts.str.split(_LIST, regex=True).explode().astype("str")
    listed = faults.matched("member_codes", listed[(listed != "") & listed.notna()], grids)
    codes_of = {at: sorted(set(codes)) for at, codes in listed.groupby(level=0)}
    for at in range(len(groups.codes)):
        named = codes_of.get(at, [])
        unknown = [code for code in named if code not in place]
        if unknown:
            faults.add(
                "unknown_reference", groups, at, groups.shapes[at], other=";".join(unknown), layers="grids"
            )
        members.append([place[code] for code in named if code in place])
        for grid in members[-1]:
            of_grid.setdefault(grid, []).append(str(groups.codes[at]))
    for grid, owners in of_grid.items():
        if len(owners) > 1:
            faults.add(
                "grid_in_two_groups",
                grids,
                grid,
                grids.shapes[grid],
                other=";".join(sorted(owners)),
                value=len(owners),
                limit=1,
            )
    for at, own in enumerate(members):
        together = adjacent_parts(
            grids.shapes[own], limits["adjacent_within"], limits["adjacent_border_least"]
        )
        if len(together) > 1:
            rest = sorted(own[i] for part in together[1:] for i in part)
            faults.add(
                "members_apart",
                groups,
                at,
                shapely.union_all(grids.shapes[rest]),
                other=";".join(sorted(grids.codes[rest])),
                value=len(together),
                limit=1,
                parts=len(together),
            )
    _nest(faults, groups, grids, [(at, own) for at, own in enumerate(members) if own], limits)


def _check_levels(faults: Faults, zones: Judged, limits: pd.Series) -> None:
    if "parent_code" not in zones.rows:
        raise MissingColumnError(
            tr("zones: no column 'parent_code', which names the zone above; levels cannot be compared")
        )
    place = {code: at for at, code in enumerate(zones.codes)}
    below: dict[int, list[int]] = {}
    parents = faults.matched("parent_code", zones.rows["parent_code"], zones)
    for at, parent in enumerate(parents.fillna("")):
        if parent and parent not in place:
            faults.add("unknown_reference", zones, at, zones.shapes[at], other=parent, layers="zones")
        elif parent:
            below.setdefault(place[parent], []).append(at)
    _nest(faults, zones, zones, sorted(below.items()), limits)


def _nest(
    faults: Faults,
    parents: Judged,
    children: Judged,
    belonging: list[tuple[int, list[int]]],
    limits: pd.Series,
) -> None:
    """Compare what should be made up of others with them."""
    tolerance = limits["nesting_tolerance"]
    for at, own in belonging:
        missing, outside = nesting_differences(parents.shapes[at], children.shapes[own], tolerance)
        if not shapely.is_empty(missing):
            faults.add("ground_not_divided", parents, at, missing, value=missing.area, unit="m²", limit=0)
        for child, part in zip(own, outside, strict=True):
            if not shapely.is_empty(part):
                faults.add(
                    "outside_parent",
                    children,
                    child,
                    part,
                    other=str(parents.codes[at]),
                    value=part.area,
                    unit="m²",
                    limit=0,
                )


def _check_communities(faults: Faults, grids: Judged, communities: Judged, least: float) -> None:
    shared = shared_amounts(grids.shapes, communities.shapes)
    grid, community, area = shared.shape, shared.area, shared.amount
    order = np.lexsort((communities.codes[community].astype(str), -area.round(6), grid))
    main = dict(zip(grid[order][::-1].tolist(), community[order][::-1].tolist(), strict=True))
    inside = dict(zip(grid[order][::-1].tolist(), area[order][::-1].tolist(), strict=True))
    whole = shapely.area(grids.shapes)
    for at in range(len(grids.shapes)):
        share = 100 * inside.get(at, 0.0) / whole[at]
        if share < least:
            home = main.get(at)
            part = grids.shapes[at]
            if home is not None:
                part = shapely.difference(part, communities.shapes[home])
            faults.add(
                "grid_across_communities",
                grids,
                at,
                part,
                other="" if home is None else str(communities.codes[home]),
                value=share,
                unit="%",
                limit=least,
            )


def _check_sizes(
    faults: Faults, grids: Judged, centre: NDArray[Any], wanted: float, tolerance: float
) -> None:
    shared = shared_amounts(grids.shapes, np.array([shapely.union_all(centre)]))
    size = shapely.area(grids.shapes)
    least, most = wanted * (1 - tolerance / 100), wanted * (1 + tolerance / 100)
    for at in shared.shape[shared.amount >= _INSIDE * size[shared.shape]].tolist():
        if not least <= size[at] <= most:
            faults.add(
                "odd_grid_size",
                grids,
                at,
                grids.shapes[at],
                value=size[at],
                unit="m²",
                limit=least if size[at] < least else most,
                least=f"{least:,g}",
                most=f"{most:,g}",
            )


def _check_buildings(faults: Faults, grids: Judged, buildings: Judged, most: float) -> None:
    shared = shared_amounts(buildings.shapes, grids.shapes)
    building, grid, area = shared.shape, shared.area, shared.amount
    order = np.lexsort((grids.codes[grid].astype(str), -area.round(6), building))
    building, grid, area = building[order], grid[order], area[order]
    rest = np.r_[False, building[1:] == building[:-1]]  # all but the grid with most of it
    beyond = np.bincount(building[rest], weights=area[rest], minlength=len(buildings.shapes))
    share = 100 * beyond / shapely.area(buildings.shapes)
    first, last = (np.searchsorted(building, np.arange(len(share)), side=side) for side in ("left", "right"))
    for at in np.flatnonzero(share > most).tolist():
        others = grid[first[at] + 1 : last[at]]
        part = shapely.intersection(buildings.shapes[at], shapely.union_all(grids.shapes[others]))
        faults.add(
            "building_cut",
            buildings,
            at,
            part,
            other=";".join(grids.codes[others]),
            value=share[at],
            unit="%",
            limit=most,
        )
