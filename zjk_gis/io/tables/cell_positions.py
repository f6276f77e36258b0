"""Places written in one cell: a longitude and a latitude side by side, or a whole geometry as text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import shapely

from zjk_gis.io.binary_shapes import shapes_of_wkb
from zjk_gis.layers.columns.values import as_text, plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["geometry_column", "geometry_of", "pair_column", "pair_of"]

_SAMPLE = 200
_MOST_CHARACTERS = 1 << 24  # of one geometry: half a million vertices
_MOST_NESTED = 8  # collections in collections; GEOS reads them one in another until the stack is full

_GEOMETRY_NAMES = frozenset({
    "wkt", "ewkt", "wkb", "geojson", "geometry", "geom", "the_geom", "wkt_geom", "shape", "geo", "几何",
    "图形", "空间坐标", "坐标串", "边界坐标", "范围坐标",
})  # fmt: skip
_KINDS = "point|linestring|linearring|polygon|multipoint|multilinestring|multipolygon|geometrycollection"
_WKT = re.compile(rf"\s*(?:srid\s*=\s*\d+\s*;\s*)?(?:{_KINDS})\s*(?:zm|z|m)?\s*(?:\(|empty)", re.IGNORECASE)
_SRID = r"^\s*(?i:srid)\s*=\s*(\d{4,6})\s*;\s*"
_HEX = re.compile(r"0[01][0-9a-fA-F]{16,}")

_PAIR_NAME = re.compile(
    r"坐标|经纬|纬经|位置|定位|点位|coord|lonlat|lnglat|latlon|latlng|lon,lat|lng,lat|lat,lon|lat,lng|location"
    r"|position|gps"
)
_NORTH_NAMED = re.compile(r"纬经|纬度.?经度|latlon|latlng|lat,lon|lat,lng")
_PART = r"[^,，;；、|/()（）\[\]【】]+?"
_PARTED = rf"^\s*[(（\[【]?\s*({_PART})\s*[,，;；、|/]\s*({_PART})\s*[)）\]】]?\s*$"
_BLANK = r"^\s*[(（\[【]?\s*([-+]?\d+\.?\d*)\s+([-+]?\d+\.?\d*)\s*[)）\]】]?\s*$"
_MARKED = r"^\s*((?:东经|[Ee]).+?)\s*((?:北纬|[Nn]).+?)\s*$|^\s*((?:北纬|[Nn]).+?)\s*((?:东经|[Ee]).+?)\s*$"
# 40°49'04"N 114°52'20"E, as maps and phones copy it
_MARKED_AFTER = r"^\s*(\d[^EeNn]*[Ee])\s*(\d[^EeNn]*[Nn])\s*$|^\s*(\d[^EeNn]*[Nn])\s*(\d[^EeNn]*[Ee])\s*$"
# 114°52′20″ 40°49′04″: a blank after the mark that ends the first
_ANGLES = r"^\s*(\d[^\s]*[°º˚度′＇'’分″＂\"”秒])\s+(\d[^\s]*[°º˚度′＇'’分″＂\"”秒])\s*$"


def pair_column(table: pd.DataFrame) -> str | None:
    """Return the column that holds a longitude and a latitude in each cell, by its name and its values.

    Examples
    --------
    >>> pair_column(pd.DataFrame({"编号": ["1,2"], "坐标": ["114.88,40.82"]}))
    '坐标'
    """
    for column in table.columns:
        if not _PAIR_NAME.search(plain(str(column)).casefold().replace(" ", "")):
            continue
        sample = as_text(table[column]).dropna().iloc[:_SAMPLE]
        parts = _parts(sample)
        numbers = parts[0].str.contains(r"\d", na=False) & parts[1].str.contains(r"\d", na=False)
        if len(sample) and 2 * int(numbers.sum()) > len(sample):
            return str(column)
    return None


def pair_of(texts: pd.Series, name: str) -> tuple[pd.DataFrame, bool]:
    """Part what one column holds into two.

    Parameters
    ----------
    texts : Series
        «114.88,40.82», «(114.88， 40.82)», «114.88 40.82», «东经114°52′ 北纬40°49′»,
        «40°49'04"N 114°52'20"E» and the like.
    name : str
        Of the column; it may say that the latitude comes first.

    Returns
    -------
    parts : DataFrame
        The columns ``east`` and ``north``; where the cells do not say which is which, in the order in which
        they stand. A cell that is not a pair stands in ``east`` as it is, and beside it ``?``.
    sure : bool
        Whether the cells or the column's name say which is which.

    Examples
    --------
    >>> pair_of(pd.Series(["114.88,40.82", "(114.9； 40.8)", "桥东"]), "坐标")[0].to_numpy().tolist()
    [['114.88', '40.82'], ['114.9', '40.8'], ['桥东', '?']]
    """
    text = as_text(texts)
    parts = _parts(text)
    first, second = parts[0], parts[1]
    north_marked = first.str.contains("北纬|[Nn]", na=False) | second.str.contains("东经|[Ee]", na=False)
    east_marked = first.str.contains("东经|[Ee]", na=False) | second.str.contains("北纬|[Nn]", na=False)
    marked = (north_marked | east_marked) & first.notna()
    north_first = _NORTH_NAMED.search(plain(name).casefold().replace(" ", "")) is not None
    turned = north_marked & ~east_marked if marked.any() else pd.Series(data=north_first, index=text.index)
    turned = turned.astype(bool)
    unreadable = text.notna() & (first.isna() | second.isna())
    east = first.where(~turned, second).mask(unreadable, text)
    north = second.where(~turned, first).mask(unreadable, "?")
    sure = bool(marked.any() and (marked | first.isna()).all()) or north_first
    return pd.DataFrame({"east": east, "north": north}), sure


def _parts(text: pd.Series) -> pd.DataFrame:
    found = text.str.extract(_PARTED)
    for pattern in (_BLANK, _MARKED, _MARKED_AFTER, _ANGLES):
        left = found[0].isna() & text.notna()
        if left.any():
            more = text[left].str.extract(pattern)
            if more.shape[1] == 4:
                more = more[[0, 1]].fillna(more[[2, 3]].set_axis([0, 1], axis=1))
            found.loc[left, [0, 1]] = more
    return found


def geometry_column(table: pd.DataFrame, *, named: bool) -> str | None:
    """Return the column of geometries written as text.

    Parameters
    ----------
    table : DataFrame
    named : bool
        Whether its name must say so; otherwise WKT is recognised whatever the column is called.

    Examples
    --------
    >>> fences = pd.DataFrame({"id": ["1"], "围栏": ["POLYGON ((0 0, 1 0, 1 1, 0 0))"]})
    >>> geometry_column(fences, named=True), geometry_column(fences, named=False)
    (None, '围栏')
    """
    for column in table.columns:
        name = plain(str(column)).casefold()
        if named and name not in _GEOMETRY_NAMES:
            continue
        sample = as_text(table[column]).dropna().iloc[:_SAMPLE]
        if not len(sample):
            if name in ("wkt", "ewkt", "wkb", "the_geom"):
                return str(column)
            continue
        if named or _WKT.match(sample.iloc[0]):
            shapes, _ = geometry_of(sample)
            if 2 * int((~shapely.is_missing(shapes)).sum()) >= len(sample):
                return str(column)
    return None


def geometry_of(texts: pd.Series) -> tuple[NDArray[np.object_], set[int]]:
    """Read geometries written as WKT, EWKT, GeoJSON or hexadecimal WKB.

    Returns
    -------
    shapes : ndarray of geometries
        None where the text is none, is longer than 16 million characters, nests collections more than
        eight deep (32 in binary), or has a coordinate that is not a number.
    srids : set of int
        The EPSG codes that the texts name.
    """
    text = as_text(texts)
    kinds = text.str.count(r"(?i)collection|curve|surface|\"geometries\"").fillna(0)
    fit = text.notna() & (text.str.len() <= _MOST_CHARACTERS) & (kinds <= 2 * _MOST_NESTED)
    shapes: NDArray[np.object_] = np.full(len(text), None, dtype=object)
    srids: set[int] = set()
    is_json, is_hex = text.str.startswith("{", na=False), text.str.fullmatch(_HEX, na=False)
    for rows, read in (
        (fit & is_json, shapely.from_geojson),
        (fit & is_hex, _of_hexadecimal),
        (fit & ~is_json & ~is_hex, shapely.from_wkt),
    ):
        at = np.flatnonzero(rows.to_numpy(dtype=bool))
        if not len(at):
            continue
        chosen = text.iloc[at]
        if read is shapely.from_wkt:
            named = chosen.str.extract(_SRID)[0].dropna()
            srids |= {int(code) for code in named.unique()}
            chosen = chosen.str.replace(_SRID, "", regex=True)
        with np.errstate(all="ignore"):  # digits enough to overflow are found below
            shapes[at] = read(chosen.to_numpy(dtype=object), on_invalid="ignore")
    srids |= {int(code) for code in np.unique(shapely.get_srid(shapes)) if code > 0}
    points, of = shapely.get_coordinates(shapes, return_index=True)
    shapes[np.unique(of[~np.isfinite(points).all(axis=1)])] = None
    return shapes, srids


def _of_hexadecimal(
    texts: NDArray[np.object_], on_invalid: Literal["raise", "ignore"]
) -> NDArray[np.object_]:
    # An odd number of digits is a text that was cut.
    return shapes_of_wkb([bytes.fromhex(text[: len(text) // 2 * 2]) for text in texts], on_invalid=on_invalid)
