"""Works at protected ground, hazards, buildings and street furniture planted in a city."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.synth.hazards import risk_plots_for_city
from zjk_gis.synth.offices import CRS
from zjk_gis.synth.plots import free_around, settled, spots_in
from zjk_gis.synth.protection import plant_protection
from zjk_gis.synth.streets import nearest_codes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shapely.geometry.base import BaseGeometry

    from zjk_gis.synth.planting import Planting

__all__ = ["plant_poles", "plant_risks", "plant_scopes"]

_APART_M = 25.0  # between what lies on plots: more than any distance asked for
_HOUSE = "building_footprints"
_OFF_ROAD_M = 4.0
_SHARED_M = 5.0
_PAIRS = 3
_PART = "0117"  # of poles, GB/T 30428.2


def plant_scopes(
    layers: dict[str, gpd.GeoDataFrame], land: BaseGeometry, planting: Planting, *, seed: int
) -> None:
    """Plant works in cores, boards in control zones and digs at trees, which stand off all that is there."""
    names = ("pipelines", "ancient_trees", "excavation_permits")
    taken = np.concatenate([layers[name].geometry.to_numpy() for name in names])
    ground = land.difference(shapely.union_all(shapely.buffer(taken, 1, quad_segs=2)))
    region = gpd.GeoDataFrame(geometry=[ground], crs=CRS)
    more, planted = plant_protection(layers["historic_blocks"], region, seed=seed)
    more["survey_extents"] = more["survey_extents"].set_geometry(layers["built_up_areas"].geometry.to_list())
    _append(layers, more)
    for kind, codes in planted.items():
        for code, fault in codes.items():
            planting.note(kind, code, fault=fault)


def plant_risks(
    layers: dict[str, gpd.GeoDataFrame],
    land: BaseGeometry,
    cores: BaseGeometry,
    planting: Planting,
    rng: np.random.Generator,
) -> None:
    """Lay the cases of `zjk_gis.synth.hazards` inside the city, and poles along its roads."""
    plots = risk_plots_for_city(rng)
    houses = [plot for plot in plots if set(plot.rows) == {_HOUSE}]
    spots = spots_in(land, rng)
    free = free_around(spots, land.boundary, cores)
    placed = list(settled([plot for plot in plots if plot not in houses], spots, free, apart_m=_APART_M))
    # Houses stand inside the blocks, off every pipe.
    free = np.minimum(free, free_around(spots, layers["pipelines"].geometry.to_numpy()))
    placed += settled(houses, spots, free, apart_m=_APART_M)
    rows: dict[str, list[dict[str, Any]]] = {}
    for plot, x, y in placed:
        for layer, more in plot.placed(x, y).items():
            rows.setdefault(layer, []).extend(more)
        for fault, kind, codes in plot.told:
            planting.note(kind, codes, fault=fault)
    rows["poles"] = plant_poles(layers["roads"], layers["districts"], planting, rng)
    _append(
        layers,
        {
            name: gpd.GeoDataFrame(pd.DataFrame(more), geometry="geometry", crs=CRS)
            for name, more in rows.items()
        },
    )


def plant_poles(
    roads: gpd.GeoDataFrame, districts: gpd.GeoDataFrame, planting: Planting, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Set pairs of poles beside straight roads: just near enough, just too far apart, and across the road."""
    ends = shapely.get_coordinates(
        np.concatenate([shapely.get_point(roads.geometry.to_numpy(), at) for at in (0, -1)])
    ).reshape(2, -1, 2)
    steps = ends[1] - ends[0]
    length = np.hypot(*steps.T)
    straight = (length > 60) & (np.abs(roads.length.to_numpy() - length) < 0.01)
    straight &= ~roads["is_bridge"].to_numpy(dtype=bool)
    chosen = rng.permutation(np.flatnonzero(straight))[: 3 * _PAIRS]
    middles = (ends[0][chosen] + ends[1][chosen]) / 2
    stems = nearest_codes(gpd.GeoSeries.from_xy(*middles.T), districts, "district_code")
    poles: list[dict[str, Any]] = []
    for number, road in enumerate(chosen.tolist()):
        kind = number % 3  # near, too far, across
        along = steps[road] / length[road]
        across = along[::-1] * [-1.0, 1.0]
        apart = _SHARED_M + float(rng.uniform(0.02, 0.15)) * (1 if kind == 1 else -1)
        offsets = [_OFF_ROAD_M * across, apart * along + _OFF_ROAD_M * across]
        if kind == 2:
            offsets = [2.0 * across, -2.0 * across]
        codes = [f"{stems[number]}{_PART}{2 * number + name:06d}" for name in (1, 2)]
        for code, offset, what in zip(codes, offsets, ("路灯杆", "交通标志杆"), strict=True):
            told = {"pole_code": code, "pole_kind": what, "owner": f"单位{code[-1]}"}
            poles.append(told | {"geometry": shapely.Point(middles[number] + offset)})
        planting.note("shareable_poles", "|".join(codes), fault=kind == 0)
    return poles


def _append(layers: dict[str, gpd.GeoDataFrame], more: Mapping[str, gpd.GeoDataFrame]) -> None:
    """Add rows to the layers of a city, with columns that only these have."""
    for name, rows in more.items():
        both = pd.concat([layers[name], rows], ignore_index=True) if name in layers else rows
        columns = [column for column in both.columns if column != "geometry"]
        layers[name] = gpd.GeoDataFrame(both[[*columns, "geometry"]], crs=CRS)
