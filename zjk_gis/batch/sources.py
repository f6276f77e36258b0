"""Files of any length, read in batches: what every kind of source has in common.

A source is a file or a folder of parts; it hands out its rows in order, some at a time, and can go on at any
place that it named before. `zjk_gis.batch.text` reads delimited text, `zjk_gis.batch.arrow` Parquet,
GeoPackages and shapefiles; the results go out through `zjk_gis.batch.targets`.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import geopandas as gpd
import numpy as np

from zjk_gis.errors import FileError, InputError
from zjk_gis.io.paths import blamed_on, ending_of, existing_file, is_geodatabase
from zjk_gis.io.tables.cells import Places
from zjk_gis.io.tables.text import BATCH_ROWS
from zjk_gis.io.vector.shapefile import sidecar
from zjk_gis.layers.catalogue import spec_of
from zjk_gis.layers.columns.coordinates import SAMPLE_ROWS
from zjk_gis.layers.columns.values import plain
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray
    from pyproj import CRS

    from zjk_gis.layers.labels import Language


__all__ = [
    "BATCH_ROWS",
    "PARQUET",
    "TEXT",
    "Batch",
    "NotInBatchesError",
    "Place",
    "Source",
    "fingerprint_of",
    "first_places",
    "first_points",
    "is_batch_source",
    "parts_of",
    "rows_guessed",
    "time_column",
]

TEXT = (".csv", ".tsv", ".txt")
PARQUET = (".parquet", ".geoparquet")
_LAYERS = (".gpkg", ".shp")
_ENDS_BYTES = 1 << 16
_BYTES_OF_A_ROW, _BYTES_OF_A_PACKED_ROW = 150, 40


@dataclass(frozen=True, slots=True)
class Place:
    """Where a source goes on.

    Attributes
    ----------
    part : int
        Which of its files.
    at : int
        Where in that file: bytes of text in UTF-8, or rows.
    rows : int
        How many rows of the whole source lie before.
    """

    part: int = 0
    at: int = 0
    rows: int = 0

    def as_dict(self) -> dict[str, int]:
        """Return the place as plain numbers, for a manifest."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a source.

    Attributes
    ----------
    rows : int
    before : int
        How many rows of the source come before these.
    after : Place
        Where the source goes on behind them.
    content : object
        What the source needs to know of them.
    told : tuple of str
        What was found among the rows, each to be counted: ``left:total`` for a row that is a sum of others,
        ``mixed:other`` for a line in another encoding than the file's, and the like.
    """

    rows: int
    before: int
    after: Place
    content: Any
    told: tuple[str, ...] = ()


class NotInBatchesError(InputError):
    """A source that cannot be read in batches, though it may be read as a whole."""


class Source(Protocol):
    """Where rows come from."""

    files: Sequence[Path]
    crs: CRS
    remarks: list[str]
    has_time: bool
    geometry: str | None  # the column of points, where there is one
    compression: str  # for Parquet
    lang: Language  # of the reasons beside rejected rows
    headings: Language  # of the two columns before them
    has_heights: bool  # whether points have more than two coordinates

    @property
    def encoding(self) -> str:
        """The encoding of the text, as far as it was read; empty where the format leaves no choice."""

    @property
    def is_moved(self) -> bool:
        """Whether positions are brought to the ground from GCJ-02 or BD-09."""

    def settle_times(self, *, dayfirst: bool | None, time_format: str | None, tz: str) -> None:
        """Settle by the first rows how times are read; asked where days decide who answers."""

    @property
    def schema(self) -> pa.Schema:
        """What `table` gives."""

    def batches_expected(self, place: Place) -> int | None:
        """Say about how many batches follow a place, if that can be known."""

    def batches(self, place: Place) -> Iterator[Batch]:
        """Hand out the rows from a place on, in order."""

    def checked(self, batch: Batch) -> Batch:
        """Return a batch fit to be worked on; called once for each, in any thread."""

    def closing_remarks(self, tally: Mapping[str, int]) -> list[str]:
        """Say what was found on the way, by how often."""

    def places(self, batch: Batch) -> Places:
        """Return the rows' coordinates in `crs`, and why where there are none."""

    def days(self, batch: Batch) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the rows' days, and where something else than a date stands."""

    def table(self, batch: Batch, keep: NDArray[np.bool_]) -> pa.RecordBatch:
        """Return the rows to be kept, as columns."""

    def rejects(self, batch: Batch, why: NDArray[np.uint8]) -> bytes:
        """Write the rows that have a reason as text: row number, reason and all their cells."""

    def rejects_header(self) -> bytes:
        """Write the line of names above them."""


def is_batch_source(path: str | os.PathLike[str]) -> bool:
    """Tell whether `open_source` reads such a file, by its ending; or it is a folder.

    Examples
    --------
    >>> is_batch_source("incidents.csv.gz"), is_batch_source("incidents.xlsx")
    (True, False)
    """
    if Path(path).is_dir():
        return not is_geodatabase(Path(path))
    return ending_of(Path(path)) in (*TEXT, *PARQUET, *_LAYERS)


def parts_of(path: str | os.PathLike[str]) -> list[Path]:
    """Return the files of a source, in order.

    Raises
    ------
    FileError
        If there are none.
    InputError
        If they are of no or of several kinds.
    """
    if not Path(path).is_dir():
        file = existing_file(path)
        if not is_batch_source(file):
            raise InputError(
                tr(
                    "{file}: the ending {suffix!r} cannot be read in batches; those that can are "
                    "{names}, and text packed as .gz or .zst",
                    file=file,
                    suffix=file.suffix,
                    names=", ".join((*TEXT, *PARQUET, *_LAYERS)),
                )
            )
        return [file]
    folder = Path(path)
    with blamed_on(folder):
        entries = sorted(_visible(folder))
    kinds = {TEXT if ending_of(entry) in TEXT else ending_of(entry) for entry in entries}
    if not entries:
        raise FileError(
            tr(
                "{folder}: the folder is empty; name a file, or a folder of .csv or .parquet files",
                folder=folder,
            )
        )
    if len(kinds) > 1 or not (kinds <= {TEXT, *PARQUET}):
        named = listed(entry.name for entry in entries[:5])
        if len(entries) > 5:
            named = tr("{named} and more", named=named)
        raise InputError(
            tr(
                "{folder}: a folder of parts holds .csv or .parquet files and nothing else; here are {named}",
                folder=folder,
                named=named,
            )
        )
    return [existing_file(entry) for entry in entries]


def _visible(folder: Path) -> Iterator[Path]:
    """Yield what is in a folder, and in those that say as Hive does what all rows in them have."""
    for entry in folder.iterdir():
        if entry.name.startswith((".", "_")):
            continue
        if "=" in entry.name and entry.is_dir():
            yield from _visible(entry)
        else:
            yield entry


def rows_guessed(files: Sequence[Path]) -> int:
    """Guess by their sizes how many rows files have: rather too few, where all that hangs on it is speed."""
    size = sum(file.stat().st_size for file in files)
    return size // (_BYTES_OF_A_PACKED_ROW if ending_of(files[0]) in PARQUET else _BYTES_OF_A_ROW)


def fingerprint_of(files: Sequence[Path]) -> str:
    """Return what tells whether files are the same as before, without reading all of them.

    Their names, sizes, beginnings and ends, where they are kept, and when they were last written and changed:
    who sets the time of writing back does not set that of the change. A shapefile is also what stands in the
    files beside it, and a GeoPackage what waits in its journal.

    Raises
    ------
    FileError
        If one cannot be read.
    """
    digest = hashlib.blake2b(digest_size=16)
    for file in _with_companions(files):
        with blamed_on(file), file.open("rb") as content:
            facts = os.fstat(content.fileno())
            about = (facts.st_size, facts.st_ino, facts.st_mtime_ns, facts.st_ctime_ns)
            digest.update(f"{file.name}\0{about}\0".encode(errors="replace"))
            digest.update(content.read(_ENDS_BYTES))
            content.seek(max(0, facts.st_size - _ENDS_BYTES))
            digest.update(content.read(_ENDS_BYTES))
    return digest.hexdigest()


def _with_companions(files: Sequence[Path]) -> list[Path]:
    """Return files, each followed by those without which it is not whole."""
    whole: list[Path] = []
    for file in files:
        whole.append(file)
        if ending_of(file) == ".shp":
            beside = [sidecar(file, ending) for ending in (".dbf", ".shx", ".prj", ".cpg")]
        else:
            journals = [file.with_name(file.name + ending) for ending in ("-wal", "-journal")]
            beside = [each for each in journals if ending_of(file) == ".gpkg" and each.is_file()]
        whole += [each for each in beside if each is not None]
    return whole


def first_places(source: Source) -> Places:
    """Return the positions of the first 10,000 rows, by which the others are judged."""
    found, rows = [Places.none()], 0
    for batch in source.batches(Place()):
        found.append(source.places(source.checked(batch)))
        rows += batch.rows
        if rows >= SAMPLE_ROWS:
            break
    return Places(
        np.concatenate([places.x for places in found])[:SAMPLE_ROWS],
        np.concatenate([places.y for places in found])[:SAMPLE_ROWS],
        np.concatenate([places.why for places in found])[:SAMPLE_ROWS],
    )


def first_points(source: Source) -> gpd.GeoDataFrame:
    """Return the first 10,000 usable rows, or those of a batch, as a layer to look at before the work."""
    batch = next(source.batches(Place()), None)
    if batch is None:
        return gpd.GeoDataFrame(geometry=[], crs=source.crs)
    batch = source.checked(batch)
    places = source.places(batch)
    usable = places.why == 0
    usable[np.flatnonzero(usable)[SAMPLE_ROWS:]] = False
    rows = source.table(batch, usable).to_pandas()
    shapes = gpd.points_from_xy(places.x[usable], places.y[usable], crs=source.crs)
    return gpd.GeoDataFrame(rows.drop(columns=source.geometry or []), geometry=shapes)


def time_column(columns: Sequence[str], time: str) -> str | None:
    """Find the column of times, by its name or, for the catalogue's own, by one of its Chinese names.

    Examples
    --------
    >>> time_column(["案件编号", "发生时间"], "occurred_at")
    '发生时间'
    """
    if time in columns:
        return time
    field = next((field for field in spec_of("incidents").fields if field.name == time), None)
    names = {plain(name).casefold() for name in field.names} if field is not None else set()
    return next((column for column in columns if plain(column).casefold() in names), None)
