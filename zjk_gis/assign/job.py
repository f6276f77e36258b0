"""The batch job: any number of incidents from file to file, batch by batch, no work done twice."""

from __future__ import annotations

import hashlib
import time as clock
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from zjk_gis import threads
from zjk_gis._version import __version__
from zjk_gis.assign.plan import AssignmentPlan
from zjk_gis.errors import FileError, InputError, MissingColumnError
from zjk_gis.index.policy import Policy
from zjk_gis.io.batch_cells import Why
from zjk_gis.io.batch_ledger import open_ledger
from zjk_gis.io.batch_targets import batch_target, target_for
from zjk_gis.io.batches import BATCH_ROWS, fingerprint_of, open_source, parts_of
from zjk_gis.layers.periods import NEVER
from zjk_gis.layers.recorded import with_answers
from zjk_gis.progress import track

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Iterator, Mapping, Sequence
    from concurrent.futures import Future

    from zjk_gis.io.batch_ledger import Ledger
    from zjk_gis.io.batch_targets import Target
    from zjk_gis.io.batches import Batch, Place, Source

__all__ = ["JobSummary", "assign_batch"]

_PART_BATCHES = 32  # about 4 million rows: seconds of work, and few fsyncs
_AHEAD = 2
_BOM = b"\xef\xbb\xbf"
_UNUSABLE = ("no_position", "bad_position")


@dataclass(frozen=True, slots=True)
class JobSummary:
    """What a job did.

    Attributes
    ----------
    rows_in, rows_out, rejects : int
        ``rows_in == rows_out + rejects``, always.
    found, reason : dict of str to int
        The rows that went out, by how they were found and why.
    reject_reasons : dict of str to int
    ambiguous : int
        How many of the rows that went out a person should look at.
    seconds : float
        Of this run alone.
    target : Path
    rejects_path : Path or None
        None where no row was rejected.
    resumed_from : int
        After how many rows an earlier run was continued; 0 if there was none.
    remarks : tuple of str
        What was inferred, and what a person should know.
    """

    rows_in: int
    rows_out: int
    rejects: int
    found: dict[str, int]
    reason: dict[str, int]
    reject_reasons: dict[str, int]
    ambiguous: int
    seconds: float
    target: Path
    rejects_path: Path | None
    resumed_from: int
    remarks: tuple[str, ...]


def assign_batch(
    source: str | os.PathLike[str],
    zones: gpd.GeoDataFrame,
    target: str | os.PathLike[str],
    *,
    grids: gpd.GeoDataFrame | None = None,
    sections: gpd.GeoDataFrame | None = None,
    lon: str | None = None,
    lat: str | None = None,
    crs: Any = None,
    time: str = "occurred_at",
    code: str | None = None,
    level: int | None = None,
    at: str | dt.date | None = None,
    border_within_m: float = 0.5,
    nearest_within_m: float = 50.0,
    accuracy_m: float | None = None,
    undecided_below: float = 0.8,
    policy: Policy | None = None,
    batch_rows: int = BATCH_ROWS,
    resume: bool = True,
    progress: bool | None = None,
) -> JobSummary:
    r"""Find who answers for each incident of a file of any length, and write the rows with their answers.

    Parameters
    ----------
    source : str or path
        A .csv, .tsv or .txt file (also packed as .gz or .zst), a .parquet, .gpkg or .shp file, or a folder of
        text or Parquet files of the same columns, taken in the order of their names.
    zones, grids, sections : GeoDataFrame
        As in `assign_incidents`.
    target : str or path
        Ending in .parquet, .csv or .gpkg. In a GeoPackage that is there already the layer is added, or
        replaces the one of its name.
    lon, lat : str, optional
        The columns of coordinates; by default the file's geometry, or the columns of the usual names.
    crs : optional
        The system of the coordinates, where the file does not say. Degrees are taken for CGCS2000 if nearly
        all of the first rows lie in China.
    time : str, default "occurred_at"
        The column of times; also recognised by its Chinese names.
    code, level, at, border_within_m, nearest_within_m, undecided_below, policy
        As in `assign_incidents`.
    accuracy_m : float, optional
        How accurate all positions are, as in `assign_incidents`.
    batch_rows : int, default 131072
        About how many rows are worked on at once. In memory are at most five batches and two for every
        processor: half a gigabyte with ten columns on two processors, however long the file is.
    resume : bool, default True
        Go on where an earlier run with the same source, layers and options was stopped.
    progress : bool, optional
        Whether to show how far it is; by default only where somebody watches.

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
    Every row of the source is either in the target, in its order, or in ``<target stem>.rejects.csv`` with
    ``row_number`` (1 is the first row under the names) and ``why``: no coordinates, coordinates that are no
    numbers or no place on Earth, more cells than columns, or a time that is no date where the zones hold only
    for a time. The columns added are those of `assign_incidents`; a column of the source that has one of
    their names is kept as ``<name>_recorded``.

    From text to .csv, rows go out byte by byte as they came, in UTF-8, with the delimiter and line ends of
    the source: **the cells of the source are not guarded against formulas**, only what is added is.
    Everywhere else text is text, and in a .csv it gets the apostrophe of `write_layer`. From text to Parquet
    all columns are text, an empty cell is missing, and ``""`` is empty text. Parquet keeps its types,
    compression and metadata, GeoParquet included.

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
    ...     summary = assign_batch(source, zones, target)
    ...     print(target.read_text("utf-8-sig"))
    code,lon,lat,zone_code,found,distance_m,candidates,ambiguous,reason
    001,114.885,40.825,A,inside,0,1,False,one_zone
    >>> summary.rows_in, summary.rows_out, summary.reject_reasons
    (2, 1, {'missing': 1})
    """
    began = clock.perf_counter()
    goal = batch_target(target)
    files = parts_of(source)
    rejects_path = goal.with_name(f"{goal.stem}.rejects.csv")
    _refuse_overwriting(Path(source), files, goal, rejects_path)
    answering = {
        "code": code,
        "level": level,
        "at": at,
        "border_within_m": border_within_m,
        "nearest_within_m": nearest_within_m,
        "undecided_below": undecided_below,
        "accuracy_m": accuracy_m,
        "policy": policy or Policy(),
    }
    plan = AssignmentPlan.prepare(zones, grids=grids, sections=sections, **answering)  # type: ignore[arg-type]
    before = fingerprint_of(files)
    rows = open_source(source, lon=lon, lat=lat, crs=crs, time=time, batch_rows=batch_rows)
    if plan.needs_day and not rows.has_time:
        message = (
            f"{files[0].name}: no column {time!r}, and the zones hold only for certain periods; name the "
            "column of times with time=, or judge all by one day with at="
        )
        raise MissingColumnError(message)
    reading = {"lon": lon, "lat": lat, "crs": crs, "time": time, "batch_rows": batch_rows}
    fingerprint = {
        "source": before,
        **{
            name: _digest(layer)
            for name, layer in (("zones", zones), ("grids", grids), ("sections", sections))
        },
        "options": repr({**answering, **reading}),
        "version": __version__,
    }
    with open_ledger(goal, fingerprint, resume=resume) as ledger:
        resumed_from = ledger.place.rows
        nothing = np.empty(0)
        sample = plan.answer(nothing, nothing, np.empty(0, dtype=np.int64), crs=rows.crs)
        place_for = target_for(ledger, rows, sample, _renamed(rows.schema.names, sample))
        tally = _run(rows, plan, place_for, ledger, part_rows=_PART_BATCHES * batch_rows, show=progress)
        if fingerprint_of(files) != before:
            message = f"{files[0]}: changed while it was read; run again when it is complete"
            raise FileError(message)
        ledger.publish(rejects_path, made=place_for.finish())
        remarks = (*rows.remarks, *ledger.remarks)
    return _summary(tally, goal, rejects_path, clock.perf_counter() - began, resumed_from, remarks)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came out of a batch, ready to be written."""

    after: Place
    encoded: Any
    rejects: bytes
    tally: Counter[str]


def _run(
    source: Source,
    plan: AssignmentPlan,
    target: Target,
    ledger: Ledger,
    *,
    part_rows: int,
    show: bool | None,
) -> Counter[str]:
    """Read, work and write at the same time, part by part, from where the ledger stands."""
    place = ledger.place
    tally: Counter[str] = Counter(ledger.parts[-1].tally if ledger.parts else {})
    outcomes = _outcomes(source, plan, target, place)
    for outcome in track(outcomes, title="判定归属", total=source.batches_expected(place), show=show):
        target.write(outcome.encoded)
        if outcome.rejects:
            if not ledger.rejects.tell():
                ledger.rejects.write(_BOM + source.rejects_header())
            ledger.rejects.write(outcome.rejects)
        tally.update(outcome.tally)
        place = outcome.after
        if place.rows - ledger.place.rows >= part_rows:
            target.end_part()
            ledger.commit(place, tally)
    if place != ledger.place:
        target.end_part()
        ledger.commit(place, tally)
    if tally["rows"] != place.rows or tally["out"] + tally["rejects"] != place.rows:
        message = f"{place.rows:,} rows came in, but {tally['out']:,} + {tally['rejects']:,} would go out"
        raise InputError(message)
    return tally


def _outcomes(source: Source, plan: AssignmentPlan, target: Target, place: Place) -> Iterator[_Outcome]:
    """Work on several batches at a time, and hand out what came of them in their order."""
    workers = threads.count()
    waiting: deque[Future[_Outcome]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for batch in _read_ahead(source.batches(place)):
                waiting.append(pool.submit(_work, batch, source, plan, target))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _read_ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Read the next batches while others are worked on."""
    with ThreadPoolExecutor(1) as reader:
        waiting = deque(reader.submit(next, batches, None) for _ in range(_AHEAD))
        try:
            while (batch := waiting.popleft().result()) is not None:
                waiting.append(reader.submit(next, batches, None))
                yield batch
        finally:
            reader.shutdown(cancel_futures=True)


def _work(batch: Batch, source: Source, plan: AssignmentPlan, target: Target) -> _Outcome:
    """Find who answers for the rows of a batch, and turn them into what will be written."""
    places = source.places(batch)
    day = np.full(batch.rows, NEVER)
    if plan.needs_day:
        day, wrong = source.days(batch)
        places = places.without(wrong & (places.why == Why.USABLE), Why.BAD_TIME)
    answers: Mapping[str, Any] = plan.answer(places.x, places.y, day, crs=source.crs)
    reason = answers["reason"]
    unusable = np.isin(reason.words, _UNUSABLE)[reason.codes]  # what could not be converted
    places = places.without(unusable & (places.why == Why.USABLE), Why.BAD_POSITION)
    keep = places.why == Why.USABLE
    is_whole = bool(keep.all())
    tally = Counter(rows=batch.rows, out=int(keep.sum()), ambiguous=int(answers["ambiguous"][keep].sum()))
    tally["rejects"] = batch.rows - tally["out"]
    for name in ("found", "reason"):
        codes, words = answers[name].codes, answers[name].words
        counts = np.bincount(codes if is_whole else codes[keep], minlength=len(words))
        tally.update({f"{name}:{word}": int(n) for word, n in zip(words, counts, strict=True)})
    tally.update({f"why:{why.word}": int((places.why == why).sum()) for why in Why if why and not is_whole})
    encoded = target.encode(batch, keep, places, answers)
    rejects = b"" if is_whole else source.rejects(batch, places.why)
    return _Outcome(batch.after, encoded, rejects, tally)


def _refuse_overwriting(source: Path, files: Sequence[Path], target: Path, rejects: Path) -> None:
    """Refuse a target that is, or lies in, what is read."""
    for file in files:
        for made in (target, rejects):
            if made.exists() and made.samefile(file):
                message = f"{made}: would overwrite what it is made from; name another file"
                raise FileError(message)
    if source.is_dir() and source.samefile(target.parent):
        message = f"{target}: lies in the folder that is read; name another place"
        raise FileError(message)


def _renamed(names: Sequence[str], added: Mapping[str, Any]) -> dict[str, str]:
    """Return the names under which the source's columns are kept that give way to those added."""
    empty = gpd.GeoDataFrame(columns=list(names))
    renamed: dict[str, str] = with_answers(empty, dict.fromkeys(added)).attrs["renamed"]
    return renamed


def _digest(layer: gpd.GeoDataFrame | None) -> str:
    """Return what tells whether a layer is the same as before."""
    if layer is None:
        return ""
    digest = hashlib.blake2b(str(layer.crs).encode(), digest_size=16)
    for name in layer.columns:
        digest.update(f"\0{name}\0".encode())
        if name == layer.active_geometry_name:
            shapes = shapely.to_wkb(layer.geometry.to_numpy())
            digest.update(b"".join(shape or b"\0" for shape in shapes.tolist()))
        else:
            digest.update("\0".join(map(str, layer[name].tolist())).encode(errors="replace"))
    return digest.hexdigest()


def _summary(
    tally: Counter[str],
    target: Path,
    rejects_path: Path,
    seconds: float,
    resumed_from: int,
    remarks: tuple[str, ...],
) -> JobSummary:
    def counts(kind: str) -> dict[str, int]:
        found = {key.removeprefix(kind): n for key, n in tally.items() if key.startswith(kind) and n}
        return dict(sorted(found.items()))

    return JobSummary(
        rows_in=tally["rows"],
        rows_out=tally["out"],
        rejects=tally["rejects"],
        found=counts("found:"),
        reason=counts("reason:"),
        reject_reasons=counts("why:"),
        ambiguous=tally["ambiguous"],
        seconds=seconds,
        target=target,
        rejects_path=rejects_path if tally["rejects"] else None,
        resumed_from=resumed_from,
        remarks=remarks,
    )
