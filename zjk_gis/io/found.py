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
from zjk_gis.words import tr

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

    from zjk_gis.words import Language

__all__ = ["write_problems"]

_HEADINGS = {
    "layer": "图层",
    "row": "行",
    "field": "字段",
    "value": "值",
    "rule": "规则",
    "severity": "级别",
    "message": "说明",
    "title": "问题",
    "problems": "数量",
    "rows": "行数",
    "clean": "无误行数",
}
_SEVERITIES = {"error": "错误", "warning": "提醒"}
_SHEETS = {"zh": ("汇总", "问题"), "en": ("summary", "problems")}


@checked
def write_problems(
    report: ValidationReport | Mapping[str, ValidationReport], path: str | os.PathLike[str]
) -> Path:
    """Write what validations found, for those who must put it right.

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
    只有 1 位,应为 15 位;电子表格可能去掉了开头的零
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
    problems["severity"] = problems["severity"].map(_SEVERITIES if lang == "zh" else str)
    if target.suffix.lower() == ".csv":
        return write_table(
            _headed(problems, lang), target, headings="en"
        )  # which are in the report's language
    summary = _summary(reports, lang)
    first, second = _SHEETS[lang]
    return write_workbook_of({first: _headed(summary, lang), second: _headed(problems, lang)}, target)


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
        words = tr("not checked", lang=lang)
        lines += [{**about, "title": f"{words}: {each}"} for each in report.not_checked]
    columns = ["layer", "rows", "clean", "title", "rule", "severity", "problems"]
    table = pd.DataFrame(lines).reindex(columns=columns)
    if lang == "zh":
        table["severity"] = table["severity"].map(_SEVERITIES)
    return table


def _headed(table: pd.DataFrame, lang: str) -> pd.DataFrame:
    return table.rename(columns=_HEADINGS) if lang == "zh" else table
