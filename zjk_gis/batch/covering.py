"""The box of every point, in a column that readers look at before they decode a shape (GeoParquet 1.1)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zjk_gis._optional import need
from zjk_gis.errors import InputError
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from zjk_gis.batch.sources import Source

__all__ = ["COVERING", "Boxes", "adds_covering", "covered", "leaves_of", "of_all_files"]

COVERING = "bbox"
_SIDES = ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True, slots=True)
class Boxes:
    """The boxes of points, each as large as its point.

    Attributes
    ----------
    x, y : ndarray of float64

    Examples
    --------
    >>> import numpy as np
    >>> Boxes(np.array([1.0]), np.array([2.0])).column().to_pylist()
    [{'xmin': 1.0, 'ymin': 2.0, 'xmax': 1.0, 'ymax': 2.0}]
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]

    def column(self) -> pa.Array:
        """Return them as a column of Arrow; the two corners share their numbers."""
        pyarrow = need("pyarrow", extra="parquet", purpose="work in batches")
        x, y = pyarrow.array(self.x), pyarrow.array(self.y)
        return pyarrow.StructArray.from_arrays([x, y, x, y], list(_SIDES))


def adds_covering(source: Source, *, asked: bool) -> bool:
    """Tell whether boxes are to be put beside the points of a source: if it is asked for and has none.

    Raises
    ------
    InputError
        If it is asked for, and the source has no column of points.
    """
    if not asked:
        return False
    if source.geometry is None:
        raise InputError(
            tr(
                "{file}: covering= puts a box beside each point of a geometry column, and there is none; "
                "leave it out",
                file=source.files[0].name,
            )
        )
    about = json.loads((source.schema.metadata or {}).get(b"geo", b"{}"))
    column = about.get("columns", {}).get(source.geometry, {})
    return COVERING not in column.get("covering", {})


def covered(told: bytes, geometry: str) -> bytes:
    """Say in what GeoParquet says of itself that the column of boxes covers a geometry.

    Examples
    --------
    >>> told = b'{"version": "1.0.0", "columns": {"geometry": {"encoding": "WKB"}}}'
    >>> json.loads(covered(told, "geometry"))["columns"]["geometry"]["covering"]["bbox"]["xmin"]
    ['bbox', 'xmin']
    """
    about = json.loads(told)
    about["version"] = "1.1.0"
    about["columns"][geometry]["covering"] = {"bbox": {side: [COVERING, side] for side in _SIDES}}
    return json.dumps(about).encode()


def of_all_files(metadata: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Leave out what one of several files says of its own extent: it is not that of all of them.

    Examples
    --------
    >>> of_all_files({b"geo": b'{"columns": {"geometry": {"bbox": [0, 0, 1, 1], "encoding": "WKB"}}}'})
    {b'geo': b'{"columns": {"geometry": {"encoding": "WKB"}}}'}
    """
    told = dict(metadata)
    if b"geo" in told:
        about = json.loads(told[b"geo"])
        for column in about["columns"].values():
            column.pop("bbox", None)
        told[b"geo"] = json.dumps(about).encode()
    return told


def leaves_of(field: Any) -> list[str]:
    """Return what Parquet calls the columns of values that a column has: itself, or the parts of a struct."""
    types = need("pyarrow", extra="parquet", purpose="write a .parquet file").types
    if not types.is_struct(field.type):
        return [field.name]
    return [f"{field.name}.{each.name}" for each in field.type]
