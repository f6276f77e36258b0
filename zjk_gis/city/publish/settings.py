"""What a city file says of publishing, read in one way by the call, the command and the weekly run.

What a call is asked comes before what the file says, and that before what is usual.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zjk_gis.errors import FileError
from zjk_gis.words import tr
from zjk_gis.workspace.city_file import City
from zjk_gis.workspace.city_file.thresholds import limit_of

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from zjk_gis.layers.labels import Language

__all__ = ["Settings", "folder_said", "settings_of"]

_AUDIENCES = {"internal": "bureau", "public": "public"}
_LEAST_CASES = int(limit_of({}, "least_cases"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What counts where a call says nothing.

    Attributes
    ----------
    audience, personal, approval, title, lang, least_n, deadlines
        See `zjk_gis.city.publish_city`.
    duties : DataFrame, optional
        Who handles which class of event.
    thresholds : mapping of str to float
        Those that the city sets for itself.
    tables : mapping of str to DataFrame
        Its own rows of the tables that ship.
    """

    audience: str = "bureau"
    personal: str | None = None
    approval: str = ""
    title: str = ""
    lang: Language = "zh"
    least_n: int = _LEAST_CASES
    deadlines: pd.DataFrame | None = None
    duties: pd.DataFrame | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)


def settings_of(city: City | str | os.PathLike[str] | None, audience: str | None) -> Settings:
    """Return what a city file says, to readers who were perhaps named by the call.

    A mask that the file asks for the bureau is none for the public, who are asked for by the call.
    """
    if city is None:
        return Settings(audience=audience or "bureau")
    own = city if isinstance(city, City) else City.read(city)
    said, tables = own.publish, own.tables
    told = _AUDIENCES[said.audience]
    readers = audience or told
    return Settings(
        audience=readers,
        personal=None if readers != told and readers == "public" else said.personal,
        approval=said.approval_number,
        title=own.name,
        lang=said.language,
        least_n=int(limit_of(own.thresholds, "least_cases")),
        deadlines=tables.get("deadlines"),
        duties=own.duty_table,
        thresholds=own.thresholds,
        tables=tables,
    )


def folder_said(city: City) -> Path | None:
    """Return the folder that a city file publishes to; None where it names none.

    Raises
    ------
    FileError
        If a link leads out of the city's folder.
    """
    place = city.publish.folder
    if place is not None and not place.resolve().is_relative_to(city.folder.resolve()):
        raise FileError(
            tr(
                "{place}: lies outside the city's folder {folder}, where nothing is written",
                place=place,
                folder=city.folder,
            )
        )
    return place
