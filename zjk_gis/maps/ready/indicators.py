"""Any indicator by any area: the choropleth (分级设色图)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.layers.labels import label
from zjk_gis.maps import classes as classing
from zjk_gis.maps import parts, style
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    import folium
    import geopandas as gpd

    from zjk_gis.layers.labels import Language
    from zjk_gis.maps.classes import Method

__all__ = ["choropleth"]

_METHODS = {
    "quantile": "quantiles (as many areas in each)",
    "natural": "natural breaks",
    "equal": "equal steps",
    "own": "own classes",
}
_NAMES = ("zone_name", "grid_name", "community_name", "street_name", "district_name", "area_name", "name")


@checked
def choropleth(
    areas: gpd.GeoDataFrame,
    column: str,
    *,
    method: Method = "quantile",
    classes: int = 5,
    breaks: Sequence[float] | None = None,
    palette: Literal["blues", "browns", "greens"] = "blues",
    unit: str | None = None,
    name: str | None = None,
    labels: str | None = None,
    columns: Sequence[str] = (),
    title: str | None = None,
    source: str | None = None,
    date: str | dt.date | None = None,
    lang: Language = "zh",
) -> folium.Map:
    """Colour areas by an indicator, in classes that the legend names; areas without data are hatched.

    Parameters
    ----------
    areas : GeoDataFrame
        Polygons in any CRS: districts, streets, communities, grids, zones. May be empty.
    column : str
        The indicator. Texts that are numbers count as numbers; others, and what is missing, are no data, and
        how many is told on the page.
    method : {"quantile", "natural", "equal"}, default "quantile"
        See `zjk_gis.maps.classes.class_breaks`. The legend says which.
    classes : int, default 5
        The most classes, 1 to 7.
    breaks : sequence of float, optional
        Where the classes begin, instead; values below the first are in the first.
    palette : {"blues", "browns", "greens"}, default "blues"
    unit : str, optional
        Told in the legend; by default the one known of the column.
    name : str, optional
        What the indicator is called; by default the word known of the column.
    labels : str, optional
        A column drawn on the areas; by default their name or code, where there is one.
    columns : sequence of str
        What a click tells besides; by default every column.
    title, source : str, optional
    date : str or date, optional
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    folium.Map

    Raises
    ------
    MissingColumnError
        If the column is not there.
    InputError
        If the method or palette is unknown, there are not 1 to 7 classes, or breaks do not ascend.
    CRSError
        If the layer has no CRS.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> streets = gpd.GeoDataFrame(
    ...     {"street_name": ["甲", "乙"], "incidents": [3, None]},
    ...     geometry=[box(0, 0, 9, 9), box(9, 0, 18, 9)],
    ...     crs=4547,
    ... )
    >>> choropleth(streets, "incidents", name="案件数", unit="件").get_root().title
    '案件数(件)'
    """
    for wanted in (column, *([labels] if labels else [])):
        if wanted not in areas:
            raise MissingColumnError(
                tr(
                    "areas: has no column {wanted}; its columns are {columns}",
                    wanted=wanted,
                    columns=", ".join(map(str, areas.columns)),
                )
            )
    if palette not in style.SEQUENCES:
        raise InputError(
            tr(
                "palette must be one of {sequences}, not {palette!r}",
                sequences=", ".join(style.SEQUENCES),
                palette=palette,
            )
        )
    values = pd.to_numeric(areas[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan).copy()
    values[~np.isfinite(values)] = np.nan
    known = np.isfinite(values)
    starts = (
        _own(breaks) if breaks is not None else classing.class_breaks(values, method=method, classes=classes)
    )
    called = _called(column, name, unit, lang)
    page = parts.new_page(
        lang,
        title=title,
        default=called,
        groups=[tr("Indicator", lang=lang)],
        source=source,
        date=date,
        subtitle=_subtitle(areas, known, lang),
    )
    number = np.where(known, np.maximum(np.searchsorted(starts, values, side="right") - 1, 0), len(starts))
    texts = [*classing.class_texts(starts, values), label("no_data", lang)]
    looks = [
        style.area(colour, fill=0.85, weight=0.7, edge="#52606d")
        for colour in style.sequence(palette, max(len(starts), 1))
    ]
    how = tr(_METHODS["own" if breaks is not None else method], lang=lang)
    shown = labels or next((c for c in (*_NAMES, *parts.CODES) if c in areas), None)
    own = [c for c in areas.columns if c != areas._geometry_column_name]  # noqa: SLF001
    page.add(
        areas,
        name=called,
        group=page.groups[0][0],
        styles=[*looks[: len(starts)], style.NO_DATA],
        style_of=number,
        keys=list(enumerate(texts)),
        columns=list(dict.fromkeys([*([shown] if shown else []), column, *(columns or own)])),
        search=[c for c in (*_NAMES, *(c for c in areas.columns if str(c).endswith("_code"))) if c in areas],
        labels=shown,
        label_look={"size": 12, "color": "#102a43", "rank": 1},
        frames_the_page=True,
        note=tr("Classes: {how}; from the lower bound, below the upper", how=how, lang=lang),
    )
    odd = int((~known & areas[column].notna().to_numpy()).sum())
    if odd:
        page.notes.append(
            tr("{odd:,} areas have a value that is not a number, shown as no data", odd=odd, lang=lang)
        )
    return page.map()


def _own(breaks: Sequence[float]) -> list[float]:
    starts = [float(value) for value in breaks]
    if (
        not starts
        or len(starts) > len(style.SEQUENCES["blues"])
        or (np.diff(starts) <= 0).any()
        or not np.isfinite(starts).all()
    ):
        raise InputError(tr("breaks must be 1 to 7 ascending numbers, not {breaks!r}", breaks=list(breaks)))
    return starts


def _called(column: str, name: str | None, unit: str | None, lang: Language) -> str:
    if name is None and unit is None:
        return label(column, lang, unit=True)
    text = name or label(column, lang)
    return tr("{text} ({unit})", text=text, unit=unit, lang=lang) if unit else text


def _subtitle(
    areas: gpd.GeoDataFrame, known: np.ndarray[tuple[int], np.dtype[np.bool_]], lang: Language
) -> str:
    text = tr("{areas_count:,} areas", areas_count=len(areas), lang=lang)
    missing = int((~known).sum())
    return text + (tr(", {missing:,} without data", missing=missing, lang=lang) if missing else "")
