"""From folder to folder: one part out for each part in, on this machine or on the workers of an engine.

1. What is asked is settled here, by the first part that has rows: columns, system, datum, how times are
   written.
2. Every part is work of its own (`zjk_gis.batch.cluster.parts`); an engine hands out parts and returns their
   records, in any order, each perhaps more than once.
3. A part that has a record of this very job, and whose file is as it was left, is not done again.
4. The counts of all records are added up, and there must be one for every part.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import time as clock
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from zjk_gis import threads
from zjk_gis._version import __version__
from zjk_gis.assign.plan import AssignmentPlan
from zjk_gis.batch.arrow import ArrowSource
from zjk_gis.batch.cluster.folders import open_folder
from zjk_gis.batch.cluster.parts import (
    JOB,
    LEDGER,
    REJECTS,
    WORKSHOP,
    PartJob,
    read_record,
    work_on,
)
from zjk_gis.batch.cluster.plan_copies import loaded_plan
from zjk_gis.batch.covering import adds_covering
from zjk_gis.batch.hive import fits_hive, hive_values
from zjk_gis.batch.opening import open_source
from zjk_gis.batch.outcome import JobSummary, summary_of
from zjk_gis.batch.running import settle_times
from zjk_gis.batch.sources import PARQUET, first_points
from zjk_gis.batch.whole import check_rows
from zjk_gis.errors import FileError, InputError
from zjk_gis.io.paths import ending_of, is_geodatabase, is_remote
from zjk_gis.io.tables.text import BATCH_ROWS
from zjk_gis.layers.headings import settled
from zjk_gis.progress import track
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import geopandas as gpd

    from zjk_gis.batch.cluster.folders import Entry, Folder
    from zjk_gis.layers.labels import Language

__all__ = ["Engine", "FolderOptions", "assign_folder", "is_folder_job", "on_threads", "values_of"]

_PLAN = "_plan"
_OURS = (JOB, LEDGER, REJECTS, WORKSHOP, _PLAN)


class Engine(Protocol):
    """What has parts worked on."""

    def __call__(self, job: PartJob, parts: Sequence[Entry]) -> Iterator[dict[str, Any]]:
        """Yield the records of parts as they are finished."""


@dataclass(frozen=True, slots=True)
class FolderOptions:
    """How the parts of a folder are read and written; as in `zjk_gis.assign_batch`."""

    lon: str | None = None
    lat: str | None = None
    crs: Any = None
    datum: str | None = None
    time: str = "occurred_at"
    dayfirst: bool | None = None
    time_format: str | None = None
    roads: gpd.GeoDataFrame | None = None
    even_if_off: bool = False
    only: Mapping[str, Sequence[str]] | None = None
    covering: bool = False
    batch_rows: int = BATCH_ROWS
    resume: bool = True
    progress: bool | None = None
    lang: Language = "zh"
    headings: Language | None = None


def assign_folder(
    source: str | os.PathLike[str],
    plan: str | os.PathLike[str] | AssignmentPlan,
    target: str | os.PathLike[str],
    engine: Engine,
    options: FolderOptions,
    *,
    elsewhere: bool,
) -> JobSummary:
    """Find who answers for the rows of a folder of Parquet, part by part.

    Parameters
    ----------
    source, target : str or path
        Folders, or their addresses.
    plan : str, path or AssignmentPlan
        A plan, or the folder or address of a saved one.
    engine : callable
        Has parts worked on, see `Engine`.
    options : FolderOptions
    elsewhere : bool
        Whether workers are other processes, which map the plan from where it is kept.
    """
    began = clock.perf_counter()
    read, made = open_folder(source), open_folder(target)
    _refuse_within(read, made)
    only = {name: tuple(map(str, values)) for name, values in (options.only or {}).items()}
    parts = _parts_of(read, only)
    loaded = plan if isinstance(plan, AssignmentPlan) else loaded_plan(plan)
    job, told = _settled(read, made, parts, loaded, options, only)
    done, remarks = _begun(job, parts, resume=options.resume)
    told["resumed_from"] = sum(record["tally"]["rows"] for record in done.values())
    todo = [part for part in parts if part.name not in done]
    with tempfile.TemporaryDirectory(prefix="zjk_gis-plan-") as folder:
        if not elsewhere:
            job = replace(job, plan=loaded)
        elif isinstance(plan, AssignmentPlan) and todo:
            _send(plan.save(folder), made)
        elif not isinstance(plan, AssignmentPlan):
            job = replace(job, plan=open_folder(plan))
        for record in track(
            engine(job, todo) if todo else iter(()),
            title=tr("assigning"),
            total=len(todo),
            show=options.progress,
        ):
            done[record["part"]] = record
    tally = _added_up(job, parts, done)
    _clear(job)
    told["remarks"] = (*told["remarks"], *remarks)
    goal = Path(made.path) if made.is_local else made.title
    rejects = Path(made.at(REJECTS)) if made.is_local else f"{made.title}/{REJECTS}"
    return summary_of(tally, goal, rejects, clock.perf_counter() - began, **told, about=loaded.about())


def is_folder_job(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> bool:
    """Tell whether a target is to be a folder of parts: an address, or a name without an ending."""
    if is_remote(target) or is_remote(source):
        return True
    return not Path(target).suffix and Path(source).is_dir() and not is_geodatabase(Path(source))


def on_threads(job: PartJob, parts: Sequence[Entry]) -> Iterator[dict[str, Any]]:
    """Have parts worked on by the threads of this process; see `Engine`."""
    rest = iter(parts)
    with ThreadPoolExecutor(min(threads.count(), len(parts))) as pool:
        waiting = deque(
            pool.submit(work_on, job, part) for _, part in zip(range(threads.count()), rest, strict=False)
        )
        try:
            while waiting:
                yield waiting.popleft().result()
                waiting.extend(
                    pool.submit(work_on, job, part) for _, part in zip(range(1), rest, strict=False)
                )
        finally:
            pool.shutdown(cancel_futures=True)


def values_of(only: Mapping[str, Any] | None) -> dict[str, list[str]] | None:
    """Return the values that rows must have, one or several for each column, as lists of text.

    Examples
    --------
    >>> values_of({"month": "2026-05", "district": [130702, 130703]})
    {'month': ['2026-05'], 'district': ['130702', '130703']}
    """
    if only is None:
        return None
    return {
        name: [str(each) for each in values] if isinstance(values, list | tuple | set) else [str(values)]
        for name, values in only.items()
    }


def _refuse_within(source: Folder, target: Folder) -> None:
    one, other = f"{source.path}/", f"{target.path}/"
    same_place = source.files.type_name == target.files.type_name
    if same_place and (other.startswith(one) or one.startswith(other)):
        raise FileError(
            tr("{target}: lies in the folder that is read; name another place", target=target.title)
        )


def _parts_of(source: Folder, only: Mapping[str, Sequence[str]]) -> list[Entry]:
    """Return the parts of a folder that may have rows that are wanted, by name.

    Raises
    ------
    FileError
        If there are none.
    InputError
        If something else than Parquet is among them.
    """
    entries = [
        each
        for each in source.entries()
        if not any(step.startswith(("_", ".")) for step in each.name.split("/"))
    ]
    strange = [each.name for each in entries if ending_of(Path(each.name)) not in PARQUET]
    if strange:
        raise InputError(
            tr(
                "{folder}: a folder of parts for this holds .parquet files alone; here are {named}",
                folder=source.title,
                named=listed(strange[:5]),
            )
        )
    if not entries:
        raise FileError(tr("{folder}: there are no .parquet files in it", folder=source.title))
    wanted = [each for each in entries if fits_hive(hive_values(each.name), only)]
    if not wanted:
        raise InputError(tr("{file}: no part has the values asked for by only=", file=source.title))
    return wanted


def _settled(
    source: Folder,
    target: Folder,
    parts: Sequence[Entry],
    plan: AssignmentPlan,
    options: FolderOptions,
    only: Mapping[str, tuple[str, ...]],
) -> tuple[PartJob, dict[str, Any]]:
    """Settle by the first part that has rows how all are read; return the job, and what is told of it."""
    of_folders = hive_values(parts[0].name)
    of_rows = {name: values for name, values in only.items() if name not in of_folders}
    words = settled(options.headings)
    with tempfile.TemporaryDirectory(prefix="zjk_gis-first-") as folder:
        rows = _first(source, parts, options, of_rows, Path(folder))
        covering = adds_covering(rows, asked=options.covering)
        name = Path(source.path).name
        settle_times(
            rows,
            plan,
            rows.files[0],
            options.time,
            {"dayfirst": options.dayfirst, "time_format": options.time_format, "tz": plan.tz},
        )
        looks: dict[str, Any] = {"roads": options.roads, "name": name, "fix": False}
        doubts = check_rows(first_points(rows), plan=plan, even_if_off=options.even_if_off, **looks)
    if rows.is_moved and rows.geometry is not None:
        raise InputError(
            tr(
                "{folder}: its points are in a datum of web maps, and a column of points passes as it is; "
                "convert them first",
                folder=source.title,
            )
        )
    reading = rows.reading if plan.needs_day else replace(rows.reading, time=None)
    told_options = {
        **plan.fingerprints,
        "reading": repr((reading.places, reading.crs.to_wkt(), reading.limit, reading.datum, reading.time)),
        "times": repr(replace(reading.order, remarks=())),
        "rows": repr((options.batch_rows, sorted(of_rows.items()), covering, options.lang, words)),
        "columns": rows.schema.to_string(),
        "version": __version__,
    }
    digest = hashlib.blake2b(json.dumps(told_options, sort_keys=True).encode(), digest_size=16).hexdigest()
    job = PartJob(
        source=source,
        target=target,
        plan=replace(target, path=target.at(_PLAN)),
        plan_fingerprint=plan.fingerprint,
        fingerprint=digest,
        reading=reading,
        columns=rows.schema,
        batch_rows=options.batch_rows,
        only=of_rows,
        covering=covering,
        lang=options.headings or options.lang,
        headings=words,
    )
    return job, {
        "positions": doubts.problems,
        "lacking": doubts.lacking,
        "layer": doubts.layer,
        "remarks": tuple(rows.remarks),
    }


def _first(
    source: Folder,
    parts: Sequence[Entry],
    options: FolderOptions,
    only: Mapping[str, tuple[str, ...]],
    folder: Path,
) -> ArrowSource:
    """Open the first part that has rows, or the first of all."""
    first = None
    for part in parts:
        file = Path(source.at(part.name))
        if not source.is_local:
            file = folder / part.name.rpartition("/")[2]
            source.fetch(part.name, file)
        rows = open_source(
            file,
            lon=options.lon,
            lat=options.lat,
            crs=options.crs,
            datum=options.datum,
            time=options.time,
            batch_rows=options.batch_rows,
            only=only,
        )
        if not isinstance(rows, ArrowSource):
            raise InputError(tr("{file}: is not Parquet", file=part.name))
        if any(rows.row_counts):
            return rows
        first = first or rows
        if not source.is_local:
            file.unlink()
    if first is None:
        raise FileError(tr("{folder}: there are no .parquet files in it", folder=source.title))
    return first


def _begun(
    job: PartJob, parts: Sequence[Entry], *, resume: bool
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Make the target this job's; return the records of what is done already, and what is to be told.

    Raises
    ------
    FileError
        If the target holds what is not of such a job.
    """
    made = {each.name: each for each in job.target.entries()}
    content = job.target.read(JOB) if JOB in made else None
    earlier = _read_job(content)
    if earlier is None and made:
        raise FileError(
            tr(
                "{target}: holds {strange}, which is not of such a job; name a folder that is new or empty",
                target=job.target.title,
                strange=min(made),
            )
        )
    remarks = []
    is_same = earlier is not None and earlier["fingerprint"] == job.fingerprint and resume
    if earlier is not None and not is_same:
        remarks.append(
            tr(
                "{target}: begun again, as an earlier job there had another plan or other options",
                target=job.target.title,
            )
            if resume
            else tr("{name}: the parts of an earlier run are thrown away, as asked", name=job.target.title)
        )
    names = {part.name for part in parts}
    told = {"fingerprint": job.fingerprint, "version": __version__, "parts": sorted(names)}
    job.target.write(JOB, json.dumps(told, ensure_ascii=False).encode())
    gone = {*(earlier or {"parts": []})["parts"]} - (names if is_same else set())
    for name in sorted({*made} - {JOB}):
        if _part_of(name) in gone or (not is_same and name.partition("/")[0] in _OURS):
            job.target.remove(name)
    if not is_same:
        return {}, remarks
    records = threads.all_of(lambda part: read_record(job, part, made), parts)
    done = {record["part"]: record for record in records if record is not None}
    if done:
        remarks.append(
            tr(
                "{target}: goes on after {done} of {parts} parts",
                target=job.target.title,
                done=len(done),
                parts=len(parts),
            )
        )
    return done, remarks


def _read_job(content: bytes | None) -> dict[str, Any] | None:
    if content is None:
        return None
    try:
        told = json.loads(content)
        return {"fingerprint": str(told["fingerprint"]), "parts": [str(each) for each in told["parts"]]}
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _part_of(name: str) -> str | None:
    """Return of which part a file in the target is; None if it is of the job as a whole."""
    first, _, rest = name.partition("/")
    if first == LEDGER:
        return rest.removesuffix(".json")
    if first == REJECTS:
        return rest.removesuffix(".csv")
    return None if first in _OURS else name


def _send(plan: Path, target: Folder) -> None:
    """Put a saved plan where all workers can fetch it; what says that it is whole comes last."""
    for file in sorted(plan.iterdir(), key=lambda each: each.suffix == ".json"):
        target.put(file, f"{_PLAN}/{file.name}")


def _added_up(job: PartJob, parts: Iterable[Entry], done: Mapping[str, Mapping[str, Any]]) -> Counter[str]:
    """Add up what was counted in all parts.

    Raises
    ------
    FileError
        If one has no record, or rows are missing.
    """
    tally: Counter[str] = Counter()
    for part in parts:
        if part.name not in done:
            raise FileError(
                tr(
                    "{target}: part {part} was not made; run it again",
                    target=job.target.title,
                    part=part.name,
                )
            )
        tally.update(done[part.name]["tally"])
    if tally["rows"] != tally["out"] + tally["rejects"]:
        raise FileError(
            tr(
                "{rows:,} rows came in, but {out:,} + {rejects:,} would go out",
                rows=tally["rows"],
                out=tally["out"],
                rejects=tally["rejects"],
            )
        )
    return tally


def _clear(job: PartJob) -> None:
    """Remove the plan and what workers that were killed left in the target."""
    for each in job.target.entries():
        first, name = each.name.partition("/")[0], each.name.rpartition("/")[2]
        is_half_written = name.startswith(".") and name.endswith(".tmp")
        if first in (_PLAN, WORKSHOP) or is_half_written:
            job.target.remove(each.name)
    for folder in (_PLAN, WORKSHOP):
        job.target.remove_folder(folder)
