"""What changed between two runs: gaps opened and closed, chiefs who took over, indicators that turned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.city.answers import is_answered, read_answers
from zjk_gis.city.runs import opened_city, ready_city, runs_of
from zjk_gis.crs import convert_crs
from zjk_gis.errors import InputError
from zjk_gis.layers.columns.nobody import chiefs_of, somebody
from zjk_gis.layers.columns.periods import day_of, validity_days
from zjk_gis.layers.columns.values import code_text
from zjk_gis.overlay.common_ground import common_ground
from zjk_gis.presentation import Presentation, presented
from zjk_gis.reports.bulletin.judging import HIGH_IS_GOOD
from zjk_gis.words import listed, tr
from zjk_gis.workspace import Workspace

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from zjk_gis.city.runs import Run
    from zjk_gis.workspace.city_file import City

__all__ = ["CityChanges", "changes_between"]

_LAYERS = ("responsibility_zones", "road_sections")
_CODES = {"responsibility_zones": "zone_code", "road_sections": "section_code"}
# Whether more is better, of the audit's figures.
_OF_AUDIT = {
    "ground_once": True, "ground_several": False, "ground_nobody": False, "road_one": True,
    "road_several": False, "road_nobody": False, "matters_one": True, "matters_several": False,
    "matters_fallback": False, "incidents_answered": True, "incidents_undoubted": True,
    "zones_with_chief": True, "incidents_with_chief": True, "chiefs_idle": False, "chiefs_overloaded": False,
    "load_gini": False, "load_of_busiest": False,
}  # fmt: skip
_GOOD = {**HIGH_IS_GOOD, **_OF_AUDIT}
_LEAST = 1e-9


@presented
@checked
@dataclass(frozen=True, slots=True, kw_only=True)
class CityChanges:
    """What is another answer in one run than in an earlier one.

    Attributes
    ----------
    before, after : int
        The numbers of the runs.
    gaps : GeoDataFrame
        ``change`` (``new`` or ``closed``), ``gap_code`` (of the run in which it is there), ``area_m2`` and
        the gap. One that kept at least half of the smaller shape is the same gap.
    chiefs : DataFrame
        Zones and sections that another chief answers for: ``layer``, ``code``, ``chief_before`` and
        ``chief_after`` (code or name; missing where nobody is), and their names ``name_before``,
        ``name_after``.
    indicators : DataFrame
        ``indicator``, ``area`` (empty: the whole city), ``value_before``, ``value_after``, ``change``
        (``better``, ``worse``, or empty where it has no direction) and ``turned`` (bool): whether it went the
        other way between the two runs before.
    not_compared : tuple of str
        ``gaps`` where the audit of one of the runs was not answered.
    """

    before: int
    after: int
    gaps: gpd.GeoDataFrame
    chiefs: pd.DataFrame
    indicators: pd.DataFrame
    not_compared: tuple[str, ...] = ()

    @property
    def sentences(self) -> list[str]:
        """What changed, in a few sentences."""
        counts = self.gaps["change"].value_counts()
        told = [
            tr(
                "gaps: {new:,} new, {closed:,} closed",
                new=int(counts.get("new", 0)),
                closed=int(counts.get("closed", 0)),
            ),
            tr("{count:,} zones and sections have another chief", count=len(self.chiefs)),
        ]
        if "gaps" in self.not_compared:
            told[0] = tr("gaps: not compared, as one of the two audits was not answered")  # fmt: skip
        whole = self.indicators[self.indicators["area"] == ""]
        changes = whole["change"].value_counts()
        told.append(
            tr(
                "indicators: {better:,} better, {worse:,} worse, {turned:,} of them turned",
                better=int(changes.get("better", 0)), worse=int(changes.get("worse", 0)),
                turned=int(whole["turned"].sum()),
            )
        )  # fmt: skip
        return told

    def _presentation(self) -> Presentation:
        told = tr(
            "From run {before} to run {after}: {what}.", before=self.before, after=self.after,
            what=tr("; ").join(self.sentences),
        )  # fmt: skip
        rows = [
            [tr("gaps"), *_few(self.gaps, "gap_code")],
            [tr("chiefs"), *_few(self.chiefs, "code")],
            [tr("indicators"), *_few(self.indicators, "indicator")],
        ]
        return Presentation(told, [tr("what"), tr("how many"), tr("which")], rows)


@checked
def changes_between(
    city: City | str | os.PathLike[str], earlier: int | None = None, later: int | None = None
) -> CityChanges:
    r"""Tell what changed between two runs of a city.

    Parameters
    ----------
    city : City, str or path
        A city, or its file.
    earlier, later : int, optional
        The numbers of the runs; by default the last and the one before it. Runs that were undone do not
        count.

    Returns
    -------
    CityChanges

    Raises
    ------
    InputError
        If there are no two runs, or no run of that number.
    CityFileError, FileError, WorkspaceError
        If the city or what it keeps cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from zjk_gis.city import refresh_city
    >>> text = "[city]\nname = '示例市'\n[[source]]\nlayer = 'shelters'\nfiles = '*.csv'\n"
    >>> rows = "避难场所编码,避难场所名称,经度,纬度\nS1,一中,114.88,40.82\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     city = pathlib.Path(folder, "city.toml")
    ...     _ = city.write_text(text, encoding="utf-8")
    ...     _ = pathlib.Path(folder, "2025-11-03.csv").write_text(rows, encoding="utf-8")
    ...     _ = refresh_city(city, at="2025-11-03"), refresh_city(city, at="2025-11-10")
    ...     changes = changes_between(city)
    >>> changes.before, changes.after, len(changes.gaps)
    (1, 2, 0)
    """
    known = opened_city(city)
    workspace, *_ = ready_city(known)
    runs = runs_of(workspace)
    numbers = [each.number for each in runs]
    for asked in (earlier, later):
        if asked is not None and asked not in numbers:
            raise InputError(
                tr(
                    "there is no run {asked}; the runs are {runs}",
                    asked=asked,
                    runs=listed(numbers) or tr("none"),
                )
            )
    last = numbers.index(later) if later is not None else len(runs) - 1
    first = numbers.index(earlier) if earlier is not None else last - 1
    if first == last and len(runs) > 1:
        raise InputError(tr("earlier and later are the same run {run}; name two", run=runs[last].number))
    if first < 0 or first == last:
        raise InputError(tr("{path}: what changed is told from the second run on", path=known.path))
    return compare_runs(known, workspace, runs[first], runs[last], runs[first - 1] if first else None)


def compare_runs(city: City, workspace: Path, before: Run, after: Run, earlier: Run | None) -> CityChanges:
    """Compare two runs; the one before both tells which way an indicator went until then."""
    with Workspace.open(workspace) as layers:
        chiefs = pd.concat(
            [_chiefs_changed(layers, layer, before, after) for layer in _LAYERS], ignore_index=True
        )
    both = [is_answered(run.folder(city), "audit") for run in (before, after)]
    answers = [read_answers(run.folder(city), "audit") if all(both) else {} for run in (before, after)]
    return CityChanges(
        before=before.number,
        after=after.number,
        not_compared=() if all(both) else ("gaps",),
        gaps=_gaps_changed(*(each.get("gaps") for each in answers)),
        chiefs=chiefs,
        indicators=_indicators_changed(city, before, after, earlier),
    )


def _gaps_changed(old: pd.DataFrame | None, new: pd.DataFrame | None) -> gpd.GeoDataFrame:
    """Return the gaps of one run that have no counterpart in the other."""
    there = [each for each in (old, new) if isinstance(each, gpd.GeoDataFrame) and len(each)]
    columns = ["change", "gap_code", "area_m2", "geometry"]
    if not there:
        return gpd.GeoDataFrame({name: [] for name in columns}, geometry="geometry")
    crs = there[0].crs
    one, other = (
        convert_crs(each, crs)
        if isinstance(each, gpd.GeoDataFrame) and len(each)
        else gpd.GeoDataFrame({"gap_code": [], "area_m2": []}, geometry=[], crs=crs)
        for each in (old, new)
    )
    parts = [
        rows[~_has_counterpart(rows, others)].assign(change=change)
        for rows, others, change in ((other, one, "new"), (one, other, "closed"))
    ]
    found = pd.concat([each for each in parts if len(each)] or parts[:1], ignore_index=True)
    found["area_m2"] = found["area_m2"].astype("float64")
    found["_order"] = found["change"].map({"new": 0, "closed": 1})
    found = found.sort_values(
        ["_order", "area_m2", "gap_code"], ascending=[True, False, True], ignore_index=True
    )
    return gpd.GeoDataFrame(found[columns], geometry="geometry", crs=crs)


def _has_counterpart(rows: gpd.GeoDataFrame, others: gpd.GeoDataFrame) -> np.ndarray:
    found = np.zeros(len(rows), dtype=bool)
    if not len(rows) or not len(others):
        return found
    met = common_ground(rows.geometry.to_numpy(), others.geometry.to_numpy())
    found[met.one[met.is_same]] = True
    return found


def _chiefs_changed(layers: Workspace, layer: str, before: Run, after: Run) -> pd.DataFrame:
    columns = ["layer", "code", "chief_before", "chief_after", "name_before", "name_after"]
    if not (layer in before.versions and layer in after.versions):
        return pd.DataFrame({name: pd.Series(dtype="str") for name in columns})
    one, other = (_chiefs_of_run(layers, layer, run) for run in (before, after))
    both = one.add_suffix("_before").join(other.add_suffix("_after"), how="inner")
    was, now = both["chief_before"].fillna(""), both["chief_after"].fillna("")
    changed = both[was != now].rename_axis("code").reset_index()
    return changed.assign(layer=layer)[columns].sort_values("code", ignore_index=True).astype("str")


def _chiefs_of_run(layers: Workspace, layer: str, run: Run) -> pd.DataFrame:
    """Return who answered for each zone or section on the day of a run."""
    rows = layers.read(layer, version=run.versions[layer])
    begins, ends = validity_days(rows, layer)
    day = day_of(run.at)
    rows = rows[(begins <= day) & (day <= ends)]
    named = somebody(rows["chief_name"]) if "chief_name" in rows else pd.Series(None, index=rows.index)
    found = pd.DataFrame({"chief": chiefs_of(rows), "name": named})
    codes = code_text(rows[_CODES[layer]]) if _CODES[layer] in rows else pd.Series("", index=rows.index)
    found.index = pd.Index(codes.to_numpy())
    return found[~found.index.duplicated()]


def _indicators_changed(city: City, before: Run, after: Run, earlier: Run | None) -> pd.DataFrame:
    was, now = _figures_of(city, before), _figures_of(city, after)
    long_ago = _figures_of(city, earlier) if earlier is not None else pd.Series(dtype="float64")
    both = pd.DataFrame({"value_before": was, "value_after": now}).dropna()
    both = both.rename_axis(["indicator", "area"]).reset_index() if len(both) else both
    if not len(both):
        kinds = {"indicator": "str", "area": "str", "value_before": "float64", "value_after": "float64",
                 "change": "str", "turned": "bool"}  # fmt: skip
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})
    step = both["value_after"] - both["value_before"]
    both = both[step.abs() > _LEAST]
    step = step[both.index]
    sign = both["indicator"].map(_GOOD).map({True: 1.0, False: -1.0}).astype("float64")
    both["change"] = np.select([step * sign > 0, step * sign < 0], ["better", "worse"], "")
    places = pd.MultiIndex.from_frame(both[["indicator", "area"]])
    before_step = both["value_before"].to_numpy() - long_ago.reindex(places).to_numpy(dtype="float64")
    both["turned"] = np.nan_to_num(before_step * step.to_numpy()) < 0
    both["change"] = both["change"].astype("str")
    order = both["change"].map({"worse": 0, "better": 1, "": 2})
    return (
        both.assign(_order=order)
        .sort_values(["turned", "_order", "area", "indicator"], ascending=[False, True, True, True])
        .drop(columns="_order")
        .reset_index(drop=True)
    )


def _figures_of(city: City, run: Run) -> pd.Series:
    """Return the shares of the audit and the indicators of a run, by name and area."""
    found: dict[tuple[str, str], float] = {}
    folder = run.folder(city)
    figures = read_answers(folder, "audit").get("figures")
    if figures is not None:
        for row in figures.to_dict("records"):
            found[row["measure"], ""] = _number(row["share"])
    tables = read_answers(folder, "assessment")
    for name, area in (("indicators", None), ("indicators_by_district", "district_code")):
        for row in tables[name].to_dict("records") if name in tables else ():
            place = "" if area is None else str(row[area])
            found[row["indicator"], place] = _number(row["value"])
    index = pd.MultiIndex.from_tuples(list(found), names=["indicator", "area"]) if found else None
    return pd.Series(list(found.values()), index=index, dtype="float64")


def _number(cell: object) -> float:
    return float(str(cell)) if isinstance(cell, str) and cell else float("nan")


def _few(rows: pd.DataFrame, column: str) -> list[object]:
    names = [str(each) for each in rows[column].head(3)]
    return [len(rows), listed(names)]
