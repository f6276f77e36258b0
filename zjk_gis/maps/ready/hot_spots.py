"""A map of hot and cold spots, or of how they came and went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zjk_gis.arguments import checked
from zjk_gis.drawing.palette import HOT_CLASSES, HOT_PATTERNS
from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.layers.columns.values import as_text
from zjk_gis.layers.labels import label
from zjk_gis.maps import parts, style
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    import folium
    import geopandas as gpd

    from zjk_gis.layers.labels import Language

__all__ = ["hot_spots_map"]

# What comes and goes is hatched; what is cold always is, so that it is told from hot without colours.
_HATCHES = {
    "oscillating": ("diagonal", "back"),
    "sporadic": ("dots", "upright"),
    "historical": ("cross", "cross"),
}


def _looks(colours: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Return how cells of each class look; those of none are pale."""
    looks = {}
    for word, colour in colours.items():
        if word in ("not_significant", "no_pattern"):
            looks[word] = style.area(colour, fill=0.35, weight=0.6, edge=style.GREY)
            continue
        is_cold = "cold" in word
        looks[word] = style.area(
            colour,
            fill=0.9,
            weight=0.6,
            edge=style.STEEL if is_cold else style.FAULT,
            hatch=_HATCHES.get(word.partition("_")[0], (None, "level"))[is_cold],
        )
    return looks | {"not_judged": style.NO_DATA}


_ASKED = {
    "hot_class": (
        _looks(HOT_CLASSES),
        ("cell_code", "spot_code", "hot_class", "incidents", "near_incidents", "rate", "z_score", "p_value"),
    ),
    "pattern": (
        _looks(HOT_PATTERNS),
        ("cell_code", "pattern", "incidents", "hot_steps", "cold_steps", "step_count", "first_hot",
         "last_hot", "tau", "p_value"),
    ),
}  # fmt: skip


@checked
def hot_spots_map(
    cells: gpd.GeoDataFrame,
    *,
    streets: gpd.GeoDataFrame | None = None,
    title: str | None = None,
    source: str | None = None,
    date: str | dt.date | None = None,
    lang: Language = "zh",
) -> folium.Map:
    """Draw hot and cold spots by class, or cells by how they became hot or cold.

    Parameters
    ----------
    cells : GeoDataFrame
        From `zjk_gis.assess.hot_spots` (of one value, if they were asked by class) or
        `zjk_gis.assess.emerging_hot_spots`.
    streets : GeoDataFrame, optional
        Areas with names, drawn as outlines, by which a reader finds the way.
    title, source : str, optional
    date : str or date, optional
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    folium.Map

    Raises
    ------
    MissingColumnError
        If there is neither ``hot_class`` nor ``pattern``.
    InputError
        If a cell is there several times, or a class is not known.
    CRSError
        If a layer has no CRS.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> cells = gpd.GeoDataFrame(
    ...     {"cell_code": ["C1"], "hot_class": ["hot_99"]}, geometry=[box(0, 0, 100, 100)], crs=4547
    ... )
    >>> hot_spots_map(cells).get_root().title
    '案件热点与冷点'
    """
    column = next((name for name in _ASKED if name in cells), None)
    if column is None:
        raise MissingColumnError(
            tr("cells: neither hot_class nor pattern is there; take the result of hot_spots or "
               "emerging_hot_spots")
        )  # fmt: skip
    looks, told = _ASKED[column]
    if "cell_code" in cells and cells["cell_code"].duplicated().any():
        raise InputError(tr("cells: there are several rows of a cell; draw one class of incidents at a time"))
    words = as_text(cells[column])
    strange = sorted({*words.fillna("")} - {*looks})
    if strange:
        raise InputError(tr("cells: {column} {word!r} is not a class", column=column, word=strange[0]))
    names = {"hot_class": tr("Hot and cold spots of incidents", lang=lang),
             "pattern": tr("How hot spots come and go", lang=lang)}  # fmt: skip
    page = parts.new_page(
        lang,
        title=title,
        default=names[column],
        groups=[tr("Hot spots", lang=lang), tr("Ground", lang=lang)],
        source=source,
        date=date,
        subtitle=_subtitle(cells, column, lang),
    )
    group, ground = page.groups[0][0], page.groups[1][0]
    page.add(
        cells,
        name=label(column, lang),
        group=group,
        **parts.coded_looks(words, looks, lang, otherwise=len(looks) - 1),
        columns=told,
        search=("cell_code", "spot_code"),
        frames_the_page=True,
        note=_note(cells, lang),
    )
    if streets is not None and len(streets):
        named = [name for name in ("street_name", "street_code") if name in streets]
        page.add(
            streets,
            name=label("streets", lang),
            group=ground,
            styles=[style.area("#334e68", fill=0.0, weight=2.0, dash="7 4")],
            columns=named,
            search=named,
            labels=named[0] if named else None,
            label_look={"size": 12, "color": "#102a43", "rank": 1},
        )
    return page.map()


def _subtitle(cells: gpd.GeoDataFrame, column: str, lang: Language) -> str:
    """Say how many cells are hot and cold, of how many."""
    words = cells[column].astype("str")
    at_end = column == "pattern"
    hot = int((words.str.endswith("_hot") if at_end else words.str.startswith("hot_")).sum())
    cold = int((words.str.endswith("_cold") if at_end else words.str.startswith("cold_")).sum())
    return tr(
        "{hot:,} hot and {cold:,} cold of {count:,} cells", hot=hot, cold=cold, count=len(cells), lang=lang
    )


def _note(cells: gpd.GeoDataFrame, lang: Language) -> str:
    """Say by what was judged, as the columns tell."""
    if not len(cells) or "basis" not in cells:
        return ""
    basis = str(cells["basis"].iloc[0])
    if basis == "nothing":
        return tr("Counts as they are: they follow where inspectors walk and people live", lang=lang)
    return tr("Counts divided by: {basis}", basis=label(basis, lang), lang=lang)
