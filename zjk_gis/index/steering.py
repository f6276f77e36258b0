"""Which columns of the layers decided who answers, and which could seem to and did not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.errors import name_rows
from zjk_gis.layers.columns.values import as_text
from zjk_gis.layers.labels import label
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from zjk_gis.index.policy import Policy
    from zjk_gis.layers.columns.levels import LevelChosen
    from zjk_gis.layers.labels import Language

__all__ = ["level_told", "steered_by", "steering_words"]

# Columns that a reader may take to decide; what is there and decides nothing is named as not used.
_MAY_STEER = (
    "level", "priority", "side", "valid_from", "valid_to", "state", "kind", "scope", "road_class",
    "management_level",
)  # fmt: skip
_PERIOD = ("valid_from", "valid_to")


def steered_by(
    layer: gpd.GeoDataFrame, chosen: LevelChosen, policy: Policy, *, is_linear: bool, prefix: str = ""
) -> dict[str, str]:
    """Tell what each column of a layer that answers did, in keys of `zjk_gis.layers.label`.

    1. ``level``: ``one_level_answers``, or ``all_levels_answer`` where none was chosen.
    2. The column of priorities: ``highest_priority_answers``, where the policy asks for it.
    3. ``side`` of lines: ``own_side_answers``.
    4. ``valid_from`` and ``valid_to``: ``valid_ones_answer``.
    5. Others that could seem to decide, and any of these that are empty: ``not_used``.

    Parameters
    ----------
    layer : GeoDataFrame
        Before rows were chosen by their level.
    chosen : LevelChosen
    policy : Policy
    is_linear : bool
        Whether lines answer.
    prefix : str
        What the names of columns begin with: that of the answers of the layer.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from zjk_gis.index.policy import Policy
    >>> from zjk_gis.layers.columns.levels import choose_level
    >>> zones = gpd.GeoDataFrame(
    ...     {"level": ["三级"], "priority": [None], "state": ["完好"]}, geometry=gpd.points_from_xy([0], [0])
    ... )
    >>> steered_by(zones, choose_level(zones, None, "zones"), Policy(), is_linear=False)
    {'level': 'one_level_answers', 'priority': 'not_used', 'state': 'not_used'}
    """
    did = {}
    for name in dict.fromkeys((*_MAY_STEER, policy.priority)):
        if name not in layer:
            continue
        word = "not_used"  # 5
        if not as_text(layer[name]).isna().all():
            if name == policy.priority:  # 2
                word = "highest_priority_answers" if "highest_priority" in policy.order else word
            elif name == "level":  # 1
                word = "all_levels_answer" if chosen.number is None else "one_level_answers"
            elif name == "side" and is_linear:  # 3
                word = "own_side_answers"
            elif name in _PERIOD:  # 4
                word = "valid_ones_answer"
        did[prefix + name] = word
    return did


def level_told(chosen: LevelChosen, layer: gpd.GeoDataFrame) -> dict[str, Any]:
    """Tell which level answers and what was left out for it; empty where none was chosen.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> from zjk_gis.layers.columns.levels import choose_level
    >>> ground = [box(0, 0, 100, 100), box(0, 0, 50, 50)]
    >>> zones = gpd.GeoDataFrame({"level": [1, 2]}, geometry=ground, crs=4547)
    >>> level_told(choose_level(zones, None, "zones"), zones)
    {'number': 2, 'word': '2', 'left_out': 1, 'covered': 0.25, 'without': ''}
    """
    if chosen.number is None:
        return {}
    without = layer.index[chosen.without]
    return {
        "number": chosen.number,
        "word": chosen.word,
        "left_out": int((~chosen.kept).sum()),
        "covered": None if np.isnan(chosen.covered) else chosen.covered,
        "without": name_rows(without) if len(without) else "",
    }


def steering_words(about: Mapping[str, Any], lang: Language = "zh") -> list[str]:
    """Write for a person which column steered what, a line each; what is not used comes last, in one.

    Parameters
    ----------
    about : mapping
        ``attrs["assignment"]`` of what `assign_incidents` returns.
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    list of str
        Empty where no column steered anything.

    Examples
    --------
    >>> level = {"number": 2, "word": "2", "left_out": 1, "covered": 0.25, "without": ""}
    >>> steered = {"level": "one_level_answers", "section_side": "own_side_answers", "state": "not_used"}
    >>> for line in steering_words({"steered_by": steered, "levels": level}, "en"):
    ...     print(line)
    level: only zones of one level answer: 2; 1 of other levels left out, 25% of whose ground it covers
    section_side: a section answers for its own side alone
    not used: state
    """
    lines, unused = [], []
    for name, word in about["steered_by"].items():
        told = _column(name, lang)
        if word == "not_used":
            unused.append(told)
            continue
        does = label(word, lang)
        if word == "one_level_answers" and name == "level":
            does += _level_words(about["levels"], lang)
        lines.append(tr("{told}: {does}", told=told, does=does, lang=lang))
    if unused:
        told = label("not_used", lang)
        lines.append(tr("{told}: {does}", told=told, does=listed(unused, lang=lang), lang=lang))
    return lines


def _level_words(level: Mapping[str, Any], lang: Language) -> str:
    words = tr(": {word}", word=level["word"], lang=lang)
    if level["left_out"]:
        left = level["left_out"]
        words += tr("; {left:,} of other levels left out", left=left, lang=lang)
        if level["covered"] is not None:
            share = f"{level['covered']:.0%}"
            words += tr(", {share} of whose ground it covers", share=share, lang=lang)
    if level["without"]:
        words += tr(
            "; those without a level belong to every one ({without})", without=level["without"], lang=lang
        )
    return words


def _column(name: str, lang: Language) -> str:
    """Name a column as the reader knows it: its own name, and in Chinese its title."""
    if lang == "en":
        return name
    for prefix, layer in (("grid_", "unit_grids"), ("section_", "road_sections")):
        if name.startswith(prefix):
            return f"{name} {label(layer)}{label(name.removeprefix(prefix))}"
    title = label(name)
    return name if title == name else f"{name} {title}"
