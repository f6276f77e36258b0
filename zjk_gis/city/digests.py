"""What rows and files are, by content: digests that do not change when the same rows are exported again.

A digest of a row is the same whatever the order of rows and columns, the direction of rings, whether a
polygon came as a MultiPolygon of one part, and whether a column that is empty throughout is there. It is made
after names were mapped: a shapefile cuts them to ten letters.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["file_digest", "row_digests", "set_digest", "texts_of"]

_BYTES = 16
_DEGREES, _METRES = 1e-7, 0.01  # about as fine as each other
_READ = 1 << 20
# What belongs to a shapefile, whichever of them was changed.
_SHAPEFILE = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_PARTED: dict[int, Any] = {0: shapely.multipoints, 1: shapely.multilinestrings, 3: shapely.multipolygons}


@checked
def row_digests(layer: gpd.GeoDataFrame, *, columns: Sequence[str] | None = None) -> pd.Series:
    """Return a digest of each row: of its place and of what its columns say.

    Parameters
    ----------
    layer : GeoDataFrame
    columns : sequence of str, optional
        Which columns count; by default all. One that the layer lacks counts as empty.

    Returns
    -------
    Series of str
        Indexed as the layer. Positions count to about a centimetre, heights to a millimetre; text without the
        blanks around it; whole numbers and times at midnight the same however they are written.

    Raises
    ------
    InputError
        If `layer` is not a GeoDataFrame.

    Notes
    -----
    The direction of a line counts, since pipes have one; that of a ring does not. A vertex that an export
    has rounded across the grid changes the digest: `compare_rows` then finds that nothing moved.

    Examples
    --------
    >>> from shapely import MultiPolygon, box
    >>> zones = gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=[box(0, 0, 9, 9)], crs=4547)
    >>> again = gpd.GeoDataFrame(
    ...     {"zone_code": [" A "], "note": [None]}, geometry=[MultiPolygon([box(0, 0, 9, 9)])], crs=4547
    ... )
    >>> row_digests(zones).equals(row_digests(again))
    True
    """
    names = sorted(
        str(name)
        for name in (layer.columns if columns is None else columns)
        if name in layer and name != layer.active_geometry_name
    )
    texts = [texts_of(layer[name]) for name in names]
    shapes = _plain_shapes(layer)
    rows = zip(shapes, *texts, strict=True) if texts else ((shape,) for shape in shapes)
    marks = [f"\x1e{name}\x1f" for name in names]
    found = []
    for shape, *values in rows:
        told = "".join(mark + value for mark, value in zip(marks, values, strict=True) if value)
        found.append(hashlib.blake2b((shape or b"") + told.encode(), digest_size=_BYTES).hexdigest())
    return pd.Series(found, index=layer.index, dtype="str")


@checked
def set_digest(rows: Iterable[str]) -> str:
    """Return the digest of a set of rows from theirs, whatever their order.

    Parameters
    ----------
    rows : iterable of str
        As `row_digests` returns them.

    Returns
    -------
    str

    Raises
    ------
    InputError
        If `rows` is one text.

    Examples
    --------
    >>> set_digest(["a1", "b2"]) == set_digest(["b2", "a1"])
    True
    """
    return hashlib.blake2b("\n".join(sorted(rows)).encode(), digest_size=_BYTES).hexdigest()


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file; of a shapefile with what belongs to it, of a folder with what is in it.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     one, two = pathlib.Path(folder, "a.csv"), pathlib.Path(folder, "b.csv")
    ...     _ = one.write_text("1"), two.write_text("1")
    ...     file_digest(one) == file_digest(two)
    True
    """
    digest = hashlib.sha256()
    for file in _parts_of(path):
        digest.update(f"{file.suffix.lower()}\n".encode())
        with file.open("rb") as stream:
            while block := stream.read(_READ):
                digest.update(block)
    return digest.hexdigest()


def texts_of(values: pd.Series) -> list[str]:
    """Return values as text, the same for the same value however a format has kept it.

    Examples
    --------
    >>> texts_of(pd.Series([3.0, 2.5, None])), texts_of(pd.Series([" a ", None]))
    (['3', '2.5', ''], ['a', ''])
    """
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        if isinstance(values.dtype, pd.DatetimeTZDtype):
            values = values.dt.tz_convert("Asia/Shanghai").dt.tz_localize(None)
        told = values.dt.strftime("%Y-%m-%d %H:%M:%S").fillna("")
        return [text.removesuffix(" 00:00:00") for text in told]
    return [_text(value) for value in values.astype(object)]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, int | np.integer):
        return str(int(value))
    if isinstance(value, float | np.floating):
        return str(int(value)) if float(value).is_integer() else f"{float(value):.12g}"
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d %H:%M:%S").removesuffix(" 00:00:00")
    return str(value).strip()


def _plain_shapes(layer: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Return shapes as bytes: many-parted, on a grid, rings in a normal order; lines keep their direction."""
    shapes = np.asarray(layer.geometry.to_numpy(), dtype=object)
    grid = _DEGREES if layer.crs is not None and layer.crs.is_geographic else _METRES
    shapes = shapely.set_precision(_many_parted(shapes), grid, mode="pointwise")
    linear = shapely.get_type_id(shapes) == 5
    shapes[~linear] = shapely.normalize(shapes[~linear])
    flat = ~_has_heights(shapes)
    shapes[flat] = shapely.force_2d(shapes[flat])
    found: NDArray[np.object_] = shapely.to_wkb(shapes, output_dimension=3, byte_order=1)
    return found


def _many_parted(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    shapes = shapes.copy()
    kinds = shapely.get_type_id(shapes)
    for kind, parted in _PARTED.items():
        rows = np.flatnonzero((kinds == kind) & ~shapely.is_empty(shapes))
        if len(rows):
            shapes[rows] = parted(shapes[rows], indices=np.arange(len(rows)))
    return shapes


def _has_heights(shapes: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Tell which shapes have a height other than 0."""
    high = np.array(shapely.has_z(shapes), dtype=bool)
    places, owners = shapely.get_coordinates(shapes, include_z=True, return_index=True)
    told = np.isfinite(places[:, 2]) & (places[:, 2] != 0)
    high &= np.isin(np.arange(len(shapes)), owners[told])
    return high


def _parts_of(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(each for each in path.rglob("*") if each.is_file())
    if path.suffix.lower() != ".shp":
        return [path]
    beside = [each for each in path.parent.iterdir() if each.stem == path.stem and each.is_file()]
    return sorted(
        (each for each in beside if each.suffix.lower() in _SHAPEFILE), key=lambda each: each.suffix.lower()
    )
