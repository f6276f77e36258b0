"""The one refusal of a table that lacks a column, and of one without rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zjk_gis.errors import EmptyLayerError, MissingColumnError
from zjk_gis.words import tr

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["require_columns", "require_rows"]


def require_columns(table: pd.DataFrame, name: str, *columns: str) -> None:
    """Refuse a table that lacks a column, and say which columns it has.

    Parameters
    ----------
    table : DataFrame
    name : str
        What the reader calls the table.
    *columns : str

    Raises
    ------
    MissingColumnError
        It names the first that is not there.

    Examples
    --------
    >>> import pandas as pd
    >>> require_columns(pd.DataFrame({"a": [1], "b": [2]}), "wells", "a", "well_code")
    Traceback (most recent call last):
    zjk_gis.errors.MissingColumnError: wells: no column 'well_code'; its columns are a, b
    """
    lacking = [column for column in columns if column not in table]
    if lacking:
        raise MissingColumnError(
            tr(
                "{name}: no column {column!r}; its columns are {columns}",
                name=name,
                column=lacking[0],
                columns=", ".join(map(str, table.columns)),
            )
        )


def require_rows(table: pd.DataFrame, name: str) -> None:
    """Refuse a table without rows, from which nothing could be answered.

    Parameters
    ----------
    table : DataFrame
    name : str
        What the reader calls the table.

    Raises
    ------
    EmptyLayerError

    Examples
    --------
    >>> import pandas as pd
    >>> require_rows(pd.DataFrame(), "wells")
    Traceback (most recent call last):
    zjk_gis.errors.EmptyLayerError: wells: the layer is empty; nothing could be answered from it
    """
    if not len(table):
        raise EmptyLayerError(tr("{name}: the layer is empty; nothing could be answered from it", name=name))
