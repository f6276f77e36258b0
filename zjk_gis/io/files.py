"""Reading a layer from any file a bureau sends, with a report of what had to be found out on the way."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.coordinates.datums import in_declared_datum, stated_datum
from zjk_gis.crs.systems import title_of
from zjk_gis.errors import FileError, InputError, ZjkGisError, counted, name_rows, records_named
from zjk_gis.io.archives import is_archive, unpacked
from zjk_gis.io.encoding import named_encoding
from zjk_gis.io.file_crs import settle_crs
from zjk_gis.io.geopackage import geopackage_layers
from zjk_gis.io.parquet import read_parquet
from zjk_gis.io.paths import check_content, existing_file, format_of, is_geodatabase, is_readable
from zjk_gis.io.tables.geometry import parse_crs, place_table, titles_in
from zjk_gis.io.tables.text_frame import read_text_table
from zjk_gis.io.tables.workbooks import read_workbook, sheet_names
from zjk_gis.io.vector.dxf import read_drawing
from zjk_gis.io.vector.geodatabase import geodatabase_layers
from zjk_gis.io.vector.kml import read_kml
from zjk_gis.io.vector.opening import layer_of, open_vector
from zjk_gis.layers.catalogue import spec_of
from zjk_gis.layers.columns.coordinates import is_zero
from zjk_gis.layers.columns.datum_words import parse_datum
from zjk_gis.layers.columns.times import BEIJING, YEAR_FIRST, TimeOrder
from zjk_gis.layers.columns.values import convert_types, translated
from zjk_gis.layers.headings import unheaded
from zjk_gis.layers.naming import conform, with_columns
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.shapes import has_place, point_coordinates
from zjk_gis.read_report import ReadReport, report_of
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zjk_gis.io.paths import Format
    from zjk_gis.layers.columns.datum_words import WebDatum
    from zjk_gis.layers.spec import LayerSpec

__all__ = ["as_spec", "list_layers", "read_layer", "read_table"]

_SHAPEFILE = "ESRI Shapefile"


@records_named()
@checked
def read_layer(
    path: str | os.PathLike[str],
    *,
    layer: str | None = None,
    crs: Any = None,
    lon: str | None = None,
    lat: str | None = None,
    datum: str | None = None,
    spec: LayerSpec | str | None = None,
    dayfirst: bool | None = None,
    time_format: str | None = None,
    tz: str = BEIJING,
    as_written: bool = False,
    encoding: str | None = None,
    column_names: Mapping[str, str] | None = None,
    values: Mapping[str, Mapping[str, str]] | None = None,
) -> gpd.GeoDataFrame:
    r"""Read a layer from a file, and tell what had to be found out to do so.

    Parameters
    ----------
    path : str or path
        A real file: .gpkg, .shp, .geojson, .json, .geojsonl, .geojsons, .ndjson, .jsonl, .fgb, .kml, .gdb,
        .dxf, .parquet, .geoparquet, .csv, .tsv, .txt, .xlsx or .xls, or a .zip or .kmz with one of them in
        it. Its content must agree with its ending.
    layer : str, optional
        The layer of a GeoPackage or the sheet of a workbook; needed where there are several, unless `spec`
        names one of them.
    crs : optional
        The system that the file's coordinates are in (``4490``, ``"EPSG:4547"``), where the file does not
        say. Nothing is converted.
    lon, lat : str, optional
        The columns of a table with the longitude or easting and the latitude or northing; by default those
        of the usual names (lon/lat, 经度/纬度, x/y, X坐标/Y坐标 and the like).
    datum : str, optional
        The datum that the positions are in: ``"gcj02"`` (also GCJ-02, 高德, 火星坐标) or ``"bd09"`` (BD-09,
        百度), which are converted to CGCS2000; ``"wgs84"`` or ``"cgcs2000"``, which are the ground. It comes
        before what the file itself says: a title such as ``井盖台账(高德坐标)`` or columns such as
        ``gcj02_lng`` count as declared, and the report says so.
    spec : LayerSpec or str, optional
        What the layer should be. Its Chinese column names and aliases become the library's English names,
        and values its types: codes text, numbers float64, dates datetime64. A value that is none stays as
        it came.
    dayfirst : bool, optional
        What 10/03/2025 is in the columns that `spec` calls dates and times: True for the 10th of March, False
        for the 3rd of October. By default what each column shows; where it does not, its values stay as they
        came.
    time_format : str, optional
        How such columns are written, in the words of strptime, such as ``"%d.%m.%y %H:%M"``.
    tz : str, default "Asia/Shanghai"
        To whose clock times with a zone are turned there.
    as_written : bool, default False
        Leave the headings and words of a table that the library wrote in Chinese as they stand; by default
        they become its English names and codes again, which ``renamed`` in the report tells.
    encoding : str, optional
        ``"UTF-8"`` or ``"GB18030"`` (also GBK), of a text file or a shapefile; by default what its text is.
    column_names : mapping of str to str, optional
        Which of the file's columns each column of `spec` is, where the names do not tell:
        ``{"zone_code": "编号"}``. It comes before the names that `spec` knows.
    values : mapping of str to mapping of str to str, optional
        What the file's values of columns of `spec` mean: ``{"scope": {"核心区域": "核心保护范围"}}``.

    Returns
    -------
    GeoDataFrame
        One row for each of the file, in its order, numbered from 0. Without `spec` every column of a text
        file or workbook is text. A row without a usable position has no geometry. ``attrs["report"]`` is a
        `zjk_gis.io.ReadReport` of what was found out: ``encoding`` and how it was found, ``crs`` and where it
        is from, ``renamed`` columns, rows ``without_position`` (index labels by reason: ``missing``,
        ``not_a_number`` or ``zero``, the 0, 0 of devices without a fix), ``left_out`` rows of the file that
        are not rows of the table, ``remarks`` that a person should know, and more.

    Raises
    ------
    FileError
        If there is no such file, it is damaged or its content is of another format than its ending, or
        `path` is a URL, an archive's inside, a database connection or a GDAL virtual path.
    InputError
        If the ending is unknown, several layers are there and none is named, no columns of coordinates
        are recognised, or `datum` or `encoding` is unknown; or if `column_names` names a column that is not
        there.
    CRSError
        If `crs` is needed, or `crs` or `datum` contradicts the file.
    MissingExtraError
        If the format needs an optional package that is not installed.

    Notes
    -----
    Longitudes and latitudes of a table are taken for CGCS2000 (EPSG:4490) only where every usable pair is in
    Which system the bare numbers of a table are in is decided by most of its first rows; those that do not
    fit are set aside (see `zjk_gis.coordinates.bare_numbers`). Whether degrees are GCJ-02, if nobody says
    so, `check_positions` says. The names of a table may stand below titles, in up to three rows under
    merged headings; a row of values first means that there are none. The sheets of a workbook that are hidden
    are read only where they are named. Text is decoded by what its lines are (see
    `zjk_gis.io.tables.stream`); the text of a shapefile decides its encoding, whatever its .cpg says.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "incidents.csv")
    ...     _ = path.write_bytes("案件编号,经度,纬度\n001,114.88,40.82\n002,,\n".encode("gbk"))
    ...     incidents = read_layer(path, spec="incidents")
    >>> incidents["incident_code"].tolist(), incidents.crs.to_epsg(), incidents.attrs["report"].encoding
    (['001', '002'], 4490, 'GB18030')
    >>> incidents.attrs["report"].without_position
    {'missing': [1]}
    """
    source = existing_file(path)
    wanted = spec_of(spec) if isinstance(spec, str) else spec
    if wanted is None and (dayfirst is not None or time_format is not None):
        raise InputError(
            tr(
                "{source}: dayfirst= and time_format= are for the dates of a spec; name it with spec=",
                source=source,
            )
        )
    if wanted is None and (column_names or values):
        raise InputError(
            tr(
                "{source}: column_names= and values= are for the columns of a spec; name it with spec=",
                source=source,
            )
        )
    text = None if encoding is None else named_encoding(encoding)
    order = TimeOrder("times", tz, dayfirst, time_format=time_format)
    given = parse_crs(crs)
    declared = None if datum is None else parse_datum(datum)
    if is_archive(source):
        how: dict[str, Any] = {"dayfirst": dayfirst, "time_format": time_format, "tz": tz}
        how |= {
            "as_written": as_written,
            "encoding": encoding,
            "column_names": column_names,
            "values": values,
        }
        return _read_archived(source, layer=layer, crs=crs, lon=lon, lat=lat, datum=datum, spec=wanted, **how)
    form = format_of(source)
    check_content(source, form)
    chosen = _choose_layer(source, form, layer, wanted)
    report = ReadReport(path=str(source), format=form.title, layer=chosen)
    named = wanted if wanted is None or not column_names else with_columns(wanted, column_names)
    frame = _read(source, form, chosen, named, report, text)
    axes: list[str] = []
    if isinstance(frame, gpd.GeoDataFrame):
        if lon is not None or lat is not None:
            raise InputError(
                tr("{source}: has its own geometry; lon= and lat= are for tables", source=source)
            )
        frame = settle_crs(frame, given, source, form, report)
        frame = _without_zeros(frame, source, report)
        _tell_missing_shapes(frame, source, report)
    else:
        frame = place_table(frame, source, report, crs=given, lon=lon, lat=lat, datum=declared)
        axes = list(report.coordinates.values())
    frame, report = _on_the_ground(frame, source, report, declared, axes)
    if axes and not as_written and not column_names:
        frame = _unheaded(frame, report)
    report.rows, report.crs = len(frame), None if frame.crs is None else frame.crs.to_string()
    if named is not None:
        if column_names:
            frame = _with_said_columns(frame, column_names, source, report)
        frame = as_spec(frame, named, source.name, report, order=order, values=values)
    frame.attrs = {"report": report}
    return frame


@records_named()
def as_spec(
    frame: gpd.GeoDataFrame,
    spec: LayerSpec,
    name: str,
    report: ReadReport,
    *,
    order: TimeOrder = YEAR_FIRST,
    values: Mapping[str, Mapping[str, str]] | None = None,
) -> gpd.GeoDataFrame:
    """Give a layer the names and types of its spec; the report is told what that changed and could not."""
    frame = conform(frame, spec)
    for column, meanings in (values or {}).items():
        if column in frame:
            frame[column] = translated(frame[column], meanings)
    report.renamed = report.renamed | frame.attrs.get("renamed", {})
    frame, report.unconverted, told = convert_types(frame, spec, order=order)
    report.remarks += [tr("{name}: {what}", name=name, what=remark) for remark in told]
    for field, rows in report.unconverted.items():
        report.remarks.append(
            tr(
                "{name}: {rows_count} values of {field} are not {what} ({rows}); kept as they came",
                name=name,
                rows_count=len(rows),
                field=field,
                what=_wanted(spec.field(field).dtype),
                rows=name_rows(rows),
            )
        )
    frame.attrs = {"report": report}
    return frame


def _with_said_columns(
    frame: gpd.GeoDataFrame, columns: Mapping[str, str], source: Path, report: ReadReport
) -> gpd.GeoDataFrame:
    """Give columns the names that the caller says; one that has such a name already gives way."""
    lacking = [given for given in columns.values() if given not in frame]
    if lacking:
        raise InputError(
            tr(
                "{source}: has no column {lacking!r}, which column_names= names; its columns are {columns}",
                source=source,
                lacking=lacking[0],
                columns=listed(map(str, frame.columns)),
            )
        )
    said = {given: name for name, given in columns.items() if given != name}
    free = frame[[name for name in frame if name not in said]]
    kept = with_answers(free, dict.fromkeys(said.values()))
    renamed = said | kept.attrs["renamed"]
    report.renamed = report.renamed | renamed
    return frame.rename(columns=renamed)


def _wanted(dtype: str) -> str:
    """Say what the values of a field should have been; a code that became a long number has lost digits."""
    said = {
        "text": tr("exact codes"),
        "integer": tr("whole numbers"),
        "number": tr("numbers"),
        "date": tr("dates"),
        "datetime": tr("times"),
        "boolean": tr("yes or no"),
    }
    return said[dtype]


def _unheaded(frame: gpd.GeoDataFrame, report: ReadReport) -> gpd.GeoDataFrame:
    """Give an answer of the library's own its English names and codes again."""
    table, renamed = unheaded(pd.DataFrame(frame))
    if not renamed:
        return frame
    report.renamed = report.renamed | renamed
    return gpd.GeoDataFrame(table, geometry=frame.active_geometry_name, crs=frame.crs)


def readable_in(folder: Path) -> list[Path]:
    """Return the files below a folder that can be read; a File Geodatabase counts as one."""
    found = []
    for place, folders, names in os.walk(folder):
        bases = [name for name in folders if is_geodatabase(Path(place, name))]
        folders[:] = sorted(set(folders) - set(bases))
        found += [Path(place, name) for name in [*bases, *names] if is_readable(Path(name))]
    return sorted(found)


def _read_archived(source: Path, **options: Any) -> gpd.GeoDataFrame:
    """Read the only file in an archive that can be read."""
    remarks: list[str] = []
    with unpacked(source, remarks) as folder:
        inside = readable_in(folder)
        if len(inside) != 1:
            names = listed(file.relative_to(folder).as_posix() for file in inside) or tr("none")
            raise InputError(
                tr(
                    "{source}: holds several files to read, or none ({names}); read them with read_folder",
                    source=source,
                    names=names,
                )
            )
        told = f"{source}/{inside[0].relative_to(folder).as_posix()}"
        try:
            frame = read_layer(inside[0], **options)
        except ZjkGisError as error:
            raise type(error)(str(error).replace(str(inside[0]), told)) from error
    report = report_of(frame)
    frame.attrs["report"] = replace(report, path=told, remarks=[*remarks, *report.remarks])
    return frame


@checked
def list_layers(path: str | os.PathLike[str]) -> list[str]:
    """Return the names of the layers in a file.

    Parameters
    ----------
    path : str or path
        A file of any format that `read_layer` reads.

    Returns
    -------
    list of str
        The layers of a GeoPackage, the sheets of a workbook that hold anything (hidden ones only where there
        are no others), or the file's own name without ending.

    Raises
    ------
    FileError
        If there is no such file, or it is damaged.
    InputError
        If its ending is unknown.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "incidents.csv")
    ...     _ = path.write_text("lon,lat")
    ...     list_layers(path)
    ['incidents']
    """
    source = existing_file(path)
    if is_archive(source):
        with unpacked(source, []) as folder:
            inside = readable_in(folder)
            if len(inside) == 1:
                return list_layers(inside[0])
            names = listed(file.relative_to(folder).as_posix() for file in inside) or tr("none")
        raise InputError(
            tr(
                "{source}: holds several files to read, or none ({names}); read them with read_folder",
                source=source,
                names=names,
            )
        )
    form = format_of(source)
    check_content(source, form)
    return _layers_of(source, form)


@records_named()
@checked
def read_table(path: str | os.PathLike[str], *, layer: str | None = None) -> pd.DataFrame:
    r"""Read a table that has no place on the map, such as a list of duties.

    Parameters
    ----------
    path : str or path
        A .csv, .tsv, .txt, .xlsx or .xls file.
    layer : str, optional
        The sheet of a workbook; needed where there are several.

    Returns
    -------
    DataFrame
        All columns are text, empty cells missing. ``attrs["report"]`` is a `zjk_gis.io.ReadReport`.

    Raises
    ------
    FileError
        If there is no such file, or it is damaged.
    InputError
        If it is not a table, or has several sheets and none is named.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "duties.csv")
    ...     _ = path.write_text("event_code,department\n0102,环卫", "utf-8")
    ...     read_table(path).to_dict("records")
    [{'event_code': '0102', 'department': '环卫'}]
    """
    source = existing_file(path)
    form = format_of(source)
    check_content(source, form)
    if form.kind not in ("text", "workbook"):
        raise InputError(tr("{source}: is not a table; save it as .csv or .xlsx", source=source))
    chosen = _choose_layer(source, form, layer, None)
    report = ReadReport(path=str(source), format=form.title, layer=chosen)
    table = read_text_table(source, report) if form.kind == "text" else read_workbook(source, chosen, report)
    table, report.renamed = unheaded(table)
    report.rows = len(table)
    table.attrs = {"report": report}
    return table


def _layers_of(source: Path, form: Format) -> list[str]:
    if form.kind == "workbook":
        return sheet_names(source)
    if form.kind == "geodatabase":
        return geodatabase_layers(source)
    return geopackage_layers(source) if form.title == "GPKG" else [source.stem]


def _choose_layer(source: Path, form: Format, layer: str | None, spec: LayerSpec | None) -> str:
    """Return the layer asked for, the one the spec names, or the only one."""
    names = _layers_of(source, form)
    if layer is not None:
        if layer not in names and not (form.kind == "workbook" and layer in sheet_names(source, hidden=True)):
            raise InputError(
                tr(
                    "{source}: has no layer {layer!r}; its layers are {value}",
                    source=source,
                    layer=layer,
                    value=listed(names) or tr("none"),
                )
            )
        return layer
    if not names:
        raise FileError(tr("{source}: holds no layer", source=source))
    found = layer_of(names, spec)
    if found is None:
        raise InputError(
            tr("{source}: name one of its layers with layer=: {names}", source=source, names=listed(names))
        )
    return found


def _read(
    source: Path, form: Format, layer: str, spec: LayerSpec | None, report: ReadReport, encoding: str | None
) -> pd.DataFrame:
    if encoding is not None and form.kind != "text" and form.title != _SHAPEFILE:
        raise InputError(
            tr("{source}: encoding= is for text files and shapefiles; this format has its own", source=source)
        )
    if form.kind == "text":
        return read_text_table(source, report, spec, encoding=encoding)
    if form.kind == "workbook":
        return read_workbook(source, layer, report, spec)
    if form.kind == "parquet":
        return read_parquet(source, report)
    frame: pd.DataFrame
    if form.kind in ("kml", "drawing"):
        frame = read_kml(source, report) if form.kind == "kml" else read_drawing(source, report)
        return frame
    frame = open_vector(source, form.title, layer, spec, report, encoding=encoding).frame()
    return frame


def _on_the_ground(
    frame: gpd.GeoDataFrame,
    source: Path,
    report: ReadReport,
    declared: WebDatum | None,
    columns: list[str],
) -> tuple[gpd.GeoDataFrame, ReadReport]:
    """Bring positions to the ground from the datum that the caller declares, or else the file itself."""
    told = "argument"
    if declared is None:
        stated = stated_datum(titles_in(report), columns)
        if stated is None:
            return frame, report
        if stated.datum is None:
            report.remarks.append(
                tr(
                    "{name}: names several datums ({where}), so none is taken for that of the positions; "
                    "name it with datum=",
                    name=source.name,
                    where=stated.where,
                )
            )
            return frame, report
        declared, told = stated.datum, tr("file: {where}", where=stated.where)
        report.remarks.append(
            tr(
                "{name}: the datum is {title_of}, as the {where} says",
                name=source.name,
                title_of=title_of(declared),
                where=stated.where,
            )
        )
    frame.attrs = {"report": report}
    frame = in_declared_datum(frame, declared, told=told)
    return frame, report_of(frame)


def _without_zeros(frame: gpd.GeoDataFrame, source: Path, report: ReadReport) -> gpd.GeoDataFrame:
    """Take the place from points at 0, 0: a device that had no fix writes them, and nobody stands there.

    In a local system, and where no system is known, 0, 0 is a place as any other.
    """
    if frame.crs is None or frame.crs.is_engineering:
        return frame
    shapes = frame.geometry.to_numpy()
    zero = is_zero(*point_coordinates(shapes))
    if not zero.any():
        return frame
    rows = frame.index[zero].tolist()
    report.without_position["zero"] = rows
    told = counted(len(rows), "point lies", "points lie")
    report.remarks.append(tr("{name}: {told} at 0, 0, which is not a position", name=source.name, told=told))
    kept = shapes.copy()
    kept[zero] = None
    return frame.set_geometry(gpd.GeoSeries(kept, index=frame.index, crs=frame.crs, name=frame.geometry.name))


def _tell_missing_shapes(frame: gpd.GeoDataFrame, source: Path, report: ReadReport) -> None:
    missing = ~has_place(frame.geometry.to_numpy())
    missing &= ~frame.index.isin(report.without_position.get("zero", ()))
    if missing.any():
        report.without_position["missing"] = frame.index[missing].tolist()
        told = counted(int(missing.sum()), "row has", "rows have")
        report.remarks.append(tr("{name}: {told} no usable geometry", name=source.name, told=told))
