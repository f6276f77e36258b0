"""Drains that fall the wrong way, not at all, too little or too much (逆坡、平坡、坡度不足、过陡)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.pipes.dimensions import dimensions_of, kinds_of, numbers_of, pipes_of, texts_of
from zjk_gis.pipes.survey.faults import flow_of
from zjk_gis.pipes.survey.points import points_of
from zjk_gis.standards import rules_table

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.standards.rules import Overrides

__all__ = ["adverse_slopes"]

_FLAT_M = 0.001  # levels are surveyed to the millimetre
_EXACT = 1e-9
_ON_PURPOSE = ("倒虹", "跌水", "提升", "泵", "压力")
_CONCRETE = ("砼", "混凝土", "水泥", "CONCRETE")
_PLASTIC = ("PVC", "PE", "HDPE", "PP", "UPVC", "塑料", "玻璃钢", "BLG", "PLASTIC")
_SEWAGE = "WS"
_GB50014 = "GB 50014-2021"


@checked
def adverse_slopes(
    pipelines: gpd.GeoDataFrame,
    *,
    manholes: gpd.GeoDataFrame | None = None,
    points: gpd.GeoDataFrame | None = None,
    within_m: float = 0.5,
    at: str | dt.date | None = None,
    tables: Overrides | None = None,
    strict: bool = False,
) -> gpd.GeoDataFrame:
    """Find drains whose slope is wrong: against the flow, flat, below the least, or too steep.

    Parameters
    ----------
    pipelines : GeoDataFrame
        Lines with ``pipe_code`` and ``pipe_kind``; with ``from_level_m`` and ``to_level_m`` (of the bottom),
        ``flow``, ``diameter_mm`` and ``material`` where they are known; for pipes over 300 mm also
        ``fill_ratio`` (设计充满度) and ``roughness`` (粗糙系数 n).
    manholes, points : GeoDataFrame, optional
        The points at their ends: their ``ground_level_m`` makes a level of a depth, and their ``feature`` or
        ``appurtenance`` tells inverted siphons (倒虹), drops (跌水) and pumps, which are not judged.
    within_m : float, default 0.5
        A pipe that names no point at an end belongs to the nearest one this near.
    at : date or str, optional
        Only pipes and points in use on this day count, by ``valid_from`` (敷设), ``built_year`` and
        ``valid_to`` (废弃); the others are set aside and told. By default all count.
    tables : mapping of str to DataFrame, str or Path, optional
        Your own rows of the table ``limits`` (see `zjk_gis.standards.rules_table`).
    strict : bool, default False
        Refuse rows that cannot be judged, instead of setting them aside.

    Returns
    -------
    GeoDataFrame
        The rows of `pipelines` concerned, gravity drains alone, in their order and under their index, in a
        metric CRS, with

        - ``slope`` (float64): positive downhill in the direction of flow; NaN where levels are missing;
        - ``least_slope`` (float64): that is asked; NaN where no rule can be applied;
        - ``slope_fault`` (text): ``adverse``, ``flat``, ``below_least``, ``too_steep`` or
          ``cannot_be_judged``;
        - ``sure`` (bool): False where the direction of flow is only that of drawing;
        - ``lacking`` (text): the columns that would have to be known;
        - ``rule`` and ``confidence`` (text).

        ``attrs["set_aside"]`` lists the rows without code, known kind or sound shape, and the drains that run
        against the rule on purpose (``on_purpose``).

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError, GeometryError
        If a layer cannot be used.
    InputError
        If no kind or flow is understood.

    Notes
    -----
    Least slopes, GB 50014-2021: DN300 0.003 of concrete and 0.002 of plastic. Larger pipes are judged by the
    least velocity, 0.6 m/s of sewage at its design fill, 0.75 m/s of rain and combined water running full,
    by Manning's formula; without fill and roughness they cannot be judged, and smaller pipes have no rule.
    A level is that of the bottom (管底).

    Examples
    --------
    A sewer that rises 0.1 m in 30 m in the direction of flow:

    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> pipes = gpd.GeoDataFrame(
    ...     {
    ...         "pipe_code": ["P1"],
    ...         "pipe_kind": ["污水"],
    ...         "flow": ["顺向"],
    ...         "from_level_m": [799.0],
    ...         "to_level_m": [799.1],
    ...     },
    ...     geometry=[LineString([(0, 0), (30, 0)])],
    ...     crs=4547,
    ... )
    >>> adverse_slopes(pipes)[["pipe_code", "slope", "slope_fault", "sure"]].round(4)
      pipe_code   slope slope_fault  sure
    0        P1 -0.0033     adverse  True
    """
    aside = SetAside(strict=strict)
    pipes = pipes_of(pipelines, aside, at)
    kinds = kinds_of(pipes, aside)
    drains = kinds["gravity"].to_numpy()
    pipes, kinds = pipes[drains], kinds[drains]
    ends = points_of(pipes, manholes, points, within_m, aside, at)
    purpose = _on_purpose(pipes, ends.features, ends.ends)
    aside.note(pipes, "pipelines", purpose, "on_purpose", code_text(pipes["pipe_code"]))
    size = dimensions_of(pipes, np.ones(len(pipes), dtype=bool))
    level = np.where(np.isnan(size.level), ends.value_at(ends.ground) - size.depth, size.level)
    recorded = flow_of(pipes, np.full_like(level, np.nan))
    fall = (level[:, 0] - level[:, 1]) * np.where(recorded == 0, 1, recorded)
    length = pipes.length.to_numpy()
    slope = np.divide(fall, length, out=np.full(len(fall), np.nan), where=length > 0)
    limits = rules_table("limits", overrides=tables).set_index("limit")["value"].astype(float)
    least, most, lacking, rule = _least_slopes(pipes, kinds["pipe_kind"], size.height, limits)
    steep = float(np.tan(np.radians(limits["pipe_slope_drain_most"])))
    fault = np.select(
        [
            np.isnan(slope),
            fall < -_FLAT_M - _EXACT,
            np.abs(fall) <= _FLAT_M + _EXACT,
            slope > steep + _EXACT,
            slope < least - _EXACT,
            ~(slope >= most - _EXACT) & (lacking != ""),
        ],
        ["cannot_be_judged", "adverse", "flat", "too_steep", "below_least", "cannot_be_judged"],
        "",
    )
    lacking = np.where(fault == "cannot_be_judged", lacking, "")
    lacking = np.where(np.isnan(slope), "from_level_m;to_level_m", lacking)
    found = (fault != "") & ~purpose
    by_least = np.isin(fault, ["below_least"]) | ((fault == "cannot_be_judged") & ~np.isnan(slope))
    rows = pipes[found]
    answers: dict[str, Any] = {
        "slope": slope[found],
        "least_slope": np.where(by_least, np.where(np.isnan(least), most, least), np.nan)[found],
        "slope_fault": pd.Series(fault[found], index=rows.index, dtype="str"),
        "sure": ((recorded != 0) | (fault == "flat") | (fault == "too_steep"))[found],
        "lacking": pd.Series(lacking[found], index=rows.index, dtype="str"),
        "rule": pd.Series(
            np.where(by_least, rule, "CJJ 61-2017 checks, as practised")[found], index=rows.index, dtype="str"
        ),
        "confidence": pd.Series(np.where(by_least, "S", "M")[found], index=rows.index, dtype="str"),
    }
    return aside.told_in(with_answers(rows, answers))


def _on_purpose(
    pipes: gpd.GeoDataFrame, features: NDArray[np.object_], ends: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell which drains are siphons, drops or under pressure, by what they or a point at an end say."""
    said = np.array([any(word in text for word in _ON_PURPOSE) for text in features.tolist()] + [False])
    own = np.zeros(len(pipes), dtype=bool)
    for column in ("feature", "appurtenance"):
        text = texts_of(pipes, column)
        own |= np.array([any(word in each for word in _ON_PURPOSE) for each in text.tolist()], dtype=bool)
    # An inverted siphon has a chamber (倒虹井) at either end; a drop manhole or a pump is enough at one.
    siphon = np.array(["倒虹" in text for text in features.tolist()] + [False])
    return np.asarray(own | siphon[ends].all(axis=1) | (said & ~siphon)[ends].any(axis=1), dtype=bool)


def _least_slopes(
    pipes: gpd.GeoDataFrame, kinds: pd.Series, size_m: NDArray[np.float64], limits: pd.Series
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.object_], NDArray[np.object_]]:
    """Return what is asked at least and at most, what would have to be known, and by which rule."""
    n = len(pipes)
    least, most = np.full(n, np.nan), np.full(n, np.nan)
    lacking, rule = np.full(n, "", dtype=object), np.full(n, "", dtype=object)
    mm = np.round(size_m * 1000, 3)
    material = texts_of(pipes, "material")
    plain = pd.Series(material).str.upper().to_numpy(dtype=object)
    concrete = np.array([text == "T" or any(word in text for word in _CONCRETE) for text in plain.tolist()])
    plastic = np.array([any(word in text for word in _PLASTIC) for text in plain.tolist()])
    small = mm == 300
    asked = limits["slope_dn300_concrete"], limits["slope_dn300_plastic"]
    least[small] = np.where(concrete, max(asked), min(asked))[small]
    most[small] = np.where(plastic & ~concrete, min(asked), max(asked))[small]
    lacking[small & ~concrete & ~plastic] = "material"
    rule[small] = f"{_GB50014}: DN300"
    large = mm > 300
    fill, roughness = numbers_of(pipes, "fill_ratio"), numbers_of(pipes, "roughness")
    sewage = (kinds == _SEWAGE).to_numpy(dtype=bool)
    fill = np.where(sewage, fill, 1.0)
    known = large & (fill > 0) & (fill <= 1) & (roughness > 0)
    velocity = np.where(sewage, limits["velocity_sewage"], limits["velocity_rain"])
    radius = _hydraulic_radius(size_m, fill)
    least[known] = most[known] = ((velocity * roughness / radius ** (2 / 3)) ** 2)[known]
    lacking[large & ~known] = np.where(sewage, "fill_ratio;roughness", "roughness")[large & ~known]
    rule[large] = np.where(sewage, f"{_GB50014}: 0.6 m/s", f"{_GB50014}: 0.75 m/s")[large]
    lacking[np.isnan(size_m)] = "diameter_mm"
    rule[np.isnan(size_m)] = _GB50014
    return least, most, lacking, rule


def _hydraulic_radius(size_m: NDArray[np.float64], fill: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the hydraulic radius of a round pipe filled to a share of its diameter.

    Examples
    --------
    >>> _hydraulic_radius(np.array([1.0, 1.0]), np.array([1.0, 0.5])).tolist()
    [0.25, 0.25]
    """
    angle = 2 * np.arccos(np.clip(1 - 2 * fill, -1, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        radius = size_m / 4 * (1 - np.sin(angle) / angle)
    return np.asarray(radius.round(12))
