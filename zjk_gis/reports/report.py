"""A report of anything: a page or a workbook, as the ending says."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.errors import FileError, InputError
from zjk_gis.io import check_writable, read_layer
from zjk_gis.layers.columns.coordinates import needs_a_look
from zjk_gis.maps import city_map
from zjk_gis.maps.ready.incidents import assignment_title
from zjk_gis.reports.headlines import assignment_figures, table_figures
from zjk_gis.reports.indicators import busiest_chiefs, job_summary
from zjk_gis.reports.page import write_page
from zjk_gis.reports.pictures import undrawn_of
from zjk_gis.reports.tables import with_numbers
from zjk_gis.reports.workbook.writing import write_workbook
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Iterable, Mapping

    import folium
    import geopandas as gpd

    from zjk_gis.batch.outcome import JobSummary
    from zjk_gis.layers.labels import Language

__all__ = ["check_report_path", "write_assignment_report", "write_table_report"]

_MOST_READ = 1_000_000  # rows that a report reads; of more it tells the figures alone
_MOST_DRAWN = 200_000  # rows on its map
_BESIDE_ZONES = ("unit_grids", "road_sections", "roads")
_AMOUNTS = ("distance_m", "candidates", "along_m", "offset_m", "border_m")
_ENDINGS = (".html", ".htm", ".xlsx")


def check_report_path(report: str | os.PathLike[str], others: Iterable[Path] = ()) -> Path:
    """Refuse a report that could not be written, or would overwrite what it is made from.

    Raises
    ------
    InputError
        If it ends neither in .html nor in .xlsx.
    FileError
        If its folder cannot be written to, or it is one of the others.
    """
    path = Path(report)
    if path.suffix.lower() not in _ENDINGS:
        raise InputError(
            tr("{report}: a report is a page (.html) or a workbook (.xlsx); name it so", report=path)
        )
    check_writable(path)
    if path.resolve() in {other.resolve() for other in others}:
        raise FileError(tr("{report}: would overwrite what it is made from; name another file", report=path))
    return path


@checked
def write_table_report(
    tables: Mapping[str, pd.DataFrame],
    path: str | os.PathLike[str],
    *,
    title: str | None = None,
    source: str = "",
    as_of: str | dt.date | None = None,
    lang: Language = "zh",
) -> dict[str, list[str]]:
    """Report any tables of indicators: each column of numbers is summed up and drawn.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By the name that each is shown under. Percentages, thousands, 万 and 亿 are understood.
    path : str or path
        A .html or .xlsx file.
    title : str, optional
        By default the name of the first table.
    source, as_of, lang
        See `write_page`.

    Returns
    -------
    dict of str to list of str
        Of each table, which columns are not drawn and why.

    Raises
    ------
    InputError, FileError
        See `check_report_path`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> table = pd.DataFrame({"社区": ["甲", "乙"], "结案率": ["97%", "0.9"]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_table_report({"六月": table}, pathlib.Path(folder, "report.html"))
    {'六月': ['「结案率」未画图：有的值带百分号，有的不带（1 个，如「0.9」）']}
    """
    target = check_report_path(path)
    read = {name: with_numbers(table) for name, table in tables.items()}
    figures = {
        name: {str(at): tile for at, tile in enumerate(table_figures(table, name, lang))}
        for name, table in read.items()
    }
    summary: Mapping[str, object] = next(iter(figures.values())) if len(figures) == 1 else figures
    heading = title or next(iter(read))
    _write(target, read, summary, lang, title=heading, source=source, as_of=as_of)
    return {name: undrawn_of(name, table, lang) for name, table in read.items()}


@checked
def write_assignment_report(
    done: JobSummary,
    path: str | os.PathLike[str],
    *,
    layers: Mapping[str, gpd.GeoDataFrame],
    source: str = "",
    lang: Language = "zh",
    **reading: Any,
) -> list[str]:
    """Report how the rows of a file were assigned: figures, rows to be looked at, chiefs, and a map.

    Parameters
    ----------
    done : JobSummary
        As `assign_batch` returns it; the rows are read from what it wrote. Of more than a million the figures
        alone are told, and of more than 200,000 there is no map.
    path : str or path
        A .html or .xlsx file.
    layers : mapping of str to GeoDataFrame
        What answered, as `answering_layers` returns it.
    source : str
        Where the rows come from, told under the title.
    lang : {"zh", "en"}, default "zh"
    **reading
        How the rows are read, as `read_layer` takes it: ``crs``, ``lon``, ``lat``.

    Returns
    -------
    list of str
        What could not be made, and why.

    Raises
    ------
    InputError, FileError
        See `check_report_path`.
    """
    target = check_report_path(path)
    sheets: dict[str, pd.DataFrame] = {}
    drawn, remarks = None, list[str]()
    if done.rows_in > _MOST_READ:
        remarks.append(tr("more than {most:,} rows: figures alone", most=_MOST_READ, lang=lang))
    else:
        assigned = _typed(read_layer(done.target, spec="incidents", **reading))
        sheets = _sheets(assigned)
        if target.suffix.lower() != ".xlsx":
            drawn = _map_of(assigned, layers, done.layer, remarks, lang)
    if done.layer != "incidents":  # the sheets of incidents ask questions about incidents
        sheets = {f"rows_{name}": rows.rename(columns={"incidents": "rows"}) for name, rows in sheets.items()}
    figures = assignment_figures(job_summary(done))
    figures = figures.replace({"measure": {"incidents": done.layer or "row_count"}})
    title = tr("Report: {title}", title=assignment_title(done.layer, lang), lang=lang)
    _write(target, sheets, figures, lang, title=title, source=source, page_map=drawn)
    return remarks


def _sheets(assigned: gpd.GeoDataFrame) -> dict[str, pd.DataFrame]:
    sheets: dict[str, pd.DataFrame] = {"assigned": assigned}
    sheets["ambiguous"] = assigned[needs_a_look(assigned)]
    if {"chief_code", "zone_code"} <= set(assigned.columns):
        sheets["busiest_chiefs"] = busiest_chiefs(assigned, top=max(len(assigned), 1))
    return sheets


def _typed(assigned: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give the columns that the assignment added their types again, which a text file does not keep."""
    typed = assigned.copy()
    for name in assigned.columns:
        values = assigned[name]
        if str(name).endswith("ambiguous"):
            typed[name] = values.astype(str).str.casefold().isin(["true", "1", "1.0"])
        elif str(name).endswith(_AMOUNTS) and not pd.api.types.is_numeric_dtype(values.dtype):
            typed[name] = pd.to_numeric(values, errors="coerce")
    return typed


def _map_of(
    assigned: gpd.GeoDataFrame,
    layers: Mapping[str, gpd.GeoDataFrame],
    rows: str,
    remarks: list[str],
    lang: Language,
) -> folium.Map | None:
    """Draw the rows on their zones, if the machine can and there are not too many."""
    if len(assigned) > _MOST_DRAWN or find_spec("offlinefolium") is None:
        remarks.append(
            tr(
                "the report has no map (more than {most:,} rows, or the extra offline-maps is missing)",
                most=_MOST_DRAWN,
                lang=lang,
            )
        )
        return None
    known = {name: layer for name, layer in layers.items() if name in _BESIDE_ZONES}
    if "zone_code" in layers["zones"]:
        known["responsibility_zones"] = layers["zones"]
    title = assignment_title(rows, lang)
    return city_map(known, results={"assigned": assigned}, rows=rows, title=title, lang=lang)


def _write(
    path: Path,
    sheets: Mapping[str, pd.DataFrame],
    summary: Mapping[str, object] | pd.DataFrame,
    lang: Language,
    *,
    page_map: folium.Map | None = None,
    **about: Any,
) -> None:
    if path.suffix.lower() == ".xlsx":
        write_workbook(sheets, path, summary=summary, lang=lang, **about)
    else:
        write_page(sheets, path, summary=summary, page_map=page_map, lang=lang, **about)
