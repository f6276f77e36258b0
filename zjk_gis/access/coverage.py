"""Who is served: people and ground by community, street or district, along roads and in a straight line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.access.rows import area_of, by_code
from zjk_gis.arguments import checked
from zjk_gis.crs import convert_crs, require_crs
from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.layers.metric import ready, require_reach
from zjk_gis.layers.shapes import inner_points
from zjk_gis.overlay.polygons import cover_of
from zjk_gis.words import tr

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["coverage_of"]

_REASONS = ("too_far", "cut_off", "no_road", "in_barrier", "no_position")
_QUARTER_STEPS = 32


@checked
def coverage_of(
    homes: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame | None = None,
    *,
    within_m: float = 300.0,
    code: str | None = None,
    population: str = "population",
    served: gpd.GeoDataFrame | None = None,
    facilities: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame:
    """Count who is within reach and who is not (覆盖率), along the roads and in a straight line side by side.

    Parameters
    ----------
    homes : GeoDataFrame
        What `nearest_facilities` returned, one row a home.
    areas : GeoDataFrame, optional
        Communities, streets or districts; a home counts where the point within it lies. By default all homes
        are counted together.
    within_m : float, default 300.0
        How far is within reach, either way of measuring.
    code : str, optional
        The areas' column of codes; by default that of their layer in the catalogue, or the index label.
    population : str, default "population"
        The column of people. Without it homes are counted alone.
    served : GeoDataFrame, optional
        Ground within reach along the roads, from `service_areas`.
    facilities : GeoDataFrame, optional
        From where the ground within reach in a straight line is measured. Ground is counted where `areas`,
        `served` and `facilities` are all given.

    Returns
    -------
    DataFrame
        One row an area in the order of their codes, those without homes too; then one without a
        code, where homes lie in none. Columns:

        - ``area_code`` (text);
        - ``homes``, ``homes_network``, ``homes_straight`` (int64): all, and those within reach along the
          roads and in a straight line;
        - ``people``, ``people_network``, ``people_straight`` (float64), ``share_network``,
          ``share_straight``: the same for people, shares of ``people``; NaN where there are none;
        - ``people_unknown`` (int64): homes of which nobody knows how many people they have: they count as 0;
        - ``people_too_far``, ``people_cut_off``, ``people_no_road``, ``people_in_barrier``,
          ``people_no_position`` (float64): why people are not reached along the roads;
        - ``area_m2``, ``area_network_m2``, ``area_straight_m2``, ``area_share_network``,
          ``area_share_straight``: the same for ground.

        ``attrs["total"]`` holds the sums and shares over all rows, ``attrs["no_position"]`` how many homes
        have no place.

    Raises
    ------
    MissingColumnError
        If `homes` does not come from `nearest_facilities`, or `code` is not there.
    InputError
        If `homes` has several rows a home, or `within_m` is negative.
    CRSError, GeometryError
        If a layer cannot be used.

    Notes
    -----
    A home is served once, however many facilities it reaches; sums over facilities would count it again.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> homes = gpd.GeoDataFrame(
    ...     {
    ...         "population": [100, 60],
    ...         "network_m": [250.0, 850.0],
    ...         "nearest_straight_m": [200.0, 50.0],
    ...         "reason": ["reached", "too_far"],
    ...     },
    ...     geometry=[Point(0, 0), Point(9, 9)],
    ...     crs=4547,
    ... )
    >>> coverage_of(homes)[["people", "people_network", "people_straight", "share_network"]]
       people  people_network  people_straight  share_network
    0   160.0           100.0            160.0          0.625
    """
    require_reach(within_m=within_m)
    _check(homes)
    number = pd.to_numeric(homes[population], errors="coerce") if population in homes else None
    people = np.zeros(len(homes)) if number is None else number.to_numpy(np.float64, na_value=np.nan)
    unknown = ~(np.isfinite(people) & (people >= 0))
    people = np.where(unknown, 0.0, people)
    network = (homes["network_m"] <= within_m).to_numpy(dtype=bool)
    reason = homes["reason"].to_numpy(dtype=object)
    columns: dict[str, NDArray[Any]] = {
        "homes": np.ones(len(homes)),
        "homes_network": network,
        "homes_straight": (homes["nearest_straight_m"] <= within_m).to_numpy(dtype=bool),
    }
    if number is not None:
        columns["people"] = people
        columns["people_network"] = people * network
        columns["people_straight"] = people * columns["homes_straight"]
        columns["people_unknown"] = unknown
        # A home that was reached within another distance may be too far for this one.
        unserved = np.where(reason == "reached", "too_far", reason)
        for each in _REASONS:
            columns[f"people_{each}"] = people * (~network & (unserved == each))
    codes, row = (np.array([None], object), np.zeros(len(homes), np.int64))
    if areas is not None:
        codes, row, areas = _areas_of(homes, areas, code)
    table = pd.DataFrame({"area_code": pd.array(codes, dtype="str")})
    for name, values in columns.items():
        total = np.bincount(row, weights=values.astype(np.float64), minlength=len(codes))
        counts = name.startswith("homes") or name == "people_unknown"
        table[name] = total.astype(np.int64) if counts else total
    if areas is not None and served is not None and facilities is not None:
        for name, values in _ground(areas, served, facilities, within_m).items():
            table[name] = np.append(values, np.zeros(len(table) - len(values)))
    table = _with_shares(table)
    table.attrs["no_position"] = int((reason == "no_position").sum())
    return table


def _check(homes: gpd.GeoDataFrame) -> None:
    """Refuse what does not come from `nearest_facilities`, or has several rows a home."""
    for name in ("network_m", "nearest_straight_m", "reason"):
        if name not in homes:
            raise MissingColumnError(
                tr(
                    "homes: no column {name!r}; give what nearest_facilities returned",
                    name=name,
                )
            )
    if "rank" in homes and (pd.to_numeric(homes["rank"], errors="coerce") > 1).any():
        raise InputError(tr("homes: several rows a home; ask nearest_facilities with count=1"))


def _areas_of(
    homes: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, code: str | None
) -> tuple[NDArray[Any], NDArray[np.int64], gpd.GeoDataFrame]:
    """Return the sorted codes of areas, the number of that in which each home lies, and the areas."""
    require_crs(homes, "homes")
    areas, names = by_code(ready(areas, "areas", kind="polygon"), code)
    points = inner_points(convert_crs(homes, areas.crs, name="homes").geometry.to_numpy())
    row = area_of(points, areas.geometry.to_numpy())
    codes = names.astype(object)
    if (row == len(names)).any():
        codes = np.array([*codes.tolist(), None], dtype=object)
    return codes, row, areas


def _ground(
    areas: gpd.GeoDataFrame, served: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, within_m: float
) -> dict[str, NDArray[np.float64]]:
    """Measure how much of each area is within reach, either way."""
    shapes = areas.geometry.to_numpy()
    by_road = cover_of(convert_crs(served, areas.crs, name="served").geometry.to_numpy())
    places = convert_crs(facilities, areas.crs, name="facilities").geometry.to_numpy()
    places = places[~(shapely.is_missing(places) | shapely.is_empty(places))]
    straight = cover_of(shapely.buffer(places, within_m, quad_segs=_QUARTER_STEPS))
    return {
        "area_m2": shapely.area(shapes),
        "area_network_m2": shapely.area(shapely.intersection(shapes, by_road)),
        "area_straight_m2": shapely.area(shapely.intersection(shapes, straight)),
    }


def _with_shares(table: pd.DataFrame) -> pd.DataFrame:
    """Add shares, each of the whole it is a share of, and the sums over all rows."""
    total: dict[str, Any] = {
        name: table[name].to_numpy().sum().item() for name in table.columns.drop("area_code")
    }
    for whole, prefix, ending in (("people", "", ""), ("area_m2", "area_", "_m2")):
        if whole not in table:
            continue
        stem = whole.removesuffix("_m2")
        for way in ("network", "straight"):
            part, name = f"{stem}_{way}{ending}", f"{prefix}share_{way}"
            with np.errstate(divide="ignore", invalid="ignore"):
                table[name] = np.where(table[whole] > 0, table[part] / table[whole], np.nan)
            total[name] = total[part] / total[whole] if total[whole] > 0 else None
    table.attrs["total"] = total
    return table
