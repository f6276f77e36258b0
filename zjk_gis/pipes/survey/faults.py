"""Checks of a pipe survey (管线普查质检), as CJJ 61 and the drainage code ask them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.layers.catalogue import CATALOGUE, PIPELINES
from zjk_gis.layers.checks.problems import Problems
from zjk_gis.layers.checks.topology import TOPOLOGY, Periods, manhole_spacing
from zjk_gis.layers.columns.periods import ALWAYS, NEVER
from zjk_gis.layers.columns.values import code_text, coded
from zjk_gis.layers.metric import require_amounts
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.pipes.dimensions import dimensions_of, kinds_of, pipes_of
from zjk_gis.pipes.survey.points import SurveyPoints, points_of
from zjk_gis.standards import rules_table
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from zjk_gis.pipes.dimensions import Dimensions
    from zjk_gis.standards.rules import Overrides
    from zjk_gis.words import Language

__all__ = ["FEATURE_DEGREES", "flow_of", "survey_faults"]

# How many pipes meet at a feature (特征) by its name.
FEATURE_DEGREES = {"三通": 3, "四通": 4, "五通": 5, "六通": 6, "弯头": 2, "拐点": 2, "转折点": 2, "变径": 2,
                   "直线点": 2, "起讫点": 1, "起点": 1, "终点": 1, "堵头": 1, "预留口": 1}  # fmt: skip
_FLOWS = {"顺向": 1, "逆向": -1}
_DROPS = "跌水"
_EXACT = 1e-9


@checked
def survey_faults(
    manholes: gpd.GeoDataFrame,
    pipelines: gpd.GeoDataFrame,
    *,
    points: gpd.GeoDataFrame | None = None,
    within_m: float = 0.5,
    at: str | dt.date | None = None,
    tables: Overrides | None = None,
    lang: Language = "zh",
    strict: bool = False,
) -> gpd.GeoDataFrame:
    """Check a survey of pipes and their points for what contradicts itself or the rules of the field.

    Parameters
    ----------
    manholes : GeoDataFrame
        Points with ``manhole_code``; with ``well_number``, ``map_number``, ``ground_level_m``, ``feature``
        and ``appurtenance`` where they are known.
    pipelines : GeoDataFrame
        Lines with ``pipe_code`` and ``pipe_kind``; with ``from_manhole``, ``to_manhole``, depths, levels,
        ``diameter_mm`` and ``flow`` where they are known.
    points : GeoDataFrame, optional
        Survey points (管线点) with ``point_code``, which pipes may name at their ends, too.
    within_m : float, default 0.5
        A pipe that names no point at an end belongs to the nearest one this near.
    at : date or str, optional
        Only pipes and points in use on this day count, by ``valid_from`` (敷设), ``built_year`` and
        ``valid_to`` (废弃); the others are set aside and told. By default all count.
    tables : mapping of str to DataFrame, str or Path, optional
        Your own rows of the tables ``checks`` and ``limits`` (see `zjk_gis.standards.rules_table`).
    lang : {"zh", "en"}, default "zh"
        The language of the messages.
    strict : bool, default False
        Refuse rows that cannot be judged, instead of setting them aside.

    Returns
    -------
    GeoDataFrame
        One row a fault, by rule and codes, in a metric CRS: ``finding_code``, ``rule`` (a key of the table
        ``checks``), ``title``, ``severity``, ``pipe_code``, ``manhole_code`` (missing where the fault is not
        one of a pipe or a point), ``other`` (the code of another row concerned), ``value`` and ``limit``
        (float64), ``message``, ``rule_source``, ``confidence``, and the pipe or point. The rules:

        - ``level_mismatch``: ground level = depth + pipe level, at each end;
        - ``several_depths``: pipes of one kind have one depth at a point that is not a drop manhole (跌水井);
        - ``wrong_degree``: 三通 joins three pipes, 四通 four, 弯头 two, 起讫点 one ...;
        - ``start_is_end``, ``repeated_segment`` (also reversed; twin pipes along different lines are none),
          ``repeated_place`` of points;
        - ``odd_length``: shorter than 0.05 m or, of drains, longer than manholes may be apart: 75, 100, 150,
          200 m by diameter;
        - ``too_steep``: over 10° of drains, 30° of others;
        - ``missing_point``, ``orphan_point``: ends that name no point there is, points without pipes;
        - ``diameter_shrinks``, ``invert_rises``, ``invert_drops``: of drains, from pipe to pipe downstream.

        ``attrs["set_aside"]`` lists the rows that are not judged.

    Raises
    ------
    MissingColumnError
        If there is no ``manhole_code``, ``pipe_code`` or ``pipe_kind``.
    EmptyLayerError, CRSError, GeometryError
        If a layer cannot be used.
    InputError
        If no kind or flow is understood, or the distance is negative.

    Notes
    -----
    Which way a drain flows is told by ``flow``, without it by the levels of its ends. Sources and confidence
    stand in the table ``checks``, limits in ``limits``. Slopes against the flow are another question, see
    `zjk_gis.pipes.adverse_slopes`.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> wells = gpd.GeoDataFrame(
    ...     {"manhole_code": ["M1", "M2"], "ground_level_m": [702.0, 702.0]},
    ...     geometry=gpd.points_from_xy([0, 30], [0, 0]),
    ...     crs=4547,
    ... )
    >>> pipes = gpd.GeoDataFrame(
    ...     {
    ...         "pipe_code": ["P1"],
    ...         "pipe_kind": ["污水"],
    ...         "from_manhole": ["M1"],
    ...         "to_manhole": ["M2"],
    ...         "from_depth_m": [2.0],
    ...         "from_level_m": [700.3],
    ...     },
    ...     geometry=[LineString([(0, 0), (30, 0)])],
    ...     crs=4547,
    ... )
    >>> survey_faults(wells, pipes)[["rule", "pipe_code", "manhole_code", "value", "limit"]]
                 rule pipe_code manhole_code  value  limit
    0  level_mismatch        P1           M1    0.3   0.05
    """
    require_amounts(within_m=within_m)
    aside = SetAside(strict=strict)
    pipes = pipes_of(pipelines, aside, at).reset_index(drop=True)
    found = points_of(pipes, manholes, points, within_m, aside, at)
    survey = _Survey(pipes, found, aside, tables, lang)
    for check in (
        survey.levels,
        survey.depths,
        survey.degrees,
        survey.segments,
        survey.places,
        survey.lengths,
        survey.slopes,
        survey.missing,
        survey.downstream,
    ):
        check()
    return aside.told_in(survey.findings())


def flow_of(pipes: pd.DataFrame, level: NDArray[np.float64], name: str = "pipelines") -> NDArray[np.int8]:
    """Return which way pipes flow: 1 as drawn, -1 against it, 0 not known; by flow, else by levels.

    Raises
    ------
    InputError
        If no flow is understood.
    """
    way = np.zeros(len(pipes), np.int8)
    if "flow" in pipes:
        meant, _ = coded(pipes, PIPELINES.field("flow"), name)
        way = np.asarray(meant.map(_FLOWS).fillna(0), dtype=np.int8)
    fall = level[:, 0] - level[:, 1]
    told = np.isfinite(fall) & (np.abs(fall) > _EXACT)
    by_level = np.where(told, np.sign(fall), 0).astype(np.int8)
    return np.where(way == 0, by_level, way).astype(np.int8)


def _rows(table: pd.DataFrame) -> list[Any]:
    return list(table.itertuples())


class _Survey:
    """The checks, and what they found so far."""

    def __init__(
        self,
        pipes: gpd.GeoDataFrame,
        points: SurveyPoints,
        aside: SetAside,
        tables: Overrides | None,
        lang: Language,
    ) -> None:
        self.pipes, self.points, self.tables, self.lang = pipes, points, tables, lang
        self.codes = code_text(pipes["pipe_code"]).to_numpy(dtype=object)
        self.kinds = kinds_of(pipes, aside)
        self.gravity = self.kinds["gravity"].to_numpy()
        self.size: Dimensions = dimensions_of(pipes, self.gravity)
        self.checks = rules_table("checks", overrides=tables).set_index("check")
        self.limits = rules_table("limits", overrides=tables).set_index("limit")["value"].astype(float)
        self.rows: list[dict[str, Any]] = []

    def note(
        self,
        rule: str,
        *,
        pipe: int = -1,
        point: int = -1,
        other: str = "",
        value: float = np.nan,
        limit: float = np.nan,
        **words: object,
    ) -> None:
        """Remember a fault of a pipe or of a point."""
        check = self.checks.loc[rule]
        said = {
            "value": f"{value:,.3f}".rstrip("0").rstrip("."),
            "limit": f"{limit:g}",
            "other": other,
        } | words
        self.rows.append(
            {
                "rule": rule,
                "title": check[f"title_{self.lang}"],
                "severity": check["severity"],
                "pipe_code": self.codes[pipe] if pipe >= 0 else None,
                "manhole_code": self.points.codes[point] if point >= 0 else None,
                "other": other or None,
                "value": value,
                "limit": limit,
                "message": check[f"message_{self.lang}"].format(**said),
                "rule_source": check["source"],
                "confidence": check["confidence"],
                "shape": self.pipes.geometry.iloc[pipe] if pipe >= 0 else self.points.shapes[point],
            }
        )

    def levels(self) -> None:
        """Compare the ground with depth and level at both ends."""
        most = self.limits["level_agreement"]
        ground = self.points.value_at(self.points.ground)
        total = self.size.depth + self.size.level
        off = np.abs(ground - total)
        for pipe, end in np.argwhere(off > most + _EXACT).tolist():
            self.note(
                "level_mismatch",
                pipe=pipe,
                point=int(self.points.ends[pipe, end]),
                value=round(float(off[pipe, end]), 6),
                limit=most,
                ground=f"{ground[pipe, end]:.3f}",
                sum=f"{total[pipe, end]:.3f}",
            )

    def depths(self) -> None:
        """Compare the depths that pipes of one kind have at one point."""
        most = self.limits["level_agreement"]
        table = pd.DataFrame(
            {
                "point": self.points.ends.ravel(),
                "kind": np.repeat(self.kinds["pipe_kind"].to_numpy(dtype=object), 2),
                "depth": self.size.depth.ravel(),
            }
        )
        table = table[(table["point"] >= 0) & table["depth"].notna() & table["kind"].notna()]
        spread = table.groupby(["point", "kind"])["depth"].agg(lambda depth: depth.max() - depth.min())
        for row in _rows(spread[spread > most + _EXACT].rename("value").reset_index()):
            point, kind, value = int(row.point), str(row.kind), float(row.value)
            if _DROPS not in self.points.features[point]:
                name = self._name_of(kind)
                self.note("several_depths", point=point, value=round(value, 6), limit=most, kind=name)

    def _name_of(self, kind: str) -> str:
        kinds = rules_table("pipe_kinds").drop_duplicates("pipe_kind").set_index("pipe_kind")
        return str(kinds.loc[kind, "pipe_kind_name" if self.lang == "zh" else "english_name"])

    def degrees(self) -> None:
        """Count the pipes at points whose feature says how many there are."""
        at = self.points.ends.ravel()
        degree = np.bincount(at[at >= 0], minlength=len(self.points.codes))
        for point, text in enumerate(self.points.features.tolist()):
            for feature, wanted in FEATURE_DEGREES.items():
                if text and feature in text.split() and degree[point] != wanted:
                    self.note(
                        "wrong_degree", point=point, value=float(degree[point]), limit=wanted, feature=feature
                    )

    def segments(self) -> None:
        """Ask the catalogue's checks which segments start where they end or are there twice."""
        self._asked_of_catalogue(self.pipes, "pipelines", ("start_is_end", "repeated_segment"), pipe=True)

    def places(self) -> None:
        """Ask the catalogue's checks which points lie at one place."""
        points = gpd.GeoDataFrame(
            {"manhole_code": self.points.codes}, geometry=self.points.shapes, crs=self.pipes.crs
        )
        self._asked_of_catalogue(points, "manholes", ("repeated_place",), pipe=False)

    def _asked_of_catalogue(
        self, layer: gpd.GeoDataFrame, name: str, rules: Sequence[str], *, pipe: bool
    ) -> None:
        spec, n = CATALOGUE[name], len(layer)
        always = Periods(begins=np.full(n, NEVER), ends=np.full(n, ALWAYS), usable=np.ones(n, dtype=bool))
        problems = Problems(layer, self.tables, self.lang)
        for rule in rules:
            TOPOLOGY[rule](problems, layer, spec, always)
        for row in problems.report(spec).problems.itertuples(index=False):
            at = int(str(row.row))
            self.note(str(row.rule), pipe=at if pipe else -1, point=-1 if pipe else at)
            self.rows[-1]["message"] = row.message

    def lengths(self) -> None:
        """Find segments that are hardly there, or longer than manholes may be apart."""
        least, most = self.limits["pipe_length_least"], manhole_spacing(self.pipes, self.tables)
        length = self.pipes.length.to_numpy()
        for pipe in np.flatnonzero((length < least) | (length > most)).tolist():
            short = length[pipe] < least
            bounds = (
                tr("the least is {least:g} m", least=least, lang=self.lang)
                if short
                else tr(
                    "manholes of this diameter are at most {upper:g} m apart",
                    upper=most[pipe],
                    lang=self.lang,
                )
            )
            self.note(
                "odd_length",
                pipe=pipe,
                value=round(float(length[pipe]), 6),
                limit=least if short else float(most[pipe]),
                length=f"{length[pipe]:,.2f}",
                bounds=bounds,
            )

    def slopes(self) -> None:
        """Find pipes that are steeper than pipes are."""
        most = np.where(self.gravity, self.limits["pipe_slope_drain_most"], self.limits["pipe_slope_most"])
        fall = np.abs(self.size.level[:, 0] - self.size.level[:, 1])
        degrees = np.degrees(np.arctan2(fall, self.pipes.length.to_numpy()))
        for pipe in np.flatnonzero(degrees > most + _EXACT).tolist():
            self.note("too_steep", pipe=pipe, value=round(float(degrees[pipe]), 3), limit=float(most[pipe]))

    def missing(self) -> None:
        """Find ends that name no point there is, and points that no pipe has at an end."""
        at, named = self.points.ends, self.points.named
        ends = (tr("its beginning", lang=self.lang), tr("its end", lang=self.lang))
        for pipe, end in np.argwhere((at < 0) & (named != "")).tolist():
            self.note(
                "missing_point", pipe=pipe, other=named[pipe, end], end=ends[end], name=named[pipe, end]
            )
        used = np.zeros(len(self.points.codes) + 1, dtype=bool)
        used[at.ravel()] = True
        for point in np.flatnonzero(~used[:-1]).tolist():
            self.note("orphan_point", point=point)

    def downstream(self) -> None:
        """Compare what leaves a point with what arrives there: sizes and inverts of drains of one kind."""
        way = flow_of(self.pipes, self.size.level)
        flows = np.flatnonzero(self.gravity & (way != 0) & (self.points.ends >= 0).all(axis=1))
        first = np.where(way[flows] > 0, 0, 1)
        begin, end = self.points.ends[flows, first], self.points.ends[flows, 1 - first]
        table = pd.DataFrame(
            {
                "pipe": flows,
                "kind": self.kinds["pipe_kind"].to_numpy(dtype=object)[flows],
                "size": self.size.height[flows],
                "upper": self.size.level[flows, first],
                "lower": self.size.level[flows, 1 - first],
                "begin": begin,
                "end": end,
            }
        )
        pairs = table.merge(
            table, left_on=["end", "kind"], right_on=["begin", "kind"], suffixes=("_in", "_out")
        )
        pairs = pairs[pairs["pipe_in"] != pairs["pipe_out"]]
        self._shrinking(pairs)
        self._inverts(pairs)

    def _shrinking(self, pairs: pd.DataFrame) -> None:
        """Note points where even the largest pipe that leaves is smaller than one that arrives."""
        largest = pairs.sort_values(["size_out", "pipe_out"], ascending=[False, True]).drop_duplicates(
            "pipe_in"
        )
        for row in _rows(largest[largest["size_out"] < largest["size_in"] - _EXACT]):
            self.note(
                "diameter_shrinks",
                pipe=row.pipe_out,
                point=row.begin_out,
                other=self.codes[row.pipe_in],
                value=round(row.size_out * 1000, 3),
                limit=round(row.size_in * 1000, 3),
                upper=f"{row.size_in * 1000:g}",
            )

    def _inverts(self, pairs: pd.DataFrame) -> None:
        """Note points where a drain leaves above where one arrives, or far below it."""
        most, agree = self.limits["drop_without_manhole"], self.limits["level_agreement"]
        lowest = pairs.sort_values(["upper_out", "pipe_out"]).drop_duplicates("pipe_in")
        drop = (lowest["lower_in"] - lowest["upper_out"]).to_numpy()
        lowest = lowest.assign(drop=drop)
        for row in _rows(lowest[drop < -agree - _EXACT]):
            self.note(
                "invert_rises",
                pipe=row.pipe_out,
                point=row.begin_out,
                other=self.codes[row.pipe_in],
                value=round(-row.drop, 6),
                limit=agree,
            )
        for row in _rows(lowest[drop >= most - _EXACT]):
            if _DROPS not in self.points.features[row.begin_out]:
                self.note(
                    "invert_drops",
                    pipe=row.pipe_in,
                    point=row.begin_out,
                    other=self.codes[row.pipe_out],
                    value=round(row.drop, 6),
                    limit=most,
                )

    def findings(self) -> gpd.GeoDataFrame:
        """Return the faults in order, numbered."""
        columns = ["rule", "title", "severity", "pipe_code", "manhole_code", "other", "value", "limit",
                   "message", "rule_source", "confidence", "shape"]  # fmt: skip
        table = pd.DataFrame(self.rows, columns=columns)
        for name in columns[:6] + columns[8:11]:
            table[name] = table[name].astype("str")
        for name in ("value", "limit"):
            table[name] = table[name].astype(np.float64)
        table["place"] = self.checks.index.get_indexer(pd.Index(table["rule"]))
        by = ["place", "pipe_code", "manhole_code", "other", "value"]
        table = table.sort_values(by, ignore_index=True).drop(columns="place")
        codes = [f"S{i:05d}" for i in range(1, len(table) + 1)]
        table.insert(0, "finding_code", pd.Series(codes, dtype="str"))
        shapes = table.pop("shape").to_numpy(dtype=object)
        return gpd.GeoDataFrame(table, geometry=shapes, crs=self.pipes.crs)
