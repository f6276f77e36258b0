"""The two tables of the catalogue read: ``layers.csv`` and ``fields.csv``, as specs.

They ship with the package as CSV in UTF-8 and open in Excel. In ``layers.csv`` a row is a layer, in
``fields.csv`` one of its columns; the columns of both are the parameters of `LayerSpec` and `Field`. Several
names in a cell are separated by ``;``; a geometry is ``point``, ``line`` or ``area``; what is required or
versioned says ``yes``. A cell that cannot be understood is refused by its row, numbered as a sheet shows it,
and its column.

Files of these names in the folder that ``ZJK_GIS_TABLES`` names are read after the shipped ones, once, when
the catalogue is first needed: they add layers, add fields to layers, and add aliases to fields. They change
nothing that ships, since functions rely on it.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from importlib.resources import files
from io import StringIO
from typing import TYPE_CHECKING, NoReturn, cast, get_args

from zjk_gis.errors import InputError
from zjk_gis.layers.spec import AREAL, LINEAR, PUNCTUAL, Confidence, Field, FieldType, LayerSpec, folded
from zjk_gis.standards.rules import own_folder, rules_table
from zjk_gis.standards.schemes import SCHEMES
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from importlib.resources.abc import Traversable
    from pathlib import Path
    from typing import TypeAlias

    Table: TypeAlias = list["Row"]

__all__ = ["read_catalogue"]

_SHAPES = {"point": PUNCTUAL, "line": LINEAR, "area": AREAL}
_LAYER_COLUMNS = (
    "name", "title", "geometry", "code", "named_by", "versioned", "topology", "clause", "source",
    "confidence",
)  # fmt: skip
_FIELD_COLUMNS = (
    "layer", "field", "title", "aliases", "dtype", "required", "domain", "scales", "minimum", "maximum",
    "scheme", "digits", "refers_to", "unit",
)  # fmt: skip
_BETWEEN = re.compile("[;；、]")  # a Chinese keyboard gives the others
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_CITYS_OWN = "P"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table that can say where it is, as its sheet numbers it."""

    origin: str
    number: int
    cells: dict[str, str]

    def refuse(self, column: str, why: str) -> NoReturn:
        raise InputError(
            tr(
                "{origin}: row {number}, column {column}: {why}",
                origin=self.origin,
                number=self.number,
                column=column,
                why=why,
            )
        )

    def text(self, column: str) -> str:
        return self.cells.get(column, "")

    def filled(self, column: str) -> str:
        if not self.text(column):
            self.refuse(column, tr("is empty"))
        return self.text(column)

    def name(self, column: str) -> str:
        if not _NAME.fullmatch(self.filled(column)):
            self.refuse(
                column,
                tr("{text!r} is not a name of small letters, digits and _", text=self.text(column)),
            )
        return self.text(column)

    def several(self, column: str, allowed: Iterable[str] = ()) -> tuple[str, ...]:
        parts = tuple(part.strip() for part in _BETWEEN.split(self.text(column)) if part.strip())
        known = tuple(allowed)
        unknown = [part for part in parts if part not in known]
        if known and unknown:
            self.refuse(column, _not_one_of(unknown[0], known))
        return parts

    def choice(self, column: str, allowed: Iterable[str]) -> str:
        known = tuple(allowed)
        if self.text(column) not in known:
            self.refuse(column, _not_one_of(self.text(column), known))
        return self.text(column)

    def yes(self, column: str) -> bool:
        return self.choice(column, ("", "yes")) == "yes"

    def number_or_none(self, column: str) -> float | None:
        text = self.text(column)
        try:
            return (float(text) if "." in text else int(text)) if text else None
        except ValueError:
            self.refuse(column, tr("{text!r} is not a number", text=text))


def read_catalogue(own: Path | None = None) -> dict[str, LayerSpec]:
    """Read the catalogue's tables, and a city's own after them.

    Parameters
    ----------
    own : Path, optional
        The folder with your own ``layers.csv`` and ``fields.csv``, either or both; by default the one that
        the environment variable ``ZJK_GIS_TABLES`` names, if it names one.

    Returns
    -------
    dict of str to LayerSpec
        By the layers' English names, in the order of the tables.

    Raises
    ------
    InputError
        If a table cannot be read; the message names the file, row and column. If a row of your own would
        change what ships.

    Examples
    --------
    >>> read_catalogue()["unit_grids"].field("grid_code").aliases[:2]
    ('单元网格编码', '网格代码')
    """
    folder = own_folder() if own is None else own
    shipped = files("zjk_gis.layers").joinpath("tables")
    layers = _rows(shipped.joinpath("layers.csv"), "layers.csv", _LAYER_COLUMNS)
    fields = _rows(shipped.joinpath("fields.csv"), "fields.csv", _FIELD_COLUMNS)
    catalogue = _specs(layers, fields, {})
    if folder is None:
        return catalogue
    mine = [
        _rows(path, str(path), columns) if (path := folder / name).is_file() else []
        for name, columns in (("layers.csv", _LAYER_COLUMNS), ("fields.csv", _FIELD_COLUMNS))
    ]
    return _specs(mine[0], mine[1], catalogue)


def _rows(file: Traversable | Path, origin: str, columns: tuple[str, ...]) -> Table:
    """Read the rows of a file; a column left out is empty."""
    try:
        lines = csv.reader(StringIO(file.read_bytes().decode("utf-8-sig"), newline=""))
        heads = [head.strip() for head in next(lines, [])]
        cells = [(lines.line_num, [cell.strip() for cell in line]) for line in lines]
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(
            tr(
                "{origin}: cannot be read as CSV in UTF-8; in Excel, save it as «CSV UTF-8»: {error}",
                origin=origin,
                error=error,
            )
        ) from error
    unknown = [head for head in heads if head not in columns]
    lacking = [column for column in columns[:2] if column not in heads]
    if unknown or lacking or len(set(heads)) < len(heads):
        words = (
            tr("has no column {column}", column=lacking[0])
            if lacking
            else tr("has an unknown column {column!r}", column=unknown[0])
            if unknown
            else tr("has a column twice")
        )
        raise InputError(
            tr(
                "{origin}: {words}; the columns are {columns}",
                origin=origin,
                words=words,
                columns=listed(columns),
            )
        )
    rows = []
    for number, line in cells:
        row = Row(origin, number, dict(zip(heads, line, strict=False)))  # a short row lacks its last cells
        for at, cell in enumerate(line[len(heads) :], len(heads) + 1):
            if cell:
                row.refuse(str(at), tr("{cell!r} stands beyond the last column", cell=cell))
        if any(line):
            rows.append(row)
    return rows


def _not_one_of(text: str, known: tuple[str, ...]) -> str:
    options = listed(each or tr("empty") for each in known)
    return tr("{text!r} is not one of {options}", text=text, options=options)


def _specs(layers: Table, fields: Table, shipped: dict[str, LayerSpec]) -> dict[str, LayerSpec]:
    """Make the specs of the rows, over those that ship: without any, the rows are the shipped ones."""
    new = dict(_by_name(layers, shipped))
    known = (*shipped, *new)
    columns: dict[str, dict[str, Field]] = {
        name: {field.name: field for field in spec.fields} for name, spec in shipped.items()
    }
    columns |= {name: {} for name in new}
    names: dict[str, dict[str, str]] = {name: {} for name in known}
    for name, spec in shipped.items():
        for field in spec.fields:
            _claim(names[name], field, None)
    seen: set[tuple[str, str]] = set()
    for row in fields:
        layer, name = row.choice("layer", known), row.name("field")
        if (layer, name) in seen:
            row.refuse("field", tr("{layer} has {name} already", layer=layer, name=name))
        seen.add((layer, name))
        there = columns[layer].get(name)
        columns[layer][name] = _field(row, known) if there is None else _extended(row, there)
        _claim(names[layer], columns[layer][name], row)
        if shipped:
            _refuse_unknown_values(row)
    changed = {name: replace(spec, fields=tuple(columns[name].values())) for name, spec in shipped.items()}
    return changed | {
        name: _layer(row, tuple(columns[name].values()), checked=bool(shipped)) for name, row in new.items()
    }


def _by_name(layers: Table, shipped: dict[str, LayerSpec]) -> Iterator[tuple[str, Row]]:
    taken = {each for spec in shipped.values() for each in (spec.name, spec.title)}
    for row in layers:
        for column in ("name", "title"):
            value = row.name(column) if column == "name" else row.filled(column)
            if value in taken:
                row.refuse(
                    column,
                    tr(
                        "there is a layer {value} already; fields.csv adds fields and aliases to it",
                        value=value,
                    ),
                )
            taken.add(value)
        yield row.text("name"), row


def _layer(row: Row, fields: tuple[Field, ...], *, checked: bool) -> LayerSpec:
    names = [field.name for field in fields]
    if not names:
        row.refuse("name", tr("fields.csv has no field of {layer}", layer=row.text("name")))
    row.filled("geometry")
    checks = tuple(rules_table("checks")["check"]) if checked and row.text("topology") else ()
    code = row.choice("code", names)
    if not fields[names.index(code)].required:
        row.refuse("code", tr("fields.csv does not say that {code} is required", code=code))
    if row.yes("versioned") and not {"valid_from", "valid_to"} <= set(names):
        row.refuse(
            "versioned", tr("fields.csv has no valid_from and valid_to of {layer}", layer=row.text("name"))
        )
    return LayerSpec(
        name=row.text("name"),
        title=row.text("title"),
        geometry=frozenset().union(*(_SHAPES[each] for each in row.several("geometry", _SHAPES))),
        code=code,
        fields=fields,
        named_by=row.several("named_by", names),
        versioned=row.yes("versioned"),
        topology=row.several("topology", checks),
        clause=row.text("clause"),
        source=row.text("source"),
        confidence=cast("Confidence", row.choice("confidence", (*get_args(Confidence), "")) or _CITYS_OWN),
    )


def _field(row: Row, layers: tuple[str, ...]) -> Field:
    dtype = cast("FieldType", row.choice("dtype", (*get_args(FieldType), "")) or "text")
    digits = row.number_or_none("digits")
    if digits is not None and (digits != int(digits) or digits < 1):
        row.refuse("digits", tr("{text!r} is not a number of digits", text=row.text("digits")))
    minimum, maximum = row.number_or_none("minimum"), row.number_or_none("maximum")
    if minimum is not None and maximum is not None and minimum > maximum:
        row.refuse(
            "minimum",
            tr(
                "{minimum} is more than the maximum, {maximum}",
                minimum=row.text("minimum"),
                maximum=row.text("maximum"),
            ),
        )
    return Field(
        name=row.text("field"),
        title=row.filled("title"),
        aliases=row.several("aliases"),
        dtype=dtype,
        required=row.yes("required"),
        domain=row.text("domain"),
        scales=row.several("scales"),
        minimum=minimum,
        maximum=maximum,
        scheme=row.choice("scheme", ("", *SCHEMES)),
        digits=None if digits is None else int(digits),
        refers_to=row.several("refers_to", layers),
        unit=row.text("unit"),
    )


def _extended(row: Row, there: Field) -> Field:
    """Add a row's aliases to a field that ships."""
    for column in _FIELD_COLUMNS[2:]:
        if column != "aliases" and row.text(column) and row.text(column) != _written(there, column):
            row.refuse(
                column,
                tr(
                    "{field} has {value} here, which functions rely on; a row of your own adds aliases to it "
                    "(leave the other cells empty)",
                    field=there.name,
                    value=_written(there, column) or tr("nothing"),
                ),
            )
    own = row.several("aliases")
    return replace(there, aliases=tuple(dict.fromkeys([*there.aliases, *own])))


def _written(field: Field, column: str) -> str:
    """Write a parameter of a field as its cell has it."""
    value = getattr(field, column)
    if value is None or value is False:
        return ""
    return "yes" if value is True else ";".join(value) if isinstance(value, tuple) else str(value)


def _claim(names: dict[str, str], field: Field, row: Row | None) -> None:
    """Note the names of a field; refuse one that would mean two, since a column could be either."""
    for name in field.names:
        owner = names.setdefault(folded(name), field.name)
        if owner != field.name and row is not None:
            column = "field" if name == field.name else "title" if name == field.title else "aliases"
            row.refuse(column, tr("{name} is a name of {owner} already", name=name, owner=owner))


def _refuse_unknown_values(row: Row) -> None:
    """Refuse a dictionary that there is not: any value could stand there, and nobody would see it."""
    wanted = [(column, name) for column in ("domain", "scales") for name in row.several(column)]
    if wanted:
        known = {"pipe_kinds", *rules_table("dictionaries")["dictionary"]}
        for column, name in wanted:
            if name not in known:
                row.refuse(
                    column,
                    tr(
                        "the table dictionaries has no {name!r}; it has {known}",
                        name=name,
                        known=listed(sorted(known)),
                    ),
                )
