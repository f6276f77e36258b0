"""Tables and layers as a file holds them, before anybody says what their coordinates are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zjk_gis.io.files import read_layer, read_table
from zjk_gis.io.paths import existing_file, format_of

if TYPE_CHECKING:
    import os

    import pandas as pd

__all__ = ["read_unplaced"]


def read_unplaced(path: str | os.PathLike[str], *, layer: str | None = None) -> pd.DataFrame:
    r"""Read a file without giving a table its geometry: nothing is inferred of its coordinates.

    Parameters
    ----------
    path : str or path
        A file of any format that `read_layer` reads.
    layer : str, optional
        The layer or sheet, where there are several.

    Returns
    -------
    DataFrame or GeoDataFrame
        Every cell of a text file or workbook as text; other files as `read_layer` reads them. The report of
        reading is in ``attrs["report"]``.

    Raises
    ------
    FileError
        If there is no such file, or it is damaged.
    InputError
        If its ending is unknown, or it has several sheets and none is named.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "doors.csv")
    ...     _ = path.write_text("X,Y\n4520900,38573300\n")
    ...     read_unplaced(path)["Y"].tolist()
    ['38573300']
    """
    source = existing_file(path)
    if format_of(source).kind in ("text", "workbook"):
        return read_table(source, layer=layer)
    frame: pd.DataFrame = read_layer(source, layer=layer)
    return frame
