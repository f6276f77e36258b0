"""Do incidents lie where the layers are? Asked before an assignment, which would answer for wrong places.

Positions in a wrong datum or system are still assigned, to whoever answers for the ground 550 m away. What
gives them away is how many lie outside everything, and whether they fit once they are read differently.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.coordinates.bare_numbers import SURE
from zjk_gis.coordinates.datum_evidence import SHIFT_TITLES, spoken_datums
from zjk_gis.coordinates.datums import shift
from zjk_gis.coordinates.inference import likeliest, probable_crs
from zjk_gis.coordinates.shifted import DATUMS
from zjk_gis.crs import CGCS2000, datum_of
from zjk_gis.crs.systems import in_china
from zjk_gis.errors import InputError
from zjk_gis.layers.columns.coordinates import is_zero
from zjk_gis.threads import CHUNK_AT_HAND, in_chunks
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from pyproj import CRS

    from zjk_gis.assign.plan import AssignmentPlan

    _Floats = NDArray[np.float64]

__all__ = ["refuse_misplaced"]

_LEAST_ROWS = 20
_MOST_ROWS, _MOST_MEASURED = 10_000, 2000  # looked at; measured several times
_FAR_OUT_M = 50.0
_MOST_OUTSIDE = 0.5
_FAR_OFF_M = 250.0  # half of what GCJ-02 shifts; nearer, the layers leave gaps
_MANY_OUTSIDE, _TIMES_FEWER, _FEW_OUTSIDE = 0.2, 4, 0.05
_NEAR_M, _FAR_M, _TIMES_NEARER, _MOSTLY = 60.0, 60.0, 3, 0.6
_CELL_M = 100.0  # incidents at one spot are one observation
_TITLES: dict[str, str] = {str(datum): title for datum, title in SHIFT_TITLES.items()}
_ON_GROUND = ("wgs84", "cgcs2000")


def refuse_misplaced(
    x: _Floats,
    y: _Floats,
    crs: CRS,
    plan: AssignmentPlan,
    *,
    name: str = "incidents",
    recorded: NDArray[np.object_] | None = None,
    roads: NDArray[np.object_] | None = None,
) -> None:
    """Refuse positions that cannot be where the layers of a plan are, before any work is done.

    Parameters
    ----------
    x, y : ndarray of float64
        Positions; those that are not finite, or at 0, 0, do not count.
    crs : CRS
        That they are said to be in.
    plan : AssignmentPlan
    name : str, default "incidents"
        What they are called in the error.
    recorded : ndarray of object, optional
        The code that is recorded with each, of the layer that answers first; None where there is none.
    roads : ndarray of object, optional
        The name of the road that each names.

    Raises
    ------
    InputError
        See below. The message says what speaks against the positions, and the ways out.

    Notes
    -----
    1. Fewer than 20 positions are never refused. Of more than 10,000 so many are looked at, which ones is
       settled by their coordinates.
    2. Refused are positions of which over half lie outside every layer of the plan by more than
       `nearest_within_m`, and more than 50 m, if exchanging the axes or taking them for GCJ-02 or BD-09
       brings half of those in, or if nothing explains it and their median distance is over 250 m. The
       message says which.
    3. Refused is what fits as GCJ-02 or BD-09 and not as given: at least a fifth lies outside so, and a
       quarter of that, at most 5 %, if converted;
    4. or the road sections are nearest if converted: within 60 m (median), a third as far as given and
       as in the third datum, for 60 % of at least 20 places that are 100 m apart;
    5. or, of the rows that tell by the road or the code recorded with them (see
       `zjk_gis.coordinates.datum_evidence`), over half speak for it, and at least 20.

    A layer that covers a part of a city explains positions beyond it as little as a wrong system does: where
    most lie far beyond it, `even_if_off` of the caller goes on. Fewer are never refused for that.
    """
    rows, few = _samples(x, y)
    if len(rows) < _LEAST_ROWS:  # rule 1
        return
    about = _Asked(plan, crs, max(plan.nearest_within_m, _FAR_OUT_M), name)
    outside = float(about.outside(x[rows], y[rows]).mean())
    if outside > _MOST_OUTSIDE:  # rule 2
        _refuse_outside(about, x[few], y[few])
    if not about.is_on_ground:
        return
    told = ""
    if outside >= _MANY_OUTSIDE:  # rule 3
        told = about.by_outside(x[rows], y[rows], outside)
    told = told or about.by_sections(x[few], y[few]) or about.by_own_ground(x, y, few, recorded, roads)
    if told:
        raise InputError(tr("{name}: {told}", name=name, told=told))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A plan, and the system in which positions are said to be."""

    plan: AssignmentPlan
    crs: CRS
    reach_m: float
    name: str

    def outside(self, x: _Floats, y: _Floats, *, crs: Any = None) -> NDArray[np.bool_]:
        """Tell which positions are out of reach of everything; whatever day it is."""
        return ~np.isfinite(self.nearest_m(x, y, crs=crs, within=self.reach_m))

    def nearest_m(self, x: _Floats, y: _Floats, *, crs: Any = None, within: float = np.inf) -> _Floats:
        """Measure how far the nearest row of any layer is; infinite where none is within reach."""
        least = np.full(len(x), np.inf)
        for task in self.plan.tasks:
            a, b = _in(x, y, self.crs if crs is None else crs, task.crs)
            there = np.flatnonzero(np.isfinite(a) & np.isfinite(b))
            found = task.index.nearest_m(a[there], b[there], within=within)
            least[there] = np.fmin(least[there], found)
        return least

    @property
    def is_on_ground(self) -> bool:
        """Whether positions are said to be on the ground, so that they may be in GCJ-02 or BD-09 instead."""
        return datum_of(self.crs) in _ON_GROUND

    def readings(self, x: _Floats, y: _Floats) -> Iterator[tuple[str, tuple[_Floats, _Floats]]]:
        """Yield degrees on the ground as they would be if positions were read differently."""
        if not self.is_on_ground:
            return
        lon, lat = _in(x, y, self.crs, CGCS2000)
        exchanged = in_china(lat, lon)
        if 2 * int(exchanged.sum()) > len(lon):
            yield "swapped_axes", (lat, lon)
            return
        for datum in SHIFT_TITLES:
            yield datum, shift(lon, lat, source=datum, target="wgs84")

    def by_outside(self, x: _Floats, y: _Floats, outside: float) -> str:
        """Say that what lies outside comes in if positions are converted; empty if it does not (rule 3)."""
        for datum, (lon, lat) in self.readings(x, y):
            after = float(self.outside(lon, lat, crs=CGCS2000).mean())
            if datum in SHIFT_TITLES and after <= min(outside / _TIMES_FEWER, _FEW_OUTSIDE):
                return tr(
                    "{outside:.0%} of {count:,} rows lie outside every layer, {after:.0%} if taken for "
                    "{datum}; {ways}",
                    outside=outside,
                    count=len(x),
                    after=after,
                    datum=SHIFT_TITLES[datum],
                    ways=_ways(datum),
                )
        return ""

    def by_sections(self, x: _Floats, y: _Floats) -> str:
        """Say how much nearer road sections are if positions are converted; empty if not clear (rule 4)."""
        task = next((each for each in self.plan.tasks if not each.index.is_areal), None)
        if task is None:
            return ""
        given = _in(x, y, self.crs, task.crs)
        _, first = np.unique(np.round(np.stack(given, axis=1) / _CELL_M), axis=0, return_index=True)
        x, y = x[first], y[first]
        if len(first) < _LEAST_ROWS:
            return ""
        metres = np.stack([self._sections_m(task, lon, lat) for lon, lat in self._in_each_datum(x, y)])
        median = np.median(metres, axis=1)
        best = int(median.argmin())
        third = np.delete(median, [0, best]).min() if best else np.inf
        if not best or median[0] <= max(_FAR_M, _TIMES_NEARER * median[best]) or median[best] > _NEAR_M:
            return ""
        if third <= _TIMES_NEARER * median[best] or (metres.argmin(axis=0) == best).mean() < _MOSTLY:
            return ""
        datum = DATUMS[best]
        return tr(
            "their median distance from the nearest road section is {given:.0f} m, {after:.0f} m if taken "
            "for {datum}; {ways}",
            given=median[0],
            after=median[best],
            datum=SHIFT_TITLES[datum],
            ways=_ways(datum),
        )

    def by_own_ground(
        self,
        x: _Floats,
        y: _Floats,
        rows: NDArray[np.intp],
        recorded: NDArray[np.object_] | None,
        roads: NDArray[np.object_] | None,
    ) -> str:
        """Say what the roads and codes recorded with positions say of their datum, if anything (rule 5)."""
        first = self.plan.tasks[0]
        asked = [(first.index.layer, first.code, recorded, "code")]
        asked += [
            (task.index.layer, "road_name", roads, "road")
            for task in self.plan.tasks
            if not task.index.is_areal and "road_name" in task.index.layer
        ]
        for layer, column, values, what in asked:
            if values is None:
                continue
            row, shapes = _own_shapes(layer, column, values[rows])
            if len(row) < _LEAST_ROWS:
                continue
            at = rows[row]
            metres = np.stack(
                [
                    _distances(*_in(lon, lat, CGCS2000, layer.crs), shapes)
                    for lon, lat in self._in_each_datum(x[at], y[at])
                ]
            )
            voices = spoken_datums(metres)
            counts = np.bincount(voices[voices >= 0], minlength=len(DATUMS))
            best = int(counts.argmax())
            if best and counts[best] >= _LEAST_ROWS and 2 * counts[best] > counts.sum():
                datum = DATUMS[best]
                return tr(
                    "{apart:,} of {count:,} rows lie far from the {what} that is recorded with them, and "
                    "near it if taken for {datum}; {ways}",
                    apart=counts[best],
                    count=len(row),
                    what=tr(what),
                    datum=SHIFT_TITLES[datum],
                    ways=_ways(datum),
                )
        return ""

    def _in_each_datum(self, x: _Floats, y: _Floats) -> Iterator[tuple[_Floats, _Floats]]:
        lon, lat = _in(x, y, self.crs, CGCS2000)
        for datum in DATUMS:
            yield shift(lon, lat, source=datum, target="wgs84")

    def _sections_m(self, task: Any, lon: _Floats, lat: _Floats) -> _Floats:
        x, y = _in(lon, lat, CGCS2000, task.crs)
        there = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        metres = np.full(len(lon), np.inf)
        metres[there] = task.index.nearest_m(x[there], y[there], within=np.inf)
        return metres


def _refuse_outside(about: _Asked, x: _Floats, y: _Floats) -> None:
    """Say that most positions lie outside everything, what would bring them in, and the ways out (rule 2)."""
    metres = about.nearest_m(x, y)
    outside, median = float((metres > about.reach_m).mean()), float(np.median(metres))
    far = f"{median:,.0f} m" if median < 10_000 else f"{median / 1000:,.0f} km"
    words = tr(
        "{name}: {outside:.0%} of {count:,} rows lie more than {reach_m:g} m outside every layer; the median "
        "distance is {far}",
        name=about.name,
        outside=outside,
        count=len(x),
        reach_m=about.reach_m,
        far=far,
    )
    after = {
        reading: float(about.outside(lon, lat, crs=CGCS2000).mean())
        for reading, (lon, lat) in about.readings(x, y)
    }
    best = min(after, key=lambda reading: after[reading], default="")
    if best and after[best] <= outside / 2:
        if best == "swapped_axes":
            told = tr(
                "with longitude and latitude exchanged {after:.0%} do; name the columns with lon= and lat=, "
                "or assign them as they are with even_if_off=True",
                after=after[best],
            )
        else:
            told = tr(
                "taken for {datum} {after:.0%} do; {ways}",
                datum=_TITLES[best],
                after=after[best],
                ways=_ways(best),
            )
    elif median <= _FAR_OFF_M:
        return
    else:
        told = tr(
            "nothing explains it{perhaps}; name their system with crs= or their datum with datum=, take the "
            "zones of this place, or assign them as they are with even_if_off=True",
            perhaps=_by_numbers(about.crs, x, y),
        )
    raise InputError(tr("{words}; {told}", words=words, told=told))


def _by_numbers(crs: CRS, x: _Floats, y: _Floats) -> str:
    """Name the system that positions are probably in, if it is another than they are said to be in."""
    best = likeliest(x, y)
    if best is None or best.confidence < SURE or best.crs is None or best.crs == crs.to_epsg():
        return ""
    return f" ({probable_crs(x, y)})"


def _ways(datum: str) -> str:
    return tr("read them with datum={datum!r}, or assign them as they are with even_if_off=True", datum=datum)


def _own_shapes(
    layer: Any, column: str, values: NDArray[np.object_]
) -> tuple[NDArray[np.intp], NDArray[np.object_]]:
    """Return which values name rows of a layer, and for each the shapes of all rows of that name."""
    wanted = pd.Series(values, dtype=object)
    wanted = wanted.map(str, na_action="ignore").str.strip()
    names = layer[column].map(str, na_action="ignore").to_numpy(dtype=object)
    known = np.flatnonzero(pd.Series(names, dtype=object).isin(set(wanted.dropna())).to_numpy(dtype=bool))
    codes, uniques = pd.factorize(names[known], sort=True)
    order = np.argsort(codes, kind="stable")
    shapes = layer.geometry.to_numpy()[known[order]]
    whole = shapely.geometrycollections(shapes, indices=codes[order]) if len(shapes) else shapes
    number = pd.Index(uniques).get_indexer(pd.Index(wanted))
    row = np.flatnonzero(number >= 0)
    return row, np.asarray(whole, dtype=object)[number[row]]


def _distances(x: _Floats, y: _Floats, shapes: NDArray[np.object_]) -> _Floats:
    """Measure how far points are from a shape each; infinite for what is nowhere."""
    metres = np.full(len(x), np.inf)
    there = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    metres[there] = shapely.distance(shapely.points(x[there], y[there]), shapes[there])
    return metres


def _in(x: _Floats, y: _Floats, given: Any, wanted: Any) -> tuple[_Floats, _Floats]:
    """Return coordinates in another system; NaN where they cannot be."""
    from pyproj import CRS, Transformer

    if CRS.from_user_input(given) != CRS.from_user_input(wanted):
        x, y = Transformer.from_crs(given, wanted, always_xy=True).transform(x, y)
    usable = np.isfinite(x) & np.isfinite(y)
    return np.where(usable, x, np.nan), np.where(usable, y, np.nan)


def _samples(x: _Floats, y: _Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pick the rows of usable positions that are looked at, and those that are measured.

    They are the same whatever the order of the rows: those of the least hash of coordinates.
    """
    # Of many, those of the least hashes are among the few below a bound, which about three times as many are.
    share = min(3 * _MOST_ROWS / max(len(x), 1), 1.0)
    rows, mixed = _hashed(x, y, share)
    if share < 1.0 and len(rows) <= _MOST_ROWS:
        rows, mixed = _hashed(x, y, 1.0)
    looked, measured = (
        rows if len(rows) <= most else rows[np.argpartition(mixed, most)[:most]]
        for most in (_MOST_ROWS, _MOST_MEASURED)
    )
    return looked, measured


def _hashed(x: _Floats, y: _Floats, share: float) -> tuple[NDArray[np.intp], NDArray[np.uint64]]:
    """Return about a share of the rows of usable positions, those of the least hashes, and the hashes."""
    bound = np.uint64(share * (2**64 - 2**12))

    def work(part: slice) -> tuple[NDArray[np.intp], NDArray[np.uint64]]:
        a, b = (np.ascontiguousarray(values[part], dtype=np.float64).view(np.uint64) for values in (x, y))
        mixed = a * np.uint64(0x9E3779B97F4A7C15) ^ b * np.uint64(0xC2B2AE3D27D4EB4F)
        mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(32)
        low = np.arange(len(a)) if share == 1.0 else np.flatnonzero(mixed < bound)
        east, north = x[part][low], y[part][low]
        low = low[np.isfinite(east) & np.isfinite(north) & ~is_zero(east, north)]
        return low + part.start, mixed[low]

    parts = in_chunks(work, len(x), chunk=CHUNK_AT_HAND)
    rows = np.concatenate([np.empty(0, np.intp), *(each[0] for each in parts)])
    return rows, np.concatenate([np.empty(0, np.uint64), *(each[1] for each in parts)])
