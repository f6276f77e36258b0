"""Which of the files that come are new, which correct the last, and which are older: by content, not by date.

Six rules, asked in this order; each answers with one sentence:

1. The same files as before, read in the same way: unchanged, nothing is read.
2. The same set of rows as the current edition: only exported again. The same as an earlier one: an old
   edition has come again.
3. An edition dated before the current one is older: refused, or kept as history. It never becomes current.
4. The same date, or at most ``correction_days`` later, with other rows: a correction, which replaces the
   edition; the replaced one is kept as a version.
5. A later date: a new edition, compared with the last row by row.
6. Guards stop a run before anything is written: see `zjk_gis.city.plan`.

Before all of them a file that cannot be read is set aside, and an edition dated after the day of the run.

Of a source that sends parts (``complete = false``) every part is taken, whenever it comes: by row, and never
over a newer one.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.presentation import Presentation, presented
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["SET_ASIDE", "EditionRecord", "Judgement", "Verdict", "judge_edition", "judge_files", "judge_part"]

Verdict = Literal["unchanged", "same_rows", "old_again", "older", "correction", "new", "first", "late"]
# What is set aside as a whole, for a person to look at.
SET_ASIDE = ("unreadable", "future", "disputed")


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionRecord:
    """One edition of what a source sends: the files of one day.

    Parameters
    ----------
    day : str
        The date of the edition, ISO 8601; empty where nothing tells one.
    rows : str
        The digest of its rows, see `set_digest`; empty before they are read.
    files : tuple of str
        The digests of its files, sorted.
    way : str
        A digest of how they are read: columns, values, datum, corrections and the rules of this program.
    how : {"folder", "column", "file"}
        Where the date is from; ``file`` is the time at which a file was changed, the last resort.
    current : bool
        Whether it became the layer's current version.
    run : int
        In which run it was taken.
    """

    day: str = ""
    rows: str = ""
    files: tuple[str, ...] = ()
    way: str = ""
    how: str = "folder"
    current: bool = True
    run: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as JSON can keep them."""
        return {
            "day": self.day, "rows": self.rows, "files": list(self.files), "way": self.way, "how": self.how,
            "current": self.current, "run": self.run,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> EditionRecord:
        """Return the edition that `as_dict` has told."""
        return cls(**{**told, "files": tuple(told["files"])})


@presented
@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What an edition is, compared with those taken before.

    Attributes
    ----------
    verdict : str
        ``unchanged``, ``same_rows``, ``old_again``, ``older``, ``correction``, ``new``, ``first`` or
        ``late``.
    takes : {"current", "history", "nothing"}
        What becomes of it: the layer's current version, a version kept as history, or nothing.
    sentence : str
        Why, in the language spoken.
    """

    verdict: Verdict
    takes: Literal["current", "history", "nothing"]
    sentence: str

    def _presentation(self) -> Presentation:
        return Presentation(self.sentence)


@checked
def judge_files(
    incoming: EditionRecord, known: Sequence[EditionRecord], *, older: str = "refuse", complete: bool = True
) -> Judgement | None:
    """Judge an edition by its files alone (rule 1), before anything is read.

    Parameters
    ----------
    incoming : EditionRecord
        With ``files`` and ``way``.
    known : sequence of EditionRecord
        Those taken or refused before, oldest first.
    older : {"refuse", "keep"}
    complete : bool, default True
        Whether the source sends complete sets.

    Returns
    -------
    Judgement or None
        None where its rows have to be read.

    Raises
    ------
    InputError
        If `older` is neither.

    Examples
    --------
    >>> seen = EditionRecord(day="2025-11-03", rows="d1", files=("f1",), way="w")
    >>> judge_files(EditionRecord(files=("f1",), way="w"), [seen]).verdict
    'unchanged'
    >>> judge_files(EditionRecord(files=("f1",), way="w with other columns"), [seen]) is None
    True
    """
    _check_older(older)
    same = [each for each in known if each.files == incoming.files and each.way == incoming.way]
    if not same:
        return None
    current = _current(known)
    # 1. By content at any time and under any name. Old files that lie where they lay are no news, nor are
    # those that were refused; the same under a later day are.
    is_known = any(each.day == incoming.day for each in same) or not complete
    if current is None or is_known or any(each.rows == current.rows for each in same):
        return Judgement(
            verdict="unchanged", takes="nothing", sentence=tr("no change: the same files as before")
        )
    return _of_old(
        "old_again",
        tr(
            "an old edition has come again: the same files as on {day}, and the current ones are of {now}",
            day=_day(same[0]),
            now=_day(current),
        ),
        older,
    )


@checked
def judge_edition(
    incoming: EditionRecord,
    known: Sequence[EditionRecord],
    *,
    older: str = "refuse",
    correction_days: int = 3,
) -> Judgement:
    """Judge an edition by its rows and its date (rules 2 to 5).

    Parameters
    ----------
    incoming : EditionRecord
        With ``rows``.
    known : sequence of EditionRecord
        Those taken before, in the order in which they were.
    older : {"refuse", "keep"}
        What becomes of an edition that is older than the current one.
    correction_days : int, default 3
        How many days after an edition another one counts as its correction.

    Returns
    -------
    Judgement

    Raises
    ------
    InputError
        If `older` is neither.

    Examples
    --------
    >>> seen = [EditionRecord(day="2025-11-03", rows="d1"), EditionRecord(day="2025-11-10", rows="d2")]
    >>> [judge_edition(EditionRecord(day=day, rows=rows), seen).verdict for day, rows in (
    ...     ("2025-11-17", "d2"), ("2025-11-17", "d1"), ("2025-11-05", "d3"),
    ...     ("2025-11-12", "d3"), ("2025-11-17", "d3"),
    ... )]
    ['same_rows', 'old_again', 'older', 'correction', 'new']
    """
    _check_older(older)
    current = _current(known)
    if current is None:
        return Judgement(
            verdict="first",
            takes="current",
            sentence=tr("the first edition, of {day}{how}", day=_day(incoming), how=_how(incoming)),
        )
    # 2. The same rows, whatever the files are called and whenever they were exported.
    if incoming.rows == current.rows:
        return Judgement(
            verdict="same_rows",
            takes="nothing",
            sentence=tr(
                "no change: the same rows as the edition of {day}, exported again", day=_day(current)
            ),
        )
    before = next((each for each in reversed(known) if each.current and each.rows == incoming.rows), None)
    if before is not None:
        return _of_old(
            "old_again",
            tr(
                "an old edition has come again: the same rows as on {day}, and the current ones are of {now}",
                day=_day(before),
                now=_day(current),
            ),
            older,
        )
    # 3. Older than the current one. Without a date on both sides, that cannot be said.
    if incoming.day and current.day and incoming.day < current.day:
        return _of_old(
            "older",
            tr(
                "older than what is there: of {day}{how}, and the current edition is of {now}",
                day=_day(incoming),
                how=_how(incoming),
                now=_day(current),
            ),
            older,
        )
    # 4. As old, or a few days younger.
    if _days_between(current.day, incoming.day) <= correction_days:
        return Judgement(
            verdict="correction",
            takes="current",
            sentence=tr(
                "a correction of the edition of {now}, of {day}{how}",
                now=_day(current),
                day=_day(incoming),
                how=_how(incoming),
            ),
        )
    # 5. Younger.
    return Judgement(
        verdict="new",
        takes="current",
        sentence=tr(
            "a new edition, of {day}{how}; the last was of {now}",
            day=_day(incoming),
            how=_how(incoming),
            now=_day(current),
        ),
    )


@checked
def judge_part(incoming: EditionRecord, known: Sequence[EditionRecord]) -> Judgement:
    """Judge an edition of a source that sends parts: what matters is decided row by row.

    Parameters
    ----------
    incoming : EditionRecord
        With ``rows``.
    known : sequence of EditionRecord

    Returns
    -------
    Judgement

    Raises
    ------
    InputError
        If `incoming` is not an edition.

    Examples
    --------
    >>> seen = [EditionRecord(day="2025-11-03", rows="d1")]
    >>> [judge_part(EditionRecord(day=day, rows=rows), seen).verdict for day, rows in (
    ...     ("2025-11-10", "d2"), ("2025-10-27", "d2")
    ... )]
    ['new', 'late']
    """
    taken = [each for each in known if each.current]
    current = max((each.day for each in taken), default="")
    if not taken:
        return Judgement(
            verdict="first",
            takes="current",
            sentence=tr("the first part, of {day}{how}", day=_day(incoming), how=_how(incoming)),
        )
    if incoming.day and incoming.day < current:
        return Judgement(
            verdict="late",
            takes="current",
            sentence=tr(
                "a part that comes late, of {day}{how}: rows of which a newer one is there are passed over",
                day=_day(incoming),
                how=_how(incoming),
            ),
        )
    return Judgement(
        verdict="new",
        takes="current",
        sentence=tr("a further part, of {day}{how}", day=_day(incoming), how=_how(incoming)),
    )


def _of_old(verdict: Verdict, why: str, older: str) -> Judgement:
    if older == "keep":
        return Judgement(
            verdict=verdict, takes="history", sentence=tr("{why}; kept as history only", why=why)
        )
    return Judgement(
        verdict=verdict,
        takes="nothing",
        sentence=tr('{why}; refused (older = "keep" under [rules] keeps it as history)', why=why),
    )


def _current(known: Iterable[EditionRecord]) -> EditionRecord | None:
    return next((each for each in reversed(list(known)) if each.current), None)


def _check_older(older: str) -> None:
    if older not in ("refuse", "keep"):
        raise InputError(tr("older must be 'refuse' or 'keep', not {older!r}", older=older))


def _days_between(one: str, other: str) -> float:
    """Return how many days later the other is; without dates nothing is near."""
    if not one or not other:
        return float("inf")
    return (dt.date.fromisoformat(other) - dt.date.fromisoformat(one)).days


def _day(edition: EditionRecord) -> str:
    return edition.day or tr("an unknown day")


def _how(edition: EditionRecord) -> str:
    """Say where the date is from, where it is the last resort."""
    return tr(" (by the file's own time, for want of another)") if edition.how == "file" else ""
