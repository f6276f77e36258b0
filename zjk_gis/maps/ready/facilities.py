"""Maps of what a city runs on: pipes and manholes, parking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.access import public_lots
from zjk_gis.arguments import checked
from zjk_gis.crs import as_metric, convert_crs
from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import PIPELINES
from zjk_gis.layers.columns.values import understood
from zjk_gis.layers.labels import label
from zjk_gis.layers.metric import require_amounts
from zjk_gis.maps import parts, style
from zjk_gis.maps.ready.findings import add_found
from zjk_gis.maps.ready.surroundings import add_surroundings
from zjk_gis.standards import rules_table
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    import folium
    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.layers.labels import Language
    from zjk_gis.maps.page import Page

__all__ = ["add_pipes", "parking_map", "pipes_map"]

_PIPE_COLUMNS = ("pipe_code", "pipe_kind", "diameter_mm", "material", "from_manhole", "to_manhole",
                 "from_depth_m", "to_depth_m", "flow", "burial", "built_year",
                 "road_name", "owner")  # fmt: skip
_MANHOLE_COLUMNS = ("manhole_code", "well_number", "pipe_kind", "ground_level_m", "well_depth_m",
                    "load_class", "cover_material", "cover_size", "state", "road_name", "owner")  # fmt: skip
_PIPE_FINDINGS = ("orphan_manholes", "misconnections", "manholes_outside_zones", "pipelines_in_core",
                  "unjoined_ends", "uphill_flows", "drains_in_circles", "unregistered_outfalls",
                  "unfed_pipes", "survey_faults", "adverse_slopes", "clearance_conflicts", "cover_depths",
                  "cover_faults", "repeated_excavations")  # fmt: skip


@checked
def pipes_map(
    pipes: gpd.GeoDataFrame | None = None,
    manholes: gpd.GeoDataFrame | None = None,
    *,
    findings: Mapping[str, gpd.GeoDataFrame] | None = None,
    region: gpd.GeoDataFrame | None = None,
    around: Mapping[str, gpd.GeoDataFrame] | None = None,
    title: str | None = None,
    source: str | None = None,
    date: str | dt.date | None = None,
    lang: Language = "zh",
) -> folium.Map:
    """Draw pipes (管线) and manholes (窨井) in the colours of CJJ 61, a layer for each class.

    Parameters
    ----------
    pipes : GeoDataFrame, optional
        Lines, with ``pipe_kind`` where it is known.
    manholes : GeoDataFrame, optional
        Points, with ``pipe_kind`` where it is known.
    findings : mapping of str to GeoDataFrame, optional
        What was found amiss, drawn on top: ``orphan_manholes``, ``manholes_outside_zones``,
        ``pipelines_in_core``, and what `zjk_gis.pipes.network_faults` finds.
    region : GeoDataFrame, optional
        The ground they lie under.
    around : mapping of str to GeoDataFrame, optional
        What lies around, by name, for orientation: ``streets``, ``roads``, ``rivers``.
    title, source : str, optional
    date : str or date, optional
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    folium.Map

    Raises
    ------
    InputError
        If a finding has a name that is not known.
    CRSError
        If a layer has no CRS.

    Notes
    -----
    Colours are those of CJJ 61-2017, darkened where they would vanish on a light ground. Classes also differ
    in dashes and in the shape of their marks.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> pipes = gpd.GeoDataFrame(
    ...     {"pipe_kind": ["WS"]}, geometry=[LineString([(573000, 4520000), (573050, 4520000)])], crs=4547
    ... )
    >>> pipes_map(pipes).get_root().title
    '地下管线与窨井'
    """
    findings = dict(findings or {})
    parts.require_results(findings, _PIPE_FINDINGS)
    texts = []
    if pipes is not None:
        texts.append(tr("{pipes_count:,} pipes", pipes_count=len(pipes), lang=lang))
    if manholes is not None:
        texts.append(tr("{manholes_count:,} manholes", manholes_count=len(manholes), lang=lang))
    page = parts.new_page(
        lang,
        title=title,
        default=tr("Pipes and manholes", lang=lang),
        groups=[tr("Findings", lang=lang)] * bool(findings)
        + [tr("Pipes (colours of CJJ 61)", lang=lang), tr("Manholes", lang=lang)],
        source=source,
        date=date,
        subtitle=" · ".join(texts),
    )
    findings_group, pipes_group, manholes_group = (page.groups[k][0] for k in (0, -2, -1))
    parts.add_ground(page, region)
    add_surroundings(page, around)
    if pipes is not None:
        add_pipes(page, pipes, group=pipes_group, manholes=False)
    if manholes is not None:
        add_pipes(page, manholes, group=manholes_group, manholes=True)
    add_found(page, findings, group=findings_group)
    parts.frame_by(page, [pipes, manholes])
    return page.map()


def add_pipes(
    page: Page,
    layer: gpd.GeoDataFrame,
    *,
    group: str,
    manholes: bool,
    on: bool = True,
    together: str | None = None,
) -> None:
    """Draw pipes or manholes, a layer for each class, or all in one.

    Parameters
    ----------
    page : Page
    layer : GeoDataFrame
    group : str
    manholes : bool
        Whether they are points.
    on : bool
    together : str, optional
        The name of the one layer that holds all classes.
    """
    kinds = rules_table("pipe_kinds")
    named = kinds.drop_duplicates("class_code")
    classes, names = named["class_code"].tolist(), named["class_name"].tolist()
    class_of = dict(zip(kinds["pipe_kind"], kinds["class_code"], strict=True))
    looks = [
        style.mark(
            style.pipe_colour(code),
            style.PIPE_MARKS[i % len(style.PIPE_MARKS)],
            radius=4,
            weight=0.9,
            full_at=style.MANHOLES_FULL_AT,
        )
        if manholes
        else style.line(
            style.pipe_colour(code),
            weight=2.4,
            dash=style.PIPE_DASHES[i % len(style.PIPE_DASHES)],
            full_at=style.PIPES_FULL_AT,
        )
        for i, code in enumerate(classes)
    ]
    looks.append(
        style.mark(style.GREY, "plus")
        if manholes
        else style.line(style.GREY, weight=1.6, dash="2 4", full_at=style.PIPES_FULL_AT)
    )
    texts = [*(label(name, page.lang) for name in names), tr("unknown class", lang=page.lang)]
    meant = pd.Series(None, index=layer.index, dtype=object)
    if "pipe_kind" in layer:
        meant = understood(layer["pipe_kind"], PIPELINES.field("pipe_kind"))[0]
    of_class = parts.positions_in(meant.map(class_of), classes, otherwise=len(classes))
    # Within the one colour of drains, sewage, rain and combined water have lines and marks of their own.
    number = of_class.copy()
    named_kinds = kinds.drop_duplicates("pipe_kind").set_index("pipe_kind")
    for kind, (core, dash, shape) in style.DRAIN_LOOKS.items():
        number[(meant == kind).to_numpy(dtype=bool)] = len(looks)
        colour = style.pipe_colour(class_of[kind])
        if manholes:
            own = style.mark(colour, shape, radius=4, weight=0.9, full_at=style.MANHOLES_FULL_AT)
        else:
            weight = 2.4 if core is None else 3.4
            own = style.line(colour, weight=weight, dash=dash, core=core, full_at=style.PIPES_FULL_AT)
        looks.append(own)
        column = "pipe_kind_name" if page.lang == "zh" else "english_name"
        texts.append(str(named_kinds.loc[kind, column]))
    columns = _MANHOLE_COLUMNS if manholes else _PIPE_COLUMNS
    search = (columns[0], "well_number", "road_name")
    if together is not None:
        page.add(
            layer,
            name=together,
            group=group,
            styles=looks,
            style_of=number,
            keys=list(enumerate(texts)),
            columns=columns,
            search=search,
            on=on,
        )
        return
    for i in sorted(set(of_class.tolist())) or [0]:
        here = number[of_class == i]
        used = sorted(set(here.tolist())) or [i]
        several: dict[str, Any] = {}
        if len(used) > 1:
            places = {each: at for at, each in enumerate(used)}
            several["style_of"] = np.array([places[each] for each in here.tolist()])
            several["keys"] = [(at, texts[each]) for at, each in enumerate(used)]
        page.add(
            layer[of_class == i],
            name=texts[i] if len(layer) else label("manholes" if manholes else "pipelines", page.lang),
            group=group,
            styles=[looks[each] for each in used],
            columns=columns,
            search=search,
            on=on,
            **several,
        )


@checked
def parking_map(
    lots: gpd.GeoDataFrame,
    *,
    gaps: gpd.GeoDataFrame | None = None,
    estates: gpd.GeoDataFrame | None = None,
    region: gpd.GeoDataFrame | None = None,
    barriers: gpd.GeoDataFrame | None = None,
    around: Mapping[str, gpd.GeoDataFrame] | None = None,
    within_m: float = 300.0,
    title: str | None = None,
    source: str | None = None,
    date: str | dt.date | None = None,
    lang: Language = "zh",
) -> folium.Map:
    """Draw parking lots (停车场), the ground within reach of them, and the ground that is not (停车服务空白).

    Parameters
    ----------
    lots : GeoDataFrame
        Points or polygons in any CRS.
    gaps : GeoDataFrame, optional
        From `zjk_gis.access.parking_gaps`.
    estates : GeoDataFrame, optional
        Residential estates, shown when asked for.
    region, barriers : GeoDataFrame, optional
        The ground, and rivers.
    around : mapping of str to GeoDataFrame, optional
        What lies around, by name, for orientation: ``streets``, ``roads``, ``rivers``.
    within_m : float, default 300.0
        The radius drawn around each lot, in a straight line; give the one that `gaps` was found with.
    title, source : str, optional
    date : str or date, optional
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    folium.Map

    Raises
    ------
    InputError
        If the radius is negative or not finite.
    CRSError
        If a layer has no CRS.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> lots = gpd.GeoDataFrame({"lot_code": ["T1"]}, geometry=[Point(573000, 4520000)], crs=4547)
    >>> parking_map(lots).get_root().title
    '停车服务范围'
    """
    require_amounts(within_m=within_m)
    texts = [tr("{lots_count:,} lots", lots_count=len(lots), lang=lang)]
    if "berths" in lots:
        berths = pd.to_numeric(lots["berths"], errors="coerce").sum()
        texts.append(tr("{berths:,.0f} berths", berths=berths, lang=lang))
    if gaps is not None:
        texts.append(tr("{gaps_count:,} gaps", gaps_count=len(gaps), lang=lang))
        if "people" in gaps:
            texts.append(tr("{people:,.0f} people", people=gaps["people"].sum(), lang=lang))
    page = parts.new_page(
        lang,
        title=title,
        default=tr("Reach of parking", lang=lang),
        groups=[tr("Parking", lang=lang), tr("Ground", lang=lang)],
        source=source,
        date=date,
        subtitle=" · ".join(texts),
    )
    group, ground = page.groups[0][0], page.groups[1][0]
    parts.add_ground(page, region)
    add_surroundings(page, {name: rows for name, rows in (around or {}).items() if name != "rivers"})
    radius = f"{within_m:,.0f} m"
    serving = _open_to_all(lots, gaps)
    reach = _reach(lots[serving], within_m, gaps)
    page.add(
        reach,
        name=tr("Within {radius}, straight", radius=radius, lang=lang),
        group=group,
        styles=[style.area(style.BLUE, fill=0.16, weight=1.4, dash="6 3", edge=style.STEEL)],
        counted=False,
    )
    if barriers is not None:
        page.add(
            barriers,
            name=label("rivers", lang),
            group=ground,
            styles=[style.RIVER],
            counted=False,
        )
    if estates is not None:
        page.add(
            estates,
            name=label("residential_estates", lang),
            group=ground,
            styles=[style.area("#b08d57", fill=0.3, weight=0.8)],
            on=False,
            columns=("estate_code", "estate_name", "population", "households", "built_year"),
            search=("estate_code", "estate_name"),
        )
    page.add(
        lots,
        name=label("parking_lots", lang),
        group=group,
        styles=[
            style.mark(style.BLUE, "square", radius=5),
            style.mark("#ffffff", "square", radius=4.5, edge=style.GREY, weight=1.8),
        ],
        style_of=(~serving).astype(np.int64),
        keys=[]
        if serving.all()
        else [
            (0, tr("open to the public", lang=lang)),
            (1, tr("not open to the public: serves nobody else", lang=lang)),
        ],
        columns=("lot_code", "lot_name", "lot_kind", "berths"),
        search=("lot_code", "lot_name"),
        labels="lot_name" if "lot_name" in lots else None,
        label_look={"size": 11, "color": "#004b76", "rank": 2, "above": 13, "bold": False},
    )
    if gaps is not None:
        page.add(
            gaps,
            name=label("parking_gaps", lang),
            group=group,
            styles=[style.area("#7b6d8d", fill=0.2, weight=1.6, edge="#51405f", hatch="diagonal")],
            columns=("gap_code", "area_m2", "people"),
            search=("gap_code",),
            labels="gap_code" if "gap_code" in gaps else None,
            label_look={"size": 11, "color": "#51405f", "rank": 1},
        )
    parts.frame_by(page, [reach, gaps])
    return page.map()


def _open_to_all(lots: gpd.GeoDataFrame, gaps: gpd.GeoDataFrame | None) -> NDArray[np.bool_]:
    """Tell which lots serve everybody, as gaps count them; all, where the layer does not say so."""
    if gaps is not None and "lots_not_public" in gaps.attrs:
        counted: NDArray[np.bool_] = ~lots.index.isin(gaps.attrs["lots_not_public"])
        return counted
    numbered = lots.reset_index(drop=True)
    try:
        open_to_all: NDArray[np.bool_] = numbered.index.isin(public_lots(numbered).index)
    except InputError:
        return np.ones(len(lots), dtype=bool)
    return open_to_all


def _reach(lots: gpd.GeoDataFrame, within_m: float, gaps: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """Unite the discs around lots, but for the gaps, so that the ground within reach is one tint."""
    there = parts.placed(lots)
    if not len(there):
        return lots.iloc[:0]
    metric = as_metric(there, "lots")
    united = shapely.union_all(shapely.buffer(metric.geometry.to_numpy(), within_m, quad_segs=16))
    if gaps is not None and len(parts.placed(gaps)):
        beyond = convert_crs(parts.placed(gaps).geometry, metric.crs, name="gaps").to_numpy()
        united = shapely.difference(united, shapely.union_all(shapely.make_valid(beyond)))
    return metric.iloc[:1][[metric.geometry.name]].set_geometry(np.array([united]), crs=metric.crs)
