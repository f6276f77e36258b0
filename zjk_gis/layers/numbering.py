"""Unit grids numbered as one reads: from west to east, row by row from north to south."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError, name_rows
from zjk_gis.layers.columns.values import code_text, converted
from zjk_gis.layers.metric import ready
from zjk_gis.layers.shapes import point_coordinates
from zjk_gis.layers.spec import Field
from zjk_gis.standards import next_codes
from zjk_gis.standards.schemes import scheme_of
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["number_grids"]


@checked
def number_grids(
    grids: gpd.GeoDataFrame,
    *,
    community: str = "community_code",
    code: str = "grid_code",
    scheme: str = "unit_grid",
    retired: pd.Series | Sequence[Any] = (),
) -> gpd.GeoDataFrame:
    """Give each new unit grid (单元网格) its code.

    Parameters
    ----------
    grids : GeoDataFrame of polygons, n rows
        All grids of the communities concerned. Those with a code keep it.
    community : str, default "community_code"
        The column with the 12 digits of the community a grid lies in.
    code : str, default "grid_code"
        The column of codes; missing or empty where a grid is new. It may be left out if all are new.
    scheme : str, default "unit_grid"
    retired : Series or sequence of str
        Codes that are void; they are never used again.

    Returns
    -------
    GeoDataFrame
        A copy in the same order, with every code filled in.

    Raises
    ------
    InputError
        If a new grid has no geometry or no community of the right number of digits, a community would come
        to more numbers than its digits hold, or a code that is there cannot be read (see `next_codes`).

    Notes
    -----
    Grids are numbered from west to east and from north to south inside a community (GB/T 30428.1, as
    implemented [S]). What a row is, the source does not say. Here the northernmost grid not yet numbered
    begins a row, which takes all whose centroid lies less than half a grid's side further south (a side being
    the root of the community's median area); a row is numbered by the centroids' eastings. New grids of a
    community that has some are numbered in the same way, after its highest number ever given out.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> squares = [box(100, 0, 200, 100), box(0, 105, 100, 205), box(100, 100, 200, 200), box(0, 0, 100, 105)]
    >>> grids = gpd.GeoDataFrame({"community_code": ["130703005001"] * 4}, geometry=squares, crs=4547)
    >>> number_grids(grids)["grid_code"].str[-3:].tolist()
    ['004', '001', '002', '003']
    """
    result = grids.copy()
    if code not in result.columns:
        result[code] = None
    field = Field(name=code, title="", dtype="text", digits=scheme_of(scheme).digits)
    text, lost = converted(result[code], field)
    if lost.any():
        raise InputError(
            tr(
                "grids: {code} has lost digits in {rows}; get the codes again as text",
                code=code,
                rows=name_rows(result.index[lost]),
            )
        )
    new = (text.isna() | (text.str.strip() == "").fillna(value=True)).to_numpy(dtype=bool)
    if not new.any():
        return result
    if community not in result.columns:
        raise InputError(
            tr(
                "grids: has no column {community!r}, the community that each new grid lies in",
                community=community,
            )
        )
    digits = scheme_of(scheme).prefix_digits
    prefixes = code_text(result[community]).str.strip()
    bad = new & ~prefixes.str.fullmatch(rf"[0-9]{{{digits}}}", na=False).to_numpy(dtype=bool)
    if bad.any():
        raise InputError(
            tr(
                "grids: {community} must have {digits} digits in {rows}",
                community=community,
                digits=digits,
                rows=name_rows(result.index[bad]),
            )
        )
    metric = ready(result[new], "grids", kind="polygon")
    shapes = metric.geometry.to_numpy()
    codes = text.to_numpy(dtype=object)
    places = np.flatnonzero(new)
    own = prefixes.to_numpy(dtype=object)
    for prefix in sorted(set(own[places])):
        at = np.flatnonzero(own[places] == prefix)
        order = _reading_order(shapes[at])
        codes[places[at[order]]] = next_codes(
            text[~new], len(at), scheme=scheme, prefix=str(prefix), retired=retired
        )
    result[code] = codes
    result[code] = result[code].astype("str")
    return result


def _reading_order(shapes: NDArray[np.object_]) -> NDArray[np.int64]:
    centres = shapely.centroid(shapely.normalize(shapes))  # one answer wherever a ring begins
    x, y = point_coordinates(centres)
    side = float(np.sqrt(np.median(shapely.area(shapes))))
    southward = np.lexsort((x, -y))
    row = np.zeros(len(shapes), dtype=np.int64)
    first, number = np.inf, 0
    for place in southward.tolist():
        if y[place] <= first - side / 2:
            first, number = y[place], number + 1
        row[place] = number
    order: NDArray[np.int64] = np.lexsort((y, x, row))
    return order
