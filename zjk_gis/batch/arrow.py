"""Parquet, GeoPackages and shapefiles of any length: batches of columns, each of its own type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from pyproj import CRS

from zjk_gis._optional import need
from zjk_gis.batch.arrow_columns import (
    as_places,
    as_series,
    days_in,
    places_in,
    rejected_header,
    rejected_rows,
    stripped,
)
from zjk_gis.batch.reading import Reading
from zjk_gis.batch.settled import Settled
from zjk_gis.batch.sources import Batch, NotInBatchesError, Place, first_places, time_column
from zjk_gis.coordinates.bare_numbers import limit_of, system_of
from zjk_gis.crs import CGCS2000
from zjk_gis.errors import CRSError, FileError
from zjk_gis.io.file_crs import system_of_file
from zjk_gis.io.paths import blamed_on, format_of
from zjk_gis.io.tables.cells import (
    Places,
    bounded,
)
from zjk_gis.io.tables.geometry import parse_crs
from zjk_gis.layers.columns.coordinates import SAMPLE_ROWS, Pair, named_columns, north_first
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    from zjk_gis.batch.row_groups import RowGroup
    from zjk_gis.coordinates.bare_numbers import Limit
    from zjk_gis.layers.columns.datum_words import WebDatum

__all__ = ["ArrowSource", "Reader"]

_POINT_BYTES = 21


class Reader(Protocol):
    """How the rows of one kind of file are read."""

    schema: pa.Schema
    rows: list[int]
    compression: str

    def pass_groups(self, template: bytes) -> None:
        """From now on read as a whole the row groups that can stand in a file with such a footer."""

    def expected(self, part: int, at: int) -> int:
        """Say about how many pieces `read` will give."""

    def read(self, part: int, at: int) -> Iterator[pa.RecordBatch | RowGroup]:
        """Read one of the files from a row on."""

    def sample(self, rows: int) -> pa.RecordBatch | None:
        """Read the first rows, at most so many; None where there are none."""


class ArrowSource(Settled):
    """Rows of files that know their columns' types; see `zjk_gis.batch.sources.Source`.

    Parameters
    ----------
    files : sequence of Path
    reader : Reader
    geometry : str or None
        The column of points.
    own : CRS or None
        The system that the files name for it.
    lon, lat, crs, time, batch_rows
        As in `zjk_gis.batch.opening.open_source`.
    """

    encoding: str = ""

    def __init__(
        self,
        files: Sequence[Path],
        reader: Reader,
        *,
        geometry: str | None,
        own: CRS | None,
        lon: str | None,
        lat: str | None,
        crs: Any,
        datum: WebDatum | None,
        time: str,
        batch_rows: int,
    ) -> None:
        self.files = files
        self.remarks: list[str] = []
        self._reader = reader
        self._batch_rows = batch_rows
        self.schema = reader.schema
        self.compression = reader.compression
        names = list(self.schema.names)
        when = time_column([name for name in names if name != geometry], time)
        self.has_time, self._time = when is not None, when
        self._limit: Limit | None = None
        self.geometry = geometry if lon is None and lat is None else None
        given = parse_crs(crs)
        if self.geometry is None:
            self._place_columns(lon, lat, given, datum)
            return
        places, self.has_heights = self._sampled()  # as they stand: there is no limit yet
        settled = system_of_file(files[0], format_of(files[0]), own, given, places.x, places.y)
        if settled.crs is None:
            message = "; ".join(settled.remarks).replace(files[0].name, str(files[0]), 1)
            raise CRSError(message)
        self.crs = settled.crs
        self.remarks += settled.remarks
        self._limit = limit_of(self.crs, is_bare=False)
        self.settle_datum(datum, (), ())

    def _sampled(self) -> tuple[Places, bool]:
        """Return the points of the first rows, fewer than a batch, and whether any of them has a height."""
        with blamed_on(self.files[0]):
            found = self._reader.sample(SAMPLE_ROWS)
        if found is None:
            return Places.none(), False
        column = stripped(found.column(self.geometry))
        pyarrow = need("pyarrow", extra="parquet", purpose="work in batches")
        if pyarrow.types.is_struct(column.type):
            return as_places(column), column.type.num_fields > 2
        return as_places(column), any(
            value is not None and len(value) > _POINT_BYTES for value in column.to_pylist()
        )

    def _place_columns(
        self, lon: str | None, lat: str | None, given: CRS | None, datum: WebDatum | None
    ) -> None:
        name = self.files[0].name
        pair = named_columns(self.schema.names, lon, lat, name)
        if pair is None:
            listed = ", ".join(self.schema.names)
            raise NotInBatchesError(
                tr(
                    "{files}: no geometry and no columns of coordinates among {listed}; name them with "
                    "lon= and lat=",
                    files=self.files[0],
                    listed=listed,
                )
            )  # there may be a place in one cell
        self._pair = pair
        places = first_places(self)
        if not pair.sure and north_first(places.x, places.y):
            self._pair = pair = Pair(pair.north, pair.east, sure=True)
            places = places.swapped()
            self.remarks.append(
                tr(
                    "{name}: {north} points north and {east} east, as surveyors write",
                    name=name,
                    north=pair.north,
                    east=pair.east,
                )
            )
        columns = f"{pair.east} and {pair.north}"
        system = system_of(places.x, places.y, given=given, name=name, columns=columns)
        self.crs, self._limit = system.crs or CRS.from_epsg(CGCS2000), system.limit
        self.settle_datum(datum, (), [pair.east, pair.north])
        self.remarks += system.said(datum_known=self.datum is not None)

    @property
    def row_counts(self) -> list[int]:
        """How many rows each of its files has."""
        return self._reader.rows

    @property
    def reading(self) -> Reading:
        """How its rows are read, so that those of other files can be read the same."""
        places = (self._pair.east, self._pair.north) if self.geometry is None else (self.geometry,)
        return Reading(
            places,
            has_points=self.geometry is not None,
            crs=self.crs,
            limit=self._limit or limit_of(self.crs, is_bare=self.geometry is None),
            datum=self.datum,
            time=self._time,
            order=self.order,
        )

    def follow(self, reading: Reading) -> None:
        """Read rows as those of another file of the same columns are read, whatever these show."""
        if not reading.has_points:
            east, north = reading.places
            self._pair = Pair(east, north, sure=True)
        self.crs, self._limit, self.datum = reading.crs, reading.limit, reading.datum
        self._time, self.order = reading.time, reading.order

    def batches(self, place: Place) -> Iterator[Batch]:
        """Hand out the rows from a place on."""
        rows = place.rows
        for part in range(place.part, len(self.files)):
            at = place.at if part == place.part else 0
            with blamed_on(self.files[part]):
                for found in self._reader.read(part, at):
                    at += found.num_rows
                    yield Batch(found.num_rows, rows, Place(part, at, rows + found.num_rows), found)
                    rows += found.num_rows
            if at != self._reader.rows[part]:
                raise FileError(
                    tr(
                        "{files}: announces {rows} rows but holds {at}; it is damaged, export it again",
                        files=self.files[part],
                        rows=self._reader.rows[part],
                        at=at,
                    )
                )

    def pass_groups(self, template: bytes) -> None:
        """From now on hand out as a whole the row groups that can stand in a Parquet file as they are.

        Parameters
        ----------
        template : bytes
            The footer of a file of the columns that are wanted.
        """
        self._reader.pass_groups(template)

    def pieces(self, batch: Batch, *, wanted: Sequence[str] | None = None) -> Iterator[Batch]:
        """Take a row group apart into batches, of all columns or some."""
        group: RowGroup = batch.content
        pyarrow = need("pyarrow", extra="parquet", purpose="work in batches")
        schema = self.schema
        if wanted is not None:
            schema = pyarrow.schema([schema.field(name) for name in wanted])
        before = batch.before
        for found in group.read(self._batch_rows, wanted):
            rows = type(found).from_arrays(found.columns, schema=schema)
            yield Batch(rows.num_rows, before, batch.after, rows)
            before += rows.num_rows

    def judged_by(self, *, by_day: bool) -> list[str]:
        """Name the columns by which it is found who answers."""
        places = [self._pair.east, self._pair.north] if self.geometry is None else [self.geometry]
        return [*dict.fromkeys([*places, *([self._time] if by_day and self._time else [])])]

    def checked(self, batch: Batch) -> Batch:
        """Return the batch: columns know their types."""
        return batch

    def closing_remarks(self, tally: Mapping[str, int]) -> list[str]:
        """Say nothing: all was said at the beginning."""
        return []

    def batches_expected(self, place: Place) -> int | None:
        """Return how many batches follow."""
        parts = range(place.part, len(self.files))
        return sum(self._reader.expected(part, place.at if part == place.part else 0) for part in parts)

    def places(self, batch: Batch) -> Places:
        """Read the rows' coordinates."""
        if self.geometry is not None:
            found = places_in(batch.content, self.geometry)
        else:
            found = places_in(batch.content, self._pair.east, self._pair.north)
        return found if self._limit is None else self.on_ground(bounded(found, self._limit))

    def first_times(self) -> pd.Series | None:
        """Return what the column of times holds in the first rows."""
        if self._time is None:
            return None
        with blamed_on(self.files[0]):
            found = self._reader.sample(SAMPLE_ROWS)
        values = None if found is None else as_series(stripped(found.column(self._time)))
        return None if values is None else values.rename(self._time)

    def days(self, batch: Batch) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Read the rows' days."""
        return days_in(batch.content.column(self._time), self.order)

    def table(self, batch: Batch, keep: NDArray[np.bool_]) -> Any:
        """Return the rows to be kept."""
        if keep.all():
            return batch.content
        return batch.content.filter(need("pyarrow", extra="parquet", purpose="work in batches").array(keep))

    def rejects_header(self) -> bytes:
        """Return the line of names above the rejected rows."""
        return rejected_header(self.schema.names, self.headings)

    def rejects(self, batch: Batch, why: NDArray[np.uint8]) -> bytes:
        """Write the rejected rows, behind their number and the reason; shapes as well-known text."""
        return rejected_rows(batch.content, why, batch.before, geometry=self.geometry, lang=self.lang)
