"""What a change of zones moves: asked of a city's layers, and written as layers, workbook and map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zjk_gis.arguments import checked
from zjk_gis.changes.changes import compare_zones
from zjk_gis.io import write_layer
from zjk_gis.layers.labels import label
from zjk_gis.maps import changes_map, save_offline
from zjk_gis.reports.dossier import Dossier, ready_folder
from zjk_gis.reports.workbook.writing import write_workbook
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Mapping

    import geopandas as gpd

    from zjk_gis.changes.changes import ZoneChanges
    from zjk_gis.layers.labels import Language

__all__ = ["compare_city", "write_changes"]

# What changes hands with the ground it stands on.
_COMPONENTS = ("manholes", "street_lamps", "public_toilets", "waste_points", "ancient_trees")


@checked
def compare_city(
    old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, *, city: Mapping[str, gpd.GeoDataFrame], **options: Any
) -> ZoneChanges:
    """Compare two states of the zones, with the roads and components of a city.

    Parameters
    ----------
    old, new : GeoDataFrame
        The zones before and after.
    city : mapping of str to GeoDataFrame
        Layers by their names in the catalogue, as `read_city` returns them.
    **options
        See `compare_zones`.

    Returns
    -------
    ZoneChanges
    """
    components = {name: city[name] for name in _COMPONENTS if name in city}
    return compare_zones(old, new, roads=city.get("roads"), components=components, **options)


@checked
def write_changes(
    changes: ZoneChanges,
    folder: str | os.PathLike[str],
    *,
    states: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
    at: str | dt.date | None = None,
    lang: Language = "zh",
) -> Dossier:
    """Write what changes hands as layers, as a workbook and as a map.

    Parameters
    ----------
    changes : ZoneChanges
        As `compare_city` returns it.
    folder : str or path
        Made where there is none. ``changes.gpkg``, ``changes.xlsx`` and ``changes.html`` in it are replaced.
    states : (GeoDataFrame, GeoDataFrame)
        The zones before and after, to be drawn.
    at : date or str, optional
        The day of the zones that follow, told on map and workbook; by default the map tells today.
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    Dossier

    Raises
    ------
    FileError
        If the folder cannot be made or a file cannot be written.
    """
    into = ready_folder(folder)
    layers_file, workbook, page = (into / f"changes.{ending}" for ending in ("gpkg", "xlsx", "html"))
    layers_file.unlink(missing_ok=True)
    write_layer(changes.moved, layers_file, layer="moved")
    tables: dict[str, Any] = {
        "moved": changes.moved,
        "handover": changes.handover,
        "zone_changes": changes.zones,
    }
    if changes.roads is not None:
        tables["moved_roads"] = changes.roads
    if changes.incidents is not None:
        write_layer(changes.incidents, layers_file, layer="moved_incidents")
        tables["moved_incidents"] = changes.incidents
    title = tr("What a change of zones moves", lang=lang)
    summary = {
        label(str(row.measure), lang): f"{row.value:,.1f} {row.unit}".rstrip()
        for row in changes.figures.itertuples()
    }
    write_workbook(tables, workbook, summary=summary, title=title, as_of=at, lang=lang)
    save_offline(changes_map(*states, changes, title=title, date=at, lang=lang), page)
    return Dossier(
        {
            layers_file: tr("layers (QGIS)", lang=lang),
            workbook: tr("workbook (one sheet a question)", lang=lang),
            page: tr("map (open in a browser, no network needed)", lang=lang),
        }
    )
