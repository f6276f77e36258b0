"""What a workspace keeps of a layer, whichever store holds it: names, types, versions, conditions.

Both stores keep the same few kinds of values: text, whole numbers, numbers, yes/no and times to the
millisecond. What dtype a column had is written beside the table, so that it comes back the same.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from zjk_gis.errors import InputError
from zjk_gis.io.writing import plain_columns
from zjk_gis.layers.columns.times import read_times
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd


__all__ = [
    "KEPT",
    "OWN",
    "Version",
    "archived_name",
    "as_it_lies",
    "check_name",
    "declared_kind",
    "joined_dtype",
    "kind_of",
    "restored",
    "storable",
]

# What another program is told that would change the rows of a version.
KEPT = (
    "zjk_gis: 此图层保留历史版本，请导出、编辑后再导入 (this layer keeps its versions: export, edit, import)"
)
OWN = "zjk_"  # how the tables begin that a workspace keeps for itself
_NAME = re.compile(r"^[A-Za-z_\u4e00-\u9fff][0-9A-Za-z_\u4e00-\u9fff]*$")
_NAME_BYTES, _COLUMN_BYTES = 45, 63  # PostgreSQL cuts a longer one without a word
_RESERVED = ("gpkg_", "rtree_", "sqlite_", "pg_", OWN)
_RESERVED_NAMES = ("spatial_ref_sys", "geometry_columns", "geography_columns", "layer_styles")
_LARGEST = np.iinfo(np.int64).max

Kind = Literal["text", "integer", "real", "boolean", "time"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A layer as it was after one change: what the catalogue of a workspace holds.

    Attributes
    ----------
    layer : str
    number : int
        From 1; 0 for a layer that was not written by a workspace.
    action : {"write", "append", "delete", "found"}
        What made this version; ``found`` was there before the workspace came.
    table : str
        Where the rows are.
    last_row : int
        The number of its last row; rows appended later have greater ones.
    columns : tuple of (str, str)
        Names and dtypes.
    row_id, geometry : str
        The table's columns for the row number and the shape.
    geometry_name : str
        What the column of shapes is called in the GeoDataFrame.
    crs : str
        An authority's code or WKT; empty where there is none.
    kinds : tuple of str
        The kinds of shape, such as ``Polygon``; with `` Z`` where they have heights, `` M`` measures.
    bounds : tuple of four floats, optional
    rows, errors : int
        How many rows, and how many errors `validate` found when they were written; -1 if not validated.
    written_at : str
        UTC, ISO 8601.
    source, note, spec : str
    datum : str
        The datum declared for the rows written, from which they were brought to the ground; empty if none.
    """

    layer: str
    number: int
    action: str
    table: str
    last_row: int
    columns: tuple[tuple[str, str], ...]
    row_id: str = "fid"
    geometry: str = "geom"
    geometry_name: str = "geometry"
    crs: str = ""
    kinds: tuple[str, ...] = ()
    bounds: tuple[float, float, float, float] | None = None
    rows: int = 0
    errors: int = -1
    written_at: str = ""
    source: str = ""
    note: str = ""
    spec: str = ""
    datum: str = ""

    @property
    def parsed_crs(self) -> CRS | None:
        """The coordinate reference system itself."""
        return CRS.from_user_input(self.crs) if self.crs else None

    @property
    def dtypes(self) -> dict[str, str]:
        """The dtype of each column."""
        return dict(self.columns)

    def to_row(self) -> dict[str, object]:
        """Return what the catalogue stores, as text and numbers."""
        about = {
            "columns": self.columns,
            "row_id": self.row_id,
            "geometry": self.geometry,
            "geometry_name": self.geometry_name,
            "crs": self.crs,
            "kinds": self.kinds,
            "bounds": self.bounds,
            "errors": self.errors,
            "spec": self.spec,
        }
        if self.datum:
            about["datum"] = self.datum
        return {
            "layer": self.layer,
            "version": self.number,
            "action": self.action,
            "written_at": self.written_at,
            "row_count": self.rows,
            "source": self.source,
            "note": self.note,
            "table_name": self.table,
            "last_row": self.last_row,
            "about": json.dumps(about, ensure_ascii=False),
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Version:
        """Return the version that a row of the catalogue describes."""
        about = json.loads(row["about"])
        return cls(
            layer=row["layer"],
            number=row["version"],
            action=row["action"],
            written_at=row["written_at"],
            rows=row["row_count"],
            source=row["source"],
            note=row["note"],
            table=row["table_name"],
            last_row=row["last_row"],
            columns=tuple((name, dtype) for name, dtype in about.pop("columns")),
            kinds=tuple(about.pop("kinds")),
            bounds=None if (bounds := about.pop("bounds")) is None else tuple(bounds),
            **about,
        )

    def with_shapes(self, frame: gpd.GeoDataFrame) -> Version:
        """Return a version whose kinds of shape and bounds take in those of a frame."""
        shapes = frame.geometry
        here = shapes[~(shapes.isna() | shapes.is_empty)]
        kinds = {
            f"{kind} {'Z' if high else ''}{'M' if measured else ''}".rstrip()
            for kind, high, measured in zip(
                shapes.geom_type.to_numpy(),
                shapes.has_z.to_numpy(),
                shapely.has_m(shapes.to_numpy()),
                strict=True,
            )
            if kind is not None and kind == kind
        }
        bounds = self.bounds
        if len(here):
            of_frame = here.total_bounds.tolist()
            old = bounds or of_frame
            bounds = (
                min(old[0], of_frame[0]),
                min(old[1], of_frame[1]),
                max(old[2], of_frame[2]),
                max(old[3], of_frame[3]),
            )
        return replace(self, kinds=tuple(sorted({*self.kinds, *kinds})), bounds=bounds)


def declared_kind(version: Version) -> tuple[str, str | None]:
    """Return the kind of shape that a version's table holds, and its axes besides x and y.

    Returns
    -------
    (str, str or None)
        ``Geometry`` where there are several kinds; axes are None where rows differ in them.

    Examples
    --------
    >>> version = Version(layer="a", number=1, action="write", table="a", last_row=0, columns=())
    >>> declared_kind(replace(version, kinds=("Point Z",)))
    ('Point', 'Z')
    >>> declared_kind(replace(version, kinds=("Point", "Point Z")))
    ('Point', None)
    """
    split = [kind.partition(" ")[::2] for kind in version.kinds]
    kinds = {kind.casefold(): kind for kind, _ in split}  # those of others' tables stand in capitals
    axes = {axes for _, axes in split}
    kind = next(iter(kinds.values())) if len(kinds) == 1 else "Geometry"
    return kind, axes.pop() if len(axes) == 1 else None if axes else ""


def archived_name(version: Version) -> str:
    """Return the name under which a version's table is put away."""
    return f"{OWN}v{version.number}_{version.layer}"


def as_it_lies(version: Version, versions: list[Version]) -> Version:
    """Return a version as the catalogue has it now: its table may have been put away since it was asked."""
    same = (each for each in versions if (each.layer, each.number) == (version.layer, max(version.number, 1)))
    now = next(same, version)
    return now if version.number or now.action == "found" else version


def check_name(name: str, what: str = "") -> str:
    """Refuse a name that a table or a schema cannot bear.

    Raises
    ------
    InputError
        If it is none of letters, digits, underscores and Chinese characters, too long or reserved.

    Examples
    --------
    >>> check_name("unit_grids"), check_name("责任区")
    ('unit_grids', '责任区')
    >>> check_name("zones; DROP TABLE zones")
    Traceback (most recent call last):
    zjk_gis.errors.InputError: 'zones; DROP TABLE zones' cannot be the name of a layer; use letters, digits,
    underscores or Chinese characters, not beginning with a digit, at most 45 bytes
    """
    if not isinstance(name, str) or not _NAME.match(name) or len(name.encode()) > _NAME_BYTES:
        raise InputError(
            tr(
                "{name!r} cannot be the name of {what}; use letters, digits, underscores or Chinese "
                "characters, not beginning with a digit, at most {name_bytes} bytes",
                name=name,
                what=what or tr("a layer"),
                name_bytes=_NAME_BYTES,
            )
        )
    if name.casefold().startswith(_RESERVED) or name.casefold() in _RESERVED_NAMES:
        raise InputError(
            tr(
                "{name!r} cannot be the name of {what}: stores use such names themselves; choose another",
                name=name,
                what=what or tr("a layer"),
            )
        )
    return name


def kind_of(dtype: str) -> Kind:
    """Return the kind of values that a stored dtype has."""
    if dtype.startswith("datetime"):
        return "time"
    if dtype in ("bool", "boolean"):
        return "boolean"
    if dtype.lower().startswith(("int", "uint")):
        return "integer"
    return "real" if dtype.lower().startswith("float") else "text"


def storable(frame: gpd.GeoDataFrame, name: str) -> tuple[gpd.GeoDataFrame, tuple[tuple[str, str], ...]]:
    """Give every column a kind that both stores hold; return also the dtypes by which to restore them.

    Raises
    ------
    InputError
        If a column cannot be stored; the message says why.
    """
    plain = plain_columns(frame).reset_index(drop=True)
    geometry = plain.active_geometry_name
    columns = [column for column in plain.columns if column != geometry]
    _check_columns(columns, name)
    dtypes = []
    for column in columns:
        values = plain[column]
        dtype = values.dtype
        if isinstance(dtype, pd.StringDtype):
            dtypes.append((column, "str"))
            if values.str.contains("\x00", regex=False).any():
                raise InputError(
                    tr(
                        "{name}: {column} has text with a NUL character, which no store holds; remove it",
                        name=name,
                        column=column,
                    )
                )
            plain[column] = values.astype("str")
            continue
        if pd.api.types.is_datetime64_any_dtype(dtype):
            dtypes.append((column, str(dtype)))
            zoned = isinstance(dtype, pd.DatetimeTZDtype)
            plain[column] = (values.dt.tz_convert("UTC") if zoned else values).dt.as_unit("ms")
            continue
        if pd.api.types.is_integer_dtype(dtype):
            largest = values.max()
            if not pd.isna(largest) and int(largest) > _LARGEST:
                raise InputError(
                    tr(
                        "{name}: {column} has whole numbers beyond 64 bits; store them as text",
                        name=name,
                        column=column,
                    )
                )
        elif not (pd.api.types.is_bool_dtype(dtype) or pd.api.types.is_float_dtype(dtype)):
            plain[column] = values.map(str, na_action="ignore").astype("str")
            dtype = plain[column].dtype
        dtypes.append((column, str(dtype)))
    return plain, tuple(dtypes)


def restored(values: Sequence[Any], dtype: str) -> pd.Series:
    """Turn what a store gives back into a column of the dtype that it had."""
    kind = kind_of(dtype)
    if kind == "time":
        wanted = pd.api.types.pandas_dtype(dtype)
        if isinstance(wanted, pd.DatetimeTZDtype):
            zoned = pd.to_datetime(pd.Series(values, dtype=object), format="ISO8601", utc=True)
            return zoned.astype(wanted)
        # In a table of others they may have a zone all the same.
        return read_times(pd.Series(values, dtype=object)).required().times.astype(wanted)
    if kind == "text":  # a table of others may hold anything
        return pd.Series([v if v is None or isinstance(v, str) else str(v) for v in values], dtype="str")
    column = pd.Series(values, dtype=object)
    if kind == "boolean":
        column = column.astype("boolean")
    if column.isna().any() and kind != "real":  # a table of others, whose dtype was read from its columns
        dtype = joined_dtype(dtype, "Int64" if kind == "integer" else "boolean")
    typed: pd.Series = column.astype(pd.api.types.pandas_dtype(dtype))
    return typed


def joined_dtype(one: str, other: str) -> str:
    """Return the dtype that holds the values of two, or refuse.

    Raises
    ------
    InputError
        If one is text and the other is not, and the like.

    Examples
    --------
    >>> joined_dtype("int64", "Int64"), joined_dtype("int64", "float64"), joined_dtype("bool", "boolean")
    ('Int64', 'float64', 'boolean')
    """
    if one == other:
        return one
    kinds = {kind_of(one), kind_of(other)}
    if kinds == {"integer"}:
        return "Int64" if "Int" in one + other else "int64"
    if kinds == {"boolean"}:
        return "boolean"
    if kinds <= {"integer", "real"}:
        return "Float64" if "I" in one + other or "F" in one + other else "float64"
    zones = {pd.api.types.pandas_dtype(each).kind if "," not in each else "zoned" for each in (one, other)}
    if kinds == {"time"} and len(zones) == 1:
        return one
    raise InputError(tr("{one} and {other} do not go together", one=one, other=other))


def _check_columns(columns: list[str], name: str) -> None:
    folded = pd.Series([column.casefold() for column in columns], dtype="str")
    twice = folded.duplicated(keep=False).to_numpy()
    if twice.any():
        which = ", ".join(np.array(columns)[twice][:4])
        raise InputError(
            tr(
                "{name}: stores do not tell columns apart by their case: {which}; rename one",
                name=name,
                which=which,
            )
        )
    for column in columns:
        if not column.strip() or "\x00" in column or len(column.encode()) > _COLUMN_BYTES:
            raise InputError(
                tr(
                    "{name}: {column!r} cannot be the name of a column; at most "
                    "{column_bytes} bytes; rename it",
                    name=name,
                    column=column[:80],
                    column_bytes=_COLUMN_BYTES,
                )
            )
