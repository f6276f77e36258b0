"""What a print shows: the ground that `--extent` names, and the areas that `--atlas` is about."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import pandas as pd

from zjk_gis.crs import convert_crs
from zjk_gis.errors import EmptyLayerError, InputError
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.labels import label
from zjk_gis.layers.versions import zones_at
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from zjk_gis.words import Language

__all__ = ["ATLASES", "Subject", "extent_of", "needed_for", "subject_of"]

ATLASES = ("streets", "chiefs", "findings")
_ZONES = "responsibility_zones"
# What a name may be of: the layer, and the columns of its code and its name.
_NAMED = (
    ("streets", "street_code", "street_name"),
    ("communities", "community_code", "community_name"),
    (_ZONES, "zone_code", "zone_name"),
    (_ZONES, "chief_code", "chief_name"),
)
_FOUND = (("gaps", "gap_code"), ("overlaps", "overlap_code"), ("sections_without_chief", "section_code"))
_BETWEEN = re.compile(r"[,，;；\s]+")
_NEAREST, _TOLD = 5, 6


def extent_of(
    text: str, layers: Mapping[str, gpd.GeoDataFrame], at: str | dt.date, lang: Language
) -> Sequence[float] | gpd.GeoDataFrame:
    """Return the ground that is meant: four numbers, or the rows of a street, community, zone or chief.

    Raises
    ------
    InputError
        If nothing is called so, with what is called alike; or several are, with their codes.
    """
    parts = [part for part in _BETWEEN.split(text.strip()) if part]
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) == 4:
        return numbers
    name = " ".join(text.split())
    known: set[str] = set()
    found: list[tuple[str, str, gpd.GeoDataFrame]] = []  # what it is, its code, its rows
    for layer, code, title in _NAMED:
        rows = layers.get(layer)
        if rows is None or not {code, title} & {*rows}:
            continue
        rows = zones_at(rows, at, level="any") if layer == _ZONES else rows
        texts = {column: code_text(rows[column]) for column in (code, title) if column in rows}
        for words in texts.values():
            known.update(str(word) for word in words.dropna().unique())
        for words in texts.values():
            meant = rows[(words == name).fillna(False).to_numpy(dtype=bool)]
            if len(meant):
                codes = texts.get(code, words).loc[meant.index]
                found += [(code, str(each), meant[(codes == each).to_numpy()]) for each in codes.unique()]
                break
    if len(found) == 1:
        return found[0][2]
    if found:
        several = [f"{label(column, lang)} {code}" for column, code, _ in found[:_TOLD]]
        raise InputError(
            tr("--extent: {name!r} is the name of several: {several}; write one of these codes",
               name=name, several=listed(several, lang=lang), lang=lang)
        )  # fmt: skip
    near = get_close_matches(name, sorted(known), n=_NEAREST, cutoff=0.4)
    raise InputError(
        tr(
            "--extent: no street, community, zone or chief of the city is called {name!r}{near}; or write "
            "west, south, east and north in degrees, such as 114.86,40.78,114.90,40.82",
            name=name,
            near=tr(" (nearest: {names})", names=listed(near, lang=lang), lang=lang) if near else "",
            lang=lang,
        )
    )


class Subject(NamedTuple):
    """What an atlas is about.

    Attributes
    ----------
    areas : GeoDataFrame
    by, name_column : str
    counts : dict of str to GeoDataFrame
    dim : bool
    """

    areas: gpd.GeoDataFrame
    by: str
    name_column: str
    counts: dict[str, gpd.GeoDataFrame]
    dim: bool


def subject_of(
    atlas: str,
    layers: Mapping[str, gpd.GeoDataFrame],
    results: Mapping[str, gpd.GeoDataFrame],
    *,
    at: str | dt.date,
    level: int | str | None,
    lang: Language,
) -> Subject:
    """Return what the sheets are about, and what their index counts.

    Raises
    ------
    InputError
        If the city lacks the layer or the column that says it.
    EmptyLayerError
        If nothing was found.
    """
    if atlas == "findings":
        return _findings(results, lang)
    name, columns = needed_for(atlas, layers, lang)
    counts = {}
    if _ZONES in layers:
        counts[_ZONES] = zones_at(layers[_ZONES], at, level=level)
    counts |= {"incidents": results["assigned"]} if "assigned" in results else {}
    counts |= {name: results[name] for name in ("gaps", "overlaps") if name in results}
    areas = counts.get(name, layers[name])
    return Subject(areas, columns[0], columns[-1], counts, True)


def needed_for(atlas: str, layers: Mapping[str, gpd.GeoDataFrame], lang: Language) -> tuple[str, list[str]]:
    """Return the layer and the columns, code and name, that say what streets or chiefs there are.

    Raises
    ------
    InputError
        If the city lacks them.
    """
    name, columns = _ZONES, ("chief_code", "chief_name")
    if atlas == "streets":
        name, columns = "streets", ("street_code", "street_name")
    there = [column for column in columns if name in layers and column in layers[name]]
    if not there:
        raise InputError(
            tr(
                "--atlas {atlas}: the city needs the layer {layer} with the column {column}",
                atlas=atlas,
                layer=f"{name} ({label(name, lang)})",
                column=f"{columns[0]} ({label(columns[0], lang)})",
                lang=lang,
            )
        )
    return name, there


def _findings(results: Mapping[str, gpd.GeoDataFrame], lang: Language) -> Subject:
    """Put gaps, overlaps and sections without a chief one after the other, called by kind and code."""
    parts: list[gpd.GeoDataFrame] = []
    for name, code in _FOUND:
        rows = results.get(name)
        if rows is None or not len(rows) or code not in rows:
            continue
        codes = code_text(rows[code]).astype(str)
        geometry = rows.geometry if not parts else convert_crs(rows.geometry, parts[0].crs, name=name)
        told = label(name, lang) + " " + codes
        parts.append(
            gpd.GeoDataFrame(
                {"finding_code": codes, "finding_name": told}, geometry=geometry.to_numpy(), crs=geometry.crs
            )
        )
    if not parts:
        raise EmptyLayerError(
            tr("--atlas findings: no gap, overlap or section without a chief was found", lang=lang)
        )
    areas = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=parts[0].crs)
    return Subject(areas, "finding_code", "finding_name", {}, False)
