"""Several reports of one thing (重复上报), by place, time, class and what they say.

The rule, by which anybody can count again:

1. Reports are of one class where the columns `same` agree; each class is gone through by time of report,
   reports of one time by code.
2. A report joins the first report of a group, its main one, if it lies within `within_m` of it, came within
   `within` of it, and is at least `alike` like it; otherwise it is the first report of another.
3. Of several groups it joins that whose main report is most like it, of those equally like the nearest, of
   those equally near the earliest.
4. Likeness is Dice's of the pairs of neighbouring characters: twice the pairs that both texts have, by the
   pairs of the one and those of the other, each pair counted once. Full-width letters are made plain,
   capitals small; blanks and punctuation do not count. A text of one character is a pair by itself.
5. A report without text is like none, so that with `alike` above 0 it stays by itself and is counted in
   ``attrs["without_text"]``; with 0 texts are not asked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.assess.reported import CODE, Reported, period_of, reported
from zjk_gis.engine.arrays import offsets_of
from zjk_gis.engine.chains import alike_groups
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.values import as_text, code_text, plain
from zjk_gis.layers.metric import require_amounts, require_shares
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.progress import track
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["bigrams", "duplicate_reports"]

_SIGNS = re.compile(r"[\W_]+")
_AT_ONCE = 100_000  # texts
_MINUTE = np.timedelta64(1, "m")


@checked
def duplicate_reports(
    incidents: gpd.GeoDataFrame,
    *,
    within_m: float = 20.0,
    within: str | dt.timedelta = "24h",
    same: Sequence[str] = ("event_code",),
    alike: float = 0.6,
    text: str = "description",
) -> gpd.GeoDataFrame:
    """Group reports that are probably of one thing (重复上报), the first report of each as the main one.

    See `zjk_gis.assess.same_things` for the rule. They are probably one: a person should look before any is
    closed as a duplicate.

    Parameters
    ----------
    incidents : GeoDataFrame
        Points with ``incident_code``, ``occurred_at``, the columns of `same` and, unless `alike` is 0, that
        of `text`.
    within_m : float, default 20.0
        How far a report may lie from the main one. Positions of telephones are some 10 m off, so that two
        reports of one thing can be 20 m apart.
    within : str or timedelta, default "24h"
        How long after the main one it may come.
    same : sequence of str, default ("event_code",)
        The columns by which reports are of one class; none makes one class of all.
    alike : float, default 0.6
        How like the texts must be, from 0 (texts are not asked) to 1 (the same pairs of characters).
    text : str, default "description"
        The column that says what was reported.

    Returns
    -------
    GeoDataFrame
        A row a report of a group of at least two, the largest group first, then the latest; in it the main
        report first. In a metric CRS:

        - ``main_code`` (text): the code of the main report;
        - ``incident_code``, ``occurred_at`` (datetime64, Beijing time), the columns of `same`,
          ``event_name``, ``source`` and `text` where they are there;
        - ``is_main`` (bool), ``reports`` (int64): how many are in the group;
        - ``likeness`` (float64, to the main report; missing where there is no text), ``distance_m`` and
          ``minutes_after`` (float64).

        ``attrs`` holds ``set_aside`` (rows that could not be judged, and why), ``incidents`` (how many were),
        ``groups``, ``duplicates`` (all but the main ones), ``without_text`` and ``accuracy_m``: what the
        positions are good for.

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError, GeometryError
        If the incidents cannot be used.
    InputError
        If a time cannot be read, or an option is not what it can be.

    Notes
    -----
    An accuracy of ±10 m is that of class C of the surveys of parts (GB/T 30428.2 as implemented, S).

    Examples
    --------
    >>> import geopandas as gpd
    >>> cases = gpd.GeoDataFrame(
    ...     {
    ...         "incident_code": ["A1", "A2", "A3"],
    ...         "event_code": ["0102"] * 3,
    ...         "occurred_at": ["2025-01-01 08:00", "2025-01-01 08:30", "2025-01-01 09:00"],
    ...         "description": ["明德北街垃圾堆放", "明德北街有垃圾堆放", "路灯不亮"],
    ...     },
    ...     geometry=gpd.points_from_xy([100, 106, 112], [50, 58, 50]),
    ...     crs=4547,
    ... )
    >>> duplicate_reports(cases)[["main_code", "incident_code", "likeness", "distance_m", "minutes_after"]]
      main_code incident_code  likeness  distance_m  minutes_after
    0        A1            A1       1.0         0.0            0.0
    1        A1            A2       0.8        10.0           30.0
    """
    require_amounts(within_m=within_m)
    require_shares(alike=alike)
    period = period_of(within, "within")
    if alike > 0:
        require_columns(incidents, "incidents", text)
    aside = SetAside()
    told = reported(incidents, same, aside)
    grams, offsets = np.zeros(0, np.int64), np.zeros(len(told.rows) + 1, np.int64)
    if text in incidents:
        grams, offsets = bigrams(told.rows[text])
    anchor, likeness = np.arange(len(told.rows)), np.full(len(told.rows), np.nan)
    steps = alike_groups(told.moments, grams, offsets, within=within_m, period=period, alike=alike)
    for rows, its_anchor, its_likeness in track(
        steps, title=tr("comparing reports, class by class"), total=len(told.moments.slices())
    ):
        anchor[rows], likeness[rows] = its_anchor, its_likeness
    found = _groups(told, anchor, likeness, list(same), text)
    found.attrs |= {
        "incidents": len(anchor),
        "groups": int(found["is_main"].sum()),
        "duplicates": int((~found["is_main"]).sum()),
        "without_text": int((np.diff(offsets) == 0).sum()),
        "accuracy_m": 10.0,
    }
    return aside.told_in(found)


def bigrams(texts: pd.Series) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    r"""Return the pairs of neighbouring characters of texts, each once, as numbers.

    Parameters
    ----------
    texts : Series

    Returns
    -------
    grams : ndarray of int64
        Those of text i are ``grams[offsets[i]:offsets[i + 1]]``, ascending.
    offsets : ndarray of int64

    Examples
    --------
    >>> grams, offsets = bigrams(pd.Series(["路灯, 路灯", "灯", None]))
    >>> offsets.tolist(), [chr(gram >> 21) + chr(gram % (1 << 21)) for gram in grams.tolist()]
    ([0, 2, 3, 3], ['灯路', '路灯', '灯\x00'])
    """
    number, words = pd.factorize(as_text(texts))
    parts, sizes = [], [np.zeros(0, np.int64)]
    for begin in range(0, len(words), _AT_ONCE):
        core = [_SIGNS.sub("", plain(word)).casefold() for word in words[begin : begin + _AT_ONCE]]
        grams, counts = _pairs(core)
        parts.append(grams)
        sizes.append(counts)
    of_word, counted = np.concatenate([*parts, np.zeros(0, np.int64)]), np.concatenate(sizes)
    begins = offsets_of(counted)
    size = np.where(number >= 0, np.append(counted, 0)[number], 0)
    offsets = offsets_of(size)
    first = np.append(begins[:-1], 0)[number]
    place = np.arange(offsets[-1]) - np.repeat(offsets[:-1] - first, size)
    return of_word[place], offsets


def _pairs(texts: list[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of characters of texts that hold no blanks, and how many each has."""
    padded = [text if len(text) > 1 else text + "\0" * len(text) for text in texts]
    characters = np.frombuffer("".join(padded).encode("utf-32-le"), np.uint32).astype(np.int64)
    lengths = np.array([len(text) for text in padded], np.int64)
    owner = np.repeat(np.arange(len(texts)), lengths)
    inner = owner[1:] == owner[:-1]
    pairs, owner = (characters[:-1] << 21 | characters[1:])[inner], owner[1:][inner]
    order = np.lexsort((pairs, owner))
    pairs, owner = pairs[order], owner[order]
    is_new = np.ones(len(pairs), dtype=bool)
    is_new[1:] = (pairs[1:] != pairs[:-1]) | (owner[1:] != owner[:-1])
    return pairs[is_new], np.bincount(owner[is_new], minlength=len(texts)).astype(np.int64)


def _groups(
    told: Reported,
    anchor: NDArray[np.int64],
    likeness: NDArray[np.float64],
    same: list[str],
    text: str,
) -> gpd.GeoDataFrame:
    """Return a row a report of each group of at least two."""
    moments = told.moments
    reports = np.bincount(anchor, minlength=len(anchor))
    kept = np.flatnonzero(reports[anchor] > 1)
    codes = code_text(told.rows[CODE])
    main = anchor[kept]
    rank = pd.factorize(codes.iloc[main], sort=True)[0]
    latest = moments.time[main]
    kept = kept[np.lexsort((kept, rank, -latest, -reports[main]))]
    main, rows = anchor[kept], told.rows.iloc[kept]
    columns: dict[str, Any] = {
        "main_code": codes.iloc[main].array,
        "incident_code": codes.iloc[kept].array,
        "occurred_at": told.times[kept],
    }
    for name in dict.fromkeys((*same, "event_name", "source", text)):
        if name in rows and name not in columns:
            columns[name] = as_text(rows[name]).array
    columns |= {
        "is_main": kept == main,
        "reports": reports[main].astype(np.int64),
        "likeness": likeness[kept],
        "distance_m": np.hypot(moments.x[kept] - moments.x[main], moments.y[kept] - moments.y[main]),
        "minutes_after": (told.times[kept] - told.times[main]) / _MINUTE,
    }
    return gpd.GeoDataFrame(columns, geometry=rows.geometry.to_numpy(), crs=told.rows.crs)
