"""What the rows read from a workspace should fulfil, as values to be bound."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.errors import InputError
from zjk_gis.layers.columns.times import BEIJING, time_of
from zjk_gis.words import tr
from zjk_gis.workspace.versions import kind_of

if TYPE_CHECKING:
    from zjk_gis.workspace.versions import Kind, Version

__all__ = ["Condition", "conditions_of"]

_SMALLEST, _LARGEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Condition:
    """What a column's value must be: one of some, or between two; of times with a zone, in UTC."""

    column: str
    kind: Kind
    values: tuple[Any, ...] = ()
    missing: bool = False
    least: Any = None
    most: Any = None
    one_of: bool = True
    zoned: bool = False


def conditions_of(where: Mapping[str, Any] | None, version: Version) -> list[Condition]:
    """Read what the rows should fulfil, and refuse what cannot be asked of a column.

    Raises
    ------
    InputError
        If there is no such column, or a value is of another kind than the column.
    """
    given: object = where
    if given is not None and not isinstance(given, Mapping):
        raise InputError(
            tr(
                "where must be a mapping of column to value, such as {{'level': 2}}, not {where!r:.100}",
                where=where,
            )
        )
    dtypes = version.dtypes
    found = []
    for column, wanted in (where or {}).items():
        if column not in dtypes:
            raise InputError(
                tr(
                    "{layer}: no column {column!r}; its columns are {dtypes}",
                    layer=version.layer,
                    column=column,
                    dtypes=", ".join(dtypes),
                )
            )
        kind = kind_of(dtypes[column])
        zoned = "," in dtypes[column]

        def value(
            given: Any, column: str = column, kind: Kind = kind, zoned: bool = zoned
        ) -> str | int | float | bool:
            return _comparable(given, kind, zoned, f"{version.layer}: {column}")

        if isinstance(wanted, tuple):
            if len(wanted) != 2 or kind == "boolean":
                raise InputError(
                    tr(
                        "{layer}: {column}: a tuple is (least, most); use a list for several values",
                        layer=version.layer,
                        column=column,
                    )
                )
            least, most = (None if _is_missing(each) else value(each) for each in wanted)
            if kind == "integer":
                least = math.ceil(least) if isinstance(least, float) else least
                most = math.floor(most) if isinstance(most, float) else most
            found.append(Condition(column, kind, least=least, most=most, one_of=False, zoned=zoned))
            continue
        several = (
            list(wanted) if isinstance(wanted, list | set | frozenset | np.ndarray | pd.Series) else [wanted]
        )
        given = [each for each in several if not _is_missing(each)]
        values = tuple(sorted({value(each) for each in given}))
        if kind == "integer":
            values = tuple(int(each) for each in values if each == int(each))
        missing = len(given) < len(several)
        found.append(Condition(column, kind, values=values, missing=missing, zoned=zoned))
    return found


def _is_missing(value: Any) -> bool:
    return value is None or (np.ndim(value) == 0 and bool(pd.isna(value)))


def _comparable(value: Any, kind: Kind, zoned: bool, what: str) -> str | int | float | bool:
    """Turn a value into that with which the stored ones can be compared, or refuse."""
    if isinstance(value, np.generic):
        value = value.item()
    if kind == "time":
        time = time_of(value, what).time
        if zoned:  # a time without zone is Beijing's, as everywhere in the library
            time = time.tz_localize(BEIJING).tz_convert("UTC").tz_localize(None)
        return str(time.isoformat(timespec="milliseconds"))
    suits = {
        "text": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "integer": isinstance(value, int | float) and not isinstance(value, bool),
        "real": isinstance(value, int | float) and not isinstance(value, bool),
    }
    if not suits[kind] or (kind == "integer" and not _SMALLEST <= value <= _LARGEST) or value != value:
        raise InputError(tr("{what} holds {kind}; {value!r} is none", what=what, kind=kind, value=value))
    comparable: str | int | float | bool = value
    return comparable
