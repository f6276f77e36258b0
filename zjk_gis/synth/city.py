"""The city as a whole: making it, writing it, reading its truth."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.errors import FileError, InputError
from zjk_gis.layers.labels import label
from zjk_gis.presentation import Presentation, presented
from zjk_gis.synth.case_times import limits_table
from zjk_gis.synth.enforcement import make_enforcement
from zjk_gis.synth.goals import plant_goals, plant_works
from zjk_gis.synth.ground import make_ground
from zjk_gis.synth.incidents import make_incidents
from zjk_gis.synth.known_month import KNOWN_MONTH, count_month
from zjk_gis.synth.offices import (
    CRS,
    LANDMARK_STREETS,
    LAST_DAY,
    all_communities,
    communities_of_banks,
    make_offices,
)
from zjk_gis.synth.pipes import make_pipes
from zjk_gis.synth.places import beyond_reach, historic_cores, make_estates, make_historic, make_parking
from zjk_gis.synth.planted_pipes import keep_covers, plant_covers, plant_digs, plant_plots
from zjk_gis.synth.planted_reach import plant_parking, plant_toilets
from zjk_gis.synth.planted_risks import plant_risks, plant_scopes
from zjk_gis.synth.planted_roads import (
    close_lanes,
    cut_back_ends,
    list_dead_ends,
    list_missing_links,
    set_gates,
)
from zjk_gis.synth.planting import Planting
from zjk_gis.synth.streets import make_roads, make_sections
from zjk_gis.synth.supply import make_supply, spoil_names
from zjk_gis.words import language, tr

if TYPE_CHECKING:
    import os

__all__ = ["City", "make_city", "read_truth", "write_city"]

_LEAST_GRIDS, _MOST_GRIDS, _LEAST_INCIDENTS = 300, 60_000, 1000
_LAYERS = (
    "built_up_areas",
    "rivers",
    "districts",
    "streets",
    "communities",
    "unit_grids",
    "responsibility_zones",
    "roads",
    "road_sections",
    "manholes",
    "pipelines",
    "valves",
    "supply_sources",
    "outfalls",
    "pipe_users",
    "network_zones",
    "pipe_breaks",
    "entrances",
    "excavation_permits",
    "parking_lots",
    "public_toilets",
    "historic_blocks",
    "historic_buildings",
    "ancient_trees",
    "residential_estates",
    "projects",
    "sign_boards",
    "survey_extents",
    "building_footprints",
    "poles",
    "footways",
    "tactile_paving",
    "berths",
    "street_obstacles",
    "overhead_cables",
    "utility_tunnels",
    "contractor_areas",
    "hazards",
    "shelters",
    "enforcement_cases",
)


@presented
@checked
@dataclass(frozen=True, slots=True)
class City:
    """A synthetic city.

    Attributes
    ----------
    layers : dict of str to GeoDataFrame
        The layers of the catalogue, in CGCS2000 / CM 114E (EPSG:4547).
    incidents : DataFrame
        Incidents as a bureau sends them: Chinese column names, longitude and latitude, faults included.
    truth : dict
        What was planted: codes, places and exact areas; as JSON writes it.
    answers : DataFrame
        The right answer for every incident: ``incident_code``, ``zone_code``, ``grid_code`` (empty where
        it was not fixed by construction), ``found``, ``fault`` and ``deadline_state``, how its clock stands
        at the end of the last day.
    """

    layers: dict[str, gpd.GeoDataFrame]
    incidents: pd.DataFrame
    truth: dict[str, Any]
    answers: pd.DataFrame

    def _presentation(self) -> Presentation:
        told = tr(
            "A synthetic city of {layers:,} layers, with {incidents:,} incidents.",
            layers=len(self.layers),
            incidents=len(self.incidents),
        )
        rows = [[label(name, language()), len(layer)] for name, layer in self.layers.items()]
        return Presentation(told, [tr("layer"), tr("rows")], rows)


@checked
def make_city(*, grids: int = 1100, incidents: int = 20_000, seed: int = 20220317) -> City:
    """Make a synthetic Zhangjiakou of a given size.

    Parameters
    ----------
    grids : int, default 1100
        About how many unit grids of 1 ha it has, 300 to 60,000.
    incidents : int, default 20,000
        How many incidents of two years, at least 1,000.
    seed : int, default 20220317
        The same seed gives the same city.

    Returns
    -------
    City

    Raises
    ------
    InputError
        If a size is out of bounds.

    Examples
    --------
    >>> city = make_city(grids=300, incidents=1000, seed=7)
    >>> len(city.incidents), sorted(city.truth["incidents"])[:3]
    (1000, ['border', 'expired_zone', 'gcj02'])
    """
    _check_size(grids, _LEAST_GRIDS, _MOST_GRIDS, "grids")
    _check_size(incidents, _LEAST_INCIDENTS, 100_000_000, "incidents")
    rng = np.random.default_rng(seed)
    cores = historic_cores(grids)
    counts = all_communities()
    landmarks = [(core.centroid, len(counts[s])) for core, s in zip(cores, LANDMARK_STREETS, strict=True)]
    limits = [[count for _, count in bank] for bank in communities_of_banks()]
    ground = make_ground(grids, limits, landmarks, rng)
    offices = make_offices(ground, rng)
    layers = offices.layers
    land = shapely.union_all(layers["districts"].geometry.to_numpy())
    layers["built_up_areas"] = _one_shape(
        "area", "CQ01", "中心城区", shapely.union_all([land, ground.river], grid_size=0.01)
    )
    layers["rivers"] = _one_shape(
        "river", "HL01", "清水河", layers["built_up_areas"].geometry.iloc[0].difference(land)
    )
    river = layers["rivers"].geometry.iloc[0]
    apart = np.random.default_rng([seed, 2])
    planting = Planting()
    region = layers["built_up_areas"].geometry.iloc[0]
    roads, closed = close_lanes(make_roads(ground, rng), apart)
    layers["roads"] = cut_back_ends(roads, region, planting, apart)
    layers["entrances"] = set_gates(layers["roads"], region, planting, apart)
    list_dead_ends(layers["roads"], region, layers["entrances"], planting)
    list_missing_links(layers["roads"], river, closed, planting)
    layers["road_sections"], vacant = make_sections(layers["roads"], layers["communities"], rng)
    scale = min(1.0, grids / 1100)
    gaps = [s for s in offices.spoiled if s.area > 200][: max(1, round(4 * scale))]
    both_cores = shapely.union_all(cores)
    manholes, pipelines, planted = make_pipes(
        layers["roads"], layers["districts"], both_cores, gaps, round(2950 * grids / 1100), rng
    )
    layers["manholes"], layers["pipelines"] = manholes, pipelines
    # A source of chance of their own, so that what comes after them is as it was without them.
    supplied = np.random.default_rng([seed, 1])
    unjoined = spoil_names(pipelines, manholes, supplied)
    supply, faults_of_supply = make_supply(pipelines, manholes, region, planted["crossing"], supplied)
    layers |= supply
    layers["parking_lots"] = make_parking(
        land, river, round(60 * grids / 1100), max(1, round(3 * scale)), rng
    )
    layers["historic_blocks"], layers["historic_buildings"] = make_historic(cores, land, rng)
    layers["residential_estates"] = make_estates(layers["unit_grids"], rng)
    plant_parking(layers, river, planting, apart)
    plant_toilets(layers, river, max(6, round(25 * grids / 1100)), planting, apart)
    keep_covers(manholes, apart)
    plant_covers(manholes, pipelines, planting, apart)
    layers["excavation_permits"] = plant_digs(layers["roads"], planting, apart)
    on_plots = plant_plots(layers, land, both_cores, planting, apart)
    plant_scopes(layers, land, planting, seed=seed)
    plant_risks(layers, land, both_cores, planting, np.random.default_rng([seed, 3]))
    for code in unjoined:
        planting.note("missing_point", code, fault=True)
    for code in manholes["manhole_code"].iloc[planted["orphans"]]:
        planting.note("orphan_point", code, fault=True)
    goals = np.random.default_rng([seed, 5])
    reached, works = plant_goals(layers, goals), plant_works(layers["projects"], goals)
    layers["enforcement_cases"], published = make_enforcement(
        layers, planting, np.random.default_rng([seed, 6])
    )
    clocks = np.random.default_rng([seed, 4])
    raw, answers, lists = make_incidents(layers, offices, land, incidents, rng, planting, clocks)
    truth = {
        "seed": seed,
        "grids": grids,
        "as_of": LAST_DAY,
        "gaps": offices.faults["gaps"],
        "overlaps": offices.faults["overlaps"],
        "expired_zones": offices.faults["expired_zones"],
        "redrawn_zones": offices.faults["redrawn_zones"],
        "sections_without_chief": sorted(vacant),
        "manholes_outside_zones": _in_gaps(layers["manholes"], layers["responsibility_zones"]),
        "orphan_manholes": planting.faults("orphan_point"),
        "misconnections": sorted(pipelines["pipe_code"].iloc[planted["misconnected"]]),
        "unjoined_ends": planting.faults("missing_point"),
        **faults_of_supply,
        "pipelines_in_core": sorted(pipelines["pipe_code"].iloc[planted["crossing"]]),
        "parking_gaps": beyond_reach(layers["parking_lots"], land, river),
        "incidents": lists,
        "planted": planting.table(),
        "pipes_on_plots": on_plots,
        "targets": [*reached, published],
        "works": works,
        "month": KNOWN_MONTH,
        "indicators": count_month(raw),
    }
    return City({name: layers[name] for name in _LAYERS}, raw, truth, answers)


@checked
def write_city(city: City, folder: str | os.PathLike[str]) -> None:
    """Write a city: ``city.gpkg``, ``incidents.csv``, ``deadlines.csv`` and what is true of it.

    That is ``truth.json`` and ``truth_incidents.csv.gz``.

    Parameters
    ----------
    city : City
    folder : path
        Made if it is not there.

    Raises
    ------
    FileError
        If the folder cannot be written.

    Notes
    -----
    The same city gives the same bytes with the same versions of GDAL: its clock is stopped while writing.
    """
    import pyogrio

    target = Path(folder)
    clock = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    try:
        target.mkdir(parents=True, exist_ok=True)
        package = target / "city.gpkg"
        package.unlink(missing_ok=True)
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{LAST_DAY}T00:00:00Z"})
        for name, layer in city.layers.items():
            pyogrio.write_dataframe(layer, package, layer=name, append=package.exists(), SPATIAL_INDEX="NO")
        for name, table in (("incidents.csv", city.incidents), ("deadlines.csv", limits_table())):
            table.to_csv(target / name, index=False, encoding="utf-8-sig", lineterminator="\n")
        with gzip.GzipFile(target / "truth_incidents.csv.gz", "wb", mtime=0) as answers:
            answers.write(city.answers.to_csv(index=False, lineterminator="\n").encode())
        text = json.dumps(city.truth, ensure_ascii=False, indent=1)
        (target / "truth.json").write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise FileError(
            tr("{target}: cannot write the city here: {error}", target=target, error=error)
        ) from error
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": clock})


@checked
def read_truth(folder: str | os.PathLike[str]) -> tuple[dict[str, Any], pd.DataFrame]:
    """Read what was planted in a city that `write_city` wrote.

    Parameters
    ----------
    folder : path

    Returns
    -------
    truth : dict
    answers : DataFrame

    Raises
    ------
    FileError
        If the files are not there or not whole.
    """
    source = Path(folder)
    try:
        truth = json.loads((source / "truth.json").read_text(encoding="utf-8"))
        answers = pd.read_csv(source / "truth_incidents.csv.gz", dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise FileError(
            tr(
                "{source}: no readable truth here ({error}); make the city again: zjk-gis synth {source}",
                source=source,
                error=error,
            )
        ) from error
    return truth, answers


def _check_size(value: int, least: int, most: int, name: str) -> None:
    if not least <= value <= most:
        raise InputError(
            tr(
                "{name} must be between {least:,} and {most:,}, not {value:,}",
                name=name,
                least=least,
                most=most,
                value=value,
            )
        )


def _one_shape(stem: str, code: str, name: str, shape: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({f"{stem}_code": [code], f"{stem}_name": [name]}, geometry=[shape], crs=CRS)


def _in_gaps(manholes: gpd.GeoDataFrame, zones: gpd.GeoDataFrame) -> list[str]:
    """List the covers that no finest zone of the last day holds, one by one."""
    finest = zones[(zones["level"] == 3) & (zones["valid_to"].isna() | (zones["valid_to"] >= LAST_DAY))]
    held = shapely.union_all(finest.geometry.to_numpy())
    shapely.prepare(held)
    outside = ~shapely.intersects(held, manholes.geometry.to_numpy()) & manholes["manhole_code"].notna()
    return sorted(manholes.loc[outside, "manhole_code"])
