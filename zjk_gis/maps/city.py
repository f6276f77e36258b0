"""A city and what was found in it, on one page."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.errors import InputError
from zjk_gis.layers.labels import check_language, label
from zjk_gis.layers.versions import of_level
from zjk_gis.maps import style
from zjk_gis.maps.page import Page
from zjk_gis.standards import rules_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import folium
    import geopandas as gpd

    from zjk_gis.layers.labels import Language

__all__ = ["city_map"]

_ZONE_COLUMNS = (
    "zone_code",
    "zone_name",
    "level",
    "chief_code",
    "chief_name",
    "valid_from",
    "valid_to",
    "parent_code",
)
_INCIDENT_COLUMNS = (
    "incident_code",
    "occurred_at",
    "event_name",
    "state",
    "source",
    "road_name",
    "description",
    "zone_code",
    "chief_name",
    "found",
    "reason",
    "distance_m",
    "candidates",
    "grid_code",
    "section_code",
    "position_fix",
)
# What was found amiss: columns to show, and how it looks; in the order drawn.
_FINDINGS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "parking_gaps": (("area_m2", "people"), style.area("#7b6d8d", fill=0.28, weight=1, dash="2 4")),
    "moved": (
        ("move_code", "kind", "from_code", "to_code", "from_chief", "to_chief", "area_m2", "road_m", "open"),
        style.area(style.ORANGE, fill=0.55, weight=2),
    ),
    "gaps": (
        ("gap_code", "kind", "area_m2", "width_m", "length_m", "neighbours", "expired_codes"),
        style.area(style.VERMILION, fill=0.75, weight=2),
    ),
    "overlaps": (
        ("overlap_code", "kind", "area_m2", "width_m", "first_code", "second_code"),
        style.area(style.PURPLE, fill=0.45, weight=2, dash="5 3", edge="#8a2f63"),
    ),
    "sections_without_chief": (
        ("section_code", "road_name", "from_place", "to_place", "length_m", "reason", "valid_to"),
        style.line("#b3261e", weight=5, dash="8 5"),
    ),
    "unanswered_roads": (
        ("edge_code", "road_name", "from_m", "to_m", "length_m", "side", "answer", "codes", "vacant"),
        style.line(style.VERMILION, weight=6),
    ),
    "hot_spots": (
        ("spot_code", "incidents", "nobody", "ambiguous", "concerned_codes"),
        style.area("#b3261e", fill=0.25, weight=1.2, dash="2 3"),
    ),
    "open_matters": (
        ("rank", "concerned_codes", "incidents", "event_name"),
        style.area("#6b7280", fill=0.12, weight=1.5, dash="6 3"),
    ),
    "zones_without_chief": (
        ("rank", "finding_code", "incidents", "area_m2"),
        style.area(style.YELLOW, fill=0.4, weight=2.5),
    ),
    "uneven_chiefs": (
        ("rank", "finding", "finding_code", "incidents", "area_m2", "road_m", "concerned_codes"),
        style.area("#4b0082", fill=0.18, weight=2.5, dash="9 4"),
    ),
    "pipelines_in_core": (
        ("pipe_code", "pipe_kind", "block_name", "length_m", "diameter_mm", "owner"),
        style.line(style.BLACK, weight=3, dash="1 5"),
    ),
    "sewage_into_rain": (
        ("pipe_code", "from_manhole", "to_manhole", "diameter_mm", "road_name", "owner"),
        style.line("#7f3b08", weight=5),
    ),
    "manholes_outside_zones": (
        ("manhole_code", "pipe_kind", "road_name", "owner"),
        style.mark(style.YELLOW, "square", radius=4, edge=style.BLACK),
    ),
    "orphan_manholes": (
        ("manhole_code", "pipe_kind", "road_name", "owner"),
        style.mark("#ffffff", "circle", radius=5, edge="#b3261e", weight=2.4),
    ),
}
_RESULTS = ("assigned", *_FINDINGS)
# What ranking and the ledger of exceptions add to a fault.
_RANKED = ("rank", "incidents", "components", "people", "road_m", "exception", "exception_code")
_FOLDED_FINDINGS = ("parking_gaps", "manholes_outside_zones", "open_matters", "uneven_chiefs", "hot_spots")
_GROUPS = ("incidents", "findings", "zones", "facilities", "ground")
_FOLDED = ("facilities", "ground")


def city_map(
    layers: Mapping[str, gpd.GeoDataFrame],
    *,
    results: Mapping[str, gpd.GeoDataFrame] | None = None,
    title: str | None = None,
    lang: Language = "zh",
) -> folium.Map:
    """Draw a city and what was found in it on one page.

    Parameters
    ----------
    layers : mapping of str to GeoDataFrame
        Layers by their names in the catalogue, in any CRS. Those not drawn by themselves (such as road
        sections) may be among them.
    results : mapping of str to GeoDataFrame, optional
        What was found: ``assigned``, ``gaps``, ``overlaps``, ``sections_without_chief``,
        ``manholes_outside_zones``, ``orphan_manholes``, ``sewage_into_rain``, ``pipelines_in_core``,
        ``parking_gaps``, ``unanswered_roads``, ``moved`` (ground that changes hands), ``hot_spots``,
        ``open_matters``, ``zones_without_chief`` and ``uneven_chiefs``. Empty ones are listed as none.
    title : str, optional
        Shown on the page and in the browser's tab.
    lang : {"zh", "en"}, default "zh"
        The language of every word that does not come from the data.

    Returns
    -------
    folium.Map
        Shows itself in a notebook; `save_offline` writes it to a file.

    Raises
    ------
    InputError
        If a result has a name that is not known.
    CRSError
        If a layer has no CRS.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["A"]}, geometry=[box(573000, 4520000, 573100, 4520100)], crs=4547
    ... )
    >>> type(city_map({"responsibility_zones": zones})).__mro__[1].__name__
    'Map'
    """
    check_language(lang)
    results = dict(results or {})
    unknown = sorted(set(results) - set(_RESULTS))
    if unknown:
        message = f"results: {', '.join(unknown)} cannot be drawn; known are {', '.join(_RESULTS)}"
        raise InputError(message)
    words = _WORDS[lang]
    page = Page(
        title=title or words["title"],
        subtitle=_subtitle(results, lang),
        foot=words["foot"],
        lang=lang,
        groups=[(words[name], name not in _FOLDED) for name in _GROUPS],
    )
    _add_ground(page, layers, words)
    _add_responsibility(page, layers, words)
    if "unit_grids" in layers and "grid_code" in results.get("assigned", ()):
        _add_density(page, layers["unit_grids"], results["assigned"], words)
    _add_roads(page, layers, words)
    _add_facilities(page, layers, words)
    _add_incidents(page, results.get("assigned"), words)
    _add_findings(page, results, words)
    _add_names(page, layers)
    if page.extent is None and page.layers:
        _frame_by_anything(page, [*layers.values(), *results.values()])
    return page.map()


_WORDS: dict[str, dict[str, str]] = {
    "zh": {
        "title": "城市精细化管理一张图",
        "foot": "坐标系 WGS84/CGCS2000 · zjk_gis",
        "zones": "责任区与路长",
        "incidents": "案件归属",
        "findings": "发现的问题",
        "facilities": "设施",
        "ground": "底图",
        "density": "每格案件数",
        "level": "{}级责任区",
        "roads": "道路",
    },
    "en": {
        "title": "City management",
        "foot": "WGS84/CGCS2000 · zjk_gis",
        "zones": "Zones and road chiefs",
        "incidents": "Incidents",
        "findings": "Findings",
        "facilities": "Facilities",
        "ground": "Ground",
        "density": "Incidents per grid",
        "level": "Zones of level {}",
        "roads": "Roads",
    },
}


def _subtitle(results: Mapping[str, gpd.GeoDataFrame], lang: Language) -> str:
    """Say the headline figures."""
    parts = []
    if "assigned" in results:
        assigned = results["assigned"]
        placed = ~assigned["reason"].isin(["no_position", "bad_position"])
        doubtful = int((assigned["ambiguous"] & placed).sum())
        parts.append(
            f"案件 {len(assigned):,} 件,待确认 {doubtful:,} 件"
            if lang == "zh"
            else f"{len(assigned):,} incidents, {doubtful:,} to be looked at"
        )
    if "gaps" in results:
        parts.append(
            f"责任空白 {len(results['gaps'])} 处" if lang == "zh" else f"{len(results['gaps'])} gaps"
        )
    if "overlaps" in results:
        parts.append(
            f"重叠 {len(results['overlaps'])} 处" if lang == "zh" else f"{len(results['overlaps'])} overlaps"
        )
    return " · ".join(parts)


def _add_ground(page: Page, layers: Mapping[str, gpd.GeoDataFrame], words: Mapping[str, str]) -> None:
    if "built_up_areas" in layers:
        look = style.area("#fbfaf6", fill=1, weight=1.5, edge="#9aa5b1")
        page.add(layers["built_up_areas"], name="", group="", styles=[look], frames_the_page=True)
    if "unit_grids" in layers:
        page.add(
            layers["unit_grids"],
            name=label("unit_grids", page.lang),
            group=words["zones"],
            styles=[style.area("#ffffff", fill=0.01, weight=0.5, edge="#a7b1bc")],
            columns=("grid_code", "area_m2", "land_use", "management_level", "valid_from"),
            on=False,
        )
    if "rivers" in layers:
        page.add(
            layers["rivers"],
            name=label("rivers", page.lang),
            group=words["ground"],
            styles=[style.area("#a9d0ea", fill=1, weight=0.8, edge="#7fb2d3")],
        )


def _add_roads(page: Page, layers: Mapping[str, gpd.GeoDataFrame], words: Mapping[str, str]) -> None:
    if "roads" not in layers:
        return
    roads = layers["roads"]
    classes = list(style.ROAD_LOOKS)
    looks = [style.ROAD_LOOKS[name] for name in classes]
    # A road of unknown class looks like the least.
    known = roads["road_class"] if "road_class" in roads else pd.Series(None, index=roads.index, dtype=object)
    rank = known.map({name: i for i, name in enumerate(classes)}).fillna(0).astype(int)
    roads = roads.assign(_rank=rank).sort_values("_rank", kind="stable")
    merged = _merged(roads)
    page.add(
        merged,
        name=words["roads"],
        group=words["ground"],
        styles=looks,
        style_of=merged["_rank"].to_numpy(),
        keys=list(enumerate(classes)),
        counted=False,
    )


def _merged(roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Join the roads of a class into one line of many parts: the ground is looked at, not clicked."""
    return roads[["_rank", roads.geometry.name]].dissolve("_rank").reset_index()


def _add_responsibility(page: Page, layers: Mapping[str, gpd.GeoDataFrame], words: Mapping[str, str]) -> None:
    zones = layers.get("responsibility_zones")
    if zones is None:
        return
    levels = sorted(zones["level"].dropna().unique()) if "level" in zones else [None]
    for level in levels or [None]:
        kept, _ = of_level(zones, None if level is None else int(level))
        finest = level == (levels or [None])[-1]
        look = [style.area(colour, fill=0.62, weight=1.2, edge="#64748b") for colour in style.PASTELS]
        outline = [style.area("#334e68", fill=0.0, weight=2.2, dash="7 4")]
        page.add(
            kept,
            name=words["level"].format(
                "一二三四五六七八九"[int(level) - 1] if page.lang == "zh" else int(level)
            )
            if level is not None
            else label("responsibility_zones", page.lang),
            group=words["zones"],
            styles=look if finest else outline,
            style_of=style.colour_areas(kept, len(look)) if finest and len(kept) else None,
            keys=[(0, "")] if finest else None,
            columns=_ZONE_COLUMNS,
            on=bool(finest),
            frames_the_page=page.extent is None,
        )


def _add_density(
    page: Page, grids: gpd.GeoDataFrame, assigned: gpd.GeoDataFrame, words: Mapping[str, str]
) -> None:
    """Colour the grids by their number of incidents, in classes that a reader can name."""
    counts = grids["grid_code"].map(assigned["grid_code"].value_counts()).fillna(0).astype(int)
    breaks = _round_breaks(counts.to_numpy(), len(style.DENSITY))
    edges = [*breaks, int(counts.max()) + 1]
    texts = [f"{a}–{b - 1}" if b - a > 1 else f"{a}" for a, b in itertools.pairwise(edges)]
    page.add(
        grids.assign(incidents=counts),
        name=words["density"],
        group=words["incidents"],
        styles=[style.area(colour, fill=0.78, weight=0.4, edge="#ffffff") for colour in style.DENSITY],
        style_of=np.searchsorted(breaks, counts.to_numpy(), side="right") - 1,
        keys=list(enumerate(texts)),
        columns=("grid_code", "incidents", "area_m2", "land_use"),
        on=False,
    )


def _round_breaks(counts: Any, classes: int) -> list[int]:
    """Choose where classes begin: quantiles, rounded to numbers that people say."""
    wanted = np.quantile(counts, np.linspace(0, 1, classes + 1)[:-1])
    found = [0]
    for value in wanted[1:]:
        step = 10 ** max(0, int(np.floor(np.log10(max(value, 1)))) - 1) * 5 if value >= 10 else 1
        rounded = int(max(step, round(value / step) * step))
        if rounded > found[-1]:
            found.append(rounded)
    return found


def _add_facilities(page: Page, layers: Mapping[str, gpd.GeoDataFrame], words: Mapping[str, str]) -> None:
    group = words["facilities"]
    if "historic_blocks" in layers:
        blocks = layers["historic_blocks"]
        looks = [
            style.area("#8c4a2f", fill=0.28, weight=2),
            style.area("#c98f5a", fill=0.14, weight=1.4, dash="6 4"),
        ]
        page.add(
            blocks,
            name=label("historic_blocks", page.lang),
            group=group,
            styles=looks,
            style_of=(blocks["scope"] != "核心保护范围").astype(int),
            columns=("block_name", "scope"),
            keys=[(0, label("核心保护范围", page.lang)), (1, label("建设控制地带", page.lang))],
        )
    if "historic_buildings" in layers:
        page.add(
            layers["historic_buildings"],
            name=label("historic_buildings", page.lang),
            group=group,
            styles=[style.area("#6b2d1a", fill=0.7, weight=0.6)],
            on=False,
            columns=("building_code", "building_name", "block_name", "protection_class"),
        )
    if "residential_estates" in layers:
        page.add(
            layers["residential_estates"],
            name=label("residential_estates", page.lang),
            group=group,
            styles=[style.area("#b08d57", fill=0.35, weight=0.8)],
            on=False,
            columns=("estate_code", "estate_name", "population", "households", "built_year"),
        )
    if "parking_lots" in layers:
        page.add(
            layers["parking_lots"],
            name=label("parking_lots", page.lang),
            group=group,
            styles=[style.mark(style.BLUE, "square", radius=5)],
            columns=("lot_code", "lot_name", "lot_kind", "berths"),
            on=False,
        )
    _add_underground(page, layers, group)


def _add_underground(page: Page, layers: Mapping[str, gpd.GeoDataFrame], group: str) -> None:
    kinds = rules_table("pipe_kinds").drop_duplicates("class_code")
    classes = kinds["class_code"].tolist()
    names = kinds["class_name"].tolist()
    class_of = dict(zip(*rules_table("pipe_kinds")[["pipe_kind", "class_code"]].to_numpy().T, strict=True))
    dashes = [None, "1 0", "10 4", "12 3 2 3", "4 3", "2 3"]
    for layer, columns in (
        (
            "pipelines",
            (
                "pipe_code",
                "pipe_kind",
                "diameter_mm",
                "material",
                "from_depth_m",
                "to_depth_m",
                "flow",
                "built_year",
                "road_name",
                "owner",
            ),
        ),
        (
            "manholes",
            (
                "manhole_code",
                "well_number",
                "pipe_kind",
                "well_depth_m",
                "load_class",
                "cover_material",
                "state",
                "road_name",
                "owner",
            ),
        ),
    ):
        if layer not in layers:
            continue
        frame = layers[layer]
        position = (
            frame["pipe_kind"].map(class_of).map({c: i for i, c in enumerate(classes)}).fillna(0).astype(int)
        )
        if layer == "pipelines":
            looks = [
                style.line(style.pipe_colour(c), weight=2.2, dash=d)
                for c, d in zip(classes, dashes, strict=False)
            ]
        else:
            looks = [style.mark(style.pipe_colour(c), radius=3, weight=0.8) for c in classes]
        page.add(
            frame,
            name=label(layer, page.lang),
            group=group,
            styles=looks,
            style_of=position.to_numpy(),
            keys=[(i, label(name, page.lang)) for i, name in enumerate(names)]
            if layer == "pipelines"
            else [(0, "")],
            columns=columns,
            on=False,
        )


def _add_findings(page: Page, results: Mapping[str, gpd.GeoDataFrame], words: Mapping[str, str]) -> None:
    for name, (columns, look) in _FINDINGS.items():
        if name in results:
            page.add(
                results[name],
                name=label(name, page.lang),
                group=words["findings"],
                styles=[look],
                columns=_with_rank(columns),
                on=name not in _FOLDED_FINDINGS,
            )
    for name, colour, shape in (("gaps", style.VERMILION, "circle"), ("overlaps", style.PURPLE, "square")):
        if name in results and len(results[name]):
            spots = results[name].set_geometry(results[name].geometry.representative_point())
            page.add(
                spots,
                name=label(f"{name}_spots", page.lang),
                group=words["findings"],
                styles=[style.mark(colour, shape, radius=6, edge="#ffffff", weight=1.6)],
                columns=_with_rank(_FINDINGS[name][0]),
            )


def _with_rank(columns: tuple[str, ...]) -> tuple[str, ...]:
    return (*columns, *(name for name in _RANKED if name not in columns))


def _add_incidents(page: Page, assigned: gpd.GeoDataFrame | None, words: Mapping[str, str]) -> None:
    """Draw what a person should look at first; the plain ones only when asked for."""
    if assigned is None:
        return
    found = list(style.FOUND_MARKS)
    looks = list(style.FOUND_MARKS.values())
    plain = (assigned["found"] == "inside") & ~assigned["ambiguous"]
    doubtful = assigned[~plain]
    page.add(
        doubtful,
        name=label("not_plain", page.lang),
        group=words["incidents"],
        styles=looks,
        style_of=doubtful["found"].map({name: i for i, name in enumerate(found)}).to_numpy(),
        keys=[
            (0, label("overlap", page.lang)),
            *((i, label(name, page.lang)) for i, name in enumerate(found) if i),
        ],
        columns=_INCIDENT_COLUMNS,
    )
    page.add(
        assigned[plain],
        name=label("plain", page.lang),
        group=words["incidents"],
        styles=looks[:1],
        columns=("incident_code", "occurred_at", "event_name", "zone_code", "chief_name", "position_fix"),
        on=False,
    )


def _add_names(page: Page, layers: Mapping[str, gpd.GeoDataFrame]) -> None:
    for layer, column, look in (
        ("streets", "street_name", {}),
        ("rivers", "river_name", {"className": "water"}),
    ):
        if layer in layers and column in layers[layer]:
            page.add(layers[layer], name="", group="", styles=[look], as_text=column)


def _frame_by_anything(page: Page, frames: list[gpd.GeoDataFrame]) -> None:
    bounds = [f.geometry.to_crs(4326).total_bounds for f in frames if len(f) and f.geometry.notna().any()]
    if bounds:
        stacked = pd.DataFrame(bounds)
        page.extent = [*stacked[[0, 1]].min(), *stacked[[2, 3]].max()]
