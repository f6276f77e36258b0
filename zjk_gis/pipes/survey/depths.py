"""How much ground lies over pipes, and whether it is enough (覆土)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.layers.metric import ready
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.overlay import overlay_layers
from zjk_gis.pipes.dimensions import burials_of, dimensions_of, kinds_of, pipes_of
from zjk_gis.standards import rules_table

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

    from zjk_gis.standards.rules import Overrides

__all__ = ["cover_depths"]

_EXACT = 1e-9
_BURIED = ("", "ZM", "GM", "GK", "DG")
# The limits that each class of pipes has: those of water and drains, or its own.
_LIMITS = {"JS": "cover", "PS": "cover", "RQ": "cover_gas", "RL": "cover_heat", "DL": "cover_power",
           "TX": "cover_telecom"}  # fmt: skip
_FREEZES = ("JS",)  # frost governs for water and wet gas, not for drains and dry gas
_WET_GAS = ("MQ",)
_FROST = "frost_depth"
_CARRIAGEWAY, _FOOTWAY, _EITHER = "carriageway", "footway", "unknown"


@checked
def cover_depths(
    pipelines: gpd.GeoDataFrame,
    *,
    carriageways: gpd.GeoDataFrame | None = None,
    frost: bool = True,
    tolerance_m: float = 0.0,
    at: str | dt.date | None = None,
    tables: Overrides | None = None,
    strict: bool = False,
) -> gpd.GeoDataFrame:
    """Find pipes with less ground over them than is asked under a carriageway or a footway.

    Parameters
    ----------
    pipelines : GeoDataFrame
        Lines with ``pipe_code``, ``pipe_kind``, ``from_depth_m`` and ``to_depth_m``; of drains
        ``diameter_mm`` too, as their depths are those of the bottom.
    carriageways : GeoDataFrame, optional
        Polygons of roads that vehicles use (车行道). A pipe of which 1 m or more lies there is judged by the
        greater cover. Without them it is not known what is above a pipe.
    frost : bool, default True
        Water and wet gas must lie below the frost depth (冻深), too.
    tolerance_m : float, default 0.0
        By how much less the cover may be: the accuracy of the survey.
    at : date or str, optional
        Only pipes in use on this day count, by ``valid_from`` (敷设), ``built_year`` and
        ``valid_to`` (废弃); the others are set aside and told. By default all count.
    tables : mapping of str to DataFrame, str or Path, optional
        Your own rows of the table ``limits``, such as the ``frost_depth`` of your city.
    strict : bool, default False
        Refuse rows that cannot be judged, instead of setting them aside.

    Returns
    -------
    GeoDataFrame
        The rows of `pipelines` concerned, in their order and under their index, in a metric CRS, with
        ``cover_m`` (float64, the lesser of both ends; NaN where one is not known), ``road_place`` (text:
        ``carriageway``, ``footway`` or ``unknown``), ``required_m`` and ``shortfall_m`` (float64), ``status``
        (``needs_review`` or ``cannot_be_judged``), ``rule`` and ``confidence``.

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError, GeometryError
        If a layer cannot be used.
    InputError
        If no kind is understood, or the tolerance is negative.

    Notes
    -----
    GB 50014-2021 for drains, GB 50289-2016 for the others, by footway and carriageway: water and drains
    0.6/0.7 m, gas 0.6/0.9, direct-buried heat 0.7/1.0, power 0.7/1.0, telecom 0.6/0.9. The frost depth of
    Zhangjiakou, about 1.36 m, is not checked (confidence U). Pipes above ground, in trenches and in tunnels
    are not judged.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> pipes = gpd.GeoDataFrame(
    ...     {
    ...         "pipe_code": ["P1"],
    ...         "pipe_kind": ["污水"],
    ...         "diameter_mm": [300],
    ...         "from_depth_m": [1.5],
    ...         "to_depth_m": [0.8],
    ...     },
    ...     geometry=[LineString([(0, 0), (30, 0)])],
    ...     crs=4547,
    ... )
    >>> cover_depths(pipes)[["cover_m", "required_m", "shortfall_m", "status"]].round(3)
       cover_m  required_m  shortfall_m        status
    0      0.5         0.6          0.1  needs_review
    """
    aside = SetAside(strict=strict)
    pipes = pipes_of(pipelines, aside, at)
    kinds = kinds_of(pipes, aside)
    buried = np.isin(burials_of(pipes), _BURIED) & kinds["class_code"].isin(list(_LIMITS)).to_numpy()
    pipes, kinds = pipes[buried], kinds[buried]
    cover = dimensions_of(pipes, kinds["gravity"].to_numpy()).covers
    least = np.where(np.isnan(cover).any(axis=1), np.nan, cover.min(axis=1, initial=np.inf))
    known = np.fmin(cover[:, 0], cover[:, 1])  # one end may be enough to see that it is too little
    place = _places(pipes, carriageways)
    asked = _Asked(kinds, place, frost=frost, tables=tables)
    short = known < asked.least - tolerance_m - _EXACT
    unsure = ~short & (np.isnan(least) | (least < asked.most - tolerance_m - _EXACT))
    found = short | unsure
    required = np.where(short, asked.least, np.where(np.isnan(least), asked.least, asked.most))
    # Where frost governs it is named only where the cover would do otherwise.
    rule, confidence = asked.told(known)
    rows = pipes[found]
    texts = {"road_place": place, "status": np.where(short, "needs_review", "cannot_be_judged"), "rule": rule,
             "confidence": confidence}  # fmt: skip
    answers: dict[str, Any] = {
        "cover_m": np.where(short, known, least)[found],
        "required_m": required[found],
        "shortfall_m": np.where(short, required - known, np.nan)[found],
        **{name: pd.Series(text[found], index=rows.index, dtype="str") for name, text in texts.items()},
    }
    columns = ["cover_m", "road_place", "required_m", "shortfall_m", "status", "rule", "confidence"]
    return aside.told_in(with_answers(rows, {name: answers[name] for name in columns}))


def _places(pipes: gpd.GeoDataFrame, carriageways: gpd.GeoDataFrame | None) -> NDArray[np.object_]:
    """Tell which pipes lie under a carriageway."""
    place = np.full(len(pipes), _EITHER if carriageways is None else _FOOTWAY, dtype=object)
    if carriageways is not None and len(pipes):
        bare = gpd.GeoDataFrame(geometry=pipes.geometry.to_numpy(), crs=pipes.crs)
        sound = ready(carriageways, "carriageways", kind="polygon", crs=pipes.crs)
        areas = gpd.GeoDataFrame(
            {"code": ["road"] * len(sound)}, geometry=sound.geometry.to_numpy(), crs=sound.crs
        )
        under = overlay_layers(bare, areas, code="code")
        under = under[under["found"] != "none"].groupby("row")["length_m"].sum()
        place[under.index[under >= 1.0]] = _CARRIAGEWAY
    return place


class _Asked:
    """The cover that each pipe must have."""

    def __init__(
        self, kinds: pd.DataFrame, place: NDArray[np.object_], *, frost: bool, tables: Overrides | None
    ) -> None:
        limits = rules_table("limits", overrides=tables).set_index("limit")
        value = limits["value"].astype(float)
        stem = kinds["class_code"].map(_LIMITS)
        names = [stem + "_footway", stem + "_carriageway"]
        foot, way = (name.map(value).to_numpy(dtype=np.float64) for name in names)
        self.dry_least = np.where(place == _CARRIAGEWAY, way, foot)
        self.dry_most = np.where(place == _FOOTWAY, foot, way)
        chosen = names[0].where(pd.Series(place != _CARRIAGEWAY, index=kinds.index), names[1])
        self.rule = (chosen.map(limits["source"]) + ": " + chosen.map(limits["meaning"])).to_numpy(
            dtype=object
        )
        self.confidence = chosen.map(limits["confidence"]).to_numpy(dtype=object)
        freezes = kinds["class_code"].isin(_FREEZES) | kinds["pipe_kind"].isin(_WET_GAS)
        depth = np.where(freezes.to_numpy(dtype=bool) & frost, value[_FROST], 0.0)
        self.least, self.most = np.maximum(self.dry_least, depth), np.maximum(self.dry_most, depth)
        row = limits.loc[_FROST]
        self.frost = (f"{row['source']}: {row['meaning']}", row["confidence"])

    def told(self, cover: NDArray[np.float64]) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
        """Return the rule that is broken and how sure it is: frost where it asks more."""
        frozen = self.least > self.dry_least
        return (
            np.where(frozen, self.frost[0], self.rule),
            np.where(frozen & ~(cover < self.dry_least), self.frost[1], self.confidence),
        )
