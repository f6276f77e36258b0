"""Road sections for which nobody answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.errors import MissingColumnError
from zjk_gis.index.sides import sides_answered
from zjk_gis.layers.catalogue import ROAD_SECTIONS
from zjk_gis.layers.columns.nobody import CHIEF, someone_named
from zjk_gis.layers.columns.periods import ALWAYS, day_of, validity_days
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.versions import check_layer
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["has_chief", "sections_without_chief"]


@checked
def sections_without_chief(
    sections: gpd.GeoDataFrame, *, at: str | dt.date | None = None
) -> gpd.GeoDataFrame:
    """Find the road sections that have no road chief (路长) on a day.

    Parameters
    ----------
    sections : GeoDataFrame
        Road sections (责任路段) with ``section_code`` and ``chief_code`` or ``chief_name``, perhaps
        in several versions.
    at : date or str, optional
        The day that is judged, by ``valid_from`` and ``valid_to`` (both days included, a missing one open).
        By default a chief of any time counts.

    Returns
    -------
    GeoDataFrame
        The rows of `sections` that matter, in their order and under their index, with ``reason`` (text):
        ``no_chief`` (valid on that day, but nobody is named: empty, 无, 待定 or another word of the table
        ``nobody``) or ``expired`` (no version is valid on that day; the one that ended last is returned, or,
        if none has begun, the one that begins first). A column ``reason`` of `sections` is kept as
        ``reason_recorded``.

    Raises
    ------
    MissingColumnError
        If there is no ``section_code``, or neither ``chief_code`` nor ``chief_name``.
    EmptyLayerError
        If `sections` has no rows.
    CRSError
        If it has no CRS.
    GeometryError
        If rows have no geometry or are not lines.
    InputError
        If a date or a side cannot be read.

    Notes
    -----
    A section is one code on one ``side`` of the road, however that is written (左侧, 左, left). It has a
    chief if any of its versions valid on that day names one, so a section handed from one version to the next
    is fine.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> sections = gpd.GeoDataFrame(
    ...     {
    ...         "section_code": ["R1", "R2", "R3"],
    ...         "chief_code": ["LZ1", "", "LZ3"],
    ...         "valid_to": [None, None, "2025-06-30"],
    ...     },
    ...     geometry=[LineString([(0, y), (100, y)]) for y in (0, 50, 100)],
    ...     crs=4547,
    ... )
    >>> sections_without_chief(sections, at="2025-12-31")[["section_code", "reason"]]
      section_code    reason
    1           R2  no_chief
    2           R3   expired
    """
    code = ROAD_SECTIONS.code
    sections = check_layer(sections, "sections", kind="line", code=code)
    if not {*CHIEF} & {*sections}:
        raise MissingColumnError(
            tr(
                "sections: no column chief_code or chief_name; its columns are {columns}",
                columns=", ".join(map(str, sections.columns)),
            )
        )
    served = has_chief(sections)
    begins, ends = validity_days(sections, "sections")
    is_valid = np.ones(len(sections), dtype=bool)
    if at is not None:
        is_valid = (begins <= day_of(at)) & (day_of(at) <= ends)
    section = _sections(sections, code)
    some_valid, some_served = _any_of(section, is_valid), _any_of(section, is_valid & served)
    no_chief = is_valid & ~some_served
    expired = ~some_valid & (True if at is None else _last_version(section, begins, ends, day_of(at)))
    listed = no_chief | expired
    rows = sections[listed]
    reasons = np.where(expired, "expired", "no_chief")[listed]
    return with_answers(rows, {"reason": pd.Series(reasons, index=rows.index, dtype="str")})


def has_chief(layer: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Tell for which rows a chief is named (待定 is nobody); for all, if there are no columns for chiefs."""
    if not {*CHIEF} & {*layer}:
        return np.ones(len(layer), dtype=bool)
    return someone_named(layer)


def _sections(sections: gpd.GeoDataFrame, code: str) -> NDArray[np.int64]:
    """Give each section a number: one code on one side of the road."""
    keys = pd.DataFrame({"code": code_text(sections[code]).to_numpy(), "side": 0})
    if "side" in sections:
        keys["side"] = sides_answered(sections)
    return np.asarray(keys.groupby(["code", "side"]).ngroup(), dtype=np.int64)


def _any_of(section: NDArray[np.int64], flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell for each row whether a flag is up for any row of its section."""
    up = np.zeros(section.max() + 1, dtype=bool)
    up[section[flags]] = True
    return up[section]


def _last_version(
    section: NDArray[np.int64], begins: NDArray[np.int64], ends: NDArray[np.int64], day: int
) -> NDArray[np.bool_]:
    """Tell which version of each section ended last before a day or, if none has begun, begins first."""
    ended = ends < day
    versions = pd.DataFrame(
        {"ended": ended, "when": np.where(ended, ends, ALWAYS - np.where(ended, 0, begins)), "begins": begins}
    )
    rank = versions.groupby(["ended", "when", "begins"]).ngroup()
    return (rank == rank.groupby(section).transform("max")).to_numpy()
