"""Folders as Hive has them: ``month=2026-05/part-0.parquet`` says something of all its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from zjk_gis._optional import need
from zjk_gis.errors import InputError
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

__all__ = ["constant_columns", "fits_hive", "hive_values", "wanted_rows", "with_hive"]

_NULL = "__HIVE_DEFAULT_PARTITION__"


def hive_values(name: str) -> dict[str, str]:
    """Return what the folders on the way to a file say of all its rows.

    Examples
    --------
    >>> hive_values("month=2026-05/district=%E6%A1%A5%E4%B8%9C/part-0.parquet")
    {'month': '2026-05', 'district': '桥东'}
    >>> hive_values("2026/part-0.parquet")
    {}
    """
    pairs = (folder.partition("=") for folder in name.split("/")[:-1])
    return {unquote(key): unquote(value) for key, equal, value in pairs if equal and key}


def fits_hive(told: Mapping[str, str], only: Mapping[str, Sequence[str]]) -> bool:
    """Tell whether rows of which folders say so much may have the values that are asked for.

    Examples
    --------
    >>> fits_hive({"month": "2026-05"}, {"month": ["2026-05", "2026-06"], "district": ["130702"]})
    True
    """
    return all(told[key] in values for key, values in only.items() if key in told)


def with_hive(schema: pa.Schema, hive: Sequence[Mapping[str, str]]) -> pa.Schema:
    """Put behind the columns of files those that their folders tell.

    Raises
    ------
    InputError
        If not all folders tell the same columns.
    """
    pyarrow = need("pyarrow", extra="parquet", purpose="work in batches")
    names = list(hive[0]) if hive else []
    if any(list(told) != names for told in hive):
        raise InputError(tr("the folders do not all have the same levels ({names})", names="/".join(names)))
    for name in names:
        if name not in schema.names:
            schema = schema.append(pyarrow.field(name, pyarrow.string()))
    return schema


def constant_columns(told: Mapping[str, str], schema: pa.Schema, rows: int) -> list[Any]:
    """Return the columns that folders tell, for so many rows."""
    pyarrow = need("pyarrow", extra="parquet", purpose="work in batches")
    behind = [name for name in schema.names[len(schema) - len(told) :] if name in told] if told else []
    return [
        pyarrow.repeat(pyarrow.scalar(None if told[name] == _NULL else told[name], pyarrow.string()), rows)
        for name in behind
    ]


def wanted_rows(
    schema: pa.Schema, hive: Sequence[Mapping[str, str]], only: Mapping[str, Sequence[str]]
) -> Any:
    """Return what rows must fulfil for pyarrow to read them; None where folders have said it all.

    Raises
    ------
    InputError
        If there is no such column, or a value is not one of its kind.
    """
    pyarrow = need("pyarrow", extra="parquet", purpose="work in batches")
    wanted = None
    for name, values in only.items():
        if hive and name in hive[0]:
            continue
        if name not in schema.names:
            raise InputError(
                tr(
                    "only: no column or folder {name!r}; there are {columns}",
                    name=name,
                    columns=", ".join([*schema.names, *(hive[0] if hive else [])]),
                )
            )
        kind = schema.field(name).type
        if pyarrow.types.is_dictionary(kind):
            kind = kind.value_type
        try:
            among = pyarrow.array(list(values), pyarrow.string()).cast(kind)
        except pyarrow.ArrowException as error:
            raise InputError(
                tr(
                    "only: {name} is of type {kind}, which {values} are not",
                    name=name,
                    kind=kind,
                    values=list(values),
                )
            ) from error
        part = pyarrow.compute.field(name).isin(among)
        wanted = part if wanted is None else wanted & part
    return wanted
