"""From what stands in a city file to its sections; faults are noted with their lines, and reading goes on."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any, cast

from zjk_gis.crs import is_metric
from zjk_gis.errors import InputError
from zjk_gis.io.tables.geometry import parse_crs
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.columns.datum_words import parse_datum
from zjk_gis.layers.naming import field_of
from zjk_gis.layers.spec import folded
from zjk_gis.standards import rules_table
from zjk_gis.standards.clocks import CLOCKS
from zjk_gis.words import listed, tr
from zjk_gis.workspace.city_file.faults import near
from zjk_gis.workspace.city_file.sections import (
    Contact,
    Coordinates,
    Deadline,
    Duty,
    PublicLots,
    Publish,
    Rules,
    Source,
    Weights,
)
from zjk_gis.workspace.city_file.thresholds import THRESHOLDS, Threshold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from zjk_gis.layers.spec import Field, LayerSpec
    from zjk_gis.workspace.city_file.table import Table

__all__ = [
    "inside",
    "limits_of",
    "path_reader",
    "read_contacts",
    "read_coordinates",
    "read_deadlines",
    "read_duties",
    "read_lots",
    "read_publish",
    "read_rules",
    "read_source",
    "read_thresholds",
    "read_weights",
]

_AXES = ("lon", "lat")
_NO_DATUM = ("none", "无")
_ENCODINGS = {
    "auto": "auto", "自动": "auto", "utf-8": "UTF-8", "UTF-8": "UTF-8", "utf8": "UTF-8",
    "gb18030": "GB18030", "GB18030": "GB18030", "gbk": "GB18030", "GBK": "GB18030",
    "gb2312": "GB18030", "GB2312": "GB18030",
}  # fmt: skip
_EDITIONS = ("folder", "column", "file")
_AUDIENCES = {"internal": "internal", "内部": "internal", "public": "public", "公开": "public"}
_DEADLINE = re.compile(rf"\s*(\d+(?:\.\d+)?)\s*个?({'|'.join(CLOCKS)})\s*")
_STREET_DIGITS, _SHORT = 9, 4


def read_coordinates(table: Table) -> Coordinates:
    """Read [coordinates]."""
    found = Coordinates(
        store=_crs(table, "store"),
        measure=_crs(table, "measure", metric=True),
        default=_crs(table, "default"),
        datum=_datum(table),
    )
    table.close()
    return found


def read_rules(table: Table) -> Rules:
    """Read [rules]."""
    usual = Rules()
    found = Rules(
        older=cast("Any", table.choice("older", ("refuse", "keep"), usual.older)),
        shrink=table.number("shrink", usual.shrink, most=1.0),
        correction_days=int(table.number("correction_days", usual.correction_days, whole=True)),
        geometry_tolerance_m=table.number("geometry_tolerance_m", usual.geometry_tolerance_m),
    )
    table.close()
    return found


def limits_of() -> dict[str, Threshold]:
    """Return the numbers of the table ``limits``, which a city may set as well."""
    rows = rules_table("limits")
    return {
        name: Threshold(meaning, float(value))
        for name, meaning, value in zip(rows["limit"], rows["meaning"], rows["value"], strict=True)
    }


def read_thresholds(table: Table) -> dict[str, float]:
    """Read [thresholds]: those that are set."""
    known = THRESHOLDS | limits_of()
    found = {}
    for name in list(table.values):
        if name in known:
            rule = known[name]
            found[name] = table.number(
                name, rule.usual, least=rule.least, most=rule.most, whole=rule.is_whole
            )
    _refuse_rest(table, tuple(known))
    return found


def read_weights(table: Table) -> Weights:
    """Read [weights]: indicators, and grades of hazards in [weights.risk]."""
    risk = table.table("risk")
    return Weights(
        score=_numbers(table, tuple(rules_table("score_weights")["indicator"])),
        risk=_numbers(risk, tuple(rules_table("risk_weights")["hazard_grade"])),
    )


def read_deadlines(table: Table) -> tuple[Deadline, ...]:
    """Read [deadlines]: how long each class may take, such as "0102" = "4工作时"."""
    found: dict[str, Deadline] = {}
    for name in table.rest():
        code = _event_code(table, name)
        written = table.values[name]
        given = _DEADLINE.fullmatch(written) if isinstance(written, str) else None
        if given is None or float(given.group(1)) <= 0:
            example = tr(
                'a number and a clock, such as "4工作时"; the clocks are {clocks}', clocks=listed(CLOCKS)
            )
            table.fault(name, tr("must be {wanted}, not {value}", wanted=example, value=repr(written)))
        elif code in found:
            table.fault(name, tr("the class {code} stands here twice", code=code))
        elif code:
            found[code] = Deadline(code, float(given.group(1)), cast("Any", given.group(2)))
    return tuple(found.values())


def read_duties(table: Table) -> tuple[Duty, ...]:
    """Read [duties]: who handles a class, everywhere or in a street, [duties."130703005"]."""
    found: list[Duty] = []
    for name in table.rest():
        if isinstance(table.values[name], dict):
            place = _street_code(table, name)
            inner = table.table(name)
            found += [duty for key in inner.rest() for duty in _duties(inner, key, place)]
        else:
            found += _duties(table, name, "")
    return tuple(found)


def _duties(table: Table, name: str, place: str) -> Iterable[Duty]:
    code = _event_code(table, name, major=True)
    return [Duty(code, department, place) for department in table.texts(name) if code]


def read_lots(table: Table) -> PublicLots:
    """Read [public_lots]."""
    field = CATALOGUE["parking_lots"].field("lot_kind")
    kinds = []
    for at, kind in enumerate(table.texts("kinds")):
        meant = field.spellings().get(folded(kind))
        if meant is None:
            table.faults.add((*table.place, "kinds", at), _no_value(kind, field))
        else:
            kinds.append(meant)
    found = PublicLots(kinds=tuple(kinds), also=table.texts("also"), never=table.texts("never"))
    both = sorted({*found.also} & {*found.never})
    if both:
        table.fault("never", tr("{code} stands in also, too", code=both[0]))
    table.close()
    return found


def read_contacts(table: Table) -> dict[str, Contact]:
    """Read [contacts]: by the code or the name of a street."""
    found: dict[str, Contact] = {}
    for name in table.rest():
        code = _street_code(table, name)
        if isinstance(table.values[name], str):
            contact = Contact(street_code=code, name=table.text(name))
        else:
            inner = table.table(name)
            told = {key: inner.text(key) for key in ("name", "phone", "office")}
            contact = Contact(street_code=code, **told)
            inner.close()
        if code in found:
            table.fault(name, tr("the street {code} stands here twice", code=code))
        elif code:
            found[code] = contact
    return found


def read_publish(table: Table, place_of: Callable[[Table, str], Path | None]) -> Publish:
    """Read [publish]."""
    usual = Publish()
    found = Publish(
        folder=place_of(table, "folder"),
        language=cast("Any", table.choice("language", ("zh", "en"), usual.language)),
        personal=cast("Any", table.choice("personal", ("drop", "mask"), usual.personal)),
        audience=cast("Any", table.choice("audience", _AUDIENCES, usual.audience)),
        approval_number=table.text("approval_number"),
    )
    table.close()
    return found


def read_source(table: Table, *, outside: bool) -> Source | None:
    """Read one [[source]]; None where it cannot be one."""
    spec = _layer(table)
    files = table.texts("files")
    if not files and "files" not in table:
        table.lacks("files", tr('a pattern such as "收件/*/责任区.shp"'))
    for at, pattern in enumerate(files):
        place = at if isinstance(table.values["files"], list) else None
        _check_inside(table, "files", place, pattern, outside)
        _check_pattern(table, place, pattern)
    if "sheet" in table and "table" in table:
        table.fault("table", tr("a file has sheets or tables; keep one of the two"))
    column = "" if spec is None else _column(table, "edition_column", spec)
    edition = table.choice("edition", _EDITIONS, "column" if column else "folder")
    if edition == "column" and not column and "edition_column" not in table:
        table.lacks("edition_column", tr("the layer's column of dates, such as valid_from"))
    found = Source(
        layer="" if spec is None else spec.name,
        files=files,
        encoding=table.choice("encoding", _ENCODINGS, "auto"),
        sheet=table.text("sheet", exact=True),
        table=table.text("table", exact=True),
        key=_key(table, spec),
        complete=table.flag("complete", default=False),
        edition=cast("Any", edition),
        edition_column=column,
        crs=_crs(table, "crs"),
        datum=_datum(table),
        columns=_columns(table.table("columns"), spec),
        values=_values(table.table("values"), spec),
        line=table.faults.line_of(table.place),
    )
    table.close()
    return None if spec is None or not files else found


def _layer(table: Table) -> LayerSpec | None:
    name = table.text("layer")
    spec = next((each for each in CATALOGUE.values() if name in (each.name, each.title)), None)
    if not name:
        if "layer" not in table:
            table.lacks("layer", tr("what the files are, such as responsibility_zones or 责任区"))
    elif spec is None:
        names = [each for known in CATALOGUE.values() for each in (known.name, known.title)]
        table.fault("layer", tr("there is no layer {name!r}; {near}", name=name, near=near(name, names)))
    return spec


def _key(table: Table, spec: LayerSpec | None) -> tuple[str, ...]:
    names = table.texts("key")
    if spec is None:
        return names
    if not names:
        return (spec.code,)
    found = [_field(table, "key", name, spec) for name in names]
    return tuple(field.name for field in found if field is not None)


def _column(table: Table, key: str, spec: LayerSpec) -> str:
    name = table.text(key)
    field = _field(table, key, name, spec) if name else None
    return "" if field is None else field.name


def _field(table: Table, key: str, name: str, spec: LayerSpec) -> Field | None:
    field = field_of(name, spec)
    if field is None:
        names = [each for one in spec.fields for each in (one.name, one.title)]
        table.fault(
            key,
            tr(
                "the layer {layer} has no column {name!r}; {near}",
                layer=spec.name,
                name=name,
                near=near(name, names),
            ),
        )
    return field


def _columns(table: Table, spec: LayerSpec | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in table.rest():
        column = table.values[name]
        if not isinstance(column, str) or not column.strip():
            table.fault(name, tr("must be the name of the file's column, in quotation marks"))
            continue
        own = name if name in _AXES else None
        if own is None and spec is not None:
            field = _field(table, name, name, spec)
            own = None if field is None else field.name
        if own in found:
            table.fault(name, tr("the column {column} stands here twice", column=own))
        elif own is not None:
            found[own] = column
    if len([axis for axis in _AXES if axis in found]) == 1:
        table.fault(next(axis for axis in _AXES if axis in found), tr("lon and lat come together; name both"))
    used: dict[str, str] = {}
    for own, column in found.items():
        if column in used:
            table.fault(
                own, tr("{column!r} is already the column {other}", column=column, other=used[column])
            )
        used[column] = own
    return found


def _values(table: Table, spec: LayerSpec | None) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name in table.rest():
        inner = table.table(name)
        field = None if spec is None else _field(table, name, name, spec)
        if field is not None:
            found[field.name] = {given: _meaning(inner, given, field) for given in inner.rest()}
    return found


def _meaning(table: Table, given: str, field: Field) -> str:
    """Return the standard value that a value of the file is to become."""
    value = table.values[given]
    if isinstance(value, bool):
        value = "是" if value else "否"
    if isinstance(value, int | float):
        value = str(value)
    if not isinstance(value, str):
        table.fault(given, tr("must be {wanted}, not {value}", wanted=tr("text"), value=repr(value)))
        return ""
    if not field.domain:
        return value.strip()
    meant = field.spellings().get(folded(value))
    if meant is None:
        table.fault(given, _no_value(value, field))
    return meant or ""


def _no_value(value: str, field: Field) -> str:
    return tr(
        "{value!r} is not a value of {field}; {near}", value=value, field=field.name,
        near=near(value, field.ordered_values() or field.allowed()),
    )  # fmt: skip


def _crs(table: Table, key: str, *, metric: bool = False) -> str:
    """Return a system as it is written, if it names one."""
    written = table.text(key)
    if not written:
        return ""
    try:
        crs = parse_crs(written)
    except InputError:
        table.fault(
            key, tr("{written!r} names no coordinate reference system, such as EPSG:4547", written=written)
        )
        return ""
    if metric and crs is not None and not is_metric(crs):
        table.fault(
            key, tr("{written} cannot be measured in; name one in metres, such as EPSG:4547", written=written)
        )
        return ""
    return written


def _datum(table: Table) -> str:
    written = table.text("datum")
    if not written or written in _NO_DATUM:
        return ""
    try:
        return parse_datum(written)
    except InputError:
        table.fault(
            "datum",
            tr("{written!r} is not a datum; write none, gcj02, bd09, wgs84 or cgcs2000", written=written),
        )
        return ""


def _numbers(table: Table, known: tuple[str, ...]) -> dict[str, float]:
    found = {name: table.number(name, 0.0) for name in list(table.values) if name in known}
    _refuse_rest(table, known)
    return found


def _refuse_rest(table: Table, known: tuple[str, ...]) -> None:
    for name in table.rest():
        if name not in known:
            table.fault(name, near_of(name, known))


def near_of(name: str, known: tuple[str, ...]) -> str:
    """Say that a name is not known, and which is nearest."""
    return tr("{name!r} is not known; {near}", name=name, near=near(name, known))


def _event_code(table: Table, name: str, *, major: bool = False) -> str:
    """Return the code of a class of event, by its code or its name; of a whole group where that is asked."""
    events = rules_table("events")
    names = dict(zip(events["event_name"], events["event_code"], strict=True))
    if major:
        names |= dict(zip(events["major_name"], events["major_code"], strict=True))
    if name in names.values():
        return str(name)
    if name in names:
        return str(names[name])
    if name.isdecimal() and len(name) == _SHORT:
        return name  # a class that the city has added
    table.fault(
        name, tr("{name!r} is not a class of event; {near}", name=name, near=near(name, tuple(names)))
    )
    return ""


def _street_code(table: Table, name: str) -> str:
    """Return the code of a street, by its code or its name."""
    if name.isdecimal() and len(name) == _STREET_DIGITS:
        return name
    streets = rules_table("streets")
    found = streets.loc[streets["street_name"] == name, "street_code"].tolist()
    if len(found) == 1:
        return str(found[0])
    if found:
        table.fault(name, tr("several streets have this name; write the code: {codes}", codes=listed(found)))
    else:
        known = tuple(streets["street_name"])
        table.fault(
            name,
            tr(
                "{name!r} is not a street, nor a code of nine digits; {near}",
                name=name,
                near=near(name, known),
            ),
        )
    return ""


def inside(text: str) -> bool:
    r"""Tell whether a path or a pattern stays in the folder that it begins from, on any system.

    Examples
    --------
    >>> [inside(text) for text in ("收件/*.shp", "../a.shp", "C:\\a.shp", "/a.shp", "a/../../b")]
    [True, False, False, False, False]
    """
    windows = PureWindowsPath(text)
    absolute = PurePosixPath(text).is_absolute() or windows.drive or windows.root
    return not absolute and ".." not in windows.parts


def _check_inside(table: Table, key: str, at: int | None, text: str, outside: bool) -> None:
    if not outside and not inside(text):
        place = (*table.place, key) if at is None else (*table.place, key, at)
        table.faults.add(
            place,
            tr(
                "{text!r} leads out of the city file's folder; if that is meant, write "
                "outside = true in [city]",
                text=text,
            ),
        )


def _check_pattern(table: Table, at: int | None, text: str) -> None:
    """Refuse what matches no file whatever lies there."""
    parts = PurePosixPath(text.replace("\\", "/")).parts
    place = (*table.place, "files") if at is None else (*table.place, "files", at)
    if any("**" in part and part != "**" for part in parts):
        table.faults.add(
            place,
            tr("{text!r}: ** stands for folders and is a part of its own, as in 收件/**/a.shp", text=text),
        )
    elif not parts or parts[-1] == "**":
        table.faults.add(place, tr("{text!r} names no file", text=text))


def path_reader(folder: Path, *, outside: bool) -> Callable[[Table, str], Path | None]:
    """Return what reads a path of a section: from the city file's folder."""

    def read(table: Table, key: str) -> Path | None:
        text = table.text(key)
        if not text:
            return None
        _check_inside(table, key, None, text, outside)
        return (folder / text.replace("\\", "/")).resolve()

    return read
