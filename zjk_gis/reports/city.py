"""One city, every question: the survey that the demo, the map and the workbook are made from."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import geopandas as gpd

from zjk_gis import access, pipes
from zjk_gis.arguments import checked
from zjk_gis.assign import assign_incidents
from zjk_gis.assign.incidents import split_rejects
from zjk_gis.coverage import overlapping_zones
from zjk_gis.coverage.faults import coverage_faults
from zjk_gis.errors import InputError
from zjk_gis.io import write_layer, write_table
from zjk_gis.layers.labels import label
from zjk_gis.maps import city_map, save_offline
from zjk_gis.progress import track
from zjk_gis.protection import pipelines_in_core
from zjk_gis.reports.dossier import Dossier, ready_folder
from zjk_gis.reports.indicators import assignment_summary, busiest_chiefs, counts_by_outcome
from zjk_gis.reports.workbook.writing import write_workbook
from zjk_gis.responsibility.sections import sections_without_chief
from zjk_gis.words import tr
from zjk_gis.workspace.city_file import PublicLots
from zjk_gis.workspace.city_file.thresholds import assignment_limits, limit_of

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Callable, Collection, Iterator, Mapping

    from zjk_gis.access import RoadNetwork
    from zjk_gis.coverage.faults import CoverageFaults
    from zjk_gis.layers.labels import Language

__all__ = ["survey_city", "write_survey"]

_BARRIERS = ("rivers", "railways")
_COVERAGE = "parking_coverage"


@checked
def survey_city(
    city: Mapping[str, gpd.GeoDataFrame],
    incidents: gpd.GeoDataFrame | None = None,
    *,
    at: str | dt.date,
    level: int | str | None = None,
    steps: Callable[[list[str]], Iterator[str]] = iter,
    even_if_off: bool = False,
    unanswered: dict[str, InputError] | None = None,
    asked: Collection[str] | None = None,
    public_lots: PublicLots | None = None,
    thresholds: Mapping[str, float] | None = None,
) -> dict[str, gpd.GeoDataFrame]:
    """Ask every question that the layers of a city can answer.

    Parameters
    ----------
    city : mapping of str to GeoDataFrame
        Layers by their names in the catalogue. A question whose layers are missing is left out.
    incidents : GeoDataFrame, optional
        To be assigned, each by the zones valid when it occurred.
    at : date or str
        The day that is judged: zones valid on it, pipes and manholes in use on it.
    level : int or str, optional
        The level of zones that answers: a number or a word, or ``"any"`` for all; by default the finest.
    steps : callable, optional
        Wraps the list of questions, to show progress.
    even_if_off : bool, default False
        Go on even if the incidents cannot be where the zones are, see `assign_incidents`.
    unanswered : dict, optional
        Told which questions a layer does not allow to answer, with the error that says why; the others are
        answered. Without it the first that cannot be answered stops all, as incidents that cannot be assigned
        always do.
    asked : collection of str, optional
        Ask only these questions, by their names below.
    public_lots : PublicLots, optional
        Which parking lots are open to the public, such as `City.public_lots`; by default see
        `zjk_gis.access.public_lots`.
    thresholds : mapping of str to float, optional
        Those that a city sets for itself, such as `City.thresholds`: ``parking_m``, ``border_m``,
        ``nearest_m``, ``gap_min_m2`` and ``overlap_min_m2`` count here.

    Returns
    -------
    dict of str to GeoDataFrame
        The answers by question: ``assigned``, ``gaps``, ``overlaps``, ``sections_without_chief``,
        ``manholes_outside_zones``, ``orphan_manholes``, ``misconnections``,
        ``unjoined_ends``, ``unregistered_outfalls``, ``unfed_pipes``, ``pipelines_in_core``,
        ``parking_gaps``, ``parking_coverage`` (by community, along the roads and in a straight line),
        ``dead_ends`` (those that could be opened) and ``missing_links``, in this order.

    Raises
    ------
    InputError
        If a layer cannot be used and `unanswered` is not given; see the function of each question.

    Examples
    --------
    >>> from zjk_gis.synth import make_city
    >>> city = make_city(grids=300, incidents=1000)
    >>> answers = survey_city(city.layers, at="2025-12-31")
    >>> len(answers["gaps"]) == len(city.truth["gaps"])
    True
    """
    zones = city.get("responsibility_zones")
    river = city.get("rivers")
    public = (public_lots or PublicLots()).as_options()
    limits = thresholds or {}
    within_m = limit_of(limits, "parking_m")
    least_gap, least_overlap = (limit_of(limits, name) for name in ("gap_min_m2", "overlap_min_m2"))

    @cache
    def faults() -> CoverageFaults:  # both questions rest on one division of the ground
        least = min(least_gap, least_overlap)
        return coverage_faults(
            city["built_up_areas"], zones, at=at, level=level, allowed=river, min_area_m2=least
        )

    @cache
    def network_found() -> dict[str, gpd.GeoDataFrame]:  # several questions rest on one network
        network = pipes.pipe_network(
            city["manholes"], city["pipelines"], points=city.get("pipe_points"), at=at
        )
        return pipes.network_faults(network, city, at=at)

    @cache
    def roads() -> RoadNetwork:
        return access.road_network(city["roads"], barriers=[city[name] for name in _BARRIERS if name in city])

    questions: dict[str, tuple[tuple[str, ...], Callable[[], gpd.GeoDataFrame]]] = {
        "gaps": (
            ("built_up_areas", "responsibility_zones"),
            lambda: _large_enough(faults().gaps, least_gap),
        ),
        "overlaps": (
            ("responsibility_zones",),
            lambda: _large_enough(
                faults().overlaps
                if "built_up_areas" in city
                else overlapping_zones(zones, at=at, level=level, min_area_m2=least_overlap),
                least_overlap,
            ),
        ),
        "sections_without_chief": (
            ("road_sections",),
            lambda: sections_without_chief(city["road_sections"], at=at),
        ),
        "manholes_outside_zones": (
            ("manholes", "responsibility_zones"),
            lambda: pipes.manholes_outside_zones(city["manholes"], zones, at=at, level=level),
        ),
        "orphan_manholes": (
            ("manholes", "pipelines"),
            lambda: pipes.orphan_manholes(city["manholes"], city["pipelines"], at=at),
        ),
        "misconnections": (
            ("manholes", "pipelines"),
            lambda: network_found()["misconnections"],
        ),
        "unjoined_ends": (
            ("manholes", "pipelines"),
            lambda: network_found()["unjoined_ends"],
        ),
        "unregistered_outfalls": (
            ("manholes", "pipelines", "outfalls"),
            lambda: network_found()["unregistered_outfalls"],
        ),
        "unfed_pipes": (
            ("manholes", "pipelines", "supply_sources"),
            lambda: network_found()["unfed_pipes"],
        ),
        "pipelines_in_core": (
            ("pipelines", "historic_blocks"),
            lambda: pipelines_in_core(city["pipelines"], city["historic_blocks"]),
        ),
        "parking_gaps": (
            ("built_up_areas", "parking_lots"),
            lambda: access.parking_gaps(
                city["built_up_areas"],
                city["parking_lots"],
                within_m=within_m,
                barriers=river,
                estates=city.get("residential_estates"),
                **public,
            ),
        ),
        "parking_coverage": (
            ("roads", "parking_lots", "residential_estates", "communities"),
            lambda: _parking_coverage(city, roads(), public, within_m),
        ),
        "dead_ends": (("roads", "built_up_areas"), lambda: _dead_ends(city, roads())),
        "missing_links": (("roads",), lambda: access.missing_links(roads())),
    }
    if incidents is not None and zones is not None:
        assigned = {
            "assigned": (
                ("responsibility_zones",),
                lambda: assign_incidents(
                    incidents,
                    zones,
                    grids=city.get("unit_grids"),
                    sections=city.get("road_sections"),
                    even_if_off=even_if_off,
                    level=level,
                    **assignment_limits(limits),
                ),
            )
        }
        questions = {**assigned, **questions}
    answerable = [name for name, (needed, _) in questions.items() if all(layer in city for layer in needed)]
    if asked is not None:
        answerable = [name for name in answerable if name in asked]
    answers: dict[str, gpd.GeoDataFrame] = {}
    for name in steps(answerable):
        try:
            answers[name] = questions[name][1]()
        except InputError as error:
            if unanswered is None or name == "assigned":
                raise
            unanswered[name] = error
    return answers


def _large_enough(faults: gpd.GeoDataFrame, least_m2: float) -> gpd.GeoDataFrame:
    return faults[faults["area_m2"] >= least_m2].reset_index(drop=True)


def _parking_coverage(
    city: Mapping[str, gpd.GeoDataFrame],
    network: RoadNetwork,
    public: Mapping[str, tuple[str, ...]],
    within_m: float,
) -> gpd.GeoDataFrame:
    """Return the communities with who reaches a lot open to the public, either way of measuring."""
    lots, areas = city["parking_lots"], city["communities"]
    lots = access.public_lots(lots, **public) if "lot_kind" in lots else lots
    homes = access.nearest_facilities(city["residential_estates"], lots, network, within_m=within_m)
    told = access.coverage_of(homes, areas, within_m=within_m)
    shapes = areas.set_index(areas["community_code"].astype(str)).geometry
    drawn = gpd.GeoDataFrame(told, geometry=told["area_code"].map(shapes).to_numpy(), crs=areas.crs)
    drawn.attrs = {**told.attrs, "within_m": within_m}
    return drawn


def _dead_ends(city: Mapping[str, gpd.GeoDataFrame], network: RoadNetwork) -> gpd.GeoDataFrame:
    """Return the ends of roads that could be opened, those that save most first."""
    ends = access.dead_ends(network, city["built_up_areas"], entrances=city.get("entrances"))
    ends = ends[ends["kind"] == "dead_end"]
    return ends.sort_values(["saved_m", "edge_code"], ascending=[False, True], ignore_index=True)


@checked
def write_survey(
    results: Mapping[str, gpd.GeoDataFrame],
    folder: str | os.PathLike[str],
    *,
    city: Mapping[str, gpd.GeoDataFrame],
    at: str | dt.date,
    title: str | None = None,
    source: str = "",
    headings: Language | None = None,
    lang: Language = "zh",
) -> Dossier:
    """Write the answers of a survey with incidents: map, print, workbook, layers, and the rejected rows.

    Parameters
    ----------
    results : mapping of str to GeoDataFrame
        As `survey_city` returns them, ``assigned`` among them. Where the zones have no ``chief_code``, road
        chiefs are left out, and `Dossier.remarks` say so.
    folder : str or path
        Made where there is none. Files of an earlier survey in it are replaced.
    city : mapping of str to GeoDataFrame
        The layers that were surveyed.
    at : date or str
        The day that was judged.
    title : str, optional
        Of the map and the workbook.
    source : str, optional
        Where the data come from, told on map, print and workbook.
    headings : {"zh", "en"}, optional
        Of .csv files, see `write_layer`.
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    Dossier

    Raises
    ------
    FileError
        If the folder cannot be made or a file cannot be written.
    """
    into, made = ready_folder(folder), Dossier()
    kept, rejects = split_rejects(results["assigned"])
    findings = {name: rows for name, rows in results.items() if name != "assigned"}
    page, sheet, book, layers, table, rejected, found = (
        into / name
        for name in (
            "map.html",
            "map.pdf",
            "report.xlsx",
            "assigned.gpkg",
            "assigned.csv",
            "assigned.csv.rejects.csv",
            "findings.gpkg",
        )
    )
    chiefs = {}
    if "chief_code" in results["assigned"]:
        chiefs["busiest_chiefs"] = busiest_chiefs(results["assigned"])
    else:
        made.remarks.append(tr("the zones have no chief_code: road chiefs are left out", lang=lang))
    drawn = city_map(city, results=results, title=title, source=source or None, date=at, lang=lang)

    def write_page() -> None:
        save_offline(drawn, page)
        made.files[page] = tr("map (open in a browser, no network needed)", lang=lang)

    def write_book() -> None:
        write_workbook(
            {
                "assigned": kept,
                **findings,
                **chiefs,
                "rejects": rejects,
            },
            book,
            summary=_headlines(results, lang),
            title=title,
            as_of=at,
            source=source,
            map_file=page.name,
            picture=made.print_map(drawn, sheet, lang=lang),
            lang=lang,
        )
        made.files[book] = tr("workbook (one sheet a question)", lang=lang)

    def write_rows() -> None:
        layers.unlink(missing_ok=True)
        made.files[write_layer(kept, layers)] = tr("assigned incidents (QGIS)", lang=lang)
        made.files[write_layer(kept, table, headings=headings)] = tr("assigned incidents (Excel)", lang=lang)
        made.files[write_table(rejects, rejected, headings=headings)] = tr("rejected rows and why", lang=lang)

    def write_findings() -> None:
        found.unlink(missing_ok=True)
        for name, rows in findings.items():
            write_layer(rows, found, layer=name)
        made.files[found] = tr("gaps, overlaps and other findings", lang=lang)

    for step in track([write_page, write_book, write_rows, write_findings], title=tr("writing", lang=lang)):
        step()
    return made


def _headlines(answers: Mapping[str, gpd.GeoDataFrame], lang: Language) -> dict[str, object]:
    """Choose the figures for the workbook's cover."""
    summary = assignment_summary(answers["assigned"])
    figures = {"incidents": summary["incidents"], **counts_by_outcome(summary)}
    figures |= {"ambiguous": summary["ambiguous"]}
    figures |= {name: len(rows) for name, rows in answers.items() if name not in ("assigned", _COVERAGE)}
    told: dict[str, object] = {label(name, lang): number for name, number in figures.items()}
    if _COVERAGE in answers:
        total, radius = (answers[_COVERAGE].attrs[each] for each in ("total", "within_m"))
        for way, words in (
            ("share_network", tr("parking within {radius:,.0f} m along the roads", radius=radius, lang=lang)),
            (
                "share_straight",
                tr("parking within {radius:,.0f} m in a straight line", radius=radius, lang=lang),
            ),
        ):
            if total.get(way) is not None:
                told[words] = f"{total[way]:.1%}"
    return told
