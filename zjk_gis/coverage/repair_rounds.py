"""Repairs proposed and made until nothing is left, or only what a person must decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.coverage.repair import repair_coverage
from zjk_gis.coverage.repairs_made import apply_repairs
from zjk_gis.errors import InputError
from zjk_gis.layers.excerpts import excerpt
from zjk_gis.presentation import Presentation, presented
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

__all__ = ["MendedCoverage", "mend_coverage"]


@presented
class MendedCoverage(NamedTuple):
    """What `mend_coverage` did.

    Attributes
    ----------
    zones : GeoDataFrame
        Mended; see `apply_repairs`.
    repairs : GeoDataFrame
        What was done, round after round, and then what is left to a person: as `repair_coverage` tells, with
        ``round`` (int64), from 1, and ``made`` (bool). From the second round on ``repair_code`` ends with the
        number of the round, as in ``R001-2``.
    """

    zones: gpd.GeoDataFrame
    repairs: gpd.GeoDataFrame

    def _presentation(self) -> Presentation:
        told = tr(
            "Repairs made: {made:,}. Left to a person: {left:,}.",
            made=int(self.repairs["made"].sum()),
            left=int((~self.repairs["made"]).sum()),
        )
        columns = ["repair_code", "action", "status", "gaining_code", "losing_code", "area_m2", "made"]
        return excerpt(told, self.repairs, columns)


@checked
def mend_coverage(
    region: gpd.GeoDataFrame | None,
    zones: gpd.GeoDataFrame,
    *,
    rounds: int = 10,
    code: str = "zone_code",
    at: str | dt.date | None = None,
    level: int | str | None = None,
    **options: Any,
) -> MendedCoverage:
    """Make repairs round after round, until none is left or only a person can decide (逐轮修复).

    Parameters
    ----------
    region : GeoDataFrame or None
    zones : GeoDataFrame
    rounds : int, default 10
        How many rounds at most, as a repair can bring others to light.
    code, at, level, **options
        As for `repair_coverage`.

    Returns
    -------
    MendedCoverage
        ``zones.attrs["repairs"]`` tells what `apply_repairs` tells of all rounds together, besides ``rounds``
        (how many made any repair) and ``left_to_a_person`` (how many are left).

    Raises
    ------
    InputError
        If `rounds` is less than 1, or as `repair_coverage` and `apply_repairs` do.

    Examples
    --------
    A lies 1 m over B, and D lacks the vertex where B and C meet:

    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["A", "B", "C", "D"]},
    ...     geometry=[
    ...         box(0, 50, 51, 100),
    ...         box(50, 50, 100, 100),
    ...         box(100, 50, 150, 100),
    ...         box(0, 0, 150, 50),
    ...     ],
    ...     crs=4547,
    ... )
    >>> mended, repairs = mend_coverage(None, zones)
    >>> repairs.groupby("action")["made"].sum().to_dict(), mended.attrs["repairs"]["coverage_is_valid"]
    ({'cut': 1, 'match': 1}, True)
    """
    if rounds < 1:
        raise InputError(tr("rounds must be at least 1, not {rounds!r}", rounds=rounds))
    where: dict[str, Any] = {"code": code, "at": at, "level": level}
    accounts: list[dict[str, Any]] = []
    told: list[gpd.GeoDataFrame] = []
    mended = zones
    while True:
        number = len(accounts) + 1
        proposals = repair_coverage(region, mended, **where, **options)
        if number > 1:
            proposals["repair_code"] = (proposals["repair_code"] + f"-{number}").astype("str")
        ready = (proposals["status"] == "proposed").any()
        if accounts and (not ready or number > rounds):
            break
        mended = apply_repairs(mended, proposals, region=region, **where)
        accounts.append(mended.attrs["repairs"])
        made = proposals["repair_code"].isin(accounts[-1]["applied"])
        told.append(proposals[made].assign(round=number, made=True))
        if not made.any():  # what was refused would be proposed again
            proposals = _left_to_a_person(proposals, accounts[-1]["refused"])
            break
    told.append(proposals.assign(round=number, made=False))
    repairs = gpd.GeoDataFrame(pd.concat(told, ignore_index=True), crs=zones.crs)
    mended.attrs["repairs"] = _summed(accounts) | {"left_to_a_person": int((~repairs["made"]).sum())}
    return MendedCoverage(mended, repairs)


def _left_to_a_person(proposals: gpd.GeoDataFrame, refused: dict[str, str]) -> gpd.GeoDataFrame:
    """Say of what was proposed and could not be made that a person must decide, and why."""
    left = proposals.copy()
    for code, why in refused.items():
        left.loc[left["repair_code"] == code, ["status", "reason"]] = ["left_to_a_person", why]
    return left


def _summed(accounts: list[dict[str, Any]]) -> dict[str, Any]:
    """Put the accounts of all rounds into one: what was done is added up, what is left is the last."""
    changed = {name for each in accounts for name in each["changed_codes"]}
    renoded = {name for each in accounts for name in each["renoded_codes"]}
    return accounts[-1] | {
        "rounds": sum(bool(each["applied"]) for each in accounts),
        "applied": [name for each in accounts for name in each["applied"]],
        "changed_codes": sorted(changed),
        "renoded_codes": sorted(renoded - changed),
        "covered_before_m2": accounts[0]["covered_before_m2"],
        "filled_m2": sum(each["filled_m2"] for each in accounts),
    }
