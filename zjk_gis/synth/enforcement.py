"""Enforcement cases: what an office has decided and published in time, and some that are late by a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.synth.offices import CRS
from zjk_gis.synth.streets import nearest_codes

if TYPE_CHECKING:
    from zjk_gis.synth.planting import Planting

__all__ = ["make_enforcement"]

_ORDINARY = 120
_FIRST_DAY, _DAYS = "2024-01-01", 600
_CAUSES = ("占道经营", "擅自设置户外广告", "随意倾倒建筑垃圾", "擅自占用挖掘道路", "违法搭建")
_OFFICES = ("执法一大队", "执法二大队", "执法三大队")
_FINES = (200, 500, 1000, 5000, 20_000)

# filed, decided, published, closed; state; complex; what it is a case of, and whether it is late
_ON_THE_CLOCK: tuple[tuple[str, str | None, str | None, str | None, str, bool, str, bool], ...] = (
    ("2025-10-01", None, None, None, "调查", False, "late_decisions", True),  # ninety days, to 30 December
    ("2025-10-02", None, None, None, "告知", False, "late_decisions", False),  # due on the last day
    ("2025-10-01", None, None, None, "调查", True, "late_decisions", True),
    ("2025-10-02", None, None, None, "调查", True, "late_decisions", False),
    ("2025-09-01", None, None, None, "撤销", False, "late_decisions", False),  # nothing is to be done
    ("2025-11-20", "2025-12-19", None, None, "决定", False, "late_publications", True),  # to 30 December
    ("2025-11-20", "2025-12-22", None, None, "决定", False, "late_publications", False),
    ("2025-10-20", "2025-12-19", None, "2025-12-24", "结案", True, "late_publications", True),  # closed, too
    ("2025-10-20", "2025-12-22", None, None, "执行", True, "late_publications", False),
)
# The same of what has been published: the seventh working day and the eighth, one pair over National Day.
_PUBLISHED = (
    ("2025-10-20", "2025-11-10", "2025-11-19", True),
    ("2025-10-20", "2025-11-10", "2025-11-20", False),
    ("2025-08-20", "2025-09-26", "2025-10-13", True),
    ("2025-08-20", "2025-09-26", "2025-10-14", False),
)


def make_enforcement(
    layers: dict[str, gpd.GeoDataFrame], planting: Planting, rng: np.random.Generator
) -> tuple[gpd.GeoDataFrame, dict[str, Any]]:
    """Make enforcement cases (执法案件) of two years, and count the decisions that were published in time.

    Returns
    -------
    cases : GeoDataFrame
    told : dict
        ``target``, ``area``, ``numerator`` and ``denominator``, on the last day.
    """
    rows = [*_ordinary(rng), *_published()]
    in_time = sum(row.pop("in_time") for row in rows)
    told = len(rows)
    for filed, decided, published, closed, state, is_complex, kind, is_late in _ON_THE_CLOCK:
        code = f"ZF{filed[:4]}{len(rows) + 1:04d}"
        rows.append(_row(code, filed, decided, published, closed, state, is_complex=is_complex))
        planting.note(kind, code, fault=is_late)
        told += kind == "late_publications" and is_late
    cases = pd.DataFrame(rows)
    count = len(cases)
    cases["cause"] = rng.choice(_CAUSES, count)
    cases["department"] = rng.choice(_OFFICES, count)
    cases["fine_yuan"] = np.where(cases["decided_on"].notna(), rng.choice(_FINES, count), np.nan)
    grids = layers["unit_grids"].geometry.to_numpy()
    places = gpd.GeoSeries(shapely.point_on_surface(grids[rng.integers(0, len(grids), count)]), crs=CRS)
    cases["district_code"] = nearest_codes(places, layers["districts"], "district_code")
    figure = {
        "target": "penalties_published",
        "area": "",
        "numerator": float(in_time),
        "denominator": float(told),
    }
    return gpd.GeoDataFrame(cases, geometry=places, crs=CRS), figure


def _ordinary(rng: np.random.Generator) -> list[dict[str, Any]]:
    """Make cases that were decided within two months and published within three days."""
    filed = np.sort(np.datetime64(_FIRST_DAY) + rng.integers(0, _DAYS, _ORDINARY))
    decided = filed + rng.integers(10, 60, _ORDINARY)
    published = decided + rng.integers(1, 4, _ORDINARY)
    closed = published + rng.integers(5, 40, _ORDINARY)
    days = np.datetime_as_string(np.column_stack([filed, decided, published, closed])).tolist()
    return [
        _row(f"ZF{begun[:4]}{number:04d}", begun, decision, told, ended, "结案") | {"in_time": True}
        for number, (begun, decision, told, ended) in enumerate(days, 1)
    ]


def _published() -> list[dict[str, Any]]:
    return [
        _row(f"ZF{filed[:4]}{_ORDINARY + number:04d}", filed, decided, published, None, "执行")
        | {"in_time": in_time}
        for number, (filed, decided, published, in_time) in enumerate(_PUBLISHED, 1)
    ]


def _row(
    code: str,
    filed: str,
    decided: str | None,
    published: str | None,
    closed: str | None,
    state: str,
    *,
    is_complex: bool = False,
) -> dict[str, Any]:
    return {
        "case_code": code,
        "case_state": state,
        "filed_on": filed,
        "decided_on": decided,
        "published_on": published,
        "closed_on": closed,
        "is_complex": is_complex,
    }
