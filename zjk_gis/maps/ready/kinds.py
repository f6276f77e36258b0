"""One question on one map: what a city's layers allow to ask, asked and drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from zjk_gis.access import parking_gaps
from zjk_gis.arguments import checked
from zjk_gis.assign import assign_incidents
from zjk_gis.changes.changes import compare_zones
from zjk_gis.coverage import coverage_gaps, overlapping_zones
from zjk_gis.errors import InputError
from zjk_gis.layers.versions import zones_at
from zjk_gis.maps.parts import drawn_zones
from zjk_gis.maps.ready.changes import changes_map
from zjk_gis.maps.ready.facilities import parking_map, pipes_map
from zjk_gis.maps.ready.heritage import heritage_map
from zjk_gis.maps.ready.incidents import assignment_map, density_map
from zjk_gis.maps.ready.indicators import choropleth
from zjk_gis.maps.ready.responsibility import gaps_map, zones_map
from zjk_gis.maps.ready.surroundings import AROUND
from zjk_gis.protection import pipelines_in_core
from zjk_gis.words import listed, tr
from zjk_gis.workspace.city_file import PublicLots
from zjk_gis.workspace.city_file.thresholds import assignment_limits, limit_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    import geopandas as gpd

    from zjk_gis.layers.labels import Language

__all__ = ["KINDS", "Question", "draw_kind"]


@checked
@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a city, for one map.

    Attributes
    ----------
    layers : mapping of str to GeoDataFrame
        Layers by their names in the catalogue, as `read_city` returns them.
    at : str or date
        The day that is judged, and told on the map. Of ``changes`` both states are drawn as they are given.
    name : str
        What the city is called where a layer is missing.
    incidents : GeoDataFrame, optional
        Of ``assignment`` and ``density``, and drawn on ``zones``.
    before : GeoDataFrame, optional
        Of ``changes``: the zones as they were.
    areas : GeoDataFrame, optional
        Of ``choropleth``: what is coloured, by `column`, in `classes` made by `method`; `layer` is its name.
    title, source, lang
        As every map takes them.
    even_if_off, level
        See `assign_incidents`.
    unanswered : dict, optional
        Told what a map can do without and the layers do not allow to ask, with the error that says why.
        Without it the first of these stops all.
    public_lots : PublicLots, optional
        Which parking lots are open to the public, such as `City.public_lots`.
    thresholds : mapping of str to float
        Those that the city sets for itself, such as `City.thresholds`.
    answers : dict of str to GeoDataFrame
        What was found on the way.
    """

    layers: Mapping[str, gpd.GeoDataFrame]
    at: str | dt.date
    name: str = "city"
    incidents: gpd.GeoDataFrame | None = None
    before: gpd.GeoDataFrame | None = None
    areas: gpd.GeoDataFrame | None = None
    layer: str | None = None
    column: str | None = None
    method: Literal["quantile", "natural", "equal"] = "quantile"
    classes: int = 5
    title: str | None = None
    source: str | None = None
    lang: Language = "zh"
    even_if_off: bool = False
    level: int | str | None = None
    unanswered: dict[str, InputError] | None = None
    public_lots: PublicLots | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)
    answers: dict[str, gpd.GeoDataFrame] = field(default_factory=dict)

    def ask(self, name: str, question: Callable[[], gpd.GeoDataFrame]) -> gpd.GeoDataFrame | None:
        """Answer a question that a map can do without; None where the layers do not allow it.

        Raises
        ------
        InputError
            If they do not and all is to be answered.
        """
        try:
            self.answers[name] = question()
        except InputError as error:
            if self.unanswered is None:
                raise
            self.unanswered[name] = error
        return self.answers.get(name)

    @property
    def texts(self) -> dict[str, Any]:
        """The options that every map takes."""
        return {"title": self.title, "source": self.source, "date": self.at, "lang": self.lang}

    @property
    def assigning(self) -> dict[str, Any]:
        """How incidents are assigned."""
        limits = assignment_limits(self.thresholds)
        return {"level": self.level, "even_if_off": self.even_if_off, **limits}

    def need(self, name: str) -> gpd.GeoDataFrame:
        """Return a layer of the city, or say that it is missing.

        Raises
        ------
        InputError
        """
        if name not in self.layers:
            raise InputError(
                tr(
                    "{shown}: has no layer {name}; its layers are {layers}",
                    shown=self.name,
                    name=name,
                    layers=listed(self.layers),
                )
            )
        return self.layers[name]

    def need_incidents(self) -> gpd.GeoDataFrame:
        """Return the incidents, or say how to give them.

        Raises
        ------
        InputError
        """
        if self.incidents is None:
            raise InputError(tr("this kind of map draws incidents; give them with incidents="))
        return self.incidents


_Drawn = tuple[Any, dict[str, int]]  # the map, and how many features of what it shows


@checked
def draw_kind(kind: str, question: Question) -> _Drawn:
    """Draw one kind of map, and say how many features of what it shows.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    question : Question

    Returns
    -------
    (folium.Map, dict of str to int)

    Raises
    ------
    InputError
        If a layer that this kind draws is missing.

    Examples
    --------
    >>> from zjk_gis.synth import make_city
    >>> city = make_city(grids=300, incidents=1000)
    >>> page, counts = draw_kind("gaps", Question(city.layers, at="2025-12-31"))
    >>> counts["gaps"] == len(city.truth["gaps"])
    True
    """
    return _DRAWERS[kind](question)


def _zones(q: Question) -> _Drawn:
    zones = q.need("responsibility_zones")
    assigned = None
    if q.incidents is not None:
        assigned = assign_incidents(q.incidents, zones, **q.assigning)
    page = zones_map(zones, assigned=assigned, at=q.at, level=q.level, **q.texts)
    shown = drawn_zones(zones) if q.level is None else zones_at(zones, level=q.level)
    return page, {"zones": len(zones_at(shown, q.at, level="any"))}


def _assignment(q: Question) -> _Drawn:
    zones = q.need("responsibility_zones")
    assigned = assign_incidents(q.need_incidents(), zones, **q.assigning)
    return assignment_map(assigned, zones_at(zones, level=q.level), **q.texts), {"assigned": len(assigned)}


def _gaps(q: Question) -> _Drawn:
    region, zones = q.need("built_up_areas"), q.need("responsibility_zones")
    least_gap, least_overlap = (limit_of(q.thresholds, name) for name in ("gap_min_m2", "overlap_min_m2"))
    gaps = coverage_gaps(
        region, zones, at=q.at, level=q.level, allowed=q.layers.get("rivers"), min_area_m2=least_gap
    )
    overlaps = overlapping_zones(zones, at=q.at, level=q.level, min_area_m2=least_overlap)
    page = gaps_map(region, zones_at(zones, q.at, level=q.level), gaps, overlaps, **q.texts)
    return page, {"gaps": len(gaps), "overlaps": len(overlaps)}


def _changes(q: Question) -> _Drawn:
    if q.before is None:
        raise InputError(tr("changes: give the zones as they were with before="))
    old, new = q.before, q.need("responsibility_zones")
    states = zones_at(old, level=q.level), zones_at(new, level=q.level)
    changes = compare_zones(*states, level="any")
    page = changes_map(*states, changes, **q.texts)
    return page, {"before": len(states[0]), "after": len(states[1]), "moved": len(changes.moved)}


def _pipes(q: Question) -> _Drawn:
    pipes, manholes = q.layers.get("pipelines"), q.layers.get("manholes")
    if pipes is None and manholes is None:
        q.need("pipelines")
    page = pipes_map(pipes, manholes, region=q.layers.get("built_up_areas"), around=q.layers, **q.texts)
    return page, {
        name: len(layer)
        for name, layer in (("pipelines", pipes), ("manholes", manholes))
        if layer is not None
    }


def _parking(q: Question) -> _Drawn:
    lots, region, river = q.need("parking_lots"), q.layers.get("built_up_areas"), q.layers.get("rivers")
    estates = q.layers.get("residential_estates")
    gaps, public = None, (q.public_lots or PublicLots()).as_options()
    within_m = limit_of(q.thresholds, "parking_m")
    if region is not None:
        gaps = q.ask(
            "parking_gaps",
            lambda: parking_gaps(region, lots, within_m=within_m, barriers=river, estates=estates, **public),
        )
    page = parking_map(
        lots,
        gaps=gaps,
        estates=estates,
        region=region,
        barriers=river,
        around=q.layers,
        within_m=within_m,
        **q.texts,
    )
    return page, {"parking_lots": len(lots)} | ({} if gaps is None else {"parking_gaps": len(gaps)})


def _heritage(q: Question) -> _Drawn:
    blocks, pipes = q.need("historic_blocks"), q.layers.get("pipelines")
    core = None
    if pipes is not None:
        core = q.ask("pipelines_in_core", lambda: pipelines_in_core(pipes, blocks))
    buildings = q.layers.get("historic_buildings")
    around = {name: q.layers[name] for name in AROUND if name in q.layers}
    page = heritage_map(
        blocks,
        buildings,
        pipes_in_core=core,
        layers=around,
        region=q.layers.get("built_up_areas"),
        **q.texts,
    )
    return page, {"historic_blocks": len(blocks)}


def _density(q: Question) -> _Drawn:
    incidents = q.need_incidents()
    page = density_map(incidents, region=q.layers.get("built_up_areas"), around=q.layers, **q.texts)
    return page, {"incidents": len(incidents)}


def _choropleth(q: Question) -> _Drawn:
    if q.areas is None or q.column is None:
        raise InputError(tr("choropleth: name the layer with layer= and the indicator with column="))
    page = choropleth(q.areas, q.column, method=q.method, classes=q.classes, **q.texts)
    return page, {q.layer or "areas": len(q.areas)}


_DRAWERS: dict[str, Callable[[Question], _Drawn]] = {
    "zones": _zones,
    "assignment": _assignment,
    "gaps": _gaps,
    "changes": _changes,
    "pipes": _pipes,
    "parking": _parking,
    "heritage": _heritage,
    "density": _density,
    "choropleth": _choropleth,
}
KINDS = tuple(_DRAWERS)
