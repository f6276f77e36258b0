"""What each estate lacks within reach (老旧小区配套)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from zjk_gis.access.nearest import nearest_facilities
from zjk_gis.access.rows import codes_of
from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from zjk_gis.access.roads.network import RoadNetwork, Travel

__all__ = ["lacking_facilities"]


@checked
def lacking_facilities(
    estates: gpd.GeoDataFrame,
    facilities: Mapping[str, gpd.GeoDataFrame],
    network: RoadNetwork,
    *,
    within_m: float = 500.0,
    radii_m: Mapping[str, float] | None = None,
    entrances: gpd.GeoDataFrame | None = None,
    gates: gpd.GeoDataFrame | None = None,
    travel: Travel = "foot",
    to_road_m: float = 200.0,
) -> pd.DataFrame:
    """Tell for each estate how far each kind of facility is along the roads, and which are not within reach.

    Parameters
    ----------
    estates : GeoDataFrame
    facilities : mapping of str to GeoDataFrame
        By what they are called, such as ``{"public_toilets": ..., "green_spaces": ...}``.
    network : RoadNetwork
    within_m : float, default 500.0
        How far is within reach.
    radii_m : mapping of str to float, optional
        The same for kinds that have a distance of their own, such as ``{"green_spaces": 1000}``.
    entrances : GeoDataFrame, optional
        Of the facilities, as `nearest_facilities` takes them; a kind that has none in it is reached as it is.
    gates : GeoDataFrame, optional
        Of the estates.
    travel : {"foot", "car"}, default "foot"
    to_road_m : float, default 200.0

    Returns
    -------
    DataFrame
        One row an estate and kind of facility, in the order given: ``estate_code``, ``facility`` (what it is
        called), ``facility_code``, ``network_m``, ``straight_m``, ``within_m``, ``reason`` and ``lacks``
        (bool: not within reach). ``attrs["off_road"]`` lists the facilities that no road reaches.

    Raises
    ------
    InputError
        If there are no kinds, or `radii_m` names one that is not asked about.
    EmptyLayerError, CRSError, MissingColumnError
        If a layer cannot be used.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString, Point
    >>> from zjk_gis.access import road_network
    >>> street = gpd.GeoDataFrame(geometry=[LineString([(0, 0), (2000, 0)])], crs=4547)
    >>> estates = gpd.GeoDataFrame({"estate_code": ["X1"]}, geometry=[Point(0, 0)], crs=4547)
    >>> toilets = gpd.GeoDataFrame({"toilet_code": ["C1"]}, geometry=[Point(200, 0)], crs=4547)
    >>> stations = gpd.GeoDataFrame({"station_code": ["D1"]}, geometry=[Point(900, 0)], crs=4547)
    >>> kinds = {"public_toilets": toilets, "charging_stations": stations}
    >>> table = lacking_facilities(estates, kinds, road_network(street))
    >>> table[["estate_code", "facility", "network_m", "lacks"]].values.tolist()
    [['X1', 'public_toilets', 200.0, False], ['X1', 'charging_stations', 900.0, True]]
    """
    if not facilities:
        raise InputError(tr("facilities: name at least one kind"))
    radii = {} if radii_m is None else dict(radii_m)
    strange = [kind for kind in radii if kind not in facilities]
    if strange:
        raise InputError(
            tr(
                "radii_m: {kind} is not one of the facilities; they are {known}",
                kind=strange[0],
                known=listed(map(str, facilities)),
            )
        )
    names = codes_of(estates, None, "estates")
    tables, off_road = [], []
    for kind, layer in facilities.items():
        within = float(radii.get(kind, within_m))
        doors = None
        if entrances is not None and "facility_code" in entrances:
            own = entrances[entrances["facility_code"].isin(codes_of(layer, None, kind))]
            doors = own if len(own) else None
        found = nearest_facilities(
            estates, layer, network, within_m=within, entrances=doors, gates=gates, travel=travel,
            to_road_m=to_road_m,
        )  # fmt: skip
        off_road += found.attrs["off_road"]
        tables.append(
            pd.DataFrame(
                {
                    "estate_code": names.to_numpy(),
                    "facility": kind,
                    "facility_code": found["facility_code"].to_numpy(),
                    "network_m": found["network_m"].to_numpy(),
                    "straight_m": found["straight_m"].to_numpy(),
                    "within_m": within,
                    "reason": found["reason"].to_numpy(),
                    "lacks": (found["reason"] != "reached").to_numpy(),
                    "place": range(len(estates)),
                }
            )
        )
    table = pd.concat(tables, ignore_index=True).sort_values("place", kind="stable", ignore_index=True)
    table["facility"] = table["facility"].astype("str")
    table = table.drop(columns="place")
    table.attrs["off_road"] = off_road
    return table
