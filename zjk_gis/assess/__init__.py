"""How well the city is managed, by figures that anyone can add up again (考核评价)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zjk_gis._lazy import lazily

if TYPE_CHECKING:
    from zjk_gis.assess.clocks import deadlines as deadlines
    from zjk_gis.assess.hot_cells import hot_spots as hot_spots
    from zjk_gis.assess.knox import near_repeats as near_repeats
    from zjk_gis.assess.ledgers import case_ledgers as case_ledgers
    from zjk_gis.assess.rates import indicators as indicators
    from zjk_gis.assess.repeats import mark_repeats as mark_repeats
    from zjk_gis.assess.repeats import repeat_incidents as repeat_incidents
    from zjk_gis.assess.road_pieces import black_spots as black_spots
    from zjk_gis.assess.same_things import duplicate_reports as duplicate_reports
    from zjk_gis.assess.scoring import CompositeScore as CompositeScore
    from zjk_gis.assess.scoring import composite_score as composite_score
    from zjk_gis.assess.scoring import ranking as ranking
    from zjk_gis.assess.space_time import emerging_hot_spots as emerging_hot_spots
    from zjk_gis.assess.targets import target_progress as target_progress
    from zjk_gis.assess.trends import area_trade_matrix as area_trade_matrix
    from zjk_gis.assess.trends import trend as trend
    from zjk_gis.assess.working_time import WorkingCalendar as WorkingCalendar

_HOMES = {
    "clocks": ("deadlines",),
    "hot_cells": ("hot_spots",),
    "knox": ("near_repeats",),
    "ledgers": ("case_ledgers",),
    "rates": ("indicators",),
    "repeats": ("mark_repeats", "repeat_incidents"),
    "road_pieces": ("black_spots",),
    "same_things": ("duplicate_reports",),
    "scoring": ("CompositeScore", "composite_score", "ranking"),
    "space_time": ("emerging_hot_spots",),
    "targets": ("target_progress",),
    "trends": ("area_trade_matrix", "trend"),
    "working_time": ("WorkingCalendar",),
}

__all__ = sorted(name for names in _HOMES.values() for name in names)  # noqa: PLE0605  all names are text

if not TYPE_CHECKING:  # for which a name that there is not is an error
    __getattr__, __dir__ = lazily(__name__, _HOMES)
