"""How large pipes are and how deep they lie, as survey tables (管线普查表) write it.

A level or depth of an end is that of the **bottom** (管底) of sewage, rain-water and combined pipes and of
the **top** (管顶) of all others (CJJ 61 practice): mixing them up is one diameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.layers.catalogue import PIPELINES
from zjk_gis.layers.columns.values import as_text, coded, text_at
from zjk_gis.layers.metric import ready
from zjk_gis.pipes.in_use import in_use
from zjk_gis.standards import rules_table

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.layers.set_aside import SetAside

__all__ = ["Dimensions", "burials_of", "dimensions_of", "kinds_of", "numbers_of", "pipes_of", "texts_of"]

_TIMES = r"^\s*(\d+(?:\.\d+)?)\s*(?:mm)?\s*[×xX*＊]\s*(\d+(?:\.\d+)?)\s*(?:mm)?\s*$"
_DIAMETER = r"^\s*(?:[DdΦφ][NnEe]?)?\s*(\d+(?:\.\d+)?)\s*(?:mm)?\s*$"


@dataclass(frozen=True, slots=True)
class Dimensions:
    """Sizes and depths of pipes, in metres; NaN where they are not known.

    Attributes
    ----------
    width, height : ndarray of float64
        Of the pipe; of a round one its diameter.
    depth, level : ndarray of float64, shape (n, 2)
        Of its bottom or top, at its beginning and end.
    gravity : ndarray of bool
        Whether it is a drain, so that depths and levels are those of its bottom.
    """

    width: NDArray[np.float64]
    height: NDArray[np.float64]
    depth: NDArray[np.float64]
    level: NDArray[np.float64]
    gravity: NDArray[np.bool_]

    @property
    def axis_levels(self) -> NDArray[np.float64]:
        """Levels of the axis at both ends."""
        return self.level + np.where(self.gravity, 0.5, -0.5)[:, None] * self.height[:, None]

    @property
    def axis_depths(self) -> NDArray[np.float64]:
        """Depths of the axis at both ends."""
        return self.depth - np.where(self.gravity, 0.5, -0.5)[:, None] * self.height[:, None]

    @property
    def covers(self) -> NDArray[np.float64]:
        """Metres of ground above the top (覆土) at both ends; of a drain its height must be known."""
        return self.depth - np.where(self.gravity, self.height, 0.0)[:, None]


def pipes_of(
    pipelines: gpd.GeoDataFrame,
    aside: SetAside,
    at: str | dt.date | None = None,
    *,
    abandoned: bool = False,
) -> gpd.GeoDataFrame:
    """Return the pipes that can be asked, in a metric CRS, with ``pipe_code`` and ``pipe_kind`` filled.

    With a day only those in use on it (see `zjk_gis.pipes.in_use`), with `abandoned` those given up, too.

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError, GeometryError, InputError
        If the layer cannot be used.
    """
    given = aside.sound(pipelines, "pipelines", kind="line", filled=["pipe_code", "pipe_kind"])
    if "pipe_kind" not in given or aside.strict:
        ready(given, "pipelines", kind="line", code="pipe_kind")
    pipes = ready(given, "pipelines", kind="line", code="pipe_code")
    return in_use(pipes, "pipelines", at, aside, abandoned=abandoned)


def kinds_of(pipelines: gpd.GeoDataFrame, aside: SetAside, name: str = "pipelines") -> pd.DataFrame:
    """Return the kind, class and manner of flow of each pipe; what is not understood is noted.

    Returns
    -------
    DataFrame
        ``pipe_kind``, ``class_code``, ``class_name`` (text, missing where not understood) and ``gravity``
        (bool), under the index of `pipelines`.
    """
    kind = aside.coded(pipelines, PIPELINES.field("pipe_kind"), name)
    table = rules_table("pipe_kinds").drop_duplicates("pipe_kind").set_index("pipe_kind")
    number, words = pd.factorize(kind)  # a few words, however many pipes
    known = table.reindex(words)
    columns = {name: text_at(known[name], number) for name in ("class_code", "class_name")}
    gravity = np.append((known["gravity"] == "1").to_numpy(dtype=bool), np.False_)[number]
    return pd.DataFrame({"pipe_kind": kind, **columns, "gravity": gravity}, index=pipelines.index)


def numbers_of(layer: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """Return a column as numbers; NaN where there is none, and everywhere where there is no such column."""
    if column not in layer:
        return np.full(len(layer), np.nan)
    values = pd.to_numeric(layer[column], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def texts_of(layer: pd.DataFrame, column: str) -> NDArray[np.object_]:
    """Return a column as text; empty where there is none, and everywhere where there is no such column."""
    if column not in layer:
        return np.full(len(layer), "", dtype=object)
    return as_text(layer[column]).fillna("").to_numpy(dtype=object)


def dimensions_of(pipelines: pd.DataFrame, gravity: NDArray[Any]) -> Dimensions:
    """Read sizes and depths of pipes.

    A size is that of ``diameter_mm`` (a number, ``DN300`` or, of a duct, ``800×600``, width by height) or
    ``width_mm`` and ``height_mm``. 管径 is the inner or nominal one: walls are not added.

    Examples
    --------
    >>> pipes = pd.DataFrame({"diameter_mm": ["DN300", "800×600"], "from_depth_m": [2.0, 1.5]})
    >>> found = dimensions_of(pipes, np.array([True, False]))
    >>> found.width.tolist(), found.height.tolist(), found.axis_depths[:, 0].tolist()
    ([0.3, 0.8], [0.3, 0.6], [1.85, 1.8])
    """
    width, height = numbers_of(pipelines, "width_mm"), numbers_of(pipelines, "height_mm")
    round_mm = numbers_of(pipelines, "diameter_mm")
    if "diameter_mm" in pipelines and np.isnan(round_mm).any():
        text = as_text(pipelines["diameter_mm"])
        sides = text.str.extract(_TIMES).astype(float)
        wide, high = sides[0].to_numpy(), sides[1].to_numpy()
        named = text.str.extract(_DIAMETER)[0].astype(float).to_numpy()
        round_mm = np.where(np.isnan(round_mm), named, round_mm)
        width, height = np.where(np.isnan(width), wide, width), np.where(np.isnan(height), high, height)
    round_mm = np.where(round_mm > 0, round_mm, np.nan)
    both = (width > 0) & (height > 0)
    depth = np.column_stack([numbers_of(pipelines, f"{end}_depth_m") for end in ("from", "to")])
    level = np.column_stack([numbers_of(pipelines, f"{end}_level_m") for end in ("from", "to")])
    return Dimensions(
        np.where(both, width, round_mm) / 1000,
        np.where(both, height, round_mm) / 1000,
        depth,
        level,
        np.asarray(gravity, dtype=bool),
    )


def burials_of(pipelines: pd.DataFrame) -> NDArray[np.object_]:
    """Return how each pipe is laid, as the codes of CJJ 61; empty where that is not known."""
    if "burial" not in pipelines:
        return np.full(len(pipelines), "", dtype=object)
    meant, _ = coded(pipelines, PIPELINES.field("burial"), "pipelines")
    return meant.fillna("").to_numpy(dtype=object)
