"""Everyone has matters in hand (人人都管事): what each chief answers for, who has nothing or too much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.assign.states import is_open
from zjk_gis.layers.columns.nobody import chiefs_of, somebody
from zjk_gis.layers.columns.values import code_text

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import ArrayLike

__all__ = ["chief_table", "gini"]


def chief_table(
    zones: gpd.GeoDataFrame,
    code: str,
    *,
    sections: gpd.GeoDataFrame | None,
    stretches: gpd.GeoDataFrame | None,
    assigned: pd.DataFrame | None,
    overloaded_from: float,
) -> pd.DataFrame:
    """Sum up for each chief what there is to answer for, and say who has nothing and who too much.

    Parameters
    ----------
    zones, sections : GeoDataFrame
        Those that are judged, in a metric CRS.
    code : str
        The column of `zones` with their codes.
    stretches : GeoDataFrame, optional
        From `road_responsibility`.
    assigned : DataFrame, optional
        From `assign_incidents`.
    overloaded_from : float
        From how many times the median load a chief is overloaded.

    Returns
    -------
    DataFrame
        One row a chief, the busiest first; see `ResponsibilityAudit`.
    """
    own = _served(zones, code, "zone")
    held = own if sections is None else pd.concat([own, _served(sections, "section_code", "section")])
    held = held.reset_index(drop=True)
    by_chief = held.groupby("chief_code")
    table = pd.DataFrame(
        {
            "chief_name": by_chief["chief_name"].agg(lambda names: ";".join(sorted({*names} - {""}))),
            "zones": by_chief["by"].agg(lambda kinds: int((kinds == "zone").sum())),
            "sections": by_chief["by"].agg(lambda kinds: int((kinds == "section").sum())),
            "area_m2": by_chief["area_m2"].agg(lambda areas: float(np.sort(areas).sum())),
        }
    ).astype({"chief_name": "str", "zones": np.int64, "sections": np.int64, "area_m2": np.float64})
    if stretches is not None:
        table["road_m"] = _roads(stretches, held).reindex(table.index, fill_value=0.0)
    load = table["area_m2"].where(table["zones"] > 0)  # those who have sections alone have no ground
    if assigned is not None and {"chief_code", "chief_name"} & set(assigned):
        theirs = _incidents(assigned)
        counts = theirs["chief_code"].value_counts()
        table["incidents"] = counts.reindex(table.index, fill_value=0).astype(np.int64)
        if "open" in theirs:
            still = theirs.loc[theirs["open"], "chief_code"].value_counts()
            table["open"] = still.reindex(table.index, fill_value=0).astype(np.int64)
            table["handled"] = table["incidents"] - table["open"]
        load = table["incidents"].astype(np.float64)
    median = float(load.median()) if len(load) else 0.0
    table["load"] = load
    table["to_median"] = load / median if median > 0 else np.nan
    standing = np.where(load == 0, "idle", np.where(table["to_median"] >= overloaded_from, "overloaded", ""))
    table["standing"] = pd.Series(standing, index=table.index, dtype="str")
    order = np.lexsort((table.index.to_numpy(dtype=str), -load.fillna(-1).to_numpy(dtype=np.float64)))
    return table.iloc[order].reset_index(names="chief_code")


def gini(amounts: ArrayLike) -> float:
    """Return how unevenly amounts are spread: 0 where all are equal, towards 1 where one has all.

    Parameters
    ----------
    amounts : array_like of float
        At least 0 each.

    Returns
    -------
    float
        NaN where there is nothing to spread.

    Examples
    --------
    >>> gini([5, 5, 5, 5]), gini([0, 0, 0, 8])
    (0.0, 0.75)
    """
    ordered = np.sort(np.asarray(amounts, dtype=np.float64))
    if not len(ordered) or ordered.sum() <= 0:
        return float("nan")
    weights = 2 * np.arange(1, len(ordered) + 1) - len(ordered) - 1
    return float((weights * ordered).sum() / (len(ordered) * ordered.sum()))


def _served(layer: gpd.GeoDataFrame, code: str, by: str) -> pd.DataFrame:
    """List which chief answers for which zone or section."""
    chief = chiefs_of(layer)
    named = chief.notna().to_numpy()
    rows = layer[named]
    names = somebody(rows["chief_name"]) if "chief_name" in rows else pd.Series("", index=rows.index)
    return pd.DataFrame(
        {
            "chief_code": chief[named].to_numpy(),
            "chief_name": names.fillna("").to_numpy(),
            "code": code_text(rows[code]).to_numpy(),
            "by": by,
            "area_m2": rows.geometry.area.to_numpy(),
        }
    )


def _roads(stretches: gpd.GeoDataFrame, held: pd.DataFrame) -> pd.Series:
    """Sum up the length of road that each chief answers for; one of several chiefs for all of it."""
    each = pd.DataFrame(
        {
            "by": stretches["by"].astype(str).to_numpy(),
            "code": stretches["codes"].astype(str).str.split(";").to_numpy(),
            "metres": stretches["counted_m"].to_numpy(dtype=np.float64),
        }
    ).explode("code")
    owners = held[["by", "code", "chief_code"]].drop_duplicates()
    joined = each.reset_index(names="stretch").merge(owners, on=["by", "code"])
    joined = joined.drop_duplicates(["stretch", "chief_code"]).sort_values(["chief_code", "metres"])
    metres: pd.Series = joined.groupby("chief_code")["metres"].sum()
    return metres


def _incidents(assigned: pd.DataFrame) -> pd.DataFrame:
    """List which chief has which incident: that of its zone, and that of its section, each once."""
    rows = []
    open_ = is_open(assigned)
    for prefix in ("", "section_"):
        one = pd.DataFrame(
            {"row": np.arange(len(assigned)), "chief_code": chiefs_of(assigned, prefix).to_numpy()}
        )
        rows.append(one if open_ is None else one.assign(open=open_.to_numpy(dtype=bool)))
    return pd.concat(rows).dropna(subset="chief_code").drop_duplicates(["row", "chief_code"])
