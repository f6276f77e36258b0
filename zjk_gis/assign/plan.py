"""Layers made ready to answer: checked and compiled once, then asked batch after batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.assign.kernel import (
    FOUND,
    REASONS,
    Answers,
    Rows,
    answer_by_lines,
    answer_by_polygons,
    doubt_inaccurate,
)
from zjk_gis.assign.steering import level_told, steered_by
from zjk_gis.crs import require_crs, require_layer, require_same_datum, title_of_crs
from zjk_gis.engine import LineIndex, Positions
from zjk_gis.errors import MissingColumnError
from zjk_gis.index.policy import Policy, policy_of, rank_of
from zjk_gis.index.sections import sides_answered
from zjk_gis.index.zones import ZoneIndex
from zjk_gis.layers.catalogue import RESPONSIBILITY_ZONES, ROAD_SECTIONS, UNIT_GRIDS
from zjk_gis.layers.columns.coordinates import is_zero
from zjk_gis.layers.columns.levels import ANY_LEVEL, choose_level
from zjk_gis.layers.columns.periods import day_of, validity_days
from zjk_gis.layers.columns.times import BEIJING, check_tz
from zjk_gis.layers.columns.values import as_text, code_text
from zjk_gis.layers.metric import ready, require_amounts, require_shares
from zjk_gis.layers.spec import LINEAR

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd
    from numpy.typing import NDArray
    from pyproj import CRS

__all__ = ["AssignmentPlan", "Coded"]

_CODES = (RESPONSIBILITY_ZONES.code, UNIT_GRIDS.code, ROAD_SECTIONS.code)
_CARRIED = ("chief_code", "chief_name")
_GRID_CODE_DIGITS = 15
# The parts of a 15-digit grid code: 6 district + 3 street + 3 community + 3 sequence.
_PARTS_OF_GRID_CODE = {"community_code": 12, "street_code": 9, "district_code": 6}


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of text as numbers and the words they stand for.

    Attributes
    ----------
    codes : ndarray of int32
        Positions in `words`, -1 where there is nothing.
    words : ndarray of object
    """

    codes: NDArray[np.int32]
    words: NDArray[np.object_]

    @classmethod
    def of(cls, values: pd.Series) -> Coded:
        """Return a column as numbers of its distinct words."""
        codes, words = pd.factorize(as_text(values), sort=True)
        return cls(codes.astype(np.int32), np.asarray(words, dtype=object))

    def take(self, rows: NDArray[np.integer]) -> Coded:
        """Return the words of some rows; none where the row is negative."""
        codes = self.codes[rows] if len(self.codes) else np.full(len(rows), -1, np.int32)
        return Coded(np.where(rows < 0, np.int32(-1), codes).astype(np.int32, copy=False), self.words)

    def texts(self) -> NDArray[np.object_]:
        """Return the words themselves, None where there is nothing."""
        words = np.empty(len(self.words) + 1, dtype=object)
        words[:-1] = self.words  # the last is None, and stands for -1
        texts: NDArray[np.object_] = words[self.codes]
        return texts


@dataclass(frozen=True, slots=True)
class _Task:
    """A layer made ready to answer."""

    name: str
    crs: CRS
    code: str
    prefix: str
    level: int | None
    rows: Rows
    index: ZoneIndex | LineIndex
    carried: dict[str, Coded]
    layer: gpd.GeoDataFrame
    steered_by: dict[str, str]
    levels: dict[str, Any]

    @property
    def is_areal(self) -> bool:
        """Whether polygons answer, not lines."""
        return isinstance(self.index, ZoneIndex)

    def answer(
        self,
        place: Positions,
        day: NDArray[np.int64],
        accuracy: NDArray[np.float64] | None,
        plan: AssignmentPlan,
    ) -> Answers:
        border, reach = plan.border_within_m, plan.nearest_within_m
        if not isinstance(self.index, ZoneIndex):
            return answer_by_lines(
                self.index, self.rows, place.x, place.y, day, tie_within=border, nearest_within=reach
            )
        polygons = self.index.polygons
        answers = answer_by_polygons(
            polygons, self.rows, place, day, border_within=border, nearest_within=reach
        )
        if accuracy is not None:
            doubt_inaccurate(answers, polygons, place.x, place.y, accuracy, plan.undecided_below)
        return answers

    def place(self, x: NDArray[np.float64], y: NDArray[np.float64], crs: CRS) -> Positions:
        if isinstance(self.index, ZoneIndex):
            return self.index.place(x, y, crs)
        return Positions(*_in_crs(x, y, crs, self.crs))

    def columns(self, answers: Answers) -> dict[str, Coded | NDArray[np.generic]]:
        """Name the answers, and take along what the answering row says."""
        columns: dict[str, Coded | NDArray[np.generic]] = {
            self.code: self.carried[self.code].take(answers.row)
        }
        columns |= {
            f"{self.prefix}found": Coded(answers.found.astype(np.int32), FOUND),
            f"{self.prefix}distance_m": answers.distance,
            f"{self.prefix}candidates": answers.candidates,
            f"{self.prefix}ambiguous": answers.ambiguous,
            f"{self.prefix}reason": Coded(answers.reason.astype(np.int32), REASONS),
        }
        if answers.share is not None:
            columns[f"{self.prefix}share"] = answers.share
        for name, words in self.carried.items():
            if name != self.code:
                columns[name] = words.take(answers.row)
        return columns


@dataclass(frozen=True, slots=True)
class AssignmentPlan:
    """Zones, grids and sections ready to answer for any number of batches of incidents.

    Attributes
    ----------
    tasks : tuple
        A layer each, in the order of the columns they add.
    border_within_m, nearest_within_m, undecided_below : float
    accuracy_m : float or None
        Of all positions for which none is given.
    needs_day : bool
        Whether answers depend on the day of the incident.
    at : int or None
        The day by which all are judged, if one was given.
    tz : str
        The time zone whose days they are.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=[box(0, 0, 100, 100)], crs=4547)
    >>> plan = AssignmentPlan.prepare(zones)
    >>> day = np.zeros(2, dtype=np.int64)
    >>> columns = plan.answer(np.array([50.0, 120.0]), np.array([50.0, 50.0]), day, crs=zones.crs)
    >>> columns["zone_code"].texts().tolist(), columns["found"].texts().tolist()
    (['A', 'A'], ['inside', 'nearest'])
    """

    tasks: tuple[_Task, ...]
    border_within_m: float
    nearest_within_m: float
    undecided_below: float
    accuracy_m: float | None
    needs_day: bool
    at: int | None
    tz: str

    @classmethod
    def prepare(
        cls,
        zones: gpd.GeoDataFrame,
        *,
        grids: gpd.GeoDataFrame | None = None,
        sections: gpd.GeoDataFrame | None = None,
        code: str | None = None,
        level: int | str | None = None,
        at: str | dt.date | None = None,
        border_within_m: float = 0.5,
        nearest_within_m: float = 50.0,
        undecided_below: float = 0.8,
        accuracy_m: float | None = None,
        policy: Policy | None = None,
        tz: str = BEIJING,
    ) -> AssignmentPlan:
        """Check the layers before any work begins, and compile them; see `assign_incidents`."""
        require_amounts(border_within_m=border_within_m, nearest_within_m=nearest_within_m)
        if accuracy_m is not None:
            require_amounts(accuracy_m=accuracy_m)
        require_shares(undecided_below=undecided_below)
        policy = policy_of(policy)
        check_tz(tz)
        day = None if at is None else day_of(at, tz=tz)
        tasks = [_prepare(zones, "zones", code, level, policy, tz=tz)]
        if grids is not None:
            # Unit grids have no hierarchy: a column level of theirs is about something else.
            tasks.append(_prepare(grids, "grids", UNIT_GRIDS.code, ANY_LEVEL, policy, tz=tz, prefix="grid_"))
        if sections is not None:
            tasks.append(
                _prepare(sections, "sections", ROAD_SECTIONS.code, None, policy, tz=tz, prefix="section_")
            )
        return cls(
            tasks=tuple(tasks),
            border_within_m=float(border_within_m),
            nearest_within_m=float(nearest_within_m),
            undecided_below=float(undecided_below),
            accuracy_m=accuracy_m,
            needs_day=day is None and any(task.rows.are_bounded for task in tasks),
            at=day,
            tz=tz,
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that `answer` gives, in order."""
        nothing = np.empty(0)
        return tuple(self.answer(nothing, nothing, np.empty(0, np.int64), crs=self.tasks[0].crs))

    def answer(
        self,
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        day: NDArray[np.int64],
        *,
        crs: CRS,
        is_missing: NDArray[np.bool_] | None = None,
        accuracy_m: NDArray[np.float64] | None = None,
    ) -> dict[str, Coded | NDArray[np.generic]]:
        """Answer for a batch of incidents.

        Parameters
        ----------
        x, y : ndarray of float64
            n coordinates; those that are not finite, or at 0, 0, have nobody.
        day : ndarray of int64
            The day of each, see `zjk_gis.layers.columns.periods`; not looked at where one day judges all.
        crs : CRS
            That of the coordinates.
        is_missing : ndarray of bool, optional
            Which rows have no position at all, as against one that cannot be used.
        accuracy_m : ndarray of float64, optional
            How accurate each position is; NaN where that is not known.

        Returns
        -------
        dict of str to Coded or ndarray
            The columns, as `assign_incidents` describes them.
        """
        if accuracy_m is None and self.accuracy_m is not None:
            accuracy_m = np.full(len(x), float(self.accuracy_m))
        if self.at is not None:
            day = np.full(len(x), self.at)
        zero = None if crs.is_engineering else is_zero(x, y)
        if zero is not None and zero.any():
            x, y = np.where(zero, np.nan, x), np.where(zero, np.nan, y)
        else:
            zero = None
        exact_in: dict[str, Positions] = {}
        columns: dict[str, Coded | NDArray[np.generic]] = {}
        for task in self.tasks:
            key = task.crs.to_wkt()
            if accuracy_m is None and key not in exact_in and not self._needs_exactly(task.crs):
                place = task.place(x, y, crs)
            else:
                place = exact_in.setdefault(key, Positions(*_in_crs(x, y, crs, task.crs)))
            answers = task.answer(place, day, accuracy_m, self)
            answers.say_unusable(place.unusable(), is_missing, zero)
            columns |= task.columns(answers)
        return columns

    def place(
        self, x: NDArray[np.float64], y: NDArray[np.float64], *, crs: CRS
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Bring coordinates to the CRS in which the zones are measured; NaN where that cannot be."""
        return _in_crs(x, y, crs, self.tasks[0].crs)

    def _needs_exactly(self, crs: CRS) -> bool:
        """Tell whether the exact place of every point is needed in a CRS: distances from lines are."""
        return any(isinstance(task.index, LineIndex) and task.crs == crs for task in self.tasks)

    def about(self) -> dict[str, object]:
        """Tell what the answers rest on: the CRS, the level of the zones, distances, tz, what steered."""
        first = self.tasks[0]
        return {
            "crs": title_of_crs(first.crs),
            "level": first.level,
            "border_within_m": self.border_within_m,
            "nearest_within_m": self.nearest_within_m,
            "steered_by": {name: did for task in self.tasks for name, did in task.steered_by.items()},
            "levels": first.levels,
            "tz": self.tz,
        }


def _in_crs(
    x: NDArray[np.float64], y: NDArray[np.float64], given: CRS, wanted: CRS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coordinates in another CRS; NaN where they cannot be converted."""
    if given != wanted:
        from pyproj import Transformer

        require_same_datum(given, wanted, "incidents")
        x, y = Transformer.from_crs(given, wanted, always_xy=True).transform(x, y)
    usable = np.isfinite(x) & np.isfinite(y)
    if usable.all():
        return x, y
    return np.where(usable, x, np.nan), np.where(usable, y, np.nan)


def _prepare(
    layer: gpd.GeoDataFrame,
    name: str,
    code: str | None,
    level: int | str | None,
    policy: Policy | None,
    *,
    tz: str,
    prefix: str = "",
) -> _Task:
    """Check a layer, and compile it."""
    require_layer(layer, name)
    if code is None:
        code = next((column for column in _CODES if column in layer), None)
    if code is None:
        message = (
            f"{name}: no column of codes; it needs {', '.join(_CODES[:-1])} or {_CODES[-1]}, or name yours "
            f"with code= (its columns are {', '.join(map(str, layer.columns))})"
        )
        raise MissingColumnError(message)
    require_crs(layer, name)
    kinds = set(layer.geom_type.dropna())
    is_linear = bool(kinds) and kinds <= LINEAR
    named_by = "code" if name == "zones" else None
    layer = ready(layer, name, code=code, named_by=named_by, kind="line" if is_linear else "polygon")
    # A section of any level answers unless one is asked for.
    chosen = choose_level(layer, ANY_LEVEL if is_linear and level is None else level, name)
    policy = policy or Policy()
    steered = steered_by(layer, chosen, policy, is_linear=is_linear, prefix=prefix)
    told = level_told(chosen, layer)
    layer = layer if chosen.kept.all() else layer[chosen.kept]
    begins, ends = validity_days(layer, name, tz=tz)
    shapes = layer.geometry.to_numpy()
    rank = rank_of(layer, code, begins, policy=policy, name=name)
    rows = Rows(
        code=pd.factorize(code_text(layer[code]), sort=True)[0].astype(np.int64),
        rank=rank,
        begins=begins,
        ends=ends,
        side=sides_answered(layer) if is_linear else np.zeros(len(layer), np.int8),
    )
    index: ZoneIndex | LineIndex = (
        LineIndex(shapes, rank) if is_linear else ZoneIndex.of_ready(layer, code, rank)
    )
    carried = _carried(layer, code, prefix)
    return _Task(
        name, layer.crs, code, prefix, chosen.number, rows, index, carried, layer, steered, told
    )  # fmt: skip


def _carried(layer: gpd.GeoDataFrame, code: str, prefix: str) -> dict[str, Coded]:
    """Collect the words that go along with an answer: code, chief, the parts of a grid code."""
    carried = {code: Coded.of(layer[code])}
    carried |= {prefix + name: Coded.of(layer[name]) for name in _CARRIED if name in layer}
    if code == UNIT_GRIDS.code:
        grid = code_text(layer[code])
        well_formed = grid.str.fullmatch(rf"\d{{{_GRID_CODE_DIGITS}}}").fillna(False).astype(bool)
        for name, digits in _PARTS_OF_GRID_CODE.items():
            carried[name] = Coded.of(grid.where(well_formed).str[:digits])
    return carried
