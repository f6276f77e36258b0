"""What a city file says of the tables that ship with the package, as rows of theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from zjk_gis.workspace.city_file.thresholds import THRESHOLDS

if TYPE_CHECKING:
    from zjk_gis.workspace.city_file.city import City

__all__ = ["duties_of", "tables_of"]

_OWN = "city"  # the practice by which the rows of deadlines are told apart from those that ship


def tables_of(city: City) -> dict[str, pd.DataFrame]:
    """Return the rows by table; tables of which the city says nothing are left out."""
    limits = {name: number for name, number in city.thresholds.items() if name not in THRESHOLDS}
    rows = {
        "deadlines": [
            {
                "event_code": each.event_code,
                "practice": _OWN,
                "deadline": f"{each.amount:g}",
                "clock": each.clock,
            }
            for each in city.deadlines
        ],
        "score_weights": _weighed("indicator", city.weights.score),
        "risk_weights": _weighed("hazard_grade", city.weights.risk),
        "limits": [{"limit": name, "value": f"{number:.15g}"} for name, number in limits.items()],
    }
    return {name: pd.DataFrame(each).assign(source=city.path.name) for name, each in rows.items() if each}


def duties_of(city: City) -> pd.DataFrame | None:
    """Return a row a duty; None where the city names none."""
    if not city.duties:
        return None
    return pd.DataFrame(
        {
            "event_code": [each.event_code for each in city.duties],
            "department": [each.department for each in city.duties],
            "place_code": pd.Series([each.place_code or None for each in city.duties], dtype="str"),
        }
    )


def _weighed(key: str, weights: object) -> list[dict[str, str]]:
    return [{key: name, "weight": f"{number:.15g}"} for name, number in dict(weights).items()]  # type: ignore[call-overload]
