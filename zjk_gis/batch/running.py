"""Rows of a source answered and written, batch by batch: reading, work and writing at the same time."""

from __future__ import annotations

from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis import threads
from zjk_gis.batch.arrow import ArrowSource
from zjk_gis.batch.outcome import Judged, judge
from zjk_gis.batch.parquet_target import ParquetTarget
from zjk_gis.batch.row_groups import RowGroup
from zjk_gis.errors import InputError, MissingColumnError, records_named
from zjk_gis.progress import track
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from concurrent.futures import Future
    from pathlib import Path

    from zjk_gis.assign.plan import AssignmentPlan
    from zjk_gis.batch.ledger import Ledger
    from zjk_gis.batch.sources import Batch, Place, Source
    from zjk_gis.batch.targets import Target

__all__ = ["run", "sample_of", "settle_times"]

_AHEAD = 2
BOM = b"\xef\xbb\xbf"


def settle_times(rows: Source, plan: AssignmentPlan, file: Path, time: str, times: Mapping[str, Any]) -> None:
    """Find out how times are written, if the plan needs the day of each incident."""
    if not plan.needs_day:
        return
    if not rows.has_time:
        raise MissingColumnError(
            tr(
                "{name}: no column {time!r}, and the zones are valid only for certain periods; name "
                "the column of times with time=, or judge all by one day with at=",
                name=file.name,
                time=time,
            )
        )
    with records_named():
        rows.settle_times(**times)


def sample_of(rows: Source, plan: AssignmentPlan, target: Path) -> Mapping[str, Any]:
    """Return the columns that are added, without rows."""
    nothing = np.empty(0)
    answers: Mapping[str, Any] = plan.answer(nothing, nothing, np.empty(0, dtype=np.int64), crs=rows.crs)
    return {"lon": nothing, "lat": nothing, **answers} if _says_where(rows, target) else answers


def _says_where(rows: Source, target: Path) -> bool:
    """Tell whether a table must say where its positions are, as they were moved to the ground."""
    return rows.is_moved and rows.geometry is None and target.suffix.lower() != ".gpkg"


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came out of a batch, ready to be written."""

    after: Place
    encoded: tuple[Any, ...]
    rejects: bytes
    tally: Counter[str]


def run(
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
    for outcome in track(outcomes, title=tr("assigning"), total=source.batches_expected(place), show=show):
        for encoded in outcome.encoded:
            target.write(encoded)
        if outcome.rejects:
            if not ledger.rejects.tell():
                ledger.rejects.write(BOM + source.rejects_header())
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
        raise InputError(
            tr(
                "{rows:,} rows came in, but {out:,} + {rejects:,} would go out",
                rows=place.rows,
                out=tally["out"],
                rejects=tally["rejects"],
            )
        )
    return tally


def _outcomes(source: Source, plan: AssignmentPlan, target: Target, place: Place) -> Iterator[_Outcome]:
    """Work on several batches at a time, and hand out what came of them in their order."""
    if threads.is_alone():
        yield from (_work(batch, source, plan, target) for batch in source.batches(place))
        return
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
    if (
        isinstance(batch.content, RowGroup)
        and isinstance(source, ArrowSource)
        and isinstance(target, ParquetTarget)
    ):
        return _work_on_group(batch, source, plan, target)
    batch = source.checked(batch)
    judged = _judged(batch, source, plan, target)
    judged.tally.update(batch.told)
    encoded = target.encode(batch, judged.keep, judged.places, judged.answers)
    rejects = b"" if judged.keep.all() else source.rejects(batch, judged.places.why)
    return _Outcome(batch.after, (encoded,), rejects, judged.tally)


def _work_on_group(
    batch: Batch, source: ArrowSource, plan: AssignmentPlan, target: ParquetTarget
) -> _Outcome:
    """Put the answers behind the columns of a row group as they are; if it loses rows, make them anew."""
    tally: Counter[str] = Counter()

    def answers() -> Iterator[Mapping[str, Any]]:
        for piece in source.pieces(batch, wanted=source.judged_by(by_day=plan.needs_day)):
            judged = _judged(piece, source, plan, target)
            if not judged.keep.all():
                raise _LosesRowsError
            tally.update(judged.tally)
            yield judged.answers

    try:
        encoded = target.encode_beside(batch.content, answers())
    except _LosesRowsError:
        done = [_work(piece, source, plan, target) for piece in source.pieces(batch)]
        return _Outcome(
            batch.after,
            tuple(each for outcome in done for each in outcome.encoded),
            b"".join(outcome.rejects for outcome in done),
            sum((outcome.tally for outcome in done), Counter()),
        )
    return _Outcome(batch.after, (encoded,), b"", tally)


class _LosesRowsError(Exception):
    """A row of a row group is set aside."""


def _judged(batch: Batch, source: Source, plan: AssignmentPlan, target: Target) -> Judged:
    judged = judge(source.places(batch), lambda: source.days(batch), plan, source.crs)
    if "lon" not in target.added:
        return judged
    lon, lat = (np.round(values, 9) for values in (judged.places.x, judged.places.y))
    return replace(judged, answers={"lon": lon, "lat": lat, **judged.answers})
