"""What stands somewhere: rows of any shape made ready, and what they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.access.rows import codes_of
from zjk_gis.crs import as_metric, convert_crs, require_crs, require_layer
from zjk_gis.layers.columns.requirements import require_rows
from zjk_gis.layers.metric import ready
from zjk_gis.layers.shapes import cleaned, flat, has_place
from zjk_gis.overlay.answering import KINDS

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray
    from pyproj import CRS

    from zjk_gis.layers.set_aside import SetAside

__all__ = ["codes_in", "joined", "texts", "things_of"]


def things_of(
    layer: gpd.GeoDataFrame, name: str, aside: SetAside, *, crs: CRS | None = None
) -> gpd.GeoDataFrame:
    """Return the rows of a layer that have a sound shape, points, lines and areas mixed, in a metric CRS.

    Parameters
    ----------
    layer : GeoDataFrame
    name : str
        What the layer is called in errors.
    aside : SetAside
        Takes the rows without a sound shape.
    crs : CRS, optional
        By default the layer's own if that is metric.

    Raises
    ------
    EmptyLayerError, CRSError, GeometryError
        If the layer cannot be used; of shapes only if `aside` is strict.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from zjk_gis.layers.set_aside import SetAside
    >>> rows = gpd.GeoDataFrame(geometry=[shapely.Point(0, 0), None, shapely.box(0, 0, 1, 1)], crs=4547)
    >>> aside = SetAside()
    >>> things_of(rows, "hazards", aside).geom_type.tolist(), [each["row"] for each in aside.rows]
    (['Point', 'Polygon'], [1])
    """
    require_layer(layer, name)
    require_rows(layer, name)
    require_crs(layer, name)
    shapes, _ = cleaned(layer.geometry.to_numpy())
    missing = ~has_place(shapes)
    invalid = ~missing & ~shapely.is_valid(shapes)
    if aside.strict:
        for dimension, kind in enumerate(KINDS):
            rows = (shapely.get_dimensions(shapes) == dimension) | missing
            if rows.any():
                ready(layer[rows], name, kind=kind)
    reasons = np.select([missing, invalid], ["no_geometry", "invalid_geometry"], "")
    aside.note(layer, name, missing | invalid, reasons, pd.Series("", index=layer.index))
    sound = ~(missing | invalid)
    rows = layer[sound].set_geometry(flat(shapes[sound]), crs=layer.crs)
    return as_metric(rows, name) if crs is None else convert_crs(rows, crs, name=name)


def codes_in(layer: gpd.GeoDataFrame, name: str, code: str | None = None) -> Any:
    """Return what the rows of a layer are called, as an array of text; see `codes_of`."""
    return codes_of(layer, code, name).to_numpy(dtype=object).astype(str)


def joined(owner: Any, words: Any, count: int, *, in_order: bool = False) -> NDArray[np.object_]:
    """Join the distinct words of each of `count` owners, sorted or as they come; empty where one has none.

    Examples
    --------
    >>> joined([1, 1, 0, 1], ["b", "a", "c", "b"], 3).tolist()
    ['c', 'a;b', '']
    >>> joined([1, 1, 0, 1], ["b", "a", "c", "b"], 3, in_order=True).tolist()
    ['c', 'b;a', '']
    """
    # Words as numbers, of which a million are sorted in the time of a few texts.
    known, number = np.unique(np.asarray(words, dtype=object).astype(str), return_inverse=True)
    pairs = pd.DataFrame({"owner": np.asarray(owner, np.int64), "number": number})[known[number] != ""]
    pairs = pairs.drop_duplicates()
    pairs = pairs.sort_values(["owner"] if in_order else ["owner", "number"], kind="stable")
    told = np.full(count, "", dtype=object)
    first = pairs.drop_duplicates("owner")
    told[first["owner"]] = known[first["number"]].astype(object)
    several = pairs[pairs["owner"].duplicated(keep=False)]  # few: the others need no joining
    for row, numbers in several.groupby("owner")["number"]:
        told[row] = ";".join(known[numbers].tolist())
    return told


def texts(values: Any) -> pd.Series:
    """Return a column of text, of one type even where there are no rows."""
    return pd.Series(list(values), dtype="str")
