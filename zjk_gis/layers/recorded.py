"""Adding columns to a caller's rows without losing what they came with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

__all__ = ["with_answers"]


def with_answers(rows: gpd.GeoDataFrame, answers: Mapping[str, Any]) -> gpd.GeoDataFrame:
    """Return a copy of rows with columns more; one of the same name is kept as ``<name>_recorded``.

    Parameters
    ----------
    rows : GeoDataFrame
    answers : mapping of str to Series or array
        The new columns.

    Returns
    -------
    GeoDataFrame
        ``attrs["renamed"]`` maps the names that gave way to those they are kept under.

    Examples
    --------
    >>> import geopandas as gpd
    >>> rows = gpd.GeoDataFrame({"reason": ["told"]}, geometry=gpd.points_from_xy([0], [0]))
    >>> with_answers(rows, {"reason": ["found"]})[["reason_recorded", "reason"]]
      reason_recorded reason
    0            told  found
    """
    renamed: dict[str, str] = {}
    taken = {*map(str, rows.columns), *answers}
    for name in answers:
        if name in rows:
            other = f"{name}_recorded"
            while other in taken:
                other += "_earlier"
            renamed[name] = other
            taken.add(other)
    answered = rows.rename(columns=renamed).assign(**answers)
    answered.attrs["renamed"] = renamed
    return answered
