"""What comes out of assigning rows of a file: who answers for each, what is set aside and why, in numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.arguments import checked
from zjk_gis.io.tables.cells import Why
from zjk_gis.layers.columns.periods import NEVER
from zjk_gis.layers.excerpts import counts_told
from zjk_gis.layers.labels import label
from zjk_gis.presentation import Presentation, presented
from zjk_gis.words import language, tr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray
    from pyproj import CRS

    from zjk_gis.assign.plan import AssignmentPlan
    from zjk_gis.io.tables.cells import Places

__all__ = ["JobSummary", "Judged", "judge", "summary_of"]

_UNUSABLE = ("no_position", "bad_position")


@presented
@checked
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
    target : Path or str
        Text where it is the address of a folder.
    rejects_path : Path, str or None
        None where no row was rejected.
    resumed_from : int
        After how many rows an earlier run was continued; 0 if there was none.
    remarks : tuple of str
        What was inferred, and what a person should know.
    left_out : dict of str to int
        What stood among the rows and is none of them, by kind: sums, remarks, names again.
    encoding : str
        That of the source's text; empty where the format says it.
    positions : dict of str to int
        What is suspicious about the positions that were looked at, by problem.
    fixed : dict of str to int
        How many of them were fixed, by problem.
    lacking : str
        The column for want of which it was not judged whether positions are GCJ-02 or BD-09.
    about : dict
        What the answers rest on: see ``attrs["assignment"]`` of `assign_incidents`.
    layer : str
        What the rows are, as the catalogue of layers names it: ``incidents``, ``manholes``; empty where
        neither their columns nor the name of the source say.
    """

    rows_in: int
    rows_out: int
    rejects: int
    found: dict[str, int]
    reason: dict[str, int]
    reject_reasons: dict[str, int]
    ambiguous: int
    seconds: float
    target: Path | str
    rejects_path: Path | str | None
    resumed_from: int = 0
    remarks: tuple[str, ...] = ()
    left_out: dict[str, int] = field(default_factory=dict)
    encoding: str = ""
    positions: dict[str, int] = field(default_factory=dict)
    fixed: dict[str, int] = field(default_factory=dict)
    lacking: str = ""
    about: dict[str, Any] = field(default_factory=dict)
    layer: str = ""

    def _presentation(self) -> Presentation:
        told = tr(
            "{rows_in:,} rows read, {rows_out:,} written to {name}. "
            "Rejected: {rejects:,}; for a person to look at: {ambiguous:,}.",
            rows_in=self.rows_in,
            rows_out=self.rows_out,
            name=self.target if isinstance(self.target, str) else self.target.name,
            rejects=self.rejects,
            ambiguous=self.ambiguous,
        )
        return Presentation(told, [label("found", language()), tr("rows")], counts_told(self.found))


@dataclass(frozen=True, slots=True)
class Judged:
    """Some rows with their answers.

    Attributes
    ----------
    places : Places
        With the reason of every row that is set aside.
    answers : mapping of str to Coded or ndarray
    keep : ndarray of bool
        Which rows go out.
    tally : Counter
    """

    places: Places
    answers: Mapping[str, Any]
    keep: NDArray[np.bool_]
    tally: Counter[str]


def judge(
    places: Places,
    days: Callable[[], tuple[NDArray[np.int64], NDArray[np.bool_]]],
    plan: AssignmentPlan,
    crs: CRS,
) -> Judged:
    """Find who answers for some rows, and set aside those that cannot be used.

    Parameters
    ----------
    places : Places
    days : callable
        Gives the day of each row, and where something else than a time stands; asked only if needed.
    plan : AssignmentPlan
    crs : CRS
        Of the places.
    """
    rows = len(places.x)
    day = np.full(rows, NEVER)
    if plan.needs_day:
        day, wrong = days()
        places = places.without(wrong & (places.why == Why.USABLE), Why.BAD_TIME)
    missing = places.why == Why.MISSING
    answers: Mapping[str, Any] = plan.answer(
        places.x, places.y, day, crs=crs, is_missing=missing if missing.any() else None
    )
    reason = answers["reason"]
    unusable = np.isin(reason.words, _UNUSABLE)[reason.codes]  # what could not be converted
    places = places.without(unusable & (places.why == Why.USABLE), Why.BAD_POSITION)
    zero = np.isin(reason.words, ["zero"])[reason.codes]
    places = places.without(zero & (places.why == Why.USABLE), Why.ZERO)
    keep = places.why == Why.USABLE
    is_whole = bool(keep.all())
    tally = Counter(rows=rows, out=int(keep.sum()), ambiguous=int(answers["ambiguous"][keep].sum()))
    tally["rejects"] = rows - tally["out"]
    for name in ("found", "reason"):
        codes, words = answers[name].codes, answers[name].words
        counts = np.bincount(codes if is_whole else codes[keep], minlength=len(words))
        tally.update({f"{name}:{word}": int(n) for word, n in zip(words, counts, strict=True)})
    tally.update({f"why:{why.word}": int((places.why == why).sum()) for why in Why if why and not is_whole})
    return Judged(places, answers, keep, tally)


def summary_of(
    tally: Counter[str], target: Path | str, rejects_path: Path | str, seconds: float, **told: Any
) -> JobSummary:
    """Put what was counted into a summary."""

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
        left_out=counts("left:"),
        **told,
    )
