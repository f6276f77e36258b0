"""The parts that maps are made of: ground, zones, findings, each drawn the same way on every map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.crs import convert_crs, require_layer
from zjk_gis.crs.vertices import finite_bounds
from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.layers.catalogue import RESPONSIBILITY_ZONES
from zjk_gis.layers.columns.nobody import CHIEF, someone_named
from zjk_gis.layers.columns.time_cells import today
from zjk_gis.layers.columns.values import converted, in_order
from zjk_gis.layers.labels import check_language, label
from zjk_gis.layers.shapes import has_place, inner_points
from zjk_gis.layers.versions import zones_at
from zjk_gis.maps import style
from zjk_gis.maps.page import Page
from zjk_gis.maps.ready import cards
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.layers.labels import Language

__all__ = [
    "CODES",
    "add_findings",
    "add_ground",
    "add_outlines",
    "add_zones",
    "code_of",
    "coded_looks",
    "frame_by",
    "new_page",
    "placed",
    "positions_in",
    "require_results",
    "with_readable",
]

CODES = ("zone_code", "grid_code", "section_code")
_ZONE_COLUMNS = ("zone_code", "grid_code", "zone_name", "level", "chief_code", "chief_name", "valid_from",
                 "valid_to", "parent_code", "area_m2")  # fmt: skip
_GAP_COLUMNS = ("gap_code", "kind", "area_m2", "width_m", "mean_width_m", "length_m", "neighbours",
                "neighbour_borders_m", "expired_codes")  # fmt: skip
_OVERLAP_COLUMNS = ("overlap_code", "kind", "codes", "first_code", "second_code", "area_m2", "width_m",
                    "mean_width_m", "length_m", "first_share", "second_share")  # fmt: skip
_MOST_IN_SWATCH = 4  # colours: more could not be told apart there
_NUMERALS = "零一二三四五六七八九"
# What lies in a fault, its rank by that, and what the ledger of exceptions says of it.
RANKED = ("rank", "incidents", "components", "people", "buildings", "road_m", "exception", "exception_code")


def new_page(
    lang: Language,
    *,
    title: str | None,
    default: str,
    groups: Sequence[str],
    source: str | None,
    date: str | dt.date | None,
    subtitle: str = "",
) -> Page:
    """Begin a page with a title and a foot that says source, date and coordinate system.

    Parameters
    ----------
    lang : {"zh", "en"}
    title : str or None
    default : str
        The title where none is given.
    groups : sequence of str
        The headings of the panel.
    source : str or None
        Where the data are from.
    date : str, date or None
        The day told on the map; by default today.
    subtitle : str
    """
    check_language(lang)
    day = str(today() if date is None else date)
    parts = [tr("Source: {source}", source=source, lang=lang)] if source else []
    parts.append(tr("Date: {day}", day=day, lang=lang))
    parts.append(tr("WGS84/CGCS2000 · zjk_gis", lang=lang))
    return Page(
        title=default if title is None else title,
        subtitle=subtitle,
        foot=" · ".join(parts),
        source=source or "",
        day=day,
        lang=lang,
        groups=[(group, True) for group in groups],
    )


def code_of(layer: gpd.GeoDataFrame, name: str, code: str | None = None) -> str:
    """Return the column of codes of a layer that answers: the one named, or the first known.

    Raises
    ------
    MissingColumnError
        If it is not there.
    """
    require_layer(layer, name)
    known = [column for column in (CODES if code is None else (code,)) if column in layer]
    if not known:
        wanted = " or ".join(CODES if code is None else (code,))
        raise MissingColumnError(
            tr(
                "{name}: has no column {wanted}; its columns are {columns}",
                name=name,
                wanted=wanted,
                columns=", ".join(map(str, layer.columns)),
            )
        )
    return known[0]


def drawn_zones(zones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the zones that a map shows under its subject: the finest; all where levels are no hierarchy."""
    try:
        return zones_at(zones) if len(zones) else zones
    except InputError:  # nothing is judged here, so that nobody need choose
        return zones


def with_readable(page: Page, zones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Leave levels and dates of zones empty that cannot be read, and note it: the zones are drawn.

    A zone that names no level is drawn at every one, and one without a date at all times.
    """
    blank: dict[str, pd.Series] = {}
    for name in ("level", "valid_from", "valid_to"):
        if name not in zones:
            continue
        field = RESPONSIBILITY_ZONES.field(name)
        wrong = in_order(zones[name], field)[1] if name == "level" else converted(zones[name], field)[1]
        if wrong.any():
            blank[name] = zones[name].mask(wrong)
            count = int(wrong.sum())
            page.notes.append(
                tr(
                    "{count:,} zones are drawn though their {column} cannot be read",
                    count=count,
                    column=label(name, page.lang),
                    lang=page.lang,
                )
            )
    return zones.assign(**blank) if blank else zones


def level_name(level: int, word: str, lang: Language) -> str:
    """Return what zones of a level are called; a level that the layer tells by a word, by that word."""
    if not word.isdecimal():
        return tr("Zones of level {word}", word=word, lang=lang)
    numeral = _NUMERALS[level] if lang == "zh" and 0 <= level < len(_NUMERALS) else str(level)
    return tr("Zones of level {numeral}", numeral=numeral, lang=lang)


def positions_in(values: pd.Series, known: Iterable[Any], *, otherwise: int = 0) -> NDArray[np.int64]:
    """Return which of the known values each value is."""
    number = {value: i for i, value in enumerate(known)}
    return values.map(number).fillna(otherwise).to_numpy(dtype=np.int64)


def coded_looks(
    values: pd.Series, looks: Mapping[str, dict[str, Any]], lang: Language, *, otherwise: int = 0
) -> dict[str, Any]:
    """Return what `Page.add` takes to draw coded values each in its look: styles, whose is which, and a key.

    Parameters
    ----------
    values : Series of str
    looks : mapping of str to dict
        How the rows of each value look, in the order of the key.
    lang : {"zh", "en"}
    otherwise : int
        Which of the looks a value has that is none of these.
    """
    return {
        "styles": list(looks.values()),
        "style_of": positions_in(values, looks, otherwise=otherwise),
        "keys": [(number, label(value, lang)) for number, value in enumerate(looks)],
    }


def add_ground(
    page: Page, region: gpd.GeoDataFrame | None, *, group: str = "", name: str = "", frames: bool = True
) -> None:
    """Draw the ground that everything stands on, pale."""
    if region is not None:
        look = style.area("#fbfaf6", fill=1, weight=1.5, edge=style.GREY)
        page.add(region, name=name, group=group, styles=[look], frames_the_page=frames, counted=False)


def add_zones(
    page: Page,
    zones: gpd.GeoDataFrame,
    *,
    group: str,
    name: str,
    code: str,
    assigned: pd.DataFrame | None = None,
    side: str | None = None,
    on: bool = True,
    labelled: bool = True,
    faint: bool = False,
    frames: bool | None = None,
    colour_of: Mapping[object, int] | None = None,
) -> dict[object, int]:
    """Draw zones so that neighbours differ, those without a chief hatched.

    A click tells the chief, the incidents by class, and the neighbours. Returns the number of the colour of
    each code, and takes it as `colour_of`, so that a zone keeps its colour from one state to the next.
    """
    zones = zones.reset_index(drop=True)
    fill = 0.25 if faint else 0.62
    looks = [style.area(colour, fill=fill, weight=1.2, edge="#64748b") for colour in style.PASTELS]
    colours = style.colour_areas(zones, len(looks))
    if colour_of:
        colours = np.array(
            [colour_of.get(c, own) for c, own in zip(zones[code], colours, strict=True)], dtype=int
        )
    chosen = dict(zip(zones[code], colours.tolist(), strict=True))
    vacant = _vacant(zones)
    used = sorted(set(colours[~vacant].tolist()))
    # The legend shows several colours in one swatch: which of them a zone has says nothing.
    for i in used[:1]:
        looks[i] = looks[i] | {"fills": [style.PASTELS[each] for each in used[:_MOST_IN_SWATCH]]}
    keys = [(i, label("with_chief", page.lang)) for i in used[:1]]
    if vacant.any():
        colours = np.where(vacant, len(looks), colours)
        keys = [*keys, (len(looks), label("no_chief", page.lang))]
    page.add(
        zones,
        name=name,
        group=group,
        styles=[*looks, style.NO_CHIEF],
        style_of=colours,
        keys=keys if vacant.any() else [(keys[0][0] if keys else 0, "")],
        columns=_columns_with(zones, _ZONE_COLUMNS, code),
        extras=[
            *cards.incidents_by_class(zones, assigned, code, page.lang),
            *cards.neighbours(zones, code, page.lang),
        ],
        search=(code, "zone_name", "chief_name", "chief_code"),
        labels=_zone_labels(zones, code) if labelled else None,
        label_look={"size": 11.5, "color": "#243b53", "rank": 1, "bold": False},
        on=on,
        side=side,
        frames_the_page=page.extent is None if frames is None else frames,
        note=tr("colours only tell neighbouring zones apart", lang=page.lang) if len(used) > 1 else "",
    )
    return chosen


def _vacant(zones: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Say which zones have no chief, where the layer speaks of chiefs at all."""
    if not {*CHIEF} & {*zones}:
        return np.zeros(len(zones), dtype=bool)
    return ~someone_named(zones)


def _zone_labels(zones: gpd.GeoDataFrame, code: str) -> list[str]:
    names = zones["zone_name"] if "zone_name" in zones else zones[code]
    names = names.astype(object).where(names.notna(), zones[code])
    if "chief_name" not in zones:
        return [_one_line(name) for name in names]
    return [
        f"{_one_line(name)}\n{_one_line(chief)}" if isinstance(chief, str) else _one_line(name)
        for name, chief in zip(names, zones["chief_name"].astype(object), strict=True)
    ]


def _one_line(value: object) -> str:
    return "" if value is None or value is pd.NA or value != value else " ".join(str(value)[:201].split())


def _columns_with(frame: gpd.GeoDataFrame, columns: Sequence[str], code: str) -> list[str]:
    """Put the code first, and after the known columns those of the user's own."""
    known = [code, *(column for column in columns if column != code)]
    own = [c for c in frame.columns if c not in known and c != _geometry(frame) and isinstance(c, str)]
    return [*known, *own[:12]]


def _geometry(frame: gpd.GeoDataFrame) -> str:
    return str(frame._geometry_column_name)  # noqa: SLF001  the public name raises where there is none


def add_outlines(
    page: Page, zones: gpd.GeoDataFrame, *, group: str, name: str, on: bool, code: str, rank: int
) -> None:
    """Draw the zones of a coarser level by their outlines; the coarsest is of rank 0."""
    page.add(
        zones,
        name=name,
        group=group,
        styles=[style.OUTLINES[min(rank, len(style.OUTLINES) - 1)]],
        columns=_columns_with(zones, _ZONE_COLUMNS, code),
        search=(code, "zone_name", "chief_name"),
        on=on,
        frames_the_page=page.extent is None,
    )


def add_findings(
    page: Page,
    found: gpd.GeoDataFrame | None,
    *,
    what: str,
    group: str,
    spots: bool = True,
) -> None:
    """Draw gaps or overlaps by kind, each with a hatch of its own and a mark that is seen from afar.

    Parameters
    ----------
    page : Page
    found : GeoDataFrame or None
    what : {"gaps", "overlaps"}
    group : str
    spots : bool
        Whether to set marks with codes, so that small ones are not overlooked.
    """
    if found is None:
        return
    looks = style.GAP_LOOKS if what == "gaps" else style.OVERLAP_LOOKS
    columns = (*(_GAP_COLUMNS if what == "gaps" else _OVERLAP_COLUMNS), *RANKED)
    code = columns[0]
    otherwise = list(looks).index("hole" if what == "gaps" else "partial")
    kind = found["kind"] if "kind" in found else pd.Series("", index=found.index)
    page.add(
        found,
        name=label(what, page.lang),
        group=group,
        **coded_looks(kind, looks, page.lang, otherwise=otherwise),
        columns=columns,
        search=(code, "codes", "first_code", "second_code", "neighbours"),
        frames_the_page=page.extent is None,
    )
    kept = placed(found)
    if spots and len(kept):
        colour, shape = (style.VERMILION, "circle") if what == "gaps" else (style.PURPLE, "square")
        page.add(
            kept.set_geometry(inner_points(kept.geometry.to_numpy()), crs=kept.crs),
            name=label(f"{what}_spots", page.lang),
            group=group,
            styles=[style.mark(colour, shape, radius=6, edge="#ffffff", weight=1.6)],
            columns=columns,
            labels=code if code in kept else None,
            label_look={
                "size": 11,
                "color": "#7a2e00" if what == "gaps" else "#6b2150",
                "rank": 3,
                "above": 15,
            },
        )


def placed(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows that have a place."""
    return layer[has_place(layer.geometry.to_numpy())] if len(layer) else layer


def frame_by(page: Page, frames: Iterable[gpd.GeoDataFrame | None]) -> None:
    """Open the page on all of the layers, where none has framed it yet."""
    if page.extent is not None:
        return
    bounds = []
    for frame in frames:
        if frame is None:
            continue
        require_layer(frame, "map")
        if not len(frame) or frame.crs is None:
            continue
        found = np.array(finite_bounds(convert_crs(frame.geometry, 4326).to_numpy()))
        if np.isfinite(found).all():
            bounds.append(found)
    if bounds:
        stacked = np.array(bounds)
        page.extent = [*stacked[:, :2].min(axis=0).tolist(), *stacked[:, 2:].max(axis=0).tolist()]


def require_results(results: Mapping[str, Any], known: Sequence[str]) -> None:
    """Refuse results of a name that nobody knows.

    Raises
    ------
    InputError
    """
    unknown = sorted(set(results) - set(known))
    if unknown:
        raise InputError(
            tr(
                "results: {unknown} cannot be drawn; known are {known}",
                unknown=", ".join(unknown),
                known=", ".join(known),
            )
        )
