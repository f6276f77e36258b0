"""Parking berths compared with the vehicles that want them (泊位供需)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.access.places import facilities_on, homes_on
from zjk_gis.access.rows import area_of, by_code, codes_of
from zjk_gis.arguments import checked
from zjk_gis.crs import convert_crs, require_crs
from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.columns.requirements import require_columns, require_rows
from zjk_gis.layers.excerpts import excerpt
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.layers.shapes import has_place, inner_points
from zjk_gis.networks.nearest import near_pairs
from zjk_gis.overlay.polygons import cover_of
from zjk_gis.presentation import Presentation, presented
from zjk_gis.standards import rules_table
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    from zjk_gis.access.roads.network import RoadNetwork, Travel

    Decay: TypeAlias = Literal["gaussian"] | Sequence[tuple[float, float]] | None

__all__ = ["BerthBalance", "berth_authority", "berth_balance", "berths_by_area"]

_KINDS = {"公共": "berths_public", "专用": "berths_private", "道路临时泊位": "berths_on_street"}


@presented
@checked
@dataclass(frozen=True, slots=True)
class BerthBalance:
    """Berths compared with vehicles.

    Attributes
    ----------
    homes : GeoDataFrame
        The homes with ``vehicles`` (float64), ``lots_reached`` (int64), ``berths_reached`` (float64: of all
        lots within reach, shared with nobody), ``berths_per_vehicle`` (float64: shared with all who reach the
        same lots) and ``shortage`` (float64: vehicles for which there is no berth).
    lots : GeoDataFrame
        The lots in the order of their codes: ``lot_code``, ``berths``, ``demand`` (float64: the vehicles that
        reach it, by their weights), ``berths_per_vehicle`` (NaN where nobody does) and ``unreached`` (bool).
    ratio : float
        All berths over all vehicles; NaN where there are none.
    wanted : tuple of float
        What the standard asks of that ratio, from and to.
    set_aside : list of dict
        Rows that could not be counted, and lots that no road reaches.
    """

    homes: gpd.GeoDataFrame
    lots: gpd.GeoDataFrame
    ratio: float
    wanted: tuple[float, float]
    set_aside: list[dict[str, Any]]

    def _presentation(self) -> Presentation:
        low, high = self.wanted
        told = tr(
            "Berths: {berths:,.0f}; vehicles: {vehicles:,.0f}; the standard asks for {low} to {high} berths "
            "a vehicle. Vehicles without a berth within reach: {shortage:,.0f}.",
            berths=float(self.lots["berths"].sum()),
            vehicles=float(self.homes["vehicles"].sum()),
            low=low,
            high=high,
            shortage=float(self.homes["shortage"].sum()),
        )
        return excerpt(told, self.lots, ["lot_code", "berths", "berths_per_vehicle"])


@checked
def berth_balance(
    homes: gpd.GeoDataFrame,
    lots: gpd.GeoDataFrame,
    network: RoadNetwork,
    *,
    within_m: float = 300.0,
    decay: Decay = None,
    vehicles_per_household: float | None = None,
    large_city: bool = True,
    entrances: gpd.GeoDataFrame | None = None,
    gates: gpd.GeoDataFrame | None = None,
    travel: Travel = "foot",
    to_road_m: float = 200.0,
) -> BerthBalance:
    """Share out the berths among the vehicles that reach them along the roads.

    Parameters
    ----------
    homes : GeoDataFrame
        With ``vehicles``, or with ``households`` and `vehicles_per_household`.
    lots : GeoDataFrame
        With ``berths``. All of them are shared out: ask with `public_lots` for those open to the public, and
        with those of a firm or an estate apart.
    network : RoadNetwork
    within_m : float, default 300.0
        How far one walks from a home to a lot.
    decay : "gaussian" or sequence of (float, float), optional
        What a lot is worth that is farther away: a curve from 1 at the home to 0 at `within_m`, or steps as
        ``[(100, 1.0), (300, 0.5)]``, each up to a distance. By default a lot at 299 m is worth as much as one
        at the door.
    vehicles_per_household : float, optional
        Where `homes` has no ``vehicles``.
    large_city : bool, default True
        Whether the city has over 500,000 people, of which another ratio is asked for.
    entrances, gates : GeoDataFrame, optional
        As `nearest_facilities` takes them.
    travel : {"foot", "car"}, default "foot"
    to_road_m : float, default 200.0

    Returns
    -------
    BerthBalance

    Raises
    ------
    MissingColumnError
        If there is no ``berths``, or neither ``vehicles`` nor ``households``.
    EmptyLayerError, CRSError
        If a layer cannot be used.
    InputError
        If an option is not what it can be.

    Notes
    -----
    Two-step floating catchment (2SFCA, Luo and Wang 2003; with steps E2SFCA, Luo and Qi 2009): each lot
    shares its berths among the vehicles within reach of it, by weight, and each home adds up the shares
    of the lots within its reach. Over all homes berths per vehicle times vehicles are the berths of the
    lots that anybody reaches: nothing is counted twice. GB/T 51149 asks for 1.1 to 1.3 berths a vehicle
    in cities of over 500,000 people, 1.1 to 1.5 in others (confidence M).

    Examples
    --------
    Three homes and two lots on a street; the home in the middle reaches both:

    >>> import geopandas as gpd
    >>> from shapely import LineString, Point
    >>> from zjk_gis.access import road_network
    >>> street = gpd.GeoDataFrame(geometry=[LineString([(0, 0), (800, 0)])], crs=4547)
    >>> homes = gpd.GeoDataFrame(
    ...     {"vehicles": [100, 50, 200]}, geometry=[Point(x, 0) for x in (0, 400, 800)], crs=4547
    ... )
    >>> lots = gpd.GeoDataFrame(
    ...     {"lot_code": ["A", "B"], "berths": [30, 60]}, geometry=[Point(200, 0), Point(600, 0)], crs=4547
    ... )
    >>> balance = berth_balance(homes, lots, road_network(street))
    >>> balance.homes["berths_per_vehicle"].round(2).tolist(), balance.lots["demand"].tolist()
    ([0.2, 0.44, 0.24], [150.0, 250.0])
    """
    require_amounts(within_m=within_m, to_road_m=to_road_m)
    steps = _steps(decay, within_m)
    aside = SetAside()
    berths, _ = aside.amounts(lots, "lots", "berths")
    vehicles = _vehicles(homes, vehicles_per_household, aside)
    there = facilities_on(lots, network, travel=travel, to_road_m=to_road_m, entrances=entrances)
    origins = homes_on(homes, network, travel=travel, to_road_m=to_road_m, entrances=gates)
    pairs = near_pairs(network.ways(travel), origins.places, there.sites, there.label, limit=within_m)
    home, lot, metres = _each_pair_once(origins.owner[pairs.place], pairs.label, pairs.distance)
    names = codes_of(lots, None, "lots").to_numpy(dtype=object).astype(str)
    number = np.searchsorted(there.codes.astype(str), names)
    capacity = np.bincount(number, weights=berths, minlength=len(there.codes))
    weight = _weight(metres, decay, steps, within_m)
    demand = np.bincount(lot, weights=vehicles[home] * weight, minlength=len(capacity))
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(demand > 0, capacity / demand, np.nan)
    access = np.bincount(home, weights=np.nan_to_num(each)[lot] * weight, minlength=len(homes))
    answered = with_answers(
        homes,
        {
            "vehicles": vehicles,
            "lots_reached": np.bincount(home[weight > 0], minlength=len(homes)).astype(np.int64),
            "berths_reached": np.bincount(
                home[weight > 0], weights=capacity[lot[weight > 0]], minlength=len(homes)
            ),
            "berths_per_vehicle": access,
            "shortage": vehicles * np.maximum(0.0, 1.0 - access),
        },
    )
    table = gpd.GeoDataFrame(
        {
            "lot_code": pd.array(there.codes, dtype="str"),
            "berths": capacity,
            "demand": demand,
            "berths_per_vehicle": each,
            "unreached": demand == 0,
        },
        geometry=there.shapes,
        crs=network.crs,
    )
    table.attrs["off_road"] = there.off_road
    total = float(vehicles.sum())
    return BerthBalance(
        answered,
        table,
        float(capacity.sum()) / total if total > 0 else float("nan"),
        _wanted(large_city=large_city),
        [*aside.rows, *there.off_road],
    )


@checked
def berths_by_area(
    lots: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame,
    *,
    homes: gpd.GeoDataFrame | None = None,
    vehicles_per_household: float | None = None,
    plan: Mapping[str, float] | None = None,
    large_city: bool = True,
    code: str | None = None,
) -> pd.DataFrame:
    """Count berths by zone, street or district, by kind of lot, and compare them with vehicles and a plan.

    Parameters
    ----------
    lots : GeoDataFrame
        With ``berths`` and ``lot_kind``; each counts where a point within it lies.
    areas : GeoDataFrame
    homes : GeoDataFrame, optional
        With vehicles, as `berth_balance` takes them.
    vehicles_per_household : float, optional
    plan : mapping of str to float, optional
        How many berths are planned for an area, by its code (10,000 new ones in the policy of 2022 for all).
    large_city : bool, default True
    code : str, optional
        The areas' column of codes; by default that of their layer in the catalogue, or the index label.

    Returns
    -------
    DataFrame
        One row an area by code, and one without a code for what lies in none, if anything does:
        ``area_code``, ``berths_public`` (公共), ``berths_private`` (专用), ``berths_on_street``
        (道路临时泊位), ``berths_of_unknown_kind``, ``berths`` (all, float64), ``lots``,
        ``lots_without_berths`` (int64: of which nobody knows how many they have); with `homes`
        ``vehicles``, ``ratio`` and ``judgement`` (``too_few``, ``within``, ``too_many`` by the
        standard); with `plan` ``planned`` and ``share_of_plan``. ``attrs["set_aside"]`` lists
        what was not understood.
        ``attrs["no_position"]`` counts lots without a place, which are among those in no area.

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError, GeometryError
        If a layer cannot be used.
    InputError
        If no ``lot_kind`` is understood, or `plan` names an area that there is not.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point, box
    >>> lots = gpd.GeoDataFrame(
    ...     {"lot_code": ["T1", "T2"], "lot_kind": ["公共", "专用"], "berths": [40, 60]},
    ...     geometry=[Point(5, 5), Point(6, 6)],
    ...     crs=4547,
    ... )
    >>> streets = gpd.GeoDataFrame({"street_code": ["S1"]}, geometry=[box(0, 0, 9, 9)], crs=4547)
    >>> table = berths_by_area(lots, streets, plan={"S1": 80})
    >>> table[["area_code", "berths_public", "berths_private", "berths", "share_of_plan"]]
      area_code  berths_public  berths_private  berths  share_of_plan
    0        S1           40.0            60.0   100.0           1.25
    """
    require_columns(lots, "lots", "lot_kind")
    aside = SetAside()
    areas, names = by_code(ready(areas, "areas", kind="polygon"), code)
    shapes = areas.geometry.to_numpy()
    berths, unknown = aside.amounts(lots, "lots", "berths")
    kinds = aside.coded(lots, CATALOGUE["parking_lots"].field("lot_kind"), "lots").to_numpy(dtype=object)
    row = _area_of(lots, "lots", shapes, areas.crs)
    codes: list[str | None] = names.tolist()
    outside = bool((row == len(names)).any())
    vehicles, home_row = np.empty(0), np.empty(0, np.int64)
    if homes is not None:
        vehicles = _vehicles(homes, vehicles_per_household, aside)
        home_row = _area_of(homes, "homes", shapes, areas.crs)
        outside |= bool((home_row == len(names)).any())
    size = len(names) + 1

    def summed(values: NDArray[np.float64], where: NDArray[np.int64]) -> NDArray[np.float64]:
        total = np.bincount(where, weights=values, minlength=size).astype(np.float64)
        return total[: len(names) + outside]

    table = pd.DataFrame({"area_code": pd.array(codes + [None] * outside, dtype="str")})
    for kind, column in _KINDS.items():
        table[column] = summed(berths * (kinds == kind), row)
    known = np.isin(kinds.astype(str), list(_KINDS))
    table["berths_of_unknown_kind"] = summed(berths * ~known, row)
    table["berths"] = summed(berths, row)
    table["lots"] = summed(np.ones(len(lots)), row).astype(np.int64)
    table["lots_without_berths"] = summed(unknown.astype(float), row).astype(np.int64)
    if homes is not None:
        low, high = _wanted(large_city=large_city)
        table["vehicles"] = summed(vehicles, home_row)
        table["ratio"] = (table["berths"] / table["vehicles"]).where(table["vehicles"] > 0)
        judged = np.select(
            [table["ratio"] < low, table["ratio"] > high, table["ratio"].notna()],
            ["too_few", "too_many", "within"],
            default="",
        )
        table["judgement"] = pd.Series(judged, dtype="str").mask(judged == "")
    if plan is not None:
        strangers = sorted(set(map(str, plan)) - set(names.tolist()))
        if strangers:
            raise InputError(
                tr(
                    "plan: no area has the code {code}; the areas are {known}",
                    code=strangers[0],
                    known=", ".join(names.tolist()[:5]),
                )
            )
        require_amounts(**{f"plan[{key}]": value for key, value in plan.items()})
        table["planned"] = table["area_code"].map({str(key): float(value) for key, value in plan.items()})
        table["share_of_plan"] = (table["berths"] / table["planned"]).where(table["planned"] > 0)
    table.attrs["set_aside"] = aside.rows
    table.attrs["no_position"] = int((~has_place(lots.geometry.to_numpy())).sum())
    return table


@checked
def berth_authority(berths: gpd.GeoDataFrame, carriageways: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Tell who answers for berths by the kerb: the traffic police within it, city management outside.

    Parameters
    ----------
    berths : GeoDataFrame
        Points or areas.
    carriageways : GeoDataFrame
        Polygons between the kerbs (路缘石以内). The width of a road in its layer is that of its red lines and
        tells nothing of the kerb.

    Returns
    -------
    GeoDataFrame
        The berths with ``authority`` (text: ``traffic_police`` 交警, ``city_management`` 城管; missing
        without a place), ``share_inside`` (float64: of an area within the kerb, of a point 1 or 0) and
        ``across_kerb`` (bool): between 5 and 95 % lies inside, to be looked at on the spot.

    Raises
    ------
    CRSError, GeometryError, EmptyLayerError
        If a layer cannot be used.

    Notes
    -----
    City management answers for berths outside the kerb line, the traffic police for those inside (practice
    of filing, confidence S).

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> road = gpd.GeoDataFrame(geometry=[box(0, 0, 100, 12)], crs=4547)
    >>> berths = gpd.GeoDataFrame(geometry=[box(10, 0, 15, 2), box(10, 13, 15, 15)], crs=4547)
    >>> berth_authority(berths, road)["authority"].tolist()
    ['traffic_police', 'city_management']
    """
    roads = ready(carriageways, "carriageways", kind="polygon")
    require_crs(berths, "berths")
    shapes = convert_crs(berths, roads.crs, name="berths").geometry.to_numpy()
    ground = cover_of(roads.geometry.to_numpy())
    shapely.prepare(ground)
    placed = has_place(shapes)
    placed[placed] = shapely.is_valid(shapes[placed])
    share = np.full(len(shapes), np.nan)
    area = np.zeros(len(shapes))
    area[placed] = shapely.area(shapes[placed])
    flat, solid = placed & (area == 0), placed & (area > 0)
    share[flat] = shapely.intersects(ground, shapes[flat]).astype(float)
    share[solid] = shapely.area(shapely.intersection(shapes[solid], ground)) / area[solid]
    authority = np.where(share >= 0.5, "traffic_police", "city_management").astype(object)
    authority[~placed] = None
    return with_answers(
        berths,
        {
            "authority": pd.array(authority, dtype="str"),
            "share_inside": share,
            "across_kerb": placed & (share > 0.05) & (share < 0.95),
        },
    )


def _wanted(*, large_city: bool) -> tuple[float, float]:
    """Return what the standard asks of berths to a vehicle, from and to."""
    limits = rules_table("limits").set_index("limit")["value"]
    size = "large" if large_city else "small"
    return float(limits[f"parking_supply_least_{size}"]), float(limits[f"parking_supply_most_{size}"])


def _vehicles(homes: gpd.GeoDataFrame, per_household: float | None, aside: SetAside) -> NDArray[np.float64]:
    """Return the vehicles of each home, counted or worked out from households."""
    if "vehicles" in homes:
        return aside.amounts(homes, "homes", "vehicles")[0]
    if "households" not in homes or per_household is None:
        raise MissingColumnError(
            tr(
                "homes: no column vehicles; add one, or households and vehicles_per_household=; "
                "its columns are {columns}",
                columns=", ".join(map(str, homes.columns)),
            )
        )
    require_amounts(vehicles_per_household=per_household)
    return aside.amounts(homes, "homes", "households")[0] * per_household


def _steps(decay: Decay, within_m: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the distances and weights of steps; refuse what is neither steps nor a curve."""
    if decay is None or (isinstance(decay, str) and decay == "gaussian"):
        return np.array([within_m]), np.array([1.0])
    try:
        table = np.array([(float(far), float(weight)) for far, weight in decay]).reshape(-1, 2)
    except (TypeError, ValueError):
        table = np.empty((0, 2))
    fine = len(table) > 0 and np.isfinite(table).all() and (table >= 0).all() and (table[:, 1] <= 1).all()
    if not fine or (np.diff(table[:, 0]) <= 0).any():
        raise InputError(
            tr(
                "decay must be None, 'gaussian' or steps such as [(100, 1.0), (300, 0.5)] with rising "
                "distances and weights from 0 to 1, not {value!r}",
                value=decay,
            )
        )
    return table[:, 0], table[:, 1]


def _weight(
    metres: NDArray[np.float64],
    decay: Decay,
    steps: tuple[NDArray[np.float64], NDArray[np.float64]],
    within_m: float,
) -> NDArray[np.float64]:
    """Return what a lot so far away is worth; nothing beyond the last step."""
    if isinstance(decay, str):
        end = np.exp(-0.5)
        far = metres / within_m if within_m > 0 else np.zeros(len(metres))
        return np.asarray((np.exp(-0.5 * far**2) - end) / (1 - end))
    far, weight = steps
    return np.append(weight, 0.0)[np.searchsorted(far, metres)]


def _each_pair_once(
    home: NDArray[np.int64], lot: NDArray[np.int64], metres: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Keep the shortest way of each home to each lot: a home may have several gates."""
    order = np.lexsort((metres, lot, home))
    home, lot, metres = home[order], lot[order], metres[order]
    first = np.ones(len(home), np.bool_)
    first[1:] = (home[1:] != home[:-1]) | (lot[1:] != lot[:-1])
    return home[first], lot[first], metres[first]


def _area_of(layer: gpd.GeoDataFrame, name: str, shapes: NDArray[Any], crs: Any) -> NDArray[np.int64]:
    """Return the number of the area in which each row lies; how many there are where it lies in none."""
    require_crs(layer, name)
    require_rows(layer, name)
    return area_of(inner_points(convert_crs(layer, crs, name=name).geometry.to_numpy()), shapes)
