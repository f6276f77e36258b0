"""Reading the tables that ship with the package, and a user's own values over them."""

from __future__ import annotations

import os
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import TypeAlias

    import pandas as pd

    # A user's own rows: a table a name, or a folder with one CSV a table.
    Overrides: TypeAlias = Mapping[str, pd.DataFrame] | str | Path

__all__ = ["TABLES", "own_folder", "own_tables", "rules_table"]

# Each table and the columns that tell its rows apart.
TABLES: dict[str, tuple[str, ...]] = {
    "areas": ("area_code",),
    "checks": ("check",),
    "code_changes": ("old_code", "new_code"),
    "communities": ("community_code",),
    "deadlines": ("event_code", "practice"),
    "dictionaries": ("dictionary", "value"),
    "events": ("event_code",),
    "limits": ("limit",),
    "nobody": ("word",),
    "parts": ("part_code",),
    "pipe_classes": ("class_code",),
    "pipe_kinds": ("class_code", "pipe_kind"),
    "protection_scopes": ("scope",),
    "risk_distances": ("hazard_kind",),
    "risk_weights": ("hazard_grade",),
    "score_weights": ("indicator",),
    "separations": ("direction", "first", "first_condition", "second", "second_condition"),
    "streets": ("street_code",),
    "targets": ("target",),
    "terms": ("key",),
    "value_aliases": ("dictionary", "spelling"),
    "workdays": ("date",),
}

_FOLDER = "ZJK_GIS_TABLES"
_CATALOGUE = ("fields", "layers")  # of the same folder, read by zjk_gis.layers.catalogue_tables
_USERS_OWN = "user"
_FOR_A_WHILE: ContextVar[Mapping[str, pd.DataFrame]] = ContextVar("tables")


@checked
def rules_table(name: str, *, overrides: Overrides | None = None) -> pd.DataFrame:
    """Read one of the tables that ship with the package, with your own values over it.

    Parameters
    ----------
    name : str
        ``areas`` (districts and counties 区县), ``streets`` (街道), ``communities`` (社区), ``code_changes``
        (codes that changed, with the year), ``checks`` (what `validate` looks for), ``parts`` (部件
        classes), ``events`` (事件 classes),
        ``pipe_classes`` and ``pipe_kinds`` (CJJ 61), ``dictionaries`` (the allowed values of fields),
        ``limits`` (numbers that rules use), ``protection_scopes`` (what may not be where, the strictest
        first), ``risk_distances`` (how far each kind of hazard reaches: empty
        until you fill it in), ``risk_weights`` (what each grade of hazard weighs), ``separations`` (least
        distances between pipes, GB 50289), ``deadlines`` (how long a case may take), ``score_weights`` (of
        indicators in a score), ``targets`` (the policy's own numbers), ``nobody`` (what is written where
        nobody is named, such as 待定), ``terms`` (the words of maps and reports), ``value_aliases`` (other
        spellings of the allowed values, such as 核心区 for 核心保护范围) or ``workdays`` (days off and days
        off that are worked).
    overrides : mapping of str to DataFrame, str or Path, optional
        Your own rows: a table a name, or a folder with files such as ``streets.csv`` in UTF-8. A row whose
        key is in the table replaces it, another is added; columns left out stay as they are, or empty in a
        new row. Without it what `own_tables` holds is taken, and the folder named by the environment variable
        ``ZJK_GIS_TABLES`` is looked into;
        that folder may hold ``layers.csv`` and ``fields.csv``, too (see `zjk_gis.layers.catalogue_tables`).

    Returns
    -------
    DataFrame
        All columns are text, so that codes keep their leading zeros. A copy: change it freely. ``source`` and
        ``confidence`` say where each row comes from: ``S`` found in a public source, ``M`` well known but not
        checked against the standard's text, ``U`` unsure, ``P`` the city's policy, ``user`` yours (unless
        your row says otherwise).

    Raises
    ------
    InputError
        If there is no such table, or none of the name of an override; or if an override has no key column, an
        unknown column, an empty or repeated key, or cannot be read.

    Examples
    --------
    >>> streets = rules_table("streets").set_index("street_code")
    >>> streets.loc["130703005", ["street_name", "confidence"]].tolist()
    ['堡子里街道', 'S']

    A community founded since:

    >>> import pandas as pd
    >>> own = pd.DataFrame({"community_code": ["130703005099"], "community_name": ["新社区"]})
    >>> rules_table("communities", overrides={"communities": own}).iloc[-1].tolist()
    ['130703005099', '新社区', '', '', '', 'user']
    """
    if name not in TABLES:
        raise InputError(
            tr("there is no table {name!r}; the tables are {tables}", name=name, tables=listed(TABLES))
        )
    own, origin = _own_rows(name, overrides)
    table = _read(name)
    return table.copy() if own is None else _overridden(table, own, name, origin)


@cache
def _read(name: str) -> pd.DataFrame:
    import pandas as pd

    with files("zjk_gis.standards").joinpath("tables", f"{name}.csv").open(encoding="utf-8") as text:
        return pd.read_csv(text, dtype=str, keep_default_na=False)


@contextmanager
def own_tables(tables: Mapping[str, pd.DataFrame]) -> Iterator[None]:
    """Put a user's own rows over the tables for a while, wherever no others are named.

    They come before those of the folder that ``ZJK_GIS_TABLES`` names.

    Examples
    --------
    >>> import pandas as pd
    >>> own = pd.DataFrame({"limit": ["parking_radius"], "value": ["500"]})
    >>> with own_tables({"limits": own}):
    ...     rules_table("limits").set_index("limit").at["parking_radius", "value"]
    '500'
    """
    _refuse_unknown(tables, "tables")
    token = _FOR_A_WHILE.set(tables)
    try:
        yield
    finally:
        _FOR_A_WHILE.reset(token)


def own_folder() -> Path | None:
    """Return the folder of a city's own tables, if ``ZJK_GIS_TABLES`` names one.

    Raises
    ------
    InputError
        If it is not a folder, or has a table that there is not.
    """
    named = os.environ.get(_FOLDER, "")
    return _checked(Path(named)) if named else None


def _checked(folder: Path) -> Path:
    if not folder.is_dir():
        raise InputError(
            tr("{folder}: is not a folder of tables; name one with files such as streets.csv", folder=folder)
        )
    names = [file.stem for file in sorted(folder.glob("*.csv"))]
    _refuse_unknown([name for name in names if name not in _CATALOGUE], str(folder))
    named = os.environ.get(_FOLDER, "")
    if set(names) & set(_CATALOGUE) and not (named and Path(named).resolve() == folder.resolve()):
        raise InputError(
            tr(
                "{folder}: the catalogue's own tables, layers.csv and fields.csv, are read only from "
                "the folder that the variable {variable} names, before anything else; put them there",
                folder=folder,
                variable=_FOLDER,
            )
        )
    return folder


def _own_rows(name: str, overrides: Overrides | None) -> tuple[pd.DataFrame | None, str]:
    """Find the user's rows of a table, and say where they come from."""
    import pandas as pd

    held = _FOR_A_WHILE.get({}).get(name) if overrides is None else None
    if held is not None:
        more, origin = _in_folder(name, overrides)
        if more is None or not {*TABLES[name]} <= {*more.columns}:
            return held, origin or tr("the override of {name}", name=name)
        key = list(TABLES[name])
        both = pd.concat([held.astype("str"), more]).reindex(
            columns=more.columns.union(held.columns, sort=False)
        )
        return both[~both.duplicated(key)].fillna(""), origin
    return _in_folder(name, overrides)


def _in_folder(name: str, overrides: Overrides | None) -> tuple[pd.DataFrame | None, str]:
    """Find the user's rows of a table among those handed over, or in the folder."""
    import pandas as pd

    if overrides is not None and not isinstance(overrides, str | os.PathLike):
        _refuse_unknown(overrides, "tables")
        return overrides.get(name), tr("the override of {name}", name=name)
    folder = own_folder() if overrides is None else _checked(Path(overrides))
    if folder is None:
        return None, ""
    path = folder / f"{name}.csv"
    if not path.is_file():
        return None, ""
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig"), str(path)
    except (OSError, ValueError) as error:
        raise InputError(
            tr(
                "{path}: cannot be read as CSV in UTF-8; in Excel, save it as «CSV UTF-8»: {error}",
                path=path,
                error=error,
            )
        ) from error


def _refuse_unknown(names: Iterable[str], origin: str) -> None:
    """Refuse rows for a table that there is not: nobody would see that they change nothing."""
    unknown = [name for name in names if name not in TABLES]
    if unknown:
        raise InputError(
            tr(
                "{origin}: there is no table {unknown!r} to override; the tables are {tables}",
                origin=origin,
                unknown=unknown[0],
                tables=listed(TABLES),
            )
        )


def _overridden(table: pd.DataFrame, own: pd.DataFrame, name: str, origin: str) -> pd.DataFrame:
    import pandas as pd

    key = list(TABLES[name])
    unknown = [str(column) for column in own.columns if column not in table.columns]
    lacking = [column for column in key if column not in own.columns]
    if unknown or lacking:
        words = (
            tr("has no column {column}", column=lacking[0])
            if lacking
            else tr("has an unknown column {column!r}", column=unknown[0])
        )
        raise InputError(
            tr(
                "{origin}: {words}; the columns are {columns}",
                origin=origin,
                words=words,
                columns=listed(table.columns),
            )
        )
    rows = own.astype("str").fillna("").reset_index(drop=True)
    faulty = rows.duplicated(key) | (rows[key] == "").all(axis=1)
    if faulty.any():
        at = int(faulty.to_numpy().argmax())
        raise InputError(
            tr(
                "{origin}: row {at} has an empty or repeated {key}",
                origin=origin,
                at=at + 1,
                key=tr(" and ").join(key),
            )
        )
    if "confidence" in table.columns:
        given = rows["confidence"] if "confidence" in rows.columns else pd.Series("", index=rows.index)
        rows["confidence"] = given.where(given != "", _USERS_OWN)
    result, mine = table.set_index(key), rows.set_index(key)
    known = mine.index.intersection(result.index, sort=False)
    for column in mine.columns:
        result.loc[known, column] = mine.loc[known, column]
    new = mine.loc[mine.index.difference(result.index, sort=False)].reindex(
        columns=result.columns, fill_value=""
    )
    return pd.concat([result, new]).reset_index()[table.columns]
