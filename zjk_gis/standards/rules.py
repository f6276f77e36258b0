"""Reading the tables that ship with the package."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from zjk_gis.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["rules_table"]

TABLES = ("areas", "communities", "events", "parts", "pipe_kinds", "streets", "terms")


def rules_table(name: str) -> pd.DataFrame:
    """Read one of the tables that ship with the package.

    Parameters
    ----------
    name : {"areas", "communities", "events", "parts", "pipe_kinds", "streets", "terms"}
        Districts and counties, communities (社区), event classes (事件), part classes (部件), kinds of
        pipe (CJJ 61), streets (街道), and the Chinese and English words used in maps and reports.

    Returns
    -------
    DataFrame
        All columns are text, so that codes keep their leading zeros. A copy: change it freely.

    Raises
    ------
    InputError
        If there is no such table.

    Examples
    --------
    >>> streets = rules_table("streets").set_index("street_code")
    >>> streets.loc["130703005", ["street_name", "confidence"]].tolist()
    ['堡子里街道', 'S']
    """
    if name not in TABLES:
        message = f"there is no table {name!r}; the tables are {', '.join(TABLES)}"
        raise InputError(message)
    return _read(name).copy()


@cache
def _read(name: str) -> pd.DataFrame:
    import pandas as pd

    with files("zjk_gis.standards").joinpath("tables", f"{name}.csv").open(encoding="utf-8") as text:
        return pd.read_csv(text, dtype=str, keep_default_na=False)
