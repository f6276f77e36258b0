"""Where things happen again and again, and where cases gather: the worst places of a month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.errors import InputError
from zjk_gis.layers.columns.personal import without_personal
from zjk_gis.layers.columns.values import code_text
from zjk_gis.reports.bulletin.asking import FIGURE_COLUMNS, Chapter
from zjk_gis.reports.bulletin.ids import figure_id, subject_key
from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.reports.bulletin.asking import Making

__all__ = ["GATHERED", "REPEATED", "THICKEST", "gathered", "repeated", "thickest"]

REPEATED, GATHERED, THICKEST = "repeat_places", "hot_places", "black_spots"  # tables
_MOST = 10
_CELL_M = 500.0
_WGS84 = 4326
_REGION = "built_up_areas"
_HOT = ("hot_90", "hot_95", "hot_99")


def repeated(making: Making) -> Chapter:
    """List the places where the same thing came back in the month after it had been closed, the worst ten.

    By the usual rule of `repeat_incidents`, of all cases up to the time that is judged. A figure counts the
    cases of such a chain.
    """
    cases = _placed(making, REPEATED)
    if cases is None:
        return Chapter()
    if "closed_at" in making.lacking:
        making.unfound[REPEATED] = lambda: tr("no case has a time of closing (closed_at)")
        return Chapter()
    from zjk_gis.assess.repeats import repeat_incidents  # compiles, so that it is loaded only here

    try:
        found = repeat_incidents(cases)
    except InputError as error:
        said = str(error)
        making.unfound[REPEATED] = lambda: said
        return Chapter()
    month = np.datetime64(making.months.month, "M")
    last = found["last_at"].to_numpy().astype("M8[us]")
    found = found[(last.astype("M8[M]") == month)].head(_MOST)
    codes = pd.Series(code_text(cases["incident_code"]).to_numpy())
    parts = [codes.isin(str(each).split(";")).to_numpy() for each in found["incident_codes"]]
    shown = [
        name
        for name in ("place_code", "event_name", "times", "first_at", "last_at", "chief_codes")
        if name in found
    ]
    names = found["event_name"] if "event_name" in found else found["place_code"]
    return _chapter(
        making,
        "repeat_cases",
        "place_code",
        found[shown],
        list(names),
        cases,
        parts,
        REPEATED,
        found.geometry,
    )


def gathered(making: Making) -> Chapter:
    """List the places where more cases of the month gather than chance would have it, the worst ten.

    Squares of 500 m over the built-up areas, judged by `hot_spots`. A figure counts the cases in the cells
    of such a place.
    """
    cases = _placed(making, GATHERED)
    if cases is None:
        return Chapter()
    region: Any = making.layers.get(_REGION)
    if not isinstance(region, gpd.GeoDataFrame):
        making.unfound[GATHERED] = lambda: tr("there is no layer of built-up areas (built_up_areas)")
        return Chapter()
    from zjk_gis.assess.hot_cells import hot_spots  # compiles, so that it is loaded only here

    try:
        cells = hot_spots(cases, cells=_CELL_M, region=region, month=making.months.month)
    except InputError as error:
        said = str(error)
        making.unfound[GATHERED] = lambda: said
        return Chapter()
    hot = cells[cells["hot_class"].isin(_HOT)]
    spots = hot.groupby("spot_code", sort=True)
    ground = [shapely.union_all(each.geometry.to_numpy()) for _, each in spots]
    rows = pd.DataFrame(
        {
            "spot_code": list(spots.groups),
            "cell_count": spots.size().to_numpy(),
            "z_score": spots["z_score"].max().to_numpy(),
        }
    ).sort_values(["z_score", "spot_code"], ascending=[False, True], kind="stable").head(_MOST)  # fmt: skip
    ground = [ground[at] for at in rows.index]
    is_now = _of_month(making)
    points = cases.geometry.to_crs(cells.crs).to_numpy()
    parts = [is_now & shapely.intersects(each, points) for each in ground]
    centres = gpd.GeoSeries(shapely.point_on_surface(np.array(ground, dtype=object)), crs=cells.crs)
    names = rows["spot_code"].tolist()
    return _chapter(making, "hot_spot_cases", "spot_code", rows, names, cases, parts, GATHERED, centres)


def thickest(making: Making) -> Chapter:
    """List the pieces of road on which the month's cases lie thickest, the worst ten.

    Pieces of 100 m of each road, by the usual rule of `black_spots`. A figure counts the cases of a piece.
    """
    cases = _placed(making, THICKEST)
    if cases is None:
        return Chapter()
    roads: Any = making.layers.get("roads")
    if not isinstance(roads, gpd.GeoDataFrame):
        making.unfound[THICKEST] = lambda: tr("there is no layer of roads (roads)")
        return Chapter()
    from zjk_gis.assess.road_pieces import black_spots  # compiles, so that it is loaded only here

    is_now = _of_month(making)
    try:
        found = black_spots(gpd.GeoDataFrame(cases[is_now]), roads)
    except InputError as error:
        said = str(error)
        making.unfound[THICKEST] = lambda: said
        return Chapter()
    found = found[found["rank"].notna()].head(_MOST)
    codes = pd.Series(code_text(cases["incident_code"]).to_numpy())
    parts = [is_now & codes.isin(str(each).split(";")).to_numpy() for each in found["incident_codes"]]
    shown = [name for name in ("piece_code", "road_name", "from_m", "to_m", "per_100m") if name in found]
    names = found["road_name" if "road_name" in found else "piece_code"].fillna(found["piece_code"])
    middles = gpd.GeoSeries(found.geometry.interpolate(0.5, normalized=True), crs=found.crs)
    return _chapter(
        making, "black_spot_cases", "piece_code", found[shown], list(names), cases, parts, THICKEST, middles
    )


def _of_month(making: Making) -> np.ndarray[Any, Any]:
    """Tell which of the incidents that had happened are those of the month."""
    is_now = np.zeros(len(making.months.incidents), dtype=bool)
    is_now[making.months.of(making.months.month).places] = True
    known: np.ndarray[Any, Any] = is_now[_before(making)]
    return known


def _before(making: Making) -> np.ndarray[Any, Any]:
    """Tell which incidents had happened when the month is judged."""
    times = making.months.times()
    return ~np.isnat(times) & (times < making.months.moment)


def _placed(making: Making, table: str) -> gpd.GeoDataFrame | None:
    """Return the cases that had happened by then, if they have positions and codes; else note why not."""
    incidents = making.months.incidents
    if not isinstance(incidents, gpd.GeoDataFrame) or incidents.crs is None:
        making.unfound[table] = lambda: tr("the incidents have no positions")
        return None
    if "incident_code" not in incidents:
        making.unfound[table] = lambda: tr("the incidents have no codes (incident_code)")
        return None
    return gpd.GeoDataFrame(incidents[_before(making)])


def _chapter(
    making: Making,
    indicator: str,
    column: str,
    table: pd.DataFrame,
    names: list[Any],
    cases: gpd.GeoDataFrame,
    parts: list[Any],
    name: str,
    spots: gpd.GeoSeries,
) -> Chapter:
    """Make figures of how many cases each place has, with the cases as their rows."""
    month = making.months.month
    codes = [str(code) for code in table[column]]
    ids = [figure_id(month, indicator, subject_key([(column, code)], making.by)) for code in codes]
    counts = [float(part.sum()) for part in parts]
    told = {
        "figure": ids, "chapter": "places", "month": month, "grouped_by": column, "subject": codes,
        "subject_name": [str(each) for each in names], "indicator": indicator, "value": counts,
        "value_unit": "cases", "numerator": counts, "n": counts, "judgement": "not_judged", "judged_by": "",
    }  # fmt: skip
    rest = [each for each in FIGURE_COLUMNS if each not in told]
    figures = pd.DataFrame(told).assign(**dict.fromkeys(rest, np.nan))[FIGURE_COLUMNS]
    places = spots.to_crs(_WGS84)
    shown = pd.DataFrame(table).drop(columns="geometry", errors="ignore").reset_index(drop=True)
    shown = shown.assign(
        cases=[int(each) for each in counts],
        longitude=places.x.round(6).to_numpy(),
        latitude=places.y.round(6).to_numpy(),
        figure=ids,
    )
    plain = pd.DataFrame(without_personal(pd.DataFrame(cases)))
    rows = {
        figure: plain[part].assign(in_numerator=True)[["in_numerator", *plain.columns]]
        for figure, part in zip(ids, parts, strict=True)
    }
    return Chapter(figures, {name: shown}, rows) if ids else Chapter()
