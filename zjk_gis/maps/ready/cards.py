"""What a click on a zone tells beyond its own columns: its neighbours, and its incidents by class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.labels import label
from zjk_gis.maps import style
from zjk_gis.maps.packing import Extra
from zjk_gis.standards import rules_table
from zjk_gis.words import tr

if TYPE_CHECKING:
    import geopandas as gpd

    from zjk_gis.layers.labels import Language

__all__ = ["class_of_incidents", "incidents_by_class", "neighbours"]

_MOST_CLASSES = 8
_MOST_NEIGHBOURS = 20


def class_of_incidents(incidents: pd.DataFrame) -> pd.Series:
    """Return the class (事件大类) of each incident by its code, or its name where there is no code.

    Parameters
    ----------
    incidents : DataFrame
        With ``event_code`` or ``event_name``; without either all are of no class.
    """
    none = pd.Series("", index=incidents.index, dtype=object)
    named = (
        incidents["event_name"].astype(object).where(incidents["event_name"].notna(), "")
        if "event_name" in incidents
        else none
    )
    if "event_code" not in incidents:
        return named.astype(str)
    events = rules_table("events").drop_duplicates("major_code").set_index("major_code")["major_name"]
    by_code = code_text(incidents["event_code"]).str.strip().str.zfill(4).str[:2].map(events)
    found: pd.Series = by_code.astype(object).where(by_code.notna(), named).astype(str)
    return found


def incidents_by_class(
    zones: gpd.GeoDataFrame, assigned: pd.DataFrame | None, code: str, lang: Language
) -> list[Extra]:
    """Count the incidents of each zone by class, the most frequent first.

    Parameters
    ----------
    zones : GeoDataFrame
    assigned : DataFrame, optional
        With the column `code`, as `zjk_gis.assign_incidents` gives it.
    code : str
    lang : {"zh", "en"}
    """
    if assigned is None or code not in assigned or code not in zones:
        return []
    other = tr("other", lang=lang)
    classes = class_of_incidents(assigned).replace("", other)
    pairs_found = pd.DataFrame({"zone": assigned[code].to_numpy(), "class": classes.to_numpy()})
    counts = pairs_found.groupby(["zone", "class"], sort=True).size().reset_index(name="number")
    tallies: dict[object, list[tuple[str, int]]] = {}
    ordered = counts.sort_values(["number", "class"], ascending=[False, True], kind="stable")
    for zone, name, number in zip(ordered["zone"], ordered["class"], ordered["number"], strict=True):
        tallies.setdefault(zone, []).append((str(name), int(number)))
    values = []
    for zone in zones[code]:
        pairs = tallies.get(zone, [])
        rest = sum(number for _, number in pairs[_MOST_CLASSES:])
        total = sum(number for _, number in pairs)
        whole = [(tr("all", lang=lang), total)] if len(pairs) > 1 else []
        values.append([*whole, *pairs[:_MOST_CLASSES], *([(other, rest)] if rest else [])])
    return [Extra(label("incidents", lang), "bars", values)]


def neighbours(zones: gpd.GeoDataFrame, code: str, lang: Language) -> list[Extra]:
    """Link each zone to its neighbours, in the order of their codes."""
    if code not in zones or not len(zones):
        return []
    around: list[list[int]] = [[] for _ in range(len(zones))]
    codes = code_text(zones[code]).fillna("").tolist()
    for a, b in zip(*style.neighbour_pairs(zones), strict=True):
        around[a].append(int(b))
    values = [sorted(links, key=lambda row: codes[row])[:_MOST_NEIGHBOURS] for links in around]
    return [Extra(tr("neighbours", lang=lang), "links", values)]
