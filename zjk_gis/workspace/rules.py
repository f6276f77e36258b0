"""What a workspace takes in, and in which words it refuses."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from zjk_gis.coordinates.datums import in_declared_datum
from zjk_gis.crs import convert_crs, require_crs
from zjk_gis.crs.systems import title_of
from zjk_gis.errors import GeometryError, InputError, ProblemsError, name_rows
from zjk_gis.layers.checks.validate import validate
from zjk_gis.layers.columns.datum_words import parse_datum
from zjk_gis.layers.columns.times import BEIJING, time_of
from zjk_gis.layers.shapes import has_place
from zjk_gis.read_report import report_of
from zjk_gis.words import listed, tr
from zjk_gis.workspace.versions import OWN, joined_dtype, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zjk_gis.layers.checks.problems import ValidationReport
    from zjk_gis.layers.spec import LayerSpec
    from zjk_gis.workspace.versions import Version

__all__ = [
    "OnProblems",
    "as_table",
    "check_keepable",
    "count_errors",
    "count_or_refuse",
    "crs_text",
    "fitting_rows",
    "free_name",
    "in_beijing",
    "joined_columns",
    "moment_of",
    "now",
    "on_the_ground",
    "rectangle_of",
]

OnProblems = Literal["refuse", "keep"]


def as_table(versions: Any) -> pd.DataFrame:
    """Return versions as a table for people."""
    listed: list[Version] = list(versions)
    times = pd.to_datetime(
        pd.Series([each.written_at or None for each in listed], dtype=object), format="ISO8601", utc=True
    )
    return pd.DataFrame(
        {
            "layer": pd.Series([each.layer for each in listed], dtype="str"),
            "version": pd.Series([each.number for each in listed], dtype="int64"),
            "action": pd.Series([each.action for each in listed], dtype="str"),
            "rows": pd.Series([each.rows for each in listed], dtype="int64"),
            "written_at": times.dt.tz_convert(BEIJING).astype(pd.DatetimeTZDtype("ms", BEIJING)),
            "source": pd.Series([each.source for each in listed], dtype="str"),
            "note": pd.Series([each.note for each in listed], dtype="str"),
            "spec": pd.Series([each.spec for each in listed], dtype="str"),
            "datum": pd.Series([each.datum for each in listed], dtype="str"),
            "crs": pd.Series([each.crs for each in listed], dtype="str"),
            "errors": pd.Series([None if each.errors < 0 else each.errors for each in listed], dtype="Int64"),
        }
    )


def check_keepable(layer: gpd.GeoDataFrame, name: str) -> None:
    """Refuse what is not a layer with a CRS."""
    if not isinstance(layer, gpd.GeoDataFrame) or layer.active_geometry_name is None:
        raise InputError(
            tr("{name}: a workspace keeps layers with geometry; write_table writes plain tables", name=name)
        )
    require_crs(layer, name)


def count_errors(layer: gpd.GeoDataFrame, spec: LayerSpec | None, name: str, on_problems: OnProblems) -> int:
    """Count the errors of a layer, or refuse it; -1 where there is nothing to check it against."""
    if on_problems not in ("refuse", "keep"):
        raise InputError(
            tr("on_problems must be 'refuse' or 'keep', not {on_problems!r}", on_problems=on_problems)
        )
    if spec is None:
        return -1
    report = validate(layer, spec)
    return count_or_refuse(report, report.problems[report.problems["severity"] == "error"], name, on_problems)


def count_or_refuse(
    report: ValidationReport, errors: pd.DataFrame, name: str, on_problems: OnProblems
) -> int:
    """Count errors, or refuse the layer for them and say which they are."""
    if len(errors) and on_problems == "refuse":
        first = errors.iloc[0]
        counts = errors["rule"].value_counts(sort=False).items()
        refusal = ProblemsError(
            tr(
                "{name}: {count} errors ({rules}), the first in {where}, {field} {value!r}: {message} "
                "zjk_gis.validate(layer, {spec!r}) lists all; on_problems='keep' writes it as it is",
                name=name,
                count=len(errors),
                rules=listed(f"{rule} {count}" for rule, count in counts),
                where=tr("the layer") if pd.isna(first["row"]) else name_rows([first["row"]]),
                field=first["field"],
                value=first["value"],
                message=first["message"],
                spec=report.spec.name,
            )
        )
        refusal.report = report
        raise refusal
    return len(errors)


def on_the_ground(
    layer: gpd.GeoDataFrame,
    source: str,
    datum: str | None,
    remembered: Mapping[str, str],
    *,
    is_own: bool,
) -> tuple[gpd.GeoDataFrame, str, str]:
    """Bring a layer to the ground from the datum declared for it.

    Parameters
    ----------
    layer : GeoDataFrame
    source : str
        Where it comes from.
    datum : str or None
        What the caller declares. By default what was declared when the layer was read, or else what is
        remembered of its source; that comes before what its file says.
    remembered : mapping of str to str
        The datum of each source.
    is_own : bool
        Whether the layer was read from this workspace: then it is on the ground.

    Returns
    -------
    layer : GeoDataFrame
    datum : str
        To be remembered; empty if nobody declared any.
    converted : str
        What was done, in words; empty if nothing.
    """
    read = report_of(layer).datum
    if datum is not None:
        declared, told = parse_datum(datum), "argument"
    elif read.get("declared_by") == "argument":
        declared, told = read["source"], "argument"
    elif source and source in remembered and not is_own:
        declared, told = (
            parse_datum(remembered[source]),
            tr("workspace: remembered of {source}", source=source),
        )
    else:
        return layer, "", ""
    ground = in_declared_datum(layer, declared, told=told)
    if ground is layer:
        return ground, declared, ""
    return ground, declared, tr("positions taken for {datum} ({told})", datum=title_of(declared), told=told)


def fitting_rows(layer: gpd.GeoDataFrame, version: Version) -> tuple[gpd.GeoDataFrame, str]:
    """Return new rows with the columns and in the CRS of a layer, and what was converted."""
    geometry = layer.active_geometry_name
    extra = [str(name) for name in layer.columns if name != geometry and str(name) not in version.dtypes]
    if extra:
        raise InputError(
            tr(
                "{layer}: the new rows have columns that it lacks: {extra}; drop them, or write the "
                "layer anew with them",
                layer=version.layer,
                extra=listed(extra),
            )
        )
    crs, converted = version.parsed_crs, ""
    if crs is None:
        raise InputError(
            tr("{layer}: has no CRS; write it anew with one before rows are added", layer=version.layer)
        )
    if layer.crs != crs:
        converted = tr("converted from {system}", system=layer.crs.to_string())
        layer = convert_crs(layer, crs, name=version.layer)
    return layer, converted


def rectangle_of(bbox: Any, version: Version) -> tuple[float, float, float, float] | None:
    """Return a rectangle in the CRS of a layer."""
    if bbox is None:
        return None
    if isinstance(bbox, gpd.GeoDataFrame | gpd.GeoSeries):
        require_crs(bbox, "bbox")
        nowhere = ~has_place(bbox.geometry.to_numpy())
        if nowhere.any():
            rows = name_rows(bbox.index[nowhere])
            raise GeometryError(
                tr(
                    "bbox: {nowhere} of {bbox_count} rows have no place ({rows}); drop them",
                    nowhere=int(nowhere.sum()),
                    bbox_count=len(bbox),
                    rows=rows,
                )
            )
        crs = version.parsed_crs
        corners = (bbox if crs is None else convert_crs(bbox, crs, name="bbox")).total_bounds
    else:
        try:
            corners = np.asarray(bbox, dtype=float).ravel()
        except (TypeError, ValueError):
            corners = np.empty(0)
    if (
        len(corners) != 4
        or not np.isfinite(corners).all()
        or corners[0] > corners[2]
        or corners[1] > corners[3]
    ):
        raise InputError(
            tr("bbox must be (minx, miny, maxx, maxy) in the CRS of the layer, not {bbox!r:.100}", bbox=bbox)
        )
    return (float(corners[0]), float(corners[1]), float(corners[2]), float(corners[3]))


def free_name(names: tuple[str, ...], columns: tuple[tuple[str, str], ...]) -> str:
    """Return a name for a table's own column that the layer does not have."""
    taken = {name.casefold() for name, _ in columns}
    return next((name for name in names if name not in taken), f"{OWN}{names[0]}")


def joined_columns(
    version: Version, rows: gpd.GeoDataFrame, given: dict[str, str]
) -> tuple[tuple[str, str], ...]:
    """Return the dtypes that a layer's columns have with new rows; whole numbers stay whole numbers."""
    joined = []
    for column, dtype in version.columns:
        new = given.get(column, dtype)
        if kind_of(dtype) == "integer" and kind_of(new) == "real":
            try:
                rows[column], new = rows[column].astype("Int64"), "Int64"
            except (TypeError, ValueError):
                raise InputError(
                    tr(
                        "{layer}: {column} holds whole numbers, and the new rows have others",
                        layer=version.layer,
                        column=column,
                    )
                ) from None
        try:
            both = joined_dtype(dtype, new)
        except InputError as error:
            raise InputError(
                tr(
                    "{layer}: {column}: {error}; convert the new rows' values first",
                    layer=version.layer,
                    column=column,
                    error=error,
                )
            ) from None
        if column not in given or rows[column].isna().any():
            both = {"boolean": "boolean", "integer": "Int64"}.get(kind_of(both), both)
        joined.append((column, both))
    return tuple(joined)


def crs_text(layer: gpd.GeoDataFrame) -> str:
    """Return how the catalogue writes a CRS: by its code, or as WKT."""
    code = layer.crs.to_authority(min_confidence=100)
    return ":".join(code) if code else str(layer.crs.to_wkt())


def now() -> str:
    """Return the time as the catalogue writes it."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def in_beijing(written_at: str) -> str:
    """Return a time of the catalogue as people in Zhangjiakou say it."""
    return str(pd.Timestamp(written_at).tz_convert(BEIJING).strftime("%Y-%m-%d %H:%M:%S"))


def moment_of(version: str | dt.date) -> str:
    """Return a time as the catalogue writes it; a day means its end."""
    try:
        time, is_day = time_of(version, "version")
    except InputError:
        raise InputError(
            tr(
                "version must be a number or a time such as 2025-12-31 or 2025-12-31 08:00, not {version!r}",
                version=version,
            )
        ) from None
    if is_day:
        time = time + pd.Timedelta(days=1) - pd.Timedelta(milliseconds=1)
    utc = time.tz_localize(BEIJING).tz_convert("UTC").tz_localize(None)
    return f"{utc.isoformat(timespec='milliseconds')}Z"
