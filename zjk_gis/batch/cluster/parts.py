"""One part of a folder: a file in, a file out, and a record of it that counts.

1. A part is worked on by one thread, in a folder of its own, by the same code as a file
   (`zjk_gis.batch.running`).
2. What was made appears whole or not at all: the rejects first, then the rows, at last the record in
   ``_ledger``. A part counts once it has its record.
3. Work done twice, because an engine thought it lost, makes the same bytes in the same places.
4. A task that comes late, of a job that has been given up for another, changes nothing: before anything
   appears it looks whether the target is still its job's.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zjk_gis import threads
from zjk_gis._optional import need
from zjk_gis._version import __version__
from zjk_gis.assign.plan import AssignmentPlan
from zjk_gis.assign.plan_files import checksum_of
from zjk_gis.batch.arrow import ArrowSource
from zjk_gis.batch.cluster.folders import open_folder
from zjk_gis.batch.cluster.plan_copies import loaded_plan
from zjk_gis.batch.ledger import open_ledger
from zjk_gis.batch.opening import open_source
from zjk_gis.batch.running import run, sample_of
from zjk_gis.batch.targets import target_for
from zjk_gis.errors import FileError, InputError
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zjk_gis.batch.cluster.folders import Entry, Folder
    from zjk_gis.batch.reading import Reading
    from zjk_gis.layers.labels import Language

__all__ = ["JOB", "LEDGER", "REJECTS", "WORKSHOP", "PartJob", "read_record", "record_name", "work_on"]

JOB, LEDGER, REJECTS, WORKSHOP = "_job.json", "_ledger", "_rejects", "_work"
_END_BYTES = 1 << 16
_MOST_ROWS = 1 << 62  # a part is not itself cut into parts


@dataclass(frozen=True, slots=True)
class PartJob:
    """What a worker needs to know of a job, wherever it is.

    Attributes
    ----------
    source, target : Folder
    plan : Folder or AssignmentPlan
        Where the plan is kept, or the plan where all is done in one process.
    plan_fingerprint : str
        Of the plan that is meant.
    fingerprint : str
        Of the job: plan, options, version.
    reading : Reading
    columns : pyarrow.Schema
        Of every part.
    batch_rows : int
    only : mapping of str to tuple of str
        The values that rows must have to be taken.
    covering : bool
        Whether a column of boxes is put beside the points.
    lang, headings : {"zh", "en"}
    version : str
        Of zjk_gis, which must be the same everywhere.
    """

    source: Folder
    target: Folder
    plan: Folder | AssignmentPlan
    plan_fingerprint: str
    fingerprint: str
    reading: Reading
    columns: Any
    batch_rows: int
    only: Mapping[str, tuple[str, ...]]
    covering: bool
    lang: Language
    headings: Language
    version: str = __version__

    def loaded(self) -> AssignmentPlan:
        """Return the plan.

        Raises
        ------
        FileError
            If it is not the one that is meant.
        """
        plan = self.plan if isinstance(self.plan, AssignmentPlan) else loaded_plan(self.plan)
        if plan.fingerprint != self.plan_fingerprint:
            raise FileError(tr("the plan was changed while the job was going on; run it again"))
        return plan


def work_on(job: PartJob, part: Entry) -> dict[str, Any]:
    """Answer for the rows of one part, write them, and return the record of it.

    Parameters
    ----------
    job : PartJob
    part : Entry
        Of the source.

    Raises
    ------
    FileError
        If a file cannot be read or written, rows are missing, or another job has taken the target.
    InputError
        If the part has other columns than the first one.
    """
    if job.version != __version__:
        raise InputError(
            tr(
                "a worker has zjk_gis {theirs}, and the job was started by {ours}; install the "
                "same everywhere",
                theirs=__version__,
                ours=job.version,
            )
        )
    with threads.alone(), _workshop(job) as folder:
        plan = job.loaded()
        rows = _opened(job, part, folder)
        made, rejects = folder / "made.parquet", folder / "rejects.csv"
        with open_ledger(made, {}, resume=False) as ledger:
            goal = target_for(ledger, rows, sample_of(rows, plan, made, covering=job.covering), lang="en")
            tally = run(rows, plan, goal, ledger, part_rows=_MOST_ROWS, show=False)
            ledger.publish(rejects, made=goal.finish())
        _prove(made, part, tally)
        record = {
            "job": job.fingerprint,
            "part": part.name,
            "source": [part.size, part.stamp],
            "tally": dict(sorted({"rows": 0, "out": 0, "rejects": 0, **tally}.items())),
            "bytes": made.stat().st_size,
            "ends": open_folder(folder).ends(made.name, _END_BYTES),
            "rejects": rejects.stat().st_size if rejects.exists() else 0,
        }
        _refuse_other_job(job)
        if rejects.exists():
            job.target.put(rejects, f"{REJECTS}/{part.name}.csv", moves=True)
        else:
            job.target.remove(f"{REJECTS}/{part.name}.csv")
        job.target.put(made, part.name, moves=True)
    record["checksum"] = checksum_of(record)
    job.target.write(record_name(part.name), json.dumps(record, ensure_ascii=False).encode())
    return record


def record_name(part: str) -> str:
    """Return where the record of a part lies."""
    return f"{LEDGER}/{part}.json"


def read_record(job: PartJob, part: Entry, made: Mapping[str, Entry]) -> dict[str, Any] | None:
    """Return the record of a part that an earlier run of the same job finished, if what it made is there.

    Parameters
    ----------
    job : PartJob
    part : Entry
    made : mapping of str to Entry
        What is in the target.
    """
    if record_name(part.name) not in made:
        return None
    try:
        record = json.loads(job.target.read(record_name(part.name)) or b"")
        checksum = record.pop("checksum")
    except (ValueError, KeyError, AttributeError, RecursionError):
        return None
    if checksum != checksum_of(record) or record["job"] != job.fingerprint:
        return None
    rows, rejects = made.get(part.name), made.get(f"{REJECTS}/{part.name}.csv")
    is_whole = (
        record["source"] == [part.size, part.stamp]
        and rows is not None
        and rows.size == record["bytes"]
        and (rejects.size if rejects else 0) == record["rejects"]
        and job.target.ends(part.name, _END_BYTES) == record["ends"]
    )
    return record | {"checksum": checksum} if is_whole else None


def _opened(job: PartJob, part: Entry, folder: Path) -> ArrowSource:
    """Open a part to be read as the first one is."""
    file = Path(job.source.at(part.name))
    if not job.source.is_local:
        file = folder / part.name.rpartition("/")[2]
        job.source.fetch(part.name, file)
    reading = job.reading
    names = {} if reading.has_points else dict(zip(("lon", "lat"), reading.places, strict=True))
    rows = open_source(
        file,
        **names,
        crs=reading.crs,
        time=reading.time or "",
        batch_rows=job.batch_rows,
        only=job.only,
    )
    if not isinstance(rows, ArrowSource) or not rows.schema.equals(job.columns):
        raise InputError(
            tr("{file}: its columns or their types are not those of the other parts", file=part.name)
        )
    rows.follow(reading)
    rows.lang, rows.headings = job.lang, job.headings
    return rows


def _prove(made: Path, part: Entry, tally: Mapping[str, int]) -> None:
    """Make sure that every row of a part is either in what was made or among the rejects."""
    parquet = need("pyarrow.parquet", extra="cluster", purpose="work on a cluster")
    written = parquet.read_metadata(made).num_rows
    if written != tally["out"] or tally["rows"] != tally["out"] + tally["rejects"]:
        raise FileError(
            tr(
                "{file}: {rows:,} rows came in, but {written:,} + {rejects:,} went out",
                file=part.name,
                rows=tally["rows"],
                written=written,
                rejects=tally["rejects"],
            )
        )


def _refuse_other_job(job: PartJob) -> None:
    told = job.target.read(JOB)
    try:
        ours = told is not None and json.loads(told)["fingerprint"] == job.fingerprint
    except (ValueError, KeyError, TypeError):
        ours = False
    if not ours:
        raise FileError(
            tr("{target}: another job is being made there; this one ends", target=job.target.title)
        )


@contextmanager
def _workshop(job: PartJob) -> Iterator[Path]:
    """Lend a folder to work in; beside a target on a disk, so that what is made need only be moved."""
    if not job.target.is_local:
        with tempfile.TemporaryDirectory(prefix="zjk_gis-part-") as elsewhere:
            yield Path(elsewhere)
        return
    folder = Path(job.target.at(WORKSHOP), uuid.uuid4().hex)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
