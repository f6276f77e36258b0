"""Faults of rows: who is at fault, what is there, what it is held against, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.errors import InputError, name_rows
from zjk_gis.layers.columns.codes import matched_codes
from zjk_gis.layers.columns.values import as_text
from zjk_gis.layers.metric import ready
from zjk_gis.layers.versions import zones_at
from zjk_gis.standards import rules_table

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray
    from pyproj import CRS

    from zjk_gis.layers.labels import Language
    from zjk_gis.standards.rules import Overrides

__all__ = ["Faults", "Judged", "judged"]

_COLUMNS = ("rule", "title", "severity", "layer", "code", "other", "value", "unit", "limit", "message")


@dataclass(frozen=True, slots=True)
class Judged:
    """Rows that are judged: where they are and what they are called."""

    name: str
    shapes: NDArray[Any]
    codes: NDArray[np.object_]
    rows: gpd.GeoDataFrame


def judged(rows: gpd.GeoDataFrame, name: str, code: str, crs: CRS, at: str | dt.date | None) -> Judged:
    """Return the rows of a layer that hold on a day, in a CRS; each code must come once."""
    kept = zones_at(
        ready(rows, name, kind="polygon", code=code, crs=crs).drop(columns="level", errors="ignore"), at
    )
    codes = as_text(kept[code])
    again = codes.duplicated(keep=False).to_numpy()
    if again.any():
        message = (
            f"{name}: {int(again.sum())} rows share their {code} with another "
            f"({name_rows(kept.index[again])}); name the day with at=, or give each its own"
        )
        raise InputError(message)
    return Judged(name, kept.geometry.to_numpy(), codes.to_numpy(dtype=object), kept)


class Faults:
    """The faults found so far."""

    def __init__(self, tables: Overrides | None, lang: Language) -> None:
        self._checks = rules_table("checks", overrides=tables).set_index("check")
        self.remarks: list[str] = []
        self._lang = lang
        self._rows: list[dict[str, Any]] = []

    def add(
        self,
        rule: str,
        layer: Judged,
        at: int,
        where: Any,
        *,
        other: str = "",
        value: float = np.nan,
        unit: str = "",
        limit: float = np.nan,
        **words: object,
    ) -> None:
        """Note a fault of one row of a layer."""
        check = self._checks.loc[rule]
        shown = {"other": other, "value": f"{value:,.1f}", "limit": f"{limit:,g}", **words}
        self._rows.append(
            {
                "rule": rule,
                "title": check[f"title_{self._lang}"],
                "severity": check["severity"],
                "layer": layer.name,
                "code": layer.codes[at],
                "other": other,
                "value": float(value),
                "unit": unit,
                "limit": float(limit),
                "message": check[f"message_{self._lang}"].format(**shown),
                "geometry": shapely.normalize(where),
            }
        )

    def matched(self, name: str, recorded: pd.Series, known: Judged) -> pd.Series:
        """Write recorded codes as a layer does (see `matched_codes`), and remember what was restored."""
        match = matched_codes(recorded, pd.Series(known.codes, dtype="str"))
        self.remarks += match.told(name, self._lang)
        return match.codes

    def told(self, crs: CRS) -> gpd.GeoDataFrame:
        """Return them by rule, layer and code."""
        rows = sorted(self._rows, key=lambda row: tuple(row[n] for n in ("rule", "layer", "code", "other")))
        table = pd.DataFrame(rows, columns=[*_COLUMNS, "geometry"])
        numeric = ("value", "limit")
        kinds = {name: "float64" if name in numeric else "str" for name in _COLUMNS}
        return gpd.GeoDataFrame(table.astype(kinds), geometry="geometry", crs=crs)
