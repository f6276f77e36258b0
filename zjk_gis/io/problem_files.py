"""Writing what validations found, as a layer or as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.io.paths import target_file
from zjk_gis.io.writing import write_layer, write_table, write_workbook_of
from zjk_gis.layers.checks.problems import ValidationReport
from zjk_gis.layers.labels import label
from zjk_gis.words import tr

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

    from zjk_gis.words import Language

__all__ = ["write_problems"]


@checked
def write_problems(
    report: ValidationReport | Mapping[str, ValidationReport], path: str | os.PathLike[str]
) -> Path:
    """Write what validations found, for those who must fix it.

    Parameters
    ----------
    report : ValidationReport or mapping of str to ValidationReport
        One, or several by the name of their layer.
    path : str or path
        Ending in ``.xlsx`` (a summary sheet and a sheet of problems), ``.csv`` (the problems) or ``.gpkg``
        (the problems as a layer, to be opened over the data in a GIS; those without geometry too).

    Returns
    -------
    Path
        The file written. Headings and severities are in the language of the report.

    Raises
    ------
    InputError
        If the ending is another, or the layers are in several CRS and the problems are to be a layer.
    FileError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from shapely import box
    >>> from zjk_gis import validate
    >>> square = box(573000, 4520000, 573001, 4520001)
    >>> grids = gpd.GeoDataFrame({"grid_code": ["1"]}, geometry=[square], crs=4547)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_problems(validate(grids, "unit_grids"), pathlib.Path(folder, "problems.csv"))
    ...     print(pd.read_csv(path)["说明"][0])
    只有 1 位，应为 15 位；电子表格可能去掉了开头的零
    """
    reports = {report.spec.name: report} if isinstance(report, ValidationReport) else dict(report)
    if not reports:
        raise InputError(tr("there is no report to write; validate a layer first"))
    target = target_file(path, (".xlsx", ".csv", ".gpkg"))
    lang = next(iter(reports.values())).lang
    problems = pd.concat([_told(name, each) for name, each in reports.items()], ignore_index=True)
    if target.suffix.lower() == ".gpkg":
        systems = {each.problems.crs for each in reports.values() if each.problems.crs is not None}
        if len(systems) > 1:
            raise InputError(
                tr(
                    "{target}: the layers are in {systems_count} CRS; write one file for each, or .xlsx",
                    target=target,
                    systems_count=len(systems),
                )
            )
        shapes = [shape for each in reports.values() for shape in each.problems.geometry]
        crs = next(iter(systems), None)
        return write_layer(gpd.GeoDataFrame(problems, geometry=shapes, crs=crs), target, layer="problems")
    problems["severity"] = [label(each, lang) for each in problems["severity"]]
    if target.suffix.lower() == ".csv":
        return write_table(
            _headed(problems, lang), target, headings="en"
        )  # which are in the report's language
    summary = _summary(reports, lang)
    sheets = {tr("summary", lang=lang): summary, tr("problems", lang=lang): problems}
    return write_workbook_of({name: _headed(each, lang) for name, each in sheets.items()}, target)


def _told(name: str, report: ValidationReport) -> pd.DataFrame:
    table = pd.DataFrame(report.problems.drop(columns="geometry"))
    table["row"] = [None if label is None else str(label) for label in table["row"].tolist()]
    table.insert(0, "layer", name)
    return table


def _summary(reports: Mapping[str, ValidationReport], lang: Language) -> pd.DataFrame:
    """Count by layer and rule; a layer without problems has a line too, and what was not checked."""
    lines: list[dict[str, Any]] = []
    for name, report in reports.items():
        about = {"layer": name, "rows": report.rows, "clean": int(report.clean.sum())}
        counts = [
            {**about, **{str(key): each for key, each in count.items()}}
            for count in report.counts.to_dict("records")
        ]
        lines += counts or [{**about, "problems": 0}]
        lines += [
            {**about, "title": tr("not checked: {what}", what=each, lang=lang)} for each in report.not_checked
        ]
    columns = ["layer", "rows", "clean", "title", "rule", "severity", "problems"]
    table = pd.DataFrame(lines).reindex(columns=columns)
    table["severity"] = table["severity"].map(lambda each: label(each, lang), na_action="ignore")
    return table


def _headed(table: pd.DataFrame, lang: Language) -> pd.DataFrame:
    if lang == "en":
        return table
    own = {"value": "value", "title": "problem", "problems": "count", "clean": "clean rows"}
    named = {name: tr(own[name], lang=lang) if name in own else label(name, lang) for name in table.columns}
    return table.rename(columns=named)
