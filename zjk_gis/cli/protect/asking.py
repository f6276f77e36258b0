"""What `zjk-gis protect` asks, and of what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    import geopandas as gpd
    import pandas as pd

    from zjk_gis.words import Language

    Layers: TypeAlias = Mapping[str, gpd.GeoDataFrame]
    Tables: TypeAlias = dict[str, pd.DataFrame]

__all__ = ["Asking", "Section", "filled", "who_answers"]


@dataclass(frozen=True, slots=True)
class Asking:
    """What the command was given besides the city."""

    at: str
    since: str | None
    extent: gpd.GeoDataFrame | None
    tolerance_m: float
    surveyed_within_years: float | None
    lang: Language


@dataclass(frozen=True, slots=True)
class Section:
    """A question.

    Attributes
    ----------
    needs : tuple of tuple of str
        Layers, of each group one at least, without which it is not asked.
    answer : callable
        Of the city's layers and what was given: tables by name, those with rows to be drawn as GeoDataFrames.
        What must be said of one stands in its ``attrs["remarks"]``.
    columns : mapping of str to tuple of str
        The columns of each table that are printed.
    """

    needs: tuple[tuple[str, ...], ...]
    answer: Callable[[Layers, Asking], Tables]
    columns: Mapping[str, tuple[str, ...]]

    def is_asked(self, layers: Layers) -> bool:
        """Tell whether the city has what it takes."""
        return all(filled(layers, group) for group in self.needs)


def filled(layers: Layers, names: tuple[str, ...]) -> dict[str, gpd.GeoDataFrame]:
    """Return those of some layers that the city has, and that have rows."""
    return {name: layers[name] for name in names if len(layers.get(name, ()))}


def who_answers(layers: Layers) -> dict[str, Any]:
    """Return the layers that tell who answers, as arguments."""
    return {"zones": layers.get("responsibility_zones"), "streets": layers.get("streets")}
