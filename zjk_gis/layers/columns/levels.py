"""The levels of a hierarchy of zones: which there are, how they are written, and whether they are one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.layers.catalogue import RESPONSIBILITY_ZONES
from zjk_gis.layers.columns.values import as_text, in_order, name_values, rows_by_value
from zjk_gis.layers.shapes import has_place, inner_points, only
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.standards.rules import Overrides

__all__ = ["ANY_LEVEL", "LevelChosen", "Levels", "choose_level", "is_level", "levels_of"]

ANY_LEVEL = "any"
_LEVEL = RESPONSIBILITY_ZONES.field("level")
_LEAST_SHARE = 0.5  # of the ground of the finest level must lie in each coarser one


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels of the rows of a layer.

    Attributes
    ----------
    numbers : ndarray of float64
        A greater one is finer; NaN where a row has none.
    words : dict of int to str
        Each level there is as the layer writes it, the coarsest first.
    scale : str
        The dictionary of the words; empty where they are numbers.
    """

    numbers: NDArray[np.float64]
    words: dict[int, str]
    scale: str

    def find(self, level: int | str) -> int | None:
        """Return the number of a level named by its number or its word; None where no row has it."""
        asked, _, scale = in_order(pd.Series([level], dtype=object), _LEVEL)
        akin = scale in ("", self.scale) or (scale == "levels" and not self.scale)
        return int(asked[0]) if akin and not np.isnan(asked[0]) and int(asked[0]) in self.words else None

    def number(self, level: int | str, name: str) -> int:
        """Return the number of a level that is asked for.

        Raises
        ------
        InputError
            If no row has it; the message lists those there are.
        """
        number = self.find(level)
        if number is None:
            known = ", ".join(
                word if word == str(number) else f"{number} ({word})" for number, word in self.words.items()
            )
            raise InputError(
                tr(
                    "{name}: no zone has level {level}; the levels are {known}, and level={any_level!r} "
                    "takes zones of all",
                    name=name,
                    level=level,
                    known=known,
                    any_level=ANY_LEVEL,
                )
            )
        return number


def levels_of(layer: pd.DataFrame, name: str, *, tables: Overrides | None = None) -> Levels:
    """Read the column `level` of a layer.

    Whole numbers in any form (``2``, ``2.0``, ``"2"``) or words of one order are levels: 一级, 2级, II; 区级,
    街道级, 社区级.

    Parameters
    ----------
    layer : DataFrame
        With a column `level`.
    name : str
        What the layer is called in errors.
    tables : mapping of str to DataFrame, str or Path, optional
        Your own rows of the tables (see `zjk_gis.standards.rules_table`).

    Returns
    -------
    Levels

    Raises
    ------
    InputError
        If values are not levels, or words of different orders; the message names them and their rows.

    Examples
    --------
    >>> levels_of(pd.DataFrame({"level": ["社区级", "区级", "社区级"]}), "zones").words
    {2: '区级', 4: '社区级'}
    """
    numbers, wrong, scale = in_order(layer["level"], _LEVEL, tables=tables)
    if wrong.any():
        strangers = rows_by_value(layer["level"][wrong])
        raise InputError(
            tr(
                "{name}: {wrong} of {layer_count} values of level ({title}) are not levels of one "
                "order: {name_values}. Rewrite them, or say level={any_level!r} if this column is "
                "not about the levels of a hierarchy (at the command: --level)",
                name=name,
                wrong=int(wrong.sum()),
                layer_count=len(layer),
                title=_LEVEL.title,
                name_values=name_values(strangers, _LEVEL, tables),
                any_level=ANY_LEVEL,
            )
        )
    written = as_text(layer["level"])
    each = pd.DataFrame({"number": numbers, "word": written.to_numpy()}).dropna()
    words = each.groupby("number")["word"].min()
    named = dict(zip(words.index.astype(int).tolist(), words.astype(str).tolist(), strict=True))
    return Levels(numbers, named, scale)


def is_level(asked: int | str, number: int | None, word: str) -> bool:
    """Tell whether a level that is asked for is the one that was chosen, by its number or its word.

    Examples
    --------
    >>> is_level("2", 2, "二级"), is_level("二级", 2, "二级"), is_level(3, 2, "二级")
    (True, True, False)
    """
    if number is None or asked == ANY_LEVEL:
        return number is None and asked == ANY_LEVEL
    if str(asked).strip() == word:
        return True
    numbers, _, _ = in_order(pd.Series([asked], dtype=object), _LEVEL)
    return bool(numbers[0] == number)


@dataclass(frozen=True, slots=True)
class LevelChosen:
    """Which rows of a layer answer, by their level.

    Attributes
    ----------
    kept : ndarray of bool
        The rows of the level, and those that name none: they belong to every one.
    number : int or None
        The level; None where none is chosen.
    word : str
        As the layer writes it; empty where none is chosen.
    without : ndarray of bool
        Which rows name no level.
    covered : float
        The share of the ground of the zones left out that the zones of the level have; NaN where that was not
        looked at.
    """

    kept: NDArray[np.bool_]
    number: int | None
    word: str
    without: NDArray[np.bool_]
    covered: float = float("nan")


def choose_level(zones: gpd.GeoDataFrame, level: int | str | None, name: str) -> LevelChosen:
    """Choose the zones of one level: the one asked for, or the finest if the levels are a hierarchy.

    1. ``level="any"``, or no levels: all rows.
    2. A level that is asked for, by its number or its word: its rows.
    3. Otherwise the finest, whose rows must lie in those of each coarser level: at least half of their
       ground, told by whether a point inside of each lies in a coarser zone. Where they lie beside each other
       the column is about something else, the others cannot be left out unseen, and nothing is chosen.

    Rows that name no level belong to every one.

    Raises
    ------
    InputError
        If there is no such level, values are not levels, or the levels do not make a hierarchy; the message
        says what there is and the way out.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> street, grid = box(0, 0, 100, 100), box(0, 0, 50, 50)
    >>> zones = gpd.GeoDataFrame({"level": ["街道级", "网格级"]}, geometry=[street, grid], crs=4547)
    >>> chosen = choose_level(zones, None, "zones")
    >>> chosen.kept.tolist(), chosen.word, chosen.covered
    ([False, True], '网格级', 0.25)
    """
    levels = levels_of(zones, name) if "level" in zones and level != ANY_LEVEL else None
    if levels is None or not levels.words:  # 1
        if level is not None and level != ANY_LEVEL:
            lacking = tr("there is no column level") if levels is None else tr("its column level is empty")
            raise MissingColumnError(
                tr(
                    "{name}: level={level} was asked for, but {lacking}",
                    name=name,
                    level=level,
                    lacking=lacking,
                )
            )
        return LevelChosen(np.ones(len(zones), bool), None, "", np.zeros(len(zones), bool))
    covered = float("nan")
    if level is not None:  # 2
        number = levels.number(level, name)
    else:  # 3
        number = max(levels.words)
        covered = _covered(zones, levels, name)
    without = np.isnan(levels.numbers)
    kept = without | (levels.numbers == number)
    return LevelChosen(kept, number, levels.words[number], without, covered)


def _covered(zones: gpd.GeoDataFrame, levels: Levels, name: str) -> float:
    """Refuse levels that do not make a hierarchy; return what share of the coarser zones the finest cover."""
    if len(levels.words) == 1:
        return float("nan")
    shapes = zones.geometry.to_numpy()
    shapes = only(shapes, has_place(shapes))  # what is broken is refused, or told, by who asks
    finest = max(levels.words)
    fine = shapes[levels.numbers == finest]
    area = np.nan_to_num(shapely.area(fine))
    tree = shapely.STRtree(inner_points(fine))
    held, own = [], []
    for level in sorted(levels.words)[:-1]:
        coarse = shapes[levels.numbers == level]
        zone, inner = tree.query(coarse, predicate="intersects")
        if np.sort(area[np.unique(inner)]).sum() < _LEAST_SHARE * np.sort(area).sum():
            raise InputError(_no_hierarchy(levels, level, finest, name))
        own.append(np.nan_to_num(shapely.area(coarse)))
        held.append(np.minimum(np.bincount(zone, weights=area[inner], minlength=len(coarse)), own[-1]))
    ground = float(np.sort(np.concatenate(own)).sum())
    return float(np.sort(np.concatenate(held)).sum()) / ground if ground > 0 else 1.0


def _no_hierarchy(levels: Levels, level: int, finest: int, name: str) -> str:
    counts = listed(
        tr("{count} of {level}", count=int((levels.numbers == number).sum()), level=word)
        for number, word in levels.words.items()
    )
    return tr(
        "{name}: the column level does not make a hierarchy ({counts}): most ground of level {finest}, the "
        "finest, does not lie in zones of level {coarse}, so the others cannot be left out unseen. Say which "
        "level answers, such as level={number}, or level={any_level!r} if zones of all do (at the command: "
        "--level)",
        name=name,
        counts=counts,
        finest=levels.words[finest],
        coarse=levels.words[level],
        number=finest,
        any_level=ANY_LEVEL,
    )
