"""What the policy's numbers are measured from, planted in the layers, and counted one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.synth.offices import LAST_DAY
from zjk_gis.synth.streets import nearest_codes

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["plant_goals", "plant_works"]

_NEW_SINCE = "2022-01-01"
_BY_HAND = {"巷": 0.6, "支路": 0.2}  # the share of edges of a class that is swept by hand
_DONE = 0.8  # of the projects that could be finished
_MODELS = (("精品街道", "2024-10-15"), ("美丽街区", None))  # the second takes part, and has not got there yet


def plant_goals(layers: dict[str, gpd.GeoDataFrame], rng: np.random.Generator) -> list[dict[str, Any]]:
    """Give lots a day of filing, roads a way of sweeping, and streets a part in the contest of model streets.

    What the other targets are measured from is not there, as in many a bureau.

    Returns
    -------
    list of dict
        ``target``, ``area``, ``numerator`` and ``denominator`` (None of a number), on the last day.
    """
    lots, roads, streets = (layers[name] for name in ("parking_lots", "roads", "streets"))
    days = pd.Timestamp(LAST_DAY) - pd.to_timedelta(rng.integers(0, 6 * 365, len(lots)), unit="D")
    told: list[str | None] = [f"{day:%Y-%m-%d}" for day in days]
    told[::13] = [None] * len(told[::13])  # nobody knows of some
    lots["filed_on"] = pd.Series(told, index=lots.index, dtype=object)
    by_hand = rng.random(len(roads)) < roads["road_class"].map(_BY_HAND).fillna(0.0).to_numpy()
    roads["sweeping_method"] = np.where(by_hand, "人工清扫", "机械清扫")
    first = streets["district_code"].min()
    takers = streets.index[streets["district_code"] == first][: len(_MODELS)]
    for at, column in enumerate(("model_title", "model_since")):
        known = {row: model[at] for row, model in zip(takers, _MODELS, strict=False)}
        streets[column] = pd.Series([known.get(row) for row in streets.index], streets.index, dtype=object)
    return [*_berths(lots), *_swept(layers), *_models(streets)]


def _row(target: str, area: str, numerator: float, denominator: float | None = None) -> dict[str, Any]:
    return {"target": target, "area": area, "numerator": numerator, "denominator": denominator}


def _berths(lots: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    count = 0
    for lot in lots.to_dict("records"):
        if lot["lot_kind"] != "专用" and str(lot["filed_on"] or "") >= _NEW_SINCE:
            count += int(lot["berths"])
    return [_row("new_public_berths", "", count)]


def _swept(layers: dict[str, gpd.GeoDataFrame]) -> list[dict[str, Any]]:
    """Add up metres to a decimetre, edge by edge."""
    roads, districts = layers["roads"], layers["districts"].sort_values("district_code")
    owner = nearest_codes(roads.geometry.interpolate(0.5, normalized=True), districts, "district_code")
    sums: dict[str, list[float]] = {code: [0.0, 0.0] for code in districts["district_code"]}
    for district, method, length in zip(owner, roads["sweeping_method"], roads.length, strict=True):
        sums[district][0] += length if method == "机械清扫" else 0.0
        sums[district][1] += length
    return [
        _row("mechanical_sweeping", code, round(by_machine, 1), round(whole, 1))
        for code, (by_machine, whole) in sums.items()
    ]


def _models(streets: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    counts = dict.fromkeys(sorted(set(streets["district_code"])), 0)
    reached = 0
    for street in streets.to_dict("records"):
        counts[street["district_code"]] += street["model_title"] is not None
        reached += street["model_since"] is not None
    return [
        *(_row("streets_per_county", code, count) for code, count in counts.items()),
        _row("model_streets", "", reached),
    ]


def plant_works(projects: gpd.GeoDataFrame, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Give projects money and days, and count them by department, one by one.

    Returns
    -------
    list of dict
        ``area`` (the department), ``indicator``, ``numerator`` and ``denominator``, on the last day.
    """
    count = len(projects)
    begun = pd.Timestamp("2024-03-01") + pd.to_timedelta(rng.integers(0, 400, count), unit="D")
    planned = begun + pd.to_timedelta(rng.integers(90, 400, count), unit="D")
    ended = planned + pd.to_timedelta(rng.choice([-20, 0, 1, 60], count), unit="D")
    budget = rng.integers(50, 2000, count) * 10_000
    projects["project_name"] = [f"{number}号改造工程" for number in range(1, count + 1)]
    projects["department"] = rng.choice(["城管执法局", "住房和城乡建设局"], count)
    projects["fund_source"] = rng.choice(["上级补助", "政府债券", "本级财政", "社会资本"], count)
    projects["begins_on"], projects["due_on"] = begun.strftime("%Y-%m-%d"), planned.strftime("%Y-%m-%d")
    is_done = (ended <= pd.Timestamp(LAST_DAY)) & (rng.random(count) < _DONE)
    told = [f"{day:%Y-%m-%d}" if done else None for day, done in zip(ended, is_done, strict=True)]
    projects["ends_on"] = pd.Series(told, index=projects.index, dtype=object)
    projects["budget_yuan"] = budget
    projects["paid_yuan"] = np.round(budget * rng.choice([0.3, 0.6, 1.0], count))
    sums: dict[tuple[str, str], list[float]] = {}
    for work in projects.to_dict("records"):
        ends, due, cost = work["ends_on"], work["due_on"], work["budget_yuan"]
        is_due = bool(ends) or due < LAST_DAY
        for name, above, below in (
            ("paid_rate", work["paid_yuan"], cost),
            ("private_fund_rate", cost * (work["fund_source"] == "社会资本"), cost),
            ("finished_rate", bool(ends), 1),
            ("finished_in_time_rate", bool(ends) and ends <= due, is_due),
            ("overdue_works_rate", not ends and is_due, is_due),
        ):
            pair = sums.setdefault((work["department"], name), [0, 0])
            pair[0] += float(above)
            pair[1] += float(below)
    return [
        {"area": area, "indicator": name, "numerator": above, "denominator": below}
        for (area, name), (above, below) in sorted(sums.items())
    ]
