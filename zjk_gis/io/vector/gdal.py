"""Vector files, opened once and by one rule: read whole, or in batches of bounded memory.

`zjk_gis.io.vector.opening` finds out what a file holds: rows, names, encoding, system. The `Vector` can be
read at once (`Vector.frame`, with pyogrio's arrays) or some rows at a time (`Vector.batches`, with pyarrow);
both give the same values. In short:

1. A file is opened with the driver of its ending and no other.
2. All rows that are there are read, whatever the file says of their number; one that holds fewer is damaged.
3. Text is in the encoding that `zjk_gis.io.vector.dbf` and `zjk_gis.io.encoding` find.
4. Two columns of one name both keep their values; the later one is called ``<name>_2``.
5. Whole numbers stay whole to the last digit; where some are missing they are ``Int64``.
6. Times with a zone keep it; where a column has times with and without, those without are Beijing's.
7. Curves become lines of many corners, surfaces multipolygons; what is not a shape is missing.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import warnings
import weakref
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS

from zjk_gis._optional import need
from zjk_gis.errors import FileError, GeometryError
from zjk_gis.io.binary_shapes import shapes_of_wkb
from zjk_gis.io.encoding import decode_value
from zjk_gis.io.geopackage import geopackage_numbers
from zjk_gis.io.paths import blamed_on, pinned_name
from zjk_gis.io.tables.layout import unique_names
from zjk_gis.io.vector.geojson import check_all_read
from zjk_gis.layers.columns.times import BEIJING, time_order
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from zjk_gis.read_report import ReadReport

__all__ = ["BYTEWISE", "Vector", "count_rows", "distinct", "folder_of", "look_at"]

BYTEWISE = "ISO-8859-1"  # hands every byte through as one character
_LARGE = 2**53  # a float holds any whole number up to this
_MISSING_NUMBER = r"\**"  # with asterisks GDAL fills a field that has none
_ZONED = r"(?:Z|[+-]\d{2}:?\d{2})$"
_GEOMETRY = "geometry"
_UNREAD = re.compile(r"Geometry type is not supported: (\d+)")
# What pyogrio and Fiona only have a number for, in the words of the catalogue of sentences.
_SURFACES = {15: "a polyhedral surface", 16: "a triangulated surface", 17: "triangles"}


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: its name, GDAL's type, and what its `digits` are where they were read as text to keep all."""

    name: str
    ogr_type: str
    ogr_subtype: str
    digits: str = ""  # "whole" or "text"


@dataclass(slots=True, kw_only=True, weakref_slot=True)
class Vector:
    """One layer of a file, opened.

    Attributes
    ----------
    source : Path
    driver : str
    rows : int
        As many as will be read; -1 where only reading tells.
    crs : CRS or None
        What the file says.
    kind : str or None
        GDAL's name for the kind of shape; None for a table.
    names : list of str
        The columns, without that of the shapes.
    """

    source: Path
    driver: str
    report: ReadReport
    layer: str | None = None
    path: Path | None = None  # the copy that is read in place of the source
    sql: str | None = None
    rows: int = -1
    deleted: int = 0
    crs: CRS | None = None
    kind: str | None = None
    encoding: str | None = None  # by which GDAL reads
    bytewise: str | None = None  # by which text that GDAL hands through is decoded
    text: str | None = None  # of GeoJSON
    tz: str = BEIJING  # on whose clock the times of `batches` are
    columns: list[_Column] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """The columns, without that of the shapes."""
        return [column.name for column in self.columns]

    def frame(self) -> gpd.GeoDataFrame:
        """Read all rows; a DataFrame where the layer has no shapes.

        Raises
        ------
        FileError
            If there are fewer rows than there should be, or the file is damaged.
        """
        import pyogrio

        with blamed_on(self.source), warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            about, _, shapes, values = pyogrio.raw.read(
                self.name,
                layer=None if self.sql else self.layer,
                sql=self.sql,
                encoding=self.encoding,
                datetime_as_string=True,
            )
        self.tell(told)
        self.learn(about)
        count = len(shapes) if shapes is not None else len(values[0]) if values else 0
        self._check_rows(count)
        index = pd.RangeIndex(count)
        exact = self._exact(values)
        found = [
            exact[at] if at in exact else self._series(column, pd.Series(each, index=index))
            for at, (column, each) in enumerate(zip(self.columns, values, strict=True))
        ]
        table = pd.DataFrame(dict(enumerate(found)), index=index)
        table.columns = pd.Index(self.names, dtype="str" if self.names else object)
        if shapes is None:
            return table
        made = shapes_of_wkb(shapes, on_invalid="ignore")
        return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(made, index=index, crs=self.crs))

    def schema(self) -> pa.Schema:
        """Return the columns of `batches` and their types; the shapes come last, as well-known binary."""
        with self._open(1) as (_, reader):
            return self._told(reader.schema.empty_table()).schema

    def batches(self, at: int, batch_rows: int) -> Iterator[pa.RecordBatch]:
        """Read the rows from one on, so many at a time."""
        # GDAL skips by the number of a row, those marked as deleted included.
        skipped = 0 if self.deleted else at
        over = at - skipped
        with blamed_on(self.source), self._open(batch_rows, skipped) as (_, reader):
            for batch in reader:
                if over >= batch.num_rows:
                    over -= batch.num_rows
                    continue
                yield self._told(batch.slice(over))
                over = 0

    def zones_said(self, rows: int) -> list[str]:
        """Say by the first rows which times are turned into those of `tz`."""
        with blamed_on(self.source), self._open(rows) as (_, reader):
            first = next(iter(reader), None)
        if first is None:
            return []
        told: list[str] = []
        for column, values in zip(self.columns, first.columns, strict=False):
            if column.ogr_type == "OFTDateTime" and self._zoned:
                name = f"{self.source.name}: {column.name}"
                told += time_order(values.to_pandas(), tz=self.tz, name=name, whole=False).remarks
        return told

    def learn(self, about: dict[str, Any]) -> None:
        """Take down what GDAL says of columns, shapes and system, unless that is known."""
        if self.columns or self.kind is not None:
            return
        self.kind = about["geometry_type"]
        names = [str(name) for name in about["fields"]]
        if self.driver != "ESRI Shapefile":  # whose table says itself how they are written
            names = distinct(names, self)
        kinds = zip(names, about["ogr_types"], about["ogr_subtypes"], strict=True)
        self.columns = [_Column(name, *kind) for name, *kind in kinds]
        self.crs = CRS.from_user_input(about["crs"]) if about["crs"] else None

    def tell(self, told: Sequence[warnings.WarningMessage]) -> None:
        """Put what GDAL remarked into the report."""
        for warning in told:
            text = f"{self.source.name}: {' '.join(str(warning.message).split())}"
            if text not in self.report.remarks:
                self.report.remarks.append(text)

    @property
    def _zoned(self) -> bool:
        return self.driver != "OpenFileGDB"

    @property
    def name(self) -> str:
        """The name by which GDAL opens it, with this driver and no other."""
        return pinned_name(self.path or self.source, self.driver)

    def _open(self, batch_rows: int, skipped: int = 0) -> Any:
        import pyogrio

        # GDAL calls times without a zone UTC; as text they stand as they are.
        return pyogrio.open_arrow(
            self.name,
            layer=None if self.sql else self.layer,
            sql=self.sql,
            encoding=self.encoding,
            skip_features=skipped,
            batch_size=batch_rows,
            use_pyarrow=True,
            datetime_as_string=True,
        )

    def _check_rows(self, count: int) -> None:
        if self.text is not None:
            check_all_read(self.text, count, self.source)
        if self.rows in (-1, count):
            return
        raise FileError(
            tr(
                "{source}: announces {rows} rows but holds {count}; it is damaged, export it again",
                source=self.source,
                rows=self.rows,
                count=count,
            )
        )

    def _series(self, column: _Column, values: pd.Series) -> pd.Series:
        """Give the values of a column the type that they have."""
        if column.ogr_type in ("OFTDateTime", "OFTDate"):
            return _times(values, zoned=self._zoned, told=self._about(column))
        if column.ogr_subtype == "OFSTBoolean" and values.dtype.kind == "f":
            return values.astype("boolean")
        if column.ogr_type in ("OFTInteger", "OFTInteger64") and values.dtype.kind == "f":
            return values.astype("Int64")
        if column.digits:
            return _digits(values.astype("str"), whole=column.digits == "whole")
        if column.ogr_type != "OFTString":
            return values
        text = values.astype("str")
        return text if self.bytewise is None else text.map(self._decoded, na_action="ignore")

    def _about(self, column: _Column) -> Callable[[str], None]:
        return lambda text: self.report.remarks.append(
            tr("{name}: {name_2}: {text}", name=self.source.name, name_2=column.name, text=text)
        )

    def _decoded(self, text: str) -> str:
        return decode_value(text.encode("latin-1"), str(self.bytewise))

    def _exact(self, values: Sequence[Any]) -> dict[int, pd.Series]:
        """Read again the large whole numbers of which pyogrio makes floats because some are missing.

        Codes of 17 digits and more lose the last ones so. SQLite and Fiona hand over each as it is; being
        slow, they are asked only where there are such columns.
        """
        import fiona

        large = [
            at
            for at, column in enumerate(self.columns)
            if column.ogr_type == "OFTInteger64"
            and values[at].dtype.kind == "f"
            and (np.abs(values[at]) >= _LARGE).any()
        ]
        if not large or self.driver == "ESRI Shapefile":  # whose numbers are seen to before
            return {}
        names = [self.columns[at].name for at in large]
        if self.driver == "GPKG":
            with blamed_on(self.source):
                exact = geopackage_numbers(self.source, str(self.layer), names)
            return {at: pd.Series(each, dtype="Int64") for at, each in zip(large, exact, strict=True)}
        if self.driver == "GeoJSON":  # can leave nothing out, and fiona does not know the prefix
            name, options = str(self.path or self.source), {}
        else:
            name, options = self.name, {"include_fields": names, "ignore_geometry": True}
        with (
            blamed_on(self.source),
            fiona.open(name, enabled_drivers=[self.driver], layer=self.layer, **options) as collection,
        ):
            rows = [[row.properties[name] for name in names] for row in collection]
        if len(rows) != len(values[large[0]]):
            return {}
        return {
            at: pd.Series(column, dtype="Int64")
            for at, column in zip(large, zip(*rows, strict=True), strict=True)
        }

    def _told(self, rows: Any) -> Any:
        """Give the columns of a batch, or of a table, the types and names that they have."""
        pyarrow = need("pyarrow", extra="parquet", purpose="work in batches")
        found = list(rows.columns)
        typed = [
            self._array(column, each) for column, each in zip(self.columns, found, strict=False)
        ] + found[len(self.columns) :]
        names = [*self.names, *(_GEOMETRY for _ in found[len(self.columns) :])]
        schema = pyarrow.schema([(name, each.type) for name, each in zip(names, typed, strict=True)])
        return type(rows).from_arrays(typed, schema=schema)

    def _array(self, column: _Column, values: Any) -> Any:
        pyarrow = need("pyarrow", extra="parquet", purpose="work in batches")
        from pyarrow import compute

        if column.ogr_type == "OFTDateTime":
            return _time_array(values, zoned=self._zoned, tz=self.tz)
        if column.digits:
            text = compute.utf8_trim(values, " \x00")
            gap = compute.match_substring_regex(text, f"^{_MISSING_NUMBER}$")
            text = compute.if_else(gap, None, text)
            return text.cast("int64") if column.digits == "whole" else text
        if self.bytewise is not None and pyarrow.types.is_string(values.type):
            words = [None if word is None else self._decoded(word) for word in values.to_pylist()]
            if isinstance(values, pyarrow.ChunkedArray):
                return pyarrow.chunked_array([pyarrow.array(words, values.type)])
            return pyarrow.array(words, values.type)
        return values


def distinct(given: Sequence[str], vector: Vector) -> list[str]:
    """Give names that come again, or are that of the shapes, another; the report is told."""
    reserved = [] if vector.kind is None else [_GEOMETRY]
    names = unique_names([*reserved, *given], vector.source, vector.report)[len(reserved) :]
    told = {old: new for old, new in zip(given, names, strict=True) if old != new}
    vector.report.renamed |= told
    return names


@contextmanager
def _opened(source: Path) -> Iterator[None]:
    """Blame what goes wrong on the file; name the surfaces for which pyogrio and Fiona only have a number."""
    try:
        with blamed_on(source):
            yield
    except FileError as error:
        surface = _UNREAD.search(str(error))
        if surface is None:
            raise
        named = _SURFACES.get(int(surface[1]) % 1000)
        kind = tr("shapes of the kind {number}", number=surface[1]) if named is None else tr(named)
        raise GeometryError(
            tr(
                "{source}: the layer holds {kind}, which cannot be read; export it as multipolygons",
                source=source,
                kind=kind,
            )
        ) from error


def look_at(vector: Vector) -> int:
    """Learn from the header what columns and shapes there are; return how many rows it announces, or -1."""
    import pyogrio

    with _opened(vector.source), warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        about = pyogrio.read_info(vector.name, layer=vector.layer, encoding=vector.encoding)
    vector.tell(told)
    vector.learn(about)
    return int(about["features"])


def folder_of(vector: Vector) -> str:
    """Lend a folder for copies, which goes when nobody holds the opened file any more."""
    folder = tempfile.mkdtemp(prefix="zjk-gis-")
    weakref.finalize(vector, shutil.rmtree, folder, ignore_errors=True)
    return folder


def count_rows(vector: Vector) -> int:
    """Open a file with one driver and no other, and return how many rows it announces; -1 if it does not.

    Fiona does here what pyogrio cannot: it passes GDAL the list of drivers that may be tried, and reads the
    header alone. What opens this way is then read in bulk by pyogrio, ten times as fast.
    """
    import fiona

    with (
        _opened(vector.source),
        fiona.open(
            vector.name, enabled_drivers=[vector.driver], layer=vector.layer, encoding=BYTEWISE
        ) as collection,
    ):
        try:
            return len(collection)
        except TypeError:  # an empty FlatGeobuf does not count
            return -1


def _digits(texts: pd.Series, *, whole: bool) -> pd.Series:
    """Make whole numbers of text; or leave the text, without blanks."""
    text = texts.str.strip(" \x00")
    text = text.mask(text.str.fullmatch(_MISSING_NUMBER, na=False))
    if not whole:
        return text
    numbers = [None if pd.isna(each) else int(each) for each in text.tolist()]
    return pd.Series(numbers, index=texts.index, dtype="Int64")


def _times(values: pd.Series, *, zoned: bool, told: Callable[[str], None]) -> pd.Series:
    """Read ISO text as times: each with its zone, without one as they stand.

    Where some have a zone and others none, or several zones, all are Beijing's. A File Geodatabase knows no
    zones, and GDAL says UTC of all its times; `zoned` is then False.
    """
    text = values.astype("str")
    if not zoned:
        text = text.str.replace(_ZONED, "", regex=True)
    with_zone = text.str.contains(_ZONED, na=False)
    try:
        if not with_zone.any():
            return pd.to_datetime(text, format="ISO8601").astype("datetime64[ms]")
        plain = ~with_zone & text.notna()
        if plain.any():
            count = int(plain.sum())
            told(
                tr("{count} times have no zone and are taken for Beijing's, as others have one", count=count)
            )
        elif len(set(text[with_zone].str.extract(f"({_ZONED})")[0])) == 1:
            return pd.to_datetime(text, format="ISO8601").dt.as_unit("ms")
        beijing = pd.Series(pd.NaT, index=values.index, dtype=f"datetime64[ms, {BEIJING}]")
        aware = pd.to_datetime(text[with_zone], format="ISO8601", utc=True).dt.as_unit("ms")
        beijing[with_zone] = aware.dt.tz_convert(BEIJING)
        local = pd.to_datetime(text[plain], format="ISO8601").dt.as_unit("ms")
        beijing[plain] = local.dt.tz_localize(BEIJING)
        return beijing
    except ValueError as error:
        reason = str(error).splitlines()[0]
        told(tr("holds what is not a time, and is read as text ({reason})", reason=reason))
        return text


def _time_array(column: Any, *, zoned: bool, tz: str) -> Any:
    """Read ISO text as times: with a zone on the clock of `tz`, without one as they stand."""
    pyarrow = need("pyarrow", extra="parquet", purpose="work in batches")
    from pyarrow import compute

    if not zoned:
        column = compute.replace_substring_regex(column, _ZONED, "")
    with_zone = compute.match_substring_regex(column, _ZONED)
    plain = compute.if_else(compute.fill_null(with_zone, False), None, column).cast("timestamp[ms]")
    if not compute.any(with_zone).as_py():
        return plain
    aware = compute.if_else(with_zone, column, None).cast(pyarrow.timestamp("ms", tz))
    return compute.coalesce(compute.local_timestamp(aware), plain)
