"""Ground for which two contractors are paid (承包作业区重复付费)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.coverage.overlaps import overlapping_zones
from zjk_gis.errors import EmptyLayerError, InputError
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.values import as_text, code_text
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.layers.versions import zones_at
from zjk_gis.overlay.faces import ready_zones
from zjk_gis.overlay.polygons import cover_of
from zjk_gis.protection.answering import with_who_answers
from zjk_gis.protection.things import texts
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

__all__ = ["double_payment"]

_AREAS = CATALOGUE["contractor_areas"]
_FEES = ("fee_per_m2", "fee_sum")
_ENDS = ("first", "second")


@checked
def double_payment(
    contractor_areas: gpd.GeoDataFrame,
    *,
    code: str = "work_area_code",
    at: str | dt.date | None = None,
    min_area_m2: float = 0.01,
    zones: gpd.GeoDataFrame | None = None,
    streets: gpd.GeoDataFrame | None = None,
    strict: bool = False,
) -> gpd.GeoDataFrame:
    """Find the ground that two contracts pay for at the same time, and how much each does (重复付费).

    Gaps and overlaps of contractors' areas are those of any zones: `zjk_gis.coverage_faults` and
    `zjk_gis.responsibility_audit` take the layer as it is, with ``code="work_area_code"``.

    Parameters
    ----------
    contractor_areas : GeoDataFrame
        Contractors' areas (承包作业区): areas with ``contract_code`` and ``contractor``, with
        ``service_kind``, with ``fee_per_m2`` or ``fee_sum``, perhaps with ``valid_from`` and ``valid_to``.
    code : str, default "work_area_code"
        The column with the codes of areas.
    at : date or str, optional
        The day that is judged. By default all areas are compared, but never two whose contracts have no day
        in common.
    min_area_m2 : float, default 0.01
        Smaller pieces are dropped.
    zones : GeoDataFrame, optional
        Responsibility zones (责任区), for who answers.
    streets : GeoDataFrame, optional
        Streets (街道), with ``street_code``.
    strict : bool, default False
        Refuse fees that are not amounts, instead of taking them as not known.

    Returns
    -------
    GeoDataFrame
        One row a pair of areas, the largest sum first:

        - ``overlap_code``, ``first_area``, ``second_area`` (text) and ``area_m2`` (float64), as
          `zjk_gis.coverage.overlapping_zones` tells them;
        - ``first_contract``, ``second_contract``, ``first_contractor``, ``second_contractor`` (text);
        - ``service_kind`` (text): the service that both are paid for; empty where one does not say;
        - ``first_paid`` and ``second_paid`` (float64, yuan for the period that the fee is for): the fee per
          m² by the ground, else the sum by its share of the contract's ground; NaN where no fee is known;
        - ``paid_twice`` (float64): the lesser of both, which is saved in any case;
        - ``status`` (text): ``double_payment``, or ``needs_review`` where a service or a fee is not known;
        - who answers: ``zone_code``, ``chief_code``, ``chief_name``, ``street_code``.

        ``attrs["set_aside"]`` lists fees that are not amounts and services that are not understood.

    Raises
    ------
    MissingColumnError
        If a column of codes or contracts is missing, or both of fees are.
    EmptyLayerError, CRSError, GeometryError
        If a layer cannot be used.
    InputError
        If rows have no code or no contract, a date cannot be read, or rows of one area differ in contract,
        service or fee.

    Notes
    -----
    Ground swept by one contractor and planted by another is paid for twice with reason: two areas count only
    if they are paid for the same service. A sum is shared out by the ground of all areas of its contract.

    Examples
    --------
    >>> from shapely import box
    >>> areas = gpd.GeoDataFrame(
    ...     {
    ...         "work_area_code": ["A", "B", "C"],
    ...         "contract_code": ["HT-1", "HT-2", "HT-3"],
    ...         "contractor": ["甲公司", "乙公司", "丙公司"],
    ...         "service_kind": ["清扫保洁", "清扫保洁", "绿化养护"],
    ...         "fee_per_m2": [10.0, None, 5.0],
    ...         "fee_sum": [None, 9000.0, None],
    ...     },
    ...     geometry=[box(0, 0, 60, 10), box(50, 0, 80, 10), box(0, 0, 80, 10)],
    ...     crs=4547,
    ... )
    >>> found = double_payment(areas)
    >>> found[["first_contract", "second_contract", "area_m2", "first_paid", "second_paid", "paid_twice"]]
      first_contract second_contract  area_m2  first_paid  second_paid  paid_twice
    0           HT-1            HT-2    100.0      1000.0       3000.0      1000.0
    """
    aside = SetAside(strict=strict)
    areas = zones_at(ready_zones(contractor_areas, code=code, name="contractor_areas"), at)
    if not len(areas):
        raise EmptyLayerError(
            tr(
                "{name}: none of its {rows} rows is valid on {at}; name another day",
                name="contractor_areas",
                rows=len(contractor_areas),
                at=at,
            )
        )
    contracts = _contracts(areas, code, aside)
    pairs = overlapping_zones(areas, code=code, at=at, min_area_m2=min_area_m2)
    ends = [contracts.loc[pairs[f"{end}_code"]].reset_index(drop=True) for end in _ENDS]
    one, other = (each["service_kind"].to_numpy(dtype=object) for each in ends)
    paid = [_paid(each, pairs["area_m2"].to_numpy()) for each in ends]
    unsure = (one == "") | (other == "")
    table: dict[str, object] = {"overlap_code": pairs["overlap_code"]}
    table |= {f"{end}_area": pairs[f"{end}_code"] for end in _ENDS}
    for column, name in (("contract_code", "contract"), ("contractor", "contractor")):
        table |= {f"{end}_{name}": texts(each[column]) for end, each in zip(_ENDS, ends, strict=True)}
    table |= {
        "service_kind": texts(np.where(unsure, "", one)),
        "area_m2": pairs["area_m2"],
        "first_paid": paid[0],
        "second_paid": paid[1],
        "paid_twice": np.minimum(*paid),
        "status": texts(np.where(unsure | np.isnan(np.minimum(*paid)), "needs_review", "double_payment")),
    }
    found = gpd.GeoDataFrame(table, geometry=pairs.geometry.to_numpy(), crs=pairs.crs)
    # A sum pays for ground of its contract once, however often that is drawn.
    by_sum = np.logical_or(*(each["fee_per_m2"].isna().to_numpy() for each in ends))
    once = by_sum & (found["first_contract"] == found["second_contract"]).to_numpy()
    found = found[(unsure | (one == other)) & ~once]
    found = found.sort_values(
        ["paid_twice", "area_m2", "first_area", "second_area"], ascending=[False, False, True, True]
    )
    return aside.told_in(with_who_answers(found.reset_index(drop=True), zones, streets, at=at))


def _contracts(areas: gpd.GeoDataFrame, code: str, aside: SetAside) -> pd.DataFrame:
    """Return what each area is paid by: one row a code."""
    unpaid = [] if any(each in areas for each in _FEES) else ["fee_per_m2"]
    require_columns(areas, "contractor_areas", "contract_code", "contractor", *unpaid)
    table = pd.DataFrame({"code": code_text(areas[code]), "contract_code": code_text(areas["contract_code"])})
    table["contractor"] = as_text(areas["contractor"]).fillna("")
    if table["contract_code"].isna().any():
        at = table.index[table["contract_code"].isna()][0]
        raise InputError(tr("contractor_areas: row {row} has no contract_code; fill it in", row=at))
    service = pd.Series("", index=areas.index)
    if "service_kind" in areas:
        service = aside.coded(areas, _AREAS.field("service_kind"), "contractor_areas").fillna("")
    table["service_kind"] = service
    for fee in _FEES:
        amounts = np.full(len(areas), np.nan)
        if fee in areas:
            read, unknown = aside.amounts(areas, "contractor_areas", fee)
            amounts = np.where(unknown, np.nan, read)
        table[fee] = amounts
    ground = {
        name: cover_of(rows.to_numpy()) for name, rows in areas.geometry.groupby(table["contract_code"])
    }
    table["contract_m2"] = table["contract_code"].map(
        {name: float(shapely.area(each)) for name, each in ground.items()}
    )
    once = table.drop_duplicates()
    several = once.loc[once["code"].duplicated(), "code"]
    if len(several):
        raise InputError(
            tr(
                "contractor_areas: {code} has rows that differ in contract, service or fee; give each "
                "contract areas of its own, or name a day with at=",
                code=several.min(),
            )
        )
    return once.set_index("code")


def _paid(contracts: pd.DataFrame, area_m2: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what each contract pays for some of its ground: by the m², else by share of the sum."""
    by_area = contracts["fee_per_m2"].to_numpy() * area_m2
    by_share = contracts["fee_sum"].to_numpy() * area_m2 / contracts["contract_m2"].to_numpy()
    return np.where(np.isnan(by_area), by_share, by_area)
