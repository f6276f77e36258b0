"""Rows set aside: what is wrong with each, the workbook in which people correct them, and what they wrote."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.city.digests import texts_of
from zjk_gis.city.rows import keys_of
from zjk_gis.city.sending import typed
from zjk_gis.crs import convert_crs
from zjk_gis.io import list_layers, read_table
from zjk_gis.io.writing import write_workbook_of
from zjk_gis.layers.catalogue import layer_name, spec_of
from zjk_gis.layers.checks.validate import validate
from zjk_gis.layers.labels import label
from zjk_gis.layers.shapes import has_place
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from zjk_gis.words import Language
    from zjk_gis.workspace.city_file import Source

__all__ = ["corrected", "faults_of", "read_workbook_of_corrections", "rebuilt", "told_aside", "write_aside"]

# Checks of a row by itself; what rows are to each other is for the audit.
_OF_ROWS = (
    "missing_value", "wrong_type", "not_allowed", "out_of_bounds", "bad_code", "wrong_length", "not_digits",
    "zero_sequence", "unknown_district", "unknown_street", "unknown_feature", "period_reversed",
    "no_geometry", "empty_geometry", "wrong_geometry_type", "invalid_geometry", "outside_china",
)  # fmt: skip
_DEGREES = 4490
_LEAVE_OUT = ("不收", "drop", "no", "否")
# The columns of the workbook before those of the rows, by language.
_HEADS: dict[Language, tuple[str, ...]] = {
    "zh": ("识别码", "来件", "第几条", "问题", "怎么改", "处理（不收则填“不收”）"),
    "en": ("id", "file", "record", "what is wrong", "what to do", "take (write drop to leave it out)"),
}
_PLACE_HEADS: dict[Language, tuple[str, str]] = {
    "zh": ("经度(CGCS2000)", "纬度(CGCS2000)"),
    "en": ("lon (CGCS2000)", "lat (CGCS2000)"),
}
_FIXED = 6
# The sheet of files that are set aside as a whole; nothing is read of it.
_FILE_HEADS: dict[Language, tuple[str, ...]] = {
    "zh": ("来件", "图层", "日期", "问题"),
    "en": ("file", "layer", "date", "what is wrong"),
}
_FILE_SHEET: dict[Language, str] = {"zh": "整件未收", "en": "whole files"}


def faults_of(
    rows: gpd.GeoDataFrame, source: Source, key: Sequence[str], lang: Language, files: pd.Series
) -> dict[Any, list[str]]:
    """Return what is wrong with each row that cannot be taken, by its label, in words that say what to do.

    `files` are those from which rows came, by the same labels.
    """
    spec = spec_of(source.layer)
    found: dict[Any, list[str]] = {}
    for name, meant in source.values.items():  # noqa: PD011 - of a source, not of a table
        if name in rows:
            field = spec.field(name) if name in {each.name for each in spec.fields} else None
            known = {*meant.values(), *(() if field is None else field.allowed())}
            texts = pd.Series(texts_of(rows[name]), index=rows.index)
            for row in texts.index[(texts != "") & ~texts.isin(known)]:
                found.setdefault(row, []).append(
                    tr(
                        "{column} {value!r}: not among [source.values] of the city file; add it there, or "
                        "correct it here",
                        column=label(name, lang),
                        value=texts[row],
                        lang=lang,
                    )
                )
    plain = replace(spec, topology=())
    problems = validate(rows, plain, lang=lang).problems
    for row, name, value, _rule, message in problems[
        (problems["severity"] == "error") & problems["rule"].isin(_OF_ROWS) & problems["row"].notna()
    ][["row", "field", "value", "rule", "message"]].itertuples(index=False):
        heading = "" if name == "geometry" else label(name, lang)
        told = " ".join(each for each in (heading, "" if pd.isna(value) else str(value)) if each)
        found.setdefault(row, []).append(f"{told}: {message}".removeprefix(": "))
    keys = keys_of(rows, key)
    # A row that is refused anyhow does not make another one a double.
    free = keys[~keys.index.isin(list(found))]
    for row in free.index[free == ""]:
        found.setdefault(row, []).append(tr("has no {key}; fill it in", key=label(key[0], lang), lang=lang))
    several = free[(free != "") & free.duplicated(keep=False)]
    of_key = {key: sorted(set(files[rows.index])) for key, rows in several.groupby(several)}
    for row, value in several.items():
        if len(of_key[value]) > 1:
            told = tr(
                "{key} {value} stands in {files}, all of one day, and differs; remove the file that does not "
                "count, end the name of the right one with _更正, or write 不收 in all but one row",
                key=label(key[0], lang),
                value=value,
                files=listed(of_key[value]),
                lang=lang,
            )
        else:
            told = tr(
                "{key} {value} stands in several rows that differ; correct it, or write 不收 in all but one",
                key=label(key[0], lang),
                value=value,
                lang=lang,
            )
        found.setdefault(row, []).append(told)
    return found


def told_aside(
    rows: gpd.GeoDataFrame,
    faults: Mapping[Any, Sequence[str]],
    ids: pd.Series,
    origin: pd.DataFrame,
    *,
    source: str,
    layer: str,
    key: Sequence[str],
    day: str,
) -> dict[str, dict[str, Any]]:
    """Return the rows set aside as they are remembered: by digest, with all that takes them later."""
    labels = list(faults)
    chosen = rows.loc[labels]
    names = [str(name) for name in rows.columns if name != "geometry"]
    texts = {name: texts_of(chosen[name]) for name in names}
    keys = keys_of(chosen, key).tolist()
    lon, lat = _positions(chosen)
    shapes = shapely.to_wkb(np.asarray(chosen.geometry.to_numpy(), dtype=object), hex=True)
    return {
        str(ids[row]): {
            "source": source, "layer": layer, "day": day, "file": str(origin.loc[row, "file"]),
            "row": int(origin.loc[row, "row"]), "key": keys[at], "why": list(faults[row]),
            "values": {name: texts[name][at] for name in names}, "lon": lon[at], "lat": lat[at],
            "wkb": shapes[at], "crs": rows.crs.to_string(),
        }
        for at, row in enumerate(labels)
    }  # fmt: skip


def rebuilt(entries: Sequence[Mapping[str, Any]]) -> gpd.GeoDataFrame:
    """Make rows of what is remembered of them, of one layer and in one system."""
    values = pd.DataFrame([each["values"] for each in entries]).astype(object)
    values = values.where(values.notna() & (values != ""), None)
    shapes = shapely.from_wkb([each["wkb"] for each in entries])
    rows = gpd.GeoDataFrame(values, geometry=gpd.GeoSeries(shapes, crs=entries[0]["crs"]))
    return typed(rows, spec_of(entries[0]["layer"]))


def corrected(
    rows: gpd.GeoDataFrame, ids: pd.Series, corrections: Mapping[str, Mapping[str, Any]], layer: str
) -> tuple[gpd.GeoDataFrame, pd.Series]:
    """Write what people corrected into rows that came as before; return also which are left out for good."""
    known = ids.isin(list(corrections))
    out = pd.Series(False, index=rows.index)
    if not known.any():
        return rows, out
    rows = rows.astype(dict.fromkeys((name for name in rows if name != "geometry"), object))
    shapes = np.array(rows.geometry.to_numpy(), dtype=object)
    for at in np.flatnonzero(known.to_numpy()).tolist():
        told, row = corrections[ids.iloc[at]], rows.index[at]
        out[row] = not told["take"]
        for name, value in told["values"].items():
            if name in rows:
                rows.loc[row, name] = value or None
        if told.get("lon"):
            point = gpd.GeoSeries(shapely.points([told["lon"]], [told["lat"]]), crs=_DEGREES)
            shapes[at] = convert_crs(gpd.GeoDataFrame(geometry=point), rows.crs).geometry.iloc[0]
    rows = rows.set_geometry(gpd.GeoSeries(shapes, index=rows.index, crs=rows.crs))
    return typed(rows, spec_of(layer)), out


def write_aside(
    aside: Mapping[str, Mapping[str, Any]],
    path: Path,
    lang: Language,
    *,
    files: Sequence[tuple[str, str, str, str]] = (),
) -> None:
    """Write the workbook of all that is set aside; without any it is removed.

    Rows have a sheet a layer. `files` are those set aside as a whole, with layer, day and why; they have a
    sheet in which nothing is to be corrected.
    """
    if not aside and not files:
        path.unlink(missing_ok=True)
        return
    tables = {}
    for layer in sorted({each["layer"] for each in aside.values()}):
        entries = {id_: each for id_, each in aside.items() if each["layer"] == layer}
        order = sorted(entries, key=lambda id_: (entries[id_]["file"], entries[id_]["row"], id_))
        names = sorted({name for each in entries.values() for name in each["values"]}, key=_order_in(layer))
        heads = [*_HEADS[lang], *(label(name, lang) for name in names), *_PLACE_HEADS[lang]]
        rows = [
            [
                id_, entries[id_]["file"], entries[id_]["row"], "\n".join(entries[id_]["why"]),
                tr("correct the cells to the right and run again; shapes: correct the file", lang=lang), "",
                *(entries[id_]["values"].get(name, "") for name in names),
                entries[id_]["lon"], entries[id_]["lat"],
            ]
            for id_ in order
        ]  # fmt: skip
        tables[layer_name(layer, lang)] = pd.DataFrame(rows, columns=heads, dtype=object)
    if files:
        told = [(file, layer_name(layer, lang), day, why) for file, layer, day, why in files]
        tables[_FILE_SHEET[lang]] = pd.DataFrame(told, columns=_FILE_HEADS[lang], dtype=object)
    write_workbook_of(tables, path)


def read_workbook_of_corrections(
    path: Path, aside: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Return what people wrote into the workbook, by the digest of each row, and what cannot be used of it.

    Raises
    ------
    FileError
        If the workbook is damaged.
    """
    found: dict[str, dict[str, Any]] = {}
    remarks: list[str] = []
    if not path.exists():
        return found, remarks
    for sheet in list_layers(path):
        if sheet in _FILE_SHEET.values():
            continue
        table = read_table(path, layer=sheet)
        lang = next((each for each, heads in _HEADS.items() if heads[0] in table), None)
        if lang is None:
            remarks.append(
                tr("{path}: the sheet {sheet} has no column {head}; nothing of it was read", path=path.name,
                   sheet=sheet, head=_HEADS["zh"][0])
            )  # fmt: skip
            continue
        lacking = _lacking(table, aside, lang)
        if lacking:
            remarks.append(
                tr("{path}: the sheet {sheet} has no column {head}; what stood in it was not read",
                   path=path.name, sheet=sheet, head=listed(lacking))
            )  # fmt: skip
        for row in table.astype(object).where(table.notna(), "").to_dict("records"):
            id_ = str(row[_HEADS[lang][0]]).strip()
            if id_ in aside:
                told = _written_in(row, aside[id_], lang, path, remarks)
                if told is not None:
                    found[id_] = told
    return found, remarks


def _lacking(table: pd.DataFrame, aside: Mapping[str, Mapping[str, Any]], lang: Language) -> list[str]:
    """Return the columns that people may write in and that a sheet has no more."""
    ids = [id_ for id_ in table[_HEADS[lang][0]].astype(str).str.strip() if id_ in aside]
    names = dict.fromkeys(label(name, lang) for id_ in ids for name in aside[id_]["values"])
    asked = [_HEADS[lang][5], *names, *_PLACE_HEADS[lang]] if ids else []
    return [head for head in asked if head not in table]


def _written_in(
    row: Mapping[Any, Any], entry: Mapping[str, Any], lang: Language, path: Path, remarks: list[str]
) -> dict[str, Any] | None:
    """Return what differs in a row of the workbook from what was written there."""
    cells = {str(head): _plain(value) for head, value in row.items()}
    values = {
        name: cells[label(name, lang)]
        for name, was in entry["values"].items()
        if label(name, lang) in cells and cells[label(name, lang)] != _plain(was)
    }
    told: dict[str, Any] = {
        "take": cells.get(_HEADS[lang][5], "").casefold() not in _LEAVE_OUT,
        "values": values,
    }
    place = [cells.get(head, "") for head in _PLACE_HEADS[lang]]
    if place != [_plain(entry["lon"]), _plain(entry["lat"])] and any(place):
        numbers = [_number(text) for text in place]
        if None in numbers:
            remarks.append(
                tr("{path}: {file}, record {row}: {place} is not a position in degrees", path=path.name,
                   file=entry["file"], row=entry["row"], place=" ".join(place))
            )  # fmt: skip
        else:
            told |= dict(zip(("lon", "lat"), numbers, strict=True))
    return told if values or not told["take"] or "lon" in told else None


def _plain(value: Any) -> str:
    """Return a cell as it is compared: a number the same with or without its decimals."""
    text = texts_of(pd.Series([value], dtype=object))[0]
    number = _number(text)
    leading = text.lstrip("-").startswith("0") and not text.lstrip("-").startswith(("0.", "0e"))
    if number is None or (leading and text not in ("0", "-0")) or len(text) > 15:  # a code
        return text.removesuffix(" 00:00:00")
    return f"{number:.12g}"


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _positions(rows: gpd.GeoDataFrame) -> tuple[list[str], list[str]]:
    """Return longitudes and latitudes of points as text; empty for other shapes and without a place."""
    shapes = np.asarray(rows.geometry.to_numpy(), dtype=object)
    points = has_place(shapes) & (shapely.get_type_id(shapes) == 0)
    lon, lat = [""] * len(rows), [""] * len(rows)
    if points.any():
        placed = convert_crs(rows.loc[points, ["geometry"]], _DEGREES)
        for at, point in zip(np.flatnonzero(points).tolist(), placed.geometry, strict=True):
            lon[at], lat[at] = f"{point.x:.7f}", f"{point.y:.7f}"
    return lon, lat


def _order_in(layer: str) -> Any:
    names = [each.name for each in spec_of(layer).fields]
    return lambda name: (names.index(name) if name in names else len(names), name)
