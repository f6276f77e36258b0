"""A year of weekly deliveries of a small city, and what must be true of it at the end (一年的每周来件).

Every eight weeks bring, in a folder for each Monday: complete sets of zones in which chiefs, borders and
codes change; the same set exported again in another format and order; a correction dated two days later, and
one that replaces its file; a set that comes two weeks late; lots in GCJ-02; manholes of which one lacks its
place at first; incidents in parts, in GBK or a workbook, one part late, with rows that cannot be taken. Once
a file arrives damaged and is sent again a week later.
"""

from __future__ import annotations

import datetime as dt
import json
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.coordinates import convert_datum
from zjk_gis.errors import FileError, InputError
from zjk_gis.io import write_layer, write_table
from zjk_gis.presentation import Presentation, presented
from zjk_gis.synth.small_city import SmallCity, points_of
from zjk_gis.words import tr

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

__all__ = ["Weeks", "make_weeks"]

_FIRST = dt.date(2025, 1, 6)
_CYCLE = 8
_LEAST_WEEKS, _LEAST_GRIDS = 8, 16
_INBOX, _RESENT = "收件", "补发"
_TOML = """\
# 一年的每周来件（模拟）：收件/ 里每周一个文件夹，补发/ 里是替换同名文件的更正件和重发件。
[city]
name = "示例小城"
workspace = "工作库.gpkg"
history = "历史"

[coordinates]
store = "EPSG:4490"
measure = "EPSG:4547"
default = "EPSG:4490"

[[source]]
layer = "responsibility_zones"
files = "收件/*/责任区*.*"
complete = true

[[source]]
layer = "manholes"
files = "收件/*/井盖*.gpkg"
complete = true

[[source]]
layer = "parking_lots"
files = "收件/*/停车场*.*"
complete = true
datum = "gcj02"

[[source]]
layer = "incidents"
files = ["收件/*/案件*.csv", "收件/*/案件*.xlsx"]
complete = false
[source.columns]
incident_code = "任务号"
occurred_at = "上报时间"
event_name = "小类名称"
"""
_COLUMNS = {
    "incident_code": "任务号", "occurred_at": "上报时间", "event_name": "小类名称", "state": "案件状态",
    "lot_code": "停车场编码", "lot_name": "停车场名称", "berths": "泊位数", "lon": "经度", "lat": "纬度",
}  # fmt: skip
_CODES = {
    "responsibility_zones": "zone_code", "manholes": "manhole_code", "parking_lots": "lot_code",
    "incidents": "incident_code",
}  # fmt: skip


@presented
@checked
@dataclass(frozen=True, slots=True)
class Weeks:
    """Weekly deliveries of a city, and what is true at the end.

    Attributes
    ----------
    folder : Path
        With ``city.toml``, ``收件/`` (a folder for each week), ``补发/``, ``truth.json`` and ``truth.gpkg``.
    deliveries : list of dict
        In the order in which they come: ``day``, and ``files`` below the folder. Those in ``补发/`` replace
        the file of the same name in ``收件/``.
    layers : dict of str to GeoDataFrame
        The rows of each layer at the end, in CGCS2000 degrees; as ``truth.gpkg`` has them.
    truth : dict
        ``current`` (the day of each layer's newest edition), ``versions`` (how many of each layer are kept
        where weeks are taken in order), ``aside`` (codes of rows that cannot be taken, to the end) and
        ``damaged`` (the file that cannot be read until it is sent again); as ``truth.json`` has it, with
        the deliveries.
    """

    folder: Path
    deliveries: list[dict[str, Any]]
    layers: dict[str, gpd.GeoDataFrame]
    truth: dict[str, Any]

    def _presentation(self) -> Presentation:
        return Presentation(
            tr(
                "Weekly deliveries of a synthetic city: {weeks:,}, with {files:,} files.",
                weeks=len(self.deliveries),
                files=sum(len(each["files"]) for each in self.deliveries),
            )
        )


@checked
def make_weeks(
    folder: str | os.PathLike[str],
    *,
    weeks: int = 52,
    grids: int = 36,
    incidents: int = 8,
    seed: int = 20250106,
) -> Weeks:
    """Write weekly folders of a small city that changes, its city file, and what must be true at the end.

    Parameters
    ----------
    folder : path
        Made if it is not there.
    weeks : int, default 52
        How many, from Monday 2025-01-06; at least 8.
    grids : int, default 36
        How many zones there are at first; at least 16.
    incidents : int, default 8
        How many are reported each week.
    seed : int, default 20250106

    Returns
    -------
    Weeks

    Raises
    ------
    InputError
        If there are too few weeks, zones or incidents.
    FileError
        If the folder cannot be written, or holds deliveries already.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = make_weeks(folder, weeks=8, grids=16)
    >>> made.deliveries[1]["files"]
    ['收件/2025-01-13/责任区.geojson', '收件/2025-01-13/案件.csv']
    >>> made.truth["current"]["responsibility_zones"], made.truth["damaged"]
    ('2025-02-10', '收件/2025-02-03/停车场.xlsx')
    """
    for name, value, least in (
        ("weeks", weeks, _LEAST_WEEKS), ("grids", grids, _LEAST_GRIDS), ("incidents", incidents, 3),
    ):  # fmt: skip
        if value < least:
            raise InputError(
                tr("{name} must be at least {least}, not {value}", name=name, least=least, value=value)
            )
    target = Path(folder)
    if (target / _INBOX).exists():
        raise FileError(tr("{path}: holds deliveries already; choose another folder", path=target / _INBOX))
    year = _Year(target, SmallCity(np.random.default_rng(seed), grids), incidents)
    try:
        target.mkdir(parents=True, exist_ok=True)
        (target / "city.toml").write_text(_TOML, encoding="utf-8")
        for number in range(weeks):
            year.send_week(number)
        return year.ended()
    except OSError as error:
        raise FileError(
            tr("{target}: cannot write the city here: {error}", target=folder, error=error)
        ) from error


@dataclass(slots=True)
class _Year:
    """The deliveries so far, and what of them is true."""

    folder: Path
    city: SmallCity
    count: int
    deliveries: list[dict[str, Any]] = field(default_factory=list)
    current: dict[str, str] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    sets: dict[str, gpd.GeoDataFrame] = field(default_factory=dict)
    parts: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    aside: set[str] = field(default_factory=set)
    damaged: str = ""
    held: dict[str, Any] = field(default_factory=dict)

    def send_week(self, number: int) -> None:
        """Write what comes in a week: zones, manholes, lots, incidents."""
        self.deliveries.append({"day": _day(number), "files": []})
        self._zones(number)
        self._manholes(number)
        self._lots(number)
        self._incidents(number)

    def ended(self) -> Weeks:
        """Write what is true, and return it."""
        told = {code: values for code, (_, values) in self.parts.items()}
        layers = {**self.sets, "incidents": points_of(told, "incident_code")}
        layers = {
            name: gpd.GeoDataFrame(layers[name].sort_values(code, ignore_index=True))
            for name, code in _CODES.items()
        }
        truth = {
            "current": self.current, "versions": self.versions, "aside": sorted(self.aside - set(told)),
            "damaged": self.damaged,
        }  # fmt: skip
        for name, rows in layers.items():
            write_layer(rows, self.folder / "truth.gpkg", layer=name)
        text = json.dumps({**truth, "deliveries": self.deliveries}, ensure_ascii=False, indent=1)
        (self.folder / "truth.json").write_text(text + "\n", encoding="utf-8")
        return Weeks(self.folder, self.deliveries, layers, truth)

    def _zones(self, number: int) -> None:
        week, city = number % _CYCLE, self.city
        if week in (0, 2, 4, 5):
            city.change_chief()
            city.move_border()
        if week in (0, 4):
            (city.split_zone if week == 0 else city.withdraw_zone)()
        if week in (3, 7):
            city.change_chief()  # the correction
        rows = city.zone_rows()
        if week == 0:
            self._send_zones("责任区.shp", rows, _day(number))
        elif week == 1:  # the same rows again
            write_layer(gpd.GeoDataFrame(rows.iloc[::-1]), self._file("责任区.geojson"))
            self.current["responsibility_zones"] = _day(number)
        elif week == 2:
            self._send_zones("责任区.gpkg", rows, _day(number))
        elif week == 3:  # a correction under a date of its own
            day = _day(number - 1, 2)
            self._send_zones(f"责任区{day}.geojson", rows, day)
        elif week == 4:
            self.held["zones"] = rows
        elif week == 5:
            self._send_zones("责任区.geojson", rows, _day(number))
        elif week == 6:  # comes when a newer set is there
            write_layer(self.held.pop("zones"), self._file(f"责任区{_day(number - 2)}.shp"))
        else:  # a correction in the place of the file
            self._send_zones("责任区.geojson", rows, _day(number - 2), _RESENT)

    def _send_zones(self, name: str, rows: gpd.GeoDataFrame, day: str, inbox: str = _INBOX) -> None:
        write_layer(rows, self._file(name, day if inbox == _RESENT else None, inbox))
        self._is_current("responsibility_zones", rows, day)

    def _manholes(self, number: int) -> None:
        week, city = number % _CYCLE, self.city
        if week not in (0, 3, 6, 7):
            return
        city.change_manholes()
        if week == 6:
            self.held["manhole"] = city.add_manhole()
        elif week == 7:
            self.held.pop("manhole")
        sent = deepcopy(city.manholes)
        without = self.held.get("manhole")
        if without:
            sent[without] |= {"lon": None, "lat": None}
        write_layer(points_of(sent, "manhole_code"), self._file("井盖.gpkg"), layer="manholes")
        sound = {code: told for code, told in sent.items() if code != without}
        self._is_current("manholes", points_of(sound, "manhole_code"), _day(number))

    def _lots(self, number: int) -> None:
        week = number % _CYCLE
        if week == 5 and "lots" in self.held:
            before = _day(number - 1)
            write_table(self.held.pop("lots"), self._file("停车场.xlsx", before, _RESENT), headings="zh")
        if week not in (0, 2, 4):
            return
        self.city.change_lots()
        rows = points_of(self.city.lots, "lot_code")
        self._is_current("parking_lots", rows, _day(number))
        moved = convert_datum(rows, source="cgcs2000", target="gcj02")
        table = pd.DataFrame(moved.drop(columns="geometry")).assign(
            lon=moved.geometry.x.round(8), lat=moved.geometry.y.round(8)
        )
        table = table.rename(columns=_COLUMNS)
        if week == 4:
            path = self._file("停车场.xlsx")
            write_table(table, path, headings="zh")
            if not self.damaged:
                self.damaged = path.relative_to(self.folder).as_posix()
                self.held["lots"] = table
                path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        else:
            table.to_csv(self._file("停车场.csv"), index=False, encoding="utf-8-sig", lineterminator="\n")

    def _incidents(self, number: int) -> None:
        week, day = number % _CYCLE, _day(number)
        codes = self.city.report_incidents(dt.date.fromisoformat(day), self.count)
        rows = {code: deepcopy(self.city.incidents[code]) for code in codes}
        if week in (2, 3):  # one without a place: of the second the place comes a week later
            bad = codes[-1]
            rows[bad] |= {"lon": None, "lat": None}
            if week == 2:
                del self.city.incidents[bad]
            else:
                self.held["incident"] = bad
        if week == 4:
            placed = self.held.pop("incident")
            rows[placed] = deepcopy(self.city.incidents[placed])
        if week == 5:
            self.held["part"] = (day, rows)
            return
        if week == 6:
            late, part = self.held.pop("part")
            self._send_part(f"案件{late}.csv", part, late)
        self._send_part("案件.xlsx" if week in (0, 4) else "案件.csv", rows, day, is_gbk=week in (1, 6))

    def _send_part(self, name: str, rows: Mapping[str, Any], day: str, *, is_gbk: bool = False) -> None:
        table = pd.DataFrame([{"incident_code": code, **told} for code, told in rows.items()])
        table = table.rename(columns=_COLUMNS)
        path = self._file(name)
        if path.suffix == ".xlsx":
            write_table(table, path, headings="zh")
        else:
            encoding = "gbk" if is_gbk else "utf-8-sig"
            table.to_csv(path, index=False, encoding=encoding, lineterminator="\n")
        for code, told in rows.items():
            if told["lon"] is None:
                self.aside.add(code)
            elif code not in self.parts or self.parts[code][0] <= day:
                self.parts[code] = (day, told)
        self.current["incidents"] = max(day, self.current.get("incidents", ""))
        self.versions["incidents"] = self.versions.get("incidents", 0) + 1

    def _is_current(self, layer: str, rows: gpd.GeoDataFrame, day: str) -> None:
        self.sets[layer], self.current[layer] = rows, day
        self.versions[layer] = self.versions.get(layer, 0) + 1

    def _file(self, name: str, day: str | None = None, inbox: str = _INBOX) -> Path:
        """Return where a file of the week goes, and enter it among what came."""
        path = self.folder / inbox / (day or self.deliveries[-1]["day"]) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self.deliveries[-1]["files"].append(path.relative_to(self.folder).as_posix())
        return path


def _day(number: int, later: int = 0) -> str:
    return (_FIRST + dt.timedelta(weeks=number, days=later)).isoformat()
