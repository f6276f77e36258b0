"""What disagreements between recorded and computed zones point to, with evidence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.assign.incidents import days_judged
from zjk_gis.assign.shift_search import best_shift, spread_sample
from zjk_gis.coordinates.datums import shift
from zjk_gis.crs import CGCS2000, convert_crs
from zjk_gis.layers.columns.codes import matched_codes
from zjk_gis.layers.columns.periods import ALWAYS, NEVER
from zjk_gis.layers.shapes import point_coordinates
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from zjk_gis.assign.plan import AssignmentPlan
    from zjk_gis.index.answering import AnsweringIndex
    from zjk_gis.layers.labels import Language

__all__ = ["Judged", "suspicions_of"]

_LEAST_ROWS = 5
_LEAST_SHARE = 0.2
_LEAST_SHIFTED = 10
_LEAST_SHIFTED_SHARE = 0.5
_MOST_DAYS = 24
_SAMPLE = 1000
_MOST_NAMED = 5
_DATUMS = {"gcj02": "GCJ-02", "bd09": "BD-09"}
_COLUMNS = {
    "suspicion": "str",
    "rows": "int64",
    "agreement_before": "float64",
    "agreement_after": "float64",
    "first_code": "str",
    "second_code": "str",
    "version": "str",
    "datum": "str",
    "shift_m": "float64",
    "shift_east_m": "float64",
    "shift_north_m": "float64",
    "evidence": "str",
}


@dataclass(frozen=True)
class Judged:
    """Incidents with what was recorded and what the layer says, row by row.

    Attributes
    ----------
    points : ndarray of Point
        In the CRS of the layer.
    said, computed : ndarray of object
        Codes; None where there is none.
    day : ndarray of int64
        By which each is judged; `NEVER` where it is not known.
    usable : ndarray of bool
        Whether it has a position.
    index : AnsweringIndex
        The zones.
    """

    points: NDArray[Any]
    said: NDArray[np.object_]
    computed: NDArray[np.object_]
    day: NDArray[np.int64]
    usable: NDArray[np.bool_]
    index: AnsweringIndex

    @cached_property
    def zone_codes(self) -> NDArray[np.object_]:
        """The codes of the zones, row by row."""
        return self.index.carried[str(self.index.code)].texts()

    @cached_property
    def shapes(self) -> NDArray[Any]:
        """The zones, in the CRS in which they are measured."""
        shapes: NDArray[Any] = self.index.layer.geometry.to_numpy()
        return shapes

    @cached_property
    def counts(self) -> NDArray[np.bool_]:
        """Which rows are judged: those with a position and a recorded code."""
        recorded: NDArray[np.bool_] = self.usable & pd.notna(self.said)
        return recorded

    @cached_property
    def agrees(self) -> NDArray[np.bool_]:
        """Which of them agree."""
        return self.agreeing(self.computed)

    def agreeing(self, computed: NDArray[np.object_]) -> NDArray[np.bool_]:
        """Tell which rows agree with other answers."""
        same: NDArray[np.bool_] = self.counts & (self.said == computed)
        return same

    @cached_property
    def _pairs(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
        """Pair every judged row with the rows of its recorded zone; tell which are valid on its day."""
        at = np.flatnonzero(self.counts)
        rows = pd.DataFrame({"code": self.said[at].astype(str), "at": at})
        zones = pd.DataFrame({"code": self.zone_codes.astype(str), "zone": np.arange(len(self.zone_codes))})
        pairs = rows.merge(zones, on="code").sort_values(["at", "zone"])
        point, zone = pairs["at"].to_numpy(dtype=np.intp), pairs["zone"].to_numpy(dtype=np.intp)
        return point, zone, self.index.rows.hold(zone, self.day[point])

    def distances(self) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
        """Return how far the recorded zone is, whether the layer has it, and whether it holds on the day."""
        size = len(self.points)
        distance = np.full(size, np.inf)
        known, valid = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
        point, zone, holds = self._pairs
        known[point] = True
        point, zone = point[holds], zone[holds]
        valid[point] = True
        each = shapely.distance(self.shapes[zone], self.points[point])
        np.minimum.at(distance, point, each)
        return np.where(valid, distance, np.nan), known, valid

    def held_strictly(self) -> NDArray[np.bool_]:
        """Tell which rows lie strictly in their recorded zone."""
        inside = np.zeros(len(self.points), dtype=bool)
        point, zone, holds = self._pairs
        point, zone = point[holds], zone[holds]
        inside[point] = shapely.contains_properly(self.shapes[zone], self.points[point])
        return inside

    def one_zone_each(self) -> tuple[NDArray[np.intp], NDArray[Any]]:
        """Return the rows whose recorded zone is valid on their day, and that zone: the nearest."""
        point, zone, holds = self._pairs
        point, zone = point[holds], zone[holds]
        shapes = self.shapes
        order = np.lexsort((zone, shapely.distance(shapes[zone], self.points[point]), point))
        rows, first = np.unique(point[order], return_index=True)
        return rows, shapes[zone[order[first]]]


def suspicions_of(
    judged: Judged,
    incidents: gpd.GeoDataFrame,
    plan: AssignmentPlan,
    versions: Mapping[str, AssignmentPlan],
    *,
    times: Mapping[str, Any],
    lang: Language,
) -> pd.DataFrame:
    """List what the disagreements point to, that which explains most first.

    Parameters
    ----------
    judged : Judged
    incidents : GeoDataFrame
    plan : AssignmentPlan
        By which they were judged; it is asked again for other positions and days.
    versions : mapping of str to AssignmentPlan
        Of other versions of the zones.
    times : mapping
        How the times of the incidents are read.
    lang : {"zh", "en"}
    """
    total, agreed = int(judged.counts.sum()), int(judged.agrees.sum())
    ask = _Asking(judged, incidents, plan, times, lang=lang)
    found: list[dict[str, Any]] = []
    computed, gain = judged.computed, 0
    if agreed < total:
        tried = [ask.shifted(), ask.vintage(versions)]
        for row, answers in (one for one in tried if one is not None):
            found.append(row)
            if row["rows"] > gain:
                computed, gain = answers, row["rows"]
        found += ask.confused(computed)
        found += ask.unknown(versions)
    table = pd.DataFrame(found, columns=list(_COLUMNS))
    texts = [name for name, dtype in _COLUMNS.items() if dtype == "str"]
    table[texts] = table[texts].astype(object).where(table[texts].notna(), "")
    order = np.lexsort(
        (
            table["second_code"].to_numpy(dtype=str),
            table["first_code"].to_numpy(dtype=str),
            table["suspicion"].to_numpy(dtype=str),
            -table["rows"].to_numpy(dtype=np.float64),
        )
    )
    return table.iloc[order].reset_index(drop=True).astype(_COLUMNS)


@dataclass(frozen=True)
class _Asking:
    """The questions that are asked, each answered by a row of evidence or nothing."""

    judged: Judged
    incidents: gpd.GeoDataFrame
    plan: AssignmentPlan
    times: Mapping[str, Any]
    lang: Language

    def _answers(self, points: NDArray[Any], plan: AssignmentPlan) -> NDArray[np.object_]:
        """Return the answers of a plan for positions in the CRS of the zones."""
        day, _ = days_judged(self.incidents, plan, **self.times)
        x, y = point_coordinates(points)
        answers = plan.answer(x, y, day, crs=self.judged.index.measured_in)
        found: Any = answers[plan.tasks[0].code]
        codes: NDArray[np.object_] = found.texts()
        return codes

    def _moved(self, points: NDArray[Any]) -> NDArray[np.object_]:
        """Return the answers for other positions."""
        return self._answers(points, self.plan)

    def _row(
        self, suspicion: str, answers: NDArray[np.object_], evidence: str, **more: Any
    ) -> dict[str, Any]:
        total = int(self.judged.counts.sum())
        before, after = int(self.judged.agrees.sum()), int(self.judged.agreeing(answers).sum())
        shares = {"agreement_before": before / total, "agreement_after": after / total}
        return {"suspicion": suspicion, "rows": after - before, "evidence": evidence} | shares | more

    def _gain(self, answers: NDArray[np.object_]) -> tuple[int, int]:
        """Return how many rows more agree with other answers, and how many disagree now."""
        now = int(self.judged.agrees.sum())
        return int(self.judged.agreeing(answers).sum()) - now, int(self.judged.counts.sum()) - now

    def _is_enough(self, answers: NDArray[np.object_]) -> bool:
        gain, wrong = self._gain(answers)
        return gain >= _LEAST_ROWS and gain >= _LEAST_SHARE * wrong

    def shifted(self) -> tuple[dict[str, Any], NDArray[np.object_]] | None:
        """Ask whether all positions are shifted by the same, or in a shifted datum."""
        judged = self.judged
        rows, shapes = judged.one_zone_each()
        wrong = ~judged.agrees[rows]
        if int(wrong.sum()) < _LEAST_SHIFTED:
            return None
        x, y = point_coordinates(judged.points[rows])
        picked, weights = [], []
        for part in (np.flatnonzero(wrong), np.flatnonzero(~wrong)):
            chosen = part[spread_sample(x[part], y[part], _SAMPLE)]
            picked.append(chosen)
            weights.append(np.full(len(chosen), len(part) / max(len(chosen), 1)))
        sample, weight = np.concatenate(picked), np.concatenate(weights)
        put_back = {datum: self._put_back(datum) for datum in _DATUMS}
        seeds = []
        for points in put_back.values():
            there_x, there_y = point_coordinates(points[rows[sample]])
            seeds.append((float(np.median(there_x - x[sample])), float(np.median(there_y - y[sample]))))
        east, north = best_shift(x[sample], y[sample], shapes[sample], weight, seeds=seeds)
        xs, ys = point_coordinates(judged.points)
        moved = np.array([None] * len(xs), dtype=object)
        moved[judged.usable] = shapely.points(xs[judged.usable] + east, ys[judged.usable] + north)
        constant = self._moved(moved)
        tried = {"": constant} | {datum: self._moved(points) for datum, points in put_back.items()}
        gains = {datum: self._gain(answers)[0] for datum, answers in tried.items()}
        datum = max(_DATUMS, key=lambda name: gains[name])
        # The named datum is the better explanation where it does as well: within a hundredth.
        name = datum if gains[datum] >= 0.99 * gains[""] else ""
        if name:
            seed = seeds[list(_DATUMS).index(name)]
            east, north = seed
        length = float(np.hypot(east, north))
        gain, disagree = self._gain(tried[name])
        least = max(_LEAST_SHIFTED, _LEAST_SHIFTED_SHARE * disagree)
        if gain < least or length <= self.plan.border_within_m:
            return None
        told = self._shift_words(-east, -north, length, name)
        figures = {
            "shift_m": length,
            "shift_east_m": -east + 0.0,
            "shift_north_m": -north + 0.0,
            "datum": name,
        }
        row = self._row("shift", tried[name], "", **figures)
        row["evidence"] = told + self._rise(row)
        return row, tried[name]

    def _put_back(self, datum: Any) -> NDArray[Any]:
        """Return the positions as they are if those given are in a shifted datum."""
        judged = self.judged
        at = np.flatnonzero(judged.usable)
        degrees = convert_crs(
            gpd.GeoSeries(judged.points[at], crs=judged.index.measured_in), CGCS2000, name="incidents"
        ).to_numpy()
        lon, lat = shift(*point_coordinates(degrees), source=datum, target="wgs84")
        points = np.array([None] * len(judged.points), dtype=object)
        back = gpd.GeoSeries(shapely.points(lon, lat), crs=CGCS2000)
        points[at] = convert_crs(back, judged.index.measured_in, name="incidents").to_numpy()
        return points

    def vintage(
        self, versions: Mapping[str, AssignmentPlan]
    ) -> tuple[dict[str, Any], NDArray[np.object_]] | None:
        """Ask whether the zones of another day, or another version, agree better."""
        tried: dict[str, NDArray[np.object_]] = {}
        points, own = self.judged.points, pd.Series(self.judged.zone_codes)
        for name, version in versions.items():
            answers = pd.Series(self._answers(points, version), dtype="str")
            written = matched_codes(answers, own).codes
            tried[name] = written.astype(object).where(written.notna(), None).to_numpy()
        for day in self._days():
            tried[day] = self._answers(points, self.plan.judged_at(day))
        best = max(sorted(tried), key=lambda name: self._gain(tried[name])[0], default=None)
        if best is None or not self._is_enough(tried[best]):
            return None
        row = self._row("other_vintage", tried[best], "", version=best)
        told = tr("the zones of {best} agree better", best=best, lang=self.lang)
        row["evidence"] = told + self._rise(row)
        return row, tried[best]

    def _days(self) -> list[str]:
        """Return the days on which something changes, the day before the first too; the latest if many."""
        begins, ends = self.judged.index.rows.begins, self.judged.index.rows.ends
        bounds = {int(day) for day in begins if day > NEVER} | {int(day) + 1 for day in ends if day < ALWAYS}
        days = sorted(bounds)[-_MOST_DAYS:]
        return [str(np.datetime64(day, "D")) for day in ([days[0] - 1, *days] if days else [])]

    def confused(self, computed: NDArray[np.object_]) -> list[dict[str, Any]]:
        """Ask which zones are mostly recorded under the code of another."""
        judged = self.judged
        at = np.flatnonzero(judged.counts & pd.notna(computed))
        table = pd.DataFrame({"zone": computed[at].astype(str), "said": judged.said[at].astype(str)})
        pairs = table.value_counts(["zone", "said"]).rename("n").reset_index()
        whole = table["zone"].value_counts()
        mostly = pairs[
            (pairs["zone"] != pairs["said"])
            & (pairs["n"] >= _LEAST_ROWS)
            & (2 * pairs["n"] > whole.reindex(pairs["zone"]).to_numpy())
        ]
        taken = {
            str(zone): (str(said), int(count))
            for zone, said, count in mostly[["zone", "said", "n"]].to_numpy().tolist()
        }
        known = set(judged.zone_codes)
        found = []
        for zone, (said, count) in sorted(taken.items()):
            of = int(whole[zone])
            back = taken.get(said, ("", 0))
            if back[0] == zone:
                if zone < said:
                    found.append(self._swap(zone, said, count, of, back[1], int(whole[said])))
                continue
            kind = "other_code" if said in known else "renamed_code"
            told = tr(
                "of {of} incidents in {zone}, {count} are recorded as {said}",
                of=of,
                zone=zone,
                count=count,
                said=said,
                lang=self.lang,
            )
            if said not in known:
                told += tr(", a code that the layer lacks", lang=self.lang)
            found.append(
                {"suspicion": kind, "rows": count, "first_code": zone, "second_code": said, "evidence": told}
            )
        return found

    def _swap(self, first: str, second: str, n: int, of: int, m: int, of_second: int) -> dict[str, Any]:
        told = tr(
            "of {of} incidents in {first}, {n} are recorded as {second}; of {of_second} in "
            "{second}, {m} as {first}",
            of=of,
            first=first,
            n=n,
            second=second,
            of_second=of_second,
            m=m,
            lang=self.lang,
        )
        codes = {"first_code": first, "second_code": second}
        return {"suspicion": "swapped_codes", "rows": n + m, "evidence": told} | codes

    def unknown(self, versions: Mapping[str, AssignmentPlan]) -> list[dict[str, Any]]:
        """Name the recorded codes that the layer lacks, and the version that has most of them."""
        judged = self.judged
        said = pd.Series(judged.said[judged.counts], dtype="str")
        lacking = said[~said.isin(set(judged.zone_codes))]
        if not len(lacking):
            return []
        counts = lacking.value_counts()
        order = sorted(counts.index, key=lambda code: (-int(counts[code]), str(code)))
        named = ", ".join(f"{code} ({int(counts[code])})" for code in order[:_MOST_NAMED])
        rest = len(order) - _MOST_NAMED
        if rest > 0:
            named = tr("{named} and {rest:,} more", named=named, rest=rest, lang=self.lang)
        told = tr(
            "the layer lacks {codes:,} recorded codes, in {rows:,} rows: {named}",
            codes=len(order),
            rows=len(lacking),
            named=named,
            lang=self.lang,
        )
        having = {
            name: int(matched_codes(lacking, _codes_of(version)).known.sum())
            for name, version in versions.items()
        }
        best = max(sorted(having), key=lambda name: having[name], default="")
        if having.get(best):
            told += tr("; {version} has those of {count:,}", version=best, count=having[best], lang=self.lang)
        else:
            best = ""
        return [{"suspicion": "unknown_codes", "rows": len(lacking), "version": best, "evidence": told}]

    def _shift_words(self, east: float, north: float, length: float, datum: str) -> str:
        name = _DATUMS.get(datum, "")
        sides = (
            ("east" if east >= 0 else "west", abs(east)),
            ("north" if north >= 0 else "south", abs(north)),
        )
        ways = [
            tr("{metres:.1f} m {way}", metres=metres, way=tr(way, lang=self.lang), lang=self.lang)
            for way, metres in sides
        ]
        told = tr(
            "all positions lie {length:.1f} m off ({east}, {north})",
            length=length,
            east=ways[0],
            north=ways[1],
            lang=self.lang,
        )
        return told + (tr(", as {name} coordinates do", name=name, lang=self.lang) if name else "")

    def _rise(self, row: dict[str, Any]) -> str:
        before, after = f"{row['agreement_before']:.1%}", f"{row['agreement_after']:.1%}"
        return tr(
            "; with that the agreement rises from {before} to {after}",
            before=before,
            after=after,
            lang=self.lang,
        )


def _codes_of(plan: AssignmentPlan) -> pd.Series:
    """Return the codes of the zones of a plan, row by row."""
    task = plan.tasks[0]
    return pd.Series(task.index.carried[task.code].texts())
