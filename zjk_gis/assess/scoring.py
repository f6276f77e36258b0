"""The composite score (综合得分, 1+N) and the ranking (排名) within classes A and B."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.excerpts import excerpt
from zjk_gis.presentation import presented
from zjk_gis.standards.rules import rules_table
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zjk_gis.presentation import Presentation
    from zjk_gis.standards.rules import Overrides

__all__ = ["CompositeScore", "composite_score", "ranking"]


@checked
@presented
@dataclass(frozen=True, eq=False)
class CompositeScore:
    """The scores of areas, and what each is made of.

    Attributes
    ----------
    scores : DataFrame
        A row an area, in the order of their codes: the columns of `by`, ``score`` (0 to 100; NaN where
        nothing is known), ``weight`` (of what is known, of the weights' sum; float64, 0 to 1),
        ``lacking_indicators`` (what is not known, with semicolons between) and ``n`` (reported cases; 0 where
        only sheets tell).
    parts : DataFrame
        A row an area and indicator: the columns of `by`, ``indicator``, ``value``, ``indicator_points`` (0 to
        100), ``weight`` and ``contribution`` to the score: they add up to it.
    by : list of str
    """

    scores: pd.DataFrame
    parts: pd.DataFrame
    by: list[str]

    def _presentation(self) -> Presentation:
        known = self.scores["score"].notna()
        sentence = tr(
            "{areas:,} areas scored, {without:,} of them without any data.",
            areas=len(self.scores), without=int((~known).sum()),
        )  # fmt: skip
        best = self.scores.sort_values("score", ascending=False, kind="stable")
        return excerpt(sentence, best, [*self.by, "score", "weight", "lacking_indicators"])


@checked
def composite_score(
    indicators: pd.DataFrame,
    *,
    by: str | Sequence[str],
    score_weights: pd.DataFrame | None = None,
    sheets: Mapping[str, pd.DataFrame] | None = None,
    missing: Literal["exclude", "zero"] = "exclude",
    tables: Overrides | None = None,
) -> CompositeScore:
    """Put indicators and the sheets of others together into one score (1+N 综合考评, clause 三十四).

    Each indicator becomes points from 0 at its ``worst`` value to 100 at its ``best``, so that a rate which
    should be low has a best of 0; the score is their mean by ``weight``.

    Parameters
    ----------
    indicators : DataFrame
        From `indicators`, grouped by `by`.
    by : str or sequence of str
        What is scored.
    score_weights : DataFrame, optional
        ``indicator``, ``weight``, ``best`` and ``worst``. By default the table ``score_weights``: 处置率 30,
        按期处置率 20, 返工率 20, 超期待处置率 20, 延期率 10, of one district (confidence S).
    sheets : mapping of str to DataFrame, optional
        Of qualitative scores, mutual ones (互评) and those of third parties, by the name that they have in
        `score_weights`: the columns of `by` and ``score`` from `worst` to `best`. Several rows of an area are
        averaged; where ``rated_by`` is there, an area's scores of itself are left out.
    missing : {"exclude", "zero"}, default "exclude"
        What an indicator without data does: its weight is left out, or it counts 0 points.
    tables : mapping, str or Path, optional
        Your own rows of ``score_weights``.

    Returns
    -------
    CompositeScore

    Raises
    ------
    InputError
        If the weights are not numbers above 0, name what is nowhere, or a best is its worst; or if an area
        has several values of an indicator.
    MissingColumnError
        If a column is missing.

    Examples
    --------
    >>> rates = pd.DataFrame(
    ...     {
    ...         "district_code": ["A", "A"], "indicator": ["handled_rate", "rework_rate"],
    ...         "value": [0.9, np.nan], "n": [40, 40],
    ...     }
    ... )
    >>> own = pd.DataFrame(
    ...     {"indicator": rates["indicator"], "weight": [30, 20], "best": [1, 0], "worst": [0, 1]}
    ... )
    >>> composite_score(rates, by="district_code", score_weights=own).scores[["score", "weight"]]
       score  weight
    0   90.0     0.6
    >>> zero = composite_score(rates, by="district_code", score_weights=own, missing="zero")
    >>> zero.scores["score"].tolist()
    [54.0]
    """
    names = [by] if isinstance(by, str) else list(by)
    if missing not in ("exclude", "zero"):
        raise InputError(tr("missing must be 'exclude' or 'zero', not {missing!r}", missing=missing))
    require_columns(indicators, "indicators", *names, "indicator", "value")
    rules = _weights(
        rules_table("score_weights", overrides=tables) if score_weights is None else score_weights
    )
    own = indicators if "n" in indicators else indicators.assign(n=0)
    told = pd.concat(
        [own[[*names, "indicator", "value", "n"]], *_rated(sheets or {}, names)], ignore_index=True
    )
    strange = sorted({*rules.index} - {*told["indicator"]})
    if strange:
        raise InputError(
            tr(
                "score_weights: {indicator} is neither an indicator that was computed nor a sheet; there are "
                "{known}",
                indicator=strange[0],
                known=listed(sorted({*told["indicator"]})),
            )
        )
    told = told[told["indicator"].isin(rules.index)]
    if told.duplicated([*names, "indicator"]).any():
        row = told[told.duplicated([*names, "indicator"])].iloc[0]
        raise InputError(
            tr("indicators: {area} has several values of {indicator}; group them by what is scored",
               area=" ".join(str(row[name]) for name in names), indicator=row["indicator"])
        )  # fmt: skip
    areas = told[names].drop_duplicates().sort_values(names)
    parts = areas.merge(pd.DataFrame({"indicator": rules.index}), how="cross").merge(
        told, on=[*names, "indicator"], how="left"
    )
    return _scored(parts, rules, names, missing)


def _scored(parts: pd.DataFrame, rules: pd.DataFrame, by: list[str], missing: str) -> CompositeScore:
    """Turn values into points, and add them up by weight."""
    rule = rules.loc[parts["indicator"]].reset_index(drop=True)
    points = 100 * ((parts["value"] - rule["worst"]) / (rule["best"] - rule["worst"])).clip(0, 1)
    is_known = points.notna()
    if missing == "zero":
        points = points.fillna(0.0)
    weight = rule["weight"].where(points.notna(), 0.0)
    groups = parts.groupby(by, sort=False)
    whole = weight.groupby(groups.ngroup()).transform("sum")
    contribution = (points * weight / whole.where(whole > 0)).where(points.notna(), 0.0)
    parts = parts.assign(indicator_points=points, weight=weight, contribution=contribution)
    lacking = parts["indicator"].where(~is_known, "")
    scores = parts.assign(lacking=lacking, is_scored=weight > 0).groupby(by, sort=False, as_index=False).agg(
        score=("contribution", "sum"), weight=("weight", "sum"), n=("n", "max"),
        lacking_indicators=("lacking", lambda texts: ";".join(text for text in texts if text)),
    )  # fmt: skip
    scores["score"] = scores["score"].round(10).where(scores["weight"] > 0)
    scores["weight"] /= rules["weight"].sum()
    scores["n"] = scores["n"].fillna(0).astype(np.int64)
    return CompositeScore(
        scores[[*by, "score", "weight", "lacking_indicators", "n"]].astype({"lacking_indicators": "str"}),
        parts[[*by, "indicator", "value", "indicator_points", "weight", "contribution"]],
        by,
    )


def _weights(table: pd.DataFrame) -> pd.DataFrame:
    """Read the weights: numbers, by indicator."""
    columns = ["weight", "best", "worst"]
    require_columns(table, "score_weights", "indicator", *columns)
    rules = table.set_index("indicator")[columns].apply(pd.to_numeric, errors="coerce")
    is_wrong = rules.isna().any(axis=1) | (rules["weight"] <= 0) | (rules["best"] == rules["worst"])
    is_wrong |= rules.index.duplicated(keep=False) | ~np.isfinite(rules).all(axis=1)
    if rules.empty or is_wrong.any():
        first = "" if rules.empty else str(rules.index[is_wrong.to_numpy()][0])
        raise InputError(
            tr("score_weights: {indicator!r} needs one row with a weight above 0, "
               "and a best that is not its worst", indicator=first)
        )  # fmt: skip
    numbers: pd.DataFrame = rules.astype(np.float64)
    return numbers


def _rated(sheets: Mapping[str, pd.DataFrame], by: list[str]) -> list[pd.DataFrame]:
    """Average the scores that others gave."""
    found = []
    for name, sheet in sheets.items():
        require_columns(sheet, name, *by, "score")
        score = pd.to_numeric(sheet["score"], errors="coerce")
        wrong = score.isna() & sheet["score"].notna()
        if wrong.any():
            raise InputError(
                tr(
                    "{name}: {value!r} is not a score",
                    name=name,
                    value=str(sheet.loc[wrong, "score"].iloc[0]),
                )
            )
        rows = sheet.assign(value=score)
        if "rated_by" in sheet and len(by) == 1:
            rows = rows[rows["rated_by"] != rows[by[0]]]
        mean = rows.groupby(by, as_index=False)["value"].mean()
        found.append(mean.assign(indicator=name, n=np.nan))
    return found


@checked
def ranking(
    scores: pd.DataFrame | CompositeScore,
    *,
    of: str = "score",
    area_classes: pd.DataFrame | None = None,
    previous: pd.DataFrame | None = None,
    least_n: int = 0,
    ascending: bool = False,
) -> pd.DataFrame:
    """Rank areas, those of class A and those of class B apart (分组排名), and say how places changed.

    Equal values share a place, and the next is as many places lower (1, 2, 2, 4). What has no value, or too
    few cases, has no place.

    Parameters
    ----------
    scores : DataFrame or CompositeScore
        A row an area.
    of : str, default "score"
        The column that is ranked.
    area_classes : DataFrame, optional
        Which area is of which class: the columns that tell areas apart, and ``area_class``.
    previous : DataFrame, optional
        The ranking of the period before, as this function returned it.
    least_n : int, default 0
        Areas with fewer cases (column ``n``) are not ranked.
    ascending : bool, default False
        Whether the lowest value is best.

    Returns
    -------
    DataFrame
        The rows of `scores`, best first within each class, with ``area_class`` ("" without classes),
        ``class_place`` (Int64; missing where there is none), ``is_tied`` (bool), ``unranked`` (``no_data``,
        ``few_cases`` or "") and with `previous` ``previous_place`` and ``places_gained`` (Int64; missing for
        those who had none).

    Raises
    ------
    InputError
        If an area is in `area_classes` or `previous` several times, or in no class.
    MissingColumnError
        If a column is missing.

    Examples
    --------
    >>> scores = pd.DataFrame({"district_code": ["A", "B", "C", "D"], "score": [90, 95, 90, None]})
    >>> ranking(scores)[["district_code", "class_place", "is_tied", "unranked"]].values.tolist()
    [['B', 1, False, ''], ['A', 2, True, ''], ['C', 2, True, ''], ['D', <NA>, False, 'no_data']]
    """
    keys = scores.by if isinstance(scores, CompositeScore) else _keys(scores, of)
    table = scores.scores if isinstance(scores, CompositeScore) else scores
    require_columns(table, "scores", *keys, of, *(["n"] if least_n > 0 else []))
    if area_classes is None:
        table = table.assign(area_class="")
    else:
        table = table.merge(_once(area_classes, "area_classes", keys, "area_class"), on=keys, how="left")
        lacking = table["area_class"].isna()
        if lacking.any():
            area = " ".join(map(str, table.loc[lacking, keys].iloc[0]))
            raise InputError(tr("area_classes: {area} is in none", area=area))
    value = pd.to_numeric(table[of])
    few = table["n"] < least_n if least_n > 0 else pd.Series(False, index=table.index)
    is_ranked = value.notna() & ~few
    ranked = value.where(is_ranked).round(10).groupby(table["area_class"])
    place = ranked.rank(method="min", ascending=ascending).astype("Int64")
    unranked = np.where(value.isna(), "no_data", np.where(few, "few_cases", ""))
    sharing = place.groupby([table["area_class"], place]).transform("size").fillna(1)
    table = table.assign(
        class_place=place,
        is_tied=(sharing > 1).astype(bool),
        unranked=pd.Series(unranked, table.index, dtype="str"),
    )
    if previous is not None:
        before = _once(previous, "previous", keys, "class_place").rename(
            columns={"class_place": "previous_place"}
        )
        table = table.merge(before.astype({"previous_place": "Int64"}), on=keys, how="left")
        table["places_gained"] = table["previous_place"] - table["class_place"]
    return table.sort_values(["area_class", "class_place", *keys], ignore_index=True, na_position="last")


def _keys(scores: pd.DataFrame, of: str) -> list[str]:
    """Return the columns that tell areas apart: those before the first of the answer's own."""
    own = {
        of, "score", "weight", "lacking_indicators", "n", "indicator", "numerator", "denominator", "value",
        "low_95", "high_95",
    }  # fmt: skip
    keys = [str(name) for name in scores.columns if name not in own]
    if not keys:
        raise InputError(tr("scores: no column tells the areas apart"))
    return keys


def _once(table: pd.DataFrame, name: str, keys: list[str], column: str) -> pd.DataFrame:
    require_columns(table, name, *keys, column)
    if table.duplicated(keys).any():
        area = " ".join(map(str, table.loc[table.duplicated(keys), keys].iloc[0]))
        raise InputError(tr("{name}: {area} is there several times", name=name, area=area))
    return table[[*keys, column]]
