"""The names of codes: of areas, streets, chiefs and classes of events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from zjk_gis.layers.columns.values import as_text, code_text
from zjk_gis.standards.names import names_of
from zjk_gis.standards.rules import rules_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zjk_gis.standards.rules import Overrides

__all__ = ["names_by_column"]


def names_by_column(
    cases: pd.DataFrame, layers: Mapping[str, pd.DataFrame], codes: pd.DataFrame, tables: Overrides | None
) -> dict[str, dict[str, str]]:
    """Return the names of the codes in each column: from layers, else the incidents, else the tables.

    Where a code has several names, the last in order of text stands.
    """
    found: dict[str, dict[str, str]] = {}
    for column in codes:
        stem = str(column).removesuffix("_code")
        name = f"{stem}_name"
        own: dict[str, str] = {}
        if column == "event_code":
            events = rules_table("events", overrides=tables)
            own |= dict(zip(events["event_code"], events["event_name"], strict=True))
        elif column in ("district_code", "street_code", "community_code"):
            own |= names_of(tables).places
        for table in (cases, *layers.values()):
            if name in table and column in table:
                own |= _pairs(table[column], table[name])
        found[str(column)] = own
    return found


def _pairs(codes: pd.Series, names: pd.Series) -> dict[str, str]:
    pairs = pd.DataFrame({"code": code_text(codes).to_numpy(), "name": as_text(names).to_numpy()}).dropna()
    pairs = pairs.drop_duplicates().sort_values(["code", "name"])
    return dict(zip(pairs["code"], pairs["name"], strict=True))
