"""Whether each historic building has its file (一屋一档): what is missing, and whose survey is overdue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.crs import require_layer
from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import HISTORIC_BUILDINGS
from zjk_gis.layers.columns.nobody import somebody
from zjk_gis.layers.columns.periods import day_of
from zjk_gis.layers.columns.requirements import require_columns, require_rows
from zjk_gis.layers.columns.times import read_times
from zjk_gis.layers.columns.values import alike
from zjk_gis.layers.recorded import with_answers
from zjk_gis.protection.answering import with_who_answers
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    import geopandas as gpd

    from zjk_gis.standards.rules import Overrides

__all__ = ["ARCHIVE_FIELDS", "archive_completeness", "archive_totals"]

# 保护类别、重点保护部位、基础信息、修缮记录, as standards of survey name them.
ARCHIVE_FIELDS = (
    "building_name", "address", "block_name", "protection_class", "built_era", "structure", "storeys",
    "building_use", "owner", "condition", "key_parts", "repairs", "photo_files", "drawing_files",
    "surveyed_on",
)  # fmt: skip
_PHOTOS = "photo_files"


@checked
def archive_completeness(
    buildings: gpd.GeoDataFrame,
    *,
    fields: Sequence[str] = ARCHIVE_FIELDS,
    surveyed_within_years: float | None = None,
    zones: gpd.GeoDataFrame | None = None,
    streets: gpd.GeoDataFrame | None = None,
    at: str | dt.date | None = None,
    tables: Overrides | None = None,
) -> gpd.GeoDataFrame:
    """Tell what the file of each historic building lacks (建档完整率), and whose survey is overdue.

    Parameters
    ----------
    buildings : GeoDataFrame
        Historic buildings with ``building_code``.
    fields : sequence of str, optional
        What a file must say; by default what surveys of historic buildings ask for. A column that the layer
        does not have is missing for all.
    surveyed_within_years : float, optional
        How old a survey may be on the day `at`; without it only those never surveyed are told.
    zones, streets : GeoDataFrame, optional
        Who answers.
    at : date or str, optional
        The day that is judged; needed with `surveyed_within_years`.
    tables : mapping of str to DataFrame, str or Path, optional
        Your own rows of ``nobody``, the words that stand where nothing is known.

    Returns
    -------
    GeoDataFrame
        The rows of `buildings` in their order, with

        - ``missing_fields`` (text): the columns without a value, joined by ``;``;
        - ``fields_filled`` and ``fields_required`` (int64), ``filled_share`` (float64);
        - ``has_photo`` (bool);
        - ``survey`` (text): ``surveyed``, ``survey_overdue``, ``never_surveyed``, or ``cannot_be_judged`` of
          a day that cannot be read; ``survey_due_on`` (text): the day by which the next is due;
        - who answers, as `protected_scope` tells it.

    Raises
    ------
    MissingColumnError
        If there is no ``building_code``.
    EmptyLayerError
        If the layer has no rows.
    InputError
        If no column is required, one is required twice, or there is no day to judge by.

    Notes
    -----
    What counts as no value: blanks, signs alone, and words such as 无, 待补 or 不详 (the table ``nobody``).
    Rates are of columns; `archive_totals` sums by block and class.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> houses = gpd.GeoDataFrame(
    ...     {"building_code": ["H1"], "address": ["堡子里街1号"], "owner": ["待定"], "structure": ["砖木"]},
    ...     geometry=[Point(0, 0)],
    ...     crs=4547,
    ... )
    >>> told = archive_completeness(
    ...     houses, fields=["building_code", "address", "structure", "owner", "photo_files"]
    ... )
    >>> told[["missing_fields", "filled_share", "has_photo", "survey"]]
          missing_fields  filled_share  has_photo          survey
    0  owner;photo_files           0.6      False  never_surveyed
    """
    columns = list(fields)
    _check(buildings, columns, surveyed_within_years, at)
    filled = pd.DataFrame(
        {name: _filled(buildings, name, tables) for name in dict.fromkeys([*columns, _PHOTOS])},
        index=buildings.index,
    )
    of = filled[columns]
    lacking = [";".join(np.array(columns)[~row].tolist()) for row in of.to_numpy()]
    answers: dict[str, Any] = {
        "missing_fields": pd.Series(lacking, index=buildings.index, dtype="str"),
        "fields_filled": of.sum(axis=1).astype(np.int64),
        "fields_required": np.full(len(buildings), len(columns), dtype=np.int64),
        "filled_share": of.mean(axis=1),
        "has_photo": filled[_PHOTOS],
        **_surveys(buildings, surveyed_within_years, at),
    }
    return with_who_answers(with_answers(buildings, answers), zones, streets, at=at)


@checked
def archive_totals(
    archives: gpd.GeoDataFrame, by: str | Sequence[str] = ("block_name", "protection_class")
) -> pd.DataFrame:
    """Sum the files of buildings by block and class: how many are complete, what is missing most.

    Parameters
    ----------
    archives : GeoDataFrame
        From `archive_completeness`.
    by : str or sequence of str, default ("block_name", "protection_class")
        The columns to sum by, such as ``chief_name``; one that is not there is left out.

    Returns
    -------
    DataFrame
        One row a group, sorted, blank ones last: ``buildings``, ``complete`` (int64: files that lack
        nothing), ``complete_share``, ``filled_share`` (float64: of columns filled), ``without_photo``,
        ``survey_overdue``, ``never_surveyed`` (int64) and ``missing_most`` (text: the column that most lack).

    Raises
    ------
    MissingColumnError
        If the rows are not from `archive_completeness`, or have none of the columns to sum by.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> houses = gpd.GeoDataFrame(
    ...     {"building_code": ["H1", "H2"], "block_name": "堡子里", "address": ["堡子里街1号", None]},
    ...     geometry=[Point(0, 0), Point(9, 9)],
    ...     crs=4547,
    ... )
    >>> told = archive_completeness(houses, fields=["building_code", "address"])
    >>> archive_totals(told)[["block_name", "buildings", "complete", "filled_share", "missing_most"]]
      block_name  buildings  complete  filled_share missing_most
    0        堡子里          2         1          0.75      address
    """
    wanted = [by] if isinstance(by, str) else list(by)
    keys = [name for name in wanted if name in archives]
    require_columns(
        archives, "archives", "missing_fields", "filled_share", "survey", *([] if keys else wanted)
    )
    rows = pd.DataFrame(archives.drop(columns=archives.geometry.name))
    if "protection_class" in keys:
        rows["protection_class"] = alike(
            rows["protection_class"], HISTORIC_BUILDINGS.field("protection_class")
        )
        rows["protection_class"] = rows["protection_class"].replace("", None)
    rows = rows.assign(
        complete=rows["missing_fields"] == "",
        without_photo=~rows["has_photo"],
        survey_overdue=rows["survey"] == "survey_overdue",
        never_surveyed=rows["survey"] == "never_surveyed",
    )
    totals = rows.groupby(keys, dropna=False, sort=True).agg(
        buildings=("missing_fields", "size"),
        complete=("complete", "sum"),
        complete_share=("complete", "mean"),
        filled_share=("filled_share", "mean"),
        without_photo=("without_photo", "sum"),
        survey_overdue=("survey_overdue", "sum"),
        never_surveyed=("never_surveyed", "sum"),
        missing_most=("missing_fields", _most_missing),
    )
    return totals.reset_index()


def _most_missing(missing: pd.Series) -> str:
    """Return the column that most lack, of several the first by name."""
    names = missing[missing != ""].str.split(";").explode()
    counts = names.value_counts()
    return min(counts.index[counts == counts.max()]) if len(counts) else ""


def _check(
    buildings: gpd.GeoDataFrame, columns: list[str], years: float | None, at: str | dt.date | None
) -> None:
    require_layer(buildings, "buildings")
    require_rows(buildings, "buildings")
    require_columns(buildings, "buildings", "building_code")
    if not columns or len(set(columns)) < len(columns):
        raise InputError(tr("fields: name each column of a complete file once"))
    if years is not None and not (np.isfinite(years) and years > 0):
        raise InputError(tr("surveyed_within_years must be more than 0, not {years!r}", years=years))
    if years is not None and at is None:
        raise InputError(tr("surveyed_within_years needs the day that is judged: give at"))


def _filled(buildings: gpd.GeoDataFrame, column: str, tables: Overrides | None) -> pd.Series:
    if column not in buildings:
        return pd.Series(data=False, index=buildings.index)
    told: pd.Series = somebody(buildings[column], tables=tables).notna()
    return told


def _surveys(buildings: gpd.GeoDataFrame, years: float | None, at: str | dt.date | None) -> dict[str, Any]:
    """Tell of each building whether it was surveyed, and whether that is too long ago."""
    index = buildings.index
    if "surveyed_on" not in buildings:
        never = pd.Series("never_surveyed", index=index, dtype="str")
        return {"survey": never, "survey_due_on": pd.Series(None, index=index, dtype="str")}
    named = buildings["surveyed_on"].where(_filled(buildings, "surveyed_on", None))
    reading = read_times(named, name="surveyed_on")
    surveyed = reading.times
    due = pd.Series(pd.NaT, index=index, dtype="datetime64[us]")
    if years is not None:
        due = surveyed + pd.DateOffset(months=round(years * 12))
    late = np.zeros(len(buildings), dtype=bool)
    if years is not None and at is not None:
        late = (due < pd.Timestamp(day_of(at), unit="D")).to_numpy(dtype=bool)
    unread = (named.notna() & surveyed.isna()).to_numpy(dtype=bool)
    state = np.select(
        [unread, surveyed.isna().to_numpy(dtype=bool), late],
        ["cannot_be_judged", "never_surveyed", "survey_overdue"],
        "surveyed",
    )
    return {
        "survey": pd.Series(state, index=index, dtype="str"),
        "survey_due_on": due.dt.strftime("%Y-%m-%d").astype("str"),
    }
