"""One city, every question: the survey that the demo, the map and the workbook are made from."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from zjk_gis.access import parking_gaps
from zjk_gis.assign import assign_incidents
from zjk_gis.coverage import overlapping_zones
from zjk_gis.coverage.faults import coverage_faults
from zjk_gis.errors import InputError
from zjk_gis.pipes import manholes_outside_zones, network_faults, orphan_manholes, pipe_network
from zjk_gis.protection import pipelines_in_core
from zjk_gis.responsibility.sections import sections_without_chief

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping

    import geopandas as gpd

    from zjk_gis.coverage.faults import CoverageFaults

__all__ = ["survey_city"]


def survey_city(
    city: Mapping[str, gpd.GeoDataFrame],
    incidents: gpd.GeoDataFrame | None = None,
    *,
    at: str | dt.date,
    level: int | str | None = None,
    steps: Callable[[list[str]], Iterator[str]] = iter,
    even_if_off: bool = False,
    unanswered: dict[str, InputError] | None = None,
) -> dict[str, gpd.GeoDataFrame]:
    """Ask every question that the layers of a city can answer.

    Parameters
    ----------
    city : mapping of str to GeoDataFrame
        Layers by their names in the catalogue. A question whose layers are missing is left out.
    incidents : GeoDataFrame, optional
        To be assigned, each by the zones valid when it occurred.
    at : date or str
        The day for which coverage is judged.
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

    Returns
    -------
    dict of str to GeoDataFrame
        The answers by question: ``assigned``, ``gaps``, ``overlaps``, ``sections_without_chief``,
        ``manholes_outside_zones``, ``orphan_manholes``, ``misconnections``,
        ``unjoined_ends``, ``unregistered_outfalls``, ``unfed_pipes``, ``pipelines_in_core`` and
        ``parking_gaps``, in this order.

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

    @cache
    def faults() -> CoverageFaults:  # both questions rest on one division of the ground
        return coverage_faults(city["built_up_areas"], zones, at=at, level=level, allowed=river)

    @cache
    def network_found() -> dict[str, gpd.GeoDataFrame]:  # several questions rest on one network
        return network_faults(pipe_network(city["manholes"], city["pipelines"]), city)

    questions: dict[str, tuple[tuple[str, ...], Callable[[], gpd.GeoDataFrame]]] = {
        "gaps": (
            ("built_up_areas", "responsibility_zones"),
            lambda: faults().gaps,
        ),
        "overlaps": (
            ("responsibility_zones",),
            lambda: (
                faults().overlaps
                if "built_up_areas" in city
                else overlapping_zones(zones, at=at, level=level)
            ),
        ),
        "sections_without_chief": (
            ("road_sections",),
            lambda: sections_without_chief(city["road_sections"], at=at),
        ),
        "manholes_outside_zones": (
            ("manholes", "responsibility_zones"),
            lambda: manholes_outside_zones(city["manholes"], zones, at=at, level=level),
        ),
        "orphan_manholes": (
            ("manholes", "pipelines"),
            lambda: orphan_manholes(city["manholes"], city["pipelines"]),
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
            lambda: parking_gaps(
                city["built_up_areas"],
                city["parking_lots"],
                barriers=river,
                estates=city.get("residential_estates"),
            ),
        ),
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
                ),
            )
        }
        questions = {**assigned, **questions}
    answerable = [name for name, (needed, _) in questions.items() if all(layer in city for layer in needed)]
    answers: dict[str, gpd.GeoDataFrame] = {}
    for name in steps(answerable):
        try:
            answers[name] = questions[name][1]()
        except InputError as error:
            if unanswered is None or name == "assigned":
                raise
            unanswered[name] = error
    return answers
