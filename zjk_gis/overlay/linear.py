"""Where along a line something lies: stretches as distances from its beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.layers.shapes import has_bad_height

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["intervals_of", "joined_lengths", "stretches_along", "substrings"]

_LINE = 1
_ALONG = 0.7  # how far a line must get along another, of its own length, to run along it


def stretches_along(line: NDArray[Any], shapes: NDArray[Any], within: float) -> pd.DataFrame:
    """Find the stretches of each line along which another lies, and whether it runs in the same direction."""
    at, row = shapely.STRtree(shapes).query(line, predicate="dwithin", distance=within)
    near, of_row = np.unique(row, return_inverse=True)
    around = shapely.buffer(shapes[near], within, cap_style="flat")[of_row]
    held = intervals_of(line, at, row, shapely.intersection(line[at], around))
    begin, end = (
        shapely.line_locate_point(
            shapes[held["row"]], shapely.line_interpolate_point(line[held["line"]], held[name].to_numpy())
        )
        for name in ("from_m", "to_m")
    )
    # What crosses a line gets nowhere along it.
    runs_along = np.abs(end - begin) > _ALONG * (held["to_m"] - held["from_m"]).to_numpy()
    kept: pd.DataFrame = held.assign(direction=np.where(end >= begin, 1, -1))[runs_along]
    return kept.reset_index(drop=True)


def intervals_of(
    line: NDArray[Any], at: NDArray[np.intp], row: NDArray[np.intp], pieces: NDArray[Any]
) -> pd.DataFrame:
    """Return where the pieces of lines begin and end along them."""
    parts, pair = shapely.get_parts(pieces, return_index=True)
    inner, outer = shapely.get_parts(parts, return_index=True)  # a collection may hold several
    parts, pair = inner, pair[outer]
    is_line = shapely.get_type_id(parts) == _LINE
    parts, pair = parts[is_line], pair[is_line]
    whole = line[at[pair]]
    first = shapely.line_locate_point(whole, shapely.get_point(parts, 0))
    last = shapely.line_locate_point(whole, shapely.get_point(parts, -1))
    begin, end = np.minimum(first, last), np.maximum(first, last)
    # A piece of a ring may lead over the place where the ring begins and ends.
    size, length = shapely.length(whole), shapely.length(parts)
    over = shapely.is_closed(whole) & (np.abs(size - (end - begin) - length) < np.abs(end - begin - length))
    found = pd.DataFrame(
        {
            "line": np.concatenate([at[pair], at[pair[over]]]),
            "row": np.concatenate([row[pair], row[pair[over]]]),
            "from_m": np.concatenate([np.where(over, 0.0, begin), end[over]]),
            "to_m": np.concatenate([np.where(over, begin, end), size[over]]),
        }
    )
    longer: pd.DataFrame = found[found["to_m"] > found["from_m"]].reset_index(drop=True)
    return longer


def joined_lengths(stretches: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Join stretches that overlap, group by group; return the length that each adds, as ``metres``.

    Examples
    --------
    >>> walked = pd.DataFrame({"line": [0, 0], "from_m": [0.0, 5.0], "to_m": [10.0, 12.0]})
    >>> joined_lengths(walked, ["line"])["metres"].tolist()
    [10.0, 2.0]
    """
    ordered = stretches.sort_values([*keys, "from_m", "to_m"], ignore_index=True)
    reach = ordered.groupby(keys)["to_m"].cummax()
    before = reach.groupby([ordered[key] for key in keys]).shift(fill_value=0.0)
    metres = ordered["to_m"] - np.maximum(ordered["from_m"], before)
    return ordered[keys].assign(metres=np.maximum(metres, 0.0))


def substrings(lines: NDArray[Any], begins: NDArray[np.float64], ends: NDArray[np.float64]) -> NDArray[Any]:
    """Cut a stretch out of each line, from and to distances from its beginning.

    Examples
    --------
    >>> street = np.array([shapely.LineString([(0, 0), (90, 0)])])
    >>> substrings(street, np.array([10.0]), np.array([30.0])).tolist()
    [<LINESTRING (10 0, 30 0)>]
    """
    from shapely.ops import substring

    lines = np.where(has_bad_height(lines), shapely.force_2d(lines), lines)  # between them no height is known
    shapes = np.empty(len(lines), dtype=object)
    for at, (begin, end) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True)):
        shapes[at] = substring(lines[at], begin, end)
    return shapes
