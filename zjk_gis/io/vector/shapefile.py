"""Shapefiles: several files that are one, names of at most 10 bytes, and an encoding that nobody states."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.io.encoding import decode_value
from zjk_gis.io.paths import blamed_on
from zjk_gis.io.vector.dbf import encoding_of_dbf, read_dbf

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from zjk_gis.io.encoding import Encoding
    from zjk_gis.io.vector.dbf import Dbf
    from zjk_gis.layers.spec import LayerSpec

__all__ = [
    "DBF_NAMES",
    "DBF_TEXT_BYTES",
    "cut_to_bytes",
    "long_names",
    "long_numbers",
    "short_names",
    "sidecar",
    "table_of",
    "whole_names",
]

DBF_NAME_BYTES = 10
DBF_TEXT_BYTES = 254
_LONG_DIGITS = 16  # a float holds any number of 15
_WHOLE = re.compile(rb"-?[0-9]+")
_INT64_WIDTH = 18  # up to which GDAL reads a field as whole numbers

# The library's column names that do not fit, and their names in a shapefile. Reading turns them back.
DBF_NAMES = {
    "accepted_by": "acc_by",
    "accepted_why": "acc_why",
    "accessible_berths": "acc_berths",
    "announced_on": "announced",
    "appurtenance": "appurt",
    "backs_up_first": "backs_1st",
    "backs_up_manholes": "backs_mh",
    "basis_amount": "basis_amt",
    "budget_yuan": "budget_yn",
    "building_code": "bldg_code",
    "building_name": "bldg_name",
    "building_use": "bldg_use",
    "by_road_name": "by_rd_name",
    "carriageway_code": "cway_code",
    "charging_berths": "chg_berths",
    "chief_codes": "chief_cods",
    "community_code": "comm_code",
    "community_name": "comm_name",
    "concerned_codes": "conc_codes",
    "confidence_level": "conf_level",
    "construction": "construct",
    "contract_code": "contr_code",
    "corridor_code": "corr_code",
    "corridor_name": "corr_name",
    "cover_material": "cover_mat",
    "demolished_on": "demolished",
    "description": "descript",
    "diameter_mm": "diam_mm",
    "district_code": "dist_code",
    "district_name": "dist_name",
    "drawing_files": "draw_files",
    "entrance_code": "entr_code",
    "entrance_name": "entr_name",
    "estate_code": "est_code",
    "estate_name": "est_name",
    "exception_code": "exc_code",
    "expected_pairs": "exp_pairs",
    "extended_to": "ext_to",
    "extent_code": "ext_code",
    "eye_ground_m": "eye_grd_m",
    "facility_code": "facil_code",
    "feature_code": "feat_code",
    "footprint_code": "footp_code",
    "footway_code": "footw_code",
    "from_depth_m": "from_dep_m",
    "from_level_m": "from_lev_m",
    "from_manhole": "from_mh",
    "fund_source": "fund_src",
    "gas_pressure": "gas_press",
    "grade_level": "grade_lev",
    "green_since": "grn_since",
    "grid_ambiguous": "grid_ambig",
    "grid_candidates": "grid_cand",
    "grid_distance_m": "grid_dis_m",
    "ground_level_m": "grnd_lev_m",
    "hazard_code": "haz_code",
    "hazard_grade": "haz_grade",
    "hazard_kind": "haz_kind",
    "height_rule": "hgt_rule",
    "height_zone_code": "hzone_code",
    "hydrant_code": "hydr_code",
    "illegal_code": "illeg_code",
    "illegal_state": "illeg_stat",
    "incident_code": "incid_code",
    "incident_codes": "incid_cods",
    "inlet_meters": "inlets",
    "inspected_on": "inspected",
    "is_abandoned": "abandoned",
    "is_operable": "operable",
    "last_z_score": "last_z",
    "management_level": "mgmt_level",
    "manhole_code": "mh_code",
    "median_gap_days": "med_gap_d",
    "member_codes": "members",
    "minutes_after": "mins_after",
    "model_since": "mdl_since",
    "model_title": "mdl_title",
    "near_incidents": "near_incid",
    "network_zone_code": "nzone_code",
    "network_zone_kind": "nzone_kind",
    "network_zone_name": "nzone_name",
    "obstacle_code": "obst_code",
    "obstacle_kind": "obst_kind",
    "occurred_at": "occur_at",
    "occurred_on": "occur_on",
    "other_zone_code": "ozone_code",
    "outfall_code": "outf_code",
    "outfall_kind": "outf_kind",
    "outfall_name": "outf_name",
    "outlet_meters": "outlets",
    "overlap_code": "over_code",
    "parent_code": "par_code",
    "paving_code": "pave_code",
    "permit_code": "perm_code",
    "permit_state": "perm_state",
    "photo_files": "phot_files",
    "pole_height_m": "pole_ht_m",
    "position_fix": "pos_fix",
    "project_code": "proj_code",
    "project_kind": "proj_kind",
    "project_name": "proj_name",
    "project_state": "proj_state",
    "protection_class": "prot_class",
    "published_on": "published",
    "railway_code": "rail_code",
    "railway_name": "rail_name",
    "ratio_to_chance": "rto_chance",
    "receiving_water": "recv_water",
    "registered_m3": "regist_m3",
    "relic_grade": "relic_grd",
    "relic_scope": "relic_scp",
    "repaired_on": "repaired",
    "resp_grid_code": "rgrid_code",
    "resp_grid_name": "rgrid_name",
    "responsible_body": "resp_body",
    "restored_on": "restored",
    "rework_count": "rework_n",
    "river_area_code": "rarea_code",
    "second_code": "secnd_code",
    "section_ambiguous": "sect_ambig",
    "section_candidates": "sect_cand",
    "section_code": "sect_code",
    "section_distance_m": "sect_dis_m",
    "section_found": "sect_found",
    "section_reason": "sect_reas",
    "service_kind": "serv_kind",
    "shelter_code": "shelt_code",
    "shelter_name": "shelt_name",
    "sorted_kinds": "sort_kinds",
    "source_code": "src_code",
    "source_kind": "src_kind",
    "source_name": "src_name",
    "station_code": "stat_code",
    "station_name": "stat_name",
    "street_code": "str_code",
    "street_name": "str_name",
    "supplied_m3": "supply_m3",
    "survey_overdue": "surv_over",
    "surveyed_layer": "surv_layer",
    "surveyed_on": "surveyed",
    "sweeping_method": "sweep_by",
    "target_ground_m": "tgt_grd_m",
    "toilet_class": "toil_class",
    "toilet_code": "toil_code",
    "toilet_name": "toil_name",
    "tunnel_code": "tunn_code",
    "tunnel_name": "tunn_name",
    "underground": "undergrnd",
    "unmetered_crossings": "unmetered",
    "unread_meters": "unread",
    "valve_state": "valve_stat",
    "well_depth_m": "well_dep_m",
    "well_number": "well_no",
    "work_area_code": "warea_code",
}


def sidecar(path: Path, ending: str) -> Path | None:
    """Find a file that belongs to a shapefile, whatever the case of its ending."""
    with blamed_on(path):
        for neighbour in path.parent.iterdir():
            if neighbour.stem == path.stem and neighbour.suffix.casefold() == ending:
                return neighbour
    return None


def table_of(path: Path, said: str | None = None) -> tuple[Encoding, Dbf] | None:
    """Find the table of a shapefile and the encoding of its text, unless that is said.

    Returns
    -------
    (Encoding, Dbf) or None
        None where the shapefile has no table.

    Raises
    ------
    FileError
        If the table is damaged.
    """
    dbf_path, cpg_path = sidecar(path, ".dbf"), sidecar(path, ".cpg")
    if dbf_path is None:
        return None
    with blamed_on(dbf_path):
        declared = cpg_path.read_text("ascii", errors="replace").strip() if cpg_path is not None else None
    table = read_dbf(dbf_path)
    return encoding_of_dbf(table, declared, said), table


def long_numbers(table: Dbf) -> dict[int, bool]:
    """Find the columns of whole numbers, by position, in which GDAL would lose digits.

    It makes floats of fields of over 18 digits, and pyogrio of all in which a row is empty.

    Returns
    -------
    dict of int to bool
        Whether 64 bits hold all numbers of the column.

    Raises
    ------
    FileError
        If the table cannot be read.
    """
    long = {
        number: _Digits(each.begin, each.end)
        for number, each in enumerate(table.fields)
        if each.kind in (b"N", b"F")
        and each.end - each.begin >= _LONG_DIGITS
        and not each.decimals
        and each.end <= table.record_bytes
    }
    for block in table.blocks() if long else ():
        for digits in long.values():
            digits.look(block)
    lost = {number: digits for number, digits in long.items() if digits.are_lost}
    for block in table.blocks() if lost else ():
        for digits in lost.values():
            digits.measure(block)
    return {number: digits.fit for number, digits in lost.items()}


@dataclass(slots=True)
class _Digits:
    """What a column of whole numbers has been seen to hold."""

    begin: int
    end: int
    gaps: bool = False
    plain: bool = True
    long: bool = False
    fit: bool = True

    def look(self, block: NDArray[np.uint8]) -> None:
        column = block[:, self.begin : self.end]
        figures = (column >= ord("0")) & (column <= ord("9"))
        digits = figures.sum(axis=1)
        self.gaps |= bool((digits == 0).any())
        # A missing number is left blank by some programs, by GDAL it is filled with asterisks.
        other = (column == ord(" ")) | (column == 0) | (column == ord("-")) | (column == ord("*"))
        self.plain &= bool((figures | other).all())
        self.long |= bool((digits >= _LONG_DIGITS).any())

    def measure(self, block: NDArray[np.uint8]) -> None:
        if self.fit:
            cells = np.ascontiguousarray(block[:, self.begin : self.end]).view(f"S{self.end - self.begin}")
            self.fit = all(map(_is_int64, np.unique(cells.ravel()).tolist()))

    @property
    def are_lost(self) -> bool:
        return (self.gaps or self.end - self.begin > _INT64_WIDTH) and self.plain and self.long


def _is_int64(cell: bytes) -> bool:
    text = cell.strip(b" \x00")
    return not text.strip(b"*") or (_WHOLE.fullmatch(text) is not None and -(2**63) <= int(text) < 2**63)


def whole_names(names: Iterable[bytes], encoding: str, spec: LayerSpec | None) -> dict[str, str]:
    """Complete the names that were cut to 10 bytes, where only one name of the spec begins so.

    Returns
    -------
    dict of str to str
        From the cut name to the library's.
    """
    found: dict[str, str] = {}
    if spec is None:
        return found
    for raw in names:
        if len(raw) < DBF_NAME_BYTES - 3:  # even a cut GB 18030 character leaves more
            continue
        fields = {
            field.name
            for field in spec.fields
            for name in field.names
            if len(name.encode(encoding, "replace")) > DBF_NAME_BYTES
            and name.encode(encoding, "replace")[:DBF_NAME_BYTES].startswith(raw)
        }
        if len(fields) == 1:
            found[decode_value(raw, encoding)] = fields.pop()
    return found


def long_names(columns: Iterable[str]) -> dict[str, str]:
    """Turn the short names of `DBF_NAMES` back, unless the long one is there too.

    Examples
    --------
    >>> long_names(["incid_code", "note"])
    {'incid_code': 'incident_code'}
    """
    present = list(columns)
    return {short: name for name, short in DBF_NAMES.items() if short in present and name not in present}


def short_names(columns: Iterable[str]) -> dict[str, str]:
    """Shorten the names that have more than 10 bytes: by `DBF_NAMES`, else cut and numbered.

    Examples
    --------
    >>> short_names(["incident_code", "单元网格编码", "单元网格编号", "note"])
    {'incident_code': 'incid_code', '单元网格编码': '单元网', '单元网格编号': '单元_1'}
    """
    present = list(columns)
    taken = {name.casefold() for name in present if len(name.encode()) <= DBF_NAME_BYTES}
    renamed: dict[str, str] = {}
    for name in present:
        if len(name.encode()) <= DBF_NAME_BYTES:
            continue
        short, number = DBF_NAMES.get(name, cut_to_bytes(name, DBF_NAME_BYTES)), 0
        while short.casefold() in taken:
            number += 1
            ending = f"_{number}"
            short = cut_to_bytes(name, DBF_NAME_BYTES - len(ending)) + ending
        taken.add(short.casefold())
        renamed[name] = short
    return renamed


def cut_to_bytes(text: str, most: int) -> str:
    """Cut text to so many bytes of UTF-8, never within a character.

    Examples
    --------
    >>> cut_to_bytes("单元网格", 10)
    '单元网'
    """
    return text.encode()[:most].decode(errors="ignore")
