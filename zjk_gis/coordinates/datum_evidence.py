"""Which datum is each row in? Told by the road that it names, or by the channel that it came through.

A row is judged by its own evidence first: a channel may deliver some of its rows in another datum than the
rest, and what is true of most of them moves the others away from where they belong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.coordinates.datums import shift
from zjk_gis.coordinates.shifted import DATUMS
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from zjk_gis.coordinates.shifted import ShiftDatum

    _Floats = NDArray[np.float64]

__all__ = ["SHIFT_TITLES", "UNDECIDED", "DatumVerdict", "judge_datums", "spoken_datums"]

SHIFT_TITLES: dict[ShiftDatum, str] = {"gcj02": "GCJ-02", "bd09": "BD-09"}
UNDECIDED = "undecided_datum"

# GCJ-02 shifts by 524 to 588 m at Zhangjiakou, BD-09 by 1.32 to 1.41 km; addresses lie within tens of metres
# of their road.
_NEAR_M, _FAR_M, _TIMES = 60.0, 100.0, 3.0
_LEAST_ROWS = 20  # that speak for a shift before one of them is moved
_NEARLY_ALL = 0.95  # of the rows of a channel that speak, for the others to follow
_LEAST_DOUBT = 5  # rows that contradict before the silent rows of their channel are doubted
_CHANCE_ONE_IN = 200
_SILENT = -1


@dataclass(frozen=True, slots=True)
class DatumVerdict:
    """What was found of each row.

    Attributes
    ----------
    datum : ndarray of object
        ``gcj02``, ``bd09`` or ``undecided_datum``; empty where there is nothing to say.
    evidence : ndarray of object
    """

    datum: NDArray[np.object_]
    evidence: NDArray[np.object_]


def judge_datums(
    lon: _Floats,
    lat: _Floats,
    rows: NDArray[np.intp],
    distance_m: Callable[[_Floats, _Floats, NDArray[np.intp]], _Floats],
    channel: NDArray[np.int64],
    names: Sequence[str],
    *,
    usable: NDArray[np.bool_],
    fixed: NDArray[np.int64],
    declared: ShiftDatum | None = None,
) -> DatumVerdict:
    """Judge row by row which datum positions are in.

    Parameters
    ----------
    lon, lat : ndarray of float64
        Degrees of all rows, axes in order.
    rows : ndarray of int
        The rows that name a road which is known.
    distance_m : callable
        Takes longitudes and latitudes on the ground of some of these rows, and which of them they are, and
        returns how far each is from its road.
    channel : ndarray of int64
        The number of the channel of each row, -1 where there is none.
    names : sequence of str
        Of the channels.
    usable : ndarray of bool
        Which rows have a position in China.
    fixed : ndarray of int64
        The place in `DATUMS` of the datum from which a row was converted before, -1 where it was not. Such a
        row speaks for that datum and is not listed again.
    declared : {"wgs84", "gcj02", "bd09"}, optional
        The datum that somebody declared, from which the positions have been converted already.

    Returns
    -------
    DatumVerdict

    Notes
    -----
    1. A row *speaks* for the datum in which it lies within 60 m of the road that it names, if in both others
       it lies over 100 m from it and three times as far. Every other row is silent.
    2. A row that speaks for the datum declared, or for the ground where none is, is right.
    3. A row that speaks for GCJ-02 or BD-09 is in it if at least 20 rows of its channel do, and more than lie
       over 100 m from their road in every datum: a wrong address comes near its road by chance. Nothing that
       was declared is contradicted so.
    4. A silent row follows its channel if 3 holds there and of the rows that speak 95 % agree.
    5. A row that speaks otherwise than its channel is silent, too, if fewer than one in 200 of at least 200
       rows that speak there do as it does: so many come near the road that they name by chance.
    6. Undecided are: a row that speaks for a datum without the numbers that 3 asks for, or against the
       datum declared; and a silent row of a channel in which more than 5 % of the rows that speak, and at
       least 5, are not on the ground.
    """
    verdict = DatumVerdict(np.full(len(lon), "", dtype=object), np.full(len(lon), "", dtype=object))
    if not len(rows):
        return verdict
    given = (lon[rows], lat[rows])
    if declared in SHIFT_TITLES:  # what the file held, before it was converted
        given = shift(*given, source="wgs84", target=declared)
    metres = _metres(given, rows, channel, distance_m, DATUMS.index(declared or "wgs84"))
    spoken = spoken_datums(metres)
    voice = np.full(len(lon), _SILENT)
    voice[rows] = spoken
    before = fixed >= 0
    voice[before] = fixed[before]
    lost = np.zeros(len(lon), dtype=bool)
    lost[rows] = (metres > _FAR_M).all(axis=0)
    of_row = np.full((len(DATUMS), len(lon)), np.nan)
    of_row[:, rows] = metres
    for number in np.unique(channel[voice >= 0]).tolist():
        members = np.flatnonzero(usable & (channel == number))
        _silence_chance(voice, members[~before[members]])  # rule 5
        title = tr("channel {name}", name=names[number]) if number >= 0 else tr("rows without a channel")
        _judge_channel(verdict, members, voice, lost, of_row, title, declared, has_channel=number >= 0)
    verdict.datum[before], verdict.evidence[before] = "", ""
    return verdict


def _silence_chance(voice: NDArray[np.int64], members: NDArray[np.intp]) -> None:
    """Silence the rows of a channel that speak as so few do that it may be chance."""
    counts = np.bincount(voice[members][voice[members] >= 0], minlength=len(DATUMS))
    if counts.sum() < _CHANCE_ONE_IN:
        return
    rare = np.flatnonzero((counts > 0) & (counts * _CHANCE_ONE_IN < counts.sum()))
    voice[members[np.isin(voice[members], rare)]] = _SILENT


def _metres(
    given: tuple[_Floats, _Floats],
    rows: NDArray[np.intp],
    channel: NDArray[np.int64],
    distance_m: Callable[[_Floats, _Floats, NDArray[np.intp]], _Floats],
    expected: int,
) -> _Floats:
    """Measure how far rows lie from their roads in each datum, where that can matter.

    Nearly all data are right, and then one distance tells: a row within 100 m where it is expected cannot
    speak for another datum. Where some rows of a channel do, all of that channel are measured. What is not
    measured is infinitely far, so that the row speaks for the datum expected or is silent.
    """
    metres = np.full((len(DATUMS), len(rows)), np.inf)

    def measure(datums: list[int], at: NDArray[np.intp]) -> None:
        for each in datums:
            there = shift(given[0][at], given[1][at], source=DATUMS[each], target="wgs84")
            metres[each, at] = distance_m(*there, at)

    others = [at for at in range(len(DATUMS)) if at != expected]
    measure([expected], np.arange(len(rows)))
    measure(others, np.flatnonzero(metres[expected] > _FAR_M))
    spoken = spoken_datums(metres)
    doubted = np.unique(channel[rows[(spoken >= 0) & (spoken != expected)]])
    measure(others, np.flatnonzero(np.isin(channel[rows], doubted) & (metres[expected] <= _FAR_M)))
    return metres


def spoken_datums(metres: _Floats) -> NDArray[np.int64]:
    """Tell for which datum each row speaks, by how far it lies in each from where it should be.

    Parameters
    ----------
    metres : ndarray of float64
        A row for each of `DATUMS`, a column for each position.

    Returns
    -------
    ndarray of int64
        Places in `DATUMS`; -1 for a silent row. See rule 1 of `judge_datums`.

    Examples
    --------
    >>> spoken_datums(np.array([[5.0, 540.0, 20.0], [500.0, 5.0, 30.0], [1300.0, 900.0, 900.0]])).tolist()
    [0, 1, -1]
    """
    columns = np.arange(metres.shape[1])
    best = metres.argmin(axis=0)
    nearest = metres[best, columns]
    others = np.where(np.arange(len(DATUMS))[:, None] == best, np.inf, metres).min(axis=0)
    clear = (nearest <= _NEAR_M) & (others > np.maximum(_FAR_M, _TIMES * nearest))
    return np.where(clear, best, _SILENT)


def _judge_channel(
    verdict: DatumVerdict,
    members: NDArray[np.intp],
    voice: NDArray[np.int64],
    lost: NDArray[np.bool_],
    metres: _Floats,
    title: str,
    declared: ShiftDatum | None,
    *,
    has_channel: bool,
) -> None:
    """Judge the rows of one channel, by the rules of `judge_datums`."""
    voices = voice[members]
    counts = np.bincount(voices[voices >= 0], minlength=len(DATUMS))
    expected = DATUMS.index(declared or "wgs84")
    total, astray = int(counts.sum()), int(lost[members].sum())
    against = total - int(counts[expected])
    if not against:  # rule 2
        return
    enough = [
        declared is None and datum in SHIFT_TITLES and counts[at] >= _LEAST_ROWS and counts[at] > astray
        for at, datum in enumerate(DATUMS)
    ]
    follow = next((at for at in np.flatnonzero(enough).tolist() if counts[at] >= _NEARLY_ALL * total), None)
    spoken = tr(
        "{title}: of {total} rows that tell {counts}",
        title=title,
        total=total,
        counts=listed(
            tr(
                "{count} speak for {datum}",
                count=int(counts[at]),
                datum=SHIFT_TITLES[datum] if datum in SHIFT_TITLES else tr("the ground"),
            )
            for at, datum in enumerate(DATUMS)
            if counts[at]
        ),
    )
    first = tr("as given")
    if declared in SHIFT_TITLES:
        first = tr("converted from {datum}, as declared", datum=SHIFT_TITLES[declared])
    for at, datum in enumerate(DATUMS):
        speaking = members[voices == at]
        if at == expected or not len(speaking):  # rule 2
            continue
        word = datum if enough[at] else UNDECIDED  # rules 3 and 5
        verdict.datum[speaking] = word
        shifted = SHIFT_TITLES.get(datum)
        instead = (
            tr("as the file has it") if shifted is None else tr("if converted from {datum}", datum=shifted)
        )
        verdict.evidence[speaking] = [
            tr(
                "{metres:.0f} m from the road it names {first}, {other:.0f} m {instead}; {spoken}",
                metres=metres[expected, row],
                first=first,
                other=metres[at, row],
                instead=instead,
                spoken=spoken,
            )
            for row in speaking.tolist()
        ]
    if not has_channel:
        return
    silent = members[voices == _SILENT]
    if follow is not None:  # rule 4
        verdict.datum[silent] = DATUMS[follow]
        verdict.evidence[silent] = tr("follows its channel; {spoken}", spoken=spoken)
    elif against >= _LEAST_DOUBT and against > (1 - _NEARLY_ALL) * total:  # rule 6
        verdict.datum[silent] = UNDECIDED
        verdict.evidence[silent] = tr("does not tell its datum; {spoken}", spoken=spoken)
