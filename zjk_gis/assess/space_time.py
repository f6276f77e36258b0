"""How hot spots come and go from month to month: emerging hot spots (时空热点、新兴热点)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import geopandas as gpd
import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.assess.cells import BASES, basis_of, cells_of
from zjk_gis.assess.clocks import period_of
from zjk_gis.assess.counts import asked_in, remarks_on, times_in
from zjk_gis.assess.local_statistics import LEVELS, g_star, levels_of, mann_kendall
from zjk_gis.assess.patterns import PATTERNS, patterns_of
from zjk_gis.errors import InputError
from zjk_gis.layers.columns.values import text_at
from zjk_gis.layers.metric import require_amounts
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

    from zjk_gis.assess.cells import Basis, Cells

__all__ = ["Compare", "Step", "emerging_hot_spots"]

Step = Literal["week", "month", "quarter"]
Compare = Literal["cube", "step"]
_LEAST_STEPS = 10
_MOST_VALUES = 50_000_000  # cells by steps


@checked
def emerging_hot_spots(
    incidents: gpd.GeoDataFrame,
    *,
    cells: float | gpd.GeoDataFrame,
    region: gpd.GeoDataFrame | None = None,
    hexagons: bool = False,
    reach_m: float | None = None,
    step: Literal["week", "month", "quarter"] = "month",
    compare: Literal["cube", "step"] = "cube",
    steps_back: int = 0,
    confidence: int = 95,
    people: gpd.GeoDataFrame | None = None,
    roads: gpd.GeoDataFrame | None = None,
    patrols: gpd.GeoDataFrame | None = None,
    least: float | None = None,
    fdr: bool = True,
    since: str | dt.date | None = None,
    until: str | dt.date | None = None,
    dated: str = "occurred_at",
) -> gpd.GeoDataFrame:
    """Find where hot spots are new, last, grow, fade or come and go (时空热点).

    Each cell is judged in each step by G*, as by `hot_spots`; whether its z rises or falls over the steps is
    told by the test of Mann and Kendall, with ties.

    Parameters
    ----------
    incidents : GeoDataFrame
        Points in any CRS, with `dated`.
    cells, region, hexagons, reach_m, people, roads, patrols, least
        As in `hot_spots`; by what counts are divided is taken to be the same in every step.
    step : {"week", "month", "quarter"}, default "month"
        By Beijing's clock; weeks begin on Monday.
    compare : {"cube", "step"}, default "cube"
        With what a count is compared: with those of all cells in all steps, so that a bad month is hot as a
        whole, or with those of its own step, so that only where is asked.
    steps_back : int, default 0
        With ``cube``: how many steps before one count as near it. ArcGIS takes 1 by default; at 0 the months
        stand for themselves.
    confidence : {90, 95, 99}, default 95
        From which confidence on a step is hot or cold, and a trend is one.
    fdr : bool, default True
        Whether that is corrected for how many are judged: all cells in all steps with ``cube``, those of each
        step with ``step``. Trends are not corrected.
    since, until : str or date, optional
        The period; of a step that it cuts nothing counts. By default from the step of the first incident to
        that of the last, which should be over.
    dated : str, default "occurred_at"

    Returns
    -------
    GeoDataFrame
        A row a cell, as `hot_spots` orders them, in a metric CRS:

        - ``cell_code`` (text), ``incidents`` (int64, of all steps);
        - ``pattern`` (text): ``new_hot`` 新增, ``consecutive_hot`` 连续, ``intensifying_hot`` 加强,
          ``persistent_hot`` 持续, ``diminishing_hot`` 减弱, ``sporadic_hot`` 零星, ``oscillating_hot`` 振荡,
          ``historical_hot`` 历史, the same of ``_cold``, or ``no_pattern``; defined in
          `zjk_gis.assess.patterns`; ``not_judged`` where there is too little to divide by;
        - ``tau`` (float64, -1 to 1) and ``p_value`` of the trend of z;
        - ``hot_steps``, ``cold_steps`` and ``step_count`` (int64); ``first_hot``, ``last_hot`` (text such as
          2025-11, 2025Q4 or the Monday; missing where it never was);
        - ``last_z_score`` (float64): z of the last step;
        - ``first_step``, ``last_step``, ``compare``, ``confidence_level``, ``cell_m``, ``reach_m``,
          ``basis``: what was asked, the same in all rows.

        ``attrs`` as of `hot_spots`; ``attrs["cut_off"]`` counts incidents of the period in a step that it
        cuts.

    Raises
    ------
    InputError
        If there are fewer than 10 steps, of which no trend can be told, or as `hot_spots` does.
    MissingColumnError
        If there is no column `dated`.
    EmptyLayerError, CRSError, GeometryError
        If a layer cannot be used.

    Examples
    --------
    A place where nothing happened for eleven months, and thirty things in the twelfth:

    >>> from shapely import Point, box
    >>> region = gpd.GeoDataFrame(geometry=[box(0, 0, 900, 900)], crs=4547)
    >>> times = [f"2025-{month:02d}-15" for month in range(1, 12)] + ["2025-12-15"] * 30
    >>> places = [Point(50, 50)] * 11 + [Point(450, 450)] * 30
    >>> cases = gpd.GeoDataFrame({"occurred_at": times}, geometry=places, crs=4547)
    >>> found = emerging_hot_spots(cases, cells=100, region=region)
    >>> found.loc[40, ["pattern", "first_hot", "last_hot"]].tolist()
    ['new_hot', '2025-12', '2025-12']
    """
    _check(step, compare, steps_back, confidence)
    begins, ends = period_of(None, since, until)
    times = times_in(incidents, dated)
    steps = _Steps.of(step, times, begins, ends)
    in_period = ~np.isnat(times)
    in_period &= (np.isnat(begins) | (times >= begins)) & (np.isnat(ends) | (times < ends))
    number = steps.number_of(times)
    in_steps = in_period & (number >= 0) & (number < steps.count)
    day = str((steps.begin_of(steps.count) - np.timedelta64(1, "D")).astype("M8[D]"))
    ground = cells_of(cells, region, hexagons=hexagons, reach_m=reach_m, day=day)
    if len(ground) * steps.count > _MOST_VALUES:
        raise InputError(
            tr("{cells:,} cells by {steps:,} steps are more than fit; take larger cells or longer steps",
               cells=len(ground), steps=steps.count)
        )  # fmt: skip
    basis = basis_of(ground, people, roads, patrols, least)
    asked = asked_in(incidents, ground, in_steps)
    keys = asked.cell * steps.count + number[asked.rows]
    counts = np.bincount(keys, minlength=len(ground) * steps.count).reshape(len(ground), steps.count)
    told = _judged(counts, ground, basis, steps, compare=compare, steps_back=steps_back,
                   confidence=confidence, fdr=fdr)  # fmt: skip
    answer = _told(ground, told, basis, steps, compare, confidence)
    if np.isfinite(ground.cell_m):
        answer = answer.reset_index(drop=True)
    cut_off = int((in_period & ~in_steps).sum())
    remarks = remarks_on(ground, basis, asked)
    if cut_off:
        remarks.append(tr("{number:,} incidents are in a step that the period cuts, and do not count",
                          number=cut_off))  # fmt: skip
    answer.attrs = {
        **asked.told(), "cut_off": cut_off, "remarks": remarks, "set_aside": basis.set_aside,
    }  # fmt: skip
    return answer


def _check(step: str, compare: str, steps_back: int, confidence: int) -> None:
    for name, value, known in (("step", step, get_args(Step)), ("compare", compare, get_args(Compare))):
        if value not in known:
            raise InputError(
                tr(
                    "{name} must be one of {known}, not {value!r}",
                    name=name,
                    known=listed(known),
                    value=value,
                )
            )
    if confidence not in LEVELS:
        raise InputError(tr("confidence must be 90, 95 or 99, not {confidence!r}", confidence=confidence))
    require_amounts(steps_back=steps_back)
    if steps_back and compare == "step":
        raise InputError(tr("steps_back: what is compared within its own step has no steps before it"))


@dataclass(frozen=True)
class _Steps:
    """Steps of time, one after the other.

    Attributes
    ----------
    kind : {"week", "month", "quarter"}
    first, count : int
        The number of the first since 1970, and how many there are.
    """

    kind: str
    first: int
    count: int

    @classmethod
    def of(
        cls, kind: str, times: NDArray[np.datetime64], begins: np.datetime64, ends: np.datetime64
    ) -> _Steps:
        """Return the whole steps of a period, or those from the first time to the last."""
        every = cls(kind, 0, 0)
        known = times[~np.isnat(times)]
        first = int(every.number_of(known.min() if np.isnat(begins) else begins))
        if not np.isnat(begins) and every.begin_of(first) < begins:
            first += 1
        last = int(every.number_of(known.max())) if np.isnat(ends) else int(every.number_of(ends)) - 1
        count = last - first + 1
        if count < _LEAST_STEPS:
            said = {"week": tr("weeks"), "month": tr("months"), "quarter": tr("quarters")}
            raise InputError(
                tr("emerging_hot_spots: {count} whole {steps}; no trend can be told of fewer than {least} "
                   "steps, take a longer period or shorter ones",
                   count=max(count, 0), steps=said[kind], least=_LEAST_STEPS)
            )  # fmt: skip
        return cls(kind, first, count)

    def number_of(self, times: Any) -> Any:
        """Return the number of the step of each time, 0 for the first."""
        if self.kind == "week":  # 1970-01-01 was a Thursday
            return (times.astype("M8[D]").astype(np.int64) + 3) // 7 - self.first
        months = times.astype("M8[M]").astype(np.int64)
        return (months if self.kind == "month" else months // 3) - self.first

    def begin_of(self, number: int) -> Any:
        """Return the first moment of a step."""
        whole = number + self.first
        if self.kind == "week":
            return np.array(7 * whole - 3, dtype="M8[D]").astype("M8[us]")[()]
        month = whole if self.kind == "month" else 3 * whole
        return np.array(month, dtype="M8[M]").astype("M8[us]")[()]

    def names(self) -> list[str]:
        """Return what steps are called."""
        begins = [self.begin_of(number).astype("M8[D]").item() for number in range(self.count)]
        forms = {"week": "%Y-%m-%d", "month": "%Y-%m"}
        if self.kind == "quarter":
            return [f"{day.year}Q{(day.month + 2) // 3}" for day in begins]
        return [day.strftime(forms[self.kind]) for day in begins]


def _judged(
    counts: NDArray[np.int64],
    cells: Cells,
    basis: Basis,
    steps: _Steps,
    *,
    compare: str,
    steps_back: int,
    confidence: int,
    fdr: bool,
) -> dict[str, Any]:
    """Judge every cell in every step, and what came of it over time."""
    values, is_judged = counts.astype(np.float64), basis.is_judged
    if basis.name != "nothing":
        values /= (np.where(is_judged, basis.amount, 1.0) / BASES[basis.name])[:, None]
    near = cells.near if is_judged.all() else cells.near[is_judged][:, is_judged]
    pooled = compare == "cube"
    own = g_star(values[is_judged], near, steps_back=steps_back, pooled=pooled)
    z = np.ascontiguousarray(own.T)  # a row a step
    if pooled or not fdr:
        level = levels_of(z, fdr=fdr)
    else:
        level = np.stack([levels_of(each, fdr=True) for each in z])
    side = np.sign(level) * (np.abs(level) >= confidence)
    tau, p_value = mann_kendall(np.nan_to_num(z))
    pattern = np.full(len(cells), len(PATTERNS))
    pattern[is_judged] = patterns_of(side.astype(np.int8), tau, p_value, LEVELS[confidence])
    names, is_hot = np.array(steps.names(), dtype=object), side > 0
    first = np.where(is_hot.any(axis=0), is_hot.argmax(axis=0), -1)
    last = np.where(is_hot.any(axis=0), len(z) - 1 - is_hot[::-1].argmax(axis=0), -1)

    def everywhere(of_judged: NDArray[Any], otherwise: Any) -> NDArray[Any]:
        whole = np.full(len(cells), otherwise, dtype=np.asarray(of_judged).dtype)
        whole[is_judged] = of_judged
        return whole

    return {
        "incidents": counts.sum(axis=1),
        "pattern": text_at([*PATTERNS, "not_judged"], pattern),
        "tau": everywhere(tau, np.nan),
        "p_value": everywhere(p_value, np.nan),
        "hot_steps": everywhere(is_hot.sum(axis=0), 0),
        "cold_steps": everywhere((side < 0).sum(axis=0), 0),
        "step_count": steps.count,
        "first_hot": text_at(names, everywhere(first, -1)),
        "last_hot": text_at(names, everywhere(last, -1)),
        "last_z_score": everywhere(z[-1], np.nan),
    }


def _told(
    cells: Cells, columns: dict[str, Any], basis: Basis, steps: _Steps, compare: str, confidence: int
) -> gpd.GeoDataFrame:
    """Put the columns beside the cells, in the order of the answer, and what was asked."""
    same = np.zeros(len(cells), np.int64)
    names = steps.names()
    frame = gpd.GeoDataFrame(
        {
            "cell_code": pd.Series(cells.frame["cell_code"].array, dtype="str"),
            **columns,
            "first_step": text_at([names[0]], same),
            "last_step": text_at([names[-1]], same),
            "compare": text_at([compare], same),
            "confidence_level": confidence,
            "cell_m": cells.cell_m,
            "reach_m": cells.reach_m,
            "basis": text_at([basis.name], same),
        },
        geometry=cells.frame.geometry.to_numpy(),
        crs=cells.frame.crs,
    ).set_axis(cells.frame.index)
    return frame.iloc[np.argsort(cells.order, kind="stable")]
