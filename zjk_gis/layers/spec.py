"""What a layer must look like: `Field` and `LayerSpec`.

A layer is a plain GeoDataFrame; a spec only describes one. It knows nothing of files or coordinates.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from zjk_gis.arguments import checked
from zjk_gis.standards import rules_table
from zjk_gis.standards.schemes import SCHEMES

if TYPE_CHECKING:
    from zjk_gis.standards.rules import Overrides

__all__ = ["AREAL", "LINEAR", "PUNCTUAL", "Confidence", "Field", "FieldType", "LayerSpec", "folded"]

FieldType = Literal["text", "integer", "number", "datetime", "date", "boolean"]
Confidence = Literal["S", "M", "U", "C", "P"]

AREAL = frozenset({"Polygon", "MultiPolygon"})
LINEAR = frozenset({"LineString", "MultiLineString"})
PUNCTUAL = frozenset({"Point"})


def folded(text: str) -> str:
    """Return text as it is compared: no blanks, no full-width letters, no capitals.

    Examples
    --------
    >>> folded(" Ｗｓ "), folded("核心 保护范围")
    ('ws', '核心保护范围')
    """
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


@checked
@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column of a layer.

    Parameters
    ----------
    name : str
        The English name used throughout the library.
    title : str
        The Chinese name, shown on maps and in reports and accepted on input.
    dtype : {"text", "integer", "number", "date", "datetime", "boolean"}
        What a value is. Codes are always text.
    aliases : tuple of str
        Other names under which the column arrives.
    required : bool
        Whether the column must be there and filled in every row.
    domain : str
        The dictionary of values allowed, in the table ``dictionaries`` or itself a table (``pipe_kinds``);
        empty where any value may stand.
    scales : tuple of str
        The dictionaries whose words may stand for its numbers, each in the order of its rows.
    minimum, maximum : float, optional
        Bounds of a number, both inclusive.
    scheme : str
        The code scheme that its values follow (see ``zjk_gis.standards.SCHEMES``).
    digits : int, optional
        How many decimal digits a code of no scheme has.
    refers_to : tuple of str
        The layers whose codes its values must be: one of them.
    unit : str
        The unit of a number.
    """

    name: str
    title: str
    dtype: FieldType = "text"
    aliases: tuple[str, ...] = ()
    required: bool = False
    domain: str = ""
    scales: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    scheme: str = ""
    digits: int | None = None
    refers_to: tuple[str, ...] = ()
    unit: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Every name under which the column is accepted, the library's own first."""
        return (self.name, self.title, *self.aliases)

    @property
    def width(self) -> int | None:
        """How many digits a code has; None where that is not fixed."""
        return SCHEMES[self.scheme].digits if self.scheme else self.digits

    def allowed(self, tables: Overrides | None = None) -> tuple[str, ...]:
        """Return the values of an enumeration; empty where any value may stand.

        Parameters
        ----------
        tables : mapping of str to DataFrame, str or Path, optional
            Your own rows of the tables (see `zjk_gis.standards.rules_table`).

        Examples
        --------
        >>> Field(name="state", title="状态", domain="part_states").allowed()
        ('完好', '破损', '丢失', '废弃')
        """
        if not self.domain:
            return ()
        if self.domain == "pipe_kinds":
            return tuple(rules_table("pipe_kinds", overrides=tables)["pipe_kind"])
        values = rules_table("dictionaries", overrides=tables)
        rows = values[values["dictionary"] == self.domain]
        return tuple(dict.fromkeys([*rows["value"], *rows["name"]]))

    def ordered_values(self, tables: Overrides | None = None) -> tuple[str, ...]:
        """Return the values of an enumeration without their names, in the order of the table.

        Parameters
        ----------
        tables : mapping of str to DataFrame, str or Path, optional
            Your own rows of the tables (see `zjk_gis.standards.rules_table`).

        Examples
        --------
        >>> Field(name="level", title="级别", domain="level_places").ordered_values()
        ('市级', '区级', '街道级', '社区级', '网格级')
        """
        values = rules_table("dictionaries", overrides=tables)
        return tuple(values.loc[values["dictionary"] == self.domain, "value"])

    def spellings(self, tables: Overrides | None = None) -> dict[str, str]:
        """Return every spelling of the values of an enumeration, folded, and the value that each means.

        A value stands before a name, a name before a spelling of the table ``value_aliases``, that before an
        English name. A spelling that would mean two values means none.

        Parameters
        ----------
        tables : mapping of str to DataFrame, str or Path, optional
            Your own rows of the tables (see `zjk_gis.standards.rules_table`).

        Examples
        --------
        >>> kinds = Field(name="pipe_kind", title="管线类别", domain="pipe_kinds").spellings()
        >>> kinds["ws"], kinds["污水"], kinds["污水管"], kinds["sewage"]
        ('WS', 'WS', 'WS', 'WS')
        """
        if not self.domain:
            return {}
        if self.domain == "pipe_kinds":
            rows = rules_table("pipe_kinds", overrides=tables).rename(
                columns={"pipe_kind": "value", "pipe_kind_name": "name"}
            )
        else:
            rows = rules_table("dictionaries", overrides=tables)
            rows = rows[rows["dictionary"] == self.domain]
        others = rules_table("value_aliases", overrides=tables)
        others = others[others["dictionary"] == self.domain]
        meanings: dict[str, str] = {}
        ranks = ((rows, "value"), (rows, "name"), (others, "spelling"), (rows, "english_name"))
        for table, column in ranks:
            meant: dict[str, set[str]] = {}
            for spelling, meaning in zip(table[column], table["value"], strict=True):
                meant.setdefault(folded(spelling), set()).add(meaning)
            for spelling, values in meant.items():
                if spelling and len(values) == 1:
                    meanings.setdefault(spelling, *values)
        return meanings


@checked
@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSpec:
    """What a layer must look like.

    Parameters
    ----------
    name : str
        The layer's English name.
    title : str
        Its Chinese name.
    geometry : frozenset of str
        The geometry types allowed.
    code : str
        The field that names a row; unique unless the layer keeps versions.
    named_by : tuple of str
        Other fields by which rows of other layers refer to a row, after the code.
    fields : tuple of Field
        The columns. Others may stand beside them and are left alone.
    versioned : bool
        Whether rows are versions with `valid_from` and `valid_to`, so that a code may come again at
        another time.
    topology : tuple of str
        The topology rules its rows keep, each a key of the table ``checks``.
    clause : str
        The clauses of the city's policy of 2022-03-17 that need the layer.
    source : str
        The standard and clause the spec follows, or the practice it was read from.
    confidence : {"S", "M", "U", "C", "P"}
        How sure that is.
    """

    name: str
    title: str
    geometry: frozenset[str]
    code: str
    fields: tuple[Field, ...]
    named_by: tuple[str, ...] = ()
    versioned: bool = False
    topology: tuple[str, ...] = ()
    clause: str = ""
    source: str = ""
    confidence: Confidence = "M"

    def field(self, name: str) -> Field:
        """Look up a field by its English name.

        Raises
        ------
        KeyError
            If the layer has no such field.
        """
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        """The fields by which a row is referred to, the code first."""
        return (self.code, *self.named_by)

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the fields that must be filled."""
        return tuple(field.name for field in self.fields if field.required)
