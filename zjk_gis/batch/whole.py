"""Files that cannot be worked on batch by batch: workbooks, GeoJSON, places in one cell, positions to fix.

They are read, answered and written as a whole, by the rules of `zjk_gis.batch.job`: the same rows go out
under the same columns, and the same rows are set aside for the same reasons.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.assign.incidents import as_columns, check_places, points_of
from zjk_gis.batch.outcome import judge
from zjk_gis.batch.sources import is_batch_source, parts_of, time_column
from zjk_gis.coordinates.bare_numbers import limit_of
from zjk_gis.coordinates.position_fixes import review_positions
from zjk_gis.crs import CGCS2000
from zjk_gis.errors import GeometryError, InputError, MissingColumnError, records_named
from zjk_gis.io.coordinate_columns import with_coordinates
from zjk_gis.io.files import list_layers, read_layer
from zjk_gis.io.folders import guess_spec
from zjk_gis.io.tables.cells import Places, Why, bounded
from zjk_gis.io.writing import write_layer, write_table
from zjk_gis.layers.catalogue import CATALOGUE, spec_of
from zjk_gis.layers.columns.times import YEAR_FIRST, time_order
from zjk_gis.layers.headings import names_beside, rejects_headings, worded
from zjk_gis.layers.labels import label
from zjk_gis.layers.naming import conform
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.shapes import has_shape, point_coordinates
from zjk_gis.read_report import report_of
from zjk_gis.words import tr

if TYPE_CHECKING:
    import os
    from collections import Counter
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from zjk_gis.assign.plan import AssignmentPlan
    from zjk_gis.layers.labels import Language
    from zjk_gis.read_report import ReadReport

__all__ = ["Checked", "assign_whole", "check_rows"]

_TABLES = (".csv", ".xlsx")
_PARQUET = (".parquet", ".geoparquet")
_FIXABLE = ("swapped_axes", "gcj02", "bd09")


@dataclass(frozen=True, slots=True)
class Checked:
    """Rows whose positions were looked at.

    Attributes
    ----------
    points : GeoDataFrame
    problems, fixed : dict of str to int
        How many rows have which problem, and how many of them were fixed.
    lacking : str
        The column for want of which it was not judged whether positions are GCJ-02 or BD-09.
    layer : str
        What the rows are, as the catalogue of layers names it; empty where that is not clear.
    """

    points: gpd.GeoDataFrame
    problems: dict[str, int]
    fixed: dict[str, int]
    lacking: str = ""
    layer: str = ""


def check_rows(
    points: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame | None,
    plan: AssignmentPlan,
    *,
    name: str,
    fix: bool,
    even_if_off: bool,
) -> Checked:
    """Find what is suspicious about the positions of rows under whatever names, and fix it if asked to.

    Parameters
    ----------
    points : GeoDataFrame
    roads : GeoDataFrame or None
        By which GCJ-02 and BD-09 are told, if the rows say their reporting channel and road.
    plan : AssignmentPlan
        That will answer.
    name : str
        Of the file that they are from.
    fix : bool
    even_if_off : bool
        Whether to go on where most rows lie outside everything, or in another datum.

    Raises
    ------
    InputError
        If they do, and it was not asked for; or positions are to be fixed and it is not clear by what.
    """
    try:
        known = conform(points, spec_of("incidents"))
    except InputError:
        if fix:
            raise
        known = points  # nobody but the evidence cares which of two columns is the road's name
    checked = Checked(points, {}, {}, layer=_what_rows_are(points, name))
    if fix or roads is not None:
        found = review_positions(known, roads=roads, fix=fix)
        known = found.points
        if fix:
            points = points.set_geometry(known.geometry.set_axis(points.index))
            points = with_answers(points, {"position_fix": known["position_fix"]})
        checked = replace(
            checked, points=points, problems=found.problems, fixed=found.fixed, lacking=found.lacking
        )
    if not even_if_off:
        check_places(known, points_of(known), plan)
    return checked


def assign_whole(
    source: str | os.PathLike[str],
    target: Path,
    rejects_path: Path,
    plan: AssignmentPlan,
    *,
    roads: gpd.GeoDataFrame | None,
    fix: bool,
    even_if_off: bool,
    time: str,
    times: dict[str, Any],
    reading: dict[str, Any],
    lang: Language,
    headings: Language,
    points: gpd.GeoDataFrame | None = None,
) -> tuple[Counter[str], dict[str, Any]]:
    """Read, answer and write; return what was counted and what else there is to tell.

    Rows that were read already go out under the library's names, or their headings.
    """
    is_named = points is not None
    points = _read(source, reading) if points is None else points
    report = report_of(points)
    if points.crs is None and points.geometry.isna().all():
        points = points.set_crs(CGCS2000)
    _refuse_other_kinds(points)
    looks: dict[str, Any] = {"name": Path(source).stem, "fix": fix, "even_if_off": even_if_off}
    checked = check_rows(_as_points(points), roads, plan, **looks)
    points = checked.points if fix else points
    when = time_column(list(map(str, points.columns)), time)
    if plan.needs_day and when is None:
        raise MissingColumnError(
            tr(
                "{name}: no column {time!r}, and the zones are valid only for certain periods; name "
                "the column of times with time=, or judge all by one day with at=",
                name=Path(source).name,
                time=time,
            )
        )
    with records_named():
        order = time_order(points[str(when)], name=str(when), **times) if plan.needs_day else YEAR_FIRST
    judged = judge(_places(points, report), lambda: order.days(points[str(when)]), plan, points.crs)
    judged.tally.update(f"left:{row['why']}" for row in report.left_out)
    moved = fix or bool(report.datum)
    is_bare = bool(report.coordinates) and "wkt" not in report.coordinates and not is_named
    rows = points[judged.keep]
    answers = {name: values[judged.keep] for name, values in as_columns(judged.answers, points.index).items()}
    if is_named and target.suffix.lower() in _TABLES:
        table = with_coordinates(
            rows.drop(columns=[*report.coordinates.values()], errors="ignore"),
            wkt=target.suffix.lower() == ".csv",
        )
        write_table(with_answers(table, answers), target, headings=headings)
    else:
        _write(rows, answers, target, is_bare=is_bare, moved=moved, fixed=fix, headings=headings)
    _write_rejects(points, judged.places.why, rejects_path, is_bare=is_bare, lang=lang, headings=headings)
    told = {
        "remarks": (*report.remarks, *order.remarks),
        "encoding": report.encoding,
        "positions": checked.problems,
        "fixed": checked.fixed,
        "lacking": checked.lacking,
        "layer": checked.layer,
    }
    return judged.tally, told


def _what_rows_are(points: gpd.GeoDataFrame, name: str) -> str:
    """Return which layer of the catalogue rows are of, by their columns, else by the name of their file."""
    spec, _ = guess_spec(points, name)
    known = (
        [spec.name] if spec else [each.name for each in CATALOGUE.values() if name in (each.name, each.title)]
    )
    return known[0] if known else ""


def _read(source: str | os.PathLike[str], reading: dict[str, Any]) -> gpd.GeoDataFrame:
    """Read a file, or the parts in a folder one behind the other."""
    files = parts_of(source) if is_batch_source(source) else [Path(source)]
    parts = [read_layer(file, layer=_layer_of(file), as_written=True, **reading) for file in files]
    if len(parts) == 1:
        return parts[0]
    whole = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=parts[0].crs)
    reports = [report_of(part) for part in parts]
    aside: dict[str, list[int]] = {}
    before = 0
    for report in reports:
        for why, rows in report.without_position.items():
            aside.setdefault(why, []).extend(before + row for row in rows)
        before += report.rows
    whole.attrs["report"] = replace(
        reports[0],
        rows=before,
        without_position=aside,
        remarks=[remark for report in reports for remark in report.remarks],
        left_out=[row for report in reports for row in report.left_out],
    )
    return whole


def _layer_of(file: Path) -> str | None:
    """Return the layer that holds the incidents, where a file has several."""
    names = list_layers(file)
    spec = spec_of("incidents")
    return next((name for name in names if name in (spec.name, spec.title)), None) if len(names) > 1 else None


def _refuse_other_kinds(points: gpd.GeoDataFrame) -> None:
    """Refuse rows of which none is a point."""
    shapes = points.geometry.to_numpy()
    kinds = shapely.get_type_id(shapes[has_shape(shapes)])
    if len(kinds) and not (kinds == shapely.GeometryType.POINT).any():
        named = ", ".join(sorted(set(points.geom_type.dropna())))
        raise GeometryError(
            tr(
                "incidents: the rows are not points but {named}; use .representative_point() or "
                ".explode() first",
                named=named,
            )
        )


def _as_points(points: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Leave the shape of a row out that is not a point; it is set aside."""
    shapes = points.geometry.to_numpy()
    other = has_shape(shapes) & (shapely.get_type_id(shapes) != shapely.GeometryType.POINT)
    if not other.any():
        return points
    kept = shapes.copy()
    kept[other] = None
    return points.set_geometry(gpd.GeoSeries(kept, index=points.index, crs=points.crs))


def _places(points: gpd.GeoDataFrame, report: ReadReport) -> Places:
    """Return the positions of rows, and why there are none."""
    shapes = points.geometry.to_numpy()
    there = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
    kinds = shapely.get_type_id(shapes)
    x, y = point_coordinates(shapes)
    why = np.zeros(len(points), dtype=np.uint8)
    why[~there] = Why.MISSING
    why[there & (kinds != shapely.GeometryType.POINT)] = Why.NO_POINT
    why[(why == 0) & (np.isinf(x) | np.isinf(y))] = Why.NOT_A_NUMBER
    why[(why == 0) & (np.isnan(x) | np.isnan(y))] = Why.MISSING
    for reason, rows in report.without_position.items():
        at = np.asarray(rows, dtype=np.int64)
        why[at[why[at] == Why.MISSING]] = Why[reason.upper()]
    places = Places(x, y, why).without(why > 0, None)
    return bounded(places, report.limit or limit_of(points.crs, is_bare=False))


def _write(
    rows: gpd.GeoDataFrame,
    answers: Mapping[str, Any],
    target: Path,
    *,
    is_bare: bool,
    moved: bool,
    fixed: bool,
    headings: Language,
) -> None:
    """Write rows with their answers; a table goes out as a table, with its own columns of coordinates.

    Where positions were moved, or came as a geometry, a table says in ``lon`` and ``lat`` where they are.
    """
    ending = target.suffix.lower()
    if ending not in (*_TABLES, *_PARQUET) or (ending in _PARQUET and not is_bare):
        write_layer(with_answers(rows, answers), target)
        return
    table = pd.DataFrame(rows.drop(columns=rows.geometry.name))
    if moved or not is_bare:
        table = with_coordinates(rows, wkt=ending == ".csv")
    if ending in _TABLES:
        table = _with_headings(table, answers, "position_fix" if fixed else "", headings)
        write_table(table, target, headings="en")  # what is left of the source's names is theirs
    else:
        write_table(with_answers(table, answers), target)


def _with_headings(
    table: pd.DataFrame, answers: Mapping[str, Any], fixed: str, lang: Language
) -> pd.DataFrame:
    """Put answers beside the columns of a table, under the headings and in the words of a language."""
    own = [str(name) for name in table.columns if name != fixed]
    renamed, titles = names_beside(own, [*([fixed] if fixed else []), *answers], lang)
    if lang == "zh":
        table = table.assign(**({fixed: worded(table[fixed], fixed)} if fixed else {}))
        answers = {name: worded(values, name) for name, values in answers.items()}
    answered = table.rename(columns=renamed | ({fixed: titles[fixed]} if fixed else {}))
    return answered.assign(**{titles[name]: values for name, values in answers.items()})


def _write_rejects(
    points: gpd.GeoDataFrame,
    why: NDArray[np.uint8],
    path: Path,
    *,
    is_bare: bool,
    lang: Language,
    headings: Language,
) -> None:
    """Write the rows that are set aside as they came, behind their number and the reason."""
    rows = np.flatnonzero(why)
    if not len(rows):
        path.unlink(missing_ok=True)  # of an earlier run: it would be taken for this one's
        return
    aside = points.iloc[rows]
    table = pd.DataFrame(aside.drop(columns=aside.geometry.name))
    if not is_bare:
        shapes = aside.geometry.to_numpy()
        table[aside.geometry.name] = pd.Series(shapely.to_wkt(shapes), index=aside.index, dtype="str")
    number, reason_ = rejects_headings(headings)
    table.insert(0, number, rows + 1, allow_duplicates=True)
    reasons = [label(Why(reason).word, lang) for reason in why[rows].tolist()]
    table.insert(1, reason_, pd.Series(reasons, index=aside.index, dtype="str"), allow_duplicates=True)
    write_table(table, path, headings="en")
