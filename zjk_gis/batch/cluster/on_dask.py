"""A folder of Parquet on the workers of a dask cluster."""

from __future__ import annotations

import asyncio
import uuid
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any

from zjk_gis._optional import need
from zjk_gis.arguments import checked
from zjk_gis.batch.cluster.folder_job import FolderOptions, assign_folder, values_of
from zjk_gis.batch.cluster.parts import work_on
from zjk_gis.errors import FileError, InputError, ZjkGisError
from zjk_gis.io.tables.text import BATCH_ROWS
from zjk_gis.layers.labels import Language, check_language
from zjk_gis.words import tr

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence

    from zjk_gis.assign.plan import AssignmentPlan
    from zjk_gis.batch.cluster.folders import Entry
    from zjk_gis.batch.cluster.parts import PartJob
    from zjk_gis.batch.outcome import JobSummary

__all__ = ["assign_on_dask"]

_FEWEST_AHEAD = 32
_AHEAD = 3  # parts for every thread of the workers: no worker waits, and the scheduler holds little


@checked
def assign_on_dask(
    source: str | os.PathLike[str],
    plan: str | os.PathLike[str] | AssignmentPlan,
    target: str | os.PathLike[str],
    *,
    client: Any = None,
    lon: str | None = None,
    lat: str | None = None,
    crs: Any = None,
    datum: str | None = None,
    time: str = "occurred_at",
    dayfirst: bool | None = None,
    time_format: str | None = None,
    only: Mapping[str, Any] | None = None,
    covering: bool = False,
    even_if_off: bool = False,
    batch_rows: int = BATCH_ROWS,
    resume: bool = True,
    progress: bool | None = None,
    lang: Language = "zh",
    headings: Language | None = None,
) -> JobSummary:
    """Find who answers for each incident of a folder or bucket of Parquet, on a dask cluster.

    One part goes out for each part that comes in, under the same name, so that months and districts that are
    folders stay folders.

    Parameters
    ----------
    source, target : str or path
        Folders that all workers reach, or their addresses (``s3://``, ``hdfs://``; see the page on clusters).
        The target must be new, empty, or of an earlier run.
    plan : str, path or AssignmentPlan
        The folder or address of a saved plan, which every host maps or fetches once; or a plan, which is put
        beside the result while the job goes on.
    client : distributed.Client, optional
        By default the one that is open. Its workers need the same version of zjk_gis, and one thread for
        every processor: a task works alone.
    lon, lat, crs, datum, time, dayfirst, time_format, even_if_off, batch_rows, lang, headings
        As for `zjk_gis.assign_batch`; what is inferred comes from the first part that has rows.
    only : mapping of str to str or list of str, optional
        The values that rows must have to be taken: of folders (``{"month": "2026-05"}``) or of columns.
    covering : bool, default False
        Whether to put a box beside each point of a geometry column that has none, as for
        `zjk_gis.assign_batch`.
    resume : bool, default True
        Whether parts that an earlier run finished, and that have not changed since, are left as they are.
    progress : bool, optional
        Whether to show how far it is; by default only where somebody watches.

    Returns
    -------
    JobSummary
        ``rows_in == rows_out + rejects``, added up over the records of all parts.

    Raises
    ------
    InputError
        If no client is open, parts differ in their columns, or whatever `zjk_gis.assign_batch` refuses.
    FileError
        If a folder cannot be read or written, or the scheduler or too many workers died; what is done stays,
        and the same call goes on from there.

    Notes
    -----
    In the target, ``_ledger`` holds a record for each part (rows in, out and set aside, size, digest), and
    ``_rejects`` the rows that were set aside, as a .csv for each part that has some, with their number in the
    part and the reason. Readers of Parquet pass over both, as their names begin with ``_``. A part appears
    whole or not at all, and the bytes are the same however often it is made.

    Examples
    --------
    .. code-block:: python

        from distributed import Client
        with Client("tcp://10.0.0.5:8786"):
            assign_on_dask("s3://city/incidents", "s3://city/plan", "s3://city/assigned", crs=4490)
    """
    check_language(lang)
    distributed = need("distributed", extra="cluster", purpose="work on a cluster")
    if client is None:
        try:
            client = distributed.default_client()
        except ValueError as error:
            raise InputError(
                tr("no dask client is open; open one with distributed.Client, or pass client=")
            ) from error
    options = FolderOptions(
        lon=lon,
        lat=lat,
        crs=crs,
        datum=datum,
        time=time,
        dayfirst=dayfirst,
        time_format=time_format,
        even_if_off=even_if_off,
        only=values_of(only),
        covering=covering,
        batch_rows=batch_rows,
        resume=resume,
        progress=progress,
        lang=lang,
        headings=headings,
    )

    def engine(job: PartJob, parts: Sequence[Entry]) -> Iterator[dict[str, Any]]:
        return _on_workers(distributed, client, job, parts)

    return assign_folder(source, plan, target, engine, options, elsewhere=True)


def _on_workers(
    distributed: Any, client: Any, job: PartJob, parts: Sequence[Entry]
) -> Iterator[dict[str, Any]]:
    """Hand out parts, a few more than there are threads, and yield their records as they are finished."""
    run = uuid.uuid4().hex[:12]
    rest = iter(parts)
    working: dict[Any, Entry] = {}
    finished = 0

    def submit(most: int) -> list[Any]:
        fresh = []
        for _, part in zip(range(most), rest, strict=False):
            future = client.submit(
                work_on, job, part, key=f"zjk_gis-{run}-{part.name}", pure=False, retries=1
            )
            working[future] = part
            fresh.append(future)
        return fresh

    lost = (CancelledError, asyncio.CancelledError, OSError)
    try:
        done = distributed.as_completed(submit(_ahead(client)))
        for future in done:
            record = future.result()
            del working[future]
            finished += 1
            done.update(submit(_ahead(client) - len(working)))
            yield record
    except ZjkGisError:
        raise
    except distributed.KilledWorker as error:
        raise FileError(
            tr(
                "workers died over and over at part {part}; give them more memory, or lower batch_rows",
                part=str(error.task).removeprefix(f"zjk_gis-{run}-"),
            )
        ) from error
    except lost as error:
        raise FileError(
            tr(
                "the dask cluster went away after {done} of {parts} parts; run it again: what is done stays",
                done=finished,
                parts=len(parts),
            )
        ) from error
    finally:
        if working and client.status == "running":
            client.cancel(list(working))


def _ahead(client: Any) -> int:
    threads: int = sum(client.nthreads().values())
    return max(_FEWEST_AHEAD, _AHEAD * threads)
