"""What holds a city's layers, by name: a file, or a schema of a PostGIS database."""

from __future__ import annotations

import os
from typing import TypeGuard
from urllib.parse import urlsplit

__all__ = ["is_address", "shown"]

_SERVERS = ("postgresql://", "postgres://", "postgresql+psycopg://")
_TOLD = ("schema", "host", "hostaddr", "port", "dbname", "service")  # which say where a database is


def is_address(target: object) -> TypeGuard[str]:
    """Tell whether a target names a database, and not a file.

    Examples
    --------
    >>> is_address("postgresql://gis@server/zjk"), is_address("city.gpkg")
    (True, False)
    """
    return isinstance(target, str) and target.startswith(_SERVERS)


def shown(target: str | os.PathLike[str]) -> str:
    """Name a file, or a database without who reads it and by which password.

    Examples
    --------
    >>> shown("postgresql://gis:secret@server/zjk?schema=city&password=secret")
    'postgresql://server/zjk?schema=city'
    """
    if not is_address(target):
        return os.fspath(target)
    parts = urlsplit(target)
    told = [each for each in parts.query.split("&") if each.partition("=")[0] in _TOLD]
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}?{'&'.join(told)}".rstrip("?")
