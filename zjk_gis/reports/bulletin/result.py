"""The bulletin: every figure with its id, and the rows that each is made of."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.assess.clocks import STATES
from zjk_gis.assess.rates import QUANTILES
from zjk_gis.errors import InputError
from zjk_gis.layers.columns.personal import without_personal
from zjk_gis.layers.labels import label
from zjk_gis.presentation import Presentation, presented
from zjk_gis.reports.bulletin.figuring import value_told
from zjk_gis.reports.bulletin.ids import parsed
from zjk_gis.reports.bulletin.lacking import remarks_of
from zjk_gis.reports.bulletin.months import kind_of
from zjk_gis.reports.bulletin.writing_notice import written
from zjk_gis.words import language, listed, speaking, tr

if TYPE_CHECKING:
    from zjk_gis.reports.bulletin.asking import Making
    from zjk_gis.reports.bulletin.notice import Notice
    from zjk_gis.words import Language

__all__ = ["Bulletin"]

_NEAR = 5  # ids that are suggested


@checked
@presented
@dataclass(frozen=True, eq=False)
class Bulletin:
    """The monthly bulletin (考核通报) of a city.

    Attributes
    ----------
    month : str
    as_of : Timestamp
        The time at which the month is judged; earlier months as long before or after their own end.
    by : list of str
        The columns by which areas are compared.
    figures : DataFrame
        A row a figure: ``figure`` (its id, which stands once), ``chapter`` (``overall``, ``areas``,
        ``trades``, ``matrix``, ``ranking``, ``worst``, ``trend``, ``month_before``, ``year_before``,
        ``progress``, ``places``), ``month``, ``grouped_by`` (the columns of codes, ``+`` between),
        ``subject`` (the codes) and ``subject_name``, ``indicator``, ``value``, ``value_unit`` (``share``,
        ``hours``, ``cases``, ``score_points``, ``ordinal``, ``count``), ``numerator``, ``denominator``, ``n``
        (cases reported), ``low_95``, ``high_95``, ``target_value``, ``previous_value`` (of the month before),
        ``month_change`` and ``year_change`` (differences), ``judgement`` (``good``, ``watch``, ``bad``,
        ``no_data``, ``not_judged``) and ``judged_by`` (``target``, ``city``, ``month_before``).
    tables : dict of str to DataFrame
        By name: ``ranking``, ``area_trade_matrix``, ``worst_ten``, ``trend``, ``target_progress``, each row
        with its ``figure``; ``late_cases``.
    making : Making
        What it was made from.
    parts : dict of str to DataFrame
        By id: what scores and places are made of.
    """

    month: str
    as_of: pd.Timestamp
    by: list[str]
    figures: pd.DataFrame
    tables: dict[str, pd.DataFrame]
    making: Making
    parts: dict[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def ranking(self) -> pd.DataFrame:
        """The areas by score, with ``previous_place`` and ``places_gained``."""
        return self.tables["ranking"]

    @property
    def matrix(self) -> pd.DataFrame:
        """Areas by trades, with totals; empty where there are no trades."""
        return self.tables.get("area_trade_matrix", pd.DataFrame())

    @property
    def worst(self) -> pd.DataFrame:
        """The ten who do worst, by ``indicator``."""
        return self.tables["worst_ten"]

    @property
    def trend(self) -> pd.DataFrame:
        """The whole city over twelve months."""
        return self.tables["trend"]

    @property
    def progress(self) -> pd.DataFrame:
        """The policy's own numbers; see `zjk_gis.assess.target_progress`."""
        return self.tables["target_progress"]

    @property
    def remarks(self) -> list[str]:
        """What could not be computed, and why, in the language that is spoken."""
        return remarks_of(self.making)

    @property
    def late(self) -> pd.DataFrame:
        """The cases of the month that were not handled in time, the longest overdue first."""
        return self.tables["late_cases"]

    def notice(self, lang: Language | None = None) -> Notice:
        """Write the text of the notice (通报), each figure tied to its id.

        Parameters
        ----------
        lang : {"zh", "en"}, optional
            By default the language that is spoken.
        """
        with speaking(lang or language()):
            return written(self)

    def figure(self, figure: str) -> pd.Series:
        """Return the row of a figure.

        Raises
        ------
        InputError
            If there is no such figure; near ids are named.
        """
        found = self.figures[self.figures["figure"] == figure]
        if found.empty:
            parsed(figure, self.by)  # what is no id at all is told so
            near = difflib.get_close_matches(figure, self.figures["figure"].tolist(), n=_NEAR, cutoff=0.6)
            raise InputError(
                tr("there is no figure {figure!r}; near it are {near}",
                   figure=figure, near=listed(near or self.figures["figure"].head(_NEAR)))
            )  # fmt: skip
        return found.iloc[0]

    def rows(self, figure: str) -> pd.DataFrame:
        """Return the rows that a figure is made of.

        Parameters
        ----------
        figure : str
            Its id.

        Returns
        -------
        DataFrame
            Of a rate or count: the incidents that count, under their index, without what is personal:
            ``in_numerator`` and ``in_denominator`` (bool), ``deadline_state``, ``due_at`` as it was judged,
            then their own columns. Of hours: ``hours_taken``, the least first, ``in_numerator`` marking the
            one that is the figure. Of a score: its indicators, whose ``contribution`` adds up to it. Of a
            place: the areas that are ranked; ``is_counted`` those ahead.

        Raises
        ------
        InputError
            If there is no such figure.
        """
        indicator = str(self.figure(figure)["indicator"])
        if figure in self.parts:
            return self.parts[figure].reset_index(drop=True)
        month, _, codes = parsed(figure, self.by)
        own = self.making.months.of(month)
        kind = kind_of(indicator)
        if kind is None:
            return pd.DataFrame()
        above, below = kind
        here = own.those(codes)
        top = here & own.flag(above)
        base = here & own.flag(below) if below else top
        chosen = np.flatnonzero(top | base)
        rows = without_personal(pd.DataFrame(self.making.months.incidents.iloc[own.places[chosen]]))
        told: dict[str, Any] = {"in_numerator": top[chosen]}
        if below:
            told["in_denominator"] = base[chosen]
        if indicator in QUANTILES:
            told["hours_taken"] = own.facts.hours[chosen]
        told["deadline_state"] = pd.Series(
            np.array(STATES, dtype=object)[own.facts.state[chosen]], index=rows.index, dtype="str"
        )
        told["due_at"] = own.facts.due[chosen]
        rows = rows.drop(columns=[name for name in told if name in rows])
        rows = pd.concat([pd.DataFrame(told, index=rows.index), rows], axis=1)
        if indicator in QUANTILES:
            rows = rows.sort_values("hours_taken", kind="stable")
            at = int(np.ceil(len(rows) * QUANTILES[indicator])) - 1
            rows["in_numerator"] = np.arange(len(rows)) == at
        return rows

    def added_up(self, figure: str) -> tuple[float, str]:
        """Add a figure up again from its rows alone, and write the sum: ``37 ÷ 41 = 90.24 %``.

        Returns
        -------
        float
            NaN where there is nothing to divide by.
        str

        Raises
        ------
        InputError
            If there is no such figure.
        """
        rows = self.rows(figure)
        row = self.figure(figure)
        indicator = str(row["indicator"])
        if "contribution" in rows:
            value = float(rows["contribution"].sum()) if (rows["weight"] > 0).any() else np.nan
            terms = " + ".join(f"{each:.2f}" for each in rows["contribution"])
            return value, f"{terms} = {value:.2f}"
        if indicator in rows.get("target", pd.Series(dtype="str")).tolist():
            return _of_target(rows.iloc[0])
        if "is_counted" in rows:
            ahead = int(rows["is_counted"].sum())
            if not (rows["figure"] == figure.replace("/class_place/", "/score/")).any():
                return np.nan, tr("not ranked")
            return float(ahead + 1), f"{ahead} + 1 = {ahead + 1}"
        if indicator in QUANTILES:
            if rows.empty:
                return np.nan, tr("no case has any hours")
            at = int(np.ceil(len(rows) * QUANTILES[indicator]))
            value = float(rows["hours_taken"].sort_values().iloc[at - 1])
            return value, tr("the {at}. of {count:,} in order = {value:.2f} hours",
                             at=at, count=len(rows), value=value)  # fmt: skip
        top = int(rows["in_numerator"].sum())
        if "in_denominator" not in rows:
            return float(top), f"{top:,}"
        base = int(rows["in_denominator"].sum())
        if base == 0:
            return np.nan, f"{top:,} ÷ 0 = {label('no_data')}"
        return top / base, f"{top:,} ÷ {base:,} = {top / base:.2%}".replace("%", " %")

    def _presentation(self) -> Presentation:
        overall = self.figures[self.figures["chapter"] == "overall"].set_index("indicator")
        sentence = tr(
            "The bulletin of {month}: {figures:,} figures of {cases:,} cases; {remarks:,} remarks.",
            month=self.month, figures=len(self.figures), cases=int(overall["value"]["reported"]),
            remarks=len(self.remarks),
        )  # fmt: skip
        rows = [
            [name, value_told(row["value"], row["value_unit"]), row["figure"]]
            for name, row in overall.iterrows()
        ]
        shown = [[label(str(name)), value, figure] for name, value, figure in rows]
        return Presentation(sentence, [label("indicator"), label("value"), label("figure")], shown)


def _of_target(row: pd.Series) -> tuple[float, str]:
    """Add up what was measured of one of the policy's numbers."""
    top, base = float(row["numerator"]), float(row["denominator"])
    if top != top:
        return np.nan, tr("no data")
    if row["unit"] != "%":
        return top, f"{top:,g}"
    return top / base, f"{top:,g} ÷ {base:,g} = {top / base:.2%}".replace("%", " %")
