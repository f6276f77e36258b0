"""Faults of pipes, covers and digs planted in a city, each beside a near miss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import ops

from zjk_gis.networks import components
from zjk_gis.synth.offices import CRS, LAST_DAY
from zjk_gis.synth.pipe_faults import plots_for_city
from zjk_gis.synth.pipes import NOBODY, PART_OF_KIND
from zjk_gis.synth.planting import place_code
from zjk_gis.synth.plots import Plot, free_around, settled, spots_in
from zjk_gis.synth.streets import nearest_codes

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from zjk_gis.synth.planting import Planting


__all__ = ["keep_covers", "plant_covers", "plant_digs", "plant_plots"]

_APART_M = 8.0  # between what lies on a plot and all else: more than any clearance asked for
_FED = {"SS": "水厂", "TR": "门站", "RS": "热源"}
_DRAINS = {"WS": "污水处理厂", "YS": "河道排口"}
_PLACE_OF_LOAD = {"D400": "车行道", "C250": "背街小巷", "B125": "人行道"}
_WEAKER = {"D400": "C250", "C250": "B125", "B125": "A15"}
_SPANS = {"新建": 5, "扩建": 5, "改建": 5, "大修": 3}
_COVER = {"cover_material": "球墨铸铁", "cover_size": "Φ700", "load_class": "D400", "state": "完好"}


def keep_covers(manholes: gpd.GeoDataFrame, rng: np.random.Generator) -> None:
    """Fill in what files of covers say of place, net and inspection, so that no rule is broken."""
    last, size = pd.Timestamp(LAST_DAY), len(manholes)
    drains = manholes["pipe_kind"].isin(list(_DRAINS)).to_numpy()
    due = last + pd.to_timedelta(rng.integers(10, 700, size), unit="D")
    seen = last - pd.to_timedelta(rng.integers(0, 360, size), unit="D")
    manholes["place"] = manholes["load_class"].map(_PLACE_OF_LOAD)
    manholes["has_net"] = drains
    manholes["net_due_on"] = pd.Series(due.strftime("%Y-%m-%d"), index=manholes.index).where(drains)
    manholes["inspected_on"] = seen.strftime("%Y-%m-%d")


def plant_covers(
    manholes: gpd.GeoDataFrame, pipelines: gpd.GeoDataFrame, planting: Planting, rng: np.random.Generator
) -> None:
    """Let covers break the rules of their files by a little, and others keep them by as little."""
    named = set(pipelines["from_manhole"]) & set(pipelines["to_manhole"])
    sound = manholes["manhole_code"].isin(named).to_numpy()
    code, kind = manholes["manhole_code"].to_numpy(), manholes["pipe_kind"].to_numpy()
    order = rng.permutation(np.flatnonzero(sound))
    drains = iter([at for at in order.tolist() if kind[at] in _DRAINS])
    water = iter([at for at in order.tolist() if kind[at] == "SS"])
    cables = iter([at for at in order.tolist() if kind[at] == "GD"])

    def plant(rule: str, at: int, fault: bool, **columns: object) -> None:
        for column, value in columns.items():
            manholes.loc[manholes.index[at], column] = value
        planting.note(rule, str(code[at]), fault=fault)

    def day(by: int) -> str:
        return str((pd.Timestamp(LAST_DAY) + pd.Timedelta(days=by)).date())

    for load, place in _PLACE_OF_LOAD.items():
        plant("weak_cover", next(drains), True, place=place, load_class=_WEAKER[load])
        plant("weak_cover", next(drains), False, place=place, load_class=load)
    for fault in (True, False):
        plant("net_due", next(drains), fault, net_due_on=day(-1 if fault else 0))
        plant("inspection_due", next(drains), fault, inspected_on=day(-366 if fault else -365))
        plant("no_net", next(drains if fault else water), fault, has_net=False)
        plant("no_owner", next(drains), fault, owner="待定" if fault else "无极排水公司")
        plant("kind_disagrees", next(cables), fault, pipe_kind="DX" if fault else "DL")
    plant("unnumbered_cover", next(water), False, well_number=None)
    for each in code[(manholes["owner"] == NOBODY).to_numpy()]:
        planting.note("no_owner", str(each), fault=True)


def plant_digs(roads: gpd.GeoDataFrame, planting: Planting, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Give some roads a day on which they opened, and dig each twice: too early, or on the first day allowed.

    Returns
    -------
    GeoDataFrame
        The permits.
    """
    long = roads[(roads.length > 60) & ~roads["is_bridge"]].drop_duplicates("road_code")
    chosen = iter(rng.permutation(long.index.to_numpy()).tolist())
    opened = pd.Series(None, index=roads.index, dtype=object)
    built = pd.Series(None, index=roads.index, dtype=object)
    permits: list[dict[str, Any]] = []
    for kind, years in _SPANS.items():
        for fault in (True, False):
            row = next(chosen)
            road = roads.loc[row]
            opened[row], built[row] = "2018-06-15", kind
            again = pd.Timestamp("2018-06-15") + pd.DateOffset(years=years) - pd.Timedelta(days=int(fault))
            ground = ops.substring(road.geometry, 10, 50).buffer(2, cap_style="flat")
            pair = [f"WJ{len(permits) + n:04d}" for n in (1, 2)]
            for code, day in zip(pair, ("2019-03-01", again.date().isoformat()), strict=True):
                permits.append(
                    {
                        "permit_code": code,
                        "road_code": road["road_code"],
                        "road_name": road["road_name"],
                        "applicant": "管线公司" + code[-1],
                        "valid_from": day,
                        "geometry": shapely.set_precision(ground, 0.001),
                    }
                )
            planting.note("repeated_excavations", "|".join(pair), fault=fault)
    roads.insert(len(roads.columns) - 1, "opened_on", opened)
    roads.insert(len(roads.columns) - 1, "construction", built)
    return gpd.GeoDataFrame(permits, geometry="geometry", crs=CRS)


def plant_plots(
    layers: dict[str, gpd.GeoDataFrame],
    land: BaseGeometry,
    cores: BaseGeometry,
    planting: Planting,
    rng: np.random.Generator,
) -> list[str]:
    """Lay the cases of `zjk_gis.synth.pipe_faults` inside the blocks, where no other pipe is near.

    Returns
    -------
    list of str
        The codes of the pipes on these plots.
    """
    plots: list[Plot] = list(plots_for_city(rng))
    lone = _Lone(len(plots), rng, told=[(True, "unnumbered_cover", "")])
    lone.add("manholes", shapely.Point(0, 0))
    spots = spots_in(land, rng)
    free = free_around(spots, land.boundary, cores, layers["pipelines"].geometry.to_numpy())
    rows: dict[str, list[dict[str, Any]]] = {}
    for plot, x, y in settled([*plots, lone], spots, free, apart_m=_APART_M):
        for layer, more in plot.placed(x, y).items():
            rows.setdefault(layer, []).extend(more)
        for fault, kind, codes in plot.told:
            planting.note(kind, codes or place_code(x, y), fault=fault)
    wells = gpd.GeoDataFrame(rows["manholes"], geometry="geometry", crs=CRS)
    names = _number(wells, layers["manholes"], layers["districts"])
    for row in planting.rows:
        row["code"] = "|".join(names.get(part, part) for part in row["code"].split("|"))
    pipes = gpd.GeoDataFrame(rows["pipelines"], geometry="geometry", crs=CRS).assign(built_year=2020)
    for end in ("from_manhole", "to_manhole"):
        pipes[end] = [names.get(name, name) for name in pipes[end]]
    layers["supply_sources"] = _joined(layers["supply_sources"], _sources(pipes, wells))
    layers["outfalls"] = _joined(layers["outfalls"], _outfalls(pipes, wells))
    wells["manhole_code"] = wells["manhole_code"].where(wells["well_number"].notna(), None)
    layers["manholes"] = _joined(layers["manholes"], wells)
    layers["pipelines"] = _joined(layers["pipelines"], pipes)
    houses = gpd.GeoDataFrame(rows["building_footprints"], geometry="geometry", crs=CRS)
    houses = houses.rename(columns={"footprint_code": "building_code"})
    layers["historic_buildings"] = _joined(
        layers["historic_buildings"], houses.assign(building_name="沿街老屋", protection_class="传统风貌建筑")
    )
    layers["ancient_trees"] = gpd.GeoDataFrame(rows["ancient_trees"], geometry="geometry", crs=CRS)
    return sorted(pipes["pipe_code"])


class _Lone(Plot):
    """A plot with nothing but a cover without a number."""

    def placed(self, x: float, y: float) -> dict[str, list[dict[str, Any]]]:
        row = {"manhole_code": None, "pipe_kind": "SS", "owner": "自来水公司", "ground_level_m": 710.0}
        return {"manholes": [row | {"geometry": shapely.Point(round(x, 2), round(y, 2))}]}


def _number(
    wells: gpd.GeoDataFrame, manholes: gpd.GeoDataFrame, districts: gpd.GeoDataFrame
) -> dict[str, str]:
    """Give the covers of plots the numbers after those of the city; return the new code of each old one."""
    old = wells["manhole_code"].copy()
    stem = pd.Series(nearest_codes(wells.geometry, districts, "district_code"), index=wells.index).astype(str)
    stem += wells["pipe_kind"].map(PART_OF_KIND)
    last = manholes["manhole_code"].str[-6:].astype(int).groupby(manholes["manhole_code"].str[:-6]).max()
    number = stem.map(last).fillna(0).astype(int) + wells.groupby(stem).cumcount() + 1
    wells["manhole_code"] = stem + number.map("{:06d}".format)
    wells["well_number"] = old
    drains = wells["pipe_kind"].isin(list(_DRAINS)).to_numpy()
    for column, value in (
        _COVER | {"place": "车行道", "inspected_on": LAST_DAY, "well_depth_m": 4.5}
    ).items():
        wells[column] = value
    wells["has_net"] = drains
    wells["net_due_on"] = pd.Series(LAST_DAY, index=wells.index).where(drains)
    return dict(zip(old.dropna(), wells["manhole_code"][old.notna()], strict=True))


def _sources(pipes: gpd.GeoDataFrame, wells: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Feed all pipes that hang together, at the manhole where the first of them begins."""
    fed = pipes[pipes["pipe_kind"].isin(list(_FED))]
    number = {
        name: at for at, name in enumerate(pd.unique(fed[["from_manhole", "to_manhole"]].to_numpy().ravel()))
    }
    ends = [fed[end].map(number).to_numpy(np.int32) for end in ("from_manhole", "to_manhole")]
    first = fed[~pd.Series(components(len(number), *ends)[ends[0]], index=fed.index).duplicated()]
    return gpd.GeoDataFrame(
        {
            "source_code": [f"YQ{number:03d}" for number in range(1, len(first) + 1)],
            "source_name": [f"样区{_FED[kind]}{number}" for number, kind in enumerate(first["pipe_kind"], 1)],
            "pipe_kind": first["pipe_kind"].to_numpy(),
            "manhole_code": first["from_manhole"].to_numpy(),
            "source_kind": first["pipe_kind"].map(_FED).to_numpy(),
        },
        geometry=wells.set_index("manhole_code").geometry.loc[first["from_manhole"]].to_numpy(),
        crs=CRS,
    )


def _outfalls(pipes: gpd.GeoDataFrame, wells: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Register an outfall beside every end from which no other drain goes on."""
    drains = pipes[pipes["pipe_kind"].isin(list(_DRAINS))]
    last = drains[~drains["to_manhole"].isin(set(drains["from_manhole"]))]
    ends = shapely.get_coordinates(shapely.get_point(last.geometry.to_numpy(), -1))
    return gpd.GeoDataFrame(
        {
            "outfall_code": [f"PKY{number:03d}" for number in range(1, len(last) + 1)],
            "outfall_name": [f"样区{number}号排口" for number in range(1, len(last) + 1)],
            "pipe_kind": last["pipe_kind"].to_numpy(),
            "outfall_kind": last["pipe_kind"].map(_DRAINS).to_numpy(),
            "receiving_water": "清水河",
        },
        geometry=shapely.points(ends + [3.0, 0.0]),
        crs=CRS,
    )


def _joined(layer: gpd.GeoDataFrame, more: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Append rows, with columns that only these have."""
    both = pd.concat([layer, more], ignore_index=True)
    columns = [name for name in both.columns if name != "geometry"]
    return gpd.GeoDataFrame(both[[*columns, "geometry"]], geometry="geometry", crs=CRS)
