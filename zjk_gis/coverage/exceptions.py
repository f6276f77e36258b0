"""The exceptions ledger (责任例外台账): faults that somebody has accepted, until when, and in what shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.crs import as_metric, convert_crs, require_crs
from zjk_gis.errors import GeometryError, InputError, MissingColumnError, name_rows
from zjk_gis.layers.catalogue import ACCEPTED_FAULTS
from zjk_gis.layers.columns.periods import ALWAYS, day_of, validity_days
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.time_cells import today
from zjk_gis.layers.columns.values import code_text, coded
from zjk_gis.layers.metric import require_amounts
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.shapes import has_place, only
from zjk_gis.overlay.common_ground import common_ground
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["accept_fault", "without_accepted"]

# The column that names a fault, and what such a fault is called in the ledger.
_KINDS = {"gap_code": "责任空白", "overlap_code": "责任重叠"}
_EPOCH = np.datetime64("1970-01-01")


@checked
def accept_fault(
    faults: gpd.GeoDataFrame,
    fault_code: str | Sequence[str],
    *,
    by: str,
    why: str,
    until: str | dt.date | None,
    on: str | dt.date | None = None,
    ledger: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """Accept gaps or overlaps as they are, such as a river or military land: enter them in the ledger.

    Parameters
    ----------
    faults : GeoDataFrame
        Gaps or overlaps as `coverage_gaps` or `overlapping_zones` return them.
    fault_code : str or sequence of str
        Their ``gap_code`` or ``overlap_code``, such as ``G003``.
    by : str
        Who accepts them.
    why : str
        For what reason.
    until : date, str or None
        The last day on which they are accepted; None for without end.
    on : date or str, optional
        From which day; by default today.
    ledger : GeoDataFrame, optional
        The ledger so far (the layer ``accepted_faults``), which is not changed.

    Returns
    -------
    GeoDataFrame
        The ledger with a row more for each fault, in its CRS (by default that of `faults`):
        ``exception_code`` (``E001``, ...), ``fault_kind`` (责任空白 or 责任重叠), ``fault_code``,
        ``concerned_codes`` (the zones concerned), ``area_m2``, ``accepted_by``, ``accepted_why``,
        ``valid_from``, ``valid_to``, and the fault's shape. `write_layer` keeps it in a GeoPackage, a
        `Workspace` with its history.

    Raises
    ------
    InputError
        If there is no such fault, nobody or no reason is named, or the period ends before it begins.
    MissingColumnError
        If `faults` has neither ``gap_code`` nor ``overlap_code``.
    CRSError
        If a layer has no CRS.

    Examples
    --------
    >>> from shapely import box
    >>> gaps = gpd.GeoDataFrame({"gap_code": ["G001"]}, geometry=[box(0, 0, 30, 40)], crs=4547)
    >>> ledger = accept_fault(gaps, "G001", by="李局长", why="军事用地", until="2026-12-31", on="2025-12-31")
    >>> ledger[["exception_code", "fault_code", "accepted_by", "valid_to"]].to_numpy().tolist()
    [['E001', 'G001', '李局长', datetime.date(2026, 12, 31)]]
    >>> [len(without_accepted(gaps, ledger, at=day)) for day in ("2026-12-31", "2027-01-01")]
    [0, 1]
    """
    name, kind = _kind_of(faults)
    require_crs(faults, "faults")
    for what, text in (("by", by), ("why", why)):
        if not str(text).strip():
            raise InputError(
                tr("{what} is empty; the ledger must say who accepts a fault and why", what=what)
            )
    first = day_of(on if on is not None else today(), "on")
    last = None if until is None else day_of(until, "until")
    if last is not None and last < first:
        raise InputError(
            tr(
                "until ({until}) lies before the day it is accepted on ({date})",
                until=until,
                date=_date(first),
            )
        )
    wanted = [fault_code] if isinstance(fault_code, str) else list(fault_code)
    codes = code_text(faults[name])
    for one in wanted:
        if (codes == one).sum() != 1:
            near = ", ".join(codes.head(5)) + (", ..." if len(codes) > 5 else "")
            raise InputError(
                tr("there is no fault {one!r}; there are {value}", one=one, value=near or "none")
            )
    rows = faults.set_index(codes).loc[wanted]
    nowhere = ~has_place(rows.geometry.to_numpy())
    if nowhere.any():
        lost = faults.index[codes.isin(rows.index[nowhere]).to_numpy()]
        raise GeometryError(
            tr(
                "faults: {rows} have no place by which they could be known again; draw them",
                rows=name_rows(lost),
            )
        )
    measured = as_metric(rows, "faults")
    entered = gpd.GeoDataFrame(
        {
            "exception_code": _next_codes(ledger, len(rows)),
            "fault_kind": kind,
            "fault_code": wanted,
            "concerned_codes": _concerned(rows),
            "area_m2": measured.geometry.area.to_numpy(),
            "accepted_by": str(by).strip(),
            "accepted_why": str(why).strip(),
            "valid_from": pd.Series([_date(first)] * len(rows), dtype=object),
            "valid_to": pd.Series([None if last is None else _date(last)] * len(rows), dtype=object),
        },
        geometry=rows.geometry.to_numpy(),
        crs=rows.crs,
    )
    if ledger is None or not len(ledger):
        return entered
    entered = convert_crs(entered, require_crs(ledger, "accepted_faults"), name="faults")
    if entered.active_geometry_name != ledger.active_geometry_name:
        entered = entered.rename_geometry(ledger.active_geometry_name)
    lacking = [column for column in entered if column not in ledger]
    whole = ledger.assign(**dict.fromkeys(lacking)).astype(dict.fromkeys(["valid_from", "valid_to"], object))
    whole = pd.DataFrame(whole).astype(object)
    joined = pd.concat([whole, pd.DataFrame(entered).astype(object)], ignore_index=True).infer_objects()
    for column in ("valid_from", "valid_to"):
        days = validity_days(joined, "accepted_faults")[0 if column == "valid_from" else 1]
        joined[column] = pd.Series([_date(day) for day in days.tolist()], dtype=object)
    return gpd.GeoDataFrame(joined, geometry=ledger.active_geometry_name, crs=ledger.crs)


@checked
def without_accepted(
    faults: gpd.GeoDataFrame,
    ledger: gpd.GeoDataFrame | None,
    *,
    at: str | dt.date,
    within_m: float = 2.0,
    changed_share: float = 0.05,
) -> gpd.GeoDataFrame:
    """Leave out the gaps or overlaps that have been accepted, unless that has expired or their shape changed.

    Parameters
    ----------
    faults : GeoDataFrame
        Gaps or overlaps as `coverage_gaps` or `overlapping_zones` return them; may be empty.
    ledger : GeoDataFrame or None
        As `accept_fault` returns it: the layer ``accepted_faults``. None or empty leaves nothing out.
    at : date or str
        The day that is judged; the first and last day of acceptance are included.
    within_m : float, default 2.0
        A fault has the shape that was accepted if no vertex of either lies further than this from the other
        (Hausdorff distance), and
    changed_share : float, default 0.05
        if what only one of them covers is at most this share of what both cover together.

    Returns
    -------
    GeoDataFrame
        The faults that are reported, in their order and under their index, with

        - ``exception`` (text): empty for a new one, or why it is back: ``acceptance_expired``,
          ``shape_changed``;
        - ``exception_code`` (text): the row of the ledger that no longer serves.

        ``attrs["exceptions"]`` tells ``withheld`` (how many), ``withheld_area_m2``, ``withheld_codes``,
        ``expired`` and ``changed`` (lists of dicts: ``fault_code``, ``exception_code`` and ``valid_to``, or
        ``changed_share`` and ``distance_m``) and ``unused`` (the entries valid on that day, but to which
        no fault of this kind corresponds: mended since, or changed altogether).

    Raises
    ------
    MissingColumnError
        If `faults` has neither ``gap_code`` nor ``overlap_code``, or the ledger lacks a column.
    CRSError
        If a layer with rows has no CRS.
    InputError
        If a date cannot be read.

    Notes
    -----
    Codes of faults are numbered again by every audit, so that a fault is known by its shape alone. One whose
    shape is not the accepted one, but that has at least half of either's ground in common, counts as that
    one changed; the entry with the most common ground is named. An entry for the same shape that holds comes
    before one that has expired, and that before a changed one.

    Examples
    --------
    A river whose bank has moved by 10 m is reported again:

    >>> from shapely import box
    >>> gaps = gpd.GeoDataFrame({"gap_code": ["G001"]}, geometry=[box(0, 0, 50, 400)], crs=4547)
    >>> ledger = accept_fault(gaps, "G001", by="李局长", why="河道", until=None, on="2025-01-01")
    >>> wider = gaps.set_geometry([box(0, 0, 60, 400)], crs=4547)
    >>> without_accepted(wider, ledger, at="2025-06-01")[["gap_code", "exception", "exception_code"]]
      gap_code      exception exception_code
    0     G001  shape_changed           E001
    """
    require_amounts(within_m=within_m, changed_share=changed_share)
    name, kind = _kind_of(faults)
    day = day_of(at)
    account: dict[str, Any] = {"withheld": 0, "withheld_area_m2": 0.0, "withheld_codes": []}
    account |= {"expired": [], "changed": [], "unused": []}
    blank = pd.Series("", index=faults.index, dtype="str")
    kept = with_answers(faults, {"exception": blank, "exception_code": blank})
    if ledger is None or not len(ledger):
        kept.attrs = {**faults.attrs, "exceptions": account}
        return kept
    entries = _entries(ledger, kind, day)
    measured = as_metric(faults, "faults") if len(faults) else faults
    shapes = measured.geometry.to_numpy()
    if len(faults) and len(entries):
        entries = convert_crs(entries, measured.crs, name="accepted_faults")
    pairs = _pairs(shapes, entries, within_m, changed_share)
    if kind == _KINDS["overlap_code"]:  # of three zones on one ground each pair is accepted by itself
        pairs = pairs[_same_zones(faults, entries, pairs)]
    best = pairs.sort_values(
        ["fault", "order", "common", "exception_code"], ascending=[True, True, False, True]
    )
    best = best.drop_duplicates("fault")
    codes, areas = code_text(faults[name]).to_numpy(), shapely.area(shapes)
    back = dict.fromkeys(range(len(faults)), ("", ""))
    withheld = np.zeros(len(faults), dtype=bool)
    for row in best.to_dict("records"):
        at_row, entry = (
            row["fault"],
            {"fault_code": str(codes[row["fault"]]), "exception_code": row["exception_code"]},
        )
        if row["how"] == "accepted":
            withheld[at_row] = True
            continue
        back[at_row] = (row["how"], row["exception_code"])
        if row["how"] == "acceptance_expired":
            account["expired"].append(entry | {"valid_to": str(_date(row["ends"]))})
        else:
            entry |= {"changed_share": round(row["change"], 6), "distance_m": round(row["distance"], 3)}
            account["changed"].append(entry)
    used = {*best["exception_code"]}
    holding = entries.loc[entries["ends"] >= day, "exception_code"]
    account["unused"] = sorted({*holding.astype(str)} - used)
    account |= {"withheld": int(withheld.sum()), "withheld_area_m2": float(np.sort(areas[withheld]).sum())}
    account["withheld_codes"] = codes[withheld].tolist()
    answers = pd.DataFrame.from_dict(back, orient="index", columns=["exception", "exception_code"])
    kept["exception"] = answers["exception"].astype("str").to_numpy()
    kept["exception_code"] = answers["exception_code"].astype("str").to_numpy()
    kept = kept[~withheld]
    kept.attrs = {**faults.attrs, "exceptions": account}
    return kept


def _kind_of(faults: gpd.GeoDataFrame) -> tuple[str, str]:
    for name, kind in _KINDS.items():
        if name in faults:
            return name, kind
    raise MissingColumnError(
        tr(
            "faults: no column {kinds}; give what coverage_gaps or overlapping_zones returned",
            kinds=" or ".join(_KINDS),
        )
    )


def _concerned(faults: gpd.GeoDataFrame) -> list[str]:
    """Return the codes of the zones around a gap or in an overlap, joined by ``;``."""
    if {"first_code", "second_code"} <= set(faults) and "codes" not in faults:
        pairs: list[str] = (code_text(faults["first_code"]) + ";" + code_text(faults["second_code"])).tolist()
        return pairs
    held = next((faults[column] for column in ("codes", "neighbours") if column in faults), None)
    return [""] * len(faults) if held is None else [str(codes) for codes in held]


def _date(day: int) -> dt.date | None:
    if day == ALWAYS or day < -(10**8):
        return None
    date: dt.date = (_EPOCH + np.timedelta64(day, "D")).astype(object)
    return date


def _next_codes(ledger: gpd.GeoDataFrame | None, count: int) -> list[str]:
    """Go on numbering where the ledger ends; codes of another form are left alone."""
    last = 0
    if ledger is not None and "exception_code" in ledger:
        numbers = code_text(ledger["exception_code"]).str.extract(r"^E(\d{1,9})$")[0].dropna().astype(int)
        last = int(numbers.max()) if len(numbers) else 0
    return [f"E{last + number:03}" for number in range(1, count + 1)]


def _entries(ledger: gpd.GeoDataFrame, kind: str, day: int) -> gpd.GeoDataFrame:
    """Return the entries of a kind that have begun, each with its last day."""
    require_crs(ledger, ACCEPTED_FAULTS.name)
    require_columns(ledger, ACCEPTED_FAULTS.name, "exception_code", "fault_kind")
    begins, ends = validity_days(ledger, ACCEPTED_FAULTS.name)
    kinds, _ = coded(ledger, ACCEPTED_FAULTS.field("fault_kind"), ACCEPTED_FAULTS.name)
    kept = (kinds == kind).to_numpy(dtype=bool) & (begins <= day)
    return ledger.assign(ends=ends, holds=ends >= day)[kept].reset_index(drop=True)


def _pairs(
    shapes: NDArray[Any], entries: gpd.GeoDataFrame, within_m: float, changed_share: float
) -> pd.DataFrame:
    """Hold every fault against the entries on its ground: the same shape, or one that has changed."""
    accepted = entries.geometry.to_numpy()
    # What has no place is on nobody's ground: such a fault is reported, such an entry serves for none.
    shapes, accepted = (only(each, has_place(each)) for each in (shapes, accepted))
    met = common_ground(shapes, accepted)
    fault, entry, common, together = met.one, met.other, met.common, met.together
    change = np.divide(together - common, together, out=np.zeros(len(fault)), where=together > 0)
    distance = shapely.hausdorff_distance(shapes[fault], accepted[entry])
    same = (change <= changed_share) & (distance <= within_m)
    akin = same | met.is_same
    holds = entries["holds"].to_numpy(dtype=bool)[entry]
    order = np.where(same, np.where(holds, 0, 1), 2)
    kept = akin & (same | holds)
    pairs = pd.DataFrame(
        {
            "fault": fault,
            "entry": entry,
            "order": order,
            "how": np.array(["accepted", "acceptance_expired", "shape_changed"])[order],
            "common": common,
            "change": change,
            "distance": distance,
            "exception_code": code_text(entries["exception_code"]).to_numpy()[entry],
            "ends": entries["ends"].to_numpy()[entry],
        }
    )
    found: pd.DataFrame = pairs[kept]
    return found


def _same_zones(
    faults: gpd.GeoDataFrame, entries: gpd.GeoDataFrame, pairs: pd.DataFrame
) -> NDArray[np.bool_]:
    """Tell which overlaps are of the zones that an entry names; one that names none serves for all."""
    if "concerned_codes" not in entries:
        return np.ones(len(pairs), dtype=bool)
    one = [frozenset(codes.split(";")) for codes in _concerned(faults)]
    other = [frozenset(codes.split(";")) for codes in entries["concerned_codes"].fillna("").astype(str)]
    rows = zip(pairs["fault"].tolist(), pairs["entry"].tolist(), strict=True)
    return np.array([other[entry] in (one[fault], {""}) for fault, entry in rows], dtype=bool)
