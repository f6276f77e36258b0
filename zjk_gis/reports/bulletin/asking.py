"""What a bulletin is made from: the cases, their months, and what was asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.reports.bulletin.judging import judged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zjk_gis.reports.bulletin.months import Months

__all__ = ["FIGURE_COLUMNS", "Chapter", "Making"]

# The columns of `Bulletin.figures`.
FIGURE_COLUMNS = [
    "figure", "chapter", "month", "grouped_by", "subject", "subject_name", "indicator", "value", "value_unit",
    "numerator", "denominator", "n", "low_95", "high_95", "target_value", "previous_value",
    "month_change", "year_change", "judgement", "judged_by",
]  # fmt: skip
_YEAR = 12


@dataclass(frozen=True)
class Chapter:
    """What one builder adds to a bulletin.

    Attributes
    ----------
    figures : DataFrame
        Rows of `Bulletin.figures`; perhaps none.
    tables : dict of str to DataFrame
        By name; each becomes a sheet.
    parts : dict of str to DataFrame
        By the id of a figure that is not counted of cases: the rows it is made of, with ``is_counted`` or
        ``contribution``.
    """

    figures: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=FIGURE_COLUMNS))
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    parts: dict[str, pd.DataFrame] = field(default_factory=dict)


@dataclass
class Making:
    """What a bulletin is made from: builders read from it.

    Attributes
    ----------
    months : Months
    by : list of str
        The columns by which areas are compared.
    names : dict of str to dict of str to str
        By column: the names of its codes.
    asked : dict
        What else was asked: ``least_n``, ``score_weights``, ``targets``, ``previous``, ...
    layers : mapping of str to DataFrame
        What came beside the incidents.
    lacking : set of str
        Columns of the incidents that are not there, so that they were taken as empty.
    done : dict of str to Chapter
        By the name of the builder: what was made so far.
    unfound : dict of str to callable
        By the name of a table that could not be made: writes why, in the language that is spoken.
    """

    months: Months
    by: list[str]
    names: dict[str, dict[str, str]]
    asked: dict[str, Any]
    layers: Mapping[str, pd.DataFrame]
    lacking: set[str] = field(default_factory=set)
    done: dict[str, Chapter] = field(default_factory=dict)
    unfound: dict[str, Callable[[], str]] = field(default_factory=dict)
    _tables: dict[tuple[str, tuple[str, ...]], pd.DataFrame] = field(default_factory=dict)

    def counted(self, columns: Sequence[str] = (), back: int = 0) -> pd.DataFrame:
        """Return the figures of a month, grouped by columns of codes; see `OneMonth.figures`."""
        month = self.months.before(back)
        if (month, tuple(columns)) not in self._tables:
            self._tables[month, tuple(columns)] = self.months.of(month).figures(columns, self.by)
        return self._tables[month, tuple(columns)]

    def figures(self, chapter: str, columns: Sequence[str] = (), back: int = 0) -> pd.DataFrame:
        """Return rows of `Bulletin.figures`: with names, changes on the months before, and judged."""
        own = self.counted(columns, back)
        values = {
            at: self.counted(columns, back + at).set_index(["key", "indicator"])["value"] for at in (1, _YEAR)
        }
        at = pd.MultiIndex.from_frame(own[["key", "indicator"]])
        before, year = (values[each].reindex(at).to_numpy(dtype=np.float64) for each in (1, _YEAR))
        whole = self.counted((), back)
        city = dict(zip(whole["indicator"], whole["value"], strict=True))
        value = own["value"].to_numpy(dtype=np.float64)
        table = own.assign(
            chapter=chapter,
            grouped_by="+".join(columns),
            subject_name=self.named(own, columns),
            previous_value=before,
            month_change=value - before,
            year_change=value - year,
        )
        return judged(table, self.asked["targets"], city)[[*FIGURE_COLUMNS, "key", *columns]]

    def named(self, table: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
        """Return the names of the codes in a table, one after another; the code where there is no name."""
        words = [
            table[column].map(self.names.get(column, {})).where(lambda told: told.notna(), table[column])
            for column in columns
        ]
        told = [each.where(each.notna(), "—").astype("str") for each in words]
        if not told:
            return pd.Series("", index=table.index, dtype="str")
        joined = told[0]
        for each in told[1:]:
            joined = joined + " " + each
        return joined
