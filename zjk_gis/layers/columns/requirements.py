"""The one refusal of a table that lacks a column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zjk_gis.errors import MissingColumnError
from zjk_gis.words import tr

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["require_columns"]


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
