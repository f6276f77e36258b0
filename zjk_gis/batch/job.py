"""The batch job: any number of incidents from file to file, batch by batch, no work done twice."""

from __future__ import annotations

import time as clock
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zjk_gis._optional import has
from zjk_gis._version import __version__
from zjk_gis.arguments import checked
from zjk_gis.assign.plan import plan_for
from zjk_gis.batch.cluster.folder_job import (
    FolderOptions,
    assign_folder,
    is_folder_job,
    on_threads,
    values_of,
)
from zjk_gis.batch.covering import adds_covering
from zjk_gis.batch.ledger import open_ledger
from zjk_gis.batch.opening import open_source
from zjk_gis.batch.outcome import JobSummary, summary_of
from zjk_gis.batch.running import run, sample_of, settle_times
from zjk_gis.batch.sources import (
    PARQUET,
    NotInBatchesError,
    fingerprint_of,
    first_points,
    is_batch_source,
    parts_of,
    rows_guessed,
)
from zjk_gis.batch.targets import is_batch_target, target_for
from zjk_gis.batch.whole import assign_whole, check_rows
from zjk_gis.errors import FileError, InputError
from zjk_gis.io.paths import existing_file, target_file
from zjk_gis.io.tables.text import BATCH_ROWS
from zjk_gis.layers.headings import settled
from zjk_gis.layers.labels import check_language
from zjk_gis.layers.usual import ACCURATE, BORDER_M, NEAREST_M, TZ
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Mapping, Sequence

    import geopandas as gpd

    from zjk_gis.assign.plan import AssignmentPlan
    from zjk_gis.batch.sources import Source
    from zjk_gis.index.policy import Policy
    from zjk_gis.index.sections import SectionIndex
    from zjk_gis.index.zones import ZoneIndex
    from zjk_gis.layers.labels import Language

__all__ = ["JobSummary", "assign_batch"]

_PART_BATCHES = 32  # about 4 million rows: seconds of work, and few fsyncs
_MANY = 1 << 24  # rows of a folder, which are not counted for this


@checked
def assign_batch(
    source: str | os.PathLike[str],
    zones: gpd.GeoDataFrame | ZoneIndex | SectionIndex | AssignmentPlan,
    target: str | os.PathLike[str],
    *,
    points: gpd.GeoDataFrame | None = None,
    grids: gpd.GeoDataFrame | ZoneIndex | None = None,
    sections: gpd.GeoDataFrame | SectionIndex | None = None,
    lon: str | None = None,
    lat: str | None = None,
    crs: Any = None,
    datum: str | None = None,
    time: str = "occurred_at",
    dayfirst: bool | None = None,
    time_format: str | None = None,
    tz: str = TZ,
    code: str | None = None,
    level: int | str | None = None,
    at: str | dt.date | None = None,
    border_within_m: float = BORDER_M,
    nearest_within_m: float = NEAREST_M,
    accuracy_m: float | None = None,
    undecided_below: float = ACCURATE,
    policy: Policy | None = None,
    roads: gpd.GeoDataFrame | None = None,
    fix_positions: bool = False,
    even_if_off: bool = False,
    only: Mapping[str, Any] | None = None,
    covering: bool = False,
    batch_rows: int = BATCH_ROWS,
    resume: bool = True,
    progress: bool | None = None,
    lang: Language = "zh",
    headings: Language | None = None,
) -> JobSummary:
    r"""Find who answers for each incident of a file of any length, and write the rows with their answers.

    Parameters
    ----------
    source : str or path
        A file of any format that `read_layer` reads, or a folder of text or Parquet files of the same
        columns, taken in the order of their names. Text (also packed as .gz or .zst), Parquet, GeoPackages
        and shapefiles may be of any length; the others are held in memory. A folder of Parquet may have
        folders as Hive has them (``month=2026-05``), which become columns.
    zones : GeoDataFrame, ZoneIndex, SectionIndex or AssignmentPlan
        As in `assign_incidents`, and so
    grids, sections
    points : GeoDataFrame, optional
        The rows of `source`, where somebody has read it already, as a city file says it is read: with the
        library's names, under which (or their headings) they go out, too.
    target : str or path
        A file of any format that `write_layer` writes. .parquet, .csv and .gpkg may be of any length. In a
        GeoPackage that is there already the layer is added, or replaces the one of its name. Without an
        ending it is a folder, made of a folder of Parquet: one part out for each part in, in the same
        folders, with records and rejects beside them as `assign_on_dask` has them. Both may be addresses
        (``s3://``) then.
    lon, lat : str, optional
        The columns of coordinates; by default the file's geometry, or the columns of the usual names.
    crs : optional
        The system of the coordinates, where the file does not say; by default what most of the first rows
        are (see `read_layer`).
    datum : str, optional
        The datum of the positions, as for `read_layer`. Where it is GCJ-02 or BD-09 the answers are for the
        ground, and a table says in ``lon`` and ``lat`` where that is.
    time : str, default "occurred_at"
        The column of times; also recognised by its Chinese names.
    dayfirst, time_format, tz
        How they are read and whose days count, as in `assign_incidents`; the first 10,000 rows decide for
        all of a long file, and a row that is written otherwise is set aside.
    code, level, at, border_within_m, nearest_within_m, undecided_below, policy
        As in `assign_incidents`.
    accuracy_m : float, optional
        How accurate all positions are, as in `assign_incidents`.
    roads : GeoDataFrame, optional
        Roads with their names, by which it is told whether positions are GCJ-02 or BD-09 (see
        `check_positions`); of long files the first 10,000 rows are looked at.
    fix_positions : bool, default False
        Fix swapped axes, GCJ-02 and BD-09 where that is certain (see `fix_positions`). All rows are held in
        memory for it, as a reporting channel is judged as a whole.
    even_if_off : bool, default False
        Go on where most positions lie outside everything or in another datum, as in `assign_incidents`.
    only : mapping of str to str or list of str, optional
        The values that rows of Parquet must have in some columns, or of their folders, to be taken:
        ``{"month": "2026-05"}``. What has none of them is not read.
    covering : bool, default False
        Put a column ``bbox`` beside the points that go into Parquet, by which readers of GeoParquet 1.1 find
        what lies where without decoding shapes. A covering that the source has stays as it is.
    batch_rows : int, default 131072
        About how many rows are worked on at once. In memory are at most five batches and two for every
        processor: half a gigabyte with ten columns on two processors, however long the file is.
    resume : bool, default True
        Go on where an earlier run with the same source, layers and options was stopped.
    progress : bool, optional
        Whether to show how far it is; by default only where somebody watches.
    lang : {"zh", "en"}, default "zh"
        Of the reasons beside the rows that are set aside, where `headings` is not given.
    headings : {"zh", "en"}, optional
        Of the columns added to a .csv or .xlsx, and of what they hold, as for `write_layer`; the columns of
        the source pass as they came.

    Returns
    -------
    JobSummary

    Raises
    ------
    FileError
        If a file cannot be read or written, the source changes meanwhile, or another run makes the same
        target.
    InputError
        If the call cannot be carried out; nothing has been written then.

    Notes
    -----
    Every row of the source is either in the target, in its order, or in ``<target>.rejects.csv`` with
    ``row_number`` (1 is the first row under the names) and ``why``: no coordinates, coordinates that are not
    numbers or not on Earth, more cells than columns, or a time that is not a date where the zones are valid
    only for a time. The columns added are those of `assign_incidents`; a column of the source that has one of
    their names is kept as ``<name>_recorded``.

    From text to .csv, rows go out byte by byte as they came, in UTF-8, with the delimiter and line ends of
    the source: **the cells of the source are not guarded against formulas**, only what is added is.
    Everywhere else text is text, and in a .csv it gets the apostrophe of `write_layer`. From text to Parquet
    all columns are text, an empty cell is missing, and ``""`` is empty text. Parquet keeps its types,
    compression and metadata, GeoParquet included.

    A row group of half a batch to eight batches that pyarrow wrote and that loses no row goes out with the
    bytes its columns have. Of these only coordinates and times are read: damage in another column is found by
    whoever reads that.

    Nothing half-written ever stands under the target's name. The work is in ``<target>.parts`` until all is
    done; a job that was killed at any moment, or ran out of disk, goes on from there, and the result is the
    same.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["A"]}, geometry=[box(114.88, 40.82, 114.89, 40.83)], crs=4490
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     source, target = pathlib.Path(folder, "in.csv"), pathlib.Path(folder, "out.csv")
    ...     _ = source.write_text("code,lon,lat\n001,114.885,40.825\n002,,\n", "utf-8")
    ...     summary = assign_batch(source, zones, target, headings="en")
    ...     print(target.read_text("utf-8-sig"))
    code,lon,lat,zone_code,found,distance_m,candidates,ambiguous,reason
    001,114.885,40.825,A,inside,0,1,False,one_zone
    >>> summary.rows_in, summary.rows_out, summary.reject_reasons
    (2, 1, {'missing': 1})
    """
    # 1. What is asked can be done: files, and a plan that answers.
    began = clock.perf_counter()
    check_language(lang)
    words = settled(headings)
    chosen = values_of(only)
    to_folder = is_folder_job(source, target)
    files = [] if to_folder else parts_of(source) if is_batch_source(source) else [existing_file(source)]
    plan = plan_for(
        zones,
        grids=grids,
        sections=sections,
        code=code,
        level=level,
        at=at,
        border_within_m=border_within_m,
        nearest_within_m=nearest_within_m,
        undecided_below=undecided_below,
        accuracy_m=accuracy_m,
        policy=policy,
        tz=tz,
        expected=rows_guessed(files) if files else _MANY,
    )
    if to_folder:
        if fix_positions:
            raise InputError(tr("fix_positions: all rows are held in memory for it; write to one file"))
        return assign_folder(
            source,
            plan,
            target,
            on_threads,
            FolderOptions(
                lon=lon,
                lat=lat,
                crs=crs,
                datum=datum,
                time=time,
                dayfirst=dayfirst,
                time_format=time_format,
                roads=roads,
                even_if_off=even_if_off,
                only=chosen,
                covering=covering,
                batch_rows=batch_rows,
                resume=resume,
                progress=progress,
                lang=lang,
                headings=headings,
            ),
            elsewhere=False,
        )
    goal = target_file(target)
    rejects_path = goal.with_name(f"{goal.name}.rejects.csv")
    _refuse_overwriting(Path(source), files, goal, rejects_path)
    reading = {"lon": lon, "lat": lat, "crs": crs, "datum": datum}
    times: dict[str, Any] = {"dayfirst": dayfirst, "time_format": time_format, "tz": plan.tz}
    looks: dict[str, Any] = {"roads": roads, "fix": fix_positions, "even_if_off": even_if_off}
    # 2. What cannot be worked on in batches is held in memory as a whole.
    rows = (
        None
        if fix_positions or points is not None
        else _open(source, goal, batch_rows=batch_rows, time=time, tz=plan.tz, only=chosen, **reading)
    )
    if rows is None and chosen:
        raise InputError(tr("{file}: only= is for Parquet; leave it out, or convert the file", file=files[0]))
    if covering and (rows is None or goal.suffix.lower() not in PARQUET):
        raise InputError(
            tr(
                "{target}: covering= is for points that go from a .parquet, .gpkg or .shp file into "
                ".parquet; leave it out",
                target=goal.name,
            )
        )
    if rows is None:
        tally, told = assign_whole(
            source,
            goal,
            rejects_path,
            plan,
            time=time,
            times=times,
            reading=reading,
            lang=headings or lang,
            headings=words,
            points=points,
            **looks,
        )
        told["about"] = plan.about()
        return summary_of(tally, goal, rejects_path, clock.perf_counter() - began, **told)
    # 3. Times are read and positions looked at before any row is answered.
    rows.lang, rows.headings = headings or lang, words
    settle_times(rows, plan, files[0], time, times)
    looks |= {"name": Path(source).stem, "fix": False}
    with ThreadPoolExecutor(1) as beside:
        layers = beside.submit(lambda: plan.fingerprints)  # which takes about as long
        doubts = check_rows(first_points(rows), plan=plan, **looks)
    told = {"positions": doubts.problems, "lacking": doubts.lacking, "layer": doubts.layer}
    del doubts  # whose rows would stay in memory while the others are worked on
    # 4. Batch by batch, from where an earlier run of the same job stopped.
    options = {**plan.options, **reading, **times, "time": time, "batch_rows": batch_rows}
    if chosen:
        options["only"] = sorted(chosen.items())
    boxes = adds_covering(rows, asked=covering)
    if boxes:
        options["covering"] = True
    fingerprint = {
        "source": fingerprint_of(files),
        **layers.result(),
        "options": repr(options | {"lang": lang, "headings": words}),
        "version": __version__,
    }
    with open_ledger(goal, fingerprint, resume=resume) as ledger:
        told["resumed_from"] = ledger.place.rows
        place_for = target_for(ledger, rows, sample_of(rows, plan, goal, covering=boxes), lang=words)
        tally = run(rows, plan, place_for, ledger, part_rows=_PART_BATCHES * batch_rows, show=progress)
        if fingerprint_of(files) != fingerprint["source"]:
            raise FileError(
                tr("{files}: changed while it was read; run again when it is complete", files=files[0])
            )
        ledger.publish(rejects_path, made=place_for.finish())
        told["remarks"] = (*rows.remarks, *rows.closing_remarks(tally), *ledger.remarks)
    told |= {"encoding": rows.encoding, "about": plan.about()}
    return summary_of(tally, goal, rejects_path, clock.perf_counter() - began, **told)


def _open(source: str | os.PathLike[str], target: Path, **options: Any) -> Source | None:
    """Open what can be read and written in batches; None where it must be held in memory as a whole."""
    if not (is_batch_source(source) and is_batch_target(target) and has("pyarrow")):
        return None
    try:
        opened = open_source(source, **options)
    except NotInBatchesError:
        return None
    # A geometry that came from a file passes on as it is. Where it must be moved, or has heights that go
    # into columns or a layer of a declared kind, all is written again.
    as_it_is = not (opened.is_moved or (opened.has_heights and target.suffix.lower() in (".csv", ".gpkg")))
    return opened if as_it_is or opened.geometry is None else None


def _refuse_overwriting(source: Path, files: Sequence[Path], target: Path, rejects: Path) -> None:
    """Refuse a target that is, or lies in, what is read."""
    for file in files:
        for made in (target, rejects):
            if made.exists() and made.samefile(file):
                raise FileError(
                    tr("{made}: would overwrite what it is made from; name another file", made=made)
                )
    if source.is_dir() and source.samefile(target.parent):
        raise FileError(tr("{target}: lies in the folder that is read; name another place", target=target))
